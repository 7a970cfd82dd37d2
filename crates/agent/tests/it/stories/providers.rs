//! A review with each provider: what is posted, and what it is said to have cost.

use coderabbit_agent::store::Store;
use review_core::usage::Usage;
use serde_json::Value;
use testkit::{
    azure_devops::AzureDevOps,
    model::{ModelOptions, ModelServer, Role},
};

use crate::{
    cli,
    harness::{CART, LAST_ITEM, QUERY, Reviewed, Stage, both_rules, cart},
};

const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";
const SONNET: &str = "anthropic.claude-sonnet-4-5-20250929-v1:0";
const OPUS: &str = "anthropic.claude-opus-4-5-20251101-v1:0";

/// A model of the provider, with its list price in dollars per million tokens: input, cached input, output.
type Priced = (&'static str, [f64; 3]);

struct Case {
    provider: &'static str,
    /// Those that write the walkthrough, find and verify.
    models: [Priced; 3],
    variables: fn(&ModelServer) -> Vec<(&'static str, String)>,
}

const OF_OPENAI: [Priced; 3] = [("gpt-4.1-mini", [0.4, 0.1, 1.6]), ("o4-mini", [1.1, 0.275, 4.4]), ("o3", [2.0, 0.5, 8.0])];
const OF_ANTHROPIC: [[f64; 3]; 3] = [[1.0, 0.1, 5.0], [3.0, 0.3, 15.0], [5.0, 0.5, 25.0]];

fn cases() -> [Case; 4] {
    let anthropic = |names: [&'static str; 3]| [0, 1, 2].map(|index: usize| (names[index], OF_ANTHROPIC[index]));
    [
        Case {
            provider: "openai",
            models: OF_OPENAI,
            variables: |server| vec![("OPENAI_BASE_URL", server.base_url()), ("OPENAI_API_KEYS", server.key().to_owned())],
        },
        Case {
            provider: "azure-openai",
            models: OF_OPENAI,
            variables: |server| {
                vec![
                    ("AZURE_OPENAI_ENDPOINT", server.endpoint()),
                    ("AZURE_OPENAI_API_KEY", server.key().to_owned()),
                    ("AZURE_GPT41MINI_DEPLOYMENT_NAME", "our-gpt-4.1-mini".to_owned()),
                    ("AZURE_O4MINI_DEPLOYMENT_NAME", "our-o4-mini".to_owned()),
                    ("AZURE_O3_DEPLOYMENT_NAME", "our-o3".to_owned()),
                ]
            },
        },
        Case {
            provider: "anthropic",
            models: anthropic(["claude-haiku-4-5-20251001", "claude-sonnet-4-5-20250929", "claude-opus-4-5-20251101"]),
            variables: |server| vec![("ANTHROPIC_BASE_URL", server.endpoint()), ("ANTHROPIC_API_KEYS", server.key().to_owned())],
        },
        Case {
            provider: "bedrock-anthropic",
            models: anthropic([HAIKU, SONNET, OPUS]),
            variables: |server| {
                vec![
                    ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.endpoint()),
                    ("AWS_ACCESS_KEY_ID", server.key().to_owned()),
                    ("AWS_SECRET_ACCESS_KEY", "canary-of-aws".to_owned()),
                    ("AWS_REGION", "eu-central-1".to_owned()),
                ]
            },
        },
    ]
}

/// An agent with this provider and nothing of another one.
async fn stage_with(case: &Case) -> Stage {
    let names = case.models.map(|(name, _)| name.to_owned());
    let options = ModelOptions {
        deployments: names.iter().map(|name| (format!("our-{name}"), name.clone())).collect(),
        models: names.to_vec(),
        ..ModelOptions::default()
    };
    let server = ModelServer::start_with(options, both_rules()).await.unwrap();
    let mut variables = vec![("OPENAI_API_KEYS", String::new()), ("OPENAI_BASE_URL", String::new())];
    for (name, value) in (case.variables)(&server) {
        variables.retain(|(known, _)| *known != name);
        variables.push((name, value));
    }
    variables.push(("LLM_PROVIDER", case.provider.to_owned()));
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Stage::set_on(AzureDevOps::builder(), server, &variables).await
}

#[tokio::test]
async fn with_each_provider_a_review_is_posted_and_its_usage_and_cost_are_recorded_shown_and_listed() {
    for case in cases() {
        let provider = case.provider;
        let stage = stage_with(&case).await;
        let pull_request = stage.open(&[(CART, &cart(LAST_ITEM, QUERY))]).await;
        let told = pull_request.reviewed(1).await;
        assert_eq!(told, "succeeded: Reviewed: 2 findings (1 critical, 1 high)", "{provider}");
        assert_eq!(pull_request.inline().len(), 2, "{provider}");
        assert_eq!(stage.model.refusals(), [], "{provider}: asked as its protocol wants it from the first call on");
        stage.counted(r#"coderabbit_agent_jobs_ended_total{outcome="reviewed"}"#, 1).await;

        let store = Store::open(&format!("sqlite://{}", stage.database().display()).into()).await.unwrap();
        let by_model = store.spending_by_model(None).await.unwrap();
        let usage = |name: &str| by_model.iter().find(|spent| spent.on == name).map(|spent| spent.usage).unwrap_or_default();
        let roles = [Role::Walkthrough, Role::Findings, Role::Verdict];
        for ((name, [input, cached, output]), role) in case.models.into_iter().zip(roles) {
            let (usage, calls) = (usage(name), stage.model.calls_of(role));
            assert!(calls.iter().all(|call| call.model.ends_with(name) || name.ends_with(&call.model)), "{provider}: {calls:?}");
            // The server counts four bytes as a token.
            let asked: u64 = calls.iter().map(|call| call.prompt().len().div_ceil(4) as u64).sum();
            assert_eq!((usage.calls, usage.input_tokens), (calls.len() as u64, asked), "{provider}: {name}");
            let tokens = [usage.input_tokens - usage.cached_tokens, usage.cached_tokens, usage.output_tokens];
            let expected: f64 =
                tokens.into_iter().zip([input, cached, output]).map(|(tokens, price)| float(tokens) * price).sum();
            let difference = (float(usage.cost.micros()) - expected).abs();
            assert!(difference <= float(usage.calls), "{provider}: {name} cost {} and not {expected} micro-dollars", usage.cost);
        }
        assert!(usage(case.models[2].0).cached_tokens > 0, "{provider}: the second verifier begins as the first one did");

        let review = store.recent_reviews(1).await.unwrap().remove(0);
        let mut total = Usage::default();
        for spent in &by_model {
            total += spent.usage;
        }
        assert_eq!((review.usage, review.usage.unpriced_calls), (total, 0), "{provider}");
        let Usage { calls, input_tokens, cached_tokens, output_tokens, cost, .. } = total;
        let line = format!(
            "- Model: {calls} calls, {input_tokens} tokens in ({cached_tokens} from the cache), {output_tokens} out; about {cost}\n"
        );
        let walkthrough = pull_request.walkthrough();
        assert!(walkthrough.contains(&line), "{provider}: {line}\n{walkthrough}");

        let database = [("DATABASE_URL", format!("sqlite://{}", stage.database().display()))];
        let listed = cli::run(stage.directory(), &database, &["costs", "--by", "model", "--json"]).await;
        assert_eq!(listed.code, Some(0), "{provider}: {listed:?}");
        let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
        assert_eq!(listed["total"]["cost_microdollars"], cost.micros(), "{provider}: {listed:#}");
        for (name, _) in case.models {
            let row = listed["rows"].as_array().unwrap().iter().find(|row| row["model"] == name);
            let row = row.unwrap_or_else(|| panic!("{provider}: no {name} in {listed:#}"));
            assert_eq!(row["usage"], serde_json::to_value(usage(name)).unwrap(), "{provider}");
        }
        let words = cli::run(stage.directory(), &database, &["costs", "--by", "pull-request"]).await;
        assert!(words.stdout.contains("Web Shop/_git/orders/pullrequest/1"), "{provider}: {}", words.stdout);
        assert!(words.stdout.contains(&format!("about {cost}\n")), "{provider}: {}", words.stdout);
        stage.assert_sound();
    }
}

#[expect(clippy::cast_precision_loss, reason = "tokens and micro-dollars of a test are far below 2^52")]
fn float(number: u64) -> f64 {
    number as f64
}
