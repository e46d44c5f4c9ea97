//! `X-Webhook-Signature` and `X-Webhook-Timestamp` (reference: §4.2).

use std::time::Duration;

use ring::hmac;

use crate::config::Secret;
use crate::ids::Timestamp;

/// How far a call's time may lie from ours, either way; exactly as far is near enough.
pub const WINDOW: Duration = Duration::from_mins(5);
const PREFIX: &str = "sha256=";

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
    let tag = hmac::sign(&key(secret), body);
    let digits: String = tag.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    format!("{PREFIX}{digits}")
}

/// Whether `sent`, the header, is the signature of this body. Takes the same time wherever it
/// differs.
///
/// # Errors
/// Where it is not, or the secret is empty.
pub fn check(secret: &Secret, sent: Option<&str>, body: &[u8]) -> Result<(), Unbelieved> {
    let sent = sent.map(str::trim).unwrap_or_default();
    let digits = sent.strip_prefix(PREFIX).unwrap_or(sent);
    let tag = bytes_of(digits.as_bytes()).filter(|tag| !tag.is_empty());
    let fits = tag.is_some_and(|tag| hmac::verify(&key(secret), body, &tag).is_ok());
    match fits && !secret.expose().is_empty() {
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

fn key(secret: &Secret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes())
}

/// Hexadecimal digits of either case as bytes.
fn bytes_of(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let pair = |pair: &[u8]| match pair {
        [high, low] => u8::try_from(value(*high)? * 16 + value(*low)?).ok(),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}
