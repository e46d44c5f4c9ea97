//! Agents outside of rooms: they come and go by presence, are asked by chat or Fastpath, and
//! answer; every request to the component is answered here.

mod adhoc;
mod admin;
mod chat;
mod colleagues;
mod commands;
mod courtesy;
mod face;
mod handing;
mod history;
mod later;
mod onlookers;
mod places;
mod presence;
mod pushes;
mod requests;
mod settings;
mod then;
mod visitors;

pub use admin::{ADMIN_COMMANDS, AdminCommand, Administering};
pub use chat::{Talk, Wish, wish};
pub use commands::{COMMANDS, Command, Running};
pub use face::{Face, Field, Offline, Setting};
pub use settings::{AgentsSettings, Place, Served};
pub use then::Then;
pub use visitors::Visit;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use minidom::Element;

use crate::bridge::{AgentOrder, Answer, Input, OfferOrder, RevokeReason};
use crate::engine::Unavailable;
use crate::ids::{AgentJid, Timestamp, WorkgroupName};

use super::address::Address;
use super::out::Out;
use super::stanza::{Build, Condition, attr, element, error, iq};
use super::{fastpath, ns, stanza};
use colleagues::Colleagues;
use courtesy::Courtesy;
use later::Later;
use onlookers::Onlookers;
use places::Places;
use pushes::Pushes;

/// A stanza that came, and between whom.
pub(super) struct Got<'a> {
    pub stanza: &'a Element,
    pub from: Address,
    pub place: Place,
    pub now: Timestamp,
}

impl Got<'_> {
    pub fn is_get(&self) -> bool {
        attr(self.stanza, "type") == Some("get")
    }

    /// The only child, as an IQ request must have it (RFC 6120 §8.2.3).
    pub fn payload(&self) -> Option<&Element> {
        let mut children = self.stanza.children();
        let first = children.next()?;
        children.next().is_none().then_some(first)
    }
}

/// What is kept of agents here; all of it may be lost.
#[derive(Debug)]
pub struct Agents {
    settings: AgentsSettings,
    now: Timestamp,
    born: Option<Timestamp>,
    modified: Option<Timestamp>,
    /// The most chats that each Fastpath client last asked for.
    limits: BTreeMap<(AgentJid, String), u32>,
    pushes: Pushes,
    places: Places,
    courtesy: Courtesy,
    onlookers: Onlookers,
    colleagues: Colleagues,
    moved: Pushes,
    later: Later,
    minted: u64,
}

impl Agents {
    /// Nobody is known yet.
    pub fn new(settings: AgentsSettings) -> Self {
        Self {
            settings,
            now: Timestamp::default(),
            born: None,
            modified: None,
            limits: BTreeMap::new(),
            pushes: Pushes::new(pushes::LINES),
            places: Places::default(),
            courtesy: Courtesy::default(),
            onlookers: Onlookers::default(),
            colleagues: Colleagues::default(),
            moved: Pushes::new(pushes::COLLEAGUES),
            later: Later::default(),
            minted: 0,
        }
    }

    /// The configuration was read anew.
    pub fn set(&mut self, settings: AgentsSettings) {
        self.settings = settings;
        self.modified = None;
    }

    /// The component link is gone: what only mattered on it is forgotten.
    pub fn link_lost(&mut self) {
        self.pushes.forget();
        self.moved.forget();
        self.courtesy.forget();
        self.later.forget();
    }

    /// Carries out what the bridge wants of an agent.
    pub fn order(&mut self, now: Timestamp, agent: AgentJid, order: AgentOrder) -> Vec<Out<Then>> {
        self.at(now);
        match order {
            AgentOrder::Offer(order) => {
                let offer = self.offer(&agent, &order);
                let waited = self.later.asked(&agent);
                send_all([offer].into_iter().chain(waited))
            }
            AgentOrder::Revoke {
                conversation,
                workgroup,
                to,
                why,
            } => {
                let what = (&conversation, &workgroup);
                let stanza = if to.fastpath {
                    let payload = fastpath::revoke(&self.settings.domain, what, why);
                    self.request(&workgroup, (&agent, &to.resource), payload)
                } else {
                    // A client that is gone cannot be told; the account can, for later.
                    let client = match why {
                        RevokeReason::AgentGone => agent.to_string(),
                        _ => format!("{agent}/{}", to.resource),
                    };
                    self.revoke_message(&client, what, why)
                };
                vec![Out::Send(stanza)]
            }
            AgentOrder::Probe {
                workgroups,
                resources,
            } => self.probe(&agent, &workgroups, &resources),
            AgentOrder::Tell { workgroup, text } => {
                vec![Out::Send(self.say(&workgroup, agent.as_str(), &text))]
            }
        }
    }

