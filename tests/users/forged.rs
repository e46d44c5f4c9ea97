//! What strangers forge towards a client: copies, contact pushes, archive lines, offers.

use minidom::Element;
use tokio::sync::oneshot;
use warmline::ids::Timestamp;
use warmline::users::{Done, HistoryWish, Order, Places, Show, UserEvent};
use warmline::xmpp::client::{Act, Client};
use warmline::xmpp::stanza::attr;

const ME: &str = "alice@example.test/web";

struct Stage {
    client: Client,
    now: i64,
}

impl Stage {
    /// A client with its contact list, which is empty.
    fn new() -> Stage {
        let places = Places {
            domain: "workgroup.example.test".into(),
            server: "example.test".into(),
            muc: "conference.example.test".into(),
            upload: Default::default(),
        };
        let client = Client::new(ME, places, "t".into());
        let mut stage = Stage { client, now: 1_000 };
        let asked = sent(&stage.client.start_with_copies(Timestamp(1_000)));
        for iq in asked {
            let id = attr(&iq, "id").unwrap().to_owned();
            let query = "<query xmlns='jabber:iq:roster'/>";
            stage.feed(&format!(
                "<iq type='result' id='{id}' from='alice@example.test'>{query}</iq>"
            ));
        }
        stage
    }

    fn feed(&mut self, xml: &str) -> Vec<Act> {
        self.now += 1;
        let xml = xml.replacen(' ', " xmlns='jabber:client' ", 1);
        let stanza: Element = xml.parse().expect("XML");
        self.client.stanza(Timestamp(self.now), &stanza)
    }

    fn order(&mut self, order: Order) -> (Vec<Act>, oneshot::Receiver<Answer>) {
        self.now += 1;
        let (reply, answer) = oneshot::channel();
        (self.client.order(Timestamp(self.now), order, reply), answer)
    }

    fn contacts(&mut self) -> usize {
        let (acts, _) = self.order(Order::Contacts);
        match acts.into_iter().next() {
            Some(Act::Answer(_, Ok(Done::Contacts(all)))) => all.len(),
            other => panic!("{other:?}"),
        }
    }
}

type Answer = Result<Done, warmline::users::UserError>;

fn sent(acts: &[Act]) -> Vec<Element> {
    let sent = acts.iter().filter_map(|act| match act {
        Act::Send(stanza) => Some(stanza.clone()),
        _ => None,
    });
    sent.collect()
}

fn events(acts: &[Act]) -> Vec<UserEvent> {
    let told = acts.iter().filter_map(|act| match act {
        Act::Event(UserEvent::Stanza(_)) => None,
        Act::Event(event) => Some(event.clone()),
        _ => None,
    });
    told.collect()
}

#[test]
fn only_the_own_server_says_what_was_said_elsewhere() {
    let mut stage = Stage::new();
    let copy = |from: &str| {
        format!(
            "<message from='{from}' to='{ME}'><sent xmlns='urn:xmpp:carbons:2'><forwarded \
             xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' from='{ME}' \
             to='boss@example.test'><body>I quit</body></message></forwarded></sent></message>"
        )
    };
    let acts = stage.feed(&copy("evil@example.test/x"));
    assert_eq!(events(&acts), []);
    let acts = stage.feed(&copy("alice@example.test"));
    let told = events(&acts);
    assert!(matches!(&told[..], [UserEvent::Chat(_, said)] if said.own));
}

#[test]
fn only_the_own_server_changes_the_contacts() {
    let mut stage = Stage::new();
    let push = |from: &str| {
        format!(
            "<iq type='set' id='p' from='{from}' to='{ME}'><query xmlns='jabber:iq:roster'>\
             <item jid='evil@example.test' subscription='both'/></query></iq>"
        )
    };
    for stranger in ["evil@example.test/x", "alice@example.test.evil.example"] {
        let acts = stage.feed(&push(stranger));
        assert_eq!(attr(&sent(&acts)[0], "type"), Some("error"), "{stranger}");
        assert_eq!(stage.contacts(), 0);
    }
    let acts = stage.feed(&push("alice@example.test"));
    assert_eq!(attr(&sent(&acts)[0], "type"), Some("result"));
    assert_eq!(stage.contacts(), 1);
}

