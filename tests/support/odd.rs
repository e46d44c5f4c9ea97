//! 26 odd stanzas that an ordinary user can send through a real server.

use Fate::{Delivered, Refused};
use warmline::xmpp::framing::RefusedWhy;

/// What must become of an odd stanza at the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is read as any other.
    Delivered,
    /// It is skipped, and answered with an error.
    Refused(RefusedWhy),
}

/// One odd stanza.
#[derive(Debug, Clone)]
pub struct Odd {
    /// What is odd.
    pub what: &'static str,
    /// The stanza as it is typed; its id is `odd`.
    pub xml: String,
    /// What must become of it.
    pub fate: Fate,
}

/// This many levels within each other, for a stanza of which they are the content.
pub fn levels(number: usize) -> String {
    "<a>".repeat(number) + &"</a>".repeat(number)
}

/// An element with an attribute one byte longer than rxml's usual limit for a token.
pub fn long_attribute() -> String {
    format!("<x xmlns='urn:x' y='{}'/>", "x".repeat(8_193))
}

/// The stanzas to an address: the odd ones among them that need another local part or resource
/// take the domain or the bare address from it.
pub fn stanzas(to: &str) -> Vec<Odd> {
    [bodies(to), sizes(to), names(to), others(to)].concat()
}

fn odd(what: &'static str, xml: String) -> Odd {
    let fate = Delivered;
    Odd { what, xml, fate }
}

fn message(to: &str, content: &str) -> String {
    format!("<message to='{to}' id='odd'>{content}</message>")
}

fn bodies(to: &str) -> Vec<Odd> {
    let forwarded = "<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' \
        from='a@b' to='c@d'><body>inner</body></message></forwarded>";
    let cdata = "<body><![CDATA[<b>&]]>&#x1F600;&#13;&amp;</body>";
    let lang = format!("<message to='{to}' id='odd' xml:lang='😀 -'><body>a</body></message>");
    let bogus = format!("<message to='{to}' id='odd' type='bogus'><body>1</body></message>");
    let bodies = "<body>a</body><body>b</body>";
    let threads = "<thread>a</thread><thread>b</thread>";
    vec![
        odd("bogus type", bogus),
        odd("two threads", message(to, threads)),
        odd("stray text", message(to, "stray<body>5</body>text")),
        odd("a message within", message(to, forwarded)),
        odd("nothing inside", message(to, "")),
        odd("two bodies of one language", message(to, bodies)),
        odd("impossible language", lang),
        odd("CDATA and references", message(to, cdata)),
    ]
}

fn sizes(to: &str) -> Vec<Odd> {
    let refused = |what, content: &str, why| Odd {
        fate: Refused(why),
        ..odd(what, message(to, content))
    };
    let large = format!("<body>{}</body>", "y".repeat(200_000));
    let spaces: String = (0..300).map(|n| format!("<x xmlns='urn:{n}'/>")).collect();
    let (deep, many) = (RefusedWhy::TooDeep, RefusedWhy::TooMany);
    // The message itself is the first level.
    vec![
        odd("attribute of 8,193 bytes", message(to, &long_attribute())),
        refused("4,500 levels", &levels(4_499), deep),
        odd("as deep as allowed", message(to, &levels(63))),
        refused("one level deeper", &levels(64), deep),
        odd("body of 200 KB", message(to, &large)),
        refused("20,000 children", &"<a/>".repeat(20_000), many),
        odd("300 namespaces in a row", message(to, &spaces)),
    ]
}

fn names(to: &str) -> Vec<Odd> {
    let bare = to.split('/').next().unwrap_or(to);
    let domain = bare.rsplit('@').next().unwrap_or(bare);
    let unknown = "<x xmlns='urn:a'><y xmlns='urn:b'/></x>";
    let prefixes = "<p:x xmlns:p='urn:p' xmlns:q='urn:q' p:n='1' q:n='2' n='3'/>";
    let white_space = "<x xmlns='urn:x' y='&#10;&#9;&#13;'/>";
    vec![
        odd("emoji as local part", message(&format!("😀@{domain}"), "")),
        odd("emoji as resource", message(&format!("{bare}/😀"), "")),
        odd("unknown namespaces", message(to, unknown)),
        odd("no namespace", message(to, "<x xmlns=''><y/></x>")),
        odd("prefixes", message(to, prefixes)),
        odd("white space in attributes", message(to, white_space)),
    ]
}

fn others(to: &str) -> Vec<Odd> {
    let presence = |kind: &str, content: &str| {
        format!("<presence to='{to}' id='odd'{kind}>{content}</presence>")
    };
    let iq =
        |kind: &str, content: &str| format!("<iq to='{to}' id='odd' type='{kind}'>{content}</iq>");
    let priority = "<priority>very high</priority>";
    let status = "<status>\u{202E}</status><x xmlns='urn:x'/>";
    let error = "<error><nonsense xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    let two = "<a xmlns='urn:a'/><b xmlns='urn:b'/>";
    vec![
        odd("bad show", presence("", "<show>elsewhere</show>")),
        odd("bad priority", presence("", priority)),
        odd(
            "subscription with content",
            presence(" type='subscribe'", status),
        ),
        odd("unknown error condition", iq("error", error)),
        odd("two payloads in a result", iq("result", two)),
    ]
}
