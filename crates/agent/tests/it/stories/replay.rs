//! A served review that is recorded, and played again on another pull request that is like it.

use std::fs;

use coderabbit_agent::store::{PastReview, Store};
use review_core::usage::Usage;
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection};
use testkit::{
    azure_devops::{AzureDevOps, ThreadView},
    model::Role,
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, QUERY, Reviewed, Stage, both_rules, cart};

/// The newest review, and what is on the account of its pull request.
async fn record(stage: &Stage, reviews: u64) -> (PastReview, Usage) {
    stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#, reviews).await;
    let store = Store::open(&format!("sqlite://{}", stage.database().display()).into()).await.unwrap();
    let review = store.recent_reviews(1).await.unwrap().remove(0);
    let spent = store.spent_on_pull_request(&review.pull_request).await.unwrap();
    (review, spent)
}

#[tokio::test]
async fn a_served_review_is_played_again_at_no_cost_with_its_usage_shown() {
    let shelf = tempfile::tempdir().unwrap();
    let recording = shelf.path().join("recording").display().to_string();
    let variables = [("MODEL_RECORD_PATH", recording.as_str())];
    let first = Stage::set_with(AzureDevOps::builder(), both_rules(), &variables).await;
    let pull_request = first.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    let told = pull_request.reviewed(1).await;
    let (review, spent) = record(&first, 1).await;
    assert_eq!(review.usage, spent);

    // A ceiling that the recorded cost is far above, and a model that must not be asked.
    let variables = [("MODEL_REPLAY_PATH", recording.as_str()), ("COST_LIMIT_DAY", "0.000001")];
    let second = Stage::set_with(AzureDevOps::builder(), both_rules(), &variables).await;
    let again = second.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    assert_eq!(again.reviewed(1).await, told);
    let contents = |threads: Vec<ThreadView>| {
        let one = |thread: &ThreadView| (thread.path.clone(), thread.right, thread.content().to_owned());
        threads.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(contents(again.inline()), contents(pull_request.inline()));
    let (replayed, nothing) = record(&second, 1).await;
    assert_eq!((replayed.usage, nothing), (review.usage, Usage::default()), "shown, and not booked");
    assert!(again.walkthrough().contains(&format!("; about {}\n", spent.cost)), "{}", again.walkthrough());
    assert_eq!((second.model.calls().len(), second.model.refusals().len()), (0, 0));
    let metrics = second.get("/metrics").await.1;
    assert!(!metrics.lines().any(|line| line.starts_with("coderabbit_agent_model_cost_dollars_total{")), "{metrics}");

    // A push that was not recorded is no clean review, and not tried again and again.
    again.push(&[(CART, cart(LAST_ITEM_FIXED, QUERY).as_str())]).await.unwrap();
    assert_eq!(again.reviewed(2).await, "failed: Not reviewed: the review failed");
    let walkthrough = again.walkthrough();
    assert!(walkthrough.contains("the agent answers from a recording, and it does not hold this review"), "{walkthrough}");
    first.assert_sound();
    second.assert_sound();
}

#[tokio::test]
async fn a_run_that_takes_up_stored_answers_is_recorded_whole() {
    let shelf = tempfile::tempdir().unwrap();
    let folder = shelf.path().join("recording");
    let roles = || {
        let entries = fs::read_dir(&folder).unwrap().map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap());
        let role = |text: String| serde_json::from_str::<Value>(&text).unwrap()["role"].as_str().map(str::to_owned);
        let mut roles: Vec<String> = entries.filter_map(role).collect();
        roles.sort();
        roles
    };
    // The first run ends at its ceiling, once the finder has answered.
    let prices = "gpt-4.1-mini=0/0/0,o4-mini=1000/1000/1000,o3=0/0/0";
    let variables =
        [("MODEL_RECORD_PATH", folder.to_str().unwrap()), ("COST_LIMIT_PULL_REQUEST", "0.01"), ("MODEL_PRICES", prices)];
    let stage = Stage::set_with(AzureDevOps::builder(), both_rules(), &variables).await;
    let gate = stage.model.hold(Role::Findings);
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    // Both are asked before either costs anything.
    gate.wait_for_held(1).await.unwrap();
    stage.model.wait_for(Role::Walkthrough, 1).await.unwrap();
    gate.release();
    pull_request.reviewed(1).await;
    assert_eq!(roles(), ["light", "medium"]);
    for entry in fs::read_dir(&folder).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }

    let mut database = SqliteConnection::connect(&format!("sqlite://{}", stage.database().display())).await.unwrap();
    sqlx::query("update spending set cost = 0").execute(&mut database).await.unwrap();
    pull_request.abandon().await.unwrap();
    pull_request.reactivate().await.unwrap();
    pull_request.has_status("succeeded").await;
    assert_eq!(stage.model.calls_of(Role::Findings).len(), 1, "the answer was stored");
    assert_eq!(roles(), ["heavy", "heavy", "light", "medium"]);
}
