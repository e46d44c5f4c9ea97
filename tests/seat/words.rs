//! What the tests say.

use minidom::Element;
use warmline::xmpp::ns;
use warmline::xmpp::stanza::{Build, element, message};

use crate::support::raw::RESOURCE;
use crate::support::xmpp::{jid, workgroup};

/// The ordinary user of the tests.
pub const USER: &str = "stranger";

/// The full address of [`USER`].
pub fn user() -> String {
    format!("{}/{RESOURCE}", jid(USER))
}

/// An address of ours.
pub fn us() -> String {
    workgroup("support")
}

/// A body by itself.
pub fn body_of(text: &str) -> Element {
    let mut body = element("body", ns::CLIENT);
    body.append_text(text);
    body
}

/// A chat message from us.
pub fn chat(to: &str, text: &str) -> Element {
    message("chat", (&us(), to)).and(body_of(text))
}
