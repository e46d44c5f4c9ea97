//! The commands for operators: they read the store beside the running process, and leave it
//! orders.

use crate::bridge::{CaseRecord, ConversationRecord, Visitor};
use crate::config::{Settings, StoreUrl};
use crate::conversation::{Author, DeadLetter, Earlier, Line, Past, Stage, Words};
use crate::engine::now;
use crate::ids::{ConversationId, Timestamp};
use crate::store::{self, Progress, Row, Store, Table};

use super::orders::{LetterName, Order, leave};
use super::{AppError, runtime, translate};

/// Which dead letters a command is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    All,
    /// The one of this id, as `dead-letters list` shows it.
    One(String),
}

const ORDERED: &str = "ordered; the running Warmline does it within a second or two";

/// The dead letters as a table for people.
///
/// # Errors
/// The store cannot be read.
pub fn dead_letters_list(settings: &Settings) -> Result<String, AppError> {
    let letters = with_store(settings, async |store| letters(store).await)?;
    if letters.is_empty() {
        return Ok("no dead letters".to_owned());
    }
    let rows = letters.iter().map(|letter| {
        format!(
            "{}  {}  {}  {}",
            letter.delivery.id,
            shown(letter.at),
            letter.delivery.channel,
            letter.why
        )
    });
    Ok(rows.collect::<Vec<_>>().join("\n"))
}

/// Puts dead letters back into their lanes; tells in words what was done.
///
/// # Errors
/// The store cannot be written, or there is no such letter.
pub fn dead_letters_retry(settings: &Settings, which: &Which) -> Result<String, AppError> {
    order_letters(settings, which, Order::Retry)
}

/// Forgets dead letters; tells in words what was done.
///
/// # Errors
/// The store cannot be written, or there is no such letter.
pub fn dead_letters_drop(settings: &Settings, which: &Which) -> Result<String, AppError> {
    order_letters(settings, which, Order::Drop)
}

fn order_letters(
    settings: &Settings,
    which: &Which,
    order: fn(LetterName) -> Order,
) -> Result<String, AppError> {
    with_store(settings, async |store| {
        let chosen: Vec<Order> = letters(store)
            .await?
            .into_iter()
            .filter(|letter| match which {
                Which::All => true,
                Which::One(id) => letter.delivery.id.as_str() == id,
            })
            .map(|letter| {
                order(LetterName {
                    conversation: letter.delivery.conversation,
                    number: letter.delivery.number,
                })
            })
            .collect();
        if let (Which::One(id), []) = (which, chosen.as_slice()) {
            return Err(AppError::NotFound(format!("dead letter {id}")));
        }
        leave(store, &chosen).await?;
        Ok(format!("{} {ORDERED}", chosen.len()))
    })
}

async fn letters(store: &dyn Store) -> Result<Vec<DeadLetter>, AppError> {
    let rows = store.load(Table::DeadLetter).await?;
    rows.iter().map(parse).collect()
}

/// The conversations as a table for people; closed ones too if asked for.
///
/// # Errors
/// The store cannot be read.
pub fn conversations_list(settings: &Settings, closed_too: bool) -> Result<String, AppError> {
    with_store(settings, async |store| {
        let mut rows: Vec<(Timestamp, String)> = Vec::new();
        for row in store.load(Table::Conversation).await? {
            let record: ConversationRecord = parse(&row)?;
            let one = record.conversation;
            let text = format!(
                "{}  {}  {}  {}  {}",
                one.id,
                shown(one.opened_at),
                one.channel,
                one.workgroup,
                stage(&one.stage)
            );
            rows.push((one.opened_at, text));
        }
        if closed_too {
            for row in store.load(Table::Past).await? {
                let past: Past = parse(&row)?;
                let text = format!(
                    "{}  {}  {}  {}  closed by {} {}",
                    past.id,
                    shown(past.opened_at),
                    past.channel,
                    past.workgroup,
                    past.by.as_str(),
                    shown(past.closed_at)
                );
                rows.push((past.opened_at, text));
            }
        }
        rows.sort();
        if rows.is_empty() {
            return Ok("no conversations".to_owned());
        }
        let texts: Vec<String> = rows.into_iter().map(|(_, text)| text).collect();
        Ok(texts.join("\n"))
    })
}

fn stage(stage: &Stage) -> String {
    match stage {
        Stage::Waiting { .. } => "waiting".to_owned(),
        Stage::Served(service) => format!("with {}", service.agent),
        Stage::Away(away) if away.stay.is_none() => "waiting elsewhere".to_owned(),
        Stage::Away(_) => "elsewhere".to_owned(),
        Stage::Over { by, .. } => format!("closed by {}", by.as_str()),
    }
}

