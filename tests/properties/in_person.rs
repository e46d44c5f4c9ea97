//! Visitors at XMPP clients of their own, beside all others: they join, leave the line, come into
//! the room, speak there, go, decline, and come back.

use warmline::bridge::{Answer, Effect, Input, Record, Refusal, Reopening, RoomOrder, Visitor};
use warmline::conversation::{Author, ClosedBy, Conversation, Manners};
use warmline::ids::{AgentJid, ChannelId, ConversationId, VisitorToken, WorkgroupName};

use super::muc::By;
use super::people::{conversation, opening};
use super::world::World;

/// One of them serves, too.
const GUESTS: [&str; 4] = [
    "pia@away.example/web",
    "quinn@away.example/web",
    "pia@away.example/phone",
    "cy@acme.example/app",
];

fn who(guest: &str) -> AgentJid {
    AgentJid::parse(guest).expect("an account")
}

fn visitor(guest: &str) -> Visitor {
    Visitor {
        channel: ChannelId::new("xmpp"),
        token: VisitorToken::new(format!("support/{guest}")),
    }
}

impl World {
    pub fn guest_does(&mut self, number: u8, kind: u8) {
        let guest = GUESTS[usize::from(number) % GUESTS.len()];
        match kind % 12 {
            0..=3 => self.guest_joins(guest, kind),
            4 => {
                self.step(Input::Departed(visitor(guest)));
            }
            5 => self.guest_asks(guest),
            6 | 7 => self.with_guest(guest, |world, id| {
                world.muc.enter(&who(guest), &id);
            }),
            8 => self.guest_speaks(guest),
            9 => self.with_guest(guest, |world, id| world.muc.leave(&who(guest), &id)),
            10 => self.with_guest(guest, |world, id| world.muc.decline(&who(guest), &id)),
            _ => self.guest_wants_it_again(guest),
        }
    }

    fn guest_joins(&mut self, guest: &str, kind: u8) {
        self.count += 1;
        let id = format!("conv-{}", self.count);
        let mut wish = opening(&id);
        wish.visitor = visitor(guest);
        wish.ticket = None;
        wish.refuse_without_agents = true;
        wish.wait_ends = true;
        wish.manners = Manners {
            own_client: Some(guest.to_owned()),
            ..Manners::default()
        };
        if kind.is_multiple_of(5) {
            wish.workgroup = WorkgroupName::new("billing");
        }
        match self.step(Input::Open(wish)) {
            Answer::Opened {
                conversation,
                again: false,
            } => {
                self.guests.insert(conversation.clone(), who(guest));
                self.opened.push(conversation);
            }
            Answer::Opened { conversation, .. } => {
                assert!(self.guests.contains_key(&conversation));
            }
            Answer::Refused(_) => {}
            other => panic!("{other:?}"),
        }
    }

    /// Who waits has a place, and nobody else.
    fn guest_asks(&mut self, guest: &str) {
        let waits = self
            .bridge
            .conversations()
            .any(|one| one.waits_in_person() && one.manners.own_client.as_deref() == Some(guest));
        let answer = self.step(Input::PlaceAsked(visitor(guest)));
        match answer {
            Answer::Place(view) => assert!(waits && view.place > 0),
            Answer::Refused(Refusal::UnknownVisitor) => assert!(!waits),
            other => panic!("{other:?}"),
        }
    }

    fn guest_speaks(&mut self, guest: &str) {
        self.count += 1;
        let text = format!("guest {}", self.count);
        self.with_guest(guest, |world, id| world.muc.speak(&who(guest), &id, text));
    }

    /// Only a new join begins anew.
    fn guest_wants_it_again(&mut self, guest: &str) {
        self.count += 1;
        let wish = Reopening {
            conversation: conversation(&format!("conv-{}", self.count)),
            visitor: visitor(guest),
            key: None,
            hurry: true,
            by_platform: false,
            wait_ends: true,
            earlier: Vec::new(),
        };
        let answer = self.step(Input::Reopen(Box::new(wish)));
        let opened = matches!(answer, Answer::Opened { again: false, .. });
        assert!(!opened, "{answer:?}");
    }

    /// Does something in the guest's open conversation.
    fn with_guest(&mut self, guest: &str, act: impl FnOnce(&mut Self, ConversationId)) {
        let own = |one: &&Conversation| one.manners.own_client.as_deref() == Some(guest);
        let id = self
            .bridge
            .conversations()
            .find(own)
            .map(|one| one.id.clone());
        if let Some(id) = id {
            act(self, id);
        }
    }

    /// Nothing is said for a guest, nor for others before a guest; whose wait ends is told so.
    pub fn check_guest_effect(&self, effect: &Effect) {
        match effect {
            Effect::Room(id, RoomOrder::Say { words, .. }) => {
                let guest = self.guests.contains_key(id);
                assert!(!guest, "{id}: “{}” is said before a guest", words.text);
            }
            Effect::Room(id, RoomOrder::Open(plan)) => {
                let guest = self.guests.get(id).map(AgentJid::as_str);
                let planned = plan.in_person.as_deref().and_then(AgentJid::parse);
                let planned = planned.as_ref().map(AgentJid::as_str);
                // The very first order comes before the answer by which the guest is known here.
                assert!(guest.is_none() || guest == planned, "{id}: whose room?");
            }
            // It is written anew when the end has been told.
            Effect::Keep(Record::Past(past)) if self.is_end_of_guest(&past.id) => {
                let told = past.closing.is_some();
                let mut all = self.bridge.conversations();
                let ended = all.find(|one| one.id == past.id);
                let inside = ended.is_some_and(|one| one.visitor_nick().is_some());
                let knows = past.by == ClosedBy::Visitor || inside;
                assert!(
                    told || knows,
                    "{}: nobody tells the guest ({:?})",
                    past.id,
                    past.by
                );
            }
            _ => {}
        }
    }

    fn is_end_of_guest(&self, id: &ConversationId) -> bool {
        self.guests.contains_key(id) && !self.over.contains(id)
    }

    /// Every word that was said in the room that is there stands in the transcript, once, and
    /// bears the right name.
    pub fn check_guests_words(&self, id: &ConversationId, guest: &AgentJid) {
        let mut all = self.bridge.conversations();
        let Some(conversation) = all.find(|one| one.id == *id) else {
            return;
        };
        let room = self.muc.rooms.get(id);
        for item in room.into_iter().flat_map(|room| &room.log) {
            let By::Them(speaker) = &item.by else {
                panic!("{id}: we said “{}” before a guest", item.text);
            };
            if item.text.starts_with('!') {
                continue;
            }
            let lines = conversation.lines.iter();
            let mut same = lines.filter(|line| line.words.text == item.text);
            let line = same
                .next()
                .unwrap_or_else(|| panic!("{id}: “{}” is lost", item.text));
            let by_guest = matches!(line.author, Author::Visitor);
            assert_eq!(
                by_guest,
                speaker == guest,
                "{id}: who said “{}”?",
                item.text
            );
            assert!(same.next().is_none(), "{id}: “{}” twice", item.text);
        }
    }

    /// All guests who have a room come into it.
    pub fn guests_enter(&mut self) -> bool {
        let mut any = false;
        for (id, guest) in self.guests.clone() {
            if !self.over.contains(&id) {
                any |= self.muc.enter(&guest, &id);
            }
        }
        any
    }
}
