//! What the XEP's own examples, and services that do not keep to it, come to.

use tokio::sync::oneshot;

use super::*;
use crate::users::Slot;

const SERVER: &str = "montague.tld";

type Answer = oneshot::Receiver<Result<Done, UserError>>;

fn uploads(service: UploadService) -> Uploads {
    let places = Places {
        domain: "workgroup.montague.tld".into(),
        server: SERVER.into(),
        muc: "rooms.montague.tld".into(),
        upload: service,
    };
    Uploads::new(&places, "s-".into(), Some("workgroup.montague.tld".into()))
}

fn wish(size: u64) -> SlotWish {
    SlotWish {
        name: "très cool.jpg".into(),
        size,
        kind: Some("image/jpeg".into()),
    }
}

/// Asks for a place, and gives what is sent and where the answer comes.
fn want(uploads: &mut Uploads, at: i64, size: u64) -> (Vec<Element>, Answer) {
    let (reply, answer) = oneshot::channel();
    let sender = Some("v-1@workgroup.montague.tld/1".to_owned());
    let acts = uploads.want(Timestamp(at), (sender, wish(size)), reply);
    (done(acts), answer)
}

/// Delivers answers and gives what is sent.
fn done(acts: Vec<Act>) -> Vec<Element> {
    let mut sent = Vec::new();
    for act in acts {
        match act {
            Act::Send(stanza) => sent.push(stanza),
            Act::Answer(reply, answer) => drop(reply.send(answer)),
            other => panic!("{other:?}"),
        }
    }
    sent
}

/// Answers a request from this address.
fn tell(
    uploads: &mut Uploads,
    at: i64,
    request: &Element,
    (from, xml): (&str, &str),
) -> Vec<Element> {
    let kind = if xml.starts_with("<error") {
        "error"
    } else {
        "result"
    };
    let id = attr(request, "id").unwrap();
    let iq = format!("<iq xmlns='jabber:client' type='{kind}' id='{id}' from='{from}'>{xml}</iq>");
    let acts = uploads.answer(Timestamp(at), &iq.parse().unwrap());
    done(acts.expect("an answer to its own request"))
}

fn from_whom<'a>(request: &'a Element, xml: &'a str) -> (&'a str, &'a str) {
    (attr(request, "to").unwrap(), xml)
}

const ITEMS: &str = "<query xmlns='http://jabber.org/protocol/disco#items'>\
     <item jid='rooms.montague.tld'/><item jid='upload.montague.tld'/>\
     <item jid='upload.montague.tld' node='x'/><item/></query>";
const NO_INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'>\
     <feature var='urn:xmpp:http:upload'/></query>";
const INFO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'>\
     <identity category='store' type='file'/><feature var='urn:xmpp:http:upload:0'/>\
     <x type='result' xmlns='jabber:x:data'><field var='FORM_TYPE' type='hidden'>\
     <value>urn:xmpp:http:upload:0</value></field>\
     <field var='max-file-size'><value>5242880</value></field></x></query>";
const SLOT: &str = "<slot xmlns='urn:xmpp:http:upload:0'>\
     <put url='https://upload.montague.tld/4a771ac1/tr%C3%A8s%20cool.jpg'>\
     <header name='Authorization'>Basic Base64String==\n</header>\
     <header name='cookie'>foo=bar; user=romeo\r\nX-Evil: 1</header>\
     <header name='Host'>127.0.0.1</header><header name='Expires'> \n</header></put>\
     <get url='https://download.montague.tld/4a771ac1/tr%C3%A8s%20cool.jpg'/></slot>";

/// Looks for the service, finds it, and gives what asks for the place.
fn found(uploads: &mut Uploads, at: i64) -> (Element, Answer) {
    let (sent, answer) = want(uploads, at, 23_456);
    let [items, own] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert_eq!(attr(items, "from"), Some("workgroup.montague.tld"));
    assert!(tell(uploads, at, own, (SERVER, NO_INFO)).is_empty());
    let sent = tell(uploads, at, items, (SERVER, ITEMS));
    let [rooms, upload] = sent.as_slice() else {
        panic!("{sent:?}");
    };
    assert!(tell(uploads, at, rooms, from_whom(rooms, NO_INFO)).is_empty());
    let mut sent = tell(uploads, at, upload, from_whom(upload, INFO));
    (sent.pop().expect("what asks for the place"), answer)
}

