//! Why a call was refused, and how RapidPro is told.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

use crate::bridge::Refusal;
use crate::channels::http::{BodyError, error_reply};
use crate::channels::rapidpro::wire::{UnknownDepartmentError, WireError};

/// Why a call was refused. RapidPro shows the text to its operators: no value of the call in it.
///
/// Never 502, 503 or 504, and never `Retry-After`: on these mailroom's client tries again with the
/// body that it has used up, waits 15 s, and loses our text.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejection {
    #[error("no such app")]
    UnknownApp,
    #[error("Content-Type must be application/json")]
    ContentType,
    #[error("no secret is configured for this app")]
    NoSecret,
    #[error("wrong secret")]
    WrongSecret,
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error(transparent)]
    Department(#[from] UnknownDepartmentError),
    #[error("no agents available")]
    NoAgents,
    #[error("unknown workgroup")]
    UnknownWorkgroup,
    #[error("this visitor has no room")]
    UnknownVisitor,
    #[error("the service cannot take this just now")]
    Unavailable,
    #[error("the service failed")]
    Unexpected,
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAgents => Self::NoAgents,
            Refusal::UnknownWorkgroup => Self::UnknownWorkgroup,
            Refusal::UnknownVisitor | Refusal::UnknownConversation => Self::UnknownVisitor,
            Refusal::AlreadyOpen
            | Refusal::StillOwed
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
            Self::ContentType | Self::Wire(_) => StatusCode::BAD_REQUEST,
            Self::NoSecret | Self::WrongSecret => StatusCode::FORBIDDEN,
            Self::NoAgents => StatusCode::CONFLICT,
            Self::UnknownApp
            | Self::Department(_)
            | Self::UnknownWorkgroup
            | Self::UnknownVisitor => StatusCode::NOT_FOUND,
            Self::Unavailable | Self::Unexpected => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        error_reply(self.status_code(), &self.to_string())
    }
}
