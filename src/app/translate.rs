//! Settings in the terms of each room.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{faces, routing};
use crate::channels::Texts;
use crate::channels::rapidpro::{self, RapidProSettings};
use crate::config::{self, Settings};
use crate::ids::{AgentJid, ChannelId, WorkgroupName};
use crate::media::Limits;
use crate::outbox::{AllowedHost, FetchSettings};
use crate::store::{Host, Place, RedisPlace, Servers, Tls};
use crate::users::{Approval, Places, UploadService};
use crate::workgroup::{Elsewhere, Labels, Policy, WorkgroupPolicy};
use crate::xmpp::agents::{AgentsSettings, Face, Served};
use crate::xmpp::c2s::{DoorSettings, Protection};
use crate::xmpp::link;
use crate::xmpp::users::UsersSettings;

/// How long a conversation is remembered after its end: for late messages, repeated tickets and
/// `warmline conversations show`.
const KEEP: Duration = Duration::from_secs(30 * 24 * 3600);
/// What may be owed for users to a store that fails, in bytes.
const MOST_OWED: usize = 32 * 1024 * 1024;
/// How long a platform's message id is remembered at least.
const REMEMBER_IDS: Duration = Duration::from_secs(24 * 3600);

/// The rules of the pure rooms.
pub(super) fn policy(settings: &Settings) -> Policy {
    Policy {
        workgroups: settings.workgroups.iter().flat_map(lines).collect(),
        keep: KEEP,
        remember_ids: settings.context.ttl.max(REMEMBER_IDS),
        context: settings.context.ttl,
        zone: settings.context.time_zone.clone(),
        labels: Labels {
            visitor: settings.context.visitor_label.clone(),
            bot: settings.context.bot_label.clone(),
        },
    }
}

/// A workgroup's own line, and those of its queues.
fn lines(one: &config::Workgroup) -> Vec<(WorkgroupName, WorkgroupPolicy)> {
    let own = workgroup(one);
    let mut lines = routing::queues(one, &own);
    lines.push((WorkgroupName::new(one.name.clone()), own));
    lines
}

fn workgroup(one: &config::Workgroup) -> WorkgroupPolicy {
    let agents = one.agents.iter().filter_map(|agent| {
        let jid = AgentJid::parse(agent.jid.as_str())?;
        Some((jid, agent.pseudonym.clone()))
    });
    let supervisors = one.supervisors.iter();
    WorkgroupPolicy {
        title: one.title.clone(),
        agents: agents.collect(),
        supervisors: supervisors
            .filter_map(|jid| AgentJid::parse(jid.as_str()))
            .collect(),
        max_chats: one.max_chats,
        offer_timeout: one.offer_timeout,
        request_timeout: Some(one.request_timeout),
        rejection_pause: one.rejection_pause,
        join_timeout: one.join_timeout,
        agent_return: one.agent_return,
        idle_close: one.idle_close,
        routing: routing::routing(one),
        elsewhere: one.elsewhere.as_ref().map(|elsewhere| Elsewhere {
            address: elsewhere.address.as_str().to_lowercase(),
            leaving_ends: elsewhere.when_agent_leaves == config::WhenAgentLeaves::Close,
        }),
    }
}

/// The workgroups that there are.
pub(super) fn names(settings: &Settings) -> BTreeSet<WorkgroupName> {
    let all = settings.workgroups.iter();
    all.map(|one| WorkgroupName::new(one.name.clone()))
        .collect()
}

/// What the agents' side of the seat goes by.
pub(super) fn agents(settings: &Settings) -> AgentsSettings {
    let workgroups = settings.workgroups.iter().map(|one| {
        let agents = one.agents.iter();
        let served = Served {
            title: one.title.clone(),
            agents: agents
                .filter_map(|agent| AgentJid::parse(agent.jid.as_str()))
                .collect(),
            supervisors: one
                .supervisors
                .iter()
                .filter_map(|jid| AgentJid::parse(jid.as_str()))
                .collect(),
            queues: one
                .routing
                .queues
                .iter()
                .map(|queue| queue.name.clone())
                .collect(),
            added: one.added,
            face: Face {
                // Whoever wants in there can join there.
                visitors: one.face.xmpp_visitors && one.elsewhere.is_none(),
                ..faces::face(one)
            },
        };
        (WorkgroupName::new(one.name.clone()), served)
    });
    AgentsSettings {
        accept_words: settings.offers.accept_words.clone(),
        reject_words: settings.offers.reject_words.clone(),
        muc: settings.xmpp.muc.as_str().to_lowercase(),
        admins: accounts(&settings.fastpath.admins),
        speaks_for_agents: settings.fastpath.speaks_for_agents,
        elsewhere: elsewhere(settings),
        ..AgentsSettings::new(settings.xmpp.domain.as_str(), workgroups.collect())
    }
}