fn refused(xml: &str) -> UserError {
    let mut uploads = uploads(UploadService::At("upload.montague.tld".into()));
    let (sent, mut answer) = want(&mut uploads, 0, 10);
    tell(&mut uploads, 0, &sent[0], from_whom(&sent[0], xml));
    answer.try_recv().expect("an answer").expect_err("no place")
}

#[test]
fn the_service_is_found_and_remembered() {
    let mut uploads = uploads(UploadService::Found);
    let (request, mut answer) = found(&mut uploads, 0);
    assert_eq!(attr(&request, "to"), Some("upload.montague.tld"));
    assert_eq!(attr(&request, "from"), Some("v-1@workgroup.montague.tld/1"));
    let payload = child(&request, "request", ns::HTTP_UPLOAD).unwrap();
    assert_eq!(attr(payload, "filename"), Some("très cool.jpg"));
    assert_eq!(attr(payload, "size"), Some("23456"));
    assert_eq!(attr(payload, "content-type"), Some("image/jpeg"));
    tell(&mut uploads, 0, &request, from_whom(&request, SLOT));
    let slot = Slot {
        put: "https://upload.montague.tld/4a771ac1/tr%C3%A8s%20cool.jpg".into(),
        get: "https://download.montague.tld/4a771ac1/tr%C3%A8s%20cool.jpg".into(),
        headers: vec![
            ("Authorization", "Basic Base64String==".into()),
            ("Cookie", "foo=bar; user=romeoX-Evil: 1".into()),
        ],
    };
    assert_eq!(answer.try_recv().unwrap(), Ok(Done::Slot(slot)));
    assert_eq!(want(&mut uploads, 0, 10).0.len(), 1, "asked at once");
    let (sent, mut answer) = want(&mut uploads, 0, 5_242_881);
    assert!(sent.is_empty());
    let large = NoSlot::TooLarge(Some(5_242_880)).into();
    assert_eq!(answer.try_recv().unwrap(), Err(large));
    uploads.forget(&UserError::NotConnected);
    assert_eq!(want(&mut uploads, 0, 10).0.len(), 2, "looked for anew");
}

#[test]
fn who_waits_for_the_search_is_answered_once_it_is_over() {
    let mut uploads = uploads(UploadService::Found);
    let (sent, mut first) = want(&mut uploads, 0, 1);
    let (more, mut second) = want(&mut uploads, 1, 1);
    assert!(more.is_empty(), "one search");
    let none = "<query xmlns='http://jabber.org/protocol/disco#items'/>";
    tell(&mut uploads, 2, &sent[0], (SERVER, none));
    assert!(first.try_recv().is_err());
    tell(&mut uploads, 2, &sent[1], (SERVER, NO_INFO));
    for answer in [&mut first, &mut second] {
        assert_eq!(answer.try_recv().unwrap(), Err(NoSlot::NoService.into()));
    }
    let (sent, _answer) = want(&mut uploads, 60_001, 1);
    assert!(sent.is_empty(), "remembered");
    assert_eq!(want(&mut uploads, 60_002, 1).0.len(), 2, "for a minute");
}

#[test]
fn silence_is_not_taken_for_no_service() {
    let mut uploads = uploads(UploadService::Found);
    let (sent, mut first) = want(&mut uploads, 0, 1);
    tell(&mut uploads, 9_000, &sent[1], (SERVER, NO_INFO));
    let (_, mut late) = want(&mut uploads, 9_000, 1);
    assert_eq!(uploads.next_deadline(), Some(Timestamp(15_000)));
    assert!(done(uploads.tick(Timestamp(15_000))).is_empty());
    assert_eq!(first.try_recv().unwrap(), Err(UserError::TimedOut));
    assert_eq!(late.try_recv().unwrap(), Err(UserError::TimedOut));
    assert_eq!(uploads.next_deadline(), None);
    let (request, mut answer) = found(&mut uploads, 20_000);
    uploads.tick(Timestamp(34_999));
    assert!(answer.try_recv().is_err());
    done(uploads.tick(Timestamp(35_000)));
    assert_eq!(answer.try_recv().unwrap(), Err(UserError::TimedOut));
    let iq = format!(
        "<iq xmlns='jabber:client' type='result' id='{}' from='upload.montague.tld'>{SLOT}</iq>",
        attr(&request, "id").unwrap()
    );
    let late = uploads.answer(Timestamp(35_001), &iq.parse().unwrap());
    assert!(late.is_none());
}

