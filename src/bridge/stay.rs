//! Visits to somebody else's rooms: agents known by nickname come and go, words go both ways.

use std::collections::BTreeSet;

use crate::conversation::{Away, ClosedBy, Conversation, Notice, Parting, Stage, Stay};
use crate::ids::{ConversationId, Timestamp};
use crate::workgroup::WorkgroupPolicy;

use super::patience::{LAST_WAIT, SHORTEST_WAIT};
use super::{AwayOrder, Bridge, Effect, Event, SeekHow, StayEvent, StayPlan};

impl Bridge {
    /// An agent has taken the visitor, or somebody invites a visitor whom nobody waits for.
    pub(super) fn invited_away(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (room, workgroup): (String, Option<String>),
    ) {
        let stage = self.conversations.get(id).map(|one| &one.stage);
        let former = match stage {
            Some(Stage::Away(away)) => away.stay.clone(),
            None | Some(Stage::Over { .. }) => return self.excuse(id, room),
            Some(Stage::Waiting { .. } | Stage::Served(_)) => return,
        };
        match former {
            // A repetition.
            Some(former) if former.room == room => return,
            // Two took the same visitor: one of them is with the visitor already.
            Some(former) if !former.helpers.is_empty() => return self.excuse(id, room),
            Some(former) => self.part(id, room_of(&former)),
            None => {}
        }
        let until = self.join_until(now, id);
        let nick = id.pseudonym();
        let asked = self.workgroup_of(id);
        let asked = asked.and_then(|name| Some(self.elsewhere(&name)?.address.clone()));
        let whose = workgroup.or(asked).unwrap_or_default();
        if let Some(away) = self
            .conversations
            .get_mut(id)
            .and_then(Conversation::away_mut)
        {
            away.firm = false;
            away.rooms += 1;
            away.place = None;
            away.stay = Some(Stay::new((room, whose), nick, until));
        }
        self.order_stay(id);
    }

    fn excuse(&mut self, id: &ConversationId, room: String) {
        self.emit(Effect::Away(id.clone(), AwayOrder::Excuse { room }));
    }

    fn order_stay(&mut self, id: &ConversationId) {
        self.touch(id);
        let Some(conversation) = self.conversations.get(id).filter(|_| self.linked) else {
            return;
        };
        let Some(stay) = conversation.stay() else {
            return;
        };
        let plan = StayPlan {
            room: stay.room.clone(),
            nick: stay.nick.clone(),
            workgroup: stay.workgroup.clone(),
            since: conversation.known_since(),
        };
        self.emit(Effect::Away(id.clone(), AwayOrder::Stay(Box::new(plan))));
    }

    pub(super) fn assert_stay(&mut self, now: Timestamp, id: &ConversationId) {
        self.wait_longer_there(now, id);
        self.order_stay(id);
    }

    /// What is known of a conversation's place in somebody else's line or room.
    pub(super) fn away_of(&mut self, id: &ConversationId) -> Option<&mut Away> {
        self.conversations.get_mut(id)?.away_mut()
    }

    /// What is known of a conversation's room at somebody else's.
    pub(super) fn stay_of(&mut self, id: &ConversationId) -> Option<&mut Stay> {
        self.conversations.get_mut(id)?.stay_mut()
    }

    /// While the link is down nobody can come: the wait begins anew.
    fn wait_longer_there(&mut self, now: Timestamp, id: &ConversationId) {
        let (join, back) = (self.join_until(now, id), self.return_until(now, id));
        let Some(stay) = self.stay_of(id) else {
            return;
        };
        stay.ready = false;
        stay.silent_from = now;
        let again = if stay.met { back } else { join };
        stay.until = Some(stay.until.map_or(again, |until| until.max(again)));
        self.touch(id);
    }

    fn join_until(&self, now: Timestamp, id: &ConversationId) -> Timestamp {
        let policy = self.policy_of(id);
        let wait = policy.map_or(LAST_WAIT, |policy| policy.join_timeout);
        now.plus(wait.max(SHORTEST_WAIT))
    }

    fn return_until(&self, now: Timestamp, id: &ConversationId) -> Timestamp {
        let policy = self.policy_of(id);
        let wait = policy.map_or(LAST_WAIT, |policy| policy.agent_return);
        now.plus(wait.max(SHORTEST_WAIT))
    }

    fn policy_of(&self, id: &ConversationId) -> Option<&WorkgroupPolicy> {
        let conversation = self.conversations.get(id)?;
        self.policy.workgroups.get(&conversation.workgroup)
    }

    pub(super) fn in_their_room(&mut self, now: Timestamp, id: &ConversationId, event: StayEvent) {
        match event {
            StayEvent::Ready { nick, inside } => self.stay_ready(now, id, (nick, inside)),
            StayEvent::Unavailable => self.stay_unavailable(now, id),
            StayEvent::Came { nick } => self.helper_came(now, id, nick),
            StayEvent::Went { nick, cut_off } => self.helper_went(now, id, (&nick, cut_off)),
            StayEvent::Spoken(spoken) => self.spoken(now, id, spoken),
            StayEvent::Reflected { id: line, key } => self.reflected_there(id, &line, key),
            StayEvent::Rejected { id: line } => self.line_rejected(now, id, &line),
            StayEvent::Ended => self.stay_ended(now, id),
            StayEvent::Lost => self.stay_lost(now, id),
        }
    }

