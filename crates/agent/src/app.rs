//! The only place that builds everything, and takes it down again.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;

use crate::{
    analyzers::Analyzers,
    azure_devops::{AzureDevOps, AzureDevOpsError},
    git::Mirrors,
    http::{self, AllowList, AppState, Check, Readiness, ReadyProbe},
    jobs::{self, Rounds, WorkerConfig},
    llm::{Model, ModelError},
    net::{Documents, HttpClients},
    pipeline::{Commanders, Configurations, Neighbours, Reviewer},
    settings::{RecordingSettings, Settings},
    store::{QueueCounts, Store},
    telemetry::{Metrics, QueueGauges},
    trackers::Trackers,
    web_search::WebSearch,
};

/// A worker without a job asks the queue this often; events wake it at once.
const POLL: Duration = Duration::from_secs(5);
/// Reviews whose time at shutdown is over get this long to come to a stop.
const GRACE: Duration = Duration::from_secs(5);
/// One attempt at a job; a review of many calls to a slow model takes long, one that hangs is ended.
const JOB_DEADLINE: Duration = Duration::from_hours(2);
/// Events, ended jobs and model answers are kept this long.
const RETENTION: Duration = Duration::from_hours(30 * 24);
const PURGE_EVERY: Duration = Duration::from_hours(1);
const COUNT_EVERY: Duration = Duration::from_secs(5);
const READINESS_TIMEOUT: Duration = Duration::from_secs(5);

/// Milliseconds since the epoch: the clock that everything else takes as a parameter.
pub fn now() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}

/// Binds, builds, and runs until `shutdown`; then drains. `Ok` after a clean stop.
pub async fn serve(settings: Settings, shutdown: CancellationToken) -> anyhow::Result<()> {
    let address = (settings.server.host, settings.server.port);
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {}:{}; is another process there? Set HOST or PORT", address.0, address.1))?;
    let agent = Agent::build(&settings, now).await?;
    agent.run(listener, shutdown).await
}

/// A lease outlives a request: whoever takes a job up after its lease ended finds what the last write of a dead worker did.
pub fn azure_devops_timeout(job_lease: Duration) -> Duration {
    job_lease / 2
}

/// A built agent that does not run yet.
pub struct Agent {
    state: AppState,
    reviewer: Reviewer,
    worker: WorkerConfig,
    rounds: Rounds,
    clock: fn() -> i64,
}

impl Agent {
    /// Opens and migrates the database, and builds every part. Nothing is asked of the network yet.
    ///
    /// `clock`: milliseconds since the epoch; [`now`], but for stories that last longer than anybody would wait.
    pub async fn build(settings: &Settings, clock: fn() -> i64) -> anyhow::Result<Self> {
        let azure_settings = settings.azure_devops.as_ref().context("AZURE_DEVOPS_BOT_TOKEN is not set")?;
        let http = HttpClients::new(&settings.network)?;
        let metrics = Metrics::new();
        let store = Store::open(&settings.storage.database_url).await?;
        let migrated = store.migrate().await?;
        if migrated > 0 {
            tracing::info!(migrated, "database brought up to date");
        }
        let model = Model::new(&settings.model, &http, settings.redactor(), Some(store.clone()), Some(metrics.clone()), clock)?;
        let counted = metrics.clone();
        let azure = AzureDevOps::new(azure_settings, &http, azure_devops_timeout(settings.server.job_lease))?
            .with_on_call(Arc::new(move |_operation, status| counted.azure_devops_call(status)));
        let (folder, limit_bytes) = (&settings.storage.temp_path, settings.storage.mirror_cache_bytes);
        let documents = Documents::new(&http)?;
        let configurations = Configurations::new(azure.clone(), documents, settings.review.clone(), now);
        let (named, teams) = (settings.review.command_users.clone(), &settings.review.command_teams);
        let commanders = Commanders::new(azure.clone(), named, teams, clock);
        let trackers = Trackers::new(&settings.trackers, &http, settings.redactor(), Some(metrics.clone()), clock)?;
        let searching =
            |search| WebSearch::new(search, &http, settings.redactor(), Some(store.clone()), Some(metrics.clone()), clock);
        // What a recording answers costs nothing, and nothing of it leaves.
        let is_replay = matches!(settings.model.recording, RecordingSettings::Replay(_));
        let web_search = settings.web_search.as_ref().filter(|_| !is_replay).map(searching).transpose()?;
        let mirrors = Mirrors::new(folder, limit_bytes, move |remote| http.child_environment(remote))?;
        let wake = Arc::new(Notify::new());
        let state = AppState {
            ready: readiness(store.clone(), azure.clone(), model.clone()),
            store: store.clone(),
            metrics: metrics.clone(),
            allowed: allow_list(azure.clone()),
            credentials: settings.server.webhook_credentials.clone(),
            wake,
            now: clock,
        };
        let reviewer = Reviewer {
            azure,
            mirrors: Arc::new(mirrors),
            model,
            store,
            metrics,
            configurations,
            trackers,
            neighbours: Neighbours {
                pull_requests: settings.later.knowledge.index_pull_requests,
                work_items: settings.later.knowledge.index_issues,
            },
            web_search,
            prompt_tokens: settings.model.prompt_tokens,
            max_inline: settings.review.max_inline,
            max_looks: settings.review.max_looks,
            cost_limits: settings.review.cost_limits,
            commanders,
            analyzers: Analyzers::new(settings.tools.as_ref()),
            learns: settings.review.learns,
            lease_for: settings.server.job_lease,
            clock,
        };
        let worker = WorkerConfig {
            workers: settings.server.workers,
            lease: settings.server.job_lease,
            poll: POLL,
            // One more than are made: in it the pull request is told that the ones before came to nothing.
            max_attempts: crate::pipeline::MAX_ATTEMPTS + 1,
            job_deadline: JOB_DEADLINE,
            drain: settings.server.drain,
            grace: GRACE,
        };
        let collections = reviewer.azure.collections().to_vec();
        let rounds = Rounds { every: azure_settings.sweep_every, collections, projects: azure_settings.projects.clone() };
        Ok(Self { state, reviewer, worker, rounds, clock })
    }

