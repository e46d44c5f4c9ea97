//! `/v1/integrations/facebook/webhook`: entries of the "passthrough channel", which pass Messenger's
//! own webhook on.

use crate::channels::files::{File, Media};
use crate::config::Provider;
use crate::conversation::{Author, Words};

use super::fields::{self, Fields, Malformed};
use super::heard::{self, Heard, Hearing, OUR_METADATA};
use super::{PayloadError, Rules};

const REQUEST: &str = "IntegrationsFacebook";
/// Members of an item that say nothing that anybody said.
const SILENT: [&str; 3] = ["read", "delivery", "typing"];
/// Members of every item.
const COMMON: [&str; 3] = ["sender", "recipient", "timestamp"];

/// Reads what was said.
///
/// # Errors
/// Where the body cannot be read or a member is missing.
pub fn facebook(body: &[u8], media: &Media) -> Result<Hearing, PayloadError> {
    let body = fields::parse(body)?;
    let members = Fields::top(&body, REQUEST)?.ok_or(PayloadError::Null(REQUEST))?;
    let (role, bot) = (members.text("authorRole")?, members.text("botId")?);
    let time = members.integer("timestamp")?;
    let mut rules = Rules::of(REQUEST);
    rules.required("AuthorRole", role);
    rules.required("BotID", bot);
    rules.hold()?;
    let message = members.object("message", ("Message", "handlers.Message"))?;
    let entries = message.map(|one| one.objects("entry", ("Message", "[]handlers.Entry")));
    let mut said = Vec::new();
    for entry in entries.transpose()?.unwrap_or_default() {
        let entered = entry.integer("time")?.or(time);
        for item in entry.objects("messaging", ("Entry", "[]handlers.Messaging"))? {
            let time = item.integer("timestamp")?.or(entered);
            let found = read(&item, role == "user", media)?;
            said.extend(found.map(|found| Heard {
                at: time.map(heard::moment),
                ..found
            }));
        }
    }
    Ok(Hearing::Said(said))
}

fn read(item: &Fields<'_>, by_user: bool, media: &Media) -> Result<Option<Heard>, Malformed> {
    let party = |name| -> Result<&str, Malformed> {
        let party = item.object(name, ("Messaging", "handlers.Party"))?;
        party.map_or(Ok(""), |party| party.text("id"))
    };
    let (sender, recipient) = (party("sender")?, party("recipient")?);
    let message = item.object("message", ("Messaging", "handlers.FacebookMessage"))?;
    let echo = message.as_ref().is_some_and(|one| one.flag("is_echo"));
    let (author, user) = match by_user && !echo {
        true => (Author::Visitor, sender),
        false => (Author::Bot, recipient),
    };
    let metadata = message.as_ref().and_then(|one| one.any_text(&["metadata"]));
    let ours = author == Author::Bot && metadata == Some(OUR_METADATA);
    let mut own_id = message.as_ref().and_then(|one| one.any_text(&["mid"]));
    let words = match &message {
        Some(message) => Some(spoken(message, media)?),
        None => {
            let postback = item.object("postback", ("Messaging", "handlers.Postback"))?;
            own_id = postback.as_ref().and_then(|one| one.any_text(&["mid"]));
            happened(item, postback.as_ref())?
        }
    };
    let Some(words) = words.filter(|_| !user.is_empty() && !ours) else {
        return Ok(None);
    };
    Ok(Some(Heard {
        provider: Provider::Facebook,
        user: user.to_owned(),
        author,
        id: own_id.map_or_else(|| heard::derived(&item.whole()), str::to_owned),
        words,
        at: None,
    }))
}

/// What is no message: a button was pressed, something was liked.
fn happened(item: &Fields<'_>, postback: Option<&Fields<'_>>) -> Result<Option<Words>, Malformed> {
    if let Some(postback) = postback {
        let text = postback.any_text(&["title", "payload"]);
        return Ok(Some(
            text.map_or_else(|| heard::notice("button"), Words::text),
        ));
    }
    if let Some(reaction) = item.object("reaction", ("Messaging", "handlers.Reaction"))? {
        let taken_back = reaction.any_text(&["action"]) == Some("unreact");
        let emoji = reaction.any_text(&["emoji", "reaction"]);
        return Ok(Some(match emoji.filter(|_| !taken_back) {
            Some(emoji) => Words::text(format!("[reaction] {emoji}")),
            None => heard::notice("reaction taken back"),
        }));
    }
    let mut others = item.members().map(|(key, _)| key.as_str());
    let other = others.find(|key| !COMMON.contains(key));
    Ok(other.filter(|key| !SILENT.contains(key)).map(heard::notice))
}

fn spoken(message: &Fields<'_>, media: &Media) -> Result<Words, Malformed> {
    let mut words = Words::text(message.text("text")?);
    let attachments = message.objects("attachments", ("Attachments", "[]handlers.Attachment"))?;
    let add_line = |text: &mut String, line: &str| {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(line);
    };
    for attachment in attachments {
        let kind = attachment.text("type")?;
        let payload = attachment.object("payload", ("Attachment", "handlers.Payload"))?;
        let url = payload.as_ref().map(|one| one.text("url")).transpose()?;
        let url = url.filter(|url| !url.is_empty());
        let coordinates = payload
            .as_ref()
            .map(|one| one.object("coordinates", ("Payload", "handlers.Coordinates")));
        let title = attachment.any_text(&["title"]);
        let file = match (kind, url) {
            ("image" | "audio" | "video" | "file" | "reel" | "ig_reel", Some(url)) => media
                .attachment(File {
                    kind: sort(kind),
                    url,
                    name: title,
                }),
            _ => None,
        };
        match (file, coordinates.transpose()?.flatten()) {
            (Some(file), _) => words.attachments.push(file),
            (None, Some(at)) => {
                let (lat, long) = (heard::number(&at, &["lat"]), heard::number(&at, &["long"]));
                let place = heard::place(&[title.unwrap_or_default()], lat, long);
                add_line(&mut words.text, &place.text);
            }
            (None, None) => {
                // A shared page is a link of the visitor's own, and no file of the platform's.
                let shared = url.or_else(|| attachment.any_text(&["url"]));
                let shared = shared.filter(|_| matches!(kind, "fallback" | "share" | "template"));
                let line: Vec<&str> = title.into_iter().chain(shared).collect();
                match line.is_empty() {
                    true => add_line(&mut words.text, &heard::notice(kind).text),
                    false => add_line(&mut words.text, &line.join(" ")),
                }
            }
        }
    }
    Ok(
        match words.text.is_empty() && words.attachments.is_empty() {
            true => heard::notice("message"),
            false => words,
        },
    )
}

/// A type for a file of which only its sort is told.
fn sort(kind: &str) -> &'static str {
    match kind {
        "image" => "image/jpeg",
        "audio" => "audio/mp4",
        "file" => "application/octet-stream",
        _ => "video/mp4",
    }
}
