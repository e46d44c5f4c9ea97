//! One-time codes in the real program, over a kill: of a user of our own domain and of a real user.

use base64::Engine as _;
use totp_rs::Totp;

use super::support::browser::Browser;
use super::support::config::Config;
use super::support::http::{Reply, Request};
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{MASTER, call, with_chat_api};
use super::support::xmpp::{DOMAIN, PASSWORD, Server, jid};
use serde_json::json;

const DORA: (&str, &str) = ("dora", "a password of dora's");
const REAL: (&str, &str) = ("agent1", PASSWORD);

fn basic((name, password): (&str, &str)) -> String {
    let pair = format!("{name}:{password}");
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    format!("Basic {encoded}")
}

fn send(warmline: &Warmline, (method, path): (&str, &str), header: &str) -> Reply {
    let request = Request::new(method, path).header("Authorization", header);
    call(warmline.address(), &request)
}

fn login(warmline: &Warmline, who: (&str, &str), code: Option<&str>) -> u16 {
    let query = code.map_or_else(String::new, |code| format!("?totp={code}"));
    let path = format!("/restapi/v1/chat/{}/login{query}", who.0);
    send(warmline, ("POST", &path), &basic(who)).status
}

fn contacts(warmline: &Warmline, who: (&str, &str)) -> u16 {
    send(warmline, ("GET", "/chat/contacts"), &basic(who)).status
}

/// Somebody with an authenticator: the secret, a code that counts now, and one that counts after it.
struct Phone {
    secret: String,
    now: String,
    next: String,
}

fn offered(warmline: &Warmline, who: (&str, &str)) -> Phone {
    let request = Request::new("GET", "/restapi/v1/chat/enroll");
    let request = request.header("Authorization", &basic(who));
    let reply = call(
        warmline.address(),
        &request.header("Accept", "application/json"),
    );
    assert_eq!(reply.status, 200);
    let totp = Totp::from_url(reply.string("uri")).expect("what an authenticator reads");
    let step = u64::try_from(jiff::Timestamp::now().as_second()).expect("a time") / 30;
    Phone {
        secret: reply.string("secret"),
        now: totp.generate(step * 30).to_string(),
        next: totp.generate((step + 1) * 30).to_string(),
    }
}

fn program(server: &Prosody) -> Warmline {
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, server, &[jid("agent3")]);
    config.more.push_str("totp_issuer = \"Desk of Acme\"\n");
    config.more.push_str("\n[log]\nlevel = \"trace\"\n");
    let warmline = Warmline::start(&config);
    let made = json!({"username": DORA.0, "password": DORA.1}).to_string();
    let mut request = Request::new("POST", "/restapi/v1/users").header("Authorization", MASTER);
    request.body = made.into_bytes();
    assert_eq!(call(warmline.address(), &request).status, 201);
    warmline
}

#[test]
fn used_codes_and_open_sessions_over_a_kill() {
    let server = Prosody::start();
    let mut warmline = program(&server);
    let mut phones = Vec::new();
    for who in [DORA, REAL] {
        let phone = offered(&warmline, who);
        assert_eq!(contacts(&warmline, who), 200, "nobody is locked out");
        assert_eq!(login(&warmline, who, Some(&phone.now)), 200);
        phones.push(phone);
    }
    warmline.kill9();
    warmline.start_again();
    for (who, phone) in [DORA, REAL].into_iter().zip(&phones) {
        assert_eq!(login(&warmline, who, None), 401);
        assert_eq!(login(&warmline, who, Some(&phone.now)), 401, "it counted");
    }
    assert_eq!(contacts(&warmline, DORA), 200, "her session lives on");
    let headers = vec![("Authorization".to_owned(), basic(DORA))];
    Browser::open(warmline.address(), "/sse/dora", headers).kind("loggedIn");
    assert_eq!(contacts(&warmline, REAL), 401, "his ended with the program");
    assert_eq!(login(&warmline, REAL, Some(&phones[1].next)), 200);
    assert_eq!(contacts(&warmline, REAL), 200);
    assert_eq!(
        send(&warmline, ("DELETE", "/chat/enroll"), &basic(DORA)).status,
        200
    );
    warmline.kill9();
    warmline.start_again();
    assert_eq!(login(&warmline, DORA, None), 200, "hers are ended");
    assert_eq!(login(&warmline, REAL, None), 401);
    let lost = format!("/restapi/v1/users/{}@{DOMAIN}/enroll", REAL.0);
    assert_eq!(send(&warmline, ("DELETE", &lost), MASTER).status, 200);
    assert_eq!(login(&warmline, REAL, None), 200);
    warmline.terminate();
    let log = warmline.log();
    for phone in &phones {
        let hidden = [&phone.secret, &phone.now, &phone.next];
        assert!(!hidden.iter().any(|word| log.contains(*word)), "in the log");
    }
}
