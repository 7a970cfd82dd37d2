//! The program dies, again and again, at every moment that there is: no event is lost, nothing is said twice, nothing is
//! said about code that is no longer the newest, and no answer is paid for twice.

mod aim;
mod handover;
mod process;
mod talk;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use coderabbit_agent::store::Store;
use tempfile::TempDir;
use testkit::{
    azure_devops::{AzureDevOps, DeliveryOutcome, PullRequestHandle, PullRequestSpec, RepositoryHandle, Webhooks},
    model::{Kind, ModelServer, Rule, Script},
};
use tokio::time::Instant;

use self::{
    aim::{Aim, Moment, Phase, ThinkingModel},
    process::{AgentProcess, Death, Random, free_port, pass},
};
use crate::harness::{PATIENCE, Reviewed, base_files, init_logging, subscription, variables_for};

/// Of each of two scenes; five kills each.
const ROUNDS: u64 = 5;
const KILLS: usize = 50;
const PULL_REQUESTS: usize = 3;
/// `CRASH_SEED=7 cargo nextest run …` plays other moments than this one.
const SEED: u64 = 20_260_101;
/// Between the end of an answer and its commit, a process may die: what ended this close to a kill may be asked again.
const COMMIT: Duration = Duration::from_millis(300);

/// Azure DevOps, a model and a database, around processes that come and go.
struct Scene {
    azure: AzureDevOps,
    model: Arc<ModelServer>,
    repository: RepositoryHandle,
    hooks: Webhooks,
    directory: TempDir,
    variables: Vec<(String, String)>,
    random: Random,
}

impl Scene {
    async fn set(script: Script, seed: u64, more: &[(&str, &str)]) -> Self {
        init_logging();
        let mut random = Random::new(seed);
        let azure = AzureDevOps::builder().delivery_speed(50.0).start().await.unwrap();
        let model = Arc::new(ModelServer::start(script).await.unwrap());
        let directory = tempfile::tempdir().unwrap();
        let port = free_port(&mut random);
        let (lease, log, text) = (("JOB_LEASE_MS", "1000"), ("LOG_FORMAT", "json"), port.to_string());
        let mut all = vec![lease, log, ("PORT", text.as_str())];
        all.extend(more);
        let variables = variables_for(&azure, &model, &directory, &all);
        let hooks = azure.subscribe(subscription(([127, 0, 0, 1], port).into()));
        let repository = azure.repository("Web Shop", "orders").await.unwrap();
        repository.push("main", &base_files(), "A shop").await.unwrap();
        Self { azure, model, repository, hooks, directory, variables, random }
    }

    async fn start(&self) -> AgentProcess {
        AgentProcess::start(&self.variables).await
    }

    /// Another process on the same database, which no webhook reaches.
    async fn start_beside(&self) -> AgentProcess {
        let mut variables = self.variables.clone();
        variables.iter_mut().filter(|(name, _)| name == "PORT").for_each(|(_, value)| "0".clone_into(value));
        AgentProcess::start(&variables).await
    }

    async fn open(&self, number: usize, files: &[(&str, String)]) -> PullRequestHandle {
        let spec = PullRequestSpec::new(&format!("Steps of team {number}")).files(files);
        self.repository.open_pull_request(spec.branches(&format!("team-{number}"), "main")).await.unwrap()
    }

    async fn store(&self) -> Store {
        let file = self.directory.path().join("data/coderabbit-agent.db");
        Store::open(&format!("sqlite://{}", file.display()).into()).await.unwrap()
    }

    /// Waits until every event that was accepted has come to an end, and nothing was given up.
    async fn assert_at_rest(&self) {
        self.hooks.settled(PATIENCE).await.unwrap();
        let store = self.store().await;
        let until = Instant::now() + PATIENCE;
        // Another process writes the database: it can only be looked at.
        while store.events_without_end().await.unwrap() > 0 && Instant::now() < until {
            pass(Duration::from_millis(50)).await;
        }
        let counts = store.queue_counts(i64::MAX).await.unwrap();
        assert_eq!((store.events_without_end().await.unwrap(), counts.dead), (0, 0), "events without an end, dead letters");
        let lost: Vec<_> =
            self.hooks.deliveries().into_iter().filter(|delivery| delivery.outcome != DeliveryOutcome::Delivered).collect();
        assert!(lost.is_empty(), "deliveries that did not arrive: {lost:#?}");
        store.close().await;
    }

