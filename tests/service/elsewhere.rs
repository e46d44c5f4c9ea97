//! A Warmline whose workgroup is another Warmline's, through a real server: the one is a client of
//! the other's Fastpath service.

use std::collections::HashSet;

use super::stage::{Stage, enter, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::bot::HttpBot;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::rapidpro::{RapidPro, Ticket};
use super::support::warmline::Warmline;
use super::support::xmpp::{Options, workgroup};

/// The domain of the component that is the client.
pub const BRIDGE: &str = "bridge.example.test";

/// Both, and whoever takes part.
struct Pair {
    client: Warmline,
    rapidpro: RapidPro,
    bot: HttpBot,
    /// The service, the server, and its agents.
    stage: Stage,
}

/// The configuration of a client of `support` at the other service.
pub fn client_config(server: super::support::xmpp::Ports) -> Config {
    let mut config = Config::new(server);
    config.domain = BRIDGE.into();
    config.agents.clear();
    config.workgroup = format!(
        "backend = \"fastpath\"\naddress = \"{}\"",
        workgroup("support")
    );
    config
}

pub fn options() -> Options {
    Options {
        components: vec![BRIDGE.into()],
        ..Options::default()
    }
}

impl Drop for Pair {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("client: {}", self.client.log());
            eprintln!("service: {}", self.stage.warmline.log());
        }
    }
}

impl Pair {
    fn start() -> Pair {
        Pair::configured(|_| {})
    }

    fn configured(change: impl FnOnce(&mut Config)) -> Pair {
        let stage = Stage::with(Box::new(Prosody::start_with(&options())), |_| {});
        let mut config = client_config(stage.server.ports());
        change(&mut config);
        let client = Warmline::start(&config);
        let rapidpro = client.rapidpro();
        let bot = HttpBot::start();
        assert_eq!(rapidpro.put_settings(&bot.url("/callback")).status, 204);
        Pair {
            client,
            rapidpro,
            bot,
            stage,
        }
    }

    fn open(&self, token: &str) -> Ticket {
        let ticket = Ticket::of(token);
        assert_eq!(self.rapidpro.open(&ticket).status, 201);
        ticket
    }

    /// What the bot was told of an agent's words, in order, each once.
    fn told(&self, ticket: &Ticket) -> Vec<String> {
        let mut keys = HashSet::new();
        let taken = self.bot.taken().into_iter();
        taken
            .filter(|c| keys.insert(c.header("idempotency-key").map(str::to_owned)))
            .filter(|c| c.kind() == "agent-message" && c.body["ticketID"] == ticket.id)
            .map(|c| c.text().to_owned())
            .collect()
    }

    fn wait_told(&self, ticket: &Ticket, text: &str) {
        self.bot.wait_until(text, |_| {
            self.told(ticket)
                .iter()
                .any(|told| told == text)
                .then_some(())
        });
    }

    fn wait_closed(&self, ticket: &Ticket) {
        self.bot.wait_until("the close", |calls| {
            let closes = |c: &&super::support::bot::Callback| {
                c.taken() && c.kind() == "close-room" && c.body["ticketID"] == ticket.id
            };
            calls.iter().find(closes).map(|_| ())
        });
    }
}

/// The agent is offered a visitor, accepts and enters.
fn takes(agent: &Agent) -> String {
    let offer = offered(agent);
    agent.say(offer.get("from"), "accept");
    enter(agent)
}

#[test]
fn a_visitor_of_the_one_is_served_by_an_agent_of_the_other() {
    let pair = Pair::start();
    let ana = pair.stage.agent("agent1");
    let ticket = pair.open("1");
    let offer = offered(&ana);
    assert!(offer.get("body").contains("Where is my parcel?"));
    assert_eq!(pair.rapidpro.message("1", "quick").status, 201);
    ana.say(offer.get("from"), "accept");
    let room = enter(&ana);
    hears(&ana, &room, "quick");
    ana.say_in(&room, "hello");
    pair.wait_told(&ticket, "hello");
    assert_eq!(pair.rapidpro.message("1", "it burns").status, 201);
    hears(&ana, &room, "it burns");
    ana.say_in(&room, "!close");
    pair.wait_closed(&ticket);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
    // From the other side.
    let ticket = pair.open("2");
    let room = takes(&ana);
    ana.say_in(&room, "and you?");
    pair.wait_told(&ticket, "and you?");
    assert_eq!(pair.rapidpro.close("2").status, 204);
    ana.wait("the room is destroyed", |e| is_destroyed(e, &room));
    assert_eq!(pair.told(&ticket), ["and you?"]);
}

