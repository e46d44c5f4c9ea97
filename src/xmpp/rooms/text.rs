//! What a message in a room says to people: words, links, corrections; and what it merely signals.

use minidom::Element;

use crate::conversation::{Attachment, Words};
use crate::ids::MessageId;
use crate::media::type_of;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, body, child, child_text};

/// Payloads with which a body is only a stand-in for something that cannot be forwarded:
/// retractions and moderations (XEP-0424, XEP-0425), old ones wrapped (XEP-0422), and
/// reactions (XEP-0444). What was said before stays said; the visitor hears nothing of them.
const SIGNALS: [(&str, &str); 5] = [
    ("retract", ns::RETRACT),
    ("retract", ns::RETRACT_0),
    ("apply-to", ns::FASTEN),
    ("moderate", ns::MODERATE),
    ("reactions", ns::REACTIONS),
];

/// Marks of end-to-end encryption: explicit (XEP-0380), OMEMO old and new (XEP-0384), OpenPGP
/// (XEP-0027, XEP-0373).
const ENCRYPTED: [(&str, &str); 5] = [
    ("encryption", "urn:xmpp:eme:0"),
    ("encrypted", "eu.siacs.conversations.axolotl"),
    ("encrypted", "urn:xmpp:omemo:2"),
    ("x", "jabber:x:encrypted"),
    ("openpgp", "urn:xmpp:openpgp:0"),
];

/// Whether only members with the right keys can read it.
pub(in crate::xmpp) fn is_encrypted(message: &Element) -> bool {
    ENCRYPTED
        .iter()
        .any(|(name, ns)| child(message, name, ns).is_some())
}

/// What is said; nothing for typing notices, markers, receipts, subjects, reactions and
/// retractions.
pub(in crate::xmpp) fn words(message: &Element) -> Option<Words> {
    let signal = SIGNALS
        .iter()
        .any(|(name, ns)| child(message, name, ns).is_some());
    if signal {
        return None;
    }
    let text = body(message).map(|text| without_quotation(message, text));
    let mut words = Words::text(text.unwrap_or_default());
    let links = message.children().filter(|c| c.is("x", ns::OOB));
    let links = links.filter_map(|oob| child_text(oob, "url", ns::OOB));
    words.attachments = links
        .map(|url| url.trim().to_owned())
        .filter(|url| !url.is_empty())
        .map(|url| Attachment {
            kind: type_of(&url).to_owned(),
            url,
        })
        .collect();
    let said = words.text.trim();
    if words.attachments.iter().any(|link| link.url == said) {
        words.text.clear();
    }
    words.corrects = child(message, "replace", ns::CORRECTION)
        .and_then(|replace| attr(replace, "id"))
        .map(MessageId::new);
    (!words.is_empty()).then_some(words)
}

/// The body without the quotation that a reply (XEP-0461) carries for old clients, where it is
/// marked as such (XEP-0428). Positions count characters.
fn without_quotation(message: &Element, text: String) -> String {
    let mark = message
        .children()
        .find(|c| c.is("fallback", ns::FALLBACK) && attr(c, "for") == Some(ns::REPLY));
    let range = mark
        .and_then(|mark| child(mark, "body", ns::FALLBACK))
        .and_then(|range| {
            let start: usize = attr(range, "start")?.parse().ok()?;
            let end: usize = attr(range, "end")?.parse().ok()?;
            (start < end).then_some(start..end)
        });
    let Some(range) = range else {
        return text;
    };
    let kept = text.chars().enumerate();
    kept.filter(|(at, _)| !range.contains(at))
        .map(|(_, letter)| letter)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inner: &str) -> Option<Words> {
        let message: Element =
            format!("<message xmlns='jabber:client' type='groupchat'>{inner}</message>")
                .parse()
                .unwrap();
        words(&message)
    }

    #[test]
    fn a_link_alone_is_not_repeated_as_text() {
        let url = "https://up.example/a/photo.JPG?x=1";
        let said = read(&format!(
            "<body>{url}</body><x xmlns='jabber:x:oob'><url>{url}</url></x>"
        ));
        let said = said.unwrap();
        assert_eq!(said.text, "");
        assert_eq!(said.attachments[0].url, url);
        assert_eq!(said.attachments[0].kind, "image/jpeg");
        let said = read(&format!(
            "<body>see</body><x xmlns='jabber:x:oob'><url>{url}</url></x>"
        ));
        assert_eq!(said.unwrap().text, "see");
    }

    #[test]
    fn a_reply_loses_its_quotation_and_nothing_else() {
        let reply = "<body>&gt; ünd?\nja 😀</body><reply xmlns='urn:xmpp:reply:0' id='1'/>";
        let mark = |range: &str| {
            format!(
                "{reply}<fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'>{range}</fallback>"
            )
        };
        assert_eq!(
            read(&mark("<body start='0' end='7'/>")).unwrap().text,
            "ja 😀"
        );
        for odd in [
            "",
            "<body/>",
            "<body start='9' end='2'/>",
            "<body start='x' end='3'/>",
        ] {
            assert_eq!(read(&mark(odd)).unwrap().text, "> ünd?\nja 😀", "{odd}");
        }
        assert_eq!(read(&mark("<body start='0' end='900'/>")), None);
    }

    #[test]
    fn a_correction_names_what_it_replaces() {
        let said = read("<body>now</body><replace xmlns='urn:xmpp:message-correct:0' id='a1'/>");
        assert_eq!(said.unwrap().corrects, Some(MessageId::new("a1")));
    }

    #[test]
    fn signals_say_nothing() {
        for inner in [
            "<composing xmlns='http://jabber.org/protocol/chatstates'/>",
            "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>",
            "<received xmlns='urn:xmpp:receipts' id='1'/>",
            "<subject>new</subject>",
            "<body>  </body>",
            "<body>I took it back</body><retract xmlns='urn:xmpp:message-retract:1' id='1'/>",
            "<body>x</body><apply-to xmlns='urn:xmpp:fasten:0' id='1'/>",
            "<body>👍</body><reactions xmlns='urn:xmpp:reactions:0' id='1'/>",
        ] {
            assert_eq!(read(inner), None, "{inner}");
        }
        assert_eq!(
            read("<body>a</body><html xmlns='http://jabber.org/protocol/xhtml-im'/>"),
            Some(Words::text("a"))
        );
    }
}
