//! What agents say in a room: words for the visitor, and commands for Warmline.

use crate::conversation::{
    Author, ClosedBy, Command, Conversation, HELP, Outgoing, Stage, Words, parse_command,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};

use super::{Bridge, Effect, Event, HandOver, HandTo, Names, NotHanded, RoomOrder, Spoken};

impl Bridge {
    pub(super) fn spoken(&mut self, now: Timestamp, id: &ConversationId, spoken: Spoken) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let over = matches!(conversation.stage, Stage::Over { .. });
        if over || spoken.words.is_empty() || conversation.lines.has_key(&spoken.key) {
            return;
        }
        if conversation.is_visitors(spoken.agent.as_ref(), &spoken.nick) {
            return self.visitor_spoke(now, id, spoken);
        }
        if conversation.away().is_some() {
            return self.spoken_elsewhere(now, id, spoken);
        }
        match parse_command(&spoken.words.text) {
            Some(command) => self.commanded(now, id, (spoken, command)),
            None => self.spoken_to_visitor(now, id, spoken),
        }
    }

    pub(super) fn spoken_to_visitor(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        spoken: Spoken,
    ) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let channel = conversation.channel.clone();
        let name = self.public_name(conversation, spoken.agent.as_ref(), &spoken.nick);
        self.report_answered(now, id, spoken.agent.as_ref());
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

    /// What the visitor may know an agent as.
    pub(super) fn public_name(
        &self,
        conversation: &Conversation,
        agent: Option<&AgentJid>,
        nick: &str,
    ) -> String {
        let here = self.policy.workgroups.get(&conversation.workgroup);
        // Guests, and who hands over, may serve elsewhere only: a pseudonym hides there too.
        let all = here.into_iter().chain(self.policy.workgroups.values());
        let configured = agent.and_then(|agent| {
            let mut names = all.filter_map(|policy| policy.agents.get(agent)?.clone());
            names.next()
        });
        configured.unwrap_or_else(|| match conversation.manners.hide_names {
            true => made_up(&conversation.id, agent.map_or(nick, AgentJid::as_str)),
            false => nick.to_owned(),
        })
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
            Command::Case => Some(self.cases_of(id)),
            Command::Help => Some(HELP.to_owned()),
            Command::Unknown(word) => Some(format!("“!{word}” is not known.\n{HELP}")),
            Command::Invite(whom) => Some(self.invite_by_name(id, &whom)),
            Command::Transfer(to) => {
                let by = spoken.agent.clone().or_else(|| self.server_of(id));
                by.map(|by| self.hand_over_by_name(now, (id, &by), &to))
            }
        };
        if let Some(text) = answer {
            let nick = spoken.nick;
            self.emit(Effect::Room(id.clone(), RoomOrder::Whisper { nick, text }));
        }
    }

    fn invite_by_name(&mut self, id: &ConversationId, whom: &str) -> String {
        let Some(agent) = self.colleague(whom) else {
            return format!("Nobody here is called “{whom}”.");
        };
        match self.invite_guest(id, &agent) {
            Ok(()) => format!("{agent} is invited."),
            Err(NotHanded::Oneself) => "That is you already.".to_owned(),
            Err(NotHanded::NoAgent) => format!("Nobody here is called “{whom}”."),
            Err(why) => why.in_words(whom),
        }
    }

    fn hand_over_by_name(
        &mut self,
        now: Timestamp,
        (id, by): (&ConversationId, &AgentJid),
        to: &str,
    ) -> String {
        let Some(target) = self.target(to) else {
            return format!("No workgroup and no agent is called “{to}”.");
        };
        let wish = HandOver {
            to: target,
            joins: false,
            reason: String::new(),
        };
        match self.seek(now, (id, by), wish) {
            Ok(()) => format!("“{to}” is being asked. You stay until somebody has come."),
            Err(why) => why.in_words(to),
        }
    }

    /// Whom `to` names.
    fn target(&self, to: &str) -> Option<HandTo> {
        let workgroup = WorkgroupName::new(to.trim().to_lowercase());
        if self.policy.workgroups.contains_key(&workgroup) {
            return Some(HandTo::Workgroup(workgroup));
        }
        let agent = self.colleague(to)?;
        self.serves(&agent).then_some(HandTo::Agent(agent))
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

/// A name for an agent in one conversation that tells nothing of the person.
fn made_up(conversation: &ConversationId, person: &str) -> String {
    let other = ConversationId::new(format!("{conversation}/{person}")).pseudonym();
    let letters = other.rsplit('-').next().unwrap_or_default();
    format!("Counselor-{letters}")
}
