//! `/room`: both READMEs to the letter (without their stray commas), and what mailroom sends.

use super::{facts, opening, settings, ticket};
use warmline::bridge::Visitor;
use warmline::channels::rapidpro::wire::handover;
use warmline::channels::rapidpro::{Reveal, UnknownDepartment};
use warmline::ids::{ChannelId, TicketId, Timestamp, VisitorToken, WorkgroupName};

const README_OF_AUGUST_14: &str = r#"{
    "ticketID": "11137eb1-c831-4ddc-ba26-0bb77837f15e",
    "sessionStart": "2020-07-17T10:28-03:00",
    "visitor": {
        "token": "1234",
        "contactUUID": "88ff1e41-c1f8-4637-af8e-d56acbde9171",
        "deparment": "IT Support",
        "name": "John Doe",
        "email": "john.doe@example.com",
        "phone": "+12025550143",
        "customFields": {
            "foo": "bar",
            "bar": "foo"
        }
    }
}"#;

const README_OF_AUGUST_12: &str = r#"{
    "ticketId": "11137eb1-c831-4ddc-ba26-0bb77837f15e",
    "priority": "high",
    "sessionStart": "2020-07-17 10:28",
    "visitor": {
        "token": "1234",
        "contactUuid": "88ff1e41-c1f8-4637-af8e-d56acbde9171",
        "deparment": "Foo",
        "name": "John Doe",
        "email": "john.doe@example.org",
        "phone": "+12025550143",
        "customFields": {
            "foo": "bar",
            "bar": "foo"
        }
    }
}"#;

/// What mailroom sends for a contact without a name: compact, and absent instead of null.
const MAILROOM: &str = r#"{"visitor":{"token":"1234567","contactUUID":"6393abc0-283d-4c9b-a1b3-641a035c34bf"},"ticketID":"59d74b86-3e2f-4a93-aece-b05d2fdcde0c"}"#;

#[test]
fn the_readme_of_august_14() {
    let ticket = ticket(README_OF_AUGUST_14).unwrap();
    assert_eq!(
        ticket.contact.map(|uuid| uuid.to_string()).as_deref(),
        Some("88ff1e41-c1f8-4637-af8e-d56acbde9171")
    );
    // 13:28 UTC.
    assert_eq!(ticket.session_start, Some(Timestamp(1_594_992_480_000)));
    let opening = opening(ticket, &settings());
    assert_eq!(
        opening.visitor,
        Visitor {
            channel: ChannelId::new("tickets"),
            token: VisitorToken::new("1234"),
        }
    );
    assert_eq!(
        opening.ticket,
        Some(TicketId::new("11137eb1-c831-4ddc-ba26-0bb77837f15e"))
    );
    assert_eq!(opening.workgroup, WorkgroupName::new("it"));
    assert!(!opening.refuse_without_agents);
    assert!(opening.wait_ends);
    assert_eq!(opening.brief.question, None);
    assert_eq!(
        opening.brief.facts,
        facts(&[("Department", "IT Support"), ("bar", "foo"), ("foo", "bar")])
    );
}

#[test]
fn the_readme_of_august_12() {
    let ticket = ticket(README_OF_AUGUST_12).unwrap();
    assert!(ticket.contact.is_some());
    // Without a zone: taken as UTC.
    assert_eq!(ticket.session_start, Some(Timestamp(1_594_981_680_000)));
    let opening = opening(ticket, &settings());
    assert_eq!(opening.visitor.token, VisitorToken::new("1234"));
    assert_eq!(opening.workgroup, WorkgroupName::new("foo"));
    assert_eq!(
        opening.brief.facts,
        facts(&[
            ("Department", "Foo"),
            ("Priority", "high"),
            ("bar", "foo"),
            ("foo", "bar"),
        ])
    );
}

#[test]
fn what_mailroom_sends_for_a_nameless_contact() {
    let ticket = ticket(MAILROOM).unwrap();
    assert_eq!(ticket.session_start, None);
    let opening = opening(ticket, &settings());
    assert_eq!(opening.workgroup, WorkgroupName::new("support"));
    assert_eq!(opening.brief.facts, []);
}

