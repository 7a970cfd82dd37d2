//! What the store promises about reviews, answers and purging.

use review_core::{
    checks::CheckReport,
    finding::{Category, DropReason, Dropped, Evidence, Finding, Fingerprint, Severity},
    money::Money,
    publication::{
        Additions, CheckState, DesiredFinding, DesiredState, DesiredStatus, DesiredTexts, ReopenedFinding, WalkthroughState,
        Withheld,
    },
    pull_request::{Anchor, LineRange, Side},
    scope::Reviewed,
    usage::Usage,
};

use super::{T0, accept, claim, commit, event, on_sqlite, pull_request, review};
use crate::store::{Accepted, Lease, PlannedReview, QueueCounts, Requests, ReviewRecord, Store, StoreError, StoredAnswer};

const MINUTE: i64 = 60_000;

on_sqlite!(
    a_complete_run_is_what_was_reviewed,
    a_skipped_or_failed_run_reviews_nothing,
    a_late_record_never_goes_backwards,
    a_planned_review_outlives_a_cut_and_ends_with_the_record,
    a_planned_review_of_another_version_counts_as_none,
    a_lost_lease_records_nothing,
    dropped_findings_are_kept_with_their_reason,
    recent_reviews_come_newest_first,
    an_answer_is_paid_once,
    absurd_token_counts_are_recorded_as_the_greatest_number,
    a_pull_request_number_beyond_the_database_is_refused,
    purging_removes_what_is_old_and_done,
    purging_goes_through_more_than_one_portion,
);

const USAGE: Usage = Usage {
    calls: 3,
    input_tokens: 12_000,
    cached_tokens: 8_000,
    cache_write_tokens: 0,
    output_tokens: 900,
    cost: Money::from_micros(19_200),
    unpriced_calls: 1,
};

fn finding() -> Finding {
    Finding {
        path: "src/cart.rs".to_owned(),
        side: Side::Right,
        lines: LineRange { first: 3, last: 4 },
        quoted_line: "let total = price * count;".to_owned(),
        claim: "The product overflows.".to_owned(),
        scenario: "A count of 2^31 wraps.".to_owned(),
        fix: "Use checked_mul.".to_owned(),
        category: Category::Correctness,
        severity: Severity::High,
        evidence: vec![Evidence { path: "src/cart.rs".to_owned(), line: 1, why: "u32".to_owned() }],
        suggestion: None,
        votes: 2,
        learnings: Vec::new(),
    }
}

fn planned(head: char) -> PlannedReview {
    let anchor = Anchor { path: "src/cart.rs".to_owned(), side: Side::Right, lines: LineRange { first: 3, last: 4 } };
    let desired = DesiredState {
        iteration: 2,
        head: commit(head),
        base: commit('0'),
        findings: vec![DesiredFinding {
            fingerprint: Fingerprint("f1".to_owned()),
            finding: finding(),
            anchor,
            last_line_utf16: 26,
            content: "**High** – it wraps 🦀".to_owned(),
        }],
        resolved: vec![17],
        reopened: vec![ReopenedFinding { thread: 18, finding: finding() }],
        walkthrough: "One finding.".to_owned(),
        walkthrough_state: WalkthroughState::Complete,
        status: DesiredStatus { state: CheckState::Succeeded, description: "1 finding".to_owned() },
        texts: DesiredTexts::default(),
        reposts_walkthrough: false,
        additions: Additions::default(),
        withheld: Withheld::default(),
        checks: CheckReport::default(),
    };
    let dropped = vec![Dropped::of(finding(), DropReason::Refuted, "the caller checks")];
    PlannedReview { desired, is_incremental: true, dropped, usage: USAGE, started_at: T0, requests: Requests::default() }
}

fn record(iteration: u32, head: char, outcome: &str) -> ReviewRecord {
    ReviewRecord {
        pull_request: pull_request(1),
        iteration,
        head: commit(head),
        base: commit('0'),
        mode: "full".to_owned(),
        outcome: outcome.to_owned(),
        posted: 1,
        dropped: Vec::new(),
        usage: USAGE,
        started_at: T0,
        ended_at: T0 + i64::from(iteration),
        requests: Requests::default(),
    }
}

async fn lease(store: &Store) -> Lease {
    accept(store, "e1", &review(1, T0), T0).await;
    claim(store, T0).await.unwrap().lease
}

