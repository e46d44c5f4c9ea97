//! What every address of the component answers: what it is, that it is there, which software it
//! runs on (XEP-0030, 0012, 0054, 0092, 0199, 0202).

use std::time::Duration;

use jiff::tz::TimeZone;
use minidom::Element;

use crate::bridge::QueueView;
use crate::ids::{Timestamp, WorkgroupName};

use super::agents::{ADMIN_COMMANDS, AdminCommand, AgentsSettings, COMMANDS, Command, Got, Place};
use super::ns;
use super::stanza::{Build, Condition, attr, element};

/// `FORM_TYPE` of what a workgroup tells of itself (fastpath-protocol §3.4).
const WORKGROUP_INFO: &str = "http://jabber.org/protocol/workgroup#workgroupinfo";
/// What every address understands.
const COMMON: [&str; 6] = [
    ns::DISCO_INFO,
    ns::DISCO_ITEMS,
    ns::PING,
    ns::VERSION,
    ns::LAST,
    ns::TIME,
];

/// How a request is answered.
#[derive(Debug)]
pub(super) enum Reply {
    /// With success.
    Result(Option<Element>),
    /// With an error.
    Refused(Condition),
    /// With a description that needs to be told first whether the workgroup is open.
    Describe(WorkgroupName),
}

impl Reply {
    fn with(payload: Element) -> Self {
        Self::Result(Some(payload))
    }
}

/// Answers a get that every kind of address knows; `None` where it is not one of those.
pub(super) fn answer(settings: &AgentsSettings, got: &Got<'_>, running: Duration) -> Option<Reply> {
    let payload = got.payload()?;
    if !got.is_get() {
        return None;
    }
    let reply = match (payload.name(), payload.ns().as_str()) {
        ("ping", ns::PING) => Reply::Result(None),
        ("query", ns::VERSION) => Reply::with(version(settings)),
        ("query", ns::LAST) => {
            Reply::with(element("query", ns::LAST).with("seconds", &running.as_secs().to_string()))
        }
        ("time", ns::TIME) => Reply::with(time(got.now)),
        ("vCard", ns::VCARD) => card(settings, &got.place),
        ("query", ns::DISCO_INFO) => info(settings, got, payload),
        ("query", ns::DISCO_ITEMS) => items(settings, got, payload),
        _ => return None,
    };
    Some(reply)
}

fn version(settings: &AgentsSettings) -> Element {
    element("query", ns::VERSION)
        .and_text("name", ns::VERSION, "Warmline")
        .and_text("version", ns::VERSION, &settings.version)
}

fn time(now: Timestamp) -> Element {
    element("time", ns::TIME)
        .and_text("tzo", ns::TIME, "+00:00")
        .and_text("utc", ns::TIME, &iso_date(now))
}

