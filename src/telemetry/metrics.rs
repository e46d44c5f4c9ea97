//! Every metric by name, with one function for each event that moves it.
//!
//! Labels take configured names and fixed words only, never anything a stranger sends.

use super::TelemetryError;
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::time::Duration;

/// Gauge: 1 while the component link stands, else 0.
pub const XMPP_LINK_UP: &str = "warmline_xmpp_link_up";
/// Counter: component links established since the start.
pub const XMPP_CONNECTS: &str = "warmline_xmpp_connects_total";
/// Counter by `reason`: stanzas that came in and were refused or not understood.
pub const STANZAS_REFUSED: &str = "warmline_stanzas_refused_total";
/// Gauge by `workgroup`: requests waiting, those being offered included.
pub const QUEUE_LENGTH: &str = "warmline_queue_length";
/// Gauge by `workgroup`: agents who could be offered a request now.
pub const AGENTS_AVAILABLE: &str = "warmline_agents_available";
/// Counter by `workgroup` and `outcome`: offers that ended.
pub const OFFERS: &str = "warmline_offers_total";
/// Histogram by `workgroup`, seconds: from the request to its acceptance.
pub const WAITING_SECONDS: &str = "warmline_waiting_seconds";
/// Gauge by `stage`: open conversations.
pub const CONVERSATIONS: &str = "warmline_conversations";
/// Counter by `direction` and `channel`: messages accepted.
pub const MESSAGES: &str = "warmline_messages_total";
/// Counter by `channel` and `outcome`: attempts to call a bot's side.
pub const DELIVERIES: &str = "warmline_deliveries_total";
/// Gauge: deliveries given up and not yet dealt with.
pub const DEAD_LETTERS: &str = "warmline_dead_letters";
/// Histogram, seconds: one commit to the store.
pub const COMMIT_SECONDS: &str = "warmline_commit_seconds";
/// Counter: commits that the store refused.
pub const COMMIT_FAILURES: &str = "warmline_commit_failures_total";
/// Counter: inputs that made no sense in the state they met.
pub const INPUTS_IMPOSSIBLE: &str = "warmline_inputs_impossible_total";
/// Counter by `channel` and `status`: HTTP requests answered.
pub const HTTP_REQUESTS: &str = "warmline_http_requests_total";
/// Counter by `outcome`: links to media that were opened.
pub const MEDIA: &str = "warmline_media_total";
/// Gauge by `kind` (`bridge`, `c2s`): sessions of the chat API's users.
pub const USER_SESSIONS: &str = "warmline_user_sessions";
/// Gauge by `whose` (`user`, `visitor`): streams of events that are open.
pub const EVENT_STREAMS: &str = "warmline_event_streams";
/// Gauge, bytes: what is owed for users to a store that fails, about.
pub const USERS_OWED: &str = "warmline_users_owed_bytes";
/// Counter: events stored for browsers.
pub const EVENTS: &str = "warmline_events_total";

const WAITING_BUCKETS: [f64; 12] = [
    0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 240.0, 600.0,
];
const COMMIT_BUCKETS: [f64; 11] = [
    0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0,
];
/// Samples pile up between two scrapes unless they are folded now and then.
const UPKEEP: Duration = Duration::from_secs(5);

/// The registry of this process; clones share it.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// All figures in Prometheus's text format (content type `text/plain; version=0.0.4`).
    pub fn render(&self) -> String {
        self.0.render()
    }
}

/// Makes this process collect figures; before it, every function here does nothing.
///
/// # Errors
/// A second call, or no thread to be had.
pub fn install_metrics() -> Result<Metrics, TelemetryError> {
    let handle = recorder()?.install_recorder()?;
    describe();
    // Present from the first scrape on, so that alerts need no "absent" case.
    link_up(false);
    dead_letters(0);
    for kind in ["bridge", "c2s"] {
        gauge!(USER_SESSIONS, "kind" => kind).set(0.0);
    }
    for whose in ["user", "visitor"] {
        gauge!(EVENT_STREAMS, "whose" => whose).set(0.0);
    }
    users_owed(0);
    events(0);
    let kept = handle.clone();
    std::thread::Builder::new()
        .name("metrics".to_owned())
        .spawn(move || {
            loop {
                std::thread::sleep(UPKEEP);
                kept.run_upkeep();
            }
        })?;
    Ok(Metrics(handle))
}

fn recorder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(WAITING_SECONDS.to_owned()), &WAITING_BUCKETS)?
        .set_buckets_for_metric(Matcher::Full(COMMIT_SECONDS.to_owned()), &COMMIT_BUCKETS)
}

