//! What people ask of the agent in the comments of a pull request (`review_core::command`), one job for all that is unanswered.
//!
//! A command takes effect in the same transaction in which it is put on record together with its answer; only then is it
//! answered. A run that was cut gives the same answer, and whatever is delivered again finds either the record or the answer. What is
//! talk gets jobs of its own (`chat`), since it takes a model.

use std::time::Duration;

use review_core::{
    command::{Asked, Command, Pending, pending},
    finding::standing_findings,
    publication::PublicationStep,
    pull_request::{CommitId, PullRequestKey, PullRequestState, PullRequestStatus},
    render::{CommandReply, command_reply},
    scope::{ReviewRequest, Reviewed, reviewed_from_threads},
};
use tokio_util::sync::CancellationToken;

use super::{
    configuration::Settled,
    own_change::objection,
    publish::Publisher,
    review::{MAX_ATTEMPTS, Reviewer, review_job},
    trouble::Trouble,
};
use crate::{
    jobs::JobEnd,
    store::{ClaimedJob, Effect, NewCommand, NewJob, Writing},
};

/// Commands of one pull request that are answered at a time.
const MAX_COMMANDS: usize = 20;
/// Of a review that somebody asked for: before those that come by themselves.
const PRIORITY_ASKED: i64 = 20;

impl Reviewer {
    /// Answers what is unanswered.
    pub(super) async fn commands(&self, job: &ClaimedJob, key: &PullRequestKey, cancel: &CancellationToken) -> JobEnd {
        let (lease, lease_for, clock) = (&job.lease, self.lease_for, self.clock);
        let publisher =
            Publisher { azure: &self.azure, store: &self.store, lease, lease_for, key, cancel, clock, tells_status: true };
        let trouble = match Box::pin(self.answer_all(&publisher)).await {
            Ok(word) => return JobEnd::Finished(word),
            Err(trouble) => trouble,
        };
        self.end_of_trouble(job, key, cancel, &trouble)
    }

    /// Does the work of a job about what somebody asked for: how the job ends, and, where it is given up, what to tell of that.
    pub(super) async fn ended(
        &self,
        job: &ClaimedJob,
        key: &PullRequestKey,
        cancel: &CancellationToken,
        work: impl Future<Output = Result<&'static str, Trouble>>,
    ) -> (JobEnd, Option<String>) {
        if job.attempt > MAX_ATTEMPTS {
            let problem = "the agent did not come to the end of it in any attempt".to_owned();
            return (JobEnd::Dead { problem: problem.clone() }, Some(problem));
        }
        match work.await {
            Ok(word) => (JobEnd::Finished(word), None),
            Err(trouble) => {
                let end = self.end_of_trouble(job, key, cancel, &trouble);
                let told = matches!(end, JobEnd::Dead { .. }).then(|| trouble.sentence().to_owned());
                (end, told)
            }
        }
    }

    /// How a job about what somebody asked for goes on after `trouble`.
    pub(super) fn end_of_trouble(
        &self,
        job: &ClaimedJob,
        key: &PullRequestKey,
        cancel: &CancellationToken,
        trouble: &Trouble,
    ) -> JobEnd {
        if cancel.is_cancelled() {
            return JobEnd::Cancelled;
        }
        let problem = trouble.to_string();
        if trouble.is_lost_lease() {
            return JobEnd::Retry { problem, after: Some(Duration::ZERO) };
        }
        if let Some(quiet) = trouble.quiet_end() {
            return JobEnd::Finished(quiet);
        }
        // A closed pull request takes no more comments in some projects.
        if trouble.is_closed() {
            return JobEnd::Finished("not_active");
        }
        tracing::warn!(pull_request = %key, attempt = job.attempt, problem, "a command could not be answered");
        if let Some(after) = trouble.wait((self.clock)().saturating_sub(job.created_at)) {
            return JobEnd::Postponed { problem, after };
        }
        if trouble.is_final() || job.attempt >= MAX_ATTEMPTS {
            return JobEnd::Dead { problem };
        }
        JobEnd::Retry { problem, after: trouble.retry_after() }
    }

