//! Another component, whose visitors join our workgroups.

use super::stage::Stage;
use super::support::raw::Raw;
use super::support::wait::SOON;
use super::support::xmpp::{SECRET, workgroup};

/// Its domain.
pub const BRIDGE: &str = "bridge.example.test";
const W: &str = "http://jabber.org/protocol/workgroup";

/// A component that speaks for anybody of its domain.
pub struct Bridge {
    pub raw: Raw,
    asked: usize,
}

impl Bridge {
    /// Takes its seat.
    pub fn connect(stage: &Stage) -> Bridge {
        Bridge {
            raw: Raw::component(BRIDGE, SECRET, stage.server.ports()),
            asked: 0,
        }
    }

    /// Sends a request; gives its answer, and what came before that.
    pub fn ask(&mut self, from: &str, (kind, payload): (&str, &str)) -> (String, Vec<String>) {
        self.asked += 1;
        let id = format!("ask-{}", self.asked);
        let to = workgroup("support");
        self.raw.say(&format!(
            "<iq type='{kind}' id='{id}' from='{from}' to='{to}'>{payload}</iq>"
        ));
        let mut before = Vec::new();
        loop {
            let stanza = self.raw.stanza(SOON);
            let stanza = stanza.unwrap_or_else(|| panic!("no answer to {payload} of {from}"));
            let stanza = stanza.replace('"', "'");
            if stanza.contains(&format!("id='{id}'")) {
                return (stanza, before);
            }
            before.push(stanza);
        }
    }

    /// Sends a request that has to be refused so.
    pub fn refused(&mut self, from: &str, (kind, payload): (&str, &str), condition: &str) {
        let (answer, _) = self.ask(from, (kind, payload));
        let error = answer.contains("type='error'");
        assert!(
            error && answer.contains(&format!("<{condition} ")),
            "{from}, {payload}: {condition} expected, but {answer}"
        );
    }

    /// Joins the line; gives the session.
    pub fn join(&mut self, from: &str, inside: &str) -> String {
        let payload = format!("<join-queue xmlns='{W}'>{inside}</join-queue>");
        let (answer, before) = self.ask(from, ("set", &payload));
        assert!(answer.contains("type='result'"), "{inside}: {answer}");
        let status = before.iter().rfind(|one| one.contains("queue-status"));
        let status = status.unwrap_or_else(|| panic!("no place was told: {before:?}"));
        let session = status.split("<session ").nth(1).unwrap_or_default();
        let id = session.split("id='").nth(1).unwrap_or_default();
        id.split('\'').next().unwrap_or_default().to_owned()
    }

    /// Leaves the line.
    pub fn depart(&mut self, from: &str) {
        let (answer, _) = self.ask(from, ("set", &format!("<depart-queue xmlns='{W}'/>")));
        assert!(answer.contains("type='result'"), "{answer}");
    }

    /// A presence to the workgroup; the next stanza to the sender.
    pub fn shows(&mut self, from: &str, inside: &str) -> String {
        let to = workgroup("support");
        self.raw.say(&format!(
            "<presence from='{from}' to='{to}'>{inside}</presence>"
        ));
        loop {
            let stanza = self.raw.stanza(SOON).expect("an answer").replace('"', "'");
            if stanza.starts_with("<presence") && stanza.contains(&format!("to='{from}'")) {
                return stanza;
            }
        }
    }

    /// The workgroup still answers.
    pub fn is_alive(&mut self) {
        let (answer, _) = self.ask(
            &format!("ping@{BRIDGE}/x"),
            ("get", "<ping xmlns='urn:xmpp:ping'/>"),
        );
        assert!(answer.contains("type='result'"), "{answer}");
    }
}
