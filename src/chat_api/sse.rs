//! `GET /sse/{user}`: events as they come, or from where a browser left off (WHATWG HTML §9.2).

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use actix_web::{HttpRequest, HttpResponse};
use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use crate::telemetry::metrics as figures;

use super::ChatApi;
use super::call::{authorization, find, peer, query_of};
use super::changes::Unchanged;
use super::desk::Watch;
use super::failure::Failure;
use super::gate::Caller;
use super::grants::COOKIE;
use super::log::{Event, FeedName, Reader, Since};

/// How often a silent stream gives a sign of life; the original's pace.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long browsers wait before they come back, in milliseconds.
const BEGIN: &str = "retry: 3000\n: ofchat\n\n";
/// A comment: no event.
const BEAT: &[u8] = b": ka\n\n";
/// About as much as is written in one go.
const TOGETHER: usize = 16 * 1024;
/// The cookie of those who came with a ticket once.
const COOKIE_NAME: &str = "ofchat";

/// Whose events are wanted.
struct Wanted {
    feed: FeedName,
    /// The user's bare address, where it is a user and no visitor.
    user: Option<String>,
    /// Where to begin without `Last-Event-ID`.
    fresh: Since,
    /// A cookie to be set.
    cookie: Option<String>,
    /// Whether the caller has the master secret.
    by_master: bool,
}

/// Answers a request for events.
///
/// # Errors
/// The caller is not the one whose events they are, or the store does not answer.
pub async fn events(api: &Arc<ChatApi>, request: &HttpRequest) -> Result<HttpResponse, Failure> {
    let (wanted, until) = wanted_until(api, request).await?;
    let query = query_of(request);
    let unnamed = find(&query, "unnamed").is_some_and(|value| value != "0");
    let since = last_event_id(request, &query).map_or(wanted.fresh, Since::Id);
    let Some(reader) = api.log.open(&wanted.feed, since).await? else {
        // The one answer after which a browser does not come back.
        return Ok(HttpResponse::NoContent().finish());
    };
    let reading = Reading {
        reader,
        beat: heartbeat(),
        unnamed,
        begun: false,
        until,
        _counted: Counted::new(wanted.user.is_some()),
        _watch: wanted.user.map(|user| api.desk.watch(&user)),
    };
    let mut reply = HttpResponse::Ok();
    reply
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"));
    if let Some(value) = wanted.cookie {
        reply.cookie(cookie(value));
    }
    Ok(reply.streaming(stream(reading)))
}

fn cookie(value: String) -> Cookie<'static> {
    let age = actix_web::cookie::time::Duration::try_from(COOKIE).unwrap_or_default();
    Cookie::build(COOKIE_NAME, value)
        .path("/sse")
        .http_only(true)
        .same_site(SameSite::Strict)
        .max_age(age)
        .finish()
}

/// `Last-Event-ID`, or the same in the query for those who can set no header.
fn last_event_id(request: &HttpRequest, query: &[(String, String)]) -> Option<u64> {
    let header = request.headers().get("Last-Event-ID");
    let header = header.and_then(|value| value.to_str().ok());
    let text = header.or_else(|| find(query, "lastEventId"))?;
    text.trim().parse().ok()
}

/// Who asks, and until when: a password that is changed while it is looked at is looked at again.
async fn wanted_until(
    api: &Arc<ChatApi>,
    request: &HttpRequest,
) -> Result<(Wanted, Option<Unchanged>), Failure> {
    loop {
        let changes = api.gate.changed.count();
        let wanted = wanted(api, request).await?;
        let user = wanted.user.as_deref().filter(|_| !wanted.by_master);
        let Some(user) = user else {
            return Ok((wanted, None));
        };
        let unchanged = api.gate.changed.follow(user, changes);
        if unchanged.is_some() {
            return Ok((wanted, unchanged));
        }
    }
}

/// Who asks, in this order: an `Authorization` header, a token in the query, a cookie.
async fn wanted(api: &Arc<ChatApi>, request: &HttpRequest) -> Result<Wanted, Failure> {
    let name = request.match_info().get("user").unwrap_or_default();
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    let caller = api
        .admit(authorization(request), peer(request, &api.settings.proxies))
        .await?;
    let query = query_of(request);
    match caller {
        Caller::Master => {
            let domain = api.desk.sessions().places().domain;
            let bare = match api.desk.by_stream(&name) {
                Some(live) => live.user.clone(),
                None if name.contains('@') => name.to_lowercase(),
                None => format!("{}@{domain}", name.to_lowercase()),
            };
            Ok(Wanted {
                by_master: true,
                ..of_user(bare)
            })
        }
        Caller::User(user) => admitted(api, &name, user.bare),
        Caller::Bearer(token) => by_token(api, &name, &token).await,
        Caller::Nobody => match (find(&query, "token"), request.cookie(COOKIE_NAME)) {
            (Some(token), cookie) => {
                let found = by_token(api, &name, token).await;
                match (found, cookie) {
                    // A browser comes back with the ticket that has expired meanwhile.
                    (Err(Failure::WrongCredentials), Some(cookie)) => {
                        by_token(api, &name, cookie.value()).await
                    }
                    (found, _) => found,
                }
            }
            (None, Some(cookie)) => by_token(api, &name, cookie.value()).await,
            (None, None) => Err(Failure::NoCredentials),
        },
    }
}

