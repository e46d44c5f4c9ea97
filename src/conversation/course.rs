//! What is noted of a conversation on its way, for those outside who want to know.

use serde::{Deserialize, Serialize};

use super::ClosedBy;

/// How far words have come on their way to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Receipt {
    /// They are taken and on their way.
    Sent,
    /// The person, or the person's client, has them.
    Delivered,
    /// The person has seen them.
    Read,
    /// They will not come.
    Failed,
}

impl Receipt {
    /// A name for wires and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
        }
    }
}

/// What is noted of a conversation on its way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Course {
    /// How long the visitor waited until an agent first accepted, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<u64>,
    /// Who served last, as the visitor may know it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helper: Option<String>,
    /// All lines before this place were told to the outside as delivered, or as failed.
    #[serde(default)]
    pub delivered_to: u64,
    /// All lines before this place were told to the outside as read.
    #[serde(default)]
    pub read_to: u64,
    /// Cases that were filed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cases: Vec<CaseNote>,
}

/// A case as agents read it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaseNote {
    /// Its id.
    pub id: String,
    /// What agents may read, as (label, value), in the order to show it.
    pub facts: Vec<(String, String)>,
}

// What was filed does not reach a log by way of `{:?}`.
impl std::fmt::Debug for CaseNote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CaseNote({}, {} facts)", self.id, self.facts.len())
    }
}

/// The end of a conversation, with what an outside may want to go on with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// Who ended it.
    pub by: ClosedBy,
    /// Who served last, as the visitor may know it.
    pub helper: Option<String>,
    /// How long the visitor waited until an agent first accepted, in milliseconds.
    pub waited: Option<u64>,
    /// As whom the outside's own API knows the visitor, where the channel told.
    pub contact: Option<String>,
}
