//! What is read around a pull request: others of its repository, their files, and what its work items are linked with.

use review_core::{
    pull_request::{CommitId, PullRequestKey, RepositoryKey, WorkItem},
    sections::OtherPullRequest,
};

use super::{AzureDevOps, send::Call};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{self, convert},
};

/// Files of one pull request that are read.
const MAX_FILES: u64 = 200;
/// Links of one work item that are read.
const MAX_LINKS: usize = 50;

/// Another pull request, and the commits that its files are read between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPullRequest {
    pub other: OtherPullRequest,
    /// The newest commit of its source branch, and of the target branch before it was merged; None where the answer has none.
    pub commits: Option<(CommitId, CommitId)>,
}

/// What a work item is linked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Parent, child, related or the like.
    WorkItem(u64),
    /// A pull request of the repository that was asked about.
    PullRequest(u64),
}

impl AzureDevOps {
    /// The newest `top` pull requests of a repository that are active, or completed, without `key` itself.
    pub async fn neighbours(
        &self,
        key: &PullRequestKey,
        are_completed: bool,
        top: usize,
    ) -> Result<Vec<ListedPullRequest>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository } = &key.repository;
        let status = if are_completed { "completed" } else { "active" };
        let action = format!("listing the {status} pull requests of {collection}/{project}/_git/{repository}");
        let call = Call::get("pull_requests", action, &[project, "_apis", "git", "repositories", repository, "pullrequests"])
            .query("searchCriteria.status", status)
            .query("$top", top);
        let wire::List(listed) = self.fetch::<wire::List<wire::PullRequest>>(collection, &call).await?;
        let listed = listed.into_iter().filter_map(|wire| convert::listed_pull_request(wire, are_completed));
        Ok(listed.filter(|listed| listed.other.id != key.id).collect())
    }

    /// The newest `top` pull requests of a project that are active, or completed, but for those of the repository of `key`.
    pub async fn neighbours_elsewhere(
        &self,
        key: &PullRequestKey,
        are_completed: bool,
        top: usize,
    ) -> Result<Vec<OtherPullRequest>, AzureDevOpsError> {
        let RepositoryKey { collection, project, .. } = &key.repository;
        let status = if are_completed { "completed" } else { "active" };
        let action = format!("listing the {status} pull requests of {collection}/{project}");
        let call = Call::get("pull_requests", action, &[project, "_apis", "git", "pullrequests"])
            .query("searchCriteria.status", status)
            .query("$top", top);
        let wire::List(listed) = self.fetch::<wire::List<wire::PullRequest>>(collection, &call).await?;
        let elsewhere = |wire| convert::pull_request_elsewhere(wire, &key.repository, are_completed);
        Ok(listed.into_iter().filter_map(elsewhere).collect())
    }

    /// Paths that differ between the merge base of the two commits and `source`, without their leading slash.
    pub async fn changed_files(
        &self,
        repository: &RepositoryKey,
        source: &CommitId,
        target: &CommitId,
    ) -> Result<Vec<String>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository: name } = repository;
        let action = format!("reading what {} changes in {collection}/{project}/_git/{name}", source.short());
        let call = Call::get("commit_diffs", action, &[project, "_apis", "git", "repositories", name, "diffs", "commits"])
            .query("diffCommonCommit", true)
            .query("$top", MAX_FILES)
            .query("baseVersion", target)
            .query("baseVersionType", "commit")
            .query("targetVersion", source)
            .query("targetVersionType", "commit");
        let diffs: wire::CommitDiffs = self.fetch(collection, &call).await?;
        Ok(diffs.changes.unwrap_or_default().into_iter().flatten().filter_map(convert::changed_file).collect())
    }

    /// The links of work items, each with the work item that has it, in the order of `ids`. Work items of other projects are
    /// left out.
    pub async fn work_item_links(&self, key: &PullRequestKey, ids: &[u64]) -> Result<Vec<(u64, Link)>, AzureDevOpsError> {
        let RepositoryKey { collection, project, repository } = &key.repository;
        let action = format!("reading the links of the work items of {key}");
        let listed = ids.iter().map(u64::to_string).collect::<Vec<_>>().join(",");
        let call = Call::get("work_item_relations", action, &[project, "_apis", "wit", "workitems"])
            .query("ids", listed)
            .query("$expand", "relations")
            .query("errorPolicy", "omit");
        let mut items: Vec<wire::WorkItem> = self.fetch_list(collection, &call).await?;
        items.sort_by_key(|item| ids.iter().position(|id| item.id == Some(*id)));
        let mut links = Vec::new();
        for item in items {
            let Some(id) = item.id else { continue };
            let found = item.relations.unwrap_or_default().into_iter().flatten().take(MAX_LINKS);
            links.extend(found.filter_map(|relation| convert::link(relation, repository)).map(|link| (id, link)));
        }
        Ok(links)
    }

    /// Work items of the pull request's project by their ids; what is missing is left out.
    pub async fn work_items_by_id(&self, key: &PullRequestKey, ids: &[u64]) -> Result<Vec<WorkItem>, AzureDevOpsError> {
        let action = format!("reading work items that those of {key} are linked with");
        self.work_items_of(key, &action, &[&key.repository.project, "_apis", "wit", "workitems"], ids).await
    }
}
