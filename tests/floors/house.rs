//! The plan as tables: amend it here, with a reason, when the plan changes.

/// Which floor each room (top-level module) stands on; imports run from a higher to a lower floor.
pub const FLOORS: &[(&str, u8)] = &[
    ("main", 6),
    ("cli", 6),
    ("app", 5),
    ("xmpp", 4),
    ("channels", 4),
    ("chat_api", 4),
    ("console", 4),
    ("engine", 3),
    ("media", 3),
    ("bridge", 2),
    ("outbox", 2),
    ("conversation", 1),
    ("workgroup", 1),
    ("store", 1),
    ("config", 1),
    ("telemetry", 1),
    ("users", 1),
    ("ids", 0),
];

/// Imports allowed on one floor: from, to, why.
pub const SIDEWAYS: &[(&str, &str, &str)] = &[
    ("main", "cli", "the binary is these two files"),
    (
        "chat_api",
        "channels",
        "channels::http is the server that all surfaces stand on",
    ),
];

/// Rooms without clock, socket, randomness and log.
pub const PURE: &[&str] = &["ids", "conversation", "workgroup", "bridge"];

/// What pure rooms may not name: beginnings of paths.
pub const IMPURE_PATHS: &[&str] = &[
    "std::time::Instant",
    "std::time::SystemTime",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "tokio",
    "rand",
    "getrandom",
    "tracing",
    "log",
    "metrics",
    "reqwest",
    "actix_web",
    "rusqlite",
];

/// What pure rooms may not call on any type: it asks a clock or dice.
pub const IMPURE_CALLS: &[&str] = &["now", "now_v7", "now_v6", "now_v1", "new_v4", "new_v7"];

/// Macros that write somewhere.
pub const IMPURE_MACROS: &[&str] = &["println", "eprintln", "print", "eprint", "dbg"];

/// Methods that panic; not for the program itself.
pub const PANICKING_METHODS: &[&str] = &["unwrap", "expect", "unwrap_err", "expect_err"];

/// Macros that panic; not for the program itself.
pub const PANICKING_MACROS: &[&str] = &["panic", "todo", "unimplemented", "unreachable"];

/// Where tests may sleep: both poll a condition with a deadline; the second can also be slow on
/// purpose, as a peer is.
pub const MAY_SLEEP: &[&str] = &["tests/support/wait.rs", "tests/support/patience.rs"];

/// Where routes are given to the HTTP server: from tables, all of which the OpenAPI document tells.
pub const MOUNTS: &[&str] = &[
    "src/channels/table.rs",
    "src/chat_api/serve.rs",
    "src/chat_api/pages.rs",
    "src/chat_api/openapi.rs",
];

/// Lines of a function, from its `fn` to its closing brace.
pub const MOST_LINES_OF_A_FUNCTION: usize = 60;
/// Lines of a file.
pub const MOST_LINES_OF_A_FILE: usize = 400;
/// Parameters of a function, `self` among them.
pub const MOST_PARAMETERS: usize = 4;

/// The floor of a room.
pub fn floor(room: &str) -> Option<u8> {
    FLOORS
        .iter()
        .find(|(name, _)| *name == room)
        .map(|(_, floor)| *floor)
}
