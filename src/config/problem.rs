//! What can be wrong with a configuration, each case a variant that names its key.

use std::fmt;
use std::path::PathBuf;
use thiserror::Error;

/// One thing that keeps a configuration from being used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key as written in the file (`channel[0].secret`), or the file's name when no key can
    /// be told.
    pub key: String,
    /// What is wrong there.
    pub what: What,
    /// The environment variable the value came from; `None` when it came from the file.
    pub variable: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)?;
        match &self.variable {
            Some(variable) => write!(f, " (from {variable})"),
            None => Ok(()),
        }
    }
}

/// What is wrong with a value. No variant ever carries the text of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum What {
    /// The configuration file cannot be read.
    #[error("cannot be read ({reason})")]
    Unreadable {
        /// The system's reason.
        reason: std::io::ErrorKind,
    },
    /// The text is not TOML.
    #[error("line {line}, column {column}: {reason}")]
    Syntax {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// The parser's reason, without the line's text (a secret may stand there).
        reason: String,
    },
    /// An environment variable is not UTF-8.
    #[error("is not UTF-8")]
    NotUtf8,
    /// An environment variable leads to a place that cannot exist.
    #[error("leads nowhere: {reason}")]
    Misplaced {
        /// Which step of the way fails.
        reason: Detour,
    },
    /// No such key.
    #[error("is not a known key{}", hint(.meant))]
    UnknownKey {
        /// The known key that looks most like it.
        meant: Option<String>,
    },
    /// A required key is absent.
    #[error("is missing")]
    Missing,
    /// The TOML type is another one.
    #[error("must be {expected}, found {found}")]
    WrongType {
        /// What belongs here.
        expected: &'static str,
        /// The TOML type found; never the value.
        found: &'static str,
    },
    /// The type is right, the text is not.
    #[error("must be {expected}, found \"{given}\"")]
    Malformed {
        /// What belongs here.
        expected: &'static str,
        /// The text found; never that of a secret.
        given: String,
    },
    /// A word outside the list of allowed words.
    #[error("must be one of {}, found \"{given}\"{}", .allowed.join(", "), hint(.meant))]
    NotOneOf {
        /// The words allowed.
        allowed: &'static [&'static str],
        /// The word found.
        given: String,
        /// The allowed word that looks most like it.
        meant: Option<String>,
    },
    /// Passwords would cross the network in the clear.
    #[error("must not be \"none\" unless the address is on loopback")]
    PlainTextPasswords,
    /// Zero, where that would mean "never" or "at once for ever".
    #[error("must be more than zero")]
    Zero,
    /// A duration longer than a year.
    #[error("must be at most a year")]
    TooLong,
    /// A text or a list with nothing in it.
    #[error("must not be empty")]
    Empty,
    /// A secret with white space or control characters, which no peer would send.
    #[error("must not contain white space or control characters")]
    SecretNotPlain,
    /// A secret that could be guessed.
    #[error("must have at least {0} characters")]
    TooShort(usize),
    /// The secret stands inline and in a file.
    #[error("is given twice, inline and as {0}")]
    GivenTwice(String),
    /// A file named by the configuration cannot be used.
    #[error("file {} cannot be read ({reason})", .path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: std::io::ErrorKind,
    },
    /// A file is larger than it may be.
    #[error("file {} has more than {most} bytes", .path.display())]
    FileTooLarge {
        /// The file.
        path: PathBuf,
        /// The most bytes.
        most: usize,
    },
    /// A queue's agent who is none of its workgroup's.
    #[error("is no agent of this workgroup: \"{given}\"")]
    NoSuchAgent {
        /// The agent found.
        given: String,
    },
    /// A rule with several tests.
    #[error("must have one of equals, contains and matches")]
    OneTest,
    /// An id that the program itself uses.
    #[error("is taken: the program itself has a channel of this id")]
    ReservedId,
    /// A file that should hold certificates in PEM holds none.
    #[error("file {} holds no PEM certificate", .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The embedded store's place is taken by something that is no folder.
    #[error("{} is not a folder", .path.display())]
    NotAFolder {
        /// The place.
        path: PathBuf,
    },
    /// The store's URL is none; what it says is not repeated, as it may hold a password.
    #[error("cannot be used: {0}")]
    StoreUrl(&'static str),
    /// A key that another one rules out.
    #[error("cannot be set beside {0}")]
    NotBeside(&'static str),
    /// A workgroup of another service that would be our own.
    #[error("is on the component's own domain: \"{given}\"")]
    OwnDomain {
        /// The address found.
        given: String,
    },
    /// A place to which only requests of our own workgroups can go on.
    #[error("names a workgroup of another service: \"{given}\"")]
    ServedElsewhere {
        /// The name found.
        given: String,
    },
    /// No workgroup of this name is configured.
    #[error("names no configured workgroup: \"{given}\"{}", hint(.meant))]
    UnknownWorkgroup {
        /// The name found.
        given: String,
        /// The configured name that looks most like it.
        meant: Option<String>,
    },
    /// The same value stands at another key and may stand only once.
    #[error("\"{given}\" is already used by {first}")]
    Duplicate {
        /// The value.
        given: String,
        /// The key that had it first.
        first: String,
    },
    /// Workgroup names that begin like visitors' addresses (design: `v-…@domain`).
    #[error("must not begin with \"v-\", visitors' addresses do")]
    ReservedPrefix,
    /// The deliveries to this address would all be refused.
    #[error("points to a private address, which outbound.allow_private_networks = false refuses")]
    PrivateAddress,
    /// Something else than the hash of a password.
    #[error("must be an argon2 hash as `warmline hash-password` prints it")]
    NotAPasswordHash,
    /// More than there may be.
    #[error("must be at most {0}")]
    AtMost(&'static str),
    /// One of two keys at least is needed.
    #[error("{0} or {1} must be set, or both")]
    NeitherOf(&'static str, &'static str),
    /// Two keys contradict each other.
    #[error("must differ from {0}")]
    SameAs(&'static str),
}

/// Why an environment variable's path leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Detour {
    /// The place exists and is a plain value.
    #[error("{0} is a single value")]
    PlainValue(String),
    /// A list needs a number next.
    #[error("{0} is a list and needs a number")]
    NeedsIndex(String),
    /// Entries of a list come one after the other.
    #[error("{key} has only {len} entries")]
    BeyondEnd {
        /// The list.
        key: String,
        /// Its length.
        len: usize,
    },
    /// Two underscores too many.
    #[error("the name has an empty part")]
    EmptyPart,
}

/// Something that works, but that the operator should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The key it is about.
    pub key: String,
    /// What should be known.
    pub what: Caution,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.what)
    }
}

