//! Drives the rooms over a real component connection, as the seat does.

use crate::stream::Stream;
use crate::support::wait;
use crate::support::xmpp::{COMPONENT, MUC, SECRET, Server, workgroup};
use minidom::Element;
use sha1::{Digest as _, Sha1};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use warmline::bridge::{Input, RoomEvent, RoomOrder, RoomPlan};
use warmline::conversation::Words;
use warmline::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};
use warmline::workgroup::Contact;
use warmline::xmpp::ns;
use warmline::xmpp::out::Out;
use warmline::xmpp::rooms::{Rooms, RoomsSettings};
use warmline::xmpp::stanza::{self, Condition};

/// How long a story may wait for its next event.
const SOON: Duration = Duration::from_secs(20);

pub struct Seat {
    link: Option<Stream>,
    pub rooms: Rooms,
    /// What was told, oldest first, since it was last taken.
    pub told: Vec<RoomEvent>,
    /// What was sent since it was last cleared.
    pub sent: Vec<Element>,
    pub conversation: ConversationId,
    /// Whether the room has answered what [`Seat::settle`] asks.
    settled: bool,
}

/// The id of the request whose answer is waited for.
const SETTLE: &str = "settle";

pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp(i64::try_from(since.expect("a clock").as_millis()).expect("a time"))
}

pub fn agent(name: &str) -> AgentJid {
    AgentJid::parse(&crate::support::xmpp::jid(name)).expect("an agent")
}

impl Seat {
    /// Connects; the conversation is named so that each test has a room of its own.
    pub fn connect(server: &dyn Server, conversation: &str) -> Seat {
        Seat {
            link: Some(connect(server)),
            rooms: Rooms::new(RoomsSettings::new(COMPONENT, MUC)),
            told: Vec::new(),
            sent: Vec::new(),
            conversation: ConversationId::new(conversation),
            settled: false,
        }
    }

    /// Waits until the room has done everything that it was sent before: it takes the stanzas of
    /// one link in their order.
    pub fn settle(&mut self) {
        let from = format!("{}/support", workgroup("support"));
        let query = stanza::element("query", ns::DISCO_INFO);
        let room = self.current_room();
        self.settled = false;
        self.transmit(&stanza::iq("get", SETTLE, (&from, &room), query));
        let deadline = Instant::now() + SOON;
        while !self.settled {
            assert!(Instant::now() < deadline, "the room does not answer");
            self.turn();
        }
    }

    /// The connection breaks; nobody hears what is sent to us.
    pub fn cut(&mut self) {
        self.link = None;
        self.rooms.link_lost();
        self.told.clear();
    }

    /// A new connection in the old one's place, or after a restart of the server.
    pub fn reconnect(&mut self, server: &dyn Server) {
        self.cut();
        self.link = Some(connect(server));
    }

    pub fn room(&self) -> String {
        format!("{}@{MUC}", self.conversation)
    }

    /// The room that was entered last, whatever its name is.
    pub fn current_room(&self) -> String {
        let joins = self.sent.iter().rev().filter(|s| s.name() == "presence");
        let to = joins.filter_map(stanza::to).next().expect("a join");
        to.bare()
    }

    pub fn order(&mut self, order: RoomOrder) {
        let out = self.rooms.order(now(), self.conversation.clone(), order);
        self.carry(out);
    }

    pub fn open(&mut self, members: &[&str], since: Option<Timestamp>) {
        self.order_room(members, None, since);
    }

    /// A new conversation's room, into which this agent is to come.
    pub fn open_for(&mut self, name: &str) {
        self.order_room(&[name], Some((agent(name), None)), None);
    }

    fn order_room(
        &mut self,
        members: &[&str],
        awaited: Option<(AgentJid, Option<Contact>)>,
        since: Option<Timestamp>,
    ) {
        let plan = RoomPlan {
            workgroup: WorkgroupName::new("support"),
            pseudonym: self.conversation.pseudonym(),
            members: members.iter().map(|name| agent(name)).collect(),
            awaited,
            since,
            in_person: None,
            marked: false,
        };
        self.order(RoomOrder::Open(Box::new(plan)));
    }

    pub fn say(&mut self, id: &str, as_visitor: bool, text: &str) {
        self.order(RoomOrder::Say {
            id: MessageId::new(id),
            as_visitor,
            words: Words::text(text),
        });
    }

    pub fn invite(&mut self, name: &str) {
        self.invite_client(name, None);
    }

    pub fn invite_client(&mut self, name: &str, to: Option<Contact>) {
        self.order(RoomOrder::Invite {
            agent: agent(name),
            to,
            pseudonym: self.conversation.pseudonym(),
            workgroup: WorkgroupName::new("support"),
        });
    }

