//! What the store promises about changes of the agent's own.

use review_core::{
    own_change::{OwnChange, OwnChangeKind},
    pull_request::{CommitId, PullRequestKey},
};

use super::{LEASE, T0, accept, claim, on_sqlite, pull_request};
use crate::store::{AskedBy, Lease, NewJob, Store, StoreError, Writing};

on_sqlite!(a_change_is_decided_once_and_goes_when_it_was_told_of, a_lost_lease_decides_nothing, old_changes_are_purged);

fn change(message: &str) -> OwnChange {
    OwnChange {
        kind: OwnChangeKind::Docstrings,
        onto: CommitId::parse(&"a".repeat(40)).unwrap(),
        branch: "refs/heads/coderabbit-agent/docstrings/aaaaaaa".to_owned(),
        message: message.to_owned(),
        files: Vec::new(),
        pull_request: None,
        account: String::new(),
    }
}

fn asked(pull_request: &PullRequestKey, comment: u64) -> AskedBy<'_> {
    AskedBy { pull_request, thread: 7, comment, word: "docstrings" }
}

async fn lease(store: &Store) -> Lease {
    accept(store, "comment", &NewJob::write(&pull_request(1), (7, 1), Writing::Docstrings, T0), T0).await;
    claim(store, T0).await.unwrap().lease
}

async fn a_change_is_decided_once_and_goes_when_it_was_told_of(store: &Store) {
    let (lease, key) = (lease(store).await, pull_request(1));
    assert_eq!(store.own_change(asked(&key, 1)).await.unwrap(), None);
    store.decide_own_change(&lease, asked(&key, 1), &change("first"), T0).await.unwrap();
    store.decide_own_change(&lease, asked(&key, 1), &change("second"), T0).await.unwrap();
    assert_eq!(store.own_change(asked(&key, 1)).await.unwrap(), Some(change("first")), "what was decided stays");
    assert_eq!(store.own_change(asked(&key, 2)).await.unwrap(), None, "another comment is another wish");
    assert_eq!(store.own_change(asked(&pull_request(2), 1)).await.unwrap(), None);
    store.end_own_change(asked(&key, 1)).await.unwrap();
    assert_eq!(store.own_change(asked(&key, 1)).await.unwrap(), None);
}

async fn a_lost_lease_decides_nothing(store: &Store) {
    let (lease, key) = (lease(store).await, pull_request(1));
    let later = T0 + i64::try_from(LEASE.as_millis()).unwrap() + 1;
    claim(store, later).await.unwrap();
    let refused = store.decide_own_change(&lease, asked(&key, 1), &change("late"), later).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost(_))), "{refused:?}");
    assert_eq!(store.own_change(asked(&key, 1)).await.unwrap(), None);
}

async fn old_changes_are_purged(store: &Store) {
    let (lease, key) = (lease(store).await, pull_request(1));
    store.decide_own_change(&lease, asked(&key, 1), &change("old"), T0).await.unwrap();
    store.decide_own_change(&lease, asked(&key, 2), &change("new"), T0 + 10).await.unwrap();
    store.purge(T0 + 5).await.unwrap();
    assert_eq!(store.own_change(asked(&key, 1)).await.unwrap(), None);
    assert_eq!(store.own_change(asked(&key, 2)).await.unwrap(), Some(change("new")));
}
