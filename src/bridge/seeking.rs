//! Requests that somebody else's workgroup serves: a place in its line is sought and held.

use crate::conversation::{Away, ClosedBy, Conversation, Notice, Parting, PlaceTold, Stage};
use crate::ids::{ConversationId, Timestamp, WorkgroupName};
use crate::workgroup::Elsewhere;

use super::patience::SHORTEST_WAIT;
use super::{Answer, AwayEvent, AwayOrder, Bridge, Effect, SeekHow, SeekPlan};

impl Bridge {
    /// Whose a workgroup is, where it is not ours.
    pub(super) fn elsewhere(&self, workgroup: &WorkgroupName) -> Option<&Elsewhere> {
        let policy = self.policy.workgroups.get(&workgroup.home())?;
        policy.elsewhere.as_ref()
    }

    pub(super) fn openness(&mut self, workgroup: WorkgroupName, open: bool) -> Answer {
        let news = match open {
            true => self.open_elsewhere.insert(workgroup.clone()),
            false => self.open_elsewhere.remove(&workgroup),
        };
        if news {
            self.step.queues.insert(workgroup);
        }
        Answer::Done
    }

    pub(super) fn away(&mut self, now: Timestamp, id: &ConversationId, event: AwayEvent) -> Answer {
        match event {
            AwayEvent::Parted(parting) => self.parted(id, &parting),
            AwayEvent::Invited { room, workgroup } => self.invited_away(now, id, (room, workgroup)),
            AwayEvent::Room { room, event } => {
                let stay = self.conversations.get(id).and_then(Conversation::stay);
                if stay.is_some_and(|stay| stay.room == room) {
                    self.in_their_room(now, id, event);
                }
            }
            in_line if self.is_seeking(id) => self.in_their_line(now, id, in_line),
            // It came too late to mean anything.
            _ => {}
        }
        Answer::Done
    }

    fn is_seeking(&self, id: &ConversationId) -> bool {
        let away = self.conversations.get(id).and_then(Conversation::away);
        away.is_some_and(|away| away.stay.is_none())
    }

    fn in_their_line(&mut self, now: Timestamp, id: &ConversationId, event: AwayEvent) {
        let Some(away) = self.away_of(id) else {
            return;
        };
        match event {
            AwayEvent::Placed {
                session,
                place,
                seconds,
            } => {
                let news = away.session.as_ref() != Some(&session) || away.firm;
                away.session = Some(session);
                away.place = Some((place, seconds));
                away.firm = false;
                if news {
                    self.step.queues.extend(self.workgroup_of(id));
                    self.touch(id);
                }
                self.tell_their_place(now, id);
                self.step.stirred.insert(id.clone());
            }
            AwayEvent::NotIn { closed: true } if away.firm => self.nobody_takes(now, id),
            AwayEvent::NotIn { .. } | AwayEvent::Dropped { wanted: false } => {
                let had = away.session.take().is_some();
                away.place = None;
                if had {
                    self.step.queues.extend(self.workgroup_of(id));
                    self.touch(id);
                }
            }
            AwayEvent::Dropped { wanted: true } => {
                away.session = None;
                self.nobody_takes(now, id);
            }
            _ => {}
        }
    }

    pub(super) fn workgroup_of(&self, id: &ConversationId) -> Option<WorkgroupName> {
        Some(self.conversations.get(id)?.workgroup.clone())
    }

    /// Nobody will take the visitor: that is told, and it ends.
    fn nobody_takes(&mut self, now: Timestamp, id: &ConversationId) {
        self.tell_visitor(now, id, Notice::NobodyCame);
        self.close(now, id, ClosedBy::NobodyCame);
    }

