//! XMPP addresses as strangers write them: taken apart, never refused for an odd character.

use std::fmt;

/// A JID (RFC 7622), taken apart but not prepared: what a server let pass is good enough to be
/// answered. Local part and domain are folded to lower case, the resource is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The part before the `@`, if any.
    pub local: Option<String>,
    /// The domain.
    pub domain: String,
    /// The part after the `/`, if any.
    pub resource: Option<String>,
}

impl Address {
    /// Takes an address apart; `None` where there is no domain.
    pub fn parse(text: &str) -> Option<Self> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (local, domain) = match bare.split_once('@') {
            Some((local, domain)) => (Some(local), domain),
            None => (None, bare),
        };
        if domain.is_empty() || local == Some("") {
            return None;
        }
        Some(Self {
            local: local.map(str::to_lowercase),
            domain: domain.to_lowercase(),
            resource: resource.filter(|r| !r.is_empty()).map(str::to_owned),
        })
    }

    /// The address without its resource, as text.
    pub fn bare(&self) -> String {
        match &self.local {
            Some(local) => format!("{local}@{}", self.domain),
            None => self.domain.clone(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bare())?;
        match &self.resource {
            Some(resource) => write!(f, "/{resource}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_addresses_apart() {
        let full = Address::parse("Ana@Acme.Example/Desk/2 😀").unwrap();
        assert_eq!(full.local.as_deref(), Some("ana"));
        assert_eq!(full.resource.as_deref(), Some("Desk/2 😀"));
        assert_eq!(full.to_string(), "ana@acme.example/Desk/2 😀");
        assert_eq!(
            Address::parse("acme.example").unwrap().bare(),
            "acme.example"
        );
        assert_eq!(Address::parse(""), None);
        assert_eq!(Address::parse("@x"), None);
        assert_eq!(Address::parse("a@/r"), None);
    }
}
