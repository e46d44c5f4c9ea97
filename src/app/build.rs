//! From settings to running rooms.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use crate::channels::Media;
use crate::channels::external::ExternalCarrier;
use crate::channels::openchs::OpenchsCarrier;
use crate::channels::rapidpro::{RapidProCarrier, RapidProSettings};
use crate::channels::weni::{self, WeniCarrier, WeniSettings};
use crate::channels::yalo::{YaloCarrier, YaloSettings};
use crate::chat_api::ChatCarrier;
use crate::chat_api::log::EventLog;
use crate::config::{ChannelKind, Settings};
use crate::engine::{AddressBook, Engine, Handle, Outlets};
use crate::ids::ChannelId;
use crate::media::{MediaDesk, MediaKey, MediaLinks};
use crate::outbox::{
    Carrier, Fetcher, HttpClient, HttpError, OutboundSettings, Outbox, OutboxHandle,
    OutboxSettings, Report,
};
use crate::store::{self, Store};
use crate::telemetry::install_metrics;
use crate::xmpp::departures::Departures;
use crate::xmpp::fastpath;

use super::groups;
use super::health::Health;
use super::helplines;
use super::orders;
use super::running::{Running, carry_reports};
use super::web::{self, Behind};
use super::{AppError, chat, translate, xmpp};

/// Inputs that may wait for the engine; after them their senders wait.
const INBOX: usize = 1024;

/// Starts everything, in the order in which one needs the other.
pub(super) async fn start(settings: &Settings) -> Result<Running, AppError> {
    // Before anything that counts: what is counted earlier is lost.
    let figures = install_metrics()?;
    let store = store::open(&translate::place(&settings.store, &settings.store.url)).await?;
    let media = media(settings, store.as_ref()).await?;
    let (reports, reported) = mpsc::channel(INBOX);
    let (engine, jobs) = Handle::pair(INBOX);
    let ways = weni::Ways {
        book: AddressBook::default(),
        http: client(settings)?,
        media: Media::new(media.as_ref().map(MediaDesk::links)),
        engine: engine.clone(),
    };
    let log = chat::log(settings, &store);
    let departures = Departures::new(settings.xmpp.domain.as_str());
    let told = (log.as_ref(), departures.clone());
    let outbox = start_outbox(settings, (&ways, told), store.clone(), reports);
    let (seat_orders, seat_inbox) = mpsc::unbounded_channel();
    let outlets = Outlets {
        seat: seat_orders,
        outbox: outbox.clone(),
        callbacks: ways.book.clone(),
        typing: chat::typing(settings, log.as_ref()),
    };
    let merged = groups::with_added(settings, store.as_ref()).await?;
    let policy = Arc::new(translate::policy(&merged));
    let writer = Engine::load(policy, store.clone(), jobs, outlets).await?;
    let store_health = writer.health();
    let writer = tokio::spawn(writer.run());
    let letters = Arc::new(Notify::new());
    let reports = tokio::spawn(carry_reports(engine.clone(), reported, letters.clone()));
    let side = xmpp::start(&merged, (engine.clone(), store.clone()), seat_inbox).await?;
    departures.connect(side.link.clone());
    let health = Health::new(side.health.clone(), store_health, figures);
    let orders = tokio::spawn(orders::follow(
        store.clone(),
        engine.clone(),
        (outbox.clone(), letters),
    ));
    let behind = Behind {
        store: store.clone(),
        health,
        media,
        log,
        chat: chat::Behind::of(&side, store.clone(), engine.clone()),
    };
    let (server, chat) = web::serve(settings, &ways, behind)?;
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

/// Links to media, where others can reach us to open them.
async fn media(settings: &Settings, store: &dyn Store) -> Result<Option<MediaDesk>, AppError> {
    let Some(public_url) = &settings.http.public_url else {
        return Ok(None);
    };
    let key = match &settings.media.key {
        Some(secret) => MediaKey::from_secret(secret),
        None => MediaKey::kept(store).await?,
    };
    let links = MediaLinks::new(key, public_url, settings.media.link_ttl);
    let fetcher = Fetcher::new(&translate::fetching(settings))?;
    Ok(Some(MediaDesk::new(
        links,
        fetcher,
        translate::media(settings),
    )))
}

fn start_outbox(
    settings: &Settings,
    (ways, (log, departures)): (&weni::Ways, (Option<&EventLog>, Departures)),
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
) -> OutboxHandle {
    let mut carriers: HashMap<ChannelId, Arc<dyn Carrier>> = HashMap::new();
    let (client, addresses, links) = (&ways.http, &ways.book, &ways.media);
    carriers.insert(ChannelId::new(fastpath::CHANNEL), Arc::new(departures));
    for channel in WeniSettings::all(settings) {
        let id = channel.id.clone();
        let carrier = WeniCarrier::new(Arc::new(channel), ways.clone());
        carriers.insert(id, Arc::new(carrier));
    }
    for channel in rapidpro_channels(settings) {
        let id = channel.id.clone();
        let carrier = RapidProCarrier::new(channel, addresses.clone(), client.clone());
        carriers.insert(id, Arc::new(carrier));
    }
    for channel in helplines::all_openchs(settings) {
        let id = channel.id.clone();
        let carrier = OpenchsCarrier::new(channel, client.clone());
        carriers.insert(id, Arc::new(carrier));
    }
    for channel in helplines::all_external(settings) {
        let id = channel.id.clone();
        let carrier = ExternalCarrier::new(channel, client.clone());
        carriers.insert(id, Arc::new(carrier));
    }
    for channel in YaloSettings::all(settings) {
        let id = channel.id.clone();
        let carrier = YaloCarrier::new(Arc::new(channel), client.clone(), links.clone());
        carriers.insert(id, Arc::new(carrier));
    }
    if let Some((channel, kind)) = chat::channel(settings)
        && let Some(log) = log
    {
        let carrier = ChatCarrier::new(log.clone(), chat::names(settings, channel, kind));
        carriers.insert(ChannelId::new(channel.id.clone()), Arc::new(carrier));
    }
    let settings = OutboxSettings {
        retry: settings.outbound.retry.clone(),
        concurrency: settings.outbound.concurrency,
        ..OutboxSettings::default()
    };
    Outbox::start(settings, carriers, store, reports)
}

pub(super) fn rapidpro_channels(settings: &Settings) -> Vec<Arc<RapidProSettings>> {
    let channels = settings.channels.iter();
    let ours = channels.filter_map(|channel| match &channel.kind {
        ChannelKind::Rapidpro(kind) => Some(Arc::new(translate::rapidpro(channel, kind))),
        _ => None,
    });
    ours.collect()
}