async fn a_complete_run_is_what_was_reviewed(store: &Store) {
    let lease = lease(store).await;
    assert_eq!(store.reviewed(&pull_request(1)).await.unwrap(), None);
    store.record_review(&lease, &record(1, 'a', "complete")).await.unwrap();
    let expected = Reviewed { iteration: 1, head: commit('a'), base: commit('0') };
    assert_eq!(store.reviewed(&pull_request(1)).await.unwrap(), Some(expected));

    store.record_review(&lease, &record(2, 'b', "partial")).await.unwrap();
    let expected = Reviewed { iteration: 2, head: commit('b'), base: commit('0') };
    assert_eq!(store.reviewed(&pull_request(1)).await.unwrap(), Some(expected));
    assert_eq!(store.reviewed(&pull_request(2)).await.unwrap(), None);
}

async fn a_skipped_or_failed_run_reviews_nothing(store: &Store) {
    let lease = lease(store).await;
    store.record_review(&lease, &record(1, 'a', "skipped")).await.unwrap();
    store.record_review(&lease, &record(1, 'a', "failed")).await.unwrap();
    assert_eq!(store.reviewed(&pull_request(1)).await.unwrap(), None);
    assert_eq!(store.recent_reviews(10).await.unwrap().len(), 2, "but both are on record");
}

async fn a_late_record_never_goes_backwards(store: &Store) {
    let lease = lease(store).await;
    store.record_review(&lease, &record(3, 'c', "complete")).await.unwrap();
    store.record_review(&lease, &record(2, 'b', "complete")).await.unwrap();
    assert_eq!(store.reviewed(&pull_request(1)).await.unwrap().unwrap().iteration, 3);
}

async fn a_planned_review_outlives_a_cut_and_ends_with_the_record(store: &Store) {
    let cut = lease(store).await;
    let key = pull_request(1);
    store.store_planned(&cut, &key, &planned('a'), T0).await.unwrap();
    store.store_planned(&cut, &key, &planned('b'), T0).await.unwrap();

    let again = claim(store, T0 + 2 * MINUTE).await.unwrap().lease;
    assert_eq!(store.planned(&key, &commit('b'), &commit('0')).await.unwrap(), Some(planned('b')));
    assert_eq!(store.planned(&key, &commit('a'), &commit('0')).await.unwrap(), None, "another head");
    assert_eq!(store.planned(&key, &commit('b'), &commit('1')).await.unwrap(), None, "another base");
    assert_eq!(store.planned(&pull_request(2), &commit('b'), &commit('0')).await.unwrap(), None);

    store.record_review(&again, &record(2, 'b', "complete")).await.unwrap();
    assert_eq!(store.planned(&key, &commit('b'), &commit('0')).await.unwrap(), None);
}

async fn a_planned_review_of_another_version_counts_as_none(store: &Store) {
    let lease = lease(store).await;
    store.store_planned(&lease, &pull_request(1), &planned('a'), T0).await.unwrap();
    sqlx::query("update desired_state set state = '{}'").execute(&store.write).await.unwrap();
    assert_eq!(store.planned(&pull_request(1), &commit('a'), &commit('0')).await.unwrap(), None);
}

async fn a_lost_lease_records_nothing(store: &Store) {
    let paused = lease(store).await;
    let current = claim(store, T0 + 2 * MINUTE).await.unwrap().lease;
    store.store_planned(&current, &pull_request(1), &planned('b'), T0).await.unwrap();

    let stored = store.store_planned(&paused, &pull_request(1), &planned('a'), T0).await;
    assert!(matches!(stored, Err(StoreError::LeaseLost(_))), "{stored:?}");
    let recorded = store.record_review(&paused, &record(1, 'a', "complete")).await;
    assert!(matches!(recorded, Err(StoreError::LeaseLost(_))), "{recorded:?}");

    assert_eq!(store.reviewed(&pull_request(1)).await.unwrap(), None);
    assert_eq!(store.recent_reviews(10).await.unwrap(), []);
    assert_eq!(store.planned(&pull_request(1), &commit('b'), &commit('0')).await.unwrap(), Some(planned('b')));
}

async fn dropped_findings_are_kept_with_their_reason(store: &Store) {
    let lease = lease(store).await;
    let dropped = vec![
        Dropped {
            finding: Some(finding()),
            claim: "The product overflows.".to_owned(),
            path: "src/cart.rs".to_owned(),
            lines: None,
            reason: DropReason::Refuted,
            detail: "count is at most 99".to_owned(),
        },
        Dropped {
            finding: None,
            claim: "'; drop table job; --".to_owned(),
            path: String::new(),
            lines: None,
            reason: DropReason::Malformed,
            detail: "no path".to_owned(),
        },
    ];
    let record = ReviewRecord { dropped: dropped.clone(), ..record(1, 'a', "complete") };
    store.record_review(&lease, &record).await.unwrap();

    let review = store.recent_reviews(1).await.unwrap().remove(0);
    assert_eq!(review.dropped, 2);
    assert_eq!(store.dropped_findings(&review.id).await.unwrap(), dropped);
    assert_eq!(store.dropped_findings("no such review").await.unwrap(), []);
}

