//! The real engine on a real store, the routes on a real server, and a platform to call.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use argon2::password_hash::PasswordHasher;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, Version};
use ring::hmac;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use warmline::bridge::Input;
use warmline::channels::http::{self, Serving};
use warmline::channels::yalo::{Media, Parts, Yalo, YaloCarrier, YaloSettings, configure};
use warmline::channels::{AddressBook, HttpClient, MediaLinks, Origin, Secret};
use warmline::config;
use warmline::engine::{Engine, Handle, Memory, Outlets, SeatOrder};
use warmline::ids::{AgentJid, ChannelId, WorkgroupName};
use warmline::media::MediaKey;
use warmline::outbox::{Carrier, OutboundSettings, Outbox, OutboxSettings, Report};
use warmline::store::{self, Store};
use warmline::workgroup::{Labels, Policy, WorkgroupPolicy};

use super::support::bot::{Answer as Answering, Callback, HttpBot};
use super::support::http::{Reply, Request};
use super::support::wait;

pub const PASSWORD: &str = "opensesame";
pub const SIGNING: &str = "the-platforms-secret";

/// What stands in a world's configuration.
pub fn usual(platform: &str) -> String {
    let hash = quick_hash(PASSWORD);
    format!(
        r#"
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
[[channel]]
id = "yalo"
kind = "yalo"
workgroup = "support"
token_key = "0123456789abcdef0123456789abcdef"
accounts = [
  {{ username = "yaloUser", password_hash = "{hash}" }},
  {{ username = "salesforceUser", role = "SALESFORCE_ROLE", password_hash = "{hash}" }},
]
client = "coppel"
signature_secret = "{SIGNING}"
flows = [
  {{ flow = "SFB001", provider = "whatsapp", workgroup = "it" }},
  {{ flow = "SFB002", workgroup = "it" }},
]
api_url = "{platform}/base/"
botrunner_url = "{platform}/runner"
botrunner_token = "a+b&c"
#more
[channel.whatsapp]
bot_id = "wa-bot"
token = "wa-token"
phone = "+5215511223344"
[channel.facebook]
bot_id = "fb-bot"
token = "fb-token"
phone = "233726951928054"
"#
    )
}

/// Argon2, but quick: the tests are not what it is to hold out against.
pub fn quick_hash(password: &str) -> String {
    let params = Params::new(8, 1, 1, None).unwrap();
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let hash: PasswordHash = argon.hash_password(password.as_bytes()).unwrap();
    hash.to_string()
}

/// A running world.
pub struct World {
    pub address: SocketAddr,
    pub platform: HttpBot,
    engine: Handle,
    server: http::Running,
    runtime: Runtime,
    config: String,
    folder: TempDir,
}

impl World {
    pub fn new() -> Self {
        Self::with("", "")
    }

