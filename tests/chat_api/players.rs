//! Somebody in the sessions' place: notes orders, answers as told, and lets tests make events happen.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, ready};
use tokio::sync::mpsc;
use warmline::engine::groups::{GroupOrder, GroupProblem, Groups};
use warmline::ids::{ConversationId, WorkgroupName};
use warmline::outbox::Fetcher;
use warmline::users::{
    Done, EndReason, Kind, Login, LoginError, Opened, Order, Password, Places, Profile, Session,
    Sessions, Slot, SlotWish, Told, UserError, UserEvent,
};

/// The password that every user of the XMPP server has here.
pub const PASSWORD: &str = "the right one";

type Answers = Arc<Mutex<Box<dyn FnMut(&Order) -> Result<Done, UserError> + Send>>>;
type Events = mpsc::UnboundedSender<Told>;

/// The XMPP side.
#[derive(Clone)]
pub struct Players {
    pub orders: Arc<Mutex<Vec<(String, Order)>>>,
    pub logins: Arc<AtomicUsize>,
    pub checks: Arc<AtomicUsize>,
    /// Users of our own domain, by name.
    pub known: Arc<Mutex<BTreeMap<String, Profile>>>,
    open: Arc<Mutex<HashMap<String, Events>>>,
    /// Full addresses that sessions were given, by bare address.
    jids: Arc<Mutex<HashMap<String, String>>>,
    answers: Answers,
    /// What was ordered of workgroups.
    pub grouped: Arc<Mutex<Vec<GroupOrder>>>,
    /// What such orders come to; nothing more: they are carried out.
    pub problems: Arc<Mutex<VecDeque<GroupProblem>>>,
    /// What fetches pages, where there is anything.
    pub pages: Option<Fetcher>,
}

impl Players {
    pub fn new() -> Self {
        Self {
            orders: Arc::default(),
            logins: Arc::default(),
            checks: Arc::default(),
            known: Arc::default(),
            open: Arc::default(),
            jids: Arc::default(),
            answers: Arc::new(Mutex::new(Box::new(usual))),
            grouped: Arc::default(),
            problems: Arc::default(),
            pages: None,
        }
    }

    /// From now on orders are answered so.
    pub fn answer(&self, how: impl FnMut(&Order) -> Result<Done, UserError> + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(how);
    }

    /// Something happens to a user who is logged in.
    pub fn happens(&self, bare: &str, event: UserEvent) {
        self.tells(bare, Told::of(vec![event]));
    }

    /// Several things happen in one.
    pub fn tells(&self, bare: &str, told: Told) {
        let open = self.open.lock().unwrap();
        let events = open.get(bare).expect("a session of this user");
        events.send(told).expect("somebody who follows");
    }

    /// A workgroup `support`, and whoever takes orders about others.
    pub fn groups(&self) -> Groups {
        let (groups, mut end) = Groups::pair(1);
        end.tell([WorkgroupName::new("support")].into());
        let (grouped, problems) = (self.grouped.clone(), self.problems.clone());
        tokio::spawn(async move {
            while let Some(ordered) = end.ordered.recv().await {
                grouped.lock().unwrap().push(ordered.order);
                let problem = problems.lock().unwrap().pop_front();
                let _ = ordered.answer.send(problem.map_or(Ok(()), Err));
            }
        });
        groups
    }

    pub fn is_open(&self, bare: &str) -> bool {
        self.open.lock().unwrap().contains_key(bare)
    }

    /// The full address of the user's last session.
    pub fn jid_of(&self, bare: &str) -> String {
        self.jids.lock().unwrap()[bare].clone()
    }

    fn begin(&self, bare: String, (kind, resource): (Kind, Option<String>)) -> Opened {
        let (events, happened) = mpsc::unbounded_channel();
        self.open.lock().unwrap().insert(bare.clone(), events);
        let count = self.logins.fetch_add(1, Ordering::SeqCst);
        let resource = resource.unwrap_or_else(|| format!("ofchat-{count}"));
        let jid = format!("{bare}/{resource}");
        self.jids.lock().unwrap().insert(bare.clone(), jid.clone());
        let session = Player {
            jid,
            bare,
            kind,
            stage: self.clone(),
        };
        let events = futures::stream::unfold(happened, |mut happened| async move {
            happened.recv().await.map(|told| (told, happened))
        });
        Opened {
            session: Arc::new(session),
            events: Box::pin(events),
        }
    }
}

