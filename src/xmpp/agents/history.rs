//! Agents and supervisors look up what was, note what matters, and keep ready answers
//! (fastpath-protocol §6.6, §11, §12).

use std::collections::BTreeSet;

use minidom::Element;

use crate::bridge::{Answer, Input, Refusal};
use crate::engine::Unavailable;
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};
use crate::xmpp::address::Address;
use crate::xmpp::fastpath;
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::records::{Found, Search, Wish};
use crate::xmpp::rooms::Inside;
use crate::xmpp::stanza::{Build, Condition, attr, child, element, iq_result};

use super::{Agents, Got, Then, refuse};

/// The most bytes of a note and of an agent's ready answers.
const MOST_NOTED: usize = 40_000;
const MOST_MACROS: usize = 64 * 1024;

impl Agents {
    /// The workgroups in which somebody may look conversations up.
    fn viewer(&self, from: &Address) -> Option<BTreeSet<WorkgroupName>> {
        let jid = AgentJid::parse(&from.bare())?;
        let all = self.settings.workgroups.iter();
        let of = all.filter(|(_, one)| one.agents.contains(&jid) || one.supervisors.contains(&jid));
        let of: BTreeSet<WorkgroupName> = of.map(|(name, _)| name.clone()).collect();
        (!of.is_empty()).then_some(of)
    }

    /// A lookup, or something to keep; `None` where the request is none of these.
    pub(super) fn look_up(&self, got: &Got<'_>, asked: &Element) -> Option<Vec<Out<Then>>> {
        let (wish, otherwise) = match wish(asked, got.is_get(), &got.from) {
            Wanted::Nothing => return None,
            Wanted::Wish(wish, otherwise) => (wish, otherwise),
            Wanted::Wrong(condition) => return Some(refuse(got.stanza, condition)),
        };
        let Some(of) = self.viewer(&got.from) else {
            return Some(refuse(got.stanza, otherwise));
        };
        let then = Then::Found(Box::new(got.stanza.clone()));
        Some(vec![Out::Look(wish, of, then)])
    }

    /// Ready answers for all agents of a workgroup.
    pub(super) fn shared_macros(
        &self,
        got: &Got<'_>,
        workgroup: &WorkgroupName,
    ) -> Result<Element, Condition> {
        let agent = self.settings.agent_of(workgroup, &got.from);
        let served = self.settings.workgroups.get(workgroup);
        let macros = served.map(|served| served.face.macros.as_slice());
        match (agent, macros) {
            (Some(_), Some(macros)) if !macros.is_empty() => {
                Ok(fastpath::macros(&fastpath::macro_model(macros)))
            }
            _ => Err(Condition::ItemNotFound),
        }
    }

    /// What was looked up is there.
    pub fn found(&self, then: Then, found: Result<Found, Unavailable>) -> Vec<Out<Then>> {
        let Then::Found(request) = then else {
            return Vec::new();
        };
        let Ok(found) = found else {
            return refuse(&request, Condition::ResourceConstraint);
        };
        let Some(asked) = request.children().next() else {
            return Vec::new();
        };
        match self.render(asked, found) {
            Ok(payload) => vec![Out::Send(iq_result(&request, payload))],
            Err(condition) => refuse(&request, condition),
        }
    }

    fn render(&self, asked: &Element, found: Found) -> Result<Option<Element>, Condition> {
        let (domain, muc) = (&self.settings.domain, &self.settings.muc);
        let named = |name: &str| attr(asked, name).unwrap_or_default();
        let payload = match (asked.name(), found) {
            (_, Found::Kept) => return Ok(None),
            ("transcripts", Found::Sessions(all)) => fastpath::transcripts(named("userID"), &all),
            ("chat-sessions", Found::Sessions(all)) => {
                fastpath::chat_sessions(named("agentJID"), &all)
            }
            ("transcript-search", Found::Sessions(all)) => fastpath::search_result(domain, &all),
            ("transcript", Found::Said(session, lines)) => {
                fastpath::transcript(muc, &session, &lines)
            }
            ("chat-metadata", Found::Said(session, _)) => fastpath::chat_metadata(domain, &session),
            ("chat-notes", Found::Text(text)) => fastpath::chat_notes(&session_of(asked), &text),
            ("macros", Found::Text(text)) => fastpath::macros(&text),
            _ => return Err(Condition::ItemNotFound),
        };
        Ok(Some(payload))
    }

