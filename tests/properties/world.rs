//! A bridge, everything outside of it, and what must be true after every step.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use warmline::bridge::{Answer, Bridge, Effect, Input, Overheard, Record, Saying};
use warmline::conversation::{Delivery, Outgoing};
use warmline::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};
use warmline::workgroup::{Overflow, Policy, Resource};

use super::kept::Kept;
use super::ledger::{Ledger, PAUSE, Stepped};
use super::muc::Muc;
use super::people::{agent, online, policy, rules};
use super::shown::visible;

/// How long the world remembers what is over: shorter than a history, so that forgetting happens.
pub const KEEP: Duration = Duration::from_secs(600);

/// A bridge in its surroundings.
pub struct World {
    pub bridge: Bridge,
    /// A bridge that was restored at some point, and has to do the same ever after.
    pub twin: Option<(Bridge, Kept)>,
    pub kept: Kept,
    pub now: Timestamp,
    pub policy: Policy,
    pub linked: bool,
    pub muc: Muc,
    pub ledger: Ledger,
    /// Whether everything that may come twice does.
    pub twice: bool,
    /// What is owed to the outside, by conversation.
    pub lanes: BTreeMap<ConversationId, VecDeque<Delivery>>,
    promised: BTreeMap<ConversationId, u64>,
    /// What visitors said and was accepted, by conversation.
    pub said: BTreeMap<ConversationId, Vec<(MessageId, String)>>,
    /// What the outside was promised of agents' words, by conversation.
    pub heard: BTreeMap<ConversationId, Vec<String>>,
    pub over: BTreeSet<ConversationId>,
    /// Everything that was ever opened.
    pub opened: Vec<ConversationId>,
    /// The ticket that a visitor used last.
    pub tickets: BTreeMap<u8, u8>,
    /// The clients that are really there, whether or not we hear of them.
    pub clients: BTreeMap<(AgentJid, String), Resource>,
    /// What visitors said, each with when it was first said.
    pub sayings: Vec<(Timestamp, Saying)>,
    /// What was heard from the platform, each with when that was first.
    pub overheard: Vec<(Timestamp, Overheard)>,
    pub count: u32,
    /// Who came in person, by conversation.
    pub guests: BTreeMap<ConversationId, AgentJid>,
}

/// The rules of the world.
pub fn world_policy() -> Policy {
    let mut policy = policy();
    policy.keep = KEEP;
    policy.remember_ids = KEEP / 2;
    for group in policy.workgroups.values_mut() {
        group.rejection_pause = PAUSE;
        group.request_timeout = Some(Duration::from_secs(100));
        group.join_timeout = Duration::from_secs(30);
    }
    let support = rules(&mut policy, "support");
    support.routing.preferred = Some("agent".into());
    support.routing.overflow = Some(Overflow {
        after: Duration::from_secs(50),
        to: WorkgroupName::new("billing"),
    });
    rules(&mut policy, "billing").max_chats = 3;
    rules(&mut policy, "billing").idle_close = Some(Duration::from_secs(300));
    policy
}

impl World {
    pub fn new(twice: bool) -> Self {
        let policy = world_policy();
        let mut world = Self {
            bridge: Bridge::new(Arc::new(policy.clone())),
            twin: None,
            kept: Kept::default(),
            now: Timestamp(1_600_000_000_000),
            policy,
            linked: false,
            muc: Muc::default(),
            ledger: Ledger::default(),
            twice,
            lanes: BTreeMap::new(),
            promised: BTreeMap::new(),
            said: BTreeMap::new(),
            heard: BTreeMap::new(),
            over: BTreeSet::new(),
            opened: Vec::new(),
            tickets: BTreeMap::new(),
            clients: BTreeMap::new(),
            sayings: Vec::new(),
            overheard: Vec::new(),
            count: 0,
            guests: BTreeMap::new(),
        };
        world.set_link(true);
        for name in ["ana", "ben"] {
            let (agent, resource) = (agent(name), "0".to_owned());
            let client = (agent.clone(), resource.clone());
            world.clients.insert(client, online());
            world.step(Input::AgentSeen {
                agent,
                resource,
                state: online(),
            });
        }
        world
    }

