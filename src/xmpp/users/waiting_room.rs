//! Who comes in: users and their sessions, known from the store or new; and what has to be read
//! from the store for them.

use tokio::sync::{mpsc, oneshot};

use crate::ids::Timestamp;
use crate::store::{StoreError, Table};
use crate::users::{
    Done, EndReason, FoundUser, HistoryWish, LoginError, Order, Profile, Said, UserError,
};
use crate::xmpp::address::Address;
use crate::xmpp::agents::Place;
use crate::xmpp::client::{Kept, Reply, is_local_part};
use crate::xmpp::shelf::Shelf;

use super::desk::UsersDesk;
use super::handle::Entered;
use super::history::{LATELY, fingerprint};
use super::house::Key;
use super::records::{self, Item, SaidRecord, UserRecord};

/// Events of one session that may wait for its reader.
const EVENTS: usize = 16_384;
/// Sessions of one user at most.
const MOST_SESSIONS: usize = 64;

/// Something that is read from the store when this round is committed.
pub(super) enum Later {
    History(String, HistoryWish, Reply),
    Property(String, Order, Reply),
}

impl Later {
    pub fn begin(self, shelf: &Shelf) {
        match self {
            Self::Property(jid, order, reply) => shelf.answer(jid, order, reply),
            Self::History(username, wish, reply) => {
                let shelf = shelf.clone();
                tokio::spawn(async move {
                    let _ = reply.send(shelf.history(&username, &wish).await);
                });
            }
        }
    }

    pub fn refuse(self) {
        let (Self::History(_, _, reply) | Self::Property(_, _, reply)) = self;
        let _ = reply.send(Err(UserError::Store));
    }
}

impl UsersDesk {
    /// Reads who is a user, their contacts and what waits for them.
    pub(super) async fn read_store(&mut self) -> Result<(), StoreError> {
        for row in self.store.load(Table::User).await? {
            let record = records::read::<UserRecord>(&row).unwrap_or_default();
            self.house.known.add(&row.key);
            self.house.users.entry(row.key).or_default().record = record;
        }
        for row in self.store.load(Table::Contact).await? {
            if let (Some(user), Some(item)) = (
                self.house.users.get_mut(&row.group),
                records::read::<Item>(&row),
            ) {
                user.items.insert(row.key, item);
            }
        }
        for row in self.store.load(Table::Waiting).await? {
            if let (Some(user), Some(xml)) = (
                self.house.users.get_mut(&row.group),
                records::read::<String>(&row),
            ) {
                user.waiting.push((row.key, xml));
            }
        }
        Ok(())
    }

    /// Agents of our own domain are users, also before they come for the first time.
    pub(super) fn know_agents(&mut self) {
        let settings = self.agents.borrow_and_update().clone();
        let served = settings.workgroups.values();
        let agents = served.flat_map(|served| &served.agents);
        for agent in agents {
            let address = Address::parse(agent.as_str());
            let ours = address.filter(|address| address.domain == settings.domain);
            let Some(local) = ours.and_then(|address| address.local) else {
                continue;
            };
            if !self.house.users.contains_key(&local) {
                self.house.remember(&local, UserRecord::default());
            }
        }
    }

    /// A name that a user of ours may have.
    fn is_name(&self, name: &str) -> bool {
        let settings = self.agents.borrow();
        let address = Address {
            local: Some(name.to_owned()),
            domain: settings.domain.clone(),
            resource: None,
        };
        is_local_part(name) && !name.starts_with("v-") && settings.place(&address) == Place::Nobody
    }

    pub(super) fn remember(
        &mut self,
        profile: Profile,
        reply: oneshot::Sender<Result<(), LoginError>>,
    ) {
        if !self.is_name(&profile.username) {
            let _ = reply.send(Err(LoginError::BadName));
            return;
        }
        let record = UserRecord {
            name: profile.name,
            email: profile.email,
        };
        self.house.remember(&profile.username, record);
        self.logins.push(Box::new(move |stored| {
            let _ = reply.send(stored);
        }));
    }

    pub(super) async fn open(
        &mut self,
        (name, resource): (String, Option<String>),
        reply: oneshot::Sender<Result<Entered, LoginError>>,
    ) {
        match self.try_open(name, resource).await {
            Err(problem) => {
                let _ = reply.send(Err(problem));
            }
            Ok(entered) => self.logins.push(Box::new(move |stored| {
                let _ = reply.send(stored.map(|()| entered));
            })),
        }
    }

