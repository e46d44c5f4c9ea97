//! `/visitor-message`: what a visitor says.

use serde_json::Value;
use url::Url;

use crate::bridge::{Input, Saying};
use crate::conversation::{Attachment, Words};
use crate::ids::{ChannelId, MessageId};

use super::fields::{self, Fields, WireError};

/// What a message is called.
pub struct Names {
    /// Our id for it.
    pub id: MessageId,
    /// The caller's key, by which a repetition is known. Without one two equal messages are two.
    pub repeated_by: Option<String>,
}

/// Reads a message.
///
/// # Errors
/// Where the visitor is not named, nothing is said, or a member has a wrong type.
pub fn message(body: &[u8], channel: &ChannelId, names: Names) -> Result<Input, WireError> {
    let body = fields::parse(body)?;
    let body = Fields::top(&body)?;
    let visitor = super::visitor(&body, channel)?;
    let words = words(&body)?;
    Ok(Input::Said(Saying {
        visitor,
        id: names.id,
        platform_id: names.repeated_by,
        words,
    }))
}

fn words(body: &Fields<'_>) -> Result<Words, WireError> {
    let mut words = Words::text(body.text("text")?.unwrap_or_default());
    for (place, item) in body.array("attachments")?.iter().enumerate() {
        match attached(item, place)? {
            Attached::File(file) => words.attachments.push(file),
            Attached::Line(line) => words.add_line(&line),
            Attached::Nothing => {}
        }
    }
    // White space alone is still something that the visitor sent.
    if words.text.is_empty() && words.attachments.is_empty() {
        return Err(WireError::NothingSaid);
    }
    Ok(words)
}

enum Attached {
    File(Attachment),
    Line(String),
    Nothing,
}

/// RapidPro cuts its attachment strings at the first `:` into `type` and `url`, whatever they hold:
/// `geo` with a latitude and longitude is one of them. What is no file on the web is put together
/// again as a line of text; for `geo` that makes a geo URI (RFC 5870).
fn attached(item: &Value, place: usize) -> Result<Attached, WireError> {
    let item = Fields::at(item, format!("attachments[{place}]"))?;
    let kind = item.text("type")?.unwrap_or_default().trim();
    let url = item.text("url")?.unwrap_or_default().trim();
    let on_the_web = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    Ok(match (kind, on_the_web) {
        _ if url.is_empty() => Attached::Nothing,
        ("", _) => Attached::Line(url.to_owned()),
        (kind, false) => Attached::Line(format!("{kind}:{url}")),
        (kind, true) => Attached::File(Attachment {
            kind: kind.to_owned(),
            url: url.to_owned(),
        }),
    })
}
