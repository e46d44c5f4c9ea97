//! When a workgroup serves: the hours of each day of the week, and the days on which it does not.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::ids::Timestamp;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The hours of a week, as clocks show them in one zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The zone.
    pub zone: TimeZone,
    /// Monday first; each day with any number of shifts.
    pub week: [Vec<Shift>; 7],
    /// Days on which no shift begins.
    pub holidays: BTreeSet<Date>,
    /// The same in every year, as (month, day).
    pub yearly: BTreeSet<(i8, i8)>,
}

/// A span of time that begins on its day, in minutes since midnight. One that ends before it begins
/// ends on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shift {
    /// Its first minute, below 24 hours.
    pub from: u16,
    /// The minute after its last, at most 24 hours.
    pub to: u16,
}

impl Shift {
    /// The minute after the last, counted from the midnight before its beginning.
    fn end(self) -> u16 {
        if self.to <= self.from {
            self.to + DAY
        } else {
            self.to
        }
    }
}

impl Hours {
    /// Whether a shift is on.
    pub fn is_open(&self, now: Timestamp) -> bool {
        let here = self.here(now);
        let minute = minute_of(here);
        let today = self.shifts(here.date());
        let began_today = today.iter().any(|s| s.from <= minute && minute < s.end());
        let yesterday = here.date().yesterday().ok();
        let yesterday = yesterday.map_or(&[][..], |date| self.shifts(date));
        began_today || yesterday.iter().any(|s| minute + DAY < s.end())
    }

    /// When it next opens or closes, if it does so within the next weeks. Where clocks are set that
    /// is found too.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let open = self.is_open(now);
        let mut candidates = self.candidates(now);
        candidates.sort();
        let later = candidates.into_iter().filter(|at| *at > now);
        later.into_iter().find(|at| self.is_open(*at) != open)
    }

    /// Every beginning and end of a shift in the days around and after a moment.
    fn candidates(&self, now: Timestamp) -> Vec<Timestamp> {
        let first = self.here(now).date();
        let mut all = Vec::new();
        // Holidays may close whole weeks.
        for days in -1_i32..=40 {
            let Ok(date) = first.checked_add(days.days()) else {
                continue;
            };
            for shift in self.shifts(date) {
                for minute in [shift.from, shift.end()] {
                    all.extend(self.moments(date, minute));
                }
            }
            if !all.is_empty() && days > 8 {
                break;
            }
        }
        // Where clocks are set a shift may begin or end at no time that they show.
        let from = instant(now);
        let set = self.zone.following(from).take(2);
        all.extend(set.map(|set| Timestamp(set.timestamp().as_millisecond())));
        all
    }

    /// When clocks show this; twice where they are set back over it.
    fn moments(&self, date: Date, minute: u16) -> Vec<Timestamp> {
        let minutes: Span = i64::from(minute).minutes();
        let Ok(civil) = date.at(0, 0, 0, 0).checked_add(minutes) else {
            return Vec::new();
        };
        let shown = self.zone.to_ambiguous_timestamp(civil);
        let both = [shown.earlier(), shown.later()].into_iter().flatten();
        both.map(|at| Timestamp(at.as_millisecond())).collect()
    }

    fn here(&self, now: Timestamp) -> DateTime {
        self.zone.to_datetime(instant(now))
    }

    fn shifts(&self, date: Date) -> &[Shift] {
        let free =
            self.holidays.contains(&date) || self.yearly.contains(&(date.month(), date.day()));
        if free {
            return &[];
        }
        let day = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0);
        self.week.get(day).map_or(&[], Vec::as_slice)
    }
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

