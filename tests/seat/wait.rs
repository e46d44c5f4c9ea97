//! Waiting with a deadline, never by sleeping and hoping.

use std::future::Future;
use std::time::Duration;

use minidom::Element;
use tokio::sync::mpsc::Receiver;
use warmline::xmpp::link::{BackoffSettings, DownReason, Generation, LinkEvent, LinkSettings};
use warmline::xmpp::link::{Secret, SendError};

use crate::support::xmpp::{COMPONENT, SECRET};

/// Far more than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Settings for a port on this machine, with short pauses between attempts.
pub fn settings(port: u16) -> LinkSettings {
    let mut settings =
        LinkSettings::new(format!("127.0.0.1:{port}"), COMPONENT, Secret::new(SECRET));
    settings.backoff = BackoffSettings {
        min: Duration::from_millis(20),
        max: Duration::from_millis(200),
    };
    settings
}

/// The events of a link, read with a deadline.
pub struct Events(pub Receiver<LinkEvent>);

impl Events {
    pub async fn next(&mut self) -> LinkEvent {
        within("an event", self.0.recv())
            .await
            .expect("the link lives")
    }

    /// The first `Up`, whatever attempts failed before.
    pub async fn up(&mut self) -> Generation {
        loop {
            match self.next().await {
                LinkEvent::Up(generation) => return generation,
                LinkEvent::Down(_) => {}
                other => panic!("expected Up, got {other:?}"),
            }
        }
    }

    pub async fn down(&mut self) -> DownReason {
        match self.next().await {
            LinkEvent::Down(reason) => reason,
            other => panic!("expected Down, got {other:?}"),
        }
    }

    pub async fn stanza(&mut self) -> Element {
        match self.next().await {
            LinkEvent::Stanza(stanza) => stanza,
            other => panic!("expected a stanza, got {other:?}"),
        }
    }

    /// After the last event there is nothing.
    pub async fn end(&mut self) {
        assert_eq!(within("the end", self.0.recv()).await, None);
    }
}

/// A stanza given while the link is down is refused, and the caller knows.
pub fn assert_down(sent: Result<(), SendError>) {
    assert_eq!(sent, Err(SendError::Down));
}
