//! The OpenAPI document, made from the table of routes and from what other surfaces tell of theirs.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};
use serde_json::Value;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, InfoBuilder, ObjectBuilder, OpenApi,
    OpenApiBuilder, Ref, Required, ResponseBuilder, Schema, Type,
};

use crate::channels::table::{Told, plain};

use super::pages;
use super::routes::{self, BodyKind, PREFIXES, Route, unable};
use super::samples;

/// The chat API is described under this of its prefixes.
const SHOWN: &str = PREFIXES[1];

/// The document of the chat API, where it is served, and of these other routes.
pub fn document(others: &[Told], with_chat_api: bool) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut items: BTreeMap<String, PathItem> = BTreeMap::new();
    let own = if with_chat_api {
        routes::all()
    } else {
        Vec::new()
    };
    for route in own {
        let path = format!("{SHOWN}{}", route.path);
        add(&mut items, (path, &route.method), of_route(&route));
        if let Some(word) = route.also_at() {
            let path = format!("{SHOWN}{word}");
            add(&mut items, (path, &route.method), of_route(&route));
        }
    }
    let more = match with_chat_api {
        true => [sse(), refused(), pages::told(|_| true)].concat(),
        false => pages::told(pages::is_documentation),
    };
    for told in more.iter().chain(others) {
        add(&mut items, (told.path.clone(), &told.method), of_told(told));
    }
    for (path, item) in items {
        paths = paths.path(path, item);
    }
    let about = "Every path of the chat API below /restapi/v1 is found below /rest/api/restapi/v1, and \
                 without a prefix, too, but for those that administer. Other surfaces' paths are found \
                 with a slash at their ends, too.";
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Warmline")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(about))
                .build(),
        )
        .paths(paths.build())
        .components(Some(schemes()))
        .build()
}

/// The error entity's name among the components.
const ERROR: &str = "error";
/// What the routes that are refused are shown under.
const IMPOSSIBLE: &str = "chat API: not possible here (501)";

/// What is refused under all methods, with the reason.
fn refused() -> Vec<Told> {
    let methods = [Method::GET, Method::POST, Method::PUT, Method::DELETE];
    let all = unable::REFUSED
        .iter()
        .flat_map(|refused| methods.iter().map(move |m| (refused, m)));
    let told = all.map(|((pattern, why), method)| Told {
        surface: IMPOSSIBLE,
        method: method.clone(),
        path: plain(&format!("{SHOWN}{pattern}")),
        about: why,
        json: false,
    });
    told.collect()
}

/// Serves the document.
pub fn configure(services: &mut ServiceConfig, document: &OpenApi) {
    let text = document.to_json().unwrap_or_default();
    services.route(
        pages::DOCUMENT,
        web::get().to(move || {
            let text = text.clone();
            async move {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(text)
            }
        }),
    );
}

fn sse() -> Vec<Told> {
    vec![Told {
        surface: "chat API: events",
        method: Method::GET,
        path: "/sse/{user}".to_owned(),
        about: "Events as they come (text/event-stream); 204 when the session is over.",
        json: false,
    }]
}

fn schemes() -> utoipa::openapi::Components {
    let header = ApiKey::Header(ApiKeyValue::with_description(
        "Authorization",
        "The master secret itself, without a scheme.",
    ));
    let error = samples::error();
    ComponentsBuilder::new()
        .schema(ERROR, samples::shape(&error, &[]))
        .security_scheme("master", SecurityScheme::ApiKey(header))
        .security_scheme(
            "user",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).build()),
        )
        .security_scheme(
            "visitor",
            SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
        )
        .build()
}

fn add(
    items: &mut BTreeMap<String, PathItem>,
    (path, method): (String, &Method),
    operation: OperationBuilder,
) {
    let Some(method) = method_of(method) else {
        return;
    };
    let operation = parts(&path).into_iter().fold(operation, |operation, name| {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text()));
        operation.parameter(parameter)
    });
    let item = PathItem::new(method, operation);
    items.entry(path).or_default().merge_operations(item);
}

