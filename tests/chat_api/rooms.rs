//! Rooms: which are listed, and what one tells.

use serde_json::{Value, json};
use warmline::users::{Affiliation, Chatroom, Done, Order, UserError};

use super::world::World;

fn room(jid: &str, name: Option<&str>) -> Chatroom {
    Chatroom {
        jid: jid.to_owned(),
        name: name.map(str::to_owned),
        ..Chatroom::default()
    }
}

/// One room is listed; the user is in that one, in two hidden ones, and in one somewhere else.
fn usual(order: &Order) -> Result<Done, UserError> {
    let names = ["open@rooms.acme.example", "hidden@rooms.acme.example"];
    let more = ["mute@rooms.acme.example", "far@other.example"];
    Ok(match order {
        Order::Rooms { .. } => Done::Rooms(vec![room(names[0], Some("Open to all"))]),
        Order::OwnRooms => {
            let own = names.into_iter().chain(more);
            Done::Rooms(own.map(|jid| room(jid, None)).collect())
        }
        Order::Room(jid) if jid == names[1] => {
            let told = Chatroom {
                public: Some(false),
                occupants: Some(3),
                ..room(jid, Some("Our own"))
            };
            Done::Room(Box::new(told))
        }
        Order::Room(jid) if jid == more[0] => return Err(UserError::TimedOut),
        Order::Room(jid) => Done::Room(Box::new(room(jid, None))),
        Order::Affiliated { affiliation, .. } => match affiliation {
            Affiliation::Owner => return Err(UserError::Forbidden("forbidden".into())),
            Affiliation::Admin => Done::Affiliated(vec!["ana@acme.example".into()]),
            Affiliation::Member => {
                Done::Affiliated(vec!["ben@x.example".into(), "cora@x.example".into()])
            }
            Affiliation::Outcast => Done::Affiliated(Vec::new()),
        },
        _ => Done::Nothing,
    })
}

async fn listed(world: &World, query: &str) -> Vec<Value> {
    let path = format!("/chat/rooms?username=alice{query}");
    let reply = world.master("GET", &path, "").await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    reply.json()["chatRoom"].as_array().unwrap().clone()
}

fn names(rooms: &[Value]) -> Vec<&str> {
    rooms
        .iter()
        .map(|room| room["roomName"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn all_rooms_are_those_that_are_listed_and_one_s_own() {
    let world = World::new().await;
    world.players.answer(usual);
    for query in ["", "&type=public", "&type=\"public\"", "&expandGroups=true"] {
        assert_eq!(names(&listed(&world, query).await), ["open"], "{query}");
    }
    let all = listed(&world, "&type=all&expandGroups=False").await;
    assert_eq!(names(&all), ["open", "hidden", "mute"]);
    assert_eq!(all[1]["naturalName"], "Our own");
    assert_eq!(
        (&all[1]["publicRoom"], &all[1]["occupants"]),
        (&json!(false), &json!(3))
    );
    assert_eq!(all[2]["jid"], "mute@rooms.acme.example");
    let found = listed(&world, "&type=all&search=OWN").await;
    assert_eq!(
        names(&found),
        ["open", "hidden"],
        "the service itself filters its own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_word_is_refused_by_its_parameter() {
    let world = World::new().await;
    world.players.answer(usual);
    for (path, parameter) in [
        ("/chat/rooms?type=private", "type"),
        ("/chat/rooms?type=ALL", "type"),
        ("/chat/rooms?expandGroups=maybe", "expandGroups"),
        ("/chat/rooms/open?expandGroups=2", "expandGroups"),
    ] {
        let reply = world.master("GET", path, "").await;
        assert_eq!(reply.status, 400, "{path}");
        let message = reply.json()["message"].to_string();
        assert!(
            message.contains(&format!("parameter {parameter} ")),
            "{message}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_room_tells_whom_it_tells_the_caller() {
    let world = World::new().await;
    world.players.answer(usual);
    let path = "/chat/rooms/open?username=alice";
    let told = world.master("GET", path, "").await.json();
    assert_eq!(told["owners"], json!({"owner": []}), "not told");
    assert_eq!(told["admins"], json!({"admin": ["ana@acme.example"]}));
    let members = json!({"member": ["ben@x.example", "cora@x.example"]});
    assert_eq!(told["members"], members);
    assert_eq!(told["outcasts"], json!({"outcast": []}));
    let told = listed(&world, "").await;
    assert_eq!(
        told[0]["admins"],
        json!({"admin": []}),
        "a list asks no room"
    );
    world.players.answer(|order| match order {
        Order::Affiliated { .. } => Err(UserError::NotConnected),
        other => usual(other),
    });
    assert_eq!(world.master("GET", path, "").await.status, 503);
}
