//! IQ requests to the component: none stays without an answer.

use minidom::Element;

use crate::bridge::{Answer, Input, Refusal};
use crate::engine::Unavailable;
use crate::ids::{AgentJid, WorkgroupName};
use crate::xmpp::fastpath::{self, Named};
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::service::{self, Reply};
use crate::xmpp::stanza::{Condition, attr, iq_result};

use super::{Agents, Got, Place, Then, history, refuse};

impl Agents {
    /// An IQ to any address of the component.
    pub(super) fn iq(&mut self, got: &Got<'_>) -> Vec<Out<Then>> {
        match attr(got.stanza, "type") {
            Some("get" | "set") => match got.payload() {
                Some(payload) => self.request_of(got, payload),
                None => refuse(got.stanza, Condition::BadRequest),
            },
            Some("result" | "error") => self.iq_answer(got),
            _ => refuse(got.stanza, Condition::BadRequest),
        }
    }

    fn request_of(&mut self, got: &Got<'_>, payload: &Element) -> Vec<Out<Then>> {
        if let Some(reply) = service::answer(&self.settings, got, self.running()) {
            return reply_with(got.stanza, reply);
        }
        if payload.name() == "workgroups" && fastpath::is_ours(payload) && got.is_get() {
            return reply_with(got.stanza, self.list_workgroups(got, payload));
        }
        if payload.name() == "transcript-search" && fastpath::is_ours(payload) {
            return self.search(got, payload);
        }
        match got.place.clone() {
            Place::Workgroup(workgroup) => self.ask_workgroup(got, payload, &workgroup),
            Place::Nobody => refuse(got.stanza, Condition::NotAuthorized),
            Place::Domain if payload.is("command", ns::COMMANDS) && !got.is_get() => {
                self.administer(got, payload)
            }
            Place::Domain | Place::Visitor(_) => refuse(got.stanza, Condition::ServiceUnavailable),
        }
    }

    fn list_workgroups(&self, got: &Got<'_>, payload: &Element) -> Reply {
        let Some(jid) = attr(payload, "jid") else {
            return Reply::Refused(Condition::BadRequest);
        };
        if self.settings.agent(&got.from).is_none() {
            return Reply::Refused(Condition::NotAuthorized);
        }
        let Some(agent) = AgentJid::parse(jid) else {
            return Reply::Refused(Condition::ItemNotFound);
        };
        let mut workgroups = self.settings.workgroups_of(&agent).peekable();
        if workgroups.peek().is_none() {
            return Reply::Refused(Condition::ItemNotFound);
        }
        let domain = &self.settings.domain;
        Reply::Result(Some(fastpath::workgroups_of(domain, &agent, workgroups)))
    }

    fn ask_workgroup(
        &mut self,
        got: &Got<'_>,
        payload: &Element,
        workgroup: &WorkgroupName,
    ) -> Vec<Out<Then>> {
        if payload.is("command", ns::COMMANDS) && !got.is_get() {
            return self.command(got, payload);
        }
        if !fastpath::is_ours(payload) {
            // RFC 6120 §8.4; Fastpath says `bad-request` here too.
            return refuse(got.stanza, Condition::ServiceUnavailable);
        }
        let reply = match (payload.name(), got.is_get()) {
            ("agent-status-request", true) => {
                let agent = self.settings.agent_of(workgroup, &got.from);
                let mut out = reply_with(got.stanza, self.list_colleagues(got, workgroup));
                let client = agent.map(|agent| (agent, got.from.resource.clone()));
                out.extend(client.and_then(|client| self.follow_colleagues(workgroup, client)));
                return out;
            }
            ("offer-accept", false) => return self.answer_offer(got, payload, true),
            ("offer-reject", false) => return self.answer_offer(got, payload, false),
            ("transfer" | "invite", false) => return self.hand_over(got, payload),
            ("chat-notes", false) => return self.note(got, payload),
            ("occupants-info", true) => return self.ask_inside(got, payload),
            ("monitor", _) => return self.monitor(got, (payload, workgroup)),
            ("agent-info", _) => return self.agent_info(got),
            ("macros", true) if !history::is_personal(payload) => {
                match self.shared_macros(got, workgroup) {
                    Ok(macros) => Reply::Result(Some(macros)),
                    Err(condition) => Reply::Refused(condition),
                }
            }
            ("join-queue", false) => return self.join_queue(got, payload, workgroup),
            ("queue-status", true) => return self.poll_place(got, workgroup),
            ("depart-queue", false) => return self.depart(got, workgroup),
            (name, is_get) => {
                if let Some(out) = self.look_up(got, payload) {
                    return out;
                }
                match self.setting(got, payload, workgroup) {
                    Some(found) => Reply::Result(Some(found)),
                    None => Reply::Refused(missing(name, is_get)),
                }
            }
        };
        reply_with(got.stanza, reply)
    }

