//! The worker on a real store. Nothing sleeps: handlers say when they are there, and each ended attempt is heard of.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{JobEnd, WorkerConfig, backoff, run};
use crate::store::{
    ClaimedJob, JobKind, NewJob, QueueCounts, Store,
    tests::{T0, accept, commit, fresh, pull_request, review},
};

/// Far longer than anything here takes; a test that hangs ends with it.
const PATIENCE: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_hours(1);

fn quick() -> WorkerConfig {
    WorkerConfig {
        workers: 4,
        lease: Duration::from_secs(3),
        poll: Duration::from_millis(20),
        max_attempts: 3,
        job_deadline: PATIENCE,
        drain: PATIENCE,
        grace: PATIENCE,
    }
}

/// One worker pool under test.
struct Worker {
    store: Store,
    wake: Arc<Notify>,
    shutdown: CancellationToken,
    ends: mpsc::UnboundedReceiver<(ClaimedJob, String)>,
    task: JoinHandle<()>,
    _folder: Option<TempDir>,
}

impl Worker {
    async fn start<H, F>(config: WorkerConfig, clock: fn() -> i64, handler: H) -> Self
    where
        H: Fn(ClaimedJob, CancellationToken) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = JobEnd> + Send + 'static,
    {
        let (store, folder) = fresh().await;
        Self { _folder: Some(folder), ..Self::on(store, config, clock, handler) }
    }

    fn on<H, F>(store: Store, config: WorkerConfig, clock: fn() -> i64, handler: H) -> Self
    where
        H: Fn(ClaimedJob, CancellationToken) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = JobEnd> + Send + 'static,
    {
        let (wake, shutdown) = (Arc::new(Notify::new()), CancellationToken::new());
        let (sender, ends) = mpsc::unbounded_channel();
        let on_end = move |job: &ClaimedJob, word: &str| {
            // The test may be over.
            sender.send((job.clone(), word.to_owned())).ok();
        };
        let task = tokio::spawn(run(store.clone(), config, clock, Arc::clone(&wake), shutdown.clone(), handler, on_end));
        Self { store, wake, shutdown, ends, task, _folder: None }
    }

    async fn add(&self, key: &str, job: &NewJob) {
        accept(&self.store, key, job, job.run_at).await;
        self.wake.notify_one();
    }

    /// The pull request and the word of the next ended attempt.
    async fn end(&mut self) -> (u64, String) {
        let (job, word) = timeout(PATIENCE, self.ends.recv()).await.expect("an attempt ends").unwrap();
        (number(&job), word)
    }

    async fn stop(&mut self) -> Store {
        self.shutdown.cancel();
        timeout(PATIENCE, &mut self.task).await.expect("the worker drains").unwrap();
        self.store.clone()
    }
}

fn number(job: &ClaimedJob) -> u64 {
    match &job.kind {
        JobKind::Review { pull_request }
        | JobKind::Commands { pull_request }
        | JobKind::Write { pull_request, .. }
        | JobKind::Chat { pull_request, .. } => pull_request.id,
        JobKind::Sweep { .. } => 0,
    }
}

fn standing_still() -> i64 {
    T0
}

/// Each test that moves time has a clock of its own.
macro_rules! clock {
    ($clock:ident, $now:ident) => {
        static $now: AtomicI64 = AtomicI64::new(T0);
        fn $clock() -> i64 {
            $now.load(Ordering::SeqCst)
        }
    };
}

#[tokio::test]
async fn a_job_is_run_and_ended_with_the_handlers_word() {
    let mut worker = Worker::start(quick(), standing_still, async |job: ClaimedJob, _| {
        assert_eq!(job.kind, JobKind::Review { pull_request: pull_request(1) });
        JobEnd::Finished("reviewed")
    })
    .await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await, (1, "reviewed".to_owned()));
    let store = worker.stop().await;
    assert_eq!(store.queue_counts(T0).await.unwrap(), QueueCounts::default());
    assert_eq!(store.events_without_end().await.unwrap(), 0);
}

