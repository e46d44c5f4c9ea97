//! A surface's routes as one table: what is served is what is documented.

use actix_web::http::Method;
use actix_web::{HttpResponse, Resource, Route, web};

/// A route of any surface, for the document.
#[derive(Clone, Debug)]
pub struct Told {
    /// Which surface it belongs to.
    pub surface: &'static str,
    /// GET, POST ...
    pub method: Method,
    /// The whole path.
    pub path: String,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Whether it takes JSON.
    pub json: bool,
}

/// A path, and what it knows.
pub struct Place {
    path: &'static str,
    ways: Vec<Way>,
}

/// One method of a path.
struct Way {
    method: Method,
    about: &'static str,
    route: Route,
}

/// A path below a surface's prefix, in the router's own spelling.
pub fn at(path: &'static str) -> Place {
    let ways = Vec::new();
    Place { path, ways }
}

impl Place {
    fn on(mut self, method: Method, about: &'static str, route: Route) -> Self {
        self.ways.push(Way {
            route: route.method(method.clone()),
            method,
            about,
        });
        self
    }

    /// GET does this.
    #[must_use]
    pub fn get(self, about: &'static str, route: Route) -> Self {
        self.on(Method::GET, about, route)
    }

    /// HEAD does this.
    #[must_use]
    pub fn head(self, about: &'static str, route: Route) -> Self {
        self.on(Method::HEAD, about, route)
    }

    /// POST does this.
    #[must_use]
    pub fn post(self, about: &'static str, route: Route) -> Self {
        self.on(Method::POST, about, route)
    }

    /// PUT does this.
    #[must_use]
    pub fn put(self, about: &'static str, route: Route) -> Self {
        self.on(Method::PUT, about, route)
    }

    /// DELETE does this.
    #[must_use]
    pub fn delete(self, about: &'static str, route: Route) -> Self {
        self.on(Method::DELETE, about, route)
    }

    /// The methods as the `Allow` header has them.
    fn allowed(&self) -> String {
        let methods = self.ways.iter().map(|way| way.method.as_str());
        methods.collect::<Vec<_>>().join(", ")
    }

    /// The path below a prefix, with and without a slash at its end: a redirect would lose the body.
    /// Another method is answered with what `wrong` makes of those that are allowed.
    pub fn resource<F>(self, prefix: &str, wrong: F) -> Resource
    where
        F: Fn(&str) -> HttpResponse + Clone + 'static,
    {
        let path = format!("{prefix}{}", self.path);
        let allowed = self.allowed();
        let refused = move || {
            let reply = wrong(&allowed);
            async move { reply }
        };
        let resource = web::resource([path.clone(), format!("{path}/")]);
        let resource = resource.default_service(web::to(refused));
        let routes = self.ways.into_iter().map(|way| way.route);
        routes.fold(resource, Resource::route)
    }
}

/// A table for the document.
pub fn told(surface: &'static str, prefix: &str, places: &[Place]) -> Vec<Told> {
    let ways = places
        .iter()
        .flat_map(|place| place.ways.iter().map(move |way| (place, way)));
    let told = ways.map(|(place, way)| Told {
        surface,
        method: way.method.clone(),
        path: plain(&format!("{prefix}{}", place.path)),
        about: way.about,
        json: matches!(way.method, Method::POST | Method::PUT),
    });
    told.collect()
}

/// A pattern without what the router alone wants to know: `{session:.+}` is `{session}`.
pub fn plain(pattern: &str) -> String {
    let mut plain = String::with_capacity(pattern.len());
    for (number, piece) in pattern.split('{').enumerate() {
        if number == 0 {
            plain.push_str(piece);
            continue;
        }
        let (inner, after) = piece.split_once('}').unwrap_or((piece, ""));
        let name = inner.split(':').next().unwrap_or(inner);
        plain.push_str(&format!("{{{name}}}{after}"));
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_tells_what_it_serves() {
        async fn nothing() -> HttpResponse {
            HttpResponse::Ok().finish()
        }
        let place = at("/chat/{session:.+}/close")
            .get("Looks.", web::to(nothing))
            .post("Does.", web::to(nothing));
        assert_eq!(place.allowed(), "GET, POST");
        let told = told("x", "/api", &[place]);
        let lines: Vec<_> = told
            .iter()
            .map(|one| (one.method.as_str(), one.path.as_str(), one.json))
            .collect();
        let path = "/api/chat/{session}/close";
        assert_eq!(lines, [("GET", path, false), ("POST", path, true)]);
    }
}
