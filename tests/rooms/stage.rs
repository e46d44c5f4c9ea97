//! Rooms with a clock in hand: stanzas typed in, wishes read out.

use crate::stream::parse;
use std::time::Duration;
use warmline::bridge::{Input, RoomEvent, RoomOrder, RoomPlan};
use warmline::conversation::Words;
use warmline::ids::{AgentJid, ConversationId, MessageId, Timestamp, WorkgroupName};
use warmline::workgroup::Contact;
use warmline::xmpp::out::Out;
use warmline::xmpp::rooms::{Rooms, RoomsSettings};
use warmline::xmpp::stanza::attr;

pub const ROOM: &str = "abc@conference.example.test";
pub const DESK: &str = "support@workgroup.example.test/support";
pub const VISITOR: &str = "v-abc@workgroup.example.test/abc";
pub const NICK: &str = "Visitor-7K2M";

pub struct Stage {
    pub rooms: Rooms,
    pub now: Timestamp,
    /// What was sent since it was last taken, as XML.
    pub sent: Vec<String>,
    pub told: Vec<RoomEvent>,
    last_id: String,
}

impl Stage {
    pub fn new() -> Stage {
        let settings = RoomsSettings::new("workgroup.example.test", "conference.example.test");
        Stage {
            rooms: Rooms::new(settings),
            now: Timestamp(1_795_262_400_000),
            sent: Vec::new(),
            told: Vec::new(),
            last_id: String::new(),
        }
    }

    /// With a room that is ready, on a service whose room was found as `features` say; `missed`
    /// is what it gives on entry.
    pub fn ready(features: &str, missed: &str) -> Stage {
        let mut stage = Stage::new();
        stage.open(Some(stage.now));
        stage.found(features);
        stage.enters_room("owner", missed);
        stage.admitted();
        stage
    }

    /// The service tells what the room offers.
    pub fn found(&mut self, features: &str) {
        self.result(&format!("<query xmlns='{INFO}'>{features}</query>"));
    }

    /// The desk comes in, and hears what `missed` says.
    pub fn enters_room(&mut self, affiliation: &str, missed: &str) {
        self.feed(&own(DESK, "support", affiliation, ""));
        self.feed_all(missed);
    }

    /// The visitor, made a member, comes in.
    pub fn admitted(&mut self) {
        self.feed(&own(VISITOR, NICK, "member", ""));
    }

    pub fn order(&mut self, order: RoomOrder) {
        let conversation = ConversationId::new("abc");
        let out = self.rooms.order(self.now, conversation, order);
        self.keep(out);
    }

    pub fn open(&mut self, since: Option<Timestamp>) {
        self.order(RoomOrder::Open(Box::new(RoomPlan {
            workgroup: WorkgroupName::new("support"),
            pseudonym: NICK.into(),
            members: vec![],
            awaited: None,
            since,
            in_person: None,
            marked: false,
            typing: false,
        })));
    }

    /// A room whose visitor can be shown who types.
    pub fn open_to_typing(&mut self) {
        self.order(RoomOrder::Open(Box::new(RoomPlan {
            workgroup: WorkgroupName::new("support"),
            pseudonym: NICK.into(),
            members: vec![],
            awaited: None,
            since: Some(self.now),
            in_person: None,
            marked: false,
            typing: true,
        })));
    }

    /// A new conversation's room, for which this agent waits.
    pub fn open_for(&mut self, agent: &str) {
        let agent = AgentJid::parse(agent).expect("an agent");
        self.order(RoomOrder::Open(Box::new(RoomPlan {
            workgroup: WorkgroupName::new("support"),
            pseudonym: NICK.into(),
            members: vec![agent.clone()],
            awaited: Some((agent, None)),
            since: None,
            in_person: None,
            marked: false,
            typing: false,
        })));
    }

    pub fn say(&mut self, id: &str) {
        self.order(RoomOrder::Say {
            id: MessageId::new(id),
            as_visitor: true,
            words: Words::text(id),
        });
    }

    pub fn invite(&mut self, agent: &str) {
        self.invite_client(agent, None);
    }

    /// Invites an agent at a Fastpath client.
    pub fn invite_spark(&mut self, agent: &str) {
        let client = Contact {
            resource: "spark".into(),
            fastpath: true,
        };
        self.invite_client(agent, Some(client));
    }

    fn invite_client(&mut self, agent: &str, to: Option<Contact>) {
        self.order(RoomOrder::Invite {
            agent: AgentJid::parse(agent).expect("an agent"),
            to,
            pseudonym: NICK.into(),
            workgroup: WorkgroupName::new("support"),
        });
    }

    pub fn close(&mut self) {
        self.order(RoomOrder::Close {
            workgroup: WorkgroupName::new("support"),
            why: "over".into(),
        });
    }

    /// A stanza comes; it must be for the rooms.
    pub fn feed(&mut self, xml: &str) {
        let out = self.rooms.stanza(self.now, &parse(xml));
        self.keep(out.unwrap_or_else(|| panic!("not taken: {xml}")));
    }

