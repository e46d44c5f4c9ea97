//! Why a call was refused, and how the platform is told.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};

use crate::bridge::Refusal;
use crate::channels::http::BodyError;
use crate::channels::yalo::credentials::Unsigned;
use crate::channels::yalo::wire::PayloadError;

use super::reply;

/// After how many seconds to call again when the store does not take it.
const AGAIN_AFTER: u64 = 5;

/// Why a call was refused; in the original's words where it has some. No value of the call is in
/// them but what is no secret and not longer than a word.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejection {
    #[error("no such path")]
    UnknownPath,
    #[error("several channels are configured: name one, /yalo/CHANNEL/v1/...")]
    WhichChannel,
    #[error("An Authorization header or an Query Param with name token is required.")]
    NoToken,
    #[error("Invalid Authorization token, header invalid.")]
    WrongHeader,
    #[error("Invalid Authorization token.")]
    WrongToken,
    #[error("Invalid credentials.")]
    WrongPassword,
    #[error("Too many wrong passwords.")]
    TooManyAttempts(Duration),
    #[error("x-yalochat-signature required, header invalid.")]
    NoSignature,
    #[error("x-yalochat-signature invalid, header invalid.")]
    WrongSignature,
    #[error(transparent)]
    Payload(#[from] PayloadError),
    /// The seed's own spelling, for both webhooks.
    #[error("invalid pauload received : error decode body request")]
    Webhook,
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("provider must be whatsapp or facebook")]
    UnknownProvider,
    #[error("{0} is not configured")]
    NotConfigured(&'static str),
    #[error("could not create chat : session exists with this userID")]
    AlreadyOpen,
    #[error("could not create chat : this contact is blocked")]
    Blocked,
    #[error("could not create chat : no agents available")]
    NoAgents,
    #[error(
        "could not finish chat in salesforce : error not found interconnection: not found interconnection"
    )]
    UnknownUser,
    #[error("could not finish chat in salesforce : this contact does not have an interconnection")]
    NothingOpen,
    #[error("this user id is known with several providers: add ?provider=")]
    WhichProvider,
    #[error("error register webhook")]
    NotRegistered,
    #[error("error remove webhook")]
    NotRemoved,
    #[error("the service cannot take this just now")]
    Unavailable,
    #[error("the service failed")]
    Unexpected,
}

impl From<Unsigned> for Rejection {
    fn from(unsigned: Unsigned) -> Self {
        match unsigned {
            Unsigned::Absent => Self::NoSignature,
            Unsigned::Wrong => Self::WrongSignature,
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAgents => Self::NoAgents,
            Refusal::AlreadyOpen => Self::AlreadyOpen,
            Refusal::UnknownVisitor | Refusal::UnknownConversation => Self::UnknownUser,
            // The configuration was reloaded without a workgroup that this channel needs.
            Refusal::UnknownWorkgroup => Self::Unavailable,
            Refusal::StillOwed
            | Refusal::Ambiguous
            | Refusal::NotAnAgent
            | Refusal::NoSuchOffer => Self::Unexpected,
        }
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Body(error) => error.status(),
            Self::Payload(_) | Self::Webhook | Self::UnknownProvider => StatusCode::BAD_REQUEST,
            Self::NoToken | Self::WrongHeader | Self::WrongPassword | Self::NoSignature => {
                StatusCode::UNAUTHORIZED
            }
            Self::WrongToken | Self::WrongSignature | Self::Blocked => StatusCode::FORBIDDEN,
            Self::UnknownPath
            | Self::WhichChannel
            | Self::NotConfigured(_)
            | Self::UnknownUser
            | Self::NothingOpen => StatusCode::NOT_FOUND,
            Self::AlreadyOpen | Self::NoAgents | Self::WhichProvider => StatusCode::CONFLICT,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotRegistered | Self::NotRemoved | Self::Unexpected => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = reply::error(self.status_code(), &self.to_string());
        let after = match self {
            Self::TooManyAttempts(left) => left.as_secs() + 1,
            Self::Unavailable => AGAIN_AFTER,
            _ => return answer,
        };
        answer
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(after));
        answer
    }
}
