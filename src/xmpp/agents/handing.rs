//! Agents at Fastpath clients hand conversations over and ask others in (fastpath-protocol §10).

use minidom::Element;

use crate::bridge::{Answer, HandOver, HandTo, Input, NotHanded};
use crate::engine::Unavailable;
use crate::ids::{AgentJid, ConversationId, WorkgroupName};
use crate::xmpp::address::Address;
use crate::xmpp::fastpath;
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{Build, Condition, attr, element, iq_result, message};

use super::{Agents, Got, Then, refuse};

/// The most characters of what an agent says of a hand-over.
const MOST_OF_A_REASON: usize = 1_000;

impl Agents {
    /// A `transfer` or an `invite`.
    pub(super) fn hand_over(&self, got: &Got<'_>, asked: &Element) -> Vec<Out<Then>> {
        let Some(agent) = self.settings.agent(&got.from) else {
            return refuse(got.stanza, Condition::ItemNotFound);
        };
        let Some((conversation, wish)) = self.wanted(asked) else {
            return refuse(got.stanza, Condition::InternalServerError);
        };
        let input = Input::HandedOver {
            agent,
            conversation,
            wish,
        };
        vec![Out::Ask(input, Then::Handed(Box::new(got.stanza.clone())))]
    }

    fn wanted(&self, asked: &Element) -> Option<(ConversationId, HandOver)> {
        let session = fastpath::child(asked, "session").and_then(|one| attr(one, "id"))?;
        let invitee = fastpath::child(asked, "invitee")?.text();
        let invitee = Address::parse(invitee.trim())?;
        let ours = invitee.domain == self.settings.domain;
        let group = invitee
            .local
            .clone()
            .filter(|_| ours)
            .map(WorkgroupName::new);
        let nowhere = || WorkgroupName::new("");
        let to = match attr(asked, "type")? {
            "user" => HandTo::Agent(AgentJid::parse(&invitee.bare())?),
            "workgroup" => HandTo::Workgroup(group.unwrap_or_else(nowhere)),
            "queue" => {
                let queue = invitee.resource.as_deref().unwrap_or_default();
                let named = group.and_then(|group| self.settings.queue(&group, queue));
                HandTo::Workgroup(named.unwrap_or_else(nowhere))
            }
            _ => return None,
        };
        let reason = fastpath::child(asked, "reason").map(Element::text);
        let reason = reason.unwrap_or_default();
        let wish = HandOver {
            to,
            joins: asked.name() == "invite",
            reason: reason.trim().chars().take(MOST_OF_A_REASON).collect(),
        };
        Some((ConversationId::new(session), wish))
    }

    /// Fastpath says yes to whatever can be read, and then by a message what came of it.
    pub(super) fn handed(
        &self,
        request: &Element,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        let done = Out::Send(iq_result(request, None));
        match answer {
            Ok(Answer::Handed(Ok(()))) => vec![done],
            Ok(Answer::Handed(Err(NotHanded::NotYours))) => {
                refuse(request, Condition::ItemNotFound)
            }
            Ok(Answer::Handed(Err(why))) => {
                let failed = failure(request, why).map(Out::Send);
                [done].into_iter().chain(failed).collect()
            }
            Ok(_) => refuse(request, Condition::ItemNotFound),
            Err(Unavailable) => refuse(request, Condition::ResourceConstraint),
        }
    }
}

/// What an agent is told whose hand-over comes to nothing (fastpath-protocol §10.2).
fn failure(request: &Element, why: NotHanded) -> Option<Element> {
    let asked = request.children().next()?;
    let (agent, workgroup) = (attr(request, "from")?, attr(request, "to")?);
    let text = match (why, attr(asked, "type")) {
        (NotHanded::NoWorkgroup, Some("queue")) => "Specified queue was not found.",
        (NotHanded::NoWorkgroup, _) => "Specified workgroup was not found.",
        _ => "Agent or user failed to join the room.",
    };
    let condition = element("recipient-unavailable", ns::STANZA_ERRORS);
    let error = element("error", ns::CLIENT)
        .with("code", "404")
        .with("type", "wait")
        .and(condition);
    let mut told = element(asked.name(), ns::WORKGROUP).with("type", attr(asked, "type")?);
    if let Some(session) = fastpath::child(asked, "session") {
        let id = attr(session, "id").unwrap_or_default();
        told = told.and(element("session", ns::JIVE_WORKGROUP).with("id", id));
    }
    let invitee = fastpath::child(asked, "invitee").map(Element::text);
    let told = told.and_text("inviter", ns::WORKGROUP, agent).and_text(
        "invitee",
        ns::WORKGROUP,
        &invitee.unwrap_or_default(),
    );
    Some(
        message("error", (workgroup, agent))
            .and(error)
            .and_text("body", ns::CLIENT, text)
            .and(told),
    )
}
