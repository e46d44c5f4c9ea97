//! Which order each route gives, but for its prefix and its stream id.

use warmline::users::{ChatState, ContactWish, HistoryWish, Order, Outgoing, Show};

/// Method, path behind `/chat` or `/chat/{stream}`, body, status, order.
pub type Row = (&'static str, &'static str, &'static str, u16, Order);

const JSON: &str = r#"{"body": "hi", "extra": 1}"#;

fn said(body: &str, data: Option<&str>) -> Outgoing {
    Outgoing {
        body: Some(body.to_owned()),
        data: data.map(str::to_owned),
        id: None,
    }
}

fn room() -> String {
    "desk@rooms.acme.example".to_owned()
}

fn workgroup() -> String {
    "support@workgroup.acme.example".to_owned()
}

fn wish() -> ContactWish {
    ContactWish {
        jid: "bob@acme.example".into(),
        ..ContactWish::default()
    }
}

fn answered(accept: bool) -> Order {
    Order::AnswerOffer {
        id: "fhrtbf7".into(),
        workgroup: Some(workgroup()),
        accept,
    }
}

/// All of them.
pub fn table() -> Vec<Row> {
    [talk(), people(), rooms(), speaking(), experts(), others()].concat()
}

fn talk() -> Vec<Row> {
    vec![
        (
            "POST",
            "/presence?show=dnd&status=very%20busy",
            "",
            200,
            Order::Presence {
                show: Show::DoNotDisturb,
                status: Some("very busy".into()),
            },
        ),
        (
            "POST",
            "/presence?show=nonsense&status=x",
            "",
            200,
            Order::Presence {
                show: Show::Available,
                status: Some("x".into()),
            },
        ),
        (
            "POST",
            "/messages/bob@acme.example",
            "hello",
            200,
            Order::Message {
                to: "bob@acme.example".into(),
                message: said("hello", None),
            },
        ),
        (
            "POST",
            "/messages/bob%40acme.example",
            JSON,
            200,
            Order::Message {
                to: "bob@acme.example".into(),
                message: said("hi", Some(JSON)),
            },
        ),
        (
            "POST",
            "/chatstate/composing/bob@acme.example",
            "",
            200,
            Order::ChatState {
                to: "bob@acme.example".into(),
                state: ChatState::Composing,
            },
        ),
    ]
}

fn people() -> Vec<Row> {
    vec![
        ("GET", "/contacts", "", 200, Order::Contacts),
        ("GET", "/contacts/requests", "", 200, Order::Requests),
        (
            "POST",
            "/contacts",
            r#"{"jid": "bob@acme.example"}"#,
            201,
            Order::AddContact(wish()),
        ),
        (
            "POST",
            "/contacts/bob@acme.example",
            "",
            201,
            Order::AddContact(wish()),
        ),
        (
            "PUT",
            "/contacts/bob@acme.example",
            "{}",
            201,
            Order::UpdateContact(wish()),
        ),
        (
            "DELETE",
            "/contacts/bob@acme.example",
            "",
            201,
            Order::RemoveContact("bob@acme.example".into()),
        ),
        (
            "GET",
            "/users?search=bo",
            "",
            200,
            Order::SearchUsers("bo".into()),
        ),
        (
            "POST",
            "/users/colour",
            "blue",
            200,
            Order::SetProperty {
                name: "colour".into(),
                value: "blue".into(),
            },
        ),
        (
            "DELETE",
            "/users/colour",
            "",
            200,
            Order::RemoveProperty("colour".into()),
        ),
    ]
}

fn rooms() -> Vec<Row> {
    vec![
        (
            "GET",
            "/rooms?servicename=conference&search=d",
            "",
            200,
            Order::Rooms {
                service: "rooms.acme.example".into(),
                search: Some("d".into()),
            },
        ),
        ("GET", "/rooms/desk", "", 404, Order::Room(room())),
        (
            "GET",
            "/rooms/desk/participants",
            "",
            200,
            Order::Occupants(room()),
        ),
        (
            "GET",
            "/rooms/desk/occupants?servicename=rooms",
            "",
            200,
            Order::Occupants(room()),
        ),
        (
            "GET",
            "/rooms/desk/chathistory",
            "",
            200,
            Order::RoomHistory(room()),
        ),
    ]
}

fn speaking() -> Vec<Row> {
    vec![
        (
            "PUT",
            "/rooms/desk",
            "",
            200,
            Order::Join {
                room: room(),
                nick: None,
                password: None,
            },
        ),
        (
            "POST",
            "/rooms/desk?service=%22conference%22",
            JSON,
            200,
            Order::Post {
                room: room(),
                message: said("hi", Some(JSON)),
            },
        ),
        (
            "POST",
            "/rooms/desk/bob@acme.example",
            "come",
            200,
            Order::Invite {
                room: room(),
                whom: "bob@acme.example".into(),
                reason: Some("come".into()),
            },
        ),
        ("DELETE", "/rooms/desk", "", 200, Order::Leave(room())),
    ]
}

fn experts() -> Vec<Row> {
    vec![
        ("GET", "/assists", "", 200, Order::Workgroups),
        ("GET", "/assists/queues", "", 200, Order::Queues),
        (
            "POST",
            "/assists/support",
            "",
            200,
            Order::Serve(workgroup()),
        ),
        (
            "DELETE",
            "/assists/support",
            "",
            200,
            Order::StopServing(workgroup()),
        ),
        ("PUT", "/assists/support/fhrtbf7", "", 200, answered(true)),
        (
            "DELETE",
            "/assists/support/fhrtbf7",
            "",
            200,
            answered(false),
        ),
    ]
}

fn others() -> Vec<Row> {
    vec![
        (
            "POST",
            "/xmpp",
            "<presence/>",
            200,
            Order::Raw("<presence/>".into()),
        ),
        (
            "POST",
            "/offer/fhrtbf7",
            "",
            200,
            Order::AnswerOffer {
                id: "fhrtbf7".into(),
                workgroup: None,
                accept: true,
            },
        ),
        (
            "DELETE",
            "/offer/fhrtbf7",
            "",
            200,
            Order::AnswerOffer {
                id: "fhrtbf7".into(),
                workgroup: None,
                accept: false,
            },
        ),
        ("GET", "/offers", "", 200, Order::Offers),
        (
            "GET",
            "/messages?keywords=red%20hat&to=bob@acme.example",
            "",
            200,
            Order::History(HistoryWish {
                with: Some("bob@acme.example".into()),
                keywords: vec!["red".into(), "hat".into()],
                ..HistoryWish::default()
            }),
        ),
    ]
}
