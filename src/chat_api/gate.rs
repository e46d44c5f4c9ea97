//! Who calls: the master secret, a user with a password, a visitor with a token, or nobody.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use sha2::{Digest, Sha256};

use crate::config::{PasswordHash, Secret};
use crate::users::{Kind, LoginError, Password, Sessions};

use super::failure::Failure;

/// For how long a password that was right needs no second look.
const REMEMBERED: Duration = Duration::from_mins(5);
/// How many such passwords are remembered.
const MOST_REMEMBERED: usize = 10_000;
/// Passwords that may be tried from one address at once, and then each minute.
const ATTEMPTS: std::num::NonZeroU32 = std::num::NonZeroU32::MIN.saturating_add(19);

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

/// Sees to it that callers are who they say.
pub struct Gate {
    master: Option<Secret>,
    /// Own users, by their names in lower case.
    accounts: HashMap<String, PasswordHash>,
    sessions: Arc<dyn Sessions>,
    remembered: Mutex<HashMap<[u8; 32], Instant>>,
    /// So that what is remembered tells nothing about passwords.
    salt: [u8; 32],
    attempts: DefaultKeyedRateLimiter<IpAddr>,
}

impl Gate {
    /// A gate for these.
    pub fn new(
        master: Option<Secret>,
        accounts: HashMap<String, PasswordHash>,
        sessions: Arc<dyn Sessions>,
    ) -> Self {
        Self {
            master,
            accounts,
            sessions,
            remembered: Mutex::default(),
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

    /// Makes sure of a user by the password. A name alone is one of ours where the configuration
    /// knows it, else one of the XMPP server's.
    ///
    /// # Errors
    /// A wrong name or password, or too many of them.
    pub async fn user(
        &self,
        name: &str,
        password: Password,
        from: IpAddr,
    ) -> Result<User, Failure> {
        let places = self.sessions.places();
        let name = name.trim().to_lowercase();
        let (local, domain) = match name.split_once('@') {
            Some((local, domain)) => (local, domain.to_owned()),
            None if self.accounts.contains_key(&name) => (name.as_str(), places.domain.clone()),
            None => (name.as_str(), places.server.clone()),
        };
        let kind = if domain == places.domain {
            Kind::Bridge
        } else {
            Kind::Account
        };
        let user = User {
            bare: format!("{local}@{domain}"),
            kind,
            password,
        };
        let mark = self.mark(&user);
        if self.is_remembered(&mark) {
            return Ok(user);
        }
        self.count(from)?;
        self.verify(&user).await?;
        self.remember(mark);
        Ok(user)
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
        // Who does not exist costs as much time as who does.
        let hash = self.accounts.get(user.name()).cloned();
        let known = hash.is_some();
        let hash = hash.or_else(|| self.accounts.values().next().cloned());
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
    fn count(&self, from: IpAddr) -> Result<(), Failure> {
        self.attempts.check_key(&from).map_err(|not_before| {
            let wait = not_before.wait_time_from(DefaultClock::default().now());
            Failure::TooManyAttempts(wait)
        })
    }

    /// A mark of a name with a password; tells nothing about either.
    pub fn mark(&self, user: &User) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(self.salt);
        digest.update(user.bare.as_bytes());
        digest.update([0]);
        digest.update(user.password.expose().as_bytes());
        digest.finalize().into()
    }

    fn is_remembered(&self, mark: &[u8; 32]) -> bool {
        let remembered = self.remembered.lock();
        let remembered = remembered.unwrap_or_else(PoisonError::into_inner);
        remembered
            .get(mark)
            .is_some_and(|at| at.elapsed() < REMEMBERED)
    }

    fn remember(&self, mark: [u8; 32]) {
        let remembered = self.remembered.lock();
        let mut remembered = remembered.unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, at| at.elapsed() < REMEMBERED);
        }
        if remembered.len() < MOST_REMEMBERED {
            remembered.insert(mark, Instant::now());
        }
    }

    /// Forgets addresses that have not tried for long.
    pub fn tidy(&self) {
        self.attempts.retain_recent();
    }
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
