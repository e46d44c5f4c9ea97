//! Places for files at the XMPP server's upload service (XEP-0363), for visitors and users. The file
//! itself never passes here: the caller puts it there, and sends its address as any other.

use std::sync::Arc;

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::desk::Live;
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::grants::Asked;
use crate::chat_api::wire::entity;
use crate::chat_api::wire::visitor::Stand;
use crate::media::type_of;
use crate::users::{Done, Order, SlotWish};

use super::asked;

/// The longest file name, in bytes: what file systems take.
const LONGEST_NAME: usize = 255;
/// The longest MIME type (RFC 6838 §4.2: two names of 127 characters).
const LONGEST_TYPE: usize = 255;

/// For whom a place is asked.
enum Asker {
    /// A visitor, by the address at our domain.
    Visitor(Asked),
    /// A user, in the own session.
    User(Arc<Live>),
}

/// `GET /ask/upload/{user}/{file}/{size}`
pub async fn upload(call: Call) -> Outcome {
    let asker = asker(&call).await?;
    let wish = wish(&call)?;
    match asker {
        Asker::Visitor(asked) => {
            let from = matches!(call.caller, Caller::Bearer(_) | Caller::Nobody);
            let key = asked.conversation.as_str();
            call.api.slots.take(key, from.then_some(&call.from))?;
            let sessions = call.api.desk.sessions();
            let slot = sessions.visitor_slot(&asked.conversation, wish.clone());
            Ok(Answer::entity(entity::slot(
                &slot.await?,
                wish.kind.as_deref(),
            )))
        }
        Asker::User(live) => {
            call.api.slots.take(&live.user, None)?;
            match live.session.carry_out(Order::Slot(wish.clone())).await? {
                Done::Slot(slot) => {
                    let entity = entity::slot(&slot, wish.kind.as_deref());
                    Ok(Answer::entity(entity).by(&live))
                }
                _ => Err(Failure::Fault),
            }
        }
    }
}

/// A visitor has the token, a user the own name; the master speaks for both, a visitor first.
async fn asker(call: &Call) -> Result<Asker, Failure> {
    let name = call.path("user");
    if call.query("token").is_none() {
        match &call.caller {
            Caller::User(user) if user.bare.eq_ignore_ascii_case(name) || user.name() == name => {
                return Ok(Asker::User(call.api.desk.of(user).await?));
            }
            Caller::Master => {
                return match visitor(call).await {
                    Err(Failure::NoRequest | Failure::Over) => {
                        Ok(Asker::User(call.bridge_user(name).await?))
                    }
                    other => other,
                };
            }
            _ => {}
        }
    }
    visitor(call).await
}

async fn visitor(call: &Call) -> Result<Asker, Failure> {
    let asked = asked(call).await?;
    match call.api.stand(&asked).await? {
        Stand::Ended => Err(Failure::Over),
        Stand::Waiting | Stand::Invited => Ok(Asker::Visitor(asked)),
    }
}

fn wish(call: &Call) -> Result<SlotWish, Failure> {
    let size = call.path("size").parse().ok().filter(|size| *size > 0);
    let wrong = "a whole number of bytes is wanted, and more than none";
    let size = size.ok_or(Failure::Parameter("fileSize", wrong))?;
    let name = call.path("file");
    if !is_file_name(name) {
        let wrong = "a file's name is wanted, without a path, of 255 bytes at most";
        return Err(Failure::Parameter("fileName", wrong));
    }
    let kind = match call.query("type") {
        Some(kind) if !is_type(kind) => {
            let wrong = "a MIME type such as image/png is wanted";
            return Err(Failure::Parameter("type", wrong));
        }
        Some(kind) => Some(kind.to_owned()),
        None => Some(type_of(name).to_owned()).filter(|kind| !kind.is_empty()),
    };
    Ok(SlotWish {
        name: name.to_owned(),
        size,
        kind,
    })
}

/// Whether it names a file and no place: the service makes an address of it, and readers' systems a file.
fn is_file_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '\u{FFFD}'..='\u{FFFF}');
    let says_something = name.chars().any(|c| !c.is_whitespace() && c != '.');
    says_something && name.len() <= LONGEST_NAME && !name.contains(odd)
}

/// Two names of RFC 6838 §4.2, and perhaps parameters.
fn is_type(kind: &str) -> bool {
    let is_name = |name: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        !name.is_empty() && name.chars().all(fits)
    };
    let (essence, parameters) = kind.split_once(';').unwrap_or((kind, ""));
    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
    let parts = essence.trim().split_once('/');
    kind.len() <= LONGEST_TYPE
        && parts.is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
        && parameters.chars().all(plain)
}
