//! Every type of message of both platforms has a fate.

use serde_json::{Value, json};
use warmline::channels::Origin;
use warmline::channels::yalo::Media;
use warmline::channels::yalo::wire::{Heard, Hearing, facebook, whatsapp};
use warmline::conversation::{Author, Words};

use super::world::{channels, leads_to, media, usual};

fn heard(hearing: Hearing) -> Vec<Heard> {
    match hearing {
        Hearing::Said(all) => all,
        Hearing::Skipped(kind) => panic!("{kind} is skipped"),
    }
}

/// What a WhatsApp message of this type says.
fn by_whatsapp(kind: &str, content: Value) -> Words {
    let body =
        json!({"from": "1", "id": "a", "timestamp": "1632367928574", "type": kind, kind: content});
    let settings = channels(&usual("http://127.0.0.1:9"));
    let said = whatsapp(body.to_string().as_bytes(), &settings[0], &media()).unwrap();
    let [said] = heard(said).try_into().unwrap();
    assert_eq!((said.user.as_str(), &said.author), ("1", &Author::Visitor));
    said.words
}

/// What an item of Facebook's says; `None` where nothing.
fn by_facebook(role: &str, item: Value) -> Option<Heard> {
    let body =
        json!({"authorRole": role, "botId": "b", "message": {"entry": [{"messaging": [item]}]}});
    let said = facebook(body.to_string().as_bytes(), &media()).unwrap();
    heard(said).pop()
}

fn facebook_words(content: Value) -> Words {
    let mut item = json!({"sender": {"id": "1"}, "recipient": {"id": "p"}, "timestamp": 5});
    item.as_object_mut()
        .unwrap()
        .append(&mut content.as_object().unwrap().clone());
    let said = by_facebook("user", item).expect("something said");
    assert_eq!((said.user.as_str(), &said.author), ("1", &Author::Visitor));
    said.words
}

/// Whether these are a text with a link of ours to a file.
fn is_file(words: &Words, text: &str, (kind, url): (&str, &str)) -> bool {
    let [file] = words.attachments.as_slice() else {
        return false;
    };
    let origin = match kind {
        "" => Origin::at(url),
        kind => Origin::at(url).kind(kind),
    };
    words.text == text && file.kind == kind && leads_to(&file.url, origin)
}

#[test]
fn whatsapp_media() {
    let url = "https://api.example.org/media/1";
    let media = json!({"url": url, "mimeType": "image/png", "caption": "look"});
    for kind in ["image", "document", "audio", "voice", "video", "sticker"] {
        let words = by_whatsapp(kind, media.clone());
        assert!(is_file(&words, "look", ("image/png", url)), "{kind}");
    }
    let bare = json!({"url": url});
    for (kind, mime) in [
        ("image", "image/jpeg"),
        ("document", ""),
        ("audio", "audio/ogg"),
        ("voice", "audio/ogg"),
        ("video", "video/mp4"),
        ("sticker", "image/webp"),
    ] {
        let words = by_whatsapp(kind, bare.clone());
        assert!(is_file(&words, "", (mime, url)), "{kind}");
        // A file that cannot be had is told of.
        assert_eq!(
            by_whatsapp(kind, json!({})),
            Words::text(format!("[{kind}]"))
        );
        assert_eq!(
            by_whatsapp(kind, Value::Null),
            Words::text(format!("[{kind}]"))
        );
    }
    let words = by_whatsapp("image", json!({"caption": "look"}));
    assert_eq!(words, Words::text("[image] look"));
}

#[test]
fn whatsapp_words_of_all_sorts() {
    let says = |kind: &str, content: Value| by_whatsapp(kind, content).text;
    assert_eq!(says("text", json!({"body": " Hola "})), " Hola ");
    assert_eq!(says("text", json!({"body": ""})), "[text]");
    assert_eq!(
        says(
            "location",
            json!({"latitude": 19.4, "longitude": -99.1, "name": "Zócalo", "address": "Centro"})
        ),
        "Zócalo\nCentro\ngeo:19.4,-99.1"
    );
    assert_eq!(
        says(
            "location",
            json!({"latitude": "19.4", "longitude": "-99.1"})
        ),
        "geo:19.4,-99.1"
    );
    assert_eq!(says("location", json!({})), "[location]");
    let people = json!([
        {"name": {"formatted_name": "Ana Pérez"}, "phones": [{"phone": "+52 1"}, {"wa_id": "522"}]},
        {"phones": [{"phone": "+52 3"}]}, {},
    ]);
    assert_eq!(
        says("contacts", people),
        "[contact] Ana Pérez, +52 1, 522\n[contact] +52 3"
    );
    assert_eq!(says("contacts", json!([])), "[contacts]");
    assert_eq!(
        says("button", json!({"text": "Sí", "payload": "YES"})),
        "Sí"
    );
    assert_eq!(says("button", json!({"payload": "YES"})), "YES");
    assert_eq!(says("button", json!({})), "[button]");
    let button = json!({"type": "button_reply", "button_reply": {"id": "1", "title": "Pagar"}});
    assert_eq!(says("interactive", button), "Pagar");
    let list = json!({"type": "list_reply", "list_reply": {"id": "1", "title": "Norte", "description": "Monterrey"}});
    assert_eq!(says("interactive", list), "Norte\nMonterrey");
    assert_eq!(says("interactive", json!({})), "[interactive]");
    assert_eq!(
        says("reaction", json!({"emoji": "👍", "message_id": "x"})),
        "[reaction] 👍"
    );
    assert_eq!(
        says("reaction", json!({"emoji": ""})),
        "[reaction taken back]"
    );
    for kind in [
        "order",
        "system",
        "unsupported",
        "ephemeral",
        "something_new",
    ] {
        assert_eq!(says(kind, json!({"x": 1})), format!("[{kind}]"));
    }
}

