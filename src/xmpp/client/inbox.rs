//! Stanzas that come: first the stanza itself, then what it means.

use minidom::Element;

use crate::users::{ChatKind, Invitation, Said, UserEvent, Written};
use crate::xmpp::encode::encode;
use crate::xmpp::ns;
use crate::xmpp::stanza::{attr, body, child, child_text, error_of};

use super::{Client, chat, text};

impl Client {
    pub(super) fn take(&mut self, stanza: &Element) {
        if !stanza.has_ns(ns::CLIENT) {
            return;
        }
        match stanza.name() {
            "iq" => self.take_iq(stanza),
            "presence" => {
                self.show_stanza(stanza);
                self.take_presence(stanza);
            }
            "message" => self.take_message(stanza),
            _ => {}
        }
    }

    pub(super) fn show_stanza(&mut self, stanza: &Element) {
        if let Ok(xml) = encode(stanza) {
            self.event(UserEvent::Stanza(in_client_namespace(xml)));
        }
    }

    fn take_iq(&mut self, stanza: &Element) {
        if let Some(acts) = self.uploads.answer(self.now, stanza) {
            return self.out.extend(acts);
        }
        match attr(stanza, "type") {
            Some("result" | "error") if !self.iq_answer(stanza) => self.show_stanza(stanza),
            Some("get" | "set") => {
                self.show_stanza(stanza);
                self.take_request(stanza);
            }
            _ => {}
        }
    }

    fn take_message(&mut self, stanza: &Element) {
        if self.archive_line(stanza) {
            return;
        }
        self.show_stanza(stanza);
        // Only one's own server may say what one wrote elsewhere (XEP-0280 §11).
        let from = attr(stanza, "from").unwrap_or(&self.bare);
        match chat::carbon(stanza).filter(|_| from.eq_ignore_ascii_case(&self.bare)) {
            Some((inner, own)) => {
                let inner = inner.clone();
                self.mean(&inner, own);
            }
            None => self.mean(stanza, false),
        }
    }

    fn mean(&mut self, message: &Element, own: bool) {
        let kind = match attr(message, "type") {
            Some("groupchat") => return self.mean_in_room(message),
            Some("chat") => ChatKind::Chat,
            Some("headline") => ChatKind::Headline,
            Some("error") => ChatKind::Error,
            _ => ChatKind::Normal,
        };
        let written = self.written(message, own);
        if kind == ChatKind::Error {
            return self.event(UserEvent::Chat(kind, written));
        }
        if let Some(invitation) = self.invitation(message).filter(|_| !own) {
            self.event(UserEvent::Invited(invitation));
        } else if written.body.is_empty() && written.data.is_some() {
            self.event(UserEvent::Notify(written.clone()));
        }
        if !written.body.is_empty() {
            self.event(UserEvent::Chat(kind, written.clone()));
        }
        if let Some(state) = chat::state_of(message).filter(|_| !own) {
            let Written { from, to, .. } = written;
            self.event(UserEvent::ChatState {
                from,
                to,
                kind,
                state,
            });
        }
    }

    fn mean_in_room(&mut self, message: &Element) {
        let written = self.written(message, false);
        if let Some(state) = chat::state_of(message) {
            self.event(UserEvent::ChatState {
                from: written.from.clone(),
                to: written.to.clone(),
                kind: ChatKind::Groupchat,
                state,
            });
        }
        if written.body.is_empty() {
            if written.data.is_some() {
                self.event(UserEvent::Notify(written));
            }
            return;
        }
        let fresh = self.heard_in_room(Said {
            id: text::line_id(message).unwrap_or_default(),
            from: written.from.clone(),
            to: written.to.clone(),
            kind: "groupchat".to_owned(),
            body: written.body.clone(),
            at: written.delay.unwrap_or(self.now),
            with: text::bare(&written.from).to_lowercase(),
            in_room: true,
        });
        // A room that is entered again tells again what was heard in its last second.
        if fresh || self.waited || written.delay.is_none() {
            self.event(UserEvent::Room(written));
        }
    }

    fn written(&self, message: &Element, own: bool) -> Written {
        Written {
            from: attr(message, "from").unwrap_or(&self.bare).to_owned(),
            to: attr(message, "to").unwrap_or(&self.full).to_owned(),
            id: attr(message, "id").map(str::to_owned),
            body: body(message).unwrap_or_default(),
            data: text::data(message),
            delay: text::delay(message),
            own,
            error: match attr(message, "type") {
                Some("error") => error_of(message).map(|(condition, _)| condition),
                _ => None,
            },
        }
    }

    fn invitation(&self, message: &Element) -> Option<Invitation> {
        let from = attr(message, "from")?.to_owned();
        let to = attr(message, "to").unwrap_or(&self.full).to_owned();
        let x = child(message, "x", ns::MUC_USER);
        if let Some((x, invite)) = x.and_then(|x| Some((x, child(x, "invite", ns::MUC_USER)?))) {
            return Some(Invitation {
                room: text::bare(&from).to_lowercase(),
                inviter: attr(invite, "from").unwrap_or_default().to_owned(),
                from,
                to,
                reason: child_text(invite, "reason", ns::MUC_USER),
                password: child_text(x, "password", ns::MUC_USER),
                direct: false,
            });
        }
        let direct = child(message, "x", ns::DIRECT_INVITE)?;
        Some(Invitation {
            room: attr(direct, "jid")?.to_lowercase(),
            inviter: from.clone(),
            from,
            to,
            reason: attr(direct, "reason").map(str::to_owned),
            password: attr(direct, "password").map(str::to_owned),
            direct: true,
        })
    }
}

/// A stanza as a client would see it: the encoder leaves out the stream's own namespace.
fn in_client_namespace(xml: String) -> String {
    match xml.find([' ', '>', '/']) {
        Some(at) => {
            let (name, rest) = xml.split_at(at);
            format!("{name} xmlns='{}'{rest}", ns::CLIENT)
        }
        None => xml,
    }
}
