//! The guarded client.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use reqwest::header::{AUTHORIZATION, HeaderName};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use warmline::outbox::{Call, HttpClient, HttpError, OutboundSettings, Trouble};

use crate::desk::{client, millis};
use crate::peer::{Answer, Peer};

fn guarded() -> HttpClient {
    HttpClient::new(&OutboundSettings::default()).unwrap()
}

#[tokio::test]
async fn this_machine_is_not_called_by_any_name() {
    let peer = Peer::start().await;
    let port = peer.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "127.1",
        "0",
        "0.0.0.0",
        "2130706433",
        "[::ffff:7f00:1]",
        "[64:ff9b::127.0.0.1]",
        "user@127.0.0.1",
    ] {
        let url = format!("http://{host}:{port}/");
        let refused = guarded().post_json(&Call::to(&url), "x").await.unwrap_err();
        assert_eq!(refused, Trouble::Forbidden, "{url}");
        assert_eq!(
            guarded().get(&Call::to(&url)).await.unwrap_err(),
            Trouble::Forbidden
        );
    }
    for url in [
        "",
        "example.org",
        "file:///etc/passwd",
        "http://",
        "gopher://example.org",
    ] {
        let refused = guarded().get(&Call::to(url)).await.unwrap_err();
        assert_eq!(refused, Trouble::Forbidden, "{url}");
    }
    assert_eq!(peer.seen().len(), 0);
    let allowed = client()
        .get(&Call::to(format!("http://localhost:{port}/")))
        .await
        .unwrap();
    assert!(
        allowed.is_success(),
        "the same name is fine where private networks are"
    );
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let peer = Peer::start().await;
    let target = format!("Location: {}", peer.url("/inner"));
    peer.answer(move |_| Answer::status(307).header(&target));
    let reply = client()
        .post_json(&Call::to(peer.url("/outer")), "x")
        .await
        .unwrap();
    assert_eq!(reply.status, 307);
    assert!(!reply.is_success());
    assert_eq!(peer.seen().len(), 1);
}

#[tokio::test]
async fn json_and_headers_arrive_as_they_should() {
    let peer = Peer::start().await;
    peer.answer(|_| Answer {
        body: b"{\"ok\":true}".to_vec(),
        ..Answer::status(201)
    });
    let call = Call::to(peer.url("/a?b=c"))
        .header(AUTHORIZATION, "Token hunter2")
        .header(HeaderName::from_static("webhook-id"), "c-1");
    let reply = client()
        .post_json(&call, &serde_json::json!({"text": "déjà\n🙂"}))
        .await
        .unwrap();
    assert_eq!(
        (reply.status, &reply.body[..], reply.cut),
        (201, &b"{\"ok\":true}"[..], false)
    );
    let seen = &peer.seen()[0];
    assert_eq!(
        (seen.path.as_str(), seen.body.as_str()),
        ("/a?b=c", "{\"text\":\"déjà\\n🙂\"}")
    );
    assert_eq!(seen.headers["authorization"], "Token hunter2");
    assert_eq!(seen.headers["webhook-id"], "c-1");
    assert_eq!(seen.headers["content-type"], "application/json");
    assert!(seen.headers["user-agent"].starts_with("warmline/"));
    let bad = Call::to(peer.url("/")).header(AUTHORIZATION, "a\nb");
    assert_eq!(client().get(&bad).await.unwrap_err(), Trouble::Fault);
}

#[tokio::test]
async fn a_long_answer_is_cut() {
    let peer = Peer::start().await;
    peer.answer(|_| Answer {
        body: vec![b'x'; 3_000_000],
        ..Answer::status(200)
    });
    let reply = client().get(&Call::to(peer.url("/"))).await.unwrap();
    assert_eq!((reply.body.len(), reply.cut), (20_000, true));
    let reply = client()
        .get(&Call::to(peer.url("/")).limit(3_000_000))
        .await
        .unwrap();
    assert_eq!((reply.body.len(), reply.cut), (3_000_000, false));
}

#[tokio::test]
async fn retry_after_is_a_span_or_a_date() {
    let peer = Peer::start().await;
    let soon = jiff::Timestamp::try_from(SystemTime::now()).unwrap() + Duration::from_secs(90);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new();
    let soon = date.timestamp_to_rfc9110_string(&soon).unwrap();
    let old = "Wed, 21 Oct 2015 07:28:00 GMT";
    for (text, from, to) in [
        ("120", Some(120), Some(120)),
        (soon.as_str(), Some(85), Some(90)),
        (old, Some(0), Some(0)),
        ("soon", None, None),
        ("-3", None, None),
        ("99999999999999999999999", None, None),
    ] {
        let header = format!("Retry-After: {text}");
        peer.answer(move |_| Answer::status(503).header(&header));
        let reply = client().get(&Call::to(peer.url("/"))).await.unwrap();
        let seconds = reply.retry_after.map(|span| span.as_secs());
        assert!(from <= seconds && seconds <= to, "{text}: {seconds:?}");
    }
}

#[tokio::test]
async fn silence_is_a_timeout_and_a_closed_port_unreachable() {
    let peer = Peer::start().await;
    peer.answer(|_| Answer::status(200).late(millis(60_000)));
    let call = Call::to(peer.url("/")).timeout(millis(100));
    assert_eq!(client().get(&call).await.unwrap_err(), Trouble::Timeout);
    let settings = OutboundSettings {
        allow_private_networks: true,
        timeout: millis(100),
        ca_file: None,
    };
    let hasty = HttpClient::new(&settings).unwrap();
    assert_eq!(
        hasty.get(&Call::to(peer.url("/"))).await.unwrap_err(),
        Trouble::Timeout
    );
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    let call = Call::to(format!("http://127.0.0.1:{port}/"));
    assert_eq!(client().get(&call).await.unwrap_err(), Trouble::Unreachable);
    let call = Call::to("http://no-such-name.invalid/");
    assert_eq!(
        guarded().get(&call).await.unwrap_err(),
        Trouble::Unreachable
    );
}

#[tokio::test]
async fn nothing_tells_the_address_or_the_secret() {
    let call = Call::to("http://127.0.0.1/hunter2").header(AUTHORIZATION, "hunter2");
    let trouble = guarded().get(&call).await.unwrap_err();
    let shown = format!("{call:?} {trouble} {trouble:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("127"),
        "{shown}"
    );
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/outbox/tls")
        .join(name)
}

fn acceptor() -> TlsAcceptor {
    let certs = CertificateDer::pem_file_iter(fixture("leaf.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("leaf.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certs.collect::<Result<_, _>>().unwrap(), key);
    TlsAcceptor::from(Arc::new(config.unwrap()))
}

#[tokio::test]
async fn tls_wants_a_certificate_that_is_trusted() {
    let peer = Peer::start_tls(acceptor()).await;
    let own = |ca_file| OutboundSettings {
        allow_private_networks: true,
        ca_file,
        ..OutboundSettings::default()
    };
    let trusting = HttpClient::new(&own(Some(fixture("ca.pem")))).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let call = Call::to(format!("https://{host}:{}/", peer.port));
        assert!(trusting.get(&call).await.unwrap().is_success());
        let doubting = client().get(&call).await;
        assert_eq!(doubting.unwrap_err(), Trouble::Unreachable);
    }
    assert_eq!(peer.seen().len(), 2);
    for useless in [fixture("leaf.key"), fixture("none.pem")] {
        let error = HttpClient::new(&own(Some(useless))).unwrap_err();
        assert!(matches!(error, HttpError::CaFile(_)), "{error}");
    }
}
