//! A preview of a page that somebody was sent the address of.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use url::Url;

use crate::chat_api::call::{Answer, Call, Outcome};
use crate::chat_api::failure::Failure;
use crate::chat_api::gate::Caller;
use crate::chat_api::wire::entity;

/// The longest address of a page, in bytes.
const LONGEST: usize = 4 * 1024;

/// `GET /ask/previewlink/{quality}/{url}`. The quality was that of pictures which the original made
/// smaller; here they stay where they are.
pub async fn preview(call: Call) -> Outcome {
    let (asker, is_visitor) = asker(&call).await?;
    let off = "previews are turned off (link_previews in the chat_api channel): fetching any page that a caller \
               names is a risk that the operator has to want";
    let previews = call.api.previews.as_ref();
    let previews = previews.ok_or(Failure::Impossible(off))?;
    let url = address(call.path("url"))?;
    let from = is_visitor.then_some(&call.from);
    call.api.looks.take(&asker, from)?;
    let page = previews.of(&url).await?;
    Ok(Answer::entity(entity::preview(&page)))
}

/// By what the caller is known, and whether that is a visitor. Nobody asks without being known.
async fn asker(call: &Call) -> Result<(String, bool), Failure> {
    let token = match (&call.caller, call.query("token")) {
        (Caller::Bearer(token), _) => Some(token.as_str()),
        (_, token) => token,
    };
    if let Some(token) = token {
        let asked = call.api.grants.ask(token).await?;
        let asked = asked.ok_or(Failure::WrongCredentials)?;
        return Ok((asked.conversation.to_string(), true));
    }
    match &call.caller {
        Caller::Master => Ok(("master".to_owned(), false)),
        Caller::User(user) => Ok((user.bare.clone(), false)),
        Caller::Bearer(_) | Caller::Nobody => Err(Failure::NoCredentials),
    }
}

/// The address in base64, of either alphabet: browsers' own function writes the usual one.
fn address(encoded: &str) -> Result<Url, Failure> {
    let wrong = |what| Failure::Parameter("url", what);
    let encoded = encoded.trim_end_matches('=').replace('+', "-");
    let bytes = URL_SAFE_NO_PAD.decode(encoded.replace('/', "_"));
    let text = bytes.ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or(wrong("an address in base64url is wanted"))?;
    let url = Url::parse(text.trim())
        .ok()
        .filter(|_| text.len() <= LONGEST);
    let plain = |url: &Url| {
        let secret = !url.username().is_empty() || url.password().is_some();
        matches!(url.scheme(), "http" | "https") && !secret
    };
    let url = url.filter(plain);
    url.ok_or(wrong("an address of the web is wanted, by http or https"))
}
