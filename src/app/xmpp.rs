//! The XMPP side: the link, the seat on it, users of our own domain, users of the server.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::engine::groups::{Groups, GroupsEnd};
use crate::engine::{Handle, SeatOrder};
use crate::store::Store;
use crate::users::Sessions;
use crate::xmpp::agents::{Agents, AgentsSettings};
use crate::xmpp::c2s::Accounts;
use crate::xmpp::link::{self, LinkSender};
use crate::xmpp::records::Records;
use crate::xmpp::rooms::{Rooms, RoomsSettings};
use crate::xmpp::seat::{LinkHealth, Parts, Seat, UsersEnd};
use crate::xmpp::seeker::Seeker;
use crate::xmpp::sessions::AllSessions;
use crate::xmpp::shelf::Shelf;
use crate::xmpp::users::{Bridge, Ends, UsersDesk};

use super::{AppError, translate};

/// So many orders of administrators may wait.
const ORDERS: usize = 16;

/// All of it, running.
pub(super) struct Side {
    pub link: LinkSender,
    pub seat: JoinHandle<()>,
    pub users: JoinHandle<()>,
    bridge: Bridge,
    accounts: Option<Accounts>,
    pub agents: watch::Sender<AgentsSettings>,
    /// The way on which administrators order workgroups, over XMPP and the chat API.
    pub groups: Groups,
    /// Its other end.
    pub ordered: GroupsEnd,
    pub health: watch::Receiver<LinkHealth>,
    /// Opens sessions for people who have no XMPP client.
    pub sessions: Arc<dyn Sessions>,
}

/// Starts it.
pub(super) async fn start(
    settings: &Settings,
    (engine, store): (Handle, Arc<dyn Store>),
    orders: mpsc::UnboundedReceiver<SeatOrder>,
) -> Result<Side, AppError> {
    let agents = watch::Sender::new(translate::agents(settings));
    let (link, events) = link::spawn(translate::link(settings));
    let ends = (link.clone(), agents.subscribe());
    let (desk, ends) = UsersDesk::load(translate::users(settings), store.clone(), ends).await?;
    let users = tokio::spawn(desk.run());
    let bridge = ends.bridge.clone();
    let (groups, ordered) = Groups::pair(ORDERS);
    ordered.tell(translate::names(settings));
    let records = Records::new(store.clone());
    let parts = (engine, link.clone(), (records, groups.clone()));
    let seat = seat(settings, parts, (&agents, ends));
    let health = seat.health();
    let seat = tokio::spawn(seat.run(events, orders, agents.subscribe()));
    let sessions = sessions(settings, &bridge, store);
    Ok(Side {
        link,
        seat,
        users,
        bridge,
        accounts: sessions.accounts.clone(),
        agents,
        groups,
        ordered,
        health,
        sessions: Arc::new(sessions),
    })
}

fn seat(
    settings: &Settings,
    (engine, link, (records, groups)): (Handle, LinkSender, (Records, Groups)),
    (agents, ends): (&watch::Sender<AgentsSettings>, Ends),
) -> Seat {
    let places = translate::places(settings);
    let mut rooms = RoomsSettings::new(places.domain.clone(), places.muc.clone());
    rooms.users = ends.known.clone();
    Seat::new(Parts {
        engine,
        link,
        rooms: Rooms::new(rooms),
        agents: Agents::new(agents.borrow().clone()),
        seeker: Seeker::new(agents.borrow().seeker()),
        muc: places.muc,
        records,
        groups,
        users: UsersEnd {
            links: ends.links,
            inside: ends.inside,
            known: ends.known,
            domain: places.domain,
        },
    })
}

impl Side {
    /// Ends the sessions of all users; those of our own domain can be taken up again.
    pub async fn stop_users(&self) {
        if let Some(accounts) = &self.accounts {
            accounts.stop().await;
        }
        self.bridge.stop().await;
    }
}

fn sessions(settings: &Settings, bridge: &Bridge, store: Arc<dyn Store>) -> AllSessions {
    let places = translate::places(settings);
    let accounts = translate::door(settings).map(|door| {
        let most = settings.users.max_sessions;
        let accounts = Accounts::new(door, places.clone(), Shelf::new(store), most);
        accounts.approving(translate::approval(settings))
    });
    AllSessions {
        bridge: settings.users.bridge.then(|| bridge.clone()),
        accounts,
        visitors: bridge.clone(),
        places,
    }
}
