//! What the seat is to do next.

use tokio::sync::{mpsc, watch};

use crate::engine::SeatOrder;
use crate::ids::Timestamp;
use crate::xmpp::agents::AgentsSettings;
use crate::xmpp::due::sleep_until;
use crate::xmpp::link::LinkEvent;

/// What the seat does next, but for answers of the engine.
pub(super) enum Turn {
    Event(Option<LinkEvent>),
    Order(SeatOrder),
    Settings(AgentsSettings),
    Due,
}

/// Whatever comes first; of what is there already, any.
pub(super) async fn next_turn(
    events: &mut mpsc::Receiver<LinkEvent>,
    orders: &mut mpsc::UnboundedReceiver<SeatOrder>,
    settings: &mut watch::Receiver<AgentsSettings>,
    due: Option<Timestamp>,
) -> Turn {
    tokio::select! {
        event = events.recv() => Turn::Event(event),
        Some(order) = orders.recv() => Turn::Order(order),
        Ok(()) = settings.changed() => Turn::Settings(settings.borrow_and_update().clone()),
        () = sleep_until(due) => Turn::Due,
    }
}
