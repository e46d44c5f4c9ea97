//! Lines of ours on their way into a room, until the room reflects them.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use minidom::Element;

use crate::conversation::Words;
use crate::ids::{MessageId, Timestamp};
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element, message};

/// A room that does not reflect a line for so long has lost us.
const REFLECTION: Duration = Duration::from_secs(20);
/// The longest pause after a room asked us to wait.
const LONGEST_PAUSE: u32 = 30;

/// So many lines of a room may be on their way at once. The rest waits here and not in the
/// server, where it would stand before everybody else's words, and before the reflections by
/// which we know that the room still hears us.
const MOST_ON_THEIR_WAY: usize = 16;

/// A line that the room has not reflected yet.
#[derive(Debug)]
pub(in crate::xmpp) struct Pending {
    pub(super) id: MessageId,
    pub(super) as_visitor: bool,
    pub(super) words: Words,
    /// When it was sent last; `None` where it is to be sent (again).
    sent: Option<Timestamp>,
    /// How often the room asked to wait.
    tries: u32,
}

/// What a room's error does to a line.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::xmpp) enum Refused {
    /// The line will never be said.
    ForGood(MessageId),
    /// It is said again later.
    ForNow,
    /// No such line is on its way.
    Unknown,
}

/// The lines, oldest first. Only the first few of them were sent.
#[derive(Debug, Default)]
pub(in crate::xmpp) struct Lines {
    pending: VecDeque<Pending>,
    ids: BTreeSet<MessageId>,
    /// Until when the room wants to hear nothing.
    paused: Option<Timestamp>,
    /// The parts of lines that the room reflected, so that a line said again is not said twice
    /// in part.
    parts: BTreeSet<String>,
}

impl Lines {
    /// The room is to be entered anew: what was on its way is given again by the core if it does
    /// not turn up in what was missed.
    pub(in crate::xmpp) fn forget(&mut self) {
        self.pending.clear();
        self.ids.clear();
        self.paused = None;
    }

    /// Takes a line, unless it is on its way already.
    pub(in crate::xmpp) fn add(&mut self, id: MessageId, as_visitor: bool, words: Words) {
        if !self.ids.insert(id.clone()) {
            return;
        }
        self.pending.push_back(Pending {
            id,
            as_visitor,
            words,
            sent: None,
            tries: 0,
        });
    }

    /// The lines that are to be sent now; they count as sent.
    pub(in crate::xmpp) fn due(&mut self, now: Timestamp) -> Vec<(&Pending, &BTreeSet<String>)> {
        if self.paused.is_some_and(|until| until > now) {
            return Vec::new();
        }
        self.paused = None;
        let mut due = Vec::new();
        let next = self.pending.iter_mut().take(MOST_ON_THEIR_WAY);
        for line in next.filter(|line| line.sent.is_none()) {
            line.sent = Some(now);
            due.push((&*line, &self.parts));
        }
        due
    }

    /// The room reflected a stanza of ours.
    pub(in crate::xmpp) fn reflected(&mut self, id: &str) {
        let at = self.pending.iter().position(|line| line.id.as_str() == id);
        at.and_then(|at| self.remove(at));
        if is_part(id) {
            self.parts.insert(id.to_owned());
        }
    }

    /// The room refused a stanza of ours, for good or to be tried again.
    pub(in crate::xmpp) fn refused(&mut self, id: &str, again: bool, now: Timestamp) -> Refused {
        let means = |line: &Pending| line.id.as_str() == id || is_part_of(id, &line.id);
        let Some(at) = self.pending.iter().position(means) else {
            return Refused::Unknown;
        };
        if !again {
            let line = self.remove(at);
            return line.map_or(Refused::Unknown, |line| Refused::ForGood(line.id));
        }
        if let Some(line) = self.pending.get_mut(at) {
            line.sent = None;
            let pause = 1u32.checked_shl(line.tries).unwrap_or(LONGEST_PAUSE);
            line.tries = (line.tries + 1).min(5);
            let until = now.plus(Duration::from_secs(pause.min(LONGEST_PAUSE).into()));
            self.paused = self.paused.max(Some(until));
        }
        Refused::ForNow
    }

    fn remove(&mut self, at: usize) -> Option<Pending> {
        let line = self.pending.remove(at)?;
        self.ids.remove(&line.id);
        Some(line)
    }

    /// Whether a line has not been reflected in time.
    pub(in crate::xmpp) fn overdue(&self, now: Timestamp) -> bool {
        self.oldest_due().is_some_and(|due| due <= now)
    }

    pub(in crate::xmpp) fn deadline(&self) -> Option<Timestamp> {
        self.oldest_due().into_iter().chain(self.paused).min()
    }

    fn oldest_due(&self) -> Option<Timestamp> {
        let on_their_way = self.pending.iter().take(MOST_ON_THEIR_WAY);
        let sent = on_their_way.filter_map(|line| line.sent);
        sent.min().map(|at| at.plus(REFLECTION))
    }
}