    fn assert_sound(&self) {
        assert_eq!(self.azure.violations(), [], "threads on lines that do not exist");
        assert_eq!(self.azure.stale_writes(), [], "writes for an older iteration after those for a newer one");
        assert_eq!(self.azure.duplicate_threads("coderabbitAgent.fingerprint"), [], "findings that stand twice");
    }
}

// ------------------------------------------------------------------------------------------------ the sample

/// The file that push `step` adds, with its defect in it.
fn broken(step: u64) -> String {
    format!("    return items[len(items) + {step}]")
}

fn fixed(step: u64) -> String {
    format!("    return items[{step}]")
}

fn path(step: u64) -> String {
    format!("src/step_{step}.py")
}

fn claim(step: u64) -> String {
    format!("Step {step} reads past the last item.")
}

/// What push `step` of a team holds: a new defect, and the one before repaired.
fn files(team: usize, step: u64) -> Vec<(String, String)> {
    let text = |step: u64, line: String| {
        (path(step), format!("\"\"\"Step {step} of team {team}.\"\"\"\n\n\ndef step_{step}(items):\n{line}\n"))
    };
    let repaired = step.checked_sub(1).filter(|before| *before > 0).map(|before| text(before, fixed(before)));
    repaired.into_iter().chain([text(step, broken(step))]).collect()
}

fn as_text(files: &[(String, String)]) -> Vec<(&str, String)> {
    files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect()
}

fn script(steps: u64) -> Script {
    Script::with_rules((1..=steps).map(rule))
}

fn rule(step: u64) -> Rule {
    Rule::new(Kind::True, &path(step), &broken(step), &claim(step))
        .scenario("Any list: the index is at least one past the end, and IndexError is raised.")
        .fix("Use an index within the list.")
        .fixed_when(&fixed(step))
}

fn is_reviewed(pull_request: &PullRequestHandle) -> bool {
    let newest = pull_request.iterations().len();
    let status = pull_request.latest_status("coderabbit", "review");
    status.is_some_and(|status| {
        status.state == "succeeded" && status.iteration.and_then(|id| usize::try_from(id).ok()) == Some(newest)
    })
}

/// One walkthrough, the newest defect told once and open, all older ones answered once and closed.
fn assert_told_once(pull_request: &PullRequestHandle, newest: u64) {
    assert!(pull_request.walkthrough().contains("## Walkthrough"));
    let inline = pull_request.inline();
    let open: Vec<_> = inline.iter().filter(|thread| thread.status.as_deref() == Some("active")).collect();
    assert_eq!(open.len(), 1, "{inline:#?}");
    assert!(open[0].content().contains(&claim(newest)), "{}", open[0].content());
    for thread in &inline {
        let answers = thread.comments.iter().filter(|comment| comment.content.contains("Addressed in")).count();
        let expected = usize::from(thread.status.as_deref() == Some("fixed"));
        assert_eq!(answers, expected, "{thread:#?}");
    }
}

// ------------------------------------------------------------------------------------------------ the stories

/// Each round: every team pushes, and the program dies in this order of moments. The last one lets the round end first, so
/// that no job is cut as often as one that is given up.
fn round(number: u64, random: &mut Random) -> [Moment; 5] {
    let first = if number.is_multiple_of(2) { Moment::Accepting } else { Moment::fetching(random) };
    [first, Moment::asking(random), Moment::writing(random), Moment::Anywhere, Moment::Rest]
}

fn seed() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "whoever runs the story may choose its moments")]
    let chosen = std::env::var("CRASH_SEED").ok();
    chosen.map_or(SEED, |text| text.parse().expect("CRASH_SEED is a whole number"))
}

