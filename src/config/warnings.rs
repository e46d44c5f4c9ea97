//! What works, but should be known to the operator.

use super::problem::{Caution, Warning};
use super::{ChannelKind, HostPort, Settings};
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
    xmpp(settings, &mut tell);
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

fn workgroups(settings: &Settings, tell: &mut impl FnMut(String, Caution)) {
    for (index, workgroup) in settings.workgroups.iter().enumerate() {
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
        let key = format!("channel[{index}].secret");
        match &channel.kind {
            ChannelKind::Rapidpro(rapidpro) => {
                let length = rapidpro.secret.expose().chars().count();
                if length != RAPIDPRO_SECRET {
                    tell(key, Caution::UnusualSecretLength(length));
                }
            }
            ChannelKind::ChatApi(api) => {
                let secret = api.secret.as_ref();
                let length = secret.map(|secret| secret.expose().chars().count());
                if let Some(short) = length.filter(|length| *length < MASTER_SECRET) {
                    tell(key, Caution::ShortSecret(short));
                }
            }
        }
    }
}

fn is_here(address: &HostPort) -> bool {
    address.host == "localhost"
        || address
            .host
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}
