//! The XMPP side with engine and store, as the program puts them together, on a real server.

use crate::person::Person;
use crate::support::process::RunDir;
use crate::support::wait;
use crate::support::xmpp::{COMPONENT, DOMAIN, MUC, PASSWORD, Ports, SECRET};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, watch};
use warmline::engine::groups::Groups;
use warmline::engine::{AddressBook, Engine, Handle, Outlets};
use warmline::ids::{AgentJid, WorkgroupName};
use warmline::outbox::{Outbox, OutboxSettings};
use warmline::store::{self, Store, Table};
use warmline::users::{Approval, Login, LoginError, Password, Places, Sessions};
use warmline::workgroup::{Labels, Policy, WorkgroupPolicy};
use warmline::xmpp::agents::{Agents, AgentsSettings, Served};
use warmline::xmpp::c2s::{Accounts, DoorSettings, Protection};
use warmline::xmpp::link::{LinkSender, LinkSettings, Secret, spawn};
use warmline::xmpp::records::Records;
use warmline::xmpp::rooms::{Rooms, RoomsSettings};
use warmline::xmpp::seat::{LinkHealth, Parts, Seat, UsersEnd};
use warmline::xmpp::seeker::Seeker;
use warmline::xmpp::sessions::AllSessions;
use warmline::xmpp::shelf::Shelf;
use warmline::xmpp::users::{Bridge, Ends, UsersDesk, UsersSettings};

/// What may be owed to a store that fails: little, so that tests come to it.
const MOST_OWED: usize = 128 * 1024;

/// All of it, running.
pub struct World {
    pub engine: Handle,
    pub sessions: Arc<AllSessions>,
    bridge: Bridge,
    link: LinkSender,
    health: watch::Receiver<LinkHealth>,
    store: Arc<dyn Store>,
    runtime: Runtime,
    ports: Ports,
    dir: Arc<RunDir>,
    setting: Setting,
}

/// What a world is built for.
#[derive(Clone)]
struct Setting {
    agents: Vec<String>,
    door: DoorSettings,
    approval: Approval,
}

impl World {
    pub fn start(ports: Ports) -> World {
        World::with_agents(ports, &[])
    }

    /// With a workgroup `support` that these serve.
    pub fn with_agents(ports: Ports, agents: &[&str]) -> World {
        let agents = agents.iter().map(|&agent| agent.to_owned()).collect();
        let door = door(ports.client);
        World::on(
            ports,
            Arc::new(RunDir::new("users")),
            setting((agents, door), Approval::Always),
        )
    }

    /// Where users are asked whether somebody may see them.
    pub fn asking(ports: Ports) -> World {
        World::asking_with_agents(ports, &[])
    }

    /// The same, with agents.
    pub fn asking_with_agents(ports: Ports, agents: &[&str]) -> World {
        let agents = agents.iter().map(|&agent| agent.to_owned()).collect();
        let door = door(ports.client);
        World::on(
            ports,
            Arc::new(RunDir::new("users")),
            setting((agents, door), Approval::Asked),
        )
    }

    /// With another way in for real users.
    pub fn through(ports: Ports, door: DoorSettings) -> World {
        let agents = Vec::new();
        World::on(
            ports,
            Arc::new(RunDir::new("users")),
            setting((agents, door), Approval::Always),
        )
    }

    /// The same, after a restart.
    pub fn restart_through(mut self, door: DoorSettings) -> World {
        self.setting.door = door;
        self.restart()
    }

    fn on(ports: Ports, dir: Arc<RunDir>, setting: Setting) -> World {
        let runtime = Runtime::new().expect("a runtime");
        let started = runtime.block_on(start(ports, &dir, &setting));
        let (engine, sessions, bridge, link, health, store) = started;
        let world = World {
            engine,
            sessions,
            bridge,
            link,
            health,
            store,
            runtime,
            ports,
            dir,
            setting,
        };
        world.wait_up();
        world
    }

    /// Waits until the link stands.
    pub fn wait_up(&self) {
        wait::until("the link", wait::START, || {
            (*self.health.borrow() == LinkHealth::Up).then_some(())
        });
    }

