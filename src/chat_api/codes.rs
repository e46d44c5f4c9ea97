//! One-time codes (RFC 6238) that users have beside their passwords. Who has shown one right code once
//! is enrolled, and needs one at each login with a password.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use serde::{Deserialize, Serialize};
use totp_rs::{Builder, Secret, Totp};

use crate::ids::Timestamp;
use crate::store::{Change, Put, Store, StoreError, Table};

use super::failure::Failure;

/// How long one code is shown, in seconds; what all authenticators do unless told otherwise.
const STEP: u64 = 30;
/// How many steps a clock may be off, either way (RFC 6238 §5.2).
const DRIFT: u64 = 1;
/// As RFC 4226 §4 recommends.
const SECRET_BYTES: usize = 20;
/// Codes that may be tried for one user at once. Each right one counts once, so that nobody needs
/// more than one a step (RFC 4226 §7.3).
const ATTEMPTS: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// A code for nothing is refused, so that nobody takes a password alone for more.
const NONE: Failure = Failure::Parameter(
    "totp",
    "this user has no one-time codes; GET /chat/enroll begins with them",
);

/// What is stored of a user's codes. Shown by nothing.
#[derive(Default, Serialize, Deserialize)]
struct Kept {
    /// What the codes of logins are made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confirmed: Option<Confirmed>,
    /// A secret of which no code was shown yet, in base 32. It locks nobody out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offered: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Confirmed {
    /// In base 32.
    secret: String,
    /// The step of the last code that counted: none up to it counts again.
    last: u64,
}

/// A new secret, for the one answer that tells it.
pub struct Offered {
    /// In base 32.
    pub secret: String,
    /// The same as authenticators read it.
    pub uri: String,
}

/// What a login has shown beside the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing, and nothing is needed.
    Nothing,
    /// A code that counts.
    Code,
}

/// The codes of all users, by bare address.
pub struct Codes {
    store: Arc<dyn Store>,
    /// Who gives the codes, as authenticators show it.
    issuer: String,
    /// Who is enrolled; nothing where that has to be read. One process runs on a store.
    enrolled: Mutex<Option<HashSet<String>>>,
    /// Whoever changes something looks and writes under this, so that a code counts once.
    changing: tokio::sync::Mutex<()>,
    attempts: DefaultKeyedRateLimiter<String>,
}

impl Codes {
    /// Those in this store.
    pub fn new(store: Arc<dyn Store>, issuer: String) -> Self {
        let quota = Quota::with_period(Duration::from_secs(STEP));
        let quota = quota.unwrap_or_else(|| Quota::per_minute(NonZeroU32::MIN));
        Self {
            store,
            issuer,
            enrolled: Mutex::default(),
            changing: tokio::sync::Mutex::default(),
            attempts: RateLimiter::keyed(quota.allow_burst(ATTEMPTS)),
        }
    }

    /// Whether a user's logins need a code.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn is_enrolled(&self, bare: &str) -> Result<bool, StoreError> {
        let known = || lock(&self.enrolled).as_ref().map(|all| all.contains(bare));
        if let Some(known) = known() {
            return Ok(known);
        }
        let _alone = self.changing.lock().await;
        if let Some(known) = known() {
            return Ok(known);
        }
        let rows = self.store.load(Table::Enrolment).await?;
        let rows = rows.into_iter();
        let enrolled =
            rows.filter(|row| read(&row.value).is_none_or(|kept| kept.confirmed.is_some()));
        let all: HashSet<String> = enrolled.map(|row| row.key).collect();
        let found = all.contains(bare);
        *lock(&self.enrolled) = Some(all);
        Ok(found)
    }

    /// Offers a user a new secret, in place of one of which no code was shown. One that is in force
    /// stays so until a code of the new one was shown.
    ///
    /// # Errors
    /// The store does not answer, or the address cannot be part of such a secret's address.
    pub async fn offer(&self, bare: &str) -> Result<Offered, Failure> {
        let secret = Secret::new_stack(rand::random::<[u8; SECRET_BYTES]>());
        let offered = Offered {
            secret: secret.to_base32(),
            uri: uri(secret, (&self.issuer, bare)).ok_or(Failure::Fault)?,
        };
        let _alone = self.changing.lock().await;
        let mut kept = self.kept(bare).await?.unwrap_or_default();
        kept.offered = Some(offered.secret.clone());
        self.commit((bare, &kept)).await?;
        Ok(offered)
    }

    /// Whether a login with a right password may go on. A code that counts is used up when this
    /// returns; the first one enrols the user.
    ///
    /// # Errors
    /// A code is missing or wrong, or none was to be shown; or the store does not answer.
    pub async fn check(
        &self,
        bare: &str,
        code: Option<&str>,
        at: Timestamp,
    ) -> Result<Shown, Failure> {
        let Some(code) = code else {
            return match self.is_enrolled(bare).await? {
                true => Err(Failure::CodeMissing),
                false => Ok(Shown::Nothing),
            };
        };
        let attempt = self.attempts.check_key(&bare.to_owned());
        attempt.map_err(|not_before| {
            Failure::TooManyAttempts(not_before.wait_time_from(DefaultClock::default().now()))
        })?;
        let _alone = self.changing.lock().await;
        let mut kept = self.kept(bare).await?.ok_or(NONE)?;
        let step = u64::try_from(at.0 / 1000).unwrap_or(0) / STEP;
        let code: String = code.split_whitespace().collect();
        match counts(&kept, &code, step) {
            Some(confirmed) => {
                if kept.offered.as_ref() == Some(&confirmed.secret) {
                    kept.offered = None;
                }
                kept.confirmed = Some(confirmed);
                self.commit((bare, &kept)).await?;
                Ok(Shown::Code)
            }
            None => Err(Failure::WrongCode),
        }
    }

    /// Ends a user's codes, along with other changes; tells whether there were any.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end(&self, bare: &str, mut along: Vec<Change>) -> Result<bool, StoreError> {
        let _alone = self.changing.lock().await;
        let had = self.store.get(Table::Enrolment, "", bare).await?.is_some();
        if had {
            along.push(Change::Delete {
                table: Table::Enrolment,
                group: String::new(),
                key: bare.to_owned(),
            });
        }
        self.written((bare, false), self.store.commit(along).await)?;
        Ok(had)
    }

    /// Forgets users that have not tried for long.
    pub fn tidy(&self) {
        self.attempts.retain_recent();
    }

    async fn kept(&self, bare: &str) -> Result<Option<Kept>, Failure> {
        let row = self.store.get(Table::Enrolment, "", bare).await?;
        // What cannot be read lets nobody in.
        row.map(|row| read(&row.value).ok_or(Failure::Fault))
            .transpose()
    }

    async fn commit(&self, (bare, kept): (&str, &Kept)) -> Result<(), StoreError> {
        let row = Change::Put(Put {
            table: Table::Enrolment,
            group: String::new(),
            key: bare.to_owned(),
            value: serde_json::to_vec(kept).unwrap_or_default(),
            expires: None,
        });
        let enrolled = kept.confirmed.is_some();
        self.written((bare, enrolled), self.store.commit(vec![row]).await)
    }

    /// Notes what was committed. Of a commit that failed nothing is known: it is read anew.
    fn written(
        &self,
        (bare, enrolled): (&str, bool),
        outcome: Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut known = lock(&self.enrolled);
        match (&mut *known, enrolled) {
            _ if outcome.is_err() => *known = None,
            (Some(all), true) => drop(all.insert(bare.to_owned())),
            (Some(all), false) => drop(all.remove(bare)),
            (None, _) => {}
        }
        outcome
    }
}

