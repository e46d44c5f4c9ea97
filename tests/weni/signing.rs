//! Signatures and times, as mailroom's own tests have them (reference: §4.2, §10).

use warmline::channels::Secret;
use warmline::channels::weni::signature::{Unbelieved, check, check_time, sign};
use warmline::ids::Timestamp;

const BODY: &str = r#"{"external_id":"hx-42","text":"Olá, tudo certo?"}"#;
const TAG: &str = "b162cd27909d45417b3a57f8a6b3809522557dc51688b1aa039bc0659167944d";

fn key() -> Secret {
    Secret::new("segredo-de-teste-9")
}

#[test]
fn the_reference_s_own_vector() {
    assert_eq!(BODY.len(), 50);
    assert_eq!(sign(&key(), BODY.as_bytes()), format!("sha256={TAG}"));
}

#[test]
fn prefix_case_and_blanks_do_not_matter_and_everything_else_does() {
    let upper = TAG.to_uppercase();
    let good = [
        format!("sha256={TAG}"),
        TAG.into(),
        upper,
        format!(" {TAG} "),
    ];
    for sent in good {
        assert_eq!(
            check(&key(), Some(&sent), BODY.as_bytes()),
            Ok(()),
            "{sent}"
        );
    }
    let short = TAG[..62].to_owned();
    let bad = [
        "",
        "sha256=",
        "SHA256=00",
        "zz",
        short.as_str(),
        "0",
        "sha1=00",
    ];
    for sent in bad.map(Some).into_iter().chain([None]) {
        let judged = check(&key(), sent, BODY.as_bytes());
        assert_eq!(judged, Err(Unbelieved::Signature), "{sent:?}");
    }
    let altered = BODY.replace("certo", "cert0");
    let wrong = Err(Unbelieved::Signature);
    assert_eq!(check(&key(), Some(TAG), altered.as_bytes()), wrong);
    let other = Secret::new("segredo-de-teste-8");
    assert_eq!(check(&other, Some(TAG), BODY.as_bytes()), wrong);
    let empty = Secret::new("");
    let signed = sign(&empty, BODY.as_bytes());
    assert_eq!(check(&empty, Some(&signed), BODY.as_bytes()), wrong);
}

#[test]
fn five_minutes_either_way_are_near_enough() {
    let now = Timestamp(1_786_628_405_000);
    for good in [
        "2026-08-13T13:40:05Z",
        "2026-08-13T10:40:05.000-03:00",
        "2026-08-13T13:35:05Z",
        "2026-08-13T13:45:05Z",
        "1786628405",
        " 1786628105 ",
    ] {
        assert_eq!(check_time(good, now), Ok(()), "{good}");
    }
    for bad in [
        "2026-08-13T13:35:04Z",
        "2026-08-13T13:45:06Z",
        "1786628104",
        "1786628405000",
        "0",
        "-1",
        "",
        "today",
        "9223372036854775807",
    ] {
        assert_eq!(check_time(bad, now), Err(Unbelieved::Time), "{bad}");
    }
}
