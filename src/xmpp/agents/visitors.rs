//! Visitors at XMPP clients of their own: they join a workgroup's line, ask for their place, and
//! leave it (fastpath-protocol §5).

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minidom::Element;

use crate::bridge::{Answer, Input, Opening, PlaceView, QueueView, Visitor};
use crate::conversation::Manners;
use crate::engine::Unavailable;
use crate::ids::{AgentJid, ChannelId, ConversationId, Timestamp, WorkgroupName};
use crate::workgroup::Place;
use crate::xmpp::fastpath::{self, Departure, Joined};
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{Condition, element, iq, iq_result};

use super::{Agents, Got, Then, refuse};

/// Who stands behind this place is told of each step at most this often: a long line that moves
/// would otherwise fill the link.
const FAR: u32 = 50;
const FAR_PAUSE: Duration = Duration::from_secs(10);

/// A visitor's request that waits for the engine.
#[derive(Debug)]
pub struct Visit {
    /// The request.
    pub request: Element,
    /// Who asks whom.
    pub joined: Joined,
}

/// Which places visitors were told, and when.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// By who joined where: the line, the place, and when that was told.
    told: BTreeMap<String, (WorkgroupName, u32, Timestamp)>,
    /// Those whose request is not answered yet: the answer tells the place.
    joining: BTreeSet<String>,
}

impl Places {
    /// Whether a visitor is to be told this place now; then it counts as told.
    fn is_news(&mut self, now: Timestamp, who: &Joined, at: (&WorkgroupName, u32)) -> bool {
        let (line, place) = at;
        let key = who.token().as_str().to_owned();
        if self.joining.contains(&key) {
            return false;
        }
        let news = match self.told.get(&key) {
            Some((former, told, _)) if (former, *told) == (line, place) => false,
            Some((_, _, at)) => place <= FAR || now.since(*at) >= FAR_PAUSE,
            None => true,
        };
        if news {
            self.told.insert(key, (line.clone(), place, now));
        }
        news
    }

    fn joins(&mut self, who: &Joined) {
        self.joining.insert(who.token().as_str().to_owned());
    }

    fn joined(&mut self, who: &Joined) {
        self.joining.remove(who.token().as_str());
    }

    fn forget(&mut self, who: &Joined) {
        self.told.remove(who.token().as_str());
    }

    /// Whether this client waits in a workgroup, as far as is known.
    fn waits(&self, who: &Joined) -> bool {
        self.told.contains_key(who.token().as_str())
    }

    /// Forgets those who wait no more in a line.
    fn keep_only(&mut self, line: &WorkgroupName, there: &BTreeSet<String>) {
        self.told
            .retain(|key, (other, _, _)| other != line || there.contains(key));
    }
}

impl Agents {
    pub(super) fn join_queue(
        &mut self,
        got: &Got<'_>,
        join: &Element,
        workgroup: &WorkgroupName,
    ) -> Vec<Out<Then>> {
        let served = self.settings.workgroups.get(workgroup);
        if served.is_none_or(|served| !served.face.visitors) {
            return refuse(got.stanza, Condition::ServiceUnavailable);
        }
        // Who comes into a room is known by a bare JID there.
        if AgentJid::parse(&got.from.bare()).is_none() || got.from.domain == self.settings.domain {
            return refuse(got.stanza, Condition::NotAllowed);
        }
        let visit = self.visit(got, workgroup);
        self.places.joins(&visit.joined);
        let opening = opening(&visit.joined, join);
        vec![Out::Ask(Input::Open(opening), Then::Joined(visit))]
    }

    pub(super) fn poll_place(&self, got: &Got<'_>, workgroup: &WorkgroupName) -> Vec<Out<Then>> {
        let visit = self.visit(got, workgroup);
        let input = Input::PlaceAsked(visitor(&visit.joined));
        vec![Out::Ask(input, Then::Polled(visit))]
    }

    pub(super) fn depart(&self, got: &Got<'_>, workgroup: &WorkgroupName) -> Vec<Out<Then>> {
        let visit = self.visit(got, workgroup);
        let input = Input::Departed(visitor(&visit.joined));
        vec![Out::Ask(input, Then::Departed(visit))]
    }

    fn visit(&self, got: &Got<'_>, workgroup: &WorkgroupName) -> Box<Visit> {
        Box::new(Visit {
            request: got.stanza.clone(),
            joined: Joined {
                workgroup: workgroup.clone(),
                jid: got.from.to_string(),
            },
        })
    }

    /// The request is kept: the visitor is told the place, and then that it is so, in the order of
    /// Fastpath.
    pub(super) fn joined(
        &mut self,
        visit: Box<Visit>,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        if !matches!(answer, Ok(Answer::Opened { .. })) {
            self.places.joined(&visit.joined);
        }
        match answer {
            Ok(Answer::Opened { .. }) => {
                let input = Input::PlaceAsked(visitor(&visit.joined));
                vec![Out::Ask(input, Then::Placed(visit))]
            }
            Ok(_) => refuse(&visit.request, Condition::ServiceUnavailable),
            Err(Unavailable) => refuse(&visit.request, Condition::ResourceConstraint),
        }
    }

    pub(super) fn placed(
        &mut self,
        visit: &Visit,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        self.places.joined(&visit.joined);
        let mut out = Vec::new();
        if let Ok(Answer::Place(view)) = answer {
            let at = (&view.line, view.place);
            self.places.is_news(self.now, &visit.joined, at);
            out.push(self.place_message(&visit.joined, &view));
        }
        out.push(Out::Send(iq_result(&visit.request, None)));
        out
    }

