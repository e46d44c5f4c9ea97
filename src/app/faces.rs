//! What workgroups show to visitors' clients, from the configuration.

use crate::config;
use crate::xmpp::agents::{Face, Field, Offline, Setting};

/// Kinds of settings on the wire (fastpath-protocol §6.2).
const IMAGE: u8 = 0;
const TEXT: u8 = 1;

pub(super) fn face(one: &config::Workgroup) -> Face {
    let face = &one.face;
    let form = face.form.as_ref();
    let list = |all: &std::collections::BTreeMap<String, String>, kind: u8| {
        let setting = move |(key, value): (&String, &String)| Setting {
            key: key.clone(),
            value: value.clone(),
            kind,
        };
        all.iter().map(setting).collect::<Vec<_>>()
    };
    Face {
        visitors: face.xmpp_visitors,
        form: form.map_or_else(Face::usual_form, |form| form.iter().map(field).collect()),
        settings: [list(&face.texts, TEXT), list(&face.images, IMAGE)].concat(),
        offline: offline(face).or_else(|| closed_text(one)),
        sounds: face.outgoing_sound.clone().zip(face.incoming_sound.clone()),
        auth_required: face.auth_required,
        macros: face.macros.clone().into_iter().collect(),
    }
}

fn field(field: &config::FormField) -> Field {
    Field {
        name: field.name.clone(),
        label: field.label.clone(),
        kind: field.kind.as_str().to_owned(),
        required: field.required,
        options: field.options.clone(),
    }
}

fn closed_text(one: &config::Workgroup) -> Option<Offline> {
    let text = one.routing.hours.as_ref()?.closed_text.clone()?;
    Some(Offline::Mail {
        address: String::new(),
        subject: String::new(),
        text,
    })
}

fn offline(face: &config::Face) -> Option<Offline> {
    if let Some(url) = &face.offline_page {
        return Some(Offline::Page(url.clone()));
    }
    if let Some(room) = &face.offline_room {
        return Some(Offline::Room(room.clone()));
    }
    let mail = Offline::Mail {
        address: face.offline_mail.clone().unwrap_or_default(),
        subject: face.offline_subject.clone(),
        text: face.offline_text.clone(),
    };
    let any = face.offline_mail.is_some() || !face.offline_text.is_empty();
    any.then_some(mail)
}
