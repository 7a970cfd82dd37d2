//! One review job on Azure DevOps, from the re-read (step 5) to the record (step 15).

use std::{collections::BTreeSet, time::Duration};

use review_core::{
    description,
    finding::{Finding, StandingFinding, fingerprint, standing_findings},
    publication::{CheckState, DesiredFinding, DesiredState, DesiredStatus, WalkthroughState, shows_unfinished_run},
    pull_request::{Anchor, CommitId, Iteration, PullRequestKey, PullRequestState, PullRequestStatus},
    render::{WalkthroughInput, finding_comment, neutralise, walkthrough},
    scope::{Decision, FileSetAside, QuietReason, Reviewed, SkipReason, decide, reviewed_from_threads},
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::{Analysis, Limits, analyse},
    evidence::Change,
    publish::{PublishError, Publisher, by_severity},
    resolution::{Resolutions, renamed, resolutions, under_new_names},
    trouble::Trouble,
};
use crate::{
    azure_devops::{AzureDevOps, AzureDevOpsError},
    git::{GitError, Mirrors, Repository},
    jobs::JobEnd,
    llm::Model,
    store::{ClaimedJob, JobKind, NewJob, ReviewRecord, Store},
    telemetry::Metrics,
};

/// Attempts of a job before it becomes a dead letter.
pub const MAX_ATTEMPTS: u32 = 8;

/// The job's word for a pull request that is completed or abandoned.
const NOT_ACTIVE: &str = "not_active";
/// What the description gets of the summary, at most.
const MAX_SUMMARY_CHARS: usize = 1_500;

/// Everything that a job needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reviewer {
    pub azure: AzureDevOps,
    pub mirrors: std::sync::Arc<Mirrors>,
    pub model: Model,
    pub store: Store,
    pub metrics: Metrics,
    /// Tokens of the pack.
    pub prompt_tokens: usize,
    /// Inline comments of one review.
    pub max_inline: usize,
    pub clock: fn() -> i64,
}

/// How a review ended without trouble.
enum End {
    Reviewed,
    Skipped,
    /// Nothing was to be done or said.
    Quiet(&'static str),
}

/// One run: the pull request as it was read at its start, and what it may write under.
struct Run<'a> {
    reviewer: &'a Reviewer,
    job: &'a ClaimedJob,
    key: &'a PullRequestKey,
    cancel: &'a CancellationToken,
    started_at: i64,
}

impl Reviewer {
    /// Works on a claimed job until it ends, one way or another.
    pub async fn work(&self, job: ClaimedJob, cancel: CancellationToken) -> JobEnd {
        match &job.kind {
            JobKind::Review { pull_request } => {
                let run = Run { reviewer: self, job: &job, key: pull_request, cancel: &cancel, started_at: (self.clock)() };
                run.to_end().await
            }
            JobKind::Sweep { collection, project } => self.sweep(&job, collection, project).await,
        }
    }
}

