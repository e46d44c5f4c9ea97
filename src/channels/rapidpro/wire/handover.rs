//! `/room`: a ticket in, a wish for a conversation out.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::bridge::{Input, Opening, Visitor};
use crate::channels::rapidpro::{RapidProSettings, Reveal, UnknownDepartment};
use crate::conversation::{Brief, Manners};
use crate::ids::{ConversationId, TicketId, Timestamp, WorkgroupName};
use crate::workgroup::Place;

use super::fields::{self, Fields, WireError, clip};

/// Characters of a fact that an agent is shown: an offer is one stanza and must stay small.
const FACT_LIMIT: usize = 1000;
/// How many custom fields an agent is shown.
const CUSTOM_LIMIT: usize = 50;

/// A ticket as it was sent.
#[derive(Clone, Debug)]
pub struct Handover {
    /// The ticket.
    pub ticket: TicketId,
    /// Whose it is.
    pub visitor: Visitor,
    /// RapidPro's id of the contact, by which earlier messages are found.
    pub contact: Option<Uuid>,
    /// When the session began, where the ticket tells it in a form that we know.
    pub session_start: Option<Timestamp>,
    /// The department that the ticket names.
    pub department: Option<String>,
    /// What agents are shown.
    pub brief: Brief,
}

/// The ticket names a department that the channel does not know, and the channel refuses those.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown department")]
pub struct UnknownDepartmentError;

/// Reads a ticket in any of the spellings of the app's two README versions and of the mailroom
/// versions that exist.
///
/// # Errors
/// Where a required member is missing or a member has a wrong type.
pub fn handover(body: &[u8], settings: &RapidProSettings) -> Result<Handover, WireError> {
    let body = fields::parse(body)?;
    let body = Fields::top(&body)?;
    let visitor = super::visitor(&body, &settings.id)?;
    let person = body.object("visitor")?;
    let ticket = body.required_uuid(&["ticketID", "ticketId"])?;
    let department = department(&person)?;
    Ok(Handover {
        ticket: TicketId::new(ticket.to_string()),
        visitor,
        contact: contact(&person, settings)?,
        session_start: session_start(&body, settings),
        brief: brief(&body, &person, settings)?,
        department,
    })
}

impl Handover {
    /// The wish for a conversation of the given new id.
    ///
    /// # Errors
    /// Where the department is unknown and the channel refuses those.
    pub fn into_input(
        self,
        conversation: ConversationId,
        settings: &RapidProSettings,
    ) -> Result<Input, UnknownDepartmentError> {
        let workgroup = workgroup(self.department.as_deref(), settings)?;
        Ok(Input::Open(Opening {
            recall: false,
            manners: Manners {
                report_end: settings.after_talk().is_some(),
                contact: self.contact.map(|contact| contact.to_string()),
                ..Manners::default()
            },
            conversation,
            visitor: self.visitor,
            ticket: Some(self.ticket),
            workgroup,
            refuse_without_agents: settings.refuse_without_agents,
            place: Place::Normal,
            wanted: None,
            wait_ends: settings.wait_ends,
            brief: self.brief,
            earlier: Vec::new(),
        }))
    }
}

fn workgroup(
    department: Option<&str>,
    settings: &RapidProSettings,
) -> Result<WorkgroupName, UnknownDepartmentError> {
    let Some(wanted) = department else {
        return Ok(settings.workgroup.clone());
    };
    let exact = settings.departments.get(wanted);
    let alike = || {
        let wanted = wanted.to_lowercase();
        let mut all = settings.departments.iter();
        all.find(|(name, _)| name.trim().to_lowercase() == wanted)
            .map(|(_, workgroup)| workgroup)
    };
    match (exact.or_else(alike), settings.unknown_department) {
        (Some(workgroup), _) => Ok(workgroup.clone()),
        (None, UnknownDepartment::Default) => Ok(settings.workgroup.clone()),
        (None, UnknownDepartment::Refuse) => Err(UnknownDepartmentError),
    }
}

fn department(person: &Fields<'_>) -> Result<Option<String>, WireError> {
    // `deparment` is how both README versions spell it.
    match person.find(&["department", "deparment"]) {
        Some(Value::Array(_) | Value::Object(_) | Value::Bool(_)) => {
            Err(WireError::Wrong(person.name("department"), "a string"))
        }
        found => Ok(found
            .and_then(fields::shown)
            .map(|name| name.trim().to_owned())),
    }
}

fn contact(person: &Fields<'_>, settings: &RapidProSettings) -> Result<Option<Uuid>, WireError> {
    let found = person.required_uuid(&["contactUUID", "contactUuid"]);
    match found {
        Ok(uuid) => Ok(Some(uuid)),
        Err(error) if settings.require_contact_uuid => Err(error),
        Err(_) => Ok(None),
    }
}

/// `2020-08-03T13:42:53.388037-04:00`, `2020-07-17T10:28-03:00` or `2020-07-17 10:28` (taken as
/// UTC). Anything else is not worth a refused ticket.
fn session_start(body: &Fields<'_>, settings: &RapidProSettings) -> Option<Timestamp> {
    let given = body.find(&["sessionStart"])?;
    let parsed = given.as_str().and_then(|text| {
        let text = text.trim();
        let zoned = text.parse::<jiff::Timestamp>().ok();
        zoned.or_else(|| {
            let local = text.parse::<jiff::civil::DateTime>().ok()?;
            Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
        })
    });
    if parsed.is_none() {
        tracing::warn!(channel = %settings.id, "sessionStart is in no known form, ignored");
    }
    parsed.map(|moment| Timestamp(moment.as_millisecond()))
}

fn brief(
    body: &Fields<'_>,
    person: &Fields<'_>,
    settings: &RapidProSettings,
) -> Result<Brief, WireError> {
    let revealed = |what, names: &[&str]| {
        let shown = settings.reveal.contains(&what);
        shown.then(|| person.shown(names)).flatten()
    };
    let known = [
        ("Department", person.shown(&["department", "deparment"])),
        ("Priority", body.shown(&["priority"])),
        ("Name", revealed(Reveal::Name, &["name"])),
        ("E-mail", revealed(Reveal::Email, &["email"])),
        ("Phone", revealed(Reveal::Phone, &["phone"])),
    ];
    let known = known
        .into_iter()
        .filter_map(|(label, value)| Some((label.to_owned(), clip(&value?, FACT_LIMIT))));
    let mut brief = Brief {
        question: None,
        facts: known.collect(),
    };
    match person.find(&["customFields"]) {
        None => {}
        Some(Value::Object(custom)) => add_custom(custom, &mut brief, settings),
        Some(_) => return Err(WireError::Wrong(person.name("customFields"), "an object")),
    }
    Ok(brief)
}

/// The wire has no place for what the visitor wants; a flow's author can put it into a custom field
/// of the name `question`.
fn add_custom(custom: &Map<String, Value>, brief: &mut Brief, settings: &RapidProSettings) {
    if custom.len() > CUSTOM_LIMIT {
        tracing::warn!(channel = %settings.id, given = custom.len(), "more custom fields than are shown");
    }
    for (label, value) in custom.iter().take(CUSTOM_LIMIT) {
        let Some(value) = fields::shown(value).map(|value| clip(&value, FACT_LIMIT)) else {
            continue;
        };
        if brief.question.is_none() && label.trim().eq_ignore_ascii_case("question") {
            brief.question = Some(value);
        } else {
            brief.facts.push((clip(label, FACT_LIMIT), value));
        }
    }
}
