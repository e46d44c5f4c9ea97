//! The keys of a channel of kind `yalo`.

use crate::{problems, small_with};
use warmline::config::{ChannelKind, PasswordHash, Provider, Role, Signature, parse};

/// The small sample with a channel of this kind in place of its own.
fn with(keys: &str) -> String {
    let text = small_with("\"rapidpro\"", "\"yalo\"");
    let text = text.replace("app_id = \"684202ed-1461-4983-9ea7-fde74b15026c\"", "");
    text.replace("secret = \"ABCDEFGHJKLMNPQRSTUVWXYZ23456789\"", keys)
}

const USUAL: &str = r#"
token_key = "0123456789abcdef0123456789abcdef"
signature_secret = "between-us"
api_url = "https://api.example.org"
whatsapp = { bot_id = "b", token = "bots-token" }
"#;

fn told(text: &str) -> Vec<String> {
    let settings = parse(text).expect("valid");
    let warnings = settings.warnings();
    let lines = warnings.iter().map(ToString::to_string);
    lines.filter(|line| line.starts_with("channel[")).collect()
}

#[test]
fn everything_wrong_is_told_in_one_go() {
    let keys = r#"
accounts = [
  { username = "a", password_hash = "opensesame" },
  { username = "a", password_hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA", role = "ADMIN" },
  "b",
]
token_key = "short"
signature = "md5"
flows = [{ flow = "A", workgroup = "sales", provider = "telegram" }]
restart_keywords = [" "]
api_url = "http://127.0.0.1/"
studio_url = "ftp://example.org"
on_close_flow = "survey"
reveal = ["face"]
texts = { waitng = "x" }
translation = [{ waiting = "x" }]
"#;
    let expected = [
        "channel[0].accounts[0].password_hash: must be an argon2 hash as `warmline hash-password` prints it",
        "channel[0].accounts[1].username: \"a\" is already used by channel[0].accounts[0].username",
        "channel[0].accounts[1].role: must be one of YALO_ROLE, SALESFORCE_ROLE, found \"ADMIN\"",
        "channel[0].accounts[2]: must be a table, found a text",
        "channel[0].token_key: must have at least 32 characters",
        "channel[0].signature: must be one of hmac, shared, off, found \"md5\"",
        "channel[0].signature_secret: is missing",
        "channel[0].whatsapp: whatsapp or facebook must be set, or both",
        "channel[0].restart_keywords[0]: must not be empty",
        "channel[0].flows[0].provider: must be one of whatsapp, facebook, found \"telegram\"",
        "channel[0].flows[0].workgroup: names no configured workgroup: \"sales\"",
        "channel[0].reveal[0]: must be one of name, email, phone, found \"face\"",
        "channel[0].studio_url: must be an http:// or https:// address, found \"ftp://example.org\"",
        "channel[0].on_close_flow: must be a UUID with hyphens, found \"survey\"",
        "channel[0].rapidpro_url: is missing",
        "channel[0].rapidpro_token: is missing",
        "channel[0].api_url: points to a private address, which outbound.allow_private_networks = false refuses",
        "channel[0].texts.waitng: is not a known key; did you mean \"waiting\"?",
        "channel[0].translation[0].language: is missing",
    ];
    assert_eq!(problems(&with(keys)), expected);
}

#[test]
fn the_least_that_is_valid() {
    let settings = parse(&with(USUAL)).expect("valid");
    let ChannelKind::Yalo(yalo) = &settings.channels[0].kind else {
        panic!("no yalo channel");
    };
    assert_eq!(yalo.signature, Signature::Hmac);
    assert_eq!(yalo.context_readers, [Role::Yalo].into());
    assert!(yalo.bot(Provider::Facebook).is_none() && yalo.restart_keywords.is_empty());
    let shown = format!("{settings:?}");
    for secret in ["0123456789abcdef", "between-us", "bots-token"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_is_risky_but_valid_is_a_warning() {
    let missing = "channel[0].kind: needs http.public_url: without it agents see no visitor's files, and no webhook can be registered";
    assert_eq!(told(&with(USUAL)), [missing]);
    let ours = "http.public_url = \"https://help.example.org\"\n";
    assert_eq!(told(&(ours.to_owned() + &with(USUAL))), [""; 0]);
    let open = USUAL.replace("signature_secret = \"between-us\"", "signature = \"off\"");
    let text = ours.to_owned() + &with(&open);
    assert_eq!(
        told(&text),
        [
            "channel[0].signature: is off: whoever knows the webhook's address can speak as any visitor"
        ]
    );
    let second =
        format!("[[channel]]\nid = \"b\"\nkind = \"yalo\"\nworkgroup = \"support\"\n{USUAL}");
    let text = ours.to_owned() + &with(USUAL) + &second;
    assert_eq!(
        told(&text),
        [
            "channel[0].id: is not the only yalo channel: its webhooks are at /yalo/tickets/v1/…, not at /v1/…",
            "channel[1].id: is not the only yalo channel: its webhooks are at /yalo/b/v1/…, not at /v1/…",
        ]
    );
}

#[test]
fn a_hash_that_the_command_makes_is_taken_also_from_a_file() {
    let hash = PasswordHash::of("opensesame").expect("a hash");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("hash");
    std::fs::write(&path, hash.expose() + "\n").expect("a file");
    let account = format!(
        "accounts = [{{ username = \"a\", password_hash_file = \"{}\" }}]\n{USUAL}",
        path.display()
    );
    let settings = parse(&with(&account)).expect("valid");
    let ChannelKind::Yalo(yalo) = &settings.channels[0].kind else {
        panic!("no yalo channel");
    };
    assert!(yalo.accounts[0].password.matches(b"opensesame"));
    assert!(!format!("{settings:?}").contains("argon2"));
}