impl Run<'_> {
    async fn to_end(&self) -> JobEnd {
        if self.job.attempt > MAX_ATTEMPTS {
            return self.given_up().await;
        }
        let trouble = match self.review().await {
            Ok(End::Reviewed) => return JobEnd::Finished("reviewed"),
            Ok(End::Skipped) => return JobEnd::Finished("skipped"),
            Ok(End::Quiet(why)) => return JobEnd::Finished(why),
            Err(trouble) => trouble,
        };
        if self.cancel.is_cancelled() {
            return JobEnd::Cancelled;
        }
        if trouble.is_lost_lease() {
            // Whoever has the job now ends it, and then nothing is written here. Nobody may have taken it, though: a
            // process that was held up for longer than its lease still has to see to it.
            return JobEnd::Retry { problem: trouble.to_string(), after: Some(Duration::ZERO) };
        }
        if matches!(trouble, Trouble::MovedOn) {
            return self.superseded().await;
        }
        if let Some(quiet) = trouble.quiet_end() {
            tracing::info!(pull_request = %self.key, problem = %trouble, "nothing to review any more");
            return JobEnd::Finished(quiet);
        }
        if trouble.is_closed() && self.is_closed().await {
            return JobEnd::Finished(NOT_ACTIVE);
        }
        let problem = trouble.to_string();
        let last = trouble.is_final() || self.job.attempt >= MAX_ATTEMPTS;
        tracing::warn!(pull_request = %self.key, attempt = self.job.attempt, last, problem, "the review did not succeed");
        if trouble.is_told(last) {
            self.announce_failure(trouble.sentence(), !last).await;
        }
        if last {
            self.reviewer.metrics.review_ended("none", "failed", self.took());
            JobEnd::Dead { problem }
        } else {
            JobEnd::Retry { problem, after: trouble.retry_after() }
        }
    }

    /// The attempt after the last one, which only tells: those before it ended without a word (a process that died, a
    /// panic, a deadline), so the pull request still says that a review is under way.
    async fn given_up(&self) -> JobEnd {
        let last = self.job.last_problem.as_deref().unwrap_or("unknown");
        let problem = format!("gave up after {MAX_ATTEMPTS} attempts; the last one: {last}");
        self.announce_failure("the agent did not come to the end of it in any attempt", false).await;
        self.reviewer.metrics.review_ended("none", "failed", self.took());
        JobEnd::Dead { problem }
    }

    /// The event of the newer push has queued its own job; should it never arrive, this one is there.
    async fn superseded(&self) -> JobEnd {
        let again = review_job(self.key, self.now());
        match self.reviewer.store.enqueue(&again, self.now()).await {
            Ok(()) => JobEnd::Finished("superseded"),
            Err(error) => JobEnd::Retry { problem: error.to_string(), after: None },
        }
    }

    /// A write was refused as one to a closed pull request: whether it really is closed. One that is active and refuses
    /// writes all the same is a failure like any other, or it would be reviewed again and again.
    async fn is_closed(&self) -> bool {
        match self.reviewer.azure.state(self.key).await {
            Ok(state) if state.pull_request.status != PullRequestStatus::Active => {
                self.close_unfinished(&state).await;
                true
            }
            _ => false,
        }
    }

    async fn review(&self) -> Result<End, Trouble> {
        let Reviewer { azure, store, .. } = self.reviewer;
        let state = self.reading(azure.state(self.key)).await?;
        if state.pull_request.key != *self.key {
            // The payload named it otherwise than by its ids; two names must not become two reviews at a time.
            store.enqueue(&review_job(&state.pull_request.key, self.now()), self.now()).await?;
            return Ok(End::Quiet("named_by_its_ids"));
        }
        let recorded = store.reviewed(self.key).await?;
        let is_recorded = recorded.is_some();
        let reviewed = recorded.or_else(|| reviewed_from_threads(&state));
        let since = match decide(&state, reviewed.as_ref()) {
            Decision::Quiet(QuietReason::NotActive) => {
                self.close_unfinished(&state).await;
                return Ok(End::Quiet(NOT_ACTIVE));
            }
            // The commits of an earlier iteration, pushed again: nothing is new, but the iteration has no status yet, and
            // the walkthrough may tell of a run in between.
            Decision::Quiet(QuietReason::AlreadyReviewed) if is_newer(&state, reviewed.as_ref()) => reviewed,
            Decision::Quiet(QuietReason::AlreadyReviewed) if is_recorded => return Ok(End::Quiet("already_reviewed")),
            Decision::Quiet(QuietReason::AlreadyReviewed) => return self.finish_publication(&state).await,
            Decision::Skip(reason) => return self.skip(&state, reason, &[]).await,
            Decision::Full => None,
            Decision::Incremental { since } => Some(since),
        };
        let Some(iteration) = state.newest_iteration() else { return self.skip(&state, SkipReason::NoIterations, &[]).await };
        store.set_head(&self.job.lease, &iteration.head).await?;
        let cut = store.desired(self.key, &iteration.head, &iteration.base).await?;
        // One of the same commits under an older number is of no use: nothing can be written for that iteration any more.
        if let Some(desired) = cut.filter(|desired| desired.iteration == iteration.id) {
            tracing::info!(pull_request = %self.key, iteration = desired.iteration, "taking up a review that was cut while it was published");
            return self.publish(&desired, since.is_some(), None).await;
        }
        self.announce_start(&state, iteration, since.is_some()).await?;
        let standing = standing_findings(&state);
        let earlier = earlier_commits(&state, since.as_ref(), &standing);
        let repository = self.reading(self.fetch(&state, iteration, earlier)).await?;
        let renamed = renamed(&repository, &state.iterations, &iteration.head, &standing).await?;
        let change = Change {
            pull_request: &state.pull_request,
            work_items: &state.work_items,
            base: &iteration.base,
            head: &iteration.head,
            since: since.as_ref().map(|since| (&since.base, &since.head)),
            repository: &repository,
        };
        let model = &self.reviewer.model;
        let limits = Limits { prompt_tokens: self.reviewer.prompt_tokens, inline: self.reviewer.max_inline };
        let standing_now = under_new_names(&standing, &renamed);
        let reading = analyse(model, change, &standing_now, limits, self.cancel);
        let mut analysis = self.reading(reading).await?;
        if analysis.reviewed_files.is_empty() && since.is_none() {
            // Read again: the walkthrough that announced the start is to be edited, not joined by a second one.
            let state = self.reread(iteration).await?;
            return self.skip(&state, SkipReason::NothingReviewable, &analysis.set_aside).await;
        }
        let judged = resolutions(model, &repository, &state.iterations, &iteration.head, &standing, &renamed, self.cancel);
        let resolved = self.reading(judged).await?;
        analysis.usage += resolved.usage;
        let desired = desired_state(&state, iteration, &analysis, &resolved, &standing);
        store.store_desired(&self.job.lease, self.key, &desired, self.now()).await?;
        self.publish(&desired, analysis.is_incremental, Some(&analysis)).await
    }

    /// What only reads ends at once when the token trips. Writes are never wrapped in this: they go to their end.
    async fn reading<T, E: Into<Trouble>>(&self, reading: impl Future<Output = Result<T, E>>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Trouble::Cancelled),
            read = reading => read.map_err(Into::into),
        }
    }

    /// The walkthrough says that the review was made, and our record does not: the run was cut between the two, and what
    /// comes after the walkthrough (the status) may be missing. Without a stored state the record itself was lost, and there
    /// is nothing to add.
    async fn finish_publication(&self, state: &PullRequestState) -> Result<End, Trouble> {
        let Reviewer { store, .. } = self.reviewer;
        let Some(iteration) = state.newest_iteration() else { return Ok(End::Quiet("already_reviewed")) };
        let desired = store.desired(self.key, &iteration.head, &iteration.base).await?;
        // One of an older iteration could not be published: the pull request has moved on from it.
        let Some(desired) = desired.filter(|desired| desired.iteration == iteration.id) else {
            return Ok(End::Quiet("already_reviewed"));
        };
        store.set_head(&self.job.lease, &iteration.head).await?;
        tracing::info!(pull_request = %self.key, iteration = desired.iteration, "ending a review that was cut before its status");
        self.publish(&desired, false, None).await
    }

    /// The two commits, and those of `earlier` that the server still has.
    async fn fetch(
        &self,
        state: &PullRequestState,
        iteration: &Iteration,
        earlier: BTreeSet<CommitId>,
    ) -> Result<Repository, Trouble> {
        let Reviewer { azure, mirrors, .. } = self.reviewer;
        let remote = &state.pull_request.remote_url;
        let authorization = azure.authorization();
        let mut commits = vec![iteration.base.clone(), iteration.head.clone()];
        let repository = mirrors.fetch(remote, Some(&authorization), &commits).await?;
        if !earlier.is_empty() {
            commits.extend(earlier);
            match mirrors.fetch(remote, Some(&authorization), &commits).await {
                Ok(repository) => return Ok(repository),
                Err(error @ (GitError::CommitMissing { .. } | GitError::Failed { .. })) => {
                    tracing::info!(pull_request = %self.key, %error, "commits of earlier reviews are gone");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(repository)
    }

    async fn publish(&self, desired: &DesiredState, incremental: bool, analysis: Option<&Analysis>) -> Result<End, Trouble> {
        self.publisher().publish(desired).await?;
        let outcome = match desired.walkthrough_state {
            WalkthroughState::Partial => "partial",
            _ => "complete",
        };
        let mode = if incremental { "incremental" } else { "full" };
        let record = ReviewRecord {
            pull_request: self.key.clone(),
            iteration: desired.iteration,
            head: desired.head.clone(),
            base: desired.base.clone(),
            mode: mode.to_owned(),
            outcome: outcome.to_owned(),
            posted: u32::try_from(desired.findings.len()).unwrap_or(u32::MAX),
            dropped: analysis.map(|analysis| analysis.dropped.clone()).unwrap_or_default(),
            usage: analysis.map(|analysis| analysis.usage).unwrap_or_default(),
            started_at: self.started_at,
            ended_at: self.now(),
        };
        self.reviewer.store.record_review(&self.job.lease, &record).await?;
        self.reviewer.metrics.review_ended(mode, outcome, self.took());
        for finding in &desired.findings {
            self.reviewer.metrics.finding_posted(finding.finding.severity);
        }
        for dropped in &record.dropped {
            self.reviewer.metrics.finding_dropped(dropped.reason);
        }
        tracing::info!(
            pull_request = %self.key,
            iteration = desired.iteration,
            mode,
            outcome,
            posted = desired.findings.len(),
            resolved = desired.resolved.len(),
            "reviewed"
        );
        Ok(End::Reviewed)
    }

    async fn announce_start(&self, state: &PullRequestState, iteration: &Iteration, incremental: bool) -> Result<(), Trouble> {
        let content = walkthrough(&WalkthroughInput::InProgress { head: &iteration.head, base: &iteration.base, incremental });
        let status = DesiredStatus { state: CheckState::Pending, description: "Review in progress".to_owned() };
        let in_progress = Some((content.as_str(), WalkthroughState::InProgress));
        Ok(self.publisher().announce(state, Some(iteration), in_progress, status).await?)
    }

    /// The pull request as it stands now, as long as `iteration` is the newest one.
    async fn reread(&self, iteration: &Iteration) -> Result<PullRequestState, Trouble> {
        let state = self.reviewer.azure.state(self.key).await?;
        let is_same = state.newest_iteration().is_some_and(|newest| newest.head == iteration.head);
        if is_same { Ok(state) } else { Err(PublishError::MovedOn.into()) }
    }

    async fn skip(&self, state: &PullRequestState, reason: SkipReason, set_aside: &[FileSetAside]) -> Result<End, Trouble> {
        let content = walkthrough(&WalkthroughInput::Skipped { reason, set_aside });
        let status =
            DesiredStatus { state: CheckState::NotApplicable, description: format!("Not reviewed: {}", reason.sentence()) };
        let skipped = Some((content.as_str(), WalkthroughState::Skipped));
        self.publisher().announce(state, state.newest_iteration(), skipped, status).await?;
        self.reviewer.metrics.review_ended("none", "skipped", self.took());
        Ok(End::Skipped)
    }

    /// A pull request that was closed during a review must not look as if one were still under way. Best effort: a closed
    /// pull request may take no more edits.
    async fn close_unfinished(&self, state: &PullRequestState) {
        if let Some(iteration) = state.newest_iteration().filter(|_| shows_unfinished_run(state)) {
            let problem = "the pull request was closed before the review was finished.";
            let content = walkthrough(&WalkthroughInput::Failed { head: &iteration.head, problem, will_retry: false });
            let status =
                DesiredStatus { state: CheckState::NotApplicable, description: "Not reviewed: closed before the end".to_owned() };
            let ended = Some((content.as_str(), WalkthroughState::Failed));
            if let Err(error) = self.publisher().announce(state, Some(iteration), ended, status).await {
                tracing::info!(pull_request = %self.key, %error, "the closed pull request takes no more words");
            }
        }
    }

    /// Shows on the pull request that it was not reviewed, and whether that will be tried again. Best effort: what cannot
    /// be shown is in the log.
    async fn announce_failure(&self, problem: &str, will_retry: bool) {
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
        let failed = Some((content.as_str(), WalkthroughState::Failed));
        let status = if will_retry {
            DesiredStatus { state: CheckState::Pending, description: "Review delayed; it will be tried again".to_owned() }
        } else {
            DesiredStatus { state: CheckState::Failed, description: "Not reviewed: the review failed".to_owned() }
        };
        match self.publisher().announce(&state, Some(iteration), failed, status.clone()).await {
            // Comments and statuses are separate rights: the status must not go on promising a review.
            Err(PublishError::AzureDevOps(AzureDevOpsError::Forbidden { .. })) => {
                let status = DesiredStatus { description: format!("Not reviewed: {problem}"), ..status };
                self.publisher().announce(&state, Some(iteration), None, status).await?;
            }
            announced => announced?,
        }
        Ok(())
    }

    fn publisher(&self) -> Publisher<'_> {
        let Reviewer { azure, store, clock, .. } = self.reviewer;
        Publisher { azure, store, lease: &self.job.lease, key: self.key, cancel: self.cancel, clock: *clock }
    }

    fn now(&self) -> i64 {
        (self.reviewer.clock)()
    }

    fn took(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now().saturating_sub(self.started_at)).unwrap_or_default())
    }
}

