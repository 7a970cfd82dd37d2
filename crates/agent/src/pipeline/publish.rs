//! Publication (step 14): the writes that are missing, each behind the lease and the head.

use std::time::Duration;

use review_core::{
    checks::CheckStatus,
    description,
    publication::{
        DesiredState, DesiredStatus, DesiredText, DesiredTexts, PublicationStep, WalkthroughState, check_steps, plan,
        plan_walkthrough,
    },
    pull_request::{CommitId, Iteration, IterationFile, PullRequestKey, PullRequestState, PullRequestStatus},
    title,
};
use tokio_util::sync::CancellationToken;

use super::trouble::Trouble;
use crate::{
    azure_devops::{AzureDevOps, AzureDevOpsError, PullRequestText, WriteDeadline},
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

/// A write that was not made.
struct Failed<'a> {
    step: Option<&'a PublicationStep>,
    error: PublishError,
}

impl<E: Into<PublishError>> From<E> for Failed<'_> {
    fn from(error: E) -> Self {
        Self { step: None, error: error.into() }
    }
}

/// Writes about one pull request under one lease.
pub(super) struct Publisher<'a> {
    pub(super) azure: &'a AzureDevOps,
    pub(super) store: &'a Store,
    pub(super) lease: &'a Lease,
    /// How long the lease holds after a heartbeat.
    pub(super) lease_for: Duration,
    pub(super) key: &'a PullRequestKey,
    pub(super) cancel: &'a CancellationToken,
    pub(super) clock: fn() -> i64,
    /// Whether the status `coderabbit/review` is wanted. Those of checks have modes of their own.
    pub(super) tells_status: bool,
}

