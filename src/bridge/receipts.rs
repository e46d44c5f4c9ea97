//! What the outside hears of the visitor's own words, and tells of the agents'.

use crate::conversation::{
    Author, ClosedBy, Conversation, Ended, Fate, Line, Outgoing, Receipt, Stage, Words,
};
use crate::ids::{AgentJid, ConversationId, MessageId, Timestamp};

use super::{Acknowledgement, Answer, Bridge, Effect, Key, Record, Refusal, Visitor};

/// The most messages that one notice names: RapidPro's flows take 256 values with a start.
const MOST_AT_ONCE: usize = 100;

impl Bridge {
    /// A message is taken.
    pub(super) fn report_sent(&mut self, now: Timestamp, id: &ConversationId, message: &MessageId) {
        self.report(now, id, (Receipt::Sent, vec![message.clone()]));
    }

    /// An agent has accepted: what was said so far has come to somebody.
    pub(super) fn report_taken(&mut self, now: Timestamp, id: &ConversationId) {
        let next = self.conversations.get(id).map(Conversation::next_seq);
        self.report_up_to(now, id, (Receipt::Delivered, next.unwrap_or_default()));
    }

    /// Who answers has read what was said before.
    pub(super) fn report_answered(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        agent: Option<&AgentJid>,
    ) {
        let conversation = self.conversations.get(id);
        let Some(conversation) = conversation.filter(|c| c.agent() == agent) else {
            return;
        };
        let next = conversation.next_seq();
        self.report_up_to(now, id, (Receipt::Read, next));
    }

    /// A client of the agent who serves has got as far as this.
    pub(super) fn marked(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (agent, name, receipt): (&AgentJid, &str, Receipt),
    ) {
        let conversation = self.conversations.get(id);
        let serves = conversation.filter(|c| c.agent() == Some(agent));
        let place = serves.and_then(|conversation| conversation.lines.meant_by(name));
        if let Some(place) = place {
            self.report_up_to(now, id, (receipt, place + 1));
        }
    }

    /// The room refused a line for good.
    pub(super) fn report_failed(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        line: Option<&Line>,
    ) {
        if let Some(line) = line.filter(|line| line.author == Author::Visitor) {
            self.report(now, id, (Receipt::Failed, vec![line.id.clone()]));
        }
    }

    /// At the end every word of the visitor gets its fate: what the room showed had come, what it
    /// did not show never will.
    pub(super) fn report_rest(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        if conversation.manners.receipts.is_empty() {
            return;
        }
        let from = conversation.course.delivered_to;
        let (mut shown, mut lost) = (Vec::new(), Vec::new());
        for line in visitor_lines(conversation, from) {
            match line.fate {
                Fate::Arrived => shown.push(line.id.clone()),
                Fate::Pending => lost.push(line.id.clone()),
                // That was told when it happened.
                Fate::Failed => {}
            }
        }
        let next = conversation.next_seq();
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.course.delivered_to = next;
        }
        self.report(now, id, (Receipt::Delivered, shown));
        self.report(now, id, (Receipt::Failed, lost));
    }

    fn report_up_to(&mut self, now: Timestamp, id: &ConversationId, (receipt, to): (Receipt, u64)) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        if !conversation.manners.receipts.contains(&receipt) {
            return;
        }
        let course = &mut conversation.course;
        let from = match receipt {
            Receipt::Read => course.read_to,
            _ => course.delivered_to,
        };
        if receipt == Receipt::Read {
            course.read_to = course.read_to.max(to);
        }
        course.delivered_to = course.delivered_to.max(to);
        let lines = visitor_lines(conversation, from);
        let names = lines.filter(|line| line.seq < to && line.fate != Fate::Failed);
        let names: Vec<MessageId> = names.map(|line| line.id.clone()).collect();
        if !names.is_empty() {
            self.touch(id);
        }
        self.report(now, id, (receipt, names));
    }

    fn report(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (receipt, messages): (Receipt, Vec<MessageId>),
    ) {
        let conversation = self.conversations.get(id);
        // At the end every word got its fate; the places after it belong to what is said too late.
        let open = conversation.filter(|c| !matches!(c.stage, Stage::Over { .. }));
        let wanted = open.is_some_and(|c| c.manners.receipts.contains(&receipt));
        if !wanted {
            return;
        }
        for messages in messages.chunks(MOST_AT_ONCE) {
            let next = self.conversations.get(id).map(Conversation::next_seq);
            let name = MessageId::new(format!("{id}-r{}", next.unwrap_or_default()));
            let line = (Author::Reported(receipt), Words::default(), name.into());
            let seq = self.append(id, now, line);
            let what = Outgoing::Receipt {
                messages: messages.to_vec(),
                receipt,
            };
            self.deliver(id, seq, what);
        }
    }

    pub(super) fn acknowledged(&mut self, now: Timestamp, told: &Acknowledgement) -> Answer {
        let Some((id, seq)) = self.agents_line(told) else {
            return Answer::Refused(Refusal::UnknownConversation);
        };
        let line = self.conversations.get(&id).and_then(|c| c.lines.at(seq));
        let before = line.and_then(|line| line.receipt);
        let news = match before {
            None | Some(Receipt::Sent) => true,
            Some(Receipt::Delivered) => told.receipt == Receipt::Read,
            Some(Receipt::Read | Receipt::Failed) => false,
        };
        if !news {
            return Answer::Acknowledged { before };
        }
        let lines = self.conversations.get_mut(&id).map(|c| &mut c.lines);
        let line = lines.and_then(|lines| lines.set_receipt(seq, told.receipt));
        if let Some(line) = line.cloned() {
            self.emit(Effect::Keep(Record::Line(id.clone(), Box::new(line))));
        }
        if let Some(ended) = self.conversations.get(&id).and_then(Conversation::ended_at) {
            // A row that is written anew has lost its expiry.
            let until = ended.plus(self.policy.keep);
            self.emit(Effect::Forget(Key::Lines(id.clone(), until)));
        }
        if told.receipt == Receipt::Failed {
            let text = "⚠ The other side could not show the visitor one of your messages.";
            self.desk_says(now, &id, text.to_owned());
        }
        Answer::Acknowledged { before }
    }

    /// Where the agent's words stand that were told by a delivery.
    fn agents_line(&self, told: &Acknowledgement) -> Option<(ConversationId, u64)> {
        let (id, number) = told.delivery.as_str().rsplit_once('-')?;
        let (id, seq) = (ConversationId::new(id), number.parse().ok()?);
        let conversation = self.conversations.get(&id)?;
        let visitor = Visitor {
            channel: conversation.channel.clone(),
            token: conversation.token.clone(),
        };
        let line = conversation.lines.at(seq)?;
        let theirs = matches!(line.author, Author::Agent { .. }) && visitor == told.visitor;
        theirs.then_some((id, seq))
    }

    /// What is told of the end to a channel that wants to know more of it.
    pub(super) fn summary(&self, id: &ConversationId, by: ClosedBy) -> Option<Ended> {
        let conversation = self.conversations.get(id)?;
        conversation.manners.report_end.then(|| Ended {
            by,
            helper: conversation.course.helper.clone(),
            waited: conversation.course.waited,
            contact: conversation.manners.contact.clone(),
        })
    }
}

fn visitor_lines(conversation: &Conversation, from: u64) -> impl Iterator<Item = &Line> {
    let first = conversation.lines.before(from);
    let lines = conversation.lines.iter().skip(first);
    lines.filter(|line| line.author == Author::Visitor)
}
