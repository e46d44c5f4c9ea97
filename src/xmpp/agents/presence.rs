//! Presence to and from the component's addresses: agents come and go by it, others learn whether
//! a workgroup is open (RFC 6121 §3, §4; fastpath-protocol §4.3, §7.2).

use minidom::Element;

use crate::bridge::{Input, QueueView};
use crate::ids::{AgentJid, WorkgroupName};
use crate::workgroup::{Resource, Show};
use crate::xmpp::address::Address;
use crate::xmpp::fastpath::{self, Joined};
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{
    Build, Condition, attr, child_text, element, error, error_of, iq, presence,
};

use super::courtesy::Matter;
use super::visitors::THERE;
use super::{Agents, Got, Place, Then};

/// How the ids of our questions whether a client is there begin.
const ALIVE: &str = "alive";

impl Agents {
    /// Presence to any address of the component.
    pub(super) fn presence(&mut self, got: &Got<'_>) -> Vec<Out<Then>> {
        if self.settings.is_own_service(&got.from) {
            return Vec::new();
        }
        let kind = attr(got.stanza, "type");
        let Place::Workgroup(workgroup) = got.place.clone() else {
            return elsewhere(got, kind);
        };
        let agent = self.settings.agent_of(&workgroup, &got.from);
        match (kind, agent) {
            (None, Some(agent)) => self.agent_here(got, &workgroup, agent),
            (None, None) => self.stranger_here(got, workgroup),
            (Some("unavailable"), Some(agent)) if got.from.resource.is_some() => {
                self.agent_gone(agent, &got.from)
            }
            // From an account it says only that no client shows itself by subscription: Prosody
            // answers a `subscribe` so while a client that sent directed presence is there. Who is
            // really gone does not answer the probe either, and is forgotten by that.
            (Some("unavailable"), Some(_)) => Vec::new(),
            (Some("error"), Some(agent))
                if got.from.resource.is_some() || says_gone(got.stanza) =>
            {
                self.agent_gone(agent, &got.from)
            }
            (Some("unavailable"), None) => {
                self.onlookers.went(&workgroup, &got.from.to_string());
                self.visitor_unavailable(got, &workgroup)
            }
            (Some("subscribe"), Some(agent)) => self.befriend(&workgroup, &agent),
            (Some("subscribe"), None) => vec![self.to_bare(got, &workgroup, "unsubscribed")],
            (Some("unsubscribe"), _) => vec![
                self.to_bare(got, &workgroup, "unsubscribed"),
                self.to_bare(got, &workgroup, "unavailable"),
            ],
            (Some("probe"), Some(_)) => vec![self.shown(&workgroup, true, &got.from.to_string())],
            (Some("probe"), None) => self.ask_openness(workgroup, &got.from),
            _ => Vec::new(),
        }
    }

    fn agent_here(
        &mut self,
        got: &Got<'_>,
        workgroup: &WorkgroupName,
        agent: AgentJid,
    ) -> Vec<Out<Then>> {
        // Presence of nobody's client in particular tells nothing of where an offer could go.
        let Some(resource) = got.from.resource.clone() else {
            return Vec::new();
        };
        self.colleagues.came(&agent, &resource, got.stanza);
        let (show, priority) = shows(got.stanza);
        let input = match fastpath::agent_status(got.stanza) {
            None => Input::AgentAlive {
                agent: agent.clone(),
                resource: resource.clone(),
                shows: Some((show, priority)),
            },
            Some(status) => {
                let Ok(most) = fastpath::max_chats(status) else {
                    return refused(got.stanza, Condition::InternalServerError);
                };
                let key = (agent.clone(), resource.clone());
                if let Some(most) = most {
                    self.limits.insert(key.clone(), most);
                }
                let state = Resource {
                    show,
                    priority,
                    fastpath: true,
                    max_chats: self.limits.get(&key).copied(),
                };
                Input::AgentSeen {
                    agent: agent.clone(),
                    resource: resource.clone(),
                    state,
                }
            }
        };
        // Fastpath's clients wait for the line after every presence; others do not know it.
        let lines = self.settings.lines(workgroup).into_iter();
        let shown = lines.map(|line| {
            let then = Then::ShowQueue {
                agent: agent.clone(),
                resource: resource.clone(),
            };
            Out::Ask(Input::QueueGlanced(line), then)
        });
        [Out::Tell(input)].into_iter().chain(shown).collect()
    }

