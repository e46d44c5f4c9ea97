//! The one HTTP client for calls to outside systems: guarded, bounded, and silent about addresses.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{RequestBuilder, Response, redirect};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Serialize;
use url::Url;

use super::Trouble;
use super::guard::{self, PublicOnly, Refused};

/// How we name ourselves.
pub(super) const AGENT: &str = concat!("warmline/", env!("CARGO_PKG_VERSION"));

/// How to call outside systems.
#[derive(Clone, Debug)]
pub struct OutboundSettings {
    /// Whether addresses outside of the public Internet may be called.
    pub allow_private_networks: bool,
    /// How long a call may take, from the connection to the last byte, where it does not say itself.
    pub timeout: Duration,
    /// Certificates (PEM) to trust besides those of the system.
    pub ca_file: Option<PathBuf>,
}

impl Default for OutboundSettings {
    fn default() -> Self {
        Self {
            allow_private_networks: false,
            timeout: Duration::from_secs(15),
            ca_file: None,
        }
    }
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The file of certificates cannot be read or holds none.
    #[error("no certificates in {}", .0.display())]
    CaFile(PathBuf),
    /// A part of TLS or of the client that does not work here.
    #[error("no HTTP client: {0}")]
    Setup(String),
}

/// One call. What it holds is never shown.
#[derive(Clone)]
pub struct Call {
    url: String,
    headers: Vec<(HeaderName, String)>,
    timeout: Option<Duration>,
    limit: usize,
}

impl Call {
    /// A call to this address, which reads 20,000 bytes of the answer at most.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            timeout: None,
            limit: 20_000,
        }
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With this time for all of it.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// With this many bytes of the answer at most; what comes after them is not read.
    #[must_use]
    pub fn limit(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Call(…)")
    }
}

/// An answer, whatever its status. Redirects are answers like others.
#[derive(Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` (RFC 9110 §10.2.3), be it given as a span or as a date.
    pub retry_after: Option<Duration>,
    /// What was read of the body.
    pub body: Bytes,
    /// Whether the body was longer than that.
    pub cut: bool,
}

impl Reply {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({}, {} bytes)", self.status, self.body.len())
    }
}

/// The client; cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpClient {
    client: reqwest::Client,
    guarded: bool,
}

impl HttpClient {
    /// Builds it. It uses no proxy of the environment, which would see through the guard.
    pub fn new(settings: &OutboundSettings) -> Result<Self, HttpError> {
        let guarded = !settings.allow_private_networks;
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls(settings.ca_file.as_deref())?)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(settings.timeout)
            .user_agent(AGENT);
        if guarded {
            builder = builder.dns_resolver(Arc::new(PublicOnly));
        }
        let client = builder.build().map_err(setup)?;
        Ok(Self { client, guarded })
    }

    /// Posts these bytes, which are JSON, as they are.
    pub async fn post_bytes(&self, call: &Call, body: Vec<u8>) -> Result<Reply, Trouble> {
        let request = self.client.post(self.checked(call)?).body(body);
        let kind = HeaderValue::from_static("application/json");
        run(call, request.header(reqwest::header::CONTENT_TYPE, kind)).await
    }

    /// Posts `body` as JSON.
    pub async fn post_json(
        &self,
        call: &Call,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Reply, Trouble> {
        let request = self.client.post(self.checked(call)?).json(body);
        run(call, request).await
    }

    /// Posts `fields` as a form (`application/x-www-form-urlencoded`).
    pub async fn post_form(&self, call: &Call, fields: &[(&str, &str)]) -> Result<Reply, Trouble> {
        let body = {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields).finish()
        };
        let request = self.client.post(self.checked(call)?).body(body);
        let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
        run(call, request.header(CONTENT_TYPE, kind)).await
    }

    /// Gets.
    pub async fn get(&self, call: &Call) -> Result<Reply, Trouble> {
        run(call, self.client.get(self.checked(call)?)).await
    }

    fn checked(&self, call: &Call) -> Result<Url, Trouble> {
        let url = Url::parse(&call.url).map_err(|_| Trouble::Forbidden)?;
        if self.guarded {
            guard::check(&url).map_err(|Refused| Trouble::Forbidden)?;
        }
        Ok(url)
    }
}

async fn run(call: &Call, mut request: RequestBuilder) -> Result<Reply, Trouble> {
    if let Some(timeout) = call.timeout {
        request = request.timeout(timeout);
    }
    let sent = request.headers(headers(call)?).send().await;
    let mut response = sent.map_err(|error| trouble(&error))?;
    let retry_after = retry_after(response.headers());
    let (body, cut) = read(&mut response, call.limit).await?;
    Ok(Reply {
        status: response.status().as_u16(),
        retry_after,
        body,
        cut,
    })
}

fn headers(call: &Call) -> Result<HeaderMap, Trouble> {
    let mut headers = HeaderMap::new();
    for (name, value) in &call.headers {
        let mut value = HeaderValue::from_str(value).map_err(|_| Trouble::Fault)?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    Ok(headers)
}

async fn read(response: &mut Response, limit: usize) -> Result<(Bytes, bool), Trouble> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| trouble(&error))? {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            return Ok((body.freeze(), true));
        }
    }
    Ok((body.freeze(), false))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    // A date that has passed means now.
    let left = SystemTime::from(date).duration_since(SystemTime::now());
    Some(left.unwrap_or_default())
}

// The error itself names the address, and perhaps a secret in it.
pub(super) fn trouble(error: &reqwest::Error) -> Trouble {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return Trouble::Forbidden;
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        Trouble::Timeout
    } else if error.is_builder() {
        Trouble::Fault
    } else if error.is_connect() {
        Trouble::Unreachable
    } else {
        Trouble::Cut
    }
}

pub(super) fn tls(ca_file: Option<&Path>) -> Result<rustls::ClientConfig, HttpError> {
    let mut roots = rustls::RootCertStore::empty();
    // A machine without certificates can still speak plain HTTP, or has its own file of them.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(file) = ca_file {
        let unusable = || HttpError::CaFile(file.to_owned());
        let certs = CertificateDer::pem_file_iter(file).map_err(|_| unusable())?;
        let certs: Vec<_> = certs.collect::<Result<_, _>>().map_err(|_| unusable())?;
        if roots.add_parsable_certificates(certs).0 == 0 {
            return Err(unusable());
        }
    }
    // The provider is named here rather than installed for the process, so that nothing depends on
    // the order in which parts start.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(setup)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

pub(super) fn setup(error: impl fmt::Display) -> HttpError {
    HttpError::Setup(error.to_string())
}
