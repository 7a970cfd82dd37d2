//! A pull request is opened, reviewed, pushed to and reviewed again: by the real agent as its own process, with servers that
//! behave around it.

mod model;
mod report;
mod stage;

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use serde_json::Value;
use testkit::scenario::{self, Scenario};

pub(crate) use model::scripted_variables;
pub(crate) use stage::Stage;

use crate::{
    agent::{self, Agent, Surroundings, http_client, pause},
    process::say,
    tools,
};
use model::DemoModel;
use report::{Thread, judge_first, judge_second, print};

/// A review by the script takes a second or two, one by a model on a laptop minutes.
const SCRIPTED_REVIEW: Duration = Duration::from_mins(2);
const REAL_REVIEW: Duration = Duration::from_mins(30);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// End after the second review, with an error when it is not what it should be.
    #[arg(long)]
    once: bool,
    /// Port on 127.0.0.1 where the pull request can be seen; 0: any free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    tools::for_demo()?;
    let scenario = scenario::orders();
    say("building the agent");
    let binary = agent::build(false)?;
    let model = DemoModel::choose(&scenario).await?;
    say(&format!("model: {}", model.name()));
    let stage = Stage::set(&scenario, arguments.port).await?;
    let surroundings = Surroundings { collection_url: stage.collection_url(), token: stage.token(), model: model.variables() };
    let mut agent = Agent::start(&binary, &surroundings).await?;
    say(&format!("the agent answers on {}, its log is {}", agent.url("/"), agent.log().display()));
    stage.subscribe(&agent.url("/azure_webhooks"));

    let opened = Instant::now();
    let pull_request = stage.open_pull_request(&scenario).await?;
    say(&format!("pull request {pull_request} \"{}\" is open: {}", scenario.title, stage.page(pull_request)));
    let view = View { stage: &stage, pull_request, patience: if model.is_scripted() { SCRIPTED_REVIEW } else { REAL_REVIEW } };
    view.wait_for_review(1, &mut agent).await?;
    let first = view.threads().await?;
    say(&format!("\nreviewed in {:.1} s; what stands on the pull request:", opened.elapsed().as_secs_f64()));
    print(&first);
    if arguments.once && model.is_scripted() {
        judge_first(&first, &scenario)?;
    }

    say("\npushing a second iteration, which fixes one finding");
    let pushed = Instant::now();
    stage.push(&scenario.second).await?;
    view.wait_for_review(2, &mut agent).await?;
    let second = view.threads().await?;
    say(&format!("\nreviewed in {:.1} s; what stands now:", pushed.elapsed().as_secs_f64()));
    print(&second);

    if arguments.once {
        return conclude(&model, &scenario, &first, &second);
    }
    say(&format!("\nread it in your browser: {}\nCtrl-C ends it", stage.page(pull_request)));
    tokio::signal::ctrl_c().await.context("cannot wait for Ctrl-C")
}

fn conclude(model: &DemoModel, scenario: &Scenario, first: &[Thread], second: &[Thread]) -> anyhow::Result<()> {
    if !model.is_scripted() {
        say("\nboth iterations were reviewed; what a real model finds is not judged here");
        return Ok(());
    }
    judge_second(first, second, scenario)?;
    say(
        "\nas it should be: every true finding once and at its line, nothing false, made up or repeated, and what was fixed is resolved",
    );
    Ok(())
}

/// The pull request as the API shows it.
struct View<'a> {
    stage: &'a Stage,
    pull_request: u64,
    patience: Duration,
}

impl View<'_> {
    async fn threads(&self) -> anyhow::Result<Vec<Thread>> {
        Thread::list(&self.get("threads").await?)
    }

    /// Until the agent's status says that this iteration was reviewed; the status is the last thing that it writes.
    async fn wait_for_review(&self, iteration: u64, agent: &mut Agent) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            agent.still_runs()?;
            let statuses = self.get("statuses").await?;
            match state_of_review(&statuses, iteration) {
                Some("succeeded") => return Ok(()),
                Some("failed" | "error") => {
                    print(&self.threads().await?);
                    bail!("the review of iteration {iteration} failed; see {}", agent.log().display());
                }
                _ if started.elapsed() > self.patience => {
                    print(&self.threads().await?);
                    bail!("no review of iteration {iteration} within {:?}; see {}", self.patience, agent.log().display());
                }
                _ => pause(Duration::from_millis(200)).await,
            }
        }
    }

    async fn get(&self, what: &str) -> anyhow::Result<Value> {
        let url = format!("{}/{what}?api-version=7.0", self.stage.pull_request_url(self.pull_request));
        let answer = http_client()?.get(&url).basic_auth("", Some(self.stage.token())).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{url} answers {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{url} answers no JSON: {text}"))
    }
}

/// The newest state of `coderabbit/review` for an iteration.
fn state_of_review(statuses: &Value, iteration: u64) -> Option<&str> {
    let ours = statuses["value"].as_array()?.iter().filter(|status| {
        status["context"]["genre"] == "coderabbit" && status["context"]["name"] == "review" && status["iterationId"] == iteration
    });
    ours.max_by_key(|status| status["id"].as_u64())?["state"].as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::state_of_review;

    #[test]
    fn the_newest_status_of_the_iteration_counts() {
        let status = |id: u64, name: &str, iteration: u64, state: &str| json!({ "id": id, "iterationId": iteration, "state": state, "context": { "genre": "coderabbit", "name": name } });
        let statuses = json!({ "value": [
            status(2, "review", 1, "succeeded"), status(1, "review", 1, "pending"), status(3, "review", 2, "pending"),
            status(4, "other", 2, "succeeded"),
        ] });
        assert_eq!(state_of_review(&statuses, 1), Some("succeeded"));
        assert_eq!(state_of_review(&statuses, 2), Some("pending"));
        assert_eq!(state_of_review(&statuses, 3), None);
        assert_eq!(state_of_review(&json!({}), 1), None);
    }
}