/// What came of one scene.
#[derive(Default)]
struct Campaign {
    phases: BTreeMap<Phase, usize>,
    kills: usize,
    events: usize,
    redelivered: usize,
    calls: usize,
    /// Questions that a dead process had asked without storing the answer.
    repeated: usize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_nothing_and_repeat_nothing() {
    let (seed, began) = (seed(), Instant::now());
    say(&format!("CRASH_SEED={seed}"));
    // Most of the time of a scene is waiting for the leases of the dead.
    let (one, other) = tokio::join!(campaign(seed, 0), campaign(seed.wrapping_add(1), 1));
    let sum = |count: fn(&Campaign) -> usize| count(&one) + count(&other);
    let hit = |phase: Phase| [&one, &other].iter().filter_map(|campaign| campaign.phases.get(&phase)).sum::<usize>();
    for (phase, least) in
        [(Phase::Accepting, 3), (Phase::Fetching, 3), (Phase::Asking, 6), (Phase::Publishing, 6), (Phase::Rest, 10)]
    {
        assert!(hit(phase) >= least, "{phase:?} was hit {} times, of all: {:?}, {:?}", hit(phase), one.phases, other.phases);
    }
    let redelivered = sum(|campaign| campaign.redelivered);
    assert!(redelivered > 0, "some event came while nobody listened");
    assert_eq!(sum(|campaign| campaign.kills), KILLS);
    say(&format!(
        "kills {KILLS} {:?} and {:?}, events {} ({redelivered} redelivered), lost 0, duplicates 0, stale 0, model calls {} \
         ({} asked again), {:.1} s",
        one.phases,
        other.phases,
        sum(|campaign| campaign.events),
        sum(|campaign| campaign.calls),
        sum(|campaign| campaign.repeated),
        began.elapsed().as_secs_f64()
    ));
}

/// `ROUNDS` rounds in a scene of its own; `first` is the number of the first one.
async fn campaign(seed: u64, first: u64) -> Campaign {
    let mut scene = Scene::set(script(ROUNDS + 1), seed, &[]).await;
    let thinking = ThinkingModel::start(Arc::clone(&scene.model));
    let mut teams = Vec::new();
    for team in 0..PULL_REQUESTS {
        teams.push(scene.open(team, &as_text(&files(team, 1))).await);
    }

    let mut campaign = Campaign::default();
    let mut kills = Vec::new();
    for number in 0..ROUNDS {
        for (index, moment) in round(first + number, &mut scene.random).into_iter().enumerate() {
            let aim = Aim::take(moment, &scene.azure, &thinking, &teams);
            let agent = scene.start().await;
            let pushing = (index == 0).then(|| tokio::spawn(push_all(teams.clone(), number + 2)));
            let hit = aim.reached().await;
            pass(scene.random.millis(moment.spread())).await;
            let open_deliveries = || {
                let deliveries = scene.hooks.deliveries();
                deliveries.iter().any(|delivery| matches!(delivery.outcome, DeliveryOutcome::Waiting | DeliveryOutcome::Retrying))
            };
            for phase in aim.phases(hit, open_deliveries) {
                *campaign.phases.entry(phase).or_default() += 1;
            }
            let death = if scene.random.below(2) == 0 { Death::Alone } else { Death::WithChildren };
            let dying = Instant::now();
            agent.kill(death).await;
            kills.push((dying, Instant::now()));
            aim.release(scene.random.millis(250)).await;
            if let Some(pushing) = pushing {
                pushing.await.unwrap();
            }
        }
    }

    let agent = scene.start().await;
    let teams_there = teams.clone();
    scene.azure.wait_for(move |_| teams_there.iter().all(is_reviewed), PATIENCE).await.unwrap();
    scene.assert_at_rest().await;
    assert!(agent.terminate().await.success());
    scene.assert_sound();
    for team in &teams {
        assert_eq!(team.iterations().len() as u64, ROUNDS + 1);
        assert_told_once(team, ROUNDS + 1);
    }
    let events = scene.hooks.deliveries();
    campaign.kills = kills.len();
    campaign.events = events.len();
    campaign.redelivered = events.iter().filter(|delivery| delivery.attempts.len() > 1).count();
    campaign.calls = scene.model.calls().len();
    campaign.repeated = thinking.assert_nothing_is_paid_for_twice(&kills, COMMIT);
    campaign
}

async fn push_all(teams: Vec<PullRequestHandle>, step: u64) {
    for (team, pull_request) in teams.iter().enumerate() {
        pull_request.push(&as_text(&files(team, step))).await.unwrap();
    }
}

/// For whoever reads the story's output.
#[expect(clippy::print_stderr, reason = "the seed and the count are what a person needs who plays the story again")]
fn say(line: &str) {
    eprintln!("{line}");
}
