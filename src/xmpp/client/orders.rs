//! From an order to stanzas.

use crate::ids::Timestamp;
use crate::users::{Done, Order, QueueState, Show, UserError};

use super::{Act, Client, Reply, text};

impl Client {
    /// Carries out an order; the answer comes as an [`Act`], now or later.
    pub fn order(&mut self, now: Timestamp, order: Order, reply: Reply) -> Vec<Act> {
        self.now = now;
        if !self.connected && needs_connection(&order) {
            self.answer(Some(reply), Err(UserError::NotConnected));
            return self.drain();
        }
        match &mut self.early {
            Some(early) if about_contacts(&order) => early.push((order, reply)),
            _ => self.begin(order, reply),
        }
        self.drain()
    }

    /// Carries out what had to wait for the contact list.
    pub(super) fn list_is_there(&mut self) {
        for (order, reply) in self.early.take().unwrap_or_default() {
            self.begin(order, reply);
        }
    }

    /// Refuses what had to wait for it.
    pub(super) fn fail_early(&mut self, problem: &UserError) {
        if let Some(early) = &mut self.early {
            for (_, reply) in std::mem::take(early) {
                self.out.push(Act::Answer(reply, Err(problem.clone())));
            }
        }
    }

    fn begin(&mut self, order: Order, reply: Reply) {
        if let Err((problem, reply)) = self.talk(order, reply) {
            self.answer(Some(reply), Err(problem));
        }
    }

    /// People: presence, words, contacts.
    fn talk(&mut self, order: Order, reply: Reply) -> Result<(), (UserError, Reply)> {
        match order {
            Order::Presence { show, status } => {
                self.show_presence(show, status);
                self.answer(Some(reply), Ok(Done::Nothing));
            }
            Order::Message { to, message } => {
                let sent = self.say(&to, "chat", message);
                self.answer(Some(reply), sent);
            }
            Order::ChatState { to, state } => {
                let sent = self.say_state(&to, state);
                self.answer(Some(reply), sent);
            }
            Order::Raw(xml) => {
                let sent = self.say_raw(&xml);
                self.answer(Some(reply), sent);
            }
            Order::Contacts => {
                let contacts = self.contacts_shown();
                self.answer(Some(reply), Ok(Done::Contacts(contacts)));
            }
            Order::Requests => {
                let requests = self.requests_shown();
                self.answer(Some(reply), Ok(Done::Requests(requests)));
            }
            Order::AddContact(wish) => self.write_contact(wish, true, reply),
            Order::UpdateContact(wish) => self.write_contact(wish, false, reply),
            Order::RemoveContact(jid) => self.remove_contact(&jid, reply),
            Order::SearchUsers(words) => self.search_users(&words, reply),
            other => return self.visit(other, reply),
        }
        Ok(())
    }

    /// Rooms and what was said.
    fn visit(&mut self, order: Order, reply: Reply) -> Result<(), (UserError, Reply)> {
        match order {
            Order::Rooms { service, search } => self.list_rooms(&service, search, reply),
            Order::OwnRooms => self.list_own_rooms(reply),
            Order::Room(room) => self.look_at_room(&room, reply),
            Order::Affiliated { room, affiliation } => {
                self.list_affiliated(&room, affiliation, reply);
            }
            Order::Occupants(room) => self.list_occupants(&room, reply),
            Order::RoomHistory(room) => self.read_room(&room, reply),
            Order::Join {
                room,
                nick,
                password,
            } => self.enter(&room, (nick, password), reply),
            Order::Leave(room) => {
                let left = self.leave(&room);
                self.answer(Some(reply), left);
            }
            Order::Post { room, message } => {
                let sent = self.post(&room, message);
                self.answer(Some(reply), sent);
            }
            Order::Invite { room, whom, reason } => {
                let invited = self.invite(&room, &whom, reason.as_deref());
                self.answer(Some(reply), invited);
            }
            Order::History(wish) => self.read_archive(wish, reply),
            other => return self.serve(other, reply),
        }
        Ok(())
    }

    /// Workgroups, and places for files.
    fn serve(&mut self, order: Order, reply: Reply) -> Result<(), (UserError, Reply)> {
        match order {
            Order::Workgroups => self.list_workgroups(reply),
            Order::Serve(workgroup) => self.go_on_duty(&workgroup, reply),
            Order::StopServing(workgroup) => {
                let done = self.go_off_duty(&workgroup);
                self.answer(Some(reply), done);
            }
            Order::Queues => {
                let queues = self.desks.values().filter(|desk| desk.is_open());
                let queues: Vec<QueueState> = queues.map(|desk| desk.queue.clone()).collect();
                self.answer(Some(reply), Ok(Done::Queues(queues)));
            }
            Order::Offers => {
                let mut offers: Vec<_> = self.offers.values().cloned().collect();
                offers.sort_by_key(|pending| pending.at);
                self.answer(Some(reply), Ok(Done::Offers(offers)));
            }
            Order::AnswerOffer {
                id,
                workgroup,
                accept,
            } => self.answer_offer((&id, workgroup.as_deref()), accept, reply),
            Order::Slot(wish) => {
                let acts = self.uploads.want(self.now, (None, wish), reply);
                self.out.extend(acts);
            }
            // Properties are not a matter of the client: whoever owns it keeps them.
            _ => return Err((UserError::Unsupported("properties"), reply)),
        }
        Ok(())
    }

    /// Shows the user so to all.
    pub(super) fn show_presence(&mut self, show: Show, status: Option<String>) {
        let shown = (show, status.filter(|status| !status.is_empty()));
        let stanza = text::presence(&shown);
        if show == Show::Offline {
            self.leave_all();
            self.shown = None;
        } else {
            self.shown = Some(shown);
        }
        self.out.push(Act::Changed);
        if !self.connected {
            return;
        }
        self.send(stanza);
        if show == Show::Offline {
            // What comes meanwhile is in the archive only.
            self.catch_up_anew();
        } else {
            self.catch_up();
            self.show_to_rooms();
            self.show_to_desks();
        }
    }
}

fn about_contacts(order: &Order) -> bool {
    matches!(
        order,
        Order::Contacts | Order::AddContact(_) | Order::UpdateContact(_) | Order::RemoveContact(_)
    )
}

fn needs_connection(order: &Order) -> bool {
    !matches!(
        order,
        Order::Presence { .. } | Order::Contacts | Order::Requests | Order::Queues | Order::Offers
    )
}
