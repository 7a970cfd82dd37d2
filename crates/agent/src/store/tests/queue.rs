//! What the queue promises, one behaviour per function.

use std::time::Duration;

use super::{LEASE, T0, accept, claim, commit, event, on_sqlite, pull_request, review};
use crate::store::{Accepted, Heartbeat, JobKind, Lease, NewJob, QueueCounts, Store, StoreError};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

on_sqlite!(
    an_event_and_its_job_are_stored_and_claimed,
    the_same_event_is_stored_once,
    an_event_without_a_job_has_come_to_its_end,
    a_burst_of_pushes_is_one_review,
    a_burst_cannot_put_a_review_off_for_ever,
    a_new_event_ends_a_backoff_and_forgives_the_attempts,
    an_event_while_the_job_runs_is_a_second_job,
    priority_then_time_decides_who_is_first,
    one_job_per_pull_request_runs,
    a_push_to_another_head_asks_the_running_review_to_stop,
    a_push_between_claim_and_reading_asks_to_stop_as_well,
    a_closed_pull_request_asks_the_running_review_to_stop,
    an_event_about_the_same_or_an_unknown_head_lets_the_review_go_on,
    what_a_sweep_finds_again_changes_nothing,
    what_a_sweep_finds_anew_takes_the_place,
    a_lost_lease_writes_nothing,
    a_lease_that_ran_out_lets_nobody_write_outside,
    a_heartbeat_keeps_the_lease,
    a_cut_attempt_counts_and_the_job_comes_back,
    a_cut_job_gives_way_to_the_newer_one,
    a_retried_job_gives_way_to_the_newer_one,
    a_retry_waits_and_keeps_the_problem,
    a_released_job_has_lost_no_attempt,
    a_postponed_job_waits_and_has_lost_no_attempt,
    a_dead_letter_waits_for_a_person,
    a_dead_letter_gives_way_to_the_newer_job,
    an_unreadable_job_does_not_hold_up_the_queue,
    the_next_due_time_is_exact,
    the_counts_tell_what_waits,
    problems_are_kept_short,
    two_cut_jobs_of_one_dedup_key_become_one,
);

fn at_head(number: u64, digit: char, now: i64) -> NewJob {
    NewJob { head: Some(commit(digit)), ..review(number, now) }
}

async fn counts(store: &Store, now: i64) -> QueueCounts {
    store.queue_counts(now).await.unwrap()
}

async fn beat(store: &Store, lease: &Lease, now: i64) -> Heartbeat {
    store.heartbeat(lease, LEASE, now).await.unwrap()
}

async fn an_event_and_its_job_are_stored_and_claimed(store: &Store) {
    accept(store, "e1", &review(7, T0), T0).await;
    assert_eq!(store.events_without_end().await.unwrap(), 1);

    let job = claim(store, T0 + 5).await.unwrap();
    assert_eq!(job.kind, JobKind::Review { pull_request: pull_request(7) });
    assert_eq!((job.serial_key.as_str(), job.attempt, job.created_at), ("pr 7", 1, T0));
    assert_eq!(job.last_problem, None);
    assert!(claim(store, T0 + 5).await.is_none());

    store.finish(&job.lease, "reviewed", T0 + 9).await.unwrap();
    assert_eq!(counts(store, T0 + 9).await, QueueCounts::default());
    assert_eq!(store.events_without_end().await.unwrap(), 0);
}

async fn the_same_event_is_stored_once(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let job = claim(store, T0).await.unwrap();
    store.finish(&job.lease, "reviewed", T0).await.unwrap();

    let again = store.accept(&event("e1", T0 + 1), Some(&review(1, T0 + 1))).await.unwrap();
    assert_eq!(again, Accepted::Duplicate);
    assert!(claim(store, T0 + MINUTE).await.is_none());
}