/// A date as XEP-0082 writes it, in UTC and whole seconds.
pub(super) fn iso_date(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map(|at| at.to_zoned(TimeZone::UTC))
        .map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

fn card(settings: &AgentsSettings, place: &Place) -> Reply {
    let card = |name: &str| element("vCard", ns::VCARD).and_text("FN", ns::VCARD, name);
    match place {
        Place::Domain => Reply::with(card("Warmline")),
        Place::Visitor(conversation) => Reply::with(card(&conversation.pseudonym())),
        Place::Workgroup(name) => {
            let title = settings.title(name);
            Reply::with(card(title).and_text("NICKNAME", ns::VCARD, title).and_text(
                "JABBERID",
                ns::VCARD,
                &settings.jid(name),
            ))
        }
        Place::Nobody => Reply::Refused(Condition::ItemNotFound),
    }
}

fn info(settings: &AgentsSettings, got: &Got<'_>, query: &Element) -> Reply {
    match (&got.place, attr(query, "node")) {
        (Place::Domain, None) => {
            let more = [ns::WORKGROUP, ns::COMMANDS, ns::VCARD];
            let workgroup = ("collaboration", "workgroup", "Warmline");
            Reply::with(about(None, workgroup, &[&COMMON[..], &more]))
        }
        (Place::Domain, Some(node @ ns::COMMANDS)) => {
            let workgroup = ("collaboration", "workgroup", "Warmline");
            let features = [ns::DISCO_INFO, ns::COMMANDS];
            Reply::with(about(Some(node), workgroup, &[&features]))
        }
        (Place::Domain, Some(node)) => match AdminCommand::named(node) {
            Some(_) if !settings.is_admin(&got.from) => Reply::Refused(Condition::Forbidden),
            Some(command) => {
                let command = ("automation", "command-node", command.title());
                let features = [ns::DISCO_INFO, ns::COMMANDS, ns::DATA_FORMS];
                Reply::with(about(Some(node), command, &[&features]))
            }
            None => Reply::Refused(Condition::ItemNotFound),
        },
        (Place::Workgroup(name), None) => Reply::Describe(name.clone()),
        (Place::Workgroup(_), Some(node)) => command_info(settings, got, node),
        (Place::Visitor(conversation), None) => {
            let more = [ns::CHAT_STATES, ns::OOB, ns::CORRECTION, ns::VCARD];
            let name = conversation.pseudonym();
            let visitor = ("client", "bot", name.as_str());
            Reply::with(about(None, visitor, &[&COMMON[..], &more]))
        }
        _ => Reply::Refused(Condition::ItemNotFound),
    }
}

/// What a workgroup is, and whether it is open.
pub(super) fn describe(settings: &AgentsSettings, view: &QueueView) -> Element {
    let field = |var: &str, label: &str, value: &str| {
        element("field", ns::DATA_FORMS)
            .with("var", var)
            .with("label", label)
            .and_text("value", ns::DATA_FORMS, value)
    };
    let kind = element("field", ns::DATA_FORMS)
        .with("var", "FORM_TYPE")
        .with("type", "hidden")
        .and_text("value", ns::DATA_FORMS, WORKGROUP_INFO);
    let status = match (view.open, view.closed) {
        (true, _) => "OPEN",
        (false, true) => "CLOSED",
        (false, false) => "READY",
    };
    let title = settings.title(&view.workgroup);
    let form = element("x", ns::DATA_FORMS)
        .with("type", "result")
        .and(kind)
        .and(field("workgroup#description", "Description", title))
        .and(field("workgroup#online", "Status", status));
    let name = view.workgroup.as_str();
    let workgroup = ("collaboration", "workgroup", name);
    about(None, workgroup, &[&COMMON[..], &[ns::COMMANDS, ns::VCARD]]).and(form)
}

fn command_info(settings: &AgentsSettings, got: &Got<'_>, node: &str) -> Reply {
    let command = Command::named(node);
    if command.is_none() && node != ns::COMMANDS {
        return Reply::Refused(Condition::ItemNotFound);
    }
    if settings.agent(&got.from).is_none() {
        return Reply::Refused(Condition::Forbidden);
    }
    let identity = match command {
        Some(command) => ("automation", "command-node", command.title()),
        None => ("automation", "command-list", "Commands"),
    };
    let features = [ns::DISCO_INFO, ns::COMMANDS, ns::DATA_FORMS];
    Reply::with(about(Some(node), identity, &[&features]))
}

fn about(
    node: Option<&str>,
    (category, kind, name): (&str, &str, &str),
    features: &[&[&str]],
) -> Element {
    let mut query = query(ns::DISCO_INFO, node).and(
        element("identity", ns::DISCO_INFO)
            .with("category", category)
            .with("type", kind)
            .with("name", name),
    );
    for feature in features.iter().copied().flatten() {
        query = query.and(element("feature", ns::DISCO_INFO).with("var", feature));
    }
    query
}

fn query(namespace: &str, node: Option<&str>) -> Element {
    let query = element("query", namespace);
    match node {
        Some(node) => query.with("node", node),
        None => query,
    }
}

fn items(settings: &AgentsSettings, got: &Got<'_>, asked: &Element) -> Reply {
    let node = attr(asked, "node");
    let list = query(ns::DISCO_ITEMS, node);
    match (&got.place, node) {
        (Place::Domain, None) => {
            let names = settings.workgroups.keys();
            Reply::with(names.fold(list, |list, name| {
                list.and(item(&settings.jid(name)).with("name", name.as_str()))
            }))
        }
        (Place::Workgroup(name), Some(ns::COMMANDS)) => {
            if settings.agent(&got.from).is_none() {
                return Reply::Refused(Condition::Forbidden);
            }
            let jid = settings.jid(name);
            Reply::with(COMMANDS.iter().fold(list, |list, command| {
                let item = item(&jid).with("node", command.node());
                list.and(item.with("name", command.title()))
            }))
        }
        (Place::Domain, Some(ns::COMMANDS)) if settings.is_admin(&got.from) => {
            Reply::with(ADMIN_COMMANDS.iter().fold(list, |list, command| {
                let item = item(&settings.domain).with("node", command.node());
                list.and(item.with("name", command.title()))
            }))
        }
        (Place::Domain, Some(ns::COMMANDS)) | (Place::Workgroup(_) | Place::Visitor(_), None) => {
            Reply::with(list)
        }
        (Place::Domain, Some(_)) => Reply::Refused(Condition::ServiceUnavailable),
        _ => Reply::Refused(Condition::ItemNotFound),
    }
}

fn item(jid: &str) -> Element {
    element("item", ns::DISCO_ITEMS).with("jid", jid)
}
