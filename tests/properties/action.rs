//! What can happen in the world, and how often.

use proptest::prelude::*;

/// Something happens. Numbers choose among whatever there is at that moment.
#[derive(Clone, Debug)]
pub enum Action {
    Open { visitor: u8, ticket: u8, kind: u8 },
    Say { visitor: u8, kind: u8 },
    Overhear { visitor: u8, kind: u8 },
    VisitorCloses(u8),
    OperatorCloses(u8),
    AgentCloses(u8, u8),
    Seen { agent: u8, client: u8, state: u8 },
    Gone { agent: u8, client: u8 },
    Pause(u8, bool),
    Answer { agent: u8, kind: u8 },
    Enter(u8, u8),
    Leave(u8, u8),
    Decline(u8, u8),
    Speak { agent: u8, room: u8, what: u8 },
    Hand { agent: u8, room: u8, what: u8 },
    Carry(u8),
    Hear(u8),
    Outbox { lane: u8, kind: u8 },
    Link(u8),
    Vanish(u8),
    Ill(bool),
    Kill(u8),
    Wait(u8),
    NextDeadline,
    Rules(u8),
    History(u8, u8),
    Reopen { visitor: u8, kind: u8 },
    Recount(u8),
    Look(u8),
    Guest { who: u8, kind: u8 },
}

/// A history of at most this many actions.
pub fn history(most: usize) -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec(action(), most / 2..most)
}

fn action() -> impl Strategy<Value = Action> {
    let byte = || any::<u8>();
    let visitors = prop_oneof![
        6 => (0..6_u8, 0..16_u8, byte()).prop_map(|(visitor, ticket, kind)| Action::Open { visitor, ticket, kind }),
        12 => (0..6_u8, byte()).prop_map(|(visitor, kind)| Action::Say { visitor, kind }),
        4 => (0..6_u8, byte()).prop_map(|(visitor, kind)| Action::Overhear { visitor, kind }),
        1 => (0..6_u8).prop_map(Action::VisitorCloses),
        1 => byte().prop_map(Action::OperatorCloses),
        1 => (0..5_u8, byte()).prop_map(|(agent, one)| Action::AgentCloses(agent, one)),
        1 => (byte(), byte()).prop_map(|(one, kind)| Action::History(one, kind)),
        3 => (0..6_u8, byte()).prop_map(|(visitor, kind)| Action::Reopen { visitor, kind }),
        1 => byte().prop_map(Action::Recount),
        12 => (0..4_u8, byte()).prop_map(|(who, kind)| Action::Guest { who, kind }),
    ];
    let agents = prop_oneof![
        8 => (0..5_u8, 0..2_u8, byte()).prop_map(|(agent, client, state)| Action::Seen { agent, client, state }),
        2 => (0..5_u8, 0..3_u8).prop_map(|(agent, client)| Action::Gone { agent, client }),
        1 => (0..5_u8, any::<bool>()).prop_map(|(agent, paused)| Action::Pause(agent, paused)),
        12 => (0..5_u8, byte()).prop_map(|(agent, kind)| Action::Answer { agent, kind }),
    ];
    let rooms = prop_oneof![
        12 => (0..5_u8, byte()).prop_map(|(agent, room)| Action::Enter(agent, room)),
        2 => (0..5_u8, byte()).prop_map(|(agent, room)| Action::Leave(agent, room)),
        1 => (0..5_u8, byte()).prop_map(|(agent, room)| Action::Decline(agent, room)),
        20 => (0..5_u8, byte(), byte()).prop_map(|(agent, room, what)| Action::Speak { agent, room, what }),
        2 => (0..5_u8, byte(), byte()).prop_map(|(agent, room, what)| Action::Hand { agent, room, what }),
        10 => byte().prop_map(Action::Carry),
        10 => byte().prop_map(Action::Hear),
    ];
    let outside = prop_oneof![
        6 => (byte(), byte()).prop_map(|(lane, kind)| Action::Outbox { lane, kind }),
        1 => any::<bool>().prop_map(Action::Ill),
        3 => byte().prop_map(Action::Link),
        1 => byte().prop_map(Action::Vanish),
        1 => byte().prop_map(Action::Kill),
        6 => byte().prop_map(Action::Wait),
        2 => Just(Action::NextDeadline),
        1 => byte().prop_map(Action::Rules),
        1 => byte().prop_map(Action::Look),
    ];
    prop_oneof![32 => visitors, 20 => agents, 48 => rooms, 20 => outside]
}