fn accounts(jids: &[jid::BareJid]) -> BTreeSet<AgentJid> {
    let parsed = jids.iter().map(|jid| AgentJid::parse(jid.as_str()));
    parsed.flatten().collect()
}

/// The workgroups of other services, by our names of them.
fn elsewhere(settings: &Settings) -> BTreeMap<WorkgroupName, String> {
    let all = settings.workgroups.iter();
    let theirs = all.filter_map(|one| {
        let address = one.elsewhere.as_ref()?.address.as_str().to_lowercase();
        Some((WorkgroupName::new(one.name.clone()), address))
    });
    theirs.collect()
}

/// Where the store of this URL is; what the URL does not say stands beside it in `[store]`.
pub(super) fn place(store: &config::Store, url: &config::StoreUrl) -> Place {
    let redis = match url {
        config::StoreUrl::Embedded(dir) => return Place::Embedded(dir.clone()),
        config::StoreUrl::Redis(redis) => redis,
    };
    let hosts = redis.hosts.iter().map(|at| Host(at.host.clone(), at.port));
    let hosts: Vec<Host> = hosts.collect();
    let servers = match &redis.kind {
        config::RedisKind::Cluster => Servers::Cluster(hosts),
        config::RedisKind::Sentinel { master } => Servers::Sentinel {
            sentinels: hosts,
            master: master.clone(),
        },
        config::RedisKind::One => match hosts.into_iter().next() {
            Some(host) => Servers::One(host),
            None => Servers::Cluster(Vec::new()),
        },
    };
    let exposed = |secret: &Option<config::Secret>| {
        let secret = secret.as_ref();
        secret.map(|secret| secret.expose().to_owned())
    };
    Place::Redis(RedisPlace {
        servers,
        tls: redis.tls.then(|| Tls {
            ca_file: store.ca_file.clone(),
        }),
        user: redis.user.clone(),
        password: exposed(&redis.password).or_else(|| exposed(&store.password)),
        sentinel_password: exposed(&store.sentinel_password),
        database: i64::from(redis.database),
        partition: store.partition.clone(),
        standby: store.standby,
    })
}

/// How the link is made.
pub(super) fn link(settings: &Settings) -> link::LinkSettings {
    let xmpp = &settings.xmpp;
    let secret = link::Secret::new(xmpp.secret.expose());
    let address = xmpp.address.to_string();
    let mut link = link::LinkSettings::new(address, xmpp.domain.to_string(), secret);
    link.keepalive = xmpp.keepalive;
    link.connect_timeout = xmpp.connect_timeout;
    link.backoff.min = xmpp.reconnect_min;
    link.backoff.max = xmpp.reconnect_max;
    if xmpp.tls {
        link.tls = Some(link::TlsSettings {
            ca_file: xmpp.ca_file.clone(),
            server_name: xmpp.server_name.clone(),
        });
    }
    link
}

/// How media is fetched.
pub(super) fn fetching(settings: &Settings) -> FetchSettings {
    let media = &settings.media;
    let hosts = media.allow_hosts.iter().map(|allowed| AllowedHost {
        host: allowed.host.clone(),
        port: allowed.port,
    });
    FetchSettings {
        allow_private_networks: settings.outbound.allow_private_networks,
        allow_hosts: hosts.collect(),
        connect_timeout: media.connect_timeout,
        silence: media.first_byte_timeout,
    }
}

/// What media may cost.
pub(super) fn media(settings: &Settings) -> Limits {
    Limits {
        max_size: settings.media.max_size,
        max_fetches: settings.media.max_fetches,
        first_byte: settings.media.first_byte_timeout,
        whole: settings.media.timeout,
    }
}

