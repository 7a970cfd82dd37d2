//! What the store promises about the outcomes of findings.

use review_core::{
    finding::{Category, Fingerprint},
    learning::{Label, PostedFinding, Reaction, SeenFinding, Tally},
    pull_request::{PullRequestKey, PullRequestStatus, RepositoryKey, ThreadStatus},
};

use super::{T0, accept, claim, on_sqlite, pull_request, review};
use crate::store::{Lease, Store, StoreError, Turn};

on_sqlite!(
    a_posted_finding_waits_for_what_becomes_of_it,
    what_is_seen_last_counts_and_each_turn_is_told_once,
    seeing_the_same_again_writes_nothing_and_a_lost_lease_writes_nothing_new,
    what_was_posted_stays_as_it_was_whatever_its_thread_says_later,
    a_finding_that_another_database_posted_is_taken_from_its_thread,
    lines_that_changed_are_not_forgotten_by_a_reading_that_does_not_ask,
    every_status_comes_back_as_it_was,
    a_history_is_that_of_the_newest_findings_of_one_repository,
    a_woken_category_counts_from_then_on_and_what_was_rejected_stays_so,
    what_is_forgotten_counts_for_nothing_and_is_not_learned_again,
    pull_requests_whose_end_was_not_seen_are_found,
    a_category_of_another_version_is_passed_over,
    purging_keeps_outcomes,
);

async fn lease(store: &Store, number: u64) -> Lease {
    accept(store, &format!("e{number}"), &review(number, T0), T0).await;
    claim(store, T0).await.unwrap().lease
}

fn posted(fingerprint: &str, category: Category) -> PostedFinding {
    PostedFinding {
        fingerprint: Fingerprint(fingerprint.to_owned()),
        category,
        path: "src/cart.rs".to_owned(),
        claim: "The result is never checked, so errors are lost.".to_owned(),
        iteration: 2,
    }
}

fn seen(fingerprint: &str, category: Category, thread: u64, status: ThreadStatus) -> SeenFinding {
    let reaction = Reaction {
        status,
        is_deleted: false,
        replies: 1,
        likes: 2,
        pull_request: PullRequestStatus::Active,
        lines_changed: None,
    };
    SeenFinding { posted: posted(fingerprint, category), thread, reaction }
}

/// As many rejected findings of the category, each of its own.
fn rejected(category: Category, count: u64) -> Vec<SeenFinding> {
    let one = |number| seen(&format!("{}-{number}", category.key()), category, number, ThreadStatus::WontFix);
    (1..=count).map(one).collect()
}

async fn tally(store: &Store, category: Category) -> Option<Tally> {
    store.history(&pull_request(1).repository).await.unwrap().tallies().get(&category).copied()
}

async fn a_posted_finding_waits_for_what_becomes_of_it(store: &Store) {
    let lease = lease(store, 1).await;
    let finding = posted("a", Category::Test);
    store.record_posted(&lease, &pull_request(1), std::slice::from_ref(&finding), T0).await.unwrap();
    store.record_posted(&lease, &pull_request(1), std::slice::from_ref(&finding), T0 + 1).await.unwrap();

    let known = store.outcomes(&pull_request(1)).await.unwrap();
    let [known] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!((&known.posted, known.thread, known.reaction.label()), (&finding, None, Label::Open));
    assert_eq!(tally(store, Category::Test).await, Some(Tally { open: 1, ..Tally::default() }));
    assert_eq!(store.outcomes(&pull_request(2)).await.unwrap(), []);
}

async fn what_is_seen_last_counts_and_each_turn_is_told_once(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    store.record_posted(&lease, &key, &[posted("a", Category::Test)], T0).await.unwrap();
    let turn = |label| vec![Turn { category: Category::Test, label }];
    let steps = [
        (ThreadStatus::Active, vec![]),
        (ThreadStatus::WontFix, turn(Label::Rejected)),
        (ThreadStatus::ByDesign, vec![]),
        (ThreadStatus::Fixed, turn(Label::ActedOn)),
        (ThreadStatus::Fixed, vec![]),
        (ThreadStatus::Active, turn(Label::Open)),
    ];
    for (status, expected) in steps {
        let seen = seen("a", Category::Test, 7, status.clone());
        assert_eq!(store.record_seen(&lease, &key, std::slice::from_ref(&seen), T0).await.unwrap(), expected, "{status:?}");
        let known = store.outcomes(&key).await.unwrap().remove(0);
        assert_eq!((known.thread, &known.reaction), (Some(7), &seen.reaction));
    }
}

