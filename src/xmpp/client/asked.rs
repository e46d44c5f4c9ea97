//! Our own requests, and what to make of their answers.

use minidom::Element;

use crate::ids::Timestamp;
use crate::users::{ContactWish, Done, HistoryWish, Said, UserError};
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element, error_of};

use super::missed::{Read, Reading};
use super::{Client, PATIENCE, Reply, text};

/// What was asked for.
#[derive(Debug)]
pub(super) enum Question {
    /// The contact list, at the beginning.
    Roster,
    /// A contact to be written; then the subscription is seen to.
    Contact(Box<ContactWish>),
    /// A contact to be removed.
    Removal,
    /// The rooms of a service, by a part of their names.
    Rooms(Option<String>),
    /// One room.
    Room(String),
    /// Who has some affiliation with a room.
    Affiliated,
    /// Who is in a room that the session is not in.
    Occupants,
    /// What was said in a room; the lines so far.
    RoomArchive(String, Vec<Said>),
    /// What was said to and by the user; the lines so far: those of earlier (newer) pages, so many,
    /// and then those of the page at hand.
    Archive(Box<HistoryWish>, Vec<Said>, usize),
    /// What was missed.
    Missed(Box<Reading>),
    /// Users.
    Search,
    /// The workgroups of the user.
    Workgroups,
    /// The answer to an offer.
    Offer(String),
    /// The opening of a room that entering made.
    Unlock(String),
    /// Nothing depends on the answer.
    Nothing,
}

/// One request that waits.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    /// The address that was asked; `None` for the user's own server.
    pub(super) whom: Option<String>,
    pub(super) deadline: Timestamp,
    pub(super) reply: Option<Reply>,
}

impl Client {
    /// Sends an IQ request and remembers what it is for.
    pub(super) fn ask(
        &mut self,
        (kind, whom): (&str, Option<&str>),
        payload: Element,
        (question, reply): (Question, Option<Reply>),
    ) {
        let id = self.mint();
        let mut iq = element("iq", ns::CLIENT)
            .with("type", kind)
            .with("id", &id)
            .and(payload);
        if let Some(whom) = whom {
            iq = iq.with("to", whom);
        }
        let asked = Asked {
            question,
            whom: whom.map(str::to_lowercase),
            deadline: self.now.plus(PATIENCE),
            reply,
        };
        self.asked.insert(id, asked);
        self.send(iq);
    }

    /// Whether an IQ answers one of our own requests; then it is dealt with.
    pub(super) fn iq_answer(&mut self, stanza: &Element) -> bool {
        let Some(id) = attr(stanza, "id") else {
            return false;
        };
        let from = attr(stanza, "from").map(str::to_lowercase);
        let fits = self.asked.get(id).is_some_and(|asked| match &asked.whom {
            Some(whom) => from.as_deref() == Some(whom.as_str()),
            // One's own server answers as nobody, as the account, or as the domain.
            None => from.as_deref().is_none_or(|from| {
                let domain = self.bare.split_once('@').map_or("", |(_, domain)| domain);
                from == self.bare || from == domain || from == self.full.to_lowercase()
            }),
        });
        if !fits {
            return false;
        }
        let Some(asked) = self.asked.remove(id) else {
            return false;
        };
        let answer = match attr(stanza, "type") {
            Some("result") => Ok(stanza.children().next()),
            _ => Err(error_of(stanza).map_or_else(|| "undefined-condition".into(), |(c, _)| c)),
        };
        self.answered(asked, answer);
        true
    }

    fn answered(&mut self, asked: Asked, answer: Result<Option<&Element>, String>) {
        let Asked {
            question,
            whom,
            reply,
            ..
        } = asked;
        match (question, answer) {
            (Question::Roster, answer) => {
                if let Ok(Some(query)) = answer {
                    self.roster_loaded(query);
                }
                self.list_is_there();
            }
            (Question::Nothing, _) => {}
            (Question::Contact(wish), Ok(_)) => self.contact_written(&wish, reply),
            // Whatever the room says, the user is in it.
            (Question::Unlock(room), _) => self.entered(&room, reply),
            (Question::Removal, Ok(_)) => self.answer(reply, Ok(Done::Nothing)),
            (Question::Removal, Err(condition)) if condition == "item-not-found" => {
                self.answer(reply, Err(UserError::NoContact));
            }
            (Question::RoomArchive(room, lines), answer) => {
                self.room_archive_read((room, lines), answer.err(), reply);
            }
            (Question::Archive(wish, mut lines, newer), answer) => {
                let newer = newer.min(lines.len());
                lines.rotate_left(newer);
                self.archive_read((*wish, lines), answer, reply);
            }
            (Question::Workgroups, answer) => {
                let list = answer.ok().flatten().map(super::desks::workgroups);
                self.answer(reply, Ok(Done::Workgroups(list.unwrap_or_default())));
            }
            (Question::Missed(reading), answer) => self.missed_page_read(reading, answer),
            (Question::Offer(id), answer) => self.offer_answered(&id, answer.err(), reply),
            (question, answer) => self.looked_up((question, whom.as_deref()), answer, reply),
        }
    }

