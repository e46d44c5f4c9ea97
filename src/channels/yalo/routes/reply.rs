//! Answers as the original writes them.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderValue};
use serde_json::{Value, json};

/// A JSON answer. Go's encoder escapes what could be markup.
pub(super) fn json_reply(status: StatusCode, body: &Value) -> HttpResponse {
    let mut text = body.to_string();
    for (mark, escaped) in [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")] {
        // These can stand only within texts.
        if text.contains(mark) {
            text = text.replace(mark, escaped);
        }
    }
    HttpResponse::build(status)
        .content_type("application/json")
        .body(text)
}

/// 200 and a sentence.
pub(super) fn message(text: &str) -> HttpResponse {
    json_reply(StatusCode::OK, &json!({ "Message": text }))
}

/// What went wrong.
pub(super) fn error(status: StatusCode, text: &str) -> HttpResponse {
    json_reply(status, &json!({ "ErrorDescription": text }))
}

/// The answer to a path that leads nowhere.
pub(super) async fn not_found() -> HttpResponse {
    error(StatusCode::NOT_FOUND, "no such path")
}

/// The answer to a method that a path does not know; `allowed` as in the `Allow` header.
pub(super) fn wrong_method(allowed: &str) -> HttpResponse {
    let mut reply = error(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        reply.headers_mut().insert(ALLOW, allowed);
    }
    reply
}
