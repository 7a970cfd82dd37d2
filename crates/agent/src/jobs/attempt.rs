//! One attempt at one job: the handler in its own task, the lease kept alive beside it, and the end written down.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::JoinError,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use super::{JobEnd, WorkerConfig, backoff};
use crate::store::{ClaimedJob, Heartbeat, Millis, Store, StoreError};

/// Shortest time between two heartbeats, however many events come in.
const MIN_BEAT: Duration = Duration::from_secs(1);
const DROP_WITHIN: Duration = Duration::from_secs(1);
const FIRST_WRITE_PAUSE: Duration = Duration::from_millis(50);
const MAX_WRITE_PAUSE: Duration = Duration::from_secs(2);

/// What all attempts of the process share.
pub(super) struct Pool {
    pub(super) store: Store,
    pub(super) config: WorkerConfig,
    pub(super) clock: fn() -> Millis,
    pub(super) name: String,
    /// Trips when the drain time is over.
    pub(super) drained: CancellationToken,
    /// Changes when something was added to the queue: it may be a wish to cancel, which the next heartbeat would only find
    /// much later.
    pub(super) added: watch::Sender<()>,
    pub(super) on_end: OnEnd,
}

/// Hears of each ended attempt.
pub(super) type OnEnd = Box<dyn Fn(&ClaimedJob, &str) + Send + Sync>;

/// Why the handler was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// A newer event, or the pull request was closed.
    Superseded,
    Deadline,
    Drain,
    /// Another worker may have the job.
    Lost,
}

/// What became of the handler.
enum Outcome {
    End(JobEnd),
    Panicked(String),
    /// It did not stop when asked, and was dropped.
    Dropped,
}

/// What is written about the attempt.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Finish(&'static str),
    Retry { problem: String, after: Duration },
    Postpone { problem: String, after: Duration },
    Bury { problem: String },
    Release,
    Nothing,
}

/// `claimed_at` is an instant before the claim: the lease surely holds for its length from then on.
pub(super) async fn run<H, F>(pool: Arc<Pool>, job: ClaimedJob, claimed_at: Instant, handler: H)
where
    H: Fn(ClaimedJob, CancellationToken) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = JobEnd> + Send + 'static,
{
    let mut held_until = claimed_at + pool.config.lease;
    let verdict = if job.attempt > pool.config.max_attempts {
        let last = job.last_problem.as_deref().unwrap_or("unknown");
        Verdict::Bury { problem: format!("gave up after {} attempts; the last one: {last}", pool.config.max_attempts) }
    } else {
        let (outcome, stop) = supervise(&pool, &job, &mut held_until, handler).await;
        judge(&pool.config, &job, outcome, stop, rand::random())
    };
    let word = write_down(&pool, &job, &verdict, held_until).await;
    (pool.on_end)(&job, word);
}

async fn supervise<H, F>(pool: &Pool, job: &ClaimedJob, held_until: &mut Instant, handler: H) -> (Outcome, Option<Stop>)
where
    H: Fn(ClaimedJob, CancellationToken) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = JobEnd> + Send + 'static,
{
    let Pool { config, .. } = pool;
    let token = CancellationToken::new();
    let started = Instant::now();
    let beat_every = (config.lease / 3).max(Duration::from_millis(1));
    let mut added = pool.added.subscribe();
    let mut beaten: Option<Instant> = None;
    let mut next_beat = started + beat_every;
    let mut stop: Option<Stop> = None;
    let mut dropped_at: Option<Instant> = None;

    // Called inside the task, so that a panic before the first await is caught as well.
    let mut work = AbortOnDropHandle::new(tokio::spawn({
        let (job, token) = (job.clone(), token.clone());
        async move { handler(job, token).await }
    }));
    loop {
        let asked = tokio::select! {
            ended = &mut work => return (outcome(ended), stop),
            () = sleep_until(next_beat), if stop != Some(Stop::Lost) => {
                let asked = beat(pool, job, beat_every, held_until).await;
                beaten = Some(Instant::now());
                next_beat = Instant::now() + beat_every;
                asked
            }
            Ok(()) = added.changed() => {
                next_beat = next_beat.min(beaten.map_or(started, |beaten| beaten + MIN_BEAT));
                None
            }
            () = sleep_until(started + config.job_deadline), if stop.is_none() => Some(Stop::Deadline),
            () = pool.drained.cancelled(), if stop.is_none() => Some(Stop::Drain),
            () = sleep_until(dropped_at.unwrap_or(started)), if dropped_at.is_some() => {
                work.abort();
                // The handler's values are dropped before anything is written about the job; one that never yields cannot
                // be waited for, and from then on it fails at every fenced write.
                let ended = timeout(DROP_WITHIN, &mut work).await;
                return (ended.map_or(Outcome::Dropped, outcome), stop);
            }
        };
        if let Some(reason) = asked {
            if stop.is_none() || reason == Stop::Lost {
                tracing::info!(job = job.lease.job, ?reason, "a running job is asked to stop");
                stop = Some(reason);
            }
            token.cancel();
            dropped_at.get_or_insert(Instant::now() + config.grace);
        }
    }
}

