//! How a platform's repetition of a message is told from another message.

use warmline::bridge::{Answer, Input, RoomEvent, Saying};
use warmline::conversation::Words;
use warmline::ids::MessageId;

use super::story::{Story, conversation, visitor};

fn said(who: &str, id: &str) -> Input {
    Input::Said(Saying {
        visitor: visitor(who),
        id: MessageId::new(id),
        platform_id: Some("wamid.1".into()),
        words: Words::text(format!("hello from {who}")),
    })
}

fn taken(id: &str, message: &str, again: bool) -> Answer {
    Answer::Taken {
        conversation: conversation(id),
        message: MessageId::new(message),
        again,
        late: false,
    }
}

#[test]
fn two_visitors_of_a_channel_may_have_the_same_platform_id() {
    let mut story = Story::new();
    story.served("t1", "ana").open("t2");
    story
        .step(said("t1", "m1"))
        .answered(&taken("t1", "m1", false));
    story
        .step(said("t2", "m2"))
        .answered(&taken("t2", "m2", false));
    assert_eq!(story.kept.lines_of("t2").len(), 1);
    story.restart();
    story
        .step(said("t1", "m3"))
        .answered(&taken("t1", "m1", true));
    story
        .step(said("t2", "m4"))
        .answered(&taken("t2", "m2", true));
}

#[test]
fn ids_that_were_stored_without_their_visitor_still_count() {
    let mut story = Story::new();
    story.served("t1", "ana").open("t2").step(said("t1", "m1"));
    story.kept.forget_whose_ids();
    story.restart();
    story
        .step(said("t1", "m2"))
        .answered(&taken("t1", "m1", true));
    story
        .step(said("t2", "m3"))
        .answered(&taken("t2", "m3", false));
}

#[test]
fn also_of_a_conversation_that_is_over() {
    let mut story = Story::new();
    story.served("t1", "ana").step(said("t1", "m1"));
    story.kept.forget_whose_ids();
    story.step(Input::VisitorClosed(visitor("t1")));
    story.room("t1", RoomEvent::Gone).restart();
    story.step(said("t1", "m4"));
    let Answer::Taken {
        again: true,
        late: true,
        ..
    } = story.answer()
    else {
        panic!("{:?}", story.answer());
    };
}
