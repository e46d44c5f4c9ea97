//! The real engine on a real store, the routes on a real server, and a platform to call.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use warmline::channels::http;
use warmline::channels::yalo::{Parts, Yalo, YaloCarrier, YaloSettings, configure};
use warmline::channels::{AddressBook, Origin};
use warmline::config;
use warmline::engine::{Handle, Memory};
use warmline::outbox::Carrier;
use warmline::store::Store;

use super::support::bot::{Answer as Answering, Callback, HttpBot};
use super::support::engine::{self, Behind, HEAD, links, serving, store_in};
use super::support::http::{Reply, Request};
use super::support::wait;

pub use super::support::engine::{client, media};
pub use super::support::openchs::cheap_hash as quick_hash;
pub use super::support::yalo::{PASSWORD, SIGNING, signature};

/// What stands in a world's configuration.
pub fn usual(platform: &str) -> String {
    let hash = quick_hash(PASSWORD);
    format!(
        r#"{HEAD}
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
        let store = store_in(&runtime, folder.path());
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

/// The channels of a configuration.
pub fn channels(config: &str) -> Vec<Arc<YaloSettings>> {
    let settings = config::parse(config).expect("a good configuration");
    YaloSettings::all(&settings)
        .into_iter()
        .map(Arc::new)
        .collect()
}

/// Whether this is a link of ours to this.
pub fn leads_to(link: &str, origin: Origin) -> bool {
    let path = link.strip_prefix("https://help.example.org/media/");
    let parts = path.and_then(|path| path.split_once('/'));
    let (sealed, name) = parts.unwrap_or_else(|| panic!("no link of ours: {link}"));
    links().open(sealed, name) == Ok(origin.name(name))
}

async fn start(config: &str, store: Arc<dyn Store>) -> (Handle, http::Running) {
    let channels = channels(config);
    let carriers = channels.iter().map(|one| {
        let carrier = YaloCarrier::new(one.clone(), client(), media());
        (one.id.clone(), Arc::new(carrier) as Arc<dyn Carrier>)
    });
    let behind = Behind {
        store: store.clone(),
        carriers: carriers.collect(),
        book: AddressBook::default(),
        retry: Duration::from_millis(200),
    };
    let (engine, jobs) = Handle::pair(64);
    engine::start((engine.clone(), jobs), behind).await;
    let parts = Parts {
        engine: engine.clone(),
        memory: Memory::new(store),
        http: client(),
        media: media(),
    };
    let state = Data::new(Yalo::new(channels, parts));
    let server = http::serve(serving(), move |services| configure(services, &state));
    (engine, server.unwrap())
}
