//! A room's configuration form: filled in so that the room is private, quiet and lasting.

use minidom::Element;

use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, attr, child, element};

/// What rooms are to be called.
pub(super) struct Titles<'a> {
    pub(super) name: &'a str,
    pub(super) description: &'a str,
    /// How many messages are to be remembered.
    pub(super) history: u32,
}

/// The answer to a configuration form (XEP-0045 §10.2), with those of our wishes that it offers:
/// ejabberd refuses a form with an unknown field.
pub(super) fn submission(form: &Element, titles: &Titles<'_>) -> Element {
    let kind = field("FORM_TYPE", &[ns::MUC_ROOM_CONFIG.to_owned()]).with("type", "hidden");
    let mut answer = element("x", ns::DATA_FORMS)
        .with("type", "submit")
        .and(kind);
    for offered in form.children().filter(|c| c.is("field", ns::DATA_FORMS)) {
        let wish = attr(offered, "var").and_then(|var| wish(var, offered, titles));
        if let (Some(var), Some(values)) = (attr(offered, "var"), wish) {
            answer.append_child(field(var, &values));
        }
    }
    answer
}

/// Whether the service marks the names of destroyed rooms as taken if they were persistent, as
/// Prosody does: for a month, in one list that it writes anew with each change of any room
/// (`muc_tombstones`). Its form has fields of its own.
pub(super) fn keeps_tombstones(form: &Element) -> bool {
    let mut fields = form.children().filter_map(|field| attr(field, "var"));
    fields.any(|var| var.starts_with("{http://prosody.im/protocol/muc}"))
}

/// The change of a room's configuration that makes its destruction leave no trace.
pub(super) fn fleeting() -> Element {
    let kind = field("FORM_TYPE", &[ns::MUC_ROOM_CONFIG.to_owned()]).with("type", "hidden");
    let persistent = field("muc#roomconfig_persistentroom", &["0".to_owned()]);
    element("x", ns::DATA_FORMS)
        .with("type", "submit")
        .and(kind)
        .and(persistent)
}

fn wish(var: &str, offered: &Element, titles: &Titles<'_>) -> Option<Vec<String>> {
    let one = |value: &str| Some(vec![value.to_owned()]);
    let name = var.rsplit_once('#').map_or(var, |(_, name)| name);
    match name.strip_prefix("roomconfig_").unwrap_or(name) {
        "roomname" => one(titles.name),
        "roomdesc" => one(titles.description),
        "persistentroom" | "membersonly" | "changesubject" => one("1"),
        "publicroom" | "moderatedroom" | "passwordprotectedroom" | "allowinvites" => one("0"),
        "whois" => one("moderators"),
        "presencebroadcast" => Some(
            ["moderator", "participant", "visitor"]
                .map(Into::into)
                .into(),
        ),
        "historylength" => Some(vec![longest(offered, titles.history)]),
        // The archive: Prosody's muc_mam, ejabberd's mod_mam.
        "enablearchiving" | "mam" => one("1"),
        // Whispers to agents must get through (ejabberd).
        "allow_private_messages" | "members_by_default" => one("1"),
        _ => None,
    }
}

/// The longest history that a list of choices allows; where there is no list, what is wanted.
fn longest(offered: &Element, wanted: u32) -> String {
    let choices = offered
        .children()
        .filter(|c| c.is("option", ns::DATA_FORMS))
        .filter_map(|option| child(option, "value", ns::DATA_FORMS)?.text().parse().ok());
    let longest: Option<u32> = choices.max();
    longest.unwrap_or(wanted).to_string()
}

/// A field of a form, with its values.
pub(super) fn field(var: &str, values: &[String]) -> Element {
    let mut field = element("field", ns::DATA_FORMS).with("var", var);
    for value in values {
        field = field.and_text("value", ns::DATA_FORMS, value);
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    const TITLES: Titles<'_> = Titles {
        name: "Visitor-7K2M",
        description: "support",
        history: 1000,
    };

    fn answers(fields: &str) -> Vec<String> {
        let form: Element = format!("<x xmlns='jabber:x:data' type='form'>{fields}</x>")
            .parse()
            .unwrap();
        let answer = submission(&form, &TITLES);
        let shown = |field: &Element| {
            let values: Vec<String> = field.children().map(Element::text).collect();
            format!("{}={}", attr(field, "var").unwrap(), values.join(","))
        };
        answer.children().skip(1).map(shown).collect()
    }

    #[test]
    fn only_what_is_offered_is_answered() {
        let offered = "<field var='FORM_TYPE' type='hidden'><value>x</value></field>\
            <field type='fixed'><value>Room</value></field>\
            <field var='muc#roomconfig_membersonly' type='boolean'/>\
            <field var='muc#roomconfig_roomsecret' type='text-private'/>\
            <field var='muc#roomconfig_presencebroadcast' type='list-multi'/>\
            <field var='mam' type='boolean'/>";
        assert_eq!(
            answers(offered),
            [
                "muc#roomconfig_membersonly=1",
                "muc#roomconfig_presencebroadcast=moderator,participant,visitor",
                "mam=1"
            ]
        );
    }

    #[test]
    fn the_history_is_as_long_as_it_may_be() {
        let var = "var='muc#roomconfig_historylength'";
        assert_eq!(
            answers(&format!("<field {var}/>")),
            ["muc#roomconfig_historylength=1000"]
        );
        let options: String = ["0", "50", "20"]
            .map(|n| format!("<option><value>{n}</value></option>"))
            .concat();
        assert_eq!(
            answers(&format!("<field {var}>{options}</field>")),
            ["muc#roomconfig_historylength=50"]
        );
    }
}
