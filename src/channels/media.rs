//! `GET|HEAD /media/{sealed}/{name}`: media from outside, on our own address.

use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::web::{self, Data, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;

use super::http::{error_reply, wrong_method};
use super::table::{self, Place, Told, at};
use crate::media::{BadLink, Media, MediaDesk, MediaError, Shown, Torn, disposition};

/// After how many seconds to ask again when too many media are fetched.
const AGAIN_AFTER: &str = "5";

/// Adds the route.
pub fn configure(services: &mut ServiceConfig, desk: MediaDesk) {
    services.app_data(Data::new(desk));
    for place in places() {
        services.service(place.resource("", wrong_method));
    }
}

/// The same for the document.
pub fn told() -> Vec<Told> {
    table::told("media", "", &places())
}

fn places() -> Vec<Place> {
    const ABOUT: &str = "A file of a conversation.";
    vec![
        at("/media/{sealed}/{name}")
            .get(ABOUT, web::to(get))
            .head(ABOUT, web::to(head)),
    ]
}

async fn get(
    request: HttpRequest,
    desk: Data<MediaDesk>,
    link: Path<(String, String)>,
) -> HttpResponse {
    let name = &link.1;
    match fetch(&request, &desk, &link).await {
        Ok(media) => {
            let (mut reply, length) = (begin(&media, name), media.length);
            let bytes = media.into_bytes();
            match length {
                Some(length) => reply.body(SizedStream::new(length, Box::pin(bytes))),
                None => reply.streaming(Box::pin(bytes)),
            }
        }
        Err(problem) => refusal(problem),
    }
}

/// The same head. The origin is asked as for a `GET`: signed addresses answer nothing else, and the
/// type is known only by the first bytes.
async fn head(
    request: HttpRequest,
    desk: Data<MediaDesk>,
    link: Path<(String, String)>,
) -> HttpResponse {
    let nothing = || futures::stream::empty::<Result<Bytes, Torn>>();
    match fetch(&request, &desk, &link).await {
        Ok(media) => match (begin(&media, &link.1), media.length) {
            (mut reply, Some(length)) => reply.body(SizedStream::new(length, nothing())),
            (mut reply, None) => reply.streaming(nothing()),
        },
        Err(problem) => refusal(problem),
    }
}

async fn fetch(
    request: &HttpRequest,
    desk: &MediaDesk,
    (sealed, name): &(String, String),
) -> Result<Media, MediaError> {
    let range = request.headers().get(header::RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    // There is no validator that `If-Range` could name: the whole it is (RFC 9110 §13.1.5).
    let range = range.filter(|_| !request.headers().contains_key(header::IF_RANGE));
    desk.fetch(sealed, name, range).await
}

/// No script, nothing from elsewhere. A browser puts a picture or a sound that is opened by itself
/// into a page of its own making, with styles, and asks for it again from there.
const POLICY: &str =
    "sandbox; default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'";

/// Status and headers. Nothing of the origin's own headers is passed on as it is.
fn begin(media: &Media, name: &str) -> actix_web::HttpResponseBuilder {
    let mut reply = match &media.part {
        None => HttpResponse::Ok(),
        Some(part) => {
            let mut reply = HttpResponse::PartialContent();
            reply.insert_header((header::CONTENT_RANGE, part.as_str()));
            reply
        }
    };
    let (kind, inline) = match media.shown {
        // Chromium shows no PDF in a sandbox: it is saved, and opened from there.
        Shown::Inline(mime) => (mime, mime != "application/pdf"),
        Shown::Attachment => ("application/octet-stream", false),
    };
    if media.in_parts {
        reply.insert_header((header::ACCEPT_RANGES, "bytes"));
    }
    reply
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CONTENT_DISPOSITION, disposition(inline, name)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        .insert_header((header::CACHE_CONTROL, "private"));
    reply
}

fn refusal(problem: MediaError) -> HttpResponse {
    let status = match problem {
        MediaError::Link(BadLink::Forged) => StatusCode::NOT_FOUND,
        MediaError::Link(BadLink::Expired) => StatusCode::GONE,
        MediaError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        MediaError::Forbidden => StatusCode::FORBIDDEN,
        MediaError::NoSuchPart => StatusCode::RANGE_NOT_SATISFIABLE,
        MediaError::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        MediaError::Refused | MediaError::TooLarge | MediaError::Disguised => {
            StatusCode::BAD_GATEWAY
        }
    };
    let mut reply = error_reply(status, &problem.to_string());
    let headers = reply.headers_mut();
    let mut add = |name, value| headers.insert(name, header::HeaderValue::from_static(value));
    add(header::CACHE_CONTROL, "no-store");
    if problem == MediaError::Busy {
        add(header::RETRY_AFTER, AGAIN_AFTER);
    }
    reply
}
