//! What is read of repositories without git: the default branch, a single file.

use review_core::{
    prompt::tools::PastCommit,
    pull_request::{CommitId, RepositoryKey},
};
use serde_json::json;

use super::{AzureDevOps, send::Call};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{self, convert},
};

/// Longest answer with a file: half a megabyte of text, of which JSON escapes every character.
const MAX_FILE_ANSWER: usize = 4 << 20;

/// Which version of a repository is read.
#[derive(Debug, Clone, Copy)]
pub enum Revision<'a> {
    DefaultBranch,
    /// Without `refs/heads/`.
    Branch(&'a str),
    Commit(&'a CommitId),
}

impl AzureDevOps {
    /// The full ref name of the default branch; None of an empty repository.
    pub async fn default_branch(&self, repository: &RepositoryKey) -> Result<Option<String>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository: name } = repository;
        let action = format!("reading the default branch of {collection}/{project}/_git/{name}");
        let call = Call::get("repository", action, &[project, "_apis", "git", "repositories", name]);
        let found: wire::Repository = self.fetch(collection, &call).await?;
        Ok(found.default_branch.filter(|branch| !branch.is_empty()))
    }

    /// The newest commits up to `commit` that touched a path, newest first, at most `most`.
    ///
    /// By `commitsbatch`: the list of commits takes the same criteria, but Microsoft's specification has no operation for that.
    pub async fn commits_of(
        &self,
        repository: &RepositoryKey,
        commit: &CommitId,
        path: &str,
        most: usize,
    ) -> Result<Vec<PastCommit>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository: name } = repository;
        let action = format!("reading the commits of {path} in {collection}/{project}/_git/{name}");
        let body = json!({
            "itemPath": format!("/{}", path.trim_start_matches('/')),
            "itemVersion": { "versionType": "commit", "version": commit.as_str() },
        });
        let segments = [project.as_str(), "_apis", "git", "repositories", name, "commitsbatch"];
        let call = Call::ask("commits_batch", action, &segments, body).query("$top", most);
        let wire::List(commits) = self.fetch::<wire::List<wire::Commit>>(collection, &call).await?;
        Ok(commits.into_iter().filter_map(convert::past_commit).take(most).collect())
    }

    /// The text of a file by its path from the root; None when the file, the version or the repository does not exist.
    ///
    /// # Errors
    /// `Unreadable` for what is no text or longer than a few megabytes.
    pub async fn file(
        &self,
        repository: &RepositoryKey,
        revision: Revision<'_>,
        path: &str,
    ) -> Result<Option<String>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository: name } = repository;
        let action = format!("reading {path} of {collection}/{project}/_git/{name}");
        let mut call = Call::get("item", action.as_str(), &[project, "_apis", "git", "repositories", name, "items"])
            .query("path", format!("/{}", path.trim_start_matches('/')))
            .query("includeContent", true)
            .query("$format", "json")
            .max_answer(MAX_FILE_ANSWER);
        let version = match revision {
            Revision::DefaultBranch => None,
            Revision::Branch(branch) => Some((branch, "branch")),
            Revision::Commit(commit) => Some((commit.as_str(), "commit")),
        };
        if let Some((version, kind)) = version {
            call = call.query("versionDescriptor.version", version).query("versionDescriptor.versionType", kind);
        }
        match self.fetch::<wire::FileContent>(collection, &call).await {
            Ok(wire::FileContent { content: Some(content) }) => Ok(Some(content)),
            Ok(_) => Err(AzureDevOpsError::Unreadable { action, problem: "it is no text".to_owned() }),
            Err(AzureDevOpsError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
