//! Workgroups that administrators order over XMPP.

use tokio::sync::oneshot;

use crate::engine::Unavailable;

/// What an administrator wants of a workgroup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupOrder {
    /// There is to be another one.
    Add {
        /// Its name: the local part of its address.
        name: String,
        /// What people call it; empty for the name.
        title: String,
        /// Who serves in it: bare JIDs.
        agents: Vec<String>,
    },
    /// Others are to serve in it.
    Update {
        /// Its name.
        name: String,
        /// All who serve from now on: bare JIDs.
        agents: Vec<String>,
    },
    /// It is to be no more.
    Delete {
        /// Its name.
        name: String,
    },
}

/// Why an order changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupProblem {
    /// There is one of that name already.
    Exists,
    /// There is none of that name.
    Unknown,
    /// It stands in the configuration file, which goes before every command.
    Configured,
    /// There are as many as there may be.
    TooMany,
    /// A name or an address cannot be one; this is what was given.
    Malformed(String),
    /// Nothing can be kept just now.
    Unavailable,
}

impl From<Unavailable> for GroupProblem {
    fn from(_: Unavailable) -> Self {
        Self::Unavailable
    }
}

/// An order on its way to whoever knows the configuration.
#[derive(Debug)]
pub struct Ordered {
    /// What is wanted.
    pub order: GroupOrder,
    /// Told when it is kept and in force.
    pub answer: oneshot::Sender<Result<(), GroupProblem>>,
}
