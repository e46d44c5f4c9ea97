//! The server under test on a store of its own, and browsers that read its events.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use warmline::bridge::{Answer, Input, QueueView};
use warmline::channels::http::{Running, Serving, serve};
use warmline::chat_api::log::EventLog;
use warmline::chat_api::{
    ChatApi, ChatApiSettings, ChatCarrier, Names, Parts, Reveal, RoomUrl, Texts, configure,
};
use warmline::config::{PasswordHash, Secret};
use warmline::engine::{Handle, Unavailable};
use warmline::ids::ChannelId;
use warmline::store::{Embedded, Store};

use super::patience;
use super::players::Players;

pub const MASTER: &str = "THE-MASTER-SECRET-OF-THESE-TESTS";
/// The password of the account `carol` of our own domain.
pub const CAROLS: &str = "carols password";

pub type Outcome = Result<Answer, Unavailable>;
type Decide = fn(&Input) -> Outcome;

pub fn names() -> Names {
    Names {
        domain: "workgroup.acme.example".into(),
        muc: "rooms.acme.example".into(),
        rooms: RoomUrl("https://acme.example:7443/ofmeet/r/{room}".into()),
        texts: Texts::default(),
    }
}

pub fn settings() -> ChatApiSettings {
    let carol = PasswordHash::of(CAROLS).unwrap();
    ChatApiSettings {
        channel: ChannelId::new("web"),
        master: Some(Secret::new(MASTER)),
        accounts: HashMap::from([("carol".to_owned(), carol)]),
        proxies: Vec::new(),
        allow_origins: vec!["https://www.acme.example".into()],
        session_idle: Duration::from_secs(600),
        wait: None,
        anonymous: true,
        anonymous_a_minute: NonZeroU32::new(1000).unwrap(),
        refuse_without_agents: false,
        wait_ends: true,
        reveal: BTreeSet::from([Reveal::User, Reveal::Email, Reveal::Details]),
        names: names(),
        fonts: Vec::new(),
        totp_issuer: "Helpline".into(),
    }
}

/// The server, its store, and who sits at the seats behind it.
pub struct World {
    pub address: SocketAddr,
    pub players: Players,
    pub log: EventLog,
    pub carrier: Arc<ChatCarrier>,
    pub asked: mpsc::UnboundedReceiver<Input>,
    pub store: Arc<dyn Store>,
    http: reqwest::Client,
    running: Option<Running>,
    runtime: Option<Runtime>,
    pub settings: ChatApiSettings,
    decide: Decide,
    dir: Arc<TempDir>,
}

impl World {
    pub async fn new() -> Self {
        Self::with(settings(), agreeable).await
    }

    pub async fn with(settings: ChatApiSettings, decide: Decide) -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        Self::on(dir, settings, (decide, Players::new())).await
    }

    /// Everything that is served runs on a runtime of its own, so that it can end as a process does.
    pub async fn on(
        dir: Arc<TempDir>,
        settings: ChatApiSettings,
        (decide, players): (Decide, Players),
    ) -> Self {
        // The second test of the process finds it done.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let store = opened(dir.path().to_owned()).await;
        let (told, asked) = mpsc::unbounded_channel();
        let behind = (settings.clone(), decide, players.clone());
        let served = runtime.spawn(serve_all(store.clone(), behind, told));
        let (running, log) = served.await.unwrap();
        Self {
            address: running.address,
            players,
            carrier: Arc::new(ChatCarrier::new(log.clone(), names())),
            log,
            asked,
            store,
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap(),
            running: Some(running),
            runtime: Some(runtime),
            settings,
            decide,
            dir,
        }
    }

    /// Ends everything at once and starts it again on the same store.
    pub async fn restart(mut self) -> Self {
        self.log.stop();
        let running = self.running.take().unwrap();
        running.handle.stop(true).await;
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let (settings, decide) = (self.settings.clone(), self.decide);
        let (dir, players) = (self.dir.clone(), self.players.clone());
        drop(self);
        Self::on(dir, settings, (decide, players)).await
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.http.request(method, url)
    }

    /// A call with the master secret.
    pub async fn master(&self, method: &str, path: &str, body: &str) -> Reply {
        let request = self.request(method.parse().unwrap(), path);
        Reply::of(request.header(AUTHORIZATION, MASTER).body(body.to_owned())).await
    }

    /// A call of a user with a password.
    pub async fn user(&self, who: (&str, &str), method: &str, path: &str) -> Reply {
        let request = self.request(method.parse().unwrap(), path);
        Reply::of(request.header(AUTHORIZATION, basic(who))).await
    }

    /// Logs a user of our own domain in and gives the stream id.
    pub async fn login(&self, name: &str) -> String {
        let reply = self
            .master("POST", &format!("/restapi/v1/chat/{name}/login"), "{}")
            .await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        reply.text
    }

    /// Reads a user's events with the master secret.
    pub async fn watch(&self, name: &str, since: Option<u64>) -> Browser {
        let request = self.request(Method::GET, &format!("/sse/{name}"));
        let request = request.header(AUTHORIZATION, MASTER);
        let request = match since {
            Some(id) => request.header("Last-Event-ID", id),
            None => request,
        };
        Browser::open(request).await
    }

    pub async fn input(&mut self) -> Input {
        let next = tokio::time::timeout(Duration::from_secs(10), self.asked.recv());
        next.await.expect("in time").expect("an input")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn opened(place: std::path::PathBuf) -> Arc<dyn Store> {
    let mut store = None;
    patience::until("the store is let go", async || {
        let place = place.clone();
        let opening = tokio::task::spawn_blocking(move || Embedded::open(&place));
        store = opening.await.unwrap().ok();
        store.is_some()
    })
    .await;
    Arc::new(store.unwrap())
}

async fn serve_all(
    store: Arc<dyn Store>,
    (settings, decide, players): (ChatApiSettings, Decide, Players),
    told: mpsc::UnboundedSender<Input>,
) -> (Running, EventLog) {
    let (engine, mut jobs) = Handle::pair(16);
    tokio::spawn(async move {
        while let Some(job) = jobs.recv().await {
            let answer = decide(job.input());
            let _ = told.send(job.input().clone());
            job.answer(answer);
        }
    });
    let log = EventLog::start(store.clone(), Duration::from_secs(3600));
    let parts = Parts {
        groups: players.groups(),
        pages: players.pages.clone(),
        sessions: Arc::new(players),
        store,
        log: log.clone(),
        engine,
    };
    let api = ChatApi::new(settings, parts);
    api.restore().await;
    let serving = Serving {
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        keep_alive: Duration::from_secs(75),
        workers: Some(2),
    };
    let document = warmline::chat_api::openapi::document(&[], true);
    let services = move |services: &mut _| {
        warmline::chat_api::openapi::configure(services, &document);
        configure(services, &api);
    };
    (serve(serving, services).unwrap(), log)
}

pub fn basic((name, password): (&str, &str)) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{password}"));
    format!("Basic {encoded}")
}

