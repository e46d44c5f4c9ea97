//! One session, driven as the chat API drives it; what it is told is kept.

use crate::support::wait;
use futures::StreamExt;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use warmline::store::{Change, Put, Store, Table};
use warmline::users::{
    Done, Opened, Order, Outgoing, Reached, Session, Show, Told, UserError, UserEvent, Written,
};

/// A session, and what it was told.
pub struct Person {
    pub session: Arc<dyn Session>,
    /// Events, and whether a test has taken them.
    told: Arc<Mutex<Vec<(UserEvent, bool)>>>,
    runtime: Handle,
}

impl Person {
    pub fn new(opened: Opened, (runtime, store): (Handle, Arc<dyn Store>)) -> Person {
        let told = Arc::new(Mutex::new(Vec::new()));
        let (into, mut news) = (told.clone(), opened.events);
        // As the chat API: what is told is stored, and let go of in one.
        runtime.spawn(async move {
            while let Some(told) = news.next().await {
                let Told {
                    events,
                    held,
                    reached,
                } = told;
                let events = events.into_iter().map(|event| (event, false));
                into.lock().unwrap().extend(events);
                let gone = held.map(|held| Change::Delete {
                    table: Table::Waiting,
                    group: held.username,
                    key: held.key,
                });
                let changes: Vec<Change> = gone.into_iter().chain(reached.map(place)).collect();
                if !changes.is_empty() {
                    store.commit(changes).await.expect("a commit");
                }
            }
        });
        Person {
            session: opened.session,
            told,
            runtime,
        }
    }

    pub fn jid(&self) -> String {
        self.session.jid()
    }

    pub fn bare(&self) -> String {
        self.jid().split('/').next().unwrap().to_owned()
    }

    pub fn attempt(&self, order: Order) -> Result<Done, UserError> {
        self.runtime.block_on(self.session.carry_out(order))
    }

    pub fn order(&self, order: Order) -> Done {
        let shown = format!("{order:?}");
        self.attempt(order)
            .unwrap_or_else(|error| panic!("{}: {shown}: {error}", self.jid()))
    }

    pub fn show(&self, show: Show) {
        let status = Some("hello".to_owned());
        self.order(Order::Presence { show, status });
    }

    pub fn say(&self, to: &str, text: &str) {
        let to = to.to_owned();
        let message = words(text);
        self.order(Order::Message { to, message });
    }

    pub fn join(&self, room: &str) {
        self.order(Order::Join {
            room: room.to_owned(),
            nick: None,
            password: None,
        });
        self.wait("being in the room", |event| match event {
            UserEvent::Joined { room: which, .. } => (which == room).then_some(()),
            _ => None,
        });
    }

    pub fn post(&self, room: &str, text: &str) {
        let room = room.to_owned();
        let message = words(text);
        self.order(Order::Post { room, message });
    }

    pub fn close(&self) {
        self.runtime.block_on(self.session.close());
    }

    /// Waits for the first event not yet taken that gives something, and takes it.
    pub fn wait<T>(&self, what: &str, pick: impl Fn(&UserEvent) -> Option<T>) -> T {
        let found = wait::poll(wait::SOON, || {
            let mut told = self.told.lock().unwrap();
            let fresh = told.iter_mut().filter(|(_, taken)| !taken);
            fresh.into_iter().find_map(|(event, taken)| {
                let found = pick(event)?;
                *taken = true;
                Some(found)
            })
        });
        found.unwrap_or_else(|| panic!("{}: never: {what}: {:#?}", self.jid(), self.events()))
    }

    /// Everything that it was told, but for the stanzas as such.
    pub fn events(&self) -> Vec<UserEvent> {
        let told = self.told.lock().unwrap();
        let all = told.iter().map(|(event, _)| event);
        all.filter(|event| !matches!(event, UserEvent::Stanza(_)))
            .cloned()
            .collect()
    }

    /// Waits until it is told these words by this sender (the beginning of an address).
    pub fn hears(&self, from: &str, words: &str) {
        self.wait(&format!("{from}: {words}"), |event| match event {
            UserEvent::Chat(_, said) | UserEvent::Room(said) => {
                (said.from.starts_with(from) && said.body == words).then_some(())
            }
            _ => None,
        });
    }

    /// Waits until it sees somebody so.
    pub fn sees(&self, from: &str, show: Show) {
        self.wait(&format!("{from} is {show:?}"), |event| match event {
            UserEvent::Presence {
                from: whose,
                show: how,
                ..
            } => (whose.starts_with(from) && *how == show).then_some(()),
            _ => None,
        });
    }

    /// All words that it was told, with who said them, in order.
    pub fn heard(&self) -> Vec<Written> {
        let said = self.events().into_iter().filter_map(|event| match event {
            UserEvent::Chat(_, said) | UserEvent::Room(said) => Some(said),
            _ => None,
        });
        said.collect()
    }

    /// The same without who said them.
    pub fn texts(&self) -> Vec<String> {
        self.heard().into_iter().map(|said| said.body).collect()
    }

    /// How often it was told these words.
    pub fn count(&self, words: &str) -> usize {
        let events = self.events();
        let said = events.iter().filter(|event| match event {
            UserEvent::Chat(_, said) | UserEvent::Room(said) => said.body == words,
            _ => false,
        });
        said.count()
    }
}

fn place(reached: Reached) -> Change {
    let (table, group, key) = (Table::Heard, reached.user, reached.archive);
    match reached.place {
        Some(place) => Change::Put(Put {
            table,
            group,
            key,
            value: place.to_vec(),
            expires: None,
        }),
        None => Change::Delete { table, group, key },
    }
}

pub fn words(text: &str) -> Outgoing {
    Outgoing {
        body: Some(text.to_owned()),
        ..Outgoing::default()
    }
}
