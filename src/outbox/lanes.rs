//! Who may be tried next: one lane a conversation, in order, and a fair share for each channel.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::conversation::Delivery;
use crate::ids::{ChannelId, ConversationId};

use super::schedule::Decision;
use super::{OwedDelivery, ReportOutcome};

/// How many tries may be under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// In all; yet a channel that has none may always start one, whatever hangs elsewhere.
    pub all: usize,
    /// In one channel.
    pub per_channel: usize,
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Job {
    /// Try this one; ends with [`Lanes::tried`].
    Try(Box<OwedDelivery>),
    /// Report this end; ends with [`Lanes::told`].
    Tell(Box<Delivery>, ReportOutcome),
}

struct Kept {
    owed: OwedDelivery,
    due: Instant,
}

struct Ended {
    number: u64,
    outcome: ReportOutcome,
    told: u32,
}

enum State {
    /// The head is tried at this moment; so the timers say.
    Waiting(Instant),
    /// The head may be tried as soon as its channel has a place.
    Ready,
    /// This number is being tried.
    Trying(u64),
    /// This end is reported at this moment; so the timers say.
    Ended(Ended, Instant),
    /// This end is being reported.
    Telling(Ended),
}

struct Lane {
    /// A conversation has one channel.
    channel: ChannelId,
    owed: BTreeMap<u64, Kept>,
    state: State,
    /// Whether the head is wanted again as soon as the try under way has failed.
    nudged: bool,
}

#[derive(Default)]
struct Channel {
    ready: VecDeque<ConversationId>,
    trying: usize,
    /// Nothing is tried before this moment, and then one alone until it turns out well.
    hold: Option<Instant>,
}

/// All lanes.
pub(super) struct Lanes {
    limits: Limits,
    lanes: HashMap<ConversationId, Lane>,
    channels: BTreeMap<ChannelId, Channel>,
    /// The channels in the order in which they have their turns.
    turns: VecDeque<ChannelId>,
    timers: BTreeSet<(Instant, ConversationId)>,
    trying: usize,
    ending: usize,
    owed: usize,
}

