//! From settings to running rooms.

use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

use actix_web::web;
use tokio::sync::{Notify, mpsc, watch};
use tracing::info;

use crate::channels::external::{self, External, ExternalCarrier};
use crate::channels::openchs::{self, Openchs, OpenchsCarrier};
use crate::channels::rapidpro::{self, RapidPro, RapidProCarrier, RapidProSettings};
use crate::channels::yalo::{self, Media, Yalo, YaloCarrier, YaloSettings};
use crate::channels::{http, media};
use crate::config::{ChannelKind, Settings};
use crate::engine::{AddressBook, Engine, Handle, Memory, Outlets};
use crate::ids::ChannelId;
use crate::media::{MediaDesk, MediaKey, MediaLinks};
use crate::outbox::{
    Carrier, Fetcher, HttpClient, HttpError, OutboundSettings, Outbox, OutboxHandle,
    OutboxSettings, Report,
};
use crate::store::{self, Store};
use crate::telemetry::install_metrics;
use crate::xmpp::agents::Agents;
use crate::xmpp::departures::Departures;
use crate::xmpp::fastpath;
use crate::xmpp::link::{self, LinkSender};
use crate::xmpp::records::Records;
use crate::xmpp::rooms::{Rooms, RoomsSettings};
use crate::xmpp::seat::{Parts, Seat};

use super::health::{self, Health};
use super::helplines;
use super::orders;
use super::running::{Running, carry_reports};
use super::{AppError, translate};

/// Inputs that may wait for the engine; after them their senders wait.
const INBOX: usize = 1024;

/// Starts everything, in the order in which one needs the other.
pub(super) async fn start(settings: &Settings) -> Result<Running, AppError> {
    // Before anything that counts: what is counted earlier is lost.
    let figures = install_metrics()?;
    let store = store::open(&translate::place(&settings.store, &settings.store.url)).await?;
    let media = media(settings, store.as_ref()).await?;
    let addresses = AddressBook::default();
    let client = client(settings)?;
    let (reports, reported) = mpsc::channel(INBOX);
    let links = Media::new(media.as_ref().map(MediaDesk::links));
    let (link, events) = link::spawn(translate::link(settings));
    let callers = (&client, &addresses, &links);
    let carriers = carriers(settings, callers, &link);
    let outbox = start_outbox(settings, carriers, store.clone(), reports);
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

    let agents = watch::Sender::new(translate::agents(settings));
    let seat = Seat::new(Parts {
        engine: engine.clone(),
        link: link.clone(),
        rooms: rooms(settings),
        agents: Agents::new(agents.borrow().clone()),
        muc: settings.xmpp.muc.as_str().to_lowercase(),
        records: Records::new(store.clone()),
    });
    let health = Health::new(seat.health(), store_health, figures);
    let seat = tokio::spawn(seat.run(events, seat_inbox, agents.subscribe()));
    let orders = tokio::spawn(orders::follow(
        store.clone(),
        engine.clone(),
        (outbox.clone(), letters),
    ));
    let writing = (engine.clone(), store.clone());
    let server = serve(settings, (&client, &addresses), (writing, health, media))?;
    Ok(Running {
        server,
        outbox,
        link,
        seat,
        orders,
        reports,
        engine,
        writer,
        agents,
        store,
    })
}

fn rooms(settings: &Settings) -> Rooms {
    let (domain, muc) = (&settings.xmpp.domain, &settings.xmpp.muc);
    Rooms::new(RoomsSettings::new(domain.to_string(), muc.to_string()))
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

type Carriers = HashMap<ChannelId, Arc<dyn Carrier>>;

fn carriers(
    settings: &Settings,
    (client, addresses, links): (&HttpClient, &AddressBook, &Media),
    link: &LinkSender,
) -> Carriers {
    let mut carriers = Carriers::new();
    let xmpp = Departures::new(link.clone(), settings.xmpp.domain.as_str());
    carriers.insert(ChannelId::new(fastpath::CHANNEL), Arc::new(xmpp));
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
    carriers
}

fn start_outbox(
    settings: &Settings,
    carriers: Carriers,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
) -> OutboxHandle {
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
    ((engine, store), health, media): ((Handle, Arc<dyn Store>), Health, Option<MediaDesk>),
) -> Result<http::Running, AppError> {
    let parts = yalo::Parts {
        engine: engine.clone(),
        memory: Memory::new(store.clone()),
        http: client.clone(),
        media: Media::new(media.as_ref().map(MediaDesk::links)),
    };
    let yalos = YaloSettings::all(settings).into_iter().map(Arc::new);
    let yalos = web::Data::new(Yalo::new(yalos, parts));
    let gateways = Openchs::new(helplines::all_openchs(settings), engine.clone(), store);
    let gateways = web::Data::new(gateways);
    let externals = External::new(helplines::all_external(settings), engine.clone());
    let externals = web::Data::new(externals);
    let channels = rapidpro_channels(settings);
    let state = RapidPro::new(channels, engine, addresses.clone(), client.clone());
    let state = web::Data::new(state);
    let serving = http::Serving {
        address: settings.http.listen,
        keep_alive: settings.http.keep_alive,
        workers: settings.http.workers,
    };
    let server = http::serve(serving, move |services| {
        health::configure(services, health.clone());
        if let Some(media) = &media {
            media::configure(services, media.clone());
        }
        rapidpro::configure(services, state.clone());
        external::configure(services, externals.clone());
        openchs::configure(services, gateways.clone());
        yalo::configure(services, &yalos);
    })
    .map_err(AppError::system("http.listen"))?;
    // Whoever starts the program with port 0 learns the port here.
    let _ = writeln!(std::io::stdout(), "listening on http://{}", server.address);
    info!(address = %server.address, "listening");
    Ok(server)
}

fn rapidpro_channels(settings: &Settings) -> Vec<Arc<RapidProSettings>> {
    let channels = settings.channels.iter();
    let ours = channels.filter_map(|channel| match &channel.kind {
        ChannelKind::Rapidpro(kind) => Some(Arc::new(translate::rapidpro(channel, kind))),
        _ => None,
    });
    ours.collect()
}