/// What the operator should know.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Caution {
    /// The HTTP server can be reached from other machines.
    #[error("listens beyond this machine; put a TLS proxy in front")]
    ListensBeyondLoopback,
    /// The guard against server-side request forgery is off.
    #[error("is on: channels can make Warmline call addresses inside your network")]
    PrivateNetworksAllowed,
    /// The component link crosses the network in clear text.
    #[error("crosses the network without TLS; set xmpp.tls if the server offers it")]
    PlainTextLink,
    /// Everything that people say crosses the network in clear text.
    #[error("crosses the network without TLS; use rediss:// if the server offers it")]
    PlainTextStore,
    /// Openfire closes a silent component after about 360 s (design §5).
    #[error("is long: Openfire closes a silent component link after six minutes")]
    LongKeepalive,
    /// The list of workgroups or channels is empty.
    #[error("none is configured, so nothing can happen")]
    NoneConfigured,
    /// A workgroup nobody serves.
    #[error("is empty: every request will wait until its timeout")]
    NobodyServes,
    /// Requests would end before the first offer does.
    #[error("is longer than request_timeout, so only one agent is ever asked")]
    OfferOutlastsRequest,
    /// RapidPro shows a secret of 32 characters (reference: rapidpro §1.2).
    #[error("has {0} characters; the secret that RapidPro shows has 32")]
    UnusualSecretLength(usize),
    /// A secret that can be guessed.
    #[error("has only {0} characters; whoever guesses it can act for every user: take 32 or more")]
    ShortSecret(usize),
    /// The bot would go on sending to a session that is over.
    #[error("is not set: the bot does not hear when a counselor ends a conversation")]
    EndIsNotTold,
    /// Whoever finds the webhooks can speak for every visitor.
    #[error("is off: whoever knows the webhook's address can speak as any visitor")]
    SignatureOff,
    /// Files and webhooks need an address of our own.
    #[error(
        "needs http.public_url: without it agents see no visitor's files, and no webhook can be registered"
    )]
    NoMedia,
    /// Files of both sides need an address of our own.
    #[error(
        "needs http.public_url: without it agents see no visitor's files, and visitors perhaps no agent's"
    )]
    NoFiles,
    /// Several channels of a kind whose routes tell no channel.
    #[error("is not the only yalo channel: its webhooks are at /yalo/{0}/v1/…, not at /v1/…")]
    SharedRoutes(String),
    /// A key that has no effect without another one.
    #[error("has no effect without {0}")]
    NoEffectWithout(&'static str),
}

fn hint(meant: &Option<String>) -> String {
    match meant {
        Some(word) => format!("; did you mean \"{word}\"?"),
        None => String::new(),
    }
}
