//! Work items that are created.

use review_core::pull_request::PullRequestKey;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AzureDevOps, send::Call};
use crate::azure_devops::AzureDevOpsError;

/// Characters of a title that the service takes (`System.Title`).
const MAX_TITLE_CHARS: usize = 255;

/// A work item that is to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWorkItem<'a> {
    /// `Task` and the like.
    pub kind: &'a str,
    pub title: &'a str,
    /// HTML, as on-premises servers of all versions take it.
    pub description: &'a str,
}

#[derive(Deserialize)]
struct Created {
    id: u64,
}

impl AzureDevOps {
    /// Creates a work item in the project of the pull request, linked with it. Not idempotent: after `Unavailable`, read the
    /// linked work items before it is repeated.
    ///
    /// # Errors
    /// `Unauthorized` and `Forbidden` where the token or its owner may not; `NotFound` where the project has no such type;
    /// `Refused` where the process wants fields that are not given (400 `RuleValidationException`).
    pub async fn create_work_item(&self, key: &PullRequestKey, item: &NewWorkItem<'_>) -> Result<u64, AzureDevOpsError> {
        let repository = &key.repository;
        let action = format!("creating a {} for {key}", item.kind);
        let title: String = item.title.chars().take(MAX_TITLE_CHARS).collect();
        // The ids are separated by escaped slashes: together they are one name.
        let link = format!("vstfs:///Git/PullRequestId/{}%2F{}%2F{}", repository.project, repository.repository, key.id);
        let relation = json!({ "rel": "ArtifactLink", "url": link, "attributes": { "name": "Pull Request" } });
        let add = |path: &str, value: Value| json!({ "op": "add", "path": path, "value": value });
        let body = json!([
            add("/fields/System.Title", title.into()),
            add("/fields/System.Description", item.description.into()),
            add("/relations/-", relation),
        ]);
        let kind = format!("${}", item.kind);
        let call = Call::post("create_work_item", action, &[&repository.project, "_apis", "wit", "workitems", &kind], body);
        let created: Created = self.fetch(&repository.collection, &call.content_type("application/json-patch+json")).await?;
        Ok(created.id)
    }
}