    fn place_message(&self, joined: &Joined, view: &PlaceView) -> Out<Then> {
        let whom = (self.settings.domain.as_str(), joined);
        Out::Send(fastpath::queue_status_message(whom, view))
    }

    pub(super) fn polled(
        &self,
        visit: &Visit,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        match answer {
            Ok(Answer::Place(view)) => {
                let whom = (self.settings.domain.as_str(), &visit.joined);
                let status = fastpath::queue_status(whom, &view);
                vec![Out::Send(iq_result(&visit.request, Some(status)))]
            }
            Ok(_) => refuse(&visit.request, Condition::ItemNotFound),
            Err(Unavailable) => refuse(&visit.request, Condition::ResourceConstraint),
        }
    }

    pub(super) fn departed(
        &mut self,
        visit: &Visit,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        match answer {
            Ok(Answer::Closed { .. }) => {
                self.places.forget(&visit.joined);
                let domain = &self.settings.domain;
                let told = fastpath::departed(domain, &visit.joined, Departure::Requested);
                let result = iq_result(&visit.request, None);
                vec![Out::Send(told), Out::Send(result)]
            }
            Ok(_) => refuse(&visit.request, Condition::ItemNotFound),
            Err(Unavailable) => refuse(&visit.request, Condition::ResourceConstraint),
        }
    }

    /// Tells those who wait of their places, where these changed.
    pub(super) fn push_places(&mut self, view: &QueueView) -> Vec<Out<Then>> {
        let mut out = Vec::new();
        let mut there = BTreeSet::new();
        for (place, one) in (1_u32..).zip(&view.waiting) {
            let Some(joined) = one.in_person.as_ref().and_then(Joined::read) else {
                continue;
            };
            there.insert(joined.token().as_str().to_owned());
            let at = (&view.workgroup, place);
            if self.places.is_news(self.now, &joined, at) {
                let usual = view.average_wait;
                let view = PlaceView {
                    conversation: one.conversation.clone(),
                    line: view.workgroup.clone(),
                    place,
                    usual_wait: (!usual.is_zero()).then_some(usual),
                };
                out.push(self.place_message(&joined, &view));
            }
        }
        self.places.keep_only(&view.workgroup, &there);
        out
    }

    /// A client that waits says that it is going. Gateways take back their presence also while
    /// their visitor waits on; so the client is asked.
    pub(super) fn visitor_unavailable(
        &mut self,
        got: &Got<'_>,
        workgroup: &WorkgroupName,
    ) -> Vec<Out<Then>> {
        let joined = Joined {
            workgroup: workgroup.clone(),
            jid: got.from.to_string(),
        };
        if !self.places.waits(&joined) {
            return Vec::new();
        }
        let id = self.mint(THERE);
        let from = self.settings.jid(workgroup);
        let question = element("query", ns::DISCO_INFO);
        vec![Out::Send(iq("get", &id, (&from, &joined.jid), question))]
    }

    /// A client that had said it was going does not exist any more: it leaves the line.
    pub(super) fn visitor_vanished(&mut self, joined: &Joined) -> Vec<Out<Then>> {
        if !self.places.waits(joined) {
            return Vec::new();
        }
        self.places.forget(joined);
        vec![Out::Tell(Input::Departed(visitor(joined)))]
    }
}

/// How the ids of our questions begin whether a visitor's client is there.
pub(super) const THERE: &str = "there";

fn visitor(joined: &Joined) -> Visitor {
    Visitor {
        channel: ChannelId::new(fastpath::CHANNEL),
        token: joined.token(),
    }
}

fn opening(joined: &Joined, join: &Element) -> Opening {
    Opening {
        conversation: ConversationId::from_bits(rand::random()),
        visitor: visitor(joined),
        ticket: None,
        workgroup: joined.workgroup.clone(),
        place: Place::Normal,
        wanted: None,
        refuse_without_agents: true,
        wait_ends: true,
        brief: fastpath::brief(join),
        earlier: Vec::new(),
        recall: false,
        manners: Manners {
            own_client: Some(joined.jid.clone()),
            ..Manners::default()
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(jid: &str) -> Joined {
        Joined {
            workgroup: WorkgroupName::new("help"),
            jid: jid.to_owned(),
        }
    }

    #[test]
    fn places_are_news_where_they_changed_and_far_behind_seldom() {
        let mut places = Places::default();
        let (near, far) = (joined("a@b/c"), joined("d@b/c"));
        let (help, other) = (WorkgroupName::new("help"), WorkgroupName::new("other"));
        assert!(places.is_news(Timestamp(0), &near, (&help, 2)));
        assert!(!places.is_news(Timestamp(1), &near, (&help, 2)));
        assert!(places.is_news(Timestamp(1), &near, (&help, 1)));
        assert!(places.is_news(Timestamp(1), &far, (&help, 900)));
        assert!(!places.is_news(Timestamp(2), &far, (&help, 899)));
        assert!(places.is_news(Timestamp(10_001), &far, (&help, 899)));
        places.keep_only(&help, &[near.token().as_str().to_owned()].into());
        assert!(places.waits(&near) && !places.waits(&far));
        places.keep_only(&other, &BTreeSet::new());
        assert!(places.waits(&near));
        assert!(places.is_news(Timestamp(2), &near, (&other, 1)));
    }
}