#[tokio::test]
async fn a_wake_up_is_heard_long_before_the_next_look() {
    let config = WorkerConfig { poll: HOUR, ..quick() };
    let mut worker = Worker::start(config, standing_still, async |_, _| JobEnd::Finished("reviewed")).await;
    for number in 1..=20 {
        worker.add(&format!("e{number}"), &review(number, T0)).await;
        assert_eq!(worker.end().await.0, number);
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_comes_due_is_run_without_a_wake_up() {
    clock!(clock, NOW);
    let config = WorkerConfig { poll: HOUR, ..quick() };
    let mut worker = Worker::start(config, clock, async |_, _| JobEnd::Finished("reviewed")).await;
    worker.add("e1", &review(1, T0 + 50)).await;
    NOW.store(T0 + 50, Ordering::SeqCst);
    assert_eq!(worker.end().await.0, 1);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn as_many_jobs_as_workers_run_and_one_per_pull_request() {
    static RUNNING: Mutex<Option<HashMap<u64, usize>>> = Mutex::new(None);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let mut worker = Worker::start(quick(), standing_still, async |job: ClaimedJob, _| {
        {
            let mut running = RUNNING.lock().unwrap();
            let running = running.get_or_insert_default();
            *running.entry(number(&job)).or_default() += 1;
            assert!(running.values().all(|jobs| *jobs <= 1), "{running:?}");
            MOST.fetch_max(running.values().sum(), Ordering::SeqCst);
        }
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        RUNNING.lock().unwrap().as_mut().unwrap().insert(number(&job), 0);
        JobEnd::Finished("reviewed")
    })
    .await;
    for job in 0..200_u64 {
        let job_of_key = NewJob { dedup_key: format!("job {job}"), ..review(job % 7, T0) };
        worker.add(&format!("e{job}"), &job_of_key).await;
    }
    for _ in 0..200 {
        assert_eq!(worker.end().await.1, "reviewed");
    }
    let most = MOST.load(Ordering::SeqCst);
    assert!((1..=4).contains(&most), "{most} at once");
    worker.stop().await;
}

#[tokio::test]
async fn a_failing_job_is_retried_and_then_a_dead_letter() {
    clock!(clock, NOW);
    let mut worker = Worker::start(quick(), clock, async |job: ClaimedJob, _| JobEnd::Retry {
        problem: format!("failure {}", job.attempt),
        after: None,
    })
    .await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await.1, "retried");
    let due = worker.store.next_due().await.unwrap().unwrap();
    assert!((T0 + 1_000..=T0 + 2_000).contains(&due), "first backoff: {}", due - T0);

    NOW.store(due, Ordering::SeqCst);
    assert_eq!(worker.end().await.1, "retried");
    let second = worker.store.next_due().await.unwrap().unwrap();
    assert!((due + 2_000..=due + 4_000).contains(&second), "second backoff: {}", second - due);

    NOW.store(second, Ordering::SeqCst);
    assert_eq!(worker.end().await.1, "dead");
    let store = worker.stop().await;
    let problem = store.dead_letters(1).await.unwrap().remove(0).problem.unwrap();
    assert_eq!(problem, "failure 3 (attempt 3 of 3, no more follow)");
}

#[tokio::test]
async fn a_retry_waits_exactly_as_long_as_the_handler_says() {
    let mut worker = Worker::start(quick(), standing_still, async |_, _| JobEnd::Retry {
        problem: "429".to_owned(),
        after: Some(Duration::from_millis(12_345)),
    })
    .await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await.1, "retried");
    assert_eq!(worker.store.next_due().await.unwrap(), Some(T0 + 12_345));
    worker.stop().await;
}

#[tokio::test]
async fn a_job_that_cannot_be_helped_is_a_dead_letter_at_once() {
    let mut worker =
        Worker::start(quick(), standing_still, async |_, _| JobEnd::Dead { problem: "no such repository".to_owned() }).await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await.1, "dead");
    let store = worker.stop().await;
    assert_eq!(store.dead_letters(1).await.unwrap().remove(0).problem.as_deref(), Some("no such repository"));
}

