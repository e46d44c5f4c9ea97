//! Media from outside as links on our own server. The platform's address, with its tokens, is
//! sealed within the link: only we can read it, nothing is stored for it, and whoever opens the
//! link is given the media itself, fetched through the guard of [`crate::outbox`].

mod desk;
mod key;
mod kind;
mod links;
mod name;

pub use desk::{Limits, Media, MediaDesk, MediaError, Torn};
pub use key::{KeyError, MediaKey};
pub use kind::{Shown, type_of};
pub use links::{BadLink, LinkError, MediaLinks, Origin};
pub use name::disposition;
