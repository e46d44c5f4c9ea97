//! What an agent reads of the visitor and of what was said before.

use jiff::tz::TimeZone;

use crate::ids::Timestamp;

use super::{Author, Brief, Conversation, Earlier, Fate, Line, Words};

/// How entries are written: `Label [dd-mm-yyyy hh:mm:ss]: text`, dates in this zone.
pub struct Scribe<'a> {
    /// The zone.
    pub zone: &'a TimeZone,
    /// What visitors are called; their pseudonym where it is empty.
    pub visitor: &'a str,
    /// What bots are called.
    pub bot: &'a str,
}

impl Scribe<'_> {
    fn show(&self, at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.0)
            .map(|at| at.to_zoned(self.zone.clone()))
            .map(|at| at.strftime("%d-%m-%Y %H:%M:%S").to_string())
            .unwrap_or_default()
    }

    fn visitor_label<'a>(&'a self, pseudonym: &'a str) -> &'a str {
        Some(self.visitor)
            .filter(|label| !label.is_empty())
            .unwrap_or(pseudonym)
    }
}

/// Who waits and what is known of them, as it opens an offer and a room.
pub fn brief(pseudonym: &str, brief: &Brief) -> String {
    let mut text = pseudonym.to_owned();
    if let Some(question) = &brief.question {
        text.push_str(": ");
        text.push_str(question);
    }
    for (label, value) in &brief.facts {
        text.push_str(&format!("\n{label}: {value}"));
    }
    text
}

/// What was said before the handoff and since then, one entry a line. Lines that wait to be said
/// in the room are left out: they are about to appear there.
pub fn transcript(conversation: &Conversation, scribe: &Scribe<'_>) -> String {
    let pseudonym = conversation.id.pseudonym();
    let since = conversation
        .lines
        .iter()
        .filter(|line| is_told(line))
        .map(|line| entry_line(&pseudonym, &line.author, (line.at, &line.words), scribe));
    let before = earlier(&pseudonym, &conversation.earlier, scribe);
    let before = Some(before).filter(|text| !text.is_empty());
    before
        .into_iter()
        .chain(since)
        .collect::<Vec<_>>()
        .join("\n")
}

/// What was said before the handoff, one entry a line.
pub fn earlier(pseudonym: &str, entries: &[Earlier], scribe: &Scribe<'_>) -> String {
    let line =
        |entry: &Earlier| entry_line(pseudonym, &entry.author, (entry.at, &entry.words), scribe);
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn is_told(line: &Line) -> bool {
    match line.author {
        Author::Visitor => line.fate == Fate::Arrived,
        Author::Agent { .. } | Author::Bot | Author::Note { .. } => true,
        Author::Desk
        | Author::Command { .. }
        | Author::Told(_)
        | Author::End(_)
        | Author::Reported(_) => false,
    }
}

/// Cuts a text into pieces of at most `most` bytes, at a line's or a word's end where there is one.
pub fn split(text: &str, most: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > most {
        let edge = (0..=most).rev().find(|at| rest.is_char_boundary(*at));
        let edge = edge.filter(|at| *at > 0).unwrap_or(rest.len());
        let window = &rest[..edge];
        let cut = window
            .rfind('\n')
            .or_else(|| window.rfind(' '))
            .map(|at| at + 1)
            .filter(|at| *at > edge / 2)
            .unwrap_or(edge);
        pieces.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    pieces.push(rest);
    pieces
}

fn entry_line(
    pseudonym: &str,
    author: &Author,
    (at, words): (Timestamp, &Words),
    scribe: &Scribe<'_>,
) -> String {
    let label = match author {
        Author::Visitor => scribe.visitor_label(pseudonym).to_owned(),
        Author::Agent { name } => name.clone(),
        Author::Bot => scribe.bot.to_owned(),
        Author::Note { name } => format!("Note by {name}"),
        Author::Desk
        | Author::Command { .. }
        | Author::Told(_)
        | Author::End(_)
        | Author::Reported(_) => "Desk".to_owned(),
    };
    let mut text = format!("{label} [{}]: {}", scribe.show(at), words.text);
    for attachment in &words.attachments {
        if !text.ends_with(' ') {
            text.push(' ');
        }
        text.push_str(&attachment.url);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversation::Attachment;

    #[test]
    fn an_entry_names_who_when_and_what() {
        let words = Words {
            text: "look".into(),
            attachments: vec![Attachment {
                kind: "image/png".into(),
                url: "https://files.example/a.png".into(),
            }],
            corrects: None,
        };
        let line = entry_line(
            "Visitor-7K2M",
            &Author::Visitor,
            (Timestamp(1_594_981_680_000), &words),
            &Scribe {
                zone: &TimeZone::UTC,
                visitor: "",
                bot: "Bot",
            },
        );
        assert_eq!(
            line,
            "Visitor-7K2M [17-07-2020 10:28:00]: look https://files.example/a.png"
        );
    }

    #[test]
    fn pieces_are_short_enough_and_lose_nothing() {
        let text = "ääääää bbbb\ncccccccccccc";
        for most in 4..30 {
            let pieces = split(text, most);
            assert!(pieces.iter().all(|piece| piece.len() <= most), "{most}");
            assert_eq!(pieces.concat(), text);
        }
        assert_eq!(split("", 10), [""]);
    }

    #[test]
    fn a_brief_opens_with_the_question() {
        let known = Brief {
            question: Some("Where is my parcel?".into()),
            facts: vec![("Department".into(), "it".into())],
        };
        assert_eq!(
            brief("Visitor-7K2M", &known),
            "Visitor-7K2M: Where is my parcel?\nDepartment: it"
        );
    }
}
