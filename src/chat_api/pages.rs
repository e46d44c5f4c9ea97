//! Pages that come with the program: the documentation, the page that shows events, the demo pair.
//! Nothing in them is fetched from elsewhere.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderName, LOCATION};
use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, Resource};

use crate::channels::table::Told;

/// Where the OpenAPI document is served.
pub const DOCUMENT: &str = "/openapi.json";

/// Scripts and styles of our own only; the documentation's own styles stand within it.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; \
     frame-ancestors 'self'";

/// The demo pair also puts files at the XMPP server's upload service, wherever that is: over TLS, or on
/// this machine for trials.
const FILES_GO_OUT: &str = "; connect-src 'self' https: http://127.0.0.1:* http://localhost:*";

/// Path, kind, content.
const FILES: &[(&str, &str, &str)] = &[
    (
        "/docs/",
        "text/html",
        include_str!("../../assets/swagger-ui/index.html"),
    ),
    (
        "/docs/start.js",
        "text/javascript",
        include_str!("../../assets/swagger-ui/start.js"),
    ),
    (
        "/docs/swagger-ui.css",
        "text/css",
        include_str!("../../assets/swagger-ui/swagger-ui.css"),
    ),
    (
        "/docs/swagger-ui-bundle.js",
        "text/javascript",
        include_str!("../../assets/swagger-ui/swagger-ui-bundle.js"),
    ),
    (
        "/apps/sse/index.html",
        "text/html",
        include_str!("../../assets/apps/sse/index.html"),
    ),
    (
        "/apps/sse/events.js",
        "text/javascript",
        include_str!("../../assets/apps/sse/events.js"),
    ),
    (
        "/apps/demo/index.html",
        "text/html",
        include_str!("../../assets/apps/demo/index.html"),
    ),
    (
        "/apps/demo/visitor.html",
        "text/html",
        include_str!("../../assets/apps/demo/visitor.html"),
    ),
    (
        "/apps/demo/visitor.js",
        "text/javascript",
        include_str!("../../assets/apps/demo/visitor.js"),
    ),
    (
        "/apps/demo/agent.html",
        "text/html",
        include_str!("../../assets/apps/demo/agent.html"),
    ),
    (
        "/apps/demo/agent.js",
        "text/javascript",
        include_str!("../../assets/apps/demo/agent.js"),
    ),
    (
        "/apps/demo/common.js",
        "text/javascript",
        include_str!("../../assets/apps/demo/common.js"),
    ),
    (
        "/apps/demo/style.css",
        "text/css",
        include_str!("../../assets/apps/demo/style.css"),
    ),
];

/// Shorter spellings, and where they lead.
const SHORT: &[(&str, &str)] = &[
    ("/docs", "/docs/"),
    ("/apps/sse", "/apps/sse/index.html"),
    ("/apps/sse/", "/apps/sse/index.html"),
    ("/apps/demo", "/apps/demo/index.html"),
    ("/apps/demo/", "/apps/demo/index.html"),
];

/// Whether a page belongs to the documentation.
pub fn is_documentation(path: &str) -> bool {
    path.starts_with("/docs") || path == DOCUMENT
}

/// The pages that are served, for the document.
pub fn told(wanted: fn(&str) -> bool) -> Vec<Told> {
    let files = FILES.iter().map(|(path, ..)| *path);
    let short = SHORT.iter().map(|(path, _)| *path);
    let paths = files.chain(short).chain([DOCUMENT]);
    let told = paths.filter(|path| wanted(path)).map(|path| Told {
        surface: "pages",
        method: Method::GET,
        path: path.to_owned(),
        about: "A page, or a part of one.",
        json: false,
    });
    told.collect()
}

/// Adds the pages.
pub fn configure(services: &mut ServiceConfig) {
    add(services, |_| true);
}

/// Adds only the documentation.
pub fn configure_docs(services: &mut ServiceConfig) {
    add(services, is_documentation);
}

fn add(services: &mut ServiceConfig, wanted: fn(&str) -> bool) {
    for (path, kind, text) in FILES.iter().filter(|(path, ..)| wanted(path)) {
        services.service(file(path, kind, text));
    }
    for (path, to) in SHORT.iter().filter(|(path, _)| wanted(path)) {
        services.service(
            web::resource(*path).route(web::get().to(move || async move {
                HttpResponse::Found()
                    .insert_header((LOCATION, *to))
                    .finish()
            })),
        );
    }
}

fn file(path: &'static str, kind: &'static str, text: &'static str) -> Resource {
    let more = match path.starts_with("/apps/demo/") {
        true => FILES_GO_OUT,
        false => "",
    };
    web::resource(path).route(web::get().to(move || async move {
        let policy = format!("{POLICY}{more}");
        HttpResponse::Ok()
            .content_type(format!("{kind}; charset=utf-8"))
            .insert_header((CACHE_CONTROL, "no-cache"))
            .insert_header((HeaderName::from_static("content-security-policy"), policy))
            .insert_header((HeaderName::from_static("x-content-type-options"), "nosniff"))
            .body(text)
    }))
}
