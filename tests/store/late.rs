//! Commits that arrive when nobody expects them any more, and what has an odd time.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use warmline::ids::Timestamp;
use warmline::store::{Change, Host, Put, Servers, Table};

use crate::patience::until;
use crate::rows::{brief_line, line, row, texts};
use crate::servers::{one, open, place};
use crate::support::redis::Redis;

/// A way to Redis that can keep back what is said on the connections made so far.
struct Way {
    port: u16,
    /// The number of the first connection whose words are let through.
    through: Arc<watch::Sender<usize>>,
    made: Arc<watch::Sender<usize>>,
}

impl Way {
    async fn to(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let way = Self {
            port: listener.local_addr().unwrap().port(),
            through: Arc::new(watch::Sender::new(0)),
            made: Arc::new(watch::Sender::new(0)),
        };
        let (through, made, port) = (way.through.clone(), way.made.clone(), redis.port());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let number = *made.borrow();
                made.send_replace(number + 1);
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tokio::spawn(carry(client, server, (number, through.subscribe())));
            }
        });
        way
    }

    fn hold(&self) {
        self.through.send_replace(*self.made.borrow());
    }

    fn release(&self) {
        self.through.send_replace(0);
    }
}

async fn carry(
    client: TcpStream,
    server: TcpStream,
    (number, mut through): (usize, watch::Receiver<usize>),
) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    tokio::spawn(async move {
        let _ended = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let mut words = vec![0; 1 << 16];
    // What was said before the client gave up still arrives.
    while let Ok(count @ 1..) = from_client.read(&mut words).await {
        held(&mut through, number).await;
        to_server.write_all(&words[..count]).await.unwrap();
    }
    held(&mut through, number).await;
}

async fn held(through: &mut watch::Receiver<usize>, number: usize) {
    // It fails only when the test is over.
    let _ended = through.wait_for(|first| number >= *first).await.is_ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_given_up_long_ago_is_not_applied_when_it_arrives_at_last() {
    let redis = Redis::start();
    let way = Way::to(&redis).await;
    let place = place(Servers::One(Host("127.0.0.1".into(), way.port)));
    let store = open(&place).await;
    store.commit(vec![line("c", "1", "first")]).await.unwrap();
    // With the second one what follows the first is over: the store is swept after it.
    store.commit(vec![]).await.unwrap();
    way.hold();
    let late = store.commit(vec![line("c", "1", "late")]).await;
    assert!(late.unwrap_err().to_string().contains("in time"));
    until("the store answers again", async || {
        store.commit(vec![]).await.is_ok()
    })
    .await;
    let before: u64 = calls(&redis);
    way.release();
    until("it arrives", async || calls(&redis) > before).await;
    store.commit(vec![line("c", "2", "second")]).await.unwrap();
    let found = texts(&store.load(Table::Line).await.unwrap());
    assert_eq!(
        found,
        [
            ("c/1".into(), "first".into()),
            ("c/2".into(), "second".into())
        ]
    );
}

/// How many scripts have been run by their hash; renewals of the lease are few.
fn calls(redis: &Redis) -> u64 {
    let told: String = redis.ask(&["INFO", "commandstats"]);
    let line = told
        .lines()
        .find(|line| line.starts_with("cmdstat_evalsha:"));
    let count = line.and_then(|line| line.split_once("calls=")?.1.split_once(','));
    count.unwrap().0.parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_redis_cannot_count_is_none_to_fail_on() {
    let redis = Redis::start();
    let store = open(&one(&redis)).await;
    let never = Put {
        expires: Some(Timestamp(i64::MAX)),
        ..row(Table::Context, "v", "1", "")
    };
    let changes = vec![
        brief_line("c", "0", Timestamp(i64::MIN)),
        brief_line("c", "1", Timestamp(-1)),
        Change::Add(never),
        line("c", "2", ""),
    ];
    store.commit(changes).await.unwrap();
    assert_eq!(store.load(Table::Line).await.unwrap().len(), 1);
    assert_eq!(store.load(Table::Context).await.unwrap().len(), 1);
}
