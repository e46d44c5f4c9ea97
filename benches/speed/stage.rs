//! The program beside a Prosody that all measurements share, and its conversations.

use crate::agent::{Agent, Mailbox, News};
use crate::report::Usage;
use crate::support::bot::HttpBot;
use crate::support::config::Config;
use crate::support::prosody::Prosody;
use crate::support::rapidpro::{RapidPro, Ticket};
use crate::support::warmline::Warmline;
use crate::support::xmpp::Server;
use std::io::BufReader;
use std::net::TcpStream;
use std::time::Instant;

/// The program, the bot that it calls back, and one open connection to it.
pub struct Stage {
    /// The program under measurement; goes first.
    pub warmline: Warmline,
    /// The bot.
    pub bot: HttpBot,
    rapidpro: RapidPro,
    line: BufReader<TcpStream>,
    visitors: usize,
}

impl Stage {
    /// Starts the program with these agents, who may have as many conversations as they like.
    pub fn start(prosody: &Prosody, agents: &[&str]) -> Stage {
        let mut config = Config::new(prosody.ports());
        config.agents = agents.iter().map(|name| (*name).to_owned()).collect();
        config.workgroup = "max_chats = 200".to_owned();
        let warmline = Warmline::start(&config);
        let bot = HttpBot::start();
        let rapidpro = warmline.rapidpro();
        let settings = rapidpro.put_settings(&bot.url("/callback"));
        assert_eq!(settings.status, 204, "the bot's address is taken");
        let line = connect(&rapidpro);
        Stage {
            warmline,
            bot,
            rapidpro,
            line,
            visitors: 0,
        }
    }

    /// A visitor nobody has seen yet.
    pub fn visitor(&mut self) -> Ticket {
        self.visitors += 1;
        Ticket::of(&(10_000 + self.visitors).to_string())
    }

    /// Opens a ticket over the kept connection: when it went out, and when it was answered.
    pub fn open(&mut self, ticket: &Ticket) -> (Instant, Instant) {
        let body = ticket.body().to_string();
        let request = self.rapidpro.request("GET", "room").json(body);
        let sent = Instant::now();
        let reply = request.send_over(&mut self.line).expect("an answer");
        let answered = Instant::now();
        assert_eq!(reply.status, 201, "a ticket is opened");
        (sent, answered)
    }

    /// Ends a visitor's conversation.
    pub fn close(&mut self, ticket: &Ticket) {
        let body = format!(r#"{{"visitor":{{"token":"{}"}}}}"#, ticket.token);
        let request = self.rapidpro.request("GET", "room.close").json(body);
        let reply = request.send_over(&mut self.line).expect("an answer");
        assert_eq!(reply.status, 204, "a conversation is closed");
    }

    /// Opens all tickets at once, each over a connection of its own; gives the moment of the start.
    pub fn open_at_once(&mut self, tickets: &[Ticket]) -> Instant {
        let rapidpro = self.rapidpro.clone();
        let mut ready: Vec<_> = tickets
            .iter()
            .map(|ticket| {
                let body = ticket.body().to_string();
                let request = rapidpro.request("GET", "room").json(body);
                (request, connect(&rapidpro))
            })
            .collect();
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for (request, line) in &mut ready {
                scope.spawn(move || {
                    let reply = request.send_over(line).expect("an answer");
                    assert_eq!(reply.status, 201, "a ticket is opened");
                });
            }
        });
        begun
    }

    /// Opens `count` conversations, the one agent on duty in each of their rooms; gives tokens and
    /// rooms.
    pub fn conversations(&mut self, count: usize, news: &Mailbox) -> Vec<(String, String)> {
        (0..count)
            .map(|_| {
                let ticket = self.visitor();
                self.open(&ticket);
                loop {
                    if let (_, News::Inside(room)) = news.next("the agent is in a room") {
                        return (ticket.token, room);
                    }
                }
            })
            .collect()
    }

    /// The bare numbers of a metric, by its name with labels.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.warmline.get("/metrics").body;
        let text = String::from_utf8_lossy(&text);
        let lines = text.lines().filter(|line| line.starts_with(name));
        lines
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }
}

fn connect(rapidpro: &RapidPro) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(rapidpro.address).expect("a connection");
    stream.set_nodelay(true).expect("no Nagle");
    BufReader::new(stream)
}

/// Agents on duty with a mailbox for their news.
pub fn agents(names: &[&str], prosody: &Prosody, fastpath: bool) -> (Vec<Agent>, Mailbox) {
    let news = Mailbox::new();
    let port = prosody.ports().client;
    let on_duty = |name: &&str| Agent::on_duty(name, port, fastpath, &news);
    (names.iter().map(on_duty).collect(), news)
}

/// What programs used of the cores while something was measured.
pub struct Meter {
    names: Vec<(&'static str, u32)>,
    before: Vec<Usage>,
}

impl Meter {
    /// Begins to measure these processes.
    pub fn start(names: &[(&'static str, u32)]) -> Meter {
        Meter {
            names: names.to_vec(),
            before: names.iter().map(|(_, pid)| Usage::of(*pid)).collect(),
        }
    }

    /// What was used since, for each of `messages`.
    pub fn per_message(&self, messages: usize) -> String {
        let each = self
            .names
            .iter()
            .zip(&self.before)
            .map(|((name, pid), before)| {
                let cpu = Usage::of(*pid).since(before);
                format!("{name} {:.0} us", cpu * 1e6 / messages.max(1) as f64)
            });
        each.collect::<Vec<_>>().join(", ")
    }
}
