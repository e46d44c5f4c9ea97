//! Conversations whose workgroup is taken out of the configuration.

use warmline::bridge::{Effect, Event, Input, OfferOutcome};
use warmline::conversation::ClosedBy;
use warmline::ids::WorkgroupName;
use warmline::workgroup::Policy;

use super::story::{Story, opening, rules};

fn no_support(policy: &mut Policy) {
    policy.workgroups.remove(&WorkgroupName::new("support"));
}

fn no_billing(policy: &mut Policy) {
    policy.workgroups.remove(&WorkgroupName::new("billing"));
}

#[test]
fn who_waits_there_is_told_that_nobody_comes() {
    let mut story = Story::new();
    let mut elsewhere = opening("t2");
    elsewhere.workgroup = WorkgroupName::new("billing");
    story.open("t1").step(Input::Open(elsewhere));
    story.settings(no_support);
    story.then(&["deliver t1 NobodyCame", "deliver t1 closed by NobodyCame"]);
    assert_eq!(story.kept.past_of("t1").unwrap().by, ClosedBy::NobodyCame);
    let stranded = |effect: &Effect| matches!(effect, Effect::Happened(Event::Stranded(..)));
    assert_eq!(story.effects.iter().filter(|one| stranded(one)).count(), 1);
    story.online(&["dora"]);
    story.then(&["ask dora t2 for billing, 20 s"]);
}

#[test]
fn an_offer_there_is_taken_back_and_counted_as_that() {
    let mut story = Story::new();
    story.online(&["ana"]).open("t1").settings(no_support);
    story.then(&[
        "revoke ana t1 for support: AgentGone",
        "deliver t1 NobodyCame",
        "deliver t1 closed by NobodyCame",
    ]);
    let outcomes = story.outcomes();
    assert_eq!(outcomes, [OfferOutcome::Withdrawn]);
}

#[test]
fn who_has_been_told_already_is_not_told_twice() {
    let mut story = Story::new();
    story.open("t1").wait(240).then(&["deliver t1 NobodyCame"]);
    story.settings(no_support);
    story.then(&["deliver t1 closed by NobodyCame"]);
}

#[test]
fn it_is_the_same_when_the_program_starts_with_other_rules() {
    let mut story = Story::new();
    story.open("t1");
    no_support(&mut story.policy);
    story.restart().step(Input::LinkUp);
    let seen = story.seen();
    let told: Vec<_> = seen.iter().filter(|one| one.contains("t1")).collect();
    assert_eq!(
        told,
        ["deliver t1 NobodyCame", "deliver t1 closed by NobodyCame"]
    );
}

#[test]
fn who_is_served_stays_with_the_agent_to_the_end() {
    let mut story = Story::new();
    story.served("t1", "ana").settings(no_support).then(&[]);
    story
        .says("t1", "m1", "hello?")
        .then(&["room t1 m1: hello?"]);
    story
        .writes("ana", "t1", "I am here")
        .then(&["deliver t1 ana: I am here"]);
    // Leaving the room for a moment is still allowed.
    story.leaves("ana", "t1").wait(59).then(&[]);
    story.enters("ana", "t1").wait(10_000).then(&[]);
    story.writes("ana", "t1", "!close");
    story.then(&["deliver t1 closed by Agent", "room t1 destroy"]);
}

#[test]
fn who_loses_that_agent_is_told_and_it_ends() {
    let mut story = Story::new();
    story.served("t1", "ana").settings(no_support);
    story.leaves("ana", "t1").wait(60);
    let pseudonym = super::story::conversation("t1").pseudonym();
    story.then(&[
        "room t1 remove ana",
        &format!("tell ana: {pseudonym} was given to others."),
        "deliver t1 AgentLost",
        "deliver t1 NobodyCame",
        "deliver t1 closed by NobodyCame",
        "room t1 destroy",
    ]);
    story.wait(10_000).then(&[]);
}

#[test]
fn a_hand_over_to_it_comes_to_nothing() {
    let mut story = Story::new();
    story.online(&["dora"]).served("t1", "ana");
    story.writes("ana", "t1", "!transfer billing");
    story.settings(no_billing);
    story.then(&[
        "revoke dora t1 for billing: AgentGone",
        "room t1 desk: Nobody can be asked there any more. The conversation is still yours.",
    ]);
    story.writes("ana", "t1", "!transfer billing");
    story.then(&["room t1 to ana: No workgroup and no agent is called “billing”."]);
}

#[test]
fn a_visitor_without_an_agent_comes_back_to_the_line_of_before() {
    let mut story = Story::with(|policy| rules(policy, "billing").request_timeout = None);
    story.served("t1", "ana").online(&["cy"]);
    story.writes("ana", "t1", "!transfer billing");
    story.leaves("ana", "t1").wait(60);
    story.settings(no_billing);
    story.then(&["ask cy t1 for support, 20 s"]);
}
