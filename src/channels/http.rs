//! The HTTP server that all surfaces stand on: its limits, its start and stop, its JSON errors.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::error::{Error, InternalError, JsonPayloadError, PathError, QueryPayloadError};
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The largest request body that is taken, in bytes.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// What is read and thrown away of a larger one, so that its sender comes to read our answer.
const DRAIN_LIMIT: usize = 8 * BODY_LIMIT;
/// For the head of a request, and again for its body.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection may take nothing of what is written to it, be its peer silent or only not
/// reading (TCP_USER_TIMEOUT, RFC 5482). Without it a stream's reader that stopped would stay for ever.
const STALLED: Duration = Duration::from_secs(30);
/// How long requests that are being answered hold up a stop, in seconds.
const SHUTDOWN_SECONDS: u64 = 5;

/// How to serve.
#[derive(Clone, Copy, Debug)]
pub struct Serving {
    /// Where to listen.
    pub address: SocketAddr,
    /// How long an idle connection is kept. To be longer than the 30 s for which Go clients keep
    /// theirs: whoever closes first loses no request of the other's, and that should not be us
    /// (reference: mailroom's HTTP transport).
    pub keep_alive: Duration,
    /// Worker threads; one per processor where not said.
    pub workers: Option<usize>,
}

/// A server that runs.
#[derive(Debug)]
pub struct Running {
    /// Where it listens; tells the port where 0 was asked for.
    pub address: SocketAddr,
    /// Stops it: `handle.stop(true)` lets requests that are being answered end first.
    pub handle: ServerHandle,
    /// Ends when the server has stopped.
    pub finished: JoinHandle<io::Result<()>>,
}

/// Listens and serves what `services` adds, in the order in which it adds it.
/// Needs a tokio runtime around it. Signals are left to the caller.
///
/// # Errors
/// Where the address cannot be had.
pub fn serve<F>(serving: Serving, services: F) -> io::Result<Running>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let Serving {
        address,
        keep_alive,
        workers,
    } = serving;
    let processors = || std::thread::available_parallelism().map_or(2, usize::from);
    let server = HttpServer::new(move || {
        App::new()
            .configure(json_errors)
            .configure(services.clone())
            .default_service(web::to(not_found))
    })
    .workers(workers.unwrap_or_else(processors))
    .on_connect(|connection, _| {
        if let Some(socket) = connection.downcast_ref::<TcpStream>() {
            // Where the system knows no such limit its own, longer one holds.
            let _ = SockRef::from(socket).set_tcp_user_timeout(Some(STALLED));
        }
    })
    .keep_alive(keep_alive)
    .client_request_timeout(REQUEST_TIMEOUT)
    .client_disconnect_timeout(DISCONNECT_TIMEOUT)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .bind(address)?;
    let address = server.addrs().first().copied().unwrap_or(address);
    let server = server.run();
    Ok(Running {
        address,
        handle: server.handle(),
        finished: tokio::spawn(server),
    })
}

/// A JSON error as most surfaces spell it: `{"error":"text"}`.
pub fn error_reply(status: StatusCode, text: &str) -> HttpResponse {
    HttpResponse::build(status).json(serde_json::json!({ "error": text }))
}

/// The answer to a path that leads nowhere.
pub async fn not_found() -> HttpResponse {
    error_reply(StatusCode::NOT_FOUND, "no such path")
}

/// The answer to a method that a path does not know; `allowed` as in the `Allow` header.
pub fn wrong_method(allowed: &str) -> HttpResponse {
    let mut reply = error_reply(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        reply.headers_mut().insert(ALLOW, allowed);
    }
    reply
}

/// Why a body could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// More than [`BODY_LIMIT`].
    #[error("the body is larger than 1 MiB")]
    TooLarge,
    /// It did not come in time.
    #[error("the body did not come in time")]
    TooSlow,
    /// It ended early, or its framing or compression is broken.
    #[error("the body could not be read")]
    Broken,
}

impl BodyError {
    /// 413, 408 or 400.
    pub fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// The whole body of a request, of any method, within [`BODY_LIMIT`] and a time limit. Called
/// after the credentials were checked, so that a stranger cannot make us hold a large body.
///
/// # Errors
/// See [`BodyError`].
pub async fn read_body(payload: web::Payload) -> Result<Bytes, BodyError> {
    tokio::time::timeout(REQUEST_TIMEOUT, collect(payload))
        .await
        .map_err(|_| BodyError::TooSlow)?
}

async fn collect(mut payload: web::Payload) -> Result<Bytes, BodyError> {
    let mut body = BytesMut::new();
    let mut total = 0_usize;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        total = total.saturating_add(chunk.len());
        if total > DRAIN_LIMIT {
            break;
        }
        if total <= BODY_LIMIT {
            body.extend_from_slice(&chunk);
        }
    }
    if total > BODY_LIMIT {
        return Err(BodyError::TooLarge);
    }
    Ok(body.freeze())
}

/// Makes the framework's own extractors answer in JSON, and keep to the body limit.
fn json_errors(services: &mut ServiceConfig) {
    services
        .app_data(web::PayloadConfig::new(BODY_LIMIT))
        .app_data(
            web::JsonConfig::default()
                .limit(BODY_LIMIT)
                .error_handler(|error, _| bad_json(error)),
        )
        .app_data(web::QueryConfig::default().error_handler(|error, _| bad_query(error)))
        .app_data(web::PathConfig::default().error_handler(|error, _| bad_path(error)));
}

fn bad_json(error: JsonPayloadError) -> Error {
    let status = match error {
        JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        _ => StatusCode::BAD_REQUEST,
    };
    let reply = error_reply(status, &error.to_string());
    InternalError::from_response(error, reply).into()
}

fn bad_query(error: QueryPayloadError) -> Error {
    let reply = error_reply(StatusCode::BAD_REQUEST, &error.to_string());
    InternalError::from_response(error, reply).into()
}

fn bad_path(error: PathError) -> Error {
    let reply = error_reply(StatusCode::NOT_FOUND, "no such path");
    InternalError::from_response(error, reply).into()
}
