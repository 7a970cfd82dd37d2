//! What the store promises about talk and about what it taught.

use review_core::{
    learning::{Learning, learning_id},
    pull_request::Person,
};

use super::{T0, accept, claim, on_sqlite, pull_request};
use crate::store::{JobKind, KnownLearning, Lease, NewChat, NewJob, PlannedChat, Reaches, Store, StoreError, TakenChat};

on_sqlite!(
    a_comment_is_taken_once_with_its_answer_and_what_it_teaches,
    a_lost_lease_teaches_nothing,
    comments_of_one_thread_are_answered_one_after_the_other,
    a_repository_that_keeps_nothing_takes_nothing_of_others,
    old_talk_is_purged_and_learnings_stay,
);

fn ada() -> Person {
    Person { id: "1".to_owned(), display_name: "Ada".to_owned(), unique_name: "ada@contoso.com".to_owned() }
}

fn answer(text: &str) -> PlannedChat {
    PlannedChat { text: text.to_owned(), closes: true, item: None }
}

fn learning(number: u64, comment: u64, text: &str) -> Learning {
    Learning {
        id: learning_id(&pull_request(number), 7, comment),
        text: text.to_owned(),
        path: String::new(),
        taught_by: "Ada".to_owned(),
        pull_request: number,
        taught_at: T0,
    }
}

/// The lease of the job that answers a comment.
async fn lease(store: &Store, number: u64, comment: u64) -> Lease {
    accept(store, &format!("comment {comment}"), &NewJob::chat(&pull_request(number), (7, comment), T0), T0).await;
    claim(store, T0).await.unwrap().lease
}

async fn taught(store: &Store) -> Vec<String> {
    let known = store.learnings(&pull_request(1).repository, Reaches::Collection).await.unwrap();
    known.into_iter().map(|known: KnownLearning| known.learning.text).collect()
}

async fn a_comment_is_taken_once_with_its_answer_and_what_it_teaches(store: &Store) {
    let (lease, by, key) = (lease(store, 1, 2).await, ada(), pull_request(1));
    let first = NewChat { thread: 7, comment: 2, by: &by, answer: Some(answer("So.")), learning: Some(learning(1, 2, "Cents.")) };
    assert_eq!(store.chat(&key, 7, 2).await.unwrap(), None);
    let taken = store.take_chat(&lease, &key, &first, T0).await.unwrap();
    assert_eq!(taken, TakenChat { answer: Some(answer("So.")), answered_at: None });
    let again = NewChat { answer: Some(answer("Otherwise.")), learning: Some(learning(1, 3, "Euros.")), ..first.clone() };
    assert_eq!(store.take_chat(&lease, &key, &again, T0 + 1).await.unwrap(), taken);
    assert_eq!(taught(store).await, ["Cents."]);
    store.chat_answered(&key, 7, 2, T0 + 5).await.unwrap();
    store.chat_answered(&key, 7, 2, T0 + 9).await.unwrap();
    assert_eq!(store.chat(&key, 7, 2).await.unwrap().unwrap().answered_at, Some(T0 + 5));

    let silent = NewChat { comment: 4, answer: None, learning: None, ..first };
    let taken = store.take_chat(&lease, &key, &silent, T0 + 6).await.unwrap();
    assert_eq!(taken, TakenChat { answer: None, answered_at: Some(T0 + 6) }, "that nothing is said is decided, too");
}

async fn a_lost_lease_teaches_nothing(store: &Store) {
    let (mut lease, by, key) = (lease(store, 1, 2).await, ada(), pull_request(1));
    "another".clone_into(&mut lease.token);
    let chat = NewChat { thread: 7, comment: 2, by: &by, answer: Some(answer("So.")), learning: Some(learning(1, 2, "Cents.")) };
    assert!(matches!(store.take_chat(&lease, &key, &chat, T0).await, Err(StoreError::LeaseLost(_))));
    assert_eq!((store.chat(&key, 7, 2).await.unwrap(), taught(store).await.len()), (None, 0));
}

async fn comments_of_one_thread_are_answered_one_after_the_other(store: &Store) {
    for (event, asked) in [("one", (7, 2)), ("two", (7, 3)), ("three", (8, 2))] {
        accept(store, event, &NewJob::chat(&pull_request(1), asked, T0), T0).await;
    }
    let thread = |job: Option<crate::store::ClaimedJob>| match job.unwrap().kind {
        JobKind::Chat { thread, .. } => thread,
        other => panic!("{other:?}"),
    };
    let mut claimed = vec![thread(claim(store, T0).await), thread(claim(store, T0).await)];
    claimed.sort_unstable();
    assert_eq!(claimed, [7, 8]);
    assert!(claim(store, T0).await.is_none(), "the second comment of thread 7 waits for the first");
}

async fn a_repository_that_keeps_nothing_takes_nothing_of_others(store: &Store) {
    let (lease, by) = (lease(store, 1, 2).await, ada());
    let mut other = pull_request(1);
    "elsewhere".clone_into(&mut other.repository.repository);
    for (key, comment, text) in [(pull_request(1), 2, "Here."), (other, 3, "There.")] {
        let chat =
            NewChat { thread: 7, comment, by: &by, answer: Some(answer("So.")), learning: Some(learning(1, comment, text)) };
        store.take_chat(&lease, &key, &chat, T0).await.unwrap();
    }
    assert_eq!(store.keep_nothing(&pull_request(1).repository).await.unwrap(), 1);
    assert_eq!(taught(store).await, ["There."]);
    assert_eq!(store.keep_nothing(&pull_request(1).repository).await.unwrap(), 0);
}

async fn old_talk_is_purged_and_learnings_stay(store: &Store) {
    let (lease, by, key) = (lease(store, 1, 2).await, ada(), pull_request(1));
    let chat = NewChat { thread: 7, comment: 2, by: &by, answer: Some(answer("So.")), learning: Some(learning(1, 2, "Cents.")) };
    store.take_chat(&lease, &key, &chat, T0).await.unwrap();
    store.purge(T0).await.unwrap();
    assert!(store.chat(&key, 7, 2).await.unwrap().is_some());
    store.purge(T0 + 1).await.unwrap();
    assert_eq!((store.chat(&key, 7, 2).await.unwrap(), taught(store).await), (None, vec!["Cents.".to_owned()]));
}