fn is_newer(state: &PullRequestState, reviewed: Option<&Reviewed>) -> bool {
    state.newest_iteration().zip(reviewed).is_some_and(|(newest, reviewed)| newest.id > reviewed.iteration)
}

/// What the newest code is compared with: the code of the last review, and that of each finding which is still open. The
/// cache has them only when this machine made those reviews.
fn earlier_commits(state: &PullRequestState, since: Option<&Reviewed>, standing: &[StandingFinding]) -> BTreeSet<CommitId> {
    let last = since.into_iter().flat_map(|since| [since.base.clone(), since.head.clone()]);
    let open: BTreeSet<u32> = standing
        .iter()
        .filter(|finding| finding.status.is_open() && !finding.is_deleted)
        .map(|finding| finding.iteration)
        .collect();
    let heads = state.iterations.iter().filter(|iteration| open.contains(&iteration.id)).map(|iteration| iteration.head.clone());
    last.chain(heads).collect()
}

/// The review of a pull request, as a job. A later event replaces it while it waits.
pub(crate) fn review_job(key: &PullRequestKey, now: i64) -> NewJob {
    NewJob {
        kind: JobKind::Review { pull_request: key.clone() },
        dedup_key: format!("review:{key}"),
        serial_key: key.to_string(),
        priority: 0,
        run_at: now,
        head: None,
        closes: false,
    }
}

