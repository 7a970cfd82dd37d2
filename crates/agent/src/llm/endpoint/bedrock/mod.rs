//! Anthropic's models on Amazon Bedrock, by the Converse API (source: Amazon Bedrock's API reference, "Converse", and user
//! guide, "Prompt caching" and "Use a tool").

mod document;
mod models;
mod transport;

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use aws_sdk_bedrockruntime::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient, retry::RetryConfig},
    error::{ProvideErrorMetadata as _, SdkError},
    operation::converse::{ConverseError, ConverseOutput, builders::ConverseFluentBuilder},
    types::{
        CachePointBlock, CachePointType, ContentBlock, ConversationRole, InferenceConfiguration, Message, SpecificToolChoice,
        StopReason, SystemContentBlock, TokenUsage, Tool, ToolChoice, ToolConfiguration, ToolInputSchema, ToolSpecification,
    },
};
use review_core::usage::Usage;
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;

use self::models::ModelNames;
use crate::{
    llm::{
        form::{Form, Output},
        question::{Completion, Failure, Question, Schema, excerpt},
    },
    settings::BedrockSettings,
};

/// Bedrock in one region.
pub(super) struct Bedrock {
    settings: BedrockSettings,
    http: SharedHttpClient,
    names: ModelNames,
    /// Where credentials come from the system, asking for them takes a while.
    client: OnceCell<Client>,
    /// By the name of the schema. The SDK holds JSON in maps of no order, which a copy keeps and a new one does not: a tool
    /// that is written otherwise each time is found in no cache.
    tools: Mutex<HashMap<&'static str, ToolConfiguration>>,
    address: String,
}

impl Bedrock {
    pub(super) fn new(settings: &BedrockSettings, http: reqwest::Client) -> Self {
        let address = match &settings.endpoint {
            Some(endpoint) => endpoint.to_string(),
            None => format!("Bedrock in {}", settings.region),
        };
        Self {
            names: ModelNames::new(&settings.region, settings.cross_region),
            settings: settings.clone(),
            http: transport::client(http),
            client: OnceCell::new(),
            tools: Mutex::default(),
            address,
        }
    }

    /// For messages.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) async fn complete(&self, model: &str, question: &Question<'_>, form: Form) -> Result<Completion, Failure> {
        let client = self.client.get_or_init(|| self.connect()).await;
        loop {
            let name = self.names.of(model);
            let mut request = request(client.converse().model_id(&name), question, form)?;
            if form.output == Output::Schema {
                request = request.tool_config(self.tool(&question.schema)?);
            }
            match request.send().await {
                Ok(output) => return completion(&output),
                Err(error) => {
                    let failure = failure(&error);
                    // Tried under each of its names once; what worked is remembered.
                    let is_about_the_name = failure.is_model_missing() || failure.message.contains("on-demand throughput");
                    if !(is_about_the_name && self.names.pass_over(model, &name)) {
                        return Err(failure);
                    }
                    tracing::info!(
                        model,
                        name,
                        message = failure.message,
                        "this name of the model does not work; trying its inference profile"
                    );
                }
            }
        }
    }

    /// The tool that takes the answer.
    fn tool(&self, schema: &Schema) -> Result<ToolConfiguration, Failure> {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tools.get(schema.name) {
            return Ok(known.clone());
        }
        let tool = ToolSpecification::builder()
            .name(schema.name)
            .description("Takes the answer to the question.")
            .input_schema(ToolInputSchema::Json(document::from_json(&schema.json)))
            .build()
            .map_err(incomplete)?;
        let choice = SpecificToolChoice::builder().name(schema.name).build().map_err(incomplete)?;
        let tools_of_one = ToolConfiguration::builder().tools(Tool::ToolSpec(tool)).tool_choice(ToolChoice::Tool(choice));
        let configuration = tools_of_one.build().map_err(incomplete)?;
        tools.insert(schema.name, configuration.clone());
        Ok(configuration)
    }

    async fn connect(&self) -> Client {
        let BedrockSettings { credentials, region, endpoint, .. } = &self.settings;
        let region = Region::new(region.clone());
        // There is one retry policy, and it is ours.
        let mut config = aws_sdk_bedrockruntime::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(self.http.clone())
            .retry_config(RetryConfig::disabled());
        if let Some(endpoint) = endpoint {
            config = config.endpoint_url(endpoint.as_str());
        }
        config = if let Some(given) = credentials {
            config.credentials_provider(Credentials::new(
                given.access_key_id.expose_secret(),
                given.secret_access_key.expose_secret(),
                given.session_token.as_ref().map(|token| token.expose_secret().to_owned()),
                None,
                "settings",
            ))
        } else {
            let shared = aws_config::defaults(BehaviorVersion::latest()).region(region).http_client(self.http.clone());
            config.set_credentials_provider(shared.load().await.credentials_provider());
            config
        };
        Client::from_conf(config.build())
    }
}

