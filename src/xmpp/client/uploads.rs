//! Places for files at the server's upload service (XEP-0363): the service is looked for when it is
//! first wanted, and remembered while the connection lasts.

use std::collections::BTreeMap;
use std::time::Duration;

use minidom::Element;

use crate::ids::Timestamp;
use crate::users::{Done, NoSlot, Places, SlotWish, UploadService, UserError};
use crate::xmpp::clean::clean;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, child_text, element};

use super::slots::{refusal, slot};
use super::{Act, PATIENCE, Reply, text};

/// For how long it is remembered that there is no service.
const NONE_FOR: Duration = Duration::from_mins(1);
/// Items of the server that are looked at.
const MOST_ITEMS: usize = 64;

/// The service, as far as it is known.
#[derive(Debug)]
enum Known {
    Nothing,
    /// So many answers are still awaited; whether one of them did not come.
    Looking {
        left: usize,
        missing: bool,
    },
    /// Its address, and the largest file that it tells of.
    At(String, Option<u64>),
    NoneUntil(Timestamp),
}

/// Somebody who wants a place for a file.
#[derive(Debug)]
struct Wanted {
    /// In whose name; `None` is the session's own.
    sender: Option<String>,
    wish: SlotWish,
    deadline: Timestamp,
    reply: Reply,
}

#[derive(Debug)]
enum Question {
    /// What is there at the server.
    Items,
    /// Whether it is an upload service.
    Info,
    Slot(Reply),
}

#[derive(Debug)]
struct Asked {
    whom: String,
    question: Question,
    deadline: Timestamp,
}

/// Asks for places, for one session, or for all visitors.
#[derive(Debug)]
pub struct Uploads {
    server: String,
    service: UploadService,
    /// Who looks for the service; `None` is the session itself.
    looker: Option<String>,
    prefix: String,
    serial: u64,
    known: Known,
    asked: BTreeMap<String, Asked>,
    waiting: Vec<Wanted>,
    now: Timestamp,
    out: Vec<Act>,
}

impl Uploads {
    /// For these places. `prefix` begins its stanzas' ids; `looker` is the address that looks for the
    /// service, where it is not the session's own.
    pub fn new(places: &Places, prefix: String, looker: Option<String>) -> Self {
        Self {
            server: places.server.to_lowercase(),
            service: places.upload.clone(),
            looker,
            prefix,
            serial: 0,
            known: Known::Nothing,
            asked: BTreeMap::new(),
            waiting: Vec::new(),
            now: Timestamp::default(),
            out: Vec::new(),
        }
    }

    /// Asks for a place, in this name.
    pub fn want(
        &mut self,
        now: Timestamp,
        (sender, wish): (Option<String>, SlotWish),
        reply: Reply,
    ) -> Vec<Act> {
        self.now = now;
        let deadline = now.plus(PATIENCE);
        let wanted = Wanted {
            sender,
            wish,
            deadline,
            reply,
        };
        match &self.service {
            UploadService::Off => self.refuse(wanted.reply, NoSlot::TurnedOff),
            UploadService::At(service) => {
                let service = service.clone();
                self.ask_slot(&service, wanted);
            }
            UploadService::Found => self.want_found(wanted),
        }
        self.drain()
    }

    fn want_found(&mut self, wanted: Wanted) {
        match &self.known {
            Known::At(service, most) => match most.filter(|most| wanted.wish.size > *most) {
                Some(most) => self.refuse(wanted.reply, NoSlot::TooLarge(Some(most))),
                None => {
                    let service = service.clone();
                    self.ask_slot(&service, wanted);
                }
            },
            Known::NoneUntil(until) if self.now < *until => {
                self.refuse(wanted.reply, NoSlot::NoService);
            }
            Known::Looking { .. } => self.waiting.push(wanted),
            Known::Nothing | Known::NoneUntil(_) => {
                self.waiting.push(wanted);
                self.look();
            }
        }
    }

    /// The server may be one itself, or have one beside it.
    fn look(&mut self) {
        self.known = Known::Looking {
            left: 2,
            missing: false,
        };
        let (server, looker) = (self.server.clone(), self.looker.clone());
        let items = element("query", ns::DISCO_ITEMS);
        self.ask((&server, looker.as_deref()), items, Question::Items);
        let info = element("query", ns::DISCO_INFO);
        self.ask((&server, looker.as_deref()), info, Question::Info);
    }

    fn ask_slot(&mut self, service: &str, wanted: Wanted) {
        let SlotWish { name, size, kind } = &wanted.wish;
        let mut request = element("request", ns::HTTP_UPLOAD)
            .with("filename", &clean(name))
            .with("size", &size.to_string());
        if let Some(kind) = kind {
            request = request.with("content-type", &clean(kind));
        }
        let sender = wanted.sender.as_deref();
        self.ask((service, sender), request, Question::Slot(wanted.reply));
    }

    fn ask(&mut self, (whom, sender): (&str, Option<&str>), payload: Element, question: Question) {
        self.serial += 1;
        let id = format!("{}{}", self.prefix, self.serial);
        let mut iq = element("iq", ns::CLIENT)
            .with("type", "get")
            .with("id", &id)
            .with("to", whom)
            .and(payload);
        if let Some(sender) = sender {
            iq = iq.with("from", sender);
        }
        let asked = Asked {
            whom: whom.to_lowercase(),
            question,
            deadline: self.now.plus(PATIENCE),
        };
        self.asked.insert(id, asked);
        self.out.push(Act::Send(iq));
    }

