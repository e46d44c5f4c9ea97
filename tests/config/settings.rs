//! Valid settings come out as they were written.

use crate::{SMALL, small_with};
use std::time::Duration;
use warmline::config::{
    ChannelKind, LogFormat, OnRequestTimeout, Reveal, StoreUrl, UnknownDepartment, WhenNoAgents,
    parse,
};

#[test]
fn a_small_file_gets_the_defaults() {
    let settings = parse(SMALL).expect("valid");
    assert_eq!(settings.http.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(settings.xmpp.address.to_string(), "127.0.0.1:5275");
    assert_eq!(settings.store.url, StoreUrl::Embedded("data".into()));
    assert_eq!(settings.outbound.retry.len(), 10);
    assert_eq!(settings.context.ttl, Duration::from_secs(86400));
    let media = &settings.media;
    assert_eq!(media.link_ttl, Duration::from_secs(7 * 86400));
    assert_eq!((media.max_size, media.max_fetches), (25 << 20, 16));
    assert_eq!((media.key.as_ref(), media.allow_hosts.len()), (None, 0));
    assert_eq!(settings.log.format, LogFormat::Text);
    let support = settings.workgroup("support").expect("configured");
    assert_eq!((support.title.as_str(), support.max_chats), ("support", 4));
    assert_eq!(support.request_timeout, Duration::from_secs(240));
    assert_eq!(support.idle_close, None);
    let tickets = settings.channel("tickets").expect("configured");
    assert_eq!(tickets.when_no_agents, WhenNoAgents::Queue);
    assert_eq!(tickets.on_request_timeout, OnRequestTimeout::Close);
    assert_eq!(tickets.texts.agent_joined, None);
    assert!(settings.warnings().is_empty(), "{:?}", settings.warnings());
}

#[test]
fn every_sort_of_value_is_taken() {
    let text = r#"
        [xmpp]
        address = "[::1]:5276"
        domain = "workgroup.example.org"
        secret = "s"
        muc = "conference.example.org"
        tls = true
        [context]
        time_zone = "Africa/Nairobi"
        [[workgroup]]
        name = "it"
        title = "IT – Hilfe"
        agents = [{ jid = "bert@example.org", pseudonym = "Desk 2" }, "Anna@example.org"]
        supervisors = ["boss@example.org"]
        idle_close = "1h 30m"
        backend = "builtin"
        [[channel]]
        id = "tickets"
        kind = "rapidpro"
        workgroup = "it"
        app_id = "684202ED-1461-4983-9ea7-fde74b15026c"
        secret = "s"
        departments = { "IT Support" = "it" }
        unknown_department = "default"
        reveal = ["phone", "name"]
        history_hours = 6
        require_contact_uuid = false
        texts = { no_agent = "" }
    "#;
    let settings = parse(text).expect("valid");
    let address = &settings.xmpp.address;
    assert_eq!((address.host.as_str(), address.port), ("::1", 5276));
    assert_eq!(address.to_string(), "[::1]:5276");
    assert_eq!(
        settings.context.time_zone.iana_name(),
        Some("Africa/Nairobi")
    );
    let it = &settings.workgroups[0];
    assert_eq!(it.agents[0].pseudonym.as_deref(), Some("Desk 2"));
    assert_eq!(it.agents[1].jid.to_string(), "anna@example.org");
    assert_eq!(it.supervisors[0].to_string(), "boss@example.org");
    assert_eq!(it.idle_close, Some(Duration::from_secs(5400)));
    let channel = &settings.channels[0];
    assert_eq!(channel.texts.no_agent, None);
    let ChannelKind::Rapidpro(rapidpro) = &channel.kind else {
        panic!("no rapidpro channel");
    };
    assert_eq!(
        rapidpro.app_id.to_string(),
        "684202ed-1461-4983-9ea7-fde74b15026c"
    );
    assert_eq!(rapidpro.departments["IT Support"], "it");
    assert_eq!(rapidpro.unknown_department, UnknownDepartment::Default);
    assert!(rapidpro.reveal.contains(&Reveal::Phone) && !rapidpro.reveal.contains(&Reveal::Email));
    assert_eq!(rapidpro.history_hours, 6);
}

#[test]
fn media_takes_sizes_hosts_and_a_key() {
    for (written, bytes) in [
        ("1", 1),
        ("\"1\"", 1),
        ("1048576", 1 << 20),
        ("\"500KiB\"", 500 << 10),
        ("\"2 MiB\"", 2 << 20),
        ("\"1GiB\"", 1 << 30),
    ] {
        let text = format!("media.max_size = {written}\n{SMALL}");
        assert_eq!(parse(&text).expect("valid").media.max_size, bytes);
    }
    let head = r#"
        http.public_url = "https://help.example.org"
        [media]
        key = "thirty-two-characters-are-enough"
        allow_hosts = ["Upload.Example.org", "192.0.2.7:5281", "[::1]:80", "[fd00::1]", "bücher.example"]
    "#;
    let settings = parse(&format!("{head}{SMALL}")).expect("valid");
    let hosts = settings.media.allow_hosts.iter();
    let hosts: Vec<_> = hosts.map(|one| (one.host.to_string(), one.port)).collect();
    let expected = [
        ("upload.example.org", None),
        ("192.0.2.7", Some(5281)),
        ("[::1]", Some(80)),
        ("[fd00::1]", None),
        ("xn--bcher-kva.example", None),
    ];
    assert_eq!(hosts, expected.map(|(host, port)| (host.to_owned(), port)));
    assert!(
        settings
            .media
            .key
            .is_some_and(|key| key.matches(b"thirty-two-characters-are-enough"))
    );
    assert_eq!(
        settings.http.public_url.map(String::from).as_deref(),
        Some("https://help.example.org/")
    );
}

#[test]
fn what_is_risky_but_valid_is_a_warning() {
    let risky = "http.listen = \"0.0.0.0:80\"\noutbound.allow_private_networks = true\n\
                 media.allow_hosts = [\"upload.example.org\"]\n";
    let text = small_with(
        "muc =",
        "address = \"192.0.2.1:5275\"\nkeepalive = \"10m\"\nmuc =",
    )
    .replace("agents = [\"anna@example.org\"]", "offer_timeout = \"5m\"")
    .replace("23456789", "");
    let settings = parse(&format!("{risky}{text}")).expect("valid");
    let told: Vec<String> = settings
        .warnings()
        .iter()
        .map(ToString::to_string)
        .collect();
    let keys: Vec<&str> = told
        .iter()
        .filter_map(|line| line.split(": ").next())
        .collect();
    assert_eq!(
        keys,
        [
            "http.listen",
            "outbound.allow_private_networks",
            "media",
            "xmpp.address",
            "xmpp.keepalive",
            "workgroup[0].agents",
            "workgroup[0].offer_timeout",
            "channel[0].secret",
        ]
    );
}

#[test]
fn the_containers_file_is_valid_once_its_secrets_are_there() {
    let path = format!("{}/docker/warmline.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a readable file");
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "ABCDEFGHJKLMNPQRSTUVWXYZ23456789\n").expect("a file");
    let mut text = text;
    for name in ["xmpp_secret", "rapidpro_secret"] {
        text = text.replace(
            &format!("/run/secrets/{name}"),
            &secret.display().to_string(),
        );
    }
    let settings = parse(&text).expect("valid");
    let told = settings.warnings();
    let keys: Vec<&str> = told.iter().map(|warning| warning.key.as_str()).collect();
    assert_eq!(keys, ["http.listen", "xmpp.address"]);
}
