//! The channel that the tests configure.

use warmline::channels::Secret;
use warmline::channels::rapidpro::{RapidProSettings, Texts, UnknownDepartment};
use warmline::ids::{ChannelId, WorkgroupName};

/// A channel with two departments that shows agents nothing of the person.
pub fn settings() -> RapidProSettings {
    RapidProSettings {
        id: ChannelId::new("tickets"),
        app_id: "684202ed-1461-4983-9ea7-fde74b15026c".into(),
        secret: Secret::new("ATESTSECRETOFTHIRTYTWOLETTERSXYZ"),
        workgroup: WorkgroupName::new("support"),
        departments: [("IT Support", "it"), ("Foo", "foo")]
            .map(|(name, workgroup)| (name.into(), WorkgroupName::new(workgroup)))
            .into(),
        unknown_department: UnknownDepartment::Refuse,
        refuse_without_agents: false,
        wait_ends: true,
        reveal: [].into(),
        callback_url: None,
        api_token: None,
        history: std::time::Duration::from_secs(6 * 3600),
        require_contact_uuid: true,
        close_reason: false,
        on_close_flow: None,
        texts: Texts {
            agent_joined: "Someone is here for you.".into(),
            ..Texts::default()
        },
    }
}
