//! What the store promises about commands and what they ask for.

use review_core::{pull_request::Person, scope::ReviewRequest};

use super::{LEASE, T0, accept, claim, on_sqlite, pull_request, review};
use crate::store::{Effect, JobKind, Lease, NewCommand, NewJob, Requests, Steering, Store, StoreError};

on_sqlite!(
    a_command_is_taken_once_with_its_effect_and_its_first_answer,
    reviews_are_paused_and_resumed,
    a_request_that_came_during_a_review_outlives_it,
    a_lost_lease_takes_nothing,
    commands_are_claimed_by_themselves_where_that_is_wanted,
    old_commands_are_purged,
);

fn ada() -> Person {
    Person { id: "1".to_owned(), display_name: "Ada".to_owned(), unique_name: "ada@contoso.com".to_owned() }
}

fn command<'a>(by: &'a Person, comment: u64, word: &'static str, effect: Effect) -> NewCommand<'a> {
    NewCommand { thread: 7, comment, word, by, reply: format!("answer to {word} {comment}"), effect }
}

/// The lease of a job that answers commands.
async fn lease(store: &Store) -> Lease {
    accept(store, "comment", &NewJob::commands(&pull_request(1), T0), T0).await;
    claim(store, T0).await.unwrap().lease
}

fn asked() -> NewJob {
    NewJob { priority: 20, ..review(1, T0) }
}

async fn a_command_is_taken_once_with_its_effect_and_its_first_answer(store: &Store) {
    let (lease, by) = (lease(store).await, ada());
    let first = command(&by, 1, "review", Effect::Review(ReviewRequest::Incremental, asked()));
    let taken = store.take_command(&lease, &pull_request(1), &first, T0).await.unwrap();
    assert_eq!((taken.reply.as_str(), taken.answered_at), ("answer to review 1", None));
    let requests = store.steering(&pull_request(1)).await.unwrap().requests;
    assert!(requests.incremental.is_some() && requests.full.is_none());
    assert_eq!(store.queue_counts(T0).await.unwrap().queued, 1, "the review stands in the queue");

    let again = NewCommand { reply: "another answer".to_owned(), effect: Effect::Pause, ..first.clone() };
    let taken = store.take_command(&lease, &pull_request(1), &again, T0 + 1).await.unwrap();
    assert_eq!((taken.reply.as_str(), taken.answered_at), ("answer to review 1", None));
    assert_eq!(store.steering(&pull_request(1)).await.unwrap(), Steering { paused_by: None, requests });

    store.command_answered(&pull_request(1), &first, T0 + 2).await.unwrap();
    store.command_answered(&pull_request(1), &first, T0 + 9).await.unwrap();
    assert_eq!(store.take_command(&lease, &pull_request(1), &again, T0 + 3).await.unwrap().answered_at, Some(T0 + 2));

    let edited = command(&by, 1, "pause", Effect::Pause);
    assert_eq!(store.take_command(&lease, &pull_request(1), &edited, T0).await.unwrap().reply, "answer to pause 1");
    assert_eq!(store.steering(&pull_request(1)).await.unwrap().paused_by.as_deref(), Some("Ada"));
    assert_eq!(store.steering(&pull_request(2)).await.unwrap(), Steering::default(), "others are not touched");
}

async fn reviews_are_paused_and_resumed(store: &Store) {
    let (lease, by) = (lease(store).await, ada());
    let take = async |comment: u64, effect: Effect| {
        store.take_command(&lease, &pull_request(1), &command(&by, comment, "pause", effect), T0).await.unwrap();
        store.steering(&pull_request(1)).await.unwrap().paused_by
    };
    assert_eq!(take(1, Effect::Pause).await.as_deref(), Some("Ada"));
    assert_eq!(take(2, Effect::Resume(None)).await, None);
    assert_eq!(store.queue_counts(T0).await.unwrap().queued, 0, "nothing was pushed");
    assert_eq!(take(3, Effect::Pause).await.as_deref(), Some("Ada"));
    assert_eq!(take(4, Effect::Resume(Some(asked()))).await, None);
    assert_eq!(store.queue_counts(T0).await.unwrap().queued, 1);
}

async fn a_request_that_came_during_a_review_outlives_it(store: &Store) {
    let (lease, by) = (lease(store).await, ada());
    let ask = async |comment: u64, request: ReviewRequest| {
        let asked = command(&by, comment, "review", Effect::Review(request, asked()));
        store.take_command(&lease, &pull_request(1), &asked, T0).await.unwrap();
        store.steering(&pull_request(1)).await.unwrap().requests
    };
    let first = ask(1, ReviewRequest::Incremental).await;
    assert_eq!(first.wanted(), Some(ReviewRequest::Incremental));
    let both = ask(2, ReviewRequest::Full).await;
    assert_eq!(both.wanted(), Some(ReviewRequest::Full));
    let newer = ask(3, ReviewRequest::Full).await;
    assert_ne!(newer.full, both.full);

    store.end_requests(&pull_request(1), &both).await.unwrap();
    let left = store.steering(&pull_request(1)).await.unwrap().requests;
    assert_eq!(left, Requests { incremental: None, full: newer.full });
    store.end_requests(&pull_request(1), &left).await.unwrap();
    assert_eq!(store.steering(&pull_request(1)).await.unwrap().requests.wanted(), None);
}

async fn a_lost_lease_takes_nothing(store: &Store) {
    let (lease, by) = (lease(store).await, ada());
    store.finish(&lease, "answered", T0).await.unwrap();
    let taken = store.take_command(&lease, &pull_request(1), &command(&by, 1, "pause", Effect::Pause), T0).await;
    assert!(matches!(taken, Err(StoreError::LeaseLost(_))), "{taken:?}");
    assert_eq!(store.steering(&pull_request(1)).await.unwrap(), Steering::default());
}

async fn commands_are_claimed_by_themselves_where_that_is_wanted(store: &Store) {
    let only = async || store.claim_of(Some(JobKind::COMMANDS), "worker", LEASE, T0).await.unwrap();
    accept(store, "push", &review(1, T0), T0).await;
    assert!(only().await.is_none());
    accept(store, "comment", &NewJob::commands(&pull_request(1), T0), T0).await;
    assert_eq!(only().await.unwrap().kind, JobKind::Commands { pull_request: pull_request(1) });
    assert_eq!(claim(store, T0).await.unwrap().kind.word(), "review", "both at the same time");
}

async fn old_commands_are_purged(store: &Store) {
    let (lease, by) = (lease(store).await, ada());
    for (comment, at) in [(1, T0), (2, T0 + 100)] {
        store.take_command(&lease, &pull_request(1), &command(&by, comment, "help", Effect::None), at).await.unwrap();
    }
    assert_eq!(store.purge(T0 + 50).await.unwrap(), 1);
}
