//! TLS from the first byte, with an own CA.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use warmline::xmpp::link::{DownReason, LinkSettings, TlsProblem, TlsSettings, spawn};

use crate::fake::{Fake, Peer};
use crate::wait::{Events, settings, within};

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(dir)
        .output()
        .expect("openssl is installed");
    assert!(output.status.success(), "{output:?}");
}

/// A CA, and a certificate of it for `localhost`.
fn certificates() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(
        dir.path(),
        &format!("req -x509 {key} -keyout ca.key -out ca.pem -days 2 -subj /CN=TestCA"),
    );
    openssl(
        dir.path(),
        &format!("req {key} -keyout server.key -out server.csr -subj /CN=localhost"),
    );
    std::fs::write(dir.path().join("ext"), "subjectAltName=DNS:localhost\n").expect("a file");
    openssl(
        dir.path(),
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 \
         -extfile ext -out server.pem",
    );
    dir
}

fn acceptor(dir: &Path) -> TlsAcceptor {
    let chain = CertificateDer::pem_file_iter(dir.join("server.pem"))
        .expect("a certificate")
        .collect::<Result<Vec<_>, _>>()
        .expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(dir.join("server.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("a key that fits");
    TlsAcceptor::from(Arc::new(config))
}

fn tls_settings(fake: &Fake, ca_file: &Path, server_name: &str) -> LinkSettings {
    let mut settings = settings(fake.port);
    settings.tls = Some(TlsSettings {
        ca_file: Some(ca_file.to_owned()),
        server_name: Some(server_name.to_owned()),
    });
    settings
}

#[tokio::test]
async fn an_own_ca_is_trusted_and_the_name_is_checked() {
    let dir = certificates();
    let ca = dir.path().join("ca.pem");
    let fake = Fake::listen().await;
    let acceptor = acceptor(dir.path());

    let (sender, events) = spawn(tls_settings(&fake, &ca, "localhost"));
    let mut events = Events(events);
    let stream = within("TLS", acceptor.accept(fake.accept().await)).await;
    let mut peer = Peer::new(stream.expect("a TLS connection"));
    peer.greet().await;
    events.up().await;
    peer.say("<message/>").await;
    events.stanza().await;
    let end = async {
        peer.hear("</stream:stream>").await;
        peer.say("</stream:stream>").await;
    };
    within("a stop", async { tokio::join!(end, sender.stop()) }).await;

    let (_sender, events) = spawn(tls_settings(&fake, &ca, "elsewhere.example"));
    let refused = within("TLS", acceptor.accept(fake.accept().await)).await;
    assert!(refused.is_err());
    let reason = Events(events).down().await;
    assert_eq!(reason, DownReason::TlsFailed(TlsProblem::Certificate));
}

#[tokio::test]
async fn without_the_ca_the_system_roots_refuse_the_server() {
    let dir = certificates();
    let fake = Fake::listen().await;
    let mut settings = tls_settings(&fake, Path::new(""), "localhost");
    settings.tls = Some(TlsSettings::default());
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let reason = tokio::select! {
        _accepted = async {
            let refused = acceptor(dir.path()).accept(fake.accept().await).await;
            assert!(refused.is_err());
            std::future::pending::<()>().await
        } => unreachable!(),
        reason = events.down() => reason,
    };
    // A machine without any roots is refused for that.
    let expected = [TlsProblem::Certificate, TlsProblem::NoRoots].map(DownReason::TlsFailed);
    assert!(expected.contains(&reason), "{reason:?}");
}

#[tokio::test]
async fn each_mistake_in_the_settings_has_its_name() {
    let dir = certificates();
    let fake = Fake::listen().await;
    let ca = dir.path().join("ca.pem");
    let no_certificate = dir.path().join("ext");
    for (ca, name, problem) in [
        (&no_certificate, "localhost", TlsProblem::CaFile),
        (&dir.path().join("absent"), "localhost", TlsProblem::CaFile),
        (&ca, "not a host", TlsProblem::ServerName),
    ] {
        let (_sender, events) = spawn(tls_settings(&fake, ca, name));
        let reason = Events(events).down().await;
        assert_eq!(reason, DownReason::TlsFailed(problem));
    }
    let plain = Fake::listen().await;
    let (_sender, events) = spawn(tls_settings(&plain, &ca, "localhost"));
    let mut peer = Peer::new(plain.accept().await);
    peer.say("this is not TLS at all").await;
    let reason = Events(events).down().await;
    assert_eq!(reason, DownReason::TlsFailed(TlsProblem::Handshake));
}