    /// Whoever asks with nothing is told what can be asked for.
    fn search(&self, got: &Got<'_>, payload: &Element) -> Vec<Out<Then>> {
        if !got.is_get() {
            return refuse(got.stanza, Condition::BadRequest);
        }
        match self.look_up(got, payload) {
            Some(out) if history::is_filled_in(payload) => out,
            Some(out) if matches!(out.first(), Some(Out::Look(..))) => {
                let form = fastpath::search_form();
                vec![Out::Send(iq_result(got.stanza, Some(form)))]
            }
            out => out.unwrap_or_default(),
        }
    }

    fn setting(
        &self,
        got: &Got<'_>,
        payload: &Element,
        workgroup: &WorkgroupName,
    ) -> Option<Element> {
        let served = self.settings.workgroups.get(workgroup)?;
        let face = &served.face;
        got.is_get().then(|| fastpath::setting(face, payload))?
    }

    fn list_colleagues(&self, got: &Got<'_>, workgroup: &WorkgroupName) -> Reply {
        let asker = self.settings.agent_of(workgroup, &got.from);
        match (asker, self.settings.workgroups.get(workgroup)) {
            (Some(asker), Some(served)) => {
                let list = fastpath::colleagues(served.agents.iter(), &asker);
                Reply::Result(Some(list))
            }
            _ => Reply::Refused(Condition::ItemNotFound),
        }
    }

    fn answer_offer(&self, got: &Got<'_>, payload: &Element, accept: bool) -> Vec<Out<Then>> {
        let agent = self.settings.agent(&got.from);
        let (agent, conversation) = match (agent, fastpath::named_offer(payload)) {
            (Some(agent), Named::Offer(id)) => (agent, Some(id)),
            (Some(agent), Named::Unnamed) => (agent, None),
            _ => return refuse(got.stanza, Condition::ItemNotFound),
        };
        let input = Input::OfferAnswered {
            agent,
            conversation,
            accept,
        };
        let then = Then::AnswerOffer(Box::new(got.stanza.clone()));
        vec![Out::Ask(input, then)]
    }

    pub(super) fn described(
        &self,
        request: &Element,
        answer: Result<Answer, Unavailable>,
    ) -> Vec<Out<Then>> {
        match answer {
            Ok(Answer::Queue(view)) => {
                let payload = service::describe(&self.settings, &view);
                vec![Out::Send(iq_result(request, Some(payload)))]
            }
            Ok(_) => refuse(request, Condition::ItemNotFound),
            Err(Unavailable) => refuse(request, Condition::ResourceConstraint),
        }
    }
}

/// What a part of Fastpath that is not served is refused with (fastpath-protocol §5, §6, §12 and
/// §2 for what is no part of it).
fn missing(name: &str, is_get: bool) -> Condition {
    match (name, is_get) {
        (
            "chat-settings" | "offline-settings" | "sound-settings" | "search-settings"
            | "generic-metadata",
            true,
        ) => Condition::ItemNotFound,
        ("send-email", false) => Condition::NotAcceptable,
        _ => Condition::BadRequest,
    }
}

fn reply_with(request: &Element, reply: Reply) -> Vec<Out<Then>> {
    match reply {
        Reply::Result(payload) => vec![Out::Send(iq_result(request, payload))],
        Reply::Refused(condition) => refuse(request, condition),
        Reply::Describe(workgroup) => {
            let then = Then::Describe(Box::new(request.clone()));
            vec![Out::Ask(Input::QueueGlanced(workgroup), then)]
        }
    }
}

/// The answer to an `offer-accept` or `offer-reject` (fastpath-protocol §8.2).
pub(super) fn offer_answered(
    request: &Element,
    answer: &Result<Answer, Unavailable>,
) -> Vec<Out<Then>> {
    let payload = request.children().next();
    let unnamed = payload.is_some_and(|answer| fastpath::named_offer(answer) == Named::Unnamed);
    match answer {
        Err(Unavailable) => refuse(request, Condition::ResourceConstraint),
        Ok(Answer::Refused(Refusal::NoSuchOffer)) if unnamed => {
            vec![Out::Send(iq_result(request, None))]
        }
        Ok(Answer::Refused(_)) => refuse(request, Condition::ItemNotFound),
        Ok(_) => vec![Out::Send(iq_result(request, None))],
    }
}
