//! Visitors at XMPP clients of their own: they join a workgroup's line, ask for their place, and
//! leave it (fastpath-protocol §5).

use minidom::Element;

use crate::bridge::{Answer, Input, Opening, PlaceView, Visitor};
use crate::conversation::Manners;
use crate::engine::Unavailable;
use crate::ids::{AgentJid, ChannelId, ConversationId, WorkgroupName};
use crate::workgroup::Place;
use crate::xmpp::fastpath::{self, Departure, Joined};
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{Condition, element, iq, iq_result};

use super::{Agents, Got, Then, refuse};

/// A visitor's request that waits for the engine.
#[derive(Debug)]
pub struct Visit {
    /// The request.
    pub request: Element,
    /// Who asks whom.
    pub joined: Joined,
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
            self.places.told(self.now, &visit.joined, at);
            out.push(self.place_message(&visit.joined, &view));
        }
        out.push(Out::Send(iq_result(&visit.request, None)));
        out
    }

    pub(super) fn place_message(&self, joined: &Joined, view: &PlaceView) -> Out<Then> {
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
