//! Openfire's Fastpath plugin and its rooms as recorded (Openfire 4.2.4, Fastpath 4.4.2), played by two
//! components byte for byte; only addresses, ids and sessions are filled in.

use std::time::{Duration, Instant};

use super::elsewhere::{BRIDGE, client_config};
use super::support::bot::HttpBot;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::rapidpro::{RapidPro, Ticket};
use super::support::raw::Raw;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::{COMPONENT, Options, SECRET, Server, workgroup};

/// The MUC service that is played.
pub const ROOMS: &str = "rooms.example.test";

/// The plugin, its rooms, and a Warmline whose workgroup is the plugin's.
pub struct Plugin {
    pub client: Warmline,
    pub rapidpro: RapidPro,
    pub bot: HttpBot,
    pub service: Raw,
    pub rooms: Raw,
    /// What `workgroup#online` says.
    pub state: &'static str,
    /// What visitors said and the rooms showed; given to whoever comes in again (S13).
    pub history: Vec<String>,
    pub server: Prosody,
}

/// The value of an attribute of a stanza's first tag.
pub fn attr(stanza: &str, name: &str) -> String {
    let tag = stanza.split('>').next().unwrap_or_default();
    let value = [format!(" {name}='"), format!(" {name}=\"")]
        .iter()
        .find_map(|start| tag.split(start.as_str()).nth(1));
    let value = value.unwrap_or_else(|| panic!("no {name} in {stanza}"));
    value
        .split(['\'', '"'])
        .next()
        .unwrap_or_default()
        .to_owned()
}

impl Drop for Plugin {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("client: {}", self.client.log());
        }
    }
}

impl Plugin {
    pub fn start(change: impl FnOnce(&mut Config)) -> Plugin {
        let server = Prosody::start_with(&Options {
            components: vec![BRIDGE.into(), ROOMS.into()],
            ..Options::default()
        });
        let service = Raw::component(COMPONENT, SECRET, server.ports());
        let rooms = Raw::component(ROOMS, SECRET, server.ports());
        let mut config = client_config(server.ports());
        change(&mut config);
        let client = Warmline::start(&config);
        let rapidpro = client.rapidpro();
        let bot = HttpBot::start();
        assert_eq!(rapidpro.put_settings(&bot.url("/callback")).status, 204);
        Plugin {
            client,
            rapidpro,
            bot,
            service,
            rooms,
            state: "OPEN",
            history: Vec::new(),
            server,
        }
    }

    pub fn open(&self, token: &str) -> Ticket {
        let ticket = Ticket::of(token);
        assert_eq!(self.rapidpro.open(&ticket).status, 201);
        ticket
    }

    /// The next stanza to the workgroup with this in it. Questions whether it is open are answered
    /// meanwhile.
    pub fn asked(&mut self, what: &str) -> String {
        let until = Instant::now() + wait::SOON + Duration::from_secs(20);
        while Instant::now() < until {
            let Some(stanza) = self.service.stanza(Duration::from_millis(200)) else {
                continue;
            };
            if stanza.contains("disco#info") && !stanza.contains("type='result'") {
                self.describe(&stanza);
            }
            if stanza.contains(what) {
                return stanza;
            }
        }
        panic!("never asked {what:?}");
    }

    /// Nothing with this in it comes to the workgroup for a while.
    pub fn not_asked(&mut self, what: &str, within: Duration) {
        let until = Instant::now() + within;
        while Instant::now() < until {
            let Some(stanza) = self.service.stanza(Duration::from_millis(100)) else {
                continue;
            };
            assert!(!stanza.contains(what), "{stanza}");
            if stanza.contains("disco#info") && !stanza.contains("type='result'") {
                self.describe(&stanza);
            }
        }
    }

    fn describe(&mut self, request: &str) {
        let (id, to, from) = (
            attr(request, "id"),
            attr(request, "from"),
            attr(request, "to"),
        );
        if !from.contains('@') {
            // The server itself wants to know what the component is.
            return;
        }
        let state = self.state;
        self.service.say(&format!("<iq type=\"result\" id=\"{id}\" from=\"{from}\" to=\"{to}\"><query xmlns=\"http://jabber.org/protocol/disco#info\"><identity category=\"collaboration\" name=\"support\" type=\"workgroup\"/><feature var=\"http://jabber.org/protocol/disco#info\"/><x xmlns=\"jabber:x:data\" type=\"result\"><field var=\"FORM_TYPE\" type=\"hidden\"><value>http://jabber.org/protocol/workgroup#workgroupinfo</value></field><field var=\"workgroup#description\" label=\"Description\"><value>Test support workgroup</value></field><field var=\"workgroup#online\" label=\"Status\"><value>{state}</value></field></x></query></iq>"));
    }

