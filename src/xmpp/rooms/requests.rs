//! The stanzas that make, fill and end a room.

use std::time::Duration;

use minidom::Element;

use crate::ids::Timestamp;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element, iq, message, presence};

use super::form::field;

/// Servers' clocks may differ from ours by this much without anything being missed.
const SLACK: Duration = Duration::from_secs(300);
/// A number that no room's history has.
const ALL: &str = "10000";

/// How much of what was said a join asks for.
#[derive(Clone, Copy, Debug)]
pub(in crate::xmpp) enum History {
    Nothing,
    /// From shortly before the given moment on; all where there is none.
    Since(Option<Timestamp>),
}

/// Enters a room (XEP-0045 §7.2).
pub(in crate::xmpp) fn join((from, occupant): (&str, &str), history: History) -> Element {
    let wish = element("history", ns::MUC);
    let wish = match history {
        History::Nothing => wish.with("maxstanzas", "0"),
        History::Since(Some(at)) => wish.with("since", &date(at.minus(SLACK))),
        History::Since(None) => wish.with("maxstanzas", ALL),
    };
    let x = element("x", ns::MUC).and(wish);
    presence(None, (from, occupant)).and(x)
}

/// Leaves a room.
pub(super) fn leave(way: (&str, &str)) -> Element {
    presence(Some("unavailable"), way)
}

/// Asks what a room offers.
pub(in crate::xmpp) fn disco(id: &str, way: (&str, &str)) -> Element {
    iq("get", id, way, element("query", ns::DISCO_INFO))
}

/// Asks for a room's configuration form.
pub(super) fn ask_form(id: &str, way: (&str, &str)) -> Element {
    iq("get", id, way, element("query", ns::MUC_OWNER))
}

/// Answers a room's configuration form.
pub(super) fn submit(id: &str, way: (&str, &str), form: Element) -> Element {
    iq("set", id, way, element("query", ns::MUC_OWNER).and(form))
}

/// Destroys a room (XEP-0045 §10.9).
pub(super) fn destroy(id: &str, way: (&str, &str), why: &str) -> Element {
    let destroy = element("destroy", ns::MUC_OWNER).and_text("reason", ns::MUC_OWNER, why);
    iq("set", id, way, element("query", ns::MUC_OWNER).and(destroy))
}

/// Gives somebody an affiliation. One in each request: Prosody reads only the first.
pub(super) fn affiliate(id: &str, way: (&str, &str), (jid, to): (&str, &str)) -> Element {
    let item = element("item", ns::MUC_ADMIN)
        .with("jid", jid)
        .with("affiliation", to);
    iq("set", id, way, element("query", ns::MUC_ADMIN).and(item))
}

/// Puts an occupant out.
pub(super) fn kick(id: &str, way: (&str, &str), (nick, why): (&str, &str)) -> Element {
    let item = element("item", ns::MUC_ADMIN)
        .with("nick", nick)
        .with("role", "none")
        .and_text("reason", ns::MUC_ADMIN, why);
    iq("set", id, way, element("query", ns::MUC_ADMIN).and(item))
}

/// Asks a room whether we are in it (XEP-0410).
pub(in crate::xmpp) fn ping(id: &str, way: (&str, &str)) -> Element {
    iq("get", id, way, element("ping", ns::PING))
}

/// Asks for a page of a room's archive (XEP-0313, XEP-0059): what follows `after`, or else
/// everything from shortly before `since` on.
pub(in crate::xmpp) fn page(
    id: &str,
    way: (&str, &str),
    (since, after): (Option<Timestamp>, Option<&str>),
) -> Element {
    let kind = field("FORM_TYPE", &[ns::MAM.to_owned()]).with("type", "hidden");
    let mut form = element("x", ns::DATA_FORMS)
        .with("type", "submit")
        .and(kind);
    if let Some(at) = since {
        form.append_child(field("start", &[date(at.minus(SLACK))]));
    }
    let mut set = element("set", ns::RSM).and_text("max", ns::RSM, "200");
    if let Some(after) = after {
        set = set.and_text("after", ns::RSM, after);
    }
    let query = element("query", ns::MAM)
        .with("queryid", id)
        .and(form)
        .and(set);
    iq("set", id, way, query)
}

/// Says something to one occupant alone (XEP-0045 §7.5).
pub(in crate::xmpp) fn whisper(id: &str, way: (&str, &str), text: &str) -> Element {
    message("chat", way)
        .with("id", id)
        .and_text("body", ns::CLIENT, text)
        .and(element("x", ns::MUC_USER))
}

/// A moment as XEP-0082 writes it, in whole seconds.
fn date(at: Timestamp) -> String {
    let epoch = jiff::Timestamp::UNIX_EPOCH;
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or(epoch);
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
