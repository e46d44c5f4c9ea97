//! The Tickets app's JSON and our words: requests in, callbacks out.

mod callback;
mod handover;
mod message;

pub use crate::channels::fields::WireError;
pub use callback::{Callback, callback};
pub use handover::{Handover, UnknownDepartmentError, handover};
pub use message::{Names, message};

use url::Url;

use crate::bridge::{Input, Visitor};
use crate::channels::fields::{self, Fields};
use crate::ids::{ChannelId, VisitorToken};

/// Characters of a visitor's token; RapidPro's are decimal numbers.
pub const TOKEN_LIMIT: usize = 1024;
/// Characters of a callback address.
const URL_LIMIT: usize = 2048;

/// `/room.close`: the visitor's side ends the conversation. The body names the visitor only.
///
/// # Errors
/// Where the body is not as documented.
pub fn closing(body: &[u8], channel: &ChannelId) -> Result<Input, WireError> {
    let body = fields::parse(body)?;
    Ok(Input::VisitorClosed(visitor(
        &Fields::top(&body)?,
        channel,
    )?))
}

/// `PUT /settings`: where to call back. The address is kept as it is: its path took three shapes
/// over time.
///
/// # Errors
/// Where there is no address that a call could be made to.
pub fn settings(body: &[u8], channel: &ChannelId) -> Result<Input, WireError> {
    let body = fields::parse(body)?;
    let webhook = Fields::top(&body)?.object("webhook")?;
    let url = webhook.required_text(&["url"], URL_LIMIT)?;
    let usable = Url::parse(&url).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|h| !h.is_empty())
    });
    if !usable {
        return Err(WireError::Wrong(
            "webhook.url".into(),
            "an http or https URL",
        ));
    }
    Ok(Input::CallbackLearnt {
        channel: channel.clone(),
        url,
    })
}

fn visitor(body: &Fields<'_>, channel: &ChannelId) -> Result<Visitor, WireError> {
    let token = body.object("visitor")?.token("token", TOKEN_LIMIT)?;
    Ok(Visitor {
        channel: channel.clone(),
        token: VisitorToken::new(token),
    })
}
