//! Joins conversations and workgroups: facts in, consequences out.

mod agents;
mod answer;
mod approach;
mod deliveries;
mod effect;
mod ending;
mod handing;
mod heard;
mod in_person;
mod input;
mod link;
mod noting;
mod patience;
mod place;
mod receipts;
mod recounting;
mod reopening;
mod restore;
mod rooms;
mod routing;
mod service;
mod spoken;
mod strand;
mod telling;
mod views;
mod visitors;
mod writing;

pub use answer::*;
pub use approach::{Acknowledgement, Approach};
pub use effect::*;
pub use input::*;
pub use reopening::Reopening;
pub use restore::Restored;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use crate::conversation::{ClosedBy, Conversation, Past, Scribe, Stage};
use crate::ids::{AgentJid, ConversationId, MessageId, TicketId, Timestamp, WorkgroupName};
use crate::workgroup::{Decision, Dispatch, Policy};

/// A silence that were over at once would end whatever is said.
const SHORTEST_SILENCE: Duration = Duration::from_secs(1);

/// What the bridge knows of a visitor.
#[derive(Debug, Default)]
struct Known {
    open: Option<ConversationId>,
    past: Option<Box<Past>>,
}

/// All conversations and everybody who takes part in them.
#[derive(Debug)]
pub struct Bridge {
    policy: Arc<Policy>,
    dispatch: Dispatch,
    conversations: BTreeMap<ConversationId, Conversation>,
    visitors: BTreeMap<Visitor, Known>,
    seen: BTreeMap<(Visitor, String), SeenRecord>,
    seen_until: BTreeSet<(Timestamp, Visitor, String)>,
    /// The conversations that are over, by their foreign ids.
    tickets: BTreeMap<(Visitor, TicketId), reopening::LastEnd>,
    past_until: BTreeSet<(Timestamp, Visitor, Option<TicketId>)>,
    timers: BTreeSet<(Timestamp, ConversationId)>,
    armed: BTreeMap<ConversationId, Timestamp>,
    linked: bool,
    /// The rules are not those under which conversations were last looked at.
    rules_changed: bool,
    /// When a workgroup next opens or closes by its hours; the outer `None` where that was not
    /// looked at under these rules.
    hours_change: Option<Option<Timestamp>>,
    /// The last waits in each workgroup, in milliseconds.
    waits: BTreeMap<WorkgroupName, VecDeque<u64>>,
    step: Step,
}

/// What gathers while one input is stepped.
#[derive(Debug, Default)]
struct Step {
    out: Vec<Effect>,
    conversations: BTreeSet<ConversationId>,
    stirred: BTreeSet<ConversationId>,
    agents: BTreeSet<AgentJid>,
    queues: BTreeSet<WorkgroupName>,
    colleagues: BTreeSet<WorkgroupName>,
}

/// What a new line is called by us, and by the room where it comes from there.
struct Names {
    id: MessageId,
    key: Option<String>,
}

impl From<MessageId> for Names {
    fn from(id: MessageId) -> Self {
        Self { id, key: None }
    }
}

impl Bridge {
    /// A bridge that knows nothing yet.
    pub fn new(policy: Arc<Policy>) -> Self {
        Self {
            dispatch: Dispatch::new(policy.clone()),
            policy,
            conversations: BTreeMap::new(),
            visitors: BTreeMap::new(),
            seen: BTreeMap::new(),
            seen_until: BTreeSet::new(),
            tickets: BTreeMap::new(),
            past_until: BTreeSet::new(),
            timers: BTreeSet::new(),
            armed: BTreeMap::new(),
            linked: false,
            rules_changed: true,
            hours_change: None,
            waits: BTreeMap::new(),
            step: Step::default(),
        }
    }

