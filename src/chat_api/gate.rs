//! Who calls: the master secret, a user with a password, a visitor with a token, or nobody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use jid::{DomainPart, NodePart};
use sha2::{Digest, Sha256};

use crate::config::{PasswordHash, Secret};
use crate::users::{Kind, LoginError, Password, Sessions};

use super::accounts::Accounts;
use super::changes::Changes;
use super::failure::Failure;

/// For how long a password that was right needs no second look.
const REMEMBERED: Duration = Duration::from_mins(5);
/// How many such passwords are remembered.
const MOST_REMEMBERED: usize = 10_000;
/// Passwords that may be tried from one address at once, and then each minute.
const ATTEMPTS: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(19);

/// A hash that is compared where a user has none, so that who does not exist costs as much time as who
/// does.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$T5HnDwFPxBxHK7gSB7PRTGoqGwXgHbfQ2qMC1nFsUfU";

/// Who calls.
#[derive(Clone, Debug)]
pub enum Caller {
    /// Somebody with the master secret: may act for any user of our own domain.
    Master,
    /// A user, for nobody else.
    User(User),
    /// Somebody with a token, which is looked up where it counts.
    Bearer(String),
    /// Somebody without credentials.
    Nobody,
}

/// A user whose password was right.
#[derive(Clone, Debug)]
pub struct User {
    /// The bare address.
    pub bare: String,
    /// Whose user it is.
    pub kind: Kind,
    /// The password, for a session with the server that the user belongs to.
    pub password: Password,
    /// Whether the password counts only while a session of the user is open that was logged in with
    /// a one-time code.
    pub needs_code: bool,
}

impl User {
    /// The part before the `@`.
    pub fn name(&self) -> &str {
        local(&self.bare)
    }
}

/// The part of an address before the `@`.
pub fn local(bare: &str) -> &str {
    bare.split_once('@').map_or(bare, |(name, _)| name)
}

/// A user whose password was right a short time ago.
struct Remembered {
    bare: String,
    kind: Kind,
    at: Instant,
}

/// Sees to it that callers are who they say.
pub struct Gate {
    master: Option<Secret>,
    accounts: Arc<Accounts>,
    sessions: Arc<dyn Sessions>,
    remembered: Mutex<HashMap<[u8; 32], Remembered>>,
    /// Moves on with each change of a password: what was found out before it is not remembered.
    changes: AtomicU64,
    /// For streams of events.
    pub changed: Changes,
    /// So that what is remembered tells nothing about passwords.
    salt: [u8; 32],
    attempts: DefaultKeyedRateLimiter<IpAddr>,
}

impl Gate {
    /// A gate for these.
    pub fn new(
        master: Option<Secret>,
        accounts: Arc<Accounts>,
        sessions: Arc<dyn Sessions>,
    ) -> Self {
        Self {
            master,
            accounts,
            sessions,
            remembered: Mutex::default(),
            changes: AtomicU64::new(0),
            changed: Changes::default(),
            salt: rand::random(),
            attempts: RateLimiter::keyed(Quota::per_minute(ATTEMPTS)),
        }
    }

    /// Looks at an `Authorization` header. The master secret stands in it raw, without a scheme.
    ///
    /// # Errors
    /// Wrong credentials, or too many of them.
    pub async fn admit(&self, header: Option<&[u8]>, from: IpAddr) -> Result<Caller, Failure> {
        let Some(header) = header else {
            return Ok(Caller::Nobody);
        };
        let is_master = self
            .master
            .as_ref()
            .is_some_and(|master| master.matches(header));
        if is_master {
            return Ok(Caller::Master);
        }
        let text = std::str::from_utf8(header).map_err(|_| Failure::WrongCredentials)?;
        if let Some(token) = scheme(text, "Bearer") {
            return Ok(Caller::Bearer(token.to_owned()));
        }
        let Some((user, password)) = scheme(text, "Basic").and_then(basic) else {
            self.count(from)?;
            return Err(Failure::WrongCredentials);
        };
        self.user(&user, Password::new(password), from)
            .await
            .map(Caller::User)
    }

    /// Makes sure of a user by the password. A name alone is one of ours where such a user has a
    /// password here, else one of the XMPP server's.
    ///
    /// # Errors
    /// A wrong name or password, or too many of them.
    pub async fn user(
        &self,
        name: &str,
        password: Password,
        from: IpAddr,
    ) -> Result<User, Failure> {
        let name = name.trim().to_lowercase();
        let mark = self.mark(&name, &password);
        if let Some((bare, kind)) = self.remembered(&mark) {
            return Ok(User {
                bare,
                kind,
                password,
                needs_code: false,
            });
        }
        self.count(from)?;
        let changes = self.changes.load(Ordering::Acquire);
        let user = self.named(&name, password).await?;
        self.verify(&user).await?;
        self.remember(mark, changes, &user);
        Ok(user)
    }

