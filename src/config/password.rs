//! Passwords of accounts, kept as argon2 hashes only.

use std::fmt;

use argon2::Argon2;
use argon2::password_hash::phc;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::problem::What;
use super::reader::Reader;

/// The hash of a password, as `warmline hash-password` prints it (PHC string format, argon2).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(phc::PasswordHash);

/// No hash could be made: the system gives no random numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the password cannot be hashed: no random numbers")]
pub struct NoHash;

impl PasswordHash {
    /// Reads a hash; `None` where it is none that argon2 made.
    pub fn parse(text: &str) -> Option<Self> {
        let hash = phc::PasswordHash::new(text).ok()?;
        let ours = hash.algorithm.as_str().starts_with("argon2") && hash.hash.is_some();
        ours.then_some(Self(hash))
    }

    /// The hash of an account; `None` after a problem was recorded.
    pub(super) fn read(r: &mut Reader) -> Option<Self> {
        let text = r.need_secret("password_hash", "password_hash_file")?;
        let hash = Self::parse(text.expose());
        if hash.is_none() {
            r.complain("password_hash", What::NotAPasswordHash);
        }
        hash
    }

    /// Hashes a password with a new salt (argon2id, 19 MiB, two passes).
    ///
    /// # Errors
    /// Where there are no random numbers.
    pub fn of(password: &str) -> Result<Self, NoHash> {
        let hash: Result<phc::PasswordHash, _> =
            Argon2::default().hash_password(password.as_bytes());
        hash.map(Self).map_err(|_| NoHash)
    }

    /// Whether this is the password. Takes some ten milliseconds of a processor, whatever the
    /// answer: not for a thread that others wait for.
    pub fn matches(&self, password: &[u8]) -> bool {
        Argon2::default().verify_password(password, &self.0).is_ok()
    }

    /// The hash as it is written.
    pub fn expose(&self) -> String {
        self.0.to_string()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_back_and_knows_its_password() {
        let hash = PasswordHash::of("opensesame").unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        let again = PasswordHash::parse(&hash.expose()).unwrap();
        assert!(again.matches(b"opensesame"));
        assert!(!again.matches(b"opensesam"));
        assert_ne!(PasswordHash::of("opensesame").unwrap(), hash);
        assert_eq!(format!("{hash:?}"), "***");
    }

    #[test]
    fn what_is_no_argon2_hash_is_none() {
        for text in [
            "",
            "opensesame",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ",
            "$2b$12$x",
        ] {
            assert_eq!(PasswordHash::parse(text), None, "{text}");
        }
    }
}
