//! The scripts that Redis runs for us, each of them all or nothing.

use std::sync::LazyLock;

use redis::{Cmd, Script as Hashed, cmd};

use super::fault::Failure;
use super::keys::Keys;
use super::link::Link;

/// A script, known to Redis by its hash once it has run.
pub(super) struct Script {
    text: String,
    hash: String,
}

macro_rules! script {
    ($name:ident, $file:literal) => {
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!($file)));
    };
}

script!(BEGIN, "begin.lua");
script!(COMMIT, "commit.lua");
script!(RELEASE, "release.lua");
script!(RENEW, "renew.lua");
script!(RESUME, "resume.lua");
script!(SWEEP, "sweep.lua");

/// What every script is told first.
pub(super) struct Told<'a> {
    pub keys: &'a Keys,
    /// The token of the process, which none but the running one has.
    pub token: &'a str,
    pub id: &'a str,
    pub known: u64,
    /// How long the lease is to last, in milliseconds.
    pub lease: u64,
    /// In milliseconds.
    pub now: i64,
}

impl Script {
    fn new(text: &str) -> Self {
        let text = format!("{}\n{text}", include_str!("common.lua"));
        let hash = Hashed::new(&text).get_hash().to_owned();
        Self { text, hash }
    }

    /// Runs it; `more` is what this one is told besides.
    pub async fn run(
        &self,
        link: &Link,
        told: &Told<'_>,
        more: &[&[u8]],
    ) -> Result<Vec<String>, Failure> {
        let by_hash = command("EVALSHA", &self.hash, (told, more));
        match link.ask(&by_hash).await {
            Err(failure) if failure.unknown_script => {
                let by_text = command("EVAL", &self.text, (told, more));
                link.ask(&by_text).await
            }
            answer => answer,
        }
    }
}

fn command(name: &str, script: &str, (told, more): (&Told<'_>, &[&[u8]])) -> Cmd {
    let mut command = cmd(name);
    command
        .arg(script)
        .arg(2)
        .arg(told.keys.facts())
        .arg(told.keys.lease())
        .arg(told.keys.prefix())
        .arg(told.token)
        .arg(told.id)
        .arg(told.known)
        .arg(told.lease)
        .arg(told.now);
    for argument in more {
        command.arg(*argument);
    }
    command
}
