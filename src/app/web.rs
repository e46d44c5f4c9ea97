//! The HTTP server and everything that it serves.

use std::io::Write;
use std::sync::Arc;

use actix_web::web::Data;
use tracing::info;

use crate::channels::external::{self, External};
use crate::channels::openchs::{self, Openchs};
use crate::channels::rapidpro::{self, RapidPro};
use crate::channels::weni::{self, Weni, WeniSettings};
use crate::channels::yalo::{self, Yalo, YaloSettings};
use crate::channels::{http, media};
use crate::chat_api::log::EventLog;
use crate::config::Settings;
use crate::engine::Memory;
use crate::media::MediaDesk;
use crate::store::Store;

use super::build::rapidpro_channels;
use super::chat::{self, Chat};
use super::health::{self, Health};
use super::{AppError, helplines};

/// What stands behind the surfaces.
pub(super) struct Behind {
    pub store: Arc<dyn Store>,
    pub health: Health,
    pub media: Option<MediaDesk>,
    pub log: Option<EventLog>,
    pub chat: chat::Behind,
}

/// Serves all that is configured.
pub(super) fn serve(
    settings: &Settings,
    ways: &weni::Ways,
    behind: Behind,
) -> Result<(http::Running, Option<Chat>), AppError> {
    let (engine, client) = (ways.engine.clone(), &ways.http);
    let Behind {
        store,
        health,
        media,
        log,
        chat,
    } = behind;
    let chat = chat::start(settings, log, chat)?;
    let parts = yalo::Parts {
        engine: engine.clone(),
        memory: Memory::new(store.clone()),
        http: client.clone(),
        media: ways.media.clone(),
    };
    let wenis = Data::new(Weni::new(WeniSettings::all(settings), ways.clone()));
    let yalos = YaloSettings::all(settings).into_iter().map(Arc::new);
    let yalos = Data::new(Yalo::new(yalos, parts));
    let gateways = Openchs::new(helplines::all_openchs(settings), engine.clone(), store);
    let gateways = Data::new(gateways);
    let externals = External::new(helplines::all_external(settings), engine.clone());
    let externals = Data::new(externals);
    let channels = rapidpro_channels(settings);
    let state = RapidPro::new(channels, engine, ways.book.clone(), client.clone());
    let state = Data::new(state);
    let serving = http::Serving {
        address: settings.http.listen,
        keep_alive: settings.http.keep_alive,
        workers: settings.http.workers,
    };
    let api = chat.as_ref().map(|chat| chat.api.clone());
    let document = chat::document(settings);
    let server = http::serve(serving, move |services| {
        health::configure(services, health.clone());
        if let Some(media) = &media {
            media::configure(services, media.clone());
        }
        rapidpro::configure(services, state.clone());
        external::configure(services, externals.clone());
        openchs::configure(services, gateways.clone());
        yalo::configure(services, &yalos);
        weni::configure(services, &wenis);
        chat::configure(services, (api.as_ref(), &document));
    })
    .map_err(AppError::system("http.listen"))?;
    // Whoever starts the program with port 0 learns the port here.
    let _ = writeln!(std::io::stdout(), "listening on http://{}", server.address);
    info!(address = %server.address, "listening");
    Ok((server, chat))
}
