//! From nothing to a stream on which a user is authenticated (RFC 6120 §5, §6).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use sasl::common::{ChannelBinding, Credentials};
use tokio::io::{AsyncRead, AsyncWrite, BufStream};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_xmpp::connect::AsyncReadAndWrite;
use tokio_xmpp::error::AuthError;
use tokio_xmpp::parsers::sasl::DefinedCondition;
use tokio_xmpp::parsers::starttls;
use tokio_xmpp::parsers::stream_features::StreamFeatures;
use tokio_xmpp::stanzastream::{Connection, XmppStream};
use tokio_xmpp::xmlstream::{
    FallibleStreamElement, StreamHeader, Timeouts, XmppStreamElement, initiate_stream,
};

use crate::users::{LoginError, Password};
use crate::xmpp::link::client_config;
use crate::xmpp::ns;

use super::clip::Clip;

/// How a client connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    /// TLS after asking for it.
    StartTls,
    /// TLS from the first byte.
    Direct,
    /// None.
    Plain,
}

/// Where users of an XMPP server are let in.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// `host:port`.
    pub address: String,
    /// The server's domain, which its certificate must name.
    pub domain: String,
    /// How the connection is protected.
    pub protection: Protection,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Patience with one login.
    pub timeout: Duration,
}

type Io = Box<dyn AsyncReadAndWrite + Send + 'static>;

/// The door; the authorities are read once.
#[derive(Debug)]
pub(super) struct Door {
    settings: DoorSettings,
    tls: OnceLock<Arc<ClientConfig>>,
}

impl Door {
    pub(super) fn new(settings: DoorSettings) -> Self {
        Self {
            settings,
            tls: OnceLock::new(),
        }
    }

    /// Patience with one step of a login.
    pub(super) fn patience(&self) -> Duration {
        self.settings.timeout
    }

    /// The domain whose users are let in.
    pub(super) fn domain(&self) -> &str {
        &self.settings.domain
    }

    /// Authenticates the user of this local part, in time or not at all.
    pub(super) async fn enter(
        &self,
        identity: &jid::Jid,
        password: &Password,
    ) -> Result<Connection, LoginError> {
        let entering = self.try_enter(identity, password);
        let entered = tokio::time::timeout(self.settings.timeout, entering).await;
        entered.unwrap_or(Err(LoginError::TimedOut))
    }

    async fn try_enter(
        &self,
        identity: &jid::Jid,
        password: &Password,
    ) -> Result<Connection, LoginError> {
        let (io, binding) = self.connect().await?;
        let secure = self.settings.protection != Protection::Plain;
        let stream = self.open(io).await?;
        let (features, stream) = stream
            .recv_features::<FallibleStreamElement>()
            .await
            .map_err(|_| LoginError::Unreachable)?;
        let mechanisms = allowed(features.sasl_mechanisms, secure);
        if mechanisms.is_empty() {
            return Err(LoginError::Unsafe);
        }
        // With a binding the library speaks only the -PLUS kinds, and would fall back to PLAIN.
        let bound = mechanisms.iter().any(|name| name.ends_with("-PLUS"));
        let binding = if bound { binding } else { ChannelBinding::None };
        let local = identity.node().map(|node| node.as_str().to_owned());
        let credentials = Credentials::default()
            .with_username(local.unwrap_or_default())
            .with_password(password.expose())
            .with_channel_binding(binding);
        let stream = tokio_xmpp::client_login(stream, mechanisms, credentials)
            .await
            .map_err(|error| judge(&error))?;
        let stream = stream
            .send_header(self.header())
            .await
            .map_err(|_| LoginError::Unreachable)?;
        let (features, stream): (StreamFeatures, XmppStream) = stream
            .recv_features()
            .await
            .map_err(|_| LoginError::Unreachable)?;
        Ok(Connection {
            stream,
            features,
            identity: identity.clone(),
        })
    }

