//! aimock plays OpenAI, Azure OpenAI and Anthropic.
//!
//! In the story, the verdicts, the walkthrough and the judgement of what was mended were recorded from a real language model that
//! was held to our schemas (`fixtures/recorded.json`, by `cargo xtask peers --record`). The finder's answer is ours
//! (`fixtures/finder.json`): a model that runs on two cores finds nothing, and there would be nothing to judge. The rest is in
//! `fixtures/written.json`.

use std::time::{Duration, Instant};

use coderabbit_agent::llm::{Looks, ModelError, Reply, Role, Tool, ToolUse, Toolbox};
use futures::FutureExt as _;
use review_core::finding::answer::{Answer, ResolutionAnswer, Verdict, VerdictAnswer};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::{
    Variables,
    harness::{PATIENCE, http},
    model,
    story::{play, refused_review},
    told, with,
};

/// What a real model took a minute for is here at once; while it is recorded, it is not.
const RECORDING: Duration = Duration::from_mins(12);

pub(crate) fn openai() -> Variables {
    vec![
        ("OPENAI_BASE_URL", format!("{}/v1", told("TESTKIT_PEER_AIMOCK"))),
        ("OPENAI_API_KEYS", told("TESTKIT_PEER_AIMOCK_KEY")),
        ("LLM_TIMEOUT", told("TESTKIT_PEER_AIMOCK_TIMEOUT_MS")),
    ]
}

fn azure() -> Variables {
    vec![
        ("LLM_PROVIDER", "azure-openai".to_owned()),
        ("AZURE_OPENAI_ENDPOINT", told("TESTKIT_PEER_AIMOCK")),
        ("AZURE_OPENAI_API_KEY", told("TESTKIT_PEER_AIMOCK_KEY")),
        ("AZURE_OPENAI_API_VERSION", "2025-01-01-preview".to_owned()),
        ("AZURE_GPT41_DEPLOYMENT_NAME", "our-gpt".to_owned()),
    ]
}

fn anthropic() -> Variables {
    vec![
        ("LLM_PROVIDER", "anthropic".to_owned()),
        ("ANTHROPIC_BASE_URL", told("TESTKIT_PEER_AIMOCK")),
        ("ANTHROPIC_API_KEYS", told("TESTKIT_PEER_AIMOCK_KEY")),
    ]
}

async fn ask<A: Answer>(variables: &Variables, role: Role, pack: &str) -> Result<Reply<A>, ModelError> {
    model(variables).ask(role, pack, "Answer.", &CancellationToken::new()).await
}

/// The requests that aimock got with `text` in them, oldest first.
async fn journal(text: &str) -> Vec<Value> {
    let url = format!("{}/__aimock/journal", told("TESTKIT_PEER_AIMOCK"));
    let answer = http().get(url).bearer_auth(told("TESTKIT_PEER_AIMOCK_KEY")).send().await.unwrap();
    let entries: Vec<Value> = answer.json().await.unwrap();
    entries.into_iter().filter(|entry| entry.to_string().contains(text)).collect()
}

#[tokio::test]
async fn openai_a_pull_request_is_reviewed_and_its_mending_too() {
    let played = play(&with(openai(), &[("JOB_LEASE_MS", "60000")]), RECORDING).await;
    // What is recorded here is compared by the stories that replay it.
    played.assert_is_reviewed();
    let sent = journal("review_verdict").await;
    let format = &sent.iter().find(|entry| entry["path"] == "/v1/chat/completions").unwrap()["body"]["response_format"];
    assert_eq!((&format["type"], &format["json_schema"]["strict"]), (&"json_schema".into(), &true.into()), "{format:#}");
    assert!(sent.iter().all(|entry| entry["body"]["stream"] == true), "answers come in pieces");
}

#[tokio::test]
async fn azure_the_same_answers_come_over_the_route_of_the_deployment_with_the_version() {
    play(&azure(), PATIENCE).await.assert_is_as_recorded();
    let sent = journal("2025-01-01-preview").await;
    let paths: Vec<&str> = sent.iter().filter_map(|entry| entry["path"].as_str()).collect();
    assert!(paths.contains(&"/openai/deployments/our-gpt/chat/completions?api-version=2025-01-01-preview"), "{paths:?}");
}

#[tokio::test]
async fn anthropic_the_same_answers_come_as_calls_of_the_tool() {
    play(&anthropic(), PATIENCE).await.assert_is_as_recorded();
}