#[tokio::test]
async fn a_panic_is_a_retry_and_others_go_on() {
    let mut worker = Worker::start(quick(), standing_still, async |job: ClaimedJob, _| {
        assert_ne!(number(&job), 1, "the code is wrong");
        JobEnd::Finished("reviewed")
    })
    .await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await, (1, "retried".to_owned()));
    worker.add("e2", &review(2, T0)).await;
    assert_eq!(worker.end().await, (2, "reviewed".to_owned()));

    let store = worker.stop().await;
    let job = store.claim("test", HOUR, T0 + 600_000).await.unwrap().unwrap();
    let problem = job.last_problem.unwrap();
    assert!(problem.starts_with("panicked: ") && problem.contains("the code is wrong"), "{problem}");
}

#[tokio::test]
async fn a_job_that_kills_its_process_again_and_again_is_buried_without_another_run() {
    let (store, _folder) = fresh().await;
    accept(&store, "e1", &review(1, T0), T0).await;
    accept(&store, "e2", &review(2, T0 + 200_000), T0).await;
    // Three processes claim it and die.
    for attempt in 0..3 {
        let cut = store.claim("doomed", Duration::from_mins(1), T0 + attempt * 60_000).await.unwrap().unwrap();
        assert_eq!(i64::from(cut.attempt), attempt + 1);
    }
    let mut worker = Worker::on(
        store,
        quick(),
        || T0 + 200_000,
        async |job: ClaimedJob, _| {
            assert_eq!(number(&job), 2, "the poisoned job must not run");
            JobEnd::Finished("reviewed")
        },
    );
    let mut ends = [worker.end().await, worker.end().await];
    ends.sort();
    assert_eq!(ends, [(1, "dead".to_owned()), (2, "reviewed".to_owned())]);
    let store = worker.stop().await;
    let problem = store.dead_letters(1).await.unwrap().remove(0).problem.unwrap();
    assert!(problem.starts_with("gave up after 3 attempts; the last one: attempt 3 was cut: worker doomed"), "{problem}");
}

/// A handler that tells its test when it is there, and waits for its token.
fn until_asked() -> (impl Fn(ClaimedJob, CancellationToken) -> BoxedEnd + Clone + Send + Sync + 'static, Arc<Notify>) {
    let there = Arc::new(Notify::new());
    let tell = Arc::clone(&there);
    let handler = move |_, token: CancellationToken| -> BoxedEnd {
        let tell = Arc::clone(&tell);
        Box::pin(async move {
            tell.notify_one();
            token.cancelled().await;
            JobEnd::Cancelled
        })
    };
    (handler, there)
}

type BoxedEnd = std::pin::Pin<Box<dyn Future<Output = JobEnd> + Send>>;

#[tokio::test]
async fn a_push_stops_the_older_review() {
    let (handler, there) = until_asked();
    // No heartbeat by the clock: the wake-ups alone must do.
    let config = WorkerConfig { lease: HOUR, poll: HOUR, ..quick() };
    let mut worker = Worker::start(config, standing_still, handler).await;
    worker.add("e1", &NewJob { head: Some(commit('a')), ..review(1, T0) }).await;
    timeout(PATIENCE, there.notified()).await.unwrap();
    worker.add("e2", &NewJob { head: Some(commit('b')), ..review(1, T0) }).await;
    assert_eq!(worker.end().await, (1, "superseded".to_owned()));
    timeout(PATIENCE, there.notified()).await.expect("the newer one runs");

    worker.add("e3", &NewJob { closes: true, ..review(1, T0) }).await;
    assert_eq!(worker.end().await, (1, "superseded".to_owned()));
    worker.shutdown.cancel();
}

