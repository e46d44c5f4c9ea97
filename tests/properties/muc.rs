//! The outside of the rooms: a chat service behind a link that may be lost at any moment, with
//! everything that was on its way.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use warmline::bridge::{Input, RoomEvent, RoomOrder, Spoken};
use warmline::conversation::Words;
use warmline::ids::{AgentJid, ConversationId, MessageId};

/// Who said something in a room.
#[derive(Clone, Debug)]
pub enum By {
    Us(MessageId),
    Them(AgentJid),
}

/// Something that was said in a room.
#[derive(Clone, Debug)]
pub struct Item {
    pub key: String,
    pub by: By,
    pub text: String,
}

/// A room, and what was said in it since it was made.
#[derive(Debug, Default)]
pub struct Room {
    pub exists: bool,
    joined: bool,
    members: BTreeSet<AgentJid>,
    pub inside: BTreeSet<AgentJid>,
    pub log: Vec<Item>,
}

/// All rooms, and what is on its way to them and from them.
#[derive(Debug, Default)]
pub struct Muc {
    pub rooms: BTreeMap<ConversationId, Room>,
    /// The logs of rooms that were lost or destroyed, in their order.
    pub former: Vec<(ConversationId, Vec<Item>)>,
    to_rooms: VecDeque<(ConversationId, RoomOrder)>,
    to_us: VecDeque<Input>,
    up: bool,
    ill: bool,
    /// Rooms that could not be had: the adapter tries them again by itself.
    wanted: BTreeSet<ConversationId>,
    keys: u32,
}

impl Muc {
    pub fn link(&mut self, up: bool) {
        self.up = up;
        self.to_rooms.clear();
        self.to_us.clear();
        self.wanted.clear();
        for room in self.rooms.values_mut() {
            room.joined = false;
        }
    }

    pub fn order(&mut self, id: ConversationId, order: RoomOrder) {
        if self.up {
            self.to_rooms.push_back((id, order));
        }
    }

    /// The next thing that reaches us.
    pub fn hear(&mut self) -> Option<Input> {
        self.to_us.pop_front()
    }

    /// The service carries out the next order. Tells whether there was one.
    pub fn carry(&mut self) -> bool {
        let Some((id, order)) = self.to_rooms.pop_front() else {
            return false;
        };
        match order {
            RoomOrder::Open(plan) => {
                let room = self.rooms.entry(id.clone()).or_default();
                room.members.extend(plan.members);
                let guest = plan.in_person.as_deref().and_then(AgentJid::parse);
                room.members.extend(guest);
                self.open(&id);
            }
            RoomOrder::Invite { agent, .. } => {
                let room = self.rooms.entry(id).or_default();
                room.members.insert(agent);
            }
            RoomOrder::Say {
                id: line, words, ..
            } => self.say(&id, line, &words),
            RoomOrder::Remove(agent) => {
                if let Some(room) = self.rooms.get_mut(&id) {
                    room.members.remove(&agent);
                }
                self.leave(&agent, &id);
            }
            RoomOrder::Close { .. } => {
                self.bury(&id);
                self.wanted.remove(&id);
                self.tell(&id, RoomEvent::Gone);
            }
            RoomOrder::Whisper { .. } | RoomOrder::Empower(_) => {}
        }
        true
    }

    fn tell(&mut self, id: &ConversationId, event: RoomEvent) {
        if self.up {
            self.to_us.push_back(Input::Room {
                conversation: id.clone(),
                event,
            });
        }
    }

    fn open(&mut self, id: &ConversationId) {
        if self.ill {
            self.wanted.insert(id.clone());
            self.tell(id, RoomEvent::Unavailable);
            return;
        }
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        let fresh = !room.exists;
        room.exists = true;
        room.joined = true;
        let missed: Vec<RoomEvent> = room.log.iter().map(as_event).collect();
        let inside = room.inside.iter().cloned();
        let inside = inside.map(|agent| (agent.clone(), nick(&agent))).collect();
        for event in missed {
            self.tell(id, event);
        }
        self.tell(id, RoomEvent::Ready { fresh, inside });
    }