    fn header(&self) -> StreamHeader<'_> {
        StreamHeader {
            to: Some(Cow::Borrowed(self.settings.domain.as_str())),
            from: None,
            id: None,
        }
    }

    async fn open<S>(
        &self,
        io: S,
    ) -> Result<tokio_xmpp::xmlstream::PendingFeaturesRecv<S>, LoginError>
    where
        S: tokio::io::AsyncBufRead + AsyncWrite + Unpin,
    {
        // A silent server is asked for a sign of life after the first, given up after the second.
        let timeouts = Timeouts {
            read_timeout: Duration::from_secs(60),
            response_timeout: Duration::from_secs(30),
        };
        initiate_stream(io, ns::CLIENT, self.header(), timeouts)
            .await
            .map_err(|_| LoginError::Unreachable)
    }

    async fn connect(&self) -> Result<(Io, ChannelBinding), LoginError> {
        let tcp = TcpStream::connect(&self.settings.address)
            .await
            .map_err(|_| LoginError::Unreachable)?;
        tcp.set_nodelay(true).map_err(|_| LoginError::Unreachable)?;
        match self.settings.protection {
            Protection::Plain => Ok((boxed(tcp), ChannelBinding::None)),
            Protection::Direct => self.protect(tcp).await,
            Protection::StartTls => {
                let tcp = self.ask_for_tls(tcp).await?;
                self.protect(tcp).await
            }
        }
    }

    /// Asks the server to speak TLS from here on (RFC 6120 §5.4).
    async fn ask_for_tls(&self, tcp: TcpStream) -> Result<TcpStream, LoginError> {
        let stream = self.open(BufStream::new(tcp)).await?;
        let (features, mut stream) = stream
            .recv_features::<FallibleStreamElement>()
            .await
            .map_err(|_| LoginError::Unreachable)?;
        if !features.can_starttls() {
            return Err(LoginError::Unsafe);
        }
        let request = XmppStreamElement::Starttls(starttls::Nonza::Request(starttls::Request));
        let sent = stream.send(&request).await;
        sent.map_err(|_| LoginError::Unreachable)?;
        loop {
            let element = match stream.next().await {
                Some(Ok(element)) => element.into_read_error(),
                Some(Err(_)) | None => return Err(LoginError::Unreachable),
            };
            match element {
                Ok(XmppStreamElement::Starttls(starttls::Nonza::Proceed(_))) => break,
                Ok(_) => {}
                Err(_) => return Err(LoginError::Unreachable),
            }
        }
        let buffered = stream.into_inner();
        Ok(buffered.into_inner())
    }

    async fn protect(&self, tcp: TcpStream) -> Result<(Io, ChannelBinding), LoginError> {
        let name = ServerName::try_from(self.settings.domain.clone())
            .map_err(|_| LoginError::Certificate)?;
        let config = self.config().await?;
        let stream = TlsConnector::from(config).connect(name, tcp).await;
        let stream = stream.map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
            match inner {
                Some(rustls::Error::InvalidCertificate(_)) => LoginError::Certificate,
                _ => LoginError::Unreachable,
            }
        })?;
        let binding = binding(&stream);
        Ok((boxed(stream), binding))
    }

    async fn config(&self) -> Result<Arc<ClientConfig>, LoginError> {
        if let Some(config) = self.tls.get() {
            return Ok(config.clone());
        }
        let ca_file = self.settings.ca_file.clone();
        let read = tokio::task::spawn_blocking(move || client_config(ca_file.as_deref())).await;
        let config = match read {
            Ok(Ok(config)) => Arc::new(config),
            _ => return Err(LoginError::Certificate),
        };
        Ok(self.tls.get_or_init(|| config).clone())
    }
}

fn boxed<S>(io: S) -> Io
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    Box::new(Clip::new(io))
}

/// Ties the login to this TLS connection (RFC 9266), where TLS is new enough.
fn binding(stream: &TlsStream<TcpStream>) -> ChannelBinding {
    let (_, tls) = stream.get_ref();
    if tls.protocol_version() != Some(rustls::ProtocolVersion::TLSv1_3) {
        return ChannelBinding::None;
    }
    let exported = tls.export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", None);
    exported.map_or(ChannelBinding::None, ChannelBinding::TlsExporter)
}

/// What the password is given for: what does not show it, where there is such a thing; without TLS
/// nothing else; nothing anonymous.
fn allowed(offered: BTreeSet<String>, secure: bool) -> BTreeSet<String> {
    let scram = |name: &String| name.starts_with("SCRAM-");
    let hidden: BTreeSet<String> = offered.iter().filter(|name| scram(name)).cloned().collect();
    if hidden.is_empty() && secure {
        offered.into_iter().filter(|name| name == "PLAIN").collect()
    } else {
        hidden
    }
}

fn judge(error: &tokio_xmpp::Error) -> LoginError {
    match error {
        tokio_xmpp::Error::Auth(AuthError::Fail(condition)) => match condition {
            DefinedCondition::NotAuthorized => LoginError::WrongPassword,
            DefinedCondition::AccountDisabled => LoginError::Refused("account-disabled".into()),
            DefinedCondition::CredentialsExpired => {
                LoginError::Refused("credentials-expired".into())
            }
            DefinedCondition::TemporaryAuthFailure => LoginError::Unreachable,
            _ => LoginError::Refused("the login was aborted".into()),
        },
        tokio_xmpp::Error::Auth(AuthError::NoMechanism) => LoginError::Unsafe,
        // The server could not prove that it knows the password, or spoke nonsense.
        tokio_xmpp::Error::Auth(_) => LoginError::WrongPassword,
        _ => LoginError::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown_without_tls() {
        let offered = ["PLAIN", "SCRAM-SHA-1", "ANONYMOUS", "EXTERNAL"];
        let offered: BTreeSet<String> = offered.map(str::to_owned).into();
        let plain = allowed(offered.clone(), false);
        assert_eq!(plain, BTreeSet::from(["SCRAM-SHA-1".to_owned()]));
        assert_eq!(allowed(offered, true), plain);
        assert_eq!(allowed(BTreeSet::from(["PLAIN".to_owned()]), true).len(), 1);
        assert!(allowed(BTreeSet::from(["PLAIN".to_owned()]), false).is_empty());
    }
}
