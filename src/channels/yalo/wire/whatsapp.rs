//! `/v1/integrations/whatsapp/webhook`: one message of the "outgoing channel".

use crate::channels::files::{File, Media};
use crate::channels::yalo::YaloSettings;
use crate::config::Provider;
use crate::conversation::{Author, Words};
use crate::ids::Timestamp;

use super::fields::{self, Fields, Malformed};
use super::heard::{self, Heard, Hearing, OUR_IDS};
use super::{PayloadError, Rules};

const REQUEST: &str = "IntegrationsRequest";

/// Reads a message.
///
/// # Errors
/// Where the body cannot be read or a member is missing.
pub fn whatsapp(
    body: &[u8],
    settings: &YaloSettings,
    media: &Media,
) -> Result<Hearing, PayloadError> {
    let body = fields::parse(body)?;
    let members = Fields::top(&body, REQUEST)?.ok_or(PayloadError::Null(REQUEST))?;
    let kind = members.text("type")?;
    if settings
        .keys
        .ignore_types
        .iter()
        .any(|ignored| ignored == kind)
    {
        return Ok(Hearing::Skipped(kind.to_owned()));
    }
    let (id, time) = (members.text("id")?, members.text("timestamp")?);
    let (from, to) = (members.text("from")?, members.text("to")?);
    let mut rules = Rules::of(REQUEST);
    rules.required("ID", id);
    rules.required("Timestamp", time);
    rules.required("Type", kind);
    rules.demand("From", !from.is_empty() || !to.is_empty(), "required");
    rules.hold()?;
    // Only what the bot says is for somebody.
    let (author, user) = match to {
        "" => (Author::Visitor, from),
        to => (Author::Bot, to),
    };
    let words = words(&members, kind, media)?;
    let at = time_of(time)?;
    if author == Author::Bot && id.starts_with(OUR_IDS) {
        return Ok(Hearing::Said(Vec::new()));
    }
    Ok(Hearing::Said(vec![Heard {
        provider: Provider::Whatsapp,
        user: user.to_owned(),
        author,
        id: id.to_owned(),
        words,
        at: Some(at),
    }]))
}

fn time_of(text: &str) -> Result<Timestamp, PayloadError> {
    const SHOWN: usize = 40;
    let number: Result<i64, _> = text.parse();
    number
        .map(heard::moment)
        .map_err(|_| PayloadError::NoTime(text.chars().take(SHOWN).collect()))
}

fn words(members: &Fields<'_>, kind: &str, media: &Media) -> Result<Words, Malformed> {
    // As the original reads them: it fails on a member of another type whatever the message is.
    let text = members.object("text", ("Text", "handlers.Text"))?;
    let object = |name| members.object(name, ("Media", "handlers.Media"));
    for name in ["image", "document", "audio", "voice"] {
        object(name)?;
    }
    Ok(match kind {
        "text" => match text.map(|text| text.text("body")).transpose()? {
            None | Some("") => heard::notice(kind),
            Some(text) => Words::text(text),
        },
        "image" | "document" | "audio" | "voice" | "video" | "sticker" => match object(kind)? {
            Some(file) => filed(kind, &file, media)?,
            None => heard::notice(kind),
        },
        "location" => match object(kind)? {
            Some(place) => heard::place(
                &["name", "address", "url"].map(|name| place.any_text(&[name]).unwrap_or_default()),
                heard::number(&place, &["latitude", "lat"]),
                heard::number(&place, &["longitude", "long", "lng"]),
            ),
            None => heard::notice(kind),
        },
        "contacts" => contacts(members)?,
        "button" => chosen(object(kind)?.as_ref(), kind),
        "interactive" => interactive(object(kind)?.as_ref())?,
        "reaction" => {
            let reaction = object(kind)?;
            let emoji = reaction.and_then(|one| one.any_text(&["emoji"]));
            match emoji {
                Some(emoji) => Words::text(format!("[reaction] {emoji}")),
                None => heard::notice("reaction taken back"),
            }
        }
        other => heard::notice(other),
    })
}

fn filed(kind: &str, file: &Fields<'_>, media: &Media) -> Result<Words, Malformed> {
    let (url, mime) = (file.text("url")?, file.text("mimeType")?);
    let caption = file.text("caption")?;
    let url = match url {
        "" => file.any_text(&["link"]).unwrap_or_default(),
        url => url,
    };
    let name = file.any_text(&["filename", "file_name", "name"]);
    let mime = match mime {
        "" => file.any_text(&["mime_type"]).unwrap_or_default(),
        mime => mime,
    };
    let usual = match kind {
        "image" => "image/jpeg",
        "sticker" => "image/webp",
        "audio" | "voice" => "audio/ogg",
        "video" => "video/mp4",
        _ => "",
    };
    let attached = Some(url).filter(|url| !url.is_empty()).and_then(|url| {
        media.attachment(File {
            kind: if mime.is_empty() { usual } else { mime },
            url,
            name,
        })
    });
    Ok(heard::with_file(kind, caption, attached))
}

/// One line a person: the name, and the numbers.
fn contacts(members: &Fields<'_>) -> Result<Words, Malformed> {
    let people = members.objects("contacts", ("Contact", "[]handlers.Contact"))?;
    let mut lines = Vec::new();
    for person in people {
        let name = person.object("name", ("Name", "handlers.Name"))?;
        let name = name.and_then(|name| {
            name.any_text(&["formatted_name", "formattedName", "first_name", "firstName"])
        });
        let phones = person.objects("phones", ("Phone", "[]handlers.Phone"))?;
        let phones = phones
            .iter()
            .filter_map(|one| one.any_text(&["phone", "wa_id", "waId"]));
        let parts: Vec<&str> = name.into_iter().chain(phones).collect();
        if !parts.is_empty() {
            lines.push(format!("[contact] {}", parts.join(", ")));
        }
    }
    Ok(match lines.is_empty() {
        true => heard::notice("contacts"),
        false => Words::text(lines.join("\n")),
    })
}

/// What stands on a button that was pressed.
fn chosen(button: Option<&Fields<'_>>, kind: &str) -> Words {
    let text = button.and_then(|button| button.any_text(&["text", "title", "payload", "id"]));
    text.map_or_else(|| heard::notice(kind), Words::text)
}

fn interactive(members: Option<&Fields<'_>>) -> Result<Words, Malformed> {
    for name in [
        "button_reply",
        "list_reply",
        "buttonReply",
        "listReply",
        "nfm_reply",
    ] {
        let Some(members) = members else { break };
        let reply = members.object(name, ("Reply", "handlers.Reply"))?;
        let text = reply.and_then(|reply| {
            let title = reply.any_text(&["title", "body", "id"])?;
            let more = reply.any_text(&["description"]);
            Some(more.map_or(title.to_owned(), |more| format!("{title}\n{more}")))
        });
        if let Some(text) = text {
            return Ok(Words::text(text));
        }
    }
    Ok(chosen(members, "interactive"))
}
