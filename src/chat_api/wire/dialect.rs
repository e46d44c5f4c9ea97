//! Which form of an answer the caller wants: plain JSON, the old mapped JSON, or XML.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::ACCEPT;

use super::node::Entity;

/// The form of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// JSON with real arrays, numbers and flags.
    #[default]
    Plain,
    /// JSON as Jersey 1 wrote it, for unmodified old clients.
    Mapped,
    /// XML.
    Xml,
}

impl Dialect {
    /// What a request asks for: `dialect=mapped` in the query or as a parameter of `Accept`; XML
    /// where it stands in `Accept` before any JSON; else plain JSON, whatever `Accept` says.
    pub fn of(request: &HttpRequest) -> Self {
        let header = request.headers().get(ACCEPT);
        let accept = header.and_then(|value| value.to_str().ok()).unwrap_or("");
        let queried = request.query_string().split('&');
        if queried.clone().any(|pair| pair == "dialect=mapped") {
            return Self::Mapped;
        }
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or("").to_ascii_lowercase();
            let mapped = parts.any(|part| part.eq_ignore_ascii_case("dialect=mapped"));
            match kind.as_str() {
                "application/xml" | "text/xml" => return Self::Xml,
                "application/json" if mapped => return Self::Mapped,
                "application/json" => return Self::Plain,
                _ => {}
            }
        }
        Self::Plain
    }

    /// Whether `Accept` names JSON or XML.
    pub fn is_asked_for(request: &HttpRequest) -> bool {
        let header = request.headers().get(ACCEPT);
        let accept = header.and_then(|value| value.to_str().ok()).unwrap_or("");
        accept.split(',').any(|range| {
            let kind = range.split(';').next().unwrap_or("").trim();
            ["application/json", "application/xml", "text/xml"]
                .iter()
                .any(|known| kind.eq_ignore_ascii_case(known))
        })
    }

    /// An answer with this entity.
    pub fn reply(self, status: StatusCode, entity: &Entity) -> HttpResponse {
        let mut reply = HttpResponse::build(status);
        match self {
            Self::Plain => reply.json(entity.plain()),
            Self::Mapped => reply.json(entity.mapped()),
            Self::Xml => reply
                .content_type("application/xml; charset=utf-8")
                .body(entity.xml()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn of(query: &str, accept: &str) -> Dialect {
        let request = TestRequest::with_uri(&format!("/chat/rooms?{query}"));
        Dialect::of(&request.insert_header((ACCEPT, accept)).to_http_request())
    }

    #[test]
    fn json_unless_xml_is_asked_for() {
        for accept in ["", "*/*", "text/html", "application/json", "text/plain"] {
            assert_eq!(of("", accept), Dialect::Plain, "{accept}");
        }
        assert_eq!(of("", "application/xml"), Dialect::Xml);
        assert_eq!(of("", "application/json, application/xml"), Dialect::Plain);
    }

    #[test]
    fn the_old_dialect_by_query_or_accept() {
        assert_eq!(of("a=b&dialect=mapped", "*/*"), Dialect::Mapped);
        assert_eq!(of("", "application/json;dialect=mapped"), Dialect::Mapped);
        assert_eq!(of("", "application/json; charset=utf-8"), Dialect::Plain);
    }
}