    /// Takes the answer to a request of its own; `None` where it is none.
    pub fn answer(&mut self, now: Timestamp, stanza: &Element) -> Option<Vec<Act>> {
        let answered = matches!(attr(stanza, "type"), Some("result" | "error"));
        let id = attr(stanza, "id").filter(|_| answered && stanza.is("iq", ns::CLIENT))?;
        let from = attr(stanza, "from")?.to_lowercase();
        // Somebody else's word on it counts for nothing.
        if self.asked.get(id).is_none_or(|asked| asked.whom != from) {
            return None;
        }
        let asked = self.asked.remove(id)?;
        self.now = now;
        match asked.question {
            Question::Items => self.items(stanza),
            Question::Info => self.info(&from, stanza),
            Question::Slot(reply) => self.slot(stanza, reply),
        }
        Some(self.drain())
    }

    fn items(&mut self, stanza: &Element) {
        let list = child(stanza, "query", ns::DISCO_ITEMS);
        let items = list.into_iter().flat_map(Element::children);
        let places = items.filter_map(|item| {
            let jid = attr(item, "jid").filter(|_| attr(item, "node").is_none())?;
            text::address(jid).ok().map(|jid| jid.to_string())
        });
        let places: Vec<String> = places.take(MOST_ITEMS).collect();
        if let Known::Looking { left, .. } = &mut self.known {
            *left += places.len();
            let looker = self.looker.clone();
            for place in places {
                let query = element("query", ns::DISCO_INFO);
                self.ask((&place, looker.as_deref()), query, Question::Info);
            }
        }
        self.one_less(false);
    }

    fn info(&mut self, from: &str, stanza: &Element) {
        let about = child(stanza, "query", ns::DISCO_INFO);
        let takes_files = |about: &&Element| {
            about.children().any(|feature| {
                feature.name() == "feature" && attr(feature, "var") == Some(ns::HTTP_UPLOAD)
            })
        };
        match about.filter(takes_files) {
            Some(about) if matches!(self.known, Known::Looking { .. }) => {
                self.known = Known::At(from.to_owned(), largest(about));
                for wanted in std::mem::take(&mut self.waiting) {
                    self.want_found(wanted);
                }
            }
            _ => self.one_less(false),
        }
    }

    /// One answer less is awaited.
    fn one_less(&mut self, lost: bool) {
        let Known::Looking { left, missing } = &mut self.known else {
            return;
        };
        *left = left.saturating_sub(1);
        *missing |= lost;
        if *left > 0 {
            return;
        }
        let problem = match *missing {
            // It may be the one that did not answer.
            true => UserError::TimedOut,
            false => NoSlot::NoService.into(),
        };
        self.known = match *missing {
            true => Known::Nothing,
            false => Known::NoneUntil(self.now.plus(NONE_FOR)),
        };
        for wanted in std::mem::take(&mut self.waiting) {
            self.refuse(wanted.reply, problem.clone());
        }
    }

    fn slot(&mut self, stanza: &Element, reply: Reply) {
        let answer = match attr(stanza, "type") {
            Some("result") => slot(stanza),
            _ => Err(refusal(self.now, stanza)),
        };
        match answer {
            Ok(slot) => self.out.push(Act::Answer(reply, Ok(Done::Slot(slot)))),
            Err(problem) => {
                if problem == UserError::NoSlot(NoSlot::Away) {
                    // Another may have taken its place.
                    self.known = Known::Nothing;
                }
                self.refuse(reply, problem);
            }
        }
    }

    /// When [`Uploads::tick`] is next due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let asked = self.asked.values().map(|asked| asked.deadline);
        let waiting = self.waiting.iter().map(|wanted| wanted.deadline);
        asked.chain(waiting).min()
    }

    /// Gives up what nobody answered.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Act> {
        self.now = now;
        let late = self.asked.iter().filter(|(_, asked)| asked.deadline <= now);
        let late: Vec<String> = late.map(|(id, _)| id.clone()).collect();
        for id in late {
            match self.asked.remove(&id).map(|asked| asked.question) {
                Some(Question::Slot(reply)) => self.refuse(reply, UserError::TimedOut),
                Some(Question::Items | Question::Info) => self.one_less(true),
                None => {}
            }
        }
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (late, waiting) = waiting.partition(|wanted| wanted.deadline <= now);
        self.waiting = waiting;
        let late: Vec<Wanted> = late;
        for wanted in late {
            self.refuse(wanted.reply, UserError::TimedOut);
        }
        self.drain()
    }

    /// The connection is gone, or another one: nothing that was asked is answered any more, and the
    /// service is looked for anew.
    pub fn forget(&mut self, problem: &UserError) -> Vec<Act> {
        self.known = Known::Nothing;
        for (_, asked) in std::mem::take(&mut self.asked) {
            if let Question::Slot(reply) = asked.question {
                self.refuse(reply, problem.clone());
            }
        }
        for wanted in std::mem::take(&mut self.waiting) {
            self.refuse(wanted.reply, problem.clone());
        }
        self.drain()
    }

    fn refuse(&mut self, reply: Reply, problem: impl Into<UserError>) {
        self.out.push(Act::Answer(reply, Err(problem.into())));
    }

    fn drain(&mut self) -> Vec<Act> {
        std::mem::take(&mut self.out)
    }
}

/// The largest file, where the service tells it (XEP-0363 §3).
fn largest(about: &Element) -> Option<u64> {
    let forms = about.children().filter(|form| form.is("x", ns::DATA_FORMS));
    let mut fields = forms.flat_map(Element::children);
    let field = fields.find(|field| attr(field, "var") == Some("max-file-size"))?;
    let most = child_text(field, "value", ns::DATA_FORMS)?;
    most.trim().parse().ok()
}

#[cfg(test)]
mod tests;
