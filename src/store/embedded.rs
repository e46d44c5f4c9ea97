//! The store in a file of this machine: SQLite.
/// x
pub struct Embedded;