    async fn answer_all(&self, publisher: &Publisher<'_>) -> Result<&'static str, Trouble> {
        let key = publisher.key;
        let now = || (self.clock)();
        let state = publisher.reading(self.azure.state(key)).await?;
        if state.pull_request.key != *key {
            self.store.enqueue(&NewJob::commands(&state.pull_request.key, now()), now()).await?;
            return Ok("named_by_its_ids");
        }
        let requests = pending(&state, now());
        let talks = self.take_up_talk(publisher, &state).await?;
        if requests.is_empty() {
            return Ok(if talks { "talk" } else { "nothing_asked" });
        }
        for request in requests.iter().take(MAX_COMMANDS) {
            self.answer(publisher, &state, request).await?;
        }
        if requests.len() > MAX_COMMANDS {
            self.store.enqueue(&NewJob::commands(key, now()), now()).await?;
        }
        Ok("answered")
    }

    async fn answer(&self, publisher: &Publisher<'_>, state: &PullRequestState, request: &Pending) -> Result<(), Trouble> {
        let Pending { thread, comment, by, asked } = request;
        let prepared = self.prepared(publisher, state, request).await?;
        let Prepared { reply, effect, steps, result } = prepared;
        let command = NewCommand { thread: *thread, comment: *comment, word: asked.word(), by, reply, effect };
        let taken = self.store.take_command(publisher.lease, publisher.key, &command, (self.clock)()).await?;
        if taken.answered_at.is_some() {
            // Somebody deleted the answer, or the comment was edited there and back.
            return Ok(());
        }
        publisher.write(&steps).await?;
        if !steps.is_empty() {
            // No event tells of a thread that was closed, and a vote may hang on it.
            self.store.enqueue(&review_job(publisher.key, (self.clock)()), (self.clock)()).await?;
        }
        publisher.reply(*thread, *comment, &taken.reply).await?;
        self.store.command_answered(publisher.key, &command, (self.clock)()).await?;
        self.metrics.command(asked.word(), result);
        tracing::info!(pull_request = %publisher.key, command = asked.word(), result, by = by.id, "a command is answered");
        Ok(())
    }

    /// What is answered, and what is done.
    async fn prepared(
        &self,
        publisher: &Publisher<'_>,
        state: &PullRequestState,
        request: &Pending,
    ) -> Result<Prepared, Trouble> {
        let Pending { comment, by, asked, .. } = request;
        let words = |reply: &CommandReply<'_>| command_reply(*comment, *asked, reply, &state.me.display_name);
        let refused = |reply: &CommandReply<'_>| Prepared::told(words(reply), "refused");
        let command = match asked {
            Asked::Unknown => return Ok(refused(&CommandReply::Unknown)),
            Asked::NotHere { words, why } => return Ok(refused(&CommandReply::NotHere { words, why })),
            Asked::Command(command) => *command,
        };
        let done = |reply: &CommandReply<'_>| Prepared::told(words(reply), "done");
        let may =
            command == Command::Help || publisher.reading(self.commanders.may(&publisher.key.repository.collection, by)).await?;
        let is_active = state.pull_request.status == PullRequestStatus::Active;
        let now = (self.clock)();
        let prepared = match command {
            Command::Help => done(&CommandReply::Help),
            _ if !may => refused(&CommandReply::NotAllowed),
            Command::Configuration => {
                let Settled { effective, .. } = publisher.reading(self.configurations.of(state)).await?;
                let shown = words(&CommandReply::Configuration(&effective));
                Prepared::told(self.model.redactor().redact(&shown).text.into_owned(), "done")
            }
            _ if !is_active => refused(&CommandReply::Closed),
            Command::Review | Command::FullReview => self.asked_for_review(state, command).await?.answered(words),
            Command::Pause | Command::Ignore => match self.store.steering(publisher.key).await?.paused_by {
                Some(by) => done(&CommandReply::AlreadyPaused { by: &by }),
                None => Prepared { effect: Effect::Pause, ..done(&CommandReply::Paused) },
            },
            Command::Resume => {
                let is_behind = self.is_behind(state).await?;
                let job = is_behind.then(|| asked_review_job(state, now));
                Prepared { effect: Effect::Resume(job), ..done(&CommandReply::Resumed { is_behind }) }
            }
            Command::Resolve => {
                let steps = closing(state);
                let told = done(&CommandReply::Resolved { closed: steps.len() });
                Prepared { steps, ..told }
            }
            Command::Summary => {
                let job = NewJob::write(publisher.key, (request.thread, *comment), Writing::Summary, now);
                Prepared { effect: Effect::Work(job), ..done(&CommandReply::SummaryAsked) }
            }
            Command::Diagram => {
                let job = NewJob::write(publisher.key, (request.thread, *comment), Writing::Diagram, now);
                Prepared { effect: Effect::Work(job), ..done(&CommandReply::DiagramAsked) }
            }
            Command::Docstrings
            | Command::UnitTests
            | Command::Autofix
            | Command::AutofixStacked
            | Command::Simplify
            | Command::Run
            | Command::Plan => {
                let Settled { effective, .. } = publisher.reading(self.configurations.of(state)).await?;
                let asked = (request.thread, *comment);
                if let Some(why) = objection(state, &effective.configuration, command, asked) {
                    refused(&CommandReply::Refused { why: &why })
                } else {
                    let (writing, reply) = own_change(command);
                    let job = NewJob::write(publisher.key, asked, writing, now);
                    Prepared { effect: Effect::Work(job), ..done(&reply) }
                }
            }
        };
        Ok(prepared)
    }

    async fn asked_for_review(&self, state: &PullRequestState, command: Command) -> Result<Wanted, Trouble> {
        let Some(newest) = state.newest_iteration() else { return Ok(Wanted::Nothing) };
        let head = newest.head.clone();
        let job = asked_review_job(state, (self.clock)());
        if command == Command::FullReview {
            return Ok(Wanted::Everything { head, job });
        }
        let reviewed = self.reviewed(state).await?;
        let is_reviewed = reviewed.as_ref().is_some_and(|reviewed| reviewed.head == newest.head && reviewed.base == newest.base);
        let since = reviewed.map(|reviewed| reviewed.head);
        Ok(if is_reviewed { Wanted::AlreadyThere { head } } else { Wanted::New { head, since, job } })
    }

    /// Whether something was pushed that nobody has read.
    async fn is_behind(&self, state: &PullRequestState) -> Result<bool, Trouble> {
        let reviewed = self.reviewed(state).await?;
        Ok(state.newest_iteration().is_some_and(|newest| reviewed.is_none_or(|reviewed| reviewed.head != newest.head)))
    }

    async fn reviewed(&self, state: &PullRequestState) -> Result<Option<Reviewed>, Trouble> {
        Ok(self.store.reviewed(&state.pull_request.key).await?.or_else(|| reviewed_from_threads(state)))
    }
}

/// What becomes of a request.
struct Prepared {
    reply: String,
    effect: Effect,
    /// Writes before the answer.
    steps: Vec<PublicationStep>,
    /// `done` or `refused`, for metrics.
    result: &'static str,
}

impl Prepared {
    fn told(reply: String, result: &'static str) -> Self {
        Self { reply, effect: Effect::None, steps: Vec::new(), result }
    }
}

/// What a command that asks for a review comes to.
enum Wanted {
    Nothing,
    AlreadyThere { head: CommitId },
    New { head: CommitId, since: Option<CommitId>, job: NewJob },
    Everything { head: CommitId, job: NewJob },
}

impl Wanted {
    fn answered(self, words: impl Fn(&CommandReply<'_>) -> String) -> Prepared {
        match self {
            Self::Nothing => Prepared::told(words(&CommandReply::NothingToReview), "refused"),
            Self::AlreadyThere { head } => Prepared::told(words(&CommandReply::NothingNew { head: &head }), "refused"),
            Self::New { head, since, job } => Prepared {
                effect: Effect::Review(ReviewRequest::Incremental, job),
                ..Prepared::told(words(&CommandReply::ReviewAsked { head: &head, since: since.as_ref() }), "done")
            },
            Self::Everything { head, job } => Prepared {
                effect: Effect::Review(ReviewRequest::Full, job),
                ..Prepared::told(words(&CommandReply::FullReviewAsked { head: &head }), "done")
            },
        }
    }
}

/// What a command that changes code, or plans it, has made, and what is answered meanwhile.
fn own_change(command: Command) -> (Writing, CommandReply<'static>) {
    let asked = |what| CommandReply::ChangeAsked { what };
    match command {
        Command::Docstrings => (Writing::Docstrings, asked("docstrings, as a pull request into this one")),
        Command::UnitTests => (Writing::UnitTests, asked("unit tests, as a pull request into this one")),
        Command::AutofixStacked => (Writing::AutofixStacked, asked("fixes, as a pull request into this one")),
        Command::Autofix => (Writing::Autofix, asked("fixes, as a commit on the source branch")),
        Command::Simplify => (Writing::Simplify, asked("simpler code, as a pull request into this one")),
        Command::Run => (Writing::Recipe, asked("the change of a recipe, as a pull request into this one")),
        _ => (Writing::Plan, CommandReply::PlanAsked),
    }
}

/// The review that somebody asked for.
fn asked_review_job(state: &PullRequestState, now: i64) -> NewJob {
    let head = state.newest_iteration().map(|newest| newest.head.clone());
    NewJob { priority: PRIORITY_ASKED, head, ..review_job(&state.pull_request.key, now) }
}

/// The writes that close the open threads of our findings.
fn closing(state: &PullRequestState) -> Vec<PublicationStep> {
    let open = standing_findings(state).into_iter().filter(|finding| finding.status.is_open() && !finding.is_deleted);
    open.map(|finding| PublicationStep::CloseThread { thread: finding.thread }).collect()
}
