//! Secrets: from files, never shown, compared whole.

use crate::{problems, small_with};
use std::path::PathBuf;
use warmline::config::{ChannelKind, Secret, parse};

const INLINE: &str = "secret = \"component-secret\"";

fn file_with(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, text).expect("a file");
    (folder, path)
}

#[test]
fn a_secret_comes_from_a_file_without_its_line_break() {
    for text in ["hush", "hush\n", "hush\r\n"] {
        let (_folder, path) = file_with(text.as_bytes());
        let line = format!("secret_file = \"{}\"", path.display());
        let settings = parse(&small_with(INLINE, &line)).expect("valid");
        assert_eq!(settings.xmpp.secret.expose(), "hush");
    }
}

#[test]
fn an_api_token_comes_from_a_file_too() {
    let (_folder, path) = file_with(b"token\n");
    let line = format!("api_token_file = \"{}\"\nid =", path.display());
    let settings = parse(&small_with("id =", &line)).expect("valid");
    let ChannelKind::Rapidpro(rapidpro) = &settings.channels[0].kind else {
        panic!("no rapidpro channel");
    };
    assert_eq!(
        rapidpro.api_token.as_ref().map(Secret::expose),
        Some("token")
    );
}

#[test]
fn the_key_of_media_comes_from_a_file_and_is_never_shown() {
    let (_folder, path) = file_with(b"thirty-two-characters-are-enough\n");
    let media = format!("media.key_file = \"{}\"\n", path.display());
    let settings = parse(&format!("{media}{}", crate::SMALL)).expect("valid");
    assert!(!format!("{settings:?}").contains("thirty-two"));
    let key = settings.media.key.expect("a key");
    assert_eq!(key.expose(), "thirty-two-characters-are-enough");
    let short = problems(&format!("media.key = \"hunter2\"\n{}", crate::SMALL));
    assert_eq!(short, ["media.key: must have at least 32 characters"]);
}

#[test]
fn a_secret_inline_and_in_a_file_is_told() {
    let (_folder, path) = file_with(b"hush");
    let both = format!("{INLINE}\nsecret_file = \"{}\"", path.display());
    assert_eq!(
        problems(&small_with(INLINE, &both)),
        ["xmpp.secret: is given twice, inline and as xmpp.secret_file"]
    );
}

#[test]
fn a_secret_file_that_does_not_serve_is_told() {
    assert_eq!(
        problems(&small_with(INLINE, "secret_file = \"/nowhere/at/all\"")),
        ["xmpp.secret_file: file /nowhere/at/all cannot be read (entity not found)"]
    );
    let (_folder, path) = file_with(b"\n");
    let line = format!("secret_file = \"{}\"", path.display());
    assert_eq!(
        problems(&small_with(INLINE, &line)),
        ["xmpp.secret_file: must not be empty"]
    );
}

#[test]
fn no_problem_repeats_a_secret() {
    let wrong = [
        "secret = \"hunter2 hunter2\"",
        "secret = 8675309",
        "secret = [\"hunter2\"]",
        "secret = \"hunter2",
        "secret = hunter2",
        "secret = \"hunter2\"\nsecret = \"hunter2\"",
        "secret = \"hunter2\"\nsecret.hunter2 = 1",
    ];
    for line in wrong {
        let told = problems(&small_with(INLINE, line)).join("\n");
        assert!(!told.is_empty(), "{line} passed");
        let shown = told.replace("secret.hunter2", "");
        assert!(
            !shown.contains("hunter2") && !shown.contains("8675309"),
            "{told}"
        );
    }
}

#[test]
fn a_secret_shows_stars_and_compares_whole() {
    let secret = Secret::new("hunter2");
    assert_eq!(
        (format!("{secret:?}"), secret.to_string()),
        ("***".into(), "***".into())
    );
    assert!(secret.matches(b"hunter2"));
    for wrong in ["hunter", "hunter22", "hunter3", "Hunter2", ""] {
        assert!(!secret.matches(wrong.as_bytes()), "{wrong}");
    }
    let settings = parse(crate::SMALL).expect("valid");
    let shown = format!("{settings:?}");
    assert!(
        !shown.contains("component-secret") && !shown.contains("23456789"),
        "{shown}"
    );
}