    async fn try_open(
        &mut self,
        name: String,
        resource: Option<String>,
    ) -> Result<Entered, LoginError> {
        if !self.is_name(&name) {
            return Err(LoginError::BadName);
        }
        if self.house.keys().len() >= self.settings.max_sessions {
            return Err(LoginError::TooMany);
        }
        let user = self.house.users.get(&name);
        let sessions = user.map_or(0, |user| user.sessions.len());
        if sessions >= MOST_SESSIONS {
            return Err(LoginError::TooMany);
        }
        let wished = resource.filter(|resource| {
            let free = user.is_none_or(|user| !user.sessions.contains_key(resource));
            free && is_resource(resource)
        });
        let kept = match &wished {
            Some(resource) => self.kept(&name, resource).await?,
            None => None,
        };
        if user_is_new(&self.house.users, &name) {
            self.house.remember(&name, UserRecord::default());
        }
        let fresh = self.house.users.get(&name);
        let fresh = fresh.is_none_or(|user| user.lately.is_empty());
        let lines = match fresh || kept.is_some() {
            true => self.lately(&name).await?,
            false => Vec::new(),
        };
        let kept = kept.map(|kept| with_times(kept, &lines));
        let resource = wished.unwrap_or_else(mint_resource);
        let key: Key = (name, resource);
        let (sender, events) = mpsc::channel(EVENTS);
        self.house.open(&key, sender, kept);
        let jid = format!("{}/{}", self.house.bare(&key.0), key.1);
        Ok(Entered { key, jid, events })
    }

    async fn kept(&mut self, name: &str, resource: &str) -> Result<Option<Kept>, LoginError> {
        let row = self.store.get(Table::UserSession, name, resource).await;
        let row = row.map_err(|_| LoginError::Store)?;
        Ok(row.as_ref().and_then(records::read::<Kept>))
    }

    /// What was said lately; read once, to know what rooms repeat.
    async fn lately(&mut self, name: &str) -> Result<Vec<Said>, LoginError> {
        let rows = self.store.before((Table::Said, name), None, LATELY).await;
        let rows = rows.map_err(|_| LoginError::Store)?;
        let lines: Vec<Said> = rows.iter().rev().filter_map(read_said).collect();
        if let Some(user) = self.house.users.get_mut(name)
            && user.lately.is_empty()
        {
            user.lately = lines.iter().map(fingerprint).collect();
        }
        Ok(lines)
    }

    pub(super) async fn forget(
        &mut self,
        username: &str,
        reply: oneshot::Sender<Result<(), LoginError>>,
    ) {
        let sessions = self.house.keys().into_iter();
        for key in sessions.filter(|(name, _)| name == username) {
            self.house.close(&key, EndReason::Forgotten);
        }
        self.house.known.remove(username);
        self.house.users.remove(username);
        self.house
            .changes
            .push(records::gone(Table::User, "", username));
        let jid = self.house.bare(username);
        for (table, group) in [
            (Table::Contact, username),
            (Table::Waiting, username),
            (Table::Said, username),
            (Table::UserSession, username),
            (Table::Property, jid.as_str()),
        ] {
            let at = Timestamp(self.house.now.0);
            let group = group.to_owned();
            let change = crate::store::Change::ExpireGroup { table, group, at };
            self.house.changes.push(change);
        }
        // Not only after the next reload: whom a workgroup lists is a user.
        self.know_agents();
        self.logins.push(Box::new(move |stored| {
            let _ = reply.send(stored);
        }));
    }

    /// Orders about what is kept are not the client's.
    pub(super) fn order(&mut self, key: Key, order: Order, reply: Reply) {
        if self.house.online(&key).is_none() {
            let _ = reply.send(Err(UserError::Ended));
            return;
        }
        match order {
            Order::History(wish) => self.later.push(Later::History(key.0, wish, reply)),
            Order::SearchUsers(words) => {
                let found = self.search(&words);
                let _ = reply.send(Ok(Done::Users(found)));
            }
            order if Shelf::takes(&order) => {
                let jid = self.house.bare(&key.0);
                self.later.push(Later::Property(jid, order, reply));
            }
            order => self.house.order(&key, order, reply),
        }
    }

    fn search(&self, words: &str) -> Vec<FoundUser> {
        let wanted = words.trim().trim_matches('*').to_lowercase();
        let fits =
            |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(&wanted));
        let users = self.house.users.iter().filter(|(name, user)| {
            fits(Some(name))
                || fits(user.record.name.as_deref())
                || fits(user.record.email.as_deref())
        });
        users
            .map(|(name, user)| {
                let profile = user.record.profile(name);
                FoundUser {
                    jid: self.house.bare(name),
                    username: profile.username,
                    name: profile.name,
                    email: profile.email,
                    ..FoundUser::default()
                }
            })
            .collect()
    }
}

/// A line of the history as it was stored.
pub fn read_said(row: &crate::store::Row) -> Option<Said> {
    records::read::<SaidRecord>(row).map(Said::from)
}

fn user_is_new(users: &std::collections::BTreeMap<String, super::house::User>, name: &str) -> bool {
    !users.contains_key(name)
}

/// What was heard in a room last is known from what was said there.
fn with_times(mut kept: Kept, lines: &[Said]) -> Kept {
    for room in &mut kept.rooms {
        let heard = lines.iter().filter(|line| line.with == room.room);
        let last = heard.map(|line| line.at).max();
        room.heard = last.map_or(room.heard, |last| last.max(room.heard));
        let here = lines.iter().filter(|line| line.with == room.room);
        room.lines = here.cloned().collect();
    }
    kept
}

fn is_resource(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 255
        && !text.chars().any(|c| c.is_control() || c == '\u{feff}')
}

fn mint_resource() -> String {
    let id = uuid::Uuid::new_v4().simple().to_string();
    format!("web-{}", id.get(..12).unwrap_or("session"))
}
