//! Events without details (*Resource details: none*) say only that something happened in a project: look what.

use std::time::Duration;

use super::{
    review::{MAX_ATTEMPTS, Reviewer, review_job},
    trouble::Trouble,
};
use crate::{
    azure_devops::{ActivePullRequest, AzureDevOpsError},
    jobs::JobEnd,
    store::ClaimedJob,
};

/// Pull requests of one project that are looked at for one such event, newest first.
const MAX_PULL_REQUESTS: usize = 200;
/// Milliseconds after its creation during which a pull request counts as new.
const NEW_FOR: i64 = 24 * 60 * 60 * 1_000;

impl Reviewer {
    /// Queues a review of each active pull request that we know or that is new; those that were reviewed at their newest
    /// iteration end at once without a word. One that is old and unknown waits for an event of its own: whoever connects a
    /// project does not want all of its history reviewed.
    pub(super) async fn sweep(&self, job: &ClaimedJob, collection: &str, project: &str) -> JobEnd {
        let again = |problem: String, after: Option<Duration>| {
            if job.attempt >= MAX_ATTEMPTS { JobEnd::Dead { problem } } else { JobEnd::Retry { problem, after } }
        };
        let found = match self.azure.active_pull_requests(collection, project).await {
            Ok(found) => found,
            Err(AzureDevOpsError::NotFound { .. } | AzureDevOpsError::NotAllowed(_)) => return JobEnd::Finished("not_found"),
            Err(error) => {
                let problem = error.to_string();
                return again(problem, Trouble::from(error).retry_after());
            }
        };
        let now = (self.clock)();
        tracing::info!(project, found = found.len(), attempt = job.attempt, "looking at the project's active pull requests");
        if found.len() > MAX_PULL_REQUESTS {
            tracing::warn!(
                project,
                left = found.len() - MAX_PULL_REQUESTS,
                "more active pull requests than one event is good for"
            );
        }
        for ActivePullRequest { key, created } in found.iter().take(MAX_PULL_REQUESTS) {
            let queued = async {
                let known = self.store.reviewed(key).await?.is_some();
                let is_new = created.is_some_and(|created| now.saturating_sub(created) < NEW_FOR);
                if known || is_new { self.store.enqueue(&review_job(key, now), now).await } else { Ok(()) }
            };
            if let Err(error) = queued.await {
                return again(error.to_string(), None);
            }
        }
        JobEnd::Finished("swept")
    }
}
