//! The keys of a channel of kind `chat_api`.

use crate::{SMALL, problems};
use std::time::Duration;
use warmline::config::{ChannelKind, ChatApi, Subscriptions, UploadService, parse};

/// The table of a channel of this kind.
fn channel(id: &str, lines: &str) -> String {
    format!("[[channel]]\nid = \"{id}\"\nkind = \"chat_api\"\nworkgroup = \"support\"\n{lines}\n")
}

/// The sample with a chat API besides, with these lines in it.
fn text(lines: &str) -> String {
    format!("{SMALL}\n{}", channel("web", lines))
}

fn read(lines: &str) -> ChatApi {
    let settings = parse(&text(lines)).expect("valid");
    let found = match settings.channels[1].kind.clone() {
        ChannelKind::ChatApi(api) => Some(*api),
        _ => None,
    };
    found.expect("a chat_api channel")
}

#[test]
fn nothing_more_is_needed() {
    let api = read("");
    assert!(api.secret.is_none() && api.accounts.is_empty() && api.anonymous);
    assert_eq!(
        (api.wait, api.session_idle),
        (None, Duration::from_secs(1800))
    );
    assert_eq!(api.room_url, "xmpp:{jid}?join");
    assert_eq!(api.totp_issuer, "Warmline");
    assert!(!api.link_previews, "nobody looks around by itself");
}

#[test]
fn everything_can_be_said() {
    let api = read(
        r#"
        secret = "MASTERSECRETOFTHIRTYTWOLETTERS00"
        accounts = [{ username = "carol", password_hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T5HnDwFPxBxHK7gSB7PRTGoqGwXgHbfQ2qMC1nFsUfU" }]
        allow_origins = ["https://www.example.org", "http://localhost:3000"]
        session_idle = "5m"
        event_ttl = "1h"
        wait = "180s"
        anonymous = false
        anonymous_per_minute = 5
        reveal = ["email"]
        room_url = "https://help.example.org:7443/ofmeet/r/{room}"
        totp_issuer = "Linha de ajuda"
        fonts = ["/opt/fonts"]
        link_previews = true
        "#,
    );
    assert!(api.link_previews);
    assert_eq!(api.accounts[0].username, "carol");
    assert_eq!(api.totp_issuer, "Linha de ajuda");
    assert_eq!(api.fonts, [std::path::PathBuf::from("/opt/fonts")]);
    assert_eq!(
        api.allow_origins,
        ["https://www.example.org", "http://localhost:3000"]
    );
    assert_eq!(
        (api.wait, api.reveal.len()),
        (Some(Duration::from_secs(180)), 1)
    );
}

#[test]
fn each_problem_is_told_with_its_key() {
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T5HnDwFPxBxHK7gSB7PRTGoqGwXgHbfQ2qMC1nFsUfU";
    let account = |name: &str, hash: &str| {
        format!("accounts = [{{ username = \"{name}\", password_hash = \"{hash}\" }}]")
    };
    for (lines, expected) in [
        (account("Carol", hash), "accounts[0].username: must be the local part of an XMPP address in lower case, such as \"alice\", found \"Carol\"".to_owned()),
        (account("support", hash), "accounts[0].username: must differ from the names of workgroups".to_owned()),
        (account("v-1", hash), "accounts[0].username: must not begin with \"v-\", visitors' addresses do".to_owned()),
        (account("carol", "plain"), "accounts[0].password_hash: must be an argon2 hash as `warmline hash-password` prints it".to_owned()),
        ("allow_origins = [\"*\"]".to_owned(), "allow_origins[0]: must be an origin such as \"https://www.example.org\", found \"*\"".to_owned()),
        ("allow_origins = [\"https://a.example/\"]".to_owned(), "allow_origins[0]: must be an origin such as \"https://www.example.org\", found \"https://a.example/\"".to_owned()),
        ("wait = \"4m\"".to_owned(), "wait: must be at most 180s".to_owned()),
        ("room_url = \"https://a.example/\"".to_owned(), "room_url: must be an address with {room} or {jid} in it, found \"https://a.example/\"".to_owned()),
        ("totp_issuer = \"a:b\"".to_owned(), "totp_issuer: must be a name such as \"Helpline\" without a colon, of 64 letters at most, found \"a:b\"".to_owned()),
        ("secret = \"\"".to_owned(), "secret: must not be empty".to_owned()),
    ] {
        assert_eq!(problems(&text(&lines)), [format!("channel[1].{expected}")]);
    }
}

#[test]
fn one_of_the_kind_is_enough_and_short_secrets_are_told() {
    let twice = format!("{}{}", text(""), channel("web2", ""));
    assert_eq!(
        problems(&twice),
        ["channel[2].kind: \"chat_api\" is already used by channel[1].kind"]
    );
    let settings = parse(&text("secret = \"short\"")).expect("valid");
    let told: Vec<String> = settings
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    let short = "channel[1].secret: has only 5 characters; whoever guesses it can act for every user: take 32 or more";
    assert!(told.iter().any(|line| line == short), "{told:?}");
}

#[test]
fn who_may_see_users_is_a_choice() {
    let read = |lines: &str| parse(&format!("{SMALL}\n[users]\n{lines}\n"));
    let chosen = |lines: &str| read(lines).expect("valid").users.subscriptions;
    assert_eq!(chosen(""), Subscriptions::Accept, "as the original did");
    assert_eq!(chosen("subscriptions = \"ask\""), Subscriptions::Ask);
    assert_eq!(
        problems(&format!("{SMALL}\n[users]\nsubscriptions = \"maybe\"\n")),
        ["users.subscriptions: must be one of accept, ask, found \"maybe\""]
    );
}

#[test]
fn who_takes_files_is_found_named_or_nobody() {
    let users = |line: &str| format!("{SMALL}\n[users]\n{line}\n");
    let read = |line: &str| parse(&users(line)).expect("valid").users.upload;
    assert_eq!(read(""), UploadService::Found);
    assert_eq!(read("upload = \"find\""), UploadService::Found);
    assert_eq!(read("upload = \"off\""), UploadService::Off);
    let named = "upload.example.org";
    let at = UploadService::At(named.parse().expect("a domain"));
    assert_eq!(read(&format!("upload = \"{named}\"")), at);
    let expected = "users.upload: must be \"find\", \"off\", or the service's domain such as \
                    \"upload.example.org\", found \"me@example.org\"";
    assert_eq!(problems(&users("upload = \"me@example.org\"")), [expected]);
}