    /// The workgroup's presence, pushed.
    pub fn shows(&mut self, open: bool) {
        let (kind, support) = (
            if open { "" } else { " type=\"unavailable\"" },
            workgroup("support"),
        );
        self.service.say(&format!("<presence to=\"{BRIDGE}\" from=\"{support}\"{kind}><workgroup xmlns=\"http://jivesoftware.com/protocol/workgroup\"><lastModified>20261121T03:56:55</lastModified></workgroup></presence>"));
    }

    /// Answers a request.
    pub fn result(&mut self, request: &str) {
        let (id, to, support) = (
            attr(request, "id"),
            attr(request, "from"),
            workgroup("support"),
        );
        self.service.say(&format!(
            "<iq type=\"result\" id=\"{id}\" from=\"{support}\" to=\"{to}\"/>"
        ));
    }

    /// Refuses a request, with the request in it, as the plugin does.
    pub fn refuse(&mut self, request: &str, (code, kind, name): (&str, &str, &str)) {
        let (id, to, support) = (
            attr(request, "id"),
            attr(request, "from"),
            workgroup("support"),
        );
        self.service.say(&format!("<iq type=\"error\" id=\"{id}\" from=\"{support}\" to=\"{to}\"><queue-status xmlns=\"http://jabber.org/protocol/workgroup\"></queue-status><error code=\"{code}\" type=\"{kind}\"><{name} xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></iq>"));
    }

    /// Tells a visitor the place.
    pub fn place(&mut self, visitor: &str, session: &str, place: u32) {
        let support = workgroup("support");
        self.service.say(&format!("<message from=\"{support}\" to=\"{visitor}\"><queue-status xmlns=\"http://jabber.org/protocol/workgroup\"><time>15</time><position>{place}</position><session xmlns=\"http://jivesoftware.com/protocol/workgroup\" id=\"{session}\" workgroup=\"{support}\"/></queue-status></message>"));
    }

    /// Answers the question for the place the plugin's way: by a request of its own.
    pub fn place_by_request(&mut self, visitor: &str, session: &str) {
        let support = workgroup("support");
        self.service.say(&format!("<iq type=\"get\" id=\"612-31\" from=\"{support}\" to=\"{visitor}\"><queue-status xmlns=\"http://jabber.org/protocol/workgroup\"><time>15</time><position>1</position><session xmlns=\"http://jivesoftware.com/protocol/workgroup\" id=\"{session}\" workgroup=\"{support}\"/></queue-status></iq>"));
    }

    /// Puts a visitor out of the line.
    pub fn departs(&mut self, visitor: &str, reason: &str) {
        let support = workgroup("support");
        self.service.say(&format!("<message from=\"{support}\" to=\"{visitor}\"><depart-queue xmlns=\"http://jabber.org/protocol/workgroup\"><{reason}/></depart-queue></message>"));
    }

    /// A visitor joins, is told the place and then that it is so; the visitor's full JID.
    pub fn joins(&mut self, session: &str) -> String {
        let join = self.asked("<join-queue");
        let visitor = attr(&join, "from");
        self.place(&visitor, session, 1);
        self.result(&join);
        visitor
    }

    /// The invitation that the room sends.
    pub fn invites(&mut self, visitor: &str, session: &str) {
        let support = workgroup("support");
        self.rooms.say(&format!("<message from=\"{session}@{ROOMS}\" to=\"{visitor}\"><workgroup xmlns=\"http://jabber.org/protocol/workgroup\" jid=\"{support}\"/><session xmlns=\"http://jivesoftware.com/protocol/workgroup\" id=\"{session}\"/><x xmlns=\"http://jabber.org/protocol/muc#user\"><invite from=\"{support}\"><reason>Please join me for a chat.</reason></invite></x><x xmlns=\"jabber:x:conference\" jid=\"{session}@{ROOMS}\"/></message>"));
    }

    /// The next stanza to the rooms with this in it.
    pub fn in_rooms(&mut self, what: &str) -> String {
        let until = Instant::now() + wait::SOON;
        while Instant::now() < until {
            let Some(stanza) = self.rooms.stanza(Duration::from_millis(200)) else {
                continue;
            };
            if stanza.contains(what) {
                return stanza;
            }
        }
        panic!("never came into a room: {what:?}");
    }

    /// An occupant's presence, as Openfire shows it to others: without an address.
    pub fn occupant(&mut self, visitor: &str, occupant: &str, inner: &str) {
        self.rooms.say(&format!("<presence to=\"{visitor}\" from=\"{occupant}\"><x xmlns=\"http://jabber.org/protocol/muc#user\"><item affiliation=\"none\" role=\"participant\"/>{inner}</x></presence>"));
    }

