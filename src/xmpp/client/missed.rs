//! Reading what an archive (XEP-0313) holds since a place: from its end back to there, so that of very
//! much it is the newest that is told.

use minidom::Element;

use crate::ids::Timestamp;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, child_text, element};

use super::asked::Question;
use super::{Client, text};

/// Messages of one page; servers give less.
const PAGE: usize = 100;
/// Messages that are told of one archive at once.
pub(super) const MOST: usize = 1_000;

/// What was read of an archive so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The room; `None`: the user's own archive.
    pub(super) room: Option<String>,
    /// Which reading it is: the answer to an earlier one does not count.
    pub(super) round: u64,
    /// Only the place where the archive ends is asked for.
    only_end: bool,
    /// Messages of the pages read before, which are newer; oldest first.
    newer: Vec<Past>,
    /// Those of the page at hand.
    page: Vec<Past>,
}

/// One message of an archive.
#[derive(Clone, Debug)]
pub(super) struct Past {
    /// The archive's id.
    pub(super) id: String,
    /// When it came.
    pub(super) at: Timestamp,
    /// The message, as if it came now: with the time, and the archive's id.
    pub(super) message: Element,
}

/// What an archive gave.
#[derive(Debug)]
pub(super) enum Read {
    /// The messages, oldest first; whether the place was reached, or the beginning of the archive.
    All(Vec<Past>, Reached),
    /// There is no archive.
    Nothing,
    /// It does not answer just now.
    Failed,
}

/// Where the reading ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// At what was told.
    Place,
    /// At the beginning of the archive.
    Beginning,
    /// There is more.
    Most,
}

impl Client {
    /// Begins to read; gives the number of the reading.
    pub(super) fn read_missed(&mut self, room: Option<&str>, only_end: bool) -> u64 {
        let round = self.serial;
        let reading = Reading {
            room: room.map(str::to_owned),
            round,
            only_end,
            ..Reading::default()
        };
        self.read_missed_page(reading, None);
        round
    }

    fn read_missed_page(&mut self, reading: Reading, before: Option<&str>) {
        let most = if reading.only_end { 1 } else { PAGE };
        let kind = element("field", ns::DATA_FORMS)
            .with("var", "FORM_TYPE")
            .with("type", "hidden")
            .and_text("value", ns::DATA_FORMS, ns::MAM);
        let form = element("x", ns::DATA_FORMS)
            .with("type", "submit")
            .and(kind);
        let page = element("set", ns::RSM)
            .and_text("max", ns::RSM, &most.to_string())
            .and_text("before", ns::RSM, before.unwrap_or_default());
        let query = element("query", ns::MAM).and(form).and(page);
        let room = reading.room.clone();
        let question = Question::Missed(Box::new(reading));
        self.ask(("set", room.as_deref()), query, (question, None));
        self.name_query();
    }

    /// A page is there, or is not.
    pub(super) fn missed_page_read(
        &mut self,
        mut reading: Box<Reading>,
        answer: Result<Option<&Element>, String>,
    ) {
        let fin = match answer {
            Ok(Some(fin)) => fin,
            Ok(None) => return self.missed_read(&reading, Read::Nothing),
            Err(condition) => return self.missed_read(&reading, refused(&condition)),
        };
        let mut all = std::mem::take(&mut reading.page);
        let told = all.iter().rposition(|past| self.was_told(&reading, past));
        if let Some(told) = told {
            all.drain(..=told);
        }
        all.append(&mut reading.newer);
        let first = child(fin, "set", ns::RSM)
            .and_then(|set| child_text(set, "first", ns::RSM))
            .filter(|first| !first.is_empty());
        let complete = matches!(attr(fin, "complete"), Some("true" | "1"));
        let read = |all, reached| Read::All(all, reached);
        match first {
            _ if told.is_some() => self.missed_read(&reading, read(all, Reached::Place)),
            Some(first) if !complete && all.len() < MOST && !reading.only_end => {
                reading.newer = all;
                self.read_missed_page(*reading, Some(&first));
            }
            Some(_) if !complete => {
                let surplus = all.len().saturating_sub(MOST);
                all.drain(..surplus);
                self.missed_read(&reading, read(all, Reached::Most));
            }
            _ => self.missed_read(&reading, read(all, Reached::Beginning)),
        }
    }

    fn was_told(&self, reading: &Reading, past: &Past) -> bool {
        match &reading.room {
            Some(room) => self.room_was_told(room, past),
            None => self.account_ends_at(&past.id),
        }
    }

    /// All is read, or nothing can be.
    pub(super) fn missed_read(&mut self, reading: &Reading, read: Read) {
        match &reading.room {
            Some(room) if self.room_awaits(room, reading.round) => self.room_missed(room, read),
            None if self.account_awaits(reading.round) => self.account_missed(read),
            _ => {}
        }
    }
}

impl Reading {
    /// Takes one message of the page.
    pub(super) fn take(&mut self, result: &Element, archive: &str, full: &str) {
        self.page.extend(past(result, archive, full));
    }
}

/// The message within a result, as if it came now.
fn past(result: &Element, archive: &str, full: &str) -> Option<Past> {
    let id = attr(result, "id").filter(|id| !id.is_empty())?;
    let forwarded = child(result, "forwarded", ns::FORWARD)?;
    let at = text::delay(forwarded)?;
    let mut message = child(forwarded, "message", ns::CLIENT)?.clone();
    // What the sender wrote in the archive's name is not the archive's.
    while super::mark::archive_id(&message, archive).is_some() {
        message.remove_child("stanza-id", ns::STANZA_ID)?;
    }
    if text::delay(&message).is_none() {
        let stamp = text::iso_time(at);
        let delay = element("delay", ns::DELAY).with("from", archive);
        message = message.and(delay.with("stamp", &stamp));
    }
    if attr(&message, "to").is_none() {
        message = message.with("to", full);
    }
    let stable = element("stanza-id", ns::STANZA_ID).with("by", archive);
    let message = message.and(stable.with("id", id));
    Some(Past {
        id: id.to_owned(),
        at,
        message,
    })
}

fn refused(condition: &str) -> Read {
    match condition {
        "service-unavailable"
        | "feature-not-implemented"
        | "not-allowed"
        | "forbidden"
        | "not-acceptable" => Read::Nothing,
        _ => Read::Failed,
    }
}
