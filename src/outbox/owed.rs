//! A delivery as it is stored, together with how often it was tried in vain.

use serde::{Deserialize, Serialize};

use crate::conversation::Delivery;
use crate::ids::Timestamp;
use crate::store::{Put, Table};

/// The value of a row in `Table::Delivery`. A plain [`Delivery`] reads as one that was never tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedDelivery {
    /// What is owed.
    #[serde(flatten)]
    pub delivery: Delivery,
    /// How often it was tried in vain.
    #[serde(default)]
    pub attempts: u32,
    /// How many steps of the retry schedule are used up.
    #[serde(default)]
    pub steps: usize,
    /// When it was first tried in vain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_at: Option<Timestamp>,
    /// When it is to be tried again; at once where there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
}

impl From<Delivery> for OwedDelivery {
    fn from(delivery: Delivery) -> Self {
        Self {
            delivery,
            attempts: 0,
            steps: 0,
            first_at: None,
            next_at: None,
        }
    }
}

impl OwedDelivery {
    pub(super) fn row(&self) -> Result<Put, serde_json::Error> {
        Ok(Put {
            table: Table::Delivery,
            group: self.delivery.conversation.as_str().to_owned(),
            key: delivery_key(self.delivery.number),
            value: serde_json::to_vec(self)?,
            expires: None,
        })
    }
}

/// The key of a delivery's row in its conversation's group: the number, in twelve digits.
pub fn delivery_key(number: u64) -> String {
    format!("{number:012}")
}

/// The row that keeps a new promise.
pub fn delivery_row(delivery: &Delivery) -> Result<Put, serde_json::Error> {
    OwedDelivery::from(delivery.clone()).row()
}