    /// Several stanzas, one a line.
    pub fn feed_all(&mut self, lines: &str) {
        for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
            self.feed(line);
        }
    }

    pub fn foreign(&mut self, xml: &str) {
        assert!(self.rooms.stanza(self.now, &parse(xml)).is_none(), "{xml}");
    }

    /// The last request is answered well.
    pub fn result(&mut self, payload: &str) {
        let id = self.last_id.clone();
        self.feed(&format!(
            "<iq type='result' id='{id}' from='{ROOM}' to='{DESK}'>{payload}</iq>"
        ));
    }

    /// The last request is refused.
    pub fn refuse(&mut self, condition: &str, kind: &str) {
        let (id, error) = (self.last_id.clone(), error(condition, kind));
        self.feed(&format!(
            "<iq type='error' id='{id}' from='{ROOM}' to='{DESK}'>{error}</iq>"
        ));
    }

    pub fn last_id(&self) -> String {
        self.last_id.clone()
    }

    /// Time passes, in one go.
    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now.plus(Duration::from_secs(seconds));
        let out = self.rooms.tick(self.now);
        self.keep(out);
        let next = self.rooms.next_deadline();
        assert!(
            next.is_none_or(|at| at > self.now),
            "a deadline is not moved"
        );
    }

    fn keep(&mut self, out: Vec<Out<()>>) {
        for wish in out {
            match wish {
                Out::Send(stanza) => {
                    if stanza.name() == "iq" {
                        self.last_id = attr(&stanza, "id").expect("an id").to_owned();
                    }
                    self.sent.push(String::from(&stanza).replace('"', "'"));
                }
                Out::Tell(Input::Room { event, .. }) => self.told.push(event),
                Out::Invited(agent) => self.sent.push(format!("invited {agent}")),
                other => panic!("not expected: {other:?}"),
            }
        }
    }

    /// What was sent, which is then forgotten.
    pub fn sent(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sent)
    }

    /// What was told in short, which is then forgotten.
    pub fn told(&mut self) -> Vec<String> {
        let told = std::mem::take(&mut self.told);
        told.iter().map(short).collect()
    }
}

fn short(event: &RoomEvent) -> String {
    match event {
        RoomEvent::Ready { fresh, inside } => {
            let nicks: Vec<&str> = inside.iter().map(|(_, nick)| nick.as_str()).collect();
            format!("ready fresh={fresh} [{}]", nicks.join(","))
        }
        RoomEvent::Unavailable => "unavailable".into(),
        RoomEvent::Entered { agent, nick } => format!("entered {agent} {nick}"),
        RoomEvent::Left { agent } => format!("left {agent}"),
        RoomEvent::Declined { agent } => format!("declined {agent}"),
        RoomEvent::Spoken(spoken) => format!("{}: {}", spoken.nick, spoken.words.text),
        RoomEvent::Reflected { id, .. } => format!("reflected {id}"),
        RoomEvent::Rejected { id } => format!("rejected {id}"),
        RoomEvent::Marked { name, receipt, .. } => format!("{} {name}", receipt.as_str()),
        RoomEvent::Typed { nick, state, .. } => format!("{nick} is {}", state.word()),
        RoomEvent::Gone => "gone".into(),
    }
}

const INFO: &str = "http://jabber.org/protocol/disco#info";
const USER: &str = "http://jabber.org/protocol/muc#user";

pub const SHAPED: &str = "<feature var='muc_persistent'/><feature var='muc_membersonly'/>";
pub const ARCHIVED: &str = "<feature var='muc_persistent'/><feature var='muc_membersonly'/>\
    <feature var='urn:xmpp:mam:2'/><feature var='urn:xmpp:sid:0'/>";

/// The presence by which an occupant of ours learns that it is in.
pub fn own(to: &str, nick: &str, affiliation: &str, status: &str) -> String {
    format!(
        "<presence from='{ROOM}/{nick}' to='{to}'><x xmlns='{USER}'>\
         <item affiliation='{affiliation}' role='participant' jid='{to}'/>\
         <status code='110'/>{status}</x></presence>"
    )
}

/// What the desk sees of somebody else.
pub fn presence(nick: &str, jid: &str, kind: &str) -> String {
    format!(
        "<presence from='{ROOM}/{nick}' to='{DESK}'{kind}><x xmlns='{USER}'>\
         <item affiliation='member' role='participant' jid='{jid}'/></x></presence>"
    )
}

/// What the desk hears.
pub fn heard(nick: &str, rest: &str) -> String {
    format!("<message type='groupchat' from='{ROOM}/{nick}' to='{DESK}' {rest}</message>")
}

pub fn error(condition: &str, kind: &str) -> String {
    format!(
        "<error type='{kind}'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>"
    )
}

/// An error for a message that `from` sent to the room.
pub fn bounce(from: &str, id: &str, error: &str) -> String {
    format!("<message type='error' id='{id}' from='{ROOM}' to='{from}'>{error}</message>")
}
