//! The routes of all surfaces but the chat API's own, for the OpenAPI document: those that are served
//! with this configuration.

use crate::channels::table::Told;
use crate::channels::{external, media, openchs, rapidpro, weni, yalo};
use crate::config::{ChannelKind, Settings};

use super::health;

/// All of them, as `web::serve` adds them.
pub(super) fn all(settings: &Settings) -> Vec<Told> {
    let has = |fits: fn(&ChannelKind) -> bool| settings.channels.iter().any(|c| fits(&c.kind));
    let mut told = health::told();
    if settings.http.public_url.is_some() {
        told.extend(media::told());
    }
    told.extend(rapidpro::told());
    told.extend(external::told());
    if has(|kind| matches!(kind, ChannelKind::Openchs(_))) {
        told.extend(openchs::told());
    }
    if has(|kind| matches!(kind, ChannelKind::Yalo(_))) {
        told.extend(yalo::told());
    }
    if has(|kind| matches!(kind, ChannelKind::Weni(_))) {
        told.extend(weni::told());
    }
    told
}
