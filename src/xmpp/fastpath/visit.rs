//! Visitors at XMPP clients: what they join with, and what they are told (fastpath-protocol §5).

use minidom::Element;

use crate::bridge::PlaceView;
use crate::conversation::Brief;
use crate::ids::{VisitorToken, WorkgroupName};
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, element};

use super::queue::seconds;
use super::{child as ours, is_ours};

/// The channel by which visitors at XMPP clients come.
pub const CHANNEL: &str = "xmpp";

/// So many values of a join are kept; whoever sends more is heard without the rest.
const MOST_VALUES: usize = 100;
/// The most characters of a name and of a value that are kept.
const MOST_OF_A_NAME: usize = 100;
const MOST_OF_A_VALUE: usize = 2_000;

/// Who joined where. The same client may wait in several workgroups, once in each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The workgroup that was asked, whoever serves in the end.
    pub workgroup: WorkgroupName,
    /// The visitor's full JID, as the join came from it.
    pub jid: String,
}

impl Joined {
    /// By what the core knows the visitor.
    pub fn token(&self) -> VisitorToken {
        VisitorToken::new(format!("{}/{}", self.workgroup, self.jid))
    }

    /// The same, read back.
    pub fn read(token: &VisitorToken) -> Option<Self> {
        // A local part holds no slash (RFC 7622 §3.3.1).
        let (workgroup, jid) = token.as_str().split_once('/')?;
        Some(Self {
            workgroup: WorkgroupName::new(workgroup),
            jid: jid.to_owned(),
        })
    }
}

/// Why a visitor waits no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// The visitor, or somebody of the workgroup, wanted that.
    Requested,
    /// Nobody came.
    AgentNotFound,
}

/// What is told of a visitor who joins: the form's fields go before equal names in `metadata`; of
/// `metadata` the last value of a name counts. Values without a name, and passwords, are nobody's.
pub fn brief(join: &Element) -> Brief {
    let mut facts = metadata(join);
    let fields = form(join);
    facts.retain(|(name, _)| !fields.iter().any(|(other, _)| other == name));
    facts.extend(fields);
    facts.retain(|(name, value)| {
        let secret = ["password", "FORM_TYPE"].contains(&name.as_str());
        !name.is_empty() && !value.is_empty() && !secret
    });
    let user = ours(join, "user").and_then(|user| attr(user, "id"));
    if let Some(user) = user.filter(|_| !facts.iter().any(|(name, _)| name == "userID")) {
        facts.push(("userID".to_owned(), short(user, MOST_OF_A_VALUE)));
    }
    facts.truncate(MOST_VALUES);
    let asked = facts.iter().position(|(name, _)| name == "question");
    let question = asked.map(|at| facts.remove(at).1);
    Brief { question, facts }
}

fn metadata(join: &Element) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    let values = ours(join, "metadata")
        .into_iter()
        .flat_map(Element::children);
    for value in values.filter(|value| value.name() == "value" && is_ours(value)) {
        let Some(name) = attr(value, "name") else {
            continue;
        };
        let fact = fact(name, &value.text());
        match facts.iter().position(|(other, _)| *other == fact.0) {
            Some(at) => {
                facts.remove(at);
                facts.insert(at, fact);
            }
            None if facts.len() < MOST_VALUES => facts.push(fact),
            None => {}
        }
    }
    facts
}

fn form(join: &Element) -> Vec<(String, String)> {
    let form = child(join, "x", ns::DATA_FORMS);
    let fields = form.into_iter().flat_map(Element::children);
    let fields = fields.filter(|field| field.is("field", ns::DATA_FORMS));
    let named = fields.filter_map(|field| Some((attr(field, "var")?, field)));
    let values = named.flat_map(|(name, field)| {
        let values = field.children().filter(|c| c.is("value", ns::DATA_FORMS));
        values.map(move |value| fact(name, &value.text()))
    });
    values.take(MOST_VALUES).collect()
}

fn fact(name: &str, value: &str) -> (String, String) {
    let name = short(name.trim(), MOST_OF_A_NAME);
    (name, short(value.trim(), MOST_OF_A_VALUE))
}

fn short(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Where a visitor stands in the line.
pub fn queue_status((domain, joined): (&str, &Joined), view: &PlaceView) -> Element {
    let session = element("session", ns::JIVE_WORKGROUP)
        .with("id", view.conversation.as_str())
        .with("workgroup", &format!("{}@{domain}", joined.workgroup));
    let time = seconds(view.usual_wait, view.place);
    element("queue-status", ns::WORKGROUP)
        .and_text("time", ns::WORKGROUP, &time.to_string())
        .and_text("position", ns::WORKGROUP, &view.place.to_string())
        .and(session)
}

/// The same as it is pushed: without an id and without a type.
pub fn queue_status_message((domain, joined): (&str, &Joined), view: &PlaceView) -> Element {
    to_visitor(domain, joined).and(queue_status((domain, joined), view))
}

/// Tells a visitor that the wait is over, and why.
pub fn departed(domain: &str, joined: &Joined, why: Departure) -> Element {
    let reason = match why {
        Departure::Requested => "departure-requested",
        Departure::AgentNotFound => "agent-not-found",
    };
    let departed = element("depart-queue", ns::WORKGROUP);
    to_visitor(domain, joined).and(departed.and(element(reason, ns::WORKGROUP)))
}

fn to_visitor(domain: &str, joined: &Joined) -> Element {
    let from = format!("{}@{domain}", joined.workgroup);
    // Without a type and without an id, as Fastpath itself sends it.
    element("message", ns::CLIENT)
        .with("from", &from)
        .with("to", &joined.jid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(inside: &str) -> Brief {
        let join = format!(
            "<join-queue xmlns='{}'>{inside}</join-queue>",
            ns::WORKGROUP
        );
        brief(&join.parse().unwrap())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn the_form_goes_before_metadata_and_the_last_of_equal_names_counts() {
        let told = read(
            "<user xmlns='http://jivesoftware.com/protocol/workgroup' id='u-1'/>\
             <metadata xmlns='http://jivesoftware.com/protocol/workgroup'>\
             <value name='username'> one </value><value name='username'>two</value>\
             <value name='product'>a</value><value>nameless</value></metadata>\
             <x xmlns='jabber:x:data' type='submit'><field var='product'><value>b</value>\
             <value>c</value></field><field><value>nameless</value></field>\
             <field var='question'><value>why?</value></field>\
             <field var='password'><value>secret</value></field></x>",
        );
        assert_eq!(told.question.as_deref(), Some("why?"));
        assert_eq!(
            told.facts,
            [
                pair("username", "two"),
                pair("product", "b"),
                pair("product", "c"),
                pair("userID", "u-1")
            ]
        );
    }

    #[test]
    fn a_thousand_fields_and_endless_values_are_cut() {
        let fields: String = (0..1_000)
            .map(|n| {
                format!(
                    "<field var='f{n}'><value>{}</value></field>",
                    "x".repeat(5_000)
                )
            })
            .collect();
        let told = read(&format!("<x xmlns='jabber:x:data'>{fields}</x>"));
        assert_eq!(told.facts.len(), MOST_VALUES);
        assert!(told.facts.iter().all(|(_, v)| v.len() <= MOST_OF_A_VALUE));
        assert_eq!(read(""), Brief::default());
    }

    #[test]
    fn a_token_is_read_back() {
        let joined = Joined {
            workgroup: WorkgroupName::new("help"),
            jid: "v1@web.acme.example/a/b".to_owned(),
        };
        assert_eq!(Joined::read(&joined.token()), Some(joined));
    }
}
