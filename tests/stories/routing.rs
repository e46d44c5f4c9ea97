//! Requests go where the rules lead, at the hours that the rules name, and on when they wait for
//! too long.

use std::time::Duration;

use warmline::bridge::{Answer, Effect, Input, Opening, Refusal};
use warmline::ids::WorkgroupName;
use warmline::workgroup::{Hours, Overflow, Pattern, Policy, Rule, Shift, Test};

use super::story::{Story, agent, opening, rules};

fn name(text: &str) -> WorkgroupName {
    WorkgroupName::new(text)
}

fn with_fact(id: &str, label: &str, value: &str) -> Input {
    let mut wish: Opening = opening(id);
    wish.brief.facts.push((label.to_owned(), value.to_owned()));
    Input::Open(wish)
}

fn rule(field: &str, test: Test, to: &str) -> Rule {
    Rule {
        field: field.to_owned(),
        test,
        to: name(to),
    }
}

/// `support` with a queue of its own for printers, in which cy serves.
fn with_printers(policy: &mut Policy) {
    let mut printers = rules(policy, "support").clone();
    printers.agents.retain(|jid, _| *jid == agent("cy"));
    policy.workgroups.insert(name("support/Printers"), printers);
}

#[test]
fn the_first_rule_that_holds_decides() {
    let mut story = Story::with(|policy| {
        with_printers(policy);
        let pattern = Pattern::new("^inv-[0-9]+$").unwrap();
        rules(policy, "support").routing.rules = vec![
            rule(
                "product",
                Test::Equals("Printer".into()),
                "support/Printers",
            ),
            rule("question", Test::Contains("REFUND".into()), "billing"),
            rule("reference", Test::Matches(pattern), "billing"),
            rule("topic", Test::Equals("x".into()), "gone"),
            rule("topic", Test::Equals("x".into()), "billing"),
        ];
    });
    story.online(&["ana", "cy", "dora"]);
    let mut asked = |id: &str, label: &str, value: &str| {
        story.step(with_fact(id, label, value));
        let seen = story.seen().join(", ");
        story.step(Input::OperatorClosed(super::story::conversation(id)));
        seen
    };
    assert!(asked("t1", "Product", " printer ").starts_with("ask cy t1 for support/Printers"));
    assert!(asked("t2", "reference", "inv-17").starts_with("ask dora t2 for billing"));
    assert!(asked("t3", "reference", "my inv-17").starts_with("ask ana t3 for support"));
    assert!(
        asked("t4", "topic", "x").contains("for billing"),
        "a rule to nowhere does not hold"
    );
    let mut wish = opening("t5");
    wish.brief.question = Some("Where is my refund?".into());
    story.step(Input::Open(wish));
    assert!(
        story.seen()[0].contains("for billing"),
        "{:?}",
        story.seen()
    );
}

#[test]
fn a_queue_waits_for_its_own_agents_and_is_open_with_its_workgroup() {
    let mut story = Story::with(|policy| {
        with_printers(policy);
        rules(policy, "support").routing.rules = vec![rule(
            "product",
            Test::Equals("printer".into()),
            "support/Printers",
        )];
    });
    story.online(&["ana"]);
    let mut wish = opening("t1");
    wish.refuse_without_agents = true;
    wish.brief.facts.push(("product".into(), "printer".into()));
    story.step(Input::Open(wish)).then(&[]);
    story.online(&["cy"]);
    story.then(&["ask cy t1 for support/Printers, 20 s"]);
}

#[test]
fn whoever_the_visitor_would_like_is_asked_first_and_others_then() {
    let mut story = Story::with(|policy| {
        rules(policy, "support").routing.preferred = Some("agent".into());
    });
    story.online(&["ana", "ben", "cy"]);
    story.step(with_fact("t1", "Agent", "ben"));
    story.then(&["ask ben t1 for support, 20 s"]);
    story
        .rejects("ben", "t1")
        .then(&["ask ana t1 for support, 20 s"]);
    // Nobody waits for one who is not there, or serves elsewhere.
    story.offline("cy");
    story.step(with_fact("t2", "agent", "cy@acme.example"));
    story.then(&["ask ben t2 for support, 20 s"]);
    story.step(with_fact("t3", "agent", "dora")).then(&[]);
}

fn overflowing(policy: &mut Policy) {
    rules(policy, "support").routing.overflow = Some(Overflow {
        after: Duration::from_secs(60),
        to: name("billing"),
    });
}

#[test]
fn a_request_goes_on_after_too_long_and_keeps_its_patience() {
    let mut story = Story::with(overflowing);
    story.online(&["dora"]).open("t1").then(&[]);
    story.wait(59).then(&[]);
    story.wait(1).then(&["ask dora t1 for billing, 20 s"]);
    assert!(
        story
            .effects
            .iter()
            .any(|e| matches!(e, Effect::QueueChanged(n) if *n == name("support")))
    );
    story.restart().step(Input::LinkUp);
    story.online(&["dora"]).accepts("dora", "t1");
    let workgroup = story
        .bridge
        .conversations()
        .next()
        .unwrap()
        .workgroup
        .clone();
    assert_eq!(workgroup, name("billing"));
}

