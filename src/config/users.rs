//! `[users]`: people who use Warmline instead of an XMPP client.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use jid::BareJid;

use super::problem::What;
use super::reader::Reader;
use super::sections::{HostPort, certificates};
use super::value::{Domain, Positive, Value, choice};

/// `[users]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users {
    /// Whether there are users of our own domain.
    pub bridge: bool,
    /// The XMPP server's own domain: `None` takes the chat-room service's without its first label.
    pub server: Option<BareJid>,
    /// The server's port for clients; `None` lets no real users in.
    pub address: Option<HostPort>,
    /// How the connection to it is protected.
    pub tls: ClientTls,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Patience with one login.
    pub login_timeout: Duration,
    /// How long what was said, and what waits for a user, is kept.
    pub keep: Duration,
    /// Sessions at once, of each of the two kinds.
    pub max_sessions: u32,
    /// What happens when somebody asks to see a user.
    pub subscriptions: Subscriptions,
    /// The service that takes users' and visitors' files.
    pub upload: UploadService,
}

/// A service that takes files (XEP-0363).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadService {
    /// Found at the XMPP server.
    Found,
    /// At this address.
    At(BareJid),
    /// None is asked.
    Off,
}

impl Value for UploadService {
    const EXPECTED: &'static str =
        "\"find\", \"off\", or the service's domain such as \"upload.example.org\"";

    fn from_text(text: &str) -> Result<Self, What> {
        match text {
            "find" => Ok(Self::Found),
            "off" => Ok(Self::Off),
            _ => match Domain::from_text(text) {
                Ok(Domain(jid)) => Ok(Self::At(jid)),
                Err(_) => Err(What::Malformed {
                    expected: Self::EXPECTED,
                    given: text.to_owned(),
                }),
            },
        }
    }
}

choice! {
    /// What happens when somebody asks to see a user.
    Subscriptions {
        /// They are let in at once.
        Accept = "accept",
        /// The user is told, and answers.
        Ask = "ask",
    }
}

choice! {
    /// How a client connection is protected.
    ClientTls {
        /// TLS after the server has been asked for it (RFC 6120 §5).
        StartTls = "starttls",
        /// TLS from the first byte (XEP-0368).
        Direct = "direct",
        /// None; only on loopback.
        None = "none",
    }
}

impl Users {
    pub(super) fn read(r: &mut Reader) -> Self {
        let address: Option<HostPort> = r.maybe("address");
        let tls = r.or("tls", ClientTls::StartTls);
        let here = |address: &HostPort| {
            let ip: Option<IpAddr> = address.host.parse().ok();
            address.host == "localhost" || ip.is_some_and(|ip| ip.is_loopback())
        };
        if tls == ClientTls::None && address.as_ref().is_some_and(|address| !here(address)) {
            r.complain("tls", What::PlainTextPasswords);
        }
        Self {
            bridge: r.or("bridge", true),
            server: r.maybe("server").map(|Domain(jid)| jid),
            ca_file: certificates(r),
            login_timeout: r.or("login_timeout", Duration::from_secs(15)),
            keep: r.or("keep", Duration::from_secs(30 * 24 * 3600)),
            max_sessions: r.or("max_sessions", Positive(10_000)).0,
            subscriptions: r.or("subscriptions", Subscriptions::Accept),
            upload: r.or("upload", UploadService::Found),
            address,
            tls,
        }
    }

    /// The XMPP server's own domain.
    pub fn server_domain(&self, muc: &BareJid) -> String {
        match &self.server {
            Some(server) => server.to_string(),
            None => {
                let muc = muc.to_string();
                let parent = muc.split_once('.').map(|(_, parent)| parent);
                parent.filter(|p| !p.is_empty()).unwrap_or(&muc).to_owned()
            }
        }
    }
}