#[test]
fn a_transfer_and_a_restart_of_each_lose_nothing_and_double_nothing() {
    let mut pair = Pair::start();
    let (ana, ben) = (pair.stage.agent("agent1"), pair.stage.agent("agent2"));
    ben.show_to(&workgroup("support"), "away");
    let ticket = pair.open("1");
    let room = takes(&ana);
    ana.say_in(&room, "one");
    pair.wait_told(&ticket, "one");
    ben.show_to(&workgroup("support"), "chat");
    ana.say_in(&room, "!transfer agent2");
    assert_eq!(takes(&ben), room);
    ben.say_in(&room, "two");
    pair.wait_told(&ticket, "two");
    // The client is gone while its visitor and the agent go on.
    pair.client.kill9();
    ben.say_in(&room, "three");
    hears(&ben, &room, "three");
    pair.client.start_again();
    pair.wait_told(&ticket, "three");
    assert_eq!(pair.rapidpro.message("1", "four").status, 201);
    hears(&ben, &room, "four");
    // The service is.
    pair.stage.warmline.kill9();
    ben.say_in(&room, "five");
    pair.wait_told(&ticket, "five");
    assert_eq!(pair.rapidpro.message("1", "six").status, 201);
    hears(&ben, &room, "six");
    pair.stage.warmline.start_again();
    ben.say_in(&room, "seven");
    pair.wait_told(&ticket, "seven");
    ben.say_in(&room, "!close");
    pair.wait_closed(&ticket);
    assert_eq!(pair.told(&ticket), ["one", "two", "three", "five", "seven"]);
    let said = |text: &str| {
        let all = ben.events();
        let said = all.iter().filter(|e| e.is_said() && e.get("body") == text);
        said.count()
    };
    assert_eq!((said("four"), said("six")), (1, 1));
}

#[test]
fn a_kill_while_the_visitor_waits_keeps_the_place_and_the_words() {
    let mut pair = Pair::start();
    let ana = pair.stage.agent("agent1");
    let ticket = pair.open("1");
    let offer = offered(&ana);
    assert_eq!(pair.rapidpro.message("1", "first words").status, 201);
    pair.client.kill9();
    pair.client.start_again();
    // The offer that was made before still stands: the place was not given up.
    ana.say(offer.get("from"), "accept");
    let room = enter(&ana);
    hears(&ana, &room, "first words");
    // Accepted while nobody was there to be invited.
    let second = pair.open("2");
    let offer = offered(&ana);
    pair.client.kill9();
    ana.say(offer.get("from"), "accept");
    let other = enter(&ana);
    assert_ne!(other, room);
    pair.client.start_again();
    assert_eq!(pair.rapidpro.message("2", "here I am").status, 201);
    hears(&ana, &other, "here I am");
    ana.say_in(&other, "welcome");
    pair.wait_told(&second, "welcome");
    assert_eq!(pair.told(&ticket), [""; 0]);
}

#[test]
fn a_restart_of_the_server_is_survived() {
    let mut pair = Pair::start();
    let ana = pair.stage.agent("agent1");
    let ticket = pair.open("1");
    let room = takes(&ana);
    ana.say_in(&room, "before");
    pair.wait_told(&ticket, "before");
    pair.stage.server.restart();
    pair.client.wait_ready();
    assert_eq!(pair.rapidpro.message("1", "after").status, 201);
    let ana = pair
        .stage
        .people
        .log_in_as("agent1", "again", pair.stage.server.ports());
    ana.join(&room, "agent1");
    // Live, or from the room's history where the agent's ghost was still in it.
    ana.wait("words in the room", |e| {
        e.is_in(&room) && e.get("body") == "after"
    });
    ana.say_in(&room, "I am back");
    pair.wait_told(&ticket, "I am back");
}

#[test]
fn nobody_there_is_told_by_the_channels_own_means() {
    let pair = Pair::configured(|config| config.channel = "when_no_agents = \"refuse\"".into());
    let refused = pair.rapidpro.open(&Ticket::of("1"));
    assert_ne!(refused.status, 201, "nobody is there");
    let ana = pair.stage.agent("agent1");
    pair.client
        .wait_log("a workgroup elsewhere workgroup=support open=true");
    let ticket = pair.open("2");
    let room = takes(&ana);
    ana.say_in(&room, "here");
    pair.wait_told(&ticket, "here");
}

#[test]
fn who_waits_in_vain_departs() {
    let pair = Pair::configured(|config| {
        config.workgroup.push_str("\nrequest_timeout = \"2s\"");
        config.channel = "on_request_timeout = \"close\"".into();
    });
    let ana = pair.stage.agent("agent1");
    let ticket = pair.open("1");
    offered(&ana);
    pair.wait_closed(&ticket);
    ana.wait("the offer is taken back", |e| {
        e.kind() == "message" && e.get("from").starts_with("support@") && !e.is_chat_offer()
    });
}