    /// Waits until the link is gone.
    pub fn wait_down(&self) {
        wait::until("no link", wait::START, || {
            (*self.health.borrow() != LinkHealth::Up).then_some(())
        });
    }

    /// Ends it in order, as SIGTERM does, and starts it again on the same store.
    pub fn restart(self) -> World {
        self.runtime.block_on(async {
            self.bridge.stop().await;
            self.link.stop().await;
        });
        self.start_again()
    }

    /// Ends it without a word, as `kill -9` does, and starts it again.
    pub fn kill(self) -> World {
        self.start_again()
    }

    fn start_again(self) -> World {
        let World {
            engine,
            sessions,
            bridge,
            store,
            runtime,
            ports,
            dir,
            setting,
            ..
        } = self;
        drop((engine, sessions, bridge, store));
        runtime.shutdown_timeout(Duration::from_secs(5));
        World::on(ports, dir, setting)
    }

    pub fn login(&self, login: Login) -> Result<Person, LoginError> {
        let opened = self.runtime.block_on(self.sessions.open(login))?;
        let behind = (self.runtime.handle().clone(), self.store.clone());
        Ok(Person::new(opened, behind))
    }

    pub fn check(&self, account: &str, password: &str) -> Result<(), LoginError> {
        let jid = format!("{account}@{DOMAIN}");
        let password = Password::new(password);
        self.runtime.block_on(self.sessions.check(&jid, &password))
    }

    /// A user of our own domain.
    pub fn user(&self, name: &str, resource: &str) -> Person {
        let login = Login::Bridge {
            name: name.to_owned(),
            resource: Some(resource.to_owned()),
        };
        self.login(login).expect("a session")
    }

    /// The same, present.
    pub fn present(&self, name: &str) -> Person {
        let person = self.user(name, "web");
        person.show(warmline::users::Show::Available);
        person
    }

    /// A real user of the server, present.
    pub fn account(&self, name: &str) -> Person {
        let person = self.login(account(name, PASSWORD)).expect("a session");
        person.show(warmline::users::Show::Available);
        // Whoever sees themselves is seen by the server.
        person.sees(&person.jid(), warmline::users::Show::Available);
        person
    }

    /// The rows of what was said in a conversation.
    pub fn lines(&self, conversation: &str) -> Vec<String> {
        let rows = self.store.group(Table::Line, conversation);
        let rows = self.runtime.block_on(rows).expect("rows");
        let texts = rows.into_iter().map(|row| String::from_utf8(row.value));
        texts.map(|text| text.expect("JSON")).collect()
    }

    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }
}

fn setting((agents, door): (Vec<String>, DoorSettings), approval: Approval) -> Setting {
    Setting {
        agents,
        door,
        approval,
    }
}

pub fn account(name: &str, password: &str) -> Login {
    Login::Account {
        jid: format!("{name}@{DOMAIN}"),
        password: Password::new(password),
        resource: None,
    }
}

type Started = (
    Handle,
    Arc<AllSessions>,
    Bridge,
    LinkSender,
    watch::Receiver<LinkHealth>,
    Arc<dyn Store>,
);

async fn start(ports: Ports, dir: &RunDir, setting: &Setting) -> Started {
    let agents = &setting.agents;
    let place = store::Place::Embedded(dir.path().join("data"));
    let store = store::open(&place).await.expect("a store");
    let (engine, orders) = engine(store.clone(), agents).await;
    let address = format!("127.0.0.1:{}", ports.component);
    let mut settings = LinkSettings::new(address, COMPONENT, Secret::new(SECRET));
    settings.backoff.max = Duration::from_secs(1);
    let (link, events) = spawn(settings);
    let (_, watched) = watch::channel(agents_settings(agents));
    let users = UsersSettings {
        places: places(),
        keep: Duration::from_secs(3600),
        max_sessions: 1_000,
        most_owed: MOST_OWED,
        approval: setting.approval,
    };
    let ends = (link.clone(), watched.clone());
    let loaded = UsersDesk::load(users, store.clone(), ends).await;
    let (desk, ends) = loaded.expect("the users");
    tokio::spawn(desk.run());
    let bridge = ends.bridge.clone();
    let seat = seat(
        (engine.clone(), link.clone(), Records::new(store.clone())),
        ends,
        watched.borrow().clone(),
    );
    let health = seat.health();
    tokio::spawn(seat.run(events, orders, watched));
    let accounts = Accounts::new(
        setting.door.clone(),
        places(),
        Shelf::new(store.clone()),
        1_000,
    )
    .approving(setting.approval);
    let sessions = Arc::new(AllSessions {
        bridge: Some(bridge.clone()),
        visitors: bridge.clone(),
        accounts: Some(accounts),
        places: places(),
    });
    (engine, sessions, bridge, link, health, store)
}

