//! The systems that bots live in: each folder turns one system's wire into our words and back.

pub mod after_talk;
mod again;
pub mod api;
pub mod caller;
pub mod external;
mod fields;
mod files;
pub mod http;
pub mod media;
mod names;
pub mod openchs;
pub mod rapidpro;
mod signed;
pub mod table;
mod tallies;
mod texts;
pub mod weni;
pub mod yalo;

pub use files::Media;
pub use texts::Texts;

pub use crate::config::{PasswordHash, Secret};
pub use crate::engine::AddressBook;

pub use crate::media::{LinkError, MediaLinks, Origin};
pub use crate::outbox::{Call, HttpClient, Reply};
