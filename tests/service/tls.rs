//! The component link over TLS, with an own CA.

use super::stage::{Stage, hears};
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::tls::Certificates;
use super::support::wait;
use super::support::warmline::Warmline;
use super::support::xmpp::Server;
use serde_json::json;
use std::path::Path;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;

/// Takes TLS off on the way to a port on loopback: Prosody 0.12 has no TLS on its component port.
struct Front {
    port: u16,
    _running: Runtime,
}

impl Front {
    fn start(acceptor: TlsAcceptor, behind: u16) -> Front {
        let mut runtime = Builder::new_multi_thread();
        let running = runtime.worker_threads(1).enable_all().build();
        let running = running.expect("a runtime");
        let listener = running.block_on(TcpListener::bind("127.0.0.1:0"));
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("its number").port();
        running.spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(forward(acceptor.clone(), socket, behind));
            }
        });
        Front {
            port,
            _running: running,
        }
    }
}

/// Until either side ends, or no TLS comes about.
async fn forward(acceptor: TlsAcceptor, socket: TcpStream, behind: u16) -> std::io::Result<()> {
    let mut outside = acceptor.accept(socket).await?;
    let mut inside = TcpStream::connect(("127.0.0.1", behind)).await?;
    tokio::io::copy_bidirectional(&mut outside, &mut inside).await?;
    Ok(())
}

fn trusting(config: &mut Config, front: &Front, (ca, server_name): (&Path, &str)) {
    let ca = ca.display();
    config.component_port = front.port;
    config.xmpp = format!("tls = true\nca_file = \"{ca}\"\nserver_name = \"{server_name}\"");
}

#[test]
fn a_conversation_goes_on_over_tls_with_an_own_ca() {
    let certificates = Certificates::make();
    let server = Prosody::start();
    let front = Front::start(certificates.acceptor(), server.ports().component);
    let ca = certificates.file("ca.pem");
    let mut stage = Stage::with(Box::new(server), |config| {
        trusting(config, &front, (&ca, "localhost"));
    });
    let agent = stage.agent("agent1");
    let conversation = stage.conversation("1", &agent);
    stage.rapidpro.message("1", "is this line safe?");
    hears(&agent, &conversation.room, "is this line safe?");
    agent.say_in(&conversation.room, "it is");
    stage.bot.wait_for(1, wait::SOON);
    assert_eq!(stage.told(&conversation.ticket), ["it is"]);
    stage.warmline.terminate();
}

#[test]
fn a_certificate_of_another_ca_or_name_is_told_where_readiness_is_asked() {
    let certificates = Certificates::make();
    let server = Prosody::start();
    let front = Front::start(certificates.acceptor(), server.ports().component);
    let others = Certificates::make();
    let (other, right) = (others.file("ca.pem"), certificates.file("ca.pem"));
    for trusted in [(&*other, "localhost"), (&*right, "elsewhere.example")] {
        let mut config = Config::new(server.ports());
        trusting(&mut config, &front, trusted);
        let warmline = Warmline::start_unready(&config);
        let told = wait::until("the reason", wait::SOON, || {
            let reply = warmline.get("/readyz");
            assert_eq!(reply.status, 503);
            let told = reply.json()["reasons"].clone();
            (!told.to_string().contains("not connected yet")).then_some(told)
        });
        let reason = "TLS failed: the server's certificate is not valid here";
        assert_eq!(told, json!([{"part": "xmpp", "reason": reason}]));
    }
}
