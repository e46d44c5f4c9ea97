//! Whether a stanza is the recorded one, but for what may differ.

use std::collections::BTreeMap;

use minidom::Element;
use warmline::xmpp::stanza::attr;

use super::BRIDGE;

/// What is called otherwise now, and what is not looked at.
#[derive(Clone, Default)]
pub struct Names {
    /// What was recorded → what it is called now: session ids, and ids of requests.
    pub map: BTreeMap<String, String>,
    /// Whether the scenario is played in less time than was recorded.
    pub quick: bool,
}

pub fn parse(xml: &str) -> Option<Element> {
    let end = xml.find([' ', '>', '/'])?;
    let (start, rest) = xml.split_at(end);
    if rest.contains(" xmlns='jabber:client'") {
        return xml.parse().ok();
    }
    format!("{start} xmlns='jabber:client'{rest}").parse().ok()
}

/// A stanza without what may differ.
pub fn plain(stanza: &Element, names: &Names, recorded: bool) -> String {
    let mut text = String::new();
    write(stanza, (names, recorded), &mut text);
    text
}

fn write(element: &Element, how: (&Names, bool), text: &mut String) {
    let name = element.name();
    let top = matches!(name, "iq" | "message" | "presence");
    let push = top && matches!(attr(element, "type"), Some("get" | "set"));
    let mut attributes: Vec<String> = element
        .attrs()
        .iter()
        .filter(|((_, name), _)| {
            let name = name.as_str();
            let id = name == "id" && (push || element.name() == "message");
            let normal =
                name == "type" && element.attr_ns::<str, str>("", "type") == Some("normal");
            let reason = element.name() == "x" && name == "reason";
            !(id || normal || reason || name == "lang")
        })
        .map(|((_, name), value)| {
            format!("{}={}", name.as_str(), value_of(name.as_str(), value, how))
        })
        .collect();
    attributes.sort();
    text.push_str(&format!(
        "<{name} {} {}>",
        element.ns(),
        attributes.join(" ")
    ));
    let timed = ["time", "oldest", "join-time", "lastModified", "joined"].contains(&name)
        || (how.0.quick && name == "timeout");
    // The plugin always names the same reason.
    let revoked = name == "reason" && element.ns().ends_with("jabber.org/protocol/workgroup");
    if timed || revoked {
        text.push('…');
    } else {
        let invited = element.ns() == "jabber:x:conference";
        let own: String = element.texts().filter(|_| !invited).collect();
        text.push_str(&value_of(name, own.trim(), how));
        let mut children: Vec<String> = element
            .children()
            .filter(|child| !is_own(child) && !is_repeated(name, child))
            .map(|child| {
                let mut inner = String::new();
                write(child, how, &mut inner);
                inner
            })
            .collect();
        if top || ["metadata", "query", "occupants-info"].contains(&name) {
            children.sort();
        }
        text.push_str(&children.concat());
    }
    text.push_str(&format!("</{name}>"));
}

/// A revoke names the visitor once more in the plugin; clients look at the session.
fn is_repeated(name: &str, child: &Element) -> bool {
    name == "offer-revoke" && child.name() == "user"
}

/// What Warmline adds (Spark throws without `userID`), and what this server's rooms add to
/// invitations.
fn is_own(element: &Element) -> bool {
    let more = [
        "disco#items",
        "urn:xmpp:ping",
        "jabber:iq:last",
        "urn:xmpp:time",
        "vcard-temp",
    ];
    let var = attr(element, "var").unwrap_or_default();
    match element.name() {
        // Of a visitor who told no name Spark needs one all the same.
        "value" if element.text().starts_with("Visitor-") => true,
        "value" => ["userID", "ignore"].contains(&attr(element, "name").unwrap_or_default()),
        "feature" => {
            more.iter().any(|feature| var.ends_with(feature))
                || var.ends_with("commands")
                || var == "jabber:iq:version"
        }
        "body" => element.text().contains(" invited you to the room "),
        _ => false,
    }
}

fn value_of(name: &str, value: &str, (names, recorded): (&Names, bool)) -> String {
    // Agents are not told the visitors' addresses.
    let visitor = ["v-", "visitor@"]
        .iter()
        .any(|start| value.starts_with(start))
        || value.contains("@bridge")
        || value == BRIDGE;
    if ["jid", "userID"].contains(&name) && visitor {
        return "VISITOR".to_owned();
    }
    // The usual queue of a workgroup is the workgroup itself.
    if name == "type" && value == "queue" {
        return "workgroup".to_owned();
    }
    if name == "startTime" {
        return "…".to_owned();
    }
    if name == "inviter" {
        return value.split('/').next().unwrap_or_default().to_owned();
    }
    // What the workgroup is called here.
    let mut value = value
        .replace("Front desk", "support")
        .replace("Warmline", "Fastpath");
    if recorded {
        for (then, now) in &names.map {
            if value == *then || value.starts_with(&format!("{then}@")) {
                value = value.replacen(then, now, 1);
            }
        }
    }
    value
}

/// Whether a recorded stanza says nothing of the workgroup service, or what it says is told of in
/// `docs/fastpath.md` as done otherwise.
pub fn is_left_out(stanza: &Element, script: &str) -> bool {
    let from = attr(stanza, "from").unwrap_or_default();
    let of_room = from.contains("@conference.") && stanza.name() == "presence";
    let said = attr(stanza, "type") == Some("groupchat");
    // The server's own.
    let status = stanza
        .children()
        .any(|child| child.name() == "agent-status");
    let of_people = (from.contains("@example.test") && !status) || from == "example.test";
    // In this scenario nobody asked for it; it was asked for in one before.
    let openness = stanza.children().any(|child| child.name() == "workgroup");
    let asks =
        |line: &str| line.starts_with("bridge SENT <presence") && line.contains("to='support@");
    let unasked = stanza.name() == "presence" && openness && !script.lines().any(asks);
    of_room || said || of_people || unasked
}
