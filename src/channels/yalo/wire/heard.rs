//! What both webhooks have in common: who said what, when, and by what a repetition is known.

use ring::digest::{SHA256, digest};

use crate::bridge::Overheard;
use crate::channels::yalo::YaloSettings;
use crate::config::Provider;
use crate::conversation::{Attachment, Author, Words};
use crate::ids::{MessageId, Timestamp};

use super::fields::Fields;

/// What the ids of messages that we send begin with: the platform tells us of those too.
pub const OUR_IDS: &str = "wl-";
/// What messages that we send to Facebook bear (reference: yalo §4.1).
pub const OUR_METADATA: &str = "YALOSOURCE:FIREHOSE";
/// Milliseconds: how far ahead of ours the platform's clock may be.
const AHEAD: i64 = 24 * 3600 * 1000;

/// What a webhook told.
#[derive(Clone, Debug)]
pub enum Hearing {
    /// A type that the channel does not take.
    Skipped(String),
    /// What was said, in its order; perhaps nothing.
    Said(Vec<Heard>),
}

/// One thing that was said.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The messenger.
    pub provider: Provider,
    /// The visitor by or to whom.
    pub user: String,
    /// `Author::Visitor` or `Author::Bot`.
    pub author: Author,
    /// The platform's id, or one that is made of the content.
    pub id: String,
    /// What.
    pub words: Words,
    /// When, as the platform tells.
    pub at: Option<Timestamp>,
}

impl Heard {
    /// The same for the engine, under a new id. `now` where the platform tells no time, or none
    /// that can be.
    pub fn overheard(&self, settings: &YaloSettings, id: MessageId, now: Timestamp) -> Overheard {
        let likely = self.at.filter(|at| at.0 > 0 && at.0 < now.0 + AHEAD);
        Overheard {
            visitor: settings.visitor(self.provider, &self.user),
            id,
            platform_id: self.id.clone(),
            author: self.author.clone(),
            words: self.words.clone(),
            at: likely.unwrap_or(now),
        }
    }
}

/// A moment as the platform tells it: in seconds, milliseconds or microseconds since 1970.
pub(super) fn moment(number: i64) -> Timestamp {
    // In seconds the year 5138; in milliseconds 1973.
    const SECONDS: i64 = 100_000_000_000;
    Timestamp(match number {
        ..SECONDS => number.saturating_mul(1000),
        number if number > 1000 * SECONDS => number / 1000,
        number => number,
    })
}

/// An id for what has none: the same content gives the same one.
pub(super) fn derived(content: &str) -> String {
    hexadecimal(digest(&SHA256, content.as_bytes()).as_ref())
}

/// Bytes in hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A stand-in for what has no words: so that the agent knows that something came.
pub(super) fn notice(kind: &str) -> Words {
    const LONGEST: usize = 40;
    let kind: String = kind.chars().take(LONGEST).collect();
    Words::text(format!("[{kind}]"))
}

/// A caption with its file, or a notice in the file's place.
pub(super) fn with_file(kind: &str, caption: &str, file: Option<Attachment>) -> Words {
    match file {
        Some(file) => Words {
            attachments: vec![file],
            ..Words::text(caption)
        },
        None if caption.is_empty() => notice(kind),
        None => Words::text(format!("[{kind}] {caption}")),
    }
}

/// A place on earth as a geo URI (RFC 5870), with its name where it has one.
pub(super) fn place(names: &[&str], latitude: Option<f64>, longitude: Option<f64>) -> Words {
    let geo = latitude.zip(longitude);
    let geo = geo.map(|(latitude, longitude)| format!("geo:{latitude},{longitude}"));
    let names = names.iter().map(|name| (*name).to_owned());
    let lines: Vec<String> = names.filter(|name| !name.is_empty()).chain(geo).collect();
    match lines.is_empty() {
        true => notice("location"),
        false => Words::text(lines.join("\n")),
    }
}

/// A number, be it written as one or as a text.
pub(super) fn number(members: &Fields<'_>, names: &[&str]) -> Option<f64> {
    let values = names.iter().filter_map(|name| members.find(name));
    let mut numbers = values.filter_map(|value| {
        let spelt = value.as_str().and_then(|text| text.trim().parse().ok());
        value.as_f64().or(spelt)
    });
    numbers.find(|number| number.is_finite())
}