    /// Somebody is put out because a transfer was successful.
    pub fn kicked(&mut self, visitor: &str, occupant: &str) {
        self.rooms.say(&format!("<presence to=\"{visitor}\" from=\"{occupant}\" type=\"unavailable\"><x xmlns=\"http://jabber.org/protocol/muc#user\"><item affiliation=\"none\" role=\"none\"><reason>Transfer was successful</reason><actor jid=\"support@workgroup.example.test\" nick=\"support\"/></item><status code=\"307\"/></x></presence>"));
    }

    /// An agent leaves.
    pub fn leaves(&mut self, visitor: &str, occupant: &str) {
        self.rooms.say(&format!("<presence to=\"{visitor}\" from=\"{occupant}\" type=\"unavailable\"><x xmlns=\"http://jabber.org/protocol/muc#user\"><item affiliation=\"none\" role=\"none\"/></x></presence>"));
    }

    /// Somebody says something to all.
    pub fn says(&mut self, visitor: &str, occupant: &str, text: &str) {
        self.rooms.say(&format!("<message type=\"groupchat\" to=\"{visitor}\" from=\"{occupant}\"><body>{text}</body></message>"));
    }

    /// The visitor comes into the room; the occupant's address. Those inside are shown first. The
    /// room tells nobody what it is (a hidden one).
    pub fn enters(&mut self, visitor: &str, agents: &[&str]) -> String {
        let join = self.in_rooms("protocol/muc'");
        let occupant = attr(&join, "to");
        assert_eq!(attr(&join, "from"), visitor);
        let room = occupant.split('/').next().unwrap_or_default().to_owned();
        for agent in agents {
            self.occupant(visitor, &format!("{room}/{agent}"), "");
        }
        self.occupant(visitor, &occupant, "<status code=\"110\"/>");
        let delay =
            "<delay xmlns=\"urn:xmpp:delay\" stamp=\"2026-11-21T04:08:42.435Z\"/></message>";
        for said in self.history.iter().filter(|said| said.contains(&room)) {
            self.rooms.say(&said.replace("</message>", delay));
        }
        let ask = self.in_rooms("disco#info");
        let id = attr(&ask, "id");
        self.rooms.say(&format!("<iq type=\"error\" id=\"{id}\" from=\"{room}\" to=\"{visitor}\"><query xmlns=\"http://jabber.org/protocol/disco#info\"></query><error code=\"404\" type=\"cancel\"><item-not-found xmlns=\"urn:ietf:params:xml:ns:xmpp-stanzas\"/></error></iq>"));
        occupant
    }

    /// The visitor comes into a room that is made by that (S10, S21).
    pub fn enters_nothing(&mut self, visitor: &str) -> String {
        let join = self.in_rooms("protocol/muc'");
        let occupant = attr(&join, "to");
        self.rooms.say(&format!("<presence to=\"{visitor}\" from=\"{occupant}\"><x xmlns=\"http://jabber.org/protocol/muc#user\"><item jid=\"{visitor}\" affiliation=\"owner\" role=\"moderator\"/><status code=\"110\"/><status code=\"100\"/><status code=\"201\"/></x></presence>"));
        occupant
    }

    /// The visitor says something; the room reflects it.
    pub fn hears(&mut self, text: &str) {
        let said = self.in_rooms(text);
        self.reflect(&said);
    }

    /// Reflects a message.
    pub fn reflect(&mut self, said: &str) {
        let (from, room) = (attr(said, "from"), attr(said, "to"));
        let nick = self.nick_of(&from);
        let back = said
            .replacen(&format!("to='{room}'"), "to='TO'", 1)
            .replacen(
                &format!("from='{from}'"),
                &format!("from='{room}/{nick}'"),
                1,
            )
            .replacen("to='TO'", &format!("to='{from}'"), 1);
        self.rooms.say(&back);
        self.history.push(back);
    }

    fn nick_of(&self, visitor: &str) -> String {
        let id = visitor.split('/').nth(1).unwrap_or_default();
        warmline::ids::ConversationId::new(id).pseudonym()
    }

    /// Waits until the bot has been told this of an agent.
    pub fn told(&self, text: &str) {
        self.bot.wait_until(text, |calls| {
            let told = |c: &&super::support::bot::Callback| c.taken() && c.text() == text;
            calls.iter().find(told).map(|_| ())
        });
    }

    /// Waits until the bot has been told the end.
    pub fn closed(&self) {
        self.bot.wait_until("the close", |calls| {
            let closes = |c: &&super::support::bot::Callback| c.taken() && c.kind() == "close-room";
            calls.iter().find(closes).map(|_| ())
        });
    }
}
