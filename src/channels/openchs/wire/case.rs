//! `web/`: a case about a child.

use serde_json::{Map, Value};

use crate::bridge::{CaseRecord, Visitor};
use crate::channels::fields::clip;
use crate::channels::openchs::{OpenchsSettings, Reveal};
use crate::conversation::CaseNote;
use crate::ids::{Timestamp, VisitorToken};

use super::fields::{self, FieldError};
use super::names::SESSION_LIMIT;

/// Characters of a fact that an agent is shown.
const FACT_LIMIT: usize = 2000;
const FACTS: usize = 100;

/// Reads a case: any object. The names of its members are the helpline's own; a session links it.
///
/// # Errors
/// Where it is no object, or its session is none.
pub fn case(body: &[u8], settings: &OpenchsSettings, id: String) -> Result<CaseRecord, FieldError> {
    let members = fields::object(body)?;
    let session = ["chat_session", "conversation_id", "session_id"];
    let session = fields::text(&members, &session, SESSION_LIMIT)?;
    let visitor = session.filter(|session| !session.is_empty());
    Ok(CaseRecord {
        channel: settings.id.clone(),
        visitor: visitor.map(|session| Visitor {
            channel: settings.id.clone(),
            token: VisitorToken::new(session),
        }),
        note: CaseNote {
            id,
            facts: facts(&members, settings),
        },
        body: String::from_utf8_lossy(body).into_owned(),
        conversation: None,
        until: Timestamp::default(),
    })
}

fn facts(members: &Map<String, Value>, settings: &OpenchsSettings) -> Vec<(String, String)> {
    let mut facts = Vec::new();
    gather(&mut facts, ("", members), settings);
    facts.truncate(FACTS);
    facts
}

fn gather(
    facts: &mut Vec<(String, String)>,
    (path, members): (&str, &Map<String, Value>),
    settings: &OpenchsSettings,
) {
    const SESSIONS: [&str; 3] = ["chat_session", "conversation_id", "session_id"];
    for (name, value) in members {
        let label = format!("{path}{}", clip(name, FACT_LIMIT));
        let shown = match value {
            Value::Object(inner) => {
                // The reader of JSON bounds how deep this goes.
                gather(facts, (&format!("{label}."), inner), settings);
                continue;
            }
            Value::Null => continue,
            Value::String(text) if text.trim().is_empty() => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        if SESSIONS.contains(&name.as_str()) {
            continue;
        }
        facts.push((label, may_show(name, &shown, settings)));
    }
}

/// What an agent may read of a member: addresses of people only where that is configured.
fn may_show(name: &str, shown: &str, settings: &OpenchsSettings) -> String {
    const PHONES: [&str; 5] = ["phone", "mobile", "tel", "msisdn", "whatsapp"];
    let name = name.to_lowercase();
    let phone = PHONES.iter().any(|part| name.contains(part));
    let mail = name.contains("mail");
    let hidden = phone && !settings.reveal.contains(&Reveal::Phone)
        || mail && !settings.reveal.contains(&Reveal::Email);
    match hidden {
        true => "(not shown)".to_owned(),
        false => clip(shown, FACT_LIMIT),
    }
}
