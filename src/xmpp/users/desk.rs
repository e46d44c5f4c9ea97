//! The users' one task: stanzas, orders and deadlines in, one commit a round, then everything out.

use std::sync::Arc;
use std::time::Duration;

use minidom::Element;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tracing::warn;

use crate::engine::now;
use crate::ids::Timestamp;
use crate::store::Store;
use crate::telemetry::metrics as figures;
use crate::users::{Approval, EndReason, LoginError, Places, UserError};
use crate::xmpp::agents::AgentsSettings;
use crate::xmpp::due::sleep_until;
use crate::xmpp::known::Known;
use crate::xmpp::link::{Generation, LinkSender};
use crate::xmpp::shelf::Shelf;
use crate::xmpp::stanza::{Condition, attr, error, to};

use super::debt::Debt;
use super::handle::{Bridge, Command};
use super::house::{Effect, House, Key, Rules};
use super::waiting_room::Later;

/// Orders, and stanzas, that may wait for the desk; after them their senders wait.
const INBOX: usize = 1_024;
/// Things taken in one round.
const ROUND: usize = 256;
/// Pause between tries to commit what could not be committed.
const STORE_PAUSE: Duration = Duration::from_millis(500);

/// What is told when the round is stored, or is not.
pub(super) type Told = Box<dyn FnOnce(Result<(), LoginError>) + Send>;

/// What the seat tells the desk.
#[derive(Debug)]
pub enum Link {
    /// The link stands.
    Up(Generation),
    /// It is gone.
    Down,
    /// A stanza for a user.
    Stanza(Element),
}

/// What the desk has to know.
#[derive(Clone, Debug)]
pub struct UsersSettings {
    /// Where things are.
    pub places: Places,
    /// How long history and waiting messages are kept.
    pub keep: Duration,
    /// Whether everybody may see the users.
    pub approval: Approval,
    /// Sessions at once.
    pub max_sessions: usize,
    /// So many bytes may be owed to a store that fails; what comes then is not accepted.
    pub most_owed: usize,
}

/// The desk, before it runs.
pub struct UsersDesk {
    pub(super) house: House,
    pub(super) settings: UsersSettings,
    pub(super) store: Arc<dyn Store>,
    pub(super) shelf: Shelf,
    pub(super) agents: watch::Receiver<AgentsSettings>,
    /// What has to be read from the store after the commit of this round.
    pub(super) later: Vec<Later>,
    /// Logins and the like that are answered after it.
    pub(super) logins: Vec<Told>,
    link: LinkSender,
    on: Option<Generation>,
    links: mpsc::Receiver<Link>,
    commands: mpsc::Receiver<Command>,
    inside: mpsc::UnboundedSender<Element>,
    /// What the store has not taken yet, and what waits for that.
    debt: Debt,
    /// When the store is asked again that did not take something.
    again: Option<Timestamp>,
    stopped: Option<oneshot::Sender<()>>,
}

/// The desk's ends: for the seat, and for whoever opens sessions.
pub struct Ends {
    /// For the seat: tells of the link.
    pub links: mpsc::Sender<Link>,
    /// For the seat: stanzas from users to our own other addresses.
    pub inside: mpsc::UnboundedReceiver<Element>,
    /// For whoever opens sessions.
    pub bridge: Bridge,
    /// Who is a user.
    pub known: Known,
}

