//! `/visitor-message`, `/room.close` and `/settings`.

use super::read_message;
use warmline::bridge::{Input, Saying};
use warmline::channels::rapidpro::wire::{closing, settings as learnt};
use warmline::conversation::{Attachment, Words};
use warmline::ids::{ChannelId, MessageId, VisitorToken};

fn channel() -> ChannelId {
    ChannelId::new("tickets")
}

fn said(body: &str) -> Saying {
    match read_message(body.as_bytes()) {
        Ok(Input::Said(saying)) => saying,
        other => panic!("{other:?}"),
    }
}

fn attached(kind: &str, url: &str) -> Words {
    let item = serde_json::json!([{"type": kind, "url": url}]);
    said(&format!(
        r#"{{"visitor":{{"token":"1"}},"text":"see","attachments":{item}}}"#
    ))
    .words
}

#[test]
fn the_messages_of_both_readmes() {
    for text in ["Can you help me?", "Hi!"] {
        let saying = said(&format!(
            r#"{{ "visitor": {{ "token": "1234" }}, "text": "{text}" }}"#
        ));
        assert_eq!(saying.visitor.token, VisitorToken::new("1234"));
        assert_eq!(saying.visitor.channel, channel());
        assert_eq!(saying.id, MessageId::new("m1"));
        assert_eq!(saying.platform_id, None);
        assert_eq!(saying.words, Words::text(text));
    }
}

#[test]
fn mailroom_s_message_with_three_files_and_one_without_text() {
    let files = r#"[{"type":"image/jpeg","url":"https://link.to/image.jpg"},{"type":"video/mp4","url":"https://link.to/video.mp4"},{"type":"audio/ogg","url":"https://link.to/audio.ogg"}]"#;
    let with = |text: &str| {
        said(&format!(
            r#"{{"visitor":{{"token":"1234"}},{text}"attachments":{files}}}"#
        ))
        .words
    };
    let words = with(r#""text":"Can you help me?","#);
    assert_eq!(words.text, "Can you help me?");
    assert_eq!(words.attachments.len(), 3);
    assert_eq!(
        words.attachments[1],
        Attachment {
            kind: "video/mp4".into(),
            url: "https://link.to/video.mp4".into(),
        }
    );
    assert_eq!(with("").text, "");
    assert_eq!(with(r#""text":null,"#).attachments, words.attachments);
}

#[test]
fn what_is_no_file_on_the_web_becomes_a_line() {
    assert_eq!(attached("geo", "-1.25,36.8").text, "see\ngeo:-1.25,36.8");
    assert_eq!(
        attached("", "https://link.to/x").text,
        "see\nhttps://link.to/x"
    );
    assert_eq!(
        attached("image/png", "data:,x").text,
        "see\nimage/png:data:,x"
    );
    assert_eq!(attached("image/png", ""), Words::text("see"));
    let alone = said(r#"{"visitor":{"token":"1"},"attachments":[{"type":"geo","url":"1,2"}]}"#);
    assert_eq!(alone.words.text, "geo:1,2");
}

#[test]
fn white_space_is_something_said() {
    assert_eq!(
        said(r#"{"visitor":{"token":1},"text":"  "}"#).words.text,
        "  "
    );
}

#[test]
fn the_close_of_both_readmes() {
    let body = br#"{ "visitor": { "token": "1234" } }"#;
    match closing(body, &channel()) {
        Ok(Input::VisitorClosed(visitor)) => {
            assert_eq!(visitor.token, VisitorToken::new("1234"));
            assert_eq!(visitor.channel, channel());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_callback_address_is_kept_as_it_was_sent() {
    for told in [
        "https://rapidpro.example/mr/tickets/types/rocketchat/event_callback/6393abc0-283d-4c9b-a1b3-641a035c34bf",
        "https://rapidpro.example/mr/tickets/types/rocketchat/6393abc0-283d-4c9b-a1b3-641a035c34bf/event",
        "http://RapidPro.example:8443/a%20b?c=D#e",
    ] {
        let body = serde_json::json!({"webhook": {"url": told}}).to_string();
        match learnt(body.as_bytes(), &channel()) {
            Ok(Input::CallbackLearnt { channel: of, url }) => {
                assert_eq!(of, channel());
                assert_eq!(url, told);
            }
            other => panic!("{other:?}"),
        }
    }
}
