//! Places in workgroups of somebody else's Fastpath service, for visitors of ours: plain state
//! machines without a socket, a clock or the engine.

mod errand;
mod guest;
mod line;
mod parting;
mod watch;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use minidom::Element;

use crate::bridge::{AwayEvent, AwayOrder, Input};
use crate::ids::{ConversationId, Timestamp, WorkgroupName};

use super::address::Address;
use super::out::Out;
use super::{fastpath, ns, stanza};
use errand::Errand;
use watch::Watch;

/// Every id that this module gives to a stanza of its own begins with this.
const ID_PREFIX: &str = "wlseek-";

/// Whom visitors are sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeekerSettings {
    /// The component's own domain, lower case.
    pub domain: String,
    /// The MUC service's domain, lower case.
    pub muc: String,
    /// The bare JIDs of the workgroups, by our names of them.
    pub workgroups: BTreeMap<WorkgroupName, String>,
}

/// What all visitors have in common.
#[derive(Debug)]
struct Common {
    domain: String,
    muc: String,
    serial: u64,
}

/// What everything here works with while it handles one thing.
struct Cx<'a> {
    now: Timestamp,
    common: &'a mut Common,
    out: &'a mut Vec<Out<()>>,
}

impl Cx<'_> {
    fn send(&mut self, stanza: Element) {
        self.out.push(Out::Send(stanza));
    }

    fn tell(&mut self, conversation: &ConversationId, event: AwayEvent) {
        self.out.push(Out::Tell(Input::Away {
            conversation: conversation.clone(),
            event,
        }));
    }

    fn fresh_id(&mut self) -> String {
        self.common.serial += 1;
        format!("{ID_PREFIX}{}-{}", self.now.0, self.common.serial)
    }
}

/// A visitor of ours.
#[derive(Debug)]
struct Visitor {
    id: ConversationId,
    /// The bare JID.
    bare: String,
    /// The full JID, the same from the first word to the last.
    full: String,
}

impl Visitor {
    fn new(domain: &str, id: &ConversationId) -> Self {
        Self {
            bare: fastpath::visitor_bare(domain, id),
            full: fastpath::visitor_full(domain, id),
            id: id.clone(),
        }
    }
}

/// All visitors that somebody else serves.
#[derive(Debug)]
pub struct Seeker {
    common: Common,
    watch: Watch,
    linked: bool,
    errands: BTreeMap<ConversationId, Errand>,
    deadlines: BTreeSet<(Timestamp, ConversationId)>,
}

impl Seeker {
    /// Nobody is sent anywhere yet.
    pub fn new(settings: SeekerSettings) -> Self {
        Self {
            watch: Watch::new(&settings.workgroups),
            common: Common {
                domain: settings.domain,
                muc: settings.muc,
                serial: 0,
            },
            linked: false,
            errands: BTreeMap::new(),
            deadlines: BTreeSet::new(),
        }
    }

    /// The configuration was read anew.
    pub fn set(&mut self, now: Timestamp, settings: &SeekerSettings) -> Vec<Out<()>> {
        let mut former = std::mem::replace(&mut self.watch, Watch::new(&settings.workgroups));
        if !self.linked {
            return Vec::new();
        }
        self.with_watch(now, |_, cx| former.look_away(cx));
        self.with_watch(now, Watch::look)
    }

    /// The component link stands.
    pub fn link_up(&mut self, now: Timestamp) -> Vec<Out<()>> {
        self.linked = true;
        self.with_watch(now, Watch::look)
    }

    /// The component link is gone, and with it all that is known of places. The core orders them
    /// anew when the link stands again.
    pub fn link_lost(&mut self) {
        self.linked = false;
        self.watch.forget();
        self.errands.clear();
        self.deadlines.clear();
    }

