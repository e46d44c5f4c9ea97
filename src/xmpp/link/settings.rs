//! Where to connect, as whom, and with how much patience.

use std::path::PathBuf;
use std::time::Duration;

use super::Secret;
use crate::xmpp::framing::Limits;

/// Everything the link needs to know. [`LinkSettings::new`] fills in the usual values.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The server's component port, `host:port`.
    pub address: String,
    /// The component's own domain.
    pub domain: String,
    /// The secret shared with the server.
    pub secret: Secret,
    /// TLS from the first byte, if the port wants it (Openfire's 5276).
    pub tls: Option<TlsSettings>,
    /// White space is sent after this much silence of ours. Openfire closes a component that is
    /// silent for about 360 s. Default 60 s.
    pub keepalive: Duration,
    /// After this much silence of the server a ping is sent. Default 120 s.
    pub idle: Duration,
    /// Without a word from the server for this long after the ping it counts as dead.
    /// Default 30 s.
    pub ping_timeout: Duration,
    /// For TCP, TLS and handshake together. Default 15 s.
    pub connect_timeout: Duration,
    /// How long a clean stop waits for the server to close its side. Default 3 s.
    pub close_timeout: Duration,
    /// Pauses between attempts.
    pub backoff: BackoffSettings,
    /// What one stanza from the server may cost.
    pub limits: Limits,
}

/// Pauses between attempts: doubled from `min` to `max`, each shortened at random by up to half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffSettings {
    /// First pause. Default 0.5 s.
    pub min: Duration,
    /// Longest pause; a connection that stood for as long starts from `min` again. Default 30 s.
    pub max: Duration,
}

/// How to trust the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsSettings {
    /// PEM file with the CA's certificates; the system's roots if absent. A server's own
    /// self-signed certificate that says it is no CA cannot be used here.
    pub ca_file: Option<PathBuf>,
    /// Name the certificate must bear; the host of the address if absent.
    pub server_name: Option<String>,
}

impl LinkSettings {
    /// Plain TCP with the usual patience.
    #[must_use]
    pub fn new(address: impl Into<String>, domain: impl Into<String>, secret: Secret) -> Self {
        Self {
            address: address.into(),
            domain: domain.into(),
            secret,
            tls: None,
            keepalive: Duration::from_secs(60),
            idle: Duration::from_secs(120),
            ping_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(15),
            close_timeout: Duration::from_secs(3),
            backoff: BackoffSettings {
                min: Duration::from_millis(500),
                max: Duration::from_secs(30),
            },
            limits: Limits::default(),
        }
    }
}
