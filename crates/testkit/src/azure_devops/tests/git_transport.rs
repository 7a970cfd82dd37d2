//! Git over HTTP.

use super::*;
use crate::repository::git_command;

fn git(directory: &std::path::Path, token: &str, arguments: &[&str]) -> Result<String, String> {
    let credentials = STANDARD.encode(format!(":{token}"));
    let mut command = git_command();
    command.current_dir(directory).args(arguments);
    command.env("GIT_CONFIG_COUNT", "1").env("GIT_CONFIG_KEY_0", "http.extraHeader");
    command.env("GIT_CONFIG_VALUE_0", format!("Authorization: Basic {credentials}"));
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

async fn run(directory: &std::path::Path, token: &str, arguments: &[&str]) -> Result<String, String> {
    let (directory, token) = (directory.to_owned(), token.to_owned());
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    let job = move || git(&directory, &token, &arguments.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(job).await.unwrap()
}

#[tokio::test]
async fn a_clone_needs_the_token_and_may_leave_blobs_out() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let dir = tempfile::tempdir().unwrap();
    let url = repository.remote_url();
    let refused = run(dir.path(), "wrong", &["clone", "--bare", &url, "no"]).await.unwrap_err();
    assert!(refused.contains("Authentication failed") || refused.contains("could not read Username"), "{refused}");
    run(dir.path(), &azure.token(), &["clone", "--bare", "--filter=blob:none", &url, "yes"]).await.unwrap();
    let inside = dir.path().join("yes");
    let missing = run(&inside, &azure.token(), &["rev-list", "--objects", "--missing=print", "--all"]).await.unwrap();
    assert!(missing.lines().any(|line| line.starts_with('?')), "blobs were left out: {missing}");
    let merge = format!("refs/pull/{}/merge", pull_request.id());
    run(&inside, &azure.token(), &["fetch", &url, &merge]).await.unwrap();
}

#[tokio::test]
async fn a_push_over_http_is_an_iteration_by_the_one_who_pushed() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let dir = tempfile::tempdir().unwrap();
    let url = repository.remote_url();
    run(dir.path(), &azure.token(), &["clone", "--branch", "feature/totals", &url, "work"]).await.unwrap();
    let inside = dir.path().join("work");
    std::fs::write(inside.join("pushed.txt"), "x\n").unwrap();
    run(&inside, &azure.token(), &["add", "."]).await.unwrap();
    run(&inside, &azure.token(), &["commit", "--message", "Pushed"]).await.unwrap();
    run(&inside, &azure.token(), &["push", "origin", "feature/totals"]).await.unwrap();
    assert_eq!(pull_request.iterations().len(), 2, "before the push was answered");
    let listed = Client::new(&azure).get(&format!("{}/iterations", path_of(&pull_request))).await.json();
    assert_eq!(listed["value"][1]["author"]["displayName"], json!("CodeRabbit"));
}

#[tokio::test]
async fn the_old_head_of_a_rewritten_branch_is_served_only_when_any_commit_is() {
    let azure = AzureDevOps::start().await.unwrap();
    let (repository, pull_request) = sample(&azure).await;
    let old = pull_request.iterations()[0].source.clone();
    pull_request.force_push(&[("c.txt", "c\n")]).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "", &["init", "--bare", "here"]).await.unwrap();
    let inside = dir.path().join("here");
    let fetch = ["fetch", &repository.remote_url(), &old];
    repository.serve(ServedCommits::Reachable, true).unwrap();
    let refused = run(&inside, &azure.token(), &fetch).await.unwrap_err();
    assert!(refused.contains("not our ref") || refused.contains("unadvertised"), "{refused}");
    repository.serve(ServedCommits::Any, true).unwrap();
    run(&inside, &azure.token(), &fetch).await.unwrap();
}
