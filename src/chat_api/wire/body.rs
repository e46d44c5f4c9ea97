//! What callers write into bodies, in either dialect.

use serde_json::{Map, Value};

use crate::chat_api::failure::Failure;
use crate::conversation::{Attachment, Words};
use crate::users::{ContactWish, Outgoing};

/// The most files that one message may name.
const MOST_FILES: usize = 20;

/// A message (chat API §1.7.1): a JSON object with `body` is said, and travels along as a whole; one
/// without `body` only travels; anything else is said as it is.
///
/// # Errors
/// There is nothing in it.
pub fn message(text: &str) -> Result<Outgoing, Failure> {
    let plain = || Outgoing {
        body: Some(text.to_owned()),
        ..Outgoing::default()
    };
    if text.trim().is_empty() {
        return Err(Failure::Body("it is empty"));
    }
    let Some(object) = object(text) else {
        return Ok(plain());
    };
    let body = match object.get("body") {
        Some(Value::String(body)) => Some(body.clone()),
        Some(Value::Null) | None => None,
        Some(other) => Some(other.to_string()),
    };
    Ok(Outgoing {
        body,
        data: Some(text.to_owned()),
        id: None,
    })
}

/// What a visitor says: plain text, or a JSON object with `body` and perhaps `attachments`.
///
/// # Errors
/// There is nothing in it, or a file without an address.
pub fn words(text: &str) -> Result<Words, Failure> {
    let Some(object) = object(text) else {
        return Some(Words::text(text))
            .filter(|words| !words.is_empty())
            .ok_or(Failure::Body("it is empty"));
    };
    let said = object.get("body").and_then(Value::as_str).unwrap_or("");
    let mut words = Words::text(said);
    let files = object.get("attachments").and_then(Value::as_array);
    for file in files.into_iter().flatten().take(MOST_FILES) {
        let text = |key: &str| file.get(key).and_then(Value::as_str);
        let url = text("url").ok_or(Failure::Field("attachments.url"))?;
        let fits = url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !fits {
            return Err(Failure::Field("attachments.url"));
        }
        words.attachments.push(Attachment {
            kind: text("type").unwrap_or_default().to_owned(),
            url: url.to_owned(),
        });
    }
    if words.is_empty() {
        return Err(Failure::Field("body"));
    }
    Ok(words)
}

/// A password as login takes it: the whole body; nothing and `{}` are none.
pub fn password(text: &str) -> Option<&str> {
    let text = text.trim_matches(['\r', '\n']);
    (!text.is_empty() && text.trim() != "{}").then_some(text)
}

/// The longest password, in bytes.
const LONGEST_PASSWORD: usize = 1_000;

/// A user of our own domain as `user` tells it; what is missing is not given.
#[derive(Default)]
pub struct User {
    /// The name.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// The name for people.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
}

/// Reads a user (chat API §1.12).
///
/// # Errors
/// No JSON object, or a field that is no text.
pub fn user(text: &str) -> Result<User, Failure> {
    let given = object(text).ok_or(Failure::Body("it is no JSON object"))?;
    if given.get("properties").is_some_and(|all| !all.is_null()) {
        return Err(Failure::Body(
            "properties are set by the user, at /chat/users/{property}",
        ));
    }
    let field = |key: &'static str, most: usize| match given.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() && text.len() <= most => {
            Ok(Some(text.clone()))
        }
        Some(_) => Err(Failure::Field(key)),
    };
    Ok(User {
        username: field("username", 255)?,
        password: field("password", LONGEST_PASSWORD)?,
        name: field("name", 255)?,
        email: field("email", 255)?,
    })
}

/// A workgroup as `group` tells it.
#[derive(Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What people call it.
    pub description: Option<String>,
    /// Who serves in it: names or addresses.
    pub members: Vec<String>,
}

/// Reads a workgroup (chat API §1.10): members as one text, or as a list.
///
/// # Errors
/// No JSON object, or a field that is no text.
pub fn group(text: &str) -> Result<Group, Failure> {
    let given = object(text).ok_or(Failure::Body("it is no JSON object"))?;
    let field = |key: &'static str| match given.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        Some(_) => Err(Failure::Field(key)),
    };
    let members = match given.get("members") {
        Some(Value::Array(all)) => {
            let texts = all.iter().map(Value::as_str);
            let texts: Option<Vec<&str>> = texts.collect();
            texts.ok_or(Failure::Field("members"))?.join(",")
        }
        _ => field("members")?.unwrap_or_default().to_owned(),
    };
    Ok(Group {
        name: field("name")?.ok_or(Failure::Field("name"))?.to_owned(),
        description: field("description")?.map(str::to_owned),
        members: self::members(&members),
    })
}

