//! Many at once, in one process and in two.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures::future::join_all;

use super::{LEASE, T0, accept, claim, event, fresh, review, url};
use crate::store::{Accepted, NewJob, QueueCounts, Store};

/// Jobs of pull request `key`, each with a dedup key of its own so that none replaces another.
fn numbered(number: u64, key: u64) -> NewJob {
    NewJob { dedup_key: format!("job {number}"), ..review(key, T0) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn eight_workers_end_a_thousand_jobs_and_never_two_of_one_key_together() {
    const JOBS: usize = 1_000;
    let (store, _folder) = fresh().await;
    let stored = join_all((0..1_000_u64).map(|number| {
        let store = store.clone();
        async move { store.accept(&event(&format!("e{number}"), T0), Some(&numbered(number, number % 50))).await }
    }))
    .await;
    assert!(stored.iter().all(|accepted| matches!(accepted, Ok(Accepted::Stored))), "{stored:?}");
    assert_eq!(store.queue_counts(T0).await.unwrap().queued, 1_000);

    let running = Arc::new(Mutex::new(HashSet::new()));
    let ended = Arc::new(AtomicUsize::new(0));
    let together = Arc::new(AtomicUsize::new(0));
    let all_at_work = Arc::new(tokio::sync::Barrier::new(8));
    let workers = (0..8).map(|worker| {
        let (store, running, ended) = (store.clone(), Arc::clone(&running), Arc::clone(&ended));
        let (together, all_at_work) = (Arc::clone(&together), Arc::clone(&all_at_work));
        tokio::spawn(async move {
            let name = format!("worker {worker}");
            let mut first = true;
            while ended.load(Ordering::SeqCst) < JOBS {
                let Some(job) = store.claim(&name, LEASE, T0).await.unwrap() else {
                    tokio::task::yield_now().await;
                    continue;
                };
                assert!(running.lock().unwrap().insert(job.serial_key.clone()), "two jobs of {} together", job.serial_key);
                together.fetch_max(running.lock().unwrap().len(), Ordering::SeqCst);
                if std::mem::take(&mut first) {
                    all_at_work.wait().await;
                }
                store.renew_lease(&job.lease, LEASE, T0).await.unwrap();
                // Before the end is written: afterwards another worker may have the key already.
                running.lock().unwrap().remove(&job.serial_key);
                store.finish(&job.lease, "reviewed", T0).await.unwrap();
                ended.fetch_add(1, Ordering::SeqCst);
            }
        })
    });
    for worker in join_all(workers).await {
        worker.unwrap();
    }
    assert_eq!(ended.load(Ordering::SeqCst), JOBS, "each job was ended once");
    assert_eq!(together.load(Ordering::SeqCst), 8, "they did run side by side");
    assert_eq!(store.queue_counts(T0).await.unwrap(), QueueCounts::default());
    assert_eq!(store.events_without_end().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_on_one_file_wait_for_each_other() {
    let (first, folder) = fresh().await;
    let second = Store::open(&url(&folder)).await.unwrap();
    let side = async |store: &Store, name: &str| {
        let mut ended = 0;
        for number in 0..60 {
            accept(store, &format!("{name} {number}"), &numbered(number, number), T0).await;
            if let Some(job) = claim(store, T0).await {
                store.finish(&job.lease, "reviewed", T0).await.unwrap();
                ended += 1;
            }
        }
        ended
    };
    let (one, two) = tokio::join!(side(&first, "first"), side(&second, "second"));
    assert!(one > 0 && two > 0);
    while let Some(job) = claim(&first, T0).await {
        first.finish(&job.lease, "reviewed", T0).await.unwrap();
    }
    assert_eq!(second.events_without_end().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_event_from_a_hundred_deliveries_is_one_job() {
    let (store, _folder) = fresh().await;
    let results = join_all((0..100).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.accept(&event("e1", T0), Some(&review(1, T0))).await.unwrap() })
    }))
    .await;
    let stored = results.into_iter().filter(|accepted| *accepted.as_ref().unwrap() == Accepted::Stored).count();
    assert_eq!(stored, 1);
    assert_eq!(store.queue_counts(T0).await.unwrap().queued, 1);
}

#[tokio::test]
async fn an_acknowledged_event_is_there_for_the_next_process() {
    let (store, folder) = fresh().await;
    accept(&store, "e1", &review(1, T0), T0).await;
    // Not closed: as after a kill, the next process finds the file and its log.
    let next = Store::open(&url(&folder)).await.unwrap();
    assert_eq!(next.accept(&event("e1", T0), Some(&review(1, T0))).await.unwrap(), Accepted::Duplicate);
    assert!(claim(&next, T0).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_delivery_that_the_database_refuses_takes_no_other_with_it() {
    let (store, _folder) = fresh().await;
    sqlx::query(
        "create trigger refusal before insert on event when new.dedup_key = 'e13' begin select raise(abort, 'unlucky'); end",
    )
    .execute(&store.write)
    .await
    .unwrap();
    let results = join_all((0..40_u64).map(|number| {
        let store = store.clone();
        async move { store.accept(&event(&format!("e{number}"), T0), Some(&numbered(number, number))).await }
    }))
    .await;
    let refused: Vec<String> = results.into_iter().filter_map(Result::err).map(|error| error.to_string()).collect();
    let [text] = refused.as_slice() else { panic!("{refused:?}") };
    assert!(text.contains("unlucky"), "{text}");
    assert_eq!(store.queue_counts(T0).await.unwrap().queued, 39);
}
