//! What the store has not taken yet. A store that fails for long is owed so much and no more: what
//! comes beyond that is not accepted.

use minidom::{Element, Node};

use crate::store::{Change, Put};
use crate::telemetry::metrics as figures;
use crate::users::{Told, UserEvent};
use crate::xmpp::stanza::attr;

use super::house::{Effect, House};

/// The least that anything counts, in bytes: also what is small takes memory, and a session's reader
/// holds some thousand events at most.
const LEAST: usize = 2 * 1024;

/// Changes that are owed to the store, and what waits for them.
#[derive(Debug)]
pub(super) struct Debt {
    pub changes: Vec<Change>,
    pub effects: Vec<Effect>,
    /// About as many bytes as all of it takes.
    weight: usize,
    most: usize,
    /// Something was left out that nobody was told of: all has to be looked at anew.
    missed: bool,
}

impl Debt {
    /// None yet, and never much more than `most` bytes.
    pub fn new(most: usize) -> Self {
        Self {
            changes: Vec::new(),
            effects: Vec::new(),
            weight: 0,
            most,
            missed: false,
        }
    }

    /// Takes over what was done.
    pub fn take_over(&mut self, house: &mut House) {
        let changes: usize = house.changes.iter().map(of_change).sum();
        let effects: usize = house.effects.iter().map(of_effect).sum();
        self.weight = self.weight.saturating_add(changes).saturating_add(effects);
        self.changes.append(&mut house.changes);
        self.effects.append(&mut house.effects);
    }

    /// Whether nothing is owed.
    pub fn is_paid(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether as much is owed as may be.
    pub fn is_full(&self) -> bool {
        self.weight >= self.most
    }

    /// Whether a stanza is too much. Answers about who sees whom are never given twice: they may use as
    /// much again.
    pub fn is_full_for(&self, stanza: &Element) -> bool {
        let kind = attr(stanza, "type");
        let answers = matches!(kind, Some("subscribed" | "unsubscribe" | "unsubscribed"));
        match stanza.name() == "presence" && answers {
            true => self.weight >= self.most.saturating_mul(2),
            false => self.is_full(),
        }
    }

    /// Something was left out.
    pub fn miss(&mut self) {
        self.missed = true;
    }

    /// All is paid; gives what waited for that.
    pub fn pay(&mut self) -> Vec<Effect> {
        self.changes.clear();
        self.weight = 0;
        std::mem::take(&mut self.effects)
    }

    /// Whether something was left out since this was asked last.
    pub fn take_missed(&mut self) -> bool {
        std::mem::take(&mut self.missed)
    }

    /// Tells how much it is.
    pub fn show(&self) {
        let owed = if self.is_paid() { 0 } else { self.weight };
        figures::users_owed(owed);
    }
}

fn of_change(change: &Change) -> usize {
    let bytes = match change {
        Change::Put(Put { value, .. }) | Change::Add(Put { value, .. }) => value.len(),
        _ => 0,
    };
    bytes.max(LEAST)
}

fn of_effect(effect: &Effect) -> usize {
    match effect {
        Effect::Link(stanza) | Effect::Inside(stanza) => of_stanza(stanza).max(LEAST),
        Effect::Event(_, _, told) => of_told(told).max(LEAST),
        // Whoever waits for an answer is not kept waiting.
        Effect::Answer(..) => 0,
    }
}

fn of_told(told: &Told) -> usize {
    let events = told.events.iter().map(|event| match event {
        // Once as it came, and once as what it means.
        UserEvent::Stanza(xml) => xml.len().saturating_mul(2),
        _ => 0,
    });
    let held = told.held.as_ref().map_or(0, |held| held.stanza.len());
    events.sum::<usize>().saturating_add(held)
}

/// About as many bytes as a stanza has. It has been through the reader, which bounds its depth.
fn of_stanza(stanza: &Element) -> usize {
    let attributes = stanza
        .attrs()
        .into_iter()
        .map(|((_, name), value)| name.len() + value.len());
    let inside = stanza.nodes().map(|node| match node {
        Node::Element(child) => of_stanza(child),
        Node::Text(text) => text.len(),
    });
    stanza.name().len() + attributes.sum::<usize>() + inside.sum::<usize>()
}
