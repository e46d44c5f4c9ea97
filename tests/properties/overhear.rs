//! What visitors and bots say outside of conversations and beside them: kept once, in one place.

use warmline::bridge::{Answer, Input, Overheard, Visitor};
use warmline::conversation::{Author, Earlier, Words};
use warmline::ids::{MessageId, Timestamp};

use super::world::World;

impl World {
    pub fn overhears(&mut self, who: u8, kind: u8) {
        // A platform that repeats itself later than is remembered says something new.
        let remembered =
            |(at, _): &&(Timestamp, Overheard)| self.now < at.plus(self.policy.remember_ids);
        let last = self.overheard.iter().rev().find(remembered);
        let again = last.filter(|_| kind.is_multiple_of(4)).cloned();
        let known = again.is_some();
        let (first, mut heard) = match again {
            Some(again) => again,
            None => (self.now, self.new_overheard(who, kind)),
        };
        if known {
            // The edge minted another id for it.
            self.count += 1;
            heard.id = MessageId::new(format!("o{}", self.count));
        }
        self.overheard.push((first, heard.clone()));
        let answer = self.step(Input::Overheard(Box::new(heard.clone())));
        match answer {
            Answer::Taken {
                again: false,
                late: false,
                conversation,
                message,
            } => {
                assert!(!known, "taken twice");
                if heard.author == Author::Visitor {
                    let said = self.said.entry(conversation).or_default();
                    said.push((message, heard.words.text.clone()));
                }
            }
            Answer::Taken { again, .. } => assert!(again && known, "known before it was said"),
            Answer::Noted => {}
            other => panic!("{other:?}"),
        }
        self.check_kept_once(&heard);
    }

    fn new_overheard(&mut self, who: u8, kind: u8) -> Overheard {
        self.count += 1;
        let number = self.count;
        let (author, name) = match kind % 3 {
            0 => (Author::Bot, "bot"),
            _ => (Author::Visitor, "visitor"),
        };
        Overheard {
            visitor: self.speaking(who, kind),
            id: MessageId::new(format!("o{number}")),
            platform_id: format!("overheard-{number}"),
            author,
            words: Words::text(format!("{name} {number}.")),
            at: self.now,
        }
    }

    /// Neither lost nor doubled: one line of one conversation, or one entry of the context.
    fn check_kept_once(&self, heard: &Overheard) {
        let text = &heard.words.text;
        let lines = self.kept.lines.values();
        let lines = lines.filter(|(row, _)| row.contains(text)).count();
        let context = self.kept.context.values();
        let context = context.filter(|(row, _)| row.contains(text)).count();
        assert_eq!(
            lines + context,
            1,
            "{lines} lines, {context} entries of {text}"
        );
    }

    /// What the engine would find of a visitor who asks for an agent.
    pub fn recalled(&self, visitor: &Visitor) -> Vec<Earlier> {
        self.kept.context_of(visitor.token.as_str())
    }
}
