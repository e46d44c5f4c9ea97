//! What was given out to be shown again: visitors' tokens, tickets and cookies. The store holds
//! digests, never the tokens themselves.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::engine::now;
use crate::ids::{ConversationId, Timestamp, VisitorToken, WorkgroupName};
use crate::store::{Change, Put, Row, Store, StoreError, Table};

/// A ticket opens a stream of events within this time.
pub const TICKET: Duration = Duration::from_mins(1);
/// A cookie opens it again within this time.
pub const COOKIE: Duration = Duration::from_hours(12);
/// A stream id is known for this long over restarts; nothing else that a user is given is good for longer.
pub const STREAM: Duration = Duration::from_hours(7 * 24);
/// A visitor's token is good for this long.
const VISITOR: Duration = Duration::from_hours(7 * 24);

/// A visitor's request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The name that the visitor has given.
    pub user: String,
    /// The conversation.
    pub conversation: ConversationId,
    /// Where it was asked.
    pub workgroup: WorkgroupName,
    /// On whose behalf, where that is known: the master secret or a user.
    pub owner: Option<String>,
    /// What the engine knows the visitor by.
    pub token: VisitorToken,
}

/// A user who may read events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watcher {
    /// The user's bare address.
    pub user: String,
    /// When it was given out.
    #[serde(default)]
    pub at: Timestamp,
}

/// What was given out to a user up to some moment is good no more.
#[derive(Serialize, Deserialize)]
struct Void {
    at: Timestamp,
}

/// What was given out; cheap to clone.
#[derive(Clone)]
pub struct Grants {
    store: Arc<dyn Store>,
}

impl Grants {
    /// Keeps them in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// A new token: 128 random bits.
    pub fn mint() -> String {
        URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>())
    }

    /// Keeps a request under its token, and under its owner and user where there is an owner.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_ask(&self, token: &str, asked: &Asked) -> Result<(), StoreError> {
        let mut changes = vec![put(("ask", &digest(token)), asked, VISITOR)];
        if let Some(owner) = &asked.owner {
            changes.push(put((&of_owner(owner), &asked.user), asked, VISITOR));
        }
        self.store.commit(changes).await
    }

    /// Takes a request back that came to nothing.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn drop_ask(&self, token: &str, asked: &Asked) -> Result<(), StoreError> {
        let mut changes = vec![delete("ask", &digest(token))];
        if let Some(owner) = &asked.owner {
            changes.push(delete(&of_owner(owner), &asked.user));
        }
        self.store.commit(changes).await
    }

    /// The request of a token.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ask(&self, token: &str) -> Result<Option<Asked>, StoreError> {
        self.get("ask", &digest(token)).await
    }

    /// The last request of a user on behalf of an owner.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ask_of(&self, owner: &str, user: &str) -> Result<Option<Asked>, StoreError> {
        self.get(&of_owner(owner), user).await
    }

    /// Gives a user's ticket or cookie out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn give(&self, user: &str, good_for: Duration) -> Result<String, StoreError> {
        let token = Self::mint();
        let watcher = Watcher {
            user: user.to_owned(),
            at: now(),
        };
        let row = put(("watch", &digest(&token)), &watcher, good_for);
        self.store.commit(vec![row]).await?;
        Ok(token)
    }

    /// Whose ticket or cookie it is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn watcher(&self, token: &str) -> Result<Option<Watcher>, StoreError> {
        let found: Option<Watcher> = self.get("watch", &digest(token)).await?;
        let Some(watcher) = found else {
            return Ok(None);
        };
        let good = self.stands(&watcher.user, watcher.at).await?;
        Ok(good.then_some(watcher))
    }

    /// Whether what a user, by bare address, was given at a moment is not void.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn stands(&self, user: &str, at: Timestamp) -> Result<bool, StoreError> {
        let void: Option<Void> = self.get("void", user).await?;
        Ok(void.is_none_or(|void| at > void.at))
    }

    async fn get<T: DeserializeOwned>(
        &self,
        group: &str,
        key: &str,
    ) -> Result<Option<T>, StoreError> {
        let row = self.store.get(Table::Grant, group, key).await?;
        Ok(row.as_ref().and_then(read))
    }
}

fn of_owner(owner: &str) -> String {
    format!("ask of {owner}")
}

fn read<T: DeserializeOwned>(row: &Row) -> Option<T> {
    serde_json::from_slice(&row.value).ok()
}

/// Makes all tickets and cookies void that a user, by bare address, was given up to a moment; stream ids
/// open no events any more without other credentials.
pub fn void(user: &str, at: Timestamp) -> Change {
    put(("void", user), &Void { at }, STREAM)
}

/// A row of what was given out.
pub fn put((group, key): (&str, &str), value: &impl Serialize, good_for: Duration) -> Change {
    Change::Put(Put {
        table: Table::Grant,
        group: group.to_owned(),
        key: key.to_owned(),
        value: serde_json::to_vec(value).unwrap_or_default(),
        expires: Some(now().plus(good_for)),
    })
}

/// Deletes such a row.
pub fn delete(group: &str, key: &str) -> Change {
    Change::Delete {
        table: Table::Grant,
        group: group.to_owned(),
        key: key.to_owned(),
    }
}

/// What is stored of a token.
pub fn digest(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}