/// The stanzas of a line: each attachment as one of its own (clients show a picture only where the
/// body is nothing but its link, XEP-0066), then the text. The last one bears the line's id: when
/// it is reflected all is there, and a correction (XEP-0308) of the text names it.
pub(in crate::xmpp) fn stanzas(
    line: &Pending,
    way: (&str, &str),
    reflected: &BTreeSet<String>,
) -> Vec<Element> {
    let said = |id: &str, text: &str| {
        message("groupchat", way)
            .with("id", id)
            .and_text("body", ns::CLIENT, text)
    };
    let words = &line.words;
    let text = (!words.text.trim().is_empty() || words.attachments.is_empty()).then(|| {
        let stanza = said(line.id.as_str(), &words.text);
        match &words.corrects {
            Some(id) => stanza.and(element("replace", ns::CORRECTION).with("id", id.as_str())),
            None => stanza,
        }
    });
    let last = if text.is_some() {
        None
    } else {
        words.attachments.len().checked_sub(1)
    };
    let links = words.attachments.iter().enumerate().map(|(at, link)| {
        let id = match last {
            Some(last) if last == at => line.id.as_str().to_owned(),
            _ => part_of(&line.id, at + 1),
        };
        let oob = element("x", ns::OOB).and_text("url", ns::OOB, &link.url);
        (id.clone(), said(&id, &link.url).and(oob))
    });
    links
        .filter(|(id, _)| !reflected.contains(id))
        .map(|(_, stanza)| stanza)
        .chain(text)
        .collect()
}

fn part_of(id: &MessageId, number: usize) -> String {
    format!("{id}.a{number}")
}

fn is_part_of(part: &str, id: &MessageId) -> bool {
    part.rsplit_once(".a")
        .is_some_and(|(line, _)| line == id.as_str())
}

/// Whether this id is that of a part of a line.
pub(in crate::xmpp) fn is_part(id: &str) -> bool {
    let number = id.rsplit_once(".a").map(|(_, number)| number);
    number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Attachment;
    use crate::xmpp::stanza::{attr, body};

    const NOW: Timestamp = Timestamp(1_000_000);

    fn link(url: &str) -> Attachment {
        Attachment {
            kind: String::new(),
            url: url.into(),
        }
    }

    fn sent(words: Words, reflected: &[&str]) -> Vec<(String, String)> {
        let mut lines = Lines::default();
        for id in reflected {
            lines.reflected(id);
        }
        lines.add(MessageId::new("m1"), true, words);
        let due = lines.due(NOW);
        let (line, parts) = due[0];
        let shown = |s: &Element| (attr(s, "id").unwrap().to_owned(), body(s).unwrap());
        stanzas(line, ("a@b/c", "r@m"), parts)
            .iter()
            .map(shown)
            .collect()
    }

    #[test]
    fn the_last_stanza_bears_the_lines_id() {
        let words = Words {
            text: "look".into(),
            attachments: vec![link("u1"), link("u2")],
            corrects: None,
        };
        let pair = |id: &str, text: &str| (id.to_owned(), text.to_owned());
        let all = [pair("m1.a1", "u1"), pair("m1.a2", "u2"), pair("m1", "look")];
        assert_eq!(sent(words.clone(), &[]), all);
        assert_eq!(sent(words.clone(), &["m1.a1", "m1.x"]), all[1..]);
        let silent = Words {
            text: " ".into(),
            ..words
        };
        assert_eq!(sent(silent, &[]), [pair("m1.a1", "u1"), pair("m1", "u2")]);
    }

    #[test]
    fn a_line_is_said_once_and_waited_for() {
        let mut lines = Lines::default();
        let id = MessageId::new("m1");
        lines.add(id.clone(), true, Words::text("a"));
        lines.add(id.clone(), true, Words::text("a"));
        assert_eq!(lines.due(NOW).len(), 1);
        assert_eq!(lines.due(NOW).len(), 0);
        assert_eq!(lines.deadline(), Some(NOW.plus(REFLECTION)));
        assert!(lines.overdue(NOW.plus(REFLECTION)));
        lines.reflected("m1");
        assert_eq!(lines.deadline(), None);
    }

    #[test]
    fn a_flood_goes_out_as_fast_as_it_is_reflected() {
        let mut lines = Lines::default();
        for number in 0..40 {
            let id = MessageId::new(format!("m{number}"));
            lines.add(id, true, Words::text("a"));
        }
        let mut sent = Vec::new();
        let mut later = NOW;
        while sent.len() < 40 {
            let due = lines.due(later);
            let ids: Vec<String> = due.iter().map(|(line, _)| line.id.to_string()).collect();
            let on_their_way = if sent.is_empty() { 16 } else { 1 };
            assert_eq!(ids.len(), on_their_way, "after {}", sent.len());
            sent.extend(ids);
            // What was not sent cannot be late.
            later = later.plus(Duration::from_secs(1));
            assert!(!lines.overdue(later));
            lines.reflected(&sent[sent.len() - 16]);
        }
        let in_order: Vec<String> = (0..40).map(|number| format!("m{number}")).collect();
        assert_eq!(sent, in_order);
    }

    #[test]
    fn a_room_that_asks_to_wait_is_left_alone_and_told_again_in_order() {
        let mut lines = Lines::default();
        lines.add(MessageId::new("m1"), true, Words::text("a"));
        lines.due(NOW);
        assert_eq!(lines.refused("m1", true, NOW), Refused::ForNow);
        lines.add(MessageId::new("m2"), true, Words::text("b"));
        assert!(lines.due(NOW).is_empty());
        let later = lines.deadline().unwrap();
        let due: Vec<_> = lines.due(later).iter().map(|(l, _)| l.id.clone()).collect();
        assert_eq!(due, [MessageId::new("m1"), MessageId::new("m2")]);
        assert_eq!(lines.refused("zz", true, NOW), Refused::Unknown);
        let gone = Refused::ForGood(MessageId::new("m2"));
        assert_eq!(lines.refused("m2.a1", false, NOW), gone);
    }
}
