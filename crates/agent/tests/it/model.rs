//! What the agent asks of an endpoint that speaks OpenAI's protocol, and what it makes of the answers.

use std::time::Duration;

use coderabbit_agent::{
    app,
    llm::{Account, Model, ModelError, Reply, Role as Rank},
    net::HttpClients,
    settings::{Loaded, Purpose, Settings},
    store::Store,
};
use review_core::{
    finding::answer::{ResolutionAnswer, WalkthroughAnswer},
    pull_request::{PullRequestKey, RepositoryKey},
    scope::CostLimits,
    usage::Usage,
};
use testkit::model::{Fault, ModelOptions, ModelServer, Role, Script, StructuredOutput, TokenLimit};
use tokio_util::sync::CancellationToken;

struct Endpoint {
    server: ModelServer,
    model: Model,
}

async fn endpoint(options: ModelOptions, keys: &str, timeout: &str) -> Endpoint {
    endpoint_with_store(options, keys, timeout, None).await
}

async fn endpoint_with_store(options: ModelOptions, keys: &str, timeout: &str, store: Option<Store>) -> Endpoint {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let server = ModelServer::start_with(options, Script::silent()).await.unwrap();
    let vars =
        [("OPENAI_BASE_URL", server.base_url()), ("OPENAI_API_KEYS", keys.to_owned()), ("LLM_TIMEOUT", timeout.to_owned())];
    let vars: Vec<(String, String)> = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let Loaded { settings, .. } = Settings::from_vars(Purpose::LocalReview, &vars).unwrap();
    let http = HttpClients::new(&settings.network).unwrap();
    let model = Model::new(&settings.model, &http, settings.redactor(), store, None, app::now).unwrap();
    Endpoint { server, model }
}

async fn openai() -> Endpoint {
    endpoint(ModelOptions::default(), "sk-testkit", "10000").await
}

impl Endpoint {
    async fn summary(&self) -> Result<Reply<WalkthroughAnswer>, ModelError> {
        self.model.ask(Rank::Light, "the change", "Write the walkthrough.", &CancellationToken::new()).await
    }
}

#[tokio::test]
async fn an_answer_comes_in_its_schema_with_what_it_took() {
    let endpoint = openai().await;
    let reply = endpoint.summary().await.unwrap();
    assert_eq!(reply.model, "gpt-4.1-mini");
    assert_eq!(reply.usage.calls, 1);
    assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
    let calls = endpoint.server.calls_of(Role::Walkthrough);
    assert_eq!(calls[0].body["response_format"]["json_schema"]["strict"], true);
    assert!(calls[0].body["max_completion_tokens"].as_u64().is_some());
    assert!(calls[0].body.get("temperature").is_none(), "reasoning models refuse a temperature");
}

#[tokio::test]
async fn servers_that_understand_less_are_asked_in_the_form_that_they_take_and_only_probed_once() {
    for (structured_output, token_limit, first_refusals) in [
        (StructuredOutput::JsonObjectOnly, TokenLimit::Both, 1),
        (StructuredOutput::None, TokenLimit::Both, 2),
        (StructuredOutput::None, TokenLimit::MaxTokensOnly, 3),
    ] {
        let options =
            ModelOptions { structured_output, token_limit, models: vec!["local".to_owned()], ..ModelOptions::default() };
        let endpoint = endpoint(options, "sk-testkit", "10000").await;
        endpoint.summary().await.unwrap();
        assert_eq!(endpoint.server.refusals().len(), first_refusals, "{structured_output:?} {token_limit:?}");
        endpoint.summary().await.unwrap();
        assert_eq!(endpoint.server.refusals().len(), first_refusals, "what was learnt is remembered");
    }
}

