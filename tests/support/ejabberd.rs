//! A private ejabberd (Debian's package) on loopback.
//!
//! It is started through `erl` without a node name: `ejabberdctl` would change to the package's own
//! user, who may not write here, and would start a port mapper that outlives the test.

use super::process::{Process, RunDir, listens};
use super::wait;
use super::xmpp::{DOMAIN, Options, PASSWORD, Ports, SECRET, Server, UPLOAD, UploadDoor};
use std::fmt::Write as _;
use std::process::Command;
use std::time::Duration;

const READY: &str = "accounts are ready";

/// A running ejabberd with its own database directory.
pub struct Ejabberd {
    process: Process,
    ports: Ports,
    options: Options,
    starts: usize,
    dir: RunDir,
}

impl Ejabberd {
    /// Starts one with the usual accounts and a room archive.
    pub fn start() -> Ejabberd {
        Ejabberd::start_with(&Options::default())
    }

    /// Starts one; tries other ports when somebody else was quicker.
    pub fn start_with(options: &Options) -> Ejabberd {
        for _ in 0..3 {
            let dir = RunDir::new("ejabberd");
            let ports = Ports::free();
            dir.write("ejabberd.yml", &configuration(options, &dir, ports));
            dir.write("inetrc", "{lookup,[\"file\",\"native\"]}.\n");
            let process = launch(options, &dir);
            let options = options.clone();
            let mut ejabberd = Ejabberd {
                process,
                ports,
                options,
                starts: 1,
                dir,
            };
            if ejabberd.wait_until_ready() {
                return ejabberd;
            }
        }
        panic!("ejabberd does not start");
    }

    /// False when a port was taken by somebody else; fails the test on anything else.
    fn wait_until_ready(&mut self) -> bool {
        let ports = self.ports;
        let ready = wait::poll(wait::START, || {
            let log = self.process.log();
            if log.contains("address already in use") {
                return Some(false);
            }
            if !self.process.alive() {
                panic!("ejabberd ended: {log}");
            }
            let started = log.matches(READY).count() >= self.starts;
            (started && listens(ports.client) && listens(ports.component)).then_some(true)
        });
        ready.unwrap_or_else(|| panic!("ejabberd is not ready: {}", self.process.log()))
    }
}

impl Server for Ejabberd {
    fn ports(&self) -> Ports {
        self.ports
    }

    fn stop(&mut self) {
        self.process.terminate(Duration::from_secs(20));
    }

    fn kill(&mut self) {
        self.process.kill();
    }

    fn start_again(&mut self) {
        self.starts = self.process.log().matches(READY).count() + 1;
        self.process = launch(&self.options, &self.dir);
        assert!(self.wait_until_ready(), "a port was taken meanwhile");
    }

    fn log(&self) -> String {
        self.process.log()
    }
}

fn launch(options: &Options, dir: &RunDir) -> Process {
    let at = |name: &str| dir.path().join(name).display().to_string();
    let mut command = Command::new("erl");
    command
        .env("ERL_LIBS", libraries())
        .env("ERL_INETRC", at("inetrc"))
        .env("ERL_CRASH_DUMP", at("crash.dump"))
        .env("EJABBERD_CONFIG_PATH", at("ejabberd.yml"))
        .env("EJABBERD_LOG_PATH", at("ejabberd-own.log"))
        .args(["+K", "true", "+P", "250000", "-noinput"])
        .args(["-mnesia", "dir"])
        .arg(format!("\"{}\"", at("spool")))
        .args(["-s", "ejabberd", "-eval"])
        .arg(make_accounts(options));
    Process::start("ejabberd", &mut command, dir.path())
}

/// Where the package keeps its code: one folder for each machine architecture, named in its script.
fn libraries() -> String {
    let script = std::fs::read_to_string("/usr/sbin/ejabberdctl").unwrap_or_default();
    let line = script
        .lines()
        .find_map(|line| line.strip_prefix("ERL_LIBS="));
    let folder = line.unwrap_or_else(|| panic!("ejabberd is not installed: run scripts/setup"));
    folder.trim_matches('\'').to_owned()
}

/// Erlang that registers the accounts and then says so; registering one again changes nothing.
fn make_accounts(options: &Options) -> String {
    let mut program = String::new();
    for account in &options.accounts {
        let _ = write!(
            program,
            "ejabberd_auth:try_register(<<\"{account}\">>,<<\"{DOMAIN}\">>,<<\"{PASSWORD}\">>),"
        );
    }
    program + &format!("io:format(\"{READY}~n\").")
}

fn configuration(options: &Options, dir: &RunDir, ports: Ports) -> String {
    let archive = if options.room_archive {
        "  mod_mam:\n    default: always"
    } else {
        ""
    };
    let checked = !options.any_sender;
    let listening = format!("shaper_rule: none\n    check_from: {checked}");
    let (listener, upload) = match &options.upload {
        Some(door) => upload(door, dir),
        None => Default::default(),
    };
    include_str!("ejabberd.yml")
        .replace("@UPLOAD_LISTENER@", &listener)
        .replace("@UPLOAD@", &upload)
        .replace("shaper_rule: none", &listening)
        .replace("@CLIENT_PORT@", &ports.client.to_string())
        .replace("@COMPONENT_PORT@", &ports.component.to_string())
        .replace("@SECRET@", SECRET)
        .replace("@ARCHIVE@", archive)
        .replace("@ROOM_ARCHIVE@", &options.room_archive.to_string())
        .replace("@MAX_HISTORY@", &options.max_history.to_string())
}

/// The listener and the module that take files.
fn upload(UploadDoor { port, most, .. }: &UploadDoor, dir: &RunDir) -> (String, String) {
    let listener = format!(
        "  -\n    port: {port}\n    ip: \"127.0.0.1\"\n    module: ejabberd_http\n    \
         request_handlers:\n      /upload: mod_http_upload"
    );
    let files = dir.path().join("files");
    let module = format!(
        "  mod_http_upload:\n    host: {UPLOAD}\n    access: everybody\n    max_size: {most}\n    \
         docroot: \"{}\"\n    put_url: \"http://127.0.0.1:{port}/upload\"",
        files.display()
    );
    (listener, module)
}
