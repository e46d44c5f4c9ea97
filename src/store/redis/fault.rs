//! What Redis's errors mean.

use redis::{ErrorKind, RedisError};

use crate::store::StoreError;

/// Something did not work.
#[derive(Debug)]
pub(super) struct Failure {
    /// What to tell.
    pub error: StoreError,
    /// Redis refused it itself, so it had no effect. Otherwise nobody knows.
    pub refused: bool,
    /// The connection is of no use any more.
    pub broken: bool,
    /// Redis does not know the script by its hash, and wants its text.
    pub unknown_script: bool,
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        let code = error.code().unwrap_or_default();
        let refused = !code.is_empty();
        Self {
            // One that was demoted says so, and then another one is to be asked for.
            broken: !refused || matches!(code, "READONLY" | "MASTERDOWN" | "NOAUTH"),
            refused,
            unknown_script: code == "NOSCRIPT",
            error: meaning(&error, code),
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Failure {
    /// Our own script refused it.
    pub fn refusal(error: StoreError) -> Self {
        Self {
            error,
            refused: true,
            broken: false,
            unknown_script: false,
        }
    }
}

/// It took too long.
pub(super) fn too_slow() -> Failure {
    Failure {
        error: StoreError::Unavailable("Redis does not answer in time".into()),
        refused: false,
        broken: true,
        unknown_script: false,
    }
}

fn meaning(error: &RedisError, code: &str) -> StoreError {
    if error.kind() == ErrorKind::AuthenticationFailed {
        return denied("WRONGPASS");
    }
    let why = match code {
        "WRONGPASS" | "NOAUTH" => return denied(code),
        "NOPERM" => "the Redis user may not do this (NOPERM)",
        "LOADING" => "Redis is still loading its data (LOADING)",
        "OOM" => "Redis has no memory left for it (OOM): raise its maxmemory",
        "MISCONF" => "Redis cannot write to its disk (MISCONF)",
        "READONLY" => "this Redis is a replica and takes no writes (READONLY)",
        "MASTERDOWN" => "this Redis is a replica that has lost its master (MASTERDOWN)",
        "NOREPLICAS" => "Redis has too few replicas to take writes (NOREPLICAS)",
        "CLUSTERDOWN" => "the Redis cluster is down (CLUSTERDOWN)",
        "BUSY" => "Redis is busy with somebody's script (BUSY)",
        "" => return StoreError::Unavailable(unanswered(error)),
        _ => {
            // An error for an unknown command repeats what was said in it.
            let detail = error.detail().unwrap_or_default();
            let detail = detail.split(", with args").next().unwrap_or_default();
            return StoreError::Unavailable(format!("Redis refuses it: {code} {detail}"));
        }
    };
    StoreError::Unavailable(why.into())
}

fn denied(code: &str) -> StoreError {
    StoreError::BadUrl(format!("Redis refuses the user or the password ({code})"))
}

fn unanswered(error: &RedisError) -> String {
    match error.kind() {
        ErrorKind::MasterNameNotFoundBySentinel => {
            "no sentinel can be asked which Redis is the master".into()
        }
        ErrorKind::EmptySentinelList => "no sentinel is named".into(),
        _ if error.is_timeout() => "Redis does not answer in time".into(),
        _ if error.is_connection_refusal() => "Redis cannot be reached: connection refused".into(),
        _ => format!("Redis cannot be reached: {}", error),
    }
}
