//! What a visitor's client and a Fastpath service say to one another (fastpath-protocol §5, §9.3).

use minidom::Element;

use crate::bridge::{MOST_OF_A_VALUE, SeekPlan};
use crate::xmpp::address::Address;
use crate::xmpp::fastpath;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, child_text, element};

/// The form field that tells whether a workgroup is open (fastpath-protocol §3.4).
const ONLINE: &str = "workgroup#online";
/// The most characters of a fact's name.
const MOST_OF_A_NAME: usize = 100;
/// Names that mean something to the service, beside those that its clients know (fastpath-protocol §5.1):
/// what a bot tells of its visitor must steer neither.
const OF_THE_SERVICE: [&str; 4] = ["email", "agent", "password", "FORM_TYPE"];

/// A place in the line, as the service tells it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) session: String,
    pub(super) place: u32,
    pub(super) seconds: u64,
}

/// An invitation into a room.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Invitation {
    /// The room.
    pub(super) room: Address,
    /// Who invites, as the room tells.
    pub(super) inviter: Address,
    /// The session, where it is told.
    pub(super) session: Option<String>,
}

/// Asks for a place in the line. The form is required, even an empty one (Fastpath answers with
/// an internal error otherwise); a value is at most 200 characters long; none is without a name.
pub(super) fn join(plan: &SeekPlan, visitor: &str) -> Element {
    let value = |name: &str, text: &str| {
        let value = element("value", ns::JIVE_WORKGROUP).with("name", name);
        with_text(value, text)
    };
    let metadata = element("metadata", ns::JIVE_WORKGROUP)
        .and(value("userID", visitor))
        .and(value("username", &plan.pseudonym));
    let mut form = element("x", ns::DATA_FORMS)
        .with("type", "submit")
        .and(field("username", &plan.pseudonym));
    if let Some(email) = plan.brief.fact("email") {
        form = form.and(field("email", email));
    }
    let question = plan.brief.question.as_deref().unwrap_or_default();
    form = form.and(field("question", question));
    for (name, text) in facts(plan) {
        form = form.and(field(&name, &text));
    }
    element("join-queue", ns::WORKGROUP)
        .and(element("queue-notifications", ns::WORKGROUP))
        .and(element("user", ns::JIVE_WORKGROUP).with("id", visitor))
        .and(metadata)
        .and(form)
}

fn facts(plan: &SeekPlan) -> Vec<(String, String)> {
    let mut told: Vec<(String, String)> = Vec::new();
    for (name, text) in &plan.brief.facts {
        let name: String = name.trim().chars().take(MOST_OF_A_NAME).collect();
        let known = |other: &str| other.eq_ignore_ascii_case(&name);
        let reserved = fastpath::RESERVED.iter().chain(&OF_THE_SERVICE);
        let taken = reserved.copied().any(known) || told.iter().any(|(other, _)| known(other));
        if name.is_empty() || taken || text.trim().is_empty() {
            continue;
        }
        told.push((name, text.trim().to_owned()));
    }
    told.truncate(fastpath::MOST_FACTS);
    told
}

fn field(name: &str, text: &str) -> Element {
    let value = with_text(element("value", ns::DATA_FORMS), &short(text));
    element("field", ns::DATA_FORMS)
        .with("var", name)
        .and(value)
}

fn with_text(mut element: Element, text: &str) -> Element {
    element.append_text_node(text);
    element
}

