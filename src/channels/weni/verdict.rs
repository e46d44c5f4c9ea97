//! What mailroom's answers mean for a delivery (reference: §4.4, §4.5).

use std::time::Duration;

use serde_json::Value;

use crate::channels::Reply;
use crate::channels::again::{REFUSED_AGAIN, SECRET_REFUSED, again, out_of_order};
use crate::config::Unsure;
use crate::outbox::{Trouble, Verdict};

use super::wire::Event;

const WITHOUT_ADDRESS: Duration = Duration::from_secs(30);
/// Seconds, by how often the ticket was unknown before: its row is written only when the flow that
/// opened it has ended, and a database that is away looks the same. About ten minutes.
const UNKNOWN_AGAIN: [u64; 15] = [1, 2, 4, 8, 15, 30, 60, 60, 60, 60, 60, 60, 60, 60, 60];
/// How often something is said again of which nobody knows whether it was said.
const UNSURE_AGAIN: usize = 2;
/// How often mailroom may fail to fetch files before they are sent as links.
pub(super) const FILES_AGAIN: usize = 2;

/// Answers that a delivery got before. Tries that an outage made fail do not count here.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    /// The ticket was unknown.
    pub unknown: usize,
    /// The call was refused as wrong.
    pub refused: usize,
    /// Nobody knows what became of the call.
    pub unsure: usize,
    /// Mailroom could not fetch the files.
    pub files: usize,
}

/// What is known of a delivery besides the answer that is judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Tries before this one, for whatever reason they failed.
    pub attempt: u32,
    /// Earlier answers; the one that is judged is counted in it.
    pub tally: Tally,
    /// What it is about.
    pub event: Event,
    /// What becomes of what may or may not have been said.
    pub unsure: Unsure,
}

/// The codes of mailroom's envelope that we go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    UnknownTicket,
    UnknownTicketer,
    Unread,
    Misconfigured,
    Files,
    Other,
}

impl Code {
    /// The code in a body; whatever else is there may come from anybody.
    pub fn of(reply: &Reply) -> Self {
        let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
        let code = body.as_ref().and_then(|body| body.get("error")?.as_str());
        match code {
            Some("ticket_not_found") => Self::UnknownTicket,
            Some("ticketer_not_found") => Self::UnknownTicketer,
            Some("invalid_request") => Self::Unread,
            Some("misconfigured") => Self::Misconfigured,
            Some("attachment_fetch_failed") => Self::Files,
            _ => Self::Other,
        }
    }
}

impl Tally {
    /// Counts an answer, or that none came.
    pub fn count(&mut self, outcome: Result<&Reply, &Trouble>) {
        match outcome {
            Ok(reply) => match (reply.status, Code::of(reply)) {
                (404, Code::UnknownTicket) => self.unknown += 1,
                (502, Code::Files) => self.files += 1,
                (401 | 403 | 404 | 405 | 408 | 429 | 502 | 503, _) => {}
                (400, Code::Unread) => {}
                (400..=499, _) => self.refused += 1,
                (500.., _) => self.unsure += 1,
                _ => {}
            },
            Err(Trouble::Timeout | Trouble::Cut) => self.unsure += 1,
            Err(_) => {}
        }
    }
}

/// Judges one try.
pub(super) fn judge(outcome: Result<&Reply, Trouble>, case: Case) -> Verdict {
    let reply = match outcome {
        Ok(reply) => reply,
        Err(Trouble::NoAddress) => return again(Some(WITHOUT_ADDRESS), Trouble::NoAddress),
        // Somebody has to change the configuration.
        Err(Trouble::Forbidden) => return again(None, Trouble::Forbidden),
        Err(why @ (Trouble::Timeout | Trouble::Cut)) => return unsure(case, why),
        Err(why) => return again(out_of_order(case.attempt), why),
    };
    let why = Trouble::Status(reply.status);
    match (reply.status, Code::of(reply)) {
        // A page is a proxy's own, and so is what is no success; or an address or configuration is
        // wrong. Somebody may set it right in time.
        (200..=299, _) if reply.is_page() => again(None, why),
        (200..=299, _) if case.event == Event::Message && said_nothing(reply) => {
            Verdict::Never(Trouble::NotSent)
        }
        (200..=299, _) => Verdict::Done,
        (401, _) => Verdict::Hold {
            after: SECRET_REFUSED,
            why,
        },
        (404, Code::UnknownTicket) => unknown(case),
        (429, _) => again(
            reply.retry_after.or_else(|| out_of_order(case.attempt)),
            why,
        ),
        (300..=399 | 403 | 404 | 405, _) => again(None, why),
        (408 | 502 | 503, _) | (400, Code::Unread) => again(out_of_order(case.attempt), why),
        (500, Code::Misconfigured) if case.event == Event::Message => Verdict::Never(why),
        (500.., _) => unsure(case, why),
        // It is as it was to be.
        (409, _) if case.event != Event::Message => Verdict::Done,
        (413, _) => Verdict::Never(why),
        // An end that is refused has no agent to be told; its ticket would stay open for ever.
        _ if case.event == Event::Close => again(out_of_order(case.attempt), why),
        _ if case.tally.refused <= 1 => again(Some(REFUSED_AGAIN), why),
        _ => Verdict::Never(why),
    }
}

/// Mailroom says `sent` also where it sent nothing; then the message has no id. A template of the
/// project's may have put another shape in its place, of which nothing is known.
fn said_nothing(reply: &Reply) -> bool {
    let body: Option<Value> = serde_json::from_slice(&reply.body).ok();
    body.is_some_and(|body| {
        let text = |name| body.get(name).and_then(Value::as_str).unwrap_or_default();
        text("status") == "sent"
            && !text("ticket_uuid").is_empty()
            && text("message_uuid").is_empty()
    })
}

/// The id that mailroom gave the message.
pub(super) fn name_of(reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    let name = body.get("message_uuid")?.as_str()?;
    Some(name.to_lowercase()).filter(|name| !name.is_empty())
}

fn unknown(case: Case) -> Verdict {
    let before = case.tally.unknown.saturating_sub(1);
    match UNKNOWN_AGAIN.get(before) {
        Some(seconds) => again(Some(Duration::from_secs(*seconds)), Trouble::Orphan),
        // What mailroom does not know is not open there.
        None if case.event == Event::Close => Verdict::Done,
        None => Verdict::Never(Trouble::Orphan),
    }
}

/// Mailroom knows no repetition of a message. An end or a beginning may be told as often as needed.
fn unsure(case: Case, why: Trouble) -> Verdict {
    let enough = match case.unsure {
        Unsure::Repeat => case.tally.unsure > UNSURE_AGAIN,
        Unsure::Tell => true,
    };
    match case.event == Event::Message && enough {
        true => Verdict::Never(why),
        false => again(out_of_order(case.attempt), why),
    }
}
