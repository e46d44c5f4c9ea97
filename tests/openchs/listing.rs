//! `GET chat/`: what was said, newest first, page by page.

use serde_json::json;

use super::house::start;
use super::support::openchs::Gateway;

/// The sessions and texts of a list.
fn texts(bot: &Gateway, query: &str) -> Vec<String> {
    let (chats, _) = bot.list(query);
    let shown = chats.iter().map(|chat| {
        let text = |name: &str| chat[name].as_str().unwrap().to_owned();
        format!("{}: {}", text("chat_session"), text("chat_message"))
    });
    shown.collect()
}

#[test]
fn a_chat_has_the_five_texts_as_they_were_sent_and_more() {
    let (_warmline, bot) = start();
    bot.say("e32434511", "hello", Some("m1"));
    let (chats, _) = bot.list("");
    let chat = &chats[0];
    assert_eq!(chat["chat_sender"], "23343411");
    assert_eq!(chat["chat_receiver"], "233432311");
    assert_eq!(chat["chat_message"], "hello");
    assert_eq!(chat["chat_session"], "e32434511");
    assert_eq!(chat["chat_source"], "WENI");
    assert_eq!(chat["message_id"], "m1");
    assert_eq!(chat["chat_status"], "pending");
    assert!(chat["chat_time"].as_str().unwrap().ends_with('Z'));
    let said = bot.say("e32434511", "more", Some("m2"));
    assert_eq!(bot.list("").0[0]["chat_uuid"], said.json()["uuid"]);
}

#[test]
fn pages_follow_one_another_without_a_gap() {
    let (_warmline, bot) = start();
    for number in 0..7 {
        let session = ["a", "b", "c"][number % 3];
        assert_eq!(bot.say(session, &number.to_string(), None).status, 201);
        if number == 4 {
            bot.close("b");
        }
    }
    let all = texts(&bot, "");
    assert_eq!(all.len(), 7);
    let mut found = Vec::new();
    let mut query = "?limit=2".to_owned();
    loop {
        found.extend(texts(&bot, &query));
        let (_, reply) = bot.list(&query);
        let Some(link) = reply.header("link") else {
            break;
        };
        let (url, rel) = link.split_once(">; ").expect("a link");
        assert_eq!(rel, "rel=\"next\"");
        let (_, next) = url.split_once('?').expect("a query");
        query = format!("?{next}");
    }
    assert_eq!(found, all);
    let expected = ["a: 6", "c: 5"];
    assert_eq!(all[..2], expected);
}

#[test]
fn lists_are_filtered() {
    let (_warmline, bot) = start();
    bot.say("a", "one", None);
    bot.say("b", "two", None);
    let inbox = json!({"chat_sender": 1, "chat_message": "three", "chat_session": "a", "chat_source": "INBOX"});
    bot.post("/open/api/chat/", &inbox);
    assert_eq!(texts(&bot, "?chat_session=a"), ["a: three", "a: one"]);
    assert_eq!(texts(&bot, "?chat_source=INBOX"), ["a: three"]);
    let time = bot.list("?chat_session=b").0[0]["chat_time"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(texts(&bot, &format!("?after={time}")), ["a: three"]);
    assert_eq!(texts(&bot, "?after=99999999999999"), [""; 0]);
    assert_eq!(
        texts(&bot, "?page=3&whatever=1").len(),
        3,
        "unknown ones are ignored"
    );
    for query in ["?limit=0", "?limit=x", "?after=yesterday", "?cursor=1"] {
        let request = bot.request("GET", &format!("/open/api/chat/{query}"));
        assert_eq!(bot.send(&request).status, 400, "{query}");
    }
}

#[test]
fn a_long_text_is_one_chat() {
    let (_warmline, bot) = start();
    let text = "word ".repeat(30_000);
    assert_eq!(bot.say("s", &text, Some("m1")).status, 201);
    let (chats, _) = bot.list("");
    assert_eq!(chats.len(), 1);
    assert_eq!(chats[0]["chat_message"].as_str().unwrap(), text);
}
