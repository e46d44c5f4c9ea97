//! Everything a story needs, started in one call, and the steps that most stories share.

use std::collections::HashSet;
use std::time::Duration;

use super::support::agents::{Agent, People};
use super::support::bot::HttpBot;
use super::support::config::Config;
use super::support::event::Event;
use super::support::prosody::Prosody;
use super::support::rapidpro::{RapidPro, Ticket};
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::{Server, workgroup};

/// How long an outage and what follows may take.
pub const REPAIR: Duration = Duration::from_secs(60);

/// A running XMPP server, the program, a bot that it calls back, and a place for agents.
pub struct Stage {
    // The program goes first when a story ends, so that it does not see the others vanish.
    pub warmline: Warmline,
    pub rapidpro: RapidPro,
    pub bot: HttpBot,
    pub people: People,
    pub server: Box<dyn Server>,
}

/// A conversation with its agent in the room.
pub struct Conversation {
    pub ticket: Ticket,
    pub room: String,
}

impl Stage {
    /// Beside a Prosody, with the usual configuration.
    pub fn start() -> Stage {
        Stage::with(Box::new(Prosody::start()), |_| {})
    }

    /// Beside a Prosody, with a changed configuration.
    pub fn configured(change: impl FnOnce(&mut Config)) -> Stage {
        Stage::with(Box::new(Prosody::start()), change)
    }

    /// Beside any server; RapidPro has already told its callback URL.
    pub fn with(server: Box<dyn Server>, change: impl FnOnce(&mut Config)) -> Stage {
        let mut config = Config::new(server.ports());
        change(&mut config);
        let warmline = Warmline::start(&config);
        let rapidpro = warmline.rapidpro();
        let bot = HttpBot::start();
        assert_eq!(rapidpro.put_settings(&bot.url("/callback")).status, 204);
        Stage {
            warmline,
            rapidpro,
            bot,
            people: People::start(),
            server,
        }
    }

    /// Logs an account in at a client that knows nothing of workgroups, and goes on duty.
    pub fn agent(&self, account: &str) -> Agent {
        let agent = self.people.log_in(account, self.server.ports());
        let support = workgroup("support");
        agent.show("chat");
        agent.subscribe(&support);
        agent.show_to(&support, "chat");
        agent.wait("the workgroup greets a configured agent", |e| {
            e.kind() == "presence" && e.sender() == support
        });
        agent.settle_with(&support);
        agent
    }

    /// Opens a ticket for this visitor and gives it with the conversation's id.
    pub fn open(&self, token: &str) -> (Ticket, String) {
        let ticket = Ticket::of(token);
        let reply = self.rapidpro.open(&ticket);
        assert_eq!(reply.status, 201);
        let id = reply.string("id");
        assert!(!id.is_empty());
        (ticket, id)
    }

    /// Opens a ticket, and the agent accepts and enters.
    pub fn conversation(&self, token: &str, agent: &Agent) -> Conversation {
        let (ticket, id) = self.open(token);
        agent.say(offered(agent).get("from"), "accept");
        // Another conversation's invitation may be left.
        let room = enter_if(agent, |room| room.starts_with(&id));
        Conversation { ticket, room }
    }

    /// The callbacks of one ticket that the bot has taken, as `agent-message` texts, in order. A
    /// call repeated under the key of one that was taken is none: its answer had died with the
    /// program, and the receiver of a call with a key knows it again.
    pub fn told(&self, ticket: &Ticket) -> Vec<String> {
        let mut keys = HashSet::new();
        let taken = self.bot.taken().into_iter();
        taken
            .filter(|c| keys.insert(c.header("idempotency-key").map(str::to_owned)))
            .filter(|c| c.kind() == "agent-message" && c.body["ticketID"] == ticket.id)
            .map(|c| c.text().to_owned())
            .collect()
    }

    /// How often the bot has taken the close of a ticket.
    pub fn closes(&self, ticket: &Ticket) -> usize {
        let taken = self.bot.taken().into_iter();
        taken
            .filter(|c| c.kind() == "close-room" && c.body["ticketID"] == ticket.id)
            .count()
    }
}

/// Logs agent2 in, on duty in the workgroup `it`.
pub fn on_duty_in_it(stage: &Stage) -> Agent {
    let ben = stage.people.log_in("agent2", stage.server.ports());
    ben.show("chat");
    ben.show_to(&workgroup("it"), "chat");
    ben.settle_with(&workgroup("it"));
    ben
}

/// Waits for an offer by plain chat and takes it.
pub fn offered(agent: &Agent) -> Event {
    agent.wait("an offer as a chat message", Event::is_chat_offer)
}

/// Whether an offer by plain chat has come; what the agent said before has been heard by then.
pub fn is_asked(agent: &Agent) -> bool {
    agent.settle_with(&workgroup("support"));
    agent.take_now(Event::is_chat_offer).is_some()
}

/// Waits until one of two is offered something: the one who is, the other, and the offer.
pub fn first_offered<'a>(one: &'a Agent, other: &'a Agent) -> (&'a Agent, &'a Agent, Event) {
    wait::until("an offer to one of two agents", wait::SOON, || {
        let to_one = one
            .take_now(Event::is_chat_offer)
            .map(|offer| (one, other, offer));
        to_one.or_else(|| {
            other
                .take_now(Event::is_chat_offer)
                .map(|offer| (other, one, offer))
        })
    })
}

/// Accepts an offer by plain chat, follows the invitation, and gives the room.
pub fn accept(agent: &Agent, offer: &Event) -> String {
    agent.say(offer.get("from"), "accept");
    enter(agent)
}

/// Follows the next invitation into a room and gives the room.
pub fn enter(agent: &Agent) -> String {
    enter_if(agent, |_| true)
}

fn enter_if(agent: &Agent, like: impl Fn(&str) -> bool) -> String {
    let invitation = agent.wait("an invitation", |e| {
        e.kind() == "invitation" && like(e.get("room"))
    });
    let room = invitation.get("room").to_owned();
    agent.join(&room, agent.jid().split('@').next().unwrap_or("agent"));
    agent.wait("the agent is in the room", |e| {
        e.kind() == "presence" && e.sender() == room && e.has("codes", "110")
    });
    room
}

/// Waits until something is said live in the room, and gives it.
pub fn hears(agent: &Agent, room: &str, text: &str) -> Event {
    agent.wait("words in the room", |e| {
        e.is_said() && e.is_in(room) && e.get("body") == text
    })
}

/// Waits until this is among what an agent heard in a room, and gives all of it.
pub fn heard_until(agent: &Agent, room: &str, last: &str) -> String {
    wait::until("all of it in the room", REPAIR, || {
        let all = agent.heard(room, "").join("\n");
        all.contains(last).then_some(all)
    })
}

/// Whether this event tells the agent that the room is gone.
pub fn is_destroyed(event: &Event, room: &str) -> bool {
    event.kind() == "presence" && event.sender() == room && event.value("destroyed") == true
}
