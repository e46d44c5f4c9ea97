//! How it goes on when the engine, the store or the configuration has answered.

use minidom::Element;

use crate::ids::{AgentJid, WorkgroupName};
use crate::xmpp::stanza;

use super::{Administering, AgentsSettings, Command, Running, Talk, Visit, Wish};

/// How it goes on when the engine has answered.
#[derive(Debug)]
pub enum Then {
    /// Tell all who watch the line.
    PushQueue,
    /// Tell those who wait in it and could not be told yet.
    PushPlaces,
    /// Tell this client of the line, if it watches it.
    ShowQueue {
        /// Whose.
        agent: AgentJid,
        /// The full JID's resource part.
        resource: String,
    },
    /// Show this JID whether the workgroup is open.
    ShowOpenness(String),
    /// Answer this request with what the workgroup is.
    Describe(Box<Element>),
    /// Answer this `offer-accept` or `offer-reject`.
    AnswerOffer(Box<Element>),
    /// A visitor's request for an agent was taken, or not.
    Joined(Box<Visit>),
    /// Tell the visitor the place, and that the request was taken.
    Placed(Box<Visit>),
    /// Answer a visitor who asks for the place.
    Polled(Box<Visit>),
    /// Answer a visitor who leaves the line.
    Departed(Box<Visit>),
    /// Answer a lookup.
    Found(Box<Element>),
    /// Say whether it was done.
    Simple(Box<Element>),
    /// Answer a hand-over.
    Handed(Box<Element>),
    /// Answer an agent's line.
    Talk(Box<Talk>),
    /// Answer a command.
    Command(Box<Running>),
    /// Tell this client how the colleagues are, and from then on what changes of it.
    ShowColleagues {
        /// Where they serve.
        workgroup: WorkgroupName,
        /// Whose client it is.
        agent: AgentJid,
        /// The full JID's resource part.
        resource: String,
    },
    /// Tell those who asked of what has changed with their colleagues.
    PushColleagues,
    /// Answer an administrator's command.
    Administered(Box<Administering>),
}

impl Then {
    /// Who accepts an offer by this, if that is what it is.
    pub(super) fn accepts(&self, settings: &AgentsSettings) -> Option<AgentJid> {
        match self {
            Self::Talk(talk) => {
                matches!(talk.wish, Wish::Answer { accept: true, .. }).then(|| talk.agent.clone())
            }
            Self::Command(running) => {
                (running.command == Command::Accept).then(|| running.agent.clone())
            }
            Self::AnswerOffer(request) => {
                request
                    .children()
                    .find(|child| child.name() == "offer-accept")?;
                settings.agent(&stanza::from(request)?)
            }
            _ => None,
        }
    }
}
