//! The documentation: complete, and without a request to anywhere else.

use std::collections::BTreeSet;

use reqwest::Method;

use super::world::{Reply, World};

async fn get(world: &World, path: &str) -> Reply {
    Reply::of(world.request(Method::GET, path)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_of_the_reference_is_in_the_document() {
    let world = World::new().await;
    let document = get(&world, "/openapi.json").await.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let mut told = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            told.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    for route in [
        "POST /chat/{username}/login",
        "POST /chat/{stream}/logoff",
        "POST /chat/presence",
        "POST /chat/{stream}/presence",
        "GET /chat/users",
        "GET /chat/contacts",
        "POST /chat/contacts/{jid}",
        "DELETE /chat/{stream}/contacts/{jid}",
        "PUT /chat/{stream}/contacts/{jid}",
        "GET /chat/messages",
        "GET /chat/{stream}/messages",
        "POST /chat/messages/{to}",
        "POST /chat/{stream}/chatstate/{state}/{to}",
        "GET /chat/rooms",
        "GET /chat/rooms/{room}/chathistory",
        "PUT /chat/rooms/{room}",
        "POST /chat/{stream}/rooms/{room}/{jid}",
        "DELETE /chat/rooms/{room}",
        "POST /chat/users/{property}",
        "POST /chat/xmpp",
        "GET /chat/{stream}/assists",
        "GET /chat/{stream}/assists/queues",
        "POST /chat/{stream}/assists/{workgroup}",
        "PUT /chat/assists/{workgroup}/{offer}",
        "DELETE /chat/assists/{workgroup}/{offer}",
        "POST /chat/{stream}/offer/{offer}",
        "DELETE /chat/{stream}/offer/{offer}",
        "POST /ask",
        "GET /ask/{user}",
        "POST /ask/{user}",
        "PUT /ask/{user}",
        "DELETE /ask/{user}",
        "GET /ask/workgroups",
        "GET /ask/workgroups/{workgroup}",
        "GET /users",
        "POST /users",
        "GET /users/{username}",
        "PUT /users/{username}",
        "DELETE /users/{username}",
        "POST /ask/admin",
        "GET /meet/{rest}",
    ] {
        let (method, path) = route.split_once(' ').unwrap();
        let route = format!("{method} /restapi/v1{path}");
        assert!(told.contains(&route), "{route} is not told");
    }
    assert!(told.contains("GET /sse/{user}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_are_there_and_ask_nobody_else() {
    let world = World::new().await;
    for path in [
        "/docs/",
        "/docs/start.js",
        "/docs/swagger-ui.css",
        "/docs/swagger-ui-bundle.js",
        "/apps/sse/index.html",
        "/apps/sse/events.js",
        "/apps/demo/index.html",
        "/apps/demo/visitor.html",
        "/apps/demo/agent.html",
        "/apps/demo/visitor.js",
        "/apps/demo/agent.js",
        "/apps/demo/common.js",
        "/apps/demo/style.css",
    ] {
        let reply = get(&world, path).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(!reply.text.is_empty(), "{path}");
        assert!(
            reply
                .header("content-security-policy")
                .starts_with("default-src 'self'")
        );
        if path.ends_with(".html") || path.ends_with('/') {
            assert!(!reply.text.contains("//"), "{path} names another place");
        }
    }
    let short = get(&world, "/docs").await;
    assert_eq!((short.status, short.header("location")), (302, "/docs/"));
    assert_eq!(get(&world, "/apps/sse/?username=alice").await.status, 302);
}