fn of_user(bare: String) -> Wanted {
    Wanted {
        feed: FeedName::user(&bare),
        user: Some(bare),
        fresh: Since::Unseen,
        cookie: None,
        by_master: false,
    }
}

/// A user's events, for the user: by name, address, or stream id.
fn admitted(api: &ChatApi, name: &str, bare: String) -> Result<Wanted, Failure> {
    let lower = name.to_lowercase();
    let mine = lower == bare
        || lower == super::gate::local(&bare)
        || api
            .desk
            .by_stream(name)
            .is_some_and(|live| live.user == bare);
    match mine {
        true => Ok(of_user(bare)),
        false => Err(Failure::NotAllowed("these events are somebody else's")),
    }
}

async fn by_token(api: &Arc<ChatApi>, name: &str, token: &str) -> Result<Wanted, Failure> {
    if let Some(asked) = api.grants.ask(token).await? {
        if asked.user != name {
            return Err(Failure::NotAllowed("this token is another visitor's"));
        }
        return Ok(Wanted {
            feed: FeedName::visitor(&asked.conversation),
            user: None,
            fresh: Since::Start,
            cookie: None,
            by_master: false,
        });
    }
    if let Some(watcher) = api.grants.watcher(token).await? {
        api.needs_code(&watcher.user).await?;
        let mut wanted = admitted(api, name, watcher.user.clone())?;
        wanted.cookie = Some(api.grants.give(&watcher.user, COOKIE).await?);
        return Ok(wanted);
    }
    match api.desk.by_token(token).await? {
        Some(live) => admitted(api, name, live.user.clone()),
        None => Err(Failure::WrongCredentials),
    }
}

async fn over(until: &mut Option<Unchanged>) {
    match until {
        Some(until) => until.over().await,
        None => std::future::pending().await,
    }
}

fn heartbeat() -> Interval {
    let mut beat = tokio::time::interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat
}

struct Reading {
    reader: Reader,
    beat: Interval,
    unnamed: bool,
    begun: bool,
    /// What it was opened with; nothing where that is the master secret or a visitor's token.
    until: Option<Unchanged>,
    _counted: Counted,
    _watch: Option<Watch>,
}

/// A stream in the figures, until it is dropped.
struct Counted(&'static str);

impl Counted {
    fn new(is_user: bool) -> Self {
        let whose = if is_user { "user" } else { "visitor" };
        figures::stream_opened(whose);
        Self(whose)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        figures::stream_over(self.0);
    }
}

/// The body. It is asked for more only when the connection has taken what came before, so that
/// nothing piles up behind a slow reader: who falls too far behind is let go, and resumes.
fn stream(reading: Reading) -> impl Stream<Item = Result<Bytes, Infallible>> {
    futures::stream::unfold(reading, |mut reading| async move {
        let chunk = reading.chunk().await?;
        Some((Ok(chunk), reading))
    })
}

impl Reading {
    async fn chunk(&mut self) -> Option<Bytes> {
        if !std::mem::replace(&mut self.begun, true) {
            return Some(Bytes::from_static(BEGIN.as_bytes()));
        }
        tokio::select! {
            biased;
            () = over(&mut self.until) => None,
            event = self.reader.next() => Some(self.together(&*event?)),
            _ = self.beat.tick() => Some(Bytes::from_static(BEAT)),
        }
    }

    /// An event, with those that are ready behind it.
    fn together(&mut self, first: &Event) -> Bytes {
        self.beat.reset();
        let Some(second) = self.reader.ready() else {
            return self.wire(first);
        };
        let mut bytes = BytesMut::from(&self.wire(first)[..]);
        bytes.extend_from_slice(&self.wire(&second));
        while bytes.len() < TOGETHER {
            let Some(event) = self.reader.ready() else {
                break;
            };
            bytes.extend_from_slice(&self.wire(&event));
        }
        bytes.freeze()
    }

    fn wire(&self, event: &Event) -> Bytes {
        match self.unnamed {
            true => event.unnamed(),
            false => event.wire.clone(),
        }
    }
}
