//! The gateway that the tests configure.

use std::time::Duration;

use warmline::channels::Secret;
use warmline::channels::api::Api;
use warmline::channels::openchs::{OpenchsSettings, Telling, Texts};
use warmline::ids::{ChannelId, WorkgroupName};

/// A message as the gateway's document has it.
pub const CHAT: &str = r#"{
        "chat_sender": 23343411,
        "chat_receiver": 233432311,
        "chat_message": "This is the message I am sending FROM PSTM",
        "chat_session": "e32434511",
        "chat_source": "WENI"
    }"#;

/// A gateway that shows counselors nothing of the client, tells RapidPro what became of words, and
/// broadcasts replies.
pub fn settings() -> OpenchsSettings {
    OpenchsSettings {
        id: ChannelId::new("helpline"),
        workgroup: WorkgroupName::new("support"),
        accounts: Vec::new(),
        token_lifetime: Duration::from_secs(60),
        reopen: false,
        strict: false,
        proxies: Vec::new(),
        wait_ends: false,
        reveal: [].into(),
        telling: Telling {
            api: Api {
                url: "https://rapidpro.example.org/api/v2".into(),
                token: Secret::new("t"),
            },
            scheme: "tel".into(),
            text_limit: 640,
            name_counselor: true,
            reply_flow: None,
            receipt_flow: Some("flow".into()),
            no_agent_flow: None,
            closed_flow: None,
            on_close_flow: None,
            texts: Texts::default(),
        },
    }
}
