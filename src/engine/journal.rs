//! What happens, told in the log and as figures: with the conversation's id, without what was said.

use std::time::Duration;

use tracing::{debug, info, warn};

use crate::bridge::{AwayEvent, Event, Input, OfferOutcome, RoomEvent, StayEvent};
use crate::conversation::ClosedBy;
use crate::ids::{ConversationId, WorkgroupName};
use crate::telemetry::metrics::{self as figures, Direction};

/// Tells what came in from a room, or from another service. An agent's address is no word for a log.
pub(super) fn heard(input: &Input) {
    match input {
        Input::Room {
            conversation,
            event,
        } => in_a_room(conversation, event),
        Input::Away {
            conversation,
            event,
        } => elsewhere(conversation, event),
        Input::OpennessSeen { workgroup, open } => {
            info!(%workgroup, open, "a workgroup elsewhere");
        }
        _ => {}
    }
}

fn elsewhere(conversation: &ConversationId, event: &AwayEvent) {
    match event {
        AwayEvent::NotIn { closed } => info!(%conversation, closed, "no place elsewhere yet"),
        AwayEvent::Placed { place, .. } => info!(%conversation, place, "in a line elsewhere"),
        AwayEvent::Dropped { wanted } => info!(%conversation, wanted, "out of the line elsewhere"),
        AwayEvent::Invited { .. } => info!(%conversation, "invited into a room elsewhere"),
        AwayEvent::Parted(_) => debug!(%conversation, "a place elsewhere is given up"),
        AwayEvent::Room { event, .. } => match event {
            StayEvent::Ready { .. } => info!(%conversation, "in a room elsewhere"),
            StayEvent::Unavailable => warn!(%conversation, "a room elsewhere cannot be had now"),
            StayEvent::Came { .. } => info!(%conversation, "an agent elsewhere came"),
            StayEvent::Went { .. } => info!(%conversation, "an agent elsewhere went"),
            StayEvent::Ended => info!(%conversation, "a room elsewhere was ended"),
            StayEvent::Lost => warn!(%conversation, "a room elsewhere is lost"),
            StayEvent::Rejected { id } => {
                warn!(%conversation, message = %id, "a room elsewhere refused a line");
            }
            StayEvent::Reflected { .. } | StayEvent::Spoken(_) => {}
        },
    }
}

fn in_a_room(conversation: &ConversationId, event: &RoomEvent) {
    match event {
        RoomEvent::Ready { fresh, inside } => {
            info!(%conversation, fresh, "the room is ready");
            // Who was faster than the last of its making.
            for _ in inside.iter().filter(|_| *fresh) {
                info!(%conversation, "an agent entered the room");
            }
        }
        RoomEvent::Unavailable => warn!(%conversation, "the room cannot be had just now"),
        RoomEvent::Entered { .. } => info!(%conversation, "an agent entered the room"),
        RoomEvent::Left { .. } => info!(%conversation, "an agent left the room"),
        RoomEvent::Declined { .. } => info!(%conversation, "an invitation was declined"),
        RoomEvent::Rejected { id } => {
            warn!(%conversation, message = %id, "the room refused a line");
        }
        RoomEvent::Gone => info!(%conversation, "the room is destroyed"),
        RoomEvent::Reflected { id, .. } => {
            debug!(%conversation, message = %id, "the room has shown a line");
        }
        RoomEvent::Spoken(_) | RoomEvent::Marked { .. } | RoomEvent::Typed { .. } => {}
    }
}

/// Tells and counts what followed, once it is committed.
pub(super) fn happened(event: &Event) {
    match event {
        Event::Offer(conversation, workgroup, outcome) => offer(conversation, workgroup, *outcome),
        Event::Waited(conversation, workgroup, millis) => {
            info!(%conversation, %workgroup, waited_ms = millis, "the wait is over");
            figures::waited(workgroup.as_str(), Duration::from_millis(*millis));
        }
        Event::VisitorSpoke(conversation, channel) => {
            debug!(%conversation, %channel, "the visitor spoke");
            figures::message(Direction::ToAgent, channel.as_str());
        }
        Event::AgentSpoke(conversation, channel) => {
            debug!(%conversation, %channel, "the agent spoke");
            figures::message(Direction::ToVisitor, channel.as_str());
        }
        Event::Opened(conversation, channel) => {
            info!(%conversation, %channel, "a conversation was opened");
        }
        Event::Stranded(conversation, workgroup) => {
            warn!(%conversation, %workgroup, "its workgroup is no longer configured");
        }
        Event::Closed(conversation, channel, by) => closed((conversation, channel.as_str()), *by),
        Event::Impossible(what) => {
            warn!(what, "an input that is impossible here was dropped");
            figures::inputs_impossible(1);
        }
    }
}

fn offer(conversation: &ConversationId, workgroup: &WorkgroupName, outcome: OfferOutcome) {
    use figures::OfferOutcome as Counted;
    info!(%conversation, %workgroup, outcome = outcome.as_str(), "an offer");
    let outcome = match outcome {
        // Every offer that is made ends in one of the others.
        OfferOutcome::Made => return,
        OfferOutcome::Accepted => Counted::Accepted,
        OfferOutcome::Rejected => Counted::Rejected,
        OfferOutcome::Lapsed => Counted::Expired,
        OfferOutcome::Gone => Counted::Gone,
        OfferOutcome::Withdrawn => Counted::Revoked,
    };
    figures::offer(workgroup.as_str(), outcome);
}

fn closed((conversation, channel): (&ConversationId, &str), by: ClosedBy) {
    info!(%conversation, channel, by = by.as_str(), "a conversation ended");
}
