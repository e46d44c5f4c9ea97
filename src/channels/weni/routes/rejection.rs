//! Why a call was refused, and how mailroom is told.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::bridge::Refusal;
use crate::channels::http::BodyError;
use crate::channels::weni::signature::Unbelieved;
use crate::channels::weni::wire::WireError;

/// Shorter than any wait of mailroom's between two tries, so that it is heeded.
const AGAIN_AFTER: &str = "3";

/// Why a call was refused. No value of the call is in it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejection {
    #[error("no such path")]
    UnknownPath,
    #[error("method not allowed")]
    WrongMethod(&'static str),
    #[error("the bearer token is missing or wrong")]
    Unauthorized,
    #[error(transparent)]
    Unbelieved(#[from] Unbelieved),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("no agent is available")]
    NoAgents,
    #[error("no such ticket")]
    UnknownTicket,
    /// To be taken for "closed already": anything else keeps the ticket open over there.
    #[error("no such ticket")]
    NothingToClose,
    #[error("the ticket is closed")]
    TicketClosed,
    #[error("the ticket is closed already")]
    AlreadyClosed,
    #[error("the service cannot take this just now")]
    Unavailable,
    #[error("the service failed")]
    Unexpected,
}

impl Rejection {
    /// The code in the envelope.
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownPath => "not_found",
            Self::WrongMethod(_) => "method_not_allowed",
            Self::Unauthorized => "unauthorized",
            Self::Unbelieved(Unbelieved::Signature) => "invalid_signature",
            Self::Unbelieved(Unbelieved::Time) => "expired_request",
            Self::Body(BodyError::TooLarge) => "payload_too_large",
            Self::Body(_) => "invalid_request",
            Self::Wire(_) => "invalid_payload",
            Self::NoAgents => "no_agents_available",
            Self::UnknownTicket | Self::NothingToClose => "ticket_not_found",
            Self::TicketClosed => "ticket_closed",
            Self::AlreadyClosed => "ticket_already_closed",
            Self::Unavailable => "unavailable",
            Self::Unexpected => "internal",
        }
    }
}

impl From<Refusal> for Rejection {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAgents => Self::NoAgents,
            Refusal::UnknownVisitor | Refusal::UnknownConversation => Self::UnknownTicket,
            // The configuration was reloaded without a workgroup that this channel needs.
            Refusal::UnknownWorkgroup | Refusal::StillOwed => Self::Unavailable,
            Refusal::AlreadyOpen
            | Refusal::Ambiguous
            | Refusal::NotAnAgent
            | Refusal::NoSuchOffer => Self::Unexpected,
        }
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::UnknownPath | Self::UnknownTicket => StatusCode::NOT_FOUND,
            Self::WrongMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unauthorized | Self::Unbelieved(_) => StatusCode::UNAUTHORIZED,
            Self::Body(error) => error.status(),
            Self::Wire(_) => StatusCode::BAD_REQUEST,
            Self::NoAgents => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NothingToClose | Self::TicketClosed | Self::AlreadyClosed => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unexpected => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status_code());
        if let Self::Unavailable = self {
            // After an answer with a body mailroom's client tries again without its own.
            return reply.insert_header((RETRY_AFTER, AGAIN_AFTER)).finish();
        }
        if let Self::WrongMethod(allowed) = self {
            let allowed = HeaderValue::from_static(allowed);
            reply.insert_header((actix_web::http::header::ALLOW, allowed));
        }
        reply.json(json!({ "error": self.code(), "message": self.to_string() }))
    }
}
