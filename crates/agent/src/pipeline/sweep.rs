//! Rounds, and events without details (*Resource details: none*), which say only that something happened in a project: look what.

use std::{collections::HashSet, time::Duration};

use review_core::pull_request::PullRequestKey;

use super::{
    review::{MAX_ATTEMPTS, Reviewer, review_job},
    trouble::Trouble,
};
use crate::{
    azure_devops::{ActivePullRequest, AzureDevOpsError},
    jobs::JobEnd,
    store::{ClaimedJob, StoreError},
};

/// Pull requests of one project that are looked at for one such event, newest first.
const MAX_PULL_REQUESTS: usize = 200;
/// Pull requests with findings among which those that ended are looked for.
const MAX_ENDS: u32 = 1_000;
/// Milliseconds after its creation during which a pull request counts as new.
const NEW_FOR: i64 = 24 * 60 * 60 * 1_000;
/// The same, after a review was given up, during which no round tries it again.
const GIVEN_UP_FOR: i64 = 24 * 60 * 60 * 1_000;
/// The same, after its last finding, during which the end of a pull request is looked for.
const ENDS_WITHIN: i64 = 90 * 24 * 60 * 60 * 1_000;

impl Reviewer {
    /// Queues a review of each active pull request that we know or that is new; those that were reviewed at their newest
    /// iteration end at once without a word. One that is old and unknown waits for an event of its own: whoever connects a
    /// project does not want all of its history reviewed.
    ///
    /// One with findings that is not active any more gets a job, too: it sees how the pull request ended.
    pub(super) async fn sweep(&self, job: &ClaimedJob, collection: &str, project: &str) -> JobEnd {
        let again = |problem: String, after: Option<Duration>| {
            if job.attempt < MAX_ATTEMPTS {
                return JobEnd::Retry { problem, after };
            }
            // The next round or event looks again: a dead letter for each would bury those that want a person.
            tracing::warn!(collection, project, problem, "the pull requests of a project could not be looked through");
            JobEnd::Finished("unavailable")
        };
        let found = match self.azure.active_pull_requests(collection, project).await {
            Ok(found) => found,
            Err(error @ (AzureDevOpsError::NotFound { .. } | AzureDevOpsError::NotAllowed(_))) => {
                tracing::warn!(collection, project, %error, "the pull requests of a project cannot be listed");
                return JobEnd::Finished("not_found");
            }
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
                let job = review_job(key, now);
                // What was given up waits for a person or for an event; without either it gets one more try a day.
                let is_wanted =
                    (known || is_new) && !self.store.was_given_up(&job.dedup_key, now.saturating_sub(GIVEN_UP_FOR)).await?;
                if is_wanted { self.store.enqueue(&job, now).await } else { Ok(()) }
            };
            if let Err(error) = queued.await {
                return again(error.to_string(), None);
            }
        }
        if let Err(error) = self.look_for_ends(collection, project, &found).await {
            return again(error.to_string(), None);
        }
        JobEnd::Finished("swept")
    }

    async fn look_for_ends(&self, collection: &str, project: &str, active: &[ActivePullRequest]) -> Result<(), StoreError> {
        let active: HashSet<&PullRequestKey> = active.iter().map(|active| &active.key).collect();
        let now = (self.clock)();
        // As keys spell the id of a project.
        let project = project.to_ascii_lowercase();
        let since = now.saturating_sub(ENDS_WITHIN);
        let open = self.store.pull_requests_without_end(collection, &project, since, MAX_ENDS).await?;
        for key in open.iter().filter(|key| !active.contains(key)) {
            self.store.enqueue(&review_job(key, now), now).await?;
        }
        Ok(())
    }
}