#[tokio::test]
async fn a_long_job_keeps_its_lease() {
    clock!(clock, NOW);
    let (store, _folder) = fresh().await;
    let asked = store.clone();
    let handler = move |job: ClaimedJob, _| {
        let store = asked.clone();
        async move {
            let mut look = tokio::time::interval(Duration::from_millis(10));
            // Three times nearly the whole lease goes by, and a heartbeat gives it back.
            for _ in 0..3 {
                let now = NOW.fetch_add(2_900, Ordering::SeqCst) + 2_900;
                store.renew_lease(&job.lease, HOUR, now).await.unwrap();
                while store.next_due().await.unwrap() != Some(now + 3_000) {
                    look.tick().await;
                }
            }
            JobEnd::Finished("reviewed")
        }
    };
    let mut worker = Worker::on(store, quick(), clock, handler);
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await, (1, "reviewed".to_owned()));
    worker.stop().await;
}

#[tokio::test]
async fn a_heartbeat_tells_of_a_push_that_another_process_took_in() {
    let (handler, there) = until_asked();
    let mut worker = Worker::start(quick(), standing_still, handler).await;
    worker.add("e1", &NewJob { head: Some(commit('a')), ..review(1, T0) }).await;
    timeout(PATIENCE, there.notified()).await.unwrap();
    accept(&worker.store, "e2", &NewJob { head: Some(commit('b')), ..review(1, T0) }, T0).await;
    assert_eq!(worker.end().await, (1, "superseded".to_owned()));
    worker.shutdown.cancel();
}

#[tokio::test]
async fn a_lost_lease_stops_the_handler_and_nothing_is_written() {
    let (handler, there) = until_asked();
    let config = WorkerConfig { poll: HOUR, workers: 1, ..quick() };
    let mut worker = Worker::start(config, standing_still, handler).await;
    worker.add("e1", &review(1, T0)).await;
    timeout(PATIENCE, there.notified()).await.unwrap();

    // Another process whose clock says that the lease ran out.
    let later = T0 + 600_000;
    let taken = worker.store.claim("another process", HOUR, later).await.unwrap().unwrap();
    assert_eq!(worker.end().await, (1, "lost".to_owned()));
    let store = worker.stop().await;
    store.renew_lease(&taken.lease, HOUR, later).await.unwrap();
    assert_eq!(store.queue_counts(later).await.unwrap().running, 1);
}

#[tokio::test]
async fn a_handler_that_finds_its_lease_run_out_is_retried_when_nobody_else_has_the_job() {
    let config = WorkerConfig { poll: HOUR, workers: 1, ..quick() };
    let mut worker = Worker::start(config, standing_still, async |_, _| JobEnd::Cancelled).await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await, (1, "retried".to_owned()));
    let store = worker.stop().await;
    assert_eq!(store.events_without_end().await.unwrap(), 1, "its event still waits");
    let job = store.claim("test", HOUR, T0 + 600_000).await.unwrap().unwrap();
    assert_eq!(job.last_problem.as_deref(), Some("the lease ran out before it was renewed"));
}

#[tokio::test]
async fn a_handler_past_its_deadline_is_stopped_and_retried() {
    let (handler, _there) = until_asked();
    let config = WorkerConfig { job_deadline: Duration::from_millis(50), ..quick() };
    let mut worker = Worker::start(config, standing_still, handler).await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await, (1, "retried".to_owned()));
    let store = worker.stop().await;
    let job = store.claim("test", HOUR, T0 + 600_000).await.unwrap().unwrap();
    assert!(job.last_problem.unwrap().starts_with("did not end within"));
}

#[tokio::test]
async fn a_handler_that_does_not_listen_is_dropped() {
    let config = WorkerConfig { job_deadline: Duration::from_millis(20), grace: Duration::from_millis(20), ..quick() };
    let mut worker = Worker::start(config, standing_still, async |_, _| std::future::pending::<JobEnd>().await).await;
    worker.add("e1", &review(1, T0)).await;
    assert_eq!(worker.end().await, (1, "lost".to_owned()));
    let store = worker.stop().await;
    // What it may have sent last must have arrived before anybody looks: the lease runs out first.
    let lease = i64::try_from(quick().lease.as_millis()).unwrap();
    assert!(store.claim("test", HOUR, T0 + lease - 1).await.unwrap().is_none());
    let job = store.claim("test", HOUR, T0 + lease).await.unwrap().unwrap();
    assert_eq!(job.attempt, 2, "the attempt counts");
    assert!(job.last_problem.unwrap().contains("was cut"));
}

