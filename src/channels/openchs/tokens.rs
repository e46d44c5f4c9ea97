//! Passwords and the tokens that are given for them. A token is kept as a hash only.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::channels::PasswordHash;
use crate::engine::now;
use crate::ids::{ChannelId, Timestamp};
use crate::store::{Change, Put, Store, StoreError, Table};

/// Passwords that are checked at a time: each check takes 19 MiB and some of a processor's time.
const CHECKS: usize = 2;
/// Wrong passwords of one account that are borne within [`FORGIVEN`].
const WRONG_BORNE: u32 = 10;
const FORGIVEN: Duration = Duration::from_mins(1);
/// What is kept at hand, at most.
const CACHED: usize = 10_000;

/// A token that was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Given {
    pub channel: ChannelId,
    pub username: String,
    pub expires: Timestamp,
}

/// What a check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    Right,
    Wrong,
    /// Too many were wrong of late.
    TooMany,
}

/// The tokens of all gateways.
pub(super) struct Tokens {
    store: Arc<dyn Store>,
    at_hand: Mutex<HashMap<String, Given>>,
    checks: Semaphore,
    /// The last right password of each account, under a key of this process: desks log in before
    /// every message.
    right: Mutex<HashMap<String, [u8; 32]>>,
    wrong: Mutex<HashMap<String, (u32, Instant)>>,
    key: [u8; 32],
}

impl Tokens {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            at_hand: Mutex::default(),
            checks: Semaphore::new(CHECKS),
            right: Mutex::default(),
            wrong: Mutex::default(),
            key: rand::random(),
        }
    }

    /// Gives a token: 40 hexadecimal digits. It is kept before it is given.
    pub async fn give(&self, given: Given) -> Result<String, StoreError> {
        let token = hex(&rand::random::<[u8; 20]>());
        let row = Put {
            table: Table::Token,
            group: String::new(),
            key: name_of(&token),
            value: serde_json::to_vec(&given)
                .map_err(|_| StoreError::Unavailable("a token cannot be written".into()))?,
            expires: Some(given.expires),
        };
        self.store.commit(vec![Change::Put(row)]).await?;
        self.remember(name_of(&token), given);
        Ok(token)
    }

    /// Whose a token is, while it is good.
    pub async fn find(&self, token: &str) -> Result<Option<Given>, StoreError> {
        if token.len() != 40 {
            return Ok(None);
        }
        let name = name_of(token);
        let good = |given: &Given| given.expires > now();
        let at_hand = lock(&self.at_hand).get(&name).cloned();
        if let Some(given) = at_hand {
            return Ok(Some(given).filter(good));
        }
        let row = self.store.get(Table::Token, "", &name).await?;
        let given: Option<Given> = row.and_then(|row| serde_json::from_slice(&row.value).ok());
        if let Some(given) = &given {
            self.remember(name, given.clone());
        }
        Ok(given.filter(good))
    }

    fn remember(&self, name: String, given: Given) {
        let mut at_hand = lock(&self.at_hand);
        if at_hand.len() >= CACHED {
            at_hand.clear();
        }
        at_hand.insert(name, given);
    }

    /// Checks a password against a hash. `account` is `None` for one that does not exist, which
    /// takes as long.
    pub async fn check(&self, account: Option<&str>, login: (&str, &PasswordHash)) -> Checked {
        let (password, hash) = login;
        let digest = self.digest(password, &hash.expose());
        let known = account.and_then(|account| lock(&self.right).get(account).copied());
        if known.is_some_and(|known| known.ct_eq(&digest).into()) {
            return Checked::Right;
        }
        // After that: whoever guesses does not lock out whoever knows.
        if account.is_some_and(|account| self.is_barred(account)) {
            return Checked::TooMany;
        }
        let Ok(_turn) = self.checks.acquire().await else {
            return Checked::Wrong;
        };
        let (password, hash) = (password.to_owned(), hash.clone());
        let check = move || hash.matches(password.as_bytes());
        let checked = tokio::task::spawn_blocking(check).await;
        match (account, checked) {
            (Some(account), Ok(true)) => {
                lock(&self.right).insert(account.to_owned(), digest);
                lock(&self.wrong).remove(account);
                Checked::Right
            }
            (Some(account), _) => {
                let mut wrong = lock(&self.wrong);
                let entry = wrong.entry(account.to_owned());
                let (count, at) = entry.or_insert((0, Instant::now()));
                (*count, *at) = (*count + 1, Instant::now());
                Checked::Wrong
            }
            (None, _) => Checked::Wrong,
        }
    }

    fn is_barred(&self, account: &str) -> bool {
        let mut wrong = lock(&self.wrong);
        match wrong.get(account) {
            Some((_, at)) if at.elapsed() >= FORGIVEN => {
                wrong.remove(account);
                false
            }
            Some((count, _)) => *count >= WRONG_BORNE,
            None => false,
        }
    }

    fn digest(&self, password: &str, hash: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.key);
        digest.update(hash.as_bytes());
        digest.update([0]);
        digest.update(password.as_bytes());
        digest.finalize().into()
    }
}

/// A token's name in the store. It is random itself, so that one round of hashing is enough.
fn name_of(token: &str) -> String {
    hex(&Sha256::digest(token.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