/// Takes everything; the line is empty and open.
pub fn agreeable(input: &Input) -> Outcome {
    use warmline::ids::ConversationId;
    Ok(match input {
        Input::Open(opening) => Answer::Opened {
            conversation: opening.conversation.clone(),
            again: false,
        },
        Input::Said(saying) => Answer::Taken {
            conversation: ConversationId::new("c1"),
            message: saying.id.clone(),
            again: false,
            late: false,
        },
        Input::VisitorClosed(_) => Answer::Closed { before: None },
        Input::QueueAsked(workgroup) | Input::QueueGlanced(workgroup) => {
            Answer::Queue(Box::new(QueueView {
                workgroup: workgroup.clone(),
                title: "Front desk".into(),
                open: true,
                closed: false,
                waiting: Vec::new(),
                length: 0,
                oldest: None,
                average_wait: Duration::from_secs(30),
                watchers: Vec::new(),
            }))
        }
        _ => Answer::Done,
    })
}

/// What came back.
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a body"),
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|_| panic!("status {}, no JSON: {:?}", self.status, self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

/// An event as a browser has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 0 where it only passes by.
    pub id: u64,
    pub name: String,
    pub data: Value,
}

impl Event {
    pub fn kind(&self) -> &str {
        self.data["type"].as_str().unwrap_or("")
    }
}

/// Somebody who reads events.
pub struct Browser {
    pub response: Response,
    buffer: String,
    ready: VecDeque<Event>,
    pub comments: usize,
}

impl Browser {
    pub async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("an answer");
        assert_eq!(response.status(), 200);
        Self {
            response,
            buffer: String::new(),
            ready: VecDeque::new(),
            comments: 0,
        }
    }

    /// The next event; nothing at the end of the stream. Fails the test when none comes in time,
    /// however many signs of life do.
    pub async fn next(&mut self) -> Option<Event> {
        let next = tokio::time::timeout(Duration::from_secs(30), self.wait());
        next.await.expect("an event in time")
    }

    async fn wait(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if !self.read().await {
                return None;
            }
        }
    }

    /// The next event that is none of the session's own.
    pub async fn told(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("an event");
            if event.name != "chatapi.session" {
                return event;
            }
        }
    }

    /// Reads what comes next, whatever it is; tells whether there was anything.
    pub async fn read(&mut self) -> bool {
        let chunk = tokio::time::timeout(Duration::from_secs(20), self.response.chunk());
        let Ok(Some(chunk)) = chunk.await.expect("something in time") else {
            return false;
        };
        self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        while let Some((block, rest)) = self.buffer.split_once("\n\n") {
            let (block, rest) = (block.to_owned(), rest.to_owned());
            self.buffer = rest;
            self.block(&block);
        }
        true
    }

    fn block(&mut self, block: &str) {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        self.comments += block.lines().filter(|line| line.starts_with(':')).count();
        let Some(data) = field("data: ") else { return };
        self.ready.push_back(Event {
            id: field("id: ").map_or(0, |id| id.parse().unwrap()),
            name: field("event: ").unwrap_or("message").to_owned(),
            data: serde_json::from_str(data).expect("valid JSON"),
        });
    }
}
