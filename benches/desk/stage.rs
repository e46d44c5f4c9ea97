//! A Prosody, the program beside it, and what both of them use.

use crate::agent::{Agent, Counts};
use crate::report::{Report, Usage, resident};
use crate::support::bot::HttpBot;
use crate::support::config::Config;
use crate::support::prosody::Prosody;
use crate::support::rapidpro::{RapidPro, Ticket};
use crate::support::wait;
use crate::support::warmline::Warmline;
use crate::support::xmpp::{Options, Server};
use std::collections::VecDeque;
use std::time::Duration;

/// How long anything may take before the measurement is given up.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Where the visitors at XMPP clients come from.
pub const GATEWAY: &str = "visitors.example.test";

/// As docs/benchmarks.md advises.
const TUNING: &str = "gc = { mode = \"generational\" }\nnetwork_settings = { nagle = false }\nmuc_tombstones = false\n";

/// Everything that takes part.
pub struct Stage {
    /// The program under measurement; goes first.
    pub warmline: Warmline,
    /// Where the agents are.
    pub agents: Vec<Agent>,
    /// What came to them.
    pub counts: Counts,
    /// The server.
    pub prosody: Prosody,
    rapidpro: RapidPro,
    tickets: VecDeque<Ticket>,
    opened: usize,
    _bot: HttpBot,
}

impl Stage {
    /// So many agents of so many chats each, on duty.
    pub fn start((agents, most): (usize, u32), tuned: bool) -> Stage {
        let names: Vec<String> = (1..=agents).map(|n| format!("agent{n}")).collect();
        let options = Options {
            accounts: names.clone(),
            components: vec![GATEWAY.to_owned()],
            ..Options::default()
        };
        let prosody = Prosody::start_tuned(&options, if tuned { TUNING } else { "" });
        let mut config = Config::new(prosody.ports());
        config.agents.clone_from(&names);
        config.workgroup =
            format!("max_chats = {most}\noffer_timeout = \"60s\"\nrequest_timeout = \"2h\"");
        let warmline = Warmline::start(&config);
        let bot = HttpBot::start();
        let rapidpro = warmline.rapidpro();
        let settings = rapidpro.put_settings(&bot.url("/callback"));
        assert_eq!(settings.status, 204, "the bot's address is taken");
        let counts = Counts::default();
        let port = prosody.ports().client;
        let each = names.iter().enumerate();
        let agents = each
            .map(|(number, name)| Agent::on_duty((number, name), port, most, &counts))
            .collect();
        let stage = Stage {
            warmline,
            agents,
            counts,
            prosody,
            rapidpro,
            tickets: VecDeque::new(),
            opened: 0,
            _bot: bot,
        };
        let here = names.len() as f64;
        wait::until("all agents are on duty", PATIENCE, || {
            let series = "warmline_agents_available{workgroup=\"support\"}";
            (stage.warmline.figure(series) == Some(here)).then_some(())
        });
        stage
    }

    /// A further visitor asks over HTTP.
    pub fn open(&mut self) {
        self.opened += 1;
        let ticket = Ticket::of(&(10_000 + self.opened).to_string());
        assert_eq!(
            self.rapidpro.open(&ticket).status,
            201,
            "a ticket is opened"
        );
        self.tickets.push_back(ticket);
    }

    /// The visitor who asked first of those who are still there goes.
    pub fn close(&mut self) {
        let ticket = self.tickets.pop_front().expect("a visitor");
        let status = self.rapidpro.close(&ticket.token).status;
        assert_eq!(status, 204, "a conversation is closed");
    }

    /// Waits until agents have entered so many rooms in all.
    pub fn entered(&self, rooms: usize) {
        let all = wait::poll(PATIENCE, || {
            (self.counts.book().entered >= rooms).then_some(())
        });
        let entered = self.counts.book().entered;
        assert!(all.is_some(), "{entered} of {rooms} rooms were entered");
    }

    /// Begins to measure what both processes use.
    pub fn meter(&self) -> Meter {
        let pids = [self.warmline.pid(), self.prosody.pid()];
        Meter {
            pids,
            before: pids.map(Usage::of),
        }
    }

    /// The resident memory of both.
    pub fn memory(&self) -> String {
        let [warmline, prosody] = [self.warmline.pid(), self.prosody.pid()].map(resident);
        format!("warmline {warmline:.0} MB, prosody {prosody:.0} MB")
    }

    /// Says whether the link was lost, and what the program complained of.
    pub fn complaints(&self, report: &Report) {
        let links = self.warmline.figure("warmline_xmpp_connects_total");
        let log = self.warmline.log();
        let unsent = log.matches("a stanza was not sent").count();
        report.line(&format!(
            "  links established {}, stanzas that found no room on the link {unsent}",
            links.unwrap_or(f64::NAN)
        ));
    }

    /// Ends it all in order.
    pub fn end(mut self) {
        for agent in self.agents.drain(..) {
            agent.leave();
        }
        self.warmline.terminate();
    }
}

/// What the processes used since it began.
pub struct Meter {
    pids: [u32; 2],
    before: [Usage; 2],
}

impl Meter {
    /// Milliseconds of a core for each of `count`.
    pub fn each(&self, count: usize) -> String {
        let [warmline, prosody] = [0, 1].map(|at| self.seconds(at) * 1e3 / count.max(1) as f64);
        format!("warmline {warmline:.2} ms, prosody {prosody:.2} ms")
    }

    /// The share of a core over so long a time.
    pub fn share(&self, time: Duration) -> String {
        let [warmline, prosody] = [0, 1].map(|at| self.seconds(at) * 100.0 / time.as_secs_f64());
        format!("warmline {warmline:.0} %, prosody {prosody:.0} % of a core")
    }

    fn seconds(&self, at: usize) -> f64 {
        Usage::of(self.pids[at]).since(&self.before[at])
    }
}