    fn agent_gone(&mut self, agent: AgentJid, from: &Address) -> Vec<Out<Then>> {
        let resource = from.resource.clone();
        self.colleagues.went(&agent, resource.as_deref());
        self.limits.retain(|(one, client), _| {
            *one != agent || resource.as_ref().is_some_and(|gone| gone != client)
        });
        vec![Out::Tell(Input::AgentGone { agent, resource })]
    }

    fn stranger_here(&mut self, got: &Got<'_>, workgroup: WorkgroupName) -> Vec<Out<Then>> {
        // Who wants to serve and may not is told so; anybody else only looks.
        let wants_in = fastpath::agent_status(got.stanza).is_some();
        if wants_in || got.from.resource.as_deref() == Some(workgroup.as_str()) {
            return refused(got.stanza, Condition::NotAuthorized);
        }
        // Another workgroup service would answer our answer.
        let service = fastpath::child(got.stanza, "workgroup").is_some();
        let from = got.from.to_string();
        if !service {
            self.onlookers.came(&workgroup, from.clone());
        }
        if service || !self.courtesy.allows(got.now, Matter::Openness, &from) {
            return Vec::new();
        }
        self.ask_openness(workgroup, &got.from)
    }

    fn ask_openness(&self, workgroup: WorkgroupName, to: &Address) -> Vec<Out<Then>> {
        let then = Then::ShowOpenness(to.to_string());
        vec![Out::Ask(Input::QueueGlanced(workgroup), then)]
    }

    fn befriend(&self, workgroup: &WorkgroupName, agent: &AgentJid) -> Vec<Out<Then>> {
        let from = self.settings.jid(workgroup);
        let send = |kind| Out::Send(presence(Some(kind), (&from, agent.as_str())));
        vec![
            send("subscribed"),
            send("subscribe"),
            self.shown(workgroup, true, agent.as_str()),
        ]
    }

    fn to_bare(&self, got: &Got<'_>, workgroup: &WorkgroupName, kind: &str) -> Out<Then> {
        let from = self.settings.jid(workgroup);
        Out::Send(presence(Some(kind), (&from, &got.from.bare())))
    }

    fn shown(&self, workgroup: &WorkgroupName, open: bool, to: &str) -> Out<Then> {
        let from = self.settings.jid(workgroup);
        let modified = self.modified();
        Out::Send(fastpath::workgroup_presence(open, (&from, to), modified))
    }

    pub(super) fn show_openness(&mut self, view: &QueueView, to: &str) -> Vec<Out<Then>> {
        // Whoever looked before is told of what is found to have changed.
        let mut told: Vec<String> = self.onlookers.news(&view.workgroup, view.open);
        told.retain(|other| other != to);
        told.push(to.to_owned());
        let shown = told.iter();
        shown
            .map(|to| self.shown(&view.workgroup, view.open, to))
            .collect()
    }

    /// Tells one client of a line, if it is one of those that want it.
    pub(super) fn show_queue(&self, view: &QueueView, only: &(AgentJid, String)) -> Vec<Out<Then>> {
        let watchers = view.watchers.iter();
        watchers
            .filter(|watcher| *watcher == only)
            .flat_map(|(agent, resource)| {
                let to = format!("{agent}/{resource}");
                fastpath::queue_presences(&self.settings.domain, view, &to)
            })
            .map(Out::Send)
            .collect()
    }

    /// Tells all who watch a line of it, each after what is answered next.
    pub(super) fn push_queue(&mut self, view: &QueueView) -> Vec<Out<Then>> {
        for (agent, resource) in &view.watchers {
            let to = format!("{agent}/{resource}");
            for shown in fastpath::queue_presences(&self.settings.domain, view, &to) {
                self.later.keep(self.now, agent, shown);
            }
        }
        let mut out = self.push_places(view);
        for onlooker in self.onlookers.news(&view.workgroup, view.open) {
            out.push(self.shown(&view.workgroup, view.open, &onlooker));
        }
        out
    }

