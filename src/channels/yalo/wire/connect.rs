//! `/v1/chats/connect`: a bot hands a visitor over.

use ring::digest::{SHA256, digest};
use serde_json::Value;

use crate::bridge::Opening;
use crate::channels::fields::{clip, shown as whole_shown};
use crate::channels::yalo::YaloSettings;
use crate::config::{Provider, Reveal};
use crate::conversation::{Brief, Manners};
use crate::ids::{ConversationId, TicketId, WorkgroupName};
use crate::workgroup::Place;

use super::fields::{self, Fields};
use super::heard::hexadecimal;
use super::{PayloadError, Rules};

const PAYLOAD: &str = "ChatPayload";
/// Characters of an id; WhatsApp's and Facebook's are digits.
const ID_LIMIT: usize = 256;
/// Characters of a fact that an agent is shown: an offer is one stanza and must stay small.
const FACT_LIMIT: usize = 1000;
/// How many members of `extraData` an agent is shown.
const EXTRA_LIMIT: usize = 50;

/// A wish for a conversation as it was sent.
#[derive(Clone, Debug)]
pub struct Connect {
    /// The messenger.
    pub provider: Provider,
    /// The visitor's id there.
    pub user: String,
    /// The bot's name, a part of the address by which it is told to go on.
    pub slug: String,
    /// The visitor's language, where it is known.
    pub language: Option<String>,
    /// Where to wait.
    workgroup: WorkgroupName,
    /// What agents are shown.
    pub brief: Brief,
    /// What makes two wishes the same.
    likeness: String,
}

/// Reads a wish.
///
/// # Errors
/// Where the body cannot be read, or a member is missing or unknown.
pub fn connect(body: &[u8], settings: &YaloSettings) -> Result<Connect, PayloadError> {
    let body = fields::parse(body)?;
    let members = Fields::top(&body, PAYLOAD)?.ok_or(PayloadError::Null(PAYLOAD))?;
    let user = members.text("userID")?;
    let name = members.text("name")?;
    let provider = members.text("provider")?;
    let slug = members.text("botSlug")?;
    let bot_id = members.text("botId")?;
    let email = members.text("email")?;
    let phone = members.text("phoneNumber")?;
    let extra = members.object("extraData", (PAYLOAD, "map[string]interface {}"))?;
    let known = Provider::named(provider).filter(|one| settings.keys.bot(*one).is_some());
    let mut rules = Rules::of(PAYLOAD);
    rules.required("UserID", user);
    rules.required("Name", name);
    rules.required("Provider", provider);
    rules.demand("Provider", provider.is_empty() || known.is_some(), "oneof");
    rules.required("BotSlug", slug);
    rules.required("BotId", bot_id);
    rules.required("Email", email);
    rules.demand("UserID", short(user), "max");
    rules.demand("BotSlug", short(slug), "max");
    rules.hold()?;
    // The rules hold, so that there is one.
    let provider = known.unwrap_or(Provider::Whatsapp);
    let person = [
        ("Name", Reveal::Name, name),
        ("E-mail", Reveal::Email, email),
        ("Phone", Reveal::Phone, phone),
    ];
    let person = person
        .into_iter()
        .filter(|(_, what, text)| settings.keys.reveal.contains(what) && !text.is_empty())
        .map(|(label, _, text)| (label, text));
    let told = [("Platform", provider.as_str()), ("Bot", slug)];
    let facts = told.into_iter().chain(person);
    let mut brief = Brief {
        question: None,
        facts: facts
            .map(|(label, text)| (label.into(), clip(text, FACT_LIMIT)))
            .collect(),
    };
    let member = |name: &str| whole_shown(extra.as_ref()?.find(name)?);
    if let Some(extra) = &extra {
        add_extra(extra, &mut brief, settings);
    }
    let flow = member(&settings.keys.flow_field);
    let language = member(&settings.keys.language_field);
    Ok(Connect {
        workgroup: workgroup(flow.as_deref(), provider, settings),
        language: language.or_else(|| settings.keys.language.clone()),
        provider,
        user: user.to_owned(),
        slug: slug.to_owned(),
        brief,
        likeness: hexadecimal(digest(&SHA256, members.whole().as_bytes()).as_ref()),
    })
}

impl Connect {
    /// The wish for a conversation of the given new id.
    pub fn into_opening(self, conversation: ConversationId, settings: &YaloSettings) -> Opening {
        let told = |pick| !settings.text(self.language.as_deref(), pick).is_empty();
        let tells = told(|texts| &texts.waiting) || told(|texts| &texts.place);
        let place_every = settings.keys.place_every.filter(|_| tells);
        Opening {
            // The platform has no id for a conversation. Ours is in it, so that no two are equal.
            ticket: Some(ticket(&self.slug, &conversation)),
            conversation,
            visitor: settings.visitor(self.provider, &self.user),
            workgroup: self.workgroup,
            refuse_without_agents: settings.refuse_without_agents,
            place: Place::Normal,
            wanted: None,
            wait_ends: settings.wait_ends,
            brief: self.brief,
            earlier: Vec::new(),
            recall: true,
            manners: Manners {
                language: self.language,
                likeness: Some(self.likeness),
                place_every,
                report_end: settings.keys.on_close.is_some(),
                ..Manners::default()
            },
        }
    }
}

fn ticket(slug: &str, conversation: &ConversationId) -> TicketId {
    TicketId::new(format!("{slug}#{conversation}"))
}

/// The bot's name in the ticket of one of our conversations.
pub(super) fn slug_of(ticket: &TicketId) -> &str {
    let ticket = ticket.as_str();
    ticket.rsplit_once('#').map_or(ticket, |(slug, _)| slug)
}

fn workgroup(flow: Option<&str>, provider: Provider, settings: &YaloSettings) -> WorkgroupName {
    let flows = settings.keys.flows.iter();
    let fitting = flows.filter(|one| Some(one.flow.as_str()) == flow);
    let fitting = fitting.filter(|one| one.provider.is_none_or(|only| only == provider));
    // An entry for this messenger goes before one for both.
    let chosen = fitting.max_by_key(|one| one.provider.is_some());
    chosen.map_or_else(
        || settings.workgroup.clone(),
        |one| WorkgroupName::new(one.workgroup.clone()),
    )
}

/// What the flow's author wants the agent to know. `description` says what the visitor wants.
fn add_extra(extra: &Fields<'_>, brief: &mut Brief, settings: &YaloSettings) {
    let keys = &settings.keys;
    let spent = [&keys.flow_field, &keys.language_field];
    let alike = |key: &str, name: &str| key.to_lowercase() == name.to_lowercase();
    let left = extra.members();
    let left = left.filter(|(key, _)| !spent.iter().any(|name| alike(key, name)));
    let given = extra.members().count();
    if given > EXTRA_LIMIT {
        tracing::warn!(channel = %settings.id, given, "more extraData than is shown");
    }
    for (key, value) in left.take(EXTRA_LIMIT) {
        let Some(text) = shown(value) else { continue };
        if brief.question.is_none() && alike(key, "description") {
            brief.question = Some(text);
        } else {
            brief.facts.push((clip(key, FACT_LIMIT), text));
        }
    }
}

fn shown(value: &Value) -> Option<String> {
    Some(clip(&whole_shown(value)?, FACT_LIMIT))
}

fn short(text: &str) -> bool {
    text.len() <= ID_LIMIT || text.chars().count() <= ID_LIMIT
}