    pub(super) fn note(&mut self, got: &Got<'_>, asked: &Element) -> Vec<Out<Then>> {
        let text = fastpath::child(asked, "notes").map(Element::text);
        let (agent, session) = (self.settings.agent(&got.from), session_of(asked));
        let (Some(agent), Some(text), false) = (agent, text, session.is_empty()) else {
            return refuse(got.stanza, Condition::ItemNotFound);
        };
        if text.len() > MOST_NOTED {
            return refuse(got.stanza, Condition::NotAcceptable);
        }
        let input = Input::Noted {
            agent,
            conversation: ConversationId::new(session),
            id: MessageId::new(self.mint("note")),
            text,
        };
        vec![Out::Ask(input, Then::Simple(Box::new(got.stanza.clone())))]
    }

    /// Who is inside a room is known to the rooms alone.
    pub(super) fn ask_inside(&self, got: &Got<'_>, asked: &Element) -> Vec<Out<Then>> {
        let Some(of) = self.viewer(&got.from) else {
            return refuse(got.stanza, Condition::NotAuthorized);
        };
        let id = ConversationId::new(attr(asked, "roomID").unwrap_or_default());
        let then = Then::Found(Box::new(got.stanza.clone()));
        vec![Out::Inside(id, of, then)]
    }

    /// Who is inside, as far as the asker may know.
    pub fn inside(
        &self,
        then: Then,
        (id, inside): (ConversationId, Option<Vec<Inside>>),
    ) -> Vec<Out<Then>> {
        let Then::Found(request) = then else {
            return Vec::new();
        };
        match inside {
            Some(inside) => {
                let payload = fastpath::occupants_info(&id, &inside);
                vec![Out::Send(iq_result(&request, Some(payload)))]
            }
            None => refuse(&request, Condition::ItemNotFound),
        }
    }

    /// Whether one supervises, and the wish to own a conversation's room.
    pub(super) fn monitor(
        &self,
        got: &Got<'_>,
        (asked, workgroup): (&Element, &WorkgroupName),
    ) -> Vec<Out<Then>> {
        let jid = AgentJid::parse(&got.from.bare());
        let served = self.settings.workgroups.get(workgroup);
        let supervisor = jid.filter(|jid| served.is_some_and(|one| one.supervisors.contains(jid)));
        if got.is_get() {
            let is = if supervisor.is_some() {
                "true"
            } else {
                "false"
            };
            let told = element("monitor", ns::JIVE_WORKGROUP);
            let told = told.and_text("isMonitor", ns::JIVE_WORKGROUP, is);
            return vec![Out::Send(iq_result(got.stanza, Some(told)))];
        }
        let session = fastpath::child(asked, "makeOwner").and_then(|one| attr(one, "sessionID"));
        match (supervisor, session) {
            (None, _) => refuse(got.stanza, Condition::Forbidden),
            (Some(_), None) => refuse(got.stanza, Condition::ItemNotFound),
            (Some(supervisor), Some(session)) => {
                let input = Input::Watched {
                    supervisor,
                    conversation: ConversationId::new(session),
                };
                vec![Out::Ask(input, Then::Simple(Box::new(got.stanza.clone())))]
            }
        }
    }

    /// Names are configured: they can be read and not changed.
    pub(super) fn agent_info(&self, got: &Got<'_>) -> Vec<Out<Then>> {
        let Some(agent) = self.settings.agent(&got.from) else {
            return refuse(got.stanza, Condition::ItemNotFound);
        };
        if !got.is_get() {
            return refuse(got.stanza, Condition::ServiceUnavailable);
        }
        let info = element("agent-info", ns::JIVE_WORKGROUP)
            .and_text("jid", ns::JIVE_WORKGROUP, agent.as_str())
            .and_text("name", ns::JIVE_WORKGROUP, agent.local());
        vec![Out::Send(iq_result(got.stanza, Some(info)))]
    }
}

/// The answer where only whether it was done matters.
pub(super) fn simply_answered(
    request: &Element,
    answer: &Result<Answer, Unavailable>,
) -> Vec<Out<Then>> {
    match answer {
        Ok(Answer::Refused(Refusal::NotAnAgent)) => refuse(request, Condition::Forbidden),
        Ok(Answer::Refused(_)) => refuse(request, Condition::ItemNotFound),
        Ok(_) => vec![Out::Send(iq_result(request, None))],
        Err(Unavailable) => refuse(request, Condition::ResourceConstraint),
    }
}

