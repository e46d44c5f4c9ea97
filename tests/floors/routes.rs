//! Routes are mounted from tables, which the OpenAPI document is made of, and nowhere else.

use super::house::MOUNTS;
use super::source::{Finding, Source};

/// Every place where a path or a method is given to the HTTP server beside the tables.
pub fn check(source: &Source) -> Vec<Finding> {
    if MOUNTS.contains(&source.path.as_str()) {
        return Vec::new();
    }
    let tokens = source.tokens.windows(4);
    let mounts = tokens.filter(|t| {
        let text = |at: usize| t[at].text.as_str();
        let resource = text(0) == "web" && text(1) == ":" && text(3) == "resource";
        let method = text(0) == "web"
            && text(1) == ":"
            && ["get", "post", "put", "delete", "head", "patch", "method"].contains(&text(3));
        resource || method
    });
    mounts
        .filter(|t| !source.is_test(t[0].line))
        .map(|t| {
            let what = format!("`web::{}` beside the tables of routes", t[3].text);
            source.finding(t[0].line, what)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::parse(path, text)).len()
    }

    #[test]
    fn a_route_beside_the_tables_is_found() {
        let text = "fn f(s: &mut S) { s.service(web::resource(\"/x\").route(web::get().to(g))); }";
        assert_eq!(findings("src/channels/yalo/routes.rs", text), 2);
        assert_eq!(findings("src/channels/table.rs", text), 0);
        let table = "fn f() { at(\"/x\").get(\"X.\", web::to(g)); web::scope(\"/y\"); }";
        assert_eq!(findings("src/channels/yalo/routes.rs", table), 0);
    }
}
