//! Workgroups that administrators added, over XMPP or the chat API, stand in the store, beside those of the
//! configuration file. The file goes before them: what it names cannot be changed by command.

use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::config::{Settings, What, Workgroup};
use crate::engine::groups::{GroupOrder, GroupProblem, Part};
use crate::store::{Change, Put, Store, StoreError, Table};

/// The group of [`Table::Desk`] that holds them, by name.
const GROUP: &str = "workgroup";
/// The most workgroups that are added by command.
const MOST: usize = 1_000;
/// The most agents of one of them.
const MOST_AGENTS: usize = 1_000;
/// The longest name for people, in bytes.
const LONGEST_TITLE: usize = 1_000;

/// What is stored of one.
#[derive(Debug, Serialize, Deserialize)]
struct Added {
    title: String,
    agents: Vec<String>,
}

/// The settings with the workgroups that were added.
///
/// # Errors
/// The store does not answer.
pub(super) async fn with_added(
    settings: &Settings,
    store: &dyn Store,
) -> Result<Settings, StoreError> {
    let mut all = settings.clone();
    for row in store.group(Table::Desk, GROUP).await? {
        if settings.workgroup(&row.key).is_some() {
            warn!(
                workgroup = row.key,
                "added by command, but the file says what it is"
            );
            continue;
        }
        let added = serde_json::from_slice::<Added>(&row.value).ok();
        let read = added.and_then(|one| Workgroup::added(&row.key, &one.title, &one.agents).ok());
        match read {
            Some(workgroup) => all.workgroups.push(workgroup),
            None => warn!(workgroup = row.key, "added by command, but cannot be read"),
        }
    }
    Ok(all)
}

/// Keeps what an administrator ordered; `settings` are the file's alone.
///
/// # Errors
/// Why nothing was changed.
pub(super) async fn keep(
    settings: &Settings,
    store: &dyn Store,
    order: &GroupOrder,
) -> Result<(), GroupProblem> {
    let name = match order {
        GroupOrder::Add { name, .. }
        | GroupOrder::Update { name, .. }
        | GroupOrder::Delete { name } => name.as_str(),
    };
    if settings.workgroup(name).is_some() {
        return Err(match order {
            GroupOrder::Add { .. } => GroupProblem::Exists,
            _ => GroupProblem::Configured,
        });
    }
    let known = store.group(Table::Desk, GROUP).await.map_err(unavailable)?;
    let before = known.iter().find(|row| row.key == name);
    let change = match (order, before) {
        (GroupOrder::Add { .. }, Some(_)) => return Err(GroupProblem::Exists),
        (GroupOrder::Update { .. } | GroupOrder::Delete { .. }, None) => {
            return Err(GroupProblem::Unknown);
        }
        (GroupOrder::Add { .. }, None) if known.len() >= MOST => return Err(GroupProblem::TooMany),
        (GroupOrder::Add { title, agents, .. }, None) => {
            // A user of our own domain has that address.
            let user = store.get(Table::User, "", name).await;
            if user.map_err(unavailable)?.is_some() {
                return Err(GroupProblem::Exists);
            }
            put(name, title, agents)?
        }
        (GroupOrder::Update { agents, .. }, Some(row)) => {
            let title = serde_json::from_slice::<Added>(&row.value).map(|one| one.title);
            put(name, &title.unwrap_or_default(), agents)?
        }
        (GroupOrder::Delete { .. }, Some(_)) => Change::Delete {
            table: Table::Desk,
            group: GROUP.to_owned(),
            key: name.to_owned(),
        },
    };
    store.commit(vec![change]).await.map_err(unavailable)?;
    info!(workgroup = name, "changed by an administrator's command");
    Ok(())
}

fn unavailable(problem: StoreError) -> GroupProblem {
    warn!(%problem, "an administrator's command was not kept");
    GroupProblem::Unavailable
}

fn put(name: &str, title: &str, agents: &[String]) -> Result<Change, GroupProblem> {
    if agents.len() > MOST_AGENTS {
        return Err(GroupProblem::TooMany);
    }
    if title.len() > LONGEST_TITLE || title.chars().any(char::is_control) {
        return Err(GroupProblem::Malformed(Part::Title, shown(title)));
    }
    Workgroup::added(name, title, agents).map_err(|problems| malformed(name, &problems))?;
    let added = Added {
        title: title.to_owned(),
        agents: agents.to_vec(),
    };
    let value = serde_json::to_vec(&added).map_err(|_| GroupProblem::Unavailable)?;
    Ok(Change::Put(Put {
        table: Table::Desk,
        group: GROUP.to_owned(),
        key: name.to_owned(),
        value,
        expires: None,
    }))
}

/// The first value that was not understood.
fn malformed(name: &str, problems: &[crate::config::Problem]) -> GroupProblem {
    let given = problems.iter().find_map(|problem| match &problem.what {
        What::Malformed { given, .. } | What::Duplicate { given, .. } => Some(given.clone()),
        _ => None,
    });
    let of_agents = problems
        .iter()
        .all(|problem| problem.key.starts_with("agents"));
    let part = if of_agents { Part::Agents } else { Part::Name };
    let given = given.unwrap_or_else(|| name.to_owned());
    GroupProblem::Malformed(part, shown(&given))
}

/// As much of what was given as fits into an answer.
fn shown(given: &str) -> String {
    given.chars().take(100).collect()
}
