//! RapidPro's External channel, between a courier and an agent.

use super::stage::{Stage, accept, hears, is_destroyed, offered};
use super::support::bot::{Answer, HttpBot};
use super::support::http::Request;
use super::support::wait;

#[test]
fn the_external_channel_carries_words_and_states_both_ways() {
    let courier = HttpBot::start();
    courier.answer(Answer::new(200, "{}"));
    let table = format!(
        "[[channel]]\nid = \"ex\"\nkind = \"rapidpro_external\"\nworkgroup = \"support\"\n\
         secret = \"s\"\ncourier_url = \"{}\"\nclosed_text = \"#ended\"\n",
        courier.url("/c/ex/00000000-0000-4000-8000-000000000008")
    );
    let stage = Stage::configured(|config| config.more = table);
    let send = |id: &str, text: &str| {
        let path = format!("/rapidpro/external/ex?id={id}&to=%2B250788&text={text}");
        let request = Request::new("GET", &path).header("Authorization", "s");
        let reply = request.send(stage.warmline.address()).expect("an answer");
        assert_eq!(reply.status, 200);
    };
    let ana = stage.agent("agent1");
    send("41", "hello");
    let room = accept(&ana, &offered(&ana));
    hears(&ana, &room, "hello");
    ana.say_in(&room, "good day");
    ana.say_in(&room, "!close");
    let told = courier.wait_for(4, wait::SOON);
    let told: Vec<&str> = told
        .iter()
        .map(|call| call.path.rsplit('/').next().unwrap())
        .collect();
    assert_eq!(told, ["sent", "delivered", "receive", "receive"]);
    ana.wait("the room is gone", |e| is_destroyed(e, &room));
    // The next word of RapidPro begins another talk.
    send("42", "again");
    let room = accept(&ana, &offered(&ana));
    hears(&ana, &room, "again");
}
