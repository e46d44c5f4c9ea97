//! The real engine on a real store, the routes on a real server, and a mailroom to call back.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use warmline::bridge::{Answer, Input};
use warmline::channels::http::{self, Serving};
use warmline::channels::weni::{Ways, Weni, WeniCarrier, WeniSettings, configure};
use warmline::channels::{AddressBook, HttpClient, Media, MediaLinks, Secret};
use warmline::config;
use warmline::conversation::Line;
use warmline::engine::{Engine, Handle, Outlets, SeatOrder};
use warmline::ids::{AgentJid, ChannelId, WorkgroupName};
use warmline::media::MediaKey;
use warmline::outbox::{Carrier, OutboundSettings, Outbox, OutboxSettings, Report};
use warmline::store::{self, Store, Table};
use warmline::workgroup::{Labels, Policy, WorkgroupPolicy};

use super::support::bot::{Answer as Answering, Callback, HttpBot};
use super::support::http::{Reply, Request};
use super::support::wait;
use super::support::weni::{self, CALLBACK};

/// What stands in a world's configuration; `keys` are the channel's own.
pub fn usual(keys: &str) -> String {
    let head = r#"
[http]
public_url = "https://help.example.org/"
[xmpp]
domain = "workgroup.example.org"
secret = "component-secret"
muc = "conference.example.org"
[outbound]
allow_private_networks = true
[[workgroup]]
name = "support"
[[workgroup]]
name = "it"
"#;
    head.to_owned() + &weni::channel(keys)
}

/// The only channel of a configuration.
pub fn settings(keys: &str) -> WeniSettings {
    let settings = config::parse(&usual(keys)).expect("a good configuration");
    WeniSettings::all(&settings).remove(0)
}

/// A running world.
pub struct World {
    pub mailroom: HttpBot,
    pub weni: weni::Weni,
    pub engine: Handle,
    server: http::Running,
    runtime: Runtime,
    keys: String,
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with("")
    }

    /// With keys of the channel's own added.
    pub fn with(keys: &str) -> Self {
        let mailroom = HttpBot::start();
        mailroom.answer(taken("5f0c"));
        Self::on(keys.to_owned(), tempfile::tempdir().unwrap(), mailroom)
    }

    fn on(keys: String, folder: TempDir, mailroom: HttpBot) -> Self {
        let runtime = Runtime::new().unwrap();
        let place = store::Place::Embedded(folder.path().to_owned());
        // The server's threads of before may still hold it.
        let store = wait::until("the store is free", wait::START, || {
            runtime.block_on(store::open(&place)).ok()
        });
        let (engine, server) = runtime.block_on(start(settings(&keys), store));
        Self {
            weni: weni::Weni {
                address: server.address,
                callback: Some(mailroom.url(CALLBACK)),
            },
            mailroom,
            engine,
            server,
            runtime,
            keys,
            folder,
        }
    }

    /// Stops without a word, and starts on the same data.
    pub fn restart(self) -> Self {
        self.runtime.block_on(self.server.handle.stop(false));
        drop(self.engine);
        self.runtime.shutdown_timeout(Duration::from_secs(10));
        Self::on(self.keys, self.folder, self.mailroom)
    }

    pub fn send(&self, request: &Request) -> Reply {
        request.send(self.weni.address).unwrap()
    }

    pub fn ask(&self, input: Input) -> Answer {
        self.runtime.block_on(self.engine.ask(input)).unwrap()
    }

    /// Our side ends a ticket.
    pub fn ends(&self, ticket: &str) {
        let visitor = settings("").visitor(ticket);
        self.ask(Input::PlatformClosed(visitor));
    }

    /// Waits for so many calls that mailroom took.
    pub fn told(&self, count: usize) -> Vec<Callback> {
        self.mailroom.wait_for(count, wait::SOON)
    }

    /// Every line that is stored, oldest first; the world stops for it.
    pub fn lines(self) -> Vec<Line> {
        self.runtime.block_on(self.server.handle.stop(false));
        drop(self.engine);
        self.runtime.shutdown_timeout(Duration::from_secs(10));
        let runtime = Runtime::new().unwrap();
        let place = store::Place::Embedded(self.folder.path().to_owned());
        let store = wait::until("the store is free", wait::START, || {
            runtime.block_on(store::open(&place)).ok()
        });
        let rows = runtime.block_on(store.load(Table::Line)).unwrap();
        let mut lines: Vec<Line> = rows
            .iter()
            .map(|row| serde_json::from_slice(&row.value).unwrap())
            .collect();
        lines.sort_by_key(|line| line.at);
        lines
    }
}

