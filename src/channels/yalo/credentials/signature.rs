//! `x-yalochat-signature`: how a webhook shows that it comes from the platform.

use crate::channels::signed;
use crate::channels::yalo::YaloSettings;
use crate::config::Signature;

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::channels::yalo) enum Unsigned {
    /// The header is missing.
    Absent,
    /// It is another one.
    Wrong,
}

/// Whether `sent`, the header, belongs to this body. Takes the same time wherever it differs.
/// A wrong shared value needs no body to be found out: `body` is `None` before it is read.
pub(in crate::channels::yalo) fn check(
    settings: &YaloSettings,
    sent: Option<&[u8]>,
    body: Option<&[u8]>,
) -> Result<(), Unsigned> {
    let keys = &settings.keys;
    let secret = match (keys.signature, &keys.signature_secret) {
        (Signature::Off, _) => return Ok(()),
        (_, Some(secret)) => secret,
        (_, None) => return Err(Unsigned::Wrong),
    };
    let sent = sent
        .filter(|sent| !sent.is_empty())
        .ok_or(Unsigned::Absent)?;
    let fits = match (keys.signature, body) {
        (Signature::Shared, _) => secret.matches(sent),
        (_, None) => true,
        (_, Some(body)) => signed::is_signed(secret, sent, body),
    };
    if fits { Ok(()) } else { Err(Unsigned::Wrong) }
}
