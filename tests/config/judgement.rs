//! Each thing that can be wrong is told with its key, and all of them in one go.

use crate::{SMALL, problems, small_with};

/// One replacement in the valid sample must give exactly these lines.
pub fn told(from: &str, to: &str, expected: &[&str]) {
    assert_eq!(
        problems(&small_with(from, to)),
        expected,
        "after {from} became {to}"
    );
}

#[test]
fn the_small_sample_is_valid() {
    assert_eq!(problems(SMALL), Vec::<String>::new());
}

#[test]
fn everything_wrong_is_told_in_one_go() {
    let text = r#"
        [http]
        listen = "8080"
        [xmpp]
        domain = "work group.example.org"
        muc = "conference.example.org"
        keepalive = "0s"
        adress = "127.0.0.1:5275"
        [store]
        url = "redis://127.0.0.1/zero"
        partition = "{a}"
        [outbound]
        retry = ["later", "5s", "soon"]
        [[workgroup]]
        name = "v-support"
        max_chats = 0
        [[workgroup]]
        name = "it"
        offer_timeout = 20
        agents = ["anna@example.org", "@example.org", { jid = "bert@example.org", nick = "B" }]
        [[channel]]
        id = "tickets"
        kind = "rapidpro"
        workgroup = "itt"
        secret = "S"
        departments = { "IT Support" = "sales" }
    "#;
    let expected = [
        "http.listen: must be an IP address and a port such as \"127.0.0.1:8080\", found \"8080\"",
        "xmpp.domain: must be a domain such as \"workgroup.example.org\", found \"work group.example.org\"",
        "xmpp.secret: is missing",
        "xmpp.keepalive: must be more than zero",
        "xmpp.adress: is not a known key; did you mean \"address\"?",
        "store.url: cannot be used: the database at the end is a number",
        "store.partition: must be at most 64 of the characters a-z, A-Z, 0-9, \".\", \"_\", \"-\", found \"{a}\"",
        "outbound.retry[0]: must be a duration such as \"20s\", \"4m\" or \"24h\", found \"later\"",
        "outbound.retry[2]: must be a duration such as \"20s\", \"4m\" or \"24h\", found \"soon\"",
        "workgroup[0].name: must not begin with \"v-\", visitors' addresses do",
        "workgroup[0].max_chats: must be more than zero",
        "workgroup[1].agents[1]: must be an XMPP address such as \"anna@example.org\", found \"@example.org\"",
        "workgroup[1].agents[2].nick: is not a known key",
        "workgroup[1].offer_timeout: must be a duration such as \"20s\", \"4m\" or \"24h\", found a number",
        "channel[0].workgroup: names no configured workgroup: \"itt\"; did you mean \"it\"?",
        "channel[0].app_id: is missing",
        "channel[0].departments.\"IT Support\": names no configured workgroup: \"sales\"",
    ];
    assert_eq!(problems(text), expected);
}

#[test]
fn nothing_at_all_tells_the_three_required_keys() {
    assert_eq!(
        problems(""),
        [
            "xmpp.domain: is missing",
            "xmpp.secret: is missing",
            "xmpp.muc: is missing"
        ]
    );
}

#[test]
fn unknown_tables_and_keys_are_told_with_a_guess() {
    told(
        "[[channel]]",
        "[[chanel]]",
        &["chanel: is not a known key; did you mean \"channel\"?"],
    );
    told(
        "muc =",
        "colour = 1\nmuc =",
        &["xmpp.colour: is not a known key"],
    );
    told(
        "id =",
        "texts = { no_agents = \"\" }\nid =",
        &["channel[0].texts.no_agents: is not a known key; did you mean \"no_agent\"?"],
    );
}

