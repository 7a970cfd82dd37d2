//! Publication (step 14): the writes that are missing, each behind the lease and the head.

use std::collections::BTreeMap;

use review_core::{
    description,
    publication::{DesiredState, DesiredStatus, PublicationStep, WalkthroughState, plan, plan_walkthrough},
    pull_request::{CommitId, Iteration, IterationFile, PullRequestKey, PullRequestState, PullRequestStatus},
};
use tokio_util::sync::CancellationToken;

use crate::{
    azure_devops::{AzureDevOps, AzureDevOpsError},
    store::{Lease, Store, StoreError},
};

/// Rounds of read, plan, write: an answer that did not come may hide a write that was made.
const ROUNDS: usize = 4;
/// Git's own name for "no object".
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

#[derive(Debug, thiserror::Error)]
pub(super) enum PublishError {
    #[error(transparent)]
    AzureDevOps(#[from] AzureDevOpsError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Read so: a newer push, or it was closed. Nothing more is written for this head.
    #[error("the pull request moved on")]
    MovedOn,
    #[error("cancelled")]
    Cancelled,
}

/// Writes about one pull request under one lease.
pub(super) struct Publisher<'a> {
    pub(super) azure: &'a AzureDevOps,
    pub(super) store: &'a Store,
    pub(super) lease: &'a Lease,
    pub(super) key: &'a PullRequestKey,
    pub(super) cancel: &'a CancellationToken,
    pub(super) clock: fn() -> i64,
}

impl Publisher<'_> {
    /// Brings the pull request to the desired state. Every round starts from what really stands there, so a write
    /// whose answer was lost is seen, not repeated.
    pub(super) async fn publish(&self, desired: &DesiredState) -> Result<(), PublishError> {
        let mut round = 1;
        loop {
            let state = self.current(desired).await?;
            let steps = plan(&state, desired);
            match self.write_all(&steps, desired.iteration).await {
                Err(PublishError::AzureDevOps(AzureDevOpsError::Unavailable { action, problem, .. })) if round < ROUNDS => {
                    tracing::warn!(action, problem, round, "a write was not answered; reading again before writing again");
                    round += 1;
                }
                result => break result?,
            }
        }
        if let Some(summary) = &desired.description_summary {
            self.guard().await?;
            let edit = |text: &str| description::with_summary(text, summary);
            match self.azure.edit_description(self.key, &edit).await {
                Ok(()) => {}
                // Known only after another look, like the answer of any other write.
                Err(error @ AzureDevOpsError::Unavailable { .. }) => return Err(error.into()),
                // The review stands; one without a summary in the description is better than none.
                Err(error) => tracing::warn!(pull_request = %self.key, %error, "the description was not changed"),
            }
        }
        Ok(())
    }

    /// The walkthrough's status block and the pull request status, outside a finished review: in progress, skipped, failed.
    pub(super) async fn announce(
        &self,
        state: &PullRequestState,
        iteration: Option<&Iteration>,
        walkthrough: Option<(&str, WalkthroughState)>,
        status: DesiredStatus,
    ) -> Result<(), PublishError> {
        let mut steps = Vec::new();
        if let Some((content, walkthrough_state)) = walkthrough {
            // Without an iteration nothing is put on record, so what stands in its place does not matter.
            let none = CommitId::parse(NO_COMMIT);
            if let Some(none) = none {
                let (id, head, base) =
                    iteration.map_or((0, &none, &none), |iteration| (iteration.id, &iteration.head, &iteration.base));
                steps.extend(plan_walkthrough(state, content, walkthrough_state, id, head, base));
            }
        }
        if let Some(iteration) = iteration {
            steps.push(PublicationStep::SetStatus { iteration: iteration.id, status });
        }
        self.write_all(&steps, iteration.map_or(0, |iteration| iteration.id)).await
    }

    /// The state as it is now; an error when it is no longer what the review was about.
    async fn current(&self, desired: &DesiredState) -> Result<PullRequestState, PublishError> {
        self.guard().await?;
        let state = self.azure.state(self.key).await?;
        let newest = state.newest_iteration();
        let same_head = newest.is_some_and(|newest| newest.id == desired.iteration && newest.head == desired.head);
        if state.pull_request.status != PullRequestStatus::Active || !same_head {
            return Err(PublishError::MovedOn);
        }
        Ok(state)
    }

    async fn write_all(&self, steps: &[PublicationStep], iteration: u32) -> Result<(), PublishError> {
        let anchored = |step: &PublicationStep| matches!(step, PublicationStep::CreateThread(thread) if thread.anchor.is_some());
        let files: Vec<IterationFile> =
            if steps.iter().any(anchored) { self.azure.iteration_files(self.key, iteration).await? } else { Vec::new() };
        for step in steps {
            self.guard().await?;
            match self.azure.apply(self.key, step, &files).await {
                // Somebody deleted the thread between reading and writing: that is an answer, not an error.
                Err(AzureDevOpsError::NotFound { message, .. }) if !matches!(step, PublicationStep::CreateThread(_)) => {
                    tracing::info!(message, "what was to be edited is gone");
                }
                result => result?,
            }
        }
        Ok(())
    }

    /// Before every write: still ours, and still wanted.
    async fn guard(&self) -> Result<(), PublishError> {
        if self.cancel.is_cancelled() {
            return Err(PublishError::Cancelled);
        }
        self.store.check_lease(self.lease, (self.clock)()).await?;
        Ok(())
    }
}

/// "2 high, 1 medium", most severe first.
pub(super) fn by_severity(findings: &[review_core::finding::Finding]) -> String {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(std::cmp::Reverse(finding.severity)).or_insert(0usize) += 1;
    }
    let words: Vec<String> = counts.into_iter().map(|(severity, count)| format!("{count} {}", severity.0)).collect();
    words.join(", ")
}
