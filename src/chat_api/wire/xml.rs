//! Entities that callers write as XML, read into the objects that JSON would give (chat API §1.4: the
//! original took both). No document types, no instructions, no depth, no size.

use rxml::error::EndOrError;
use rxml::{Event, Parse, Parser};
use serde_json::{Map, Value};

use crate::chat_api::failure::Failure;

/// Bytes of one entity.
const MOST_BYTES: usize = 64 * 1024;
/// Elements within each other; the deepest entity has three.
const DEEPEST: usize = 8;
/// Elements of one entity.
const MOST_ELEMENTS: usize = 1_000;

/// An element that is being read.
struct Open {
    name: String,
    keys: Map<String, Value>,
    text: String,
}

/// Reads the entity whose root bears this name. An element that comes more than once is a list;
/// attributes are keys like elements, and texts stay texts.
///
/// # Errors
/// It is not well-formed, holds what is not taken, or has another root.
pub fn object(text: &str, root: &str) -> Result<Map<String, Value>, Failure> {
    if text.len() > MOST_BYTES {
        return Err(Failure::Body("its XML is larger than 64 KiB"));
    }
    let mut input = text.trim_start().as_bytes();
    let mut parser = Parser::default();
    let mut open: Vec<Open> = Vec::new();
    let mut read = None;
    let mut elements = 0_usize;
    loop {
        match parser.parse(&mut input, true) {
            Ok(Some(Event::StartElement(_, (_, name), attributes))) => {
                elements += 1;
                if open.len() >= DEEPEST || elements > MOST_ELEMENTS {
                    return Err(Failure::Body(
                        "its XML is too deep or has too many elements",
                    ));
                }
                let keys = attributes
                    .into_iter()
                    .map(|((_, key), value)| (key.to_string(), Value::String(value)));
                open.push(Open {
                    name: name.to_string(),
                    keys: keys.collect(),
                    text: String::new(),
                });
            }
            Ok(Some(Event::Text(_, more))) => {
                if let Some(inner) = open.last_mut() {
                    inner.text.push_str(&more);
                }
            }
            Ok(Some(Event::EndElement(_))) => {
                let Some(done) = open.pop() else { continue };
                match open.last_mut() {
                    Some(outer) => add(outer, done),
                    None => read = Some(done),
                }
            }
            Ok(Some(Event::XmlDeclaration(..))) => {}
            Ok(None) => break,
            Err(EndOrError::NeedMoreData | EndOrError::Error(_)) => {
                return Err(Failure::Body(
                    "it is not well-formed XML, or not of the plain kind",
                ));
            }
        }
    }
    match read {
        Some(entity) if entity.name == root => Ok(entity.keys),
        _ => Err(Failure::Body("its root element is another one")),
    }
}

/// Adds an element to the one around it.
fn add(outer: &mut Open, done: Open) {
    let value = match done.keys.is_empty() {
        true => Value::String(done.text),
        false => Value::Object(done.keys),
    };
    match outer.keys.get_mut(&done.name) {
        Some(Value::Array(all)) => all.push(value),
        Some(first) => {
            let first_value = first.take();
            *first = Value::Array(vec![first_value, value]);
        }
        None => {
            outer.keys.insert(done.name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        Value::Object(object(text, "rosterItem").expect(text))
    }

    #[test]
    fn an_entity_as_the_original_s_clients_write_it() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
                   <rosterItem>\n  <jid>bob@acme.example</jid>\n  <nickname>B &amp; &#xe9; <![CDATA[<b>]]></nickname>\
                   <subscriptionType>3</subscriptionType><groups><group>a</group><group>b</group></groups>\
                   </rosterItem>\n";
        let expected = json!({
            "jid": "bob@acme.example", "nickname": "B & é <b>", "subscriptionType": "3",
            "groups": {"group": ["a", "b"]},
        });
        assert_eq!(read(xml), expected);
        assert_eq!(read("<rosterItem/>"), json!({}));
        let attributes = "<rosterItem><property key='k' value='v'/></rosterItem>";
        assert_eq!(
            read(attributes),
            json!({"property": {"key": "k", "value": "v"}})
        );
    }

    #[test]
    fn what_could_hurt_is_refused() {
        let deep = format!("<rosterItem>{}", "<a>".repeat(10_000));
        let nested = ["<a>".repeat(DEEPEST), "</a>".repeat(DEEPEST)].concat();
        let nested = format!("<rosterItem>{nested}</rosterItem>");
        let many = format!("<rosterItem>{}</rosterItem>", "<a/>".repeat(1_001));
        let large = format!("<rosterItem>{}</rosterItem>", "x".repeat(70_000));
        for bad in [
            "",
            "no xml",
            "<rosterItem>",
            "<rosterItem></other>",
            "<rosterItem/><rosterItem/>",
            "<rosterItem/>x",
            "<other/>",
            "<!DOCTYPE rosterItem [<!ENTITY a 'aaaa'>]><rosterItem>&a;</rosterItem>",
            "<!DOCTYPE rosterItem SYSTEM 'file:///etc/passwd'><rosterItem/>",
            "<rosterItem>&unknown;</rosterItem>",
            "<rosterItem><?php x ?></rosterItem>",
            "<rosterItem a='1' a='2'/>",
            "<x:rosterItem/>",
            "<rosterItem>&#0;</rosterItem>",
            "<?xml version='1.0' encoding='UTF-16'?><rosterItem/>",
            &deep,
            &nested,
            &many,
            &large,
        ] {
            let shown: String = bad.chars().take(60).collect();
            assert!(object(bad, "rosterItem").is_err(), "{shown}");
        }
    }
}
