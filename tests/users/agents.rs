//! Agents who have no XMPP client, in turn with those who have one.

use crate::person::Person;
use crate::support::agents::People;
use crate::support::prosody::Prosody;
use crate::support::xmpp::{COMPONENT, Server, jid, workgroup};
use crate::world::World;
use warmline::bridge::{Answer, Input, Opening, Visitor};
use warmline::conversation::Brief;
use warmline::ids::{ChannelId, ConversationId, VisitorToken, WorkgroupName};
use warmline::users::{Done, OfferMade, Order, Show, UserError, UserEvent};

fn offered(person: &Person) -> OfferMade {
    person.wait("an offer", |event| match event {
        UserEvent::Offer(offer) => Some(offer.clone()),
        _ => None,
    })
}

fn answer(person: &Person, id: &str, accept: bool) -> Result<Done, UserError> {
    person.attempt(Order::AnswerOffer {
        id: id.to_owned(),
        workgroup: None,
        accept,
    })
}

fn serve(person: &Person) {
    let Done::Workgroups(all) = person.order(Order::Workgroups) else {
        panic!("no workgroups");
    };
    assert_eq!(all, [workgroup("support")]);
    person.order(Order::Serve(workgroup("support")));
}

/// A visitor asks; gives the conversation's id.
fn ask(world: &World, number: u8) -> String {
    let id = format!("conversation{number}");
    let opening = Opening {
        conversation: ConversationId::new(id.as_str()),
        visitor: Visitor {
            channel: ChannelId::new("tickets"),
            token: VisitorToken::new(id.as_str()),
        },
        ticket: None,
        workgroup: WorkgroupName::new("support"),
        refuse_without_agents: false,
        wait_ends: true,
        brief: Brief {
            question: Some("Where is my parcel?".into()),
            facts: Vec::new(),
        },
        earlier: Vec::new(),
        recall: false,
        manners: Default::default(),
        place: warmline::workgroup::Place::Normal,
        wanted: None,
    };
    let answer = world.block_on(world.engine.ask(Input::Open(opening)));
    assert!(matches!(answer, Ok(Answer::Opened { .. })), "{answer:?}");
    id
}

#[test]
fn an_offer_is_rejected_goes_on_is_accepted_and_talked_about() {
    let server = Prosody::start();
    let agents = [format!("ann@{COMPONENT}"), format!("ben@{COMPONENT}")];
    let agents: Vec<&str> = agents.iter().map(String::as_str).collect();
    let world = World::with_agents(server.ports(), &agents);
    let (ann, ben) = (world.present("ann"), world.present("ben"));
    serve(&ann);
    serve(&ben);
    let id = ask(&world, 1);
    // Whoever has waited longest is asked first: both never were, so it is the order of names.
    let offer = offered(&ann);
    assert_eq!(
        (offer.id.as_str(), offer.workgroup),
        (id.as_str(), workgroup("support"))
    );
    assert_eq!(offer.metadata["question"], ["Where is my parcel?"]);
    assert!(offer.timeout.is_some());
    assert_eq!(answer(&ben, &id, true), Err(UserError::NoOffer));
    assert_eq!(answer(&ann, &id, false), Ok(Done::Nothing));
    assert_eq!(offered(&ben).id, id);
    let Done::Offers(open) = ben.order(Order::Offers) else {
        panic!("no offers");
    };
    assert_eq!(open.len(), 1);
    assert_eq!(answer(&ben, &id, true), Ok(Done::Nothing));
    assert_eq!(ben.order(Order::Offers), Done::Offers(Vec::new()));
    let invited = ben.wait("an invitation", |event| match event {
        UserEvent::Invited(invited) => Some(invited.clone()),
        _ => None,
    });
    assert_eq!(invited.reason.as_deref(), Some(id.as_str()));
    ben.join(&invited.room);
    ben.wait("the question", |event| match event {
        UserEvent::Room(said) => said.body.contains("Where is my parcel?").then_some(()),
        _ => None,
    });
    ben.post(&invited.room, "On its way.");
    ben.hears(&invited.room, "On its way.");
    let record =
        crate::support::wait::until("the agent's words", crate::support::wait::SOON, || {
            let lines = world.lines(&id);
            lines
                .iter()
                .any(|line| line.contains("On its way."))
                .then_some(lines)
        });
    assert_eq!(
        record
            .iter()
            .filter(|line| line.contains("On its way."))
            .count(),
        1
    );
    ben.post(&invited.room, "!close");
    ben.wait("the end of the room", |event| match event {
        UserEvent::Left { room, .. } => (*room == invited.room).then_some(()),
        _ => None,
    });
}

#[test]
fn people_with_and_without_clients_take_turns() {
    let server = Prosody::start();
    let ours = format!("ben@{COMPONENT}");
    let world = World::with_agents(server.ports(), &[&jid("agent1"), &ours, &jid("agent2")]);
    let client = People::start().log_in("agent1", server.ports());
    client.show_fastpath(&workgroup("support"), 4);
    let ben = world.present("ben");
    serve(&ben);
    let real = world.account("agent2");
    serve(&real);
    client.wait("the queue", |e| {
        e.kind() == "presence" && e.sender() == workgroup("support")
    });
    for number in 1..=3 {
        ask(&world, number);
    }
    client.wait("an offer", |e| e.kind() == "offer");
    let first = offered(&ben);
    let second = offered(&real);
    assert_ne!(first.id, second.id);
    assert_eq!(answer(&real, &second.id, true), Ok(Done::Nothing));
    // Whoever goes off duty loses the offer to somebody else.
    ben.order(Order::StopServing(workgroup("support")));
    client.wait("the offer that was hers", |_| true);
    real.wait("the offer that was his", |event| match event {
        UserEvent::Offer(offer) => (offer.id == first.id).then_some(()),
        _ => None,
    });
    ben.show(Show::Offline);
    let stranger = world.present("carl");
    let refused = stranger.attempt(Order::Serve(workgroup("support")));
    assert!(
        matches!(refused, Err(UserError::Forbidden(_))),
        "{refused:?}"
    );
    assert_eq!(
        stranger.order(Order::Workgroups),
        Done::Workgroups(Vec::new())
    );
}

#[test]
fn an_agent_of_ours_may_answer_in_plain_chat_too() {
    let server = Prosody::start();
    let world = World::with_agents(server.ports(), &[&format!("ann@{COMPONENT}")]);
    let ann = world.present("ann");
    ann.order(Order::Raw(format!(
        "<presence to='{}'/>",
        workgroup("support")
    )));
    let id = ask(&world, 1);
    ann.wait("a message", |event| match event {
        UserEvent::Chat(_, said) => said.body.contains("Where is my parcel?").then_some(()),
        _ => None,
    });
    ann.say(&workgroup("support"), "accept");
    let invited = ann.wait("an invitation", |event| match event {
        UserEvent::Invited(invited) => Some(invited.clone()),
        _ => None,
    });
    assert!(invited.room.starts_with(&id), "{}", invited.room);
}
