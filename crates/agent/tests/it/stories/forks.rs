//! Pull requests from forks: the commits are in another repository than the pull request.

use testkit::azure_devops::{Order, PullRequestHandle, PullRequestSpec, RepositoryHandle, ServedCommits};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, Reviewed, Stage, both_rules, cart};

const BOTH: &str = "succeeded: Reviewed: 2 findings (1 critical, 1 high)";

async fn open_from_fork(stage: &Stage) -> (RepositoryHandle, PullRequestHandle) {
    let fork = stage.repository.fork("orders.dana").await.unwrap();
    let spec = PullRequestSpec::new("Totals and search").from_fork(&fork).file(CART, cart(LAST_ITEM, QUERY));
    let pull_request = stage.open_as(spec).await;
    (fork, pull_request)
}

/// The target changes what the fork changes: there is no merge that leads to the fork's commits.
async fn make_conflict(stage: &Stage) {
    stage.repository.push("main", &[(CART, "\"\"\"Another cart.\"\"\"\n")], "Rewritten").await.unwrap();
}

fn assert_fixed(pull_request: &PullRequestHandle) {
    let mut states: Vec<_> = pull_request.inline().into_iter().filter_map(|thread| thread.status).collect();
    states.sort();
    assert_eq!(states, ["active", "fixed"], "no thread more, and one fixed: {:#?}", pull_request.inline());
}

#[tokio::test]
async fn a_pull_request_from_a_fork_is_reviewed_and_so_is_a_push_to_the_fork() {
    let stage = Stage::set(both_rules()).await;
    stage.repository.serve(ServedCommits::Reachable, true).unwrap();
    let (fork, pull_request) = open_from_fork(&stage).await;
    assert_eq!(pull_request.reviewed(1).await, BOTH);

    fork.push("feature", &[(CART, &cart(LAST_ITEM_FIXED, QUERY))], "Fix").await.unwrap();
    assert_eq!(pull_request.reviewed(2).await, "succeeded: Reviewed: no new findings, 1 still open");
    assert_fixed(&pull_request);
    let fetched_from_fork = stage.azure.requests().into_iter().any(|request| request.path.contains("_git/orders.dana"));
    assert!(!fetched_from_fork, "the merge leads to all commits");
    stage.assert_sound();
}

#[tokio::test]
async fn a_fork_in_conflict_with_its_target_is_asked_for_its_commits_itself() {
    let stage = Stage::set(both_rules()).await;
    stage.hooks.hold();
    let (fork, pull_request) = open_from_fork(&stage).await;
    make_conflict(&stage).await;
    fork.push("feature", &[("src/more.py", "more = 1\n")], "More").await.unwrap();
    stage.hooks.release(Order::AsHappened);
    assert_eq!(pull_request.reviewed(2).await, BOTH);

    fork.push("feature", &[(CART, &cart(LAST_ITEM_FIXED, QUERY))], "Fix").await.unwrap();
    assert_eq!(pull_request.reviewed(3).await, "succeeded: Reviewed: no new findings, 1 still open");
    assert_fixed(&pull_request);
    stage.assert_sound();
}

#[tokio::test]
async fn a_fork_that_does_not_give_its_commits_is_told_on_the_pull_request() {
    let stage = Stage::set(both_rules()).await;
    stage.hooks.hold();
    let (fork, pull_request) = open_from_fork(&stage).await;
    make_conflict(&stage).await;
    fork.push("feature", &[("src/more.py", "more = 1\n")], "More").await.unwrap();
    fork.set_disabled(true);
    stage.hooks.release(Order::AsHappened);
    pull_request.is_delayed().await;
    let text = pull_request.walkthrough();
    assert!(text.contains("the commits of the newest iteration cannot be fetched"), "{text}");
    assert_eq!(pull_request.inline(), []);

    fork.set_disabled(false);
    fork.push("feature", &[("src/more.py", "more = 2\n")], "Again").await.unwrap();
    assert_eq!(pull_request.reviewed(3).await, BOTH);
    stage.assert_sound();
}
