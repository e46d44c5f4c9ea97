//! When those who watch something are told of it: at once, then at most once a second.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::{Timestamp, WorkgroupName};

/// Between two pushes that go out at once.
pub(super) const COLLEAGUES: Duration = Duration::from_secs(1);
/// A push of a line may wait for 0.4 s (see `later`) and the next one go out at once: so there is a
/// second between any two that an agent gets.
pub(super) const LINES: Duration = Duration::from_millis(1_400);

#[derive(Debug)]
pub(super) struct Pushes {
    pause: Duration,
    /// When each workgroup's watchers may next be told, and whether there is news by then.
    next: BTreeMap<WorkgroupName, (Timestamp, bool)>,
}

impl Pushes {
    /// With this pause between two pushes.
    pub fn new(pause: Duration) -> Self {
        Self {
            pause,
            next: BTreeMap::new(),
        }
    }

    /// There is news of a line; tells whether to push it now.
    pub fn news(&mut self, now: Timestamp, workgroup: &WorkgroupName) -> bool {
        if let Some((at, waiting)) = self.next.get_mut(workgroup)
            && *at > now
        {
            *waiting = true;
            return false;
        }
        self.next
            .insert(workgroup.clone(), (now.plus(self.pause), false));
        true
    }

    /// The lines whose news is due.
    pub fn due(&mut self, now: Timestamp) -> Vec<WorkgroupName> {
        let (mut due, pause) = (Vec::new(), self.pause);
        self.next.retain(|workgroup, (at, waiting)| {
            if *at > now {
                return true;
            }
            let push = *waiting;
            if push {
                due.push(workgroup.clone());
                (*at, *waiting) = (now.plus(pause), false);
            }
            push
        });
        due
    }

    /// When news is next due.
    pub fn deadline(&self) -> Option<Timestamp> {
        let waiting = self.next.values().filter(|(_, waiting)| *waiting);
        waiting.map(|(at, _)| *at).min()
    }

    pub fn forget(&mut self) {
        self.next.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_told_at_once_and_once_more() {
        let (help, sales) = (WorkgroupName::new("help"), WorkgroupName::new("sales"));
        let mut pushes = Pushes::new(LINES);
        assert!(pushes.news(Timestamp(0), &help));
        assert_eq!(pushes.deadline(), None);
        assert!(!pushes.news(Timestamp(1), &help));
        assert!(!pushes.news(Timestamp(900), &help));
        assert!(pushes.news(Timestamp(900), &sales));
        assert_eq!(pushes.deadline(), Some(Timestamp(1_400)));
        assert_eq!(pushes.due(Timestamp(1_399)), []);
        assert_eq!(pushes.due(Timestamp(1_400)), vec![help.clone()]);
        assert!(!pushes.news(Timestamp(2_799), &help));
        assert_eq!(pushes.due(Timestamp(2_800)), [help]);
        assert_eq!(pushes.due(Timestamp(4_200)), []);
        assert_eq!(pushes.deadline(), None);
    }
}
