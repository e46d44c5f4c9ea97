//! Where a workgroup's requests go: its queues, rules, overflow and hours.

use super::problem::What;
use super::reader::Reader;
use super::value::Value;
use jid::{BareJid, ResourcePart};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::time::Duration;

/// Everything by which requests go elsewhere.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Routing {
    /// Queues besides the usual one.
    pub queues: Vec<Queue>,
    /// The first that holds decides.
    pub rules: Vec<Rule>,
    /// After how long a request goes on, and where.
    pub overflow: Option<(Duration, Line)>,
    /// What of the visitor names the agent who is asked first.
    pub preferred_agent: Option<String>,
    /// When the workgroup serves; always where there is none.
    pub hours: Option<Hours>,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Which of the workgroup's agents serve in it.
    pub agents: Vec<BareJid>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What of the visitor is looked at.
    pub field: String,
    /// What has to be true of it.
    pub test: Test,
    /// Where the request goes then.
    pub to: Line,
}

/// What has to be true of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// It is this.
    Equals(String),
    /// This occurs in it.
    Contains(String),
    /// It matches this regular expression.
    Matches(String),
}

/// A workgroup, or a queue of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The workgroup.
    pub workgroup: String,
    /// The queue; `None` for the usual one.
    pub queue: Option<String>,
}

/// The hours of a week.
#[derive(Debug, Clone, PartialEq)]
pub struct Hours {
    /// The zone in which they are written.
    pub zone: TimeZone,
    /// Monday first; shifts in minutes since midnight.
    pub week: [Vec<(u16, u16)>; 7],
    /// Days on which nobody serves; without a year in every year.
    pub holidays: Vec<(Option<i16>, i8, i8)>,
    /// What visitors are told then.
    pub closed_text: Option<String>,
}

impl Routing {
    /// `name` and `agents` are those of the workgroup.
    pub(super) fn read(r: &mut Reader, name: &str, agents: &[BareJid]) -> Self {
        let queues = r.sections("queue", |r| Queue::read(r, agents));
        let places = Places {
            own: name,
            queues: &queues,
        };
        let rules = r.sections("rule", |r| Rule::read(r, &places));
        let after: Option<Duration> = r.maybe("overflow_after");
        let to = r.maybe::<String>("overflow_to");
        let to = to.and_then(|to| places.find(r, "overflow_to", &to));
        if after.is_some() && to.is_none() {
            r.complain("overflow_to", What::Missing);
        }
        let preferred: String = r.or("preferred_agent", "agent".to_owned());
        let hours = r.has("hours").then(|| r.section("hours", Hours::read));
        Self {
            rules,
            overflow: after.zip(to),
            preferred_agent: Some(preferred).filter(|field| !field.trim().is_empty()),
            hours,
            queues,
        }
    }
}

/// Where a request can be sent from a workgroup.
struct Places<'a> {
    own: &'a str,
    queues: &'a [Queue],
}

impl Places<'_> {
    /// A queue of this workgroup by its name, or a workgroup by its name.
    fn find(&self, r: &mut Reader, key: &str, to: &str) -> Option<Line> {
        if self.queues.iter().any(|queue| queue.name == to) {
            return Some(Line {
                workgroup: self.own.to_owned(),
                queue: Some(to.to_owned()),
            });
        }
        super::channel::known_workgroup(r, key, to);
        Some(Line {
            workgroup: to.to_owned(),
            queue: None,
        })
    }
}

impl Queue {
    fn read(r: &mut Reader, all: &[BareJid]) -> Option<Self> {
        let name = r.need::<QueueName>("name").map(|QueueName(name)| name);
        let agents: Vec<BareJid> = r.list("agents").unwrap_or_default();
        for (place, agent) in agents.iter().enumerate() {
            if !all.contains(agent) {
                let given = agent.to_string();
                r.complain(&format!("agents[{place}]"), What::NoSuchAgent { given });
            }
        }
        Some(Self {
            name: name?,
            agents,
        })
    }
}

/// A name that can stand as the resource of the workgroup's address.
struct QueueName(String);

impl Value for QueueName {
    const EXPECTED: &'static str =
        "a name that can be the resource of an XMPP address, other than \"Default Queue\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let usual = text.trim().eq_ignore_ascii_case("default queue");
        match ResourcePart::new(text) {
            Ok(part) if !usual && part.as_str() == text && !text.contains('/') => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}

impl Rule {
    fn read(r: &mut Reader, places: &Places<'_>) -> Option<Self> {
        let field: Option<String> = r.need("field");
        let tests = [
            r.maybe("equals").map(Test::Equals),
            r.maybe("contains").map(Test::Contains),
            r.maybe::<Regex>("matches")
                .map(|Regex(text)| Test::Matches(text)),
        ];
        let mut tests = tests.into_iter().flatten();
        let test = tests.next();
        if tests.next().is_some() {
            r.complain("field", What::OneTest);
        } else if test.is_none() && !r.has("matches") {
            r.complain("equals", What::Missing);
        }
        let to: Option<String> = r.need("to");
        let to = to.and_then(|to| places.find(r, "to", &to));
        Some(Self {
            field: field?,
            test: test?,
            to: to?,
        })
    }
}

struct Regex(String);

impl Value for Regex {
    const EXPECTED: &'static str = "a regular expression";

    fn from_text(text: &str) -> Result<Self, What> {
        match regex_lite::Regex::new(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(_) => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}

impl Hours {
    fn read(r: &mut Reader) -> Self {
        const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let week = DAYS.map(|day| {
            let shifts = r.list::<Shift>(day).unwrap_or_default();
            shifts
                .into_iter()
                .map(|Shift(from, to)| (from, to))
                .collect()
        });
        let holidays = r.list::<Holiday>("holidays").unwrap_or_default();
        Self {
            zone: r.or("time_zone", TimeZone::UTC),
            week,
            holidays: holidays.into_iter().map(|Holiday(day)| day).collect(),
            closed_text: r.maybe("closed_text"),
        }
    }
}

/// Minutes since midnight, from and to.
struct Shift(u16, u16);

impl Value for Shift {
    const EXPECTED: &'static str = "hours such as \"09:00-12:30\"";

    fn from_text(text: &str) -> Result<Self, What> {
        let bad = || What::Malformed {
            expected: Self::EXPECTED,
            given: text.to_owned(),
        };
        let (from, to) = text.split_once('-').ok_or_else(bad)?;
        let (from, to) = (minute(from).ok_or_else(bad)?, minute(to).ok_or_else(bad)?);
        // From midnight to midnight is a whole day; no other shift lasts as long.
        if from >= 24 * 60 || from == to {
            return Err(bad());
        }
        Ok(Self(from, to))
    }
}

fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let at = hour * 60 + minute;
    (minute < 60 && at <= 24 * 60).then_some(at)
}

/// A day, in one year or in every year.
struct Holiday((Option<i16>, i8, i8));

impl Value for Holiday {
    const EXPECTED: &'static str = "a day such as \"2026-12-24\", or \"12-25\" for every year";

    fn from_text(text: &str) -> Result<Self, What> {
        // A leap year has every day.
        let yearly = text.len() == 5;
        let full = if yearly {
            format!("2024-{text}")
        } else {
            text.to_owned()
        };
        match Date::strptime("%Y-%m-%d", &full) {
            Ok(date) => {
                let year = (!yearly).then(|| date.year());
                Ok(Self((year, date.month(), date.day())))
            }
            Err(_) => Err(What::Malformed {
                expected: Self::EXPECTED,
                given: text.to_owned(),
            }),
        }
    }
}