    /// A request that somebody else's workgroup is to serve goes there.
    pub(super) fn go_away(&mut self, now: Timestamp, id: &ConversationId, firm: bool) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let ends = match &conversation.stage {
            Stage::Waiting { ends, .. } => *ends,
            _ => false,
        };
        let away = Away {
            since: now,
            until: self.patience_of(now, &conversation.workgroup),
            told: false,
            ends,
            firm,
            session: None,
            place: None,
            place_told: None,
            rooms: 0,
            stay: None,
        };
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.stage = Stage::Away(Box::new(away));
        }
        self.seek_elsewhere(now, id, SeekHow::New);
    }

    /// When a wait that begins now is over.
    pub(super) fn patience_of(&self, now: Timestamp, line: &WorkgroupName) -> Option<Timestamp> {
        let policy = self.policy.workgroups.get(line);
        let wait = policy.and_then(|policy| policy.request_timeout);
        wait.map(|wait| now.plus(wait.max(SHORTEST_WAIT)))
    }

    /// Asks for a place where the workgroup is now. Nothing is asked for while the link is down:
    /// when it comes back, all places are.
    pub(super) fn seek_elsewhere(&mut self, now: Timestamp, id: &ConversationId, how: SeekHow) {
        self.touch(id);
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let Some(elsewhere) = self.elsewhere(&conversation.workgroup) else {
            return self.come_home(now, id);
        };
        let Some(away) = conversation.away().filter(|_| self.linked) else {
            return;
        };
        let plan = SeekPlan {
            workgroup: conversation.workgroup.clone(),
            address: elsewhere.address.clone(),
            pseudonym: id.pseudonym(),
            brief: conversation.brief.clone(),
            session: away.session.clone(),
            how,
        };
        let order = AwayOrder::Seek(Box::new(plan));
        self.emit(Effect::Away(id.clone(), order));
    }

    /// The workgroup is ours now, or none any more.
    fn come_home(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let Some(away) = conversation.away() else {
            return;
        };
        conversation.stage = Stage::Waiting {
            told: away.told,
            ends: away.ends,
            place: None,
        };
        self.back_in_line(now, id);
    }

    /// Tells a visitor who waits the place in the line, as the channel wants it.
    pub(super) fn tell_their_place(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let every = conversation.manners.place_every;
        let Some(away) = conversation.away_mut() else {
            return;
        };
        let (Some(every), Some((place, seconds))) = (every, away.place) else {
            return;
        };
        let due = |told: PlaceTold| told.place != place && told.at.plus(every) <= now;
        if !away.place_told.is_none_or(due) {
            return;
        }
        away.place_told = Some(PlaceTold { place, at: now });
        self.touch(id);
        let notice = Notice::Place {
            place,
            wait_seconds: Some(seconds),
        };
        self.tell_visitor(now, id, notice);
    }

    /// When something is next due of a conversation that is served elsewhere.
    pub(super) fn away_due(&self, conversation: &Conversation, away: &Away) -> Option<Timestamp> {
        if let Some(stay) = &away.stay {
            let silence = self.silence_of(conversation);
            return stay.until.into_iter().chain(silence).min();
        }
        let told = away.place_told.zip(conversation.manners.place_every);
        let news = |told: &PlaceTold| away.place.is_some_and(|(place, _)| place != told.place);
        let told = told.filter(|(told, _)| news(told));
        let place = told.map(|(told, every)| told.at.plus(every));
        place.into_iter().chain(away.until).min()
    }

    pub(super) fn away_rang(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(away) = self.conversations.get(id).and_then(Conversation::away) else {
            return;
        };
        if away.stay.is_some() {
            return self.stay_rang(now, id);
        }
        if away.until.is_some_and(|until| until <= now) {
            return self.nobody_came_there(now, id);
        }
        self.tell_their_place(now, id);
    }

    /// Nobody took the visitor in time. Fastpath may go on for ever without an offer
    /// (fastpath-protocol §13.3): who waits on stands in the line anew.
    pub(super) fn nobody_came_there(&mut self, now: Timestamp, id: &ConversationId) {
        let Some(workgroup) = self.workgroup_of(id) else {
            return;
        };
        let until = self.patience_of(now, &workgroup);
        let Some(away) = self.away_of(id) else {
            return;
        };
        let first = !std::mem::replace(&mut away.told, true);
        if away.ends {
            return self.nobody_takes(now, id);
        }
        away.until = until;
        away.session = None;
        if first {
            self.tell_visitor(now, id, Notice::NobodyCame);
        }
        self.seek_elsewhere(now, id, SeekHow::Again);
    }

    /// The conversation is over: its places are given up.
    pub(super) fn part_for_good(&mut self, id: &ConversationId) {
        let Some(conversation) = self.conversations.get(id) else {
            return;
        };
        let Some(away) = conversation.away() else {
            return;
        };
        let parting = match (&away.stay, self.elsewhere(&conversation.workgroup)) {
            (Some(stay), _) => Some(Parting::Room {
                room: stay.room.clone(),
                nick: stay.nick.clone(),
            }),
            (None, elsewhere) => elsewhere.map(|elsewhere| Parting::Line {
                address: elsewhere.address.clone(),
            }),
        };
        if let Some(parting) = parting {
            self.part(id, parting);
        }
    }

    /// Gives a place up, which is remembered until it is done.
    pub(super) fn part(&mut self, id: &ConversationId, parting: Parting) {
        if let Some(conversation) = self.conversations.get_mut(id) {
            conversation.partings.push(parting.clone());
            self.touch(id);
            self.emit(Effect::Away(id.clone(), AwayOrder::Part(parting)));
        }
    }

    fn parted(&mut self, id: &ConversationId, parting: &Parting) {
        let Some(conversation) = self.conversations.get_mut(id) else {
            return;
        };
        let before = conversation.partings.len();
        conversation.partings.retain(|other| other != parting);
        if conversation.partings.len() != before {
            self.touch(id);
            self.forget_if_done(id);
        }
    }

    /// Everything is asserted anew: the link is back.
    pub(super) fn assert_away(&mut self, now: Timestamp) {
        let all = self.conversations.iter();
        let away = all.filter(|(_, one)| one.away().is_some() || !one.partings.is_empty());
        let ids: Vec<ConversationId> = away.map(|(id, _)| id.clone()).collect();
        for id in ids {
            let Some(conversation) = self.conversations.get(&id) else {
                continue;
            };
            for parting in conversation.partings.clone() {
                self.emit(Effect::Away(id.clone(), AwayOrder::Part(parting)));
            }
            if self.is_seeking(&id) {
                self.seek_elsewhere(now, &id, SeekHow::Resume);
            } else {
                self.assert_stay(now, &id);
            }
        }
    }

    /// The rules changed: places in lines that are no more what they were are given up.
    pub(super) fn leave_their_lines(&mut self, now: Timestamp, former: &[(WorkgroupName, String)]) {
        for (name, address) in former {
            let now_there = self.elsewhere(name).map(|elsewhere| &elsewhere.address);
            if now_there == Some(address) {
                continue;
            }
            let all = self.conversations.values();
            let ids: Vec<ConversationId> = all
                .filter(|one| one.workgroup == *name && self.is_seeking(&one.id))
                .map(|one| one.id.clone())
                .collect();
            for id in ids {
                let address = address.clone();
                self.part(&id, Parting::Line { address });
                self.seek_elsewhere(now, &id, SeekHow::New);
            }
        }
    }
}
