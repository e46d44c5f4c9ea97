//! What Redis's own settings put at risk, told at the start.

use redis::cmd;
use tracing::warn;

use super::link::Link;

/// Warns of settings under which what was accepted can be lost.
pub(super) async fn look(link: &Link) {
    let place = link.place();
    let (Some(log), Some(sync), Some(policy)) = (
        setting(link, "appendonly").await,
        setting(link, "appendfsync").await,
        setting(link, "maxmemory-policy").await,
    ) else {
        warn!(%place, "Redis does not tell its settings (CONFIG GET): whether it keeps what is accepted is not known");
        return;
    };
    if log != "yes" {
        warn!(%place, appendonly = log, "Redis loses what was accepted since its last snapshot when it ends: set appendonly yes");
    } else if sync != "always" {
        warn!(%place, appendfsync = sync, "a power cut can lose what was accepted in the last second or more: set appendfsync always");
    }
    if setting(link, "no-appendfsync-on-rewrite")
        .await
        .is_some_and(|set| set == "yes")
    {
        warn!(%place, "while Redis rewrites its log, a power cut can lose what was accepted meanwhile: set no-appendfsync-on-rewrite no");
    }
    if policy != "noeviction" {
        warn!(%place, maxmemory_policy = policy, "Redis may throw away what was accepted when its memory is full: set maxmemory-policy noeviction");
    }
}

async fn setting(link: &Link, name: &str) -> Option<String> {
    let mut question = cmd("CONFIG");
    question.arg("GET").arg(name);
    let answer: Vec<String> = link.ask(&question).await.ok()?;
    answer.into_iter().nth(1)
}
