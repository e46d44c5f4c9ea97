//! Workgroups that administrators order, over XMPP or the chat API.

use std::collections::BTreeSet;

use tokio::sync::{mpsc, oneshot, watch};

use crate::ids::WorkgroupName;

use super::Unavailable;

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GroupProblem {
    /// There is one of that name already, or a user of our own domain.
    #[error("There is a workgroup or a user of that name already.")]
    Exists,
    /// There is none of that name.
    #[error("There is no workgroup of that name.")]
    Unknown,
    /// It stands in the configuration file, which goes before every command.
    #[error("That workgroup stands in the configuration file, which alone can change it.")]
    Configured,
    /// There are as many as there may be.
    #[error("There are too many workgroups, or too many who serve in one.")]
    TooMany,
    /// A part of the order cannot be what it is; with what was given.
    #[error("“{1}” cannot be used here.")]
    Malformed(Part, String),
    /// Nothing can be kept just now.
    #[error("Nothing can be kept just now.")]
    Unavailable,
}

/// A part of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The name.
    Name,
    /// What people call it.
    Title,
    /// Who serves in it.
    Agents,
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

/// The way to whoever knows the configuration; cheap to clone.
#[derive(Clone, Debug)]
pub struct Groups {
    orders: mpsc::Sender<Ordered>,
    names: watch::Receiver<BTreeSet<WorkgroupName>>,
}

impl Groups {
    /// A way on which so many orders may wait; with its other end.
    pub fn pair(waiting: usize) -> (Self, GroupsEnd) {
        let (orders, ordered) = mpsc::channel(waiting);
        let (known, names) = watch::channel(BTreeSet::new());
        let end = GroupsEnd { ordered, known };
        (Self { orders, names }, end)
    }

    /// Has a workgroup added, changed or deleted. When this returns `Ok` it is kept and in force.
    ///
    /// # Errors
    /// Why nothing was changed; with [`GroupProblem::Unavailable`] that is not sure.
    pub async fn order(&self, order: GroupOrder) -> Result<(), GroupProblem> {
        let (answer, done) = oneshot::channel();
        let sent = self.orders.send(Ordered { order, answer }).await;
        sent.map_err(|_| GroupProblem::Unavailable)?;
        done.await.unwrap_or(Err(GroupProblem::Unavailable))
    }

    /// All workgroups that there are.
    pub fn names(&self) -> BTreeSet<WorkgroupName> {
        self.names.borrow().clone()
    }

    /// Whether there is such a workgroup.
    pub fn has(&self, name: &WorkgroupName) -> bool {
        self.names.borrow().contains(name)
    }
}

/// The other end: takes orders, and tells which workgroups there are.
#[derive(Debug)]
pub struct GroupsEnd {
    /// The orders.
    pub ordered: mpsc::Receiver<Ordered>,
    known: watch::Sender<BTreeSet<WorkgroupName>>,
}

impl GroupsEnd {
    /// Tells which workgroups there are from now on.
    pub fn tell(&self, names: BTreeSet<WorkgroupName>) {
        self.known.send_replace(names);
    }
}
