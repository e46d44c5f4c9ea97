//! Reading an archive by pages (XEP-0313 §4.3.4, XEP-0059).

use minidom::Element;

use super::ns;
use super::stanza::{attr, child, child_text};

/// The archive's id after which the next page begins; `None` when the page that `iq` ends was the last
/// one, or was refused.
pub(super) fn next_page(iq: &Element) -> Option<String> {
    let fin = child(iq, "fin", ns::MAM)?;
    if matches!(attr(fin, "complete"), Some("true" | "1")) {
        return None;
    }
    let set = child(fin, "set", ns::RSM)?;
    child_text(set, "last", ns::RSM).filter(|last| !last.is_empty())
}