async fn engine(
    store: Arc<dyn Store>,
    agents: &[String],
) -> (Handle, mpsc::UnboundedReceiver<warmline::engine::SeatOrder>) {
    let (reports, _) = mpsc::channel(64);
    let outbox = Outbox::start(
        OutboxSettings::default(),
        std::collections::HashMap::new(),
        store.clone(),
        reports,
    );
    let (handle, jobs) = Handle::pair(64);
    let (seat, orders) = mpsc::unbounded_channel();
    let outlets = Outlets {
        seat,
        outbox,
        callbacks: AddressBook::default(),
        typing: mpsc::channel(1).0,
    };
    let loaded = Engine::load(Arc::new(policy(agents)), store, jobs, outlets).await;
    tokio::spawn(loaded.expect("an engine").run());
    (handle, orders)
}

fn seat(
    (engine, link, records): (Handle, LinkSender, Records),
    ends: Ends,
    agents: AgentsSettings,
) -> Seat {
    let mut rooms = RoomsSettings::new(COMPONENT, MUC);
    rooms.users = ends.known.clone();
    Seat::new(Parts {
        engine,
        link,
        rooms: Rooms::new(rooms),
        seeker: Seeker::new(agents.seeker()),
        agents: Agents::new(agents),
        muc: MUC.to_owned(),
        records,
        // Nobody administers here.
        groups: Groups::pair(1).0,
        users: UsersEnd {
            links: ends.links,
            inside: ends.inside,
            known: ends.known,
            domain: COMPONENT.to_owned(),
        },
    })
}

fn places() -> Places {
    Places {
        domain: COMPONENT.to_owned(),
        server: DOMAIN.to_owned(),
        muc: MUC.to_owned(),
        upload: Default::default(),
    }
}

/// A door in clear text, on this port of loopback.
pub fn door(port: u16) -> DoorSettings {
    DoorSettings {
        address: format!("127.0.0.1:{port}"),
        domain: DOMAIN.to_owned(),
        protection: Protection::Plain,
        ca_file: None,
        timeout: Duration::from_secs(10),
    }
}

fn agents_settings(agents: &[String]) -> AgentsSettings {
    let served = Served {
        title: "Front desk".to_owned(),
        agents: jids(agents).collect::<BTreeSet<_>>(),
        ..Served::default()
    };
    let workgroups = BTreeMap::from([(WorkgroupName::new("support"), served)]);
    AgentsSettings::new(COMPONENT, workgroups)
}

fn jids(agents: &[String]) -> impl Iterator<Item = AgentJid> {
    agents.iter().filter_map(|agent| AgentJid::parse(agent))
}

fn policy(agents: &[String]) -> Policy {
    let support = WorkgroupPolicy {
        title: "Front desk".to_owned(),
        agents: jids(agents).map(|jid| (jid, None)).collect(),
        supervisors: BTreeSet::new(),
        max_chats: 4,
        offer_timeout: Duration::from_secs(20),
        request_timeout: Some(Duration::from_secs(240)),
        rejection_pause: Duration::from_secs(60),
        join_timeout: Duration::from_secs(60),
        agent_return: Duration::from_secs(60),
        idle_close: None,
        routing: Default::default(),
        elsewhere: None,
    };
    Policy {
        workgroups: BTreeMap::from([(WorkgroupName::new("support"), support)]),
        keep: Duration::from_secs(3600),
        remember_ids: Duration::from_secs(3600),
        context: Duration::from_secs(3600),
        zone: jiff::tz::TimeZone::UTC,
        labels: Labels {
            visitor: String::new(),
            bot: "Bot".to_owned(),
        },
    }
}
