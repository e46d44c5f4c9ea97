//! The key under which links are sealed: the operator's, or one of our own that the store keeps.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use serde::{Deserialize, Serialize};

use crate::config::Secret;
use crate::store::{Change, Put, Store, StoreError, Table};

/// The row of [`Table::Key`].
const ROW: &str = "media";
/// Sets the digest of a configured key apart from any other use of the same text.
const CONTEXT: &[u8] = b"warmline media links\0";

/// A key for links. Never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaKey(pub(super) [u8; 32]);

impl fmt::Debug for MediaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MediaKey(…)")
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store holds something else in its place.
    #[error("the key of the media links in the store is damaged")]
    Damaged,
    /// The system gives no random numbers.
    #[error("no random numbers for the key of the media links")]
    NoRandomness,
}

#[derive(Serialize, Deserialize)]
struct Row {
    key: String,
}

impl MediaKey {
    /// The one that a configured secret stands for.
    pub fn from_secret(secret: &Secret) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(CONTEXT);
        context.update(secret.expose().as_bytes());
        let mut key = [0; 32];
        key.copy_from_slice(context.finish().as_ref());
        Self(key)
    }

    /// The one that the store keeps; made and stored where there is none yet.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub async fn kept(store: &dyn Store) -> Result<Self, KeyError> {
        if let Some(row) = store.get(Table::Key, "", ROW).await? {
            return Self::read(&row.value).ok_or(KeyError::Damaged);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|_| KeyError::NoRandomness)?;
        let row = Row {
            key: STANDARD.encode(key),
        };
        let put = Put {
            table: Table::Key,
            group: String::new(),
            key: ROW.to_owned(),
            value: serde_json::to_vec(&row).map_err(|_| KeyError::Damaged)?,
            expires: None,
        };
        store.commit(vec![Change::Put(put)]).await?;
        Ok(Self(key))
    }

    fn read(value: &[u8]) -> Option<Self> {
        let row: Row = serde_json::from_slice(value).ok()?;
        let key = STANDARD.decode(row.key).ok()?;
        Some(Self(key.try_into().ok()?))
    }
}
