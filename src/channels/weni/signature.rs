//! `X-Webhook-Signature` and `X-Webhook-Timestamp` (reference: §4.2).

use std::time::Duration;

use crate::channels::signed;
use crate::config::Secret;
use crate::ids::Timestamp;

/// How far a call's time may lie from ours, either way; exactly as far is near enough.
pub const WINDOW: Duration = Duration::from_mins(5);

/// Why a call is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unbelieved {
    /// There is no signature, or it is not that of the body.
    #[error("the signature is missing or wrong")]
    Signature,
    /// Its time is none, or too far from ours.
    #[error("the time of the call is too far from ours")]
    Time,
}

/// The signature of a body: over its bytes and nothing else.
pub fn sign(secret: &Secret, body: &[u8]) -> String {
    format!("sha256={}", signed::digits(secret, body))
}

/// Whether `sent`, the header, is the signature of this body. Takes the same time wherever it
/// differs.
///
/// # Errors
/// Where it is not, or the secret is empty.
pub fn check(secret: &Secret, sent: Option<&str>, body: &[u8]) -> Result<(), Unbelieved> {
    let sent = sent.map(str::trim).unwrap_or_default();
    match signed::is_signed(secret, sent.as_bytes(), body) {
        true => Ok(()),
        false => Err(Unbelieved::Signature),
    }
}

/// Whether `sent`, the header, names a moment near `now`: as RFC 3339 or in seconds since 1970.
///
/// # Errors
/// Where it does not.
pub fn check_time(sent: &str, now: Timestamp) -> Result<(), Unbelieved> {
    let at = moment(sent.trim()).ok_or(Unbelieved::Time)?;
    match now.since(at).max(at.since(now)) <= WINDOW {
        true => Ok(()),
        false => Err(Unbelieved::Time),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    if let Ok(seconds) = text.parse::<i64>() {
        let millis = seconds.checked_mul(1000)?;
        return (seconds != 0).then_some(Timestamp(millis));
    }
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp(at.as_millisecond()))
}