async fn recent_reviews_come_newest_first(store: &Store) {
    let lease = lease(store).await;
    for (iteration, head) in [(1, 'a'), (2, 'b'), (3, 'c')] {
        store.record_review(&lease, &record(iteration, head, "complete")).await.unwrap();
    }
    let reviews = store.recent_reviews(2).await.unwrap();
    let [newest, older] = reviews.as_slice() else { panic!("{reviews:?}") };
    assert_eq!((newest.iteration, older.iteration), (3, 2));
    assert_eq!((newest.pull_request.clone(), newest.head.clone()), (pull_request(1), commit('c')));
    assert_eq!((newest.mode.as_str(), newest.outcome.as_str(), newest.posted), ("full", "complete", 1));
    assert_eq!((newest.usage, newest.started_at, newest.ended_at), (USAGE, T0, T0 + 3));
}

async fn an_answer_is_paid_once(store: &Store) {
    let answer = StoredAnswer { content: "{\"findings\":[]}".to_owned(), usage: USAGE };
    assert_eq!(store.answer("abc").await.unwrap(), None);
    store.store_answer("abc", &answer, T0).await.unwrap();
    let other = StoredAnswer { content: "another".to_owned(), usage: Usage::default() };
    store.store_answer("abc", &other, T0).await.unwrap();
    assert_eq!(store.answer("abc").await.unwrap(), Some(answer));
}

async fn absurd_token_counts_are_recorded_as_the_greatest_number(store: &Store) {
    let usage = Usage { input_tokens: u64::MAX, ..USAGE };
    store.store_answer("abc", &StoredAnswer { content: String::new(), usage }, T0).await.unwrap();
    let stored = store.answer("abc").await.unwrap().unwrap().usage;
    assert_eq!(stored.input_tokens, u64::try_from(i64::MAX).unwrap());
}

async fn a_pull_request_number_beyond_the_database_is_refused(store: &Store) {
    let error = store.reviewed(&pull_request(u64::MAX)).await.unwrap_err();
    assert!(error.to_string().contains("pull request number 18446744073709551615"), "{error}");
}

async fn purging_removes_what_is_old_and_done(store: &Store) {
    let answer = StoredAnswer { content: "old".to_owned(), usage: USAGE };
    store.store_answer("old", &answer, T0).await.unwrap();
    store.store_answer("new", &answer, T0 + MINUTE).await.unwrap();
    store.accept(&event("nothing to do", T0), None).await.unwrap();

    accept(store, "done", &review(1, T0), T0).await;
    let done = claim(store, T0).await.unwrap().lease;
    store.store_planned(&done, &pull_request(1), &planned('a'), T0).await.unwrap();
    store.finish(&done, "reviewed", T0 + 1).await.unwrap();
    accept(store, "dead", &review(2, T0), T0).await;
    store.bury(&claim(store, T0).await.unwrap().lease, "broken", T0 + 1).await.unwrap();
    accept(store, "running", &review(3, T0), T0).await;
    claim(store, T0).await.unwrap();
    accept(store, "queued", &review(4, T0), T0).await;

    let removed = store.purge(T0 + 10).await.unwrap();
    assert_eq!(removed, 5, "an answer, a desired state, two events, a job");
    assert_eq!(store.purge(T0 + 10).await.unwrap(), 0);
    assert_eq!(store.answer("old").await.unwrap(), None);
    assert!(store.answer("new").await.unwrap().is_some());
    let counts = store.queue_counts(T0).await.unwrap();
    assert_eq!((counts.queued, counts.running, counts.dead), (1, 1, 1));
    for kept in ["dead", "running", "queued"] {
        assert_eq!(store.accept(&event(kept, T0), None).await.unwrap(), Accepted::Duplicate, "{kept}");
    }
    assert_eq!(store.accept(&event("done", T0), None).await.unwrap(), Accepted::Stored);
    assert_ne!(counts, QueueCounts::default());
}

async fn purging_goes_through_more_than_one_portion(store: &Store) {
    let events = (0..1_203).map(|number| async move { store.accept(&event(&format!("e{number}"), T0), None).await });
    for stored in futures::future::join_all(events).await {
        assert_eq!(stored.unwrap(), Accepted::Stored);
    }
    assert_eq!(store.purge(T0 + 1).await.unwrap(), 1_203);
}
