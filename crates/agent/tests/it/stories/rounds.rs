//! What no event tells is found in rounds.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use testkit::{
    azure_devops::{AzureDevOps, PullRequestHandle},
    model::ModelServer,
};

use crate::harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed, Stage, both_rules, cart};

/// Milliseconds by which this agent's clock is ahead.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn clock() -> i64 {
    coderabbit_agent::app::now() + AHEAD.load(Ordering::Relaxed)
}

fn minutes_pass(minutes: u64) {
    AHEAD.fetch_add(i64::try_from(Duration::from_mins(minutes).as_millis()).unwrap(), Ordering::Relaxed);
}

/// An agent that makes rounds every ten minutes, and hears of nothing: its events are lost.
async fn deaf(variables: &[(&str, &str)]) -> Stage {
    let mut all = vec![("SWEEP_MINUTES", "10")];
    all.extend(variables);
    let model = ModelServer::start(both_rules()).await.unwrap();
    let stage = Stage::set_at(AzureDevOps::builder(), model, &all, clock).await;
    stage.hooks.hold();
    stage
}

async fn swept(stage: &Stage, times: u64) {
    stage.counted("coderabbit_agent_jobs_ended_total{outcome=\"swept\"}", times).await;
}

#[tokio::test]
async fn an_agent_that_no_event_reaches_reviews_what_is_opened_and_pushed_in_the_projects_that_it_is_told() {
    let stage = deaf(&[("AZURE_DEVOPS_PROJECTS", "Web Shop")]).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    minutes_pass(11);
    assert_eq!(pull_request.reviewed(1).await, "succeeded: Reviewed: 2 findings (1 critical, 1 high)");
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY_FIXED))]).await.unwrap();
    pull_request.comment(&stage.azure.author(), &format!("@<{}> help", stage.azure.bot().id)).await.unwrap();
    minutes_pass(11);
    assert!(pull_request.reviewed(2).await.starts_with("succeeded: Reviewed: no new findings"));
    let is_answered = |pull_request: &PullRequestHandle| {
        pull_request
            .threads()
            .iter()
            .any(|thread| thread.comments.len() == 2 && thread.comments[1].content.contains("full review"))
    };
    pull_request.wait_for(is_answered, PATIENCE).await.unwrap();
    // Known by its id now, the project is not looked through twice in a round.
    let before = stage.count("coderabbit_agent_jobs_ended_total{outcome=\"swept\"}").await;
    minutes_pass(11);
    swept(&stage, before + 1).await;
    minutes_pass(11);
    swept(&stage, before + 2).await;
    assert_eq!(stage.count("coderabbit_agent_jobs_ended_total{outcome=\"swept\"}").await, before + 2);
    stage.assert_sound();
}

#[tokio::test]
async fn a_vote_follows_threads_that_were_clicked_resolved_of_which_azure_devops_tells_nobody() {
    let stage = deaf(&[("AZURE_DEVOPS_PROJECTS", "Web Shop")]).await;
    let workflow = "reviews: {request_changes_workflow: true}\n";
    stage.repository.push("main", &[(".coderabbit.yaml", workflow)], "Settings").await.unwrap();
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    let bot = stage.azure.bot().id;
    let votes = |wanted: i64| {
        let bot = bot.clone();
        move |pull_request: &PullRequestHandle| {
            pull_request.votes().iter().any(|(person, vote)| person.id == bot && *vote == wanted)
        }
    };
    minutes_pass(11);
    pull_request.wait_for(votes(-5), PATIENCE).await.unwrap();
    for thread in pull_request.inline() {
        pull_request.set_thread_status(&stage.azure.author(), thread.id, "fixed").await.unwrap();
    }
    minutes_pass(11);
    pull_request.wait_for(votes(10), PATIENCE).await.unwrap();
    stage.assert_sound();
}
