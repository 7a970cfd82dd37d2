//! What the agent asks of each provider in its own protocol, and what it makes of the answers.

use std::time::{Duration, Instant};

use coderabbit_agent::{
    app,
    llm::{Begun, Looks, Model, ModelError, Reply, Role as Rank, Tool, ToolUse, Toolbox},
    net::HttpClients,
    settings::{Loaded, Purpose, Settings},
};
use futures::FutureExt as _;
use review_core::finding::answer::WalkthroughAnswer;
use testkit::{
    model::{Fault, ModelOptions, ModelServer, Role, Script},
    oauth2::{CLIENT_ID, CLIENT_SECRET, TokenServer},
};
use tokio_util::sync::CancellationToken;

/// What is behind the deployments; none is called like its model.
const DEPLOYMENTS: [(&str, &str); 4] =
    [("our-mini", "gpt-4.1-mini"), ("our-o4", "o4-mini"), ("our-o3", "o3"), ("our-gpt", "gpt-4.1")];

struct Provider {
    server: ModelServer,
    model: Model,
}

impl Provider {
    async fn start(options: ModelOptions, variables: impl FnOnce(&ModelServer) -> Vec<(&'static str, String)>) -> Self {
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let server = ModelServer::start_with(options, Script::silent()).await.unwrap();
        let mut variables = variables(&server);
        variables.push(("LLM_TIMEOUT", "10000".to_owned()));
        let variables: Vec<(String, String)> = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let Loaded { settings, .. } =
            Settings::from_vars(Purpose::LocalReview, &variables).unwrap_or_else(|bad| panic!("{bad:#?}"));
        let http = HttpClients::new(&settings.network).unwrap();
        let model = Model::new(&settings.model, &http, settings.redactor(), None, None, app::now).unwrap();
        Self { server, model }
    }

    async fn azure(more: &[(&'static str, &str)]) -> Self {
        let options = ModelOptions {
            models: DEPLOYMENTS.map(|(_, model)| model.to_owned()).to_vec(),
            deployments: DEPLOYMENTS.map(|(name, model)| (name.to_owned(), model.to_owned())).to_vec(),
            ..ModelOptions::default()
        };
        Self::start(options, |server| {
            let mut variables = vec![
                ("LLM_PROVIDER", "azure-openai".to_owned()),
                ("AZURE_OPENAI_ENDPOINT", server.endpoint()),
                ("AZURE_OPENAI_API_KEY", server.key().to_owned()),
                ("AZURE_GPT41MINI_DEPLOYMENT_NAME", "our-mini".to_owned()),
                ("AZURE_O4MINI_DEPLOYMENT_NAME", "our-o4".to_owned()),
                ("AZURE_O3_DEPLOYMENT_NAME", "our-o3".to_owned()),
                ("AZURE_GPT41_DEPLOYMENT_NAME", "our-gpt".to_owned()),
            ];
            for (name, value) in more {
                variables.retain(|(known, _)| known != name);
                variables.push((name, (*value).to_owned()));
            }
            variables
        })
        .await
    }

    async fn anthropic() -> Self {
        let models = ["claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"];
        let options = ModelOptions { models: models.map(str::to_owned).to_vec(), ..ModelOptions::default() };
        Self::start(options, |server| {
            vec![
                ("LLM_PROVIDER", "anthropic".to_owned()),
                ("ANTHROPIC_BASE_URL", server.endpoint()),
                ("ANTHROPIC_API_KEYS", server.key().to_owned()),
            ]
        })
        .await
    }

    async fn bedrock(options: ModelOptions, more: &[(&'static str, &str)]) -> Self {
        Self::start(options, |server| {
            let mut variables = vec![
                ("LLM_PROVIDER", "bedrock-anthropic".to_owned()),
                ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.endpoint()),
                ("AWS_ACCESS_KEY_ID", server.key().to_owned()),
                ("AWS_SECRET_ACCESS_KEY", "secret-canary".to_owned()),
                ("AWS_REGION", "eu-central-1".to_owned()),
            ];
            for (name, value) in more {
                variables.retain(|(known, _)| known != name);
                variables.push((name, (*value).to_owned()));
            }
            variables
        })
        .await
    }

    /// Lets the model look around once, with what it finds there.
    async fn investigate(&self, rank: Rank, found: &'static str) -> Result<Reply<WalkthroughAnswer>, ModelError> {
        let parameters = serde_json::json!({
            "type": "object",
            "properties": { "under": { "type": "string" } },
            "required": ["under"],
            "additionalProperties": false,
        });
        let tools = [Tool { name: "list_files", description: "Lists files.", parameters }];
        let run = |tool_use: ToolUse| {
            assert_eq!((tool_use.name.as_str(), tool_use.arguments.as_str()), ("list_files", r#"{"under":"src"}"#));
            async move { found.to_owned() }.boxed()
        };
        let toolbox = Toolbox { tools: &tools, words: "Look first." };
        let looks = Looks { toolbox, most_turns: 2, most_bytes: 100_000, most_tokens: 100_000, run: &run };
        let cancel = CancellationToken::new();
        self.model.investigate(rank, "the change", "Write the walkthrough.", Some(&looks), None, &cancel).await
    }

    /// Returns when the answer begins to come, or is to be waited for no longer; the answer is not awaited.
    async fn begins(&self) {
        let (begun, cancel) = (Begun::default(), CancellationToken::new());
        let asking =
            self.model.investigate::<WalkthroughAnswer>(Rank::Light, "the change", "Write.", None, Some(&begun), &cancel);
        tokio::select! {
            biased;
            answer = asking => panic!("{:?} was to begin, not to end: {answer:?}", self.model),
            () = begun.wait(crate::harness::PATIENCE) => {}
        }
    }

    async fn ask(&self, rank: Rank) -> Result<Reply<WalkthroughAnswer>, ModelError> {
        self.model.ask(rank, "the change", "Write the walkthrough.", &CancellationToken::new()).await
    }
}

#[tokio::test]
async fn azures_deployments_play_the_roles_of_their_models() {
    let azure = Provider::azure(&[]).await;
    let table = azure.model.table().await.unwrap();
    assert_eq!(table.to_string(), "light gpt-4.1-mini (then gpt-4.1), medium o4-mini (then gpt-4.1), heavy o3 (then gpt-4.1)");
    for (rank, model) in [(Rank::Light, "gpt-4.1-mini"), (Rank::Medium, "o4-mini"), (Rank::Heavy, "o3")] {
        let reply = azure.ask(rank).await.unwrap();
        assert_eq!(reply.model, model);
        assert!(reply.usage.input_tokens > 0);
    }
    let asked: Vec<String> = azure.server.calls().into_iter().map(|call| call.model).collect();
    assert_eq!(asked, ["gpt-4.1-mini", "o4-mini", "o3"], "the deployment of each was asked");
    assert_eq!(azure.server.refusals(), []);
}

#[tokio::test]
async fn every_provider_lets_its_model_look_further_and_gets_what_was_seen() {
    let options = ModelOptions { models: vec!["anthropic.claude-haiku-4-5-20251001-v1:0".to_owned()], ..ModelOptions::default() };
    let bedrock = Provider::bedrock(options, &[]).await;
    for provider in [Provider::azure(&[]).await, Provider::anthropic().await, bedrock] {
        let script = Script::silent().looking(Role::Walkthrough, "list_files", serde_json::json!({ "under": "src" }));
        provider.server.set_script(script);
        let reply = provider.investigate(Rank::Light, "src/canary.py").await.unwrap();
        assert_eq!(reply.usage.calls, 2, "{:?}", provider.model);
        let calls = provider.server.calls();
        assert_eq!(calls.len(), 2, "{:?}", provider.model);
        assert!(calls[1].prompt().contains("src/canary.py"), "{:#}", calls[1].body);
        assert_eq!(provider.server.refusals(), [], "{:?}", provider.model);
    }
}

#[tokio::test]
async fn the_beginning_of_an_answer_is_told_while_the_rest_is_still_to_come() {
    for provider in [Provider::azure(&[]).await, Provider::anthropic().await, Provider::bedrock(bedrock_models(), &[]).await] {
        provider.server.fault(Role::Walkthrough, 1, Fault::Stalls);
        let before = Instant::now();
        provider.begins().await;
        assert!(before.elapsed() < Duration::from_secs(9), "before the stream was found to be cut: {:?}", before.elapsed());
        assert_eq!(provider.server.calls().len(), 1, "{:?}", provider.model);
    }
    // What comes all at once is not waited for.
    let whole = Provider::bedrock(ModelOptions { whole_answers_only: true, ..bedrock_models() }, &[]).await;
    whole.ask(Rank::Light).await.unwrap();
    let gate = whole.server.hold(Role::Walkthrough);
    whole.begins().await;
    gate.release();
}

#[tokio::test]
async fn an_answer_that_flows_may_take_longer_than_one_that_has_not_begun_and_one_that_stalls_is_cut() {
    let azure = Provider::azure(&[("LLM_TIMEOUT", "1000")]).await;
    azure.server.fault(Role::Walkthrough, 1, Fault::SlowTokens { pause: Duration::from_millis(8) });
    let begun = Instant::now();
    azure.ask(Rank::Light).await.unwrap();
    assert!(begun.elapsed() > Duration::from_secs(1), "it took longer than LLM_TIMEOUT: {:?}", begun.elapsed());
    assert_eq!(azure.server.calls().len(), 1, "and was not asked for again");

    azure.server.fault(Role::Walkthrough, 1, Fault::Stalls);
    azure.ask(Rank::Light).await.unwrap();
    assert_eq!(azure.server.calls().len(), 3, "the one that stalled was asked again");
}

#[tokio::test]
async fn bedrocks_streams_are_read_to_their_end_or_not_at_all_and_done_without_where_they_are_forbidden() {
    let options =
        || ModelOptions { models: vec!["anthropic.claude-haiku-4-5-20251001-v1:0".to_owned()], ..ModelOptions::default() };
    let bedrock = Provider::bedrock(options(), &[]).await;
    for fault in [Fault::Cut, Fault::ServerError] {
        bedrock.server.fault(Role::Walkthrough, 1, fault.clone());
        let reply = bedrock.ask(Rank::Light).await.unwrap();
        assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0, "{fault:?}");
    }
    assert_eq!(bedrock.server.calls().len(), 4, "what was cut was asked for again");

    let bedrock = Provider::bedrock(ModelOptions { whole_answers_only: true, ..options() }, &[]).await;
    for _ in 0..2 {
        bedrock.ask(Rank::Light).await.unwrap();
    }
    assert_eq!((bedrock.server.calls().len(), bedrock.server.refusals().len()), (2, 1), "the missing right is remembered");
}

#[tokio::test]
async fn bedrock_has_as_long_for_its_answer_as_all_others() {
    let bedrock = Provider::bedrock(bedrock_models(), &[]).await;
    bedrock.server.fault(Role::Walkthrough, 1, Fault::SlowTokens { pause: Duration::from_millis(40) });
    let begun = Instant::now();
    bedrock.ask(Rank::Light).await.unwrap();
    // The SDK by itself takes five seconds without a byte of the request for a stalled connection.
    assert!(begun.elapsed() > Duration::from_secs(6), "it was slower than the SDK's patience: {:?}", begun.elapsed());
    assert_eq!(bedrock.server.calls().len(), 1, "and was not asked for again");
}

#[tokio::test]
async fn a_deployment_that_is_gone_is_stood_in_for_and_not_asked_again() {
    let azure = Provider::azure(&[("AZURE_O3_DEPLOYMENT_NAME", "deleted")]).await;
    for _ in 0..2 {
        assert_eq!(azure.ask(Rank::Heavy).await.unwrap().model, "gpt-4.1");
    }
    let refused = azure.server.refusals();
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert_eq!(refused[0].1["error"]["code"], "DeploymentNotFound");
}

#[tokio::test]
async fn when_no_model_of_a_role_is_there_the_error_names_the_first_and_what_to_set() {
    let more = [("AZURE_O3_DEPLOYMENT_NAME", "deleted"), ("AZURE_GPT41_DEPLOYMENT_NAME", "deleted-too")];
    let error = Provider::azure(&more).await.ask(Rank::Heavy).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ModelError::ModelMissing { ref model, .. } if model == "o3"), "{text}");
    assert!(text.contains("deployment for this resource does not exist") && text.contains("the deployment's name"), "{text}");
}

#[tokio::test]
async fn a_model_that_is_overloaded_past_its_time_or_too_small_is_stood_in_for() {
    let azure = Provider::azure(&[("LLM_TIMEOUT", "1000")]).await;
    azure.server.fault(Role::Walkthrough, 1, Fault::ContextTooLong);
    assert_eq!(azure.ask(Rank::Heavy).await.unwrap().model, "gpt-4.1");
    assert_eq!(azure.ask(Rank::Heavy).await.unwrap().model, "o3", "it was the request that was too long for it");

    azure.server.fault(Role::Walkthrough, 1, Fault::RateLimited { retry_after: 60 });
    assert_eq!(azure.ask(Rank::Heavy).await.unwrap().model, "gpt-4.1");
    assert_eq!(azure.ask(Rank::Heavy).await.unwrap().model, "gpt-4.1", "it is left alone for a while");
}

#[tokio::test]
async fn azures_refusals_say_which_variable_to_mend() {
    let error = Provider::azure(&[("AZURE_OPENAI_API_KEY", "wrong-key-canary")]).await.ask(Rank::Light).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ModelError::Unauthorized { variable: "AZURE_OPENAI_API_KEY", .. }), "{text}");
    assert!(text.contains("invalid subscription key") && !text.contains("canary"), "{text}");
}

#[tokio::test]
async fn an_older_version_of_azures_api_is_asked_in_the_form_that_it_takes() {
    let azure = Provider::azure(&[("AZURE_OPENAI_API_VERSION", "2024-06-01")]).await;
    azure.ask(Rank::Light).await.unwrap();
    let calls = azure.server.calls();
    assert_eq!(calls.last().unwrap().body["response_format"]["type"], "json_object");
}

#[tokio::test]
async fn anthropic_is_asked_with_a_forced_tool_and_a_point_for_its_cache() {
    let anthropic = Provider::anthropic().await;
    let reply = anthropic.ask(Rank::Light).await.unwrap();
    assert_eq!(reply.model, "claude-haiku-4-5-20251001");
    assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
    let call = &anthropic.server.calls_of(Role::Walkthrough)[0];
    assert_eq!(call.body["tool_choice"]["name"], "review_walkthrough");
    assert_eq!(call.body["messages"][0]["content"][0]["cache_control"]["type"], "ephemeral");
    assert_eq!(anthropic.server.refusals(), []);
}

#[tokio::test]
async fn anthropics_faults_are_repaired_waited_out_or_told() {
    for fault in [Fault::Prose, Fault::WrongShape, Fault::Empty] {
        let anthropic = Provider::anthropic().await;
        anthropic.server.fault(Role::Walkthrough, 1, fault.clone());
        let reply = anthropic.ask(Rank::Medium).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(reply.usage.calls, 2, "{fault:?}");
        assert_eq!(anthropic.server.refusals(), [], "{fault:?}");
    }
    let anthropic = Provider::anthropic().await;
    anthropic.server.fault(Role::Walkthrough, 1, Fault::RateLimited { retry_after: 1 });
    anthropic.ask(Rank::Medium).await.unwrap();
    anthropic.server.fault(Role::Walkthrough, 1, Fault::Unauthorized);
    let error = anthropic.ask(Rank::Medium).await.unwrap_err();
    assert!(matches!(error, ModelError::Unauthorized { variable: "ANTHROPIC_API_KEYS", .. }), "{error}");
    anthropic.server.fault(Role::Walkthrough, 2, Fault::ContextTooLong);
    let error = anthropic.ask(Rank::Medium).await.unwrap_err();
    assert!(matches!(error, ModelError::ContextTooLong { .. }), "{error}");
}

/// A server that takes one token, and one that issues two; the first has been withdrawn.
async fn behind_tokens(provider: &str, client_secret: &str) -> (Provider, TokenServer) {
    let tokens = TokenServer::start(&["withdrawn-token-1", "good-token-2"]).await.unwrap();
    let options = ModelOptions {
        keys: vec!["good-token-2".to_owned()],
        models: vec!["gpt-4.1".to_owned(), "claude-haiku-4-5".to_owned()],
        deployments: vec![("our-gpt".to_owned(), "gpt-4.1".to_owned())],
        ..ModelOptions::default()
    };
    let provider = Provider::start(options, |server| {
        let oauth2 = [
            ("OAUTH2_ENDPOINT", tokens.endpoint()),
            ("OAUTH2_CLIENT_ID", CLIENT_ID.to_owned()),
            ("OAUTH2_CLIENT_SECRET", client_secret.to_owned()),
            ("OAUTH2_SCOPE", "https://cognitiveservices.azure.com/.default".to_owned()),
        ];
        let own = match provider {
            "openai" => vec![("OPENAI_BASE_URL", server.base_url())],
            "anthropic" => vec![("ANTHROPIC_BASE_URL", server.endpoint())],
            _ => vec![("AZURE_OPENAI_ENDPOINT", server.endpoint()), ("AZURE_GPT41_DEPLOYMENT_NAME", "our-gpt".to_owned())],
        };
        [("LLM_PROVIDER", provider.to_owned())].into_iter().chain(oauth2).chain(own).collect()
    })
    .await;
    (provider, tokens)
}

#[tokio::test]
async fn with_oauth2_every_provider_is_shown_a_token_and_no_key_is_needed() {
    for name in ["openai", "azure-openai", "anthropic"] {
        let (provider, tokens) = behind_tokens(name, CLIENT_SECRET).await;
        for _ in 0..3 {
            provider.ask(Rank::Light).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        let scope = Some("https://cognitiveservices.azure.com/.default".to_owned());
        assert_eq!(tokens.granted(), [scope.clone(), scope], "{name}: the one that was refused is replaced once");
    }
}

#[tokio::test]
async fn a_client_without_rights_is_told_by_the_words_of_the_token_endpoint() {
    let (provider, tokens) = behind_tokens("openai", "wrong-secret-canary").await;
    let error = provider.ask(Rank::Light).await.unwrap_err();
    assert!(matches!(error, ModelError::OAuth2(_)), "{error}");
    let text = error.to_string();
    assert!(text.contains(&tokens.endpoint()) && text.contains("the client's secret is not right"), "{text}");
    assert!(text.contains("OAUTH2_CLIENT_SECRET") && !text.contains("canary"), "{text}");
    assert_eq!(provider.server.calls().len(), 0);
}

#[tokio::test]
async fn an_endpoint_that_takes_no_token_is_named_with_what_gave_it() {
    let tokens = TokenServer::start(&["another-token"]).await.unwrap();
    let provider = Provider::start(ModelOptions::default(), |server| {
        vec![
            ("OPENAI_BASE_URL", server.base_url()),
            ("OAUTH2_ENDPOINT", tokens.endpoint()),
            ("OAUTH2_CLIENT_ID", CLIENT_ID.to_owned()),
            ("OAUTH2_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ]
    })
    .await;
    let error = provider.ask(Rank::Light).await.unwrap_err();
    assert!(matches!(error, ModelError::Unauthorized { variable: "OAUTH2_ENDPOINT", .. }), "{error}");
    assert_eq!(tokens.granted().len(), 2, "a token that was refused is replaced once, not for ever");
}

const HAIKU: &str = "anthropic.claude-haiku-4-5-20251001-v1:0";

fn bedrock_models() -> ModelOptions {
    let models = [HAIKU, "anthropic.claude-sonnet-4-20250514-v1:0"];
    ModelOptions { models: models.map(str::to_owned).to_vec(), ..ModelOptions::default() }
}

#[tokio::test]
async fn bedrock_is_asked_with_a_forced_tool_and_a_cache_point() {
    let bedrock = Provider::bedrock(bedrock_models(), &[]).await;
    let reply = bedrock.ask(Rank::Light).await.unwrap();
    assert_eq!(reply.model, HAIKU);
    assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
    let call = &bedrock.server.calls_of(Role::Walkthrough)[0];
    assert_eq!(call.body["toolConfig"]["toolChoice"]["tool"]["name"], "review_walkthrough");
    assert_eq!(call.body["messages"][0]["content"][1]["cachePoint"]["type"], "default");
    assert_eq!(bedrock.server.refusals(), []);
}

#[tokio::test]
async fn the_same_question_is_the_same_bytes_each_time() {
    let bedrock = Provider::bedrock(bedrock_models(), &[]).await;
    for _ in 0..4 {
        bedrock.ask(Rank::Light).await.unwrap();
    }
    let written: Vec<u64> = bedrock.server.calls().iter().map(|call| call.hash).collect();
    assert_eq!(written, vec![written[0]; 4], "or no cache would find it");
}

#[tokio::test]
async fn a_model_that_is_offered_by_profile_only_is_asked_by_its_profile_and_the_next_time_at_once() {
    let options = ModelOptions { by_profile_only: true, ..bedrock_models() };
    let bedrock = Provider::bedrock(options, &[]).await;
    for _ in 0..2 {
        bedrock.ask(Rank::Light).await.unwrap();
    }
    let asked: Vec<String> = bedrock.server.calls().into_iter().map(|call| call.model).collect();
    assert_eq!(asked, [format!("eu.{HAIKU}"), format!("eu.{HAIKU}")]);
    assert_eq!(bedrock.server.refusals().len(), 1);
}

#[tokio::test]
async fn a_model_that_the_account_has_not_is_stood_in_for_by_an_older_one() {
    let bedrock = Provider::bedrock(bedrock_models(), &[]).await;
    assert_eq!(bedrock.ask(Rank::Medium).await.unwrap().model, "anthropic.claude-sonnet-4-20250514-v1:0");
}

#[tokio::test]
async fn bedrocks_faults_are_repaired_waited_out_or_told() {
    let bedrock = Provider::bedrock(bedrock_models(), &[]).await;
    bedrock.server.fault(Role::Walkthrough, 1, Fault::Empty);
    assert_eq!(bedrock.ask(Rank::Light).await.unwrap().usage.calls, 2);
    bedrock.server.fault(Role::Walkthrough, 1, Fault::RateLimited { retry_after: 1 });
    bedrock.ask(Rank::Light).await.unwrap();
    for passing in [Fault::Cut, Fault::HtmlPage] {
        bedrock.server.fault(Role::Walkthrough, 1, passing);
        bedrock.ask(Rank::Light).await.unwrap();
    }
    bedrock.server.fault(Role::Walkthrough, 3, Fault::ContextTooLong);
    let error = bedrock.ask(Rank::Light).await.unwrap_err();
    assert!(matches!(error, ModelError::ContextTooLong { .. }), "{error}");

    let error =
        Provider::bedrock(bedrock_models(), &[("AWS_ACCESS_KEY_ID", "AKIAWRONG")]).await.ask(Rank::Light).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, ModelError::Unauthorized { .. }), "{text}");
    assert!(text.contains("AWS_SECRET_ACCESS_KEY") && text.contains("security token") && !text.contains("canary"), "{text}");
}
