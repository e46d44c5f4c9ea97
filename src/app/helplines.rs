//! Settings of the channels behind which helplines are, in the terms of these channels.

use std::sync::Arc;

use crate::channels::api::Api;
use crate::channels::external::{self, ExternalSettings};
use crate::channels::openchs::{self, Account, OpenchsSettings, Reveal, Source, Telling};
use crate::config::{self, ChannelKind, ChatSource, OnRequestTimeout, Private, Settings};
use crate::ids::{ChannelId, WorkgroupName};

fn api(api: &config::RestApi) -> Api {
    Api {
        url: api.url.to_string(),
        token: api.token.clone(),
    }
}

fn text(text: Option<&String>) -> String {
    text.cloned().unwrap_or_default()
}

/// All OpenCHS gateways.
pub(super) fn all_openchs(settings: &Settings) -> Vec<Arc<OpenchsSettings>> {
    let channels = settings.channels.iter();
    let gateway = |channel: &config::Channel| match &channel.kind {
        ChannelKind::Openchs(kind) => Some(Arc::new(openchs(channel, kind))),
        _ => None,
    };
    channels.filter_map(gateway).collect()
}

/// All External channels of RapidPro.
pub(super) fn all_external(settings: &Settings) -> Vec<Arc<ExternalSettings>> {
    let channels = settings.channels.iter();
    let external = |channel: &config::Channel| match &channel.kind {
        ChannelKind::External(kind) => Some(Arc::new(external(channel, kind))),
        _ => None,
    };
    channels.filter_map(external).collect()
}

/// An OpenCHS gateway.
fn openchs(channel: &config::Channel, kind: &config::Openchs) -> OpenchsSettings {
    let flow = |flow: Option<uuid::Uuid>| flow.map(|flow| flow.to_string());
    OpenchsSettings {
        id: ChannelId::new(channel.id.clone()),
        workgroup: WorkgroupName::new(channel.workgroup.clone()),
        accounts: kind.accounts.iter().map(account).collect(),
        token_lifetime: kind.token_ttl,
        reopen: kind.after_close == config::AfterClose::Hunt,
        wait_ends: channel.on_request_timeout == OnRequestTimeout::Close,
        reveal: kind.reveal.iter().map(reveal).collect(),
        telling: Telling {
            api: api(&kind.api),
            scheme: kind.api.contact_scheme.clone(),
            text_limit: usize::try_from(kind.text_limit).unwrap_or(usize::MAX),
            name_counselor: kind.name_counselor,
            reply_flow: flow(kind.reply_flow),
            receipt_flow: flow(kind.receipt_flow),
            no_agent_flow: flow(kind.no_agent_flow),
            closed_flow: flow(kind.closed_flow),
            on_close_flow: flow(kind.on_close_flow),
            texts: openchs::Texts {
                agent_joined: text(channel.texts.agent_joined.as_ref()),
                agent_lost: text(channel.texts.agent_away.as_ref()),
                nobody_came: text(channel.texts.no_agent.as_ref()),
            },
        },
    }
}

fn account(caller: &config::Caller) -> Account {
    let source = |source: &ChatSource| match source {
        ChatSource::Weni => Source::Weni,
        ChatSource::Inbox => Source::Inbox,
        ChatSource::Outbox => Source::Outbox,
        ChatSource::Helpline => Source::Helpline,
    };
    Account {
        username: caller.username.clone(),
        password: caller.password.clone(),
        sources: caller.sources.iter().map(source).collect(),
    }
}

fn reveal(what: &Private) -> Reveal {
    match what {
        Private::Sender => Reveal::Sender,
        Private::Email => Reveal::Email,
        Private::Phone => Reveal::Phone,
    }
}

/// An External channel of RapidPro.
fn external(channel: &config::Channel, kind: &config::External) -> ExternalSettings {
    let on_close = kind.on_close.as_ref().map(|(rest, flow)| {
        let scheme = rest.contact_scheme.clone();
        (api(rest), flow.to_string(), scheme)
    });
    ExternalSettings {
        id: ChannelId::new(channel.id.clone()),
        workgroup: WorkgroupName::new(channel.workgroup.clone()),
        secret: kind.secret.clone(),
        courier_url: kind.courier_url.to_string(),
        wait_ends: channel.on_request_timeout == OnRequestTimeout::Close,
        end_text: kind.end_text.clone(),
        on_close,
        texts: external::Texts {
            agent_joined: text(channel.texts.agent_joined.as_ref()),
            agent_lost: text(channel.texts.agent_away.as_ref()),
            nobody_came: text(channel.texts.no_agent.as_ref()),
            closed: text(kind.closed_text.as_ref()),
        },
    }
}