async fn an_event_without_a_job_has_come_to_its_end(store: &Store) {
    assert_eq!(store.accept(&event("e1", T0), None).await.unwrap(), Accepted::Stored);
    assert_eq!(store.accept(&event("e1", T0), None).await.unwrap(), Accepted::Duplicate);
    assert_eq!(store.events_without_end().await.unwrap(), 0);
    assert_eq!(counts(store, T0).await, QueueCounts::default());
}

async fn a_burst_of_pushes_is_one_review(store: &Store) {
    for (step, digit) in (0_i64..).zip("0123456789abcdef".chars()) {
        let now = T0 + step * 500;
        let job = NewJob { run_at: now + 5 * SECOND, ..at_head(1, digit, now) };
        accept(store, &format!("push {digit}"), &job, now).await;
    }
    let last = T0 + 15 * 500;
    assert_eq!(counts(store, last).await.queued, 1);
    assert_eq!(store.events_without_end().await.unwrap(), 16);

    assert!(claim(store, last + 4_999).await.is_none(), "it waits for the pushes to settle");
    let job = claim(store, last + 5_000).await.unwrap();
    store.finish(&job.lease, "reviewed", last + 6_000).await.unwrap();
    assert_eq!(store.events_without_end().await.unwrap(), 0);
    assert!(claim(store, last + MINUTE).await.is_none());
}

async fn a_burst_cannot_put_a_review_off_for_ever(store: &Store) {
    for step in 0..30 {
        let now = T0 + step * 4 * SECOND;
        accept(store, &format!("push {step}"), &NewJob { run_at: now + 5 * SECOND, ..review(1, now) }, now).await;
    }
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + MINUTE));
}

async fn a_new_event_ends_a_backoff_and_forgives_the_attempts(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let job = claim(store, T0).await.unwrap();
    store.retry(&job.lease, T0 + 10 * MINUTE, "model down", T0).await.unwrap();
    assert!(claim(store, T0 + 3 * MINUTE).await.is_none());

    let now = T0 + 3 * MINUTE;
    accept(store, "e2", &NewJob { run_at: now + 5 * SECOND, ..review(1, now) }, now).await;
    assert!(claim(store, now).await.is_none(), "the new pushes may settle");
    let job = claim(store, now + 5 * SECOND).await.unwrap();
    assert_eq!((job.attempt, job.last_problem), (1, None));
}

async fn an_event_while_the_job_runs_is_a_second_job(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let first = claim(store, T0).await.unwrap();
    accept(store, "e2", &review(1, T0 + 1), T0 + 1).await;
    assert!(claim(store, T0 + 2).await.is_none(), "the pull request is taken");

    store.finish(&first.lease, "reviewed", T0 + 3).await.unwrap();
    let second = claim(store, T0 + 3).await.unwrap();
    assert_ne!(second.lease.job, first.lease.job);
    assert_ne!(second.lease.token, first.lease.token);
}

async fn priority_then_time_decides_who_is_first(store: &Store) {
    accept(store, "late", &review(1, T0 + 2), T0).await;
    accept(store, "early", &review(2, T0 + 1), T0).await;
    accept(store, "urgent", &NewJob { priority: 5, ..review(3, T0 + 3) }, T0).await;
    accept(store, "not yet", &NewJob { priority: 9, ..review(4, T0 + MINUTE) }, T0).await;

    let mut order = Vec::new();
    while let Some(job) = claim(store, T0 + 10).await {
        order.push(job.serial_key);
    }
    assert_eq!(order, ["pr 3", "pr 2", "pr 1"]);
}

async fn one_job_per_pull_request_runs(store: &Store) {
    accept(store, "e1", &NewJob { priority: 9, ..review(1, T0) }, T0).await;
    let command = NewJob { dedup_key: "command 1".to_owned(), priority: 9, ..review(1, T0) };
    accept(store, "e2", &command, T0).await;
    accept(store, "e3", &review(2, T0), T0).await;

    let first = claim(store, T0).await.unwrap();
    let other = claim(store, T0).await.unwrap();
    assert_eq!((first.serial_key.as_str(), other.serial_key.as_str()), ("pr 1", "pr 2"));
    assert!(claim(store, T0).await.is_none());

    store.bury(&first.lease, "broken", T0).await.unwrap();
    assert_eq!(claim(store, T0).await.unwrap().serial_key, "pr 1");
}

