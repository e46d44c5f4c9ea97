//! Hours: whatever the shifts, the zone and the holidays, a workgroup is open or closed from one
//! change to the next, and never changes unannounced.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use warmline::ids::Timestamp;
use warmline::workgroup::{Hours, Shift};

fn shifts() -> impl Strategy<Value = Vec<Shift>> {
    let shift = (0_u16..1440, 0_u16..=1440).prop_filter_map("a shift", |(from, to)| {
        (from != to).then_some(Shift { from, to })
    });
    prop::collection::vec(shift, 0..3)
}

fn hours() -> impl Strategy<Value = Hours> {
    let zones = [
        "UTC",
        "Africa/Nairobi",
        "Europe/Berlin",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
    ];
    let week = prop::array::uniform7(shifts());
    let yearly = prop::collection::btree_set((1_i8..=12, 1_i8..=28), 0..3);
    (prop::sample::select(zones.to_vec()), week, yearly).prop_map(|(zone, week, yearly)| Hours {
        zone: TimeZone::get(zone).unwrap(),
        week,
        holidays: Default::default(),
        yearly,
    })
}

proptest! {
    #![proptest_config(super::histories::config(512))]

    #[test]
    fn hours_change_when_they_are_announced_to_and_never_between(
        hours in hours(),
        at in 1_577_836_800_000_i64..1_893_456_000_000,
    ) {
        let now = Timestamp(at);
        let open = hours.is_open(now);
        let next = hours.next_change(now);
        let end = next.map_or(at + 8 * 86_400_000, |next| next.0);
        prop_assert!(end > at);
        if let Some(next) = next {
            prop_assert_ne!(hours.is_open(next), open, "nothing changes then");
            prop_assert_eq!(hours.is_open(Timestamp(next.0 - 1)), open, "it changed before");
        }
        let step = ((end - at) / 97).max(1);
        for n in 0..97 {
            let between = Timestamp((at + n * step).min(end - 1));
            prop_assert_eq!(hours.is_open(between), open, "unannounced at {:?}", between);
        }
    }
}