    /// Whom a name means.
    async fn named(&self, name: &str, password: Password) -> Result<User, Failure> {
        let places = self.sessions.places();
        let (local, domain) = normal(name).ok_or(Failure::WrongCredentials)?;
        let domain = match domain {
            Some(domain) => domain,
            None if self.accounts.hash(&local).await?.is_some() => places.domain.clone(),
            None => places.server.clone(),
        };
        let kind = if domain == places.domain {
            Kind::Bridge
        } else {
            Kind::Account
        };
        Ok(User {
            bare: format!("{local}@{domain}"),
            kind,
            password,
            needs_code: false,
        })
    }

    async fn verify(&self, user: &User) -> Result<(), Failure> {
        if user.kind == Kind::Account {
            return match self.sessions.check(&user.bare, &user.password).await {
                Ok(()) => Ok(()),
                Err(LoginError::WrongPassword | LoginError::BadName) => {
                    Err(Failure::WrongCredentials)
                }
                Err(other) => Err(Failure::Login(other)),
            };
        }
        let hash = self.accounts.hash(user.name()).await?;
        let known = hash.is_some();
        let hash = hash.or_else(|| PasswordHash::parse(NOBODY));
        let password = user.password.clone();
        let right = tokio::task::spawn_blocking(move || {
            hash.is_some_and(|hash| hash.matches(password.expose().as_bytes()))
        });
        if right.await.unwrap_or(false) && known {
            Ok(())
        } else {
            Err(Failure::WrongCredentials)
        }
    }

    /// Counts an attempt from an address.
    ///
    /// # Errors
    /// There were too many.
    pub fn count(&self, from: IpAddr) -> Result<(), Failure> {
        self.attempts.check_key(&from).map_err(|not_before| {
            let wait = not_before.wait_time_from(DefaultClock::default().now());
            Failure::TooManyAttempts(wait)
        })
    }

    /// A mark of a name with a password; tells nothing about either.
    fn mark(&self, name: &str, password: &Password) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.salt);
        digest.update(name.as_bytes());
        digest.update([0]);
        digest.update(password.expose().as_bytes());
        digest.finalize().into()
    }

    fn remembered(&self, mark: &[u8; 32]) -> Option<(String, Kind)> {
        let remembered = lock(&self.remembered);
        let found = remembered.get(mark)?;
        let fresh = found.at.elapsed() < REMEMBERED;
        fresh.then(|| (found.bare.clone(), found.kind))
    }

    fn remember(&self, mark: [u8; 32], changes: u64, user: &User) {
        let mut remembered = lock(&self.remembered);
        if self.changes.load(Ordering::Acquire) != changes {
            return;
        }
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, found| found.at.elapsed() < REMEMBERED);
        }
        if remembered.len() < MOST_REMEMBERED {
            let found = Remembered {
                bare: user.bare.clone(),
                kind: user.kind,
                at: Instant::now(),
            };
            remembered.insert(mark, found);
        }
    }

    /// The password of whoever has this name was changed: nothing that was right before counts.
    pub fn forget(&self, name: &str) {
        let mut remembered = lock(&self.remembered);
        self.changes.fetch_add(1, Ordering::AcqRel);
        remembered.retain(|_, found| local(&found.bare) != name);
    }

    /// The same, and what was opened with the password of before ends.
    pub fn revoke(&self, name: &str) {
        self.forget(name);
        self.changed.end(&self.bare(name));
    }

    /// The same for a user who is no more, whose streams end with the end of the session.
    pub fn forget_gone(&self, name: &str) {
        self.forget(name);
        self.changed.note(&self.bare(name));
    }

    fn bare(&self, name: &str) -> String {
        format!("{name}@{}", self.sessions.places().domain)
    }

    /// Forgets addresses that have not tried for long.
    pub fn tidy(&self) {
        self.attempts.retain_recent();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Name and domain in the normal form in which the server takes them (RFC 7622): one user has one
/// address, however it is written. The server would know the user in all spellings, and here another
/// one would be somebody who has no one-time codes.
fn normal(name: &str) -> Option<(String, Option<String>)> {
    let (local, domain) = match name.split_once('@') {
        Some((local, domain)) => (local, Some(domain)),
        None => (name, None),
    };
    let of_node = |local: &str| NodePart::new(local).ok().map(|part| part.to_string());
    let of_domain = |domain: &str| DomainPart::new(domain).ok().map(|part| part.to_string());
    let node = of_node(local)?;
    let domain = match domain {
        Some(domain) => Some(of_domain(domain)?),
        None => None,
    };
    // What has no normal form is nobody's.
    let stays =
        of_node(&node)? == node && domain.as_deref().map(of_domain) == domain.clone().map(Some);
    stays.then_some((node, domain))
}

fn scheme<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    let (scheme, rest) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then(|| rest.trim())
}

/// User and password (RFC 7617).
fn basic(encoded: &str) -> Option<(String, String)> {
    let decoded = STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}