    fn offer(&mut self, agent: &AgentJid, order: &OfferOrder) -> Element {
        if order.to.fastpath {
            let places = (self.settings.domain.as_str(), self.settings.muc.as_str());
            let payload = fastpath::offer(places, order);
            self.request(&order.workgroup, (agent, &order.to.resource), payload)
        } else {
            self.offer_message(agent, order)
        }
    }

    fn request(
        &mut self,
        workgroup: &WorkgroupName,
        (agent, resource): (&AgentJid, &str),
        payload: Element,
    ) -> Element {
        let from = self.settings.jid(workgroup);
        let to = format!("{agent}/{resource}");
        let id = self.mint(payload.name());
        iq("set", &id, (&from, &to), payload)
    }

    /// Takes a stanza to the component that was not for a room's occupant. Every IQ request with a
    /// sender is answered exactly once, at once or when the engine has answered.
    pub fn stanza(&mut self, now: Timestamp, stanza: &Element) -> Vec<Out<Then>> {
        self.at(now);
        let Some(from) = stanza::from(stanza) else {
            return Vec::new();
        };
        let stanza = match attr(stanza, "to") {
            Some(_) => Cow::Borrowed(stanza),
            None => Cow::Owned(stanza.clone().with("to", &self.settings.domain)),
        };
        let to = stanza::to(&stanza);
        let place = to.map_or(Place::Nobody, |to| self.settings.place(&to));
        let got = Got {
            stanza: &stanza,
            from,
            place,
            now,
        };
        match stanza.name() {
            _ if !stanza.has_ns(ns::CLIENT) => Vec::new(),
            "iq" => self.iq(&got),
            "message" => self.message(&got),
            "presence" => self.presence(&got),
            _ => Vec::new(),
        }
    }

    /// Goes on after the engine's answer, which comes when all is stored.
    pub fn answered(&mut self, then: Then, answer: Result<Answer, Unavailable>) -> Vec<Out<Then>> {
        let done = matches!(answer, Ok(Answer::Done));
        let accepts = then.accepts(&self.settings).filter(|_| done);
        let outs = self.go_on(then, answer);
        match accepts {
            Some(agent) => self.after_the_invitation(&agent, outs),
            None => outs,
        }
    }

    fn go_on(&mut self, then: Then, answer: Result<Answer, Unavailable>) -> Vec<Out<Then>> {
        match (then, answer) {
            (Then::PushQueue, Ok(Answer::Queue(view))) => self.push_queue(&view),
            (Then::PushPlaces, Ok(Answer::Queue(view))) => self.push_places(&view),
            (Then::ShowQueue { agent, resource }, Ok(Answer::Queue(view))) => {
                self.show_queue(&view, &(agent, resource))
            }
            (Then::ShowOpenness(to), Ok(Answer::Queue(view))) => self.show_openness(&view, &to),
            (
                Then::PushQueue | Then::PushPlaces | Then::ShowQueue { .. } | Then::ShowOpenness(_),
                _,
            ) => Vec::new(),
            (
                Then::ShowColleagues {
                    agent, resource, ..
                },
                Ok(Answer::Colleagues(workgroup, all)),
            ) => self.show_colleagues(&workgroup, (agent, resource), &all),
            (Then::PushColleagues, Ok(Answer::Colleagues(workgroup, all))) => {
                self.push_colleagues(&workgroup, &all)
            }
            (Then::ShowColleagues { .. } | Then::PushColleagues, _) => Vec::new(),
            (Then::Describe(request), answer) => self.described(&request, answer),
            (Then::AnswerOffer(request), answer) => requests::offer_answered(&request, &answer),
            (Then::Joined(visit), answer) => self.joined(visit, answer),
            (Then::Placed(visit), answer) => self.placed(&visit, answer),
            (Then::Polled(visit), answer) => self.polled(&visit, answer),
            (Then::Departed(visit), answer) => self.departed(&visit, answer),
            (Then::Simple(request), answer) => history::simply_answered(&request, &answer),
            (Then::Handed(request), answer) => self.handed(&request, answer),
            // Lookups are answered by the store.
            (Then::Found(request), _) => refuse(&request, Condition::InternalServerError),
            // Commands on workgroups are answered by whoever knows the configuration.
            (Then::Administered(_), _) => Vec::new(),
            (Then::Talk(talk), answer) => self.talked(*talk, answer),
            (Then::Command(running), answer) => commands::answered(*running, answer),
        }
    }

