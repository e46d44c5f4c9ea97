//! What operators order on the command line, carried out by the running process.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::bridge::{Answer, Input, Refusal, Reopening, Visitor};
use crate::conversation::DeadLetter;
use crate::engine::{Handle, now};
use crate::ids::ConversationId;
use crate::outbox::{OutboxHandle, delivery_key, delivery_row};
use crate::store::{Change, Put, Row, Store, StoreError, Table};

use crate::telemetry::metrics as figures;

use super::AppError;

/// How often orders are looked for.
const EVERY: Duration = Duration::from_secs(1);

/// One order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    /// End a conversation.
    Close(ConversationId),
    /// Let a conversation that is over go on.
    Reopen(Visitor),
    /// Put a dead letter back into its lane.
    Retry(LetterName),
    /// Forget a dead letter.
    Drop(LetterName),
}

/// Names a dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LetterName {
    pub conversation: ConversationId,
    pub number: u64,
}

/// Leaves orders where the running process finds them.
pub(super) async fn leave(store: &dyn Store, orders: &[Order]) -> Result<(), AppError> {
    let mut changes = Vec::new();
    for (place, order) in orders.iter().enumerate() {
        changes.push(Change::Put(Put {
            table: Table::Order,
            group: String::new(),
            key: format!("{:015}-{place:06}", now().0),
            value: serde_json::to_vec(order)?,
            expires: None,
        }));
    }
    Ok(store.commit(changes).await?)
}

/// Carries out orders until aborted, and keeps the number of dead letters; `letters` tells when
/// there may be another one.
pub(super) async fn follow(
    store: Arc<dyn Store>,
    engine: Handle,
    (outbox, letters): (OutboxHandle, Arc<Notify>),
) {
    count_letters(store.as_ref()).await;
    loop {
        tokio::select! {
            () = letters.notified() => {
                count_letters(store.as_ref()).await;
                continue;
            }
            () = tokio::time::sleep(EVERY) => {}
        }
        let Ok(rows) = store.load(Table::Order).await else {
            continue;
        };
        let any = !rows.is_empty();
        for row in rows {
            let done = match serde_json::from_slice::<Order>(&row.value) {
                Ok(order) => carry_out(store.as_ref(), &engine, (&outbox, order)).await,
                Err(problem) => {
                    warn!(%problem, "an order cannot be read and is thrown away");
                    true
                }
            };
            if done && store.commit(vec![gone(&row)]).await.is_err() {
                break;
            }
        }
        if any {
            count_letters(store.as_ref()).await;
        }
    }
}

async fn count_letters(store: &dyn Store) {
    if let Ok(rows) = store.load(Table::DeadLetter).await {
        figures::dead_letters(rows.len());
    }
}

fn gone(row: &Row) -> Change {
    Change::Delete {
        table: row.table,
        group: row.group.clone(),
        key: row.key.clone(),
    }
}

/// Tells whether the order needs no second try. Every order does no harm when repeated.
async fn carry_out(
    store: &dyn Store,
    engine: &Handle,
    (outbox, order): (&OutboxHandle, Order),
) -> bool {
    match order {
        Order::Close(conversation) => {
            let answer = engine
                .ask(Input::OperatorClosed(conversation.clone()))
                .await;
            match answer {
                Ok(_) => info!(%conversation, "an operator closed it"),
                Err(problem) => warn!(%conversation, %problem, "an operator's close has to wait"),
            }
            answer.is_ok()
        }
        Order::Reopen(visitor) => reopen(engine, visitor).await,
        Order::Retry(name) => match retry(store, &name).await {
            Ok(Some(letter)) => {
                let delivery = letter.delivery;
                let (conversation, id) = (&delivery.conversation, &delivery.id);
                info!(%conversation, delivery = %id, "a dead letter is tried again");
                outbox.add(vec![delivery]);
                true
            }
            Ok(None) => true,
            Err(problem) => {
                warn!(%problem, "a dead letter was not put back");
                false
            }
        },
        Order::Drop(name) => store.commit(vec![removal(&name)]).await.is_ok(),
    }
}

async fn reopen(engine: &Handle, visitor: Visitor) -> bool {
    let wish = Reopening {
        conversation: ConversationId::from_bits(rand::random()),
        visitor,
        key: None,
        hurry: true,
        by_platform: false,
        wait_ends: false,
        earlier: Vec::new(),
    };
    let answer = engine.ask(Input::Reopen(Box::new(wish))).await;
    match &answer {
        Ok(Answer::Opened { conversation, .. }) => {
            info!(%conversation, "an operator let a conversation go on");
        }
        Ok(Answer::Refused(Refusal::StillOwed)) => return false,
        Ok(answer) => warn!(?answer, "a conversation cannot go on"),
        Err(problem) => warn!(%problem, "an operator's reopening has to wait"),
    }
    answer.is_ok()
}

fn removal(name: &LetterName) -> Change {
    Change::Delete {
        table: Table::DeadLetter,
        group: name.conversation.as_str().to_owned(),
        key: delivery_key(name.number),
    }
}

async fn retry(store: &dyn Store, name: &LetterName) -> Result<Option<DeadLetter>, StoreError> {
    let key = delivery_key(name.number);
    let row = store
        .get(Table::DeadLetter, name.conversation.as_str(), &key)
        .await?;
    let letter = row.and_then(|row| serde_json::from_slice::<DeadLetter>(&row.value).ok());
    let Some(letter) = letter else {
        return Ok(None);
    };
    let mut changes = vec![removal(name)];
    changes.extend(delivery_row(&letter.delivery).ok().map(Change::Put));
    store.commit(changes).await?;
    Ok(Some(letter))
}