async fn seeing_the_same_again_writes_nothing_and_a_lost_lease_writes_nothing_new(store: &Store) {
    let held = lease(store, 1).await;
    let key = pull_request(1);
    let seen_before = seen("a", Category::Test, 7, ThreadStatus::Closed);
    store.record_seen(&held, &key, std::slice::from_ref(&seen_before), T0).await.unwrap();
    let lost = Lease { token: "another".to_owned(), ..held };

    assert_eq!(store.record_seen(&lost, &key, std::slice::from_ref(&seen_before), T0).await.unwrap(), []);
    assert_eq!(store.record_seen(&lost, &key, &[], T0).await.unwrap(), []);
    let news = seen("a", Category::Test, 7, ThreadStatus::Fixed);
    let refused = store.record_seen(&lost, &key, &[news], T0).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost(_))), "{refused:?}");
    let refused = store.record_posted(&lost, &key, &[posted("b", Category::Test)], T0).await;
    assert!(matches!(refused, Err(StoreError::LeaseLost(_))), "{refused:?}");
    let known = store.outcomes(&key).await.unwrap();
    assert_eq!(known.iter().map(|known| &known.reaction).collect::<Vec<_>>(), [&seen_before.reaction]);
}

async fn what_was_posted_stays_as_it_was_whatever_its_thread_says_later(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    let finding = posted("a", Category::Concurrency);
    store.record_posted(&lease, &key, std::slice::from_ref(&finding), T0).await.unwrap();
    let mut forged = seen("a", Category::Security, 7, ThreadStatus::WontFix);
    forged.posted.claim = "Something else.".to_owned();
    forged.posted.path = "other.rs".to_owned();
    forged.posted.iteration = 9;

    let turns = store.record_seen(&lease, &key, &[forged], T0).await.unwrap();
    assert_eq!(turns, [Turn { category: Category::Concurrency, label: Label::Rejected }]);
    assert_eq!(store.outcomes(&key).await.unwrap()[0].posted, finding);
}

async fn a_finding_that_another_database_posted_is_taken_from_its_thread(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    let finding = seen("a", Category::Test, 7, ThreadStatus::Fixed);
    let turns = store.record_seen(&lease, &key, std::slice::from_ref(&finding), T0).await.unwrap();
    assert_eq!(turns, [Turn { category: Category::Test, label: Label::ActedOn }]);
    let known = store.outcomes(&key).await.unwrap().remove(0);
    assert_eq!((known.posted, known.reaction), (finding.posted, finding.reaction));
}

async fn lines_that_changed_are_not_forgotten_by_a_reading_that_does_not_ask(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    let mut finding = seen("a", Category::Test, 7, ThreadStatus::Active);
    finding.reaction.pull_request = PullRequestStatus::Completed;
    assert_eq!(store.record_seen(&lease, &key, std::slice::from_ref(&finding), T0).await.unwrap(), []);
    let judged = |changed| {
        let mut judged = finding.clone();
        judged.reaction.lines_changed = changed;
        judged
    };
    let turns = store.record_seen(&lease, &key, &[judged(Some(true))], T0).await.unwrap();
    assert_eq!(turns, [Turn { category: Category::Test, label: Label::ActedOn }]);
    assert_eq!(store.record_seen(&lease, &key, &[judged(None)], T0).await.unwrap(), []);
    assert_eq!(store.outcomes(&key).await.unwrap()[0].reaction.lines_changed, Some(true));
    let turns = store.record_seen(&lease, &key, &[judged(Some(false))], T0).await.unwrap();
    assert_eq!(turns, [Turn { category: Category::Test, label: Label::Ignored }]);
}

