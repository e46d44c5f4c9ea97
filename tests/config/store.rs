//! `store.url` in each of its forms, right and wrong.

use crate::judgement::told;
use crate::{problems, small_with};
use warmline::config::{RedisKind, RedisUrl, StoreUrl, parse};

fn redis(line: &str) -> RedisUrl {
    let text = small_with("[xmpp]", &format!("store.url = \"{line}\"\n[xmpp]"));
    let settings = parse(&text).expect("valid");
    let shown = format!("{settings:?} {}", settings.store.url);
    assert!(!shown.contains("hunter"), "{shown}");
    let redis = match settings.store.url {
        StoreUrl::Redis(redis) => Some(redis),
        StoreUrl::Embedded(_) => None,
    };
    redis.expect("a Redis")
}

#[test]
fn a_redis_is_named_in_each_of_its_forms() {
    let hosts =
        |redis: &RedisUrl| -> Vec<String> { redis.hosts.iter().map(ToString::to_string).collect() };
    let plain = redis("redis://h");
    assert_eq!((plain.tls, plain.database), (false, 0));
    assert_eq!(
        (plain.kind.clone(), plain.user.clone()),
        (RedisKind::One, None)
    );
    assert_eq!(hosts(&plain), ["h:6379"]);
    let full = redis("rediss://us%40er:hunter%2F@[::1]:7000/3");
    assert_eq!((full.tls, full.database), (true, 3));
    assert_eq!(full.user.as_deref(), Some("us@er"));
    assert_eq!(
        full.password.as_ref().map(|word| word.expose()),
        Some("hunter/")
    );
    assert_eq!(hosts(&full), ["[::1]:7000"]);
    let watched = redis("redis+sentinel://:hunter2@a,b:5000,[::1]/desk/2");
    let master = "desk".to_owned();
    assert_eq!(watched.kind, RedisKind::Sentinel { master });
    assert_eq!((watched.database, watched.user.clone()), (2, None));
    assert_eq!(hosts(&watched), ["a:26379", "b:5000", "[::1]:26379"]);
    let cluster = redis("rediss+cluster://a,b:1/");
    assert_eq!(
        (cluster.kind.clone(), cluster.tls),
        (RedisKind::Cluster, true)
    );
    assert_eq!(hosts(&cluster), ["a:6379", "b:1"]);
}

#[test]
fn a_store_url_that_cannot_be_used_is_told_without_its_password() {
    let form = "the form is redis://USER:PASSWORD@HOST:PORT/DATABASE";
    let sentinels = "sentinels need the master's name: redis+sentinel://HOST,HOST/MASTER/DATABASE";
    for (url, why) in [
        ("redis::hunter2@h", form),
        ("redis://u:%ffhunter2@h", form),
        (
            "redis://:hunter2@h?protocol=resp3",
            "nothing may follow a \"?\" or \"#\"",
        ),
        ("rediss://:hunter2@", "a host is written HOST or HOST:PORT"),
        (
            "redis://:hunter2@h:0",
            "a host is written HOST or HOST:PORT",
        ),
        (
            "redis://:hunter2@h:123456",
            "a host is written HOST or HOST:PORT",
        ),
        (
            "redis://:hunter2@h/70000",
            "the database at the end is a number",
        ),
        ("redis+sentinel://:hunter2@a,b", sentinels),
        ("redis+sentinel://:hunter2@a,b//0", sentinels),
        (
            "redis+cluster://:hunter2@a,b/1",
            "a cluster has only database 0",
        ),
        (
            "redis://:hunter2@a,b",
            "several hosts take redis+sentinel:// or redis+cluster://",
        ),
    ] {
        told(
            "[xmpp]",
            &format!("store.url = \"{url}\"\n[xmpp]"),
            &[&format!("store.url: cannot be used: {why}")],
        );
    }
    for scheme in ["redis+", "redis+ring", "valkey", "hunter2"] {
        let lines = problems(&small_with(
            "[xmpp]",
            &format!("store.url = \"{scheme}://:hunter3@h\"\n[xmpp]"),
        ));
        let expected = format!("found \"{scheme}:…\"");
        assert!(lines[0].ends_with(&expected), "{lines:?}");
    }
    told(
        "[xmpp]",
        "store.url = \"redis://:hunter2@h\"\nstore.password = \"hunter3\"\n[xmpp]",
        &["store.password: is given twice, inline and as store.url"],
    );
}
