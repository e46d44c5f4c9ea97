//! Who is told the place in the line, and when: at once near the front, seldom far behind, and never
//! all at once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crate::bridge::{PlaceView, QueueView};
use crate::ids::{Timestamp, VisitorToken, WorkgroupName};
use crate::xmpp::fastpath::Joined;
use crate::xmpp::out::Out;

use super::{Agents, Then};

/// Who stands behind this place is told of each step at most this often: a long line that moves
/// would otherwise fill the link.
const FAR: u32 = 50;
const FAR_PAUSE: Duration = Duration::from_secs(10);
/// So many of those who stand there are told at one time, and the next ones after a pause: what
/// waits for the socket has a bound, and offers go over the same link.
const FAR_AT_ONCE: usize = 1_000;
const PAUSE: Duration = Duration::from_secs(1);

/// A place that a visitor was told, and when.
#[derive(Debug)]
struct Told {
    line: WorkgroupName,
    last: Option<(u32, Timestamp)>,
}

/// Which places visitors were told.
#[derive(Debug, Default)]
pub(super) struct Places {
    told: HashMap<VisitorToken, Told>,
    /// Those whose request is not answered yet: the answer tells the place.
    joining: HashSet<VisitorToken>,
    /// When a line is looked at again for those who could not be told yet.
    due: BTreeMap<WorkgroupName, Timestamp>,
}

/// Whether a visitor is told a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    Old,
    Now,
    /// Not before this.
    Later(Timestamp),
}

impl Places {
    fn news(&self, now: Timestamp, who: &VisitorToken, at: (&WorkgroupName, u32)) -> News {
        let (line, place) = at;
        if self.joining.contains(who) {
            return News::Old;
        }
        let told = self.told.get(who);
        let last = told.and_then(|told| Some((&told.line, told.last?)));
        match last {
            Some((former, (told, _))) if (former, told) == (line, place) => News::Old,
            Some((_, (_, at))) if place > FAR && now.since(at) < FAR_PAUSE => {
                News::Later(at.plus(FAR_PAUSE))
            }
            _ => News::Now,
        }
    }

    fn note(&mut self, who: &VisitorToken, line: &WorkgroupName, last: Option<(u32, Timestamp)>) {
        let line = line.clone();
        self.told.insert(who.clone(), Told { line, last });
    }

    /// A visitor is told this place now, whatever was told before.
    pub fn told(&mut self, now: Timestamp, who: &Joined, (line, place): (&WorkgroupName, u32)) {
        self.note(&who.token(), line, Some((place, now)));
    }

    pub fn joins(&mut self, who: &Joined) {
        self.joining.insert(who.token());
    }

    pub fn joined(&mut self, who: &Joined) {
        self.joining.remove(&who.token());
    }

    pub fn forget(&mut self, who: &Joined) {
        self.told.remove(&who.token());
    }

    /// Whether this client waits in a workgroup, as far as is known.
    pub fn waits(&self, who: &Joined) -> bool {
        self.told.contains_key(&who.token())
    }

    /// The visitors of a line who are to be told their places now, and these. They count as told,
    /// who is not in the line any more is forgotten, and the rest is told when it is due.
    fn take_news<'a>(
        &mut self,
        now: Timestamp,
        line: &WorkgroupName,
        waiting: impl Iterator<Item = (u32, &'a VisitorToken)>,
    ) -> Vec<(u32, &'a VisitorToken)> {
        let (mut news, mut far, mut next) = (Vec::new(), 0, None::<Timestamp>);
        let mut there = HashSet::new();
        for (place, who) in waiting {
            there.insert(who);
            let mut found = self.news(now, who, (line, place));
            if found == News::Now && place > FAR {
                far += 1;
                if far > FAR_AT_ONCE {
                    found = News::Later(now.plus(PAUSE));
                }
            }
            match found {
                News::Old => {}
                News::Now => {
                    self.note(who, line, Some((place, now)));
                    news.push((place, who));
                }
                News::Later(at) => {
                    next = Some(next.map_or(at, |next| next.min(at)));
                    if !self.told.contains_key(who) {
                        self.note(who, line, None);
                    }
                }
            }
        }
        self.told
            .retain(|who, told| told.line != *line || there.contains(who));
        self.due.remove(line);
        // A whole line that was told at different moments is looked at once a second, not each time.
        let next = next.map(|at| at.max(now.plus(PAUSE)));
        self.due.extend(next.map(|at| (line.clone(), at)));
        news
    }

