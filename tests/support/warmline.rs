//! The program under test: the real binary with a configuration file, started, killed and restarted.

use super::config::Config;
use super::http::{Reply, Request};
use super::process::{Process, RunDir};
use super::rapidpro::RapidPro;
use super::wait;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Said on standard output, once, when the program listens.
const LISTENING: &str = "listening on http://";

/// A running `warmline run`.
pub struct Warmline {
    process: Process,
    config: Config,
    address: SocketAddr,
    dir: RunDir,
}

impl Warmline {
    /// Starts the program and waits until it is ready.
    pub fn start(config: &Config) -> Warmline {
        let warmline = Warmline::start_unready(config);
        warmline.wait_ready();
        warmline
    }

    /// Starts the program and waits until it listens; it need not be ready (no XMPP server, say).
    pub fn start_unready(config: &Config) -> Warmline {
        let dir = RunDir::new("warmline");
        let mut process = launch(config, &dir);
        let address = told_address(&mut process, 0);
        let mut config = config.clone();
        config.listen = address.to_string();
        Warmline {
            process,
            config,
            address,
            dir,
        }
    }

    /// Where it listens; stays the same over restarts.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The RapidPro workspace of its usual channel.
    pub fn rapidpro(&self) -> RapidPro {
        RapidPro::new(self.address)
    }

    /// A GET without a body; fails the test when no answer comes.
    pub fn get(&self, path: &str) -> Reply {
        let reply = Request::new("GET", path).send(self.address);
        reply.unwrap_or_else(|e| panic!("no answer to GET {path}: {e}"))
    }

    /// Waits until `/readyz` says 200.
    pub fn wait_ready(&self) {
        let ready = wait::poll(wait::START, || {
            let reply = Request::new("GET", "/readyz").send(self.address).ok()?;
            (reply.status == 200).then_some(())
        });
        ready.unwrap_or_else(|| panic!("not ready: {}", self.log()));
    }

    /// Its directory: configuration, embedded store, log.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What it has logged since the first start.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// `kill -9`.
    pub fn kill9(&mut self) {
        self.process.kill();
    }

    /// SIGTERM; fails the test unless it exits with 0 within 10 s (the contract).
    pub fn terminate(&mut self) {
        let status = self.process.terminate(Duration::from_secs(10));
        let code = status.and_then(|status| status.code());
        assert_eq!(
            code,
            Some(0),
            "SIGTERM: exit 0 within 10 s; log: {}",
            self.log()
        );
    }

    /// Starts it again on the same port and data, and waits until it is ready.
    pub fn start_again(&mut self) {
        let before = self.log().matches(LISTENING).count();
        self.process = launch(&self.config, &self.dir);
        told_address(&mut self.process, before);
        self.wait_ready();
    }
}

/// Runs a command of the program to its end: exit code and everything it wrote.
pub fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_warmline"))
        .args(arguments)
        .output()
        .expect("the program");
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

fn launch(config: &Config, dir: &RunDir) -> Process {
    let file = dir.write("warmline.toml", &config.toml(dir.path()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_warmline"));
    command.arg("run").arg("--config").arg(file);
    Process::start("warmline", &mut command, dir.path())
}

/// The address it tells after `before` earlier starts into the same log.
fn told_address(process: &mut Process, before: usize) -> SocketAddr {
    let told = wait::poll(wait::START, || {
        let log = process.log();
        let told = log
            .split(LISTENING)
            .nth(before + 1)
            .and_then(|rest| rest.split_once('\n'));
        if told.is_none() && !process.alive() {
            panic!("warmline ended: {}", process.log());
        }
        told.and_then(|(address, _)| address.trim().parse().ok())
    });
    told.unwrap_or_else(|| panic!("warmline does not say where it listens: {}", process.log()))
}
