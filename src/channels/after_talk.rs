//! The flow of RapidPro that runs when a talk is over: a survey, or the bot that goes on.

use serde_json::{Value, json};

use crate::channels::HttpClient;
use crate::channels::api::{Api, Contact, Order, judge};
use crate::config::OnClose;
use crate::conversation::{Delivery, Ended};
use crate::outbox::Verdict;

/// The flow, and the workspace that has it.
#[derive(Clone, Debug)]
pub struct AfterTalk {
    /// The workspace's API.
    pub api: Api,
    /// The flow's UUID.
    pub flow: String,
}

impl From<&OnClose> for AfterTalk {
    fn from(configured: &OnClose) -> Self {
        Self {
            api: Api {
                url: configured.url.to_string(),
                token: configured.token.clone(),
            },
            flow: configured.flow.to_string(),
        }
    }
}

impl AfterTalk {
    /// Starts it for a contact. `conversation` is the conversation's id as the outside knows it,
    /// `attempt` counts the tries before this one.
    ///
    /// A refused token holds back this end only: the channel's words go another way, by another
    /// credential.
    pub async fn start(
        &self,
        http: &HttpClient,
        (delivery, ended, attempt): (&Delivery, &Ended, u32),
        (contact, conversation): (Contact, &str),
    ) -> Verdict {
        let order = Order::Start {
            flow: self.flow.clone(),
            params: params(delivery, ended, conversation),
        };
        let key = delivery.id.to_string();
        let outcome = order.call(http, (&self.api, contact), key).await;
        match judge(&outcome, (usize::from(attempt > 0), attempt)) {
            Verdict::Hold { after, why } => {
                tracing::error!(
                    channel = %delivery.channel,
                    "RapidPro refuses the API token: flows after talks wait until it takes it"
                );
                let after = Some(after);
                Verdict::Again { after, why }
            }
            verdict => verdict,
        }
    }
}

/// The flow's parameters: which conversation, who closed it, by what name the agent went, how long
/// it all took and how long the visitor waited, in seconds; `null` where nobody came.
pub fn params(delivery: &Delivery, ended: &Ended, conversation: &str) -> Value {
    json!({
        "conversation_id": conversation,
        "message_id": delivery.id,
        "status": "closed",
        "closed_by": ended.by.as_str(),
        "client_pseudonym": delivery.conversation.pseudonym(),
        "counselor_pseudonym": ended.helper.clone().unwrap_or_default(),
        "duration": delivery.at.since(delivery.opened_at).as_secs(),
        "waiting_time": ended.waited.map(|waited| waited / 1000),
    })
}
