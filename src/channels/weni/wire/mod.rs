//! The contract's JSON and our words: requests in, callbacks out.

mod message;
mod opening;
mod outgoing;

pub use message::{Told, history, message};
pub use opening::{Ticket, open};
pub use outgoing::{Callback, Event, callback};

pub use crate::channels::fields::WireError;

use crate::channels::fields::{self, Fields};
use crate::ids::Timestamp;

/// A ticket's id in an address: ours is mailroom's own, in lower case with hyphens. It is unique
/// for ever, and needs no store to be found again.
pub fn ticket_of(segment: &str) -> Option<String> {
    fields::uuid(segment).map(|uuid| uuid.hyphenated().to_string())
}

/// `/close` and `/reopen`: that the body is one, and speaks of this ticket.
///
/// # Errors
/// Where it is none, or of another ticket.
pub fn about(body: &[u8], ticket: &str) -> Result<(), WireError> {
    let body = fields::parse(body)?;
    names(&Fields::top(&body)?, ticket)
}

/// A body that names another ticket than the address was meant for somebody else.
fn names(body: &Fields<'_>, ticket: &str) -> Result<(), WireError> {
    match body.text("external_id")? {
        None | Some("") => Ok(()),
        Some(named) if ticket_of(named).as_deref() == Some(ticket) => Ok(()),
        Some(_) => {
            let name = "external_id".to_owned();
            Err(WireError::Wrong(name, "the one in the address"))
        }
    }
}

/// A member that is a moment (RFC 3339, with any offset and fraction); `None` where it is absent.
fn moment(body: &Fields<'_>, name: &str) -> Result<Option<Timestamp>, WireError> {
    let Some(text) = body.text(name)? else {
        return Ok(None);
    };
    let wrong = || WireError::Wrong(body.name(name), "an RFC 3339 time");
    let at: jiff::Timestamp = text.trim().parse().map_err(|_| wrong())?;
    Ok(Some(Timestamp(at.as_millisecond())))
}
