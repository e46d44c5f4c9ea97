//! What is stored of users, as JSON in rows of their own.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::ids::Timestamp;
use crate::store::{Change, Put, Row, Table};
use crate::users::{Profile, Said, Subscription};
use crate::xmpp::client::Kept;

/// A user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct UserRecord {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl UserRecord {
    pub fn profile(&self, username: &str) -> Profile {
        Profile {
            username: username.to_owned(),
            name: self.name.clone(),
            email: self.email.clone(),
        }
    }
}

/// A contact, from the user's side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// The user sees the contact.
    #[serde(default)]
    pub to: bool,
    /// The contact sees the user.
    #[serde(default)]
    pub from: bool,
    /// The user has asked to see the contact.
    #[serde(default)]
    pub asked: bool,
    /// It is not in the user's list: the contact sees the user, or asks to, without being there.
    #[serde(default)]
    pub hidden: bool,
    /// The contact asks to see the user, who has not answered yet.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// What the contact says with that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// The user lets the contact in as soon as it asks (RFC 6121 §3.4).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approved: bool,
}

impl Item {
    pub fn subscription(&self) -> Subscription {
        match (self.to, self.from) {
            (false, false) => Subscription::None,
            (true, false) => Subscription::To,
            (false, true) => Subscription::From,
            (true, true) => Subscription::Both,
        }
    }
}

/// Something that was said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SaidRecord {
    pub id: String,
    pub from: String,
    pub to: String,
    pub kind: String,
    pub body: String,
    pub at: Timestamp,
    pub with: String,
    #[serde(default)]
    pub in_room: bool,
}

impl From<&Said> for SaidRecord {
    fn from(said: &Said) -> Self {
        let said = said.clone();
        Self {
            id: said.id,
            from: said.from,
            to: said.to,
            kind: said.kind,
            body: said.body,
            at: said.at,
            with: said.with,
            in_room: said.in_room,
        }
    }
}

impl From<SaidRecord> for Said {
    fn from(record: SaidRecord) -> Self {
        Self {
            id: record.id,
            from: record.from,
            to: record.to,
            kind: record.kind,
            body: record.body,
            at: record.at,
            with: record.with,
            in_room: record.in_room,
        }
    }
}

/// A row of JSON. What cannot be written becomes an empty row, which is read as the default.
fn row(table: Table, group: &str, key: &str, value: &impl Serialize) -> Put {
    Put {
        table,
        group: group.to_owned(),
        key: key.to_owned(),
        value: serde_json::to_vec(value).unwrap_or_default(),
        expires: None,
    }
}

pub(super) fn gone(table: Table, group: &str, key: &str) -> Change {
    Change::Delete {
        table,
        group: group.to_owned(),
        key: key.to_owned(),
    }
}

pub(super) fn user(username: &str, record: &UserRecord) -> Change {
    Change::Put(row(Table::User, "", username, record))
}

pub(super) fn contact(username: &str, jid: &str, item: &Item) -> Change {
    Change::Put(row(Table::Contact, username, jid, item))
}

pub(super) fn session(username: &str, resource: &str, kept: &Kept) -> Change {
    Change::Put(row(Table::UserSession, username, resource, kept))
}

/// A message that waits, until `expires`.
pub(super) fn waiting(username: &str, key: &str, (xml, expires): (&str, Timestamp)) -> Change {
    let mut put = row(Table::Waiting, username, key, &xml);
    put.expires = Some(expires);
    Change::Put(put)
}

/// A line of the history, until `expires`.
pub(super) fn said(username: &str, key: &str, (said, expires): (&Said, Timestamp)) -> Change {
    let mut put = row(Table::Said, username, key, &SaidRecord::from(said));
    put.expires = Some(expires);
    Change::Put(put)
}

/// What a row holds; `None` where it cannot be read.
pub(super) fn read<T: DeserializeOwned>(row: &Row) -> Option<T> {
    serde_json::from_slice(&row.value).ok()
}
