//! What ad-hoc commands answer, whoever gives them (XEP-0050 §2).

use minidom::Element;

use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{Build, element, iq_result};

use super::Then;

/// A step of a command that is to be answered.
pub(super) trait AdHoc {
    /// The request, the command's node, and the session's name.
    fn asked(&self) -> (&Element, &str, &str);

    fn reply<const N: usize>(&self, status: &str, content: [Element; N]) -> Vec<Out<Then>> {
        let (request, node, session) = self.asked();
        let command = element("command", ns::COMMANDS)
            .with("node", node)
            .with("sessionid", session)
            .with("status", status);
        let command = content.into_iter().fold(command, Element::and);
        vec![Out::Send(iq_result(request, Some(command)))]
    }

    fn note(&self, kind: &str, text: &str) -> Vec<Out<Then>> {
        let note = Element::builder("note", ns::COMMANDS)
            .append(text)
            .build()
            .with("type", kind);
        self.reply("completed", [note])
    }
}