    /// A workgroup's line changed: its watchers are told, at most once a second.
    pub fn queue_changed(&mut self, now: Timestamp, workgroup: &WorkgroupName) -> Vec<Out<Then>> {
        let mut out = self.colleagues_changed(now, workgroup);
        if self.pushes.news(now, workgroup) {
            out.push(push(workgroup.clone()));
        }
        out
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Out<Then>> {
        self.at(now);
        let waited = self.later.due(now);
        let pushes = self.pushes.due(now).into_iter().map(push);
        let moved = self.moved.due(now).into_iter().map(colleagues::push);
        let places = self.places.due(now).into_iter();
        let places = places.map(|line| Out::Ask(Input::QueueAsked(line), Then::PushPlaces));
        let asked = pushes.chain(moved).chain(places);
        send_all(waited).into_iter().chain(asked).collect()
    }

    /// An agent was just invited into a room: what was kept back until then.
    pub fn invited(&mut self, agent: &AgentJid) -> Vec<Element> {
        self.later.asked(agent)
    }

    /// Says to an agent who accepted that it was so, after the invitation to which that leads.
    fn after_the_invitation(&mut self, agent: &AgentJid, outs: Vec<Out<Then>>) -> Vec<Out<Then>> {
        let mut others = Vec::new();
        for out in outs {
            match out {
                Out::Send(stanza) => self.later.keep(self.now, agent, stanza),
                other => others.push(other),
            }
        }
        others
    }

    /// When [`Agents::tick`] is next due.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let pushes = self.pushes.deadline().into_iter();
        let pushes = pushes.chain(self.moved.deadline());
        let others = self.later.deadline().into_iter();
        pushes.chain(others).chain(self.places.deadline()).min()
    }

    fn at(&mut self, now: Timestamp) {
        self.now = now;
        self.born.get_or_insert(now);
        self.modified.get_or_insert(now);
    }

    fn modified(&self) -> Timestamp {
        self.modified.unwrap_or(self.now)
    }

    fn running(&self) -> Duration {
        self.now.since(self.born.unwrap_or(self.now))
    }

    /// An id that no earlier stanza had, also not before a restart.
    fn mint(&mut self, kind: &str) -> String {
        self.minted += 1;
        format!("{kind}-{}-{}", self.now.0, self.minted)
    }
}

fn send_all(stanzas: impl IntoIterator<Item = Element>) -> Vec<Out<Then>> {
    stanzas.into_iter().map(Out::Send).collect()
}

fn push(workgroup: WorkgroupName) -> Out<Then> {
    Out::Ask(Input::QueueAsked(workgroup), Then::PushQueue)
}

/// The most bytes of a refused request that are sent back with the refusal: servers cut a link
/// on which too large a stanza comes.
const MOST_SENT_BACK: usize = 32 * 1024;

/// Answers with an error, where an answer is allowed at all.
fn refuse(request: &Element, condition: Condition) -> Vec<Out<Then>> {
    let mut reply = error(request, condition, None);
    if let Some(full) = &reply
        && String::from(full).len() > MOST_SENT_BACK
    {
        let mut bare = element(request.name(), ns::CLIENT);
        for name in ["type", "id", "from", "to"] {
            if let Some(value) = attr(request, name) {
                bare = bare.with(name, value);
            }
        }
        reply = error(&bare, condition, None);
    }
    reply.map(Out::Send).into_iter().collect()
}
