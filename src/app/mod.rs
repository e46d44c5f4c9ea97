//! The composition root: builds the rooms, wires them, runs them, and stops them in order.

mod build;
mod chat;
mod commands;
mod faces;
mod groups;
mod health;
mod helplines;
mod orders;
mod routing;
mod running;
mod surfaces;
mod translate;
mod web;
mod xmpp;

pub use crate::store::Progress;
pub use commands::{
    Which, conversations_close, conversations_list, conversations_reopen, conversations_show,
    dead_letters_drop, dead_letters_list, dead_letters_retry, store_migrate,
};

use std::time::Duration;

use crate::config::{Problem, Settings, StoreUrl, What};
use crate::store::{MoveError, StoreError};

/// How long what cannot be called off may hold the end up.
const LAST_PATIENCE: Duration = Duration::from_millis(500);

/// Reads the configuration again, for SIGHUP.
pub type Reload = Box<dyn Fn() -> Result<Settings, Vec<Problem>> + Send>;

/// Why the program could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Something of the operating system: a runtime, a socket, a signal.
    #[error("{what}: {problem}")]
    System {
        /// What was wanted.
        what: &'static str,
        /// What came instead.
        problem: std::io::Error,
    },
    /// The store cannot be opened, read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The engine takes nothing just now.
    #[error(transparent)]
    Engine(#[from] crate::engine::Unavailable),
    /// Rows were not moved to another store, or not all.
    #[error(transparent)]
    Move(#[from] MoveError),
    /// No outgoing HTTP calls can be made.
    #[error("outgoing calls: {0}")]
    Outbound(#[from] crate::outbox::HttpError),
    /// Links to media cannot be made.
    #[error("links to media: {0}")]
    Media(#[from] crate::media::KeyError),
    /// No figures can be collected.
    #[error(transparent)]
    Telemetry(#[from] crate::telemetry::TelemetryError),
    /// A part of the program that should run as long as the program ended by itself.
    #[error("a fault of ours: {0} ended")]
    Ended(&'static str),
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(String),
    /// What was to be written cannot be.
    #[error("cannot be written down: {0}")]
    Json(#[from] serde_json::Error),
}

impl AppError {
    fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |problem| Self::System { what, problem }
    }
}

/// Where the store of a URL is, if nothing else is said of it; for benchmarks.
///
/// # Errors
/// What is wrong with the URL.
pub fn place_of(url: &str) -> Result<crate::store::Place, What> {
    let store = crate::config::Store::at(StoreUrl::parse(url)?);
    Ok(translate::place(&store, &store.url))
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// Whatever keeps it from starting.
pub fn run(settings: Settings, reload: Reload) -> Result<(), AppError> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let running = build::start(&settings).await?;
        running.until_stopped(settings, reload).await
    });
    // A name that is just being looked up cannot be called off, and is not waited for.
    runtime.shutdown_timeout(LAST_PATIENCE);
    ended
}

fn runtime() -> Result<tokio::runtime::Runtime, AppError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(AppError::system("starting the runtime"))
}
