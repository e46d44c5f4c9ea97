//! Workgroups that are administered over the API.

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Value, json};
use warmline::engine::groups::{GroupOrder, GroupProblem, Part};

use super::players::PASSWORD;
use super::world::{CAROLS, Reply, World};

const ADMIN: &str = "/restapi/v1/ask/admin";

async fn add(world: &World, body: &Value) -> Reply {
    world.master("POST", ADMIN, &body.to_string()).await
}

fn last(world: &World) -> GroupOrder {
    let orders = world.players.grouped.lock().unwrap();
    orders.last().cloned().expect("an order")
}

fn ordered(world: &World) -> usize {
    world.players.grouped.lock().unwrap().len()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_three_routes_order_what_administrators_commands_do() {
    let world = World::new().await;
    let body =
        json!({"name": "Billing", "description": "Bills", "members": "ana, ben@acme.example,ana"});
    let reply = add(&world, &body).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let members = "ana@acme.example,ben@acme.example";
    let told = json!({"name": "billing", "description": "Bills", "members": members});
    assert_eq!(reply.json(), told);
    let agents = texts(&["ana@acme.example", "ben@acme.example"]);
    let (name, title) = ("billing".to_owned(), "Bills".to_owned());
    let order = GroupOrder::Add {
        name,
        title,
        agents,
    };
    assert_eq!(last(&world), order);
    // A single name is one, and blanks do where commas do.
    for (members, agents) in [
        ("ana", texts(&["ana@acme.example"])),
        ("ana ben", texts(&["ana@acme.example", "ben@acme.example"])),
        (
            " ana,\n ben, ",
            texts(&["ana@acme.example", "ben@acme.example"]),
        ),
    ] {
        let path = "/ask/admin/billing@workgroup.acme.example";
        assert_eq!(world.master("POST", path, members).await.status, 200);
        let name = "billing".to_owned();
        assert_eq!(last(&world), GroupOrder::Update { name, agents });
    }
    let path = "/rest/api/restapi/v1/ask/admin/billing";
    assert_eq!(world.master("DELETE", path, "").await.status, 200);
    let name = "billing".to_owned();
    assert_eq!(last(&world), GroupOrder::Delete { name });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_alone_is_one_of_ours_where_such_a_user_is_known() {
    let world = World::new().await;
    world.login("expert").await;
    let body = json!({"name": "billing", "members": ["Expert", "ana", "expert@acme.example"]});
    assert_eq!(add(&world, &body).await.status, 200);
    let GroupOrder::Add { agents, .. } = last(&world) else {
        panic!("another order");
    };
    let expected = [
        "expert@workgroup.acme.example",
        "ana@acme.example",
        "expert@acme.example",
    ];
    assert_eq!(agents, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workgroup_is_taken_as_xml_too() {
    let world = World::new().await;
    let body = "<group><name>billing</name><members>ana,ben</members></group>";
    let request = world.request(reqwest::Method::POST, ADMIN);
    let request = request
        .header(AUTHORIZATION, super::world::MASTER)
        .header(CONTENT_TYPE, "application/xml");
    let reply = Reply::of(request.body(body)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let agents = texts(&["ana@acme.example", "ben@acme.example"]);
    let (name, title) = ("billing".to_owned(), String::new());
    let order = GroupOrder::Add {
        name,
        title,
        agents,
    };
    assert_eq!(last(&world), order);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_master_secret_administers_workgroups() {
    let world = World::new().await;
    let calls = [
        ("POST", "/ask/admin"),
        ("POST", ADMIN),
        ("POST", "/ask/admin/support"),
        ("DELETE", "/restapi/v1/ask/admin/support"),
    ];
    for (method, path) in calls {
        let request = || world.request(method.parse().unwrap(), path).body("ana");
        assert_eq!(Reply::of(request()).await.status, 401, "{method} {path}");
        let wrong = request().header(AUTHORIZATION, "wrong");
        assert_eq!(Reply::of(wrong).await.status, 401, "{method} {path}");
        let visitor = request().header(AUTHORIZATION, "Bearer x");
        assert_eq!(Reply::of(visitor).await.status, 403, "{method} {path}");
        for who in [("carol", CAROLS), ("robin", PASSWORD)] {
            let reply = world.user(who, method, path).await;
            assert_eq!(reply.status, 403, "{method} {path} as {who:?}");
        }
    }
    assert_eq!(ordered(&world), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_and_what_was_refused_is_said() {
    let world = World::new().await;
    for (body, why) in [
        (json!({"members": "ana"}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": 5}), "name"),
        (json!({"name": "a", "members": 5}), "members"),
        (json!({"name": "a", "members": ["ana", 5]}), "members"),
        (json!({"name": "a", "description": []}), "description"),
        (json!(["a"]), "JSON"),
    ] {
        let reply = add(&world, &body).await;
        assert_eq!(reply.status, 400, "{body}");
        let message = reply.json()["message"].to_string();
        assert!(message.contains(why), "{body}: {message}");
    }
    let nobody = world.master("POST", "/ask/admin/billing", " , ").await;
    assert_eq!(nobody.status, 400, "nobody by a slip");
    assert_eq!(ordered(&world), 0);
    let given = "what was given".to_owned();
    for (problem, status, why) in [
        (GroupProblem::Exists, 409, "already"),
        (GroupProblem::Unknown, 404, "no workgroup"),
        (GroupProblem::Configured, 409, "configuration file"),
        (GroupProblem::TooMany, 400, "too many"),
        (
            GroupProblem::Malformed(Part::Name, given.clone()),
            400,
            "field name",
        ),
        (
            GroupProblem::Malformed(Part::Title, given.clone()),
            400,
            "field description",
        ),
        (
            GroupProblem::Malformed(Part::Agents, given),
            400,
            "field members",
        ),
        (GroupProblem::Unavailable, 503, "just now"),
    ] {
        world.players.problems.lock().unwrap().push_back(problem);
        let reply = add(&world, &json!({"name": "a", "members": "ana"})).await;
        assert_eq!(reply.status, status, "{why}");
        let message = reply.json()["message"].as_str().unwrap().to_owned();
        assert!(message.contains(why), "{why}: {message}");
        assert!(!message.contains("what was given"));
    }
}

/// `POST /ask/admin` is the administrators', as in the original; all else is a visitor's who is called so.
#[tokio::test(flavor = "multi_thread")]
async fn a_visitor_called_admin_asks_talks_and_ends_it() {
    let world = World::new().await;
    let form = json!({
        "emailAddress": "v@h.example", "userID": "admin", "workgroup": "support", "question": "What?",
    });
    let asked = world.request(reqwest::Method::POST, "/ask");
    let asked = Reply::of(asked.body(form.to_string())).await;
    assert_eq!(asked.status, 200, "{}", asked.text);
    let token = asked.json()["token"].as_str().unwrap().to_owned();
    let call = |method: &str, path: &str| {
        let request = world.request(method.parse().unwrap(), path);
        let request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        Reply::of(request.body("hello"))
    };
    assert_eq!(call("GET", "/ask/admin").await.status, 200);
    assert_eq!(call("PUT", "/ask/admin").await.status, 200);
    let typing = call("POST", "/ask/admin/chatstate/composing").await;
    assert_eq!(typing.status, 200);
    assert_eq!(
        call("POST", ADMIN).await.status,
        403,
        "the original's shadow"
    );
    assert_eq!(call("DELETE", ADMIN).await.status, 200);
    let options = world.request(reqwest::Method::OPTIONS, "/ask/admin");
    let options = Reply::of(options).await;
    assert_eq!(options.header("allow"), "GET, POST, PUT, DELETE, OPTIONS");
}
