//! The program with an OpenCHS channel, and no XMPP server: what is said waits.

use super::support::config::Config;
use super::support::openchs::{Gateway, USER, channel};
use super::support::warmline::Warmline;
use super::support::xmpp::Ports;

/// The account of the other helpline.
pub const OTHER: &str = "other@helpline.test";

/// A server that is not there: the discard port.
fn nowhere() -> Ports {
    Ports {
        client: 9,
        component: 9,
    }
}

/// The program with these further tables.
pub fn with_tables(more: &str) -> Warmline {
    let mut config = Config::new(nowhere());
    config.more = more.to_owned();
    Warmline::start_unready(&config)
}

/// The program with one helpline that has these further keys.
pub fn with_keys(keys: &str) -> Warmline {
    with_tables(&channel("helpline", (USER, "http://127.0.0.1:9"), keys))
}

/// The usual program, and its bot.
pub fn start() -> (Warmline, Gateway) {
    let warmline = with_keys("");
    let bot = Gateway::log_in(warmline.address(), USER);
    (warmline, bot)
}

/// The program with two helplines, and the bot of each.
pub fn start_two() -> (Warmline, Gateway, Gateway) {
    let nowhere = "http://127.0.0.1:9";
    let one = channel("helpline", (USER, nowhere), "");
    let other = channel("other", (OTHER, nowhere), "");
    let warmline = with_tables(&format!("{one}\n{other}"));
    let bots = [USER, OTHER].map(|user| Gateway::log_in(warmline.address(), user));
    let [one, other] = bots;
    (warmline, one, other)
}
