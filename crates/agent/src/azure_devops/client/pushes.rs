//! What the agent writes into a repository: a commit on a branch, and a pull request from it. Both by the API: there is no work
//! tree, no hook, and nothing is executed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use review_core::{
    own_change::{OwnChange, OwnPullRequest, WrittenFile},
    pull_request::{CommitId, RepositoryKey},
};
use serde_json::{Value, json};

use super::{AzureDevOps, send::Call};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{self, convert},
};

/// Pull requests from one branch that are looked at.
const MAX_PULL_REQUESTS: usize = 20;
/// Commits of a branch that are looked at.
const MAX_COMMITS: usize = 30;

/// What became of a commit that was to be pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    Commit(CommitId),
    /// The branch is not where it was, is there already, or is kept from pushes: nothing was written. With what Azure DevOps says,
    /// which is one status for all of them.
    Stale(String),
}

/// What became of a pull request that was to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    PullRequest(u64),
    /// One from this branch into that one is open already, or none may be; with what Azure DevOps says.
    Exists(String),
}

/// A commit as it stands on a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingCommit {
    pub id: CommitId,
    pub parents: Vec<CommitId>,
    pub message: String,
}

/// A pull request from a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestFrom {
    pub id: u64,
    pub is_active: bool,
    /// Id of who opened it.
    pub author: String,
    /// Full name of the branch that it goes into.
    pub target: String,
}