#[test]
fn an_offer_that_is_out_is_not_taken_away_by_the_move() {
    let mut story = Story::with(overflowing);
    story.open("t1").wait(50);
    story
        .online(&["ana"])
        .then(&["ask ana t1 for support, 20 s"]);
    story.wait(15).then(&[]);
    story.online(&["dora"]).then(&[]);
    story.rejects("ana", "t1");
    story.then(&["ask dora t1 for billing, 20 s"]);
}

#[test]
fn nor_when_something_else_of_the_request_is_due_meanwhile() {
    let mut story = Story::with(overflowing);
    story.online(&["ben"]).open("t1").wait(10);
    story.rejects("ben", "t1");
    // Ben is asked again at 30, rejects once more at 42 and pauses until 62.
    story.wait(32).rejects("ben", "t1");
    story.wait(8).online(&["ana"]);
    story.then(&["ask ana t1 for support, 20 s"]);
    story.wait(14).then(&[]);
    let request = story
        .bridge
        .dispatch()
        .request(&super::story::conversation("t1"));
    assert_eq!(request.map(|one| &one.workgroup), Some(&name("support")));
}

#[test]
fn two_lines_that_lead_to_one_another_come_to_an_end() {
    let mut story = Story::with(|policy| {
        overflowing(policy);
        rules(policy, "support").request_timeout = None;
        rules(policy, "billing").routing.overflow = Some(Overflow {
            after: Duration::from_secs(60),
            to: name("support"),
        });
    });
    story.open("t1").wait(100_000);
    let request = story
        .bridge
        .dispatch()
        .request(&super::story::conversation("t1"))
        .unwrap();
    assert_eq!((request.moves, request.moves_at), (3, None));
}

fn nine_to_five(policy: &mut Policy) {
    let day = vec![Shift {
        from: 9 * 60,
        to: 17 * 60,
    }];
    rules(policy, "support").routing.hours = Some(Hours {
        zone: jiff::tz::TimeZone::UTC,
        week: std::array::from_fn(|_| day.clone()),
        holidays: Default::default(),
        yearly: Default::default(),
    });
}

fn view(story: &mut Story) -> (bool, bool) {
    story.step(Input::QueueAsked(name("support")));
    match story.answer() {
        Answer::Queue(view) => (view.open, view.closed),
        other => panic!("{other:?}"),
    }
}

#[test]
fn outside_of_its_hours_nobody_new_waits_and_those_who_wait_stay() {
    let mut story = Story::with(nine_to_five);
    story.online(&["ana"]);
    // The clock of stories begins on 2020-09-13 at 12:26:40 UTC.
    assert_eq!(view(&mut story), (true, false));
    story.offline("ana").open("t1");
    story.online(&["ana"]).rejects("ana", "t1");
    story.wait(5 * 3600);
    assert_eq!(view(&mut story), (false, true));
    story.step(Input::Open(opening("t2")));
    story.answered(&Answer::Refused(Refusal::NoAgents));
    story.wait(16 * 3600);
    assert_eq!(view(&mut story), (true, false));
}

#[test]
fn those_who_watch_are_told_when_a_workgroup_opens_or_closes_and_not_between() {
    let mut story = Story::with(nine_to_five);
    let told = |story: &Story| {
        let changed = |e: &&Effect| matches!(e, Effect::QueueChanged(n) if *n == name("support"));
        story.effects.iter().filter(changed).count()
    };
    // It begins at 12:26:40.
    story.wait(16_399);
    assert_eq!(told(&story), 0);
    story.wait(1);
    assert_eq!(told(&story), 1, "closed at 17:00");
    story.wait(16 * 3600 - 1);
    assert_eq!(told(&story), 0);
    story.wait(1);
    assert_eq!(told(&story), 1, "open at 9:00");
}

#[test]
fn a_request_whose_next_line_is_gone_stays_after_a_restart_too() {
    let overflow = || Overflow {
        after: Duration::from_secs(50),
        to: name("billing"),
    };
    let mut story = Story::with(|policy| {
        rules(policy, "support").routing.overflow = Some(overflow());
    });
    story.open("t1");
    let mut billing = None;
    story.settings(|policy| billing = policy.workgroups.remove(&name("billing")));
    story.wait(60);
    let billing = billing.expect("billing");
    story.settings(|policy| {
        policy.workgroups.insert(name("billing"), billing);
    });
    story.restart().step(Input::Tick);
    story.step(Input::QueueAsked(name("support")));
    let Answer::Queue(view) = story.answer() else {
        panic!("{:?}", story.answer());
    };
    assert_eq!(view.waiting.len(), 1, "it waits where it was");
}
