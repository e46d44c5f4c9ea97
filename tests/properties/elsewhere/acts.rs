//! What happens there, and what must be true in the end.

use std::collections::BTreeSet;

use proptest::prelude::*;
use warmline::bridge::{AwayEvent, Input, StayEvent};
use warmline::conversation::Fate;
use warmline::ids::MessageId;

use super::super::histories::config;
use super::There;

impl There {
    fn act(&mut self, (what, kind): (u8, u8)) {
        if self.is_over() {
            self.finish();
            return self.open();
        }
        match what % 16 {
            0..=2 => self.says(),
            3 if self.linked && self.seeking => self.invites(),
            3 | 4 => self.enters(),
            5..=7 => self.agent(kind),
            8 | 9 => self.shows(true),
            10 => self.wait(u64::from(kind % 100)),
            11 => self.link(kind.is_multiple_of(3) || !self.linked),
            12 => self.kill(),
            13 if self.linked => self.their_line(kind),
            14 => self.gone(kind),
            _ => self.parted(),
        }
    }

    fn their_line(&mut self, kind: u8) {
        let (session, place) = (format!("s{kind}"), u32::from(kind % 3) + 1);
        self.away(match kind % 4 {
            0 => AwayEvent::NotIn { closed: kind > 100 },
            1 => AwayEvent::Dropped { wanted: false },
            _ => AwayEvent::Placed {
                session,
                place,
                seconds: 15,
            },
        });
    }

    /// The room is destroyed, or forgotten with all others.
    fn gone(&mut self, kind: u8) {
        let Some((room, ready)) = self.staying.clone() else {
            return;
        };
        self.rooms.remove(&room);
        self.on_their_way.clear();
        match (ready, kind.is_multiple_of(2)) {
            (true, true) => self.in_room(&room, StayEvent::Ended),
            (true, false) => self.in_room(&room, StayEvent::Lost),
            (false, _) => {}
        }
    }

    fn parted(&mut self) {
        if let Some(parting) = self.partings.pop() {
            self.away(AwayEvent::Parted(parting));
        }
    }

    /// Everything behaves from here on: an agent comes, and all is said.
    fn heal(&mut self) {
        if !self.linked {
            self.link(true);
        }
        for _ in 0..20 {
            if self.is_over() {
                return;
            }
            match self.staying.clone() {
                None if self.seeking => self.invites(),
                None => self.link(true),
                Some((_, false)) => self.enters(),
                Some((_, true)) => {
                    self.agent(0);
                    while !self.on_their_way.is_empty() {
                        self.shows(true);
                    }
                }
            }
        }
        let mut all = self.bridge.conversations();
        let one = all.find(|one| one.id == self.id).expect("it is open");
        for id in &self.said {
            let seq = one.lines.place_of(id).expect("what was accepted is kept");
            let fate = one.lines.at(seq).map(|line| line.fate);
            assert_eq!(fate, Some(Fate::Arrived), "{id} was never shown");
        }
    }

    fn finish(&mut self) {
        if !self.linked {
            self.link(true);
        }
        while !self.partings.is_empty() {
            self.parted();
        }
        let mut all = self.bridge.conversations();
        assert!(
            !all.any(|one| one.id == self.id),
            "{} is remembered",
            self.id
        );
    }

    fn check(&self) {
        let mut heard = BTreeSet::new();
        for text in &self.delivered {
            assert!(heard.insert(text), "{text} was told twice");
        }
        for room in self.rooms.values() {
            let own: Vec<&MessageId> = room
                .shown
                .iter()
                .filter(|id| id.as_str().starts_with('m'))
                .collect();
            let number = |id: &MessageId| id.as_str()[1..].parse::<u32>().unwrap_or_default();
            assert!(
                own.is_sorted_by_key(|id| number(id)),
                "out of order: {own:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(config(64))]

    #[test]
    fn elsewhere_no_word_is_lost_or_doubled(
        ends in any::<bool>(),
        actions in prop::collection::vec(any::<(u8, u8)>(), 100..250),
    ) {
        let mut there = There::new(ends);
        for action in actions {
            there.act(action);
        }
        there.heal();
        there.check();
        if !there.is_over() {
            let id = there.id.clone();
            there.step(Input::OperatorClosed(id));
        }
        there.finish();
    }
}
