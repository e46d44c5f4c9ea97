//! The documentation in a browser.

use super::support::chromium::Chromium;
use super::support::config::Config;
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::with_chat_api;
use super::support::xmpp::{Server, jid};

#[test]
fn the_documentation_shows_every_surface_and_asks_nobody_else() {
    let server = Prosody::start();
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, &server, &[jid("agent1")]);
    let warmline = Warmline::start(&config);
    let page = Chromium::start();
    page.open(&format!("http://{}/docs", warmline.address()));
    for part in [
        "chat API",
        "RapidPro",
        "operators",
        "/restapi/v1/ask/workgroups",
    ] {
        page.shows("#swagger-ui", part);
    }
    assert_eq!(page.hosts(), [warmline.address().to_string()]);
}
