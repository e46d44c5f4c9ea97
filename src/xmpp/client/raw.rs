//! A stanza as a user typed it: read with the same care as one from a stranger.

use minidom::Element;

use crate::users::BadStanza;
use crate::xmpp::framing::{Frame, Framer, Limits, RefusedWhy};
use crate::xmpp::ns;
use crate::xmpp::stanza::attr;

/// The most bytes of one raw stanza.
const MOST_BYTES: usize = 64 * 1024;

/// Around the typed text: a stream in the client's namespace.
const OPEN: &str = "<stream:stream xmlns='jabber:client' \
                    xmlns:stream='http://etherx.jabber.org/streams'>";

/// The one stanza that a text is; its `from`, if any, is still the typed one.
pub(super) fn read(text: &str) -> Result<Element, BadStanza> {
    let text = text.trim();
    if text.len() > MOST_BYTES {
        return Err(BadStanza::TooLarge);
    }
    refuse_declarations(text)?;
    let mut framer = Framer::new(Limits {
        stanza_bytes: MOST_BYTES,
        elements: 2_048,
        namespaces: 64,
        hard_bytes: 2 * MOST_BYTES,
        ..Limits::default()
    });
    let mut open = OPEN.as_bytes();
    let opened = framer.next(&mut open).map_err(|_| BadStanza::NotXml)?;
    if !matches!(opened, Some(Frame::Open(_))) {
        return Err(BadStanza::NotXml);
    }
    let mut input = text.as_bytes();
    let frame = framer.next(&mut input).map_err(|_| BadStanza::NotXml)?;
    let stanza = match frame {
        Some(Frame::Element(stanza)) => stanza,
        Some(Frame::Refused(refused)) => return Err(why(refused.why)),
        Some(Frame::Close) => return Err(BadStanza::NotOne),
        Some(Frame::Open(_)) | None => return Err(BadStanza::NotXml),
    };
    if !input.is_empty() || !text.starts_with('<') {
        return Err(BadStanza::NotOne);
    }
    judge(&stanza)?;
    Ok(stanza)
}

/// `<!` begins a document type, an entity, a comment or CDATA; `<?` an instruction.
fn refuse_declarations(text: &str) -> Result<(), BadStanza> {
    let other = text.match_indices("<!").any(|(at, _)| {
        text.get(at..)
            .is_some_and(|rest| !rest.starts_with("<![CDATA["))
    });
    if other || text.contains("<?") {
        return Err(BadStanza::Doctype);
    }
    Ok(())
}

fn why(refused: RefusedWhy) -> BadStanza {
    match refused {
        RefusedWhy::TooDeep => BadStanza::TooDeep,
        RefusedWhy::TooLarge | RefusedWhy::TooMany => BadStanza::TooLarge,
        RefusedWhy::BadNames => BadStanza::NotXml,
        RefusedWhy::NotAStanza => BadStanza::NotAStanza,
    }
}

fn judge(stanza: &Element) -> Result<(), BadStanza> {
    if !stanza.has_ns(ns::CLIENT) || !matches!(stanza.name(), "message" | "presence" | "iq") {
        return Err(BadStanza::NotAStanza);
    }
    if let Some(to) = attr(stanza, "to") {
        super::text::address(to).map_err(|_| BadStanza::Attributes)?;
    }
    if stanza.name() != "iq" {
        return Ok(());
    }
    let children = stanza.children().count();
    let fits = match attr(stanza, "type") {
        Some("get" | "set") => children == 1,
        Some("result") => children <= 1,
        Some("error") => true,
        _ => false,
    };
    if !fits || attr(stanza, "id").is_none() {
        return Err(BadStanza::Attributes);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stanza_is_taken() {
        let stanza = read(" <message to='a@b' from='evil@x'><body>hi</body></message>\n");
        let stanza = stanza.expect("a stanza");
        assert!(stanza.is("message", ns::CLIENT));
        assert!(read("<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>").is_ok());
        assert!(
            read("<message xmlns='jabber:client'><body><![CDATA[<x>]]></body></message>").is_ok()
        );
    }

    #[test]
    fn everything_else_is_refused_by_its_name() {
        let deep = format!(
            "<message>{}{}</message>",
            "<a>".repeat(10_000),
            "</a>".repeat(10_000)
        );
        let nested = format!(
            "<message>{}{}</message>",
            "<a>".repeat(100),
            "</a>".repeat(100)
        );
        let large = format!("<message><body>{}</body></message>", "x".repeat(70_000));
        let many = format!("<message>{}</message>", "<a/>".repeat(3_000));
        let cases: [(&str, BadStanza); 17] = [
            ("", BadStanza::NotXml),
            ("hello", BadStanza::NotXml),
            ("<message/><message/>", BadStanza::NotOne),
            ("<message/>x", BadStanza::NotOne),
            ("</stream:stream>", BadStanza::NotOne),
            ("<message></stream:stream>", BadStanza::NotXml),
            (
                "<!DOCTYPE x [<!ENTITY a 'b'>]><message/>",
                BadStanza::Doctype,
            ),
            ("<?xml version='1.0'?><message/>", BadStanza::Doctype),
            ("<message><!-- x --></message>", BadStanza::Doctype),
            ("<message><body>&a;</body></message>", BadStanza::NotXml),
            (
                "<stream:error xmlns:stream='http://etherx.jabber.org/streams'/>",
                BadStanza::NotAStanza,
            ),
            ("<message xmlns='jabber:server'/>", BadStanza::NotAStanza),
            ("<iq type='get' id='1'/>", BadStanza::Attributes),
            ("<iq type='get'><a/></iq>", BadStanza::Attributes),
            ("<message to='a b@c'/>", BadStanza::Attributes),
            ("<message><x:a/></message>", BadStanza::NotXml),
            ("<message a='1' a='2'/>", BadStanza::NotXml),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
        assert_eq!(read(&deep).unwrap_err(), BadStanza::TooLarge);
        assert_eq!(read(&nested).unwrap_err(), BadStanza::TooDeep);
        assert_eq!(read(&large).unwrap_err(), BadStanza::TooLarge);
        assert_eq!(read(&many).unwrap_err(), BadStanza::TooLarge);
    }
}
