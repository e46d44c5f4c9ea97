//! The keys of a channel of kind `weni`.

use crate::{problems, small_with};
use warmline::config::{ChannelKind, Reveal, Signed, Unsure, parse};

/// The small sample with a channel of this kind in place of its own.
fn with(keys: &str) -> String {
    let text = small_with("\"rapidpro\"", "\"weni\"");
    let text = text.replace("app_id = \"684202ed-1461-4983-9ea7-fde74b15026c\"", "");
    text.replace("secret = \"ABCDEFGHJKLMNPQRSTUVWXYZ23456789\"", keys)
}

const USUAL: &str = r#"
api_token = "what-weni-sends-us"
webhook_secret = "what-we-sign-with"
"#;

#[test]
fn everything_wrong_is_told_in_one_go() {
    let keys = r#"
api_token = "short"
api_token_next = "shorter"
webhook_secret = "short"
signed = "perhaps"
callback_url = "http://10.0.0.7/mr/event_callback/x/messages?a=b"
topics = { "Billing" = "sales" }
reveal = ["face"]
unsure = "guess"
api_key = "x"
"#;
    let expected = [
        "channel[0].api_token: must have at least 16 characters",
        "channel[0].api_token_next: must have at least 16 characters",
        "channel[0].webhook_secret: must have at least 16 characters",
        "channel[0].webhook_secret: must differ from api_token",
        "channel[0].callback_url: points to a private address, which outbound.allow_private_networks = false refuses",
        "channel[0].callback_url: must be an address without the path of a single call at its end, found \"/mr/event_callback/x/messages\"",
        "channel[0].topics.\"Billing\": names no configured workgroup: \"sales\"",
        "channel[0].signed: must be one of optional, required, found \"perhaps\"",
        "channel[0].reveal[0]: must be one of name, email, phone, found \"face\"",
        "channel[0].unsure: must be one of repeat, tell, found \"guess\"",
    ];
    let told = problems(&with(keys));
    assert_eq!(told[..expected.len()], expected);
    assert!(told[expected.len()].starts_with("channel[0].api_key: is not a known key"));
    assert_eq!(
        problems(&with("")),
        [
            "channel[0].api_token: is missing",
            "channel[0].webhook_secret: is missing"
        ]
    );
}

#[test]
fn what_is_not_set_is_as_usual_and_links_need_an_address() {
    let settings = parse(&with(USUAL)).expect("valid");
    let ChannelKind::Weni(weni) = &settings.channels[0].kind else {
        panic!("another kind");
    };
    assert_eq!(
        (weni.signed, weni.unsure),
        (Signed::Optional, Unsure::Repeat)
    );
    assert_eq!(weni.callback_url, None);
    let told: Vec<String> = settings
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    let about = told.iter().find(|line| line.starts_with("channel[0].kind"));
    let about = about.expect("a warning");
    assert!(about.contains("needs http.public_url"), "{about}");
}

#[test]
fn every_key_is_taken() {
    let more = r#"
api_token_next = "what-weni-sends-next"
signed = "required"
callback_url = "https://rooms.example.org/mr/tickets/types/generic/event_callback/x"
topics = { "Billing" = "support" }
reveal = ["name", "phone"]
unsure = "tell"
"#;
    let settings = parse(&with(&format!("{USUAL}{more}"))).expect("valid");
    let ChannelKind::Weni(weni) = &settings.channels[0].kind else {
        panic!("another kind");
    };
    assert_eq!((weni.signed, weni.unsure), (Signed::Required, Unsure::Tell));
    assert_eq!(weni.topics["Billing"], "support");
    assert!(weni.reveal.contains(&Reveal::Phone));
    assert!(weni.callback_url.is_some() && weni.api_token_next.is_some());
}