/// What a request wants, and what those are refused with who may not have it.
enum Wanted {
    Nothing,
    Wish(Wish, Condition),
    Wrong(Condition),
}

fn wish(asked: &Element, is_get: bool, from: &Address) -> Wanted {
    let named = |name: &str| attr(asked, name).unwrap_or_default().to_owned();
    let session = || ConversationId::new(session_of(asked));
    let wish = match (asked.name(), is_get) {
        ("transcripts", true) => Wish::OfUser(named("userID")),
        ("transcript", true) => Wish::Transcript(ConversationId::new(named("sessionID"))),
        ("chat-metadata", true) => Wish::About(session()),
        ("chat-sessions", true) => match agent_sessions(asked) {
            Some(wish) => wish,
            None => return Wanted::Wrong(Condition::InternalServerError),
        },
        ("transcript-search", true) => Wish::Search(search(asked)),
        ("chat-notes", true) => {
            return Wanted::Wish(Wish::Notes(session()), Condition::ItemNotFound);
        }
        ("macros", _) if is_personal(asked) => return macros(asked, is_get, from),
        _ => return Wanted::Nothing,
    };
    Wanted::Wish(wish, Condition::NotAuthorized)
}

fn macros(asked: &Element, is_get: bool, from: &Address) -> Wanted {
    let text = fastpath::child(asked, "personalMacro").map(Element::text);
    let Some(agent) = AgentJid::parse(&from.bare()) else {
        return Wanted::Wrong(Condition::ItemNotFound);
    };
    match (is_get, text) {
        (true, _) => Wanted::Wish(Wish::Macros(agent), Condition::ItemNotFound),
        (false, Some(text)) if text.len() <= MOST_MACROS => {
            Wanted::Wish(Wish::KeepMacros(agent, text), Condition::ItemNotFound)
        }
        (false, _) => Wanted::Wrong(Condition::NotAcceptable),
    }
}

pub(super) fn is_personal(asked: &Element) -> bool {
    let personal = fastpath::child(asked, "personal").map(Element::text);
    personal.is_some_and(|text| text.trim() == "true")
}

fn session_of(asked: &Element) -> String {
    let child = fastpath::child(asked, "sessionID").map(Element::text);
    child.unwrap_or_default().trim().to_owned()
}

fn agent_sessions(asked: &Element) -> Option<Wish> {
    let agent = attr(asked, "agentJID").and_then(AgentJid::parse)?;
    let number = |name: &str| attr(asked, name).map_or(Ok(0), |text| text.trim().parse::<i64>());
    let (most, since) = (number("maxSessions").ok()?, number("startDate").ok()?);
    let most = usize::try_from(most).ok().filter(|most| *most > 0);
    Some(Wish::OfAgent(
        agent,
        Timestamp(since),
        most.unwrap_or(usize::MAX),
    ))
}

/// Whether a search is filled in, or only asks what there is to fill in.
pub(super) fn is_filled_in(asked: &Element) -> bool {
    child(asked, "x", ns::DATA_FORMS).is_some()
}

fn search(asked: &Element) -> Search {
    let form = child(asked, "x", ns::DATA_FORMS);
    let values = |var: &str| -> Vec<String> {
        let fields = form.into_iter().flat_map(Element::children);
        let named = fields.filter(|field| attr(field, "var") == Some(var));
        let values = named.flat_map(Element::children);
        let texts = values.map(|value| value.text().trim().to_owned());
        texts.filter(|text| !text.is_empty()).collect()
    };
    let first = |var: &str| values(var).into_iter().next();
    let date = |var: &str| first(var).as_deref().and_then(fastpath::read_date);
    let groups = values("workgroups").into_iter();
    let groups = groups.filter_map(|jid| Address::parse(&jid)?.local);
    Search {
        text: first("queryString").unwrap_or_default(),
        workgroups: groups.map(WorkgroupName::new).collect(),
        agent: first("agent").as_deref().and_then(AgentJid::parse),
        from: date("date/start"),
        to: date("date/end"),
    }
}