    /// With keys of the channel's own added, and further tables at the end.
    pub fn with(keys: &str, tables: &str) -> Self {
        let platform = HttpBot::start();
        platform.answer(Answering::new(201, r#"{"messages":[{"id":"x"}]}"#));
        let config = usual(&platform.url("")).replace("#more", keys) + tables;
        let folder = tempfile::tempdir().unwrap();
        Self::on(config, folder, platform)
    }

    fn on(config: String, folder: TempDir, platform: HttpBot) -> Self {
        let runtime = Runtime::new().unwrap();
        let place = store::Place::Embedded(folder.path().to_owned());
        // The server's threads of before may still hold it.
        let store = wait::until("the store is free", wait::START, || {
            runtime.block_on(store::open(&place)).ok()
        });
        let (engine, server) = runtime.block_on(start(&config, store));
        Self {
            address: server.address,
            platform,
            engine,
            server,
            runtime,
            config,
            folder,
        }
    }

    /// Stops without a word, and starts on the same data.
    pub fn restart(self) -> Self {
        let Self {
            server,
            runtime,
            config,
            folder,
            platform,
            engine,
            ..
        } = self;
        runtime.block_on(server.handle.stop(false));
        drop(engine);
        runtime.shutdown_timeout(Duration::from_secs(10));
        Self::on(config, folder, platform)
    }

    pub fn send(&self, request: &Request) -> Reply {
        request.send(self.address).unwrap()
    }

    /// A call without a token.
    pub fn bare(&self, method: &str, path: &str, body: &str) -> Reply {
        self.send(&Request::new(method, path).json(body))
    }

    /// A call with the platform's token.
    pub fn call(&self, method: &str, path: &str, body: &str) -> Reply {
        self.call_as(&self.token(), (method, path, body))
    }

    pub fn call_as(&self, token: &str, (method, path, body): (&str, &str, &str)) -> Reply {
        let request = Request::new(method, path).json(body);
        self.send(&request.header("Authorization", &format!("Bearer {token}")))
    }

    pub fn token(&self) -> String {
        self.log_in("yaloUser", PASSWORD).string("token")
    }

    pub fn log_in(&self, username: &str, password: &str) -> Reply {
        let body = serde_json::json!({"username": username, "password": password});
        self.bare("POST", "/v1/authenticate", &body.to_string())
    }

    /// A signed webhook.
    pub fn tells(&self, provider: &str, body: impl AsRef<[u8]>) -> Reply {
        let path = format!("/v1/integrations/{provider}/webhook");
        let signature = signature(body.as_ref());
        let request = Request::new("POST", &path).json(body);
        self.send(&request.header("x-yalochat-signature", &signature))
    }

    /// What was said, as the route shows it.
    pub fn context(&self, user: &str) -> Vec<Value> {
        let reply = self.call("GET", &format!("/v1/context/{user}"), "");
        assert_eq!(reply.status, 200);
        reply.json().as_array().unwrap().clone()
    }

    /// Waits for so many calls to the platform that it took.
    pub fn told(&self, count: usize) -> Vec<Callback> {
        self.platform.wait_for(count, wait::SOON)
    }
}

/// As the platform signs.
pub fn signature(body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SIGNING.as_bytes());
    let signed = hmac::sign(&key, body);
    signed
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The channels of a configuration.
pub fn channels(config: &str) -> Vec<Arc<YaloSettings>> {
    let settings = config::parse(config).expect("a good configuration");
    YaloSettings::all(&settings)
        .into_iter()
        .map(Arc::new)
        .collect()
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

/// Whether this is a link of ours to this.
pub fn leads_to(link: &str, origin: Origin) -> bool {
    let path = link.strip_prefix("https://help.example.org/media/");
    let parts = path.and_then(|path| path.split_once('/'));
    let (sealed, name) = parts.unwrap_or_else(|| panic!("no link of ours: {link}"));
    links().open(sealed, name) == Ok(origin.name(name))
}

/// A client that may call this machine.
pub fn client() -> HttpClient {
    HttpClient::new(&OutboundSettings {
        allow_private_networks: true,
        ..OutboundSettings::default()
    })
    .unwrap()
}

async fn start(config: &str, store: Arc<dyn Store>) -> (Handle, http::Running) {
    let channels = channels(config);
    let carriers: HashMap<ChannelId, Arc<dyn Carrier>> = channels
        .iter()
        .map(|one| {
            let carrier = YaloCarrier::new(one.clone(), client(), media());
            (one.id.clone(), Arc::new(carrier) as Arc<dyn Carrier>)
        })
        .collect();
    let (reports, reported) = mpsc::channel(64);
    let retry = [200; 10].map(Duration::from_millis).to_vec();
    let outbox = OutboxSettings {
        retry,
        ..OutboxSettings::default()
    };
    let outbox = Outbox::start(outbox, carriers, store.clone(), reports);
    let (engine, jobs) = Handle::pair(64);
    let (seat, orders) = mpsc::unbounded_channel();
    let outlets = Outlets {
        seat,
        outbox,
        callbacks: AddressBook::default(),
        typing: mpsc::channel(1).0,
    };
    let writer = Engine::load(Arc::new(policy()), store.clone(), jobs, outlets);
    tokio::spawn(writer.await.unwrap().run());
    tokio::spawn(settle(engine.clone(), reported));
    tokio::spawn(ignore(orders));
    let parts = Parts {
        engine: engine.clone(),
        memory: Memory::new(store),
        http: client(),
        media: media(),
    };
    let state = Data::new(Yalo::new(channels, parts));
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
        let taken = engine
            .ask(Input::Delivered(Box::new(report.delivery)))
            .await;
        if taken.is_ok() {
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
