//! The language of the stories: who does what, and what is noticed outside.

use std::sync::Arc;
use std::time::Duration;

use warmline::bridge::{
    Answer, Bridge, Effect, Event, Input, OfferOutcome, RoomEvent, Saying, Spoken,
};
use warmline::conversation::{Delivery, Words};
use warmline::ids::{MessageId, Timestamp};
use warmline::workgroup::{Policy, Resource, Show};

use super::kept::Kept;
use super::people::policy;
pub use super::people::{agent, conversation, online, opening, rules, visitor};
use super::shown::visible;

/// A bridge, its store, and what the last step brought about.
pub struct Story {
    pub bridge: Bridge,
    pub kept: Kept,
    pub now: Timestamp,
    pub policy: Policy,
    /// The effects of the last step, or of all steps of the last wait.
    pub effects: Vec<Effect>,
    keys: u32,
}

impl Story {
    /// The link stands, nobody is there.
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same under other rules.
    pub fn with(change: impl FnOnce(&mut Policy)) -> Self {
        let mut policy = policy();
        change(&mut policy);
        let mut story = Self {
            bridge: Bridge::new(Arc::new(policy.clone())),
            kept: Kept::default(),
            now: Timestamp(1_600_000_000_000),
            policy,
            effects: Vec::new(),
            keys: 0,
        };
        story.step(Input::LinkUp);
        story
    }

    pub fn step(&mut self, input: Input) -> &mut Self {
        self.effects.clear();
        self.one(input);
        self
    }

    fn one(&mut self, input: Input) {
        let effects = self.bridge.step(self.now, input);
        let answers = effects.iter().filter(|e| matches!(e, Effect::Answer(_)));
        assert_eq!(answers.count(), 1, "one answer a step");
        assert!(matches!(effects.last(), Some(Effect::Answer(_))));
        let next = self.bridge.next_deadline();
        assert!(next.is_none_or(|next| next > self.now), "a deadline stays");
        self.kept.apply(&effects);
        self.effects.extend(effects);
    }

    /// Lets time pass; the clock strikes at every deadline on the way.
    pub fn wait(&mut self, seconds: u64) -> &mut Self {
        self.effects.clear();
        let end = self.now.plus(Duration::from_secs(seconds));
        while let Some(next) = self.bridge.next_deadline().filter(|next| *next <= end) {
            self.now = next;
            self.one(Input::Tick);
        }
        self.now = end;
        self
    }

    /// The program dies and starts again.
    pub fn restart(&mut self) -> &mut Self {
        let stored = self.kept.restored(self.now);
        self.bridge = Bridge::restore(Arc::new(self.policy.clone()), stored);
        self
    }

    /// What was noticed outside, in order and nothing else.
    #[track_caller]
    pub fn then(&mut self, expected: &[&str]) -> &mut Self {
        assert_eq!(self.seen(), expected);
        self
    }

    pub fn seen(&self) -> Vec<String> {
        self.effects.iter().filter_map(visible).collect()
    }

    /// How offers ended in the last step, or were made.
    pub fn outcomes(&self) -> Vec<OfferOutcome> {
        let outcome = |effect: &Effect| match effect {
            Effect::Happened(Event::Offer(_, _, outcome)) => Some(*outcome),
            _ => None,
        };
        self.effects.iter().filter_map(outcome).collect()
    }

    pub fn answer(&self) -> &Answer {
        match self.effects.last() {
            Some(Effect::Answer(answer)) => answer,
            other => panic!("no answer but {other:?}"),
        }
    }

    #[track_caller]
    pub fn answered(&mut self, expected: &Answer) -> &mut Self {
        assert_eq!(self.answer(), expected);
        self
    }

    pub fn agent_is(&mut self, name: &str, show: Show) -> &mut Self {
        let state = Resource { show, ..online() };
        self.client(name, "desk", state)
    }

    pub fn client(&mut self, name: &str, resource: &str, state: Resource) -> &mut Self {
        self.step(Input::AgentSeen {
            agent: agent(name),
            resource: resource.into(),
            state,
        })
    }

    pub fn online(&mut self, names: &[&str]) -> &mut Self {
        for name in names {
            self.agent_is(name, Show::Online);
        }
        self
    }

    pub fn offline(&mut self, name: &str) -> &mut Self {
        self.step(Input::AgentGone {
            agent: agent(name),
            resource: None,
        })
    }

