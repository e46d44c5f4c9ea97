//! Accounts, tokens, and who may do what.

use serde_json::{Value, json};

use super::support::http::Request;
use super::support::wait;
use super::world::{PASSWORD, World, quick_hash};

const CHECK: (&str, &str, &str) = ("GET", "/v1/tokens/check", "");
const WRONG: &str = "Invalid Authorization token.";

fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&decoded(part)).unwrap()
}

/// Base64 for URLs, without padding.
fn decoded(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = text.bytes().flat_map(|letter| {
        let value = LETTERS.iter().position(|known| *known == letter).unwrap();
        (0..6).rev().map(move |bit| value >> bit & 1)
    });
    let bits: Vec<usize> = bits.collect();
    let byte = |bits: &[usize]| bits.iter().fold(0, |byte, bit| byte << 1 | *bit as u8);
    bits.chunks_exact(8).map(byte).collect()
}

fn encoded(value: &Value) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let text = value.to_string();
    let bits = text
        .bytes()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    let letter = |bits: &[u8]| {
        let value = bits.iter().fold(0, |value, bit| value << 1 | *bit as usize);
        char::from(LETTERS[value << (6 - bits.len())])
    };
    bits.chunks(6).map(letter).collect()
}

#[test]
fn a_token_bears_neither_password_nor_hash_and_ends() {
    let world = World::new();
    let token = world.token();
    assert_eq!(part(&token, 0), json!({"typ": "JWT", "alg": "HS256"}));
    let claims = part(&token, 1);
    let (since, until) = (
        claims["iat"].as_i64().unwrap(),
        claims["exp"].as_i64().unwrap(),
    );
    assert_eq!(until - since, 12 * 3600);
    let expected = json!({
        "username": "yaloUser", "role": "YALO_ROLE", "iss": "yalo", "iat": since, "exp": until,
    });
    assert_eq!(claims, expected);
}

#[test]
fn nobody_learns_which_names_exist() {
    let world = World::new();
    for (username, password) in [
        ("yaloUser", "wrong"),
        ("nobody", PASSWORD),
        ("", ""),
        ("yalouser", PASSWORD),
    ] {
        let reply = world.log_in(username, password);
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (401, "Invalid credentials.".into())
        );
    }
    for body in [
        "{}",
        "null",
        r#"{"username":"nobody","password":"x","role":"YALO_ROLE"}"#,
    ] {
        let reply = world.bare("POST", "/v1/authenticate", body);
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (401, "Invalid credentials.".into())
        );
    }
}

#[test]
fn a_login_that_cannot_be_read() {
    let world = World::new();
    for (body, text) in [
        ("", "Invalid payload received : EOF"),
        ("{", "Invalid payload received : unexpected EOF"),
        (
            "error",
            "Invalid payload received : invalid character 'e' looking for beginning of value",
        ),
        (
            r#"{"username":5}"#,
            "Invalid payload received : json: cannot unmarshal number into Go struct field AuthRequest.username of type string",
        ),
        (
            "[]",
            "Invalid payload received : json: cannot unmarshal array into Go value of type handlers.AuthRequest",
        ),
    ] {
        let reply = world.bare("POST", "/v1/authenticate", body);
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (400, text.to_owned())
        );
    }
    // Keys in any case, and what follows the first value is nobody's business.
    let body = format!(r#"{{"USERNAME":"yaloUser","Password":"{PASSWORD}"}} trailing"#);
    assert_eq!(world.bare("POST", "/v1/authenticate", &body).status, 200);
}

#[test]
fn too_many_wrong_passwords_have_to_wait_and_right_ones_do_not() {
    let world = World::with("login_failures = 3", "");
    for _ in 0..6 {
        assert_eq!(world.log_in("yaloUser", PASSWORD).status, 200);
    }
    for _ in 0..3 {
        assert_eq!(world.log_in("yaloUser", "wrong").status, 401);
    }
    let reply = world.log_in("yaloUser", PASSWORD);
    assert_eq!(reply.status, 429);
    let after: u64 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=20).contains(&after), "{after}");
    // Another account is not shut out by that.
    assert_eq!(world.log_in("salesforceUser", PASSWORD).status, 200);
}

#[test]
fn a_credential_that_is_missing_or_malformed_is_401() {
    let world = World::new();
    let get = |header: Option<&str>, query: &str| {
        let request = Request::new("GET", &format!("/v1/tokens/check{query}"));
        let request = match header {
            Some(header) => request.header("Authorization", header),
            None => request,
        };
        let reply = world.send(&request);
        (
            reply.status,
            reply.string(if reply.status == 200 {
                "role"
            } else {
                "ErrorDescription"
            }),
        )
    };
    let token = world.token();
    let needed = "An Authorization header or an Query Param with name token is required.";
    let malformed = "Invalid Authorization token, header invalid.";
    assert_eq!(get(None, ""), (401, needed.into()));
    assert_eq!(get(None, "?token="), (401, needed.into()));
    assert_eq!(
        get(Some(""), &format!("?token={token}")),
        (200, "YALO_ROLE".into())
    );
    for header in [
        "Basic x",
        "Bearer",
        "Bearer a b",
        &format!("bearer {token}"),
    ] {
        // A good query does not rescue a bad header.
        assert_eq!(
            get(Some(header), &format!("?token={token}")),
            (401, malformed.into()),
            "{header}"
        );
    }
    assert_eq!(
        get(Some("Bearer x"), &format!("?token={token}")),
        (403, WRONG.into())
    );
}

