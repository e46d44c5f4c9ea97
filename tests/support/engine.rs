//! The real engine on a real store, with an outbox and nobody at the XMPP server's side: what a
//! channel's routes and carriers stand on.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use warmline::bridge::Input;
use warmline::channels::http::Serving;
use warmline::channels::{AddressBook, HttpClient, Media, MediaLinks, Secret};
use warmline::engine::{Engine, Handle, Job, Outlets, SeatOrder};
use warmline::ids::{AgentJid, ChannelId, WorkgroupName};
use warmline::media::MediaKey;
use warmline::outbox::{Carrier, OutboundSettings, Outbox, OutboxSettings, Report};
use warmline::store::{self, Store};
use warmline::workgroup::{Labels, Policy, WorkgroupPolicy};

use super::wait;

/// What stands before a channel in a world's configuration.
pub const HEAD: &str = r#"
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

/// Beside the engine's own end of its handle.
pub struct Behind {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Who carries what is owed.
    pub carriers: HashMap<ChannelId, Arc<dyn Carrier>>,
    /// Where outside systems want to be called.
    pub book: AddressBook,
    /// The pause between two tries.
    pub retry: Duration,
}

/// Starts an engine with the workgroups `support` and `it`, which have one agent, who is away.
pub async fn start((engine, jobs): (Handle, mpsc::Receiver<Job>), behind: Behind) {
    let (reports, reported) = mpsc::channel(64);
    let outbox = OutboxSettings {
        retry: vec![behind.retry; 10],
        ..OutboxSettings::default()
    };
    let outbox = Outbox::start(outbox, behind.carriers, behind.store.clone(), reports);
    let (seat, orders) = mpsc::unbounded_channel();
    let outlets = Outlets {
        seat,
        outbox,
        callbacks: behind.book,
        typing: mpsc::channel(1).0,
    };
    let writer = Engine::load(Arc::new(policy()), behind.store, jobs, outlets);
    tokio::spawn(writer.await.expect("the store is read").run());
    tokio::spawn(settle(engine, reported));
    tokio::spawn(ignore(orders));
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
        agents: [(AgentJid::parse("ana@example.org").expect("a JID"), None)].into(),
        supervisors: [].into(),
        max_chats: 4,
        offer_timeout: Duration::from_secs(20),
        request_timeout: Some(Duration::from_secs(240)),
        rejection_pause: Duration::from_secs(20),
        join_timeout: Duration::from_secs(60),
        agent_return: Duration::from_secs(60),
        idle_close: None,
        routing: Default::default(),
        elsewhere: None,
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

/// The embedded store of a folder, as soon as threads of before let go of it.
pub fn store_in(runtime: &Runtime, folder: &Path) -> Arc<dyn Store> {
    let place = store::Place::Embedded(folder.to_owned());
    wait::until("the store is free", wait::START, || {
        runtime.block_on(store::open(&place)).ok()
    })
}

/// Some free port of this machine, served as by default.
pub fn serving() -> Serving {
    Serving {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        keep_alive: Duration::from_secs(75),
        workers: Some(2),
    }
}

/// A client that may call this machine.
pub fn client() -> HttpClient {
    let settings = OutboundSettings {
        allow_private_networks: true,
        ..OutboundSettings::default()
    };
    HttpClient::new(&settings).expect("a client")
}

/// What media links are opened with.
pub fn links() -> MediaLinks {
    let key = MediaKey::from_secret(&Secret::new("what the tests' links are sealed with"));
    let ours = "https://help.example.org/".parse().expect("an address");
    MediaLinks::new(key, &ours, Duration::from_secs(3600))
}

/// Links on our own address.
pub fn media() -> Media {
    Media::new(Some(links()))
}