impl std::fmt::Debug for Bedrock {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bedrock").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The SDK refuses to build what lacks a field; we leave none out.
fn incomplete(error: impl std::fmt::Display) -> Failure {
    Failure::unanswered(format!("the request cannot be built: {error}"))
}

fn request(call: ConverseFluentBuilder, question: &Question<'_>, form: Form) -> Result<ConverseFluentBuilder, Failure> {
    let is_forced = form.output == Output::Schema;
    let mut first = Message::builder().role(ConversationRole::User);
    if !question.pack.is_empty() {
        first = first.content(ContentBlock::Text(question.pack.to_owned()));
        if form.cache_point {
            let point = CachePointBlock::builder().r#type(CachePointType::Default).build().map_err(incomplete)?;
            first = first.content(ContentBlock::CachePoint(point));
        }
    }
    first = first.content(ContentBlock::Text(question.instruction_with_schema(!is_forced)));
    let limit = i32::try_from(question.max_tokens).unwrap_or(i32::MAX);
    let mut call = call
        .system(SystemContentBlock::Text(question.system.to_owned()))
        .messages(first.build().map_err(incomplete)?)
        .inference_config(InferenceConfiguration::builder().max_tokens(limit).build());
    for repair in &question.repairs {
        let answer = if repair.answer.trim().is_empty() { "(nothing)" } else { repair.answer.trim_end() };
        for (role, text) in [(ConversationRole::Assistant, answer), (ConversationRole::User, &repair.complaint)] {
            let turn = Message::builder().role(role).content(ContentBlock::Text(text.to_owned()));
            call = call.messages(turn.build().map_err(incomplete)?);
        }
    }
    Ok(call)
}

fn completion(output: &ConverseOutput) -> Result<Completion, Failure> {
    let message = output.output().and_then(|output| output.as_message().ok());
    let Some(message) = message else { return Err(Failure::unanswered("the answer holds no message")) };
    let given = message.content().iter().find_map(|block| block.as_tool_use().ok());
    let content = match given {
        Some(given) => document::to_json(given.input()).to_string(),
        None => message.content().iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect(),
    };
    let usage = output.usage().map_or(Usage { calls: 1, ..Usage::default() }, usage);
    Ok(Completion { content, cut: *output.stop_reason() == StopReason::MaxTokens, usage })
}

/// Here `input_tokens` are those that came from no cache and went into none.
fn usage(usage: &TokenUsage) -> Usage {
    let count = |tokens: i32| u64::try_from(tokens).unwrap_or_default();
    let cached_tokens = count(usage.cache_read_input_tokens().unwrap_or_default());
    let cache_write_tokens = count(usage.cache_write_input_tokens().unwrap_or_default());
    let fresh = count(usage.input_tokens()).saturating_add(cache_write_tokens);
    Usage {
        calls: 1,
        input_tokens: fresh.saturating_add(cached_tokens),
        cached_tokens,
        cache_write_tokens,
        output_tokens: count(usage.output_tokens()),
        ..Usage::default()
    }
}

fn failure(error: &SdkError<ConverseError>) -> Failure {
    match error {
        SdkError::ServiceError(refusal) => {
            let (status, kind) = (refusal.raw().status().as_u16(), refusal.err().code());
            let said = refusal.err().message().unwrap_or("without a word");
            Failure {
                status: Some(status),
                message: format!("{status} {}: {}", kind.unwrap_or("error"), excerpt(said)),
                code: kind.map(str::to_owned),
                retry_after: transport::retry_after(refusal.raw()),
            }
        }
        SdkError::TimeoutError(_) => Failure::unanswered("no answer within LLM_TIMEOUT"),
        SdkError::DispatchFailure(failed) if failed.is_timeout() => Failure::unanswered("no answer within LLM_TIMEOUT"),
        error => {
            let text = with_causes(error);
            let is_about_credentials = text.to_lowercase().contains("credential");
            Failure {
                // Without credentials nothing was asked: it is as if they had been refused.
                status: is_about_credentials.then_some(401),
                message: excerpt(&text),
                code: None,
                retry_after: None,
            }
        }
    }
}

/// An error with its causes, which the SDK leaves out of its text.
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = inner.source();
    }
    text
}
