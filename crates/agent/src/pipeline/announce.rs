//! What the pull request is told outside a finished review: begun, skipped, failed, given up, closed before the end.

use review_core::{
    checks::{CheckStatus, NOT_CHECKED, unchecked},
    configuration::{Effective, Reviews},
    publication::{CheckState, DesiredStatus, WalkthroughState, shows_delay, shows_unfinished_run},
    pull_request::{Iteration, PullRequestState, PullRequestStatus},
    render::{WalkthroughInput, walkthrough},
    scope::{FileSetAside, SkipReason},
};

use super::{
    desired::not_reviewed,
    publish::PublishError,
    review::{End, MAX_ATTEMPTS, Run},
    trouble::Trouble,
};
use crate::{azure_devops::AzureDevOpsError, jobs::JobEnd};

impl Run<'_> {
    pub(super) async fn announce_start(
        &self,
        state: &PullRequestState,
        iteration: &Iteration,
        incremental: bool,
        reviews: &Reviews,
    ) -> Result<(), Trouble> {
        // It says that this will be tried again; that it is being tried is told when something comes of it.
        if shows_delay(state, &iteration.head) {
            return Ok(());
        }
        let content = walkthrough(&WalkthroughInput::InProgress { head: &iteration.head, base: &iteration.base, incremental });
        let status = DesiredStatus { state: CheckState::Pending, description: "Review in progress".to_owned() };
        let in_progress = Some((content.as_str(), WalkthroughState::InProgress));
        self.publisher().announce(state, Some(iteration), in_progress, Some(status)).await?;
        let pending = unchecked(&reviews.pre_merge_checks, "The review is under way.");
        Ok(self.publisher().set_checks(iteration, pending).await?)
    }

    pub(super) async fn skip(
        &self,
        state: &PullRequestState,
        reason: &SkipReason,
        set_aside: &[FileSetAside],
        configuration: &Effective,
    ) -> Result<End, Trouble> {
        let why = format!("{NOT_CHECKED}{}", reason.sentence());
        let checks = unchecked(&configuration.configuration.reviews.pre_merge_checks, &why);
        self.skip_with(state, reason, set_aside, configuration, checks).await
    }

    /// The same, where something is known of the checks all the same.
    pub(super) async fn skip_with(
        &self,
        state: &PullRequestState,
        reason: &SkipReason,
        set_aside: &[FileSetAside],
        configuration: &Effective,
        checks: Vec<CheckStatus>,
    ) -> Result<End, Trouble> {
        let reviews = &configuration.configuration.reviews;
        let content =
            walkthrough(&WalkthroughInput::Skipped { reason, secrets: 0, set_aside, configuration: Some(configuration) });
        let status = not_reviewed(reason, "", Some(configuration));
        // Whoever wants no word about it shall not be left with one that a review is under way or will come.
        let stale = state.newest_iteration().is_some_and(|iteration| shows_delay(state, &iteration.head));
        let is_told = (reviews.review_status && !reason.is_silent()) || stale || shows_unfinished_run(state);
        let skipped = Some((content.as_str(), WalkthroughState::Skipped)).filter(|_| is_told);
        if let Some(iteration) = state.newest_iteration() {
            self.publisher().set_checks(iteration, checks).await?;
        }
        self.publisher().announce(state, state.newest_iteration(), skipped, Some(status)).await?;
        self.end_requests().await;
        self.reviewer.metrics.review_ended("none", "skipped", self.took());
        self.reviewer.metrics.review_skipped(reason);
        tracing::info!(pull_request = %self.key, reason = reason.word(), "not reviewed");
        Ok(End::Skipped)
    }

    /// A pull request that was closed during a review must not look as if one were still under way. Best effort: a closed
    /// pull request may take no more edits.
    pub(super) async fn close_unfinished(&self, state: &PullRequestState) {
        if let Some(iteration) = state.newest_iteration().filter(|_| shows_unfinished_run(state)) {
            let problem = "the pull request was closed before the review was finished.";
            let content = walkthrough(&WalkthroughInput::Failed { head: &iteration.head, problem, will_retry: false });
            let status =
                DesiredStatus { state: CheckState::NotApplicable, description: "Not reviewed: closed before the end".to_owned() };
            let ended = Some((content.as_str(), WalkthroughState::Failed));
            if let Err(error) = self.publisher().announce(state, Some(iteration), ended, Some(status)).await {
                tracing::info!(pull_request = %self.key, %error, "the closed pull request takes no more words");
            }
        }
    }

    /// Shows on the pull request that it was not reviewed, and whether that will be tried again. Best effort: what cannot
    /// be shown is in the log.
    pub(super) async fn announce_failure(&self, problem: &str, will_retry: bool) {
        if let Err(error) = self.try_announce_failure(problem, will_retry).await {
            tracing::warn!(pull_request = %self.key, %error, "the failure could not be shown on the pull request");
        }
    }

    async fn try_announce_failure(&self, problem: &str, will_retry: bool) -> Result<(), Trouble> {
        let state = self.reviewer.azure.state(self.key).await?;
        if state.pull_request.status != PullRequestStatus::Active {
            self.close_unfinished(&state).await;
            return Ok(());
        }
        let Some(iteration) = state.newest_iteration() else { return Ok(()) };
        let sentence = format!("{problem}.");
        let content = walkthrough(&WalkthroughInput::Failed { head: &iteration.head, problem: &sentence, will_retry });
        // Told once: an outage of hours is no reason for a status every few minutes.
        if will_retry && shows_delay(&state, &iteration.head) {
            return Ok(());
        }
        let failed = Some((content.as_str(), WalkthroughState::Failed));
        let status = if will_retry {
            DesiredStatus { state: CheckState::Pending, description: "Review delayed; it will be tried again".to_owned() }
        } else {
            DesiredStatus { state: CheckState::Failed, description: "Not reviewed: the review failed".to_owned() }
        };
        // One that promises the review stands already: a second one would be news to nobody. The walkthrough tells of the delay.
        let is_promised = will_retry && self.shows_pending(iteration).await;
        let told = (!is_promised).then(|| status.clone());
        match self.publisher().announce(&state, Some(iteration), failed, told).await {
            // Comments and statuses are separate rights: the status must not go on promising a review.
            Err(PublishError::AzureDevOps(AzureDevOpsError::Forbidden { .. })) => {
                let status = DesiredStatus { description: format!("Not reviewed: {problem}"), ..status };
                self.publisher().announce(&state, Some(iteration), None, Some(status)).await?;
            }
            announced => announced?,
        }
        if !will_retry {
            self.fail_pending_checks(iteration).await;
        }
        Ok(())
    }

    /// Checks that were said to be under way and will not be made do not stay so. Best effort, like all that tells of failures.
    async fn fail_pending_checks(&self, iteration: &Iteration) {
        let pending = self.reviewer.azure.check_statuses(self.key, iteration.id).await.map(|mut standing| {
            standing.retain(|check| check.status.state == CheckState::Pending);
            standing
        });
        let failed = pending.map(|pending| {
            let status = DesiredStatus { state: CheckState::Failed, description: format!("{NOT_CHECKED}the review failed") };
            pending.into_iter().map(|check| CheckStatus { status: status.clone(), ..check }).collect::<Vec<_>>()
        });
        let told = match failed {
            Ok(failed) => self.publisher().set_checks(iteration, failed).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = told {
            tracing::info!(pull_request = %self.key, %error, "statuses of checks stay as they are");
        }
    }

    /// Statuses are a right of their own: where they cannot be read, one more is better than no word about the delay.
    async fn shows_pending(&self, iteration: &Iteration) -> bool {
        self.reviewer.azure.shows_pending(self.key, iteration.id).await.unwrap_or_else(|error| {
            tracing::info!(pull_request = %self.key, %error, "whether a status promises the review is not known");
            false
        })
    }

    /// The attempt after the last one, which only tells: those before it ended without a word (a process that died, a
    /// panic, a deadline), so the pull request still says that a review is under way.
    pub(super) async fn given_up(&self) -> JobEnd {
        let last = self.job.last_problem.as_deref().unwrap_or("unknown");
        let problem = format!("gave up after {MAX_ATTEMPTS} attempts; the last one: {last}");
        self.announce_failure("the agent did not come to the end of it in any attempt", false).await;
        self.end_requests().await;
        self.reviewer.metrics.review_ended("none", "failed", self.took());
        JobEnd::Dead { problem }
    }

    /// A write was refused as one to a closed pull request: whether it really is closed. One that is active and refuses
    /// writes all the same is a failure like any other, or it would be reviewed again and again.
    pub(super) async fn is_closed(&self) -> bool {
        match self.reviewer.azure.state(self.key).await {
            Ok(state) if state.pull_request.status != PullRequestStatus::Active => {
                self.close_unfinished(&state).await;
                true
            }
            _ => false,
        }
    }
}
