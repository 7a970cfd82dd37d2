//! One review job on Azure DevOps, from the re-read (step 5) to the record (step 15).

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
    time::Duration,
};

use review_core::{
    chat,
    checks::{CheckReport, NOT_CHECKED, statuses, unchecked},
    command,
    configuration::{Effective, Reviews},
    finding::{DropReason, Dropped, standing_findings},
    learning::PostedFinding,
    publication::{DesiredState, WalkthroughState},
    pull_request::{CommitId, Iteration, PullRequest, PullRequestKey, PullRequestState, PullRequestStatus},
    scope::{Circumstances, CostLimits, Decision, QuietReason, Reviewed, SkipReason, decide, reviewed_from_threads},
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::{Analysis, AnalysisError, Limits},
    commanders::Commanders,
    configuration::{Configurations, Settled, tell_of_change},
    desired::{desired_state, unread_state},
    elsewhere::{Elsewhere, tell_of_missing},
    evidence::Change,
    learnings::Speaker,
    past::Past,
    publish::{PublishError, Publisher},
    resolution::{earlier_commits, resolutions, under_new_names, whereabouts},
    secrets::analyse,
    surroundings::{Neighbours, surroundings},
    trouble::Trouble,
    vote::unproven,
    writing::WrittenFor,
};
use crate::{
    analyzers::Analyzers,
    azure_devops::AzureDevOps,
    git::{GitError, Mirrors, Repository, Source},
    jobs::JobEnd,
    llm::{Account, Model, ModelError},
    store::{ClaimedJob, JobKind, NewJob, PlannedReview, Requests, ReviewRecord, Steering, Store},
    telemetry::Metrics,
    trackers::Trackers,
    web_search::WebSearch,
};

/// Attempts of a job before it becomes a dead letter.
pub const MAX_ATTEMPTS: u32 = 8;

/// The job's word for a pull request that is completed or abandoned.
const NOT_ACTIVE: &str = "not_active";

/// Everything that a job needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reviewer {
    pub azure: AzureDevOps,
    pub mirrors: Arc<Mirrors>,
    pub model: Model,
    pub store: Store,
    pub metrics: Metrics,
    pub configurations: Configurations,
    pub trackers: Trackers,
    /// What it may look at around a pull request.
    pub neighbours: Neighbours,
    /// None: the web is not searched.
    pub web_search: Option<WebSearch>,
    /// Tokens of the pack.
    pub prompt_tokens: usize,
    /// Inline comments of one review.
    pub max_inline: usize,
    /// Looks of finders at one change.
    pub max_looks: usize,
    /// What reviews may cost before nothing more is asked.
    pub cost_limits: CostLimits,
    /// Who may give commands.
    pub commanders: Commanders,
    /// Linters and scanners of this machine.
    pub analyzers: Analyzers,
    /// Whether what people teach in comments is kept and used.
    pub learns: bool,
    /// How long a lease holds after a heartbeat.
    pub lease_for: Duration,
    pub clock: fn() -> i64,
}

/// How a review ended without trouble.
pub(super) enum End {
    Reviewed,
    Skipped,
    /// Nothing was to be done or said.
    Quiet(&'static str),
}

/// One run: the pull request as it was read at its start, and what it may write under.
pub(super) struct Run<'a> {
    pub(super) reviewer: &'a Reviewer,
    pub(super) job: &'a ClaimedJob,
    pub(super) key: &'a PullRequestKey,
    pub(super) cancel: &'a CancellationToken,
    started_at: i64,
    /// What people had asked for when the run began.
    requests: OnceLock<Requests>,
    /// Whether the repository wants a status; not known before its configuration is read.
    tells_status: OnceLock<bool>,
    /// For whom the configuration speaks; not known before it is read.
    speaker: OnceLock<Speaker>,
}

