//! Why a call failed, and how callers are told: the chat API's error entity (§1.5), never empty.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use crate::bridge::Refusal;
use crate::channels::http::BodyError;
use crate::engine::groups::{GroupProblem, Part};
use crate::store::StoreError;
use crate::users::{LoginError, NoSlot, UserError};

use super::pdf::PdfError;
use super::previews::NoPage;
use super::wire::dialect::Dialect;
use super::wire::node::{Entity, Node};

/// Seconds after which to ask again for a place for a file, where the service that is full says none:
/// it counts by the day, or waits for files to expire.
const FULL: u64 = 60;

/// Why a call failed. No variant holds what somebody said, a password or a token.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There are no credentials.
    #[error("credentials are missing")]
    NoCredentials,
    /// There are credentials, and they are not right.
    #[error("wrong credentials")]
    WrongCredentials,
    /// The password is right, and a one-time code is needed with it.
    #[error("a one-time code is needed beside the password: log in with ?totp=")]
    CodeMissing,
    /// A one-time code that is not this user's, or not any more.
    #[error("wrong one-time code, or one that was used already")]
    WrongCode,
    /// Somebody who needs one-time codes has no session that was logged in with one.
    #[error(
        "this user needs one-time codes: log in with one first (POST /chat/{{username}}/login?totp=)"
    )]
    NotLoggedIn,
    /// One-time codes of a user who has none.
    #[error("this user has no one-time codes")]
    NoCodes,
    /// Too many wrong ones came from there.
    #[error("too many attempts; try again later")]
    TooManyAttempts(Duration),
    /// The credentials are right, but not for this.
    #[error("these credentials do not allow this: {0}")]
    NotAllowed(&'static str),
    /// A path that leads nowhere.
    #[error("no such path")]
    NoSuchPath,
    /// A path that does not know the method.
    #[error("this path knows only {0}")]
    WrongMethod(String),
    /// No session under this stream id.
    #[error("xmpp connection not found: no session has this stream id")]
    NoStream,
    /// The caller's user has no session, or names none.
    #[error("name a user with ?username= or a session with ?streamid=")]
    WhichUser,
    /// No user of our own domain has this name.
    #[error("there is no such user")]
    NoUser,
    /// A user of our own domain has this name, and a password.
    #[error("there is such a user already")]
    UserExists,
    /// A user of the configuration.
    #[error("this user stands in the configuration, and is changed there")]
    Configured,
    /// A visitor's request that is not known, or not this caller's.
    #[error("no such request")]
    NoRequest,
    /// No workgroup of that name.
    #[error("no such workgroup")]
    NoWorkgroup,
    /// Nobody is there, and the channel does not let visitors wait.
    #[error("Workgroup is offline")]
    Offline,
    /// The visitor waits or talks already.
    #[error("Unable to join chat queue - this user waits already")]
    WaitsAlready,
    /// Nobody came within the time that the call was to wait.
    #[error("Timeout error, no agent available")]
    NobodyCame,
    /// The conversation is over.
    #[error("the conversation is over")]
    Over,
    /// Nobody has taken the request yet.
    #[error("no agent has come yet")]
    NotInvited,
    /// The body is not what is wanted here.
    #[error("the body is wrong: {0}")]
    Body(&'static str),
    /// A field of the body is missing or wrong.
    #[error("the field {0} is missing or not a text")]
    Field(&'static str),
    /// A field of the body is a text, and not one that can be used.
    #[error("the field {0} is wrong: {1}")]
    BadField(&'static str, &'static str),
    /// A workgroup was not changed.
    #[error(transparent)]
    Group(GroupProblem),
    /// A parameter is wrong.
    #[error("the parameter {0} is wrong: {1}")]
    Parameter(&'static str, &'static str),
    /// The body could not be had.
    #[error(transparent)]
    Reading(#[from] BodyError),
    /// It cannot be done from outside of the XMPP server.
    #[error("not possible here: {0}")]
    Impossible(&'static str),
    /// The session did not do it.
    #[error(transparent)]
    User(#[from] UserError),
    /// There is no session.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// There is no preview of a page.
    #[error(transparent)]
    Page(#[from] NoPage),
    /// The store or the engine does not take it just now.
    #[error("the service cannot take this just now")]
    Unavailable,
    /// A fault of ours.
    #[error("the service failed")]
    Fault,
}

impl From<StoreError> for Failure {
    fn from(_: StoreError) -> Self {
        Self::Unavailable
    }
}

impl From<PdfError> for Failure {
    fn from(error: PdfError) -> Self {
        match error {
            PdfError::NoFont => Self::Impossible(
                "no font is found that shows letters; install some (Debian: fonts-dejavu-core, fonts-noto-core), \
                 or set fonts of the channel",
            ),
            PdfError::TooMuch => Self::Parameter("limit", "it is too much text for one file"),
            PdfError::Fault => Self::Fault,
        }
    }
}

impl From<crate::engine::Unavailable> for Failure {
    fn from(_: crate::engine::Unavailable) -> Self {
        Self::Unavailable
    }
}

impl From<GroupProblem> for Failure {
    fn from(problem: GroupProblem) -> Self {
        match problem {
            GroupProblem::Malformed(Part::Name, _) => {
                Self::BadField("name", "the local part of an address is wanted")
            }
            GroupProblem::Malformed(Part::Title, _) => {
                Self::BadField("description", "a line of at most 1,000 bytes is wanted")
            }
            GroupProblem::Malformed(Part::Agents, _) => {
                Self::BadField("members", "names or addresses of users are wanted")
            }
            GroupProblem::Unavailable => Self::Unavailable,
            other => Self::Group(other),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoAgents => Self::Offline,
            Refusal::AlreadyOpen => Self::WaitsAlready,
            Refusal::UnknownWorkgroup => Self::NoWorkgroup,
            Refusal::UnknownVisitor | Refusal::UnknownConversation => Self::NoRequest,
            _ => Self::Fault,
        }
    }
}

impl Failure {
    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoCredentials
            | Self::WrongCredentials
            | Self::CodeMissing
            | Self::WrongCode
            | Self::NotLoggedIn => StatusCode::UNAUTHORIZED,
            Self::TooManyAttempts(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotAllowed(_) => StatusCode::FORBIDDEN,
            Self::NoSuchPath
            | Self::NoStream
            | Self::NoUser
            | Self::NoCodes
            | Self::NoRequest
            | Self::NoWorkgroup => StatusCode::NOT_FOUND,
            Self::WrongMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::WaitsAlready
            | Self::UserExists
            | Self::Configured
            | Self::NotInvited
            | Self::Over => StatusCode::CONFLICT,
            Self::Group(problem) => of_group(problem),
            Self::WhichUser
            | Self::Offline
            | Self::NobodyCame
            | Self::Body(_)
            | Self::Field(_)
            | Self::BadField(..)
            | Self::Parameter(..) => StatusCode::BAD_REQUEST,
            Self::Reading(error) => error.status(),
            Self::Impossible(_) => StatusCode::NOT_IMPLEMENTED,
            Self::User(error) => of_user(error),
            Self::Login(error) => of_login(error),
            Self::Page(error) => of_page(*error),
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A word of the original's `ExceptionType`.
    fn exception(&self) -> &'static str {
        match self {
            Self::User(UserError::NoRoom) => "RoomNotFoundException",
            Self::User(UserError::NoContact) => "RosterItemNotFound",
            Self::User(UserError::Exists)
            | Self::WaitsAlready
            | Self::Group(GroupProblem::Exists) => "AlreadyExistsException",
            Self::NoStream | Self::NoUser | Self::NoRequest => "UserNotFoundException",
            Self::UserExists => "UserAlreadyExistsException",
            Self::NoCredentials
            | Self::WrongCredentials
            | Self::CodeMissing
            | Self::WrongCode
            | Self::NotLoggedIn
            | Self::TooManyAttempts(_)
            | Self::NotAllowed(_)
            | Self::Configured
            | Self::Group(GroupProblem::Configured)
            | Self::Impossible(_)
            | Self::User(UserError::Forbidden(_) | UserError::Unsupported(_))
            | Self::User(UserError::NoSlot(
                NoSlot::Refused(_) | NoSlot::NoService | NoSlot::TurnedOff,
            ))
            | Self::Page(NoPage::Forbidden)
            | Self::Login(_) => "NotAllowedException",
            _ => "IllegalArgumentException",
        }
    }

    /// The answer; `path` is what was asked for, without its query.
    pub fn reply(&self, dialect: Dialect, path: &str) -> HttpResponse {
        let text = |text: &str| Node::Text(text.to_owned());
        let entity = Entity {
            root: "error",
            keys: vec![
                ("ressource", text(path)),
                ("resource", text(path)),
                ("message", Node::Text(self.to_string())),
                ("exception", text(self.exception())),
            ],
        };
        let mut reply = dialect.reply(self.status(), &entity);
        let wait = match self {
            Self::TooManyAttempts(wait)
            | Self::User(UserError::NoSlot(NoSlot::Full(_, Some(wait)))) => {
                Some(wait.as_secs().max(1))
            }
            Self::User(UserError::NoSlot(NoSlot::Full(..))) => Some(FULL),
            _ if self.status() == StatusCode::SERVICE_UNAVAILABLE => Some(5),
            _ => None,
        };
        if let Some(seconds) = wait {
            reply
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }

    /// The answer where a browser may ask its user for a name and a password.
    pub fn reply_with_challenge(&self, path: &str) -> HttpResponse {
        let mut reply = self.reply(Dialect::Plain, path);
        // Another password does not help who needs a code.
        let by_code = matches!(
            self,
            Self::CodeMissing | Self::WrongCode | Self::NotLoggedIn
        );
        if self.status() == StatusCode::UNAUTHORIZED && !by_code {
            let challenge = HeaderValue::from_static("Basic realm=\"ofchat\"");
            reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        reply
    }
}

fn of_group(problem: &GroupProblem) -> StatusCode {
    match problem {
        GroupProblem::Exists | GroupProblem::Configured => StatusCode::CONFLICT,
        GroupProblem::Unknown => StatusCode::NOT_FOUND,
        GroupProblem::TooMany | GroupProblem::Malformed(..) => StatusCode::BAD_REQUEST,
        GroupProblem::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn of_user(error: &UserError) -> StatusCode {
    match error {
        UserError::NoRoom | UserError::NoContact | UserError::NoWorkgroup | UserError::NoOffer => {
            StatusCode::NOT_FOUND
        }
        UserError::Forbidden(_) => StatusCode::FORBIDDEN,
        UserError::Exists | UserError::NickTaken => StatusCode::CONFLICT,
        UserError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        UserError::Unsupported(_) => StatusCode::NOT_IMPLEMENTED,
        UserError::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        UserError::Ended => StatusCode::NOT_FOUND,
        UserError::NotConnected | UserError::Store => StatusCode::SERVICE_UNAVAILABLE,
        UserError::NoSlot(why) => of_slot(why),
        _ => StatusCode::BAD_REQUEST,
    }
}

fn of_slot(why: &NoSlot) -> StatusCode {
    match why {
        NoSlot::TurnedOff | NoSlot::NoService => StatusCode::NOT_IMPLEMENTED,
        NoSlot::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        NoSlot::Refused(_) => StatusCode::FORBIDDEN,
        NoSlot::BadRequest(_) => StatusCode::BAD_REQUEST,
        // Who is told when to come back has used up the own share.
        NoSlot::Full(_, Some(_)) => StatusCode::TOO_MANY_REQUESTS,
        NoSlot::Full(_, None) | NoSlot::Away => StatusCode::SERVICE_UNAVAILABLE,
        NoSlot::Nonsense => StatusCode::BAD_GATEWAY,
    }
}

fn of_page(why: NoPage) -> StatusCode {
    match why {
        NoPage::Forbidden => StatusCode::FORBIDDEN,
        NoPage::NotFound => StatusCode::NOT_FOUND,
        NoPage::Unreachable => StatusCode::BAD_GATEWAY,
        NoPage::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        NoPage::Busy => StatusCode::SERVICE_UNAVAILABLE,
    }
}

fn of_login(error: &LoginError) -> StatusCode {
    match error {
        LoginError::WrongPassword => StatusCode::UNAUTHORIZED,
        LoginError::BadName => StatusCode::BAD_REQUEST,
        LoginError::TurnedOff => StatusCode::NOT_IMPLEMENTED,
        LoginError::Refused(_)
        | LoginError::OtherServer
        | LoginError::Unsafe
        | LoginError::Certificate => StatusCode::FORBIDDEN,
        LoginError::Unreachable
        | LoginError::TimedOut
        | LoginError::TooMany
        | LoginError::Store => StatusCode::SERVICE_UNAVAILABLE,
    }
}
