//! Becoming the one process that runs on the store.

use std::time::{Duration, Instant};

use tracing::{info, warn};

use crate::ids::Timestamp;
use crate::store::{Place, Purpose, StoreError};

use super::fault::Failure;
use super::keys::{Keys, SCHEMA};
use super::link::Link;
use super::scripts::{BEGIN, Told};

/// How long a lease lasts that nobody renews: how long a start waits after a `kill -9`.
pub(super) const LEASE: Duration = Duration::from_secs(5);
/// How often it is renewed.
pub(super) const RENEW: Duration = Duration::from_secs(1);
/// How often a start looks whether the lease is free.
const LOOK: Duration = Duration::from_millis(200);
/// How long a start waits for a Redis that cannot be reached or is still loading its data.
const REACH: Duration = Duration::from_secs(30);
/// How often it is said again that a start waits.
const SAY: Duration = Duration::from_secs(10);

/// The lease in milliseconds.
pub(super) fn lease_millis() -> u64 {
    u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX)
}

/// What is known of a store that was taken.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub token: String,
    pub id: String,
    pub known: u64,
}

/// Who has the lease.
struct Holder {
    token: String,
    /// How long it lasts if nobody renews it, in milliseconds.
    left: i64,
}

/// Waits until the lease is ours. Gives up where another process is alive that renews it, unless
/// this is a standby.
pub(super) async fn take(
    link: &Link,
    keys: &Keys,
    purpose: Purpose,
    now: fn() -> Timestamp,
) -> Result<Taken, StoreError> {
    let token = uuid::Uuid::new_v4().to_string();
    let mut wait = Wait::new(link, purpose);
    loop {
        match begin(link, (keys, &token), purpose, now()).await {
            Ok(Answer::Ours(taken)) => return Ok(taken),
            Ok(Answer::Held(holder)) => wait.held(holder)?,
            Err(failure) => wait.unreached(failure)?,
        }
        tokio::time::sleep(LOOK).await;
    }
}

enum Answer {
    Ours(Taken),
    Held(Holder),
}

async fn begin(
    link: &Link,
    (keys, token): (&Keys, &str),
    purpose: Purpose,
    now: Timestamp,
) -> Result<Answer, Failure> {
    let told = Told {
        keys,
        token,
        id: "",
        known: 0,
        lease: lease_millis(),
        now: now.0,
    };
    let fresh = match purpose {
        Purpose::Run | Purpose::MoveTo => uuid::Uuid::new_v4().to_string(),
        Purpose::Look | Purpose::MoveFrom => String::new(),
    };
    let schema = SCHEMA.to_string();
    let answer = BEGIN
        .run(link, &told, &[fresh.as_bytes(), schema.as_bytes()])
        .await?;
    let words: Vec<&str> = answer.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["held", token, left] => Ok(Answer::Held(Holder {
            token: (*token).to_owned(),
            left: left.parse().unwrap_or_default(),
        })),
        [word, id, known, fence] => {
            let begun = if *word == "fresh" {
                "the store was empty, a new one is begun"
            } else {
                "the store is ours"
            };
            info!(place = %link.place(), fence, commits = known, "{begun}");
            Ok(Answer::Ours(Taken {
                token: token.to_owned(),
                id: (*id).to_owned(),
                known: known.parse().unwrap_or_default(),
            }))
        }
        ["none"] => Err(Failure::refusal(missing(link))),
        ["schema", found] => Err(Failure::refusal(other_schema(found))),
        _ => Err(Failure::refusal(StoreError::Unavailable(
            "Redis answers what it was not asked".into(),
        ))),
    }
}

/// There is no store where one must be.
pub(super) fn missing(link: &Link) -> StoreError {
    let place = Place::Redis(link.place().clone());
    StoreError::BadUrl(format!("there is no store in {place}"))
}

/// The store was written by another version.
pub(super) fn other_schema(found: &str) -> StoreError {
    let (found, known) = (found.parse().unwrap_or(0), SCHEMA);
    match found > known {
        true => StoreError::TooNew { found, known },
        false => StoreError::TooOld { found, known },
    }
}

/// A start that waits.
struct Wait<'a> {
    link: &'a Link,
    purpose: Purpose,
    since: Instant,
    said: Option<Instant>,
    holder: Option<Holder>,
}

impl<'a> Wait<'a> {
    fn new(link: &'a Link, purpose: Purpose) -> Self {
        Self {
            link,
            purpose,
            since: Instant::now(),
            said: None,
            holder: None,
        }
    }

    /// Somebody has the lease. Whoever renews it is alive.
    fn held(&mut self, found: Holder) -> Result<(), StoreError> {
        let standby = self.link.place().standby && self.purpose == Purpose::Run;
        // What is left of a lease that nobody renews only ever becomes less.
        let renewed = self
            .holder
            .as_ref()
            .is_some_and(|seen| seen.token != found.token || found.left > seen.left);
        if renewed && !standby {
            let place = Place::Redis(self.link.place().clone());
            return Err(StoreError::InUse(place.to_string()));
        }
        let place = self.link.place();
        if standby {
            self.say(|| info!(%place, "another process runs on the store; standing by"));
        } else {
            self.say(|| {
                info!(%place, "the last process has not given the store back; waiting up to 5 s for its lease to run out");
            });
        }
        self.holder = Some(found);
        Ok(())
    }

    /// Redis does not answer, or not yet.
    fn unreached(&mut self, failure: Failure) -> Result<(), StoreError> {
        let error = failure.error;
        let passing = matches!(error, StoreError::Unavailable(_)) && self.purpose == Purpose::Run;
        let standby = self.link.place().standby;
        if !passing || (self.since.elapsed() > REACH && !standby) {
            return Err(error);
        }
        self.say(|| warn!(problem = %error, "the store does not answer yet; trying on"));
        Ok(())
    }

    fn say(&mut self, what: impl FnOnce()) {
        if self.said.is_none_or(|said| said.elapsed() > SAY) {
            self.said = Some(Instant::now());
            what();
        }
    }
}