    /// What a service or a room told of itself.
    fn looked_up(
        &mut self,
        (question, whom): (Question, Option<&str>),
        answer: Result<Option<&Element>, String>,
        reply: Option<Reply>,
    ) {
        match (question, answer) {
            (Question::Rooms(search), Ok(Some(query))) => {
                let rooms = super::lookups::rooms(query, search.as_deref());
                self.answer(reply, Ok(Done::Rooms(rooms)));
            }
            (Question::Room(room), Ok(Some(query))) => {
                let room = super::lookups::room(&room, query);
                self.answer(reply, Ok(Done::Room(Box::new(room))));
            }
            (Question::Affiliated, Ok(Some(query))) => {
                let all = super::lookups::affiliated(query);
                self.answer(reply, Ok(Done::Affiliated(all)));
            }
            (Question::Occupants, Ok(Some(query))) => {
                let occupants = super::lookups::occupants(query);
                self.answer(reply, Ok(Done::Occupants(occupants)));
            }
            (Question::Search, Ok(Some(query))) => {
                let users = super::lookups::users(query);
                self.answer(reply, Ok(Done::Users(users)));
            }
            (Question::Search, Err(_)) => {
                let why = "the server has no user search";
                self.answer(reply, Err(UserError::Unsupported(why)));
            }
            (Question::Rooms(_), Ok(None)) => self.answer(reply, Ok(Done::Rooms(Vec::new()))),
            (_, Ok(_)) => self.answer(reply, Err(UserError::Refused("bad-request".into()))),
            (question, Err(condition)) => {
                let problem = refusal(&question, whom, condition);
                self.answer(reply, Err(problem));
            }
        }
    }

    /// Requests that nobody answered.
    pub(super) fn give_up_asking(&mut self) {
        let now = self.now;
        let late = |asked: &Asked| asked.deadline <= now;
        let late: Vec<String> = self
            .asked
            .iter()
            .filter(|(_, asked)| late(asked))
            .map(|(id, _)| id.clone())
            .collect();
        for id in late {
            if let Some(asked) = self.asked.remove(&id) {
                match asked.question {
                    Question::Roster => self.list_is_there(),
                    Question::Missed(reading) => self.missed_read(&reading, Read::Failed),
                    _ => {}
                }
                self.answer(asked.reply, Err(UserError::TimedOut));
            }
        }
    }

    /// Requests whose answers cannot come any more.
    pub(super) fn fail_asked(&mut self, problem: &UserError) {
        self.fail_early(problem);
        let unanswered = self.uploads.forget(problem);
        self.out.extend(unanswered);
        for (_, asked) in std::mem::take(&mut self.asked) {
            self.answer(asked.reply, Err(problem.clone()));
        }
    }
}

/// What an error means for the one who gave the order.
fn refusal(question: &Question, whom: Option<&str>, condition: String) -> UserError {
    let about_room = matches!(
        question,
        Question::Room(_) | Question::Occupants | Question::Rooms(_)
    );
    match condition.as_str() {
        "item-not-found" if about_room => UserError::NoRoom,
        "gone" if about_room => UserError::NoRoom,
        "service-unavailable" | "remote-server-not-found" if about_room => UserError::NoRoom,
        "forbidden" | "not-allowed" | "not-authorized" | "registration-required" => {
            UserError::Forbidden(condition)
        }
        "remote-server-timeout" => UserError::TimedOut,
        "jid-malformed" => UserError::BadAddress(text::bare(whom.unwrap_or_default()).to_owned()),
        _ => UserError::Refused(condition),
    }
}