impl Publisher<'_> {
    /// What only reads ends at once when the token trips. Writes are never wrapped in this: they go to their end.
    pub(super) async fn reading<T, E: Into<Trouble>>(&self, reading: impl Future<Output = Result<T, E>>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Trouble::Cancelled),
            read = reading => read.map_err(Into::into),
        }
    }

    /// Brings the pull request to the desired state, and returns it as it could be had. Every round starts from what really
    /// stands there, so a write whose answer was lost is seen, not repeated. A thread that Azure DevOps does not take is told
    /// of in the walkthrough.
    pub(super) async fn publish(&self, mut desired: DesiredState) -> Result<DesiredState, PublishError> {
        let mut round = 1;
        loop {
            let state = self.current(&desired).await?;
            let mut steps = plan(&state, &desired);
            if !desired.checks.results.is_empty() {
                // Before the status of the review, which comes last of all.
                let checks = desired.check_steps(&self.standing_checks(desired.iteration).await);
                let place = steps.len().saturating_sub(1);
                steps.splice(place..place, checks);
            }
            steps.retain(|step| self.tells_status || !matches!(step, PublicationStep::SetStatus { .. }));
            let Err(Failed { step, error }) = self.write_all(&steps, desired.iteration).await else { break };
            match error {
                PublishError::AzureDevOps(error)
                    if step.is_some_and(|step| costs_only_itself(&error, step) && desired.withhold(step)) =>
                {
                    tracing::warn!(pull_request = %self.key, %error, "left out, and told of in the walkthrough");
                }
                error => self.may_be_there(error, &mut round)?,
            }
        }
        let DesiredTexts { summary, title } = &desired.texts;
        if let Some(DesiredText { content, placeholder, at_end }) = summary {
            let place = description::Place { placeholder, at_end: *at_end };
            self.edit(PullRequestText::Description, &|text| description::with_summary(text, content, place)).await?;
        }
        if let Some(DesiredText { content, placeholder, .. }) = title {
            self.edit(PullRequestText::Title, &|text| title::with_title(text, placeholder, content)).await?;
        }
        Ok(desired)
    }

    pub(super) async fn edit(
        &self,
        text: PullRequestText,
        edit: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<(), PublishError> {
        let azure = self.guard().await?;
        match azure.edit_text(self.key, text, edit).await {
            Ok(()) => Ok(()),
            // Known only after another look, like the answer of any other write.
            Err(error @ AzureDevOpsError::Unavailable { .. }) => Err(error.into()),
            // The review stands; one without a summary in the description is better than none.
            Err(error) => {
                tracing::warn!(pull_request = %self.key, ?text, %error, "a text of the author was not added to");
                Ok(())
            }
        }
    }

    /// The walkthrough's status block and the pull request status, outside a finished review: in progress, skipped, failed.
    /// What is None stays as it stands.
    pub(super) async fn announce(
        &self,
        state: &PullRequestState,
        iteration: Option<&Iteration>,
        walkthrough: Option<(&str, WalkthroughState)>,
        status: Option<DesiredStatus>,
    ) -> Result<(), PublishError> {
        let mut reread: Option<PullRequestState> = None;
        let mut round = 1;
        loop {
            let state = reread.as_ref().unwrap_or(state);
            let mut steps = Vec::new();
            // Without an iteration nothing is put on record, so what stands in its place does not matter.
            if let (Some((content, walkthrough_state)), Some(none)) = (walkthrough, CommitId::parse(NO_COMMIT)) {
                let (id, head, base) =
                    iteration.map_or((0, &none, &none), |iteration| (iteration.id, &iteration.head, &iteration.base));
                steps.extend(plan_walkthrough(state, content, walkthrough_state, id, head, base));
            }
            if let (Some(iteration), Some(status)) = (iteration, status.as_ref().filter(|_| self.tells_status)) {
                steps.push(PublicationStep::SetStatus { iteration: iteration.id, status: status.clone() });
            }
            match self.write_all(&steps, iteration.map_or(0, |iteration| iteration.id)).await {
                Ok(()) => return Ok(()),
                Err(Failed { error, .. }) => self.may_be_there(error, &mut round)?,
            }
            reread = Some(self.azure.state(self.key).await?);
        }
    }

    /// Writes that are safe to repeat and about no file.
    pub(super) async fn write(&self, steps: &[PublicationStep]) -> Result<(), PublishError> {
        let mut round = 1;
        while let Err(Failed { error, .. }) = self.write_all(steps, 0).await {
            self.may_be_there(error, &mut round)?;
        }
        Ok(())
    }

    /// Sets the statuses of checks that do not stand yet.
    pub(super) async fn set_checks(&self, iteration: &Iteration, wanted: Vec<CheckStatus>) -> Result<(), PublishError> {
        let mut round = 1;
        while !wanted.is_empty() {
            let steps = check_steps(iteration.id, wanted.clone(), &self.standing_checks(iteration.id).await);
            match self.write_all(&steps, iteration.id).await {
                Ok(()) => break,
                Err(Failed { error, .. }) => self.may_be_there(error, &mut round)?,
            }
        }
        Ok(())
    }

    /// Answers comment `parent` of a thread, unless the answer stands there. Nothing is left to be done where the thread is gone,
    /// or takes no answer.
    pub(super) async fn reply(&self, thread: u64, parent: u64, text: &str) -> Result<(), PublishError> {
        let mut round = 1;
        loop {
            let azure = self.guard().await?;
            match azure.reply(self.key, thread, parent, text).await {
                Ok(()) => return Ok(()),
                Err(error @ (AzureDevOpsError::NotFound { .. } | AzureDevOpsError::Refused { .. })) => {
                    tracing::info!(pull_request = %self.key, thread, %error, "a comment is left without an answer");
                    return Ok(());
                }
                Err(error) => self.may_be_there(error.into(), &mut round)?,
            }
        }
    }

    /// Statuses are a right of their own: where they cannot be read, one too many is better than none.
    async fn standing_checks(&self, iteration: u32) -> Vec<CheckStatus> {
        self.azure.check_statuses(self.key, iteration).await.unwrap_or_else(|error| {
            tracing::info!(pull_request = %self.key, %error, "which statuses of checks stand is not known");
            Vec::new()
        })
    }

    /// Whether another round may show what became of a write whose answer did not come; else its error.
    fn may_be_there(&self, error: PublishError, round: &mut usize) -> Result<(), PublishError> {
        match error {
            PublishError::AzureDevOps(AzureDevOpsError::Unavailable { action, problem, .. }) if *round < ROUNDS => {
                tracing::warn!(pull_request = %self.key, action, problem, round, "a write was not answered; reading again before writing again");
                *round += 1;
                Ok(())
            }
            error => Err(error),
        }
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

    async fn write_all<'s>(&self, steps: &'s [PublicationStep], iteration: u32) -> Result<(), Failed<'s>> {
        let anchored = |step: &PublicationStep| matches!(step, PublicationStep::CreateThread(thread) if thread.anchor.is_some());
        let files: Vec<IterationFile> =
            if steps.iter().any(anchored) { self.azure.iteration_files(self.key, iteration).await? } else { Vec::new() };
        for step in steps {
            let azure = self.guard().await?;
            match azure.apply(self.key, step, &files).await {
                // Somebody deleted the thread between reading and writing: that is an answer, not an error.
                Err(AzureDevOpsError::NotFound { message, .. }) if edits(step) => {
                    tracing::info!(message, "what was to be edited is gone");
                }
                result => result.map_err(|error| Failed { step: Some(step), error: error.into() })?,
            }
        }
        Ok(())
    }

    /// Before every write: still wanted, and ours until its answer will be there. The client that is returned begins no write
    /// later than that allows, however long this process is held up in between.
    pub(super) async fn guard(&self) -> Result<AzureDevOps, PublishError> {
        if self.cancel.is_cancelled() {
            return Err(PublishError::Cancelled);
        }
        let now = (self.clock)();
        self.store.renew_lease(self.lease, self.lease_for, now).await?;
        let spare = self.lease_for.saturating_sub(self.azure.call_timeout());
        let moment = now.saturating_add(i64::try_from(spare.as_millis()).unwrap_or(i64::MAX));
        Ok(self.azure.writing_until(WriteDeadline { moment, clock: self.clock }))
    }
}

/// Whether a step is about something that stands already.
fn edits(step: &PublicationStep) -> bool {
    !matches!(step, PublicationStep::CreateThread(_) | PublicationStep::AddLabel(_) | PublicationStep::AddReviewer(_))
}

/// Whether a write that failed so is one that will never be taken, and that the others can do without. A right that is missing is
/// missing for all threads, but labels and reviewers may need one of their own.
fn costs_only_itself(error: &AzureDevOpsError, step: &PublicationStep) -> bool {
    match error {
        AzureDevOpsError::Refused { .. } | AzureDevOpsError::NotSent { .. } => true,
        AzureDevOpsError::Forbidden { .. } | AzureDevOpsError::NotFound { .. } => {
            matches!(step, PublicationStep::AddLabel(_) | PublicationStep::AddReviewer(_))
        }
        _ => false,
    }
}
