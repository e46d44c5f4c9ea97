//! The default file and the typed defaults say the same, key by key.

use super::layers::Layers;
use super::{Book, DEFAULT_FILE, Problem, Settings, parse, settle};
use toml::{Table, Value};

const REQUIRED: [&str; 3] = ["#domain = ", "#secret = ", "#muc = "];

/// What stands before a channel at the least.
const HEAD: &str = r#"
    [xmpp]
    domain = "workgroup.example.org"
    secret = "the-component-secret"
    muc = "conference.example.org"
    [[workgroup]]
    name = "support"
"#;

/// The default file with the `#` taken from the lines that `wanted` accepts.
fn filled(wanted: impl Fn(&str) -> bool) -> String {
    let lines = DEFAULT_FILE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') && wanted(line) => rest,
            _ => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// Everything set, but for the file that does not exist on every machine.
fn everything() -> String {
    filled(|line| !line.starts_with("#ca_file"))
}

fn required_only() -> String {
    let head = DEFAULT_FILE
        .find("#[[workgroup]]")
        .expect("an example workgroup");
    filled(|line| {
        let first = DEFAULT_FILE.find(line).is_some_and(|at| at < head);
        first && REQUIRED.iter().any(|key| line.starts_with(key))
    })
}

fn settled(text: &str) -> (Result<Settings, Vec<Problem>>, Book) {
    settle(Layers::default().with_text("default.toml", text))
}

#[test]
fn the_default_file_with_the_required_values_is_the_typed_defaults() {
    let bare = "[xmpp]\ndomain = \"workgroup.example.org\"\nsecret = \"the-component-secret\"\n\
                muc = \"conference.example.org\"";
    assert_eq!(
        parse(&required_only()).expect("valid"),
        parse(bare).expect("valid")
    );
}

#[test]
fn the_examples_show_the_typed_defaults() {
    let full = parse(&everything()).expect("valid");
    let bare = r#"
        [[channel]]
        id = "tickets"
        kind = "rapidpro"
        workgroup = "support"
        app_id = "00000000-0000-4000-8000-000000000000"
        secret = "THE32CHARACTERSTHATRAPIDPROSHOWS"
    "#;
    let bare = parse(&(HEAD.to_owned() + bare)).expect("valid");

    let mut workgroup = full.workgroups[0].clone();
    workgroup.agents = Vec::new();
    workgroup.title = "support".to_owned();
    let face = &mut workgroup.face;
    (
        face.form,
        face.offline_page,
        face.offline_room,
        face.offline_mail,
    ) = (None, None, None, None);
    face.macros.clear();
    face.texts.clear();
    let routing = &mut workgroup.routing;
    (routing.overflow, routing.hours) = (None, None);
    routing.queues.clear();
    routing.rules.clear();
    assert_eq!(workgroup, bare.workgroups[0]);

    let mut channel = full.channels[0].clone();
    let super::ChannelKind::Rapidpro(rapidpro) = &mut channel.kind else {
        panic!("no rapidpro channel");
    };
    rapidpro.departments.clear();
    rapidpro.api_token = None;
    rapidpro.callback_url = None;
    rapidpro.on_close_flow = None;
    assert_eq!(channel, bare.channels[0]);
}

#[test]
fn the_example_of_the_other_channel_shows_its_defaults_too() {
    let full = parse(&everything()).expect("valid");
    let bare = r#"
        [[channel]]
        id = "yalo"
        kind = "yalo"
        workgroup = "support"
        token_key = "THIRTYTWOCHARACTERSORMOREATRANDOM"
        signature_secret = "a-secret-of-the-platform-and-us"
        api_url = "https://api.example.org"
        whatsapp = { bot_id = "acme-whatsapp", token = "the-bots-token" }
        facebook = { bot_id = "acme-facebook", token = "the-other-bots-token" }
    "#;
    let bare = parse(&(HEAD.to_owned() + bare)).expect("valid");
    let mut channel = full.channels[1].clone();
    channel.translations.clear();
    let super::ChannelKind::Yalo(yalo) = &mut channel.kind else {
        panic!("no yalo channel");
    };
    yalo.accounts.clear();
    yalo.flows.clear();
    (yalo.client, yalo.language) = (None, None);
    (yalo.botrunner, yalo.studio, yalo.on_close) = (None, None, None);
    for bot in [&mut yalo.whatsapp, &mut yalo.facebook]
        .into_iter()
        .flatten()
    {
        bot.phone = None;
    }
    assert_eq!(channel, bare.channels[0]);
}

#[test]
fn the_example_of_the_chat_api_shows_its_defaults_too() {
    let full = parse(&everything()).expect("valid");
    let bare = r#"
        [[channel]]
        id = "web"
        kind = "chat_api"
        workgroup = "support"
    "#;
    let bare = parse(&(HEAD.to_owned() + bare)).expect("valid");
    let found = full.channels.iter().find(|channel| channel.id == "web");
    let mut channel = found.expect("the example").clone();
    let super::ChannelKind::ChatApi(api) = &mut channel.kind else {
        panic!("no chat_api channel");
    };
    (api.secret, api.accounts) = (None, Vec::new());
    assert_eq!(channel, bare.channels[0]);
}

#[test]
fn every_typed_key_stands_in_the_default_file() {
    let (_, book) = settled(&everything());
    let text = filled(|_| true);
    let table = text.parse::<Table>().expect("TOML");
    for key in &book.asked {
        let shown = stands_in(&table, key);
        // `x_file` is told once for all secrets at the head of the file.
        let twin = key
            .strip_suffix("_file")
            .is_some_and(|twin| stands_in(&table, twin));
        assert!(shown || twin, "{key} is not in config/default.toml");
    }
}

#[test]
fn every_key_of_the_default_file_is_explained_by_the_line_above() {
    let mut above = "";
    for line in DEFAULT_FILE.lines() {
        let key = line.trim_start_matches('#');
        let is_key = line.starts_with(|c: char| c != ' ' && c != '[')
            && !key.starts_with([' ', '['])
            && key.contains(" = ");
        if is_key {
            assert!(above.starts_with("# "), "no explanation above: {line}");
        }
        above = line;
    }
}

/// Whether a key is in the file; in a list it is enough that one of its entries has it.
fn stands_in(table: &Table, key: &str) -> bool {
    let (step, rest) = match key.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (key, None),
    };
    let Some(found) = table.get(step.trim_end_matches("[]")) else {
        return false;
    };
    let Some(rest) = rest else { return true };
    let within = |value: &Value| value.as_table().is_some_and(|inner| stands_in(inner, rest));
    match found {
        Value::Array(list) => list.iter().any(within),
        other => within(other),
    }
}