/// One heartbeat. When the database does not answer for so long that the lease has run out, the job counts as lost:
/// somebody who reaches the database may have it.
async fn beat(pool: &Pool, job: &ClaimedJob, within: Duration, held_until: &mut Instant) -> Option<Stop> {
    let asked_at = Instant::now();
    let answer = timeout(within, pool.store.heartbeat(&job.lease, pool.config.lease, (pool.clock)())).await;
    let problem = match answer {
        Ok(Ok(Heartbeat::Lost)) => return Some(Stop::Lost),
        Ok(Ok(held)) => {
            *held_until = asked_at + pool.config.lease;
            return (held == Heartbeat::CancelRequested).then_some(Stop::Superseded);
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(job = job.lease.job, problem, "a heartbeat failed");
    (Instant::now() >= *held_until).then_some(Stop::Lost)
}

fn outcome(ended: Result<JobEnd, JoinError>) -> Outcome {
    match ended {
        Ok(end) => Outcome::End(end),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => {
                let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
                let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
                Outcome::Panicked(text.unwrap_or_else(|| "without a message".to_owned()))
            }
            Err(_) => Outcome::Dropped,
        },
    }
}

fn judge(config: &WorkerConfig, job: &ClaimedJob, outcome: Outcome, stop: Option<Stop>, jitter: f64) -> Verdict {
    if stop == Some(Stop::Lost) {
        return Verdict::Nothing;
    }
    let (problem, after) = match (outcome, stop) {
        (Outcome::End(JobEnd::Finished(word)), _) => return Verdict::Finish(word),
        (Outcome::End(JobEnd::Dead { problem }), _) => return Verdict::Bury { problem },
        (Outcome::End(JobEnd::Postponed { problem, after }), _) => return Verdict::Postpone { problem, after },
        (Outcome::End(JobEnd::Retry { problem, after }), _) => (problem, after),
        (Outcome::Panicked(text), _) => (format!("panicked: {text}"), None),
        (Outcome::End(JobEnd::Cancelled), Some(Stop::Drain)) => return Verdict::Release,
        (Outcome::End(JobEnd::Cancelled), Some(Stop::Superseded)) => return Verdict::Finish("superseded"),
        // A request may be under way that nobody waits for any more. Whoever works on this pull request next must find
        // what it does, so the lease is left to run out, as if the process had died.
        (Outcome::Dropped, _) => {
            let (limit, grace) = (config.job_deadline.as_secs(), config.grace.as_secs());
            tracing::error!(
                job = job.lease.job,
                attempt = job.attempt,
                ?stop,
                limit,
                grace,
                "a handler did not stop when it was asked to, and was dropped; its lease runs out"
            );
            return Verdict::Nothing;
        }
        // Nobody asked: it found its lease run out, e.g. because the machine had been asleep. Should somebody have the job by
        // now, this is not written; else the job must not be lost.
        (Outcome::End(JobEnd::Cancelled), None) => ("the lease ran out before it was renewed".to_owned(), None),
        (Outcome::End(JobEnd::Cancelled), _) => {
            (format!("did not end within {} s and was stopped", config.job_deadline.as_secs()), None)
        }
    };
    if job.attempt >= config.max_attempts {
        let mut problem = problem;
        if config.max_attempts > 1 {
            // Writing to a String cannot fail.
            let _ok = write!(problem, " (attempt {} of {}, no more follow)", job.attempt, config.max_attempts);
        }
        return Verdict::Bury { problem };
    }
    Verdict::Retry { problem, after: after.unwrap_or_else(|| backoff(job.attempt, jitter)) }
}

/// Writes the verdict, again and again while the lease holds; the word that tells what became of the attempt.
async fn write_down(pool: &Pool, job: &ClaimedJob, verdict: &Verdict, held_until: Instant) -> &'static str {
    let mut pause = FIRST_WRITE_PAUSE;
    loop {
        match write_once(pool, job, verdict).await {
            Ok(word) => return word,
            Err(StoreError::LeaseLost(_)) => {
                tracing::warn!(job = job.lease.job, ?verdict, "another worker has the job; how it ended here is not written");
                return "lost";
            }
            Err(error) if Instant::now() + pause < held_until => {
                tracing::warn!(job = job.lease.job, %error, "the end of a job cannot be written; trying again");
                sleep_until(Instant::now() + pause).await;
                pause = (pause * 2).min(MAX_WRITE_PAUSE);
            }
            Err(error) => {
                tracing::error!(job = job.lease.job, %error, "the end of a job was not written; it will be run again");
                return "lost";
            }
        }
    }
}

async fn write_once(pool: &Pool, job: &ClaimedJob, verdict: &Verdict) -> Result<&'static str, StoreError> {
    let Pool { store, clock, .. } = pool;
    let (lease, now) = (&job.lease, clock());
    match verdict {
        Verdict::Finish(word) => {
            store.finish(lease, word, now).await?;
            Ok(word)
        }
        Verdict::Retry { problem, after } => {
            tracing::warn!(job = lease.job, attempt = job.attempt, problem, after_ms = after.as_millis(), "a job is retried");
            store.retry(lease, now.saturating_add(millis(*after)), problem, now).await?;
            Ok("retried")
        }
        Verdict::Postpone { problem, after } => {
            tracing::warn!(job = lease.job, problem, after_ms = after.as_millis(), "a job is postponed");
            store.postpone(lease, now.saturating_add(millis(*after)), problem, now).await?;
            Ok("postponed")
        }
        Verdict::Bury { problem } => {
            tracing::error!(job = lease.job, attempt = job.attempt, problem, "a job is given up");
            store.bury(lease, problem, now).await?;
            Ok("dead")
        }
        Verdict::Release => {
            store.release(lease, now).await?;
            Ok("released")
        }
        Verdict::Nothing => Ok("lost"),
    }
}

fn millis(duration: Duration) -> Millis {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