    fn stay_ready(
        &mut self,
        now: Timestamp,
        id: &ConversationId,
        (nick, inside): (String, Vec<String>),
    ) {
        let back = self.return_until(now, id);
        let Some(stay) = self.stay_of(id) else {
            return;
        };
        stay.ready = true;
        stay.told_to = 0;
        stay.briefing_said = false;
        stay.nick = nick;
        let there: BTreeSet<String> = inside.into_iter().collect();
        if there.is_empty() && !stay.helpers.is_empty() {
            // Whether they went or were cut off nobody saw.
            stay.cut_off = true;
            stay.until = Some(back);
        }
        stay.helpers.retain(|nick| there.contains(nick));
        self.touch(id);
        for nick in there {
            self.helper_came(now, id, nick);
        }
        self.pump(id);
    }

    fn stay_unavailable(&mut self, now: Timestamp, id: &ConversationId) {
        let back = self.return_until(now, id);
        if let Some(stay) = self
            .conversations
            .get_mut(id)
            .and_then(Conversation::stay_mut)
        {
            stay.ready = false;
            stay.briefing_said = false;
            stay.until.get_or_insert(back);
            self.touch(id);
        }
    }

    fn helper_came(&mut self, now: Timestamp, id: &ConversationId, nick: String) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let name = self.public_name(conversation, None, &nick);
        let workgroup = conversation.workgroup.clone();
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Some(away) = conversation.away_mut() else {
            return;
        };
        let waited = now.since(away.since).as_millis();
        let waited = u64::try_from(waited).unwrap_or(u64::MAX);
        let Some(stay) = &mut away.stay else {
            return;
        };
        stay.helpers.insert(nick);
        stay.until = None;
        stay.cut_off = false;
        let first = !std::mem::replace(&mut stay.met, true);
        conversation.course.helper = Some(name);
        self.touch(id);
        if first {
            if let Some(conversation) = self.conversations.get_mut(id) {
                conversation.course.waited.get_or_insert(waited);
            }
            self.happened(Event::Waited(id.clone(), workgroup.clone(), waited));
            self.note_wait(&workgroup, waited);
            self.step.queues.insert(workgroup);
            self.report_taken(now, id);
            self.tell_visitor(now, id, Notice::AgentJoined);
        }
        self.pump(id);
    }

    fn helper_went(&mut self, now: Timestamp, id: &ConversationId, (nick, cut_off): (&str, bool)) {
        let back = self.return_until(now, id);
        let Some(stay) = self.stay_of(id) else {
            return;
        };
        if !stay.helpers.remove(nick) {
            return;
        }
        if stay.helpers.is_empty() {
            stay.cut_off = cut_off;
            stay.until = Some(back);
        }
        self.touch(id);
    }

    /// The other side ended it, if it had begun.
    fn stay_ended(&mut self, now: Timestamp, id: &ConversationId) {
        let stay = self.conversations.get(id).and_then(Conversation::stay);
        if stay.is_some_and(|stay| stay.met) {
            self.close(now, id, ClosedBy::Agent);
        } else {
            self.stay_lost(now, id);
        }
    }

    /// Nobody in the room can be reached: another agent is looked for.
    fn stay_lost(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let again = self.patience_of(now, &conversation.workgroup);
        let Some(away) = self.away_of(id) else {
            return;
        };
        let Some(stay) = away.stay.take() else {
            return;
        };
        away.session = None;
        away.place_told = None;
        if stay.met {
            away.since = now;
            away.until = again;
            away.told = false;
        }
        let late = away.until.is_some_and(|until| until <= now);
        self.part(id, room_of(&stay));
        if stay.met {
            self.tell_visitor(now, id, Notice::AgentLost);
        }
        match late {
            // Somebody accepted, and never came, until the wait was over.
            true => self.nobody_came_there(now, id),
            false => self.seek_elsewhere(now, id, SeekHow::New),
        }
    }

    /// After how much silence it ends.
    pub(super) fn silence_of(&self, conversation: &Conversation) -> Option<Timestamp> {
        let policy = self.policy.workgroups.get(&conversation.workgroup)?;
        let since = conversation.silent_since()?;
        Some(since.plus(policy.idle_close?.max(SHORTEST_WAIT)))
    }

    pub(super) fn stay_rang(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let Some(stay) = conversation.stay() else {
            return;
        };
        let silence = self.silence_of(conversation);
        let silent = silence.is_some_and(|at| at <= now);
        let late = stay.until.is_some_and(|until| until <= now);
        let elsewhere = self.elsewhere(&conversation.workgroup);
        let leaving_ends = elsewhere.is_none_or(|elsewhere| elsewhere.leaving_ends);
        let over = leaving_ends && stay.met && !stay.cut_off && !conversation.has_unheard();
        match stay.ready {
            true if silent => self.close(now, id, ClosedBy::Silence),
            _ if !self.linked => self.wait_longer_there(now, id),
            // Who leaves a room of Fastpath's has ended the talk: there is no other sign of it.
            true if late && over => self.close(now, id, ClosedBy::Agent),
            _ if late => self.stay_lost(now, id),
            _ => {
                let stay = self
                    .conversations
                    .get_mut(id)
                    .and_then(Conversation::stay_mut);
                if let Some(stay) = stay.filter(|_| silent) {
                    stay.silent_from = now;
                    self.touch(id);
                }
            }
        }
    }
}

fn room_of(stay: &Stay) -> Parting {
    Parting::Room {
        room: stay.room.clone(),
        nick: stay.nick.clone(),
    }
}
