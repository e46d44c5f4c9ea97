//! What the archive of a real user's account holds since the user was told last becomes events, once
//! and before what comes now (XEP-0313).

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use minidom::Element;

use crate::ids::Timestamp;
use crate::users::{Reached as Place, UserEvent};
use crate::xmpp::stanza::{attr, body};

use super::mark::{Mark, archive_id, content_print, print};
use super::missed::{MOST, Past, Reached, Read};
use super::{Act, Client, chat, text};

/// Pause before an archive is asked again that did not answer.
const PAUSE: Duration = Duration::from_secs(30);
/// Where the place is not found in the archive any more, what came so long before its time is taken
/// for new: clocks differ.
const SLACK: Duration = Duration::from_secs(60);
/// After so many messages without the archive's id the archive is asked where it ends.
const UNPLACED: usize = 50;

/// How things stand with the account's archive.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// How far the user was told; `None` before the first login is through.
    mark: Option<Mark>,
    state: State,
    /// The reading that counts.
    round: u64,
    /// What comes while the archive is read.
    queue: VecDeque<Element>,
    /// Fingerprints of what the archive gave last, for what the server brings as well.
    given: BTreeSet<u64>,
    /// Messages of which the archive's id is not known, since the last one of which it is.
    unplaced: usize,
    /// More came than the queue holds.
    overflown: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Not asked since the connection stands.
    #[default]
    Unasked,
    Reading,
    /// All was told.
    Even,
    /// Asked again then.
    Failed(Timestamp),
    /// The server keeps none.
    Without,
}

impl Client {
    /// The same for a user of an XMPP server, with what is known of how far archives were told.
    #[must_use]
    pub fn knowing(mut self, mut marks: BTreeMap<String, Mark>) -> Self {
        let mark = marks.remove(&self.bare);
        self.account = Some(Account {
            mark,
            ..Account::default()
        });
        self.marks = marks;
        self
    }

    /// Asks for what was missed once the user is shown: what the server keeps for who is away comes with
    /// that, and Prosody keeps it back from who has asked the archive before.
    pub(super) fn catch_up(&mut self) {
        let shown = self.shown.is_some() && self.connected;
        let Some(account) = self.account.as_mut().filter(|_| shown) else {
            return;
        };
        if matches!(account.state, State::Unasked | State::Failed(_)) {
            account.begin();
            let only_end = account.mark.is_none();
            let round = self.read_missed(None, only_end);
            if let Some(account) = &mut self.account {
                account.round = round;
            }
        }
    }

    pub(super) fn account_awaits(&self, round: u64) -> bool {
        let account = self.account.as_ref();
        account.is_some_and(|one| one.state == State::Reading && one.round == round)
    }

    /// The connection is another one.
    pub(super) fn catch_up_anew(&mut self) {
        if let Some(account) = &mut self.account {
            account.state = State::Unasked;
            if self.shown.is_none() {
                self.release_account();
            }
        }
    }

    /// When the account's archive is asked again.
    pub(super) fn account_deadline(&self) -> Option<Timestamp> {
        match self.account.as_ref()?.state {
            State::Failed(at) => Some(at),
            _ => None,
        }
    }

    /// Asks again where that is due.
    pub(super) fn catch_up_late(&mut self) {
        if self.account_deadline().is_some_and(|at| at <= self.now) {
            self.catch_up();
        }
    }

    /// Whether a message waits until the archive is read; then it is taken.
    pub(super) fn account_keeps_back(&mut self, message: &Element) -> bool {
        let Some(account) = self.account.as_mut() else {
            return false;
        };
        let typing = chat::state_of(message).is_some() && body(message).is_none();
        if account.state != State::Reading || typing {
            return false;
        }
        if account.queue.len() < MOST {
            account.queue.push_back(message.clone());
            return true;
        }
        // The archive has it, and gives it with the next page that is asked for.
        let archived = archive_id(message, &self.bare).is_some();
        account.overflown |= archived;
        archived
    }

    /// Whether the archive gave it already.
    pub(super) fn archive_gave(&mut self, message: &Element) -> bool {
        let Some(account) = self.account.as_mut() else {
            return false;
        };
        if !matches!(account.state, State::Even | State::Reading) {
            return false;
        }
        match archive_id(message, &self.bare) {
            Some(id) => {
                let print = print(&[id]);
                account.given.contains(&print)
                    || account.mark.as_ref().is_some_and(|mark| mark.knows(print))
            }
            // The server kept it for who was away.
            None => text::delay(message).is_some() && account.given.remove(&content_print(message)),
        }
    }

    /// A message was told.
    pub(super) fn account_told(&mut self, message: &Element) {
        let (bare, now) = (self.bare.clone(), self.now);
        let Some(account) = self.account.as_mut() else {
            return;
        };
        let Some(mark) = account
            .mark
            .as_mut()
            .filter(|_| account.state != State::Without)
        else {
            return;
        };
        match archive_id(message, &bare) {
            Some(id) if account.state == State::Even => {
                mark.move_to(id, text::delay(message).unwrap_or(now));
                account.unplaced = 0;
            }
            Some(id) => mark.note(print(&[id])),
            None if body(message).is_some() => {
                mark.note(content_print(message));
                account.unplaced += 1;
            }
            None => return,
        }
        self.place_account();
        self.find_place();
    }