    /// Asks an agent's server, and each client that was known, whether the agent is there; shows
    /// the agent that the workgroups are.
    pub(super) fn probe(
        &mut self,
        agent: &AgentJid,
        workgroups: &[WorkgroupName],
        resources: &[String],
    ) -> Vec<Out<Then>> {
        let mut out = Vec::new();
        for workgroup in workgroups.iter().filter(|one| one.queue_name().is_none()) {
            let from = self.settings.jid(workgroup);
            out.push(self.shown(workgroup, true, agent.as_str()));
            let probe = presence(Some("probe"), (&from, agent.as_str()));
            out.push(Out::Send(probe));
        }
        if let Some(first) = workgroups.first() {
            let from = self.settings.jid(first);
            for resource in resources {
                let to = format!("{agent}/{resource}");
                let id = self.mint(ALIVE);
                let question = element("query", ns::DISCO_INFO);
                out.push(Out::Send(iq("get", &id, (&from, &to), question)));
            }
        }
        out
    }

    /// An answer to one of our own requests. Only that to a question whether a client is there
    /// says anything: an error for an offer is no rejection.
    pub(super) fn iq_answer(&mut self, got: &Got<'_>) -> Vec<Out<Then>> {
        let id = attr(got.stanza, "id").unwrap_or_default();
        let asks = |kind: &str| {
            id.strip_prefix(kind)
                .is_some_and(|rest| rest.starts_with('-'))
        };
        if let (true, Place::Workgroup(workgroup)) = (asks(THERE), &got.place) {
            let gone = attr(got.stanza, "type") == Some("error") && says_gone(got.stanza);
            let joined = Joined {
                workgroup: workgroup.clone(),
                jid: got.from.to_string(),
            };
            return if gone {
                self.visitor_vanished(&joined)
            } else {
                Vec::new()
            };
        }
        let ours = asks(ALIVE);
        let agent = self.settings.agent(&got.from).filter(|_| ours);
        let (Some(agent), Some(resource)) = (agent, got.from.resource.clone()) else {
            return Vec::new();
        };
        if attr(got.stanza, "type") == Some("error") && says_gone(got.stanza) {
            return self.agent_gone(agent, &got.from);
        }
        vec![Out::Tell(Input::AgentAlive {
            agent,
            resource,
            shows: None,
        })]
    }
}

/// Presence to an address that is no workgroup's.
fn elsewhere(got: &Got<'_>, kind: Option<&str>) -> Vec<Out<Then>> {
    match (&got.place, kind) {
        // A room that got an error for a presence would put the visitor out.
        (Place::Visitor(_), Some("subscribe")) => {
            let to = got.from.bare();
            let from = attr(got.stanza, "to").unwrap_or_default();
            vec![Out::Send(presence(Some("unsubscribed"), (from, &to)))]
        }
        (Place::Visitor(_), _) => Vec::new(),
        (_, None | Some("subscribe" | "probe")) => refused(got.stanza, Condition::NotAuthorized),
        _ => Vec::new(),
    }
}

/// A presence error carries no id (fastpath-protocol §4.3).
fn refused(stanza: &Element, condition: Condition) -> Vec<Out<Then>> {
    let mut named = element("presence", ns::CLIENT);
    for name in ["from", "to"] {
        if let Some(value) = attr(stanza, name) {
            named = named.with(name, value);
        }
    }
    let reply = error(&named, condition, None);
    reply.map(Out::Send).into_iter().collect()
}

fn shows(presence: &Element) -> (Show, i8) {
    let show = match child_text(presence, "show", ns::CLIENT)
        .as_deref()
        .map(str::trim)
    {
        Some("chat") => Show::Chat,
        Some("away") => Show::Away,
        Some("xa") => Show::ExtendedAway,
        Some("dnd") => Show::DoNotDisturb,
        _ => Show::Online,
    };
    let priority = child_text(presence, "priority", ns::CLIENT);
    let priority = priority.and_then(|text| text.trim().parse().ok());
    (show, priority.unwrap_or(0))
}

/// Whether an error comes from a server that has nobody there, and not from the client itself.
fn says_gone(stanza: &Element) -> bool {
    error_of(stanza).is_some_and(|(condition, _)| {
        matches!(
            condition.as_str(),
            "service-unavailable" | "recipient-unavailable" | "item-not-found" | "gone"
        ) || condition.starts_with("remote-server-")
    })
}
