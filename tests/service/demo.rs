//! What `scripts/demo --once` does after its set-up and build.

use std::env;
use std::process::Command;
use std::time::Duration;

use super::support::process::{Process, RunDir};
use super::support::wait;

#[test]
fn the_demo_plays_its_whole_story() {
    let root = env!("CARGO_MANIFEST_DIR");
    let dir = RunDir::new("demo");
    let mut command = Command::new(format!("{root}/target/venv/bin/python"));
    command
        .arg(format!("{root}/scripts/demo.py"))
        .args(["--binary", env!("CARGO_BIN_EXE_warmline"), "--once"])
        .arg("--folder")
        .arg(dir.path().join("stage"))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let mut demo = Process::start("demo", &mut command, dir.path());
    let ended = wait::poll(Duration::from_secs(90), || {
        demo.child().try_wait().expect("a child")
    });
    let told = demo.log();
    assert!(ended.is_some_and(|status| status.success()), "{told}");
    assert!(
        told.contains("Everything that was started is ended."),
        "{told}"
    );
}
