//! `POST /v1/tickets`: a ticket in, a wish for a conversation out.

use serde_json::Value;
use url::Url;
use uuid::Uuid;

use crate::bridge::Opening;
use crate::channels::fields::{self, Fields, WireError, clip};
use crate::channels::weni::WeniSettings;
use crate::config::Reveal;
use crate::conversation::{Author, Brief, Earlier, Manners, Words};
use crate::ids::{ConversationId, TicketId, Timestamp, WorkgroupName};
use crate::workgroup::Place;

use super::moment;

/// Characters of a fact that an agent is shown: an offer is one stanza and must stay small.
const FACT_LIMIT: usize = 1000;
/// Characters of a callback address.
const URL_LIMIT: usize = 2048;

/// A ticket as it was sent.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Mailroom's id, and ours.
    pub id: String,
    /// Where mailroom wants to be called, where it tells an address that can be.
    pub callback: Option<String>,
    /// When it was opened there.
    pub opened_at: Option<Timestamp>,
    workgroup: WorkgroupName,
    language: Option<String>,
    /// As whom Weni's flows know the person; only where a flow is to run after the talk.
    contact: Option<String>,
    brief: Brief,
    earlier: Vec<Earlier>,
}

/// Reads a ticket.
///
/// # Errors
/// Where it has no id, or a member has a wrong type.
pub fn open(body: &[u8], settings: &WeniSettings) -> Result<Ticket, WireError> {
    let body = fields::parse(body)?;
    let body = Fields::top(&body)?;
    let id = body.required_uuid(&["ticket_id"])?;
    let opened_at = moment(&body, "opened_at")?;
    let contact = part(&body, "contact")?;
    let topic = part(&body, "topic")?;
    let metadata = part(&body, "metadata")?;
    let said = body
        .text("body")?
        .map(str::trim)
        .filter(|said| is_words(said));
    let language = text(contact.as_ref(), "language")?;
    let mut brief = Brief {
        question: said.map(|said| clip(said, FACT_LIMIT)),
        facts: Vec::new(),
    };
    let known = [
        ("Topic", text(topic.as_ref(), "name")?),
        ("Flow", inner(metadata.as_ref(), "flow", "name")?),
        ("Channel", inner(metadata.as_ref(), "channel", "name")?),
        ("Project", text(metadata.as_ref(), "project_name")?),
        ("Language", language.clone()),
        ("Assignee", assignee(&body)?),
        ("Name", name(contact.as_ref(), settings)?),
        ("Phone", phone(contact.as_ref(), settings)?),
    ];
    let known = known.into_iter();
    brief.facts = known
        .filter_map(|(label, value)| Some((label.to_owned(), clip(&value?, FACT_LIMIT))))
        .collect();
    Ok(Ticket {
        id: id.hyphenated().to_string(),
        callback: callback(metadata.as_ref(), settings)?,
        workgroup: workgroup(topic.as_ref(), settings)?,
        contact: reference(contact.as_ref())?.filter(|_| settings.keys.on_close.is_some()),
        earlier: whole(said, opened_at),
        opened_at,
        language,
        brief,
    })
}

impl Ticket {
    /// The wish for a conversation of the given new id.
    pub fn into_opening(self, conversation: ConversationId, settings: &WeniSettings) -> Opening {
        Opening {
            conversation,
            visitor: settings.visitor(&self.id),
            ticket: Some(TicketId::new(self.id)),
            workgroup: self.workgroup,
            refuse_without_agents: settings.refuse_without_agents,
            wait_ends: settings.wait_ends,
            brief: self.brief,
            earlier: self.earlier,
            recall: false,
            manners: Manners {
                language: self.language,
                // Mailroom's own end is a mark in the lane: until all before it is told, nothing
                // is opened again.
                every_end: true,
                reopens: true,
                report_end: self.contact.is_some(),
                contact: self.contact,
                ..Manners::default()
            },
            place: Place::Normal,
            wanted: None,
        }
    }
}

/// Tickets that were opened by the API bear options of mailroom's in place of words.
fn is_words(said: &str) -> bool {
    !said.is_empty() && !serde_json::from_str::<Value>(said).is_ok_and(|value| value.is_object())
}

