//! The channels behind which helplines are.

use crate::{SMALL, problems};
use warmline::config::{ChannelKind, ChatSource, OnRequestTimeout, parse};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T5HnDwFPxBxHK7gSB7PRTGoqGwXgHbfQ2qMC1nFsUfU";

/// The small sample with these further lines.
fn with(more: &str) -> String {
    format!("{SMALL}\n{}", more.replace("HASH", HASH))
}

const GATEWAY: &str = r#"
[[channel]]
id = "helpline"
kind = "openchs"
workgroup = "support"
accounts = [{ username = "bot", password_hash = "HASH" }]
api_url = "https://rapidpro.example.org/api/v2"
api_token = "t"
closed_flow = "00000000-0000-4000-8000-000000000001"
"#;

#[test]
fn a_gateway_gets_its_defaults_and_its_visitors_wait_on() {
    let settings = parse(&with(GATEWAY)).expect("valid");
    let channel = &settings.channels[1];
    assert_eq!(channel.on_request_timeout, OnRequestTimeout::Keep);
    let ChannelKind::Openchs(kind) = &channel.kind else {
        panic!("no gateway");
    };
    assert_eq!(kind.token_ttl.as_secs(), 12 * 3600);
    let sources = [ChatSource::Weni, ChatSource::Inbox];
    assert_eq!(kind.accounts[0].sources, sources.into());
    assert!(settings.warnings().is_empty(), "{:?}", settings.warnings());
    let untold = GATEWAY.replace("closed_flow", "reply_flow");
    let warnings = parse(&with(&untold)).expect("valid").warnings();
    assert_eq!(
        warnings[0].to_string(),
        "channel[1].closed_flow: is not set: the bot does not hear when a counselor ends a conversation"
    );
}

#[test]
fn what_is_wrong_with_a_gateway_is_told_key_by_key() {
    let wrong = r#"
        [[channel]]
        id = "helpline"
        kind = "openchs"
        workgroup = "suport"
        accounts = [{ username = "bot", password_hash = "P@sswd", sources = ["weni"] },
                    { username = "BOT", password_hash = "HASH" }, "x"]
        api_url = "http://127.0.0.1/api/v2"
        contact_scheme = "Tel"
        after_close = "reopen"
        reply_flow = "reply"
        text_limit = 0
        [[channel]]
        id = "none"
        kind = "openchs"
        workgroup = "support"
        api_url = "https://rapidpro.example.org/api/v2"
        api_token = "t"
    "#;
    let expected = [
        "channel[1].workgroup: names no configured workgroup: \"suport\"; did you mean \"support\"?",
        "channel[1].accounts[0].password_hash: must be an argon2 hash as `warmline hash-password` prints it",
        "channel[1].accounts[0].sources[0]: must be one of WENI, INBOX, OUTBOX, HELPLINE, found \"weni\"",
        "channel[1].accounts[1].username: \"bot\" is already used by channel[1].accounts[0].username",
        "channel[1].accounts[2]: must be a table, found a text",
        "channel[1].api_url: points to a private address, which outbound.allow_private_networks = false refuses",
        "channel[1].api_token: is missing",
        "channel[1].contact_scheme: must be the scheme of a URN in lower case, such as \"tel\", found \"Tel\"",
        "channel[1].after_close: must be one of refuse, hunt, found \"reopen\"",
        "channel[1].text_limit: must be more than zero",
        "channel[1].reply_flow: must be a UUID with hyphens, found \"reply\"",
        "channel[2].accounts: is missing",
    ];
    assert_eq!(problems(&with(wrong)), expected);
}

#[test]
fn an_external_channel_names_its_channel_at_courier() {
    let channel = |url: &str, more: &str| {
        with(&format!(
            "[[channel]]\nid = \"ex\"\nkind = \"rapidpro_external\"\nworkgroup = \"support\"\n\
             secret = \"s\"\ncourier_url = \"{url}\"\n{more}"
        ))
    };
    let uuid = "0a000000-0000-4000-8000-000000000008";
    let good = format!("https://rapidpro.example.org/c/ex/{uuid}");
    assert_eq!(problems(&channel(&good, "")), [""; 0]);
    for wrong in [
        "https://rapidpro.example.org/".to_owned(),
        format!("{good}/receive"),
        good.to_uppercase()
            .replace("HTTPS", "https")
            .replace("/C/EX/", "/c/ex/"),
    ] {
        let told = problems(&channel(&wrong, ""));
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("channel[1].courier_url: must be an address that ends in"));
    }
    let flow = format!("on_close_flow = \"{uuid}\"");
    let told = problems(&channel(&good, &flow));
    assert_eq!(
        told,
        [
            "channel[1].api_url: is missing",
            "channel[1].api_token: is missing"
        ]
    );
}
