//! From a request to its handler, and from what comes of it to an answer.

use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ALLOW, CACHE_CONTROL,
    CONTENT_DISPOSITION, HeaderName, HeaderValue, ORIGIN, VARY,
};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, guard};

use crate::channels::http::read_body;
use crate::telemetry::metrics as figures;

use super::ChatApi;
use super::call::{Answer, Call, Content, Handler, Outcome, authorization, peer};
use super::failure::Failure;
use super::gate::Caller;
use super::routes::{self, Entry, PREFIXES, Route, unable};
use super::wire::dialect::Dialect;
use super::{pages, sse};

/// Which kind of session did it.
const SESSION_KIND: HeaderName = HeaderName::from_static("x-session-kind");

/// Adds the REST routes under all their prefixes, `/sse/{user}` and the pages.
pub fn configure(services: &mut ServiceConfig, api: &Arc<ChatApi>) {
    let paths = grouped(routes::all());
    for prefix in PREFIXES {
        // Before what is refused below the same words.
        let (administration, others) = paths
            .iter()
            .partition::<Vec<_>, _>(|(_, routes)| routes.iter().all(Route::is_administration));
        for (path, routes) in administration {
            if !prefix.is_empty() {
                resource(services, api, (&format!("{prefix}{path}"), routes));
            }
        }
        for (pattern, _) in unable::REFUSED {
            // Without a prefix these names may be others'.
            if !prefix.is_empty() || pattern.starts_with("/ask/") {
                refused(services, api, &format!("{prefix}{pattern}"));
            }
        }
        for (path, routes) in others {
            resource(services, api, (&format!("{prefix}{path}"), routes));
        }
        if !prefix.is_empty() {
            unknown(services, api, &format!("{prefix}{{rest:.*}}"));
        }
    }
    let events = api.clone();
    let sse = web::resource("/sse/{user}")
        .route(web::get().to(move |request: HttpRequest| stream(events.clone(), request)));
    let allowed = api.clone();
    services.service(sse.default_service(web::to(move |request: HttpRequest| {
        let reply = elsewise(&allowed, &request, "GET");
        async move { reply }
    })));
    pages::configure(services);
}

/// The routes of each path together, in the order of the table.
fn grouped(routes: Vec<Route>) -> Vec<(String, Vec<Route>)> {
    let mut paths: Vec<(String, Vec<Route>)> = Vec::new();
    for route in routes {
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, routes)) => routes.push(route),
            None => paths.push((route.path.clone(), vec![route])),
        }
    }
    paths
}

fn resource(services: &mut ServiceConfig, api: &Arc<ChatApi>, (path, all): (&str, &[Route])) {
    let mut resource = web::resource(path);
    if all.iter().all(Route::stands_before) {
        // Whatever else is asked of the path is the other route's.
        for route in all {
            let method = route.method.clone();
            resource = resource.guard(guard::fn_guard(move |asked| asked.head().method == method));
        }
    }
    for route in all {
        let (api, handler, entry) = (api.clone(), route.handler, route.entry());
        let run = move |request: HttpRequest, payload: Payload| {
            run(api.clone(), (handler, entry), (request, payload))
        };
        resource = resource.route(web::method(route.method.clone()).to(run));
    }
    let methods: Vec<&str> = all.iter().map(|route| route.method.as_str()).collect();
    let (api, allowed) = (api.clone(), methods.join(", "));
    services.service(
        resource.default_service(web::to(move |request: HttpRequest| {
            let reply = elsewise(&api, &request, &allowed);
            async move { reply }
        })),
    );
}

fn refused(services: &mut ServiceConfig, api: &Arc<ChatApi>, pattern: &str) {
    let api = api.clone();
    let run = move |request: HttpRequest, payload: Payload| {
        let api = api.clone();
        async move {
            match *request.method() {
                Method::OPTIONS => elsewise(&api, &request, "GET, POST, PUT, DELETE"),
                _ => run(api, (routes::refuser(), Entry::Known), (request, payload)).await,
            }
        }
    };
    services.service(web::resource(pattern).default_service(web::to(run)));
}

fn unknown(services: &mut ServiceConfig, api: &Arc<ChatApi>, pattern: &str) {
    let api = api.clone();
    services.service(web::resource(pattern).default_service(web::to(
        move |request: HttpRequest| {
            let dialect = Dialect::of(&request);
            let reply = Failure::NoSuchPath.reply(dialect, request.path());
            let reply = finish(&api, &request, reply);
            async move { reply }
        },
    )));
}

