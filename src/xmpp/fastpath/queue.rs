//! A workgroup's line as Fastpath's clients want to be told of it (fastpath-protocol §7.4, §7.5).

use minidom::Element;

use crate::bridge::QueueView;
use crate::xmpp::ns;
use crate::xmpp::stanza::{Build, element, presence};

use super::{legacy_date, visitor_full};

/// The name of a workgroup's only queue.
pub const QUEUE: &str = "Default Queue";
/// Seconds that one place in the line is taken to last while no average is known.
const GUESS: u64 = 15;

/// The two presences that tell one client of a line. They must stay apart: Smack looks at one
/// extension of a presence only.
pub fn queue_presences(domain: &str, view: &QueueView, to: &str) -> [Element; 2] {
    let from = format!("{}@{domain}/{QUEUE}", view.workgroup);
    let kind = (!view.open).then_some("unavailable");
    let tell = |payload| presence(kind, (&from, to)).and(payload);
    [tell(summary(view)), tell(details(domain, view))]
}

fn summary(view: &QueueView) -> Element {
    let count = view.waiting.len();
    let mut summary =
        element("notify-queue", ns::WORKGROUP).and_text("count", ns::WORKGROUP, &count.to_string());
    if let Some(oldest) = view.waiting.iter().map(|(_, since)| *since).min() {
        summary = summary.and_text("oldest", ns::WORKGROUP, &legacy_date(oldest));
    }
    let status = match (view.open, count) {
        (true, _) => "open",
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
    let each = match view.average_wait.as_secs() {
        0 => GUESS,
        known => known,
    };
    for (place, (conversation, since)) in (0_u64..).zip(&view.waiting) {
        let time = each.saturating_mul(place + 1);
        details = details.and(
            element("user", ns::WORKGROUP)
                .with("jid", &visitor_full(domain, conversation))
                .and_text("position", ns::WORKGROUP, &place.to_string())
                .and_text("time", ns::WORKGROUP, &time.to_string())
                .and_text("join-time", ns::WORKGROUP, &legacy_date(*since)),
        );
    }
    details
}
