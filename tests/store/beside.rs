//! What a second process may do beside the one that has the store, whichever store it is.

use std::sync::Arc;

use warmline::store::{self, Change, Place, Store, StoreError, Table};

use crate::rows::{line, row};

/// Looks and leaves orders beside `store`, and is refused everything else. Gives the second
/// process's end.
pub async fn looks_and_leaves_orders(store: &dyn Store, place: &Place) -> Arc<dyn Store> {
    store.commit(vec![line("c", "1", "a")]).await.unwrap();
    let beside = store::peek(place).await.unwrap();
    assert_eq!(beside.load(Table::Line).await.unwrap().len(), 1);
    let order = row(Table::Order, "", "1", "close");
    beside
        .commit(vec![Change::Put(order.clone())])
        .await
        .unwrap();
    assert_eq!(
        store.load(Table::Order).await.unwrap(),
        std::slice::from_ref(&order)
    );
    let mixed = vec![Change::Put(order), line("c", "2", "b")];
    let refused = beside.commit(mixed).await.unwrap_err();
    assert!(matches!(refused, StoreError::OrdersOnly), "{refused}");
    beside
}
