//! The keys of a channel of kind `rapidpro` (reference: rapidpro §1, §2).

use super::channel::known_workgroup;
use super::problem::What;
use super::reader::Reader;
use super::secret::Secret;
use super::value::{Positive, choice};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};
use uuid::Uuid;

/// RapidPro's or Weni's Rocket.Chat ticketer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rapidpro {
    /// The id in the URL `/api/apps/public/{app id}/`, typed into RapidPro's connect form.
    pub app_id: Uuid,
    /// The ticket secret that RapidPro's connect page shows; goes both ways as `Token …`.
    pub secret: Secret,
    /// Department as the bot names it → name of a configured workgroup.
    pub departments: BTreeMap<String, String>,
    /// What happens to a ticket for a department that is not listed.
    pub unknown_department: UnknownDepartment,
    /// What of the visitor the agent may see.
    pub reveal: BTreeSet<Reveal>,
    /// Token of RapidPro's REST API; `None` imports no history.
    pub api_token: Option<Secret>,
    /// Hours of history to import when RapidPro names no start of session.
    pub history_hours: u32,
    /// Where callbacks go; `None` waits for RapidPro's `PUT /settings`, which in any case wins.
    pub callback_url: Option<Url>,
    /// Refuse a ticket without the contact's UUID.
    pub require_contact_uuid: bool,
    /// The flow that runs after every talk; takes the API token.
    pub on_close_flow: Option<Uuid>,
}

choice! {
    /// What happens to a ticket for a department that is not listed.
    UnknownDepartment {
        /// 404, so that the bot's flow takes its failure branch.
        Refuse = "refuse",
        /// It goes to the channel's workgroup.
        Default = "default",
    }
}

choice! {
    /// A personal detail of the visitor.
    Reveal {
        /// The contact's name.
        Name = "name",
        /// The e-mail address.
        Email = "email",
        /// The telephone number.
        Phone = "phone",
    }
}

impl Rapidpro {
    pub(super) fn read(r: &mut Reader, allow_private: bool) -> Option<Self> {
        let app_id = r.need::<Uuid>("app_id");
        if let Some(app_id) = app_id {
            r.unique("app id", "app_id", &app_id.to_string());
        }
        let secret = r.need_secret("secret", "secret_file");
        let departments = r.texts("departments");
        for (department, workgroup) in &departments {
            known_workgroup(r, &format!("departments.{department:?}"), workgroup);
        }
        let callback_url = r.maybe::<Url>("callback_url");
        if !allow_private && callback_url.as_ref().is_some_and(is_private) {
            r.complain("callback_url", What::PrivateAddress);
        }
        Some(Self {
            departments,
            unknown_department: r.or("unknown_department", UnknownDepartment::Refuse),
            reveal: r.list("reveal").unwrap_or_default().into_iter().collect(),
            api_token: r.maybe_secret("api_token", "api_token_file"),
            history_hours: r.or("history_hours", Positive(24)).0,
            callback_url,
            require_contact_uuid: r.or("require_contact_uuid", true),
            on_close_flow: r.maybe("on_close_flow"),
            app_id: app_id?,
            secret: secret?,
        })
    }
}

/// Whether a URL names, by itself, an address that the SSRF guard refuses. Names other than
/// `localhost` are judged when they are resolved, not here.
pub(super) fn is_private(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => private_v4(address),
        Some(Host::Ipv6(address)) => match IpAddr::from(address).to_canonical() {
            IpAddr::V4(address) => private_v4(address),
            IpAddr::V6(address) => private_v6(address),
        },
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn private_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_unspecified()
}

fn private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_unspecified()
}