#[test]
fn facebook_media() {
    let url = "https://scontent.example.org/1";
    let attachment = |kind: &str| json!({"type": kind, "payload": {"url": url}});
    for (kind, mime) in [
        ("image", "image/jpeg"),
        ("audio", "audio/mp4"),
        ("video", "video/mp4"),
        ("file", "application/octet-stream"),
    ] {
        let words = facebook_words(
            json!({"message": {"mid": "m", "text": "look", "attachments": [attachment(kind)]}}),
        );
        assert!(is_file(&words, "look", (mime, url)), "{kind}");
    }
    let two = json!({"message": {"attachments": [attachment("image"), attachment("file")]}});
    assert_eq!(facebook_words(two).attachments.len(), 2);
}

#[test]
fn facebook_words_of_all_sorts() {
    let says = |content: Value| facebook_words(content).text;
    let attached =
        |attachment: Value| says(json!({"message": {"mid": "m", "attachments": [attachment]}}));
    assert_eq!(
        says(json!({"message": {"mid": "m", "text": "Hola"}})),
        "Hola"
    );
    assert_eq!(
        says(json!({"message": {"mid": "m", "text": "Sí", "quick_reply": {"payload": "YES"}}})),
        "Sí"
    );
    assert_eq!(says(json!({"message": {"mid": "m"}})), "[message]");
    let place = json!({"type": "location", "title": "Here", "payload": {"coordinates": {"lat": 1.5, "long": -2}}});
    assert_eq!(attached(place), "Here\ngeo:1.5,-2");
    let shared = json!({"type": "fallback", "title": "A page", "url": "https://example.org/"});
    assert_eq!(attached(shared), "A page https://example.org/");
    assert_eq!(attached(json!({"type": "image"})), "[image]");
    assert_eq!(
        attached(json!({"type": "something_new", "payload": {}})),
        "[something_new]"
    );
    assert_eq!(
        says(json!({"postback": {"title": "Start", "payload": "GO", "mid": "m"}})),
        "Start"
    );
    assert_eq!(says(json!({"postback": {}})), "[button]");
    assert_eq!(
        says(json!({"reaction": {"emoji": "❤", "action": "react"}})),
        "[reaction] ❤"
    );
    assert_eq!(
        says(json!({"reaction": {"emoji": "❤", "action": "unreact"}})),
        "[reaction taken back]"
    );
    assert_eq!(says(json!({"referral": {"source": "x"}})), "[referral]");
}

#[test]
fn receipts_say_nothing_and_bots_are_known() {
    let item = |content: Value| {
        let mut item = json!({"sender": {"id": "s"}, "recipient": {"id": "r"}, "timestamp": 5});
        item.as_object_mut()
            .unwrap()
            .append(&mut content.as_object().unwrap().clone());
        item
    };
    for silent in [
        json!({"read": {"watermark": 1}}),
        json!({"delivery": {}}),
        json!({}),
    ] {
        assert!(by_facebook("user", item(silent)).is_none());
    }
    let message = json!({"message": {"mid": "m", "text": "Hola"}});
    for role in ["bot", "agent", "User"] {
        let said = by_facebook(role, item(message.clone())).unwrap();
        assert_eq!(
            (said.user.as_str(), said.author),
            ("r", Author::Bot),
            "{role}"
        );
    }
    let echo = json!({"message": {"mid": "m", "text": "Hola", "is_echo": true}});
    let said = by_facebook("user", item(echo)).unwrap();
    assert_eq!((said.user.as_str(), said.author), ("r", Author::Bot));
    assert!(by_facebook("user", json!({"message": {"text": "whose?"}})).is_none());
}

#[test]
fn without_an_address_of_ours_the_platforms_is_not_shown() {
    let body = json!({"from": "1", "id": "a", "timestamp": "1", "type": "image",
                      "image": {"url": "https://api.example.org/media/1", "caption": "look"}});
    let settings = channels(&usual("http://127.0.0.1:9"));
    let said = whatsapp(body.to_string().as_bytes(), &settings[0], &Media::default());
    let [said] = heard(said.unwrap()).try_into().unwrap();
    assert_eq!(said.words, Words::text("[image] look"));
}
