//! What the platform is asked to tell the visitor, in the forms of both messengers.

use serde_json::{Value, json};

use crate::channels::Media;
use crate::channels::texts::said;
use crate::channels::yalo::{State, YaloSettings, person};
use crate::config::Provider;
use crate::conversation::{Attachment, ClosedBy, Delivery, Notice, Outgoing, Words, split};

use super::connect::slug_of;
use super::heard::{OUR_IDS, OUR_METADATA};

/// Bytes of a text that the messenger takes: 4096 characters, and 2000.
const WHATSAPP_TEXT: usize = 4096;
const FACEBOOK_TEXT: usize = 2000;
/// Bytes of a text that goes with a file as its caption.
const CAPTION: usize = 1024;

/// One call to make for a delivery, after those before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Tell the visitor something.
    Say(Provider, Value),
    /// Let the bot go on.
    Go {
        /// The messenger.
        provider: Provider,
        /// The visitor.
        user: String,
        /// The bot's name.
        slug: String,
        /// From where it goes on.
        state: State,
    },
}

/// The calls that a delivery asks for; none where the platform needs no telling.
pub fn steps(delivery: &Delivery, settings: &YaloSettings, media: &Media) -> Vec<Step> {
    let Some((provider, user)) = person(&delivery.visitor) else {
        return Vec::new();
    };
    let text = |pick| settings.text(delivery.language.as_deref(), pick);
    let words = match &delivery.what {
        Outgoing::Words { words, .. } => shown(words, media),
        Outgoing::Notice(notice) => Words::text(match notice {
            Notice::Place { .. } => waiting(delivery, notice, settings),
            Notice::AgentJoined => text(|texts| &texts.agent_joined).to_owned(),
            Notice::AgentLost => text(|texts| &texts.agent_away).to_owned(),
            Notice::NobodyCame => text(|texts| &texts.no_agent).to_owned(),
        }),
        Outgoing::Closed(_) => Words::text(text(|texts| &texts.ended)),
        // A flow hears of the first (see the carrier), the others are not asked for when it is opened.
        Outgoing::Ended(_) | Outgoing::Receipt { .. } | Outgoing::Reopened => return Vec::new(),
    };
    let said = messages(provider, user, (delivery.id.as_str(), &words));
    let mut steps: Vec<Step> = said
        .into_iter()
        .map(|body| Step::Say(provider, body))
        .collect();
    if let Outgoing::Closed(by) = &delivery.what
        && let Some(state) = state_after(*by)
    {
        let slug = delivery.ticket.as_ref().map_or("", slug_of);
        steps.push(Step::Go {
            provider,
            user: user.to_owned(),
            slug: slug.to_owned(),
            state,
        });
    }
    steps
}

/// Tells a visitor of no conversation a sentence.
pub fn message_step(provider: Provider, user: &str, (id, text): (&str, &str)) -> Vec<Step> {
    let said = messages(provider, user, (id, &Words::text(text)));
    said.into_iter()
        .map(|body| Step::Say(provider, body))
        .collect()
}

/// From where the bot goes on; `None` where it was there all the time.
fn state_after(by: ClosedBy) -> Option<State> {
    match by {
        ClosedBy::Visitor | ClosedBy::Superseded => None,
        ClosedBy::Agent | ClosedBy::Operator | ClosedBy::Platform => Some(State::Success),
        ClosedBy::NobodyCame | ClosedBy::Silence => Some(State::Timeout),
    }
}

fn shown(words: &Words, media: &Media) -> Words {
    let files = words.attachments.iter();
    let linked = files.map(|file| media.of_agent(file));
    Words {
        attachments: linked.collect(),
        ..Words::text(said(words))
    }
}

/// The place in the line; at first also that the request was taken.
fn waiting(delivery: &Delivery, notice: &Notice, settings: &YaloSettings) -> String {
    let Notice::Place {
        place,
        wait_seconds,
    } = notice
    else {
        return String::new();
    };
    let text = |pick| settings.text(delivery.language.as_deref(), pick);
    let first = if delivery.number == 0 {
        text(|texts| &texts.waiting)
    } else {
        ""
    };
    let place = text(|texts| &texts.place).replace("{place}", &place.to_string());
    let minutes = wait_seconds.map(|seconds| seconds.div_ceil(60).max(1).to_string());
    let wait = minutes.map(|minutes| text(|texts| &texts.wait).replace("{minutes}", &minutes));
    let sentences = [first.to_owned(), place, wait.unwrap_or_default()];
    let sentences = sentences
        .into_iter()
        .filter(|sentence| !sentence.trim().is_empty());
    sentences.collect::<Vec<_>>().join(" ")
}

fn messages(provider: Provider, user: &str, (id, words): (&str, &Words)) -> Vec<Value> {
    let bodies = match provider {
        Provider::Whatsapp => whatsapp(user, words),
        Provider::Facebook => facebook(user, words),
    };
    if provider == Provider::Facebook {
        return bodies;
    }
    let numbered = bodies.into_iter().enumerate().map(|(number, mut body)| {
        let end = if number == 0 {
            String::new()
        } else {
            format!("-{number}")
        };
        body["id"] = json!(format!("{OUR_IDS}{id}{end}"));
        body
    });
    numbered.collect()
}

fn texts(text: &str, most: usize) -> impl Iterator<Item = &str> {
    let pieces = split(text, most).into_iter().map(str::trim_end);
    pieces.filter(|piece| !piece.trim().is_empty())
}

fn whatsapp(user: &str, words: &Words) -> Vec<Value> {
    let captioned = match words.attachments.as_slice() {
        [only] => whatsapp_sort(only) != "audio" && words.text.len() <= CAPTION,
        _ => false,
    };
    let mut bodies = Vec::new();
    if !captioned {
        bodies.extend(
            texts(&words.text, WHATSAPP_TEXT)
                .map(|text| json!({"type": "text", "userId": user, "text": {"body": text}})),
        );
    }
    for file in &words.attachments {
        let sort = whatsapp_sort(file);
        let caption = if captioned { words.text.as_str() } else { "" };
        bodies.push(json!({
            "type": sort,
            "userId": user,
            sort: {"url": file.url, "caption": caption},
        }));
    }
    bodies
}

fn facebook(user: &str, words: &Words) -> Vec<Value> {
    let body = |message: Value| {
        json!({
            "messaging_type": "RESPONSE",
            "recipient": {"id": user},
            "message": message,
            "metadata": OUR_METADATA,
        })
    };
    let said = texts(&words.text, FACEBOOK_TEXT).map(|text| json!({"text": text}));
    let files = words.attachments.iter().map(|file| {
        let payload = json!({"url": file.url, "is_reusable": false});
        json!({"attachment": {"type": facebook_sort(file), "payload": payload}})
    });
    said.chain(files).map(body).collect()
}

fn whatsapp_sort(file: &Attachment) -> &'static str {
    match file.kind.split('/').next() {
        Some("image") => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        _ => "document",
    }
}

fn facebook_sort(file: &Attachment) -> &'static str {
    match whatsapp_sort(file) {
        "document" => "file",
        sort => sort,
    }
}