    fn with_watch(
        &mut self,
        now: Timestamp,
        act: impl FnOnce(&mut Watch, &mut Cx<'_>),
    ) -> Vec<Out<()>> {
        let mut out = Vec::new();
        let common = &mut self.common;
        act(
            &mut self.watch,
            &mut Cx {
                now,
                common,
                out: &mut out,
            },
        );
        out
    }

    /// Carries out an order of the core.
    pub fn order(
        &mut self,
        now: Timestamp,
        conversation: &ConversationId,
        order: AwayOrder,
    ) -> Vec<Out<()>> {
        self.with(now, conversation, |errand, cx| errand.order(cx, order))
    }

    /// Takes a stanza for a visitor that somebody else serves, or from one of their workgroups;
    /// `None` where it is for somebody else.
    pub fn stanza(&mut self, now: Timestamp, stanza: &Element) -> Option<Vec<Out<()>>> {
        let (from, to) = (stanza::from(stanza)?, stanza::to(stanza)?);
        if to.domain != self.common.domain || !stanza.has_ns(ns::CLIENT) {
            return None;
        }
        if to.local.is_none() {
            return self.watched(now, &from, stanza);
        }
        let id = fastpath::visitor_of(&to)?;
        if let Some(invitation) = wire::invitation(stanza) {
            if let Some(event) = self.believed(&id, invitation) {
                let told = Input::Away {
                    conversation: id,
                    event,
                };
                return Some(vec![Out::Tell(told)]);
            }
            return self.errands.contains_key(&id).then(Vec::new);
        }
        let mut meant = false;
        if self.errands.contains_key(&id) {
            let out = self.with(now, &id, |errand, cx| {
                meant = errand.stanza(cx, &from, stanza);
            });
            if meant {
                return Some(out);
            }
        }
        // What comes too late; nothing that asks for an answer.
        let theirs = self
            .watch
            .addresses()
            .any(|address| from.bare() == *address);
        (theirs && !stanza.is("iq", ns::CLIENT)).then(Vec::new)
    }

    fn watched(
        &mut self,
        now: Timestamp,
        from: &Address,
        stanza: &Element,
    ) -> Option<Vec<Out<()>>> {
        let mut opened = None;
        let mut out = self.with_watch(now, |watch, cx| opened = watch.heard(cx, from, stanza));
        if let Some(address) = opened? {
            let ids: Vec<ConversationId> = self.errands.keys().cloned().collect();
            for id in ids {
                out.extend(self.with(now, &id, |errand, cx| errand.opened(cx, &address)));
            }
        }
        Some(out)
    }

    /// Anybody can send an invitation. A visitor goes only into rooms beside the workgroup, on the
    /// word of the workgroup: its service names who invites, and only the workgroup knows the
    /// session.
    fn believed(&self, id: &ConversationId, told: wire::Invitation) -> Option<AwayEvent> {
        let beside = |address: &Address| {
            let above = address
                .domain
                .split_once('.')
                .map_or("", |(_, above)| above);
            let room = told.room.domain.as_str();
            room == self.common.muc
                || room
                    .strip_suffix(above)
                    .is_some_and(|own| own.ends_with('.'))
        };
        let all = self.watch.addresses().filter_map(|one| Address::parse(one));
        let services: Vec<Address> = all.filter(|one| beside(one)).collect();
        let by_service = services.iter().any(|one| one.domain == told.inviter.domain);
        let session = self.errands.get(id).and_then(Errand::session);
        let known = |name: Option<&str>| name.is_some() && name == session;
        let by_room = told.inviter.bare() == told.room.bare()
            && (known(told.session.as_deref()) || known(told.room.local.as_deref()));
        (by_service || by_room && !services.is_empty()).then(|| AwayEvent::Invited {
            room: told.room.bare(),
            workgroup: by_service.then(|| told.inviter.bare()),
        })
    }

    /// Does what is due at `now`.
    pub fn tick(&mut self, now: Timestamp) -> Vec<Out<()>> {
        let mut out = Vec::new();
        if self.watch.deadline().is_some_and(|at| at <= now) {
            out.extend(self.with_watch(now, Watch::look));
        }
        let due = self.deadlines.iter().take_while(|(at, _)| *at <= now);
        let due: Vec<ConversationId> = due.map(|(_, id)| id.clone()).collect();
        for id in due {
            out.extend(self.with(now, &id, Errand::tick));
        }
        out
    }

    /// When [`Seeker::tick`] is next due; `None` while nothing is waited for.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let errands = self.deadlines.first().map(|(at, _)| *at);
        errands.into_iter().chain(self.watch.deadline()).min()
    }

    /// Lets a visitor's errand act, and sets its deadline anew.
    fn with(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        act: impl FnOnce(&mut Errand, &mut Cx<'_>),
    ) -> Vec<Out<()>> {
        let mut out = Vec::new();
        let domain = &self.common.domain;
        let errand = self.errands.entry(id.clone());
        let errand = errand.or_insert_with(|| Errand::new(Visitor::new(domain, id)));
        let before = errand.deadline();
        let common = &mut self.common;
        act(
            errand,
            &mut Cx {
                now,
                common,
                out: &mut out,
            },
        );
        if let Some(at) = before {
            self.deadlines.remove(&(at, id.clone()));
        }
        match errand.deadline() {
            Some(at) => {
                self.deadlines.insert((at, id.clone()));
            }
            None if errand.is_done() => {
                self.errands.remove(id);
            }
            None => {}
        }
        out
    }
}
