//! What became of every conversation.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::report::{Report, Times};
use crate::support::openchs::{CLOSED_FLOW, RECEIPT_FLOW, REPLY_FLOW};

/// One conversation.
#[derive(Default)]
struct Talk {
    opened: Option<Instant>,
    answered: Option<Instant>,
    /// When an agent first had the client's first word.
    met: Option<Instant>,
    /// How often each of the client's two words came to an agent's room.
    heard: [usize; 2],
    refused: usize,
    /// The client's words of which RapidPro was told that nobody will see them: said just before the end.
    unseen: [bool; 2],
    /// The counselors' words that RapidPro was told, and how often one of them came again.
    replies: HashSet<String>,
    doubled: usize,
    ends: usize,
}

#[derive(Default)]
struct State {
    talks: Vec<Talk>,
    /// Chats that each agent took, has now, and had at most at a time.
    taken: HashMap<usize, usize>,
    holds: HashMap<usize, usize>,
    most: HashMap<usize, usize>,
    offers: HashMap<&'static str, usize>,
}

/// All of them.
pub struct Ledger {
    state: Mutex<State>,
}

impl Ledger {
    /// Of so many conversations.
    pub fn new(talks: usize) -> Ledger {
        let mut state = State::default();
        state.talks.resize_with(talks, Talk::default);
        Ledger {
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("the ledger")
    }

    /// A client says the word of this number.
    pub fn says(&self, (talk, word): (usize, usize), at: Instant) {
        if word == 0 {
            self.state().talks[talk].opened = Some(at);
        }
    }

    /// The gateway answered it.
    pub fn answered(&self, (talk, word): (usize, usize), status: u16) {
        let one = &mut self.state().talks[talk];
        one.refused += usize::from(status != 201);
        if word == 0 {
            one.answered = Some(Instant::now());
        }
    }

    /// An offer ended so.
    pub fn offered(&self, how: &'static str) {
        *self.state().offers.entry(how).or_default() += 1;
    }

    /// An agent heard a client's word; `old` where a room's history told it, as to whoever takes over.
    pub fn heard(&self, (talk, word): (usize, usize), (at, old): (Instant, bool)) {
        let one = &mut self.state().talks[talk];
        if !old || one.heard[word] == 0 {
            one.heard[word] += 1;
        }
        if word == 0 {
            one.met.get_or_insert(at);
        }
    }

    /// An agent took a chat.
    pub fn took(&self, agent: usize) {
        let mut state = self.state();
        *state.taken.entry(agent).or_default() += 1;
        let now = state.holds.entry(agent).or_default();
        *now += 1;
        let now = *now;
        let most = state.most.entry(agent).or_default();
        *most = now.max(*most);
    }

    /// An agent's chat is over.
    pub fn gave_back(&self, agent: usize) {
        let mut state = self.state();
        let now = state.holds.entry(agent).or_default();
        *now = now.saturating_sub(1);
    }

    /// RapidPro was called. Gives the session whose client has an answer to a first word.
    pub fn called(&self, body: &Value) -> Option<usize> {
        let session = body["params"]["conversation_id"].as_str()?;
        let talk: usize = session.strip_prefix("session-")?.parse().ok()?;
        let mut state = self.state();
        let one = state.talks.get_mut(talk)?;
        match body["flow"].as_str()? {
            REPLY_FLOW => {
                let id = body["params"]["message_id"].as_str()?;
                one.doubled += usize::from(!one.replies.insert(id.to_owned()));
                (one.replies.len() == 1 && one.doubled == 0).then_some(talk)
            }
            CLOSED_FLOW => {
                one.ends += 1;
                None
            }
            RECEIPT_FLOW if body["params"]["status"] == "failed" => {
                let ids = body["params"]["message_ids"].as_array()?;
                for (word, unseen) in one.unseen.iter_mut().enumerate() {
                    *unseen |= ids.iter().any(|id| *id == format!("{talk}-{word}"));
                }
                None
            }
            _ => None,
        }
    }

    /// Whether every conversation has ended.
    pub fn is_over(&self) -> bool {
        self.state().talks.iter().all(|talk| talk.ends > 0)
    }

    /// The figures.
    pub fn print(&self, report: &Report, took: Duration) {
        let state = self.state();
        let talks = &state.talks;
        let span = |from: fn(&Talk) -> Option<Instant>, to: fn(&Talk) -> Option<Instant>| {
            let times = talks
                .iter()
                .filter_map(|talk| Some(to(talk)? - from(talk)?));
            Times::new(times.collect::<Vec<Duration>>())
        };
        report.columns();
        let opened: fn(&Talk) -> Option<Instant> = |talk| talk.opened;
        report.times(
            "sent -> answered 201 (stored)",
            &span(opened, |t| t.answered),
            "",
        );
        report.times(
            "sent -> an agent has it in a room",
            &span(opened, |t| t.met),
            "",
        );
        let chats: Vec<f64> = state.taken.values().map(|n| *n as f64).collect();
        let sum: f64 = chats.iter().sum();
        let squares: f64 = chats.iter().map(|n| n * n).sum();
        let most = state.most.values().copied().max().unwrap_or(0);
        let above = state.most.values().filter(|most| **most > 4).count();
        report.line(&format!(
            "  all over after {:.1} s; offers that ended: {:?}",
            took.as_secs_f64(),
            state.offers
        ));
        report.line(&format!(
            "  chats per agent: Jain index {:.3} of {} agents; most at a time {most}, agents above 4: {above}",
            sum * sum / (squares * chats.len().max(1) as f64),
            chats.len()
        ));
        let count = |what: fn(&Talk) -> bool| talks.iter().filter(|talk| what(talk)).count();
        report.line(&format!(
            "  of {}: {} without a fate, {} ended twice; client's words lost {}, told as never shown {}, refused {}, doubled {}; replies lost {}, doubled {}",
            talks.len(),
            count(|t| t.ends == 0),
            count(|t| t.ends > 1),
            count(|t| t.heard.iter().zip(t.unseen).any(|(heard, unseen)| *heard == 0 && !unseen)),
            count(|t| t.unseen.contains(&true)),
            count(|t| t.refused > 0),
            count(|t| t.heard.iter().any(|heard| *heard > 1)),
            count(|t| t.replies.is_empty()),
            count(|t| t.doubled > 0),
        ));
    }
}