async fn every_status_comes_back_as_it_was(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    let statuses = [
        ThreadStatus::Active,
        ThreadStatus::Pending,
        ThreadStatus::Fixed,
        ThreadStatus::WontFix,
        ThreadStatus::ByDesign,
        ThreadStatus::Closed,
        ThreadStatus::Other(String::new()),
        ThreadStatus::Other("parked".to_owned()),
        ThreadStatus::Other("active".to_owned()),
    ];
    let ends = [PullRequestStatus::Active, PullRequestStatus::Completed, PullRequestStatus::Abandoned];
    for (number, (status, end)) in (1..).zip(statuses.iter().zip(ends.iter().cycle())) {
        let mut finding = seen(&format!("f{number}"), Category::Test, number, status.clone());
        finding.reaction.pull_request = end.clone();
        finding.reaction.is_deleted = number % 2 == 0;
        store.record_seen(&lease, &key, std::slice::from_ref(&finding), T0 + 1).await.unwrap();
        let known = store.outcomes(&key).await.unwrap();
        let known = known.iter().find(|known| known.posted == finding.posted).unwrap();
        assert_eq!(known.reaction, finding.reaction);
    }
    let long = seen("long", Category::Test, 99, ThreadStatus::Other("x".repeat(100_000)));
    store.record_seen(&lease, &key, &[long], T0).await.unwrap();
    let known = store.outcomes(&key).await.unwrap();
    let kept = known.iter().find(|known| known.thread == Some(99)).unwrap();
    assert_eq!(kept.reaction.status, ThreadStatus::Other("x".repeat(50)));
}

async fn a_history_is_that_of_the_newest_findings_of_one_repository(store: &Store) {
    let lease = lease(store, 1).await;
    let elsewhere =
        PullRequestKey { repository: RepositoryKey { repository: "other".to_owned(), ..pull_request(1).repository }, id: 1 };
    let many: Vec<PostedFinding> = (0..1_000).map(|number| posted(&format!("new {number}"), Category::Test)).collect();
    store.record_seen(&lease, &pull_request(1), &rejected(Category::Performance, 5), T0).await.unwrap();
    store.record_seen(&lease, &pull_request(2), &rejected(Category::Security, 2), T0 + 2).await.unwrap();
    store.record_seen(&lease, &elsewhere, &rejected(Category::Concurrency, 40), T0 + 3).await.unwrap();
    assert_eq!(tally(store, Category::Performance).await.map(Tally::settled), Some(5));
    store.record_posted(&lease, &pull_request(3), &many, T0 + 1).await.unwrap();

    assert_eq!(tally(store, Category::Performance).await, None, "the oldest of 1,007 are left out");
    assert_eq!(tally(store, Category::Security).await, Some(Tally { rejected: 2, ..Tally::default() }));
    assert_eq!(tally(store, Category::Test).await, Some(Tally { open: 998, ..Tally::default() }));
    let silent = store.history(&elsewhere.repository).await.unwrap().silent();
    assert_eq!(silent.iter().map(|silent| silent.category).collect::<Vec<_>>(), [Category::Concurrency]);

    store.name_repository(&elsewhere.repository, "Web Shop", "other").await.unwrap();
    let named = store.repositories_with_outcomes().await.unwrap();
    let names: Vec<(&str, &str)> =
        named.iter().map(|named| (named.project_name.as_str(), named.repository_name.as_str())).collect();
    assert_eq!(names, [("Shop", "web"), ("Web Shop", "other")], "by its ids where no name was kept");
}

async fn a_woken_category_counts_from_then_on_and_what_was_rejected_stays_so(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    store.record_seen(&lease, &key, &rejected(Category::Performance, 30), T0).await.unwrap();
    store.record_seen(&lease, &key, &rejected(Category::Test, 30), T0).await.unwrap();
    assert_eq!(store.history(&key.repository).await.unwrap().silent().len(), 2);

    assert_eq!(store.wake(&key.repository, Some(Category::Test), T0 + 5).await.unwrap(), 30);
    assert_eq!(store.wake(&key.repository, Some(Category::Test), T0 + 6).await.unwrap(), 0, "once");
    let silent = store.history(&key.repository).await.unwrap().silent();
    assert_eq!(silent.iter().map(|silent| silent.category).collect::<Vec<_>>(), [Category::Performance]);
    assert_eq!(tally(store, Category::Test).await, None);
    let later = seen("later", Category::Test, 99, ThreadStatus::WontFix);
    store.record_seen(&lease, &key, &[later], T0 + 7).await.unwrap();
    assert_eq!(tally(store, Category::Test).await, Some(Tally { rejected: 1, ..Tally::default() }));
    // One that was posted before, and is decided after, is one of before.
    let decided = seen("test-1", Category::Test, 1, ThreadStatus::Fixed);
    store.record_seen(&lease, &key, &[decided], T0 + 8).await.unwrap();
    assert_eq!(tally(store, Category::Test).await, Some(Tally { rejected: 1, ..Tally::default() }));
    let woken = store.newest_outcomes(&key.repository).await.unwrap();
    assert_eq!(woken.iter().filter(|known| known.woken_at == Some(T0 + 5)).count(), 30);

    assert_eq!(store.wake(&key.repository, None, T0 + 9).await.unwrap(), 31);
    assert_eq!(store.history(&key.repository).await.unwrap().silent(), []);
}

