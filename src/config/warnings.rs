//! What works, but should be known to the operator.

use super::problem::{Caution, Warning};
use super::{ChannelKind, HostPort, Settings, Signature, StoreUrl, Yalo};
use std::net::IpAddr;
use std::time::Duration;

/// Openfire closes a silent component after about 360 s; leave room for one lost sign of life.
const LONG_KEEPALIVE: Duration = Duration::from_secs(180);

/// Length of the secrets that RapidPro generates (reference: rapidpro §1.2).
const RAPIDPRO_SECRET: usize = 32;

/// The fewest characters that a secret for all users should have.
const MASTER_SECRET: usize = 16;

pub(super) fn all(settings: &Settings) -> Vec<Warning> {
    let mut told = Vec::new();
    let mut tell = |key: String, what: Caution| told.push(Warning { key, what });
    if !settings.http.listen.ip().is_loopback() {
        tell("http.listen".into(), Caution::ListensBeyondLoopback);
    }
    if settings.outbound.allow_private_networks {
        tell(
            "outbound.allow_private_networks".into(),
            Caution::PrivateNetworksAllowed,
        );
    }
    let idle = settings.http.public_url.is_none();
    if idle && (settings.media.key.is_some() || !settings.media.allow_hosts.is_empty()) {
        tell("media".into(), Caution::NoEffectWithout("http.public_url"));
    }
    xmpp(settings, &mut tell);
    store(settings, &mut tell);
    if settings.workgroups.is_empty() {
        tell("workgroup".into(), Caution::NoneConfigured);
    }
    if settings.channels.is_empty() {
        tell("channel".into(), Caution::NoneConfigured);
    }
    workgroups(settings, &mut tell);
    channels(settings, &mut tell);
    told
}

fn xmpp(settings: &Settings, tell: &mut impl FnMut(String, Caution)) {
    let xmpp = &settings.xmpp;
    if !xmpp.tls && !is_here(&xmpp.address) {
        tell("xmpp.address".into(), Caution::PlainTextLink);
    }
    if xmpp.keepalive > LONG_KEEPALIVE {
        tell("xmpp.keepalive".into(), Caution::LongKeepalive);
    }
    if !xmpp.tls && xmpp.ca_file.is_some() {
        tell(
            "xmpp.ca_file".into(),
            Caution::NoEffectWithout("xmpp.tls = true"),
        );
    }
    if !xmpp.tls && xmpp.server_name.is_some() {
        tell(
            "xmpp.server_name".into(),
            Caution::NoEffectWithout("xmpp.tls = true"),
        );
    }
}

fn store(settings: &Settings, tell: &mut impl FnMut(String, Caution)) {
    let store = &settings.store;
    let (redis, tls) = match &store.url {
        StoreUrl::Embedded(_) => (false, false),
        StoreUrl::Redis(url) => (true, url.tls),
    };
    if store.ca_file.is_some() && !tls {
        let needed = "a rediss:// store.url";
        tell("store.ca_file".into(), Caution::NoEffectWithout(needed));
    }
    let secrets = store.password.is_some() || store.sentinel_password.is_some();
    for (key, set) in [("standby", store.standby), ("password", secrets)] {
        if set && !redis {
            let needed = "a redis:// store.url";
            tell(format!("store.{key}"), Caution::NoEffectWithout(needed));
        }
    }
    if let StoreUrl::Redis(url) = &store.url
        && !url.tls
        && !url.hosts.iter().all(is_here)
    {
        tell("store.url".into(), Caution::PlainTextStore);
    }
}

fn workgroups(settings: &Settings, tell: &mut impl FnMut(String, Caution)) {
    for (index, workgroup) in settings.workgroups.iter().enumerate() {
        if workgroup.elsewhere.is_some() {
            continue;
        }
        if workgroup.agents.is_empty() {
            tell(format!("workgroup[{index}].agents"), Caution::NobodyServes);
        }
        if workgroup.offer_timeout > workgroup.request_timeout {
            tell(
                format!("workgroup[{index}].offer_timeout"),
                Caution::OfferOutlastsRequest,
            );
        }
    }
}

fn channels(settings: &Settings, tell: &mut impl FnMut(String, Caution)) {
    for (index, channel) in settings.channels.iter().enumerate() {
        match &channel.kind {
            ChannelKind::Rapidpro(rapidpro) => {
                let length = rapidpro.secret.expose().chars().count();
                if length != RAPIDPRO_SECRET {
                    tell(
                        format!("channel[{index}].secret"),
                        Caution::UnusualSecretLength(length),
                    );
                }
                if rapidpro.on_close_flow.is_some() && rapidpro.api_token.is_none() {
                    tell(
                        format!("channel[{index}].on_close_flow"),
                        Caution::NoEffectWithout("api_token"),
                    );
                }
            }
            ChannelKind::Openchs(kind) => {
                if kind.closed_flow.is_none() && kind.on_close_flow.is_none() {
                    tell(
                        format!("channel[{index}].closed_flow"),
                        Caution::EndIsNotTold,
                    );
                }
            }
            ChannelKind::ChatApi(api) => {
                let secret = api.secret.as_ref();
                let length = secret.map(|secret| secret.expose().chars().count());
                if let Some(short) = length.filter(|length| *length < MASTER_SECRET) {
                    tell(
                        format!("channel[{index}].secret"),
                        Caution::ShortSecret(short),
                    );
                }
            }
            ChannelKind::External(_) => {}
            ChannelKind::Yalo(kind) => yalo(settings, (index, &channel.id, kind), tell),
            ChannelKind::Weni(_) => {
                if settings.http.public_url.is_none() {
                    tell(format!("channel[{index}].kind"), Caution::NoFiles);
                }
            }
        }
    }
}

fn yalo(
    settings: &Settings,
    (index, id, kind): (usize, &str, &Yalo),
    tell: &mut impl FnMut(String, Caution),
) {
    let mut tell = |key: &str, what| tell(format!("channel[{index}].{key}"), what);
    if kind.signature == Signature::Off {
        tell("signature", Caution::SignatureOff);
    }
    if settings.http.public_url.is_none() {
        tell("kind", Caution::NoMedia);
    }
    let all = settings.channels.iter();
    let alike = all.filter(|other| matches!(other.kind, ChannelKind::Yalo(_)));
    if alike.count() > 1 {
        tell("id", Caution::SharedRoutes(id.to_owned()));
    }
}

fn is_here(address: &HostPort) -> bool {
    address.host == "localhost"
        || address
            .host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}
