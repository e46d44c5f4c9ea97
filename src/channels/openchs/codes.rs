//! Everything that the gateway can answer: the table of `docs/status-codes.md` and the answers of
//! the handlers have this one source.

use actix_web::http::StatusCode;

macro_rules! situations {
    ($($(#[$doc:meta])* $name:ident = $status:ident, $word:literal, $when:literal;)+) => {
        /// A situation that a caller can be in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Situation {
            $(#[doc = $when] $name,)+
        }

        impl Situation {
            /// Every one, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The HTTP status.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)+
                }
            }

            /// The word in the body's `status`.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// When it comes.
            pub fn when(self) -> &'static str {
                match self {
                    $(Self::$name => $when,)+
                }
            }
        }
    };
}

situations! {
    TokenGiven = OK, "success", "`token/`: the credentials are right";
    Listed = OK, "success", "`GET chat/`: a page of chats";
    Taken = CREATED, "success", "`POST chat/`: the message is kept; a new session begins a hunt";
    TakenBefore = OK, "success", "`POST chat/`: a message of this id was taken before; its `uuid`";
    Closed = OK, "success", "`close/`: the session is closed, or was before";
    Acknowledged = OK, "success", "`ack/`: noted, or noted before";
    CaseKept = CREATED, "success", "`web/`: the case is kept";
    BadJson = BAD_REQUEST, "Bad Request", "the body is not JSON, or no JSON object";
    BadField = BAD_REQUEST, "Bad Request", "a member is missing, empty or of a wrong type; `message` names it";
    BadCredentials = BAD_REQUEST, "Bad Request", "`token/`: no such account, or another password";
    NoToken = UNAUTHORIZED, "Unauthorized", "no `Authorization: Token …`";
    BadToken = UNAUTHORIZED, "Unauthorized", "the token is unknown, expired or of an account that is gone";
    SourceNotAllowed = FORBIDDEN, "Forbidden", "the account may not speak as this `chat_source`; nobody may send a chat as `OUTBOX` or `HELPLINE`, for Warmline is the helpline";
    UnknownSession = NOT_FOUND, "error", "`close/`, `ack/`: no such session in this helpline";
    UnknownMessage = NOT_FOUND, "error", "`ack/`: no such message in this session";
    UnknownPath = NOT_FOUND, "error", "no such path";
    WrongMethod = METHOD_NOT_ALLOWED, "error", "another method is meant; `Allow` names it";
    SessionClosed = CONFLICT, "closed", "`POST chat/`: the session is closed (`after_close = \"refuse\"`)";
    FinalAlready = CONFLICT, "final", "`ack/`: something else had become of the message for good";
    TooLarge = PAYLOAD_TOO_LARGE, "error", "the body is larger than 1 MiB";
    TooSlow = REQUEST_TIMEOUT, "error", "the body did not come within 10 s";
    NotJson = UNSUPPORTED_MEDIA_TYPE, "error", "`POST chat/`, `ack/`, `web/`: the content type is not JSON; never on `close/`";
    TooMany = TOO_MANY_REQUESTS, "error", "`token/`: too many wrong passwords of late; `GET chat/`: too many at once; `Retry-After` tells when again";
    NotNow = SERVICE_UNAVAILABLE, "error", "nothing can be kept just now; nothing was done; with `Retry-After`";
    Fault = INTERNAL_SERVER_ERROR, "error", "a fault of ours";
}

/// The table as it stands in the document.
pub fn table() -> String {
    let mut text = String::from("| status | `status` | when |\n|---|---|---|\n");
    for situation in Situation::ALL {
        let (status, word, when) = (situation.status(), situation.word(), situation.when());
        text.push_str(&format!("| {} | `{word}` | {when} |\n", status.as_u16()));
    }
    text
}