    /// Takes one input at `now`; exactly one of the effects is an `Answer`.
    pub fn step(&mut self, now: Timestamp, input: Input) -> Vec<Effect> {
        self.forget_old(now);
        self.mind_the_hours(now);
        let answer = self.take(now, input);
        if std::mem::take(&mut self.rules_changed) {
            self.leave_closed_workgroups(now);
        }
        while self.ring(now) || self.decide(now) {}
        self.keep();
        let mut out = std::mem::take(&mut self.step.out);
        out.push(Effect::Answer(answer));
        out
    }

    /// When a [`Input::Tick`] is next due; `None` while nothing is waited for.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let hours = self.hours_change.flatten();
        let others = self.dispatch.next_deadline().into_iter().chain(hours);
        timer.into_iter().chain(others).min()
    }

    /// The conversations that are not over, and those whose room is not destroyed yet.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> {
        self.conversations.values()
    }

    /// Who waits and who serves.
    pub fn dispatch(&self) -> &Dispatch {
        &self.dispatch
    }

    fn take(&mut self, now: Timestamp, input: Input) -> Answer {
        match input {
            Input::Open(opening) => self.open(now, opening),
            Input::Said(saying) => self.said(now, saying),
            Input::Overheard(heard) => self.overheard(now, *heard),
            Input::Approached(approach) => self.approached(now, *approach),
            Input::Acknowledged(told) => self.acknowledged(now, &told),
            Input::CaseFiled(case) => self.case_filed(now, *case),
            Input::VisitorClosed(visitor) => self.visitor_closed(now, &visitor, ClosedBy::Visitor),
            Input::PlatformClosed(visitor) => {
                self.visitor_closed(now, &visitor, ClosedBy::Platform)
            }
            Input::PlaceAsked(visitor) => self.place_asked(&visitor),
            Input::Departed(visitor) => self.departed(now, &visitor),
            Input::Reopen(wish) => self.reopen(now, *wish),
            Input::EndDoubted(visitor) => self.end_doubted(now, &visitor),
            Input::Named { delivery, name } => self.named(now, &delivery, name),
            Input::Recounted { visitor, earlier } => self.recounted(now, &visitor, earlier),
            Input::History {
                conversation,
                earlier,
            } => self.history(now, &conversation, earlier),
            Input::CallbackLearnt { channel, url } => {
                self.emit(Effect::Keep(Record::Callback(channel, url)));
                Answer::Done
            }
            Input::LinkUp => self.link_up(now),
            Input::LinkDown => self.link_down(),
            Input::QueueAsked(workgroup) => self.queue_view(now, (&workgroup, usize::MAX)),
            Input::QueueGlanced(workgroup) => self.glance(now, &workgroup),
            Input::ChatsAsked(agent) => self.chats_view(&agent),
            Input::ColleaguesAsked(workgroup) => self.colleagues_view(workgroup),
            Input::Room {
                conversation,
                event,
            } => self.room(now, &conversation, event),
            Input::Delivered(delivery) => self.delivered(&delivery),
            Input::GivenUp { delivery, why } => self.given_up(now, *delivery, &why),
            Input::OperatorClosed(conversation) => self.operator_closed(now, &conversation),
            Input::Settings(policy) => self.settings(policy),
            Input::Tick => Answer::Done,
            of_agents => self.of_agents(now, of_agents),
        }
    }

    fn emit(&mut self, effect: Effect) {
        self.step.out.push(effect);
    }

    fn happened(&mut self, event: Event) {
        self.emit(Effect::Happened(event));
    }

    fn impossible(&mut self, what: &'static str) -> Answer {
        self.happened(Event::Impossible(what));
        Answer::Refused(Refusal::UnknownConversation)
    }

    /// The conversation is to be stored and its timer set anew when the step is done.
    fn touch(&mut self, conversation: &ConversationId) {
        self.step.conversations.insert(conversation.clone());
        self.step.stirred.insert(conversation.clone());
    }

    /// Carries out what the dispatcher finds due; tells whether there was anything.
    fn decide(&mut self, now: Timestamp) -> bool {
        let decisions = self.dispatch.settle(now);
        let any = !decisions.is_empty();
        for decision in decisions {
            match decision {
                Decision::Ask {
                    conversation,
                    offer,
                    again,
                } => self.ask(now, &conversation, (offer, again)),
                Decision::Unask {
                    conversation,
                    workgroup,
                    offer,
                    why,
                } => self.unask(&conversation, (workgroup, offer), why),
                Decision::Moved {
                    conversation,
                    from,
                    to,
                } => self.moved(&conversation, from, to),
                Decision::Stays(conversation) => self.touch(&conversation),
                Decision::NobodyCame(conversation, request) => {
                    self.nobody_came(now, &conversation, *request);
                }
                Decision::Forgotten(agent) => {
                    self.step.agents.insert(agent.clone());
                    self.queues_of(&agent);
                }
            }
        }
        any
    }

    /// Emits what is to be stored of all that was touched.
    fn keep(&mut self) {
        for id in std::mem::take(&mut self.step.conversations) {
            let Some(conversation) = self.conversations.get(&id) else {
                continue;
            };
            let record = ConversationRecord {
                conversation: conversation.without_lines(),
                request: self.dispatch.request(&id).cloned(),
            };
            self.emit(Effect::Keep(Record::Conversation(Box::new(record))));
        }
        for agent in std::mem::take(&mut self.step.agents) {
            let record = Box::new(self.dispatch.agent_record(&agent));
            self.emit(Effect::Keep(Record::Agent(agent, record)));
        }
        for queue in std::mem::take(&mut self.step.queues) {
            self.emit(Effect::QueueChanged(queue));
        }
        for workgroup in std::mem::take(&mut self.step.colleagues) {
            self.emit(Effect::ColleaguesChanged(workgroup));
        }
    }

    /// Sets a conversation's timer to when something is next due in it.
    fn arm(&mut self, id: &ConversationId) {
        if let Some(at) = self.armed.remove(id) {
            self.timers.remove(&(at, id.clone()));
        }
        if let Some(at) = self.conversations.get(id).and_then(|c| self.due(c)) {
            self.armed.insert(id.clone(), at);
            self.timers.insert((at, id.clone()));
        }
    }

    fn due(&self, conversation: &Conversation) -> Option<Timestamp> {
        let service = match &conversation.stage {
            Stage::Waiting { place, .. } => {
                let every = conversation.manners.place_every;
                let told = place
                    .as_ref()
                    .zip(every)
                    .map(|(told, every)| told.at.plus(every));
                return told.into_iter().chain(conversation.visitor_until()).min();
            }
            Stage::Served(service) => service,
            Stage::Over { .. } => return None,
        };
        let policy = self.policy.workgroups.get(&conversation.workgroup);
        let idle = policy.and_then(|policy| policy.idle_close);
        let silent_since = conversation.silent_since();
        let silence = idle.and_then(|idle| Some(silent_since?.plus(idle.max(SHORTEST_SILENCE))));
        let missing = conversation.visitor_until();
        service
            .deadline()
            .into_iter()
            .chain(silence)
            .chain(missing)
            .min()
    }

    /// Sets the timers of all that was stirred and carries out those that are due; tells whether
    /// there were any.
    fn ring(&mut self, now: Timestamp) -> bool {
        for id in std::mem::take(&mut self.step.stirred) {
            self.arm(&id);
        }
        let mut rang = false;
        while let Some((_, id)) = self.timers.first().filter(|(at, _)| *at <= now).cloned() {
            rang = true;
            self.timer_rang(now, &id);
            self.arm(&id);
        }
        rang
    }

    fn queues_of(&mut self, agent: &AgentJid) {
        let names: Vec<WorkgroupName> = self.policy.workgroups_of(agent).cloned().collect();
        self.step.queues.extend(names);
    }

    /// How what was said is written for agents.
    fn scribe<'a>(policy: &'a Policy) -> Scribe<'a> {
        Scribe {
            zone: &policy.zone,
            visitor: &policy.labels.visitor,
            bot: &policy.labels.bot,
        }
    }
}
