//! Real users of the XMPP server: Warmline is their client. The server judges the password, and
//! keeps contacts, archive and what waits for them.

mod clip;
mod door;
mod places;
mod session;

pub use door::{DoorSettings, Protection};

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use futures::future::BoxFuture;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_xmpp::stanzastream::{Event, StreamEvent};

use crate::users::{
    Approval, Done, EndReason, Kind, LoginError, Opened, Order, Password, Places, Session,
    UserError,
};
use crate::xmpp::client::Client;
use crate::xmpp::shelf::Shelf;
use crate::xmpp::users::as_stream;

use door::Door;
use places::Marks;
use session::{Command, Pass, Task};

/// Events of one session that may wait for its reader, and orders that may wait for the session.
const EVENTS: usize = 4_096;
const ORDERS: usize = 64;

/// Opens sessions of real users; cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    door: Arc<Door>,
    places: Places,
    shelf: Shelf,
    marks: Marks,
    room: Arc<Semaphore>,
    most: u32,
    approval: Approval,
    stop: CancellationToken,
}

impl Accounts {
    /// With this many sessions at once.
    pub fn new(settings: DoorSettings, places: Places, shelf: Shelf, most: u32) -> Self {
        Self {
            door: Arc::new(Door::new(settings)),
            places,
            marks: Marks::new(shelf.clone()),
            shelf,
            room: Arc::new(Semaphore::new(most as usize)),
            most,
            approval: Approval::Always,
            stop: CancellationToken::new(),
        }
    }

    /// The same, with another answer to who asks to see a user.
    #[must_use]
    pub fn approving(mut self, approval: Approval) -> Self {
        self.approval = approval;
        self
    }

    /// Whether the password of this bare address is right, as the server says at once.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn check(&self, jid: &str, password: &Password) -> Result<(), LoginError> {
        let identity = self.identity(jid, None)?;
        self.door.enter(&identity, password).await.map(drop)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn open(
        &self,
        jid: &str,
        password: Password,
        resource: Option<&str>,
    ) -> Result<Opened, LoginError> {
        let identity = self.identity(jid, resource)?;
        let permit = self.room.clone().try_acquire_owned();
        let permit = permit.map_err(|_| LoginError::TooMany)?;
        let first = self.door.enter(&identity, &password).await?;
        let bare = identity.to_bare().to_string();
        let pass = Pass {
            door: self.door.clone(),
            identity,
            password,
            settled: AtomicBool::new(true),
        };
        let ended = Arc::new(Mutex::new(EndReason::ThrownOut));
        let pass = Arc::new(pass);
        let mut stream = session::stream(first, pass.clone(), ended.clone());
        // The first thing a stream tells is which resource the server gave.
        let bound = tokio::time::timeout(self.door.patience(), stream.next()).await;
        let full = match bound {
            Ok(Some(Event::Stream(StreamEvent::Reset { bound_jid, .. }))) => bound_jid.to_string(),
            Ok(_) => return Err(LoginError::Unreachable),
            Err(_) => return Err(LoginError::TimedOut),
        };
        let marks = self.marks.of(&full).await;
        let marks = marks.map_err(|_| LoginError::Store)?;
        let prefix = format!("c{}", uuid::Uuid::new_v4().simple());
        let (sender, events) = mpsc::channel(EVENTS);
        let (orders, commands) = mpsc::channel(ORDERS);
        let jid = Arc::new(Mutex::new(full.clone()));
        let client = Client::new(&full, self.places.clone(), prefix).knowing(marks);
        let task = Task {
            client: client.approving(self.approval),
            stream,
            commands,
            events: sender,
            shelf: self.shelf.clone(),
            marks: self.marks.clone(),
            pass,
            jid: jid.clone(),
            ended,
            bare,
            stop: self.stop.clone(),
            _permit: permit,
        };
        tokio::spawn(task.run());
        Ok(Opened {
            session: Arc::new(AccountSession { jid, orders }),
            events: as_stream(events),
        })
    }

    /// Ends all sessions politely, and waits for that.
    pub async fn stop(&self) {
        self.stop.cancel();
        let _ = self.room.acquire_many(self.most).await;
    }

    fn identity(&self, jid: &str, resource: Option<&str>) -> Result<jid::Jid, LoginError> {
        let bare = jid::BareJid::new(jid).map_err(|_| LoginError::BadName)?;
        if bare.node().is_none() {
            return Err(LoginError::BadName);
        }
        if bare.domain().as_str() != self.door.domain() {
            return Err(LoginError::OtherServer);
        }
        let minted = || format!("web-{}", uuid::Uuid::new_v4().simple());
        let resource = resource.map_or_else(minted, str::to_owned);
        let full = bare.with_resource_str(&resource);
        full.map(jid::Jid::from).map_err(|_| LoginError::BadName)
    }
}

struct AccountSession {
    jid: Arc<Mutex<String>>,
    orders: mpsc::Sender<Command>,
}

impl Session for AccountSession {
    fn jid(&self) -> String {
        let jid = self.jid.lock().unwrap_or_else(PoisonError::into_inner);
        jid.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Account
    }

    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Done, UserError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            let sent = self.orders.send(Command::Order(order, reply)).await;
            sent.map_err(|_| UserError::Ended)?;
            answer.await.unwrap_or(Err(UserError::Ended))
        })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let (done, closed) = oneshot::channel();
            if self.orders.send(Command::Close(done)).await.is_ok() {
                let _ = closed.await;
            }
        })
    }
}