fn describe() {
    use metrics::{describe_counter, describe_gauge, describe_histogram};
    describe_gauge!(XMPP_LINK_UP, "1 while the component link stands");
    describe_counter!(XMPP_CONNECTS, "Component links established");
    describe_counter!(
        STANZAS_REFUSED,
        "Stanzas refused or not understood, by reason"
    );
    describe_gauge!(QUEUE_LENGTH, "Requests waiting, by workgroup");
    describe_gauge!(
        AGENTS_AVAILABLE,
        "Agents who could be offered a request, by workgroup"
    );
    describe_counter!(OFFERS, "Offers that ended, by workgroup and outcome");
    describe_histogram!(
        WAITING_SECONDS,
        "From the request to its acceptance, by workgroup"
    );
    describe_gauge!(CONVERSATIONS, "Open conversations, by stage");
    describe_counter!(MESSAGES, "Messages accepted, by direction and channel");
    describe_counter!(
        DELIVERIES,
        "Attempts to call a bot's side, by channel and outcome"
    );
    describe_gauge!(DEAD_LETTERS, "Deliveries given up and not yet dealt with");
    describe_histogram!(COMMIT_SECONDS, "One commit to the store");
    describe_counter!(COMMIT_FAILURES, "Commits that the store refused");
    describe_counter!(
        INPUTS_IMPOSSIBLE,
        "Inputs that made no sense in the state they met"
    );
    describe_counter!(
        HTTP_REQUESTS,
        "HTTP requests answered, by channel and status"
    );
    describe_counter!(MEDIA, "Links to media that were opened, by outcome");
    describe_gauge!(USER_SESSIONS, "Sessions of the chat API's users, by kind");
    describe_gauge!(
        EVENT_STREAMS,
        "Streams of events that are open, by whose events they are"
    );
    describe_gauge!(
        USERS_OWED,
        "Bytes that are owed for users to a store that fails"
    );
    describe_counter!(EVENTS, "Events stored for browsers");
}

