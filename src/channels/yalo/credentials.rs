//! Who may call: accounts with passwords, the tokens that they get, and the webhooks' signatures.

mod attempts;
mod signature;
mod tokens;

pub(super) use attempts::{Attempts, Suspect};
pub(super) use signature::{Unsigned, check as check_signature};
pub(super) use tokens::{Holder, Tokens};
