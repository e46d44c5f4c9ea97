//! An end after which a flow of RapidPro runs, and what the flow is told of it.

use super::bot::{Answer, Callback, HttpBot};
use serde_json::{Value, json};
use warmline::conversation::{ClosedBy, Ended, Outgoing};

/// The flow of the tests' channels.
pub const FLOW: &str = "11111111-0000-4000-8000-000000000005";
/// The token of the workspace that has it.
pub const TOKEN: &str = "a-workspace-token";

/// A workspace whose flows are started: it answers as RapidPro does.
pub fn workspace() -> HttpBot {
    let workspace = HttpBot::start();
    workspace.answer(Answer::new(201, "{}"));
    workspace
}

/// The keys of a channel that starts the flow there.
pub fn keys(workspace: &HttpBot) -> String {
    let url = workspace.url("/api/v2");
    format!("on_close_flow = \"{FLOW}\"\nrapidpro_url = \"{url}\"\nrapidpro_token = \"{TOKEN}\"\n")
}

/// An end that Ana brought about, for whom the visitor had waited for twelve seconds.
pub fn ended(contact: Option<&str>) -> Outgoing {
    Outgoing::Ended(Box::new(Ended {
        by: ClosedBy::Agent,
        helper: Some("Ana".into()),
        waited: Some(12_345),
        contact: contact.map(str::to_owned),
    }))
}

/// Fails unless a call starts the flow for this contact (`contacts` or `urns`, and one of them).
pub fn starts_for(call: &Callback, (member, whom): (&str, &str)) {
    assert_eq!(call.path, "/api/v2/flow_starts.json");
    assert_eq!(
        call.header("authorization"),
        Some(format!("Token {TOKEN}").as_str())
    );
    assert_eq!(call.body["flow"], FLOW);
    assert_eq!(call.body[member], json!([whom]), "{}", call.body);
}

/// Fails unless these are the five things that [`ended`] tells: which conversation, who closed it,
/// by whom, how many seconds it took and was waited for.
pub fn are_told(params: &Value, (conversation, took): (&str, u64)) {
    assert_eq!(params["conversation_id"], conversation, "{params}");
    assert_eq!(params["closed_by"], "agent", "{params}");
    assert_eq!(params["counselor_pseudonym"], "Ana", "{params}");
    assert_eq!(params["duration"], took, "{params}");
    assert_eq!(params["waiting_time"], 12, "{params}");
}