#[test]
fn forged_tokens_are_403_and_never_500() {
    let world = World::new();
    let token = world.token();
    let [head, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("three parts");
    };
    let mut other = part(&token, 1);
    other["role"] = json!("SALESFORCE_ROLE");
    let none = encoded(&json!({"alg": "none", "typ": "JWT"}));
    let hs384 = encoded(&json!({"alg": "HS384", "typ": "JWT"}));
    let of_another_key = jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &part(&token, 1),
        &jsonwebtoken::EncodingKey::from_secret(b"0123456789abcdef0123456789abcdef"),
    );
    for forged in [
        "x".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{head}.{claims}"),
        format!("{head}.{claims}."),
        format!("{head}.{claims}.{signature}A"),
        format!("{head}.{}.{signature}", encoded(&other)),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{hs384}.{claims}.{signature}"),
        of_another_key.unwrap(),
        "%C3%A9".repeat(10),
    ] {
        let reply = world.send(&Request::new(
            "GET",
            &format!("/v1/tokens/check?token={forged}"),
        ));
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (403, WRONG.into()),
            "{forged}"
        );
    }
    assert_eq!(world.call_as(&token, CHECK).status, 200);
}

#[test]
fn a_token_ends() {
    let world = World::with("token_ttl = \"1s\"", "");
    let token = world.token();
    assert_eq!(world.call_as(&token, CHECK).status, 200);
    let reply = wait::until("the token's end", wait::SOON, || {
        Some(world.call_as(&token, CHECK)).filter(|reply| reply.status != 200)
    });
    assert_eq!(
        (reply.status, reply.string("ErrorDescription")),
        (403, WRONG.into())
    );
}

#[test]
fn another_password_takes_the_tokens_away() {
    let world = World::new();
    let token = world.token();
    let other = World::with("", "");
    // Another salt, thus another hash, of the same password.
    assert_ne!(quick_hash(PASSWORD), quick_hash(PASSWORD));
    assert_eq!(other.call_as(&token, CHECK).status, 403);
    let world = world.restart();
    assert_eq!(world.call_as(&token, CHECK).status, 200);
}

#[test]
fn a_role_that_may_not_is_403() {
    let world = World::new();
    let token = world.log_in("salesforceUser", PASSWORD).string("token");
    for (method, path) in [
        ("POST", "/v1/chats/connect"),
        ("DELETE", "/v1/chat/finish/1"),
        ("GET", "/v1/chat/finish/1"),
        ("GET", "/v1/context/1"),
        ("POST", "/v1/integrations/webhook/register/whatsapp"),
        ("DELETE", "/v1/integrations/webhook/remove/whatsapp"),
    ] {
        let reply = world.call_as(&token, (method, path, "{}"));
        assert_eq!(
            (reply.status, reply.string("ErrorDescription")),
            (403, WRONG.into()),
            "{path}"
        );
    }
    let readers = r#"context_readers = ["SALESFORCE_ROLE"]"#;
    let world = World::with(readers, "");
    let token = world.log_in("salesforceUser", PASSWORD).string("token");
    assert_eq!(
        world.call_as(&token, ("GET", "/v1/context/1", "")).status,
        200
    );
    assert_eq!(world.call("GET", "/v1/context/1", "").status, 403);
}

#[test]
fn paths_and_methods() {
    let world = World::new();
    let reply = world.bare("GET", "/v1/welcome", "");
    assert_eq!(reply.body, br#"{"Message":"Welcome to API!"}"#);
    assert_eq!(world.bare("GET", "/v1/welcome/", "").status, 200);
    let wrong = world.bare("PUT", "/v1/chat/finish/1", "");
    assert_eq!(
        (wrong.status, wrong.header("allow")),
        (405, Some("DELETE, GET"))
    );
    let nowhere = world.bare("GET", "/v1/nowhere", "");
    assert_eq!(
        (nowhere.status, nowhere.string("ErrorDescription")),
        (404, "no such path".into())
    );
    let large = "x".repeat(5 * 1024 * 1024);
    assert_eq!(world.bare("POST", "/v1/authenticate", &large).status, 413);
}

#[test]
fn several_channels_are_told_apart() {
    let second = format!(
        r#"
[[channel]]
id = "other"
kind = "yalo"
workgroup = "support"
token_key = "ABCDEFGHabcdefgh0123456789abcdef"
accounts = [{{ username = "otherUser", password_hash = "{}" }}]
signature = "shared"
signature_secret = "shared-value"
api_url = "http://127.0.0.1:9/"
whatsapp = {{ bot_id = "b", token = "t" }}
"#,
        quick_hash(PASSWORD)
    );
    let world = World::with("", &second);
    let other = world.log_in("otherUser", PASSWORD).string("token");
    let hears = |path: &str, user: &str| {
        let body = format!(
            r#"{{"from":"{user}","id":"1","timestamp":"1632367928","type":"text","text":{{"body":"Hi"}}}}"#
        );
        let request = Request::new("POST", path).json(body);
        world
            .send(&request.header("x-yalochat-signature", "shared-value"))
            .status
    };
    assert_eq!(
        hears("/v1/integrations/whatsapp/webhook", "7"),
        404,
        "whose?"
    );
    assert_eq!(
        hears("/yalo/other/v1/integrations/whatsapp/webhook", "7"),
        200
    );
    assert_eq!(
        hears("/yalo/nobody/v1/integrations/whatsapp/webhook", "7"),
        404
    );
    assert_eq!(
        hears("/yalo/yalo/v1/integrations/whatsapp/webhook", "7"),
        403,
        "hmac is wanted there"
    );
    // The token tells the channel: the same id is somebody else there.
    let read = |token: &str, path: &str| world.call_as(token, ("GET", path, ""));
    assert_eq!(
        read(&other, "/v1/context/7")
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(read(&world.token(), "/v1/context/7").json(), json!([]));
    assert_eq!(read(&other, "/yalo/other/v1/context/7").status, 200);
    assert_eq!(read(&other, "/yalo/yalo/v1/context/7").status, 403);
}
