//! A workgroup's line as Fastpath's clients want to be told of it (fastpath-protocol §7.4, §7.5).

use std::time::Duration;

use minidom::Element;

use crate::bridge::QueueView;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element, presence};

use super::{legacy_date, visitor_full};

/// The name of a workgroup's only queue.
pub const QUEUE: &str = "Default Queue";
/// Seconds that one place in the line is taken to last while no average is known.
const GUESS: u64 = 15;

/// So many of those who wait are shown one by one: servers cut a link on which too large a stanza
/// comes.
const MOST_SHOWN: usize = 500;
/// So many are shown to all who watch a line together, as long as each sees [`LEAST_SHOWN`]: some
/// 250 bytes for each of them go over the link, up to once a second.
const MOST_SHOWN_IN_ALL: usize = 4_000;
/// So many each of them is shown, however many watch.
const LEAST_SHOWN: usize = 20;

/// How long it may take, in seconds, for who stands at a place (from 1) of a line.
pub(super) fn seconds(usual_wait: Option<Duration>, place: u32) -> u64 {
    let each = match usual_wait.map_or(0, |wait| wait.as_secs()) {
        0 => GUESS,
        known => known,
    };
    each.saturating_mul(place.into())
}

/// The two presences that tell one client of a line. They must stay apart: Smack looks at one
/// extension of a presence only.
pub fn queue_presences(domain: &str, view: &QueueView, to: &str) -> [Element; 2] {
    let queue = view.workgroup.queue_name().unwrap_or(QUEUE);
    let from = format!("{}@{domain}/{queue}", view.workgroup.local());
    let kind = (!view.open).then_some("unavailable");
    let tell = |payload| presence(kind, (&from, to)).and(payload);
    [tell(summary(view)), tell(details(domain, view))]
}

fn summary(view: &QueueView) -> Element {
    let count = view.length;
    let mut summary =
        element("notify-queue", ns::WORKGROUP).and_text("count", ns::WORKGROUP, &count.to_string());
    if let Some(oldest) = view.oldest {
        summary = summary.and_text("oldest", ns::WORKGROUP, &legacy_date(oldest));
    }
    let status = match (view.open, count) {
        (true, _) => "open",
        (false, 0) if view.closed => "closed",
        (false, 0) => "ready",
        (false, _) => "active",
    };
    summary
        .and_text(
            "time",
            ns::WORKGROUP,
            &view.average_wait.as_secs().to_string(),
        )
        .and_text("status", ns::WORKGROUP, status)
}

fn details(domain: &str, view: &QueueView) -> Element {
    let mut details = element("notify-queue-details", ns::WORKGROUP);
    let each = MOST_SHOWN_IN_ALL / view.watchers.len().max(1);
    let shown = each.clamp(LEAST_SHOWN, MOST_SHOWN);
    for (place, one) in (0_u32..).zip(view.waiting.iter().take(shown)) {
        let time = seconds(Some(view.average_wait), place + 1);
        details = details.and(
            element("user", ns::WORKGROUP)
                .with("jid", &visitor_full(domain, &one.conversation))
                .and_text("position", ns::WORKGROUP, &place.to_string())
                .and_text("time", ns::WORKGROUP, &time.to_string())
                .and_text("join-time", ns::WORKGROUP, &legacy_date(one.since)),
        );
    }
    details
}
