//! Who takes part in the stories, and under which rules.

use std::time::Duration;

use warmline::bridge::{Opening, Visitor};
use warmline::conversation::Brief;
use warmline::ids::{AgentJid, ChannelId, ConversationId, TicketId, VisitorToken, WorkgroupName};
use warmline::workgroup::{Place, Policy, Resource, Show, WorkgroupPolicy};

pub fn agent(name: &str) -> AgentJid {
    AgentJid::parse(&format!("{name}@acme.example")).unwrap()
}

pub fn conversation(id: &str) -> ConversationId {
    ConversationId::new(id)
}

pub fn visitor(id: &str) -> Visitor {
    Visitor {
        channel: ChannelId::new("tickets"),
        token: VisitorToken::new(format!("v-{id}")),
    }
}

pub fn online() -> Resource {
    Resource {
        show: Show::Online,
        priority: 0,
        fastpath: false,
        max_chats: None,
    }
}

/// `support` with ana (“Ana”), ben and cy; `billing` with dora (“Dora”) and ben; boss supervises.
pub fn policy() -> Policy {
    let group = |title: &str, agents: &[(&str, Option<&str>)]| WorkgroupPolicy {
        title: title.to_owned(),
        agents: agents
            .iter()
            .map(|(name, pseudonym)| (agent(name), pseudonym.map(str::to_owned)))
            .collect(),
        supervisors: [agent("boss")].into(),
        max_chats: 2,
        offer_timeout: Duration::from_secs(20),
        request_timeout: Some(Duration::from_secs(240)),
        rejection_pause: Duration::from_secs(20),
        join_timeout: Duration::from_secs(60),
        agent_return: Duration::from_secs(60),
        idle_close: None,
        routing: Default::default(),
        elsewhere: None,
    };
    let support = [("ana", Some("Ana")), ("ben", None), ("cy", None)];
    let billing = [("dora", Some("Dora")), ("ben", Some("Benny"))];
    Policy {
        workgroups: [
            (WorkgroupName::new("support"), group("Desk", &support)),
            (WorkgroupName::new("billing"), group("Bills", &billing)),
        ]
        .into(),
        keep: Duration::from_secs(86_400),
        remember_ids: Duration::from_secs(86_400),
        context: Duration::from_secs(86_400),
        labels: Default::default(),
        zone: jiff::tz::TimeZone::UTC,
    }
}

pub fn opening(id: &str) -> Opening {
    Opening {
        conversation: conversation(id),
        visitor: visitor(id),
        ticket: Some(TicketId::new(format!("ticket-{id}"))),
        workgroup: WorkgroupName::new("support"),
        refuse_without_agents: false,
        place: Place::Normal,
        wanted: None,
        wait_ends: false,
        brief: Brief {
            question: Some("Where is my parcel?".into()),
            facts: Vec::new(),
        },
        earlier: Vec::new(),
        recall: false,
        manners: Default::default(),
    }
}

/// The rules of a workgroup, to be changed.
pub fn rules<'a>(policy: &'a mut Policy, workgroup: &str) -> &'a mut WorkgroupPolicy {
    let name = WorkgroupName::new(workgroup);
    policy.workgroups.get_mut(&name).unwrap()
}
