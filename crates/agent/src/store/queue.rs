//! The durable queue: one table, two partial unique indexes that do the hard parts inside the database.
//!
//! A job is `queued`, `running`, then `ended` or `dead`. At most one is queued per dedup key and at most one runs per
//! serial key; both are unique indexes, so no order of events can break them. What a worker does with a job it holds is in
//! `lease`.

use std::collections::HashMap;

use review_core::pull_request::{CommitId, PullRequestKey};
use serde::{Deserialize, Serialize};

use super::{
    Millis, Store, StoreError,
    intake::{cancel_running, put_job},
    read_number, sql,
};

/// Somebody waits for it.
const PRIORITY_WRITING: i64 = 20;
/// The same.
const PRIORITY_CHAT: i64 = 20;
/// Nobody waits for it, and it finds what somebody waits for.
const PRIORITY_SWEEP: i64 = 5;
/// They take seconds, and somebody waits.
const PRIORITY_COMMANDS: i64 = 30;

/// An accepted webhook delivery.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// Unique per event: the event's id, else subscription and notification number, else the hash of the body.
    pub dedup_key: String,
    pub kind: String,
    pub received_at: Millis,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum JobKind {
    /// Review the pull request at its newest iteration.
    Review { pull_request: PullRequestKey },
    /// Answer what people ask of the agent in the comments of the pull request.
    Commands { pull_request: PullRequestKey },
    /// Write what somebody asked for by a command, and answer it.
    Write { pull_request: PullRequestKey, thread: u64, comment: u64, writing: Writing },
    /// Answer a comment that is no command.
    Chat { pull_request: PullRequestKey, thread: u64, comment: u64 },
    /// An event without details: look which pull requests of the project are new.
    Sweep { collection: String, project: String },
}

/// What is written on request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writing {
    Summary,
    Diagram,
    Docstrings,
    UnitTests,
    Autofix,
    AutofixStacked,
    Simplify,
    Recipe,
    Plan,
}

impl JobKind {
    /// The word of those that take seconds and that somebody waits for.
    pub const COMMANDS: &str = "commands";

    /// For people and metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Review { .. } => "review",
            Self::Commands { .. } => Self::COMMANDS,
            Self::Write { .. } => "write",
            Self::Chat { .. } => "chat",
            Self::Sweep { .. } => "sweep",
        }
    }
}

#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: JobKind,
    /// A queued job with the same key is replaced by this one (a burst of pushes is one review).
    pub dedup_key: String,
    /// At most one running job per key.
    pub serial_key: String,
    /// Higher runs first.
    pub priority: i64,
    pub run_at: Millis,
    /// Source commit that the event names: a running job of the same serial key at another commit is asked to stop.
    pub head: Option<CommitId>,
    /// The event says that the pull request is closed: a running job of the same serial key is asked to stop.
    pub closes: bool,
}

impl NewJob {
    /// Answers the commands of a pull request: before reviews, and beside one that is under way, for it writes nothing that a
    /// review writes.
    pub fn commands(pull_request: &PullRequestKey, now: Millis) -> Self {
        let key = format!("commands:{pull_request}");
        Self {
            kind: JobKind::Commands { pull_request: pull_request.clone() },
            dedup_key: key.clone(),
            serial_key: key,
            priority: PRIORITY_COMMANDS,
            run_at: now,
            head: None,
            closes: false,
        }
    }
}

impl NewJob {
    /// Looks which pull requests of a project are new or changed.
    pub fn sweep(collection: &str, project: &str, now: Millis) -> Self {
        let key = format!("sweep:{collection}/{project}");
        Self {
            kind: JobKind::Sweep { collection: collection.to_owned(), project: project.to_owned() },
            dedup_key: key.clone(),
            serial_key: key,
            priority: PRIORITY_SWEEP,
            run_at: now,
            head: None,
            closes: false,
        }
    }

    /// Writes what was asked for in `asked` (thread and comment): beside a review, for neither writes what the other writes.
    pub fn write(pull_request: &PullRequestKey, asked: (u64, u64), writing: Writing, now: Millis) -> Self {
        let (thread, comment) = asked;
        Self {
            kind: JobKind::Write { pull_request: pull_request.clone(), thread, comment, writing },
            dedup_key: format!("write:{pull_request}/{thread}/{comment}/{writing:?}"),
            serial_key: format!("write:{pull_request}"),
            priority: PRIORITY_WRITING,
            run_at: now,
            head: None,
            closes: false,
        }
    }
}