#[test]
fn the_person_is_shown_only_as_configured() {
    let mut settings = settings();
    let shown = |settings: &_| {
        let ticket = handover(README_OF_AUGUST_14.as_bytes(), settings).unwrap();
        format!("{:?}", ticket.brief)
    };
    let hidden = shown(&settings);
    for private in ["John", "example.com", "2025550143", "1234"] {
        assert!(!hidden.contains(private));
    }
    settings.reveal = [Reveal::Name, Reveal::Phone].into();
    let brief = shown(&settings);
    assert!(brief.contains(r#"("Name", "John Doe")"#));
    assert!(brief.contains(r#"("Phone", "+12025550143")"#));
    assert!(!brief.contains("example.com"));
}

#[test]
fn a_token_may_be_a_number_and_a_custom_field_any_scalar() {
    let body = MAILROOM
        .replace(r#""1234567""#, "1234567")
        .replace(
            r#""contactUUID""#,
            r#""customFields":{"age":7,"vip":true,"none":null,"empty":" ","list":[1,{"a":2}],"Question":"Where is my parcel?"},"contactUUID""#,
        );
    let opening = opening(ticket(&body).unwrap(), &settings());
    assert_eq!(opening.visitor.token, VisitorToken::new("1234567"));
    assert_eq!(
        opening.brief.question.as_deref(),
        Some("Where is my parcel?")
    );
    assert_eq!(
        opening.brief.facts,
        facts(&[("age", "7"), ("list", r#"[1,{"a":2}]"#), ("vip", "true")])
    );
}

#[test]
fn a_session_start_has_three_forms_and_any_other_is_no_obstacle() {
    let started = |text: &str| {
        let member = format!(r#"{{"sessionStart":{text},"#);
        ticket(&MAILROOM.replacen('{', &member, 1))
            .unwrap()
            .session_start
    };
    assert_eq!(
        started(r#""2020-08-03T13:42:53.388037-04:00""#),
        Some(Timestamp(1_596_476_573_388))
    );
    assert_eq!(
        started(r#""2020-08-03T17:42:53Z""#),
        Some(Timestamp(1_596_476_573_000))
    );
    for odd in [
        r#""yesterday""#,
        r#""""#,
        "12",
        "null",
        "{}",
        r#""2020-13-40 99:99""#,
    ] {
        assert_eq!(started(odd), None, "{odd}");
    }
}

#[test]
fn a_department_is_found_in_both_spellings_and_any_case() {
    let mut settings = settings();
    let wanted = |member: &str, settings: &_| {
        let body = MAILROOM.replace(r#""token""#, &format!(r#"{member},"token""#));
        let ticket = handover(body.as_bytes(), settings).unwrap();
        ticket.into_input(warmline::ids::ConversationId::new("c1"), settings)
    };
    for member in [
        r#""department":"IT Support""#,
        r#""deparment":" it support ""#,
        r#""department":null,"deparment":"IT Support""#,
    ] {
        let input = format!("{:?}", wanted(member, &settings).unwrap());
        assert!(input.contains("WorkgroupName(it)"), "{member}: {input}");
    }
    assert!(wanted(r#""department":"Sales""#, &settings).is_err());
    settings.unknown_department = UnknownDepartment::Default;
    let input = format!(
        "{:?}",
        wanted(r#""department":"Sales""#, &settings).unwrap()
    );
    assert!(input.contains("WorkgroupName(support)"), "{input}");
}

#[test]
fn the_contact_is_needed_unless_configured_otherwise() {
    let body = MAILROOM.replace("6393abc0-283d-4c9b-a1b3-641a035c34bf", "whoever");
    assert!(ticket(&body).is_err());
    let mut settings = settings();
    settings.require_contact_uuid = false;
    assert_eq!(handover(body.as_bytes(), &settings).unwrap().contact, None);
}

#[test]
fn a_ticket_is_the_same_in_any_case_of_letters() {
    let one = ticket(MAILROOM).unwrap();
    let other = ticket(&MAILROOM.replace("59d74b86-3e2f", "59D74B86-3E2F")).unwrap();
    assert_eq!(one.ticket, other.ticket);
}

#[test]
fn control_characters_and_emoji_stand_in_every_text() {
    let odd = r"a\u0000\u0008\u001f\ufffe\n\t<&>🧑‍🚀";
    let body = format!(
        r#"{{"ticketID":"59d74b86-3e2f-4a93-aece-b05d2fdcde0c","priority":"{odd}","sessionStart":"{odd}",
        "visitor":{{"token":"{odd}","contactUUID":"6393abc0-283d-4c9b-a1b3-641a035c34bf",
        "name":"{odd}","email":"{odd}","phone":"{odd}","customFields":{{"{odd}":"{odd}"}}}}}}"#
    );
    let ticket = ticket(&body).unwrap();
    assert!(ticket.visitor.token.as_str().ends_with("🧑‍🚀"));
    assert_eq!(ticket.brief.facts.len(), 2);
}

#[test]
fn very_long_facts_are_clipped() {
    let long = "ß".repeat(5000);
    let body = MAILROOM.replace(
        r#""token""#,
        &format!(r#""customFields":{{"{long}":"{long}"}},"token""#),
    );
    let (label, value) = ticket(&body).unwrap().brief.facts.remove(0);
    assert_eq!(label.chars().count(), 1001);
    assert!(value.ends_with("ß…"));
}
