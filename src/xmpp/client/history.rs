//! What was said before: the archives of rooms and of the account (XEP-0313).

use minidom::Element;

use crate::users::{Done, HistoryWish, Said, UserError};
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, body, child, child_text, element};

use super::asked::Question;
use super::{Client, PATIENCE, Reply, text};

/// Lines of one page.
const PAGE: usize = 100;
/// Lines that are read at most, whatever is wished.
const MOST: usize = 2_000;
/// Lines where nothing is wished.
const USUAL: usize = 500;

impl Client {
    /// What was said in a room: of its archive, else what this session heard.
    pub(super) fn read_room(&mut self, room: &str, reply: Reply) {
        let jid = match text::bare_address(room) {
            Ok(jid) => jid,
            Err(problem) => return self.answer(Some(reply), Err(problem)),
        };
        let question = Question::RoomArchive(jid.clone(), Vec::new());
        let query = self.archive_query(&HistoryWish::default(), None);
        self.ask(("set", Some(&jid)), query, (question, Some(reply)));
        self.name_query();
    }

    pub(super) fn room_archive_read(
        &mut self,
        (room, lines): (String, Vec<Said>),
        refused: Option<String>,
        reply: Option<Reply>,
    ) {
        let heard = self.rooms.get(&room);
        let answer = match (refused.as_deref(), heard) {
            (None, _) => Ok(Done::Lines(lines)),
            (Some(_), Some(room)) => Ok(Done::Lines(room.lines.iter().cloned().collect())),
            (Some("item-not-found" | "gone" | "remote-server-not-found"), None) => {
                Err(UserError::NoRoom)
            }
            // Without an archive only who is inside has heard anything.
            (Some(_), None) => Err(UserError::NotJoined),
        };
        self.answer(reply, answer);
    }

    /// What was said to and by the user.
    pub(super) fn read_archive(&mut self, wish: HistoryWish, reply: Reply) {
        self.next_page((wish, Vec::new()), None, Some(reply));
    }

    fn next_page(
        &mut self,
        (wish, lines): (HistoryWish, Vec<Said>),
        before: Option<&str>,
        reply: Option<Reply>,
    ) {
        // What is said in a room is kept by the room.
        let room = wish
            .with
            .clone()
            .filter(|with| self.rooms.contains_key(with));
        let mut asked = wish.clone();
        if room.is_some() {
            asked.with = None;
        }
        let query = self.archive_query(&asked, before);
        let newer = lines.len();
        let question = Question::Archive(Box::new(wish), lines, newer);
        self.ask(("set", room.as_deref()), query, (question, reply));
        self.name_query();
    }

    /// A query for the newest page, or the one before a point.
    fn archive_query(&self, wish: &HistoryWish, before: Option<&str>) -> Element {
        let field = |var: &str, value: &str| {
            element("field", ns::DATA_FORMS).with("var", var).and_text(
                "value",
                ns::DATA_FORMS,
                value,
            )
        };
        let kind = field("FORM_TYPE", ns::MAM).with("type", "hidden");
        let mut form = element("x", ns::DATA_FORMS)
            .with("type", "submit")
            .and(kind);
        if let Some(with) = &wish.with {
            form = form.and(field("with", with));
        }
        if let Some(start) = wish.start {
            form = form.and(field("start", &text::iso_time(start)));
        }
        if let Some(end) = wish.end {
            form = form.and(field("end", &text::iso_time(end)));
        }
        let page = element("set", ns::RSM)
            .and_text("max", ns::RSM, &PAGE.to_string())
            .and_text("before", ns::RSM, before.unwrap_or_default());
        element("query", ns::MAM).and(form).and(page)
    }

    /// Results are told apart by the id of the request that they answer.
    pub(super) fn name_query(&mut self) {
        let id = format!("{}-{}", self.prefix, self.serial);
        if let Some(super::Act::Send(iq)) = self.out.last_mut() {
            for query in iq.children_mut() {
                let named = std::mem::replace(query, element("query", ns::MAM));
                *query = named.with("queryid", &id);
            }
        }
    }

