//! A helpline behind the OpenCHS gateway: the seed's whole story, and the nights in between.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::stage::{Stage, accept, enter, first_offered, hears, is_destroyed, offered};
use super::support::agents::Agent;
use super::support::bot::{Answer, HttpBot};
use super::support::http::{Reply, Request};
use super::support::openchs::{
    AFTER_FLOW, CLOSED_FLOW, Gateway, NO_AGENT_FLOW, RECEIPT_FLOW, REPLY_FLOW, USER, channel, flows,
};
use super::support::wait;

/// The session of the seed's example.
const SESSION: &str = "e32434511";

/// A RapidPro whose flows are started, and a stage with a helpline that starts them.
struct Helpline {
    api: HttpBot,
    stage: Stage,
    bot: Gateway,
}

impl Helpline {
    /// With these further keys of the workgroup.
    fn start(workgroup: &str) -> Helpline {
        let api = HttpBot::start();
        api.answer(Answer::new(201, "{}"));
        let table = channel("helpline", (USER, &api.url("")), &flows());
        let stage = Stage::configured(|config| {
            config.workgroup = workgroup.into();
            config.more = table;
        });
        let bot = Gateway::log_in(stage.warmline.address(), USER);
        Helpline { api, stage, bot }
    }

    /// The parameters with which a flow was started, in order. A start repeated under the key of
    /// one that was taken is none: its answer had died with the program.
    fn starts(&self, flow: &str) -> Vec<Value> {
        let mut keys = HashSet::new();
        let taken = self.api.taken().into_iter();
        taken
            .filter(|call| call.body["flow"] == flow)
            .filter(|call| keys.insert(call.header("idempotency-key").map(str::to_owned)))
            .map(|call| call.body["params"].clone())
            .collect()
    }

    /// Waits until a flow was started so often, and gives the parameters.
    fn started(&self, flow: &str, count: usize) -> Vec<Value> {
        let what = format!("{count} starts of {flow}");
        wait::until(&what, wait::SOON, || {
            Some(self.starts(flow)).filter(|starts| starts.len() >= count)
        })
    }