async fn a_push_to_another_head_asks_the_running_review_to_stop(store: &Store) {
    accept(store, "e1", &at_head(1, 'a', T0), T0).await;
    let running = claim(store, T0).await.unwrap();
    store.set_head(&running.lease, &commit('b')).await.unwrap();
    assert_eq!(beat(store, &running.lease, T0 + 1).await, Heartbeat::Held);

    accept(store, "e2", &at_head(1, 'c', T0 + 2), T0 + 2).await;
    assert_eq!(beat(store, &running.lease, T0 + 3).await, Heartbeat::CancelRequested);

    store.finish(&running.lease, "superseded", T0 + 4).await.unwrap();
    let next = claim(store, T0 + 5).await.unwrap();
    assert_eq!(beat(store, &next.lease, T0 + 6).await, Heartbeat::Held, "the wish was for the other one");
}

async fn a_push_between_claim_and_reading_asks_to_stop_as_well(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let running = claim(store, T0).await.unwrap();
    accept(store, "e2", &at_head(1, 'c', T0 + 1), T0 + 1).await;
    assert_eq!(beat(store, &running.lease, T0 + 2).await, Heartbeat::Held, "it may have read the new head itself");

    store.set_head(&running.lease, &commit('c')).await.unwrap();
    assert_eq!(beat(store, &running.lease, T0 + 3).await, Heartbeat::Held, "it has");
    store.set_head(&running.lease, &commit('b')).await.unwrap();
    assert_eq!(beat(store, &running.lease, T0 + 4).await, Heartbeat::CancelRequested);
}

async fn a_closed_pull_request_asks_the_running_review_to_stop(store: &Store) {
    accept(store, "e1", &at_head(1, 'a', T0), T0).await;
    accept(store, "f1", &at_head(2, 'a', T0), T0).await;
    let closed = claim(store, T0).await.unwrap();
    let other = claim(store, T0).await.unwrap();
    accept(store, "e2", &NewJob { closes: true, ..at_head(1, 'a', T0 + 1) }, T0 + 1).await;

    assert_eq!(beat(store, &closed.lease, T0 + 2).await, Heartbeat::CancelRequested);
    assert_eq!(beat(store, &other.lease, T0 + 2).await, Heartbeat::Held);
}

async fn an_event_about_the_same_or_an_unknown_head_lets_the_review_go_on(store: &Store) {
    accept(store, "e1", &at_head(1, 'a', T0), T0).await;
    let running = claim(store, T0).await.unwrap();
    accept(store, "e2", &at_head(1, 'a', T0 + 1), T0 + 1).await;
    accept(store, "e3", &review(1, T0 + 2), T0 + 2).await;
    assert_eq!(beat(store, &running.lease, T0 + 3).await, Heartbeat::Held);
}

async fn what_a_sweep_finds_again_changes_nothing(store: &Store) {
    store.enqueue(&at_head(1, 'a', T0), T0).await.unwrap();
    let job = claim(store, T0).await.unwrap();
    store.retry(&job.lease, T0 + 10 * MINUTE, "model down", T0).await.unwrap();

    store.enqueue(&at_head(1, 'a', T0 + MINUTE), T0 + MINUTE).await.unwrap();
    store.enqueue(&review(1, T0 + MINUTE), T0 + MINUTE).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 10 * MINUTE));
    assert_eq!(claim(store, T0 + 10 * MINUTE).await.unwrap().attempt, 2);
}

