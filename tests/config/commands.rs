//! The commands as typed in a shell.

use crate::SMALL;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;
use warmline::config::{DEFAULT_FILE, PasswordHash};

/// A folder to stand in, with a `warmline.toml` if there is text for one.
fn folder(text: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    if let Some(text) = text {
        std::fs::write(folder.path().join("warmline.toml"), text).expect("a file");
    }
    folder
}

fn warmline(at: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warmline"))
        .args(arguments)
        .current_dir(at)
        .env_clear()
        .output()
        .expect("the program starts")
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn version_names_program_and_number() {
    let at = folder(None);
    let (code, out, _) = told(&warmline(at.path(), &["--version"]));
    assert_eq!(
        (code, out),
        (Some(0), format!("warmline {}\n", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn config_prints_the_default_file_even_beside_a_broken_one() {
    let at = folder(Some("broken ["));
    let (code, out, err) = told(&warmline(at.path(), &["config"]));
    assert_eq!(
        (code, out.as_str(), err.as_str()),
        (Some(0), DEFAULT_FILE, "")
    );
}

#[test]
fn the_printed_default_needs_three_values_to_pass_check() {
    let at = folder(Some(DEFAULT_FILE));
    let (code, out, err) = told(&warmline(at.path(), &["check"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    for key in ["domain", "secret", "muc"] {
        assert!(
            err.contains(&format!("error: xmpp.{key}: is missing\n")),
            "{err}"
        );
    }
    assert!(
        err.ends_with("error: 3 problems (warmline.toml); `warmline config` explains every key\n")
    );

    let filled = DEFAULT_FILE
        .replacen("#domain", "domain", 1)
        .replacen("#secret", "secret", 1)
        .replacen("#muc", "muc", 1);
    std::fs::write(at.path().join("warmline.toml"), filled).expect("a file");
    let (code, out, err) = told(&warmline(at.path(), &["check"]));
    assert_eq!(
        (code, out.as_str()),
        (Some(0), "warmline.toml: in order\n"),
        "{err}"
    );
}

#[test]
fn check_tells_every_problem_and_ends_with_two() {
    let text = SMALL
        .replace("\"support\"\nagents", "\"Support\"\nagents")
        .replace("muc", "mcu");
    let at = folder(Some(&text));
    let (code, out, err) = told(&warmline(at.path(), &["check"]));
    assert_eq!((code, out.as_str()), (Some(2), ""));
    let keys: Vec<&str> = err
        .lines()
        .filter_map(|line| line.split(": ").nth(1))
        .collect();
    assert_eq!(
        keys[..4],
        [
            "xmpp.muc",
            "xmpp.mcu",
            "workgroup[0].name",
            "channel[0].workgroup"
        ],
        "{err}"
    );
}

#[test]
fn check_prints_warnings_and_still_ends_with_zero() {
    let at = folder(Some(&format!(
        "outbound.allow_private_networks = true\n{SMALL}"
    )));
    let (code, out, err) = told(&warmline(at.path(), &["check"]));
    assert_eq!((code, out.as_str()), (Some(0), "warmline.toml: in order\n"));
    assert!(
        err.starts_with("warning: outbound.allow_private_networks: is on"),
        "{err}"
    );
}

#[test]
fn a_named_file_goes_before_the_usual_one() {
    let at = folder(Some("broken ["));
    std::fs::write(at.path().join("other.toml"), SMALL).expect("a file");
    for arguments in [
        ["check", "--config", "other.toml"],
        ["--config", "other.toml", "check"],
    ] {
        let (code, out, err) = told(&warmline(at.path(), &arguments));
        assert_eq!(
            (code, out.as_str()),
            (Some(0), "other.toml: in order\n"),
            "{err}"
        );
    }
    let (code, _, err) = told(&warmline(at.path(), &["check", "--config", "absent.toml"]));
    assert_eq!(code, Some(2));
    assert!(
        err.starts_with("error: absent.toml: cannot be read (entity not found)\n"),
        "{err}"
    );
}

#[test]
fn run_and_the_other_commands_refuse_a_wrong_configuration() {
    let at = folder(Some("broken ["));
    for arguments in [
        &["run"][..],
        &["dead-letters", "list"],
        &["conversations", "show", "x"],
    ] {
        let (code, _, err) = told(&warmline(at.path(), arguments));
        assert_eq!(code, Some(2), "{err}");
        assert!(err.starts_with("error: warmline.toml: line 1, "), "{err}");
    }
}

#[test]
fn wrong_usage_ends_with_two() {
    let at = folder(Some(SMALL));
    let wrong: [&[&str]; 6] = [
        &[],
        &["walk"],
        &["dead-letters", "retry"],
        &["dead-letters", "drop", "x", "--all"],
        &["conversations", "close"],
        &["check", "--confg", "x"],
    ];
    for arguments in wrong {
        let (code, out, err) = told(&warmline(at.path(), arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(err.contains("Usage: warmline"), "{arguments:?}: {err}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_crash() {
    let at = folder(None);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_warmline"))
        .arg("config")
        .current_dir(at.path())
        .stdout(writer)
        .output()
        .expect("the program starts");
    let (code, _, err) = told(&output);
    assert_eq!((code, err.as_str()), (Some(0), ""));
}

#[test]
fn a_password_is_hashed_from_standard_input_even_beside_a_broken_file() {
    let at = folder(Some("broken ["));
    let hash = |typed: &str| {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer
            .write_all(typed.as_bytes())
            .expect("room in the pipe");
        drop(writer);
        let output = Command::new(env!("CARGO_BIN_EXE_warmline"))
            .arg("hash-password")
            .current_dir(at.path())
            .stdin(reader)
            .output();
        told(&output.expect("the program starts"))
    };
    let (code, out, err) = hash("open sesame\n");
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let found = PasswordHash::parse(out.trim_end()).expect("a hash");
    assert!(found.matches(b"open sesame") && !found.matches(b"open sesame\n"));
    assert!(!out.contains("sesame"));
    assert_eq!(
        hash("\n"),
        (
            Some(1),
            String::new(),
            "error: the password is empty\n".into()
        )
    );
    let (code, ..) = told(&warmline(
        at.path(),
        &["hash-password", "on-the-command-line"],
    ));
    assert_eq!(code, Some(2));
}
