//! Asking an agent in, so that each kind of client understands it.

use std::time::Duration;

use minidom::Element;

use crate::ids::{AgentJid, Timestamp};
use crate::workgroup::Contact;
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{Build, element, message};

use super::Cx;
use super::room::Room;

/// An invitation that is out.
#[derive(Clone, Debug)]
pub(super) struct Invitation {
    pub(super) agent: AgentJid,
    /// The agent's client, or the account where none is known.
    to: String,
    /// What the agent reads.
    reason: String,
    /// Whether an occupant sent it, else the workgroup's bare address.
    by_occupant: bool,
    /// Whether it went out before it was ordered, which is yet to come.
    early: bool,
    /// Whether it is for the visitor, who comes in person.
    visitor: bool,
}

/// What a visitor reads who is invited; Fastpath's own words.
const TO_VISITOR: &str = "Please join me for a chat.";
/// After so long a visitor who was not seen is invited once more (fastpath-protocol §9.4).
const AGAIN_AFTER: Duration = Duration::from_secs(15);

impl Room {
    /// Invites an agent, unless that was done early. Whoever came in meanwhile needs no
    /// invitation.
    pub(super) fn invite(
        &mut self,
        cx: &mut Cx<'_>,
        (agent, client): (AgentJid, Option<Contact>),
        pseudonym: &str,
    ) {
        if self.occupants.has(&agent) {
            return cx.out.push(Out::Invited(agent));
        }
        let to = address(&agent, client.as_ref());
        let mut out = self.invitations.values_mut();
        match out.find(|other| other.early && other.agent == agent && other.to == to) {
            Some(early) => early.early = false,
            None => self.ask(cx, (agent, client), (pseudonym, false)),
        }
    }

    /// Invites an agent before the room is ready, once. The order to do so will come when it is.
    pub(super) fn invite_early(&mut self, cx: &mut Cx<'_>, whom: (AgentJid, Option<Contact>)) {
        let mut out = self.invitations.values();
        if !out.any(|other| other.early && other.agent == whom.0) {
            let pseudonym = self.plan.pseudonym.clone();
            self.ask(cx, whom, (&pseudonym, true));
        }
    }

    /// What was sent early, in an attempt that failed, counts no more.
    pub(super) fn forget_early_invitations(&mut self) {
        for invitation in self.invitations.values_mut() {
            invitation.early = false;
        }
    }

    /// Makes an agent a member and invites them once: who speaks Fastpath by the room (XEP-0045
    /// §7.8.2), others directly (XEP-0249). Into the room's own invitation servers write the other
    /// one and a sentence for people, so that Converse showed three questions, one on the other,
    /// and a chat with the room that nobody had begun. As with offers, what is sent to the account
    /// alone may reach another client than the one that was asked.
    fn ask(
        &mut self,
        cx: &mut Cx<'_>,
        (agent, client): (AgentJid, Option<Contact>),
        (pseudonym, early): (&str, bool),
    ) {
        if self.members.insert(agent.clone()) {
            self.affiliate(cx, agent.as_str());
        }
        let to = address(&agent, client.as_ref());
        let fastpath = client.is_some_and(|client| client.fastpath);
        // Spark enters by itself only if the reason is the session's id (fastpath-protocol §9.2).
        let reason = if fastpath {
            self.id.as_str().to_owned()
        } else {
            format!("{pseudonym} waits for you")
        };
        let invitation = Invitation {
            agent: agent.clone(),
            to,
            reason,
            by_occupant: cx.common.occupants_invite,
            early,
            visitor: false,
        };
        if fastpath {
            self.send_invitation(cx, invitation);
        } else {
            self.invite_directly(cx, invitation);
        }
        cx.out.push(Out::Invited(agent));
    }

    fn invite_directly(&mut self, cx: &mut Cx<'_>, invitation: Invitation) {
        let id = cx.fresh_id();
        let direct = element("x", ns::DIRECT_INVITE)
            .with("jid", &self.names.room)
            .with("reason", &invitation.reason);
        let way = (self.names.workgroup.as_str(), invitation.to.as_str());
        cx.send(message("normal", way).with("id", &id).and(direct));
        self.await_answer(id, invitation);
    }