/// What shall stand on the pull request after this run.
fn desired_state(
    state: &PullRequestState,
    iteration: &Iteration,
    analysis: &Analysis,
    resolved: &Resolutions,
    standing: &[StandingFinding],
) -> DesiredState {
    let findings: Vec<DesiredFinding> = analysis
        .findings
        .iter()
        .zip(&analysis.last_line_utf16)
        .map(|(finding, &last_line_utf16)| desired_finding(finding, last_line_utf16))
        .collect();
    let still_open = standing
        .iter()
        .filter(|finding| finding.status.is_open() && !finding.is_deleted && !resolved.threads.contains(&finding.thread))
        .count();
    let walkthrough_state = if analysis.is_partial() { WalkthroughState::Partial } else { WalkthroughState::Complete };
    let content = walkthrough(&WalkthroughInput::Done {
        head: &iteration.head,
        base: &iteration.base,
        incremental: analysis.is_incremental,
        answer: analysis.walkthrough.as_ref(),
        posted: &analysis.findings,
        dropped: &analysis.dropped_by_reason(),
        reviewed_files: &analysis.reviewed_files,
        set_aside: &analysis.set_aside,
        resolved: resolved.threads.len(),
        still_open,
        usage: &analysis.usage,
    });
    let summary = analysis.walkthrough.as_ref().map(|answer| neutralise(&answer.summary, MAX_SUMMARY_CHARS));
    DesiredState {
        iteration: iteration.id,
        head: iteration.head.clone(),
        base: iteration.base.clone(),
        findings,
        resolved: resolved.threads.clone(),
        walkthrough: content,
        walkthrough_state,
        status: status_of(analysis, still_open),
        description_summary: summary.filter(|_| description::wants_summary(&state.pull_request.description)),
    }
}

fn desired_finding(finding: &Finding, last_line_utf16: u32) -> DesiredFinding {
    let fingerprint = fingerprint(finding);
    DesiredFinding {
        content: finding_comment(finding, &fingerprint),
        anchor: Anchor { path: finding.path.clone(), side: finding.side, lines: finding.lines },
        fingerprint,
        finding: finding.clone(),
        last_line_utf16,
    }
}

/// Succeeded means reviewed, whatever was found: findings are the threads' matter, and a policy on them exists already.
pub(super) fn status_of(analysis: &Analysis, still_open: usize) -> DesiredStatus {
    let mut description = match analysis.findings.len() {
        0 => "Reviewed: no new findings".to_owned(),
        1 => format!("Reviewed: 1 finding ({})", by_severity(&analysis.findings)),
        count => format!("Reviewed: {count} findings ({})", by_severity(&analysis.findings)),
    };
    if still_open > 0 {
        description.push_str(&format!(", {still_open} still open"));
    }
    if analysis.is_partial() {
        let files = analysis.reviewed_files.len();
        description = format!("Partly reviewed: {files} {}; {description}", if files == 1 { "file" } else { "files" });
    }
    DesiredStatus { state: CheckState::Succeeded, description }
}
