//! Tokens: JWT (RFC 7519) with HS256 and an end.

use std::sync::Once;
use std::time::Duration;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use ring::hmac;
use serde::{Deserialize, Serialize};
use signature::{Signer, Verifier};

use crate::config::Role;

use crate::channels::yalo::YaloSettings;

/// What stands in a token.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    username: String,
    role: String,
    iss: String,
    iat: i64,
    exp: i64,
}

/// Whose token it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::channels::yalo) struct Holder {
    pub username: String,
    pub role: Role,
}

struct Seat {
    holder: Holder,
    sign: EncodingKey,
    check: DecodingKey,
}

/// Makes and checks the tokens of one channel.
pub(in crate::channels::yalo) struct Tokens {
    seats: Vec<Seat>,
    issuer: String,
    ttl: Duration,
}

impl Tokens {
    /// Each account has a key of its own, made of the configured one, the account and its password:
    /// another password or name takes all tokens of before away, and nothing of it is in a token.
    pub fn new(settings: &YaloSettings) -> Self {
        static PROVIDED: Once = Once::new();
        // The crate asks one place in the process; whoever was first there is as good.
        PROVIDED.call_once(|| {
            let _ = RING.install_default();
        });
        let issuer = settings.id.as_str().to_owned();
        let root = hmac::Key::new(
            hmac::HMAC_SHA256,
            settings.keys.token_key.expose().as_bytes(),
        );
        let seats = settings.keys.accounts.iter().map(|account| {
            let parts = [
                &issuer,
                &account.username,
                account.role.as_str(),
                &account.password.expose(),
            ];
            let key = hmac::sign(&root, parts.join("\u{1f}").as_bytes());
            Seat {
                holder: Holder {
                    username: account.username.clone(),
                    role: account.role,
                },
                sign: EncodingKey::from_secret(key.as_ref()),
                check: DecodingKey::from_secret(key.as_ref()),
            }
        });
        Self {
            seats: seats.collect(),
            issuer,
            ttl: settings.keys.token_ttl,
        }
    }

    /// A token for an account; `None` where there is no such account.
    pub fn issue(&self, username: &str) -> Option<String> {
        let mut seats = self.seats.iter();
        let seat = seats.find(|seat| seat.holder.username == username)?;
        let now = jiff::Timestamp::now().as_second();
        let claims = Claims {
            username: username.to_owned(),
            role: seat.holder.role.as_str().to_owned(),
            iss: self.issuer.clone(),
            iat: now,
            exp: now.saturating_add(i64::try_from(self.ttl.as_secs()).unwrap_or(i64::MAX)),
        };
        encode(&Header::new(Algorithm::HS256), &claims, &seat.sign).ok()
    }

    /// Whose token this is; `None` where it is none of ours, or not any more.
    pub fn holder(&self, token: &str) -> Option<Holder> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = 0;
        rules.set_issuer(&[&self.issuer]);
        let good = |seat: &&Seat| {
            let read = decode::<Claims>(token, &seat.check, &rules);
            read.is_ok_and(|read| read.claims.username == seat.holder.username)
        };
        self.seats.iter().find(good).map(|seat| seat.holder.clone())
    }
}

/// HS256 by the cryptography that the program has already.
static RING: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(hmac::Key);

impl Hs256 {
    fn new(algorithm: &Algorithm, key: &[u8]) -> Result<Self, Error> {
        match algorithm {
            Algorithm::HS256 => Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, key))),
            _ => Err(ErrorKind::InvalidAlgorithm.into()),
        }
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], sent: &Vec<u8>) -> Result<(), signature::Error> {
        hmac::verify(&self.0, message, sent).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
