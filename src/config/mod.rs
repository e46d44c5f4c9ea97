//! Typed settings: defaults compiled in, the file over them, the environment over both, and
//! every problem told in one go.

mod channel;
mod chat_api;
mod face;
mod fastpath;
mod hint;
mod layers;
mod media;
mod on_close;
mod openchs;
mod password;
mod problem;
mod proxies;
mod rapidpro;
mod reader;
mod routing;
mod secret;
mod sections;
mod store;
mod users;
mod value;
mod warnings;
mod weni;
mod workgroup;
mod yalo;

#[cfg(test)]
mod tests;

pub use channel::{Channel, ChannelKind, OnRequestTimeout, Texts, WhenNoAgents};
pub use chat_api::{Account as ChatAccount, ChatApi, RevealToAgent};
pub use face::{Face, FieldKind, FormField};
pub use fastpath::Fastpath;
pub use media::{MediaHost, MediaLinking};
pub use on_close::OnClose;
pub use openchs::{AfterClose, Caller, ChatSource, External, Openchs, Private, RestApi};
pub use password::{NoHash, PasswordHash};
pub use problem::{Caution, Detour, Problem, Warning, What};
pub use proxies::{caller, lies_in};
pub use rapidpro::{Rapidpro, Reveal, UnknownDepartment};
pub use routing::{Hours, Line, Queue, Routing, Rule, Test};
pub use secret::Secret;
pub use sections::{Context, HostPort, Http, Log, LogFormat, Offers, Outbound, Xmpp};
pub use store::{RedisKind, RedisUrl, Store, StoreUrl};
pub use users::{ClientTls, Subscriptions, UploadService, Users};
pub use weni::{Signed, Unsure, Weni};
pub use workgroup::{Agent, Elsewhere, WhenAgentLeaves, Workgroup};
pub use yalo::{Account, Bot, Flow, Provider, Role, Signature, StateApi, Yalo};

use layers::Layers;
use reader::{Book, Reader};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use toml::{Table, Value};

/// The commented default file, as `warmline config` prints it.
pub const DEFAULT_FILE: &str = include_str!("../../config/default.toml");

/// Everything an operator can set, checked as a whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `[http]`
    pub http: Http,
    /// `[xmpp]`
    pub xmpp: Xmpp,
    /// `[store]`
    pub store: Store,
    /// `[outbound]`
    pub outbound: Outbound,
    /// `[media]`
    pub media: MediaLinking,
    /// `[context]`
    pub context: Context,
    /// `[offers]`
    pub offers: Offers,
    /// `[users]`
    pub users: Users,
    /// `[fastpath]`
    pub fastpath: Fastpath,
    /// `[log]`
    pub log: Log,
    /// `[[workgroup]]`, in the order of the file; no name twice.
    pub workgroups: Vec<Workgroup>,
    /// `[[channel]]`, in the order of the file; no id and no app id twice.
    pub channels: Vec<Channel>,
}

/// Reads the file, if any, lays the environment (`WARMLINE__SECTION__KEY`) over it and checks
/// all of it. Relative paths count from the working directory.
///
/// # Errors
/// Every problem found, in the order of the keys' reading.
pub fn load(
    path: Option<&Path>,
    environment: impl Iterator<Item = (OsString, OsString)>,
) -> Result<Settings, Vec<Problem>> {
    let layers = match path {
        Some(path) => Layers::default().with_file(path),
        None => Layers::default(),
    };
    settle(layers.with_environment(environment)).0
}

/// Settings from the text of a file alone, for tests and embedding.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str) -> Result<Settings, Vec<Problem>> {
    settle(Layers::default().with_text("the configuration", text)).0
}

