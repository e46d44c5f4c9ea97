//! What an agent reads of the visitor and of what was said before.

use jiff::tz::TimeZone;

use crate::ids::Timestamp;

use super::{Author, Brief, Conversation, Fate, Line, Words};

/// How dates are written: `dd-mm-yyyy hh:mm:ss` in this zone.
pub struct Clock<'a>(pub &'a TimeZone);

impl Clock<'_> {
    fn show(&self, at: Timestamp) -> String {
        jiff::Timestamp::from_millisecond(at.0)
            .map(|at| at.to_zoned(self.0.clone()))
            .map(|at| at.strftime("%d-%m-%Y %H:%M:%S").to_string())
            .unwrap_or_default()
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
pub fn transcript(conversation: &Conversation, clock: &Clock<'_>) -> String {
    let pseudonym = conversation.id.pseudonym();
    let earlier = conversation
        .earlier
        .iter()
        .map(|entry| entry_line(&pseudonym, &entry.author, (entry.at, &entry.words), clock));
    let since = conversation
        .lines
        .iter()
        .filter(|line| is_told(line))
        .map(|line| entry_line(&pseudonym, &line.author, (line.at, &line.words), clock));
    earlier.chain(since).collect::<Vec<_>>().join("\n")
}

fn is_told(line: &Line) -> bool {
    let waits = line.goes_to_room() && line.fate != Fate::Arrived;
    !waits && line.author != Author::Desk
}

fn entry_line(
    pseudonym: &str,
    author: &Author,
    (at, words): (Timestamp, &Words),
    clock: &Clock<'_>,
) -> String {
    let label = match author {
        Author::Visitor => pseudonym.to_owned(),
        Author::Agent { name } => name.clone(),
        Author::Bot => "Bot".to_owned(),
        Author::Desk => "Desk".to_owned(),
        Author::Note { name } => format!("Note by {name}"),
    };
    let mut text = format!("{label} [{}]: {}", clock.show(at), words.text);
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
            &Clock(&TimeZone::UTC),
        );
        assert_eq!(
            line,
            "Visitor-7K2M [17-07-2020 10:28:00]: look https://files.example/a.png"
        );
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
