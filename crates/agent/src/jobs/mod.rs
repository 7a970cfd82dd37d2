//! The worker of the queue: claims jobs, keeps their leases alive while the handler works, and writes how they ended.
//!
//! Nothing here knows what a job does. The handler gets the [`ClaimedJob`] with its lease, asks `Store::renew_lease` before
//! every write to the outside, and stops when its token trips.

mod attempt;
mod rounds;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{Notify, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use rounds::Rounds;

use crate::store::{ClaimedJob, JobKind, Millis, Store, StoreError};

/// Longest pause after the database failed, however often.
const MAX_TROUBLE_PAUSE: Duration = Duration::from_secs(30);
/// Shortest wait between two looks at the queue that nothing asked for.
const MIN_POLL: Duration = Duration::from_millis(10);
const FIRST_BACKOFF: Duration = Duration::from_secs(2);
const MAX_BACKOFF: Duration = Duration::from_mins(10);

#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Jobs at a time in this process; commands have one place more, so that who gives one hears at once that it was heard
    /// though every worker waits for a model.
    pub workers: usize,
    /// After this time without a heartbeat (sent at a third of it) another worker may take the job.
    pub lease: Duration,
    /// Longest time between two looks at the queue; a wake-up or a job that comes due makes it sooner.
    pub poll: Duration,
    /// Attempts, cut ones included, after which a job becomes a dead letter.
    pub max_attempts: u32,
    /// A handler that takes longer is stopped, and the job is retried.
    pub job_deadline: Duration,
    /// How long running jobs may go on after the shutdown was asked for; then they are stopped and go back to the queue.
    pub drain: Duration,
    /// How long a handler that was asked to stop may take before it is dropped where it stands.
    pub grace: Duration,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            workers: 4,
            lease: Duration::from_mins(1),
            poll: Duration::from_secs(5),
            max_attempts: 6,
            job_deadline: Duration::from_mins(45),
            drain: Duration::from_secs(20),
            grace: Duration::from_secs(5),
        }
    }
}

/// How a handler ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Done; a word for people and metrics.
    Finished(&'static str),
    /// To be tried again after exponential backoff, or exactly `after`; a dead letter once all attempts are used up.
    Retry { problem: String, after: Option<Duration> },
    /// Something that it needs is away: to be tried again `after`, however often; the attempt does not count.
    Postponed { problem: String, after: Duration },
    /// Trying again is of no use.
    Dead { problem: String },
    /// Stopped because the token tripped; what follows depends on why it did. Or stopped because the lease was found to have
    /// run out: when nobody else has the job, it is retried.
    Cancelled,
}

/// Runs jobs until `shutdown`, then drains and returns; at most `drain` plus `grace` (and the last writes) later.
///
/// `clock` gives milliseconds since the epoch. `wake` is notified (`notify_one`) by whoever adds a job; it also lets running
/// jobs see within a second that they are superseded, where else the next heartbeat would tell. `on_end` hears of each ended attempt:
/// the handler's own word, or `superseded`, `retried`, `postponed`, `dead`, `released`, `lost`.
///
/// A panic in the handler is a retry. A tripped token means: a newer event supersedes the job, the lease is lost (then
/// nothing is written about the job any more), the deadline has passed, or the process is ending.
pub async fn run<H, F, E>(
    store: Store,
    config: WorkerConfig,
    clock: fn() -> Millis,
    wake: Arc<Notify>,
    shutdown: CancellationToken,
    handler: H,
    on_end: E,
) where
    H: Fn(ClaimedJob, CancellationToken) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = JobEnd> + Send + 'static,
    E: Fn(&ClaimedJob, &str) + Send + Sync + 'static,
{
    let pool = Arc::new(attempt::Pool {
        store,
        config,
        clock,
        // Seen in the database by whoever asks which process holds a job.
        name: format!("{}-{}", std::process::id(), Uuid::new_v4().simple()),
        drained: CancellationToken::new(),
        added: watch::Sender::new(()),
        on_end: Box::new(on_end),
    });
    let mut running = JoinSet::new();
    let mut trouble = 0_u32;

    while !shutdown.is_cancelled() {
        let workers = pool.config.workers.max(1);
        let only = if running.len() < workers { None } else { Some(JobKind::COMMANDS) };
        let free = running.len() <= workers;
        let mut pause = pool.config.poll;
        if free {
            let claimed_at = Instant::now();
            match next(&pool, only, &mut trouble).await {
                Next::Job(job) => {
                    running.spawn(attempt::run(Arc::clone(&pool), job, claimed_at, handler.clone()));
                    continue;
                }
                Next::Wait(wait) => pause = wait,
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => {}
            Some(ended) = running.join_next() => note(ended),
            // With no free worker the queue is looked at as soon as one is.
            () = wake.notified() => pool.added.send_replace(()),
            () = sleep_until(Instant::now() + pause), if free => {}
        }
    }

    tracing::info!(running = running.len(), "the worker takes no more jobs");
    let drain_ends = Instant::now() + pool.config.drain;
    while !running.is_empty() {
        tokio::select! {
            Some(ended) = running.join_next() => note(ended),
            () = sleep_until(drain_ends), if !pool.drained.is_cancelled() => {
                tracing::info!(running = running.len(), "the drain time is over; running jobs go back to the queue");
                pool.drained.cancel();
            }
        }
    }
}

/// How long the job waits before attempt `attempt + 1`: 2 s, doubled each time, at most 10 min; `jitter` in 0..1 takes away
/// up to half, so that jobs that failed together do not come back together.
pub fn backoff(attempt: u32, jitter: f64) -> Duration {
    let doublings = attempt.saturating_sub(1).min(16);
    let full = FIRST_BACKOFF.saturating_mul(1 << doublings).min(MAX_BACKOFF);
    full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

enum Next {
    Job(ClaimedJob),
    Wait(Duration),
}

/// A job (of the kind `only`, if that is given), or how long to wait for one. After `trouble` failures in a row the wait grows.
async fn next(pool: &attempt::Pool, only: Option<&str>, trouble: &mut u32) -> Next {
    match look(pool, only).await {
        Ok(next) => {
            if std::mem::take(trouble) > 0 {
                tracing::info!("the database answers again");
            }
            next
        }
        Err(error) => {
            *trouble = trouble.saturating_add(1);
            let pause = backoff(*trouble, rand::random()).min(MAX_TROUBLE_PAUSE);
            tracing::error!(%error, pause_ms = pause.as_millis(), "no job can be claimed; trying again");
            Next::Wait(pause)
        }
    }
}

async fn look(pool: &attempt::Pool, only: Option<&str>) -> Result<Next, StoreError> {
    if let Some(job) = pool.store.claim_of(only, &pool.name, pool.config.lease, (pool.clock)()).await? {
        return Ok(Next::Job(job));
    }
    let poll = pool.config.poll.max(MIN_POLL);
    // What comes due is of other kinds, as a rule.
    if only.is_some() {
        return Ok(Next::Wait(poll));
    }
    Ok(Next::Wait(match pool.store.next_due().await? {
        None => poll,
        Some(due) => {
            let wait = due.saturating_sub((pool.clock)()).max(0);
            Duration::from_millis(u64::try_from(wait).unwrap_or(u64::MAX)).clamp(MIN_POLL, poll)
        }
    }))
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the keeper of a job ended by itself; the job comes back when its lease runs out");
    }
}