#[test]
fn a_table_in_place_of_a_list_and_the_reverse_are_told() {
    told(
        "[[workgroup]]",
        "[workgroup]",
        &[
            "workgroup: must be a list of tables in double brackets, found a table",
            "channel[0].workgroup: names no configured workgroup: \"support\"",
        ],
    );
    told(
        "[xmpp]",
        "[[xmpp]]",
        &["xmpp: must be a table, found a list"],
    );
    told(
        "agents = [\"anna@example.org\"]",
        "agents = \"anna@example.org\"",
        &["workgroup[0].agents: must be a list, found a text"],
    );
}

#[test]
fn the_same_name_twice_is_told_with_the_first_place() {
    let second = "[[workgroup]]\nname = \"support\"\n[[workgroup]]";
    told(
        "[[workgroup]]",
        second,
        &["workgroup[1].name: \"support\" is already used by workgroup[0].name"],
    );
    let again = SMALL
        .find("[[channel]]")
        .map(|at| &SMALL[at..])
        .unwrap_or_default();
    let id = "684202ed-1461-4983-9ea7-fde74b15026c";
    assert_eq!(
        problems(&format!("{SMALL}{again}")),
        [
            "channel[1].id: \"tickets\" is already used by channel[0].id".to_owned(),
            format!("channel[1].app_id: \"{id}\" is already used by channel[0].app_id"),
        ]
    );
    told(
        "[\"anna@example.org\"]",
        "[\"anna@example.org\", \"Anna@Example.org\"]",
        &[
            "workgroup[0].agents[1]: \"anna@example.org\" is already used by an earlier entry of this list",
        ],
    );
    told(
        "[xmpp]",
        "offers.accept_words = [\"Yes\"]\noffers.reject_words = [\"yes\"]\n[xmpp]",
        &["offers.reject_words[0]: \"yes\" is already used by offers.accept_words[0]"],
    );
}

#[test]
fn unknown_kinds_are_told_as_such() {
    told(
        "\"rapidpro\"",
        "\"rapidrpo\"",
        &[
            "channel[0].kind: must be one of rapidpro, openchs, rapidpro_external, yalo, weni, chat_api, found \"rapidrpo\"; did you mean \"rapidpro\"?",
        ],
    );
}

#[test]
fn odd_media_settings_are_refused() {
    let size = "must be a size such as \"25MiB\" or \"500KiB\", found";
    let host =
        "must be a host such as \"upload.example.org\" or \"upload.example.org:5281\", found";
    for (line, expected) in [
        (
            "max_size = 0",
            "media.max_size: must be more than zero".to_owned(),
        ),
        (
            "max_size = \"0MiB\"",
            "media.max_size: must be more than zero".to_owned(),
        ),
        ("max_size = -1", format!("media.max_size: {size} \"-1\"")),
        (
            "max_size = \"25MB\"",
            format!("media.max_size: {size} \"25MB\""),
        ),
        (
            "max_size = \"MiB\"",
            format!("media.max_size: {size} \"MiB\""),
        ),
        (
            "max_size = \"99999999999GiB\"",
            format!("media.max_size: {size} \"99999999999GiB\""),
        ),
        (
            "max_size = true",
            format!("media.max_size: {size} true or false"),
        ),
        (
            "max_fetches = 0",
            "media.max_fetches: must be more than zero".to_owned(),
        ),
        (
            "timeout = \"0s\"",
            "media.timeout: must be more than zero".to_owned(),
        ),
        (
            "key = \"thirty-one-characters-are-short\"",
            "media.key: must have at least 32 characters".to_owned(),
        ),
        ("hosts = []", "media.hosts: is not a known key".to_owned()),
    ] {
        told("[xmpp]", &format!("[media]\n{line}\n[xmpp]"), &[&expected]);
    }
    for odd in [
        "", "a b", "http://h", "h/x", "u@h", "h:0", "h:x", "h:99999", "::1", "h?", "*.h",
    ] {
        let line = format!("[media]\nallow_hosts = [\"upload.example.org\", {odd:?}]\n[xmpp]");
        told(
            "[xmpp]",
            &line,
            &[&format!("media.allow_hosts[1]: {host} \"{odd}\"")],
        );
    }
}

