//! Addresses as strangers really write them, emoji and all.

use std::fmt;
use std::str::FromStr;

/// Longest address in bytes: three parts of 1023 and two separators (RFC 7622 §3.1).
pub const MAX_ADDRESS: usize = 3 * 1023 + 2;

/// `local@domain/resource` (RFC 7622 §3.1), read leniently.
///
/// Only the shape is checked: which characters a part may hold is the servers' business, and a
/// stranger's address must never cost us more than an answer that goes nowhere. Local part and
/// domain are in lower case, so that equal addresses compare equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    local: Option<String>,
    domain: String,
    resource: Option<String>,
}

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing where the domain should be.
    #[error("the address has no domain")]
    NoDomain,
    /// `@` with nothing before it, or `/` with nothing after it.
    #[error("a part of the address is empty")]
    EmptyPart,
    /// Longer than [`MAX_ADDRESS`].
    #[error("the address is too long")]
    TooLong,
}

impl Address {
    /// The address of a server, component or room service; an empty `domain` is an error.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn of_domain(domain: &str) -> Result<Self, AddressError> {
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        if domain.is_empty() {
            return Err(AddressError::NoDomain);
        }
        checked(Self {
            local: None,
            domain: domain.to_lowercase(),
            resource: None,
        })
    }

    /// `local@domain`.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn new(local: &str, domain: &str) -> Result<Self, AddressError> {
        if local.is_empty() {
            return Err(AddressError::EmptyPart);
        }
        checked(Self {
            local: Some(local.to_lowercase()),
            ..Self::of_domain(domain)?
        })
    }

    /// The same account or room at this resource or nick.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn with_resource(&self, resource: &str) -> Result<Self, AddressError> {
        if resource.is_empty() {
            return Err(AddressError::EmptyPart);
        }
        checked(Self {
            resource: Some(resource.to_owned()),
            ..self.clone()
        })
    }

    /// Account, room or workgroup name, in lower case.
    #[must_use]
    pub fn local(&self) -> Option<&str> {
        self.local.as_deref()
    }

    /// Domain, in lower case, without a final dot.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// Client's session, or nick in a room.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        self.resource.as_deref()
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self {
            resource: None,
            ..self.clone()
        }
    }

    /// All of it as text.
    #[must_use]
    pub fn full(&self) -> String {
        self.to_string()
    }

    /// Whether there is no resource.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.resource.is_none()
    }

    /// Whether both are the same but for the resource.
    #[must_use]
    pub fn same_bare(&self, other: &Self) -> bool {
        self.local == other.local && self.domain == other.domain
    }
}

fn checked(address: Address) -> Result<Address, AddressError> {
    let parts = [&address.local, &address.resource];
    let length: usize = parts.into_iter().flatten().map(|part| part.len() + 1).sum();
    if address.domain.len() + length > MAX_ADDRESS {
        return Err(AddressError::TooLong);
    }
    Ok(address)
}

impl FromStr for Address {
    type Err = AddressError;

    /// Splits at the first `/`, then at the first `@` before it (RFC 7622 §3.1).
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let address = match bare.split_once('@') {
            Some((local, domain)) => Self::new(local, domain)?,
            None => Self::of_domain(bare)?,
        };
        match resource {
            Some(resource) => address.with_resource(resource),
            None => Ok(address),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(local) = &self.local {
            write!(f, "{local}@")?;
        }
        f.write_str(&self.domain)?;
        if let Some(resource) = &self.resource {
            write!(f, "/{resource}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Address, AddressError> {
        text.parse()
    }

    #[test]
    fn parts_are_split_as_the_rfc_says() {
        let address = read("Ann@Example.ORG./Desk@home/2").unwrap();
        assert_eq!(address.local(), Some("ann"));
        assert_eq!(address.domain(), "example.org");
        assert_eq!(address.resource(), Some("Desk@home/2"));
        assert_eq!(address.bare().full(), "ann@example.org");
        assert!(address.same_bare(&read("ann@example.org").unwrap()));
        assert!(!address.is_bare() && address.bare().is_bare());
    }

    #[test]
    fn emoji_are_fine_everywhere() {
        for text in ["😀@comp.example", "a@comp.example/😀", "😀.example"] {
            assert_eq!(read(text).unwrap().full(), text);
        }
    }

    #[test]
    fn a_wrong_shape_is_told() {
        assert_eq!(read(""), Err(AddressError::NoDomain));
        assert_eq!(read("a@"), Err(AddressError::NoDomain));
        assert_eq!(read("/x"), Err(AddressError::NoDomain));
        assert_eq!(read("@b"), Err(AddressError::EmptyPart));
        assert_eq!(read("a@b/"), Err(AddressError::EmptyPart));
        let long = "a".repeat(MAX_ADDRESS);
        assert!(read(&long).is_ok());
        assert_eq!(read(&format!("{long}b")), Err(AddressError::TooLong));
    }

    proptest! {
        #[test]
        fn reading_what_was_written_changes_nothing(text in any::<String>()) {
            if let Ok(address) = read(&text) {
                prop_assert_eq!(read(&address.full()), Ok(address));
            }
        }
    }
}
