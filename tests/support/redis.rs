//! A private Redis (Debian's package) on loopback that writes each command to disk before it answers;
//! one with sentinels; and a cluster.

use super::process::{Process, RunDir, free_port};
use super::wait;
use ::redis::{Client, FromRedisValue, RedisResult};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

/// A running Redis with its own directory.
pub struct Redis {
    process: Process,
    port: u16,
    settings: Vec<String>,
    dir: RunDir,
}

impl Redis {
    /// Starts one on a free port.
    pub fn start() -> Redis {
        Redis::with(&[])
    }

    /// Starts one with further settings, as they stand on its command line.
    pub fn with(settings: &[&str]) -> Redis {
        for _ in 0..3 {
            let dir = RunDir::new("redis");
            let settings: Vec<String> = settings.iter().map(|s| (*s).to_owned()).collect();
            let port = free_port();
            let mut redis = Redis {
                process: launch(port, &settings, &dir),
                port,
                settings,
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

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Where its files are.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Asks it something; fails the test when there is no such answer.
    pub fn ask<T: FromRedisValue>(&self, command: &[&str]) -> T {
        let answer = self.try_ask(command);
        answer.unwrap_or_else(|error| panic!("{command:?}: {error}"))
    }

    /// Asks it something.
    pub fn try_ask<T: FromRedisValue>(&self, command: &[&str]) -> RedisResult<T> {
        let (name, arguments) = command.split_first().expect("a command");
        let mut conn = Client::open(self.url())?.get_connection()?;
        ::redis::cmd(name).arg(arguments).query(&mut conn)
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(10));
    }

    /// Ends it at once, as a power cut does.
    pub fn kill(&mut self) {
        self.process.kill();
    }

    /// Sends it a signal by name: after `STOP` it answers nothing until `CONT`.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Starts it again on the same port and data.
    pub fn start_again(&mut self) {
        self.process = launch(self.port, &self.settings, &self.dir);
        assert!(
            self.wait_until_ready(),
            "redis does not start again: {}",
            self.process.log()
        );
    }

    /// Its data as it is on disk now.
    pub fn copy_data(&self) -> RunDir {
        let copy = RunDir::new("redis-copy");
        shell("cp -r \"$1/appendonlydir\" \"$2/\"", &self.dir, &copy);
        copy
    }

    /// Puts data in place of its own; it must have ended.
    pub fn replace_data(&self, copy: Option<&RunDir>) {
        let none = RunDir::new("redis-none");
        shell("rm -rf \"$1/appendonlydir\"", &self.dir, &none);
        if let Some(copy) = copy {
            shell("cp -r \"$2/appendonlydir\" \"$1/\"", &self.dir, copy);
        }
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

fn shell(line: &str, first: &RunDir, second: &RunDir) {
    let status = Command::new("sh")
        .args(["-c", line, "sh"])
        .args([first.path(), second.path()])
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{line}");
}

fn launch(port: u16, settings: &[String], dir: &RunDir) -> Process {
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
        .arg(dir.path())
        .args(settings);
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
        && (answer == *b"+PONG\r\n" || answer.starts_with(b"-NOAUTH"))
}

/// A master with a replica, and three sentinels which watch them.
pub struct Watched {
    /// The one that begins as the master.
    pub first: Redis,
    /// The one that begins as its replica.
    pub second: Redis,
    sentinels: Vec<(Process, u16)>,
    _dir: RunDir,
}

impl Watched {
    /// The name under which the sentinels know the master.
    pub const MASTER: &'static str = "desk";

    /// Starts all of them, and waits until they know each other.
    pub fn start() -> Watched {
        let first = Redis::start();
        let master = first.port.to_string();
        let second = Redis::with(&["--replicaof", &format!("127.0.0.1 {master}")]);
        let dir = RunDir::new("sentinels");
        let sentinels = (0..3).map(|number| {
            let port = free_port();
            let text = format!(
                "port {port}\nbind 127.0.0.1\ndir {dir}\nsentinel monitor {name} 127.0.0.1 {master} 2\n\
                 sentinel down-after-milliseconds {name} 1000\nsentinel failover-timeout {name} 3000\n",
                name = Watched::MASTER,
                dir = dir.path().display()
            );
            let file = dir.write(&format!("{number}.conf"), &text);
            let mut command = Command::new("redis-server");
            command.arg(file).arg("--sentinel");
            let name = format!("sentinel-{number}");
            (Process::start(&name, &mut command, dir.path()), port)
        });
        let sentinels: Vec<_> = sentinels.collect();
        let watched = Watched {
            first,
            second,
            sentinels,
            _dir: dir,
        };
        wait::until("the sentinels know all", wait::START, || {
            watched
                .ports()
                .iter()
                .all(|port| knows(*port))
                .then_some(())
        });
        watched
    }

    /// The sentinels' ports.
    pub fn ports(&self) -> Vec<u16> {
        self.sentinels.iter().map(|(_, port)| *port).collect()
    }
}

fn knows(sentinel: u16) -> bool {
    let ask = || {
        let mut conn = Client::open(format!("redis://127.0.0.1:{sentinel}"))?.get_connection()?;
        let mut question = ::redis::cmd("SENTINEL");
        let facts: std::collections::HashMap<String, String> = question
            .arg("MASTER")
            .arg(Watched::MASTER)
            .query(&mut conn)?;
        RedisResult::Ok(facts)
    };
    ask().is_ok_and(|facts| {
        let is = |name: &str, value: &str| facts.get(name).is_some_and(|found| found == value);
        is("num-slaves", "1") && is("num-other-sentinels", "2") && is("flags", "master")
    })
}

/// A cluster of three nodes.
pub struct Cluster(Vec<Redis>);

impl Cluster {
    /// Starts it, and waits until it serves all slots.
    pub fn start() -> Cluster {
        let nodes = (0..3).map(|_| {
            // A node's second port is its first and 10000.
            let bus = free_port().to_string();
            Redis::with(&["--cluster-enabled", "yes", "--cluster-port", &bus])
        });
        let cluster = Cluster(nodes.collect());
        let mut command = Command::new("redis-cli");
        command.args(["--cluster", "create"]);
        for node in &cluster.0 {
            command.arg(format!("127.0.0.1:{}", node.port));
        }
        let made = command.arg("--cluster-yes").output().expect("redis-cli");
        assert!(
            made.status.success(),
            "{}",
            String::from_utf8_lossy(&made.stdout)
        );
        wait::until("the cluster is up", wait::START, || {
            let up = |node: &Redis| {
                let told: String = node.ask(&["CLUSTER", "INFO"]);
                told.contains("cluster_state:ok")
            };
            cluster.0.iter().all(up).then_some(())
        });
        cluster
    }

    /// Its nodes.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.0
    }

    /// Whether it worked on any of its nodes.
    pub fn each(&self, mut ask: impl FnMut(&Redis) -> bool) -> bool {
        self.0.iter().map(&mut ask).filter(|done| *done).count() > 0
    }

    /// The ports of its nodes.
    pub fn ports(&self) -> Vec<u16> {
        self.0.iter().map(Redis::port).collect()
    }
}
