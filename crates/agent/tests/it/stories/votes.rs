//! `reviews.request_changes_workflow`: the agent's own vote.

use testkit::{
    azure_devops::{Action, Fault, On, PullRequestHandle, PullRequestSpec},
    model::Script,
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, both_rules, cart};

const WORKFLOW: &str = "reviews: {request_changes_workflow: true}\n";

async fn stage_with(script: Script, configuration: &str) -> Stage {
    let stage = Stage::set(script).await;
    stage.repository.push("main", &[(".coderabbit.yaml", configuration)], "Settings").await.unwrap();
    stage
}

/// The agent's vote; None: it is no reviewer.
fn vote(stage: &Stage, pull_request: &PullRequestHandle) -> Option<i64> {
    let bot = stage.azure.bot().id;
    pull_request.votes().into_iter().find(|(person, _)| person.id == bot).map(|(_, vote)| vote)
}

async fn votes(stage: &Stage, pull_request: &PullRequestHandle, wanted: i64) {
    let so = |pull_request: &PullRequestHandle| vote(stage, pull_request) == Some(wanted);
    let came = pull_request.wait_for(so, PATIENCE).await;
    assert!(came.is_ok(), "the vote is {:?}, not {wanted}", vote(stage, pull_request));
}

/// All votes that the agent has cast, in order.
fn cast(stage: &Stage) -> Vec<i64> {
    let vote = |write: testkit::azure_devops::Write| match write.action {
        Action::Vote(vote) => Some(vote),
        _ => None,
    };
    stage.azure.bot_writes().into_iter().filter_map(vote).collect()
}

async fn looked_again(stage: &Stage, times: u64) {
    stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"already_reviewed\"}", times).await;
}

#[tokio::test]
async fn findings_wait_for_the_author_a_push_takes_the_vote_back_and_a_clean_state_is_approved() {
    let stage = stage_with(both_rules(), WORKFLOW).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    votes(&stage, &pull_request, -5).await;

    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY_FIXED).as_str())]).await.unwrap();
    pull_request.reviewed(2).await;
    votes(&stage, &pull_request, 10).await;
    assert_eq!(cast(&stage), [-5, 0, 10]);

    pull_request.push(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await.unwrap();
    pull_request.reviewed(3).await;
    votes(&stage, &pull_request, 10).await;
    assert_eq!(cast(&stage), [-5, 0, 10, 0, 10]);
    stage.assert_sound();
}

#[tokio::test]
async fn who_does_not_ask_for_votes_gets_none() {
    let stage = Stage::set(both_rules()).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    pull_request.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY_FIXED).as_str())]).await.unwrap();
    pull_request.reviewed(2).await;
    assert_eq!((vote(&stage, &pull_request), cast(&stage)), (None, Vec::new()));
    stage.assert_sound();
}

#[tokio::test]
async fn threads_that_people_settle_are_seen_at_the_next_event_and_nothing_is_voted_twice() {
    let stage = stage_with(both_rules(), WORKFLOW).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    pull_request.reviewed(1).await;
    votes(&stage, &pull_request, -5).await;
    let author = stage.azure.author();
    let threads: Vec<u32> = pull_request.inline().iter().map(|thread| thread.id).collect();
    pull_request.set_thread_status(&author, threads[0], "wontFix").await.unwrap();
    pull_request.set_description("Nearly done.").await.unwrap();
    looked_again(&stage, 1).await;
    assert_eq!(vote(&stage, &pull_request), Some(-5), "one is still open");

    pull_request.set_thread_status(&author, threads[1], "fixed").await.unwrap();
    pull_request.set_description("Done.").await.unwrap();
    votes(&stage, &pull_request, 10).await;
    pull_request.set_description("Done, really.").await.unwrap();
    looked_again(&stage, 3).await;
    assert_eq!(cast(&stage), [-5, 10]);

    pull_request.set_thread_status(&author, threads[1], "active").await.unwrap();
    pull_request.set_description("Not done.").await.unwrap();
    votes(&stage, &pull_request, -5).await;
    stage.assert_sound();
}