/// A fixed word as a label's value.
macro_rules! label {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            fn label(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

label! {
    /// How an offer ended.
    OfferOutcome {
        /// The agent took it.
        Accepted = "accepted",
        /// The agent declined.
        Rejected = "rejected",
        /// The deadline passed.
        Expired = "expired",
        /// The visitor left, or another agent was faster.
        Revoked = "revoked",
        /// The agent vanished while being asked.
        Gone = "gone",
    }
}

label! {
    /// Which way a message goes.
    Direction {
        /// From the visitor.
        ToAgent = "to_agent",
        /// From the agent.
        ToVisitor = "to_visitor",
    }
}

label! {
    /// How one attempt to deliver ended.
    DeliveryOutcome {
        /// The other side took it.
        Delivered = "delivered",
        /// It will be tried again.
        Retried = "retried",
        /// It was given up and became a dead letter.
        GivenUp = "given_up",
    }
}

label! {
    /// What came of a link to media.
    MediaOutcome {
        /// All of it was handed out.
        Passed = "passed",
        /// It broke off: its origin, the client, the size or the time.
        Torn = "torn",
        /// The link is forged or has expired.
        BadLink = "bad_link",
        /// Too many at once.
        Busy = "busy",
        /// An address that may not be called.
        Forbidden = "forbidden",
        /// The origin cannot be reached or refuses it.
        Refused = "refused",
        /// The origin does not answer in time.
        TooSlow = "too_slow",
        /// Larger than the limit.
        TooLarge = "too_large",
        /// Not what it is said to be.
        Disguised = "disguised",
    }
}

/// A link to media was opened.
pub fn media(outcome: MediaOutcome) {
    counter!(MEDIA, "outcome" => outcome.label()).increment(1);
}

/// Whether the component link stands.
pub fn link_up(up: bool) {
    gauge!(XMPP_LINK_UP).set(f64::from(u8::from(up)));
}

/// A component link was established.
pub fn connected() {
    counter!(XMPP_CONNECTS).increment(1);
}

/// A stanza was refused or not understood; `reason` is one of our own fixed words.
pub fn stanza_refused(reason: &'static str) {
    counter!(STANZAS_REFUSED, "reason" => reason).increment(1);
}

/// How many requests wait in a workgroup.
pub fn queue_length(workgroup: &str, requests: usize) {
    gauge!(QUEUE_LENGTH, "workgroup" => workgroup.to_owned()).set(requests as f64);
}

/// How many agents of a workgroup could be asked.
pub fn agents_available(workgroup: &str, agents: usize) {
    gauge!(AGENTS_AVAILABLE, "workgroup" => workgroup.to_owned()).set(agents as f64);
}

/// An offer ended.
pub fn offer(workgroup: &str, outcome: OfferOutcome) {
    let workgroup = workgroup.to_owned();
    counter!(OFFERS, "workgroup" => workgroup, "outcome" => outcome.label()).increment(1);
}

/// A request was accepted after this long.
pub fn waited(workgroup: &str, time: Duration) {
    histogram!(WAITING_SECONDS, "workgroup" => workgroup.to_owned()).record(time);
}

/// How many conversations are in a stage; `stage` is one of our own fixed words.
pub fn conversations(stage: &'static str, number: usize) {
    gauge!(CONVERSATIONS, "stage" => stage).set(number as f64);
}

/// A message was accepted.
pub fn message(direction: Direction, channel: &str) {
    let channel = channel.to_owned();
    counter!(MESSAGES, "direction" => direction.label(), "channel" => channel).increment(1);
}

/// An attempt to deliver ended.
pub fn delivery(channel: &str, outcome: DeliveryOutcome) {
    let channel = channel.to_owned();
    counter!(DELIVERIES, "channel" => channel, "outcome" => outcome.label()).increment(1);
}

/// A user has a session from now on; `kind` is one of our own fixed words.
pub fn user_came(kind: &'static str) {
    gauge!(USER_SESSIONS, "kind" => kind).increment(1.0);
}

/// A user's session is over.
pub fn user_left(kind: &'static str) {
    gauge!(USER_SESSIONS, "kind" => kind).decrement(1.0);
}

/// A stream of events was opened; `whose` is one of our own fixed words.
pub fn stream_opened(whose: &'static str) {
    gauge!(EVENT_STREAMS, "whose" => whose).increment(1.0);
}

/// A stream of events is over.
pub fn stream_over(whose: &'static str) {
    gauge!(EVENT_STREAMS, "whose" => whose).decrement(1.0);
}

/// So many bytes are owed for users to a store that fails.
pub fn users_owed(bytes: usize) {
    gauge!(USERS_OWED).set(bytes as f64);
}

/// So many events were stored for browsers.
pub fn events(number: usize) {
    counter!(EVENTS).increment(number as u64);
}

/// How many dead letters lie there.
pub fn dead_letters(number: usize) {
    gauge!(DEAD_LETTERS).set(number as f64);
}

/// A commit took this long.
pub fn committed(time: Duration) {
    histogram!(COMMIT_SECONDS).record(time);
}

/// The store refused a commit.
pub fn commit_failed() {
    counter!(COMMIT_FAILURES).increment(1);
}

/// Inputs made no sense in the state they met.
pub fn inputs_impossible(number: u64) {
    counter!(INPUTS_IMPOSSIBLE).increment(number);
}

/// An HTTP request to a channel was answered.
pub fn http_request(channel: &str, status: u16) {
    let channel = channel.to_owned();
    counter!(HTTP_REQUESTS, "channel" => channel, "status" => status.to_string()).increment(1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_event_moves_its_own_series() {
        let recorder = recorder().expect("buckets").build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            link_up(true);
            queue_length("support", 3);
            offer("support", OfferOutcome::Expired);
            waited("support", Duration::from_millis(700));
            message(Direction::ToVisitor, "tickets");
            delivery("tickets", DeliveryOutcome::GivenUp);
            committed(Duration::from_millis(3));
            inputs_impossible(2);
            user_came("bridge");
            user_came("bridge");
            user_left("bridge");
            stream_opened("visitor");
            events(5);
        });
        let text = handle.render();
        for line in [
            "# HELP warmline_xmpp_link_up 1 while the component link stands",
            "warmline_xmpp_link_up 1",
            "warmline_queue_length{workgroup=\"support\"} 3",
            "warmline_offers_total{workgroup=\"support\",outcome=\"expired\"} 1",
            "warmline_waiting_seconds_bucket{workgroup=\"support\",le=\"0.5\"} 0",
            "warmline_waiting_seconds_bucket{workgroup=\"support\",le=\"1\"} 1",
            "warmline_messages_total{direction=\"to_visitor\",channel=\"tickets\"} 1",
            "warmline_deliveries_total{channel=\"tickets\",outcome=\"given_up\"} 1",
            "warmline_commit_seconds_bucket{le=\"0.005\"} 1",
            "warmline_commit_seconds_bucket{le=\"0.002\"} 0",
            "warmline_inputs_impossible_total 2",
            "warmline_user_sessions{kind=\"bridge\"} 1",
            "warmline_event_streams{whose=\"visitor\"} 1",
            "warmline_events_total 5",
        ] {
            assert!(
                text.lines().any(|have| have == line),
                "{line} is not in:\n{text}"
            );
        }
    }
}