fn minute_of(at: DateTime) -> u16 {
    let minutes = i32::from(at.hour()) * 60 + i32::from(at.minute());
    u16::try_from(minutes).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(zone: &str) -> Hours {
        let shift = |from: u16, to: u16| Shift {
            from: from * 60,
            to: to * 60,
        };
        let split = vec![shift(9, 12), shift(13, 17)];
        Hours {
            zone: TimeZone::get(zone).unwrap(),
            // Friday's night shift ends on Saturday.
            week: [
                split.clone(),
                split.clone(),
                split.clone(),
                split,
                vec![shift(22, 6)],
                vec![],
                vec![shift(0, 24)],
            ],
            holidays: [jiff::civil::date(2026, 12, 24)].into(),
            yearly: [(12, 25)].into(),
        }
    }

    fn at(zone: &str, text: &str) -> Timestamp {
        let civil: DateTime = text.parse().unwrap();
        let zoned = civil.to_zoned(TimeZone::get(zone).unwrap()).unwrap();
        Timestamp(zoned.timestamp().as_millisecond())
    }

    #[test]
    fn shifts_split_days_pass_midnight_and_stay_away_on_holidays() {
        let zone = "Africa/Nairobi";
        let hours = hours(zone);
        for (text, open) in [
            ("2026-11-23T08:59", false),
            ("2026-11-23T09:00", true),
            ("2026-11-23T12:00", false),
            ("2026-11-23T13:00", true),
            ("2026-11-23T16:59", true),
            ("2026-11-23T17:00", false),
            // Friday's night, into Saturday.
            ("2026-11-27T21:59", false),
            ("2026-11-27T22:00", true),
            ("2026-11-28T05:59", true),
            ("2026-11-28T06:00", false),
            // All of Sunday.
            ("2026-11-29T00:00", true),
            ("2026-11-29T23:59", true),
            ("2026-11-30T00:00", false),
            // Holidays, one of them of every year.
            ("2026-12-24T10:00", false),
            ("2026-12-25T23:00", false),
            ("2027-12-25T10:00", false),
            ("2027-12-27T10:00", true),
        ] {
            assert_eq!(hours.is_open(at(zone, text)), open, "{text}");
        }
    }

    #[test]
    fn the_next_change_is_found_over_holidays_too() {
        let zone = "Africa/Nairobi";
        let hours = hours(zone);
        for (text, next) in [
            ("2026-11-23T08:00", "2026-11-23T09:00"),
            ("2026-11-23T09:00", "2026-11-23T12:00"),
            ("2026-11-27T23:00", "2026-11-28T06:00"),
            ("2026-12-23T18:00", "2026-12-27T00:00"),
        ] {
            assert_eq!(
                hours.next_change(at(zone, text)),
                Some(at(zone, next)),
                "{text}"
            );
        }
        let never = Hours {
            week: Default::default(),
            ..hours
        };
        assert_eq!(never.next_change(at(zone, "2026-11-23T08:00")), None);
        assert!(!never.is_open(at(zone, "2026-11-23T10:00")));
    }

    #[test]
    fn clocks_that_are_set_change_the_moment_and_not_the_hour() {
        let zone = "Europe/Berlin";
        let hours = hours(zone);
        for text in ["2026-03-30T09:00", "2026-10-26T09:00"] {
            assert!(hours.is_open(at(zone, text)), "{text}");
            assert!(!hours.is_open(Timestamp(at(zone, text).0 - 1)), "{text}");
        }
    }

    #[test]
    fn a_shift_that_begins_while_clocks_are_set_begins_then() {
        let sunday = |from: u16, to: u16| Hours {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            week: std::array::from_fn(|day| match day {
                6 => vec![Shift { from, to }],
                _ => Vec::new(),
            }),
            holidays: BTreeSet::new(),
            yearly: BTreeSet::new(),
        };
        // At 02:00 it is 03:00.
        let night = sunday(2 * 60 + 1, 9 * 60);
        let before = at("Europe/Berlin", "2026-03-29T00:30");
        let set = at("Europe/Berlin", "2026-03-29T03:00");
        assert_eq!(night.next_change(before), Some(set));
        // At 03:00 it is 02:00 again, and the shift is on a second time.
        let short = sunday(2 * 60 + 10, 2 * 60 + 20);
        let three = at("Europe/Berlin", "2026-10-25T03:00").0;
        let between = Timestamp(three - 90 * 60_000);
        assert!(!short.is_open(between));
        let again = Timestamp(three - 50 * 60_000);
        assert_eq!(short.next_change(between), Some(again));
    }
}
