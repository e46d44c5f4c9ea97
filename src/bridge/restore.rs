//! A bridge as it was when its last step was committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::conversation::{Earlier, Line, Past, Stage, Successor};
use crate::ids::{AgentJid, ConversationId};
use crate::workgroup::{AgentRecord, Policy};

use super::{Bridge, ConversationRecord, SeenRecord, Visitor};

/// Everything that was stored.
#[derive(Debug, Default)]
pub struct Restored {
    /// Open conversations, and those whose room is not destroyed yet.
    pub conversations: Vec<ConversationRecord>,
    /// What was said before them.
    pub before: Vec<(ConversationId, Vec<Earlier>)>,
    /// Their lines, in order.
    pub lines: Vec<(ConversationId, Line)>,
    /// Conversations that are over.
    pub past: Vec<Past>,
    /// Agents.
    pub agents: Vec<(AgentJid, AgentRecord)>,
    /// Platform ids that were taken.
    pub seen: Vec<SeenRecord>,
}

impl Bridge {
    /// A bridge that goes on where the stored one was, with the link down.
    pub fn restore(policy: Arc<Policy>, stored: Restored) -> Self {
        let mut bridge = Self::new(policy);
        let seen = whose(&stored);
        for (agent, record) in stored.agents {
            bridge.dispatch.restore_agent(agent, record);
        }
        for past in stored.past {
            bridge.note_past(past);
        }
        for (visitor, record) in seen {
            bridge.note_seen(visitor, record);
        }
        for record in stored.conversations {
            bridge.restore_conversation(record);
        }
        for (id, earlier) in stored.before {
            if let Some(conversation) = bridge.conversations.get_mut(&id) {
                conversation.earlier = earlier;
            }
        }
        let mut lines = stored.lines;
        lines.sort_by_key(|(_, line)| line.seq);
        for (id, line) in lines {
            if let Some(conversation) = bridge.conversations.get_mut(&id) {
                conversation.lines.push(line);
            }
        }
        let ids: Vec<ConversationId> = bridge.conversations.keys().cloned().collect();
        for id in &ids {
            bridge.arm(id);
        }
        bridge
    }

    fn restore_conversation(&mut self, record: ConversationRecord) {
        let conversation = record.conversation;
        let id = conversation.id.clone();
        if let Some(request) = record.request {
            self.dispatch.enqueue(id.clone(), request);
        }
        match &conversation.stage {
            Stage::Served(service) => {
                self.dispatch.took(&service.agent, &id);
                if let Some(Successor::Expected { agent, .. }) = &service.successor {
                    self.dispatch.took(agent, &id);
                }
            }
            Stage::Away(_) | Stage::Waiting { .. } | Stage::Over { .. } => {}
        }
        if !matches!(conversation.stage, Stage::Over { .. }) {
            let visitor = Visitor {
                channel: conversation.channel.clone(),
                token: conversation.token.clone(),
            };
            self.visitors.entry(visitor).or_default().open = Some(id.clone());
        }
        self.conversations.insert(id, conversation);
    }
}

/// Platform ids with those whose messages they name. Records of before that was kept belong to the
/// visitor of their conversation; one whose conversation is forgotten can be repeated by nobody.
fn whose(stored: &Restored) -> Vec<(Visitor, SeenRecord)> {
    let open = stored.conversations.iter().map(|record| {
        let conversation = &record.conversation;
        (&conversation.id, &conversation.token)
    });
    let past = stored.past.iter().map(|past| (&past.id, &past.token));
    let tokens: BTreeMap<_, _> = open.chain(past).collect();
    let with_visitor = |record: &SeenRecord| {
        let of_conversation = || {
            tokens
                .get(&record.conversation)
                .map(|token| (*token).clone())
        };
        let visitor = Visitor {
            channel: record.channel.clone(),
            token: record.token.clone().or_else(of_conversation)?,
        };
        Some((visitor, record.clone()))
    };
    stored.seen.iter().filter_map(with_visitor).collect()
}