#[tokio::test]
async fn a_handler_that_is_dropped_at_shutdown_keeps_its_lease_for_what_it_may_have_sent() {
    let config = WorkerConfig { drain: Duration::from_millis(20), grace: Duration::from_millis(20), ..quick() };
    let there = Arc::new(Notify::new());
    let tell = Arc::clone(&there);
    let handler = move |_, _| {
        tell.notify_one();
        std::future::pending::<JobEnd>()
    };
    let mut worker = Worker::start(config, standing_still, handler).await;
    worker.add("e1", &review(1, T0)).await;
    timeout(PATIENCE, there.notified()).await.unwrap();
    worker.shutdown.cancel();
    assert_eq!(worker.end().await, (1, "lost".to_owned()));

    let store = worker.stop().await;
    assert!(store.claim("the next process", HOUR, T0).await.unwrap().is_none(), "a write may be under way");
    let job = store.claim("the next process", HOUR, T0 + 600_000).await.unwrap().unwrap();
    assert_eq!((number(&job), job.attempt), (1, 2));
}

#[tokio::test]
async fn a_shutdown_lets_running_jobs_end() {
    let (there, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (Arc::clone(&there), Arc::clone(&go_on));
    let handler = move |_, token: CancellationToken| {
        let (tell, wait) = (Arc::clone(&tell), Arc::clone(&wait));
        async move {
            tell.notify_one();
            wait.notified().await;
            if token.is_cancelled() { JobEnd::Cancelled } else { JobEnd::Finished("reviewed") }
        }
    };
    let mut worker = Worker::start(WorkerConfig { workers: 1, ..quick() }, standing_still, handler).await;
    worker.add("e1", &review(1, T0)).await;
    timeout(PATIENCE, there.notified()).await.unwrap();
    worker.shutdown.cancel();
    worker.add("e2", &review(2, T0)).await;
    go_on.notify_one();
    assert_eq!(worker.end().await, (1, "reviewed".to_owned()));

    let store = worker.stop().await;
    let left = store.claim("the next process", HOUR, T0).await.unwrap().unwrap();
    assert_eq!((number(&left), left.attempt), (2, 1), "no new job was begun");
}

#[tokio::test]
async fn when_the_drain_time_is_over_jobs_go_back_with_their_attempt() {
    let (handler, there) = until_asked();
    let config = WorkerConfig { drain: Duration::from_millis(20), ..quick() };
    let mut worker = Worker::start(config, standing_still, handler).await;
    worker.add("e1", &review(1, T0)).await;
    timeout(PATIENCE, there.notified()).await.unwrap();
    worker.shutdown.cancel();
    assert_eq!(worker.end().await, (1, "released".to_owned()));

    let store = worker.stop().await;
    let job = store.claim("the next process", HOUR, T0).await.unwrap().unwrap();
    assert_eq!((number(&job), job.attempt, job.last_problem), (1, 1, None));
}

#[tokio::test]
async fn the_worker_outlives_a_database_that_fails() {
    let (store, _folder) = fresh().await;
    store.close().await;
    let mut worker = Worker::on(store, quick(), standing_still, async |_, _| JobEnd::Finished("reviewed"));
    for _ in 0..3 {
        worker.wake.notify_one();
        tokio::task::yield_now().await;
    }
    assert!(!worker.task.is_finished());
    worker.stop().await;
}

#[test]
fn backoff_doubles_up_to_ten_minutes_and_is_spread() {
    let seconds: Vec<u64> = (1..=12).map(|attempt| backoff(attempt, 0.0).as_secs()).collect();
    assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
    assert_eq!(backoff(3, 1.0), Duration::from_secs(4));
    assert_eq!(backoff(3, 0.5), Duration::from_secs(6));
    assert_eq!(backoff(0, 0.0), Duration::from_secs(2));
    assert_eq!(backoff(u32::MAX, 7.0), Duration::from_mins(5));
}
