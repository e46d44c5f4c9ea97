//! What agents say in a room: words for the visitor, and commands for Warmline.

use crate::conversation::{
    Author, ClosedBy, Command, HELP, Outgoing, Stage, Successor, Words, parse_command,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};
use crate::workgroup::{Place, Request};

use super::{Bridge, Effect, Event, Names, RoomOrder, Spoken};

/// Whom a `!transfer` names.
enum Target {
    Workgroup(WorkgroupName),
    Agent(AgentJid, WorkgroupName),
}

impl Bridge {
    pub(super) fn spoken(&mut self, now: Timestamp, id: &ConversationId, spoken: Spoken) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let over = matches!(conversation.stage, Stage::Over { .. });
        if over || spoken.words.is_empty() || conversation.lines.has_key(&spoken.key) {
            return;
        }
        if spoken.agent.as_ref().is_some_and(|who| conversation.is_visitor(who)) {
            return self.visitor_spoke(now, id, spoken);
        }
        match parse_command(&spoken.words.text) {
            Some(command) => self.commanded(now, id, (spoken, command)),
            None => self.spoken_to_visitor(now, id, spoken),
        }
    }

    fn spoken_to_visitor(&mut self, now: Timestamp, id: &ConversationId, spoken: Spoken) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let channel = conversation.channel.clone();
        let name = self.name_for_visitor(&conversation.workgroup, &spoken);
        let message = spoken
            .id
            .clone()
            .unwrap_or_else(|| MessageId::new(spoken.key.clone()));
        let names = Names {
            id: message.clone(),
            key: Some(spoken.key),
        };
        let author = Author::Agent { name: name.clone() };
        let seq = self.append(id, now, (author, spoken.words.clone(), names));
        let what = Outgoing::Words {
            message,
            author: name,
            words: spoken.words,
        };
        self.deliver(id, seq, what);
        self.happened(Event::AgentSpoke(id.clone(), channel));
    }

    fn name_for_visitor(&self, workgroup: &WorkgroupName, spoken: &Spoken) -> String {
        let here = self.policy.workgroups.get(workgroup);
        // Guests, and who hands over, may serve elsewhere only: a pseudonym hides there too.
        let all = here.into_iter().chain(self.policy.workgroups.values());
        let configured = spoken.agent.as_ref().and_then(|agent| {
            let mut names = all.filter_map(|policy| policy.agents.get(agent)?.clone());
            names.next()
        });
        configured.unwrap_or_else(|| spoken.nick.clone())
    }

    fn commanded(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (spoken, command): (Spoken, Command),
    ) {
        let name = spoken.nick.clone();
        let (author, words) = match &command {
            Command::Note(text) => (Author::Note { name }, Words::text(text.clone())),
            _ => (Author::Command { name }, spoken.words),
        };
        let names = Names {
            id: MessageId::new(format!("c-{}", spoken.key)),
            key: Some(spoken.key),
        };
        self.append(id, now, (author, words, names));
        let answer = match command {
            Command::Note(_) => None,
            Command::Close => {
                self.close(now, id, ClosedBy::Agent);
                None
            }
            Command::Context => {
                self.whisper_context(id, spoken.nick.clone());
                None
            }
            Command::Help => Some(HELP.to_owned()),
            Command::Unknown(word) => Some(format!("“!{word}” is not known.\n{HELP}")),
            Command::Invite(whom) => Some(self.invite_guest(id, &whom)),
            Command::Transfer(to) => Some(self.hand_over(now, id, &to)),
        };
        if let Some(text) = answer {
            let nick = spoken.nick;
            self.emit(Effect::Room(id.clone(), RoomOrder::Whisper { nick, text }));
        }
    }

    fn invite_guest(&mut self, id: &ConversationId, whom: &str) -> String {
        let Some(agent) = self.colleague(whom) else {
            return format!("Nobody here is called “{whom}”.");
        };
        let Some(conversation) = self.conversations.get_mut(id) else {
            return String::new();
        };
        if conversation.agent() == Some(&agent) {
            return "That is you already.".to_owned();
        }
        if conversation.is_visitor(&agent) {
            return "That is the visitor.".to_owned();
        }
        if !conversation.guests.contains(&agent) {
            conversation.guests.push(agent.clone());
        }
        conversation.departed.remove(&agent);
        self.touch(id);
        self.invite(id, agent.clone());
        format!("{agent} is invited.")
    }

    fn hand_over(&mut self, now: Timestamp, id: &ConversationId, to: &str) -> String {
        let here = self.conversations.get(id).map(|c| c.workgroup.clone());
        let Some(target) = self.target(to, here) else {
            return format!("No workgroup and no agent is called “{to}”.");
        };
        let Some(conversation) = self.conversations.get_mut(id) else {
            return String::new();
        };
        if let Target::Agent(agent, _) = &target
            && conversation.is_visitor(agent)
        {
            return "That is the visitor.".to_owned();
        }
        let Some(service) = conversation.service_mut() else {
            return "Nobody serves here; it is in the line already.".to_owned();
        };
        if service.successor.is_some() {
            return "It is being handed over already.".to_owned();
        }
        let (workgroup, only) = match target {
            Target::Workgroup(workgroup) => (workgroup, None),
            Target::Agent(agent, _) if agent == service.agent => {
                return "It is yours already.".to_owned();
            }
            Target::Agent(agent, workgroup) => (workgroup, Some(agent)),
        };
        service.successor = Some(Successor::Sought);
        let mut request = Request::new(workgroup.clone(), now);
        request.place = Place::First;
        request.except = Some(service.agent.clone());
        match &only {
            // Whoever is named is meant, also after a refusal.
            Some(only) => {
                conversation.pauses.remove(only);
            }
            None => request.pauses = conversation.paused(now),
        }
        request.only = only;
        request.until = self
            .policy
            .workgroups
            .get(&workgroup)
            .and_then(|policy| policy.request_timeout)
            .map(|wait| now.plus(wait));
        self.dispatch.enqueue(id.clone(), request);
        self.step.queues.insert(workgroup);
        self.touch(id);
        format!("“{to}” is being asked. You stay until somebody has come.")
    }

    /// Whom `to` names; an agent takes over in the workgroup `here`, if the agent serves in it.
    fn target(&self, to: &str, here: Option<WorkgroupName>) -> Option<Target> {
        let workgroup = WorkgroupName::new(to.trim().to_lowercase());
        if self.policy.workgroups.contains_key(&workgroup) {
            return Some(Target::Workgroup(workgroup));
        }
        let agent = self.colleague(to)?;
        let all: Vec<&WorkgroupName> = self.policy.workgroups_of(&agent).collect();
        let first = all.first().copied()?.clone();
        let workgroup = here.filter(|here| all.contains(&here)).unwrap_or(first);
        Some(Target::Agent(agent, workgroup))
    }

    /// The agent or supervisor of this JID, local part or pseudonym; none where several are meant.
    fn colleague(&self, name: &str) -> Option<AgentJid> {
        let name = name.trim();
        let jid = AgentJid::parse(name);
        let means = |agent: &AgentJid, pseudonym: Option<&String>| {
            Some(agent) == jid.as_ref()
                || agent.local().eq_ignore_ascii_case(name)
                || pseudonym.is_some_and(|pseudonym| pseudonym == name)
        };
        let mut found: Vec<&AgentJid> = Vec::new();
        for policy in self.policy.workgroups.values() {
            let agents = policy.agents.iter().map(|(a, p)| (a, p.as_ref()));
            let supervisors = policy.supervisors.iter().map(|agent| (agent, None));
            found.extend(
                agents
                    .chain(supervisors)
                    .filter(|(agent, pseudonym)| means(agent, *pseudonym))
                    .map(|(agent, _)| agent),
            );
        }
        found.sort();
        found.dedup();
        match found.as_slice() {
            [only] => Some((*only).clone()),
            _ => None,
        }
    }
}
