//! The way out: into the connection that stands now, or nowhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use minidom::Element;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio_util::sync::CancellationToken;

use super::Generation;
use crate::xmpp::encode::{EncodeError, encode};

/// Bytes that may wait for the socket.
const UNSENT: usize = 8 * 1024 * 1024;

/// Why a stanza was not taken. It is dropped; nothing is kept for a later connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection meant by the generation stands no more.
    #[error("the link is down")]
    Down,
    /// More than 8 MiB wait for the socket.
    #[error("the server takes stanzas too slowly")]
    Congested,
    /// The stanza cannot be written.
    #[error(transparent)]
    Unsendable(#[from] EncodeError),
}

/// XML on its way to the socket, with the room it takes up until it is written.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) xml: String,
    pub(super) _room: Option<OwnedSemaphorePermit>,
}

/// Sends stanzas and stops the link; cheap to clone.
#[derive(Debug, Clone)]
pub struct LinkSender {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    outlet: Mutex<Option<Outlet>>,
    stop: CancellationToken,
    done: CancellationToken,
}

#[derive(Debug)]
struct Outlet {
    generation: Generation,
    queue: UnboundedSender<Outgoing>,
    room: Arc<Semaphore>,
}

impl LinkSender {
    pub(super) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                outlet: Mutex::new(None),
                stop: CancellationToken::new(),
                done: CancellationToken::new(),
            }),
        }
    }

    /// The connection that stands now.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.with_outlet(|outlet| outlet.generation)
    }

    /// Hands a stanza to the connection `on`, without waiting. Taken means that it goes to the
    /// socket in order, not that it arrives: XEP-0114 has no acknowledgements.
    ///
    /// # Errors
    /// See [`SendError`].
    pub fn send(&self, on: Generation, stanza: &Element) -> Result<(), SendError> {
        let xml = encode(stanza)?;
        let room = self.room(on).ok_or(SendError::Down)?;
        let taken = room.try_acquire_many_owned(size(&xml));
        let permit = taken.map_err(|error| match error {
            TryAcquireError::Closed => SendError::Down,
            TryAcquireError::NoPermits => SendError::Congested,
        })?;
        self.enqueue(on, xml, Some(permit))
    }

    /// Like [`Self::send`], but waits up to `patience` for room.
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send_within(
        &self,
        on: Generation,
        stanza: &Element,
        patience: Duration,
    ) -> Result<(), SendError> {
        let xml = encode(stanza)?;
        let room = self.room(on).ok_or(SendError::Down)?;
        let taken = tokio::time::timeout(patience, room.acquire_many_owned(size(&xml))).await;
        match taken {
            Ok(Ok(permit)) => self.enqueue(on, xml, Some(permit)),
            Ok(Err(_closed)) => Err(SendError::Down),
            Err(_elapsed) => Err(SendError::Congested),
        }
    }

    /// Sends what was taken, closes the stream and waits until the link is no more.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.done.cancelled().await;
    }

    /// The link's own words, which never wait for room.
    pub(super) fn send_own(&self, on: Generation, xml: String) -> Result<(), SendError> {
        self.enqueue(on, xml, None)
    }

    pub(super) fn stopping(&self) -> &CancellationToken {
        &self.shared.stop
    }

    pub(super) fn done(&self) -> &CancellationToken {
        &self.shared.done
    }

    pub(super) fn open(&self, generation: Generation) -> UnboundedReceiver<Outgoing> {
        let (queue, receiver) = unbounded_channel();
        let room = Arc::new(Semaphore::new(UNSENT));
        let outlet = Outlet {
            generation,
            queue,
            room,
        };
        *self.lock() = Some(outlet);
        receiver
    }

    /// From now on nothing is taken; what was taken before can still be received.
    pub(super) fn close(&self) {
        if let Some(outlet) = self.lock().take() {
            outlet.room.close();
        }
    }

    fn room(&self, on: Generation) -> Option<Arc<Semaphore>> {
        self.with_outlet(|outlet| (outlet.generation == on).then(|| Arc::clone(&outlet.room)))?
    }

    fn enqueue(
        &self,
        on: Generation,
        xml: String,
        room: Option<OwnedSemaphorePermit>,
    ) -> Result<(), SendError> {
        let outgoing = Outgoing { xml, _room: room };
        self.with_outlet(|outlet| {
            if outlet.generation != on {
                return Err(SendError::Down);
            }
            outlet.queue.send(outgoing).map_err(|_| SendError::Down)
        })
        .unwrap_or(Err(SendError::Down))
    }

    fn with_outlet<T>(&self, use_it: impl FnOnce(&Outlet) -> T) -> Option<T> {
        self.lock().as_ref().map(use_it)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Outlet>> {
        let outlet = self.shared.outlet.lock();
        outlet.unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stanza is at most 256 KiB long, so this never saturates.
fn size(xml: &str) -> u32 {
    u32::try_from(xml.len()).unwrap_or(u32::MAX)
}