    /// The texts of the counselors that RapidPro has taken.
    fn replies(&self) -> Vec<String> {
        let starts = self.starts(REPLY_FLOW).into_iter();
        starts
            .map(|params| params["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn ack(&self, session: &str, message: &Value, status: &str) -> Reply {
        let body = json!({"message_id": message, "status": status});
        self.bot
            .post(&format!("/open/api/chat/{session}/ack/"), &body)
    }
}

/// What became of which messages, in order.
fn fates(starts: &[Value]) -> Vec<String> {
    let one = |params: &Value| {
        let ids = params["message_ids"].as_array().into_iter().flatten();
        let ids: Vec<&str> = ids.filter_map(Value::as_str).collect();
        format!(
            "{} {}",
            params["status"].as_str().unwrap_or_default(),
            ids.join(" ")
        )
    };
    starts.iter().map(one).collect()
}

/// The hunt: the first who is asked lets it lapse, the other rejects, the first accepts.
fn hunt<'a>(ana: &'a Agent, ben: &'a Agent) -> (&'a Agent, String) {
    let (first, other, _) = first_offered(ana, ben);
    let offer = offered(other);
    other.say(offer.get("from"), "reject");
    (first, accept(first, &offered(first)))
}

#[test]
fn the_seeds_whole_story() {
    let mut helpline = Helpline::start("offer_timeout = \"2s\"\nrejection_pause = \"2s\"");
    let (ana, ben) = (
        helpline.stage.agent("agent1"),
        helpline.stage.agent("agent2"),
    );
    let begun = helpline.bot.say(SESSION, "I am afraid", Some("m1"));
    assert_eq!(
        (begun.status, &begun.json()["conversation"]),
        (201, &json!("new"))
    );
    let (counselor, room) = hunt(&ana, &ben);
    let pseudonym = begun.string("client_pseudonym");
    let pseudonym = first_words(&helpline, (counselor, &room), &pseudonym);
    both_sides_restart(&mut helpline, counselor, &room);
    a_client_marks(&helpline, counselor, &room);
    the_counselor_ends_it(&helpline, (counselor, &room), &pseudonym);
    the_bot_ends_one_too(&helpline, &ana, &ben);
}

/// Delivery, reply, acknowledgement; gives the counselor's pseudonym.
fn first_words(helpline: &Helpline, (counselor, room): (&Agent, &str), client: &str) -> String {
    // Delivery is told when the counselor accepts.
    let receipts = helpline.started(RECEIPT_FLOW, 1);
    assert_eq!(fates(&receipts), ["delivered m1"]);
    assert_eq!(receipts[0]["conversation_id"], SESSION);
    hears(counselor, room, "I am afraid");

    // The counselor replies, by pseudonym; who answers has read.
    counselor.say_in(room, "I am here");
    let replies = helpline.started(REPLY_FLOW, 1);
    assert_eq!(replies[0]["conversation_id"], SESSION);
    assert_eq!(replies[0]["text"], "I am here");
    let pseudonym = replies[0]["counselor_pseudonym"].as_str().unwrap();
    assert!(pseudonym.starts_with("Counselor-"), "{pseudonym}");
    assert_eq!(replies[0]["client_pseudonym"], client);
    assert_eq!(fates(&helpline.started(RECEIPT_FLOW, 2))[1], "read m1");

    // Weni acknowledges what it has delivered.
    let message = replies[0]["message_id"].clone();
    assert_eq!(helpline.ack(SESSION, &message, "delivered").status, 200);
    assert_eq!(helpline.ack(SESSION, &message, "delivered").status, 200);
    assert_eq!(helpline.ack(SESSION, &message, "failed").status, 409);
    assert_eq!(helpline.ack("another", &message, "delivered").status, 404);
    pseudonym.to_owned()
}

/// RapidPro goes down, Warmline dies and comes back: nothing is lost, doubled or out of order.
fn both_sides_restart(helpline: &mut Helpline, counselor: &Agent, room: &str) {
    helpline.api.refuse();
    counselor.say_in(room, "one");
    wait::until("the words are taken", wait::SOON, || {
        let (chats, _) = helpline.bot.list("?limit=1");
        (chats[0]["chat_message"] == "one").then_some(())
    });
    assert_eq!(helpline.bot.say(SESSION, "two", Some("m2")).status, 201);
    hears(counselor, room, "two");
    helpline.stage.warmline.kill9();
    counselor.say_in(room, "three");
    helpline.stage.warmline.start_again();
    assert_eq!(helpline.bot.say(SESSION, "two", Some("m2")).status, 200);
    helpline.api.accept_again();
    wait::until("all replies", wait::SOON, || {
        (helpline.replies() == ["I am here", "one", "three"]).then_some(())
    });
}

fn a_client_marks(helpline: &Helpline, counselor: &Agent, room: &str) {
    assert_eq!(helpline.bot.say(SESSION, "four", Some("m3")).status, 201);
    let shown = hears(counselor, room, "four");
    let id = shown.get("id");
    counselor.raw(&format!(
        "<message to='{room}' type='groupchat'><displayed xmlns='urn:xmpp:chat-markers:0' id='{id}'/></message>"
    ));
    wait::until("the mark", wait::SOON, || {
        let fates = fates(&helpline.starts(RECEIPT_FLOW));
        fates.contains(&"read m3".to_owned()).then_some(())
    });
    let heard = counselor.heard(room, "");
    assert_eq!(heard.iter().filter(|text| *text == "two").count(), 1);
}

/// The bot is told once, and the flow after the talk runs once.
fn the_counselor_ends_it(helpline: &Helpline, (counselor, room): (&Agent, &str), name: &str) {
    counselor.say_in(room, "!close");
    let closed = helpline.started(CLOSED_FLOW, 1);
    assert_eq!(closed[0]["closed_by"], "agent");
    let after = helpline.started(AFTER_FLOW, 1);
    assert_eq!(after[0]["counselor_pseudonym"], name);
    assert_eq!(after[0]["conversation_id"], SESSION);
    let waited = after[0]["waiting_time"].as_u64().unwrap();
    assert!(waited >= 2, "the offer that lapsed");
    assert!(after[0]["duration"].as_u64().unwrap() >= waited);
    assert_eq!(helpline.bot.say(SESSION, "late", None).status, 409);
    assert_eq!(helpline.bot.close(SESSION).status, 200);
}

fn the_bot_ends_one_too(helpline: &Helpline, ana: &Agent, ben: &Agent) {
    helpline.bot.say("529150097d63", "hello", Some("n1"));
    let (one, _, offer) = first_offered(ana, ben);
    let room = accept(one, &offer);
    hears(one, &room, "hello");
    for _ in 0..2 {
        assert_eq!(helpline.bot.close("529150097d63").status, 200);
    }
    one.wait("the room is gone", |e| is_destroyed(e, &room));
    let after = helpline.started(AFTER_FLOW, 2);
    assert_eq!(after[1]["closed_by"], "visitor");
    assert_eq!(helpline.starts(AFTER_FLOW).len(), 2);
    assert_eq!(
        helpline.starts(CLOSED_FLOW).len(),
        1,
        "only of the other one"
    );
    for agent in [ana, ben] {
        let seen: String = agent
            .events()
            .iter()
            .map(|e| e.get("xml").to_owned())
            .collect();
        assert!(!seen.contains("23343411"), "the sender is shown");
    }
    let (chats, _) = helpline.bot.list("?chat_session=e32434511");
    let texts: Vec<&Value> = chats
        .iter()
        .rev()
        .map(|chat| &chat["chat_message"])
        .collect();
    assert_eq!(
        texts,
        ["I am afraid", "I am here", "one", "two", "three", "four"]
    );
    assert_eq!(chats.last().unwrap()["chat_status"], "delivered");
}

#[test]
fn a_night_with_nobody_on_duty() {
    let helpline = Helpline::start("request_timeout = \"1s\"");
    assert_eq!(
        helpline
            .bot
            .say("night", "is anybody there", Some("m1"))
            .status,
        201
    );
    let told = helpline.started(NO_AGENT_FLOW, 1);
    assert_eq!(told[0]["status"], "no_agent");
    assert_eq!(told[0]["conversation_id"], "night");
    // It stays open, takes more, and is there for whoever comes.
    assert_eq!(helpline.bot.say("night", "please", Some("m2")).status, 201);
    let (_, list) = helpline.stage.warmline.command(&["conversations", "list"]);
    assert!(list.contains("waiting"), "{list}");
    let ana = helpline.stage.agent("agent1");
    let room = accept(&ana, &offered(&ana));
    hears(&ana, &room, "is anybody there");
    hears(&ana, &room, "please");
    assert_eq!(
        fates(&helpline.started(RECEIPT_FLOW, 1)),
        ["delivered m1 m2"]
    );
    assert_eq!(helpline.starts(NO_AGENT_FLOW).len(), 1, "once");
    assert!(helpline.starts(CLOSED_FLOW).is_empty());
}

#[test]
fn a_case_is_shown_to_the_counselor_who_asks() {
    let helpline = Helpline::start("");
    let ana = helpline.stage.agent("agent1");
    helpline.bot.say("s", "hello", None);
    let room = accept(&ana, &offered(&ana));
    hears(&ana, &room, "hello");
    let case = json!({
        "chat_session": "s", "case_narrative": "He hits me.",
        "reporter_phone": "+254711222333", "client_email": "robin@mail.test",
    });
    let id = helpline.bot.post("/open/api/web/", &case).string("case_id");
    ana.wait("word of the case", |e| {
        e.is_in(&room) && e.get("body").contains(&id)
    });
    ana.say_in(&room, "!case");
    let shown = ana.wait("the case", |e| e.get("body").contains("He hits me."));
    let text = shown.get("body");
    assert!(text.contains(&id) && text.contains("case_narrative"));
    assert!(
        !text.contains("254711222333") && !text.contains("robin@mail.test"),
        "{text}"
    );
    ana.say_in(&room, "done");
    helpline.started(REPLY_FLOW, 1);
    assert_eq!(
        helpline.replies(),
        ["done"],
        "none of it goes to the client"
    );
}

#[test]
fn a_counselor_learns_what_rapidpro_does_not_take_and_what_weni_could_not_show() {
    let helpline = Helpline::start("");
    let ana = helpline.stage.agent("agent1");
    helpline.bot.say("s", "hello", None);
    let room = accept(&ana, &offered(&ana));
    hears(&ana, &room, "hello");
    helpline
        .api
        .answer_with(|call| match call.body["params"]["text"].as_str() {
            Some("unwanted") => Answer::new(400, "{\"contacts\":[\"No such object\"]}"),
            _ => Answer::new(201, "{}"),
        });
    ana.say_in(&room, "unwanted");
    ana.wait("word of it", |e| {
        e.is_in(&room) && e.get("body").contains("Not delivered")
    });
    ana.say_in(&room, "wanted");
    let reply = helpline.started(REPLY_FLOW, 1);
    assert_eq!(
        helpline.ack("s", &reply[0]["message_id"], "failed").status,
        200
    );
    ana.wait("word of it", |e| {
        e.is_in(&room) && e.get("body").contains("could not show")
    });
    // An acknowledgement that comes after the end is still answered.
    ana.say_in(&room, "!close");
    helpline.started(CLOSED_FLOW, 1);
    ana.wait("the room is gone", |e| is_destroyed(e, &room));
    assert_eq!(
        helpline.ack("s", &reply[0]["message_id"], "failed").status,
        200
    );
    assert_eq!(
        helpline.ack("s", &reply[0]["message_id"], "read").status,
        409
    );
    assert_eq!(helpline.ack("s", &json!("nothing-1"), "read").status, 404);
}

#[test]
fn after_a_rapidpro_ticket_too_a_flow_runs() {
    let stage = Stage::configured(|config| {
        config.channel = format!("api_token = \"t\"\non_close_flow = \"{AFTER_FLOW}\"");
    });
    stage
        .bot
        .answer_with(|call| match call.path.contains("flow_starts") {
            true => Answer::new(201, "{}"),
            false => Answer::handled(),
        });
    let ana = stage.agent("agent1");
    let (ticket, _) = stage.open("1");
    let offer = offered(&ana);
    ana.say(offer.get("from"), "accept");
    let room = enter(&ana);
    ana.say_in(&room, "!close");
    let start = stage.bot.wait_until("the flow", |all| {
        all.iter()
            .find(|call| call.path == "/api/v2/flow_starts.json")
            .cloned()
    });
    assert_eq!(
        start.body["contacts"],
        json!([uuid::Uuid::from_u128(7).to_string()])
    );
    assert_eq!(start.body["params"]["conversation_id"], ticket.id);
    assert_eq!(start.body["params"]["closed_by"], "agent");
    assert_eq!(start.header("authorization"), Some("Token t"));
    assert_eq!(stage.closes(&ticket), 1);
}

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