#[tokio::test]
async fn a_wrong_key_ends_the_command_with_the_variable_that_held_it() {
    for (variables, name) in
        [(openai(), "OPENAI_API_KEYS"), (azure(), "AZURE_OPENAI_API_KEY"), (anthropic(), "ANTHROPIC_API_KEYS")]
    {
        let said = refused_review(&with(variables, &[(name, "sk-wrong-canary")])).await;
        assert!(said.contains("Invalid API key") && said.contains(name) && !said.contains("canary"), "{said}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_for_as_long_as_the_server_says() {
    let limited =
        [(openai(), "Rate limited at OpenAI."), (azure(), "Rate limited at Azure."), (anthropic(), "Rate limited at Anthropic.")];
    for (variables, title) in limited {
        let started = Instant::now();
        let reply = ask::<VerdictAnswer>(&variables, Role::Heavy, title).await;
        let reply = reply.unwrap_or_else(|error| panic!("{title}: {error}"));
        assert_eq!(reply.answer.verdict, Verdict::Refuted, "{title}");
        assert!(started.elapsed() >= Duration::from_secs(2), "{title}: {:?}", started.elapsed());
        let statuses: Vec<Value> = journal(title).await.iter().map(|entry| entry["response"]["status"].clone()).collect();
        assert_eq!(statuses, [429, 200], "{title}");
    }
}

#[tokio::test]
async fn anthropics_tool_call_is_the_answer() {
    let reply = ask::<VerdictAnswer>(&anthropic(), Role::Heavy, "Tool call at Anthropic.").await.unwrap();
    assert_eq!((reply.answer.verdict, reply.answer.worth_changing), (Verdict::CannotTell, false));
    assert_eq!(journal("Tool call at Anthropic.").await.len(), 1, "no repair was needed");
}

#[tokio::test]
async fn a_stream_that_ends_in_the_middle_is_no_answer_and_is_asked_for_again() {
    let cut = [(openai(), "Cut stream at OpenAI."), (azure(), "Cut stream at Azure."), (anthropic(), "Cut stream at Anthropic.")];
    for (variables, title) in cut {
        let reply = ask::<VerdictAnswer>(&variables, Role::Heavy, title).await;
        let reply = reply.unwrap_or_else(|error| panic!("{title}: {error}"));
        assert_eq!(reply.answer.verdict, Verdict::Confirmed, "{title}");
        assert_eq!(reply.usage.calls, 1, "{title}: what was cut is not repaired");
        assert_eq!(journal(title).await.len(), 2, "{title}");
    }
}

#[tokio::test]
async fn a_tool_is_used_by_a_streamed_call_and_its_result_goes_back_under_the_calls_id() {
    let parameters = json!({
        "type": "object",
        "properties": { "under": { "type": "string" } },
        "required": ["under"],
        "additionalProperties": false,
    });
    let tools = [Tool { name: "list_files", description: "Lists files.", parameters }];
    let run = |tool_use: ToolUse| {
        assert_eq!(tool_use.name, "list_files");
        assert_eq!(serde_json::from_str::<Value>(&tool_use.arguments).unwrap(), json!({ "under": "src" }));
        async { "src/seen.py".to_owned() }.boxed()
    };
    let looks = Looks {
        toolbox: Toolbox { tools: &tools, words: "Look first." },
        most_turns: 2,
        most_bytes: 100_000,
        most_tokens: 100_000,
        run: &run,
    };
    let looking =
        [(openai(), "Look further at OpenAI."), (azure(), "Look further at Azure."), (anthropic(), "Look further at Anthropic.")];
    for (variables, title) in looking {
        let model = model(&variables);
        let reply = model.investigate(Role::Heavy, title, "Answer.", Some(&looks), None, &CancellationToken::new()).await;
        let reply: Reply<VerdictAnswer> = reply.unwrap_or_else(|error| panic!("{title}: {error}"));
        assert_eq!((reply.answer.verdict, reply.usage.calls), (Verdict::Confirmed, 2), "{title}");
        let sent = journal(title).await;
        assert!(sent.last().unwrap()["body"].to_string().contains("src/seen.py"), "{title}: {sent:#?}");
    }
}

#[tokio::test]
async fn an_answer_outside_of_the_schema_is_repaired_once() {
    let reply = ask::<ResolutionAnswer>(&openai(), Role::Light, "Prose instead of JSON.").await.unwrap();
    assert!(reply.answer.fixed);
    assert_eq!(reply.usage.calls, 2);
}

#[tokio::test]
async fn what_aimock_knows_no_answer_to_is_an_error_in_its_words() {
    let hurried = with(openai(), &[("LLM_TIMEOUT", "1000")]);
    let error = ask::<ResolutionAnswer>(&hurried, Role::Light, "Nobody recorded this.").await.unwrap_err();
    assert!(error.to_string().contains("no fixture matched"), "{error}");
}
