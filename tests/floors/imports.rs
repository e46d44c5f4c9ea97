//! Imports run down the floors; rooms of one floor do not know each other.

use super::house::{SIDEWAYS, floor};
use super::source::{Finding, Source};

/// Every reference from one room to another that does not run down.
pub fn check(source: &Source) -> Vec<Finding> {
    let Some(room) = source.module.first() else {
        return Vec::new(); // lib.rs lists the rooms
    };
    let Some(own) = floor(room) else {
        let what = format!("the room `{room}` stands on no floor: tests/floors/house.rs");
        return vec![source.finding(1, what)];
    };
    let mut found = Vec::new();
    for reference in source.references() {
        let [first, other, ..] = reference.path.as_slice() else {
            continue;
        };
        if first != "crate"
            || other == room
            || SIDEWAYS
                .iter()
                .any(|(from, to, _)| from == room && to == other)
        {
            continue;
        }
        // A name that is no room is an item of lib.rs itself, which has none but rooms.
        let what = match floor(other) {
            Some(floor) if floor < own => continue,
            Some(floor) if floor == own => {
                format!("`{room}` imports `{other}` of its own floor {own}")
            }
            Some(floor) => {
                format!("`{room}` (floor {own}) imports `{other}` above it (floor {floor})")
            }
            None => format!("`{room}` imports `{other}`, which stands on no floor"),
        };
        found.push(source.finding(reference.line, what));
    }
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> usize {
        check(&Source::parse(path, text)).len()
    }

    #[test]
    fn down_is_allowed() {
        assert_eq!(
            findings(
                "src/xmpp/seat.rs",
                "use crate::engine::Handle; use crate::ids::*; use super::ns;"
            ),
            0
        );
        assert_eq!(
            findings(
                "src/main.rs",
                "use warmline::app; fn main() { warmline::config::load(); }"
            ),
            0
        );
        assert_eq!(findings("src/lib.rs", "pub mod app; pub mod ids;"), 0);
        assert_eq!(findings("src/ids.rs", "use std::fmt; use uuid::Uuid;"), 0);
        assert_eq!(
            findings(
                "src/store/mod.rs",
                "mod embedded; use self::embedded::Db; use crate::store::Commit;"
            ),
            0
        );
    }

    #[test]
    fn a_test_module_may_name_its_parent() {
        let text = "struct A; #[cfg(test)] mod tests { use super::*; use super::A; fn f(a: super::A) {} } \
                    mod other { fn g(a: super::A) -> self::B {} }";
        assert_eq!(findings("src/bridge.rs", text), 0);
    }

    #[test]
    fn up_is_refused_however_it_is_written() {
        for text in [
            "use crate::engine::Handle;",
            "use crate::{ids::Id, engine::Handle};",
            "use super::engine::Handle;",
            "use super::{engine as e};",
            "fn f() { crate::engine::start() }",
            "fn f() -> Vec<crate::engine::Handle> { vec![] }",
            "fn f() { println!(\"{}\", crate::engine::NAME) }",
            "mod inner { use super::super::engine::X; }",
            "pub use crate::engine;",
            "fn f() { warmline::engine::start() }",
        ] {
            assert_eq!(findings("src/bridge.rs", text), 1, "{text}");
        }
    }

    #[test]
    fn sideways_is_refused() {
        assert_eq!(
            findings("src/channels/rapidpro/wire.rs", "use crate::xmpp::rooms;"),
            1
        );
        assert_eq!(findings("src/bridge.rs", "use crate::outbox::Lane;"), 1);
        assert_eq!(
            findings("src/conversation/mod.rs", "use crate::workgroup::Offer;"),
            1
        );
    }

    #[test]
    fn a_room_without_a_floor_is_refused() {
        assert_eq!(findings("src/utils.rs", ""), 1);
        assert_eq!(findings("src/app.rs", "use crate::utils::x;"), 1);
    }
}
