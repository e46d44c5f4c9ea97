//! The OpenAPI document and what the program serves are the same, with every kind of channel; and every
//! route of the document asks for its own credentials.

use super::support::config::Config;
use super::support::http::{Reply, Request};
use super::support::prosody::Prosody;
use super::support::warmline::Warmline;
use super::support::web::{MASTER, with_chat_api};
use super::support::xmpp::{Server, jid};
use super::support::{openchs, rapidpro, weni, yalo};

const EXTERNAL: &str = "a-secret-of-courier";
/// An address where nobody answers.
const NOBODY: &str = "http://127.0.0.1:9";
/// What is reached without credentials, or with those in the body, or in the link itself.
const OPEN: [&str; 12] = [
    "/healthz",
    "/readyz",
    "/metrics",
    "/media/{sealed}/{name}",
    "/v1/welcome",
    "/v1/authenticate",
    "/yalo/{channel}/v1/welcome",
    "/yalo/{channel}/v1/authenticate",
    "/open/api/token",
    "/api/token",
    "/restapi/v1/ask/workgroups",
    "/restapi/v1/ask/workgroups/{workgroup}",
];

/// A route of the document.
struct Route {
    method: String,
    path: String,
    surface: String,
}

impl Route {
    /// The path with something in each of its places.
    fn filled(&self) -> String {
        let channel = match self.surface.as_str() {
            "Weni" => "loja",
            "Yalo" => "yalo",
            _ => "ex",
        };
        let filled = self.path.replace("{app}", rapidpro::APP_ID);
        let filled = filled.replace("{channel}", channel);
        let mut filled = filled.replace("{provider}", "whatsapp");
        while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
            filled.replace_range(start..=end, "x1");
        }
        filled
    }
}

/// Beside a Prosody, with a channel of every kind.
fn program(server: &Prosody) -> Warmline {
    let mut config = Config::new(server.ports());
    with_chat_api(&mut config, server, &[jid("agent1")]);
    config.http = "public_url = \"https://help.example.test\"".into();
    let helpline = openchs::channel("helpline", (openchs::USER, NOBODY), "");
    let external = format!(
        "[[channel]]\nid = \"ex\"\nkind = \"rapidpro_external\"\nworkgroup = \"support\"\n\
         secret = \"{EXTERNAL}\"\ncourier_url = \"{NOBODY}/c/ex/00000000-0000-4000-8000-000000000008\"\n"
    );
    for channel in [
        helpline,
        external,
        yalo::channel(NOBODY, ""),
        weni::channel(""),
    ] {
        config.more.push_str(&channel);
    }
    Warmline::start(&config)
}

fn call(warmline: &Warmline, (method, path): (&str, &str), header: Option<&str>) -> Reply {
    let mut request = Request::new(method, path).json("{}");
    if let Some(header) = header {
        request = request.header("Authorization", header);
    }
    let reply = request.send(warmline.address());
    reply.unwrap_or_else(|e| panic!("no answer to {method} {path}: {e}"))
}

/// Every route of the document, but for heads, whose answers have no bodies to be compared.
fn routes(warmline: &Warmline) -> Vec<Route> {
    let document = warmline.get("/openapi.json").json();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            routes.push(Route {
                method: method.to_uppercase(),
                path: path.clone(),
                surface: operation["tags"][0].as_str().expect("a tag").to_owned(),
            });
        }
    }
    routes.retain(|route| route.method != "HEAD");
    routes
}

/// What is answered, without the path in it.
fn answered(warmline: &Warmline, (method, path): (&str, &str)) -> (u16, String) {
    let reply = call(warmline, (method, path), None);
    let text = String::from_utf8_lossy(&reply.body).replace(path, "");
    (reply.status, text)
}

/// Whether the router itself answers: it knows no such path, or not by this method.
fn is_lost(warmline: &Warmline, (method, path): (&str, &str)) -> bool {
    let answer = answered(warmline, (method, path));
    let nowhere = format!("{}/nowhere/at/all", path.trim_end_matches('/'));
    answer.0 == 405 || answer.0 == 404 && answer == answered(warmline, (method, &nowhere))
}

#[test]
fn the_document_and_what_is_served_are_the_same() {
    let server = Prosody::start();
    let warmline = program(&server);
    let routes = routes(&warmline);
    for surface in [
        "RapidPro",
        "Weni",
        "Yalo",
        "OpenCHS",
        "chat API",
        "media",
        "operators",
        "pages",
    ] {
        assert!(
            routes.iter().any(|route| route.surface == surface),
            "{surface}"
        );
    }
    assert!(routes.len() > 200, "{}", routes.len());
    for route in &routes {
        let path = route.filled();
        let lost = is_lost(&warmline, (&route.method, &path));
        assert!(
            !lost,
            "{} {} is documented and not served",
            route.method, route.path
        );
    }
    for route in &routes {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let documented = |other: &&Route| other.path == route.path && other.method == method;
            if !routes.iter().any(|other| documented(&other)) {
                let lost = is_lost(&warmline, (method, &route.filled()));
                assert!(lost, "{method} {} is served and not documented", route.path);
            }
        }
    }
}

/// None, wrong ones of every scheme, and those of every other surface.
#[test]
fn every_route_asks_for_its_own_credentials() {
    let server = Prosody::start();
    let warmline = program(&server);
    let openchs = openchs::Gateway::log_in(warmline.address(), openchs::USER).token;
    let yalo = yalo::Yalo::new(warmline.address()).token;
    let own: [(&str, String); 6] = [
        ("RapidPro", format!("Token {}", rapidpro::SECRET)),
        ("RapidPro", EXTERNAL.to_owned()),
        ("Weni", format!("Bearer {}", weni::TOKEN)),
        ("Yalo", format!("Bearer {yalo}")),
        ("OpenCHS", format!("Token {openchs}")),
        ("chat API", MASTER.to_owned()),
    ];
    let wrong = [
        "Bearer wrong",
        "Token wrong",
        "Basic YWdlbnQxOndyb25n",
        "wrong",
        "Digest x",
    ];
    let mut asked = 0;
    for route in routes(&warmline) {
        if route.surface == "pages" || OPEN.contains(&route.path.as_str()) {
            continue;
        }
        let path = route.filled();
        let mut refused = |header: Option<&str>| {
            let reply = call(&warmline, (&route.method, &path), header);
            let kind = &route.surface;
            assert!(
                [400, 401, 403, 404, 429].contains(&reply.status),
                "{} {path} of {kind} with {header:?}: {}",
                route.method,
                reply.status
            );
            asked += 1;
        };
        refused(None);
        wrong.iter().for_each(|header| refused(Some(header)));
        let others = own
            .iter()
            .filter(|(surface, _)| !route.surface.starts_with(surface));
        others.for_each(|(_, header)| refused(Some(header)));
    }
    assert!(asked > 1_500, "{asked}");
    // Nothing of all that was taken.
    let (_, list) = warmline.command(&["conversations", "list"]);
    assert!(
        list.contains("no conversations") || list.trim().is_empty(),
        "{list}"
    );
}
