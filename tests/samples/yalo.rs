//! The platform Yalo's own examples: what they become. As requests with their answers they stand in
//! `tests/yalo`.

use warmline::bridge::Opening;
use warmline::channels::yalo::wire::{Heard, Hearing, connect, facebook, whatsapp};
use warmline::channels::yalo::{Media, YaloSettings};
use warmline::conversation::{Author, Brief, Words};
use warmline::ids::{ConversationId, MessageId, Timestamp, VisitorToken, WorkgroupName};

use super::facts;

const CONFIG: &str = r#"
[xmpp]
domain = "workgroup.example.org"
secret = "component-secret"
muc = "conference.example.org"
[[workgroup]]
name = "support"
[[workgroup]]
name = "it"
[[channel]]
id = "yalo"
kind = "yalo"
workgroup = "support"
token_key = "0123456789abcdef0123456789abcdef"
signature_secret = "the-platforms-secret"
api_url = "https://api.example.org/"
flows = [{ flow = "SFB001", provider = "whatsapp", workgroup = "it" }]
whatsapp = { bot_id = "b", token = "t" }
facebook = { bot_id = "b", token = "t" }
REVEAL
"#;

fn settings(reveal: &str) -> YaloSettings {
    let settings = warmline::config::parse(&CONFIG.replace("REVEAL", reveal)).expect("valid");
    YaloSettings::all(&settings).remove(0)
}

fn opening(body: &str, settings: &YaloSettings) -> Opening {
    let wish = connect(body.as_bytes(), settings).expect("a wish");
    wish.into_opening(ConversationId::new("c1"), settings)
}

fn only(hearing: Hearing) -> Heard {
    match hearing {
        Hearing::Said(mut all) if all.len() == 1 => all.remove(0),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_wishes_for_a_chat() {
    let usual = settings("");
    let whatsapp = opening(include_str!("yalo/connect_whatsapp.json"), &usual);
    assert_eq!(
        whatsapp.visitor.token,
        VisitorToken::new("whatsapp:5217331175599")
    );
    assert_eq!(whatsapp.workgroup, WorkgroupName::new("it"));
    assert!(whatsapp.recall && whatsapp.earlier.is_empty());
    let told = Brief {
        question: None,
        facts: facts(&[
            ("Platform", "whatsapp"),
            ("Bot", "coppel-bot"),
            (
                "address",
                "Calle Andres Figueroa 10 B, col. 20 de Noviembre",
            ),
            ("order_traking_id", "1225222565"),
        ]),
    };
    assert_eq!(whatsapp.brief, told);

    let facebook = opening(include_str!("yalo/connect_facebook.json"), &usual);
    assert_eq!(
        facebook.visitor.token,
        VisitorToken::new("facebook:6199190013487246")
    );
    assert_eq!(facebook.workgroup, WorkgroupName::new("support"));
    assert_ne!(facebook.manners.likeness, whatsapp.manners.likeness);

    let open = settings(r#"reveal = ["name", "email", "phone"]"#);
    let shown = opening(include_str!("yalo/connect_whatsapp.json"), &open)
        .brief
        .facts;
    let person = [
        ("Name", "Eduardo Ochoa"),
        ("E-mail", "ochoa@example.com"),
        ("Phone", "5217331175599"),
    ];
    assert_eq!(shown[2..5], facts(&person));
}

#[test]
fn the_messages_of_both_webhooks() {
    let settings = settings("");
    let text = include_bytes!("yalo/whatsapp_text.json");
    let said = only(whatsapp(text, &settings, &Media::default()).expect("a message"));
    assert_eq!(said.words, Words::text("Hola"));
    assert_eq!(said.id, "ABGHUhVXNzUALwIQZWnmjBi7IBmfp2EfNrYbRQ");
    let heard = said.overheard(
        &settings,
        MessageId::new("m1"),
        Timestamp(1_700_000_000_000),
    );
    assert_eq!(
        heard.visitor.token,
        VisitorToken::new("whatsapp:5215573735001")
    );
    assert_eq!(heard.at, Timestamp(1_632_367_928_574));
    assert_eq!(heard.author, Author::Visitor);

    let text = include_bytes!("yalo/facebook_text.json");
    let said = only(facebook(text, &Media::default()).expect("a message"));
    assert_eq!(said.words, Words::text("Hola"));
    assert!(said.id.starts_with("m_rhq1CGI9iAqiwi8rcjFwG19GI3HsmSbOU"));
    let heard = said.overheard(
        &settings,
        MessageId::new("m1"),
        Timestamp(1_700_000_000_000),
    );
    assert_eq!(
        heard.visitor.token,
        VisitorToken::new("facebook:5018811078134037")
    );
    assert_eq!(heard.at, Timestamp(1_632_348_042_261));

    // Without an address of ours no link can be made; that something came is told all the same.
    let image = include_bytes!("yalo/whatsapp_image.json");
    let said = only(whatsapp(image, &settings, &Media::default()).expect("a message"));
    assert_eq!(said.words, Words::text("[image]"));
    let image = include_bytes!("yalo/facebook_image.json");
    let said = only(facebook(image, &Media::default()).expect("a message"));
    assert_eq!(said.words, Words::text("[image]"));
}