#[tokio::test]
async fn a_model_that_calls_everything_fixed_gets_nothing_approved_by_its_word_alone() {
    let stage = stage_with(Script { calls_all_fixed: true, ..both_rules() }, WORKFLOW).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY_FIXED))]).await;
    pull_request.reviewed(1).await;
    votes(&stage, &pull_request, -5).await;
    // The line stands as it did; something near it changed.
    let near = cart(LAST_ITEM, QUERY_FIXED).replace("def last(items):", "def last(items, unused=None):");
    pull_request.push(&[(CART, near.as_str())]).await.unwrap();
    pull_request.reviewed(2).await;
    votes(&stage, &pull_request, 0).await;
    assert_eq!(pull_request.inline()[0].status.as_deref(), Some("fixed"));
    assert_eq!(cast(&stage), [-5, 0]);

    // A person closes it, and answers for that.
    pull_request.set_thread_status(&stage.azure.author(), pull_request.inline()[0].id, "closed").await.unwrap();
    pull_request.set_description("Looked at it.").await.unwrap();
    votes(&stage, &pull_request, 10).await;
    stage.assert_sound();
}

#[tokio::test]
async fn a_check_that_fails_waits_for_the_author_until_it_passes() {
    let configuration = "reviews:\n  request_changes_workflow: true\n  pre_merge_checks:\n    title: {mode: error}\n";
    let stage = stage_with(both_rules(), configuration).await;
    let pull_request = stage.open_as(PullRequestSpec::new("WIP").file("src/new.py", "def greet():\n    return 'hello'\n")).await;
    pull_request.reviewed(1).await;
    votes(&stage, &pull_request, -5).await;
    pull_request.set_title("Greet whoever comes in").await.unwrap();
    votes(&stage, &pull_request, 10).await;
    stage.assert_sound();
}

#[tokio::test]
async fn a_push_that_is_not_reviewed_takes_the_approval_back() {
    let configuration = "reviews:\n  request_changes_workflow: true\n  auto_review: {auto_incremental_review: false}\n";
    let stage = stage_with(both_rules(), configuration).await;
    let pull_request = stage.open(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await;
    pull_request.reviewed(1).await;
    votes(&stage, &pull_request, 10).await;
    pull_request.push(&[("src/new.py", "def greet():\n    return 'good morning'\n")]).await.unwrap();
    assert!(pull_request.reviewed(2).await.starts_with("notApplicable: "));
    assert_eq!(vote(&stage, &pull_request), Some(0));
    stage.assert_sound();
}

#[tokio::test]
async fn a_review_of_a_part_is_no_reason_to_approve() {
    let stage = stage_with(both_rules(), WORKFLOW).await;
    let big = format!("value = '{}'\n", "x".repeat(1_200_000));
    let pull_request = stage.open(&[("src/new.py", "def greet():\n    return 'hello'\n"), ("src/big.py", &big)]).await;
    let status = pull_request.reviewed(1).await;
    assert!(status.starts_with("succeeded: Partly reviewed"), "{status}");
    assert_eq!((vote(&stage, &pull_request), cast(&stage)), (None, Vec::new()));
    stage.assert_sound();
}

#[tokio::test]
async fn a_vote_that_is_refused_is_told_and_costs_nothing_else() {
    let stage = stage_with(both_rules(), WORKFLOW).await;
    stage.azure.fail_always(On::put("/reviewers/"), Fault::Status(403, None));
    let pull_request = stage.open(&[("src/new.py", "def greet():\n    return 'hello'\n")]).await;
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: no new findings");
    let told = |pull_request: &PullRequestHandle| pull_request.walkthrough().contains("**The vote could not be cast:");
    pull_request.wait_for(told, PATIENCE).await.unwrap();
    stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"reviewed\"}", 1).await;

    stage.azure.heal();
    pull_request.set_description("Once more.").await.unwrap();
    votes(&stage, &pull_request, 10).await;
    pull_request.wait_for(|pull_request| !told(pull_request), PATIENCE).await.unwrap();
    stage.assert_sound();
}
