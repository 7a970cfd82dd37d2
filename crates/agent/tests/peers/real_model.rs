//! A language model on this machine reviews a pull request. It is too small to be relied on: what is asserted is the protocol
//! and the structure of what is posted, never what was found.

use std::time::Duration;

use crate::{
    Variables,
    bedrock::bedrock,
    harness::{CART, Reviewed as _},
    story::{Played, play},
    told, with,
};

/// For the review of one iteration, on two cores.
const PATIENCE: Duration = Duration::from_mins(12);

/// `model`: the name by which it is asked.
async fn assert_is_reviewed(route: Variables, model: &str) {
    let patient = [
        ("LLM_TIMEOUT", "600000"),
        ("JOB_LEASE_MS", "60000"),
        // The server has room for 8,192 tokens, with the answer.
        ("PROMPT_TOKENS", "4000"),
    ];
    let Played { stage, pull_request, statuses } = play(&with(route, &patient), PATIENCE).await;
    assert!(statuses.iter().all(|status| status.starts_with("succeeded: Reviewed")), "{statuses:?}");
    let walkthrough = pull_request.walkthrough();
    assert!(walkthrough.contains("## Walkthrough") && walkthrough.contains(CART), "{walkthrough}");
    assert!(!walkthrough.contains("[ministack mock"), "{walkthrough}");
    for thread in pull_request.inline() {
        let (first, last) = thread.right.or(thread.left).unwrap();
        assert!(thread.path.as_deref() == Some(CART) && first <= last && last <= 13, "{thread:#?}");
    }
    for (role, direction) in [("light", "input"), ("light", "output"), ("medium", "input"), ("medium", "output")] {
        let line = format!("coderabbit_agent_model_tokens_total{{role=\"{role}\",model=\"{model}\",direction=\"{direction}\"}}");
        assert!(stage.count(&line).await > 0, "{line}: {}", stage.get("/metrics").await.1);
    }
}

#[tokio::test]
async fn openai_a_pull_request_is_reviewed_and_its_mending_too() {
    let route =
        vec![("OPENAI_BASE_URL", format!("{}/v1", told("TESTKIT_PEER_LLM"))), ("OPENAI_API_KEYS", told("TESTKIT_PEER_LLM_KEY"))];
    assert_is_reviewed(route, "qwen2.5-coder-1.5b").await;
}

#[tokio::test]
async fn azure_a_pull_request_is_reviewed_and_its_mending_too() {
    let route = vec![
        ("LLM_PROVIDER", "azure-openai".to_owned()),
        ("AZURE_OPENAI_ENDPOINT", told("TESTKIT_PEER_LLM")),
        ("AZURE_OPENAI_API_KEY", told("TESTKIT_PEER_LLM_KEY")),
        ("AZURE_GPT41_DEPLOYMENT_NAME", told("TESTKIT_PEER_LLM_DEPLOYMENT")),
    ];
    assert_is_reviewed(route, "gpt-4.1").await;
}

#[tokio::test]
async fn bedrock_a_pull_request_is_reviewed_by_signed_requests_and_its_mending_too() {
    assert_is_reviewed(bedrock(&told("TESTKIT_PEER_MINISTACK")), crate::bedrock::HAIKU).await;
}
