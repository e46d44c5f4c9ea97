//! Requests go to the line that the rules name, at the hours that the rules name.

use crate::ids::{ConversationId, Timestamp, WorkgroupName};
use crate::workgroup::Request;

use super::{Answer, Bridge, Opening, Refusal};

impl Bridge {
    /// The line that a new request goes to, with the rules of that line.
    pub(super) fn line_for(
        &self,
        now: Timestamp,
        opening: &Opening,
    ) -> Result<WorkgroupName, Answer> {
        let asked = &opening.workgroup;
        if !self.policy.workgroups.contains_key(asked) {
            return Err(Answer::Refused(Refusal::UnknownWorkgroup));
        }
        let line = self.policy.route(asked, &facts(opening));
        if self.is_closed(now, &line) {
            return Err(Answer::Refused(Refusal::NoAgents));
        }
        // A queue without agents of its own waits with its workgroup.
        let theirs = self.elsewhere(&line).is_some();
        let nobody = match theirs {
            true => !self.open_elsewhere.contains(&line),
            false => !self.dispatch.anyone_online(&line.home()),
        };
        // Who comes into a room in person can go there alone.
        let alone = theirs && opening.manners.own_client.is_some();
        if opening.refuse_without_agents && nobody || alone {
            return Err(Answer::Refused(Refusal::NoAgents));
        }
        Ok(line)
    }

    /// Whether the hours of a workgroup say that nobody serves now.
    pub(super) fn is_closed(&self, now: Timestamp, line: &WorkgroupName) -> bool {
        let group = self.policy.workgroups.get(line);
        let hours = group.and_then(|group| group.routing.hours.as_ref());
        hours.is_some_and(|hours| !hours.is_open(now))
    }

    /// A new request in its line.
    pub(super) fn request_for(
        &self,
        now: Timestamp,
        (line, opening): (&WorkgroupName, &Opening),
    ) -> Request {
        let mut request = Request::new(line.clone(), now);
        let policy = self.policy.workgroups.get(line);
        let patience = policy.and_then(|policy| policy.request_timeout);
        request.until = patience.map(|patience| now.plus(patience));
        request.moves_at = self.policy.moves_at(line, now);
        request.place = opening.place;
        let liked = || self.policy.preferred(line, &facts(opening));
        request.wanted = opening.wanted.clone().or_else(liked);
        self.spare_oneself(opening, &mut request);
        request
    }

    /// A request went on to another line by itself.
    pub(super) fn moved(&mut self, id: &ConversationId, from: WorkgroupName, to: WorkgroupName) {
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.workgroup.clone_from(&to);
            self.touch(id);
        }
        self.step.queues.extend([from, to]);
    }

    /// Those who watch a workgroup that opens or closes now are told.
    pub(super) fn mind_the_hours(&mut self, now: Timestamp) {
        if let Some(next) = self.hours_change
            && next.is_none_or(|at| at > now)
        {
            return;
        }
        let groups = self.policy.workgroups.iter();
        let timed = groups.filter_map(|(name, group)| Some((name, group.routing.hours.as_ref()?)));
        let timed: Vec<_> = timed.collect();
        let next = timed.iter().filter_map(|(_, hours)| hours.next_change(now));
        self.hours_change = Some(next.min());
        let names: Vec<WorkgroupName> = timed.iter().map(|(name, _)| (*name).clone()).collect();
        self.step.queues.extend(names);
    }
}

/// What is known of a visitor, as rules look at it.
fn facts(opening: &Opening) -> Vec<(&str, &str)> {
    let question = opening.brief.question.as_deref();
    let facts = opening.brief.facts.iter();
    let facts = facts.map(|(name, value)| (name.as_str(), value.as_str()));
    facts
        .chain(question.map(|text| ("question", text)))
        .collect()
}
