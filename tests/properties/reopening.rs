//! Conversations that go on after their end, and what is told of the talk a second time.

use warmline::bridge::{Answer, Input, Reopening};
use warmline::conversation::{Author, Earlier};
use warmline::ids::{AgentJid, ConversationId};
use warmline::workgroup::Place;

use super::people::{conversation, visitor};
use super::world::World;

impl World {
    pub fn reopens(&mut self, who: u8, kind: u8) {
        self.count += 1;
        let id = conversation(&format!("conv-{}", self.count));
        let visitor = visitor(&who.to_string());
        let wish = Reopening {
            conversation: id.clone(),
            // As the engine adds it.
            earlier: self.recalled(&visitor),
            visitor,
            key: (!kind.is_multiple_of(3)).then(|| format!("key-{}", self.count)),
            hurry: true,
            by_platform: !kind.is_multiple_of(4),
            wait_ends: kind.is_multiple_of(6),
        };
        let over = self.bridge.over_of(&wish.visitor).cloned();
        let former = over
            .clone()
            .and_then(|over| self.kept.past_of(over.as_str()));
        let answer = self.step(Input::Reopen(Box::new(wish.clone())));
        let Answer::Opened { again: false, .. } = answer else {
            return;
        };
        let former = former.expect("something goes on");
        assert!(who.is_multiple_of(2), "this channel opens nothing again");
        assert_eq!(former.closing, None, "what comes overtakes what was said");
        self.opened.push(id.clone());
        self.first_in_line(&id, former.agent.as_ref());
        let answer = self.step(Input::Reopen(Box::new(wish)));
        let again = matches!(answer, Answer::Opened { again: true, .. });
        assert!(again, "opened twice: {answer:?}");
    }

    /// The visitor waits before all that came newly, or the agent of before is asked.
    fn first_in_line(&self, id: &ConversationId, agent: Option<&AgentJid>) {
        let request = self.bridge.dispatch().request(id).expect("a request");
        assert_eq!(request.place, Place::First);
        // Without one it may be whom the visitor names.
        assert!(agent.is_none() || request.wanted.as_ref() == agent);
    }

    /// What was said comes back with what is told of the talk.
    pub fn recounts(&mut self, one: u8) {
        let remembered = self.policy.remember_ids;
        let mut all = self.sayings.iter();
        let Some((_, saying)) = all
            .rfind(|(at, saying)| saying.platform_id.is_some() && self.now < at.plus(remembered))
        else {
            return;
        };
        let (visitor, entry) = (
            saying.visitor.clone(),
            Earlier {
                author: Author::Visitor,
                words: saying.words.clone(),
                at: self.now,
                id: saying.platform_id.clone(),
            },
        );
        let named = (
            visitor.channel.to_string(),
            Some(visitor.token.as_str().to_owned()),
            entry.id.clone().unwrap_or_default(),
        );
        let taken = self.kept.seen.contains_key(&named);
        if !taken {
            return;
        }
        let lines = self.kept.lines.len();
        let earlier = vec![entry; usize::from(one % 3) + 1];
        self.step(Input::Recounted { visitor, earlier });
        assert_eq!(self.kept.lines.len(), lines, "told again");
    }
}
