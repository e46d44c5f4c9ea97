//! Which workgroups of somebody else are open: told by them, and asked for now and then.

use std::collections::BTreeMap;
use std::time::Duration;

use minidom::Element;

use crate::bridge::Input;
use crate::ids::{Timestamp, WorkgroupName};
use crate::xmpp::address::Address;
use crate::xmpp::ns;
use crate::xmpp::out::Out;
use crate::xmpp::stanza::{attr, element, iq, presence};

use super::{Cx, wire};

/// How often it is asked: whoever is restarted forgets to whom it tells.
const EVERY: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
struct Watched {
    open: Option<bool>,
    asked: String,
}

/// The workgroups that are watched, by address.
#[derive(Debug, Default)]
pub(super) struct Watch {
    names: BTreeMap<String, Vec<WorkgroupName>>,
    known: BTreeMap<String, Watched>,
    next: Option<Timestamp>,
}

impl Watch {
    pub(super) fn new(of: &BTreeMap<WorkgroupName, String>) -> Self {
        let mut names: BTreeMap<String, Vec<WorkgroupName>> = BTreeMap::new();
        for (name, address) in of {
            names.entry(address.clone()).or_default().push(name.clone());
        }
        Self {
            names,
            ..Self::default()
        }
    }

    /// What was heard over a link that is gone holds no more.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.next = None;
    }

    pub(super) fn addresses(&self) -> impl Iterator<Item = &String> {
        self.names.keys()
    }

    pub(super) fn deadline(&self) -> Option<Timestamp> {
        self.next
    }

    /// Looks at all of them, from the component's own address (fastpath-protocol §4.4): presence is
    /// answered, and told again when it changes.
    pub(super) fn look(&mut self, cx: &mut Cx<'_>) {
        self.next = (!self.names.is_empty()).then(|| cx.now.plus(EVERY));
        let own = cx.common.domain.clone();
        for address in self.names.keys() {
            cx.send(presence(None, (&own, address)));
            let id = cx.fresh_id();
            let question = element("query", ns::DISCO_INFO);
            cx.send(iq("get", &id, (&own, address), question));
            self.known.entry(address.clone()).or_default().asked = id;
        }
    }

    /// Wants to be told nothing any more.
    pub(super) fn look_away(&mut self, cx: &mut Cx<'_>) {
        let own = cx.common.domain.clone();
        for address in self.names.keys() {
            cx.send(presence(Some("unavailable"), (&own, address)));
        }
    }

    /// A stanza to the component's own address: `None` where it is not from one of these; else the
    /// address of a workgroup that has opened by it, if one has.
    pub(super) fn heard(
        &mut self,
        cx: &mut Cx<'_>,
        from: &Address,
        stanza: &Element,
    ) -> Option<Option<String>> {
        let address = from.bare();
        let names = self.names.get(&address)?;
        let kind = attr(stanza, "type");
        let open = match (stanza.name(), kind) {
            ("presence", None) => Some(true),
            ("presence", Some("unavailable")) => Some(false),
            ("iq", Some("result")) => {
                let known = self.known.get(&address);
                let ours = known.is_some_and(|known| attr(stanza, "id") == Some(&known.asked));
                wire::is_open(stanza).filter(|_| ours)
            }
            ("iq", Some("get" | "set")) => return None,
            _ => None,
        };
        let Some(open) = open else {
            return Some(None);
        };
        let known = self.known.entry(address.clone()).or_default();
        let news = known.open.replace(open) != Some(open);
        if news {
            for name in names {
                let workgroup = name.clone();
                cx.out
                    .push(Out::Tell(Input::OpennessSeen { workgroup, open }));
            }
        }
        Some((news && open).then_some(address))
    }
}
