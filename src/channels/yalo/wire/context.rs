//! `/v1/context/{user_id}`: what a visitor and the bot said.

use jiff::Timestamp as Moment;
use serde_json::{Map, Value, json};

use crate::bridge::ContextRecord;
use crate::conversation::Author;

/// The entries in the order of their times; members with nothing in them are left out.
pub fn entries(user: &str, client: &str, records: &[ContextRecord]) -> Vec<Value> {
    let one = |record: &ContextRecord| {
        let entry = &record.entry;
        let file = entry.words.attachments.first();
        let (text, caption) = match file {
            None => (entry.words.text.as_str(), ""),
            Some(_) => ("", entry.words.text.as_str()),
        };
        let until = Moment::from_millisecond(record.until.0).unwrap_or_default();
        let mut members = Map::new();
        members.insert("userId".into(), json!(user));
        members.insert("client".into(), json!(client));
        if entry.at.0 != 0 {
            members.insert("timestamp".into(), json!(entry.at.0));
        }
        let texts = [
            ("url", file.map_or("", |file| &file.url)),
            ("mimeType", file.map_or("", |file| &file.kind)),
            ("caption", caption),
            ("text", text),
            ("from", from(&entry.author)),
        ];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            members.insert(key.into(), json!(text));
        }
        members.insert("ttl".into(), json!(until.to_string()));
        Value::Object(members)
    };
    records.iter().map(one).collect()
}

fn from(author: &Author) -> &'static str {
    match author {
        Author::Visitor => "user",
        _ => "bot",
    }
}
