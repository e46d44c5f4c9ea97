//! The real engine on a real store, the routes on a real server, and a mailroom to call back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use warmline::bridge::{Answer, Input};
use warmline::channels::AddressBook;
use warmline::channels::http;
use warmline::channels::weni::{Ways, Weni, WeniCarrier, WeniSettings, configure};
use warmline::config;
use warmline::conversation::Line;
use warmline::engine::Handle;
use warmline::outbox::Carrier;
use warmline::store::{Store, Table};

use super::support::bot::{Answer as Answering, Callback, HttpBot};
use super::support::engine::{self, Behind, HEAD, serving, store_in};
use super::support::http::{Reply, Request};
use super::support::wait;
use super::support::weni::{self, CALLBACK};

pub use super::support::engine::{client, media};

/// What stands in a world's configuration; `keys` are the channel's own.
pub fn usual(keys: &str) -> String {
    HEAD.to_owned() + &weni::channel(keys)
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
        let store = store_in(&runtime, folder.path());
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
        let store = store_in(&runtime, self.folder.path());
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
    let behind = Behind {
        store,
        carriers: [(channel.id.clone(), carrier)].into(),
        book: ways.book.clone(),
        retry: Duration::from_secs(5),
    };
    engine::start((engine.clone(), jobs), behind).await;
    let state = Data::new(Weni::new([channel], ways));
    let server = http::serve(serving(), move |services| configure(services, &state));
    (engine, server.unwrap())
}
