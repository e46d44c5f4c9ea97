//! What is kept for users beside their servers: properties of both kinds of users, and the history
//! of those of our own domain.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::now;
use crate::store::{Change, Put, Row, Store, StoreError, Table};
use crate::users::{Done, HistoryWish, Order, Reached, Said, UserError};

use super::client::{Reply, matches};
use super::users::{read_said, said_from, said_until};

/// Lines that one answer holds at most, and where nothing is wished.
const MOST: usize = 2_000;
const USUAL: usize = 500;
/// Lines that are read at a time.
const PAGE: usize = 500;
/// Bytes of a property's name and value, properties of one user.
const NAME: usize = 255;
const VALUE: usize = 64 * 1024;
const MOST_PROPERTIES: usize = 200;

/// The store, as far as users go; cheap to clone.
#[derive(Clone)]
pub struct Shelf {
    store: Arc<dyn Store>,
}

impl Shelf {
    /// On this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// Whether an order is about properties.
    pub fn takes(order: &Order) -> bool {
        matches!(
            order,
            Order::Properties | Order::SetProperty { .. } | Order::RemoveProperty(_)
        )
    }

    /// Carries out an order about the properties of the user of this bare address.
    pub async fn carry_out(&self, jid: &str, order: Order) -> Result<Done, UserError> {
        match order {
            Order::Properties => Ok(Done::Properties(self.properties(jid).await?)),
            Order::SetProperty { name, value } => {
                if name.trim().is_empty() {
                    return Err(UserError::Empty);
                }
                if name.len() > NAME || value.len() > VALUE {
                    return Err(UserError::TooLarge);
                }
                let known = self.properties(jid).await?;
                if known.len() >= MOST_PROPERTIES && !known.contains_key(&name) {
                    return Err(UserError::TooLarge);
                }
                self.commit(Change::Put(Put {
                    table: Table::Property,
                    group: jid.to_owned(),
                    key: name,
                    value: value.into_bytes(),
                    expires: None,
                }))
                .await
            }
            Order::RemoveProperty(name) => {
                self.commit(Change::Delete {
                    table: Table::Property,
                    group: jid.to_owned(),
                    key: name,
                })
                .await
            }
            _ => Err(UserError::Unsupported("this is not kept here")),
        }
    }

    /// How far a user of an XMPP server was told of archives, by bare address.
    pub async fn places(&self, user: &str) -> Result<Vec<Row>, StoreError> {
        self.store.group(Table::Heard, user).await
    }

    /// Stores it for the user's own archive.
    pub async fn place(&self, user: &str, value: Vec<u8>) -> Result<(), StoreError> {
        let row = Put {
            table: Table::Heard,
            group: user.to_owned(),
            key: user.to_owned(),
            value,
            expires: Some(now().plus(Reached::KEPT)),
        };
        self.store.commit(vec![Change::Put(row)]).await
    }

    /// Answers such an order when the answer is there.
    pub fn answer(&self, jid: String, order: Order, reply: Reply) {
        let shelf = self.clone();
        tokio::spawn(async move {
            let _ = reply.send(shelf.carry_out(&jid, order).await);
        });
    }

    /// The history of a user of our own domain: the newest lines that are wished for, read page by
    /// page from the newest on.
    pub async fn history(&self, username: &str, wish: &HistoryWish) -> Result<Done, UserError> {
        let most = match wish.limit {
            0 => USUAL,
            limit => limit.min(MOST),
        };
        let group = (Table::Said, username);
        let (first, mut until) = (wish.start.map(said_from), wish.end.map(said_until));
        let mut lines: Vec<Said> = Vec::new();
        while lines.len() < most {
            let rows = self.store.before(group, until.as_deref(), PAGE).await;
            let mut rows = rows.map_err(|_| UserError::Store)?;
            rows.retain(|row| first.as_ref().is_none_or(|first| row.key >= *first));
            let ended = rows.len() < PAGE;
            let wished = rows.iter().filter_map(read_said);
            let wished = wished.filter(|line| matches(line, wish));
            lines.extend(wished.take(most - lines.len()));
            match rows.pop().filter(|_| !ended) {
                Some(last) => until = Some(last.key),
                None => break,
            }
        }
        // The newest came first, also among those of one moment.
        lines.reverse();
        lines.sort_by_key(|line| line.at);
        Ok(Done::Lines(lines))
    }

    async fn properties(&self, jid: &str) -> Result<BTreeMap<String, String>, UserError> {
        let rows = self.store.group(Table::Property, jid).await;
        let rows = rows.map_err(|_| UserError::Store)?;
        let read = rows.into_iter().filter_map(|row| {
            let value = String::from_utf8(row.value).ok()?;
            Some((row.key, value))
        });
        Ok(read.collect())
    }

    async fn commit(&self, change: Change) -> Result<Done, UserError> {
        let done = self.store.commit(vec![change]).await;
        done.map(|()| Done::Nothing).map_err(|_| UserError::Store)
    }
}
