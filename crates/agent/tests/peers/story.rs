//! The story that every model's server plays: a pull request with two defects is opened, and then mended.

use std::{process::Stdio, time::Duration};

use serde_json::Value;
use testkit::{
    azure_devops::{AzureDevOps, Builder, PullRequestHandle},
    model::Script,
    repository::Repository,
};

use crate::{
    Variables,
    harness::{CART, LAST_ITEM, LAST_ITEM_FIXED, PATIENCE, QUERY, QUERY_FIXED, Reviewed as _, Stage, base_files, cart},
};

/// What a story left behind.
pub(crate) struct Played {
    pub(crate) stage: Stage,
    pub(crate) pull_request: PullRequestHandle,
    /// The status of each iteration.
    pub(crate) statuses: [String; 2],
}

/// An agent with these variables for its model hears of the pull request; the reviews of both iterations may take `patience`
/// each.
pub(crate) async fn play(variables: &Variables, patience: Duration) -> Played {
    play_on(stage_with(AzureDevOps::builder(), variables).await, patience).await
}

/// An agent with these variables in front of an Azure DevOps without pull requests.
pub(crate) async fn stage_with(azure: Builder, variables: &Variables) -> Stage {
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Stage::set_with(azure, Script::silent(), &variables).await
}

pub(crate) async fn play_on(stage: Stage, patience: Duration) -> Played {
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    let opened = pull_request.reviewed_within(1, patience).await;
    pull_request.push(&[(CART, &cart(LAST_ITEM_FIXED, QUERY_FIXED))]).await.unwrap();
    let mended = pull_request.reviewed_within(2, patience).await;
    stage.assert_sound();
    Played { stage, pull_request, statuses: [opened, mended] }
}

impl Played {
    /// The claim that the reviewer's fixture makes and holds stands on its line, once, and the others do not.
    #[track_caller]
    pub(crate) fn assert_is_reviewed(&self) {
        let [opened, mended] = &self.statuses;
        assert_eq!(opened, "succeeded: Reviewed: 1 finding (1 critical)");
        assert!(mended.starts_with("succeeded: Reviewed: no new findings"), "{mended}");
        let inline = self.pull_request.inline();
        let [thread] = &inline[..] else { panic!("one of the two claims was refuted: {inline:#?}") };
        assert_eq!((thread.path.as_deref(), thread.right), (Some(CART), Some((13, 13))), "{thread:#?}");
        assert!(thread.content().contains("The name is put into the text of the SQL statement."), "{thread:#?}");
    }

    /// What was recorded stands there too: the walkthrough's words, and whether the claim was settled.
    #[track_caller]
    pub(crate) fn assert_is_as_recorded(&self) {
        self.assert_is_reviewed();
        let walkthrough = self.pull_request.walkthrough();
        let summary = recorded("review_walkthrough")["summary"].as_str().unwrap().to_owned();
        // Markdown is escaped, and names in it are set as code.
        let words: Vec<&str> = summary.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        let missing: Vec<&&str> = words.iter().filter(|word| !walkthrough.contains(**word)).collect();
        assert!(missing.is_empty(), "{missing:?} of {summary:?} are not in {walkthrough}");
        let settled = recorded("review_resolution")["fixed"] == true;
        let status = self.pull_request.inline()[0].status.clone();
        assert_eq!(status.as_deref(), Some(if settled { "fixed" } else { "active" }));
    }
}

/// The arguments with which the recorded model called this tool.
fn recorded(tool: &str) -> Value {
    let recorded: Value = serde_json::from_str(include_str!("fixtures/recorded.json")).unwrap();
    let fixtures = recorded["fixtures"].as_array().unwrap();
    let found = fixtures.iter().find(|fixture| fixture["match"]["toolName"] == tool).unwrap();
    found["response"]["toolCalls"][0]["arguments"].clone()
}

/// The command `review` in a repository with the same change, which must fail; what it says to whoever runs it.
pub(crate) async fn refused_review(variables: &Variables) -> String {
    let directory = tempfile::tempdir().unwrap();
    let repository = Repository::init(directory.path()).unwrap();
    repository.commit(&base_files(), "A shop").unwrap();
    let main = repository.head("main").unwrap();
    repository.change("topic").onto(&main).file(CART, cart(LAST_ITEM, QUERY)).commit("Totals and search").unwrap();
    #[expect(clippy::disallowed_methods, reason = "the binary under test")]
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_coderabbit-agent"));
    #[expect(clippy::disallowed_methods, reason = "the binary finds git there")]
    let path = std::env::var_os("PATH").unwrap();
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent").envs(variables.iter().map(|(name, value)| (name, value)));
    command.current_dir(directory.path()).args(["review", "--base", "main", "--head", "topic"]).stdin(Stdio::null());
    let ended = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await.expect("it ends by itself").unwrap();
    assert_eq!(ended.status.code(), Some(2), "{ended:?}");
    assert_eq!(ended.stdout, b"", "{ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}
