//! Fetches what strangers name, through the guard: every redirect is looked at like the first
//! address, and what comes is handed on piece by piece.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LOCATION};
use reqwest::{Client, Response, redirect};
use url::{Host, Url};

use super::Trouble;
use super::guard::{self, PublicOnly, Refused};
use super::http::{AGENT, HttpError, setup, tls, trouble};

/// How many redirects are followed.
const REDIRECTS: usize = 5;

/// How to fetch.
#[derive(Clone, Debug)]
pub struct FetchSettings {
    /// Whether addresses outside of the public Internet may be called.
    pub allow_private_networks: bool,
    /// Hosts that may be called wherever they are.
    pub allow_hosts: Vec<AllowedHost>,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How long the head of an answer may take from the call on, and then each silence in its body.
    pub silence: Duration,
}

/// A host that may be called although it is in a private network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedHost {
    /// Its name, as it stands in addresses, or its IP address.
    pub host: Host<String>,
    /// Its port; `None` is the usual one of HTTP or HTTPS.
    pub port: Option<u16>,
}

impl AllowedHost {
    fn is_of(&self, url: &Url) -> bool {
        let port = match self.port {
            Some(port) => url.port_or_known_default() == Some(port),
            None => url.port().is_none(),
        };
        port && url.host().is_some_and(|host| host.to_owned() == self.host)
    }
}

/// What to fetch. What it holds is never shown.
pub struct Wish<'a> {
    /// From where.
    pub url: &'a Url,
    /// Headers that every host on the way may read.
    pub headers: HeaderMap,
    /// A header for this host alone (same scheme, name and port): a redirect to another one does
    /// not take it along.
    pub private: Option<(HeaderName, HeaderValue)>,
}

impl fmt::Debug for Wish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wish(…)")
    }
}

/// An answer whose body is still to be read.
pub struct Fetched {
    response: Response,
    length: Option<u64>,
    url: Url,
}

impl Fetched {
    /// The HTTP status; a redirect only where it leads nowhere, or one too many.
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// Where it was found, after all redirects.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// A header, where it is plain text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// How many bytes the body will have, where the other side says so. A body that keeps to it
    /// or breaks: a longer one is cut off there, a shorter one is a [`Trouble`].
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// The connection broke, or there was silence for too long.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        self.response.chunk().await.map_err(|error| trouble(&error))
    }
}

impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetched({})", self.status())
    }
}

/// The client; cheap to clone.
#[derive(Clone, Debug)]
pub struct Fetcher {
    /// Connects to public addresses only.
    guarded: Client,
    /// Connects to all.
    open: Client,
    allow_private_networks: bool,
    allow_hosts: Arc<[AllowedHost]>,
}

impl Fetcher {
    /// Builds it. It uses no proxy of the environment, which would see through the guard.
    ///
    /// # Errors
    /// TLS does not work here.
    pub fn new(settings: &FetchSettings) -> Result<Self, HttpError> {
        let tls = tls(None)?;
        let client = || {
            Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .redirect(redirect::Policy::none())
                .no_proxy()
                .referer(false)
                .connect_timeout(settings.connect_timeout)
                .read_timeout(settings.silence)
                .user_agent(AGENT)
        };
        let guarded = client().dns_resolver(Arc::new(PublicOnly));
        Ok(Self {
            guarded: guarded.build().map_err(setup)?,
            open: client().build().map_err(setup)?,
            allow_private_networks: settings.allow_private_networks,
            allow_hosts: settings.allow_hosts.clone().into(),
        })
    }

    /// Gets, following redirects, until the head of an answer is there.
    ///
    /// # Errors
    /// A forbidden address, be it the first or a later one; no connection; no answer in time.
    pub async fn get(&self, wish: Wish<'_>) -> Result<Fetched, Trouble> {
        let mut url = wish.url.clone();
        let mut private = wish.private;
        let mut left = REDIRECTS;
        loop {
            let mut request = self.client_for(&url)?.get(url.clone());
            request = request.headers(wish.headers.clone());
            if let Some((name, value)) = &private {
                request = request.header(name, value);
            }
            let response = request.send().await.map_err(|error| trouble(&error))?;
            let next = redirection(&response, &url).filter(|_| left > 0);
            let Some(next) = next else {
                // Later it would be the length of what is left.
                let length = response.content_length();
                return Ok(Fetched {
                    response,
                    length,
                    url,
                });
            };
            left -= 1;
            // What was asked for under TLS is not asked for without.
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(Trouble::Forbidden);
            }
            if next.origin() != url.origin() {
                private = None;
            }
            url = next;
        }
    }

    /// Whether this address would be called, as far as can be told before its name is resolved.
    pub fn may_call(&self, url: &Url) -> bool {
        self.client_for(url).is_ok()
    }

    fn client_for(&self, url: &Url) -> Result<&Client, Trouble> {
        let is_http = matches!(url.scheme(), "http" | "https");
        let allowed = || self.allow_hosts.iter().any(|host| host.is_of(url));
        if is_http && (self.allow_private_networks || allowed()) {
            return Ok(&self.open);
        }
        guard::check(url).map_err(|Refused| Trouble::Forbidden)?;
        Ok(&self.guarded)
    }
}

/// Where an answer sends us to (RFC 9110 §15.4).
fn redirection(response: &Response, from: &Url) -> Option<Url> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = response.headers().get(LOCATION)?.to_str().ok()?;
    from.join(location).ok()
}
