//! `cargo xtask bench pipeline`: what a review takes beside the model, in time and in CPU.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use testkit::{
    azure_devops::{AzureDevOps, Order, PullRequestHandle, PullRequestSpec, RepositoryHandle, Subscription, Webhooks},
    model::{CallState, ModelServer, Role, Script},
};

use super::{
    chain::{Answered, longest_chain},
    cpu::Cpu,
    shop::{file, script},
};
use crate::{
    agent::{self, Agent, HOOK_PASSWORD, HOOK_USER, Surroundings, http_client, pause},
    demo::scripted_variables,
    process::say,
};

const PATIENCE: Duration = Duration::from_mins(2);
/// Changed files of the reviews whose time is taken, and of those whose CPU is.
const NORMAL: usize = 6;
/// Of each review.
const FINDINGS: usize = 5;
/// How the agent's metrics name ends of jobs.
const REVIEWED: &str = "reviewed";
const CLOSED: &str = "not_active";
const CONFIGURATION: &str = ".coderabbit.yaml";
const REVIEW_ALL: &str = "reviews:\n  high_level_summary: true\n";
/// Everything is fetched and compared, and then set aside.
const REVIEW_NOTHING: &str = "reviews:\n  path_filters: ['!**']\n";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Seconds that the model takes for each answer.
    #[arg(long, default_value_t = 2.0)]
    latency: f64,
    /// Times of its longest chain of dependent calls that a review may take.
    #[arg(long, default_value_t = 1.15)]
    most_ratio: f64,
    /// Changed files of the review whose CPU is measured.
    #[arg(long, default_value_t = 40)]
    files: usize,
    /// Files of the repository.
    #[arg(long, default_value_t = 300)]
    repository: usize,
    /// Reviews whose CPU is measured; the one in the middle counts.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Milliseconds of CPU that it may cost, with those of git.
    #[arg(long, default_value_t = 300)]
    cpu_limit: u64,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.rounds == 0 || arguments.files < FINDINGS || arguments.repository < arguments.files.max(NORMAL) {
        bail!("at least one round, {FINDINGS} changed files, and a repository of as many files are needed");
    }
    say("building the agent (release)");
    let binary = agent::build(true)?;
    let mut stage = Stage::set(&binary, arguments.repository).await?;
    // Queries of grammars, tokens and certificates are read once a process; the index of the target branch, in the languages whose
    // signatures change, once a repository.
    stage.review("warm-up", arguments.files, script(FINDINGS, 1), 1).await?;

    let latency = Duration::from_secs_f64(arguments.latency);
    let look = |role, path: &str| (role, json!({ "path": path, "first_line": 1, "last_line": 40, "version": "base" }));
    let path = file(0, 0).0;
    let looks = [look(Role::Findings, &path), look(Role::Verdict, &path)];
    let with_looks =
        looks.into_iter().fold(script(FINDINGS, 3), |script, (role, arguments)| script.looking(role, "read_file", arguments));
    stage.model.set_latency(latency);
    let timed = [stage.timed("without looks", script(FINDINGS, 2), 2).await?, stage.timed("one look each", with_looks, 3).await?];
    stage.model.set_latency(Duration::ZERO);

    let mut spent = Vec::new();
    for round in 0..arguments.rounds {
        spent.push(stage.spent(arguments.files, round + 4).await?);
    }
    report(arguments, &timed, spent)
}

/// A review with its wall time.
struct Timed {
    what: &'static str,
    calls: usize,
    wall: Duration,
    chain: Duration,
}

impl Timed {
    fn ratio(&self) -> f64 {
        self.wall.as_secs_f64() / self.chain.as_secs_f64().max(f64::MIN_POSITIVE)
    }
}

/// The stand-ins, which are threads of this process, and the agent, which is one of its own.
struct Stage {
    azure: AzureDevOps,
    model: ModelServer,
    agent: Agent,
    hooks: Webhooks,
    repository: RepositoryHandle,
    files: usize,
}

impl Stage {
    async fn set(binary: &std::path::Path, files: usize) -> anyhow::Result<Self> {
        let azure = AzureDevOps::start().await?;
        let repository = azure.repository("Web Shop", "ledger").await?;
        let mut texts: Vec<(String, String)> = (0..files).map(|number| file(number, 0)).collect();
        texts.push((CONFIGURATION.to_owned(), REVIEW_ALL.to_owned()));
        repository.push("main", &borrowed(&texts), "A ledger").await?;
        let model = ModelServer::start(Script::silent()).await?;
        let surroundings =
            Surroundings { collection_url: azure.collection_url(), token: azure.token(), model: scripted_variables(&model) };
        let agent = Agent::start(binary, &surroundings).await?;
        let subscription = Subscription::to(agent.url("/azure_webhooks")).basic_auth(HOOK_USER, HOOK_PASSWORD);
        let hooks = azure.subscribe(subscription);
        Ok(Self { azure, model, agent, hooks, repository, files })
    }