impl Lanes {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            lanes: HashMap::new(),
            channels: BTreeMap::new(),
            turns: VecDeque::new(),
            timers: BTreeSet::new(),
            trying: 0,
            ending: 0,
            owed: 0,
        }
    }

    /// How many deliveries are owed.
    pub fn owed(&self) -> usize {
        self.owed
    }

    /// How many tries are under way.
    pub fn trying(&self) -> usize {
        self.trying
    }

    /// Whether something is under way that a stop should wait for.
    pub fn busy(&self) -> bool {
        self.trying > 0 || self.ending > 0
    }

    /// The channels that are out of order.
    pub fn held(&self) -> impl Iterator<Item = &ChannelId> {
        let held = |(id, channel): (_, &Channel)| channel.hold.map(|_| id);
        self.channels.iter().filter_map(held)
    }

    /// Takes a promise that is to be tried at `due`; one that is known already is left as it is.
    pub fn add(&mut self, owed: OwedDelivery, due: Instant) {
        let conversation = owed.delivery.conversation.clone();
        let number = owed.delivery.number;
        let channel = owed.delivery.channel.clone();
        if !self.channels.contains_key(&channel) {
            self.channels.insert(channel.clone(), Channel::default());
            self.turns.push_back(channel.clone());
        }
        let lane = self.lanes.entry(conversation.clone()).or_insert(Lane {
            channel,
            owed: BTreeMap::new(),
            state: State::Waiting(due),
            nudged: false,
        });
        if lane.owed.contains_key(&number) {
            return;
        }
        lane.owed.insert(number, Kept { owed, due });
        self.owed += 1;
        if let State::Waiting(_) = lane.state {
            self.arrange(conversation);
        }
    }

    /// Does not let the head wait for its time. A hold of the channel stands.
    pub fn nudge(&mut self, conversation: ConversationId, now: Instant) {
        let Some(lane) = self.lanes.get_mut(&conversation) else {
            return;
        };
        match &mut lane.state {
            State::Waiting(_) => {
                if let Some(mut head) = lane.owed.first_entry() {
                    head.get_mut().due = now;
                }
                self.arrange(conversation);
            }
            State::Trying(_) => lane.nudged = true,
            State::Ended(_, at) => {
                self.timers.remove(&(*at, conversation.clone()));
                *at = now;
                self.timers.insert((now, conversation));
            }
            State::Ready | State::Telling(_) => {}
        }
    }

    /// What is to be begun at `now`; without tries where they are not `wanted` any more.
    pub fn begin(&mut self, now: Instant, wanted: bool) -> Vec<Job> {
        let mut jobs = Vec::new();
        while self.timers.first().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, conversation)) = self.timers.pop_first() {
                jobs.extend(self.ripen(conversation));
            }
        }
        let mut passed = 0;
        while wanted && passed < self.turns.len() {
            self.turns.rotate_left(1);
            match self.next_try(now) {
                Some(job) => {
                    jobs.push(job);
                    passed = 0;
                }
                None => passed += 1,
            }
        }
        jobs
    }

    /// When there may be something to begin, should nothing else happen.
    pub fn next_wake(&self, wanted: bool) -> Option<Instant> {
        let timer = self.timers.first().map(|(at, _)| *at);
        let waited_for =
            |channel: &&Channel| wanted && channel.trying == 0 && !channel.ready.is_empty();
        let holds = self.channels.values().filter(waited_for);
        holds.filter_map(|channel| channel.hold).chain(timer).min()
    }

    /// A try has ended.
    pub fn tried(&mut self, conversation: ConversationId, decision: Decision, now: Instant) {
        let Some(lane) = self.lanes.get_mut(&conversation) else {
            return;
        };
        let State::Trying(number) = lane.state else {
            return;
        };
        let nudged = std::mem::take(&mut lane.nudged);
        let channel = self.channels.entry(lane.channel.clone()).or_default();
        channel.trying = channel.trying.saturating_sub(1);
        self.trying = self.trying.saturating_sub(1);
        if let Decision::Hold(span) = decision {
            channel.hold = Some(now + span);
            lane.state = State::Ready;
            channel.ready.push_front(conversation);
            return;
        }
        if channel.hold.is_some_and(|until| until <= now) {
            channel.hold = None;
        }
        match decision {
            Decision::Delivered => self.end(conversation, number, (ReportOutcome::Delivered, now)),
            Decision::GiveUp(why) => {
                self.end(conversation, number, (ReportOutcome::GivenUp { why }, now));
            }
            Decision::Again { owed, after } => {
                let due = if nudged { now } else { now + after };
                lane.owed.insert(number, Kept { owed: *owed, due });
                self.arrange(conversation);
            }
            Decision::Hold(_) => {}
        }
    }

    /// A report has been settled, or could not be.
    pub fn told(&mut self, conversation: ConversationId, settled: bool, now: Instant) {
        let Some(lane) = self.lanes.get_mut(&conversation) else {
            return;
        };
        let waiting = State::Waiting(now);
        match std::mem::replace(&mut lane.state, waiting) {
            State::Telling(ended) if settled => {
                lane.owed.remove(&ended.number);
                self.owed = self.owed.saturating_sub(1);
                self.ending = self.ending.saturating_sub(1);
                self.arrange(conversation);
            }
            State::Telling(ended) => {
                let at = now + tell_again(ended.told);
                lane.state = State::Ended(ended, at);
                self.timers.insert((at, conversation));
            }
            other => lane.state = other,
        }
    }

    /// Puts a lane that nothing is under way for to its head's time, or away where it is empty.
    fn arrange(&mut self, conversation: ConversationId) {
        let Some(lane) = self.lanes.get_mut(&conversation) else {
            return;
        };
        if let State::Waiting(at) = lane.state {
            self.timers.remove(&(at, conversation.clone()));
        }
        let Some(due) = lane.owed.values().next().map(|head| head.due) else {
            self.lanes.remove(&conversation);
            return;
        };
        lane.state = State::Waiting(due);
        self.timers.insert((due, conversation));
    }

    fn end(
        &mut self,
        conversation: ConversationId,
        number: u64,
        (outcome, now): (ReportOutcome, Instant),
    ) {
        if let Some(lane) = self.lanes.get_mut(&conversation) {
            let ended = Ended {
                number,
                outcome,
                told: 0,
            };
            lane.state = State::Ended(ended, now);
            self.timers.insert((now, conversation));
            self.ending += 1;
        }
    }

    fn ripen(&mut self, conversation: ConversationId) -> Option<Job> {
        let lane = self.lanes.get_mut(&conversation)?;
        match std::mem::replace(&mut lane.state, State::Ready) {
            State::Waiting(_) => {
                let channel = self.channels.get_mut(&lane.channel)?;
                channel.ready.push_back(conversation);
                None
            }
            State::Ended(mut ended, _) => {
                ended.told = ended.told.saturating_add(1);
                let delivery = lane.owed.get(&ended.number)?.owed.delivery.clone();
                let job = Job::Tell(Box::new(delivery), ended.outcome.clone());
                lane.state = State::Telling(ended);
                Some(job)
            }
            other => {
                lane.state = other;
                None
            }
        }
    }

    /// A try for the channel whose turn it is.
    fn next_try(&mut self, now: Instant) -> Option<Job> {
        let channel = self.channels.get_mut(self.turns.back()?)?;
        let most = match channel.hold {
            Some(until) if until > now => 0,
            Some(_) => 1,
            None => self.limits.per_channel,
        };
        let full = self.trying >= self.limits.all && channel.trying > 0;
        if channel.trying >= most || full {
            return None;
        }
        let lane = self.lanes.get_mut(&channel.ready.pop_front()?)?;
        let (number, head) = lane.owed.first_key_value()?;
        lane.state = State::Trying(*number);
        channel.trying += 1;
        self.trying += 1;
        Some(Job::Try(Box::new(head.owed.clone())))
    }
}

/// How long to wait before the same end is reported again.
fn tell_again(told: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(100);
    const MOST: Duration = Duration::from_secs(10);
    FIRST
        .saturating_mul(2_u32.saturating_pow(told.saturating_sub(1)))
        .min(MOST)
}

#[cfg(test)]
mod tests;
