//! Weni's generic ticketer: a bot's mailroom and two agents play the whole story, and each side is
//! killed in the middle of it.

use super::faults::{complete, numbered, say_all};
use super::stage::{accept, first_offered, heard_until, is_asked, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::weni::id_of;
use super::support::xmpp::workgroup;
use super::weni::{Scene, closes};

#[test]
fn the_whole_story_with_each_side_killed_once() {
    let mut scene = Scene::new();
    let (first, second) = (scene.stage.agent("agent1"), scene.stage.agent("agent2"));
    let ticket = id_of("whole");
    assert_eq!(scene.weni.open(&ticket).status, 201);
    let (ana, ben, offer) = first_offered(&first, &second);
    assert!(
        offer
            .get("body")
            .contains("Quer negociar a fatura de julho")
    );
    let room = accept(ana, &offer);
    scene.says(&ticket, (ana, &room), "hello");
    ana.say_in(&room, "Oi Iara");
    let mut expected = scene.mailroom.wait_told(&ticket, "Oi Iara");
    assert_eq!(expected, ["Oi Iara"]);
    killed_on_each_side(&mut scene, &ticket, (ana, &room));
    expected.extend(numbered("reply", 8));
    assert_eq!(scene.mailroom.wait_told(&ticket, "reply-7"), expected);
    // A call may be repeated only where its answer died with one of the two: once for each.
    assert!(scene.mailroom.told_twice() <= 2);

    // An end from our side; mailroom calls back within the call.
    closes(ana, &room);
    expected.push("<close>".to_owned());
    assert_eq!(scene.mailroom.wait_told(&ticket, "<close>"), expected);
    assert_eq!(scene.weni.says(&ticket, "too late").status, 409);

    // Opened again the same agent is asked, although it is the other one's turn.
    scene.reopen(&ticket);
    let room = accept(ana, &offered(ana));
    assert!(!is_asked(ben), "the other one is not asked");
    let told = heard_until(ana, &room, "The ticket was opened again.");
    shown_in_order(&told);
    scene.says(&ticket, (ana, &room), "it is me again");
    ana.say_in(&room, "welcome back");
    expected.push("welcome back".to_owned());
    scene.mailroom.wait_told(&ticket, "welcome back");
    assert_eq!(scene.told_ends_once(&ticket), expected);

    // An end from mailroom's side is not told back to it.
    assert_eq!(scene.weni.tell(&ticket, "close").status, 200);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
    goes_on_with_another(&scene, &ticket, (ana, ben));
    assert_eq!(scene.told_ends_once(&ticket), expected);
}

/// What was said in the ticket's first talk is shown to the next agent: each word once, in order.
fn shown_in_order(told: &str) {
    let begun = ["hello", "Oi Iara"].map(str::to_owned).to_vec();
    let late = vec!["too late".to_owned()];
    let all = [begun, numbered("visitor", 6), numbered("reply", 8), late].concat();
    for word in &all {
        assert_eq!(told.matches(word).count(), 1, "{word} is shown once");
    }
    let places: Vec<Option<usize>> = all.iter().map(|word| told.find(word)).collect();
    assert!(places.is_sorted(), "{told}");
}

/// The program dies with words under way to the agent, mailroom with words under way to it.
fn killed_on_each_side(scene: &mut Scene, ticket: &str, (agent, room): (&Agent, &str)) {
    let visitors = numbered("visitor", 6);
    for (number, text) in visitors.iter().enumerate() {
        assert_eq!(scene.weni.says(ticket, text).status, 200);
        if number == 2 {
            scene.stage.warmline.kill9();
            scene.stage.warmline.start_again();
        }
    }
    heard_until(agent, room, "visitor-5");
    let said = [vec!["hello".to_owned()], visitors].concat();
    complete(&agent.heard(room, ""), &said);
    let replies = numbered("reply", 8);
    say_all(agent, room, &replies[..3]);
    scene.mailroom.kill9();
    say_all(agent, room, &replies[3..]);
    scene.mailroom.start_again();
}

/// The agent is away: somebody else is asked, for this ticket before all others who wait.
fn goes_on_with_another(scene: &Scene, ticket: &str, (ana, ben): (&Agent, &Agent)) {
    let support = workgroup("support");
    for agent in [ana, ben] {
        agent.show_to(&support, "dnd");
        agent.settle_with(&support);
    }
    assert_eq!(scene.weni.open(&id_of("other")).status, 201);
    scene.reopen(ticket);
    ben.show_to(&support, "chat");
    let offer = offered(ben);
    let shown = offer.get("body");
    assert!(shown.contains("Opened again"), "{shown}");
    let room = accept(ben, &offer);
    scene.says(ticket, (ben, &room), "who are you?");
}