/// A RapidPro channel.
pub(super) fn rapidpro(channel: &config::Channel, kind: &config::Rapidpro) -> RapidProSettings {
    let departments = kind.departments.iter();
    RapidProSettings {
        id: ChannelId::new(channel.id.clone()),
        app_id: kind.app_id.to_string(),
        secret: kind.secret.clone(),
        workgroup: WorkgroupName::new(channel.workgroup.clone()),
        departments: departments
            .map(|(name, workgroup)| (name.clone(), WorkgroupName::new(workgroup.clone())))
            .collect(),
        unknown_department: match kind.unknown_department {
            config::UnknownDepartment::Refuse => rapidpro::UnknownDepartment::Refuse,
            config::UnknownDepartment::Default => rapidpro::UnknownDepartment::Default,
        },
        refuse_without_agents: channel.when_no_agents == config::WhenNoAgents::Refuse,
        wait_ends: channel.on_request_timeout == config::OnRequestTimeout::Close,
        reveal: kind.reveal.iter().map(reveal).collect(),
        callback_url: kind.callback_url.as_ref().map(ToString::to_string),
        api_token: kind.api_token.clone(),
        history: Duration::from_secs(u64::from(kind.history_hours) * 3600),
        require_contact_uuid: kind.require_contact_uuid,
        close_reason: false,
        on_close_flow: kind.on_close_flow.map(|flow| flow.to_string()),
        texts: Texts::from(&channel.texts),
    }
}

fn reveal(what: &config::Reveal) -> rapidpro::Reveal {
    match what {
        config::Reveal::Name => rapidpro::Reveal::Name,
        config::Reveal::Email => rapidpro::Reveal::Email,
        config::Reveal::Phone => rapidpro::Reveal::Phone,
    }
}

/// The sections that differ and cannot change without a restart.
pub(super) fn fixed_differences(before: &Settings, after: &Settings) -> Vec<&'static str> {
    let mut sections = Vec::new();
    let mut compare = |name, same: bool| {
        if !same {
            sections.push(name);
        }
    };
    compare("http", before.http == after.http);
    compare("xmpp", before.xmpp == after.xmpp);
    compare("store", before.store == after.store);
    compare("outbound", before.outbound == after.outbound);
    compare("users", before.users == after.users);
    compare("media", before.media == after.media);
    compare("log", before.log == after.log);
    compare("channel", before.channels == after.channels);
    sections
}

/// Where things are.
pub(super) fn places(settings: &Settings) -> Places {
    Places {
        domain: settings.xmpp.domain.to_string().to_lowercase(),
        server: settings
            .users
            .server_domain(&settings.xmpp.muc)
            .to_lowercase(),
        muc: settings.xmpp.muc.to_string().to_lowercase(),
        upload: match &settings.users.upload {
            config::UploadService::Found => UploadService::Found,
            config::UploadService::At(jid) => UploadService::At(jid.as_str().to_lowercase()),
            config::UploadService::Off => UploadService::Off,
        },
    }
}

/// What the desk of our own domain's users has to know.
pub(super) fn users(settings: &Settings) -> UsersSettings {
    UsersSettings {
        places: places(settings),
        keep: settings.users.keep,
        approval: approval(settings),
        max_sessions: settings.users.max_sessions as usize,
        most_owed: MOST_OWED,
    }
}

/// What happens when somebody asks to see a user.
pub(super) fn approval(settings: &Settings) -> Approval {
    match settings.users.subscriptions {
        config::Subscriptions::Accept => Approval::Always,
        config::Subscriptions::Ask => Approval::Asked,
    }
}

/// Where users of the XMPP server are let in, if they are.
pub(super) fn door(settings: &Settings) -> Option<DoorSettings> {
    let users = &settings.users;
    let address = users.address.as_ref()?;
    Some(DoorSettings {
        address: address.to_string(),
        domain: places(settings).server,
        protection: match users.tls {
            config::ClientTls::StartTls => Protection::StartTls,
            config::ClientTls::Direct => Protection::Direct,
            config::ClientTls::None => Protection::Plain,
        },
        ca_file: users.ca_file.clone(),
        timeout: users.login_timeout,
    })
}
