//! Calls out by HTTP, until the outbox brings its guarded client, whose shape this has.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{HeaderName, RETRY_AFTER};
use serde::Serialize;

use crate::outbox::Trouble;

/// One call.
#[derive(Clone)]
pub struct Call {
    url: String,
    headers: Vec<(HeaderName, String)>,
    timeout: Duration,
}

impl Call {
    /// A call to this address.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            headers: Vec::new(),
            timeout: Duration::from_secs(15),
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
        self.timeout = timeout;
        self
    }

    /// With this many bytes of the answer at most.
    #[must_use]
    pub fn limit(self, _bytes: usize) -> Self {
        self
    }
}

/// An answer, whatever its status.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// What `Retry-After` said.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// An HTTP client without redirects; cheap to clone.
#[derive(Clone, Debug)]
pub struct HttpClient(reqwest::Client);

impl HttpClient {
    /// A client of its own connections.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new() -> Result<Self, Trouble> {
        // An earlier default is as good as ours.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|_| Trouble::Forbidden)?;
        Ok(Self(client))
    }

    /// Posts `body` as JSON.
    ///
    /// # Errors
    /// Where no whole answer came in time.
    pub async fn post_json(
        &self,
        call: &Call,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Reply, Trouble> {
        send(call, self.0.post(&call.url).json(body)).await
    }

    /// Gets.
    ///
    /// # Errors
    /// Where no whole answer came in time.
    pub async fn get(&self, call: &Call) -> Result<Reply, Trouble> {
        send(call, self.0.get(&call.url)).await
    }
}

async fn send(call: &Call, request: reqwest::RequestBuilder) -> Result<Reply, Trouble> {
    let headers = call.headers.iter();
    let request = headers.fold(request, |request, (name, value)| {
        request.header(name, value)
    });
    let sent = request.timeout(call.timeout).send().await;
    let answer = sent.map_err(|e| trouble(&e))?;
    let status = answer.status().as_u16();
    let retry_after = answer
        .headers()
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map(Duration::from_secs);
    let body = answer.bytes().await.map_err(|e| trouble(&e))?;
    Ok(Reply {
        status,
        retry_after,
        body,
    })
}

fn trouble(error: &reqwest::Error) -> Trouble {
    if error.is_timeout() {
        Trouble::Timeout
    } else if error.is_builder() {
        Trouble::Forbidden
    } else {
        Trouble::Unreachable
    }
}