impl NewJob {
    /// Answers a comment of a thread: beside a review and beside other threads, one comment of a thread after the other.
    pub fn chat(pull_request: &PullRequestKey, asked: (u64, u64), now: Millis) -> Self {
        let (thread, comment) = asked;
        Self {
            kind: JobKind::Chat { pull_request: pull_request.clone(), thread, comment },
            dedup_key: format!("chat:{pull_request}/{thread}/{comment}"),
            serial_key: format!("chat:{pull_request}/{thread}"),
            priority: PRIORITY_CHAT,
            run_at: now,
            head: None,
            closes: false,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    Stored,
    /// The same event was stored before; nothing changed.
    Duplicate,
}

/// The right to work on a job and to write about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub job: String,
    /// New at every claim: the fencing token.
    pub token: String,
}

#[derive(Debug, Clone)]
pub struct ClaimedJob {
    pub lease: Lease,
    pub kind: JobKind,
    pub serial_key: String,
    /// Counts from 1.
    pub attempt: u32,
    pub created_at: Millis,
    /// Why the last attempt did not end the job.
    pub last_problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heartbeat {
    Held,
    /// Held, but a newer event supersedes it, or the pull request was closed.
    CancelRequested,
    Lost,
}

/// For metrics and `/ready`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueCounts {
    pub queued: u64,
    pub running: u64,
    pub dead: u64,
    /// For how long the oldest queued job whose time has come is due, in milliseconds.
    pub oldest_queued_age: Option<Millis>,
}

impl Store {
    /// Stores the event and (if any) its job in one transaction, before the webhook is answered.
    ///
    /// The job takes the place of a queued one with the same dedup key (and starts over at attempt 1); it waits until
    /// `run_at`, but a burst cannot put it off by more than a minute. A running job of the same serial key is asked to stop
    /// when it is known to work on another head, or when `closes`. An event that was stored before changes nothing.
    pub async fn accept(&self, event: &NewEvent, job: Option<&NewJob>) -> Result<Accepted, StoreError> {
        self.intake.accept(event, job).await
    }

    /// Adds a job without an event (a sweep found it). A queued one with the same dedup key stays as it is, backoff and
    /// attempts included, unless this one names another head.
    pub async fn enqueue(&self, job: &NewJob, now: Millis) -> Result<(), StoreError> {
        let mut transaction = self.begin().await?;
        put_job(sql::JOB_ADD, job, now)?.fetch_optional(&mut *transaction).await?;
        cancel_running(&mut transaction, job).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whether a job of this key was given up after `since`.
    pub async fn was_given_up(&self, dedup_key: &str, since: Millis) -> Result<bool, StoreError> {
        let found: i64 = sqlx::query_scalar(sql::DEAD_SINCE).bind(since).bind(dedup_key).fetch_one(&self.read).await?;
        Ok(found > 0)
    }

    /// When the newest sweep of each project was queued, by the serial key of its jobs: by this agent or another, of itself or for an
    /// event.
    pub async fn last_sweeps(&self) -> Result<HashMap<String, Millis>, StoreError> {
        let rows: Vec<(String, Millis)> = sqlx::query_as(sql::LAST_SWEEPS).fetch_all(&self.read).await?;
        Ok(rows.into_iter().collect())
    }

    pub async fn queue_counts(&self, now: Millis) -> Result<QueueCounts, StoreError> {
        let rows: Vec<(String, i64, Option<Millis>)> = sqlx::query_as(sql::COUNTS).bind(now).fetch_all(&self.read).await?;
        let mut counts = QueueCounts::default();
        for (state, number, oldest) in rows {
            let number = read_number(number, "a count of jobs")?;
            match state.as_str() {
                "queued" => {
                    counts.queued = number;
                    counts.oldest_queued_age = oldest.map(|due| now.saturating_sub(due));
                }
                "running" => counts.running = number,
                _ => counts.dead = number,
            }
        }
        Ok(counts)
    }

    /// When a claim may next give something: a queued job comes due, or a lease runs out. In the past: at once. None: not
    /// before something is added or ends.
    pub async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        Ok(sqlx::query_scalar(sql::NEXT_DUE).fetch_one(&self.read).await?)
    }

    /// Accepted events whose job has neither ended nor become a dead letter. 0 when the queue is at rest: every event came
    /// to an end.
    pub async fn events_without_end(&self) -> Result<u64, StoreError> {
        let number: i64 = sqlx::query_scalar(sql::EVENTS_WITHOUT_END).fetch_one(&self.read).await?;
        read_number(number, "a count of events")
    }
}
