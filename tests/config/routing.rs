//! Queues, rules, hours and what visitors' clients are shown, as they are judged.

use crate::judgement::told;
use warmline::config::parse;

const HEAD: &str = "agents = [\"anna@example.org\"]";

fn with(lines: &str) -> String {
    format!("{HEAD}\n{lines}")
}

#[test]
fn each_thing_that_can_be_wrong_is_told() {
    let queue = "[[workgroup.queue]]\nname = \"Bills\"";
    for (lines, expected) in [
        (
            "overflow_after = \"1m\"",
            "workgroup[0].overflow_to: is missing",
        ),
        (
            "overflow_after = \"1m\"\noverflow_to = \"supprt\"",
            "workgroup[0].overflow_to: names no configured workgroup: \"supprt\"; did you mean \"support\"?",
        ),
        (
            "[[workgroup.queue]]\nname = \"Default Queue\"",
            "workgroup[0].queue[0].name: must be a name that can be the resource of an XMPP address, other than \"Default Queue\", found \"Default Queue\"",
        ),
        (
            "[[workgroup.queue]]\nname = \"B\"\nagents = [\"nobody@example.org\"]",
            "workgroup[0].queue[0].agents[0]: is no agent of this workgroup: \"nobody@example.org\"",
        ),
        (
            "[[workgroup.rule]]\nfield = \"a\"\nequals = \"b\"\ncontains = \"c\"\nto = \"support\"",
            "workgroup[0].rule[0].field: must have one of equals, contains and matches",
        ),
        (
            "[[workgroup.rule]]\nfield = \"a\"\nto = \"support\"",
            "workgroup[0].rule[0].equals: is missing",
        ),
        (
            "[[workgroup.rule]]\nfield = \"a\"\nmatches = \"(\"\nto = \"support\"",
            "workgroup[0].rule[0].matches: must be a regular expression, found \"(\"",
        ),
        (
            "[workgroup.hours]\nmon = [\"9-17\"]",
            "workgroup[0].hours.mon[0]: must be hours such as \"09:00-12:30\", found \"9-17\"",
        ),
        (
            "[workgroup.hours]\nholidays = [\"02-30\"]",
            "workgroup[0].hours.holidays[0]: must be a day such as \"2026-12-24\", or \"12-25\" for every year, found \"02-30\"",
        ),
        (
            "form = [{ label = \"x\" }]",
            "workgroup[0].form[0].name: is missing",
        ),
    ] {
        told(HEAD, &with(lines), &[expected]);
    }
    told(
        HEAD,
        &with(&format!(
            "overflow_after = \"1m\"\noverflow_to = \"Bills\"\n{queue}"
        )),
        &[],
    );
}

#[test]
fn the_own_channels_id_is_taken() {
    told(
        "id = \"tickets\"",
        "id = \"xmpp\"",
        &["channel[0].id: is taken: the program itself has a channel of this id"],
    );
}

#[test]
fn the_closed_text_of_a_workgroup_is_that_of_its_channels() {
    let text = r#"
        [xmpp]
        domain = "workgroup.example.org"
        secret = "the-component-secret"
        muc = "conference.example.org"
        [[workgroup]]
        name = "support"
        [workgroup.hours]
        mon = ["09:00-17:00", "22:00-06:00"]
        holidays = ["12-25", "2026-12-24"]
        closed_text = "We sleep."
        [[channel]]
        id = "yalo"
        kind = "yalo"
        workgroup = "support"
        token_key = "THIRTYTWOCHARACTERSORMOREATRANDOM"
        signature_secret = "a-secret-of-the-platform-and-us"
        api_url = "https://api.example.org"
        whatsapp = { bot_id = "acme-whatsapp", token = "the-bots-token" }
    "#;
    let settings = parse(text).expect("valid");
    assert_eq!(
        settings.channels[0].texts.closed.as_deref(),
        Some("We sleep.")
    );
    let hours = settings.workgroups[0].routing.hours.clone().expect("hours");
    assert_eq!(hours.week[0], [(540, 1020), (1320, 360)]);
    assert_eq!(hours.holidays, [(None, 12, 25), (Some(2026), 12, 24)]);
}
