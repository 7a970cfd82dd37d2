//! The model is away for an hour. The agent, its timeouts and its queue go by a clock that the story winds; sockets, git and
//! database are real.

use std::{sync::OnceLock, time::Duration};

use coderabbit_agent::store::Store;
use testkit::{
    azure_devops::{Action, AzureDevOps},
    model::{Fault, ModelServer, Role},
};
use tokio::{sync::mpsc, time::Instant};

use crate::harness::{CART, LAST_ITEM, QUERY, Reviewed, Stage, both_rules, cart};

const HOUR: i64 = 60 * 60 * 1_000;

/// Milliseconds since the epoch at the beginning, and the moment of the paused time that this was.
static BEGINNING: OnceLock<(i64, Instant)> = OnceLock::new();

fn clock() -> i64 {
    let (epoch, moment) = *BEGINNING.get_or_init(|| (coderabbit_agent::app::now(), Instant::now()));
    epoch + i64::try_from(moment.elapsed().as_millis()).unwrap()
}

/// Winds the clock while it is held. Twenty times as fast as a real one while the agent works, since what it works with (git,
/// sockets, a database) takes real time; straight to the next job while it waits.
struct Winder {
    ticks: mpsc::Receiver<()>,
    store: Store,
}

impl Winder {
    const REAL: Duration = Duration::from_millis(2);
    const WOUND: Duration = Duration::from_millis(40);

    /// Tokio does not wind the clock by itself as long as a blocking task runs: that is what makes the ticks.
    async fn take(stage: &Stage) -> Self {
        let store = Store::open(&format!("sqlite://{}", stage.database().display()).into()).await.unwrap();
        tokio::time::pause();
        let (tick, ticks) = mpsc::channel(1);
        tokio::task::spawn_blocking(move || {
            while tick.blocking_send(()).is_ok() {
                #[expect(clippy::disallowed_methods, reason = "real time goes on for what is real")]
                std::thread::sleep(Self::REAL);
            }
        });
        Self { ticks, store }
    }

    async fn tick(&mut self) {
        self.ticks.recv().await.unwrap();
        // After it was asked what is due, too: of a job that was claimed in between that is the end of its lease.
        let due = self.store.next_due().await.unwrap().map(|due| due - clock());
        let is_working = self.store.queue_counts(clock()).await.unwrap().running > 0;
        let wait = due.and_then(|wait| u64::try_from(wait).ok()).map(Duration::from_millis);
        let step = wait.filter(|_| !is_working).map_or(Self::WOUND, |wait| wait.max(Self::WOUND));
        tokio::time::advance(step).await;
    }
}

#[tokio::test]
async fn an_hour_without_a_model_is_one_pending_status_one_note_few_calls_and_then_the_review() {
    let model = ModelServer::start(both_rules()).await.unwrap();
    // Requests to Azure DevOps may take half a lease, and the clock runs twenty times as fast as what answers them.
    let stage = Stage::set_at(AzureDevOps::builder(), model, &[("JOB_LEASE_MS", "60000")], clock).await;
    stage.model.fault(Role::Findings, 100_000, Fault::ServerError);
    stage.model.fault(Role::Walkthrough, 100_000, Fault::ServerError);
    let beginning = clock();
    let mut winder = Winder::take(&stage).await;
    let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
    let states = || pull_request.statuses_of("review").into_iter().map(|status| status.state).collect::<Vec<_>>();

    let mut after_minutes = None;
    while clock() < beginning + HOUR {
        winder.tick().await;
        if clock() > beginning + HOUR / 12 {
            after_minutes.get_or_insert_with(|| stage.azure.bot_writes().len());
        }
    }
    assert_eq!(states(), ["pending"]);
    let walkthroughs = stage.azure.bot_writes().into_iter().filter(|write| matches!(write.action, Action::CreateThread));
    assert_eq!(walkthroughs.count(), 1);
    assert!(pull_request.walkthrough().contains("the model did not answer. It will be tried again."));
    let written = stage.azure.bot_writes();
    assert_eq!(Some(written.len()), after_minutes, "told at the beginning, and not again: {written:#?}");
    let calls = stage.model.calls().len();
    assert!((15..=60).contains(&calls), "{calls} calls of an endpoint that fails for an hour");
    assert_eq!(stage.count("coderabbit_agent_model_endpoint_left_alone").await, 1);

    stage.model.heal();
    while states().last().is_none_or(|state| state != "succeeded") {
        winder.tick().await;
        assert!(clock() < beginning + HOUR + HOUR / 3, "{:?} {}", states(), pull_request.walkthrough());
    }
    assert_eq!(states(), ["pending", "succeeded"]);
    assert_eq!(pull_request.statuses_of("review")[1].description, "Reviewed: 2 findings (1 critical, 1 high)");
    assert!(pull_request.walkthrough().contains("Reviewed."));
    assert_eq!(stage.count("coderabbit_agent_model_endpoint_left_alone").await, 0);
    for spent in ["retried", "dead"] {
        assert_eq!(stage.count(&format!("coderabbit_agent_jobs_ended_total{{outcome=\"{spent}\"}}")).await, 0);
    }
    stage.assert_sound();
}
