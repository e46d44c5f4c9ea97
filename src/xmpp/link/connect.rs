//! From nothing to an authenticated stream (XEP-0114 §3).

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Buf, BytesMut};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use sha1::{Digest, Sha1};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::prompt::Prompt;
use super::{DownReason, LinkSettings, TlsProblem, TlsSettings};
use crate::xmpp::encode::escape_attribute;
use crate::xmpp::framing::{Frame, Framer, Limits};
use crate::xmpp::ns;

type Reader = Box<dyn AsyncRead + Send + Unpin>;
pub(super) type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// Bytes asked of the socket at once.
const READ: usize = 16 * 1024;

/// The receiving half of a connection.
pub(super) struct Inlet {
    socket: Reader,
    unread: BytesMut,
    framer: Framer,
    /// When bytes came in last.
    pub(super) last_heard: Instant,
}

impl Inlet {
    fn new(socket: Reader, limits: Limits) -> Self {
        Self {
            socket,
            unread: BytesMut::new(),
            framer: Framer::new(limits),
            last_heard: Instant::now(),
        }
    }

    /// The next frame. Nothing is lost when the future is dropped before it is ready.
    pub(super) async fn next(&mut self) -> Result<Frame, DownReason> {
        loop {
            let mut input = &self.unread[..];
            let frame = self.framer.next(&mut input);
            let taken = self.unread.len() - input.len();
            self.unread.advance(taken);
            if let Some(frame) = frame.map_err(|_| DownReason::Protocol)? {
                return Ok(frame);
            }
            // All that was unread has been taken by now, so this only claims the room again.
            self.unread.reserve(READ);
            match self.socket.read_buf(&mut self.unread).await {
                Ok(0) => return Err(DownReason::ClosedByPeer),
                Ok(_) => self.last_heard = Instant::now(),
                Err(error) => return Err(DownReason::Broken(error.kind())),
            }
        }
    }
}

/// Connects and authenticates; the caller sets the time limit.
pub(super) async fn connect(settings: &LinkSettings) -> Result<(Inlet, Writer), DownReason> {
    let tcp = TcpStream::connect(&settings.address)
        .await
        .map_err(|error| DownReason::ConnectFailed(error.kind()))?;
    // Without it a stanza may wait 40 ms for the acknowledgement of the one before.
    tcp.set_nodelay(true)
        .map_err(|error| DownReason::ConnectFailed(error.kind()))?;
    let tcp = Prompt(tcp);
    let (reader, mut writer): (Reader, Writer) = match &settings.tls {
        None => {
            let (reader, writer) = tokio::io::split(tcp);
            (Box::new(reader), Box::new(writer))
        }
        Some(tls) => {
            let stream = start_tls(tcp, tls, &settings.address).await?;
            let (reader, writer) = tokio::io::split(stream);
            (Box::new(reader), Box::new(writer))
        }
    };
    let mut inlet = Inlet::new(reader, settings.limits.clone());
    handshake(&mut inlet, &mut writer, settings).await?;
    Ok((inlet, writer))
}

async fn handshake(
    inlet: &mut Inlet,
    writer: &mut Writer,
    settings: &LinkSettings,
) -> Result<(), DownReason> {
    let mut header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='{}' xmlns:stream='{}' to='",
        ns::COMPONENT,
        ns::STREAMS
    );
    escape_attribute(&mut header, &settings.domain);
    header.push_str("'>");
    say(writer, &header).await?;
    loop {
        match inlet.next().await? {
            // Without an id (Prosody, unknown host) the reason follows as a stream error.
            Frame::Open(head) => {
                if let Some(id) = head.id.filter(|id| !id.is_empty()) {
                    let digest = Sha1::digest(format!("{id}{}", settings.secret.expose()));
                    say(writer, &format!("<handshake>{digest:x}</handshake>")).await?;
                }
            }
            Frame::Element(element) if element.is("handshake", ns::CLIENT) => return Ok(()),
            Frame::Element(element) => {
                if let Some(reason) = stream_error(&element) {
                    return Err(reason);
                }
            }
            Frame::Refused(_) => {}
            Frame::Close => return Err(DownReason::ClosedByPeer),
        }
    }
}

async fn say(writer: &mut Writer, xml: &str) -> Result<(), DownReason> {
    let broken = |error: io::Error| DownReason::Broken(error.kind());
    writer.write_all(xml.as_bytes()).await.map_err(broken)?;
    writer.flush().await.map_err(broken)
}

/// The reason in a stream error (RFC 6120 §4.9.3); `None` if the element is none.
pub(super) fn stream_error(element: &minidom::Element) -> Option<DownReason> {
    if !element.is("error", ns::STREAMS) {
        return None;
    }
    let condition = element
        .children()
        .find(|child| child.has_ns(ns::STREAM_ERRORS) && child.name() != "text");
    Some(match condition.map_or("", |child| child.name()) {
        "not-authorized" => DownReason::WrongSecret,
        "host-unknown" => DownReason::HostUnknown,
        "conflict" => DownReason::Conflict,
        "" => DownReason::StreamError("undefined-condition".to_owned()),
        // Long enough for every defined name, short enough for a log line.
        other => DownReason::StreamError(other.chars().take(64).collect()),
    })
}

async fn start_tls(
    tcp: Prompt,
    tls: &TlsSettings,
    address: &str,
) -> Result<tokio_rustls::client::TlsStream<Prompt>, DownReason> {
    let name = match &tls.server_name {
        Some(name) => name.as_str(),
        None => host_of(address),
    };
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| DownReason::TlsFailed(TlsProblem::ServerName))?;
    let ca_file = tls.ca_file.clone();
    // Read anew each time, so that a renewed CA needs no restart.
    let config = tokio::task::spawn_blocking(move || client_config(ca_file.as_deref()))
        .await
        .unwrap_or(Err(TlsProblem::NoRoots))
        .map_err(DownReason::TlsFailed)?;
    let connected = TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await;
    connected.map_err(|error| DownReason::TlsFailed(tls_problem(&error)))
}

fn tls_problem(error: &io::Error) -> TlsProblem {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
    match inner {
        Some(rustls::Error::InvalidCertificate(_)) => TlsProblem::Certificate,
        _ => TlsProblem::Handshake,
    }
}

pub(in crate::xmpp) fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, TlsProblem> {
    let mut roots = RootCertStore::empty();
    let empty = match ca_file {
        Some(path) => {
            let certificates = CertificateDer::pem_file_iter(path)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|_| TlsProblem::CaFile)?;
            roots.add_parsable_certificates(certificates);
            TlsProblem::CaFile
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            TlsProblem::NoRoots
        }
    };
    if roots.is_empty() {
        return Err(empty);
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsProblem::Handshake)?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// The host of `host:port`, also of `[::1]:5276`.
fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let inner = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    inner.unwrap_or(host)
}