async fn what_a_sweep_finds_anew_takes_the_place(store: &Store) {
    store.enqueue(&at_head(1, 'a', T0), T0).await.unwrap();
    let job = claim(store, T0).await.unwrap();
    store.enqueue(&at_head(1, 'b', T0 + 1), T0 + 1).await.unwrap();
    assert_eq!(beat(store, &job.lease, T0 + 2).await, Heartbeat::CancelRequested);

    store.finish(&job.lease, "superseded", T0 + 3).await.unwrap();
    assert_eq!(claim(store, T0 + 4).await.unwrap().attempt, 1);
}

async fn a_lost_lease_writes_nothing(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let paused = claim(store, T0).await.unwrap().lease;
    let now = T0 + 2 * MINUTE;
    let current = claim(store, now).await.unwrap().lease;
    assert_eq!(current.job, paused.job);

    assert_eq!(beat(store, &paused, now).await, Heartbeat::Lost);
    let lost = |result: Result<(), StoreError>| assert!(matches!(result, Err(StoreError::LeaseLost(_))), "{result:?}");
    lost(store.set_head(&paused, &commit('a')).await);
    lost(store.renew_lease(&paused, LEASE, now).await);
    lost(store.finish(&paused, "reviewed", now).await);
    lost(store.retry(&paused, now, "x", now).await);
    lost(store.release(&paused, now).await);
    lost(store.postpone(&paused, now, "x", now).await);
    lost(store.bury(&paused, "x", now).await);
    assert_eq!(counts(store, now).await, QueueCounts { running: 1, ..QueueCounts::default() });

    store.renew_lease(&current, LEASE, now).await.unwrap();
    store.finish(&current, "reviewed", now).await.unwrap();
    lost(store.renew_lease(&current, LEASE, now).await);
    lost(store.finish(&current, "reviewed", now).await);
}

async fn a_lease_that_ran_out_lets_nobody_write_outside(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let lease = claim(store, T0).await.unwrap().lease;
    let renew = async |now: i64| store.renew_lease(&lease, LEASE, now).await;
    renew(T0 + MINUTE - 1).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 2 * MINUTE - 1), "each write begins under a whole lease");
    assert!(matches!(renew(T0 + 2 * MINUTE - 1).await, Err(StoreError::LeaseLost(_))));

    assert_eq!(beat(store, &lease, T0 + 2 * MINUTE).await, Heartbeat::Held, "nobody has taken it");
    renew(T0 + 2 * MINUTE).await.unwrap();
}

async fn a_heartbeat_keeps_the_lease(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let lease = claim(store, T0).await.unwrap().lease;
    assert_eq!(beat(store, &lease, T0 + 50 * SECOND).await, Heartbeat::Held);
    assert!(claim(store, T0 + 90 * SECOND).await.is_none());
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 110 * SECOND));
    assert_eq!(claim(store, T0 + 110 * SECOND).await.unwrap().attempt, 2);
}

async fn a_cut_attempt_counts_and_the_job_comes_back(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    for attempt in 1..=5_u32 {
        let job = claim(store, T0 + i64::from(attempt) * MINUTE).await.unwrap();
        assert_eq!(job.attempt, attempt);
        assert_eq!(job.last_problem.is_some(), attempt > 1);
    }
    assert_eq!(counts(store, T0 + 6 * MINUTE).await.running, 1);
    assert_eq!(store.events_without_end().await.unwrap(), 1);
}

async fn a_cut_job_gives_way_to_the_newer_one(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let cut = claim(store, T0).await.unwrap();
    accept(store, "e2", &review(1, T0 + 1), T0 + 1).await;

    let newer = claim(store, T0 + 2 * MINUTE).await.unwrap();
    assert_ne!(newer.lease.job, cut.lease.job);
    assert_eq!(counts(store, T0 + 2 * MINUTE).await, QueueCounts { running: 1, ..QueueCounts::default() });
    assert_eq!(store.events_without_end().await.unwrap(), 2, "both events wait for the newer job");

    store.finish(&newer.lease, "reviewed", T0 + 3 * MINUTE).await.unwrap();
    assert_eq!(store.events_without_end().await.unwrap(), 0);
    assert!(claim(store, T0 + 9 * MINUTE).await.is_none());
}