#[test]
fn odd_workgroup_names_are_refused() {
    for name in ["Support", "a b", "a@b", "", "a/b", "it&co"] {
        let lines = problems(&small_with(
            "name = \"support\"",
            &format!("name = {name:?}"),
        ));
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("workgroup[0].name: ")),
            "{name}: {lines:?}"
        );
    }
}

#[test]
fn odd_domains_addresses_and_ids_are_refused() {
    for domain in ["a b", "user@example.org", "example.org/x", "", "exa\"mple"] {
        let lines = problems(&small_with(
            "\"workgroup.example.org\"",
            &format!("{domain:?}"),
        ));
        assert_eq!(lines.len(), 1, "{domain}");
        assert!(lines[0].starts_with("xmpp.domain: "), "{lines:?}");
    }
    for address in [
        "localhost",
        ":5275",
        "host:0",
        "host:70000",
        "a b:5275",
        "::1:5275",
        "[::1:5",
    ] {
        let lines = problems(&format!(
            "xmpp.address = {address:?}\n{}",
            SMALL
                .replace("[xmpp]", "")
                .replacen("domain", "xmpp.domain", 1)
                .replacen("secret", "xmpp.secret", 1)
                .replacen("muc", "xmpp.muc", 1)
        ));
        assert_eq!(lines.len(), 1, "{address}: {lines:?}");
        assert!(lines[0].starts_with("xmpp.address: "), "{lines:?}");
    }
    told(
        "684202ed-1461-4983-9ea7-fde74b15026c",
        "684202ed146149839ea7fde74b15026c",
        &[
            "channel[0].app_id: must be a UUID with hyphens, found \"684202ed146149839ea7fde74b15026c\"",
        ],
    );
    told(
        "\"tickets\"",
        "\"Tickets 1\"",
        &[
            "channel[0].id: must be 1 to 64 of the characters a-z, 0-9, \"-\" and \"_\", found \"Tickets 1\"",
        ],
    );
    told(
        "\"conference.example.org\"",
        "\"workgroup.example.org\"",
        &["xmpp.muc: must differ from xmpp.domain"],
    );
}

#[test]
fn a_callback_into_the_own_network_needs_the_guard_to_be_off() {
    for host in [
        "127.0.0.1:9",
        "10.1.2.3",
        "[::1]",
        "[::ffff:192.168.0.1]",
        "localhost",
        "169.254.1.1",
    ] {
        let key = format!("callback_url = \"http://{host}/x\"\nid =");
        told(
            "id =",
            &key,
            &[
                "channel[0].callback_url: points to a private address, which \
             outbound.allow_private_networks = false refuses",
            ],
        );
        let open = format!(
            "outbound.allow_private_networks = true\n{}",
            small_with("id =", &key)
        );
        assert_eq!(problems(&open), Vec::<String>::new());
    }
}

#[test]
fn files_that_do_not_serve_are_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("plain");
    std::fs::write(&file, "no certificate").expect("a file");
    let (plain, absent) = (file.display(), folder.path().join("absent"));
    told(
        "muc =",
        &format!("ca_file = \"{plain}\"\nmuc ="),
        &[&format!(
            "xmpp.ca_file: file {plain} holds no PEM certificate"
        )],
    );
    told(
        "muc =",
        &format!("ca_file = \"{}\"\nmuc =", absent.display()),
        &[&format!(
            "xmpp.ca_file: file {} cannot be read (entity not found)",
            absent.display()
        )],
    );
    told(
        "[xmpp]",
        &format!("store.url = \"embedded:{plain}\"\n[xmpp]"),
        &[&format!("store.url: {plain} is not a folder")],
    );
}

#[test]
fn bad_toml_is_told_by_line_and_column() {
    let lines = problems("[http]\nlisten = \"127.0.0.1:8080\"\n  listen = \"127.0.0.1:1\"\n");
    assert_eq!(
        lines,
        ["the configuration: line 3, column 3: duplicate key"]
    );
}
