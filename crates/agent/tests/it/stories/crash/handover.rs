//! Work goes from one process to the next: at a stop, after a pause that was too long, and between replicas.

use std::{collections::BTreeSet, time::Duration};

use review_core::finding::DropReason;
use rustix::process::Signal;
use serde_json::Value;
use testkit::{
    azure_devops::{Fault, Gate, On, PullRequestHandle},
    model::{Kind, Role, Rule, Script},
};

use super::{
    Scene, as_text, assert_told_once, broken, files, is_reviewed, path,
    process::{AgentProcess, Death, pass},
    rule, script,
};
use crate::harness::{PATIENCE, Reviewed};

const LEASE: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_lets_reviews_under_way_end_and_leaves_the_rest_to_the_next_process() {
    let scene = Scene::set(script(1), 1, &[("WORKERS", "2")]).await;
    let agent = scene.start().await;
    let gate = scene.model.hold(Role::Findings);
    let teams = open_all(&scene, 5).await;
    gate.wait_for_held(2).await.unwrap();
    scene.hooks.settled(PATIENCE).await.unwrap();

    let ending = tokio::spawn(agent.terminate());
    // While it drains it takes no job: only the two that it has are asked about.
    pass(Duration::from_millis(300)).await;
    gate.release();
    assert!(ending.await.unwrap().success(), "a clean end has exit code 0");
    assert_eq!(teams.iter().filter(|team| is_reviewed(team)).count(), 2);
    assert_eq!(scene.model.calls_of(Role::Findings).len(), 2);

    let next = scene.start().await;
    all_reviewed_once(&scene, &teams).await;
    assert!(next.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_review_that_outlasts_the_drain_is_taken_up_by_the_next_process() {
    let scene = Scene::set(script(1), 2, &[("LLM_TIMEOUT", "60000"), ("DRAIN_MS", "500")]).await;
    let agent = scene.start().await;
    let gate = scene.model.hold(Role::Verdict);
    let teams = open_all(&scene, 2).await;
    gate.wait_for_held(2).await.unwrap();
    assert!(agent.terminate().await.success(), "a drain that ran out is a clean end too");
    let store = scene.store().await;
    let counts = store.queue_counts(i64::MAX).await.unwrap();
    assert_eq!((counts.queued, counts.running), (2, 0), "the jobs are back in the queue, not left to their leases");
    store.close().await;

    gate.release();
    let next = scene.start().await;
    all_reviewed_once(&scene, &teams).await;
    assert_eq!(scene.model.calls_of(Role::Findings).len(), 2, "what was answered before is not asked again");
    assert!(next.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_paused_past_its_lease_while_the_model_thought_writes_nothing_more() {
    let scene = Scene::set(script(1), 3, &[]).await;
    let paused = scene.start().await;
    let gate = scene.model.hold(Role::Findings);
    let teams = open_all(&scene, 1).await;
    gate.wait_for_held(1).await.unwrap();
    pause(&scene, &paused).await;

    let other = scene.start_beside().await;
    gate.wait_for_held(2).await.unwrap();
    gate.release();
    scene.azure.wait_for(|_| teams.iter().all(is_reviewed), PATIENCE).await.unwrap();
    other.logged("the other one has reviewed", is_reviewed_line).await;
    let written = scene.azure.bot_writes().len();
    paused.signal(Signal::CONT);
    paused.logged("the job is lost", |line| line["reason"] == "Lost" || is_lost_line(line)).await;
    assert!(paused.terminate().await.success());
    assert_eq!(scene.azure.bot_writes().len(), written, "{:#?}", scene.azure.bot_writes().split_off(written));
    assert!(other.terminate().await.success());
    assert_reviewed_once(&scene, &teams);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_paused_past_its_lease_in_the_middle_of_its_writes_writes_nothing_more() {
    let scene = Scene::set(script(1), 4, &[]).await;
    let paused = scene.start().await;
    let answer_of_the_finding = Gate::new();
    // The first thread is the walkthrough.
    scene.azure.fail_next(On::post("/threads"), Fault::Latency(Duration::ZERO));
    scene.azure.fail_next(On::post("/threads"), Fault::HoldAfter(answer_of_the_finding.clone()));
    let teams = open_all(&scene, 1).await;
    answer_of_the_finding.arrived(1).await;
    pause(&scene, &paused).await;

    let other = scene.start_beside().await;
    scene.azure.wait_for(|_| teams.iter().all(is_reviewed), PATIENCE).await.unwrap();
    other.logged("the other one has reviewed", is_reviewed_line).await;
    let written = scene.azure.bot_writes().len();
    answer_of_the_finding.open();
    paused.signal(Signal::CONT);
    paused.logged("the job is lost", |line| line["reason"] == "Lost" || is_lost_line(line)).await;
    assert!(paused.terminate().await.success());
    assert_eq!(scene.azure.bot_writes().len(), written, "{:#?}", scene.azure.bot_writes().split_off(written));
    assert!(other.terminate().await.success());
    assert_reviewed_once(&scene, &teams);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_paused_past_its_lease_and_has_no_other_beside_it_goes_on() {
    let scene = Scene::set(script(1), 5, &[]).await;
    let agent = scene.start().await;
    let teams = open_all(&scene, 4).await;
    // Paused at four different moments of the reviews.
    for writes in [2, 6, 10, 14] {
        scene.azure.wait_for(|azure| azure.bot_writes().len() >= writes, PATIENCE).await.unwrap();
        agent.signal(Signal::STOP);
        pass(LEASE * 3 / 2).await;
        agent.signal(Signal::CONT);
    }
    all_reviewed_once(&scene, &teams).await;
    assert!(agent.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_share_the_work_and_each_pull_request_is_reviewed_once() {
    let scene = Scene::set(script(1), 6, &[("WORKERS", "1")]).await;
    let gate = scene.model.hold(Role::Findings);
    let (one, other) = (scene.start().await, scene.start_beside().await);
    let teams = open_all(&scene, 6).await;
    // Each has one worker, so two questions are two processes.
    gate.wait_for_held(2).await.unwrap();
    gate.release();
    all_reviewed_once(&scene, &teams).await;
    let shares = [one.count_logged(is_reviewed_line), other.count_logged(is_reviewed_line)];
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    assert_eq!(shares.iter().sum::<usize>(), teams.len(), "{shares:?}");
    assert_eq!(scene.model.calls_of(Role::Findings).len(), teams.len());
    let hashes: BTreeSet<u64> = scene.model.calls().iter().map(|call| call.hash).collect();
    assert_eq!(hashes.len(), scene.model.calls().len(), "no question was asked twice");
    for team in &teams {
        let states: Vec<String> = team.statuses_of("review").into_iter().map(|status| status.state).collect();
        assert_eq!(states, ["pending", "succeeded"]);
    }
    assert!(one.terminate().await.success() && other.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_first_review_that_was_cut_between_its_walkthrough_and_its_status_gets_its_status() {
    let invented = Rule::new(Kind::Hallucinated, &path(1), &broken(1), "The cache is read without its lock.");
    let scene = Scene::set(Script::with_rules([rule(1), invented]), 8, &[]).await;
    let first = scene.start().await;
    let status_at_the_end = Gate::new();
    // The first status says that the review is under way, and those of the four checks come before the last.
    scene.azure.fail_times(On::post("/statuses"), 5, Fault::Latency(Duration::ZERO));
    scene.azure.fail_next(On::post("/statuses"), Fault::Hold(status_at_the_end.clone()));
    let teams = open_all(&scene, 1).await;
    status_at_the_end.arrived(1).await;
    first.kill(Death::Alone).await;
    status_at_the_end.open();
    assert!(teams[0].walkthrough().contains("## Walkthrough"));

    let second = scene.start().await;
    all_reviewed_once(&scene, &teams).await;
    assert!(second.terminate().await.success());
    // The record tells what the dead process paid for and left out, though the second one asked no model.
    let store = scene.store().await;
    let record = store.recent_reviews(1).await.unwrap().remove(0);
    assert_eq!((record.mode.as_str(), record.outcome.as_str(), record.posted, record.dropped), ("full", "complete", 1, 1));
    assert_eq!(usize::try_from(record.usage.calls).unwrap(), scene.model.calls().len());
    let dropped = store.dropped_findings(&record.id).await.unwrap();
    assert_eq!(dropped[0].reason, DropReason::QuoteNotFound);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_without_the_cache_of_the_one_before_still_sees_what_was_fixed() {
    let scene = Scene::set(script(2), 7, &[]).await;
    let first = scene.start().await;
    let team = open_all(&scene, 1).await.remove(0);
    team.reviewed(1).await;
    team.push(&[("src/other.py", "def other():\n    return 1\n")]).await.unwrap();
    team.reviewed(2).await;
    assert!(first.terminate().await.success());
    std::fs::remove_dir_all(scene.directory.path().join("cache")).unwrap();

    // Two reviews lie between the finding and its fix, and neither the last one nor this one is at its commit.
    let second = scene.start().await;
    team.push(&as_text(&files(0, 2))).await.unwrap();
    team.reviewed(3).await;
    assert_told_once(&team, 2);
    assert_eq!(team.inline().len(), 2, "{:#?}", team.inline());
    scene.assert_sound();
    assert!(second.terminate().await.success());
}

/// Stops the process where it holds no lock on the database: `SQLite` has one writer, and nobody can write while that one is
/// stopped in the middle.
async fn pause(scene: &Scene, process: &AgentProcess) {
    loop {
        process.signal(Signal::STOP);
        let store = scene.store().await;
        if store.ping(Duration::from_millis(300)).await.is_ok() {
            store.close().await;
            return;
        }
        process.signal(Signal::CONT);
        pass(Duration::from_millis(20)).await;
    }
}

async fn open_all(scene: &Scene, count: usize) -> Vec<PullRequestHandle> {
    let mut teams = Vec::new();
    for team in 0..count {
        teams.push(scene.open(team, &as_text(&files(team, 1))).await);
    }
    teams
}

async fn all_reviewed_once(scene: &Scene, teams: &[PullRequestHandle]) {
    scene.azure.wait_for(|_| teams.iter().all(is_reviewed), PATIENCE).await.unwrap();
    scene.assert_at_rest().await;
    assert_reviewed_once(scene, teams);
}

fn assert_reviewed_once(scene: &Scene, teams: &[PullRequestHandle]) {
    scene.assert_sound();
    for team in teams {
        assert_told_once(team, 1);
        assert_eq!(team.inline().len(), 1);
    }
}

fn is_reviewed_line(line: &Value) -> bool {
    line["message"] == "reviewed"
}

/// The end of an attempt whose job somebody else has.
fn is_lost_line(line: &Value) -> bool {
    line["message"].as_str().is_some_and(|message| message.starts_with("another worker has the job"))
}
