//! Whom a conversation was put before is remembered beyond the request of that moment.

use super::story::{Story, agent, rules};

fn asked(story: &Story) -> Vec<String> {
    let seen = story.seen().into_iter();
    seen.filter(|one| one.starts_with("ask ")).collect()
}

#[test]
fn who_has_just_refused_is_not_asked_again_when_it_comes_back() {
    let mut story = Story::new();
    story.online(&["ana", "ben"]).open("t1");
    story.wait(1).rejects("ana", "t1").wait(4);
    story.accepts("ben", "t1").ready("t1", true, &[]);
    story.wait(5).declines("ben", "t1");
    assert_eq!(asked(&story), [""; 0]);
    // ana's pause is over first.
    story.wait(10).then(&[]);
    story.wait(1).then(&["ask ana t1 for support, 20 s"]);
}

#[test]
fn they_are_remembered_over_a_restart() {
    let mut story = Story::new();
    story
        .online(&["ana", "ben"])
        .open("t1")
        .rejects("ana", "t1");
    story.accepts("ben", "t1").ready("t1", true, &[]).restart();
    story.step(warmline::bridge::Input::LinkUp);
    story.online(&["ana", "ben"]).ready("t1", false, &[]);
    story.declines("ben", "t1");
    assert_eq!(asked(&story), [""; 0]);
    story.wait(20);
    assert_eq!(asked(&story), ["ask ana t1 for support, 20 s"]);
}

#[test]
fn who_lost_it_is_not_the_first_to_be_asked() {
    let mut story = Story::new();
    story.served("t1", "ana").online(&["ben"]);
    story.leaves("ana", "t1").wait(60);
    assert_eq!(asked(&story), ["ask ben t1 for support, 20 s"]);
    // ben does not want it either: ana is asked when nobody else can be, and not at once.
    story.rejects("ben", "t1").then(&[]);
    story.wait(20).then(&["ask ana t1 for support, 20 s"]);
}

#[test]
fn who_gave_it_away_is_not_asked_when_it_is_lost_at_once() {
    let mut story = Story::new();
    story.served("t1", "ana");
    story.writes("ana", "t1", "!transfer ben").online(&["ben"]);
    story.accepts("ben", "t1").enters("ben", "t1");
    story.wait(1).writes("ben", "t1", "!transfer support");
    assert_eq!(asked(&story), [""; 0]);
    story.wait(18).then(&[]);
    story.wait(1).then(&["ask ana t1 for support, 20 s"]);
}

#[test]
fn who_did_not_come_to_take_over_is_not_asked_again_at_once() {
    let mut story = Story::with(|policy| {
        rules(policy, "billing").agents.remove(&agent("ben"));
    });
    story.online(&["dora"]).served("t1", "ana");
    story.writes("ana", "t1", "!transfer billing");
    story.accepts("dora", "t1").declines("dora", "t1");
    story.writes("ana", "t1", "!transfer billing");
    assert_eq!(asked(&story), [""; 0]);
    story.wait(20).then(&["ask dora t1 for billing, 20 s"]);
}

#[test]
fn who_is_named_is_asked_at_once_also_after_a_refusal() {
    let mut story = Story::new();
    story.served("t1", "ana").online(&["ben"]);
    story
        .writes("ana", "t1", "!transfer ben")
        .rejects("ben", "t1");
    story.wait(1).writes("ana", "t1", "!transfer ben");
    assert_eq!(asked(&story), ["ask ben t1 for support, 20 s"]);
    // To all others the refusal counts.
    story.rejects("ben", "t1");
    story.wait(1).writes("ana", "t1", "!transfer support");
    assert_eq!(asked(&story), [""; 0]);
}
