//! A place for a file at the XMPP server's upload service (XEP-0363).

use std::time::Duration;

/// Where the upload service is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum UploadService {
    /// Found by looking around at the XMPP server (XEP-0363 §3).
    #[default]
    Found,
    /// At this address.
    At(String),
    /// Not asked.
    Off,
}

/// A file for which a place is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotWish {
    /// The file's name, without a path.
    pub name: String,
    /// Its size in bytes; not 0.
    pub size: u64,
    /// Its MIME type, which the upload must bear then.
    pub kind: Option<String>,
}

/// A place for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Where the file is put (HTTP `PUT`), for some minutes.
    pub put: String,
    /// Where it is got afterwards, by whoever knows the address.
    pub get: String,
    /// What the `PUT` must carry: each of [`SLOT_HEADERS`] once at most, without line ends.
    pub headers: Vec<(&'static str, String)>,
}

/// The only headers that an upload service may ask for (XEP-0363 §5).
pub const SLOT_HEADERS: [&str; 3] = ["Authorization", "Cookie", "Expires"];

/// Why there is no place for a file. Texts are the service's own words, cleaned and cut short.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSlot {
    /// The configuration says so.
    #[error("uploads are turned off (users.upload)")]
    TurnedOff,
    /// None was found.
    #[error(
        "the XMPP server has no upload service (XEP-0363); send the file's web address instead"
    )]
    NoService,
    /// The service is known, and not there just now.
    #[error("the upload service is not there just now")]
    Away,
    /// The file is larger than the service takes, in bytes where it says so.
    #[error("the file is too large for the upload service{}", most_bytes(*.0))]
    TooLarge(Option<u64>),
    /// The service does not take files of this user, or of this kind.
    #[error("the upload service refuses: {0}")]
    Refused(String),
    /// The service cannot read the request: a name or a type that it does not like.
    #[error("the upload service does not take this file's name, size or type: {0}")]
    BadRequest(String),
    /// As many files as there may be: try again, after this time where the service says so.
    #[error("the upload service takes no more just now: {0}")]
    Full(String, Option<Duration>),
    /// The service answered with something that is no place.
    #[error("the upload service's answer makes no sense")]
    Nonsense,
}

fn most_bytes(most: Option<u64>) -> String {
    most.map_or_else(String::new, |most| format!(": at most {most} bytes"))
}
