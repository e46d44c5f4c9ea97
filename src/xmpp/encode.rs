//! An element as bytes of the component stream.

use minidom::{Element, Node};

use super::clean::clean;
use super::ns;

/// Largest stanza sent, in bytes of XML. Prosody 0.12 cuts the link at 512 KiB
/// (`component_stanza_size_limit`), so half of it leaves room for what servers add.
pub const MAX_STANZA: usize = 256 * 1024;
/// Deepest element sent, the stanza itself counted as 1. Writing and freeing are recursive.
pub const MAX_DEPTH: usize = 128;

/// Why an element cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// Longer than [`MAX_STANZA`]; the caller splits its text.
    #[error("the stanza is larger than {MAX_STANZA} bytes")]
    TooLarge,
    /// Nested deeper than [`MAX_DEPTH`].
    #[error("the stanza is nested deeper than {MAX_DEPTH} elements")]
    TooDeep,
    /// An element's name is not a name in XML.
    #[error("an element's name is not allowed in XML")]
    BadName,
}

/// Writes an element as it stands on a component stream.
///
/// `jabber:client` becomes the stream's own default namespace from the top downwards. Below an
/// element of another namespace it stays `jabber:client` (XEP-0297 §3 wants so for forwarded
/// stanzas, and servers pass it on as it is). Forbidden characters are replaced ([`clean`]).
///
/// # Errors
/// See [`EncodeError`].
pub fn encode(element: &Element) -> Result<String, EncodeError> {
    let mut out = String::with_capacity(256);
    let top = Place {
        default: ns::CLIENT,
        depth: 1,
        stanza_side: true,
    };
    write_element(&mut out, element, top)?;
    Ok(out)
}

/// Where in the stanza the writer stands.
#[derive(Clone, Copy)]
struct Place<'a> {
    default: &'a str,
    depth: usize,
    /// All elements above are of the stream's own namespace, so it is inherited.
    stanza_side: bool,
}

fn write_element(out: &mut String, element: &Element, place: Place) -> Result<(), EncodeError> {
    if place.depth > MAX_DEPTH {
        return Err(EncodeError::TooDeep);
    }
    let name = element.name();
    rxml::strings::validate_ncname(name).map_err(|_| EncodeError::BadName)?;
    out.push('<');
    out.push_str(name);
    let namespace = element.ns();
    let namespace = match namespace.as_str() {
        ns::COMPONENT if place.stanza_side => ns::CLIENT,
        other => other,
    };
    let stanza_side = place.stanza_side && namespace == ns::CLIENT;
    // The top's default is named `CLIENT` here but is the stream's own on the wire, hence the
    // declaration is written again when `CLIENT` returns below a foreign element.
    if !stanza_side && namespace != place.default {
        write_attribute(out, "xmlns", namespace);
    }
    write_attributes(out, element);
    let inner = Place {
        default: namespace,
        depth: place.depth + 1,
        stanza_side,
    };
    write_content(out, element, inner)
}

fn write_content(out: &mut String, element: &Element, inner: Place) -> Result<(), EncodeError> {
    if element.nodes().next().is_none() {
        out.push_str("/>");
    } else {
        out.push('>');
        for node in element.nodes() {
            match node {
                Node::Element(child) => write_element(out, child, inner)?,
                Node::Text(text) => escape_text(out, text),
            }
            check_size(out)?;
        }
        out.push_str("</");
        out.push_str(element.name());
        out.push('>');
    }
    check_size(out)
}

fn check_size(out: &str) -> Result<(), EncodeError> {
    if out.len() > MAX_STANZA {
        return Err(EncodeError::TooLarge);
    }
    Ok(())
}

fn write_attributes(out: &mut String, element: &Element) {
    let mut foreign = 0usize;
    for ((namespace, name), value) in element.attrs() {
        let name = name.as_str();
        if namespace.is_none() {
            // A declaration in disguise would move the element to another namespace.
            if name != "xmlns" {
                write_attribute(out, name, value);
            }
        } else if namespace.as_str() == ns::XML {
            write_attribute(out, &format!("xml:{name}"), value);
        } else {
            foreign += 1;
            write_attribute(out, &format!("xmlns:n{foreign}"), namespace.as_str());
            write_attribute(out, &format!("n{foreign}:{name}"), value);
        }
    }
}

fn write_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("='");
    escape_attribute(out, value);
    out.push('\'');
}

fn escape_text(out: &mut String, text: &str) {
    for c in clean(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A bare CR is read back as LF (XML 1.0 §2.11).
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}

/// Escapes a value for use between quotes of either kind; white space other than a space would
/// be read back as a space (XML 1.0 §3.3.3).
pub(super) fn escape_attribute(out: &mut String, value: &str) {
    for c in clean(value).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            other => out.push(other),
        }
    }
}