/// What is too long to be shown with an offer is shown with what was said before.
fn whole(said: Option<&str>, opened_at: Option<Timestamp>) -> Vec<Earlier> {
    let long = said.filter(|said| said.chars().count() > FACT_LIMIT);
    let entry = long.map(|said| Earlier {
        author: Author::Bot,
        words: Words::text(said),
        at: opened_at.unwrap_or_default(),
        id: None,
    });
    entry.into_iter().collect()
}

fn part<'a>(body: &Fields<'a>, name: &str) -> Result<Option<Fields<'a>>, WireError> {
    match body.find(&[name]) {
        None => Ok(None),
        Some(_) => body.object(name).map(Some),
    }
}

fn text(part: Option<&Fields<'_>>, name: &str) -> Result<Option<String>, WireError> {
    let Some(part) = part else { return Ok(None) };
    let text = part.text(name)?.map(str::trim);
    Ok(text.filter(|text| !text.is_empty()).map(str::to_owned))
}

fn inner(
    part_of: Option<&Fields<'_>>,
    name: &str,
    member: &str,
) -> Result<Option<String>, WireError> {
    match part_of {
        None => Ok(None),
        Some(fields) => text(part(fields, name)?.as_ref(), member),
    }
}

/// A colleague over there, not the visitor.
fn assignee(body: &Fields<'_>) -> Result<Option<String>, WireError> {
    let assignee = part(body, "assignee")?;
    let named = text(assignee.as_ref(), "name")?;
    Ok(named.or(text(assignee.as_ref(), "email")?))
}

fn name(
    contact: Option<&Fields<'_>>,
    settings: &WeniSettings,
) -> Result<Option<String>, WireError> {
    let name = text(contact, "name")?;
    Ok(name.filter(|_| settings.keys.reveal.contains(&Reveal::Name)))
}

/// The contact's UUID, or else the URN, each as the API of flows takes it.
fn reference(contact: Option<&Fields<'_>>) -> Result<Option<String>, WireError> {
    let uuid = text(contact, "uuid")?.filter(|uuid| Uuid::try_parse(uuid).is_ok());
    let urn = text(contact, "urn")?;
    let urn = urn.as_deref().and_then(bare).map(str::to_owned);
    let named = urn.filter(|urn| urn.contains(':'));
    Ok(uuid.or(named))
}

/// A URN without what stands behind `?` and `#`.
fn bare(urn: &str) -> Option<&str> {
    urn.split(['?', '#']).next()
}

/// The number in a URN. What stands behind `?` and `#` is mailroom's own, perhaps a secret.
fn phone(
    contact: Option<&Fields<'_>>,
    settings: &WeniSettings,
) -> Result<Option<String>, WireError> {
    let urn = text(contact, "urn")?;
    let urn = urn.filter(|_| settings.keys.reveal.contains(&Reveal::Phone));
    Ok(urn.and_then(|urn| {
        let (scheme, path) = bare(&urn)?.split_once(':')?;
        matches!(scheme, "tel" | "whatsapp").then(|| path.to_owned())
    }))
}

fn workgroup(
    topic: Option<&Fields<'_>>,
    settings: &WeniSettings,
) -> Result<WorkgroupName, WireError> {
    let named = [text(topic, "uuid")?, text(topic, "name")?];
    let mut named = named.into_iter().flatten();
    let found = named.find_map(|wanted| {
        let wanted = wanted.to_lowercase();
        let mut all = settings.keys.topics.iter();
        all.find(|(topic, _)| topic.trim().to_lowercase() == wanted)
    });
    Ok(found.map_or_else(
        || settings.workgroup.clone(),
        |(_, workgroup)| WorkgroupName::new(workgroup.clone()),
    ))
}

fn callback(
    metadata: Option<&Fields<'_>>,
    settings: &WeniSettings,
) -> Result<Option<String>, WireError> {
    let told = text(metadata, "webhook_base_url")?;
    let usable = |url: &String| {
        let parsed = Url::parse(url);
        url.len() <= URL_LIMIT
            && parsed.is_ok_and(|url| {
                let host = url.host_str().is_some_and(|host| !host.is_empty());
                matches!(url.scheme(), "http" | "https") && host
            })
    };
    if told.as_ref().is_some_and(|url| !usable(url)) {
        // It is no reason to refuse a person.
        tracing::warn!(channel = %settings.id, "webhook_base_url is no address to call, ignored");
    }
    Ok(told.filter(usable))
}
