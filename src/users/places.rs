//! From the short names that people write in URLs to addresses.

use super::UploadService;

/// Where things are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Our own domain: bridge users, workgroups.
    pub domain: String,
    /// The XMPP server's domain: its users.
    pub server: String,
    /// The chat-room service.
    pub muc: String,
    /// The service that takes files.
    pub upload: UploadService,
}

impl Places {
    /// The address of the room `name` of a chat-room service: the configured one where `service` is
    /// missing or names it, a domain where it has a dot, else a subdomain of the server's. A name
    /// that is an address already stays as it is.
    pub fn room(&self, name: &str, service: Option<&str>) -> String {
        if name.contains('@') {
            return name.to_lowercase();
        }
        let domain = self.room_service(service);
        format!("{}@{domain}", name.to_lowercase())
    }

    /// The domain of a chat-room service, see [`Places::room`].
    pub fn room_service(&self, service: Option<&str>) -> String {
        let first = self.muc.split('.').next();
        match service {
            None | Some("" | "conference") => self.muc.clone(),
            Some(name) if name.contains('.') => name.to_lowercase(),
            Some(name) if first == Some(name) => self.muc.clone(),
            Some(name) => format!("{}.{}", name.to_lowercase(), self.server),
        }
    }

    /// The address of a workgroup: one of ours where the name has no domain.
    pub fn workgroup(&self, name: &str) -> String {
        if name.contains('@') {
            name.to_lowercase()
        } else {
            format!("{}@{}", name.to_lowercase(), self.domain)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_become_addresses() {
        let places = Places {
            domain: "workgroup.acme.example".into(),
            server: "acme.example".into(),
            muc: "rooms.acme.example".into(),
            upload: UploadService::Found,
        };
        let room = |service| places.room("Desk", service);
        assert_eq!(room(None), "desk@rooms.acme.example");
        assert_eq!(room(Some("conference")), "desk@rooms.acme.example");
        assert_eq!(room(Some("rooms")), "desk@rooms.acme.example");
        assert_eq!(room(Some("chat")), "desk@chat.acme.example");
        assert_eq!(room(Some("chat.other.example")), "desk@chat.other.example");
        assert_eq!(places.room("a@b.example", None), "a@b.example");
        assert_eq!(places.workgroup("Help"), "help@workgroup.acme.example");
        assert_eq!(places.workgroup("help@wg.x"), "help@wg.x");
    }
}
