//! Visitors who begin a conversation by saying something, and cases that are filed beside it.

use crate::conversation::{CaseNote, MAX_SAID, Receipt, split};
use crate::ids::{ConversationId, DeliveryId, Timestamp};

use super::{
    Answer, Bridge, CaseRecord, Effect, ExtraRecord, Opening, Record, Refusal, Saying, Visitor,
};

/// What a visitor said, and the wish for a conversation that it is where there is none.
#[derive(Clone, Debug)]
pub struct Approach {
    /// The wish. Its ticket plays no part in what is a repetition.
    pub opening: Opening,
    /// The words.
    pub saying: Saying,
    /// Whether another conversation begins after one that is over.
    pub reopen: bool,
    /// What came with the words and is kept beside them, as the channel writes it; may be empty.
    pub extra: String,
}

/// What became of an agent's words, as the outside tells.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// Whose conversation.
    pub visitor: Visitor,
    /// The delivery by which the outside was told the words.
    pub delivery: DeliveryId,
    /// What became of them.
    pub receipt: Receipt,
}

impl Bridge {
    pub(super) fn approached(&mut self, now: Timestamp, approach: Approach) -> Answer {
        let Approach {
            opening,
            saying,
            reopen,
            extra,
        } = approach;
        if let Some(answer) = self.said_before(&saying) {
            return answer;
        }
        let known = self.visitors.get(&opening.visitor);
        let open = known.is_some_and(|known| known.open.is_some());
        let over = known.is_some_and(|known| known.past.is_some());
        let given = &opening.conversation;
        let past = known.and_then(|known| known.past.as_ref());
        let used = self.conversations.contains_key(given) || past.is_some_and(|p| p.id == *given);
        if !open && (over && !reopen || used) {
            return Answer::Refused(Refusal::UnknownConversation);
        }
        if !open {
            let begun = self.begin(now, opening);
            if let Answer::Refused(_) = begun {
                return begun;
            }
        }
        let visitor = saying.visitor.clone();
        let answer = self.said(now, saying);
        if let Answer::Taken {
            conversation,
            message,
            ..
        } = &answer
        {
            self.report_sent(now, conversation, message);
            let record = ExtraRecord {
                visitor,
                message: message.clone(),
                extra,
                until: now.plus(self.policy.keep),
            };
            self.emit(Effect::Keep(Record::Extra(Box::new(record))));
        }
        answer
    }

    pub(super) fn case_filed(&mut self, now: Timestamp, mut case: CaseRecord) -> Answer {
        let known = case.visitor.as_ref().and_then(|v| self.visitors.get(v));
        let open = known.and_then(|known| known.open.clone());
        let past = known.and_then(|known| known.past.as_ref());
        case.conversation = open.clone().or_else(|| past.map(|past| past.id.clone()));
        case.until = now.plus(self.policy.keep);
        let answer = Answer::Filed(case.conversation.clone());
        if let Some(id) = open {
            self.note_case(now, &id, &case.note);
        }
        self.emit(Effect::Keep(Record::Case(Box::new(case))));
        answer
    }

    fn note_case(&mut self, now: Timestamp, id: &ConversationId, note: &CaseNote) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let cases = &mut conversation.course.cases;
        if cases.iter().any(|other| other.id == note.id) {
            return;
        }
        cases.push(note.clone());
        self.touch(id);
        let text = format!("A case was filed: {}. “!case” shows it.", note.id);
        self.desk_says(now, id, text);
    }

    /// What `!case` shows.
    pub(super) fn cases_of(&self, id: &ConversationId) -> String {
        let cases = self
            .conversations
            .get(id)
            .map(|c| c.course.cases.as_slice());
        let cases = cases.unwrap_or_default();
        if cases.is_empty() {
            return "No case was filed here.".to_owned();
        }
        let text = cases.iter().map(shown).collect::<Vec<_>>().join("\n--\n");
        let first = split(&text, MAX_SAID).into_iter().next();
        first.unwrap_or_default().to_owned()
    }
}

fn shown(case: &CaseNote) -> String {
    let mut text = format!("Case {}", case.id);
    for (label, value) in &case.facts {
        text.push_str(&format!("\n{label}: {value}"));
    }
    text
}
