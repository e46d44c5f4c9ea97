//! Forms and settings as visitors' clients ask for them (fastpath-protocol §6).

use minidom::Element;

use crate::xmpp::agents::{Face, Field, Offline};
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, element};

/// What visitors are asked before joining. Spark shows an offer without its buttons where this
/// cannot be had.
pub fn visitor_form(face: &Face) -> Element {
    let form = element("x", ns::DATA_FORMS).with("type", "form");
    let form = face
        .form
        .iter()
        .fold(form, |form, one| form.and(field(one)));
    element("workgroup-form", ns::JIVE_WORKGROUP).and(form)
}

fn field(one: &Field) -> Element {
    let mut field = element("field", ns::DATA_FORMS)
        .with("var", &one.name)
        .with("type", &one.kind)
        .with("label", &one.label);
    for value in &one.options {
        field = if one.kind == "hidden" {
            field.and_text("value", ns::DATA_FORMS, value)
        } else {
            let option = element("option", ns::DATA_FORMS).with("label", value);
            field.and(option.and_text("value", ns::DATA_FORMS, value))
        };
    }
    if one.required {
        field = field.and(element("required", ns::DATA_FORMS));
    }
    field
}

/// The answer to a client that asks for a setting; `None` where there is no such thing.
pub fn setting(face: &Face, asked: &Element) -> Option<Element> {
    match asked.name() {
        "workgroup-form" => Some(visitor_form(face)),
        "workgroup-properties" => Some(properties(face)),
        "chat-settings" => chat_settings(face, asked),
        "offline-settings" => Some(offline(face.offline.as_ref()?)),
        "sound-settings" => {
            let (outgoing, incoming) = face.sounds.as_ref()?;
            let sounds = element("sound-settings", ns::JIVE_WORKGROUP);
            Some(
                sounds
                    .and_text("outgoingSound", ns::JIVE_WORKGROUP, outgoing)
                    .and_text("incomingSound", ns::JIVE_WORKGROUP, incoming),
            )
        }
        _ => None,
    }
}

/// Names and addresses of accounts are not told, whoever is asked about.
fn properties(face: &Face) -> Element {
    let required = if face.auth_required { "true" } else { "false" };
    let properties = element("workgroup-properties", ns::JIVE_WORKGROUP);
    properties.and_text("authRequired", ns::JIVE_WORKGROUP, required)
}

fn chat_settings(face: &Face, asked: &Element) -> Option<Element> {
    let (key, kind) = (attr(asked, "key"), attr(asked, "type"));
    let kind: Option<u8> = kind.and_then(|kind| kind.trim().parse().ok());
    let wanted = |name: &str, of: u8| {
        key.is_none_or(|key| key == name) && kind.is_none_or(|kind| kind == of)
    };
    let all = face.settings.iter();
    let found: Vec<_> = all.filter(|one| wanted(&one.key, one.kind)).collect();
    if found.is_empty() && key.is_some() {
        return None;
    }
    let list = element("chat-settings", ns::JIVE_WORKGROUP);
    Some(found.into_iter().fold(list, |list, one| {
        let setting = element("chat-setting", ns::JIVE_WORKGROUP);
        list.and(
            setting
                .and_text("key", ns::JIVE_WORKGROUP, &one.key)
                .and_text("value", ns::JIVE_WORKGROUP, &one.value)
                .and_text("type", ns::JIVE_WORKGROUP, &one.kind.to_string()),
        )
    }))
}

/// Exactly one of three shapes.
fn offline(what: &Offline) -> Element {
    let settings = element("offline-settings", ns::JIVE_WORKGROUP);
    match what {
        Offline::Page(url) => settings.and_text("redirectPage", ns::JIVE_WORKGROUP, url),
        Offline::Room(jid) => settings.and_text("redirectMUC", ns::JIVE_WORKGROUP, jid),
        Offline::Mail {
            address,
            subject,
            text,
        } => settings
            .and_text("emailAddress", ns::JIVE_WORKGROUP, address)
            .and_text("offlineText", ns::JIVE_WORKGROUP, text)
            .and_text("subject", ns::JIVE_WORKGROUP, subject),
    }
}