    fn await_answer(&mut self, id: String, invitation: Invitation) {
        self.invitations
            .retain(|_, other| other.agent != invitation.agent);
        self.invitations.insert(id, invitation);
    }

    fn send_invitation(&mut self, cx: &mut Cx<'_>, invitation: Invitation) {
        let id = cx.fresh_id();
        // Prosody names the sender as it is, and an occupant as `room/nick`; Fastpath's clients
        // compare it with the workgroup's bare address.
        let from = if invitation.by_occupant {
            &self.names.desk
        } else {
            &self.names.workgroup
        };
        let stanza = message("normal", (from, &self.names.room)).with("id", &id);
        cx.send(self.fill(stanza, &invitation));
        self.await_answer(id, invitation);
    }

    /// Invites a visitor who comes in person and is not inside.
    pub(super) fn ask_visitor_in(&mut self, cx: &mut Cx<'_>) {
        let outside = self.visitor_outside();
        if let Some((agent, to)) = outside {
            self.visitor_invited = Some((cx.now, false));
            self.send_to_visitor(cx, (agent, to));
        }
    }

    pub(super) fn ask_visitor_again(&mut self, cx: &mut Cx<'_>) {
        if self.visitor_asked_again_at().is_none_or(|at| at > cx.now) {
            return;
        }
        self.visitor_invited = Some((cx.now, true));
        if let Some(outside) = self.visitor_outside() {
            self.send_to_visitor(cx, outside);
        }
    }

    pub(super) fn visitor_asked_again_at(&self) -> Option<Timestamp> {
        let (at, again) = self.visitor_invited?;
        self.visitor_outside()?;
        (!again).then(|| at.plus(AGAIN_AFTER))
    }

    fn visitor_outside(&self) -> Option<(AgentJid, String)> {
        let to = self.plan.in_person.clone()?;
        let visitor = AgentJid::parse(&to)?;
        (!self.occupants.has(&visitor)).then_some((visitor, to))
    }

    fn send_to_visitor(&mut self, cx: &mut Cx<'_>, (agent, to): (AgentJid, String)) {
        let by_occupant = cx.common.occupants_invite;
        self.send_invitation(
            cx,
            Invitation {
                agent,
                to,
                reason: TO_VISITOR.to_owned(),
                by_occupant,
                early: false,
                visitor: true,
            },
        );
    }

    /// With what Fastpath's clients look for (fastpath-protocol §9.2, §9.3); others pass over it.
    fn fill(&self, stanza: Element, invitation: &Invitation) -> Element {
        let invite = element("invite", ns::MUC_USER)
            .with("to", &invitation.to)
            .and_text("reason", ns::MUC_USER, &invitation.reason);
        if invitation.visitor {
            let workgroup = element("workgroup", ns::WORKGROUP);
            let session = element("session", ns::JIVE_WORKGROUP);
            return stanza
                .and(workgroup.with("jid", &self.names.workgroup))
                .and(session.with("id", self.id.as_str()))
                .and(element("x", ns::MUC_USER).and(invite));
        }
        let offer = element("offer", ns::WORKGROUP).with("jid", &self.names.visitor);
        let session = element("session", ns::JIVE_WORKGROUP)
            .with("workgroup", &self.names.workgroup)
            .with("id", self.id.as_str());
        stanza
            .and(offer)
            .and(session)
            .and(element("x", ns::MUC_USER).and(invite))
    }

    /// The room refuses an invitation: ejabberd and Openfire take them from occupants only.
    pub(super) fn invitation_refused(&mut self, cx: &mut Cx<'_>, id: &str, condition: &str) {
        let Some(mut invitation) = self.invitations.remove(id) else {
            return;
        };
        if invitation.by_occupant || condition == "item-not-found" {
            return;
        }
        cx.common.occupants_invite = true;
        invitation.by_occupant = true;
        self.send_invitation(cx, invitation);
    }

    /// Whether an agent is invited and has not come.
    pub(super) fn awaits(&self, agent: &AgentJid) -> bool {
        let mut invited = self.invitations.values();
        invited.any(|invitation| invitation.agent == *agent)
    }
}

fn address(agent: &AgentJid, client: Option<&Contact>) -> String {
    match client {
        Some(client) => format!("{agent}/{}", client.resource),
        None => agent.to_string(),
    }
}
