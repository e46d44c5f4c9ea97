//! What the system lets the process have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets the process open as many files and sockets as the system allows at most, and tells how many
/// that are; `None` where there is no limit. Every reader of events holds a socket, and what a
/// process may open without asking for more is mostly 1,024.
pub fn open_files() -> Option<u64> {
    let before = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: before.maximum,
        maximum: before.maximum,
    };
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => before.maximum,
        Err(_) => before.current,
    }
}