fn usual(order: &Order) -> Result<Done, UserError> {
    Ok(match order {
        Order::Workgroups => Done::Workgroups(Vec::new()),
        Order::Contacts => Done::Contacts(Vec::new()),
        Order::Requests => Done::Requests(Vec::new()),
        Order::SearchUsers(_) => Done::Users(Vec::new()),
        Order::Rooms { .. } => Done::Rooms(Vec::new()),
        Order::Room(_) => return Err(UserError::NoRoom),
        Order::Occupants(_) => Done::Occupants(Vec::new()),
        Order::RoomHistory(_) | Order::History(_) => Done::Lines(Vec::new()),
        Order::Queues => Done::Queues(Vec::new()),
        Order::Offers => Done::Offers(Vec::new()),
        Order::AddContact(wish) | Order::UpdateContact(wish) => {
            Done::Contact(warmline::users::Contact {
                jid: wish.jid.clone(),
                ..Default::default()
            })
        }
        _ => Done::Nothing,
    })
}

impl Sessions for Players {
    fn open(&self, login: Login) -> BoxFuture<'_, Result<Opened, LoginError>> {
        let opened = match login {
            Login::Bridge { name, .. } if name.starts_with("v-") => Err(LoginError::BadName),
            Login::Bridge { name, resource } => {
                let bare = format!("{name}@{}", self.places().domain);
                let mut known = self.known.lock().unwrap();
                known.entry(name.clone()).or_insert(Profile {
                    username: name,
                    ..Profile::default()
                });
                Ok(self.begin(bare, (Kind::Bridge, resource)))
            }
            Login::Account { password, .. } if password.expose() != PASSWORD => {
                Err(LoginError::WrongPassword)
            }
            Login::Account { jid, .. } => Ok(self.begin(jid, (Kind::Account, None))),
        };
        ready(opened).boxed()
    }

    fn check<'a>(
        &'a self,
        _: &'a str,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<(), LoginError>> {
        self.checks.fetch_add(1, Ordering::SeqCst);
        let right = password.expose() == PASSWORD;
        ready(right.then_some(()).ok_or(LoginError::WrongPassword)).boxed()
    }

    fn remember(&self, profile: Profile) -> BoxFuture<'_, Result<(), LoginError>> {
        if profile.username.contains(' ') || profile.username.starts_with("v-") {
            return ready(Err(LoginError::BadName)).boxed();
        }
        let name = profile.username.clone();
        self.known.lock().unwrap().insert(name, profile);
        ready(Ok(())).boxed()
    }

    fn forget<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<(), LoginError>> {
        self.known.lock().unwrap().remove(name);
        ready(Ok(())).boxed()
    }

    fn profiles(&self) -> BoxFuture<'_, Result<Vec<Profile>, LoginError>> {
        let known = self.known.lock().unwrap().values().cloned().collect();
        ready(Ok(known)).boxed()
    }

    fn visitor_slot<'a>(
        &'a self,
        conversation: &'a ConversationId,
        wish: SlotWish,
    ) -> BoxFuture<'a, Result<Slot, UserError>> {
        let order = Order::Slot(wish);
        let answer = (self.answers.lock().unwrap())(&order);
        let asked = (conversation.to_string(), order);
        self.orders.lock().unwrap().push(asked);
        ready(answer.map(|done| match done {
            Done::Slot(slot) => slot,
            other => panic!("{other:?}"),
        }))
        .boxed()
    }

    fn places(&self) -> Places {
        Places {
            domain: "workgroup.acme.example".into(),
            server: "acme.example".into(),
            muc: "rooms.acme.example".into(),
            upload: Default::default(),
        }
    }
}

struct Player {
    bare: String,
    jid: String,
    kind: Kind,
    stage: Players,
}

impl Session for Player {
    fn jid(&self) -> String {
        self.jid.clone()
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn carry_out(&self, order: Order) -> BoxFuture<'_, Result<Done, UserError>> {
        let answer = (self.stage.answers.lock().unwrap())(&order);
        let mut orders = self.stage.orders.lock().unwrap();
        orders.push((self.bare.clone(), order));
        ready(answer).boxed()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        let events = self.stage.open.lock().unwrap().remove(&self.bare);
        if let Some(events) = events {
            let _ = events.send(Told::of(vec![UserEvent::Ended(EndReason::Closed)]));
        }
        ready(()).boxed()
    }
}
