//! What the seat is to do next.

use tokio::sync::mpsc;

use crate::engine::SeatOrder;
use crate::ids::Timestamp;
use crate::xmpp::due::sleep_until;
use crate::xmpp::link::LinkEvent;

/// What the seat does next, but for answers of the engine, new settings and what our own users send.
pub(super) enum Turn {
    Event(Option<LinkEvent>),
    Order(SeatOrder),
    Due,
}

/// Whatever comes first; of what is there already, any.
pub(super) async fn next_turn(
    events: &mut mpsc::Receiver<LinkEvent>,
    orders: &mut mpsc::UnboundedReceiver<SeatOrder>,
    due: Option<Timestamp>,
) -> Turn {
    tokio::select! {
        event = events.recv() => Turn::Event(event),
        Some(order) = orders.recv() => Turn::Order(order),
        () = sleep_until(due) => Turn::Due,
    }
}
