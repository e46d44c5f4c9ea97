//! What visitors are told by nobody in particular, and words as one text.

use crate::config;
use crate::conversation::{Attachment, Notice, Words};

/// Sentences for the visitor. An empty one is not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// An agent has come.
    pub agent_joined: String,
    /// The agent is gone; the visitor is first in line again.
    pub agent_lost: String,
    /// Nobody took the request in time.
    pub nobody_came: String,
}

impl Texts {
    /// What a notice says; `None` for what these channels do not ask for when they open.
    pub fn of(&self, notice: Notice) -> Option<&str> {
        match notice {
            Notice::Place { .. } => None,
            Notice::AgentJoined => Some(&self.agent_joined),
            Notice::AgentLost => Some(&self.agent_lost),
            Notice::NobodyCame => Some(&self.nobody_came),
        }
    }
}

impl From<&config::Texts> for Texts {
    fn from(configured: &config::Texts) -> Self {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Self {
            agent_joined: text(&configured.agent_joined),
            agent_lost: text(&configured.agent_away),
            nobody_came: text(&configured.no_agent),
        }
    }
}

/// What was said, a correction with a star before it, for systems that know none.
pub fn said(words: &Words) -> String {
    match words.corrects.is_some() && !words.text.is_empty() {
        true => format!("* {}", words.text),
        false => words.text.clone(),
    }
}

/// A text with files as lines of it, for systems that take none.
pub fn with_links(text: String, files: &[Attachment]) -> String {
    let mut whole = Words::text(text);
    for file in files {
        whole.add_line(&file.url);
    }
    whole.text
}

/// Words as one text for systems that take neither files nor corrections.
pub fn whole(words: &Words) -> String {
    with_links(said(words), &words.attachments)
}