    /// The lines in which somebody is to be told a place by now.
    pub fn due(&mut self, now: Timestamp) -> Vec<WorkgroupName> {
        let due = self.due.iter().filter(|(_, at)| **at <= now);
        let due: Vec<WorkgroupName> = due.map(|(line, _)| line.clone()).collect();
        self.due.retain(|_, at| *at > now);
        due
    }

    /// When that is next.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.due.values().min().copied()
    }
}

impl Agents {
    /// Tells those who wait of their places, where these changed.
    pub(super) fn push_places(&mut self, view: &QueueView) -> Vec<Out<Then>> {
        let waiting = (1_u32..).zip(&view.waiting);
        let here = waiting
            .clone()
            .filter_map(|(place, one)| Some((place, one.in_person.as_ref()?)));
        let news = self.places.take_news(self.now, &view.workgroup, here);
        let mut news = news.into_iter().peekable();
        let mut out = Vec::new();
        for (place, one) in waiting {
            if news.next_if(|(other, _)| *other == place).is_none() {
                continue;
            }
            let Some(joined) = one.in_person.as_ref().and_then(Joined::read) else {
                continue;
            };
            let usual = view.average_wait;
            let view = PlaceView {
                conversation: one.conversation.clone(),
                line: view.workgroup.clone(),
                place,
                usual_wait: (!usual.is_zero()).then_some(usual),
            };
            out.push(self.place_message(&joined, &view));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(name: &str) -> VisitorToken {
        VisitorToken::new(format!("help/{name}@b/c"))
    }

    fn joined(name: &str) -> Joined {
        Joined::read(&token(name)).unwrap()
    }

    fn told(places: &mut Places, now: i64, line: &[(u32, &VisitorToken)]) -> Vec<u32> {
        let help = WorkgroupName::new("help");
        let news = places.take_news(Timestamp(now), &help, line.iter().copied());
        news.into_iter().map(|(place, _)| place).collect()
    }

    #[test]
    fn places_are_news_where_they_changed_and_far_behind_seldom() {
        let mut places = Places::default();
        let (near, far) = (token("near"), token("far"));
        assert_eq!(told(&mut places, 0, &[(2, &near), (900, &far)]), [2, 900]);
        assert_eq!(told(&mut places, 1, &[(2, &near), (900, &far)]), [0; 0]);
        assert_eq!(places.deadline(), None);
        assert_eq!(told(&mut places, 2, &[(1, &near), (899, &far)]), [1]);
        // Also when nothing changes after that.
        assert_eq!(places.deadline(), Some(Timestamp(10_000)));
        assert!(places.due(Timestamp(9_999)).is_empty());
        assert_eq!(places.due(Timestamp(10_000)), [WorkgroupName::new("help")]);
        assert_eq!(told(&mut places, 10_000, &[(1, &near), (899, &far)]), [899]);
        assert_eq!(places.deadline(), None);
        assert_eq!(told(&mut places, 10_001, &[(1, &near)]), [0; 0]);
        assert!(places.waits(&joined("near")) && !places.waits(&joined("far")));
        let other = WorkgroupName::new("other");
        assert!(
            places
                .take_news(Timestamp(10_002), &other, [].into_iter())
                .is_empty()
        );
        assert!(places.waits(&joined("near")));
        assert_eq!(
            places.news(Timestamp(10_002), &near, (&other, 1)),
            News::Now
        );
    }

    #[test]
    fn who_joins_is_told_by_the_answer() {
        let mut places = Places::default();
        let who = token("new");
        places.joins(&joined("new"));
        assert_eq!(told(&mut places, 0, &[(1, &who)]), [0; 0]);
        places.joined(&joined("new"));
        assert_eq!(told(&mut places, 1, &[(1, &who)]), [1]);
    }

    #[test]
    fn a_long_line_is_told_in_parts_and_in_the_end_all_of_it() {
        let mut places = Places::default();
        let all: Vec<VisitorToken> = (0..3_000).map(|n| token(&n.to_string())).collect();
        let line: Vec<(u32, &VisitorToken)> = (1_u32..).zip(&all).collect();
        let near = 50;
        assert_eq!(told(&mut places, 0, &line).len(), near + FAR_AT_ONCE);
        assert!(places.waits(&joined("2999")), "known before being told");
        let mut rest = 0;
        for second in 1..=2 {
            let due = Timestamp(second * 1_000);
            assert_eq!(places.deadline(), Some(due));
            assert_eq!(places.due(due).len(), 1);
            rest += told(&mut places, due.0, &line).len();
        }
        assert_eq!(rest, 3_000 - near - FAR_AT_ONCE);
        assert_eq!(places.deadline(), None);
    }
}