    /// One line of an archive that was asked; `false` where it is none.
    pub(super) fn archive_line(&mut self, message: &Element) -> bool {
        let Some(result) = child(message, "result", ns::MAM) else {
            return false;
        };
        let from = attr(message, "from").map(str::to_lowercase);
        let (bare, deadline) = (self.bare.clone(), self.now.plus(PATIENCE));
        let asked = attr(result, "queryid").and_then(|id| self.asked.get_mut(id));
        let Some(asked) = asked else {
            return true;
        };
        let fits = match &asked.whom {
            Some(whom) => from.as_deref() == Some(whom.as_str()),
            None => from.as_deref().is_none_or(|from| from == bare),
        };
        if !fits {
            return true;
        }
        asked.deadline = deadline;
        match &mut asked.question {
            Question::Archive(_, lines, _) | Question::RoomArchive(_, lines) => {
                lines.extend(said(result, &bare));
            }
            Question::Missed(reading) => {
                let archive = asked.whom.as_deref().unwrap_or(&bare);
                reading.take(result, archive, &self.full);
            }
            _ => {}
        }
        true
    }

    pub(super) fn archive_read(
        &mut self,
        (wish, lines): (HistoryWish, Vec<Said>),
        answer: Result<Option<&Element>, String>,
        reply: Option<Reply>,
    ) {
        let fin = match answer {
            Ok(fin) => fin,
            Err(_) if lines.is_empty() => {
                let why = "the server keeps no archive";
                return self.answer(reply, Err(UserError::Unsupported(why)));
            }
            Err(_) => None,
        };
        let complete = fin.is_none_or(|fin| attr(fin, "complete") == Some("true"));
        let first = fin
            .and_then(|fin| child(fin, "set", ns::RSM))
            .and_then(|set| child_text(set, "first", ns::RSM));
        let most = match wish.limit {
            0 => USUAL,
            limit => limit.min(MOST),
        };
        let found = lines.iter().filter(|line| matches(line, &wish)).count();
        match first {
            Some(first) if !complete && found < most && lines.len() < MOST => {
                self.next_page((wish, lines), Some(&first), reply);
            }
            _ => {
                let mut found: Vec<Said> = lines;
                found.retain(|line| matches(line, &wish));
                found.sort_by_key(|line| line.at);
                let surplus = found.len().saturating_sub(most);
                found.drain(..surplus);
                self.answer(reply, Ok(Done::Lines(found)));
            }
        }
    }
}

/// Whether a line is wished for, as far as its words and its other side go.
pub fn matches(line: &Said, wish: &HistoryWish) -> bool {
    let body = line.body.to_lowercase();
    let with = wish.with.as_ref();
    with.is_none_or(|with| with.eq_ignore_ascii_case(&line.with))
        && wish.start.is_none_or(|start| start <= line.at)
        && wish.end.is_none_or(|end| line.at <= end)
        && wish
            .keywords
            .iter()
            .all(|word| body.contains(&word.to_lowercase()))
}

/// The line within a result; `None` for what has no body.
fn said(result: &Element, bare: &str) -> Option<Said> {
    let forwarded = child(result, "forwarded", ns::FORWARD)?;
    let message = child(forwarded, "message", ns::CLIENT)?;
    let from = attr(message, "from").unwrap_or(bare);
    let to = attr(message, "to").unwrap_or(bare);
    let in_room = attr(message, "type") == Some("groupchat");
    let with = match text::bare(from).eq_ignore_ascii_case(bare) {
        true => text::bare(to),
        false => text::bare(from),
    };
    Some(Said {
        id: attr(result, "id").unwrap_or_default().to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        kind: attr(message, "type").unwrap_or("normal").to_owned(),
        body: body(message).filter(|body| !body.is_empty())?,
        at: text::delay(forwarded)?,
        with: with.to_lowercase(),
        in_room,
    })
}
