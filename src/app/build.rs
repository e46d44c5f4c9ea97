//! From settings to running rooms.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use actix_web::web;
use tokio::sync::{Notify, mpsc};
use tracing::info;

use crate::channels::http;
use crate::channels::rapidpro::{self, RapidPro, RapidProCarrier};
use crate::chat_api::ChatCarrier;
use crate::chat_api::log::EventLog;
use crate::config::{ChannelKind, Settings};
use crate::engine::{AddressBook, Engine, Handle, Outlets};
use crate::ids::ChannelId;
use crate::outbox::{
    Carrier, HttpClient, HttpError, OutboundSettings, Outbox, OutboxHandle, OutboxSettings, Report,
};
use crate::store::{self, Store};
use crate::telemetry::install_metrics;

use super::chat::Chat;
use super::health::{self, Health};
use super::orders;
use super::running::{Running, carry_reports};
use super::{AppError, chat, translate, xmpp};

/// Inputs that may wait for the engine; after them their senders wait.
const INBOX: usize = 1024;

/// Starts everything, in the order in which one needs the other.
pub(super) async fn start(settings: &Settings) -> Result<Running, AppError> {
    // Before anything that counts: what is counted earlier is lost.
    let figures = install_metrics()?;
    let store = store::open(&settings.store.url.to_string()).await?;
    let addresses = AddressBook::default();
    let client = client(settings)?;
    let (reports, reported) = mpsc::channel(INBOX);
    let log = chat::log(settings, &store);
    let tools = (&client, &addresses, log.as_ref());
    let outbox = start_outbox(settings, tools, store.clone(), reports);
    let (engine, jobs) = Handle::pair(INBOX);
    let (seat_orders, seat_inbox) = mpsc::unbounded_channel();
    let policy = Arc::new(translate::policy(settings));
    let outlets = Outlets {
        seat: seat_orders,
        outbox: outbox.clone(),
        callbacks: addresses.clone(),
    };
    let writer = Engine::load(policy, store.clone(), jobs, outlets).await?;
    let store_health = writer.health();
    let writer = tokio::spawn(writer.run());
    let letters = Arc::new(Notify::new());
    let reports = tokio::spawn(carry_reports(engine.clone(), reported, letters.clone()));

    let side = xmpp::start(settings, (engine.clone(), store.clone()), seat_inbox).await?;
    let health = Health {
        link: side.health.clone(),
        store: store_health,
        figures,
    };
    let orders = tokio::spawn(orders::follow(
        store.clone(),
        engine.clone(),
        (outbox.clone(), letters),
    ));
    let behind = chat::Behind {
        sessions: side.sessions.clone(),
        store: store.clone(),
        engine: engine.clone(),
    };
    let chat = chat::start(settings, log, behind);
    let behind = (engine.clone(), health, chat.as_ref());
    let server = serve(settings, (&client, &addresses), behind)?;
    Ok(Running {
        server,
        chat,
        outbox,
        side,
        orders,
        reports,
        engine,
        writer,
        store,
    })
}

fn client(settings: &Settings) -> Result<HttpClient, HttpError> {
    HttpClient::new(&OutboundSettings {
        allow_private_networks: settings.outbound.allow_private_networks,
        timeout: settings.outbound.timeout,
        ca_file: None,
    })
}

fn start_outbox(
    settings: &Settings,
    (client, addresses, log): (&HttpClient, &AddressBook, Option<&EventLog>),
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
) -> OutboxHandle {
    let mut carriers: HashMap<ChannelId, Arc<dyn Carrier>> = HashMap::new();
    for channel in &settings.channels {
        match &channel.kind {
            ChannelKind::Rapidpro(kind) => {
                let settings = Arc::new(translate::rapidpro(channel, kind));
                let id = settings.id.clone();
                let carrier = RapidProCarrier::new(settings, addresses.clone(), client.clone());
                carriers.insert(id, Arc::new(carrier));
            }
            ChannelKind::ChatApi(kind) => {
                let Some(log) = log else { continue };
                let names = chat::names(settings, channel, kind);
                let carrier = ChatCarrier::new(log.clone(), names);
                carriers.insert(ChannelId::new(channel.id.clone()), Arc::new(carrier));
            }
        }
    }
    let settings = OutboxSettings {
        retry: settings.outbound.retry.clone(),
        concurrency: settings.outbound.concurrency,
        ..OutboxSettings::default()
    };
    Outbox::start(settings, carriers, store, reports)
}

fn serve(
    settings: &Settings,
    (client, addresses): (&HttpClient, &AddressBook),
    (engine, health, chat): (Handle, Health, Option<&Chat>),
) -> Result<http::Running, AppError> {
    let mut channels = Vec::new();
    for channel in &settings.channels {
        match &channel.kind {
            ChannelKind::Rapidpro(kind) => {
                channels.push(Arc::new(translate::rapidpro(channel, kind)));
            }
            ChannelKind::ChatApi(_) => {}
        }
    }
    let state = RapidPro::new(channels, engine, addresses.clone(), client.clone());
    let state = web::Data::new(state);
    let serving = http::Serving {
        address: settings.http.listen,
        keep_alive: settings.http.keep_alive,
        workers: settings.http.workers,
    };
    let api = chat.map(|chat| chat.api.clone());
    let document = chat::document(settings);
    let server = http::serve(serving, move |services| {
        health::configure(services, health.clone());
        rapidpro::configure(services, state.clone());
        chat::configure(services, (api.as_ref(), &document));
    })
    .map_err(AppError::system("http.listen"))?;
    // Whoever starts the program with port 0 learns the port here.
    let _ = writeln!(std::io::stdout(), "listening on http://{}", server.address);
    info!(address = %server.address, "listening");
    Ok(server)
}