    pub fn open(&mut self, id: &str) -> &mut Self {
        self.step(Input::Open(opening(id)))
    }

    pub fn says(&mut self, id: &str, message: &str, text: &str) -> &mut Self {
        self.step(Input::Said(Saying {
            visitor: visitor(id),
            id: MessageId::new(message),
            platform_id: None,
            words: Words::text(text),
        }))
    }

    pub fn accepts(&mut self, name: &str, id: &str) -> &mut Self {
        self.answers(name, id, true)
    }

    pub fn rejects(&mut self, name: &str, id: &str) -> &mut Self {
        self.answers(name, id, false)
    }

    fn answers(&mut self, name: &str, id: &str, accept: bool) -> &mut Self {
        self.step(Input::OfferAnswered {
            agent: agent(name),
            conversation: Some(conversation(id)),
            accept,
        })
    }

    pub fn room(&mut self, id: &str, event: RoomEvent) -> &mut Self {
        self.step(Input::Room {
            conversation: conversation(id),
            event,
        })
    }

    pub fn ready(&mut self, id: &str, fresh: bool, inside: &[&str]) -> &mut Self {
        let inside = inside
            .iter()
            .map(|name| (agent(name), (*name).to_owned()))
            .collect();
        self.room(id, RoomEvent::Ready { fresh, inside })
    }

    pub fn enters(&mut self, name: &str, id: &str) -> &mut Self {
        let event = RoomEvent::Entered {
            agent: agent(name),
            nick: name.to_owned(),
        };
        self.room(id, event)
    }

    pub fn leaves(&mut self, name: &str, id: &str) -> &mut Self {
        let event = RoomEvent::Left { agent: agent(name) };
        self.room(id, event)
    }

    pub fn declines(&mut self, name: &str, id: &str) -> &mut Self {
        let event = RoomEvent::Declined { agent: agent(name) };
        self.room(id, event)
    }

    /// Somebody says something in the room, under a new key.
    pub fn writes(&mut self, name: &str, id: &str, text: &str) -> &mut Self {
        self.keys += 1;
        let key = format!("k{}", self.keys);
        self.writes_as(&key, (name, id), text)
    }

    pub fn writes_as(&mut self, key: &str, (name, id): (&str, &str), text: &str) -> &mut Self {
        let spoken = Spoken {
            key: key.to_owned(),
            id: Some(MessageId::new(format!("client-{key}"))),
            nick: name.to_owned(),
            agent: Some(agent(name)),
            words: Words::text(text),
        };
        self.room(id, RoomEvent::Spoken(spoken))
    }

    pub fn reflects(&mut self, id: &str, message: &str) -> &mut Self {
        let event = RoomEvent::Reflected {
            id: MessageId::new(message),
            key: format!("r-{message}"),
        };
        self.room(id, event)
    }

    /// The promises of a conversation that the outside has not taken yet.
    pub fn owed(&self, id: &str) -> Vec<Delivery> {
        let owed = self.kept.owed().into_iter();
        owed.filter(|one| one.conversation.as_str() == id).collect()
    }

    /// The outside takes everything that is owed.
    pub fn delivered(&mut self) -> &mut Self {
        for delivery in self.kept.owed() {
            self.step(Input::Delivered(Box::new(delivery)));
        }
        self
    }

    /// The last promise of a conversation is given up.
    pub fn given_up(&mut self, id: &str) -> &mut Self {
        let delivery = self.owed(id).pop().unwrap();
        self.step(Input::GivenUp {
            delivery: Box::new(delivery),
            why: "cannot be reached".into(),
        })
    }

    /// A conversation in which an agent serves, briefed and with nothing pending.
    pub fn served(&mut self, id: &str, name: &str) -> &mut Self {
        self.online(&[name]).open(id);
        self.served_already(id, name)
    }

    /// The same from the request on.
    pub fn served_already(&mut self, id: &str, name: &str) -> &mut Self {
        self.online(&[name]);
        self.accepts(name, id).ready(id, true, &[]);
        self.enters(name, id).reflects(id, &format!("{id}-b1"));
        self.delivered();
        assert_eq!(self.owed(id), []);
        self
    }

    pub fn settings(&mut self, change: impl FnOnce(&mut Policy)) -> &mut Self {
        change(&mut self.policy);
        self.step(Input::Settings(Arc::new(self.policy.clone())))
    }
}
