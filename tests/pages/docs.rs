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
    for surface in [
        "chat API",
        "chat API: not possible here (501)",
        "RapidPro",
        "operators",
        "pages",
    ] {
        page.shows("#swagger-ui .opblock-tag", surface);
    }
    // A surface is opened by a click, or by its address.
    let surface = "docs/?open#/chat%20API";
    page.open(&format!("http://{}/{surface}", warmline.address()));
    for route in ["/restapi/v1/ask/workgroups", "/restapi/v1/users/{username}"] {
        page.shows("#swagger-ui .opblock", route);
    }
    assert_eq!(page.hosts(), [warmline.address().to_string()]);
}