    /// Reviews a change of `count` files, made to their `version`, to its end; the time from its event to its status.
    async fn review(&mut self, title: &str, count: usize, script: Script, version: usize) -> anyhow::Result<Duration> {
        let branch = format!("change-{version}");
        self.commit(&branch, count, version).await?;
        let (took, opened) = self.review_branch(title, &branch, script).await?;
        self.abandon(&opened).await?;
        Ok(took)
    }

    async fn commit(&self, branch: &str, count: usize, version: usize) -> anyhow::Result<()> {
        // Those with findings, and the rest all over the repository.
        let step = (self.files / count).max(1);
        let spread = (0..self.files).step_by(step).filter(|number| *number >= FINDINGS);
        let numbers: Vec<usize> = (0..FINDINGS).chain(spread).take(count).collect();
        let texts: Vec<(String, String)> = numbers.into_iter().map(|number| file(number, version)).collect();
        let main = self.repository.git().head("main").context("there is no branch main")?;
        let change = move |change: testkit::repository::Change<'_>| {
            let files = borrowed(&texts);
            change.onto(&main).files(&files).commit("Keep amounts in cents")
        };
        self.repository.change(branch, change).await.map(drop)
    }

    async fn review_branch(
        &mut self,
        title: &str,
        branch: &str,
        script: Script,
    ) -> anyhow::Result<(Duration, PullRequestHandle)> {
        let findings = script.rules.len();
        self.model.set_script(script);
        let before = self.count(REVIEWED).await?;
        self.hooks.hold();
        let opened = self.open(title, branch).await?;
        let begun = Instant::now();
        self.hooks.release(Order::AsHappened);
        let status = self.ended(&opened).await?;
        let took = begun.elapsed();
        let expected = format!("Reviewed: {findings} findings");
        let walkthrough =
            opened.threads().into_iter().find(|thread| thread.path.is_none()).map(|thread| thread.content().to_owned());
        if !status.starts_with(&expected) || walkthrough.is_none_or(|text| text.contains("Partly")) {
            bail!("the review is not the one that is measured: {status}, not {expected}; see {}", self.agent.log().display());
        }
        self.more(REVIEWED, before).await?;
        Ok((took, opened))
    }

    async fn open(&self, title: &str, branch: &str) -> anyhow::Result<PullRequestHandle> {
        self.repository.open_pull_request(PullRequestSpec::new(title).branches(branch, "main")).await
    }

    /// Waits for the status of the only iteration.
    async fn ended(&self, opened: &PullRequestHandle) -> anyhow::Result<String> {
        let is_over = |opened: &PullRequestHandle| {
            opened.latest_status("coderabbit", "review").is_some_and(|status| status.state != "pending")
        };
        let waited = opened.wait_for(is_over, PATIENCE).await;
        waited.with_context(|| format!("the review did not end; see {}", self.agent.log().display()))?;
        Ok(opened.latest_status("coderabbit", "review").context("the status is gone")?.description)
    }

    /// Jobs of the agent that ended in this way.
    async fn count(&self, outcome: &str) -> anyhow::Result<u64> {
        let line = format!("coderabbit_agent_jobs_ended_total{{outcome=\"{outcome}\"}}");
        let text = http_client()?.get(self.agent.url("/metrics")).send().await?.text().await?;
        let count = text.lines().find_map(|text| text.strip_prefix(&line));
        Ok(count.and_then(|count| count.trim().parse().ok()).unwrap_or_default())
    }

    /// Waits until more jobs than `before` ended in this way.
    async fn more(&self, outcome: &str, before: u64) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.count(outcome).await? <= before {
            if begun.elapsed() > PATIENCE {
                bail!("no job ended as {outcome}; see {}", self.agent.log().display());
            }
            pause(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// So that what moves the target branch is no event of this one any more.
    async fn abandon(&self, opened: &PullRequestHandle) -> anyhow::Result<()> {
        let before = self.count(CLOSED).await?;
        opened.abandon().await?;
        self.more(CLOSED, before).await
    }

    async fn timed(&mut self, what: &'static str, script: Script, version: usize) -> anyhow::Result<Timed> {
        let earlier = self.model.calls().len();
        let wall = self.review(what, NORMAL, script, version).await?;
        let calls = self.model.calls();
        let calls = calls.get(earlier..).unwrap_or_default();
        if let Some(odd) = calls.iter().find(|call| call.state != CallState::Answered(200)) {
            bail!("a call went wrong: {:?} is {:?}", odd.role, odd.state);
        }
        let answered: Vec<Answered> = calls.iter().filter_map(Answered::of).collect();
        Ok(Timed { what, calls: calls.len(), wall, chain: longest_chain(&answered) })
    }

    /// The CPU of a review whose commits and files are in the agent's mirror, and that nobody has parsed or reviewed before.
    async fn spent(&mut self, count: usize, version: usize) -> anyhow::Result<Cpu> {
        let branch = format!("change-{version}");
        self.commit(&branch, count, version).await?;
        self.configure(REVIEW_NOTHING).await?;
        let fetched = self.open(&format!("Fetched only, {version}"), &branch).await?;
        let status = self.ended(&fetched).await?;
        if !status.starts_with("Not reviewed:") {
            bail!("the files were to be fetched and set aside, and not: {status}");
        }
        self.abandon(&fetched).await?;
        self.configure(REVIEW_ALL).await?;
        self.hooks.settled(PATIENCE).await?;
        let requests = self.azure.requests().len();
        let earlier = Cpu::of(self.agent.pid())?;
        let (_, opened) = self.review_branch(&format!("Measured, {version}"), &branch, script(FINDINGS, version)).await?;
        let spent = Cpu::of(self.agent.pid())? - earlier;
        self.abandon(&opened).await?;
        let requests = self.azure.requests().split_off(requests);
        if let Some(fetch) = requests.iter().find(|request| request.path.contains("git-upload-pack")) {
            bail!("something was fetched meanwhile: {fetch:?}");
        }
        Ok(spent)
    }

    async fn configure(&self, text: &str) -> anyhow::Result<()> {
        self.repository.push("main", &[(CONFIGURATION, text)], "What is reviewed").await.map(drop)
    }
}

fn borrowed(texts: &[(String, String)]) -> Vec<(&str, &str)> {
    texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect()
}

fn report(arguments: &Arguments, timed: &[Timed], mut spent: Vec<Cpu>) -> anyhow::Result<()> {
    let Arguments { latency, most_ratio, files, rounds, cpu_limit, .. } = arguments;
    say(&format!("a review of {NORMAL} files, the model answers in {latency} s"));
    say("               calls   wall time   longest chain   times");
    for timed in timed {
        let (wall, chain) = (timed.wall.as_secs_f64(), timed.chain.as_secs_f64());
        say(&format!("{:<13} {:>6} {wall:>9.2} s {chain:>13.2} s {:>7.3}", timed.what, timed.calls, timed.ratio()));
    }
    spent.sort_by_key(|cpu| cpu.total());
    let median = *spent.get(spent.len() / 2).context("nothing was measured")?;
    say(&format!("a review of {files} files, the model answers at once, everything is fetched; the middle one of {rounds}"));
    say("             user   system    together");
    for (what, spent) in [("the agent", median.own), ("git", median.children)] {
        say(&format!("{what:<10} {:>3} ms {:>5} ms {:>8} ms", spent.user, spent.system, spent.total()));
    }
    say(&format!("all {:>31} ms", median.total()));
    let reviews: Vec<Value> = timed
        .iter()
        .map(|timed| {
            let (wall, chain) = (rounded(timed.wall.as_secs_f64()), rounded(timed.chain.as_secs_f64()));
            json!({ "what": timed.what, "calls": timed.calls, "wall_s": wall, "chain_s": chain, "ratio": rounded(timed.ratio()) })
        })
        .collect();
    let cpu = json!({
        "files": files, "agent_user_ms": median.own.user, "agent_system_ms": median.own.system, "git_user_ms": median.children.user,
        "git_system_ms": median.children.system, "all_ms": median.total(),
        "rounds_ms": spent.iter().map(|cpu| cpu.total()).collect::<Vec<_>>(),
    });
    say(&json!({ "bench": "pipeline", "latency_s": latency, "reviews": reviews, "cpu": cpu }).to_string());
    if let Some(slow) = timed.iter().find(|timed| timed.ratio() > *most_ratio) {
        bail!("a review {} takes {:.3} times its longest chain of calls, not at most {most_ratio}", slow.what, slow.ratio());
    }
    if median.total() >= *cpu_limit {
        bail!("a review of {files} files costs {} ms of CPU, not under {cpu_limit} ms", median.total());
    }
    Ok(())
}

/// To milliseconds.
fn rounded(seconds: f64) -> f64 {
    (seconds * 1_000.0).round() / 1_000.0
}