impl Reviewer {
    /// Works on a claimed job until it ends, one way or another.
    pub async fn work(&self, job: ClaimedJob, cancel: CancellationToken) -> JobEnd {
        match &job.kind {
            JobKind::Review { pull_request } => {
                let (started_at, requests, tells_status) = ((self.clock)(), OnceLock::new(), OnceLock::new());
                let speaker = OnceLock::new();
                let key = pull_request;
                let run = Run { reviewer: self, job: &job, key, cancel: &cancel, started_at, requests, tells_status, speaker };
                run.to_end().await
            }
            JobKind::Commands { pull_request } => self.commands(&job, pull_request, &cancel).await,
            JobKind::Write { pull_request, thread, comment, writing } => {
                let asked = WrittenFor { thread: *thread, comment: *comment, writing: *writing };
                self.write_for(&job, pull_request, asked, &cancel).await
            }
            JobKind::Chat { pull_request, thread, comment } => self.chat(&job, pull_request, (*thread, *comment), &cancel).await,
            JobKind::Sweep { collection, project } => self.sweep(&job, collection, project).await,
        }
    }

    /// The two commits, and those of `earlier` that the server still has.
    pub(super) async fn fetch(
        &self,
        key: &PullRequestKey,
        state: &PullRequestState,
        iteration: &Iteration,
        earlier: BTreeSet<CommitId>,
    ) -> Result<Repository, Trouble> {
        let Self { azure, mirrors, .. } = self;
        let authorization = azure.authorization();
        let source = Source {
            url: &state.pull_request.remote_url,
            fork_url: state.pull_request.fork_url.as_deref(),
            authorization: Some(&authorization),
        };
        let mut commits = vec![iteration.base.clone(), iteration.head.clone()];
        let repository = mirrors.fetch(source, &commits).await?;
        if !earlier.is_empty() {
            commits.extend(earlier);
            match mirrors.fetch(source, &commits).await {
                Ok(repository) => return Ok(repository),
                Err(error @ (GitError::CommitMissing { .. } | GitError::Failed { .. })) => {
                    tracing::info!(pull_request = %key, %error, "commits of earlier reviews are gone");
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(repository)
    }
}

impl Run<'_> {
    async fn to_end(&self) -> JobEnd {
        if self.job.attempt > MAX_ATTEMPTS {
            return self.given_up().await;
        }
        let trouble = match Box::pin(self.review()).await {
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
        if let Some(after) = trouble.wait(self.now().saturating_sub(self.job.created_at)) {
            tracing::warn!(pull_request = %self.key, problem, ?after, "the review waits for what is away");
            if trouble.is_told(false) {
                self.announce_failure(trouble.sentence(), true).await;
            }
            return JobEnd::Postponed { problem, after };
        }
        let last = trouble.is_final() || self.job.attempt >= MAX_ATTEMPTS;
        tracing::warn!(pull_request = %self.key, attempt = self.job.attempt, last, problem, "the review did not succeed");
        if trouble.is_told(last) {
            self.announce_failure(trouble.sentence(), !last).await;
        }
        if last {
            self.end_requests().await;
            self.reviewer.metrics.review_ended("none", "failed", self.took());
            JobEnd::Dead { problem }
        } else {
            JobEnd::Retry { problem, after: trouble.retry_after() }
        }
    }

    /// The event of the newer push has queued its own job; should it never arrive, this one is there.
    async fn superseded(&self) -> JobEnd {
        let again = review_job(self.key, self.now());
        match self.reviewer.store.enqueue(&again, self.now()).await {
            Ok(()) => JobEnd::Finished("superseded"),
            Err(error) => JobEnd::Retry { problem: error.to_string(), after: None },
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
        if !command::pending(&state, self.now()).is_empty() || !chat::pending(&state, self.now()).is_empty() {
            // As a rule their own event has queued this already; an event without details has not.
            store.enqueue(&NewJob::commands(self.key, self.now()), self.now()).await?;
        }
        self.observe(&state).await?;
        let Steering { paused_by, requests } = store.steering(self.key).await?;
        let requests = self.requests.get_or_init(|| requests);
        let recorded = store.reviewed(self.key).await?;
        let is_recorded = recorded.is_some();
        let reviewed = recorded.or_else(|| reviewed_from_threads(&state));
        let Settled { mut effective, default_branch } = self.settled(&state).await?;
        let speaker = *self.speaker.get_or_init(|| Speaker::of(&state.pull_request, default_branch.as_deref()));
        tell_of_missing(self.reviewer, &state.pull_request, &mut effective);
        let tells_status = effective.configuration.reviews.commit_status;
        self.tells_status.get_or_init(|| tells_status);
        let circumstances = Circumstances {
            rules: &effective.configuration.reviews.auto_review,
            default_branch: default_branch.as_deref(),
            reviewed_pushes: store.reviewed_pushes(self.key).await?,
            paused_by: paused_by.as_deref(),
            request: requests.wanted(),
        };
        let since = match decide(&state, reviewed.as_ref(), &circumstances) {
            Decision::Quiet(QuietReason::NotActive) => {
                self.close_unfinished(&state).await;
                self.settle(&state).await?;
                store.end_requests(self.key, requests).await?;
                return Ok(End::Quiet(NOT_ACTIVE));
            }
            // The commits of an earlier iteration, pushed again: nothing is new, but the iteration has no status yet, and
            // the walkthrough may tell of a run in between.
            Decision::Quiet(QuietReason::AlreadyReviewed) if is_newer(&state, reviewed.as_ref()) => reviewed,
            Decision::Quiet(QuietReason::AlreadyReviewed) => {
                store.end_requests(self.key, requests).await?;
                if is_recorded {
                    return Box::pin(self.look_again(&state, &effective.configuration)).await;
                }
                return self.finish_publication(&state, &effective).await;
            }
            Decision::Skip(reason) => {
                self.take_vote_back(&state, &effective.configuration.reviews).await?;
                return self.skip(&state, &reason, &[], &effective).await;
            }
            Decision::Full => None,
            Decision::Incremental { since } => Some(since),
        };
        let Some(iteration) = state.newest_iteration() else {
            return self.skip(&state, &SkipReason::NoIterations, &[], &effective).await;
        };
        store.set_head(&self.job.lease, &iteration.head).await?;
        // A full review that was asked for since is another one than the run that was cut.
        if let Some(planned) = self.planned(iteration).await?.filter(|planned| planned.requests.full == requests.full) {
            tracing::info!(pull_request = %self.key, iteration = iteration.id, "taking up a review that was cut while it was published");
            return self.publish(planned, &effective).await;
        }
        self.take_vote_back(&state, &effective.configuration.reviews).await?;
        self.announce_start(&state, iteration, since.is_some(), &effective.configuration.reviews).await?;
        let standing = standing_findings(&state);
        let earlier = earlier_commits(&state, since.as_ref(), &standing);
        let around = surroundings(azure, &state, &effective.configuration, self.reviewer.neighbours);
        let wanted = &effective.configuration;
        let elsewhere = Elsewhere::of(self.reviewer, &state.pull_request, &iteration.head, requests.full.as_deref(), wanted);
        let fetched = self.reviewer.fetch(self.key, &state, iteration, earlier);
        let fetched = async { Ok::<_, Trouble>(tokio::join!(fetched, around, elsewhere)) };
        let (repository, surroundings, elsewhere) = self.reading(Box::pin(fetched)).await?;
        let repository = repository?;
        if effective.configuration.reviews.disable_cache {
            repository.forget_after_use();
        }
        let whereabouts = whereabouts(&repository, &state.iterations, &iteration.head, &standing).await?;
        let past = Past::AzureDevOps { azure: azure.clone(), repository: self.key.repository.clone() };
        let change = Change {
            pull_request: &state.pull_request,
            work_items: &state.work_items,
            surroundings: &surroundings,
            elsewhere: &elsewhere,
            base: &iteration.base,
            head: &iteration.head,
            since: since.as_ref().map(|since| (&since.base, &since.head)),
            repository: &repository,
            past: &past,
            configuration: &effective.configuration,
            analyzers: &self.reviewer.analyzers,
        };
        let model = &self.reviewer.model.on(self.account(&state.pull_request).await?);
        let limits = Limits {
            prompt_tokens: self.reviewer.prompt_tokens,
            inline: self.reviewer.max_inline,
            looks: self.reviewer.max_looks,
            judges_checks: true,
        };
        let standing_now = under_new_names(&standing, &whereabouts);
        let history = self.history(&effective.configuration.knowledge_base, speaker).await?;
        let reading = analyse(model, change, &standing_now, &history, limits, self.cancel);
        let mut analysis = match self.reading(reading).await {
            Err(Trouble::Analysis(AnalysisError::Model(ModelError::CostLimit(reached)))) => {
                let state = self.reread(iteration).await?;
                return self.skip(&state, &SkipReason::CostLimit(reached), &[], &effective).await;
            }
            analysed => analysed?,
        };
        tell_of_change(&mut effective, &analysis);
        analysis.consulted = elsewhere.consulted();
        analysis.checks.issues = elsewhere.links.clone();
        if let Some(reached) = analysis.cost_limit.filter(|_| analysis.is_unread) {
            return self.tell_unread(iteration, &analysis, &SkipReason::CostLimit(reached), &effective).await;
        }
        if analysis.reviewed_files.is_empty() && analysis.findings.is_empty() && analysis.reopened.is_empty() && since.is_none() {
            // Read again: the walkthrough that announced the start is to be edited, not joined by a second one.
            let state = self.reread(iteration).await?;
            let reviews = &effective.configuration.reviews;
            Box::pin(self.check(model, &state, reviews, &mut analysis, Vec::new())).await?;
            let (reason, checks) = (SkipReason::NothingReviewable, statuses(&analysis.report.results));
            return self.skip_with(&state, &reason, &analysis.set_aside, &effective, checks).await;
        }
        let judged = resolutions(model, &repository, &state.iterations, &iteration.head, &standing, &whereabouts, self.cancel);
        let mut resolved = self.reading(judged).await?;
        resolved.threads.retain(|thread| !analysis.standing_secrets.contains(thread));
        analysis.usage += resolved.usage;
        analysis.cost_limit = analysis.cost_limit.or(resolved.cost_limit);
        let reviews = &effective.configuration.reviews;
        let unproven = if reviews.request_changes_workflow {
            let known = (&whereabouts, model.redactor());
            let unproven = unproven(&standing, &resolved.threads, &repository, &iteration.head, known);
            self.reading(unproven).await?
        } else {
            Vec::new()
        };
        Box::pin(self.check(model, &state, reviews, &mut analysis, unproven)).await?;
        let mut desired = desired_state(&state, iteration, &analysis, &resolved, &standing, &effective, &history);
        desired.reposts_walkthrough = requests.full.is_some();
        let planned = PlannedReview {
            desired,
            is_incremental: analysis.is_incremental,
            dropped: analysis.dropped,
            usage: analysis.usage,
            started_at: self.started_at,
            requests: requests.clone(),
        };
        store.store_planned(&self.job.lease, self.key, &planned, self.now()).await?;
        self.publish(planned, &effective).await
    }

    /// Tells what needed no model, and that the change was not reviewed. A run that is cut here finds the same again, and pays nothing.
    async fn tell_unread(
        &self,
        iteration: &Iteration,
        analysis: &Analysis,
        reason: &SkipReason,
        configuration: &Effective,
    ) -> Result<End, Trouble> {
        let Reviewer { store, metrics, .. } = self.reviewer;
        let why = format!("{NOT_CHECKED}{}", reason.sentence());
        let checks = unchecked(&configuration.configuration.reviews.pre_merge_checks, &why);
        self.publisher().set_checks(iteration, checks).await?;
        let desired = self.publisher().publish(unread_state(iteration, analysis, reason, configuration)).await?;
        let posted = desired.findings.iter().map(|posted| PostedFinding::of(&posted.finding, desired.iteration));
        let posted: Vec<PostedFinding> = posted.collect();
        store.record_posted(&self.job.lease, self.key, &posted, self.now()).await?;
        self.end_requests().await;
        for finding in &desired.findings {
            metrics.finding_posted(finding.finding.severity);
        }
        metrics.review_ended("none", "skipped", self.took());
        metrics.review_skipped(reason);
        tracing::info!(pull_request = %self.key, reason = reason.word(), secrets = posted.len(), "not reviewed, but for its secrets");
        Ok(End::Skipped)
    }

    /// Where what is asked is booked, and what it may cost.
    pub(super) async fn account(&self, pull_request: &PullRequest) -> Result<Account, Trouble> {
        let Reviewer { store, cost_limits, clock, .. } = self.reviewer;
        let PullRequest { project_name, repository_name, .. } = pull_request;
        store.name_repository(&self.key.repository, project_name, repository_name).await?;
        let (store, pull_request) = (store.clone(), self.key.clone());
        let occasion = self.requests.get().and_then(|requests| requests.full.clone());
        Ok(Account { store, pull_request, limits: *cost_limits, occasion, clock: *clock })
    }

    /// What the repository wants; nobody is asked about a pull request that is closed.
    async fn settled(&self, state: &PullRequestState) -> Result<Settled, Trouble> {
        if state.pull_request.status != PullRequestStatus::Active {
            return Ok(Settled::default());
        }
        self.reading(self.reviewer.configurations.of(state)).await
    }

    /// What only reads ends at once when the token trips.
    pub(super) async fn reading<T, E: Into<Trouble>>(&self, reading: impl Future<Output = Result<T, E>>) -> Result<T, Trouble> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Trouble::Cancelled),
            read = reading => read.map_err(Into::into),
        }
    }

    /// The walkthrough says that the review was made, and our record does not: the run was cut between the two, and what
    /// comes after the walkthrough (the status) may be missing. Without a stored state the record itself was lost, and there
    /// is nothing to add.
    async fn finish_publication(&self, state: &PullRequestState, effective: &Effective) -> Result<End, Trouble> {
        let Reviewer { store, .. } = self.reviewer;
        let Some(iteration) = state.newest_iteration() else { return Ok(End::Quiet("already_reviewed")) };
        let Some(planned) = self.planned(iteration).await? else { return Ok(End::Quiet("already_reviewed")) };
        store.set_head(&self.job.lease, &iteration.head).await?;
        tracing::info!(pull_request = %self.key, iteration = iteration.id, "ending a review that was cut before its status");
        self.publish(planned, effective).await
    }

    /// What a cut run wanted at this iteration. One of the same commits under an older number is of no use: nothing can be
    /// written for that iteration any more.
    async fn planned(&self, iteration: &Iteration) -> Result<Option<PlannedReview>, Trouble> {
        let planned = self.reviewer.store.planned(self.key, &iteration.head, &iteration.base).await?;
        Ok(planned.filter(|planned| planned.desired.iteration == iteration.id))
    }

    async fn publish(&self, planned: PlannedReview, effective: &Effective) -> Result<End, Trouble> {
        let PlannedReview { desired, is_incremental, mut dropped, usage, started_at, requests } = planned;
        let reviews = &effective.configuration.reviews;
        // Before the status says that the review was made: what comes next may look for them.
        self.keep_checks(&desired).await?;
        let desired = self.publisher().publish(desired).await?;
        let posted = desired.findings.iter().map(|posted| PostedFinding::of(&posted.finding, desired.iteration));
        let posted: Vec<PostedFinding> = posted.collect();
        self.reviewer.store.record_posted(&self.job.lease, self.key, &posted, self.now()).await?;
        if effective.configuration.knowledge_base.opt_out {
            let speaker = self.speaker.get().copied().unwrap_or(Speaker::PullRequest);
            self.reviewer.keep_nothing(self.key, speaker).await?;
        }
        Box::pin(self.settle_checks(&desired, reviews)).await?;
        dropped.extend(desired.withheld.findings.iter().map(|finding| {
            Dropped::of(
                finding.clone(),
                DropReason::RefusedByForge,
                "Azure DevOps refused the thread; it stands in the walkthrough",
            )
        }));
        let outcome = match desired.walkthrough_state() {
            WalkthroughState::Partial => "partial",
            _ => "complete",
        };
        let mode = if is_incremental { "incremental" } else { "full" };
        let record = ReviewRecord {
            pull_request: self.key.clone(),
            iteration: desired.iteration,
            head: desired.head.clone(),
            base: desired.base.clone(),
            mode: mode.to_owned(),
            outcome: outcome.to_owned(),
            posted: u32::try_from(desired.findings.len()).unwrap_or(u32::MAX),
            dropped,
            usage,
            started_at,
            ended_at: self.now(),
            requests,
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
            reopened = desired.reopened.len(),
            withheld = desired.withheld.findings.len() + desired.withheld.threads.len(),
            "reviewed"
        );
        Ok(End::Reviewed)
    }

    /// Keeps what came of the checks for later looks.
    async fn keep_checks(&self, desired: &DesiredState) -> Result<(Iteration, CheckReport), Trouble> {
        let is_whole = desired.walkthrough_state() == WalkthroughState::Complete;
        let report = CheckReport { is_complete: desired.checks.is_complete && is_whole, ..desired.checks.clone() };
        let DesiredState { iteration: id, head, base, .. } = desired;
        let iteration = Iteration { id: *id, head: head.clone(), base: base.clone() };
        self.reviewer.store.record_checks(&self.job.lease, self.key, &iteration, &report, self.now()).await?;
        Ok((iteration, report))
    }

    /// Votes, where that is wanted, on what stands after publication.
    async fn settle_checks(&self, desired: &DesiredState, reviews: &Reviews) -> Result<(), Trouble> {
        if !reviews.request_changes_workflow && desired.withheld.findings.is_empty() {
            return Ok(());
        }
        // Once more, since a finding that was refused makes a part of the whole.
        let (iteration, report) = self.keep_checks(desired).await?;
        if let Some(refused) = self.vote(&iteration, &report, reviews).await? {
            // The review stands; that the vote does not is told where it can be.
            let told = async {
                let state = self.reviewer.azure.state(self.key).await?;
                self.tell_of_checks(&state, &report.results, Some(&refused)).await
            };
            match told.await {
                Err(trouble) if trouble.is_lost_lease() => return Err(trouble),
                Err(trouble) => {
                    tracing::warn!(pull_request = %self.key, problem = %trouble, "that the vote was refused is not told");
                }
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// The pull request as it stands now, as long as `iteration` is the newest one.
    async fn reread(&self, iteration: &Iteration) -> Result<PullRequestState, Trouble> {
        let state = self.reviewer.azure.state(self.key).await?;
        let is_same = state.newest_iteration().is_some_and(|newest| newest.head == iteration.head);
        if is_same { Ok(state) } else { Err(PublishError::MovedOn.into()) }
    }

    pub(super) fn publisher(&self) -> Publisher<'_> {
        let Reviewer { azure, store, lease_for, clock, .. } = self.reviewer;
        let (lease, lease_for, clock) = (&self.job.lease, *lease_for, *clock);
        let tells_status = self.tells_status.get().copied().unwrap_or(true);
        Publisher { azure, store, lease, lease_for, key: self.key, cancel: self.cancel, clock, tells_status }
    }

    /// What was asked for is not made, and will not be. Best effort: what is left of it is met with the next review.
    pub(super) async fn end_requests(&self) {
        let Reviewer { store, .. } = self.reviewer;
        let ended = match self.requests.get() {
            Some(requests) => store.end_requests(self.key, requests).await,
            None => match store.steering(self.key).await {
                Ok(Steering { requests, .. }) => store.end_requests(self.key, &requests).await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = ended {
            tracing::warn!(pull_request = %self.key, %error, "the review that was asked for is still on record as wanted");
        }
    }

    pub(super) fn now(&self) -> i64 {
        (self.reviewer.clock)()
    }

    pub(super) fn took(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.now().saturating_sub(self.started_at)).unwrap_or_default())
    }
}

fn is_newer(state: &PullRequestState, reviewed: Option<&Reviewed>) -> bool {
    state.newest_iteration().zip(reviewed).is_some_and(|(newest, reviewed)| newest.id > reviewed.iteration)
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
