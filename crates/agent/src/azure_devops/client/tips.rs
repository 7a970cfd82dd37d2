//! Where other repositories of a project stand.

use review_core::pull_request::{CommitId, RepositoryKey};

use super::{AzureDevOps, send::Call};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{self, convert},
};

/// The newest commit of a repository's default branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The repository by its ids.
    pub repository: RepositoryKey,
    pub project_name: String,
    /// Where git fetches from.
    pub remote_url: String,
    pub commit: CommitId,
}

impl AzureDevOps {
    /// The tip of the default branch, and whose it is; None of an empty repository.
    pub async fn tip(&self, repository: &RepositoryKey) -> Result<Option<Tip>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository: name } = repository;
        let action = format!("reading the repository {collection}/{project}/_git/{name}");
        let call = Call::get("repository", action, &[project, "_apis", "git", "repositories", name]);
        let found: wire::Repository = self.fetch(collection, &call).await?;
        let Some(branch) = found.default_branch.clone().filter(|branch| !branch.is_empty()) else { return Ok(None) };
        let action = format!("reading where {branch} stands in {collection}/{project}/_git/{name}");
        let filter = branch.strip_prefix("refs/").unwrap_or(&branch);
        let call = Call::get("refs", action, &[project, "_apis", "git", "repositories", name, "refs"]).query("filter", filter);
        // The filter is a prefix: `heads/main` finds `heads/maintenance` as well.
        let refs: wire::List<wire::Ref> = self.fetch(collection, &call).await?;
        let id = refs.0.into_iter().find(|one| one.name.as_deref() == Some(&branch)).and_then(|one| one.object_id);
        let Some(commit) = id.and_then(|id| CommitId::parse(&id)) else { return Ok(None) };
        Ok(Some(convert::tip(found, repository, commit)))
    }
}
