//! Users of our own domain who have a password: those of the configuration, and those that were made
//! over the API, which the store keeps. Only hashes are kept.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, MutexGuard};

use crate::config::PasswordHash;
use crate::ids::Timestamp;
use crate::store::{Change, Put, Row, Store, StoreError, Table};

use super::grants;

/// Where a user's password comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It stands in the configuration, and is changed there.
    Configured,
    /// It was made over the API.
    Made,
}

impl Source {
    /// The word in entities.
    pub fn word(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Made => "made",
        }
    }
}

/// The group of rows by which changed passwords of the configuration are known.
const CONFIGURED: &str = "configured";

/// By what a password of the configuration is known again; tells nothing about it.
fn mark(hash: &PasswordHash) -> Vec<u8> {
    Sha256::digest(hash.expose().as_bytes()).to_vec()
}

/// What is stored of a password.
#[derive(Serialize, Deserialize)]
struct Kept {
    password_hash: String,
}

/// All users of our own domain who have a password, by name in lower case.
pub struct Accounts {
    configured: HashMap<String, PasswordHash>,
    store: Arc<dyn Store>,
    changing: Mutex<()>,
}

impl Accounts {
    /// Those of the configuration, and those in this store.
    pub fn new(configured: HashMap<String, PasswordHash>, store: Arc<dyn Store>) -> Self {
        Self {
            configured,
            store,
            changing: Mutex::default(),
        }
    }

    /// Whether the user stands in the configuration.
    pub fn is_configured(&self, name: &str) -> bool {
        self.configured.contains_key(name)
    }

    /// The hash of a user's password.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn hash(&self, name: &str) -> Result<Option<PasswordHash>, StoreError> {
        if let Some(hash) = self.configured.get(name) {
            return Ok(Some(hash.clone()));
        }
        let row = self.store.get(Table::Account, "", name).await?;
        Ok(row.as_ref().and_then(read))
    }

    /// All of them, and where their passwords come from.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn all(&self) -> Result<BTreeMap<String, Source>, StoreError> {
        let rows = self.store.load(Table::Account).await?;
        let made = rows.into_iter().map(|row| (row.key, Source::Made));
        let configured = self.configured.keys();
        let configured = configured.map(|name| (name.clone(), Source::Configured));
        Ok(made.chain(configured).collect())
    }

    /// Finds users of the configuration whose passwords are others than when the program last looked, and
    /// those who stand there no more; what they were given up to a moment is void when this returns.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget_changed(
        &self,
        at: Timestamp,
        bare: &(dyn Fn(&str) -> String + Sync),
    ) -> Result<Vec<String>, StoreError> {
        let rows = self.store.group(Table::Grant, CONFIGURED).await?;
        let before: HashMap<String, Vec<u8>> =
            rows.into_iter().map(|row| (row.key, row.value)).collect();
        let now = self.configured.iter();
        let now: HashMap<&String, Vec<u8>> = now.map(|(name, hash)| (name, mark(hash))).collect();
        let others = now
            .iter()
            .filter(|(name, mark)| before.get(**name) != Some(*mark));
        let mut changed: Vec<String> = others.map(|(name, _)| (*name).clone()).collect();
        changed.extend(
            before
                .keys()
                .filter(|name| !now.contains_key(name))
                .cloned(),
        );
        let mut changes = Vec::new();
        for name in &changed {
            changes.push(grants::void(&bare(name), at));
            changes.push(match now.get(name) {
                Some(mark) => Change::Put(Put {
                    table: Table::Grant,
                    group: CONFIGURED.to_owned(),
                    key: name.clone(),
                    value: mark.clone(),
                    expires: None,
                }),
                None => grants::delete(CONFIGURED, name),
            });
        }
        if !changes.is_empty() {
            self.store.commit(changes).await?;
        }
        Ok(changed)
    }

    /// Whoever changes something looks and writes under this, so that nobody comes between.
    pub async fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().await
    }

    /// Commits changes that belong together.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        self.store.commit(changes).await
    }
}

fn read(row: &Row) -> Option<PasswordHash> {
    let kept: Kept = serde_json::from_slice(&row.value).ok()?;
    PasswordHash::parse(&kept.password_hash)
}

/// The row of a user's password.
pub fn kept(name: &str, hash: &PasswordHash) -> Change {
    let kept = Kept {
        password_hash: hash.expose(),
    };
    Change::Put(Put {
        table: Table::Account,
        group: String::new(),
        key: name.to_owned(),
        value: serde_json::to_vec(&kept).unwrap_or_default(),
        expires: None,
    })
}

/// Deletes it.
pub fn gone(name: &str) -> Change {
    Change::Delete {
        table: Table::Account,
        group: String::new(),
        key: name.to_owned(),
    }
}
