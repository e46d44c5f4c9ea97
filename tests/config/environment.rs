//! The environment goes before the file, key by key.

use crate::{SMALL, lines};
use std::ffi::OsString;
use std::time::Duration;
use warmline::config::{ChannelKind, Problem, Settings, load};

fn loaded(text: &str, variables: &[(&str, &str)]) -> Result<Settings, Vec<Problem>> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("warmline.toml");
    std::fs::write(&file, text).expect("a file");
    let pairs = variables
        .iter()
        .map(|(name, text)| (OsString::from(name), OsString::from(text)));
    load(Some(&file), pairs)
}

fn refused(variables: &[(&str, &str)]) -> Vec<String> {
    lines(loaded(SMALL, variables).err().unwrap_or_default())
}

#[test]
fn scalars_lists_and_entries_are_overridden() {
    let settings = loaded(
        SMALL,
        &[
            ("WARMLINE__HTTP__LISTEN", "127.0.0.1:0"),
            ("WARMLINE__HTTP__WORKERS", "3"),
            ("WARMLINE__XMPP__TLS", "true"),
            ("WARMLINE__XMPP__SECRET", "123456"),
            ("WARMLINE__OUTBOUND__RETRY", "1s, 2s"),
            ("WARMLINE__CHANNEL__0__SECRET", "true"),
            (
                "WARMLINE__CHANNEL__0__DEPARTMENTS",
                "{ \"IT Support\" = \"it\" }",
            ),
            ("WARMLINE__CHANNEL__0__TEXTS__AGENT_JOINED", "Bye = [now]"),
            ("WARMLINE__CHANNEL__0__REVEAL", "[\"name\"]"),
            ("WARMLINE__WORKGROUP__0__AGENTS__0", "carla@example.org"),
            ("WARMLINE__WORKGROUP__1__NAME", "it"),
            (
                "WARMLINE__WORKGROUP__1__AGENTS",
                "a@example.org,b@example.org",
            ),
            ("WARMLINE__WORKGROUP__1__MAX_CHATS", "9"),
            ("WARMLINE_HTTP_LISTEN", "not ours"),
            ("PATH", "/bin"),
        ],
    )
    .expect("valid");
    assert_eq!(
        (settings.http.listen.port(), settings.http.workers),
        (0, Some(3))
    );
    assert!(settings.xmpp.tls);
    assert_eq!(settings.xmpp.secret.expose(), "123456");
    assert_eq!(settings.outbound.retry, [1, 2].map(Duration::from_secs));
    let channel = &settings.channels[0];
    assert_eq!(channel.texts.agent_joined.as_deref(), Some("Bye = [now]"));
    let ChannelKind::Rapidpro(rapidpro) = &channel.kind else {
        panic!("no rapidpro channel");
    };
    assert_eq!(rapidpro.secret.expose(), "true");
    assert_eq!(rapidpro.departments["IT Support"], "it");
    assert_eq!(
        settings.workgroups[0].agents[0].jid.to_string(),
        "carla@example.org"
    );
    assert_eq!(
        (
            settings.workgroups[1].agents.len(),
            settings.workgroups[1].max_chats
        ),
        (2, 9)
    );
}

#[test]
fn everything_can_come_from_the_environment() {
    let pairs = [
        ("WARMLINE__XMPP__DOMAIN", "workgroup.example.org"),
        ("WARMLINE__XMPP__SECRET", "s"),
        ("WARMLINE__XMPP__MUC", "conference.example.org"),
    ];
    let settings = load(None, pairs.map(|(k, v)| (k.into(), v.into())).into_iter());
    assert_eq!(
        settings.expect("valid").xmpp.muc.to_string(),
        "conference.example.org"
    );
}

#[test]
fn a_bad_variable_is_told_with_its_key_and_its_name() {
    assert_eq!(
        refused(&[
            ("WARMLINE__HTTP__WORKERS", "many"),
            ("WARMLINE__XMPP__TSL", "true"),
            ("WARMLINE__CHANNEL__0__WORKGROUP", "suport"),
        ]),
        [
            "http.workers: must be a whole number from 1 to 4294967295, found \"many\" \
             (from WARMLINE__HTTP__WORKERS)",
            "xmpp.tsl: is not a known key; did you mean \"tls\"? (from WARMLINE__XMPP__TSL)",
            "channel[0].workgroup: names no configured workgroup: \"suport\"; did you mean \
             \"support\"? (from WARMLINE__CHANNEL__0__WORKGROUP)",
        ]
    );
}

#[test]
fn a_variable_that_leads_nowhere_is_told() {
    assert_eq!(
        refused(&[
            ("WARMLINE__CHANNEL__2__ID", "x"),
            ("WARMLINE__CHANNEL__ID", "x"),
            ("WARMLINE__XMPP__DOMAIN__X", "x"),
            ("WARMLINE__XMPP____X", "x"),
        ]),
        [
            "WARMLINE__CHANNEL__2__ID: leads nowhere: channel has only 1 entries",
            "WARMLINE__CHANNEL__ID: leads nowhere: channel is a list and needs a number",
            "WARMLINE__XMPP____X: leads nowhere: the name has an empty part",
            "WARMLINE__XMPP__DOMAIN__X: leads nowhere: xmpp.domain is a single value",
        ]
    );
}

#[test]
fn entry_ten_comes_after_entry_nine() {
    let names: Vec<(String, String)> = (1..=11)
        .map(|n| {
            (
                format!("WARMLINE__WORKGROUP__{n}__NAME"),
                format!("group{n}"),
            )
        })
        .collect();
    let pairs: Vec<(&str, &str)> = names
        .iter()
        .map(|(n, t)| (n.as_str(), t.as_str()))
        .collect();
    let settings = loaded(SMALL, &pairs).expect("valid");
    assert_eq!(settings.workgroups[11].name, "group11");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf8_is_told() {
    use std::os::unix::ffi::OsStringExt;
    let name = OsString::from("WARMLINE__XMPP__SECRET");
    let bytes = OsString::from_vec(vec![0x66, 0xff]);
    let told = lines(
        load(None, [(name, bytes)].into_iter())
            .err()
            .unwrap_or_default(),
    );
    assert!(
        told.contains(&"WARMLINE__XMPP__SECRET: is not UTF-8".to_owned()),
        "{told:?}"
    );
}