fn below<'a>(repository: &'a RepositoryKey, rest: &[&'a str]) -> Vec<&'a str> {
    let mut segments = vec![repository.project.as_str(), "_apis", "git", "repositories", repository.repository.as_str()];
    segments.extend(rest);
    segments
}

fn short(branch: &str) -> &str {
    branch.strip_prefix("refs/heads/").unwrap_or(branch)
}

impl AzureDevOps {
    /// Where a branch (by its full name) stands; None: there is no such branch.
    pub async fn branch_tip(&self, repository: &RepositoryKey, branch: &str) -> Result<Option<CommitId>, AzureDevOpsError> {
        let action = format!("reading where the branch {} stands", short(branch));
        let call = Call::get("refs", action, &below(repository, &["refs"]))
            .query("filter", branch.strip_prefix("refs/").unwrap_or(branch));
        let refs: Vec<wire::GitRef> = self.fetch_list(&repository.collection, &call).await?;
        let found = refs.into_iter().find(|found| found.name.as_deref() == Some(branch));
        Ok(found.and_then(|found| CommitId::parse(found.object_id.as_deref().unwrap_or_default())))
    }

    /// A commit with its whole message; None: there is none of this id.
    pub async fn standing_commit(
        &self,
        repository: &RepositoryKey,
        commit: &CommitId,
    ) -> Result<Option<StandingCommit>, AzureDevOpsError> {
        let action = format!("reading commit {}", commit.short());
        let call = Call::get("commit", action, &below(repository, &["commits", commit.as_str()]));
        match self.fetch::<wire::Commit>(&repository.collection, &call).await {
            Ok(found) => Ok(convert::standing_commit(found)),
            Err(AzureDevOpsError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The ids of the newest commits of a branch.
    pub async fn newest_commits(&self, repository: &RepositoryKey, branch: &str) -> Result<Vec<CommitId>, AzureDevOpsError> {
        let action = format!("reading the newest commits of {}", short(branch));
        let body = json!({ "itemVersion": { "versionType": "branch", "version": short(branch) } });
        let call = Call::ask("commits_batch", action, &below(repository, &["commitsbatch"]), body).query("$top", MAX_COMMITS);
        let wire::List(commits) = self.fetch::<wire::List<wire::Commit>>(&repository.collection, &call).await?;
        Ok(commits.into_iter().filter_map(|commit| CommitId::parse(&commit.commit_id?)).collect())
    }

    /// Pull requests from a branch of the repository itself, whatever became of them, the newest first.
    pub async fn pull_requests_from(
        &self,
        repository: &RepositoryKey,
        branch: &str,
    ) -> Result<Vec<PullRequestFrom>, AzureDevOpsError> {
        let action = format!("looking for pull requests from {}", short(branch));
        let call = Call::get("pull_requests", action, &below(repository, &["pullrequests"]))
            .query("searchCriteria.sourceRefName", branch)
            .query("searchCriteria.status", "all")
            .query("$top", MAX_PULL_REQUESTS);
        let wire::List(listed) = self.fetch::<wire::List<wire::PullRequest>>(&repository.collection, &call).await?;
        let from = |wire: wire::PullRequest| {
            let is_of_branch = wire.source_ref_name.as_deref() == Some(branch) && wire.fork_source.is_none();
            let is_active = wire.status.is_some_and(|status| status.is("active"));
            Some(PullRequestFrom {
                id: wire.pull_request_id.filter(|_| is_of_branch)?,
                is_active,
                author: wire.created_by.and_then(|by| by.id).unwrap_or_default(),
                target: wire.target_ref_name.unwrap_or_default(),
            })
        };
        Ok(listed.into_iter().filter_map(from).collect())
    }

    /// Pushes one commit on top of the head that the change was made for, to a branch that stands there or is not there yet.
    ///
    /// # Errors
    /// `Unavailable`: whether the commit stands is not known; look before it is pushed again.
    pub async fn push(&self, repository: &RepositoryKey, change: &OwnChange) -> Result<Pushed, AzureDevOpsError> {
        let OwnChange { onto, branch, message, files, .. } = change;
        let action = format!("pushing a commit to {}", short(branch));
        let body = json!({
            "refUpdates": [{ "name": branch, "oldObjectId": onto.as_str() }],
            "commits": [{ "comment": message, "changes": files.iter().map(written).collect::<Vec<_>>() }],
        });
        let call = Call::post("push", action.as_str(), &below(repository, &["pushes"]), body);
        match self.fetch::<wire::Push>(&repository.collection, &call).await {
            Ok(push) => {
                let made = push.ref_updates.into_iter().flatten().flatten().find(|update| update.name.as_deref() == Some(branch));
                let commit = made.and_then(|update| CommitId::parse(update.new_object_id.as_deref().unwrap_or_default()));
                let problem = || "it names no new commit of the branch".to_owned();
                commit.map(Pushed::Commit).ok_or_else(|| AzureDevOpsError::Unreadable { action, problem: problem() })
            }
            // 409 with TF401028: somebody else was faster.
            Err(AzureDevOpsError::Closed { message, .. }) => Ok(Pushed::Stale(message)),
            Err(AzureDevOpsError::Refused { type_key, message, .. }) if type_key == "GitReferenceStaleException" => {
                Ok(Pushed::Stale(message))
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a pull request from `branch` into `target`, both of this repository.
    ///
    /// # Errors
    /// `Unavailable`: whether it is open is not known; look before it is opened again.
    pub async fn open_pull_request(
        &self,
        repository: &RepositoryKey,
        branch: &str,
        target: &str,
        wanted: &OwnPullRequest,
    ) -> Result<Opened, AzureDevOpsError> {
        let action = format!("opening a pull request from {}", short(branch));
        let body = json!({
            "sourceRefName": branch,
            "targetRefName": target,
            "title": wanted.title,
            "description": wanted.description,
        });
        let call = Call::post("open_pull_request", action.as_str(), &below(repository, &["pullrequests"]), body);
        match self.fetch::<wire::PullRequest>(&repository.collection, &call).await {
            Ok(opened) => {
                let problem = || "it names no pull request".to_owned();
                let id = opened.pull_request_id.filter(|id| *id > 0);
                id.map(Opened::PullRequest).ok_or_else(|| AzureDevOpsError::Unreadable { action, problem: problem() })
            }
            // 409 with TF401179.
            Err(AzureDevOpsError::Closed { message, .. }) => Ok(Opened::Exists(message)),
            Err(AzureDevOpsError::Refused { type_key, message, .. }) if type_key == "GitPullRequestExistsException" => {
                Ok(Opened::Exists(message))
            }
            Err(error) => Err(error),
        }
    }
}

/// In base64, so that every byte stays what it is.
fn written(file: &WrittenFile) -> Value {
    json!({
        "changeType": if file.is_new { "add" } else { "edit" },
        "item": { "path": format!("/{}", file.path) },
        "newContent": { "content": STANDARD.encode(&file.text), "contentType": "base64Encoded" },
    })
}