async fn a_retried_job_gives_way_to_the_newer_one(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let failed = claim(store, T0).await.unwrap();
    accept(store, "e2", &review(1, T0 + 1), T0 + 1).await;
    store.retry(&failed.lease, T0 + 10 * MINUTE, "push came", T0 + 2).await.unwrap();

    let newer = claim(store, T0 + 3).await.unwrap();
    assert_ne!(newer.lease.job, failed.lease.job);
    store.release(&newer.lease, T0 + 4).await.unwrap();
    assert_eq!(counts(store, T0 + 4).await, QueueCounts { queued: 1, oldest_queued_age: Some(0), ..QueueCounts::default() });
}

async fn a_retry_waits_and_keeps_the_problem(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let job = claim(store, T0).await.unwrap();
    store.retry(&job.lease, T0 + 2 * SECOND, "the model answered 503", T0).await.unwrap();
    assert!(claim(store, T0 + 1_999).await.is_none());
    let job = claim(store, T0 + 2_000).await.unwrap();
    assert_eq!((job.attempt, job.last_problem.as_deref()), (2, Some("the model answered 503")));
}

async fn a_released_job_has_lost_no_attempt(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    for _ in 0..3 {
        let job = claim(store, T0).await.unwrap();
        assert_eq!(job.attempt, 1);
        store.release(&job.lease, T0).await.unwrap();
    }
    assert_eq!(store.events_without_end().await.unwrap(), 1);
}

async fn a_postponed_job_waits_and_has_lost_no_attempt(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    for round in 0..20 {
        let job = claim(store, T0 + round * MINUTE).await.unwrap();
        assert_eq!(job.attempt, 1, "{round}");
        store.postpone(&job.lease, T0 + (round + 1) * MINUTE, "the model is away", T0 + round * MINUTE).await.unwrap();
        assert!(claim(store, T0 + (round + 1) * MINUTE - 1).await.is_none());
    }
    assert_eq!(claim(store, T0 + 20 * MINUTE).await.unwrap().last_problem.as_deref(), Some("the model is away"));
}

async fn a_dead_letter_waits_for_a_person(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let job = claim(store, T0).await.unwrap();
    store.bury(&job.lease, "the repository is gone", T0 + 1).await.unwrap();
    assert_eq!(counts(store, T0 + 1).await.dead, 1);
    assert_eq!(store.events_without_end().await.unwrap(), 0, "a dead letter is an end");
    assert!(claim(store, T0 + MINUTE).await.is_none());

    let letters = store.dead_letters(10).await.unwrap();
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    assert_eq!(letter.id, job.lease.job);
    assert_eq!((letter.kind.as_str(), letter.serial_key.as_str(), letter.attempts), ("review", "pr 1", 1));
    assert_eq!(letter.problem.as_deref(), Some("the repository is gone"));
    assert_eq!((letter.created_at, letter.died_at), (T0, Some(T0 + 1)));
    assert!(letter.payload.contains("contoso"));
    assert!(store.dead_letters(0).await.unwrap().is_empty());

    assert!(store.requeue_dead(&letter.id, T0 + 2).await.unwrap());
    assert!(!store.requeue_dead(&letter.id, T0 + 2).await.unwrap(), "it is no dead letter any more");
    assert_eq!(store.events_without_end().await.unwrap(), 1);
    let again = claim(store, T0 + 2).await.unwrap();
    assert_eq!(again.attempt, 1);

    store.bury(&again.lease, "still gone", T0 + 3).await.unwrap();
    assert!(store.discard_dead(&letter.id, T0 + 4).await.unwrap());
    assert!(!store.discard_dead(&letter.id, T0 + 4).await.unwrap());
    assert!(!store.discard_dead("no such job", T0 + 4).await.unwrap());
    assert_eq!(counts(store, T0 + 4).await, QueueCounts::default());
}

