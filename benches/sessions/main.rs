//! What sessions cost: real users logging in to a real Prosody, in clear text and over TLS, and
//! users of our own domain.
//!
//! Arguments: how many real users, how many of our own.

#![allow(clippy::panic, clippy::expect_used, clippy::unwrap_used)]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt;
use support::process::{RunDir, free_port};
use support::prosody::Prosody;
use support::tls::Certificates;
use support::xmpp::{COMPONENT, ClientTls, DOMAIN, MUC, Options, PASSWORD, SECRET, Server};
use tokio::sync::watch;
use warmline::store;
use warmline::users::{Approval, Opened, Order, Password, Places, Show};
use warmline::xmpp::agents::AgentsSettings;
use warmline::xmpp::c2s::{Accounts, DoorSettings, Protection};
use warmline::xmpp::link::{LinkSettings, Secret, spawn};
use warmline::xmpp::shelf::Shelf;
use warmline::xmpp::users::{Bridge, UsersDesk, UsersSettings};

fn main() {
    let arguments = std::env::args().filter(|a| a != "--bench").skip(1);
    let counts: Vec<usize> = arguments.filter_map(|a| a.parse().ok()).collect();
    let (real, ours) = match counts.as_slice() {
        [real, ours] => (*real, *ours),
        _ => (200, 1_000),
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let certificates = Certificates::make();
    let server = Prosody::start_with(&Options {
        accounts: (0..real).map(|number| format!("user{number}")).collect(),
        tls: Some(ClientTls {
            certificate: certificates.file("server.pem"),
            key: certificates.file("server.key"),
            direct_port: free_port(),
        }),
        ..Options::default()
    });
    for (name, protection) in [
        ("clear text", Protection::Plain),
        ("STARTTLS", Protection::StartTls),
    ] {
        let door = DoorSettings {
            address: format!("127.0.0.1:{}", server.ports().client),
            domain: DOMAIN.to_owned(),
            protection,
            ca_file: Some(certificates.file("ca.pem")),
            timeout: Duration::from_secs(30),
        };
        runtime.block_on(real_users(name, door, real));
    }
    runtime.block_on(our_users(&server, ours));
}

async fn real_users(name: &str, door: DoorSettings, count: usize) {
    let dir = RunDir::new("bench-sessions");
    let place = store::Place::Embedded(dir.path().join("data"));
    let store = store::open(&place).await.expect("a store");
    let accounts = Accounts::new(door, places(), Shelf::new(store), 100_000);
    let (before, begun) = (resident(), Instant::now());
    let mut times = Vec::new();
    let mut sessions = Vec::new();
    for number in 0..count {
        let begun = Instant::now();
        let jid = format!("user{number}@{DOMAIN}");
        let opened = accounts.open(&jid, Password::new(PASSWORD), None).await;
        times.push(begun.elapsed());
        sessions.push(listen(opened.expect("a session")));
    }
    let whole = begun.elapsed();
    for session in &sessions {
        show(session).await;
    }
    print(
        &format!("{count} real users, {name}, one after another"),
        times,
        whole,
    );
    let each = (resident() - before) / count as f64;
    println!("  memory of each session: {each:.0} KiB");
    accounts.stop().await;
}

async fn our_users(server: &Prosody, count: usize) {
    let dir = RunDir::new("bench-sessions");
    let place = store::Place::Embedded(dir.path().join("data"));
    let store = store::open(&place).await.expect("a store");
    let (_settings, agents) = watch::channel(AgentsSettings::new(COMPONENT, Default::default()));
    let address = format!("127.0.0.1:{}", server.ports().component);
    let (link, _events) = spawn(LinkSettings::new(address, COMPONENT, Secret::new(SECRET)));
    let settings = UsersSettings {
        places: places(),
        keep: Duration::from_secs(3600),
        most_owed: 32 * 1024 * 1024,
        max_sessions: 100_000,
        approval: Approval::Always,
    };
    let loaded = UsersDesk::load(settings, store, (link, agents)).await;
    let (desk, _ends) = loaded.expect("a desk");
    let bridge: Bridge = _ends.bridge.clone();
    tokio::spawn(desk.run());
    let (before, begun) = (resident(), Instant::now());
    let mut times = Vec::new();
    let mut sessions = Vec::new();
    for number in 0..count {
        let begun = Instant::now();
        let opened = bridge.open(format!("user{number}"), None).await;
        times.push(begun.elapsed());
        sessions.push(listen(opened.expect("a session")));
    }
    print(
        &format!("{count} users of our own, one after another, each stored"),
        times,
        begun.elapsed(),
    );
    let each = (resident() - before) / count as f64;
    println!("  memory of each session: {each:.0} KiB");
}

/// Reads a session's events, as the chat API does.
fn listen(opened: Opened) -> Arc<dyn warmline::users::Session> {
    let mut events = opened.events;
    tokio::spawn(async move { while events.next().await.is_some() {} });
    opened.session
}

async fn show(session: &Arc<dyn warmline::users::Session>) {
    let order = Order::Presence {
        show: Show::Available,
        status: None,
    };
    session.carry_out(order).await.expect("shown");
}

fn places() -> Places {
    Places {
        domain: COMPONENT.to_owned(),
        server: DOMAIN.to_owned(),
        muc: MUC.to_owned(),
        upload: Default::default(),
    }
}

fn print(what: &str, mut times: Vec<Duration>, whole: Duration) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{what}: p50 {:.1} ms, p99 {:.1} ms, all {:.2} s",
        at(0.5),
        at(0.99),
        whole.as_secs_f64()
    );
}

/// Resident memory of this process, in KiB.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.unwrap().parse().unwrap()
}
