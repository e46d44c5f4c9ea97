//! Warmline's own event log and routes, with a publisher beside them; no XMPP.

use std::collections::{BTreeSet, HashMap};
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use serde_json::json;
use warmline::channels::http::{Serving, serve};
use warmline::chat_api::log::{Beside, Entry, EventLog, FeedName};
use warmline::chat_api::{ChatApi, ChatApiSettings, Names, Parts, RoomUrl, Texts, configure};
use warmline::config::Secret;
use warmline::engine::Handle;
use warmline::engine::groups::Groups;
use warmline::ids::ChannelId;
use warmline::store::{Embedded, Store};
use warmline::users::{Login, LoginError, Opened, Password, Places, Profile, Sessions};

use super::Load;
use super::crowd::micros;

pub const MASTER: &str = "THE-MASTER-SECRET-OF-THE-BENCHMARK";
const DOMAIN: &str = "workgroup.acme.example";

/// Prints its port, and publishes when it is told to.
pub fn run(load: Load) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async move {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(Embedded::open(dir.path()).unwrap());
        let log = EventLog::start(store.clone(), Duration::from_secs(3600));
        let (engine, _jobs) = Handle::pair(1);
        let parts = Parts {
            pages: None,
            sessions: Arc::new(Nobody),
            store,
            log: log.clone(),
            engine,
            groups: Groups::pair(1).0,
        };
        let api = ChatApi::new(settings(), parts);
        let serving = Serving {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            keep_alive: Duration::from_secs(75),
            workers: None,
        };
        let running = serve(serving, move |services: &mut _| configure(services, &api)).unwrap();
        println!("{}", running.address.port());
        let _ = std::io::stdout().flush();
        let told = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
        let _ = told.await;
        publish(&log, load).await;
        std::future::pending::<()>().await;
    });
}

async fn publish(log: &EventLog, load: Load) {
    let feed = FeedName::user(&format!("alice@{DOMAIN}"));
    let begun = Instant::now();
    let pad = "x".repeat(200);
    for number in 0..load.events() {
        let due = Duration::from_secs_f64(number as f64 / load.rate as f64);
        tokio::time::sleep(due.saturating_sub(begun.elapsed())).await;
        let data = json!({"n": number, "t": micros(), "pad": pad});
        log.note(
            &feed,
            vec![Entry::new("chatapi.chat", &data)],
            Beside::default(),
        )
        .await;
    }
}

fn settings() -> ChatApiSettings {
    ChatApiSettings {
        proxies: Vec::new(),
        channel: ChannelId::new("web"),
        master: Some(Secret::new(MASTER)),
        accounts: HashMap::new(),
        allow_origins: Vec::new(),
        session_idle: Duration::from_secs(3600),
        wait: None,
        anonymous: true,
        anonymous_a_minute: NonZeroU32::MIN,
        refuse_without_agents: false,
        wait_ends: true,
        reveal: BTreeSet::new(),
        fonts: Vec::new(),
        totp_issuer: String::new(),
        names: Names {
            domain: DOMAIN.into(),
            muc: "rooms.acme.example".into(),
            rooms: RoomUrl("xmpp:{jid}?join".into()),
            texts: Texts::default(),
        },
    }
}

/// No sessions: the events come from the benchmark.
struct Nobody;

impl Sessions for Nobody {
    fn open(&self, _: Login) -> BoxFuture<'_, Result<Opened, LoginError>> {
        ready(Err(LoginError::TurnedOff)).boxed()
    }

    fn check<'a>(&'a self, _: &'a str, _: &'a Password) -> BoxFuture<'a, Result<(), LoginError>> {
        ready(Err(LoginError::TurnedOff)).boxed()
    }

    fn remember(&self, _: Profile) -> BoxFuture<'_, Result<(), LoginError>> {
        ready(Ok(())).boxed()
    }

    fn forget<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<(), LoginError>> {
        ready(Ok(())).boxed()
    }

    fn places(&self) -> Places {
        Places {
            domain: DOMAIN.into(),
            server: "acme.example".into(),
            muc: "rooms.acme.example".into(),
            upload: Default::default(),
        }
    }
}