async fn what_is_forgotten_counts_for_nothing_and_is_not_learned_again(store: &Store) {
    let lease = lease(store, 1).await;
    let key = pull_request(1);
    store.record_seen(&lease, &key, &rejected(Category::Performance, 30), T0).await.unwrap();
    store.record_seen(&lease, &key, &rejected(Category::Test, 3), T0).await.unwrap();
    assert_eq!(store.forget(&key.repository, Some(Category::Performance)).await.unwrap(), 30);
    assert_eq!(tally(store, Category::Performance).await, None);
    assert_eq!(tally(store, Category::Test).await.map(Tally::settled), Some(3));
    let known = store.outcomes(&key).await.unwrap();
    assert!(known.iter().filter(|known| known.is_forgotten).all(|known| known.posted.claim.is_empty()), "{known:#?}");

    // The threads still stand on the pull request, and are read again.
    let turned = rejected(Category::Performance, 30).into_iter().map(|mut seen| {
        seen.reaction.status = ThreadStatus::ByDesign;
        seen
    });
    store.record_seen(&lease, &key, &turned.collect::<Vec<_>>(), T0 + 1).await.unwrap();
    assert_eq!(tally(store, Category::Performance).await, None);
    assert_eq!(store.forget(&key.repository, None).await.unwrap(), 3);
    assert_eq!(store.repositories_with_outcomes().await.unwrap(), []);
}

async fn pull_requests_whose_end_was_not_seen_are_found(store: &Store) {
    let lease = lease(store, 1).await;
    let RepositoryKey { collection, project, .. } = pull_request(1).repository;
    for (number, moment) in [(1, T0), (2, T0 + 10), (3, T0 + 20), (4, T0 + 30)] {
        store.record_posted(&lease, &pull_request(number), &[posted("a", Category::Test)], moment).await.unwrap();
    }
    let mut ended = seen("a", Category::Test, 1, ThreadStatus::Active);
    ended.reaction.pull_request = PullRequestStatus::Abandoned;
    store.record_seen(&lease, &pull_request(3), &[ended], T0 + 40).await.unwrap();

    let open = async |project: &str, since, limit| {
        let open = store.pull_requests_without_end(&collection, project, since, limit).await.unwrap();
        open.into_iter().map(|key| key.id).collect::<Vec<_>>()
    };
    assert_eq!(open(&project, T0, 10).await, [4, 2, 1]);
    assert_eq!(open(&project, T0 + 1, 10).await, [4, 2]);
    assert_eq!(open(&project, T0, 1).await, [4]);
    assert_eq!(open("elsewhere", T0, 10).await, [0_u64; 0]);
}

async fn a_category_of_another_version_is_passed_over(store: &Store) {
    let lease = lease(store, 1).await;
    let both = [posted("a", Category::Test), posted("b", Category::Security)];
    store.record_posted(&lease, &pull_request(1), &both, T0).await.unwrap();
    let renamed = sqlx::query("update outcome set category = 'style' where fingerprint = 'a'").execute(&store.write).await;
    assert_eq!(renamed.unwrap().rows_affected(), 1);
    let known = store.outcomes(&pull_request(1)).await.unwrap();
    assert_eq!(known.iter().map(|known| known.posted.category).collect::<Vec<_>>(), [Category::Security]);
    assert_eq!(tally(store, Category::Test).await, None);
}

async fn purging_keeps_outcomes(store: &Store) {
    let lease = lease(store, 1).await;
    store.record_seen(&lease, &pull_request(1), &rejected(Category::Test, 3), T0).await.unwrap();
    store.purge(T0 + 1_000_000).await.unwrap();
    assert_eq!(tally(store, Category::Test).await.map(Tally::settled), Some(3));
}