    pub fn step(&mut self, input: Input) -> Answer {
        let effects = self.bridge.step(self.now, input.clone());
        let answer = the_answer(&effects);
        self.kept.apply(&effects);
        self.kept.expire(self.now);
        self.mirror(&input, &effects);
        self.ledger.note(&Stepped {
            now: self.now,
            input: &input,
            effects: &effects,
            bridge: &self.bridge,
            policy: &self.policy,
        });
        for effect in effects {
            self.absorb(effect);
        }
        self.check();
        if self.twice && comes_twice(&input) {
            self.again(input);
        }
        answer
    }

    /// The restored one is told the same and does the same.
    fn mirror(&mut self, input: &Input, effects: &[Effect]) {
        let Some((twin, kept)) = &mut self.twin else {
            return;
        };
        let others = twin.step(self.now, input.clone());
        kept.apply(&others);
        kept.expire(self.now);
        let (ours, theirs) = (essence(effects), essence(&others));
        assert_eq!(ours, theirs, "the restored one differs after {input:?}");
        let differs = self.kept.difference(kept);
        assert_eq!(differs, None, "the stores differ after {input:?}");
        let next = twin.next_deadline();
        assert_eq!(self.bridge.next_deadline(), next, "after {input:?}");
    }

    /// The same input again changes nothing.
    fn again(&mut self, input: Input) {
        let before = self.kept.clone();
        let effects = self.bridge.step(self.now, input.clone());
        the_answer(&effects);
        self.kept.apply(&effects);
        let seen: Vec<String> = effects.iter().filter_map(visible).collect();
        assert!(seen.is_empty(), "a second {input:?} brought {seen:?}");
        assert_eq!(before, self.kept, "a second {input:?} was stored");
        self.mirror(&input, &effects);
    }

    fn absorb(&mut self, effect: Effect) {
        self.check_guest_effect(&effect);
        match effect {
            Effect::Room(id, order) => self.muc.order(id, order),
            Effect::Deliver(delivery) => self.promise(delivery),
            Effect::Keep(Record::Past(past)) => {
                self.over.insert(past.id);
            }
            _ => {}
        }
    }

    fn promise(&mut self, delivery: Delivery) {
        let id = delivery.conversation.clone();
        let last = self.promised.insert(id.clone(), delivery.number);
        assert!(
            last.is_none_or(|last| last < delivery.number),
            "{id}: out of order"
        );
        assert!(!self.over.contains(&id), "{id}: a promise after the end");
        if let Outgoing::Words { words, .. } = &delivery.what {
            self.heard
                .entry(id.clone())
                .or_default()
                .push(words.text.clone());
        }
        self.lanes.entry(id).or_default().push_back(delivery);
    }

    /// A program dies and another reads what it stored. The first one, if it goes on, has only
    /// lost its link.
    pub fn kill(&mut self) {
        self.set_link(false);
        let stored = self.kept.restored(self.now);
        let restored = Bridge::restore(Arc::new(self.policy.clone()), stored);
        let first = std::mem::replace(&mut self.bridge, restored);
        self.ledger.restarted();
        if self.twin.is_some() {
            self.twin = Some((first, self.kept.clone()));
        }
        let owed: usize = self.lanes.values().map(VecDeque::len).sum();
        assert_eq!(self.kept.owed().len(), owed, "promises were lost");
        self.step(Input::Tick);
    }

    /// From here on a restored bridge goes along.
    pub fn fork(&mut self) {
        self.set_link(false);
        let stored = self.kept.restored(self.now);
        let restored = Bridge::restore(Arc::new(self.policy.clone()), stored);
        self.twin = Some((restored, self.kept.clone()));
        self.step(Input::Tick);
    }

    pub fn set_link(&mut self, up: bool) {
        self.linked = up;
        self.muc.link(up);
        let input = if up { Input::LinkUp } else { Input::LinkDown };
        self.step(input);
    }

