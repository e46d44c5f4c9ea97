//! The bare component that words are measured against.

use crate::support::process::{Process, RunDir};
use crate::support::prosody::Prosody;
use crate::support::wait;
use crate::support::xmpp::{COMPONENT, MUC, SECRET, Server};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// A running `benches/peers/bare_component.py`.
pub struct Peer {
    process: Process,
    address: SocketAddr,
    count: usize,
    _dir: RunDir,
}

impl Peer {
    /// Starts it with so many rooms and waits until it is in all of them.
    pub fn start(prosody: &Prosody, count: usize) -> Peer {
        let dir = RunDir::new("peer");
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(root.join("target/venv/bin/python"));
        command
            .arg(root.join("benches/peers/bare_component.py"))
            .args(["--domain", COMPONENT, "--secret", SECRET, "--muc", MUC])
            .args(["--port", &prosody.ports().component.to_string()])
            .args(["--rooms", &count.to_string()])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let mut process = Process::start("peer", &mut command, dir.path());
        let address = wait::until("the bare component is ready", wait::START, || {
            assert!(process.alive(), "the component ended: {}", process.log());
            let log = process.log();
            let (_, rest) = log.split_once("listening on http://")?;
            rest.split_once('\n')?.0.parse().ok()
        });
        Peer {
            process,
            address,
            count,
            _dir: dir,
        }
    }

    /// Where it takes messages.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// The visitors it knows.
    pub fn tokens(&self) -> Vec<String> {
        (0..self.count).map(|number| number.to_string()).collect()
    }

    /// The visitors' rooms.
    pub fn rooms(&self) -> Vec<String> {
        let tokens = self.tokens().into_iter();
        tokens.map(|token| format!("bare-{token}@{MUC}")).collect()
    }
}
