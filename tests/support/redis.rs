//! A private Redis (Debian's package) on loopback that writes each command to disk before it answers.

use super::process::{Process, RunDir, free_port};
use super::wait;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// A running Redis with its own directory.
pub struct Redis {
    process: Process,
    port: u16,
    dir: RunDir,
}

impl Redis {
    /// Starts one on a free port.
    pub fn start() -> Redis {
        for _ in 0..3 {
            let dir = RunDir::new("redis");
            let port = free_port();
            let mut redis = Redis {
                process: launch(port, &dir),
                port,
                dir,
            };
            if redis.wait_until_ready() {
                return redis;
            }
        }
        panic!("redis does not start");
    }

    /// The URL of its first database.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(10));
    }

    /// Ends it at once, as a power cut does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Starts it again on the same port and data.
    pub fn start_again(&mut self) {
        self.process = launch(self.port, &self.dir);
        assert!(
            self.wait_until_ready(),
            "redis does not start again: {}",
            self.process.log()
        );
    }

    fn wait_until_ready(&mut self) -> bool {
        let port = self.port;
        let ready = wait::poll(wait::START, || match self.process.alive() {
            false => Some(false),
            true => answers(port).then_some(true),
        });
        ready == Some(true)
    }
}

fn launch(port: u16, dir: &RunDir) -> Process {
    let mut command = Command::new("redis-server");
    command
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args([
            "--appendonly",
            "yes",
            "--appendfsync",
            "always",
            "--save",
            "",
        ])
        .arg("--dir")
        .arg(dir.path());
    Process::start("redis", &mut command, dir.path())
}

/// Whether it answers a PING; it listens before its data is loaded.
fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let mut answer = [0; 7];
    stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"+PONG\r\n"
}
