//! What the seat is to do next.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::engine::{SeatOrder, now};
use crate::ids::Timestamp;
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

async fn sleep_until(due: Option<Timestamp>) {
    match due {
        Some(due) => {
            // A deadline that is past is served at once, yet never in a busy loop.
            let left = due.since(now()).max(Duration::from_millis(1));
            tokio::time::sleep(left).await;
        }
        None => std::future::pending().await,
    }
}
