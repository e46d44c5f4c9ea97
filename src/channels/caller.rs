//! Calls out by HTTP, until the outbox brings its guarded client.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::outbox::Trouble;

/// An HTTP client without redirects.
#[derive(Clone, Debug)]
pub struct HttpClient(reqwest::Client);

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// What `Retry-After` said, in seconds.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

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

    /// Posts a JSON body.
    ///
    /// # Errors
    /// Where no whole answer came within `timeout`.
    pub async fn post_json(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
        timeout: Duration,
    ) -> Result<Reply, Trouble> {
        let call = self
            .0
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .body(body);
        send(call, headers, timeout).await
    }

    /// Fetches.
    ///
    /// # Errors
    /// Where no whole answer came within `timeout`.
    pub async fn get(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        timeout: Duration,
    ) -> Result<Reply, Trouble> {
        send(self.0.get(url), headers, timeout).await
    }
}

async fn send(
    call: reqwest::RequestBuilder,
    headers: &[(&str, &str)],
    timeout: Duration,
) -> Result<Reply, Trouble> {
    let call = headers
        .iter()
        .fold(call, |call, (name, value)| call.header(*name, *value));
    let answer = call
        .timeout(timeout)
        .send()
        .await
        .map_err(|e| trouble(&e))?;
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