#[tokio::test]
async fn a_bad_answer_is_repaired_once_and_then_told() {
    for fault in [Fault::Prose, Fault::HalfJson, Fault::WrongShape, Fault::Empty, Fault::Refusal] {
        let endpoint = openai().await;
        endpoint.server.fault(Role::Walkthrough, 1, fault.clone());
        let reply = endpoint.summary().await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert_eq!(reply.usage.calls, 2, "{fault:?}: both calls were paid for");

        endpoint.server.fault(Role::Walkthrough, 2, fault.clone());
        let error = endpoint.summary().await.unwrap_err();
        assert!(matches!(error, ModelError::BadAnswer { schema: "review_walkthrough", .. }), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn an_answer_in_a_code_fence_needs_no_repair() {
    let endpoint = openai().await;
    endpoint.server.fault(Role::Walkthrough, 1, Fault::Fenced);
    assert_eq!(endpoint.summary().await.unwrap().usage.calls, 1);
}

#[tokio::test]
async fn errors_that_pass_are_waited_out() {
    for fault in [Fault::RateLimited { retry_after: 1 }, Fault::ServerError, Fault::Cut] {
        let endpoint = openai().await;
        endpoint.server.fault(Role::Walkthrough, 1, fault.clone());
        let reply = endpoint.summary().await;
        assert!(reply.is_ok(), "{fault:?}: {reply:?}");
        assert_eq!(endpoint.server.calls_of(Role::Walkthrough).len(), 2, "{fault:?}");
    }
}

#[tokio::test]
async fn a_model_that_never_answers_costs_no_more_than_its_time() {
    let endpoint = endpoint(ModelOptions::default(), "sk-testkit", "1000").await;
    endpoint.server.fault(Role::Walkthrough, 10, Fault::NeverAnswers);
    let error = endpoint.summary().await.unwrap_err();
    assert!(matches!(error, ModelError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("no answer within LLM_TIMEOUT"), "{error}");
}

#[tokio::test]
async fn a_question_can_be_given_up_while_the_model_thinks() {
    let endpoint = openai().await;
    let gate = endpoint.server.hold(Role::Walkthrough);
    let cancel = CancellationToken::new();
    let question = endpoint.model.ask::<WalkthroughAnswer>(Rank::Light, "pack", "question", &cancel);
    let (answer, ()) = tokio::join!(question, async {
        gate.wait_for_held(1).await.unwrap();
        cancel.cancel();
    });
    assert!(matches!(answer, Err(ModelError::Cancelled)));
}

#[tokio::test]
async fn keys_are_used_in_turn_and_a_refused_one_rests() {
    let options = ModelOptions { keys: vec!["sk-a".to_owned(), "sk-b".to_owned()], ..ModelOptions::default() };
    let endpoint = endpoint(options, "sk-a,sk-wrong,sk-b", "10000").await;
    for _ in 0..4 {
        endpoint.summary().await.unwrap();
    }
    let used: Vec<Option<usize>> = endpoint.server.calls_of(Role::Walkthrough).iter().map(|call| call.key).collect();
    assert!(used.contains(&Some(0)) && used.contains(&Some(1)), "{used:?}");
}

#[tokio::test]
async fn when_every_key_is_refused_the_error_says_so_without_the_key() {
    let endpoint = endpoint(ModelOptions::default(), "sk-wrong-canary", "10000").await;
    let error = endpoint.summary().await.unwrap_err();
    assert!(matches!(error, ModelError::Unauthorized { variable: "OPENAI_API_KEYS", .. }), "{error}");
    assert!(error.to_string().contains("OPENAI_API_KEYS") && !error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn a_request_past_the_models_window_is_told_apart() {
    let endpoint = endpoint(ModelOptions { context_tokens: Some(50), ..ModelOptions::default() }, "sk-testkit", "10000").await;
    let long = "a line of a long change\n".repeat(200);
    let answer = endpoint.model.ask::<ResolutionAnswer>(Rank::Medium, &long, "question", &CancellationToken::new()).await;
    assert!(matches!(answer, Err(ModelError::ContextTooLong { .. })), "{answer:?}");
}

#[tokio::test]
async fn a_page_of_a_gateway_and_an_endless_body_are_errors_in_words() {
    for (fault, words) in [(Fault::HtmlPage, "not JSON"), (Fault::Huge, "larger than")] {
        let endpoint = endpoint(ModelOptions::default(), "sk-testkit", "2000").await;
        endpoint.server.fault(Role::Walkthrough, 10, fault.clone());
        let error = endpoint.summary().await.unwrap_err().to_string();
        assert!(error.contains(words), "{fault:?}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_was_paid_for_is_not_asked_for_again() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("answers.db").display());
    let store = Store::open(&url.into()).await.unwrap();
    store.migrate().await.unwrap();
    let endpoint = endpoint_with_store(ModelOptions::default(), "sk-testkit", "10000", Some(store)).await;
    let first = endpoint.summary().await.unwrap();
    let again = endpoint.summary().await.unwrap();
    assert_eq!((first.answer, first.usage), (again.answer, again.usage));
    assert_eq!(endpoint.server.calls().len(), 1);
    let other = endpoint.model.ask::<WalkthroughAnswer>(Rank::Light, "another change", "Write.", &CancellationToken::new()).await;
    assert!(other.is_ok());
    assert_eq!(endpoint.server.calls().len(), 2, "another question is another call");
}

#[tokio::test]
async fn the_account_of_a_pull_request_holds_every_call_that_was_paid_and_no_answer_twice() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", directory.path().join("answers.db").display());
    let store = Store::open(&url.into()).await.unwrap();
    store.migrate().await.unwrap();
    let endpoint = endpoint_with_store(ModelOptions::default(), "sk-testkit", "10000", Some(store.clone())).await;
    let repository = RepositoryKey { collection: "c".to_owned(), project: "p".to_owned(), repository: "r".to_owned() };
    let key = PullRequestKey { repository, id: 1 };
    let account = |limits| Account { store: store.clone(), pull_request: key.clone(), limits, occasion: None, clock: app::now };
    let model = endpoint.model.on(account(CostLimits::default()));
    let cancel = CancellationToken::new();
    let ask = || model.ask::<WalkthroughAnswer>(Rank::Light, "the change", "Write the walkthrough.", &cancel);
    let on_account = async || store.spent_on_pull_request(&key).await.unwrap();

    endpoint.server.fault(Role::Walkthrough, 2, Fault::Prose);
    assert!(matches!(ask().await, Err(ModelError::BadAnswer { .. })));
    let wasted = on_account().await;
    assert!(wasted.calls == 2 && wasted.cost.micros() > 0, "an answer of no use was paid for too: {wasted:?}");

    let paid = ask().await.unwrap().usage;
    assert_eq!(ask().await.unwrap().usage, paid, "a review that takes up the answer records what it cost");
    let mut expected = wasted;
    expected += paid;
    assert_eq!(on_account().await, expected, "but it is paid for once");
    endpoint.summary().await.unwrap();
    assert_eq!(store.spent_on_day(app::now()).await.unwrap(), expected, "what is asked on nobody's account is on none");
    assert_ne!(paid, Usage::default());

    let at_the_ceiling = endpoint.model.on(account(CostLimits { pull_request: Some(expected.cost), day: None }));
    let again = |instruction| at_the_ceiling.ask::<WalkthroughAnswer>(Rank::Light, "the change", instruction, &cancel);
    let asked = endpoint.server.calls().len();
    assert_eq!(again("Write the walkthrough.").await.unwrap().usage, paid, "what was paid for is given past every ceiling");
    assert!(matches!(again("Write another one.").await, Err(ModelError::CostLimit(_))));
    assert_eq!((endpoint.server.calls().len(), on_account().await), (asked, expected));
}

#[tokio::test]
async fn a_local_server_without_a_list_and_without_keys_works() {
    let options = ModelOptions { keys: Vec::new(), models: Vec::new(), ..ModelOptions::default() };
    let endpoint = endpoint(options, "none", "10000").await;
    assert_eq!(endpoint.summary().await.unwrap().model, "gpt-4.1-mini");
    assert_eq!(endpoint.model.table().await.unwrap().first(Rank::Heavy), "o3");
    let slow = Fault::SlowTokens { pause: Duration::from_millis(1) };
    endpoint.server.fault(Role::Walkthrough, 1, slow);
    assert!(endpoint.summary().await.is_ok());
}
