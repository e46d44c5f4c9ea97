//! What is done again: when a delivery is tried again that the other side did not take, and the key
//! by which a repetition is known, either way.

use std::time::Duration;

use actix_web::HttpRequest;
use reqwest::header::HeaderName;

use crate::outbox::{Trouble, Verdict};

/// Tells the other side which delivery a call repeats.
pub(in crate::channels) const IDEMPOTENCY_KEY: HeaderName =
    HeaderName::from_static("idempotency-key");
/// The longest key of a caller's that counts.
const LONGEST_KEY: usize = 200;
/// A secret or token that is refused takes a person to set it right.
pub(in crate::channels) const SECRET_REFUSED: Duration = Duration::from_mins(3);
/// What was refused as wrong is tried once more: a proxy may have said it.
pub(in crate::channels) const REFUSED_AGAIN: Duration = Duration::from_secs(5);
/// Seconds, by the number of tries before.
const OUT_OF_ORDER: [u64; 12] = [1, 2, 4, 8, 15, 30, 60, 120, 240, 300, 300, 300];

/// How long to wait after the `attempt`-th try at a system that is out of order; `None` where the
/// outbox's own schedule goes on.
pub(in crate::channels) fn out_of_order(attempt: u32) -> Option<Duration> {
    let place = usize::try_from(attempt).ok()?;
    OUT_OF_ORDER.get(place).copied().map(Duration::from_secs)
}

/// Once more, after this long, or by the outbox's own schedule.
pub(in crate::channels) fn again(after: Option<Duration>, why: Trouble) -> Verdict {
    Verdict::Again { after, why }
}

/// The key by which the caller repeats a call that it got no answer to, in the first of these headers
/// that is there.
pub(in crate::channels) fn repeated_by(request: &HttpRequest, headers: &[&str]) -> Option<String> {
    let mut keys = headers
        .iter()
        .filter_map(|name| request.headers().get(*name));
    let key = keys.next()?.to_str().ok()?;
    Some(key.to_owned()).filter(|key| !key.is_empty() && key.len() <= LONGEST_KEY)
}
