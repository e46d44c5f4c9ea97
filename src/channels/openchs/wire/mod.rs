//! The gateway's JSON and our words: requests in, calls of RapidPro's API out.

mod case;
mod chat;
mod fields;
mod login;
mod names;
mod outgoing;

pub use crate::channels::names::message_id;
pub use case::case;
pub use chat::{Ack, Chat, Extra, Naming, ack, approach, chat, closer};
pub use fields::FieldError;
pub use login::{Login, login};
pub use names::{SESSION_LIMIT, session_in};
pub use outgoing::orders;