    /// The user said something, which is in the archive too.
    pub(super) fn account_said(&mut self) {
        if let Some(account) = &mut self.account {
            account.unplaced += 1;
        }
        self.find_place();
    }

    fn find_place(&mut self) {
        if let Some(account) = &mut self.account
            && account.unplaced >= UNPLACED
            && account.state == State::Even
        {
            account.state = State::Unasked;
            self.catch_up();
        }
    }

    fn place_account(&mut self) {
        let mark = self.account.as_ref().and_then(|one| one.mark.as_ref());
        if let Some(row) = mark.map(Mark::to_row) {
            self.place(self.bare.clone(), Some(row));
        }
    }

    /// Has a place stored with the events before it.
    pub(super) fn place(&mut self, archive: String, row: Option<Vec<u8>>) {
        self.out.push(Act::Place(Place {
            user: self.bare.clone(),
            archive,
            place: row.map(Arc::from),
        }));
    }

    /// Whether the reading ends at this one.
    pub(super) fn account_ends_at(&self, id: &str) -> bool {
        let mark = self.account.as_ref().and_then(|one| one.mark.as_ref());
        mark.is_some_and(|mark| mark.id == id)
    }

    /// The archive is read, or cannot be.
    pub(super) fn account_missed(&mut self, read: Read) {
        let (now, full) = (self.now, self.full.clone());
        let Some(account) = &mut self.account else {
            return;
        };
        match read {
            Read::Nothing => account.state = State::Without,
            Read::Failed => account.state = State::Failed(now.plus(PAUSE)),
            Read::All(all, reached) => {
                account.state = State::Even;
                account.given.clear();
                match &mut account.mark {
                    Some(_) => self.tell_account(all, reached),
                    None => account.mark = Some(first(all.last(), now)),
                }
                if let Some(mark) = self.account.as_mut().and_then(|one| one.mark.as_mut()) {
                    mark.speaks_as(&full);
                }
                self.place_account();
            }
        }
        if self.reads_on() {
            return;
        }
        self.release_account();
        self.find_place();
    }

    /// What the queue did not hold is read before what it holds is told.
    fn reads_on(&mut self) -> bool {
        let Some(account) = &mut self.account else {
            return false;
        };
        let overflown = std::mem::take(&mut account.overflown) && account.state == State::Even;
        if overflown {
            account.state = State::Unasked;
            self.catch_up();
        }
        overflown
    }

    fn tell_account(&mut self, mut all: Vec<Past>, reached: Reached) {
        let mark = self.account.as_ref().and_then(|one| one.mark.as_ref());
        let since = mark.map_or(self.now, |mark| mark.at);
        let lost = mark.is_some_and(|mark| !mark.id.is_empty());
        let (edge, oldest) = (since.minus(SLACK), all.first().map(|past| past.at));
        if let Some(oldest) = oldest.filter(|_| reached != Reached::Place) {
            if oldest > edge && (lost || reached == Reached::Most) {
                self.gap((self.bare.clone(), since), oldest);
            }
            // The archive knows the place no more: the time says what is newer.
            all.retain(|past| past.at > edge || !lost);
        }
        for past in all {
            self.tell_past(past);
        }
    }

    /// What was said between these is not told.
    pub(super) fn gap(&mut self, (of, since): (String, Timestamp), until: Timestamp) {
        self.event(UserEvent::Missed { of, since, until });
    }

    fn tell_past(&mut self, past: Past) {
        let from = attr(&past.message, "from").unwrap_or(&self.bare).to_owned();
        let own = text::bare(&from).eq_ignore_ascii_case(&self.bare);
        let to_self = attr(&past.message, "to")
            .is_some_and(|to| text::bare(to).eq_ignore_ascii_case(&self.bare));
        let Some(account) = self.account.as_mut() else {
            return;
        };
        let Some(mark) = account.mark.as_mut() else {
            return;
        };
        let (by_id, by_content) = (print(&[&past.id]), content_print(&past.message));
        let known = mark.knew(by_id) || mark.knew(by_content);
        let by_us = own && !to_self && mark.is_by_us(&from);
        mark.move_to(&past.id, past.at);
        account.given.extend([by_id, by_content]);
        if known || by_us || attr(&past.message, "type") == Some("groupchat") {
            return;
        }
        self.tell_old(&past.message, own && !to_self);
        self.place_account();
    }

    /// What came meanwhile, but for what the archive gave.
    pub(super) fn release_account(&mut self) {
        let Some(account) = &mut self.account else {
            return;
        };
        for message in std::mem::take(&mut account.queue) {
            self.take_message_now(&message);
        }
    }
}

impl Account {
    fn begin(&mut self) {
        self.state = State::Reading;
        self.unplaced = 0;
    }
}

/// Where somebody begins who was never told of anything.
fn first(last: Option<&Past>, now: Timestamp) -> Mark {
    // It may be among what the server brings just now, and then it is told.
    Mark {
        id: last.map(|last| last.id.clone()).unwrap_or_default(),
        at: last.map_or(now, |last| last.at),
        ..Mark::default()
    }
}
