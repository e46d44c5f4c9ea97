//! Why a call was refused, and how the caller is told.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde_json::{Value, json};

use crate::channels::http::BodyError;
use crate::channels::openchs::Situation;
use crate::channels::openchs::wire::FieldError;

/// RapidPro's client repeats a POST by itself where it is told to come back within 5 s.
const COME_BACK: HeaderValue = HeaderValue::from_static("30");

/// A refused call: the situation, and the member that is at fault. No value of the call in it.
#[derive(Debug, thiserror::Error)]
#[error("{}", .situation.when())]
pub(super) struct Rejection {
    situation: Situation,
    field: Option<(&'static str, &'static str)>,
    allowed: Option<String>,
}

impl Rejection {
    /// Another method is meant.
    pub fn method(allowed: &str) -> Self {
        Self {
            allowed: Some(allowed.to_owned()),
            ..Situation::WrongMethod.into()
        }
    }

    /// What Django REST framework says in this situation, where it has words of its own.
    fn detail(&self) -> String {
        match self.situation {
            Situation::NoToken => "Authentication credentials were not provided.".to_owned(),
            Situation::BadToken => "Invalid token.".to_owned(),
            Situation::BadCredentials => "Unable to log in with provided credentials.".to_owned(),
            Situation::BadJson => "JSON parse error.".to_owned(),
            Situation::BadField => match self.field {
                Some((name, what)) => format!("{name}: {what}"),
                None => "A parameter is wrong.".to_owned(),
            },
            other => other.when().replace('`', ""),
        }
    }

    fn body(&self) -> Value {
        let detail = self.detail();
        let mut body = json!({
            "status": self.situation.word(),
            "message": detail,
            "error": detail,
            "detail": detail,
        });
        match (self.situation, self.field) {
            (Situation::BadCredentials, _) => body["non_field_errors"] = json!([detail]),
            (_, Some((name, what))) => {
                body["message"] = json!({ name: [what] });
                body[name] = json!([what]);
            }
            _ => {}
        }
        body
    }
}

impl From<Situation> for Rejection {
    fn from(situation: Situation) -> Self {
        Self {
            situation,
            field: None,
            allowed: None,
        }
    }
}

impl From<FieldError> for Rejection {
    fn from(error: FieldError) -> Self {
        match error {
            FieldError::NotJson => Situation::BadJson.into(),
            FieldError::Field(name, what) => Self {
                field: Some((name, what)),
                ..Situation::BadField.into()
            },
        }
    }
}

impl From<BodyError> for Rejection {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Situation::TooLarge.into(),
            BodyError::TooSlow => Situation::TooSlow.into(),
            BodyError::Broken => Situation::BadJson.into(),
        }
    }
}

impl ResponseError for Rejection {
    fn status_code(&self) -> StatusCode {
        self.situation.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut reply = HttpResponse::build(self.status_code()).json(self.body());
        let headers = reply.headers_mut();
        match self.situation {
            Situation::NoToken | Situation::BadToken => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Token"));
            }
            Situation::TooMany | Situation::NotNow => {
                headers.insert(RETRY_AFTER, COME_BACK);
            }
            _ => {}
        }
        let allowed = self.allowed.as_deref().map(HeaderValue::from_str);
        if let Some(Ok(allowed)) = allowed {
            headers.insert(ALLOW, allowed);
        }
        reply
    }
}

impl Responder for Rejection {
    type Body = actix_web::body::BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        self.error_response()
    }
}