fn short(text: &str) -> String {
    if text.chars().count() <= MOST_OF_A_VALUE {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(MOST_OF_A_VALUE - 1).collect();
    cut.push('…');
    cut
}

/// Gives the place in the line up.
pub(super) fn depart() -> Element {
    element("depart-queue", ns::WORKGROUP)
}

/// Asks for the place in the line.
pub(super) fn poll() -> Element {
    element("queue-status", ns::WORKGROUP)
}

/// Whether a workgroup says that it is open; `None` where it does not tell.
pub(super) fn is_open(iq: &Element) -> Option<bool> {
    let query = child(iq, "query", ns::DISCO_INFO)?;
    let form = child(query, "x", ns::DATA_FORMS)?;
    let mut fields = form.children().filter(|c| c.is("field", ns::DATA_FORMS));
    let online = fields.find(|field| attr(field, "var") == Some(ONLINE))?;
    let state = child_text(online, "value", ns::DATA_FORMS)?;
    Some(state.trim().eq_ignore_ascii_case("open"))
}

/// The place in the line that a message or a request tells.
pub(super) fn status(stanza: &Element) -> Option<Status> {
    let status = fastpath::child(stanza, "queue-status")?;
    let number = |name| fastpath::child(status, name).map(|number| number.text());
    let session = fastpath::child(status, "session").and_then(|session| attr(session, "id"));
    Some(Status {
        session: session?.to_owned(),
        place: number("position")?.trim().parse().ok()?,
        seconds: number("time")
            .and_then(|n| n.trim().parse().ok())
            .unwrap_or_default(),
    })
}

/// Whether a message says that the visitor stands in the line no more; `Some(true)` where somebody
/// wanted that, else nobody came.
pub(super) fn departed(message: &Element) -> Option<bool> {
    let told = fastpath::child(message, "depart-queue")?;
    Some(fastpath::child(told, "agent-not-found").is_none())
}

/// An invitation into a room, mediated by it (XEP-0045 §7.8.2).
pub(super) fn invitation(message: &Element) -> Option<Invitation> {
    if !message.is("message", ns::CLIENT) || attr(message, "type") == Some("error") {
        return None;
    }
    let invite = child(child(message, "x", ns::MUC_USER)?, "invite", ns::MUC_USER)?;
    let told = child(message, "x", ns::DIRECT_INVITE).and_then(|x| attr(x, "jid"));
    let from = attr(message, "from")?;
    let room = Address::parse(from).filter(|from| from.local.is_some());
    let session = fastpath::child(message, "session").and_then(|session| attr(session, "id"));
    Some(Invitation {
        room: room.or_else(|| told.and_then(Address::parse))?,
        inviter: attr(invite, "from").and_then(Address::parse)?,
        session: session.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::SeekHow;
    use crate::conversation::Brief;
    use crate::ids::WorkgroupName;

    fn plan(question: &str, facts: &[(&str, &str)]) -> SeekPlan {
        let pair = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        SeekPlan {
            workgroup: WorkgroupName::new("support"),
            address: "support@workgroup.example.test".into(),
            pseudonym: "Visitor-7K2M".into(),
            brief: Brief {
                question: Some(question.to_owned()),
                facts: facts.iter().map(pair).collect(),
            },
            session: None,
            how: SeekHow::New,
        }
    }

    fn fields(join: &Element) -> Vec<(String, String)> {
        let form = child(join, "x", ns::DATA_FORMS).unwrap();
        let fields = form.children().map(|field| {
            let value = child_text(field, "value", ns::DATA_FORMS).unwrap();
            (attr(field, "var").unwrap_or_default().to_owned(), value)
        });
        fields.collect()
    }

    #[test]
    fn a_join_bears_short_values_with_names_and_steers_nobody() {
        let long = "ä".repeat(300);
        let facts = [
            ("Email", "robin@mail.example"),
            ("Department", "it"),
            ("department", "again"),
            ("", "nameless"),
            ("agent", "ana"),
            ("ignore", "ben"),
            ("referer", "https://evil.example"),
            ("Topic", long.as_str()),
        ];
        let join = join(&plan(&long, &facts), "v-1@bridge.example.test");
        let fields = fields(&join);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            ["username", "email", "question", "Department", "Topic"]
        );
        assert!(fields.iter().all(|(_, value)| value.chars().count() <= 200));
        assert_eq!(fields[1].1, "robin@mail.example");
        assert!(fields[2].1.ends_with('…'));
        let xml = String::from(&join);
        assert!(xml.contains("<user xmlns='http://jivesoftware.com/protocol/workgroup' id='v-1@"));
        assert!(
            xml.contains("name='userID'>v-1@bridge.example.test<"),
            "{xml}"
        );
    }

    #[test]
    fn recorded_stanzas_are_read() {
        let read = |xml: &str| -> Element {
            xml.replacen(' ', " xmlns='jabber:client' ", 1)
                .parse()
                .unwrap()
        };
        let told = read(
            "<message from=\"support@workgroup.example.test\" to=\"v1@bridge.example.test/web\"><queue-status xmlns=\"http://jabber.org/protocol/workgroup\"><time>15</time><position>1</position><session xmlns=\"http://jivesoftware.com/protocol/workgroup\" id=\"th2qwo4\" workgroup=\"support@workgroup.example.test\"/></queue-status></message>",
        );
        let expected = Status {
            session: "th2qwo4".into(),
            place: 1,
            seconds: 15,
        };
        assert_eq!(status(&told), Some(expected));
        assert_eq!(departed(&told), None);
        let invited = read(
            "<message from=\"th2qwo4@conference.example.test\" to=\"v1@bridge.example.test/web\"><workgroup xmlns=\"http://jabber.org/protocol/workgroup\" jid=\"support@workgroup.example.test\"/><session xmlns=\"http://jivesoftware.com/protocol/workgroup\" id=\"th2qwo4\"/><x xmlns=\"http://jabber.org/protocol/muc#user\"><invite from=\"support@workgroup.example.test\"><reason>Please join me for a chat.</reason></invite></x><x xmlns=\"jabber:x:conference\" jid=\"th2qwo4@conference.example.test\"/></message>",
        );
        let expected = Invitation {
            room: Address::parse("th2qwo4@conference.example.test").unwrap(),
            inviter: Address::parse("support@workgroup.example.test").unwrap(),
            session: Some("th2qwo4".into()),
        };
        assert_eq!(invitation(&invited), Some(expected));
        for (reason, wanted) in [("departure-requested", true), ("agent-not-found", false)] {
            let xml = format!(
                "<message from='a@b'><depart-queue xmlns='{}'><{reason}/></depart-queue></message>",
                ns::WORKGROUP
            );
            assert_eq!(departed(&read(&xml)), Some(wanted));
        }
        let ready = read(
            "<iq type=\"result\" id=\"q3\" from=\"support@workgroup.example.test\" to=\"v1@bridge.example.test/web\"><query xmlns=\"http://jabber.org/protocol/disco#info\"><identity category=\"collaboration\" name=\"support\" type=\"workgroup\"/><feature var=\"http://jabber.org/protocol/disco#info\"/><x xmlns=\"jabber:x:data\" type=\"result\"><field var=\"FORM_TYPE\" type=\"hidden\"><value>http://jabber.org/protocol/workgroup#workgroupinfo</value></field><field var=\"workgroup#description\" label=\"Description\"><value>Test support workgroup</value></field><field var=\"workgroup#online\" label=\"Status\"><value>READY</value></field></x></query></iq>",
        );
        assert_eq!(is_open(&ready), Some(false));
    }
}