async fn a_dead_letter_gives_way_to_the_newer_job(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let dead = claim(store, T0).await.unwrap();
    store.bury(&dead.lease, "broken", T0).await.unwrap();
    accept(store, "e2", &review(1, T0 + 1), T0 + 1).await;

    assert!(store.requeue_dead(&dead.lease.job, T0 + 2).await.unwrap());
    assert_eq!(counts(store, T0 + 2).await.queued, 1);
    assert_eq!(store.events_without_end().await.unwrap(), 2);
    assert_ne!(claim(store, T0 + 2).await.unwrap().lease.job, dead.lease.job);
}

async fn an_unreadable_job_does_not_hold_up_the_queue(store: &Store) {
    accept(store, "e1", &NewJob { priority: 9, ..review(1, T0) }, T0).await;
    accept(store, "e2", &review(2, T0), T0).await;
    sqlx::query("update job set payload = '{\"kind\":\"of a later version\"}' where serial_key = 'pr 1'")
        .execute(&store.write)
        .await
        .unwrap();

    assert_eq!(claim(store, T0).await.unwrap().serial_key, "pr 2");
    let letters = store.dead_letters(10).await.unwrap();
    assert!(letters.first().unwrap().problem.as_deref().unwrap().contains("cannot be read"), "{letters:?}");
}

async fn the_next_due_time_is_exact(store: &Store) {
    assert_eq!(store.next_due().await.unwrap(), None);
    accept(store, "e1", &review(1, T0 + 5), T0).await;
    accept(store, "e2", &review(2, T0 + 9), T0).await;
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 5));

    let first = claim(store, T0 + 5).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 9));
    accept(store, "e3", &review(1, T0 + 6), T0 + 6).await;
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 9), "pull request 1 is taken");

    claim(store, T0 + 9).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 5 + MINUTE), "when the first lease runs out");
    store.finish(&first.lease, "reviewed", T0 + 10).await.unwrap();
    assert_eq!(store.next_due().await.unwrap(), Some(T0 + 6));
}

async fn the_counts_tell_what_waits(store: &Store) {
    assert_eq!(counts(store, T0).await, QueueCounts::default());
    accept(store, "e1", &review(1, T0), T0).await;
    accept(store, "e2", &review(2, T0 + 10), T0).await;
    accept(store, "e3", &review(3, T0 + MINUTE), T0).await;
    accept(store, "e4", &NewJob { priority: 1, ..review(4, T0) }, T0).await;
    claim(store, T0).await.unwrap();
    let expected = QueueCounts { queued: 3, running: 1, dead: 0, oldest_queued_age: Some(30) };
    assert_eq!(counts(store, T0 + 30).await, expected);
    assert_eq!(counts(store, T0 - 1).await.oldest_queued_age, None, "nothing is due");
}

async fn problems_are_kept_short(store: &Store) {
    accept(store, "e1", &review(1, T0), T0).await;
    let job = claim(store, T0).await.unwrap();
    store.bury(&job.lease, &"ä".repeat(100_000), T0).await.unwrap();
    let kept = store.dead_letters(1).await.unwrap().remove(0).problem.unwrap();
    assert_eq!(kept.chars().count(), 2_001);
    assert!(kept.ends_with('…'));
}

/// Nothing in the design makes two, but if it happened, it must not stop the queue.
async fn two_cut_jobs_of_one_dedup_key_become_one(store: &Store) {
    for serial in ["a", "b"] {
        store.enqueue(&NewJob { serial_key: serial.to_owned(), ..review(1, T0) }, T0).await.unwrap();
        claim(store, T0).await.unwrap();
    }
    let survivor = store.claim("worker", Duration::from_mins(1), T0 + 2 * MINUTE).await.unwrap().unwrap();
    assert_eq!(survivor.attempt, 2);
    assert_eq!(counts(store, T0 + 2 * MINUTE).await, QueueCounts { running: 1, ..QueueCounts::default() });
}