/// One conversation with its transcript.
///
/// # Errors
/// The store cannot be read, or there is no such conversation.
pub fn conversations_show(settings: &Settings, id: &str) -> Result<String, AppError> {
    let zone = &settings.context.time_zone;
    with_store(settings, async |store| {
        let open = store.get(Table::Conversation, "", id).await?;
        let past = store.get(Table::Past, "", id).await?;
        let mut text = match (&past, &open) {
            (Some(row), _) => {
                let past: Past = parse(row)?;
                format!("{id}  closed by {}", past.by.as_str())
            }
            (None, Some(row)) => {
                let record: ConversationRecord = parse(row)?;
                format!("{id}  {}", stage(&record.conversation.stage))
            }
            (None, None) => return Err(AppError::NotFound(format!("conversation {id}"))),
        };
        let mut said: Vec<(String, Timestamp, Words)> = Vec::new();
        if let Some(row) = store.get(Table::Before, id, "").await? {
            let earlier: Vec<Earlier> = parse(&row)?;
            let before = |one: Earlier| (who(&one.author), one.at, one.words);
            said.extend(earlier.into_iter().map(before));
        }
        for row in store.group(Table::Line, id).await? {
            let line: Line = parse(&row)?;
            said.push((who(&line.author), line.at, line.words));
        }
        let cases = cases(store, id).await?;
        for (who, at, words) in said {
            let at = jiff::Timestamp::from_millisecond(at.0)
                .map(|at| at.to_zoned(zone.clone()))
                .map(|at| at.strftime("%d-%m-%Y %H:%M:%S").to_string())
                .unwrap_or_default();
            let said = shown_text(&words.text);
            text.push_str(&format!("\n{} [{at}]: {said}", shown_text(&who)));
            for attachment in &words.attachments {
                text.push_str(&format!(" {}", shown_text(&attachment.url)));
            }
        }
        text.push_str(&cases);
        Ok(text)
    })
}

/// The cases that were filed in a conversation, as they were sent.
async fn cases(store: &dyn Store, id: &str) -> Result<String, AppError> {
    let mut text = String::new();
    for row in store.load(Table::Case).await? {
        let case: CaseRecord = parse(&row)?;
        if case.conversation.as_ref().is_some_and(|c| c.as_str() == id) {
            let body = shown_text(&case.body);
            text.push_str(&format!("\ncase {}: {body}", case.note.id));
        }
    }
    Ok(text)
}

/// Words of strangers for a terminal: nothing in them moves its cursor, and no second line of a
/// text passes for another one's words.
fn shown_text(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' => "\n    ".to_owned(),
        c if c.is_control() => char::REPLACEMENT_CHARACTER.to_string(),
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

fn who(author: &Author) -> String {
    match author {
        Author::Visitor => "visitor".to_owned(),
        Author::Agent { name } => name.clone(),
        Author::Bot => "bot".to_owned(),
        Author::Desk => "desk".to_owned(),
        Author::Note { name } => format!("note by {name}"),
        Author::Command { name } => format!("command by {name}"),
        Author::Told(_) => "to the visitor, in the channel's words".to_owned(),
        Author::End(by) => format!("ended by {}", by.as_str()),
        Author::Reported(receipt) => format!("told outside: {}", receipt.as_str()),
    }
}

/// Closes one conversation; tells in words what was done.
///
/// # Errors
/// The store cannot be written, or there is no such conversation.
pub fn conversations_close(settings: &Settings, id: &str) -> Result<String, AppError> {
    with_store(settings, async |store| {
        if store.get(Table::Conversation, "", id).await?.is_none() {
            return Err(AppError::NotFound(format!("open conversation {id}")));
        }
        leave(store, &[Order::Close(ConversationId::new(id))]).await?;
        Ok(format!("1 {ORDERED}"))
    })
}

/// Lets one conversation that is over go on, where its channel has such; tells in words what was
/// done.
///
/// # Errors
/// The store cannot be written, or there is no such conversation.
pub fn conversations_reopen(settings: &Settings, id: &str) -> Result<String, AppError> {
    with_store(settings, async |store| {
        let row = store.get(Table::Past, "", id).await?;
        let past: Option<Past> = row.as_ref().map(parse).transpose()?;
        let Some(past) = past.filter(|past| past.again.is_some()) else {
            let what = format!("closed conversation {id} of a channel that opens again");
            return Err(AppError::NotFound(what));
        };
        let (channel, token) = (past.channel, past.token);
        leave(store, &[Order::Reopen(Visitor { channel, token })]).await?;
        Ok(format!("1 {ORDERED}"))
    })
}

/// Moves everything from one store to another, on neither of which a process runs; tells in words
/// what was done.
///
/// # Errors
/// One of them cannot be had, or the target has rows already. Begun again it goes on.
pub fn store_migrate(
    settings: &Settings,
    (from, to): (&StoreUrl, &StoreUrl),
    tell: impl FnMut(Progress),
) -> Result<String, AppError> {
    let place = |url| translate::place(&settings.store, url);
    let (from, to) = (place(from), place(to));
    runtime()?.block_on(async {
        let moved = store::move_all((&from, &to), now(), tell).await?;
        Ok(format!(
            "{moved} rows are in {to} now; nothing was changed in {from}"
        ))
    })
}

fn parse<T: serde::de::DeserializeOwned>(row: &Row) -> Result<T, AppError> {
    Ok(serde_json::from_slice(&row.value)?)
}

fn shown(at: Timestamp) -> String {
    let ago = now().since(at).as_secs();
    humantime::format_duration(std::time::Duration::from_secs(ago)).to_string() + " ago"
}

fn with_store<T>(
    settings: &Settings,
    work: impl AsyncFnOnce(&dyn Store) -> Result<T, AppError>,
) -> Result<T, AppError> {
    runtime()?.block_on(async {
        let place = translate::place(&settings.store, &settings.store.url);
        let store = store::peek(&place).await?;
        work(store.as_ref()).await
    })
}