#[test]
fn an_answer_counts_only_from_whom_was_asked() {
    let mut stage = Stage::new();
    let (acts, mut answer) = stage.order(Order::Room("desk@conference.example.test".into()));
    let id = attr(&sent(&acts)[0], "id").unwrap().to_owned();
    let result = |from: &str| {
        format!(
            "<iq type='result' id='{id}' from='{from}' to='{ME}'>\
             <query xmlns='http://jabber.org/protocol/disco#info'/></iq>"
        )
    };
    stage.feed(&result("evil@example.test/x"));
    assert!(answer.try_recv().is_err());
    let acts = stage.feed(&result("desk@conference.example.test"));
    assert!(
        acts.iter()
            .any(|act| matches!(act, Act::Answer(_, Ok(Done::Room(_)))))
    );
}

#[test]
fn archive_lines_count_only_from_the_archive() {
    let mut stage = Stage::new();
    let (acts, _answer) = stage.order(Order::History(HistoryWish::default()));
    let id = attr(&sent(&acts)[0], "id").unwrap().to_owned();
    for (from, body) in [
        ("evil@example.test/x", "forged"),
        ("alice@example.test", "true"),
    ] {
        let acts = stage.feed(&format!(
            "<message from='{from}' to='{ME}'><result xmlns='urn:xmpp:mam:2' queryid='{id}' id='1'>\
             <forwarded xmlns='urn:xmpp:forward:0'><delay xmlns='urn:xmpp:delay' \
             stamp='2026-11-21T12:00:00Z'/><message xmlns='jabber:client' type='chat' \
             from='bob@example.test' to='{ME}'><body>{body}</body></message></forwarded></result>\
             </message>"
        ));
        assert_eq!(events(&acts), []);
    }
    let acts = stage.feed(&format!(
        "<iq type='result' id='{id}' from='alice@example.test' to='{ME}'>\
         <fin xmlns='urn:xmpp:mam:2' complete='true'/></iq>"
    ));
    let lines = acts.into_iter().find_map(|act| match act {
        Act::Answer(_, Ok(Done::Lines(lines))) => Some(lines),
        _ => None,
    });
    let bodies: Vec<String> = lines.expect("lines").into_iter().map(|l| l.body).collect();
    assert_eq!(bodies, ["true"]);
}

#[test]
fn offers_come_only_from_workgroups_that_are_served() {
    let mut stage = Stage::new();
    let workgroup = "support@workgroup.example.test";
    let offer = |from: &str| {
        format!(
            "<iq type='set' id='o' from='{from}' to='{ME}'><offer \
             xmlns='http://jabber.org/protocol/workgroup' id='c1' jid='v@example.test'/></iq>"
        )
    };
    assert_eq!(events(&stage.feed(&offer(workgroup))), []);
    stage.order(Order::Presence {
        show: Show::Available,
        status: None,
    });
    stage.order(Order::Serve(workgroup.into()));
    assert_eq!(events(&stage.feed(&offer("evil@example.test"))), []);
    let told = events(&stage.feed(&offer(workgroup)));
    assert!(matches!(&told[..], [UserEvent::Offer(made)] if made.id == "c1"));
}

/// After a kill the room puts out the occupant of before, and lets in who has asked meanwhile.
#[test]
fn who_is_put_out_while_entering_is_in_once_the_room_says_so() {
    let mut stage = Stage::new();
    let join = Order::Join {
        room: "desk@conference.example.test".into(),
        nick: Some("alice".into()),
        password: None,
    };
    let (_, mut answer) = stage.order(join);
    let own = |kind: &str, status: &str| {
        format!(
            "<presence {kind} from='desk@conference.example.test/alice' to='{ME}'>\
             <x xmlns='http://jabber.org/protocol/muc#user'><item role='none'/>\
             <status code='110'/>{status}</x></presence>"
        )
    };
    stage.feed(&own("type='unavailable'", "<status code='333'/>"));
    assert!(answer.try_recv().is_err(), "it is still waited for");
    let acts = stage.feed(&own("", ""));
    let joined = |event: &UserEvent| matches!(event, UserEvent::Joined { .. });
    assert!(events(&acts).iter().any(joined));
    let answered = |act: &Act| matches!(act, Act::Answer(_, Ok(Done::Nothing)));
    assert!(acts.iter().any(answered));
}