fn of_route(route: &Route) -> OperationBuilder {
    let mut operation = OperationBuilder::new()
        .tag("chat API")
        .summary(Some(route.about));
    let streamless = route.path.starts_with("/chat/") && !route.path.contains("/{stream}");
    let whose = ["username", "streamid"];
    let whose = whose.iter().filter(|_| streamless && !route.open);
    for name in route.query.iter().chain(whose) {
        let parameter = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Query)
            .schema(Some(text()));
        operation = operation.parameter(parameter);
    }
    let kinds: &[&str] = match route.body {
        BodyKind::None => &[],
        BodyKind::Text => &["text/plain"],
        BodyKind::TextOrJson => &["text/plain", "application/json"],
        BodyKind::Entity => &["application/json", "application/xml"],
    };
    let (method, path) = (route.method.as_str(), route.below());
    let sample = samples::body(method, path);
    let sample = sample.map(|sample| (sample, samples::required(method, path)));
    operation = with_body(operation, (kinds, sample.as_ref()));
    let schemes: &[&str] = match route.is_masters() {
        true => &["master"],
        false => &["master", "user", "visitor"],
    };
    for scheme in schemes.iter().copied() {
        operation = operation.security(SecurityRequirement::new(scheme, Vec::<String>::new()));
    }
    let answers = Answers {
        entity: true,
        impossible: route.may_be_impossible(),
        elsewhere: route.asks_elsewhere(),
        sample: samples::answer(method, path),
    };
    answered(operation, &answers)
}

fn of_told(told: &Told) -> OperationBuilder {
    let operation = OperationBuilder::new()
        .tag(told.surface)
        .summary(Some(told.about));
    let kinds: &[&str] = if told.json {
        &["application/json"]
    } else {
        &[]
    };
    let refused = told.surface == IMPOSSIBLE;
    let answers = Answers {
        entity: refused,
        impossible: refused,
        elsewhere: false,
        sample: None,
    };
    answered(with_body(operation, (kinds, None)), &answers)
}

/// A body of these types; in JSON as in the sample, where there is one.
fn with_body(
    operation: OperationBuilder,
    (kinds, sample): (&[&str], Option<&(Value, &[&str])>),
) -> OperationBuilder {
    if kinds.is_empty() {
        return operation;
    }
    let anything = || Schema::from(ObjectBuilder::new().schema_type(Type::Object).build());
    let body = kinds.iter().fold(RequestBodyBuilder::new(), |body, kind| {
        let content = match (*kind, sample) {
            ("application/json", Some((sample, required))) => {
                json(sample, samples::shape(sample, required))
            }
            ("application/json" | "application/xml", _) => {
                ContentBuilder::new().schema(Some(anything())).build()
            }
            _ => ContentBuilder::new().schema(Some(text())).build(),
        };
        body.content(*kind, content)
    });
    operation.request_body(Some(body.build()))
}

fn json(sample: &Value, shape: Schema) -> Content {
    let content = ContentBuilder::new().schema(Some(shape));
    content.example(Some(sample.clone())).build()
}

/// What an operation answers with.
struct Answers {
    /// Errors are the chat API's entity.
    entity: bool,
    /// 501 is among them.
    impossible: bool,
    /// So are other servers' failures: 502 and 504.
    elsewhere: bool,
    /// What it looks like in JSON.
    sample: Option<Value>,
}

fn answered(operation: OperationBuilder, answers: &Answers) -> OperationBuilder {
    const JSON: &str = "application/json";
    let done = ResponseBuilder::new().description("Done.");
    let done = match &answers.sample {
        Some(sample) => done.content(JSON, json(sample, samples::shape(sample, &[]))),
        None => done,
    };
    let failed = |what: &str| {
        let response = ResponseBuilder::new().description(what);
        let entity = ContentBuilder::new().schema(Some(Ref::from_schema_name(ERROR)));
        match answers.entity {
            true => response.content(JSON, entity.build()).build(),
            false => response.build(),
        }
    };
    let operation = operation
        .response("2XX", done.build())
        .response("4XX", failed("Not done; why stands in the answer."))
        .response("503", failed("Not possible just now."));
    let operation = match answers.elsewhere {
        true => operation
            .response("502", failed("Another server failed."))
            .response("504", failed("Another server did not answer in time.")),
        false => operation,
    };
    match answers.impossible {
        true => operation.response(
            "501",
            failed("Not possible here; why stands in the answer."),
        ),
        false => operation,
    }
}

fn text() -> utoipa::openapi::Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

/// The names of a path's parts.
fn parts(path: &str) -> Vec<String> {
    let parts = path.split('{').skip(1);
    parts
        .filter_map(|rest| rest.split('}').next())
        .map(|name| name.split(':').next().unwrap_or(name).to_owned())
        .collect()
}

fn method_of(method: &Method) -> Option<HttpMethod> {
    Some(match *method {
        Method::GET => HttpMethod::Get,
        Method::POST => HttpMethod::Post,
        Method::PUT => HttpMethod::Put,
        Method::DELETE => HttpMethod::Delete,
        Method::PATCH => HttpMethod::Patch,
        Method::HEAD => HttpMethod::Head,
        _ => return None,
    })
}