#[test]
fn only_who_was_asked_answers() {
    let mut uploads = uploads(UploadService::At("upload.montague.tld".into()));
    let (sent, mut answer) = want(&mut uploads, 0, 1);
    let id = attr(&sent[0], "id").unwrap();
    for (from, kind) in [
        ("evil.example", "result"),
        ("upload.montague.tld/x", "result"),
        ("upload.montague.tld", "get"),
    ] {
        let iq =
            format!("<iq xmlns='jabber:client' type='{kind}' id='{id}' from='{from}'>{SLOT}</iq>");
        assert!(uploads.answer(Timestamp(0), &iq.parse().unwrap()).is_none());
    }
    assert!(answer.try_recv().is_err());
    tell(&mut uploads, 0, &sent[0], ("Upload.Montague.tld", SLOT));
    assert!(answer.try_recv().unwrap().is_ok());
}

#[test]
fn turned_off_asks_nobody() {
    let mut uploads = uploads(UploadService::Off);
    let (sent, mut answer) = want(&mut uploads, 0, 1);
    assert!(sent.is_empty());
    assert_eq!(answer.try_recv().unwrap(), Err(NoSlot::TurnedOff.into()));
}

fn error(condition: &str, more: &str) -> UserError {
    refused(&format!(
        "<error type='cancel'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>{more}</error>"
    ))
}

#[test]
fn refusals_say_what_the_service_says() {
    let text =
        |text: &str| format!("<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>{text}</text>");
    let large = "<file-too-large xmlns='urn:xmpp:http:upload:0'><max-file-size>20000</max-file-size></file-too-large>";
    assert_eq!(
        error("not-acceptable", large),
        NoSlot::TooLarge(Some(20_000)).into()
    );
    let large = "<file-too-large xmlns='urn:xmpp:http:upload:0'/>";
    assert_eq!(
        error("not-acceptable", large),
        NoSlot::TooLarge(None).into()
    );
    let retry = "<retry stamp='1970-01-01T00:01:30Z' xmlns='urn:xmpp:http:upload:0'/>";
    let quota = error("resource-constraint", &(text("Quota\nreached") + retry));
    let wait = Some(Duration::from_secs(90));
    assert_eq!(quota, NoSlot::Full("Quota reached".into(), wait).into());
    let full = error("resource-constraint", "");
    assert_eq!(
        full,
        NoSlot::Full("resource-constraint".into(), None).into()
    );
    for refusal in [
        "forbidden",
        "not-allowed",
        "not-acceptable",
        "not-authorized",
    ] {
        assert_eq!(error(refusal, ""), NoSlot::Refused(refusal.into()).into());
    }
    let long = error("forbidden", &text(&"x".repeat(500)));
    assert_eq!(long, NoSlot::Refused("x".repeat(200)).into());
    assert_eq!(
        error("bad-request", ""),
        NoSlot::BadRequest("bad-request".into()).into()
    );
    assert_eq!(error("service-unavailable", ""), NoSlot::Away.into());
    assert_eq!(error("remote-server-timeout", ""), UserError::TimedOut);
}

#[test]
fn an_answer_without_usable_addresses_is_none() {
    let slot = |put: &str, get: &str| {
        refused(&format!(
            "<slot xmlns='urn:xmpp:http:upload:0'><put {put}/><get {get}/></slot>"
        ))
    };
    let good = "url='https://x.example/a'";
    for bad in [
        "",
        "url='javascript:alert(1)'",
        "url='/a'",
        "url='file:///etc/passwd'",
    ] {
        assert_eq!(slot(bad, good), NoSlot::Nonsense.into(), "{bad}");
        assert_eq!(slot(good, bad), NoSlot::Nonsense.into(), "{bad}");
    }
    assert_eq!(refused("<slot xmlns='other'/>"), NoSlot::Nonsense.into());
}

#[test]
fn a_service_that_is_gone_is_looked_for_anew() {
    let mut uploads = uploads(UploadService::Found);
    let (request, mut answer) = found(&mut uploads, 0);
    let gone = "<error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    tell(&mut uploads, 0, &request, from_whom(&request, gone));
    assert_eq!(answer.try_recv().unwrap(), Err(NoSlot::Away.into()));
    assert_eq!(want(&mut uploads, 0, 1).0.len(), 2);
}
