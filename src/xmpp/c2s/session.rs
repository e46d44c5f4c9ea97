//! One real user's session: a client over a stream that comes back by itself (XEP-0198).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use minidom::Element;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_xmpp::Stanza;
use tokio_xmpp::stanzastream::{Connection, Event, StanzaStream, StreamEvent};
use tracing::debug;

use crate::engine::now;
use crate::users::{Done, EndReason, LoginError, Order, Password, Told, UserError};
use crate::xmpp::client::{Act, Client, Reply};
use crate::xmpp::due::sleep_until;
use crate::xmpp::shelf::Shelf;

use super::door::Door;

/// Stanzas that may wait in the stream, each way.
const QUEUE: usize = 256;
/// How long a stanza may wait for room in it.
const ROOM: Duration = Duration::from_secs(2);
/// How long a slow reader of the events is waited for.
const READER: Duration = Duration::from_secs(30);
/// Pauses between tries to come back: doubling, from and up to.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// An order to a session's task.
pub(super) enum Command {
    Order(Order, Reply),
    Close(oneshot::Sender<()>),
}

/// What lets a session in again.
pub(super) struct Pass {
    pub door: Arc<Door>,
    pub identity: jid::Jid,
    pub password: Password,
}

/// A stream that begins with a connection which stands already. A refused password ends it; so does
/// a server that does not let the account in.
pub(super) fn stream(
    first: Connection,
    pass: Arc<Pass>,
    ended: Arc<Mutex<EndReason>>,
) -> StanzaStream {
    let mut first = Some(first);
    let connector = move |_, slot: oneshot::Sender<Connection>| match first.take() {
        Some(connection) => {
            let _ = slot.send(connection);
        }
        None => {
            tokio::spawn(come_back(pass.clone(), slot, ended.clone()));
        }
    };
    StanzaStream::new(Box::new(connector), QUEUE)
}

async fn come_back(
    pass: Arc<Pass>,
    mut slot: oneshot::Sender<Connection>,
    ended: Arc<Mutex<EndReason>>,
) {
    let mut pause = PAUSE.0;
    loop {
        let entered = tokio::select! {
            entered = pass.door.enter(&pass.identity, &pass.password) => entered,
            () = slot.closed() => return,
        };
        let why = match entered {
            Ok(connection) => {
                let _ = slot.send(connection);
                return;
            }
            Err(LoginError::WrongPassword) => EndReason::WrongPassword,
            Err(LoginError::Refused(_) | LoginError::Unsafe) => EndReason::ThrownOut,
            Err(problem) => {
                debug!(%problem, "a user's session cannot come back yet");
                let pause_now = pause.mul_f64(rand::random_range(0.5..=1.0));
                tokio::select! {
                    () = tokio::time::sleep(pause_now) => {}
                    () = slot.closed() => return,
                }
                pause = (pause * 2).min(PAUSE.1);
                continue;
            }
        };
        *ended.lock().unwrap_or_else(PoisonError::into_inner) = why;
        return;
    }
}

/// The task's parts.
pub(super) struct Task {
    pub client: Client,
    pub stream: StanzaStream,
    pub commands: mpsc::Receiver<Command>,
    pub events: mpsc::Sender<Told>,
    pub shelf: Shelf,
    /// The full address, for those outside.
    pub jid: Arc<Mutex<String>>,
    pub ended: Arc<Mutex<EndReason>>,
    pub bare: String,
    /// The program stops.
    pub stop: CancellationToken,
    pub _permit: OwnedSemaphorePermit,
}

impl Task {
    /// Works until the session is closed, or cannot come back.
    pub(super) async fn run(mut self) {
        let acts = self.client.start_with_copies(now());
        let mut going = self.act(acts).await;
        while going {
            let due = self.client.next_deadline();
            going = tokio::select! {
                event = self.stream.next() => match event {
                    Some(event) => self.event(event).await,
                    None => return self.over().await,
                },
                command = self.commands.recv() => match command {
                    Some(Command::Order(order, reply)) => self.order(order, reply).await,
                    Some(Command::Close(done)) => return self.close(EndReason::Closed, Some(done)).await,
                    None => return self.close(EndReason::Closed, None).await,
                },
                () = self.stop.cancelled() => return self.close(EndReason::Stopping, None).await,
                () = sleep_until(due) => {
                    let acts = self.client.tick(now());
                    self.act(acts).await
                }
            };
        }
        self.close(EndReason::TooSlow, None).await;
    }

    /// The stream is over for good.
    async fn over(&mut self) {
        let why = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let mut acts = self.client.lost(now());
        acts.extend(self.client.end(now(), why));
        // Nothing can be sent any more.
        acts.retain(|act| !matches!(act, Act::Send(_)));
        self.act(acts).await;
    }

    async fn close(mut self, why: EndReason, done: Option<oneshot::Sender<()>>) {
        let acts = self.client.end(now(), why);
        self.act(acts).await;
        // What was sent goes out before the stream ends; a server that is gone is not waited for.
        let _ = tokio::time::timeout(ROOM, self.stream.close()).await;
        if let Some(done) = done {
            let _ = done.send(());
        }
    }

    async fn order(&mut self, order: Order, reply: Reply) -> bool {
        if Shelf::takes(&order) {
            self.shelf.answer(self.bare.clone(), order, reply);
            return true;
        }
        let acts = self.client.order(now(), order, reply);
        self.act(acts).await
    }

    async fn event(&mut self, event: Event) -> bool {
        let acts = match event {
            Event::Stanza(stanza) => match xso::transform::<Element, _>(&stanza) {
                Ok(element) => self.client.stanza(now(), &element),
                Err(_) => Vec::new(),
            },
            Event::Stream(StreamEvent::Suspended) => self.client.interrupted(now()),
            Event::Stream(StreamEvent::Resumed) => self.client.resumed(now()),
            Event::Stream(StreamEvent::Reset { bound_jid, .. }) => {
                let full = bound_jid.to_string();
                full.clone_into(&mut self.jid.lock().unwrap_or_else(PoisonError::into_inner));
                self.client.back(now(), &full)
            }
        };
        self.act(acts).await
    }

    /// Does what the client wants; false when the session cannot go on.
    async fn act(&mut self, acts: Vec<Act>) -> bool {
        let mut sent = true;
        let mut told = Vec::new();
        for act in acts {
            match act {
                Act::Send(stanza) => sent &= self.send(&stanza).await,
                Act::Event(event) => told.push(event),
                Act::Answer(reply, answer) => {
                    let answer: Result<Done, UserError> = match answer {
                        Ok(_) if !sent => Err(UserError::NotConnected),
                        answer => answer,
                    };
                    let _ = reply.send(answer);
                }
                // Nothing is kept of it: without the password nothing could be done with it.
                Act::Changed => {}
            }
        }
        if told.is_empty() {
            return true;
        }
        // The server is made to wait for a slow reader, to a point.
        let told = self.events.send_timeout(Told::of(told), READER);
        told.await.is_ok()
    }

    async fn send(&mut self, stanza: &Element) -> bool {
        let Ok(stanza) = xso::transform::<Stanza, _>(stanza) else {
            return false;
        };
        let sending = self.stream.send(Box::new(stanza));
        tokio::time::timeout(ROOM, sending).await.is_ok()
    }
}
