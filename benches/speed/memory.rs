//! How much memory the program keeps.

use crate::report::{Report, resident};
use crate::stage::Stage;
use crate::support::prosody::Prosody;

/// With nothing to do, and with many who wait.
pub fn measure(report: &Report, prosody: &Prosody, waiting: usize) {
    report.heading("Memory: VmRSS of the process");
    let mut stage = Stage::start(prosody, &["agent1", "agent2"]);
    let pid = stage.warmline.pid();
    report.line(&format!(
        "  idle, link up: {:.1} MB (bound 30)",
        resident(pid)
    ));
    for _ in 0..waiting {
        let ticket = stage.visitor();
        stage.open(&ticket);
    }
    let full = resident(pid);
    report.line(&format!("  with {waiting} requests waiting: {full:.1} MB"));
    stage.warmline.terminate();
}
