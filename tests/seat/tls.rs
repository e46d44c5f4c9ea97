//! TLS from the first byte, with an own CA.

use std::path::Path;

use warmline::xmpp::link::{DownReason, LinkSettings, TlsProblem, TlsSettings, spawn};

use crate::fake::{Fake, Peer};
use crate::support::tls::Certificates;
use crate::wait::{Events, settings, within};

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
    let certificates = Certificates::make();
    let ca = certificates.file("ca.pem");
    let fake = Fake::listen().await;
    let acceptor = certificates.acceptor();

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
    let certificates = Certificates::make();
    let fake = Fake::listen().await;
    let mut settings = tls_settings(&fake, Path::new(""), "localhost");
    settings.tls = Some(TlsSettings::default());
    let (_sender, events) = spawn(settings);
    let mut events = Events(events);
    let reason = tokio::select! {
        _accepted = async {
            let refused = certificates.acceptor().accept(fake.accept().await).await;
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
    let certificates = Certificates::make();
    let fake = Fake::listen().await;
    let ca = certificates.file("ca.pem");
    let no_certificate = certificates.file("ext");
    for (ca, name, problem) in [
        (&no_certificate, "localhost", TlsProblem::CaFile),
        (
            &certificates.file("absent"),
            "localhost",
            TlsProblem::CaFile,
        ),
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