/// What is confirmed from now on, where this code counts.
fn counts(kept: &Kept, code: &str, now: u64) -> Option<Confirmed> {
    let of = |secret: &str, last: Option<u64>| {
        let step = matching(secret, code, (now, last))?;
        Some(Confirmed {
            secret: secret.to_owned(),
            last: step,
        })
    };
    let confirmed = kept.confirmed.as_ref();
    let confirmed = confirmed.and_then(|one| of(&one.secret, Some(one.last)));
    confirmed.or_else(|| of(kept.offered.as_deref()?, None))
}

/// The step after `last` whose code this is, around `now`.
fn matching(secret: &str, code: &str, (now, last): (u64, Option<u64>)) -> Option<u64> {
    let totp = totp(Secret::try_from_base32(secret).ok()?)?;
    let mut window = now.saturating_sub(DRIFT)..=now.saturating_add(DRIFT);
    // Compared in constant time, one step at a time.
    window.find(|step| {
        last.is_none_or(|last| *step > last)
            && totp.check(code, step.saturating_mul(STEP)).is_some()
    })
}

fn totp(secret: Secret) -> Option<Totp> {
    let builder = Builder::new().with_secret(secret).with_skew(0);
    builder.with_step_duration(STEP).build().ok()
}

/// The address that authenticators read (Google's key URI format).
fn uri(secret: Secret, (issuer, bare): (&str, &str)) -> Option<String> {
    let builder = Builder::new().with_secret(secret).with_issuer(Some(issuer));
    // A colon parts issuer and name; an address has one where its domain is an IPv6 address.
    let builder = builder.with_account_name(bare.replace(':', "_"));
    builder.build().ok()?.to_url().ok()
}

fn read(value: &[u8]) -> Option<Kept> {
    serde_json::from_slice(value).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6238 Appendix B, SHA-1, the last six of its eight digits.
    const RFC: [(u64, &str); 6] = [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ];

    fn of_the_rfc() -> String {
        Secret::from(*b"12345678901234567890").to_base32()
    }

    #[test]
    fn codes_are_those_of_the_rfc_one_step_either_way() {
        let secret = of_the_rfc();
        for (second, code) in RFC {
            let step = second / STEP;
            for now in [step - 1, step, step + 1] {
                assert_eq!(matching(&secret, code, (now, None)), Some(step), "{second}");
            }
            // The first one begins in the second step of all.
            for now in [step.checked_sub(2), Some(step + 2)].into_iter().flatten() {
                assert_eq!(matching(&secret, code, (now, None)), None, "{second}");
            }
        }
    }

    #[test]
    fn a_step_counts_once_and_none_before_it() {
        let secret = of_the_rfc();
        let (second, code) = RFC[1];
        let step = second / STEP;
        for (last, found) in [(step - 1, Some(step)), (step, None), (step + 1, None)] {
            assert_eq!(matching(&secret, code, (step, Some(last))), found, "{last}");
        }
        for odd in ["", "08180", "0818044", "+81804", "٠٨١٨٠٤", "081 804"] {
            assert_eq!(matching(&secret, odd, (step, None)), None, "{odd}");
        }
    }

    #[test]
    fn the_address_for_authenticators_names_issuer_and_user() {
        let secret = || Secret::from(*b"12345678901234567890");
        let uri = uri(secret(), ("Help & Co", "robin@[::1]")).expect("an address");
        assert!(
            uri.starts_with("otpauth://totp/Help%20%26%20Co:robin%40"),
            "{uri}"
        );
        assert!(uri.contains(&format!("secret={}", of_the_rfc())), "{uri}");
        let back = Totp::from_url(&uri).expect("it is read back");
        assert_eq!((back.issuer(), back.step()), (Some("Help & Co"), STEP));
    }
}