    /// The service falls ill or recovers: rooms can or cannot be had.
    pub fn set_ill(&mut self, ill: bool) {
        self.ill = ill;
        if !ill {
            for id in std::mem::take(&mut self.wanted) {
                self.open(&id);
            }
        }
    }

    fn say(&mut self, id: &ConversationId, line: MessageId, words: &Words) {
        let joined = self.rooms.get(id).is_some_and(|room| room.joined);
        if !joined {
            return;
        }
        if words.text.starts_with('✗') {
            self.tell(id, RoomEvent::Rejected { id: line });
            return;
        }
        self.add(id, By::Us(line), words.text.clone());
    }

    fn add(&mut self, id: &ConversationId, by: By, text: String) {
        self.keys += 1;
        let key = format!("key-{}", self.keys);
        let item = Item { key, by, text };
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        let event = as_event(&item);
        room.log.push(item);
        if room.joined {
            self.tell(id, event);
        }
    }

    pub fn speak(&mut self, agent: &AgentJid, id: &ConversationId, text: String) {
        let inside = |room: &Room| room.exists && room.inside.contains(agent);
        if self.rooms.get(id).is_some_and(inside) {
            self.add(id, By::Them(agent.clone()), text);
        }
    }

    /// Tells whether the agent could enter, and had not.
    pub fn enter(&mut self, agent: &AgentJid, id: &ConversationId) -> bool {
        let Some(room) = self.rooms.get_mut(id) else {
            return false;
        };
        if !room.exists || !room.members.contains(agent) || !room.inside.insert(agent.clone()) {
            return false;
        }
        if room.joined {
            let (agent, nick) = (agent.clone(), nick(agent));
            self.tell(id, RoomEvent::Entered { agent, nick });
        }
        true
    }

    pub fn leave(&mut self, agent: &AgentJid, id: &ConversationId) {
        let Some(room) = self.rooms.get_mut(id) else {
            return;
        };
        if room.inside.remove(agent) && room.joined {
            let agent = agent.clone();
            self.tell(id, RoomEvent::Left { agent });
        }
    }

    pub fn decline(&mut self, agent: &AgentJid, id: &ConversationId) {
        let invited = |room: &Room| room.exists && room.members.contains(agent);
        if self.rooms.get(id).is_some_and(invited) {
            let agent = agent.clone();
            self.tell(id, RoomEvent::Declined { agent });
        }
    }

    /// The service loses a room, as after a restart that kept none.
    pub fn vanish(&mut self, id: &ConversationId) {
        let joined = self.rooms.get(id).is_some_and(|room| room.joined);
        self.bury(id);
        if joined {
            self.tell(id, RoomEvent::Gone);
        }
    }

    fn bury(&mut self, id: &ConversationId) {
        if let Some(room) = self.rooms.get_mut(id) {
            let log = std::mem::take(&mut room.log);
            self.former.push((id.clone(), log));
            *room = Room {
                members: std::mem::take(&mut room.members),
                ..Room::default()
            };
        }
    }

    /// What was said in all rooms that a conversation had, room by room.
    pub fn logs_of(&self, id: &ConversationId) -> Vec<&[Item]> {
        let former = self.former.iter().filter(|(of, _)| of == id);
        let former = former.map(|(_, log)| log.as_slice());
        let last = self.rooms.get(id).map(|room| room.log.as_slice());
        former.chain(last).collect()
    }
}

fn nick(agent: &AgentJid) -> String {
    agent.local().to_owned()
}

fn as_event(item: &Item) -> RoomEvent {
    let key = item.key.clone();
    match &item.by {
        By::Us(id) => RoomEvent::Reflected {
            id: id.clone(),
            key,
        },
        By::Them(agent) => RoomEvent::Spoken(Spoken {
            // Clients choose ids as they like; all of these choose alike.
            id: Some(MessageId::new("1")),
            key,
            nick: nick(agent),
            agent: Some(agent.clone()),
            words: Words::text(item.text.clone()),
        }),
    }
}