impl UsersDesk {
    /// A desk for the users that the store knows, and for agents of our own domain.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn load(
        settings: UsersSettings,
        store: Arc<dyn Store>,
        (link, agents): (LinkSender, watch::Receiver<AgentsSettings>),
    ) -> Result<(Self, Ends), crate::store::StoreError> {
        let (links_in, links) = mpsc::channel(INBOX);
        let (commands_in, commands) = mpsc::channel(INBOX);
        let (inside, inside_out) = mpsc::unbounded_channel();
        let known = Known::default();
        let rules = Rules {
            places: settings.places.clone(),
            keep: settings.keep,
            approval: settings.approval,
            prefix: format!("u{:x}", now().0),
        };
        let mut desk = Self {
            house: House::new(rules, known.clone()),
            debt: Debt::new(settings.most_owed),
            settings,
            shelf: Shelf::new(store.clone()),
            store,
            agents,
            later: Vec::new(),
            logins: Vec::new(),
            link,
            on: None,
            links,
            commands,
            inside,
            again: None,
            stopped: None,
        };
        desk.read_store().await?;
        desk.know_agents();
        let ends = Ends {
            links: links_in,
            inside: inside_out,
            bridge: Bridge::new(commands_in),
            known,
        };
        Ok((desk, ends))
    }

    /// Works until it is stopped, or until nobody can tell it anything any more.
    pub async fn run(mut self) {
        loop {
            let due = self.next_deadline();
            tokio::select! {
                told = self.links.recv() => match told {
                    Some(told) => self.linked(told),
                    None => return,
                },
                Some(command) = self.commands.recv() => self.command(command).await,
                Ok(()) = self.agents.changed() => self.know_agents(),
                () = sleep_until(due) => {}
            }
            self.house.now = now();
            for _ in 0..ROUND {
                if let Ok(told) = self.links.try_recv() {
                    self.linked(told);
                } else if let Ok(command) = self.commands.try_recv() {
                    self.command(command).await;
                } else {
                    break;
                }
            }
            if self.again.is_none() || !self.debt.is_full() {
                self.house.tick();
            }
            self.flush().await;
            if self.debt.is_paid() && self.debt.take_missed() {
                self.look_anew().await;
            }
            if self.debt.is_paid()
                && let Some(stopped) = self.stopped.take()
            {
                let _ = stopped.send(());
                return;
            }
        }
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        let due = self.house.next_deadline();
        let due = due.filter(|_| self.again.is_none() || !self.debt.is_full());
        let due = due.into_iter();
        due.chain(self.again).min()
    }

    fn linked(&mut self, told: Link) {
        self.house.now = now();
        match told {
            Link::Up(generation) => {
                self.on = Some(generation);
                match self.again.is_some() && self.debt.is_full() {
                    true => self.debt.miss(),
                    false => self.house.link_up(),
                }
            }
            Link::Down => {
                self.on = None;
                self.house.link_down();
            }
            Link::Stanza(stanza) if self.again.is_some() && self.debt.is_full_for(&stanza) => {
                self.turn_away(&stanza);
            }
            Link::Stanza(stanza) => {
                self.house.stanza(stanza);
                self.debt.take_over(&mut self.house);
            }
        }
    }

    /// Answers that a stanza was not accepted. What nobody waits for is looked for anew when the store is
    /// back: a room would put the user out for such an answer.
    fn turn_away(&mut self, stanza: &Element) {
        figures::stanza_refused("store");
        let answered = match (stanza.name(), attr(stanza, "type")) {
            ("iq", _) | ("presence", Some("subscribe")) => true,
            ("message", kind) => !matches!(kind, Some("groupchat" | "headline" | "error")),
            _ => false,
        };
        let refusal = error(stanza, Condition::ResourceConstraint, None).filter(|_| answered);
        let Some(refusal) = refusal else {
            return self.debt.miss();
        };
        let ours = to(&refusal).is_some_and(|to| to.domain == self.settings.places.domain);
        let effect = match ours {
            true => Effect::Inside(refusal),
            false => Effect::Link(refusal),
        };
        self.carry_out(effect, &mut Vec::new());
    }

    /// Everything is asked for and shown again, as after a loss of the link: rooms with what was said in
    /// them since, presence, workgroups.
    async fn look_anew(&mut self) {
        warn!("the store takes again what users do; rooms and presence are looked at anew");
        if self.on.is_some() {
            self.house.link_down();
            self.house.link_up();
            self.flush().await;
        }
    }

    async fn command(&mut self, command: Command) {
        self.house.now = now();
        // What cannot be stored is not begun: whoever is refused may try again without doing it twice.
        if self.again.is_some() {
            return self.refuse(command).await;
        }
        self.carry_on(command).await;
    }

    async fn refuse(&mut self, command: Command) {
        match command {
            Command::Open { reply, .. } => {
                let _ = reply.send(Err(LoginError::Store));
            }
            Command::Order { reply, .. } => {
                let _ = reply.send(Err(UserError::Store));
            }
            Command::Remember { reply, .. } | Command::Forget { reply, .. } => {
                let _ = reply.send(Err(LoginError::Store));
            }
            other => self.carry_on(other).await,
        }
    }

    async fn carry_on(&mut self, command: Command) {
        match command {
            Command::Open {
                name,
                resource,
                reply,
            } => self.open((name, resource), reply).await,
            Command::Order { key, order, reply } => self.order(key, order, reply),
            Command::Slot {
                conversation,
                wish,
                reply,
            } => self.house.want_slot(&conversation, wish, reply),
            Command::Close { key, done } => {
                self.house.close(&key, EndReason::Closed);
                self.logins.push(Box::new(move |_| {
                    let _ = done.send(());
                }));
            }
            Command::Remember { profile, reply } => self.remember(profile, reply),
            Command::Forget { username, reply } => self.forget(&username, reply).await,
            Command::Profiles { reply } => {
                let users = self.house.users.iter();
                let profiles = users.map(|(name, user)| user.record.profile(name));
                let _ = reply.send(Ok(profiles.collect()));
            }
            Command::Stop { done } => {
                for key in self.house.keys() {
                    self.house.close(&key, EndReason::Stopping);
                }
                self.stopped = Some(done);
            }
        }
    }

    /// One commit for all that this round changed; only then does anybody hear of it.
    async fn flush(&mut self) {
        self.debt.take_over(&mut self.house);
        // What is owed may be much: it is not handed over anew with each stanza that comes.
        if self.again.is_some_and(|again| now() < again) {
            return self.refuse_answers();
        }
        let stored = match self.debt.is_paid() {
            true => Ok(()),
            false => self.store.commit(self.debt.changes.clone()).await,
        };
        if let Err(problem) = &stored {
            warn!(%problem, "what users did is not stored yet");
            self.again = Some(now().plus(STORE_PAUSE));
            self.debt.show();
            return self.refuse_answers();
        }
        let waited = self.debt.pay();
        if self.again.take().is_some() {
            self.debt.show();
        }
        for login in std::mem::take(&mut self.logins) {
            login(Ok(()));
        }
        let mut lagging = Vec::new();
        for effect in waited {
            self.carry_out(effect, &mut lagging);
        }
        for later in std::mem::take(&mut self.later) {
            later.begin(&self.shelf);
        }
        for key in lagging {
            self.house.close(&key, EndReason::TooSlow);
        }
    }

    /// Whoever waits for an answer is told now; everything else waits for the store.
    fn refuse_answers(&mut self) {
        for effect in std::mem::take(&mut self.debt.effects) {
            match effect {
                Effect::Answer(reply, _) => {
                    let _ = reply.send(Err(UserError::Store));
                }
                other => self.debt.effects.push(other),
            }
        }
        for login in std::mem::take(&mut self.logins) {
            login(Err(LoginError::Store));
        }
        for later in std::mem::take(&mut self.later) {
            later.refuse();
        }
    }

    fn carry_out(&mut self, effect: Effect, lagging: &mut Vec<Key>) {
        match effect {
            Effect::Link(stanza) => {
                if let Some(on) = self.on
                    && let Err(problem) = self.link.send(on, &stanza)
                {
                    warn!(%problem, "a user's stanza was not sent");
                }
            }
            // The seat ends only when the program does.
            Effect::Inside(stanza) => {
                let _ = self.inside.send(stanza);
            }
            Effect::Event(key, reader, told) => {
                let Err(TrySendError::Full(told) | TrySendError::Closed(told)) =
                    reader.try_send(told)
                else {
                    return;
                };
                self.house.wait_on(told.held);
                if !lagging.contains(&key) {
                    lagging.push(key);
                }
            }
            Effect::Answer(reply, answer) => {
                let _ = reply.send(answer);
            }
        }
    }
}