    fn carry(&mut self, out: Vec<Out<()>>) {
        for wish in out {
            match wish {
                Out::Send(stanza) => {
                    self.transmit(&stanza);
                    self.sent.push(stanza);
                }
                Out::Tell(Input::Room {
                    conversation,
                    event,
                }) => {
                    assert_eq!(conversation, self.conversation);
                    self.told.push(event);
                }
                Out::Invited(_) => {}
                other => panic!("not expected: {other:?}"),
            }
        }
    }

    /// Sends a stanza past the rooms.
    pub fn transmit(&mut self, stanza: &Element) {
        let text = String::from(stanza);
        let bare = text.replacen(" xmlns='jabber:client'", "", 1).replacen(
            " xmlns=\"jabber:client\"",
            "",
            1,
        );
        if let Some(link) = &mut self.link {
            link.send(&bare);
        }
    }

    /// One turn: a stanza, if one comes, and whatever is due.
    pub fn turn(&mut self) {
        if let Some(stanza) = self.link.as_mut().and_then(Stream::stanza) {
            self.settled |= stanza::attr(&stanza, "id") == Some(SETTLE);
            match self.rooms.stanza(now(), &stanza) {
                Some(out) => self.carry(out),
                None => self.answer(&stanza),
            }
        }
        if self.rooms.next_deadline().is_some_and(|at| at <= now()) {
            let out = self.rooms.tick(now());
            self.carry(out);
        }
    }

    fn answer(&mut self, stanza: &Element) {
        if stanza.name() == "iq"
            && let Some(reply) = stanza::error(stanza, Condition::ServiceUnavailable, None)
        {
            self.transmit(&reply);
        }
    }

    /// Turns until `found` finds what it looks for among what was told, and takes that and
    /// everything before it away.
    pub fn until<T>(&mut self, what: &str, found: impl Fn(&RoomEvent) -> Option<T>) -> T {
        let deadline = Instant::now() + SOON;
        loop {
            let mut told = self.told.iter().enumerate();
            if let Some((at, value)) = told.find_map(|(at, event)| Some((at, found(event)?))) {
                self.told.drain(..=at);
                return value;
            }
            assert!(
                Instant::now() < deadline,
                "not told: {what}; but {:?}",
                self.told
            );
            self.turn();
        }
    }

    pub fn until_ready(&mut self) -> (bool, Vec<AgentJid>) {
        self.until("Ready", |event| match event {
            RoomEvent::Ready { fresh, inside } => {
                let who = inside.iter().map(|(agent, _)| agent.clone()).collect();
                Some((*fresh, who))
            }
            _ => None,
        })
    }

    /// Turns until something else has happened in the world.
    pub fn meanwhile<T>(&mut self, what: &str, mut other: impl FnMut() -> Option<T>) -> T {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(value) = other() {
                return value;
            }
            assert!(
                Instant::now() < deadline,
                "not seen: {what}; told {:?}",
                self.told
            );
            self.turn();
        }
    }
}

/// The server may need a moment to see that an earlier connection is gone.
fn connect(server: &dyn Server) -> Stream {
    wait::until("a component connection", SOON, || {
        let mut link = try_connect(server)?;
        is_alone(&mut link).then_some(link)
    })
}

/// How many stanzas in a row have to come back.
const IN_A_ROW: usize = 20;

/// ejabberd takes a second connection of a component beside the first, and sends each stanza to
/// either: until it has seen that an earlier one is gone, some are lost.
fn is_alone(link: &mut Stream) -> bool {
    for number in 0..IN_A_ROW {
        link.send(&format!(
            "<message from='{COMPONENT}' to='{COMPONENT}' id='echo-{number}'/>"
        ));
    }
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut back = 0;
    while back < IN_A_ROW && Instant::now() < deadline {
        let stanza = link.stanza();
        let echo = stanza
            .as_ref()
            .and_then(|stanza| stanza::attr(stanza, "id"));
        back += usize::from(echo.is_some_and(|id| id.starts_with("echo-")));
    }
    back == IN_A_ROW
}

fn try_connect(server: &dyn Server) -> Option<Stream> {
    let mut link = Stream::connect(server.ports().component);
    link.send(&format!(
        "<stream:stream xmlns='jabber:component:accept' \
         xmlns:stream='http://etherx.jabber.org/streams' to='{COMPONENT}'>"
    ));
    let mut header = link.until(">")?;
    if header.starts_with("<?") {
        header = link.until(">")?;
    }
    let (_, id) = header.split_once(" id=")?;
    let id = id[1..].split(['\'', '"']).next()?;
    let proof = Sha1::digest(format!("{id}{SECRET}"));
    let hex: String = proof.iter().map(|byte| format!("{byte:02x}")).collect();
    link.send(&format!("<handshake>{hex}</handshake>"));
    let answer = link.until(">")?;
    answer.contains("<handshake").then_some(link)
}
