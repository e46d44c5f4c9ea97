//! The history as a file for people.

use crate::chat_api::call::{Answer, Call, Content, Outcome};
use crate::chat_api::gate::local;
use crate::chat_api::pdf::{Line, Paper, Talk};
use crate::chat_api::wire::entity;
use crate::ids::Timestamp;
use crate::users::Said;

/// `GET /chat/{username}/pdf`: what `messages` tells with the same parameters, to whom it tells it.
pub async fn file(call: Call) -> Outcome {
    let (live, lines) = super::session::said(&call).await?;
    let bytes = call.api.press.print(paper(&live.user, &lines)).await?;
    let name = local(&live.user).replace(|letter: char| !letter.is_ascii_alphanumeric(), "_");
    let answer = Answer {
        content: Content::Pdf {
            name: format!("conversations-{name}.pdf"),
            bytes,
        },
        ..Answer::empty()
    };
    Ok(answer.private().by(&live))
}

fn paper(user: &str, lines: &[Said]) -> Paper {
    let talks = entity::talks(lines);
    Paper {
        title: format!("Conversations of {user}"),
        talks: talks
            .iter()
            .map(|(with, lines)| talk(with, lines))
            .collect(),
    }
}

fn talk(with: &str, lines: &[&Said]) -> Talk {
    let in_room = lines.first().is_some_and(|line| line.in_room);
    let whom = if in_room { "In the room" } else { "With" };
    let at = |line: Option<&&Said>| line.map_or_else(String::new, |line| moment(line.at));
    let (first, last) = (at(lines.first()), at(lines.last()));
    let lines = lines.iter().map(|line| Line {
        label: format!("{}  {}", moment(line.at), line.from),
        words: line.body.clone(),
    });
    Talk {
        heading: format!("{whom} {with}, from {first} to {last}"),
        lines: lines.collect(),
    }
}

/// A moment for people, in UTC.
fn moment(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
