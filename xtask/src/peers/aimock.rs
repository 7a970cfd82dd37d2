//! aimock (MIT), the model side: it answers from fixtures, checks keys, limits rates.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{Running, Variables};
use crate::{
    daemon::{Daemon, Ready},
    process::{self, command, free_port, root, say, work_dir},
    real_model, tools,
};

const START: Duration = Duration::from_secs(30);
const READY: Ready<'_> = Ready::Answers { path: "/health" };
const KEY: &str = "sk-aimock-accepts-this-one";
const FIXTURES: &str = "crates/agent/tests/peers/fixtures";
/// Written by hand, and there also while the others are recorded.
const REVIEWER: &str = "reviewer.json";
const RECORDED: &str = "recorded.json";
/// The test whose questions are recorded.
const STORY: &str = "binary(peers) & test(=aimock::openai_a_pull_request_is_reviewed_and_its_mending_too)";

/// What a line of a question begins with that tells it from all others of the story, and the name of the answer's schema.
const KEYS: [(&str, &str); 3] = [
    ("# Your task: was this finding settled", "review_resolution"),
    ("scenario: ", "review_verdict"),
    ("# Your task: describe the change", "review_walkthrough"),
];

pub(super) fn start() -> anyhow::Result<Running> {
    let daemon = replay(Some(KEY), &work_dir("aimock-logs")?.join("aimock.log"))?;
    let variables = told(&daemon, KEY, Duration::from_secs(10));
    Ok(Running { daemons: vec![daemon], variables })
}

/// `timeout`: for one call, what is at once when it is recorded and takes minutes before.
fn told(daemon: &Daemon, key: &str, timeout: Duration) -> Variables {
    vec![
        ("TESTKIT_PEER_AIMOCK", daemon.url()),
        ("TESTKIT_PEER_AIMOCK_KEY", key.to_owned()),
        ("TESTKIT_PEER_AIMOCK_TIMEOUT_MS", timeout.as_millis().to_string()),
    ]
}

/// One that asks for no key.
pub(super) fn behind_ministack(logs: &Path) -> anyhow::Result<Daemon> {
    replay(None, &logs.join("aimock.log"))
}

fn replay(key: Option<&str>, log: &Path) -> anyhow::Result<Daemon> {
    let port = free_port()?;
    let mut command = serve(port)?;
    // Validated and strict: a fixture that it cannot read, and a question that it does not know, are errors.
    command.arg("-f").arg(root().join(FIXTURES)).args(["--strict", "--validate-on-load"]);
    if let Some(key) = key {
        command.env("AIMOCK_API_KEYS", key);
    }
    Daemon::start("aimock", command, (port, READY), log, START)
}

fn serve(port: u16) -> anyhow::Result<Command> {
    let packages = tools::locked_node()?;
    let program = packages.place.join("node_modules/@copilotkit/aimock/dist/cli.js");
    if !program.is_file() {
        bail!("there is no {}; remove {} and try again", program.display(), packages.place.display());
    }
    let mut command = command(&packages.node);
    command.arg(program).args(["--host", "127.0.0.1", "--port", &port.to_string(), "--log-level", "warn"]);
    Ok(command)
}

/// Lets the story ask a real model through aimock, and keeps what it answered.
pub(super) fn record() -> anyhow::Result<()> {
    tools::for_peers()?;
    super::build()?;
    let model = real_model::start(&real_model::Shape::OpenAi)?;
    let recording = tempfile::tempdir().context("no temporary directory")?;
    let reviewer = root().join(FIXTURES).join(REVIEWER);
    fs::copy(&reviewer, recording.path().join(REVIEWER)).with_context(|| format!("cannot copy {}", reviewer.display()))?;
    let port = free_port()?;
    let mut command = serve(port)?;
    command.arg("-f").arg(recording.path()).args(["--record", "--provider-openai", &model.url()]);
    command.args(["--upstream-timeout-ms", "600000", "--body-timeout-ms", "600000"]);
    let log = work_dir("aimock-logs")?.join("recording.log");
    let aimock = Daemon::start("aimock", command, (port, READY), &log, START)?;
    super::test(STORY, told(&aimock, real_model::KEY, Duration::from_mins(10)).into_iter()).0?;

    let recorded = recording.path().join("recorded");
    let mut files: Vec<PathBuf> = fs::read_dir(&recorded)
        .with_context(|| format!("aimock recorded nothing in {}", recorded.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    // Their names begin with the time.
    files.sort();
    let mut fixtures: Vec<Value> = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let recorded: Value = serde_json::from_str(&text).with_context(|| format!("{} is no JSON", file.display()))?;
        for fixture in recorded["fixtures"].as_array().into_iter().flatten() {
            // The second walkthrough is asked for by the words of the first.
            fixtures.extend(
                kept(fixture)?
                    .into_iter()
                    .filter(|new| !fixtures.iter().any(|old| old["match"] == new["match"]))
                    .collect::<Vec<_>>(),
            );
        }
    }
    let file = root().join(FIXTURES).join(RECORDED);
    fs::write(&file, serde_json::to_string_pretty(&json!({ "fixtures": fixtures }))? + "\n")
        .with_context(|| format!("cannot write {}", file.display()))?;
    say(&format!("  {} answers in {}", fixtures.len(), file.display()));
    process::run(process::command("git").args(["diff", "--stat", "--", FIXTURES]))
}

/// The answer with its usage for every model, as the call of a tool where one is offered, and as text. It is found by one line of
/// its question, so also after the wording of the prompts was improved.
fn kept(fixture: &Value) -> anyhow::Result<[Value; 2]> {
    let question = fixture["match"]["userMessage"].as_str().unwrap_or_default();
    let key = KEYS.iter().find_map(|(key, schema)| Some((question.lines().find(|line| line.starts_with(key))?, *schema)));
    let Some((line, schema)) = key else { bail!("a question that no key tells from others: {question}") };
    let (content, usage) = (&fixture["response"]["content"], &fixture["response"]["usage"]);
    let answer: Value = match content {
        Value::String(text) => serde_json::from_str(text).with_context(|| format!("the model answered {text:?}"))?,
        parsed => parsed.clone(),
    };
    Ok([
        json!({
            "match": { "userMessage": line, "toolName": schema },
            "response": { "toolCalls": [{ "name": schema, "arguments": answer }], "usage": usage },
        }),
        json!({ "match": { "userMessage": line }, "response": { "content": answer.to_string(), "usage": usage } }),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::kept;

    #[test]
    fn a_recorded_answer_is_found_by_a_line_of_its_question_and_given_in_both_forms() {
        let recorded = json!({
            "match": { "userMessage": "# The claim\nclaim: No.\nscenario: An empty cart.\n", "model": "gpt-4", "turnIndex": 0 },
            "response": { "content": "{\"verdict\": \"confirmed\"}", "usage": { "prompt_tokens": 7 } },
            "metadata": { "systemHash": "1" },
        });
        let usage = json!({ "prompt_tokens": 7 });
        let call = json!({ "name": "review_verdict", "arguments": { "verdict": "confirmed" } });
        let wanted = [
            json!({
                "match": { "userMessage": "scenario: An empty cart.", "toolName": "review_verdict" },
                "response": { "toolCalls": [call], "usage": usage },
            }),
            json!({
                "match": { "userMessage": "scenario: An empty cart." },
                "response": { "content": "{\"verdict\":\"confirmed\"}", "usage": usage },
            }),
        ];
        assert_eq!(kept(&recorded).unwrap(), wanted);
        assert!(kept(&json!({ "match": { "userMessage": "Who are you?" } })).is_err());
    }
}