    /// Lets time pass; the clock strikes at every deadline on the way.
    pub fn wait(&mut self, span: Duration) {
        let end = self.now.plus(span);
        while let Some(next) = self.bridge.next_deadline().filter(|next| *next <= end) {
            self.now = next;
            self.step(Input::Tick);
        }
        self.now = end;
    }

    /// The conversations that are not over.
    pub fn open_ids(&self) -> Vec<ConversationId> {
        let open = self.opened.iter().filter(|id| !self.over.contains(*id));
        open.cloned().collect()
    }

    /// The workgroups of the rules in force.
    pub fn workgroups(&self) -> Vec<WorkgroupName> {
        self.policy.workgroups.keys().cloned().collect()
    }
}

/// The one answer, which comes last.
pub fn the_answer(effects: &[Effect]) -> Answer {
    let answers = effects.iter().filter(|e| matches!(e, Effect::Answer(_)));
    assert_eq!(answers.count(), 1, "one answer a step");
    match effects.last() {
        Some(Effect::Answer(answer)) => answer.clone(),
        _ => panic!("the answer comes last"),
    }
}

/// What has to be the same after a restart. The average wait may differ: how long those before
/// had to wait is a figure for display, and not stored.
fn essence(effects: &[Effect]) -> Vec<String> {
    let answer = |effect: &Effect| match effect {
        Effect::Answer(Answer::Queue(view)) => {
            let mut view = view.clone();
            view.average_wait = Duration::ZERO;
            Some(format!("{view:?}"))
        }
        Effect::Answer(Answer::Place(view)) => {
            let mut view = view.clone();
            view.usual_wait = None;
            Some(format!("{view:?}"))
        }
        Effect::Answer(answer) => Some(format!("{answer:?}")),
        Effect::QueueChanged(_) | Effect::ColleaguesChanged(_) | Effect::Happened(_) => {
            Some(format!("{effect:?}"))
        }
        _ => None,
    };
    let all = effects.iter();
    all.filter_map(|effect| visible(effect).or_else(|| answer(effect)))
        .collect()
}

/// Whether the input says something that may be said again without meaning anything new.
/// Not so: `Entered`, `Ready` and `Gone` tell of a state of the room that is asserted anew;
/// `LinkUp` asks for everything again; an answer that names no offer means whichever is open.
fn comes_twice(input: &Input) -> bool {
    use warmline::bridge::RoomEvent::{Declined, Left, Marked, Reflected, Rejected, Spoken};
    match input {
        Input::Open(_)
        | Input::Said(_)
        | Input::Recounted { .. }
        | Input::Named { .. }
        | Input::EndDoubted(_)
        | Input::Overheard(_)
        | Input::Approached(_)
        | Input::Acknowledged(_)
        | Input::CaseFiled(_)
        | Input::VisitorClosed(_)
        | Input::PlatformClosed(_)
        | Input::PlaceAsked(_)
        | Input::Departed(_)
        | Input::Watched { .. }
        | Input::History { .. }
        | Input::CallbackLearnt { .. }
        | Input::LinkDown
        | Input::AgentSeen { .. }
        | Input::AgentAlive { .. }
        | Input::AgentGone { .. }
        | Input::AgentPaused { .. }
        | Input::Delivered(_)
        | Input::GivenUp { .. }
        | Input::OperatorClosed(_)
        | Input::Settings(_)
        | Input::QueueAsked(_)
        | Input::QueueGlanced(_)
        | Input::ChatsAsked(_)
        | Input::ColleaguesAsked(_)
        | Input::Tick => true,
        Input::OfferAnswered { conversation, .. } | Input::AgentClosed { conversation, .. } => {
            conversation.is_some()
        }
        Input::Room { event, .. } => matches!(
            event,
            Declined { .. }
                | Left { .. }
                | Marked { .. }
                | Reflected { .. }
                | Rejected { .. }
                | Spoken(_)
        ),
        // Until all is told it is told on; a second one is told apart where it was taken. The second
        // hand-over is refused, as the first is under way; a note may be made twice.
        Input::Reopen(_) | Input::LinkUp | Input::HandedOver { .. } | Input::Noted { .. } => false,
    }
}
