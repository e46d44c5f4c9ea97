//! Bodies that are refused, and what the error names.

use super::{read_message, settings};
use warmline::channels::rapidpro::wire::{closing, handover, settings as learnt};
use warmline::ids::ChannelId;

fn room(body: &[u8]) -> String {
    handover(body, &settings()).unwrap_err().to_string()
}

fn said(body: &[u8]) -> String {
    read_message(body).unwrap_err().to_string()
}

fn close(body: &[u8]) -> String {
    let channel = ChannelId::new("tickets");
    closing(body, &channel).unwrap_err().to_string()
}

fn webhook(body: &[u8]) -> String {
    let channel = ChannelId::new("tickets");
    learnt(body, &channel).unwrap_err().to_string()
}

#[test]
fn what_is_no_json_object_is_refused_with_the_place() {
    for read in [room, said, close, webhook] {
        assert!(read(b"").contains("line 1 column 0"));
        assert!(read(b"{\n  \"visitor\": {\"token\": \"1234\",}}").contains("line 2"));
        assert!(read(b"{\"visitor\":\xff}").contains("column 12"));
        assert!(read(b"{\"visitor\":{\"token\":\"a\xc3\"}}").contains("line 1"));
        assert!(read(b"{\"text\":\"\\ud800\"}").contains("line 1"));
        assert!(read("[".repeat(100_000).as_bytes()).contains("line 1"));
        for other in ["[]", "null", "1", "\"x\""] {
            assert_eq!(read(other.as_bytes()), "the body must be a JSON object");
        }
    }
}

const TICKET: &str = r#""ticketID":"59d74b86-3e2f-4a93-aece-b05d2fdcde0c""#;
const CONTACT: &str = r#""contactUUID":"6393abc0-283d-4c9b-a1b3-641a035c34bf""#;

#[test]
fn the_member_of_a_visitor_that_is_at_fault_is_named() {
    let token = "visitor.token must be a string or a whole number";
    for (visitor, error) in [
        (r#"{}"#, "visitor.token is required"),
        (r#"{"token":null}"#, "visitor.token is required"),
        (r#"{"token":""}"#, "visitor.token is required"),
        (r#"{"token":[]}"#, token),
        (r#"{"token":1.5}"#, token),
        (r#"{"token":123456789012345678901234567890}"#, token),
        (r#"{"token":"1"}"#, "visitor.contactUUID is required"),
        (
            r#"{"token":"1","contactUuid":"x"}"#,
            "visitor.contactUUID must be a UUID",
        ),
        ("1", "visitor must be an object"),
        ("null", "visitor is required"),
    ] {
        let body = format!(r#"{{{TICKET},"visitor":{visitor}}}"#);
        assert_eq!(room(body.as_bytes()), error, "{visitor}");
    }
    for (member, error) in [
        (r#""department":{}"#, "visitor.department must be a string"),
        (
            r#""customFields":[]"#,
            "visitor.customFields must be an object",
        ),
    ] {
        let body = format!(r#"{{{TICKET},"visitor":{{"token":"1",{CONTACT},{member}}}}}"#);
        assert_eq!(room(body.as_bytes()), error, "{member}");
    }
}

#[test]
fn a_ticket_is_a_uuid_with_hyphens() {
    for (ticket, error) in [
        (r#""x":1"#, "ticketID is required"),
        (r#""ticketID":7"#, "ticketID must be a string"),
        (r#""ticketId":"no""#, "ticketID must be a UUID"),
        (
            r#""ticketID":"59d74b863e2f4a93aeceb05d2fdcde0c""#,
            "ticketID must be a UUID",
        ),
    ] {
        let body = format!(r#"{{{ticket},"visitor":{{"token":"1",{CONTACT}}}}}"#);
        assert_eq!(room(body.as_bytes()), error, "{ticket}");
    }
}

#[test]
fn a_token_of_ten_thousand_characters_is_refused_by_name_only() {
    let body = format!(
        r#"{{"visitor":{{"token":"{}"}},"text":"x"}}"#,
        "9".repeat(10_000)
    );
    for error in [said(body.as_bytes()), close(body.as_bytes())] {
        assert_eq!(
            error,
            "visitor.token must not be longer than 1024 characters"
        );
    }
    let fits = format!(r#"{{"visitor":{{"token":"{}"}}}}"#, "é".repeat(1024));
    assert!(closing(fits.as_bytes(), &ChannelId::new("tickets")).is_ok());
}

#[test]
fn a_message_says_something() {
    for nothing in [
        "",
        r#","text":"""#,
        r#","text":null,"attachments":null"#,
        r#","attachments":[]"#,
        r#","attachments":[{}]"#,
        r#","attachments":[{"type":"image/png","url":" "}]"#,
    ] {
        let body = format!(r#"{{"visitor":{{"token":"1"}}{nothing}}}"#);
        assert_eq!(said(body.as_bytes()), "text or attachments are required");
    }
    for (odd, error) in [
        (r#""text":7"#, "text must be a string"),
        (r#""attachments":{}"#, "attachments must be an array"),
        (r#""attachments":["x"]"#, "attachments[0] must be an object"),
        (
            r#""attachments":[{},{"url":7}]"#,
            "attachments[1].url must be a string",
        ),
        (
            r#""attachments":[{"type":[]}]"#,
            "attachments[0].type must be a string",
        ),
    ] {
        let body = format!(r#"{{"visitor":{{"token":"1"}},{odd}}}"#);
        assert_eq!(said(body.as_bytes()), error);
    }
}

#[test]
fn a_callback_address_is_an_http_url() {
    for (body, error) in [
        ("{}", "webhook is required"),
        (r#"{"webhook":{}}"#, "webhook.url is required"),
        (r#"{"webhook":{"url":""}}"#, "webhook.url is required"),
        (r#"{"webhook":{"url":1}}"#, "webhook.url must be a string"),
        (
            r#"{"webhook":{"url":"not a url"}}"#,
            "webhook.url must be an http or https URL",
        ),
        (
            r#"{"webhook":{"url":"ftp://x/"}}"#,
            "webhook.url must be an http or https URL",
        ),
        (
            r#"{"webhook":{"url":"https://"}}"#,
            "webhook.url must be an http or https URL",
        ),
        (
            r#"{"webhook":{"url":"/mr/tickets"}}"#,
            "webhook.url must be an http or https URL",
        ),
    ] {
        assert_eq!(webhook(body.as_bytes()), error, "{body}");
    }
    let long = format!(
        r#"{{"webhook":{{"url":"https://x.example/{}"}}}}"#,
        "a".repeat(3000)
    );
    assert!(webhook(long.as_bytes()).contains("webhook.url must not be longer"));
}