    /// Serves and works until `shutdown`: then takes no event and no job any more, gives reviews under way their time, and
    /// returns the rest to the queue.
    pub async fn run(self, listener: TcpListener, shutdown: CancellationToken) -> anyhow::Result<()> {
        let Self { state, reviewer, worker, rounds, clock } = self;
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "listening");
        let housekeeping = tokio::spawn(keep_house(state.store.clone(), state.metrics.clone(), clock, shutdown.clone()));
        let rounds = tokio::spawn(rounds.make(state.store.clone(), clock, state.wake.clone(), shutdown.clone()));
        let (metrics, store) = (state.metrics.clone(), state.store.clone());
        let working = jobs::run(
            state.store.clone(),
            worker,
            clock,
            state.wake.clone(),
            shutdown.clone(),
            move |job, cancel| {
                let reviewer = reviewer.clone();
                async move { Box::pin(reviewer.work(job, cancel)).await }
            },
            move |_job: &crate::store::ClaimedJob, outcome: &str| metrics.job_ended(outcome),
        );
        // Neither goes on without the other: events that nobody works off would pile up unseen, and so would a queue
        // that no event reaches any more.
        let without_workers = shutdown.clone().drop_guard();
        let workers = tokio::spawn(async move {
            let _guard = without_workers;
            working.await;
        });
        let served = http::serve(listener, http::router(state), shutdown.clone().cancelled_owned()).await;
        shutdown.cancel();
        workers.await.context("the workers ended early")?;
        rounds.await.context("the rounds ended early")?;
        store.close().await;
        housekeeping.await.context("housekeeping ended early")?;
        tracing::info!("stopped");
        served.context("the server ended early")
    }
}

fn allow_list(azure: AzureDevOps) -> AllowList {
    let only = match azure.collections() {
        [only] => Some(only.clone()),
        _ => None,
    };
    AllowList::new(move |collection| azure.allowed(collection), only)
}

fn readiness(store: Store, azure: AzureDevOps, model: Model) -> ReadyProbe {
    Arc::new(move || {
        let (store, azure, model) = (store.clone(), azure.clone(), model.clone());
        Box::pin(async move {
            let (database, migrations, azure_devops, model) = tokio::join!(
                check(async { store.ping(READINESS_TIMEOUT).await.map(|()| "answers".to_owned()) }),
                check(async { store.pending_migrations().await.map(|count| format!("{count} pending")) }),
                check(who_we_are(&azure)),
                check(async {
                    let table = model.table().await?;
                    Ok::<_, ModelError>(table.to_string())
                }),
            );
            Readiness { database, migrations, azure_devops, model }
        })
    })
}

async fn who_we_are(azure: &AzureDevOps) -> Result<String, AzureDevOpsError> {
    let mut known = Vec::new();
    for collection in azure.collections() {
        let me = azure.me_now(collection).await?;
        known.push(format!("{} at {collection}", me.display_name));
    }
    if known.is_empty() {
        known.push("AZURE_DEVOPS_URL is not set: the token is checked at the first event".to_owned());
    }
    Ok(known.join(", "))
}

async fn check<E: std::fmt::Display>(result: impl Future<Output = Result<String, E>>) -> Check {
    match tokio::time::timeout(READINESS_TIMEOUT, result).await {
        Ok(Ok(detail)) => Check::ok(detail),
        Ok(Err(error)) => Check::failed(error.to_string()),
        Err(_) => Check::failed(format!("no answer within {} s", READINESS_TIMEOUT.as_secs())),
    }
}

/// Removes what is old, and tells the queue's gauges.
async fn keep_house(store: Store, metrics: Metrics, clock: fn() -> i64, shutdown: CancellationToken) {
    let mut purge = tokio::time::interval(PURGE_EVERY);
    let mut count = tokio::time::interval(COUNT_EVERY);
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            _ = count.tick() => match store.queue_counts(clock()).await {
                Ok(counts) => metrics.queue(gauges(counts)),
                Err(error) => tracing::warn!(%error, "the queue cannot be counted"),
            },
            _ = purge.tick() => {
                let before = clock() - i64::try_from(RETENTION.as_millis()).unwrap_or(i64::MAX);
                match store.purge(before).await {
                    Ok(0) => {}
                    Ok(removed) => tracing::info!(removed, "old rows removed"),
                    Err(error) => tracing::warn!(%error, "old rows cannot be removed; trying again in an hour"),
                }
            }
        }
    }
}

/// A clock that was set back makes nothing wait for a negative time.
fn gauges(counts: QueueCounts) -> QueueGauges {
    let QueueCounts { queued, running, dead, oldest_queued_age } = counts;
    let age = oldest_queued_age.and_then(|age| u64::try_from(age).ok()).unwrap_or_default();
    QueueGauges { queued, running, dead, oldest_queued_age: Duration::from_millis(age) }
}
