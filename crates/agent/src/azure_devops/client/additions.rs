//! What a review sets on a pull request: labels and reviewers.

use review_core::{publication::NewReviewer, pull_request::PullRequestKey};
use serde_json::json;

use super::{AzureDevOps, reads::below, send::Call, versions::Maturity};
use crate::azure_devops::AzureDevOpsError;

impl AzureDevOps {
    /// One that the pull request has already stays as it is.
    pub(super) async fn add_label(&self, key: &PullRequestKey, name: &str) -> Result<(), AzureDevOpsError> {
        let id = key.id.to_string();
        let action = format!("setting the label `{name}` on {key}");
        let call = Call::post("add_label", action, &below(key, &id, &["labels"]), json!({ "name": name }));
        self.send(&key.repository.collection, &call.maturity(Maturity::ReleasedIn7)).await.map(drop)
    }

    /// As an optional reviewer without a vote. One that is asked already keeps what was said of them: the caller looks first.
    pub(super) async fn add_reviewer(&self, key: &PullRequestKey, reviewer: &NewReviewer) -> Result<(), AzureDevOpsError> {
        let id = key.id.to_string();
        let action = format!("adding {} as a reviewer of {key}", reviewer.name);
        let body = json!({ "vote": 0, "isRequired": false });
        let call = Call::put("add_reviewer", action, &below(key, &id, &["reviewers", &reviewer.id]), body);
        self.send(&key.repository.collection, &call).await.map(drop)
    }
}
