//! `token/` and what a token opens.

use serde_json::json;

use super::house::{OTHER, start, start_two, with_keys};
use super::support::http::Request;
use super::support::openchs::{Gateway, PASSWORD, USER};
use super::support::wait;

#[test]
fn a_login_gives_forty_hexadecimal_digits_and_their_time() {
    let (_warmline, bot) = start();
    let reply = bot.ask_token(USER, PASSWORD);
    let token = reply.string("token");
    assert_eq!(token.len(), 40);
    assert!(token.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(reply.json()["expires_in"], 12 * 3600);
    assert!(reply.string("expires_at").ends_with('Z'));
    // The desk of the original logs in before every message: all tokens stay good.
    assert_ne!(token, bot.token);
    assert_eq!(bot.say("s1", "hello", None).status, 201);
    let capitals = bot.ask_token("BOT@Helpline.test", PASSWORD);
    assert_eq!(
        capitals.status, 200,
        "names are taken without regard to case"
    );
}

#[test]
fn a_form_is_as_good_as_json_and_each_path_has_four_spellings() {
    let (warmline, bot) = start();
    for path in [
        "/open/api/token/",
        "/open/api/token",
        "/api/token/",
        "/api/token",
    ] {
        let mut request =
            Request::new("POST", path).header("Content-Type", "application/x-www-form-urlencoded");
        request.body = b"username=bot%40helpline.test&password=open+sesame%2C+child".to_vec();
        assert_eq!(bot.send(&request).status, 200, "{path}");
        assert_eq!(warmline.get(path).status, 405, "{path}");
        assert_eq!(warmline.get(path).header("allow"), Some("POST"));
    }
    for path in [
        "/open/api/chat/",
        "/open/api/chat",
        "/api/chat/",
        "/api/chat",
    ] {
        let body = json!({"chat_sender": 1, "chat_message": "x", "chat_session": "s"});
        assert_eq!(bot.post(path, &body).status, 201, "{path}");
    }
    assert_eq!(warmline.get("/open/api/nothing").status, 404);
}

#[test]
fn wrong_credentials_are_a_400_in_the_documented_shape() {
    let (_warmline, bot) = start();
    for (user, password) in [
        (USER, "guess"),
        ("nobody@helpline.test", PASSWORD),
        ("child", "P@sswd"),
    ] {
        let reply = bot.ask_token(user, password);
        assert_eq!(reply.status, 400);
        assert!(reply.json()["non_field_errors"][0].is_string());
    }
    let missing = bot.post("/open/api/token/", &json!({"username": USER}));
    assert_eq!(missing.status, 400);
    assert_eq!(
        missing.json()["password"],
        json!(["This field is required."])
    );
    let blank = bot.post(
        "/open/api/token/",
        &json!({"username": "", "password": "x"}),
    );
    assert_eq!(
        blank.json()["username"],
        json!(["This field may not be blank."])
    );
}

#[test]
fn the_seeds_own_command_line_is_no_json() {
    let (_warmline, bot) = start();
    let printed = "{“username”:”child”,”password”:”P@sswd”}";
    let reply = bot.send(&Request::new("POST", "/open/api/token/").json(printed));
    assert_eq!(reply.status, 400);
    assert!(reply.json()["detail"].is_string());
}

#[test]
fn without_a_good_token_there_is_nothing() {
    let (_warmline, bot) = start();
    let guessed = "e3beef7dbf5ee90d8d7dd335bb1eb2eb6e34d577";
    let stranger = Gateway::stranger(bot.address);
    let none = stranger.say("s", "x", None);
    assert_eq!(none.status, 401);
    assert_eq!(none.header("www-authenticate"), Some("Token"));
    assert_eq!(
        none.string("detail"),
        "Authentication credentials were not provided."
    );
    for header in [
        format!("Token {guessed}"),
        "Token x".into(),
        "Token".into(),
        format!("Bearer {}", bot.token),
    ] {
        for (method, path) in [
            ("GET", "/open/api/chat/"),
            ("POST", "/open/api/chat/"),
            ("POST", "/open/api/chat/s/close/"),
            ("POST", "/open/api/chat/s/ack/"),
            ("POST", "/open/api/web/"),
        ] {
            let request = Request::new(method, path).header("Authorization", &header);
            let reply = bot.send(&request);
            assert_eq!(reply.status, 401, "{header} {path}");
            assert_eq!(reply.header("www-authenticate"), Some("Token"));
        }
    }
    // The gateway's own header has a blank at its end; the word is of any case.
    for header in [
        format!("Token {} ", bot.token),
        format!("TOKEN  {}", bot.token),
    ] {
        let request = Request::new("GET", "/open/api/chat/").header("Authorization", &header);
        assert_eq!(bot.send(&request).status, 200);
    }
}

#[test]
fn a_token_ends_with_its_time() {
    let warmline = with_keys("token_ttl = \"1500ms\"");
    let bot = Gateway::log_in(warmline.address(), USER);
    assert_eq!(bot.say("s", "x", None).status, 201);
    wait::until("the token's end", wait::SOON, || {
        (bot.say("s", "x", None).status == 401).then_some(())
    });
}

#[test]
fn tokens_outlive_a_restart_and_are_not_in_the_store_as_they_are() {
    let (mut warmline, bot) = start();
    warmline.kill9();
    let data = warmline.dir().join("data");
    for file in std::fs::read_dir(data).expect("the store") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
        let found = bytes.windows(40).any(|part| part == bot.token.as_bytes());
        assert!(!found, "the token itself is stored");
    }
    warmline.start_again_unready();
    assert_eq!(bot.say("s", "x", None).status, 201);
}

#[test]
fn a_helpline_sees_and_reaches_nothing_of_another() {
    let (_warmline, one, other) = start_two();
    assert_eq!(one.say("s", "mine", Some("m1")).status, 201);
    assert_eq!(other.close("s").status, 404);
    assert_eq!(other.list("").0.len(), 0);
    let same = other.say("s", "theirs", Some("m1"));
    assert_eq!(same.status, 201, "the same names mean other things");
    assert_eq!(same.json()["conversation"], "new");
    assert_eq!(one.list("").0.len(), 1);
    let crossed = one.ask_token(OTHER, "guess");
    assert_eq!(crossed.status, 400);
}

#[test]
fn whoever_guesses_waits_and_whoever_knows_does_not() {
    let (_warmline, bot) = start();
    for _ in 0..10 {
        assert_eq!(bot.ask_token(USER, "guess").status, 400);
    }
    let barred = bot.ask_token(USER, "guess");
    assert_eq!(barred.status, 429);
    let after: u32 = barred
        .header("retry-after")
        .expect("when")
        .parse()
        .expect("seconds");
    assert!(after > 5, "or RapidPro's client repeats it by itself");
    assert_eq!(bot.ask_token(USER, PASSWORD).status, 200);
}