/// Names or addresses of users, with commas or blanks between them.
pub fn members(text: &str) -> Vec<String> {
    let all = text.split(|c: char| c == ',' || c.is_whitespace());
    all.filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A contact as `rosterItem` tells it; `jid` is the one of the path, where there is one.
///
/// # Errors
/// No JSON object, or no address.
pub fn contact(text: &str, jid: Option<&str>) -> Result<ContactWish, Failure> {
    let empty = text.trim().is_empty();
    let item = match object(text) {
        Some(item) => item,
        None if empty && jid.is_some() => Map::new(),
        None => return Err(Failure::Body("it is no JSON object")),
    };
    let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let jid = jid.map(str::to_owned).or_else(|| text("jid"));
    let jid = jid.filter(|jid| !jid.trim().is_empty());
    let (see, show) = match number(item.get("subscriptionType")) {
        None => (None, None),
        Some(kind) => (Some(matches!(kind, 1 | 3)), Some(matches!(kind, 2 | 3))),
    };
    Ok(ContactWish {
        jid: jid.ok_or(Failure::Field("jid"))?,
        nickname: text("nickname"),
        groups: item.get("groups").and_then(groups),
        see,
        show,
    })
}

/// Groups as a list, as one name, or within an element of their own.
fn groups(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(all) => {
            let names = all.iter().filter_map(Value::as_str);
            Some(names.map(str::to_owned).collect())
        }
        Value::Object(wrapper) => wrapper.get("group").map_or(Some(Vec::new()), groups),
        _ => None,
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    let written = || value.as_str()?.trim().parse().ok();
    value.as_i64().or_else(written)
}

/// What a visitor asks with.
#[derive(Clone, PartialEq, Eq)]
pub struct Assist {
    /// Which workgroup: its name, or its address.
    pub workgroup: String,
    /// The name that the visitor gives.
    pub user: String,
    /// The e-mail address.
    pub email: String,
    /// What about.
    pub question: String,
    /// Everything else, by key.
    pub more: Vec<(String, String)>,
    /// The whole object, to be shown again.
    pub given: Map<String, Value>,
}

/// The most further fields that are taken, and the most characters of one.
const MOST_FIELDS: usize = 40;
const LONGEST_FIELD: usize = 4_000;
/// What the server fills in: not taken from the caller.
const OURS: [&str; 6] = ["groupchat", "url", "message", "sender", "token", "status"];

/// Reads the assist entity (chat API §1.10): JSON, with four fields that have to be there.
///
/// # Errors
/// No JSON object, or a field that is missing.
pub fn assist(text: &str) -> Result<Assist, Failure> {
    let mut given = object(text).ok_or(Failure::Body("it is no JSON object"))?;
    given.retain(|key, _| !OURS.contains(&key.as_str()));
    let need = |key: &'static str| {
        let value = given.get(key).and_then(Value::as_str);
        let value = value.map(str::trim).filter(|value| !value.is_empty());
        value.map(shortened).ok_or(Failure::Field(key))
    };
    let user = need("userID")?;
    if user.len() > 200 || user.contains(['/', '@']) || user.chars().any(char::is_control) {
        return Err(Failure::Field("userID"));
    }
    let required = ["workgroup", "userID", "emailAddress", "question"];
    let others = given
        .iter()
        .filter(|(key, _)| !required.contains(&key.as_str()));
    let more = others.filter_map(|(key, value)| {
        let value = match value {
            Value::String(text) => shortened(text),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return None,
        };
        Some((key.chars().take(100).collect(), value))
    });
    Ok(Assist {
        workgroup: need("workgroup")?,
        email: need("emailAddress")?,
        question: need("question")?,
        more: more.take(MOST_FIELDS).collect(),
        user,
        given,
    })
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_FIELD).collect()
}

fn object(text: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(text).ok()? {
        Value::Object(object) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_kinds_of_messages() {
        let said = message("hello").unwrap();
        assert_eq!((said.body.as_deref(), said.data), (Some("hello"), None));
        let both = message(r#"{"body": "hi", "extra": 1}"#).unwrap();
        assert_eq!(both.body.as_deref(), Some("hi"));
        assert_eq!(both.data.as_deref(), Some(r#"{"body": "hi", "extra": 1}"#));
        let data = message(r#"{"extra": 1}"#).unwrap();
        assert_eq!((data.body, data.data.is_some()), (None, true));
        assert_eq!(message("[1]").unwrap().body.as_deref(), Some("[1]"));
        assert!(message(" \n").is_err());
    }

    #[test]
    fn no_password_in_any_spelling() {
        for none in ["", "{}", " {} ", "\n"] {
            assert_eq!(password(none), None, "{none:?}");
        }
        assert_eq!(password("{x}"), Some("{x}"));
    }

    #[test]
    fn a_contact_in_both_spellings() {
        let old = r#"{"jid":"a@b","nickname":"A","subscriptionType":"3","groups":{"group":"g"}}"#;
        let new = r#"{"jid":"a@b","nickname":"A","subscriptionType":3,"groups":["g"]}"#;
        let wish = contact(old, None).unwrap();
        assert_eq!(wish, contact(new, None).unwrap());
        assert_eq!((wish.see, wish.show), (Some(true), Some(true)));
        assert_eq!(contact("", Some("a@b")).unwrap().jid, "a@b");
        assert!(contact("{}", None).is_err() && contact("[]", None).is_err());
    }

    #[test]
    fn four_fields_have_to_be_there() {
        let readme = r#"{"emailAddress":"visitor@hospital.com","userID":"visitor",
            "question":"What is the meaning of life","workgroup":"diabetes","product":"p"}"#;
        let read = assist(readme).unwrap();
        assert_eq!(read.more, [("product".to_owned(), "p".to_owned())]);
        for field in ["emailAddress", "userID", "question", "workgroup"] {
            let without = readme.replace(field, "other");
            assert!(matches!(assist(&without), Err(Failure::Field(name)) if name == field));
        }
        assert!(assist("no json").is_err());
    }
}