/// A method that a path does not know; `OPTIONS` is a browser that asks what it may do.
fn elsewise(api: &ChatApi, request: &HttpRequest, allowed: &str) -> HttpResponse {
    let mut reply = match *request.method() {
        Method::OPTIONS => HttpResponse::NoContent().finish(),
        _ => {
            let wrong = Failure::WrongMethod(allowed.to_owned());
            wrong.reply(Dialect::of(request), request.path())
        }
    };
    if let Ok(allowed) = HeaderValue::from_str(&format!("{allowed}, OPTIONS")) {
        reply.headers_mut().insert(ALLOW, allowed.clone());
        if *request.method() == Method::OPTIONS {
            reply
                .headers_mut()
                .insert(ACCESS_CONTROL_ALLOW_METHODS, allowed);
        }
    }
    finish(api, request, reply)
}

async fn run(
    api: Arc<ChatApi>,
    (handler, entry): (Handler, Entry),
    (request, payload): (HttpRequest, Payload),
) -> HttpResponse {
    let dialect = Dialect::of(&request);
    let outcome = handle(&api, (handler, entry), (&request, payload)).await;
    let reply = match outcome {
        Ok(answer) => reply(answer, dialect),
        Err(failure) => failure.reply(dialect, request.path()),
    };
    finish(&api, &request, reply)
}

/// The credentials first, then the body: a stranger cannot make us hold a large one.
async fn handle(
    api: &Arc<ChatApi>,
    (handler, entry): (Handler, Entry),
    (request, payload): (&HttpRequest, Payload),
) -> Outcome {
    let header = authorization(request);
    let from = peer(request, &api.settings.proxies);
    let caller = match entry {
        Entry::Login => api.gate.admit(header, from).await?,
        Entry::Anybody | Entry::Known => api.admit(header, from).await?,
    };
    if matches!(caller, Caller::Nobody) && entry == Entry::Known {
        return Err(Failure::NoCredentials);
    }
    let body = read_body(payload).await?;
    let call = Call::new(api.clone(), request, caller, body);
    // Before anything else is said of the call.
    if call.path("stream").starts_with("ofchat-") {
        call.session().await?;
    }
    handler(call).await
}

fn reply(answer: Answer, dialect: Dialect) -> HttpResponse {
    let mut reply = match &answer.content {
        Content::Empty => HttpResponse::build(answer.status).finish(),
        Content::Text(text) => HttpResponse::build(answer.status)
            .content_type("text/plain; charset=utf-8")
            .body(text.clone()),
        Content::Entity(entity) => dialect.reply(answer.status, entity),
        Content::Pdf { name, bytes } => HttpResponse::build(answer.status)
            .content_type("application/pdf")
            .insert_header((
                CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ))
            .body(bytes.clone()),
    };
    if answer.private {
        let never = HeaderValue::from_static("no-store");
        reply.headers_mut().insert(CACHE_CONTROL, never);
    }
    if let Some(kind) = answer.kind {
        let word = HeaderValue::from_static(kind.word());
        reply.headers_mut().insert(SESSION_KIND, word);
    }
    reply
}

/// Says which pages may read the answer, and counts it.
fn finish(api: &ChatApi, request: &HttpRequest, mut reply: HttpResponse) -> HttpResponse {
    figures::http_request(api.settings.channel.as_str(), reply.status().as_u16());
    let headers = reply.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    let origin = request.headers().get(ORIGIN);
    let Some(origin) = origin.filter(|origin| allows(api, origin)) else {
        return reply;
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    let yes = HeaderValue::from_static("true");
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    let sent = "Authorization, Content-Type, Accept, Last-Event-ID, Idempotency-Key";
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(sent));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("X-Session-Kind, Retry-After"),
    );
    reply
}

fn allows(api: &ChatApi, origin: &HeaderValue) -> bool {
    let listed = api.settings.allow_origins.iter();
    origin
        .to_str()
        .is_ok_and(|origin| listed.clone().any(|one| one == origin))
}

async fn stream(api: Arc<ChatApi>, request: HttpRequest) -> HttpResponse {
    let reply = match sse::events(&api, &request).await {
        Ok(reply) => reply,
        // Only here may a browser ask its user for a password.
        Err(failure) => failure.reply_with_challenge(request.path()),
    };
    finish(&api, &request, reply)
}
