//! Makes links, and opens them again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::header::{HeaderName, HeaderValue};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::store::now;

use super::key::MediaKey;
use super::name;

/// The first byte of what is sealed; another form of it would get another one.
const VERSION: u8 = 1;
/// The longest thing that is sealed, in bytes: proxies take request lines of 8 KiB.
const LONGEST: usize = 5 * 1024;

/// Where media is, and what is known of it. What it holds is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    pub(super) url: String,
    pub(super) kind: Option<String>,
    pub(super) name: Option<String>,
    pub(super) header: Option<(HeaderName, String)>,
}

impl Origin {
    /// Media at this address.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            kind: None,
            name: None,
            header: None,
        }
    }

    /// Of this MIME type, as the platform says.
    #[must_use]
    pub fn kind(mut self, mime: impl Into<String>) -> Self {
        self.kind = Some(mime.into());
        self
    }

    /// Of this file name, as its sender gave it; any text will do.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// To be had with this request header only (a platform's token). Only the host of the address
    /// itself gets it, none to which that one redirects.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.header = Some((name, value.into()));
        self
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Origin(…)")
    }
}

/// Why no link could be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The origin is no HTTP address.
    #[error("the media has no HTTP address")]
    NoAddress,
    /// The header cannot stand in a request.
    #[error("the header for the media cannot be sent")]
    BadHeader,
    /// Address and header are longer than any link may be.
    #[error("the address of the media is too long")]
    TooLong,
    /// The system gives no random numbers, or another fault that is not the caller's.
    #[error("no link for a fault of ours")]
    Fault,
}

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLink {
    /// We did not make it, or somebody changed it.
    #[error("not a link of ours")]
    Forged,
    /// Its time is over.
    #[error("the link has expired")]
    Expired,
}

/// What a link holds. The names are short, as the link is long.
#[derive(Serialize, Deserialize)]
struct Sealed {
    #[serde(rename = "u")]
    url: String,
    #[serde(rename = "k", skip_serializing_if = "Option::is_none", default)]
    kind: Option<String>,
    #[serde(rename = "h", skip_serializing_if = "Option::is_none", default)]
    header: Option<(String, String)>,
    /// Seconds since 1970.
    #[serde(rename = "e")]
    expires: u64,
}

/// Makes the links; cheap to clone.
#[derive(Clone)]
pub struct MediaLinks(Arc<Inner>);

struct Inner {
    key: MediaKey,
    /// With the slash at its end.
    base: String,
    ttl: Duration,
}

impl fmt::Debug for MediaLinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaLinks(…)")
    }
}

impl MediaLinks {
    /// Links below `public_url` that last for `ttl`.
    pub fn new(key: MediaKey, public_url: &Url, ttl: Duration) -> Self {
        let mut base = public_url.clone();
        base.set_query(None);
        base.set_fragment(None);
        let base = format!("{}/media/", base.as_str().trim_end_matches('/'));
        Self(Arc::new(Inner { key, base, ttl }))
    }

    /// A link of our own to this media: `{public_url}/media/{sealed}/{name}`. Its last part is a
    /// safe form of the name, with the ending that belongs to the type. The same media gets another
    /// link each time. A link of our own comes back as it is.
    ///
    /// # Errors
    /// See [`LinkError`]. Whether the address may be called is only looked at when it is called.
    pub fn link(&self, origin: &Origin) -> Result<String, LinkError> {
        if origin.url.starts_with(&self.0.base) {
            return Ok(origin.url.clone());
        }
        match Url::parse(&origin.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
            _ => return Err(LinkError::NoAddress),
        }
        if let Some((_, value)) = &origin.header {
            HeaderValue::from_str(value).map_err(|_| LinkError::BadHeader)?;
        }
        let name = name::safe(origin.name.as_deref(), origin.kind.as_deref());
        let sealed = self.seal(origin, &name)?;
        let base = &self.0.base;
        Ok(format!("{base}{sealed}/{}", name::encoded(&name)))
    }

    fn seal(&self, origin: &Origin, name: &str) -> Result<String, LinkError> {
        let header = origin.header.as_ref();
        let sealed = Sealed {
            url: origin.url.clone(),
            kind: origin.kind.clone(),
            header: header.map(|(name, value)| (name.to_string(), value.clone())),
            expires: seconds().saturating_add(self.0.ttl.as_secs().max(1)),
        };
        let mut text = serde_json::to_vec(&sealed).map_err(|_| LinkError::Fault)?;
        if text.len() > LONGEST {
            return Err(LinkError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| LinkError::Fault)?;
        let unique = Nonce::assume_unique_for_key(nonce);
        let cipher = self.cipher().ok_or(LinkError::Fault)?;
        cipher
            .seal_in_place_append_tag(unique, aad(name), &mut text)
            .map_err(|_| LinkError::Fault)?;
        let mut bytes = vec![VERSION];
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&text);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// What the two parts of a link, already percent-decoded, stand for.
    ///
    /// # Errors
    /// See [`BadLink`].
    pub fn open(&self, sealed: &str, name: &str) -> Result<Origin, BadLink> {
        let sealed = self.unseal(sealed, name).ok_or(BadLink::Forged)?;
        if sealed.expires <= seconds() {
            return Err(BadLink::Expired);
        }
        let header = |(name, value): (String, String)| Some((name.parse().ok()?, value));
        Ok(Origin {
            url: sealed.url,
            kind: sealed.kind,
            name: Some(name.to_owned()),
            header: sealed.header.and_then(header),
        })
    }

    /// `None` only for a key of another length, which there is not.
    fn cipher(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&CHACHA20_POLY1305, &self.0.key.0).ok()?;
        Some(LessSafeKey::new(key))
    }

    fn unseal(&self, sealed: &str, name: &str) -> Option<Sealed> {
        if sealed.len() > 2 * LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>()?;
        if *version != VERSION {
            return None;
        }
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut text = text.to_vec();
        let cipher = self.cipher()?;
        let open = cipher.open_in_place(nonce, aad(name), &mut text);
        serde_json::from_slice(open.ok()?).ok()
    }
}

/// The name belongs to the link: nobody gives somebody else's media another one.
fn aad(name: &str) -> Aad<Vec<u8>> {
    Aad::from([&[VERSION], name.as_bytes()].concat())
}

/// The present moment in seconds since 1970.
fn seconds() -> u64 {
    u64::try_from(now().0 / 1000).unwrap_or(0)
}