fn settle(layers: Layers) -> (Result<Settings, Vec<Problem>>, Book) {
    let Layers {
        table,
        variables,
        problems,
    } = layers;
    let half_read =
        |problem: &Problem| matches!(problem.what, What::Unreadable { .. } | What::Syntax { .. });
    let half_read = problems.iter().any(half_read);
    let workgroups = workgroup_names(&table);
    let mut book = Book {
        problems,
        variables,
        workgroups,
        closed_texts: closed_texts(&table),
        ..Book::default()
    };
    let settings = Reader::read_all(table, &mut book, Settings::read);
    if half_read {
        // What is missing may stand in the part that could not be read.
        book.problems
            .retain(|problem| problem.what != What::Missing);
    }
    match settings {
        Some(settings) if book.problems.is_empty() => (Ok(settings), book),
        _ => (Err(book.problems.clone()), book),
    }
}

fn workgroup_names(table: &Table) -> Vec<String> {
    let entries = table.get("workgroup").and_then(Value::as_array);
    let name = |entry: &Value| entry.get("name")?.as_str().map(str::to_owned);
    entries.into_iter().flatten().filter_map(name).collect()
}

fn closed_texts(table: &Table) -> BTreeMap<String, String> {
    let entries = table.get("workgroup").and_then(Value::as_array);
    let text = |entry: &Value| {
        let name = entry.get("name")?.as_str()?.to_owned();
        let text = entry.get("hours")?.get("closed_text")?.as_str()?;
        Some((name, text.to_owned()))
    };
    entries.into_iter().flatten().filter_map(text).collect()
}

impl Settings {
    fn read(r: &mut Reader) -> Option<Self> {
        let http = r.section("http", Http::read);
        let xmpp = r.section("xmpp", Xmpp::read);
        let store = r.section("store", Store::read);
        let outbound = r.section("outbound", Outbound::read);
        let media = r.section("media", MediaLinking::read);
        let context = r.section("context", Context::read);
        let offers = r.section("offers", Offers::read);
        let users = r.section("users", Users::read);
        let fastpath = r.section("fastpath", Fastpath::read);
        let log = r.section("log", Log::read);
        let workgroups = r.sections("workgroup", Workgroup::read);
        if let Some(xmpp) = &xmpp {
            judge_elsewhere(r, (xmpp, &workgroups));
        }
        let allow_private = outbound.allow_private_networks;
        let channels = r.sections("channel", |r| Channel::read(r, allow_private));
        Some(Self {
            http,
            xmpp: xmpp?,
            store,
            outbound,
            media,
            context,
            offers,
            users,
            fastpath,
            log,
            workgroups,
            channels,
        })
    }

    /// The workgroup of this name.
    pub fn workgroup(&self, name: &str) -> Option<&Workgroup> {
        self.workgroups
            .iter()
            .find(|workgroup| workgroup.name == name)
    }

    /// The channel of this id.
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// What works, but should be known to the operator.
    pub fn warnings(&self) -> Vec<Warning> {
        warnings::all(self)
    }
}

/// A workgroup of another service is not one of ours, and what waits in ours does not go on there by
/// itself.
fn judge_elsewhere(r: &mut Reader, (xmpp, workgroups): (&Xmpp, &[Workgroup])) {
    let theirs = |name: &str| {
        let mut named = workgroups.iter().filter(|one| one.name == name);
        named.any(|one| one.elsewhere.is_some())
    };
    for (index, one) in workgroups.iter().enumerate() {
        let address = one.elsewhere.as_ref().map(|elsewhere| &elsewhere.address);
        let own = |address: &&jid::BareJid| {
            let domain = address.domain().as_str();
            domain.eq_ignore_ascii_case(xmpp.domain.as_str())
        };
        if let Some(address) = address.filter(own) {
            let given = address.to_string();
            let key = format!("workgroup[{index}].address");
            r.complain(&key, What::OwnDomain { given });
        }
        let overflow = one.routing.overflow.as_ref();
        let to = overflow.map(|(_, to)| to.workgroup.clone());
        if let Some(given) = to.filter(|to| theirs(to)) {
            let key = format!("workgroup[{index}].overflow_to");
            r.complain(&key, What::ServedElsewhere { given });
        }
    }
}
