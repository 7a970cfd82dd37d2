//! What the token may do, as far as reads can tell; for `doctor`.

use serde_json::Value;

use super::{AzureDevOps, send::Call};
use crate::azure_devops::{
    AzureDevOpsError,
    wire::{List, Project, PullRequest, Repository},
};

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// "identity", "repositories", "pull requests", "work items", "builds".
    pub what: &'static str,
    /// What was found, or what went wrong and which scope of the token would help.
    pub result: Result<String, String>,
}

impl AzureDevOps {
    /// Tries every kind of read that reviews need. Writes cannot be tried without leaving a trace. Ends after the first
    /// probe when the collection cannot be reached or does not accept the token at all.
    pub async fn probe(&self, collection: &str) -> Vec<Probe> {
        let me = match self.me(collection).await {
            Ok(me) => Ok(format!("{} {}", me.display_name, me.unique_name).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let is_known = me.is_ok();
        let mut probes = vec![Probe { what: "identity", result: me }];
        if !is_known {
            return probes;
        }
        let repositories = self.repositories(collection).await;
        let project = repositories.as_ref().ok().and_then(|listed| listed.iter().find_map(project_of));
        let found = repositories.map(|listed| match listed.len() {
            0 => "none: add the user to the projects that it shall review".to_owned(),
            count => format!("{count} can be read"),
        });
        probes.push(Probe { what: "repositories", result: with_scope(found, "Code (Read & write)") });
        let Some(project) = project else { return probes };
        let (pull_requests, work_items, builds) = futures::join!(
            self.some_pull_request(collection, &project),
            self.some_work_item(collection, &project),
            self.some_build(collection, &project),
        );
        let readable = |()| format!("can be read in {project}");
        probes.push(Probe { what: "pull requests", result: with_scope(pull_requests.map(readable), "Code (Read & write)") });
        probes.push(Probe { what: "work items", result: with_scope(work_items.map(readable), "Work Items (Read)") });
        probes.push(Probe { what: "builds", result: with_scope(builds.map(readable), "Build (Read)") });
        probes
    }

    async fn repositories(&self, collection: &str) -> Result<Vec<Repository>, AzureDevOpsError> {
        let action = format!("listing the repositories of {collection}");
        self.fetch_list(collection, &Call::get("repositories", action, &["_apis", "git", "repositories"])).await
    }

    async fn some_pull_request(&self, collection: &str, project: &str) -> Result<(), AzureDevOpsError> {
        let action = format!("listing pull requests of {project}");
        let call = Call::get("pull_requests", action, &[project, "_apis", "git", "pullrequests"])
            .query("searchCriteria.status", "active")
            .query("$top", 1);
        self.fetch::<List<PullRequest>>(collection, &call).await.map(drop)
    }

    /// Whether number 1 exists says nothing; that it may be asked for does.
    async fn some_work_item(&self, collection: &str, project: &str) -> Result<(), AzureDevOpsError> {
        let action = format!("reading a work item of {project}");
        let call =
            Call::get("work_items", action, &[project, "_apis", "wit", "workitems"]).query("ids", 1).query("errorPolicy", "omit");
        match self.fetch::<Value>(collection, &call).await {
            Ok(_) | Err(AzureDevOpsError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn some_build(&self, collection: &str, project: &str) -> Result<(), AzureDevOpsError> {
        let action = format!("listing builds of {project}");
        let call = Call::get("builds", action, &[project, "_apis", "build", "builds"]).query("$top", 1);
        self.fetch::<Value>(collection, &call).await.map(drop)
    }
}

fn project_of(repository: &Repository) -> Option<String> {
    repository.project.as_ref().and_then(|Project { id, name }| id.clone().or_else(|| name.clone()))
}

/// A token that is accepted, but not for this, lacks a scope: the service answers 401 or 403 then.
fn with_scope<T>(result: Result<T, AzureDevOpsError>, scope: &str) -> Result<T, String> {
    result.map_err(|error| match error {
        AzureDevOpsError::Unauthorized { action, .. } => {
            format!("{action}: refused, although the token is accepted: it probably lacks the scope {scope}")
        }
        AzureDevOpsError::Forbidden { action, type_key, message } => {
            format!("{action}: refused ({type_key}): {message}; the token lacks the scope {scope}, or its user the permission")
        }
        error => error.to_string(),
    })
}
