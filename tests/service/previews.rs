//! Previews of links by the program itself: wanted or not, and kept out of the own network.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::support::config::Config;
use super::support::http::{Reply, Request};
use super::support::origin::{Origin, file};
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{MASTER, call, with_chat_api};

fn preview(config: &Config, url: &str) -> Reply {
    let warmline = Warmline::start(config);
    let encoded = URL_SAFE_NO_PAD.encode(url);
    let request = Request::new("GET", &format!("/ask/previewlink/3/{encoded}"));
    call(warmline.address(), &request.header("Authorization", MASTER))
}

#[test]
fn pages_are_fetched_where_that_is_wanted_and_public_ones_only() {
    let page = Origin::start(|_| file("text/html", b"<title>A page</title>"));
    let server = Prosody::start();
    let mut config = Config::new(super::support::xmpp::Server::ports(&server));
    with_chat_api(&mut config, &server, &[]);
    assert_eq!(
        preview(&config, &page.url("/")).status,
        501,
        "not by itself"
    );
    config.more += "link_previews = true\n";
    let reply = preview(&config, &page.url("/"));
    assert_eq!(
        (reply.status, reply.string("title").as_str()),
        (200, "A page")
    );
    config.guarded = true;
    // What media may be fetched from is not for callers to look around in.
    config.more += &format!("\n[media]\nallow_hosts = [\"{}\"]\n", page.address());
    let before = page.seen().len();
    assert_eq!(preview(&config, &page.url("/")).status, 403);
    assert_eq!(page.seen().len(), before, "nobody called");
}
