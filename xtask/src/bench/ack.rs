//! `cargo xtask bench ack`: how fast webhooks are acknowledged while a review runs.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use serde_json::{Value, json};
use testkit::{
    model::{ModelServer, Role, Script},
    scenario,
};

use crate::{
    agent::{self, Agent, HOOK_PASSWORD, HOOK_USER, Surroundings, http_client},
    demo::{Stage, scripted_variables},
    process::say,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Events a second.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u32,
    /// 99 of 100 acknowledgements must come within this many milliseconds.
    #[arg(long, default_value_t = 10.0)]
    limit_ms: f64,
}

/// Milliseconds from the moment an event was due to the moment its answer was there.
#[derive(Debug, Default)]
struct Measured {
    milliseconds: Vec<f64>,
    refused: Vec<String>,
}

pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.rate == 0 || arguments.seconds == 0 {
        bail!("a rate and a time of at least 1 are needed");
    }
    say("building the agent (release)");
    let binary = agent::build(true)?;
    let scenario = scenario::orders();
    let model = ModelServer::start(Script::silent()).await?;
    let gate = model.hold(Role::Findings);
    let stage = Stage::set(&scenario, 0).await?;
    let surroundings =
        Surroundings { collection_url: stage.collection_url(), token: stage.token(), model: scripted_variables(&model) };
    let mut agent = Agent::start(&binary, &surroundings).await?;
    let hook = agent.url("/azure_webhooks");
    let pull_request = stage.open_pull_request(&scenario).await?;
    let event = event(&stage, pull_request).await?;

    post(&hook, &numbered(&event, 0)).await?;
    gate.wait_for_held(1).await.context("no review began")?;
    say(&format!("a review runs; sending {} events a second for {} s", arguments.rate, arguments.seconds));
    let measured = send(&hook, &event, arguments).await?;
    agent.still_runs()?;
    gate.release();
    report(measured, arguments)
}

/// Sends at the given rate whether or not answers come: what waits in a queue counts as slow, too.
async fn send(hook: &str, event: &Value, arguments: &Arguments) -> anyhow::Result<Measured> {
    let measured = Arc::new(Mutex::new(Measured::default()));
    let client = http_client()?;
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / arguments.rate);
    let mut under_way = tokio::task::JoinSet::new();
    for number in 1..=u64::from(arguments.rate) * u64::from(arguments.seconds) {
        // Made beforehand, so that only the agent is measured.
        let body = numbered(event, number);
        let due = ticks.tick().await.into_std();
        let (client, hook, measured) = (client.clone(), hook.to_owned(), Arc::clone(&measured));
        under_way.spawn(async move {
            let answer = delivery(&client, &hook, body).send().await;
            let took = Instant::now().duration_since(due).as_secs_f64() * 1_000.0;
            let mut measured = measured.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Ok(answer) if answer.status().is_success() => measured.milliseconds.push(took),
                Ok(answer) => measured.refused.push(answer.status().to_string()),
                Err(error) => measured.refused.push(format!("{error:#}")),
            }
        });
    }
    while let Some(ended) = under_way.join_next().await {
        ended?;
    }
    Ok(std::mem::take(&mut measured.lock().unwrap_or_else(PoisonError::into_inner)))
}

fn report(mut measured: Measured, arguments: &Arguments) -> anyhow::Result<()> {
    measured.milliseconds.sort_by(f64::total_cmp);
    let answered = measured.milliseconds.len();
    let (p50, p99) = (percentile(&measured.milliseconds, 50), percentile(&measured.milliseconds, 99));
    let max = measured.milliseconds.last().copied().unwrap_or(f64::NAN);
    say(&format!("acknowledged {answered} of {} events", answered + measured.refused.len()));
    say(&format!("p50 {p50:.2} ms, p99 {p99:.2} ms, max {max:.2} ms"));
    let summary = json!({
        "bench": "ack", "rate": arguments.rate, "seconds": arguments.seconds, "acknowledged": answered,
        "refused": measured.refused.len(), "p50_ms": rounded(p50), "p99_ms": rounded(p99), "max_ms": rounded(max),
    });
    say(&summary.to_string());
    if let Some(first) = measured.refused.first() {
        bail!("{} events were not acknowledged, the first one: {first}", measured.refused.len());
    }
    if p99 >= arguments.limit_ms {
        bail!("p99 is {p99:.2} ms, not under {} ms", arguments.limit_ms);
    }
    Ok(())
}

/// To microseconds.
fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1_000.0).round() / 1_000.0
}

/// The value that `percent` of 100 values do not exceed (nearest rank); NaN of none.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(f64::NAN)
}

/// A *pull request updated* event about a real pull request.
async fn event(stage: &Stage, pull_request: u64) -> anyhow::Result<Value> {
    let url = format!("{}?api-version=7.0", stage.pull_request_url(pull_request));
    let answer = http_client()?.get(&url).basic_auth("", Some(stage.token())).send().await?;
    let resource: Value = serde_json::from_str(&answer.text().await?).with_context(|| format!("{url} answers no JSON"))?;
    let base_url = format!("{}/", stage.collection_url());
    Ok(json!({
        "subscriptionId": "6b0d9d9c-2f6c-4b6e-9e0c-3e6a0e1d7b01",
        "eventType": "git.pullrequest.updated",
        "publisherId": "tfs",
        "message": { "text": "Ada updated the source branch of pull request 1 in orders" },
        "resource": resource,
        "resourceVersion": "1.0",
        "resourceContainers": {
            "collection": { "id": "7a5f0f0a-6f6b-4f4a-8e9a-1d7a52f4a001", "baseUrl": base_url },
            "project": { "id": resource["repository"]["project"]["id"], "baseUrl": base_url },
        },
        "createdDate": "2026-11-01T08:00:00.0000000Z",
    }))
}

/// The event as a delivery of its own.
fn numbered(event: &Value, number: u64) -> String {
    let mut event = event.clone();
    event["notificationId"] = json!(number + 1);
    event["id"] = json!(format!("5f3c1d2e-0000-4000-8000-{number:012x}"));
    event.to_string()
}

/// As the service delivers.
fn delivery(client: &reqwest::Client, hook: &str, body: String) -> reqwest::RequestBuilder {
    client.post(hook).basic_auth(HOOK_USER, Some(HOOK_PASSWORD)).header("content-type", "application/json").body(body)
}

async fn post(hook: &str, body: &str) -> anyhow::Result<()> {
    let answer = delivery(&http_client()?, hook, body.to_owned()).send().await?;
    if !answer.status().is_success() {
        bail!("{hook} answers {} to a webhook", answer.status());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        for (values, percent, expected) in
            [(hundred.as_slice(), 50, 50.0), (&hundred, 99, 99.0), (&[7.0], 99, 7.0), (&[1.0, 2.0], 99, 2.0)]
        {
            assert!(percentile(values, percent).total_cmp(&expected).is_eq(), "{percent} of {} values", values.len());
        }
        assert!(percentile(&[], 99).is_nan());
    }
}