/// What mailroom answers when it has sent a message.
pub fn taken(uuid: &str) -> Answering {
    Answering::new(
        200,
        &format!(r#"{{"status":"sent","ticket_uuid":"c3f5","message_uuid":"{uuid}"}}"#),
    )
}

/// The code of an answer's envelope, and its text.
pub fn envelope(reply: &Reply) -> (String, String) {
    (reply.string("error"), reply.string("message"))
}

fn links() -> MediaLinks {
    let key = MediaKey::from_secret(&Secret::new("what the tests' links are sealed with"));
    let ours = "https://help.example.org/".parse().unwrap();
    MediaLinks::new(key, &ours, Duration::from_secs(3600))
}

/// Links on our own address.
pub fn media() -> Media {
    Media::new(Some(links()))
}

/// A client that may call this machine.
pub fn client() -> HttpClient {
    HttpClient::new(&OutboundSettings {
        allow_private_networks: true,
        ..OutboundSettings::default()
    })
    .unwrap()
}

async fn start(channel: WeniSettings, store: Arc<dyn Store>) -> (Handle, http::Running) {
    let (engine, jobs) = Handle::pair(64);
    let ways = Ways {
        book: AddressBook::default(),
        http: client(),
        media: media(),
        engine: engine.clone(),
    };
    let carrier: Arc<dyn Carrier> =
        Arc::new(WeniCarrier::new(Arc::new(channel.clone()), ways.clone()));
    let carriers: HashMap<ChannelId, Arc<dyn Carrier>> = [(channel.id.clone(), carrier)].into();
    let (reports, reported) = mpsc::channel(64);
    let outbox = OutboxSettings {
        retry: [5; 10].map(Duration::from_secs).to_vec(),
        ..OutboxSettings::default()
    };
    let outbox = Outbox::start(outbox, carriers, store.clone(), reports);
    let (seat, orders) = mpsc::unbounded_channel();
    let outlets = Outlets {
        seat,
        outbox,
        callbacks: ways.book.clone(),
        typing: mpsc::channel(1).0,
    };
    let writer = Engine::load(Arc::new(policy()), store.clone(), jobs, outlets);
    tokio::spawn(writer.await.unwrap().run());
    tokio::spawn(settle(engine.clone(), reported));
    tokio::spawn(ignore(orders));
    let state = Data::new(Weni::new([channel], ways));
    let serving = Serving {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        keep_alive: Duration::from_secs(75),
        workers: Some(2),
    };
    let server = http::serve(serving, move |services| configure(services, &state));
    (engine, server.unwrap())
}

/// In the place of the app: tells the engine what became of deliveries.
async fn settle(engine: Handle, mut reported: mpsc::Receiver<Report>) {
    while let Some(report) = reported.recv().await {
        let told = Input::Delivered(Box::new(report.delivery));
        if engine.ask(told).await.is_ok() {
            let _ = report.settled.send(());
        }
    }
}

async fn ignore(mut orders: mpsc::UnboundedReceiver<SeatOrder>) {
    while orders.recv().await.is_some() {}
}

fn policy() -> Policy {
    let workgroup = WorkgroupPolicy {
        title: "Front desk".into(),
        agents: [(AgentJid::parse("ana@example.org").unwrap(), None)].into(),
        supervisors: [].into(),
        max_chats: 4,
        offer_timeout: Duration::from_secs(20),
        request_timeout: Some(Duration::from_secs(240)),
        rejection_pause: Duration::from_secs(20),
        join_timeout: Duration::from_secs(60),
        agent_return: Duration::from_secs(60),
        idle_close: None,
    };
    let names = ["support", "it"].map(WorkgroupName::new);
    Policy {
        workgroups: names.map(|name| (name, workgroup.clone())).into(),
        keep: Duration::from_secs(3600),
        remember_ids: Duration::from_secs(24 * 3600),
        context: Duration::from_secs(24 * 3600),
        zone: jiff::tz::TimeZone::UTC,
        labels: Labels {
            visitor: String::new(),
            bot: "Bot".into(),
        },
    }
}
