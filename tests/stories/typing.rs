//! Typing: shown to those who may see it, kept nowhere.

use warmline::bridge::{Answer, Effect, Input, Opening, RoomEvent};
use warmline::conversation::Manners;
use warmline::users::ChatState;

use super::story::{Story, agent, opening, visitor};

impl Story {
    fn visitor_types(&mut self, id: &str, state: ChatState) -> &mut Self {
        let visitor = visitor(id);
        self.step(Input::Typed { visitor, state });
        assert_eq!(self.answer(), &Answer::Done);
        let kept = |effect: &Effect| matches!(effect, Effect::Keep(_) | Effect::Deliver(_));
        assert!(!self.effects.iter().any(kept), "{:?}", self.effects);
        self
    }

    fn agent_types(&mut self, name: &str, id: &str, state: ChatState) -> &mut Self {
        let event = RoomEvent::Typed {
            agent: agent(name),
            nick: name.to_owned(),
            state,
        };
        self.room(id, event);
        let kept = |effect: &Effect| matches!(effect, Effect::Keep(_) | Effect::Deliver(_));
        assert!(!self.effects.iter().any(kept), "{:?}", self.effects);
        self
    }

    /// A request of a channel that shows typing.
    fn open_to_typing(&mut self, id: &str, hide_names: bool) -> &mut Self {
        let manners = Manners {
            typing: true,
            hide_names,
            ..Manners::default()
        };
        let wish = opening(id);
        self.step(Input::Open(Opening { manners, ..wish }))
    }
}

#[test]
fn it_goes_both_ways_while_an_agent_is_there() {
    let mut story = Story::new();
    story.online(&["ana"]).open_to_typing("1", false);
    story.visitor_types("1", ChatState::Composing).then(&[]);
    story.accepts("ana", "1").ready("1", true, &[]);
    story.visitor_types("1", ChatState::Composing).then(&[]);
    story.enters("ana", "1");
    // Before the briefing is read it would stand before it.
    story.visitor_types("1", ChatState::Composing).then(&[]);
    story.reflects("1", "1-b1");
    story
        .visitor_types("1", ChatState::Composing)
        .then(&["room 1 visitor is composing"]);
    story
        .agent_types("ana", "1", ChatState::Paused)
        .then(&["show 1 Ana is paused"]);
    story.leaves("ana", "1");
    story.visitor_types("1", ChatState::Composing).then(&[]);
    story.step(Input::VisitorClosed(visitor("1")));
    story.visitor_types("1", ChatState::Composing).then(&[]);
    story
        .agent_types("ana", "1", ChatState::Composing)
        .then(&[]);
}

#[test]
fn names_that_are_hidden_stay_hidden() {
    let mut story = Story::new();
    story.online(&["cy"]).open_to_typing("1", true);
    story.served_already("1", "cy");
    story.agent_types("cy", "1", ChatState::Composing);
    let seen = story.seen();
    assert_eq!(seen.len(), 1);
    assert!(seen[0].starts_with("show 1 Counselor-"), "{seen:?}");
}

#[test]
fn channels_that_cannot_show_it_hear_nothing() {
    let mut story = Story::new();
    story.served("1", "ana");
    story.visitor_types("1", ChatState::Composing).then(&[]);
    story
        .agent_types("ana", "1", ChatState::Composing)
        .then(&[]);
    story
        .visitor_types("nobody", ChatState::Composing)
        .then(&[]);
}
