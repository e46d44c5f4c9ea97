//! The outside of the users' desk: opening sessions, and the sessions themselves.

use futures::future::BoxFuture;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::sync::{mpsc, oneshot};

use crate::ids::ConversationId;
use crate::users::{
    Done, Kind, LoginError, Opened, Order, Profile, Session, Slot, SlotWish, Told, UserError,
};
use crate::xmpp::client::Reply;

use super::house::Key;

/// An order to the desk.
pub(super) enum Command {
    Open {
        name: String,
        resource: Option<String>,
        reply: oneshot::Sender<Result<Entered, LoginError>>,
    },
    Order {
        key: Key,
        order: Order,
        reply: Reply,
    },
    Slot {
        conversation: ConversationId,
        wish: SlotWish,
        reply: Reply,
    },
    Close {
        key: Key,
        done: oneshot::Sender<()>,
    },
    Remember {
        profile: Profile,
        reply: oneshot::Sender<Result<(), LoginError>>,
    },
    Forget {
        username: String,
        reply: oneshot::Sender<Result<(), LoginError>>,
    },
    Profiles {
        reply: oneshot::Sender<Result<Vec<Profile>, LoginError>>,
    },
    Stop {
        done: oneshot::Sender<()>,
    },
}

/// A session that was opened.
pub(super) struct Entered {
    pub key: Key,
    pub jid: String,
    pub events: mpsc::Receiver<Told>,
}

/// The way to the users of our own domain; cheap to clone.
#[derive(Clone, Debug)]
pub struct Bridge {
    commands: mpsc::Sender<Command>,
}

impl Bridge {
    pub(super) fn new(commands: mpsc::Sender<Command>) -> Self {
        Self { commands }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn open(&self, name: String, resource: Option<String>) -> Result<Opened, LoginError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Open {
            name,
            resource,
            reply,
        };
        let entered = self.login(command, answer).await?;
        let session = BridgeSession {
            jid: entered.jid,
            key: entered.key,
            commands: self.commands.clone(),
        };
        Ok(Opened {
            session: std::sync::Arc::new(session),
            events: as_stream(entered.events),
        })
    }

    /// Makes a user known, or changes what is known.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn remember(&self, profile: Profile) -> Result<(), LoginError> {
        let (reply, answer) = oneshot::channel();
        self.login(Command::Remember { profile, reply }, answer)
            .await
    }

    /// Forgets a user.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn forget(&self, username: &str) -> Result<(), LoginError> {
        let (reply, answer) = oneshot::channel();
        let username = username.to_owned();
        self.login(Command::Forget { username, reply }, answer)
            .await
    }

    /// All users, by name.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn profiles(&self) -> Result<Vec<Profile>, LoginError> {
        let (reply, answer) = oneshot::channel();
        self.login(Command::Profiles { reply }, answer).await
    }

    /// A place for the file of this conversation's visitor.
    ///
    /// # Errors
    /// See [`UserError`].
    pub async fn visitor_slot(
        &self,
        conversation: &ConversationId,
        wish: SlotWish,
    ) -> Result<Slot, UserError> {
        let (reply, answer) = oneshot::channel();
        let command = Command::Slot {
            conversation: conversation.clone(),
            wish,
            reply,
        };
        let sent = self.commands.send(command).await;
        sent.map_err(|_| UserError::NotConnected)?;
        match answer.await.unwrap_or(Err(UserError::NotConnected))? {
            Done::Slot(slot) => Ok(slot),
            _ => Err(UserError::NotConnected),
        }
    }

    /// Takes back what all sessions show, and ends the desk. What is stored of the sessions stays.
    pub async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(Command::Stop { done }).await.is_ok() {
            let _ = stopped.await;
        }
    }

    async fn login<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<Result<T, LoginError>>,
    ) -> Result<T, LoginError> {
        // The desk ends only when the program does.
        let sent = self.commands.send(command).await;
        sent.map_err(|_| LoginError::Unreachable)?;
        answer.await.unwrap_or(Err(LoginError::Unreachable))
    }
}

struct BridgeSession {
    jid: String,
    key: Key,
    commands: mpsc::Sender<Command>,
}

impl Session for BridgeSession {
    fn jid(&self) -> String {
        self.jid.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Bridge
    }

    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Done, UserError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let key = self.key.clone();
            let command = Command::Order { key, order, reply };
            let sent = self.commands.send(command).await;
            sent.map_err(|_| UserError::Ended)?;
            answer.await.unwrap_or(Err(UserError::Ended))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (done, closed) = oneshot::channel();
            let key = self.key.clone();
            if self
                .commands
                .send(Command::Close { key, done })
                .await
                .is_ok()
            {
                let _ = closed.await;
            }
        })
    }
}

/// A channel's end as a stream.
pub fn as_stream(events: mpsc::Receiver<Told>) -> BoxStream<'static, Told> {
    stream::unfold(events, async |mut events| {
        let event = events.recv().await?;
        Some((event, events))
    })
    .boxed()
}
