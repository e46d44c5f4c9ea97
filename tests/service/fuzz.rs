//! Generated requests against every documented route of the running program.

use std::process::Command;

use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{MASTER, with_chat_api};
use super::support::xmpp::{Server, jid};

/// Seconds that the generator may take.
const BUDGET: &str = "60";

#[test]
fn schemathesis_finds_no_fault() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent1")]);
    let warmline = Warmline::start(&config);
    let root = env!("CARGO_MANIFEST_DIR");
    let url = format!("http://{}", warmline.address());
    let output = Command::new(format!("{root}/target/venv/bin/schemathesis"))
        .args(["run", &format!("{url}/openapi.json"), "--url", &url])
        .args(["--checks", "no_fault_of_ours", "--phases", "fuzzing"])
        .args([
            "--max-time",
            BUDGET,
            "--max-examples",
            "10",
            "--seed",
            "20261121",
        ])
        .args(["--header", &format!("Authorization: {MASTER}")])
        .args(["--exclude-path-regex", "^/sse/", "--request-timeout", "30"])
        .args(["--workers", "2", "--continue-on-failure", "--no-color"])
        .env("SCHEMATHESIS_HOOKS", "fuzz_hooks")
        .env("PYTHONPATH", format!("{root}/tests/clients"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .current_dir(warmline.dir())
        .output()
        .expect("schemathesis: run scripts/setup");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    // It did get somewhere.
    let asked: f64 = ["200", "400", "404"]
        .iter()
        .filter_map(|status| {
            let series =
                format!("warmline_http_requests_total{{channel=\"web\",status=\"{status}\"}}");
            warmline.figure(&series)
        })
        .sum();
    assert!(asked > 300.0, "only {asked} requests; {text}");
    assert_eq!(warmline.get("/readyz").status, 200);
}
