//! What visitors are told, in their language.

use std::time::Duration;

use serde_json::json;
use warmline::conversation::{ClosedBy, Delivery, Notice, Outgoing};

use super::carrying::{Scene, owed};
use super::world::World;

const SPANISH: &str = r#"
[[channel.translation]]
language = "es"
waiting = "Esperando un agente."
place = "Su lugar es el {place}."
wait = "Unos {minutes} minutos."
agent_joined = "Le atiende {place}."
ended = "Hasta luego."
no_agent = ""
[[channel.translation]]
language = "pt-BR"
place = "Você é o número {place}."
"#;

fn told(scene: &Scene, (language, number): (&str, u64), what: Outgoing) -> String {
    let mut owed: Delivery = owed("whatsapp", what);
    owed.language = Some(language.to_owned()).filter(|tag| !tag.is_empty());
    owed.number = number;
    let bodies = scene.bodies(&owed);
    let text = bodies
        .first()
        .and_then(|body| body["text"]["body"].as_str());
    text.unwrap_or_default().to_owned()
}

fn place(place: u32, wait_seconds: Option<u64>) -> Outgoing {
    Outgoing::Notice(Notice::Place {
        place,
        wait_seconds,
    })
}

#[test]
fn the_place_and_the_expected_wait() {
    let scene = Scene::with("", SPANISH);
    let first = told(&scene, ("", 0), place(2, None));
    assert_eq!(
        first,
        "Please wait, somebody will be with you soon. You are number 2 in the line."
    );
    let later = told(&scene, ("", 3), place(1, Some(61)));
    assert_eq!(
        later,
        "You are number 1 in the line. It may take about 2 minutes."
    );
    assert_eq!(
        told(&scene, ("es", 0), place(1, Some(5))),
        "Esperando un agente. Su lugar es el 1. Unos 1 minutos."
    );
}

#[test]
fn a_place_of_some_time_ago_is_not_told() {
    let scene = Scene::new();
    let mut owed = owed("whatsapp", place(2, None));
    owed.at = owed.at.minus(Duration::from_secs(121));
    assert_eq!(scene.bodies(&owed), [json!(null); 0]);
}

#[test]
fn a_language_falls_back_to_the_wider_one_and_then_to_the_channels() {
    let scene = Scene::with("", SPANISH);
    for tag in ["es", "ES", "es-MX", "es_MX", "es-419-x"] {
        assert_eq!(
            told(&scene, (tag, 3), place(1, None)),
            "Su lugar es el 1.",
            "{tag}"
        );
    }
    assert_eq!(
        told(&scene, ("pt-BR", 3), place(1, None)),
        "Você é o número 1."
    );
    for tag in ["pt", "de", "english", "e"] {
        assert_eq!(
            told(&scene, (tag, 3), place(1, None)),
            "You are number 1 in the line.",
            "{tag}"
        );
    }
    // What is not translated is told as it is.
    let lost = Outgoing::Notice(Notice::AgentLost);
    assert!(told(&scene, ("es", 3), lost).starts_with("The connection to your helper was lost."));
}

#[test]
fn an_empty_text_says_nothing() {
    let scene = Scene::with("", SPANISH);
    let nobody = Outgoing::Notice(Notice::NobodyCame);
    assert_eq!(told(&scene, ("es", 3), nobody.clone()), "");
    assert!(told(&scene, ("", 3), nobody).starts_with("Nobody is free right now."));
    assert_eq!(
        told(&scene, ("", 3), Outgoing::Notice(Notice::AgentJoined)),
        ""
    );
}

#[test]
fn the_last_words_come_before_the_state() {
    let scene = Scene::with("", SPANISH);
    let mut end = owed("facebook", Outgoing::Closed(ClosedBy::Agent));
    end.language = Some("es".into());
    let bodies = scene.bodies(&end);
    assert_eq!(bodies[0]["message"]["text"], "Hasta luego.");
    assert_eq!(bodies[1]["state"], "from-sf-success");
}

#[test]
fn the_language_comes_with_the_visitor() {
    let world = World::with("", SPANISH);
    let body = json!({
        "userID": "1", "botSlug": "b", "botId": "b", "name": "N", "provider": "facebook",
        "email": "e", "extraData": {"language": "es-MX"},
    });
    assert_eq!(
        world
            .call("POST", "/v1/chats/connect", &body.to_string())
            .status,
        200
    );
    let told = world.told(1);
    assert_eq!(
        told[0].body["message"]["text"],
        "Esperando un agente. Su lugar es el 1."
    );
}
