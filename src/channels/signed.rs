//! Bodies that are signed with HMAC-SHA256 (RFC 2104), in hexadecimal.

use ring::hmac;

use crate::config::Secret;

/// What may stand before the digits.
const PREFIX: &[u8] = b"sha256=";

/// The digits of a body's signature.
pub fn digits(secret: &Secret, body: &[u8]) -> String {
    let tag = hmac::sign(&key(secret), body);
    tag.as_ref().iter().map(|b| format!("{b:02x}")).collect()
}

/// Whether `sent` is the signature of this body: digits of either case, with `sha256=` before them
/// or without. Takes the same time wherever it differs. An empty secret signs nothing.
pub fn is_signed(secret: &Secret, sent: &[u8], body: &[u8]) -> bool {
    let sent = bytes_of(sent.strip_prefix(PREFIX).unwrap_or(sent));
    let fits = sent.is_some_and(|sent| hmac::verify(&key(secret), body, &sent).is_ok());
    fits && !secret.expose().is_empty()
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
