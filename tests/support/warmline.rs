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

    /// Writes another configuration file, which counts from the next reload or start on.
    pub fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.write_file(&self.config.toml(self.dir.path()));
    }

    /// Writes any text as the configuration file.
    pub fn write_file(&self, text: &str) {
        self.dir.write("warmline.toml", text);
    }

    /// SIGHUP.
    pub fn hang_up(&self) {
        self.process.signal("HUP");
    }

    /// Runs a command of the program on this configuration: exit code and everything it wrote.
    pub fn command(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let file = self.dir.path().join("warmline.toml");
        let file = file.display().to_string();
        run(&[arguments, &["--config", &file]].concat())
    }

    /// Waits until the log holds this.
    pub fn wait_log(&self, what: &str) {
        wait::until(&format!("{what:?} in the log"), wait::SOON, || {
            self.log().contains(what).then_some(())
        });
    }

    /// Lets the system refuse every write beyond this many bytes of a file (`None`: none again),
    /// as a full disk does.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let soft = bytes.map_or("unlimited".to_owned(), |bytes| bytes.to_string());
        let status = Command::new("prlimit")
            .args(["--pid", &self.pid().to_string()])
            .arg(format!("--fsize={soft}:"))
            .status();
        assert!(status.is_ok_and(|status| status.success()), "prlimit");
    }

    /// The value of a figure, by its name and labels as `/metrics` writes them.
    pub fn figure(&self, series: &str) -> Option<f64> {
        let text = String::from_utf8(self.get("/metrics").body).expect("text");
        let line = text.lines().find_map(|line| line.strip_prefix(series))?;
        line.strip_prefix(' ')?.parse().ok()
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

    /// Sends it a signal by name.
    pub fn signal(&self, name: &str) {
        self.process.signal(name);
    }

    /// Waits until it has ended by itself, and gives its exit code.
    pub fn wait_end(&mut self) -> Option<i32> {
        let process = &mut self.process;
        wait::until("the program ends", wait::SOON, || {
            process.child().try_wait().ok().flatten()
        })
        .code()
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
        self.start_again_unready();
        self.wait_ready();
    }

    /// The same, but it need not be ready.
    pub fn start_again_unready(&mut self) {
        let before = self.log().matches(LISTENING).count();
        self.process = launch(&self.config, &self.dir);
        told_address(&mut self.process, before);
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
    // A write beyond a limit is to fail, as on a full disk, and not to kill.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_warmline"));
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
