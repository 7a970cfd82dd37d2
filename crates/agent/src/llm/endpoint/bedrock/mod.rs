//! Anthropic's models on Amazon Bedrock, by the Converse API (source: Amazon Bedrock's API reference, "Converse", and user
//! guide, "Prompt caching" and "Use a tool").

mod document;
mod models;
mod stream;
mod transport;

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use aws_sdk_bedrockruntime::{
    Client,
    config::{BehaviorVersion, Credentials, Region, SharedHttpClient, StalledStreamProtectionConfig, retry::RetryConfig},
    error::{ProvideErrorMetadata, SdkError},
    operation::converse::ConverseOutput,
    types::{
        AnyToolChoice, CachePointBlock, CachePointType, ContentBlock, ConversationRole, InferenceConfiguration, Message,
        SpecificToolChoice, StopReason, SystemContentBlock, TokenUsage, Tool, ToolChoice, ToolConfiguration, ToolInputSchema,
        ToolResultBlock, ToolResultContentBlock, ToolSpecification, ToolUseBlock,
    },
};
use review_core::usage::Usage;
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;

use self::models::ModelNames;
use super::http::Patience;
use crate::{
    llm::{
        Begun,
        form::{Form, Output},
        question::{Completion, Failure, Question, ToolUse, Turn, excerpt},
    },
    settings::BedrockSettings,
};

/// Bedrock in one region.
pub(super) struct Bedrock {
    settings: BedrockSettings,
    http: reqwest::Client,
    patience: Patience,
    names: ModelNames,
    /// Where credentials come from the system, asking for them takes a while.
    client: OnceCell<Client>,
    /// By name. The SDK holds JSON in maps of no order, which a copy keeps and a new one does not: a tool
    /// that is written otherwise each time is found in no cache.
    tools: Mutex<HashMap<&'static str, Tool>>,
    /// Streams are a right of their own, and not every endpoint has them.
    takes_whole_only: AtomicBool,
    address: String,
}

impl Bedrock {
    pub(super) fn new(settings: &BedrockSettings, http: reqwest::Client, patience: Patience) -> Self {
        let address = match &settings.endpoint {
            Some(endpoint) => endpoint.to_string(),
            None => format!("Bedrock in {}", settings.region),
        };
        Self {
            names: ModelNames::new(&settings.region, settings.cross_region),
            settings: settings.clone(),
            http,
            patience,
            takes_whole_only: AtomicBool::new(false),
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
        let parts = self.parts(question, form)?;
        loop {
            let name = self.names.of(model);
            let is_streamed = form.stream && !self.takes_whole_only.load(Ordering::Relaxed);
            let answer = if is_streamed {
                let request = client.converse_stream().model_id(&name).set_messages(Some(parts.messages.clone()));
                let request = request.set_system(Some(parts.system.clone())).inference_config(parts.inference.clone());
                let mut request = request.set_tool_config(parts.tools.clone()).customize();
                if let Some(begun) = question.begun {
                    let http = self.http(Some(begun.clone()));
                    request = request.config_override(aws_sdk_bedrockruntime::Config::builder().http_client(http));
                }
                match request.send().await {
                    Ok(output) => stream::completion(output, question.schema.name).await,
                    Err(error) => Err(failure(&error)),
                }
            } else {
                if let Some(begun) = question.begun {
                    begun.tell();
                }
                let request = client.converse().model_id(&name).set_messages(Some(parts.messages.clone()));
                let request = request.set_system(Some(parts.system.clone())).inference_config(parts.inference.clone());
                match request.set_tool_config(parts.tools.clone()).send().await {
                    Ok(output) => completion(&output, question.schema.name),
                    Err(error) => Err(failure(&error)),
                }
            };
            let failure = match answer {
                Ok(completion) => return Ok(completion),
                Err(failure) => failure,
            };
            if is_streamed && is_about_streams(&failure) {
                tracing::info!(model, message = failure.message, "answers are not streamed here");
                self.takes_whole_only.store(true, Ordering::Relaxed);
                continue;
            }
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

    /// What both ways of asking have in common.
    fn parts(&self, question: &Question<'_>, form: Form) -> Result<Parts, Failure> {
        let has_tools = form.output == Output::Schema || question.tools_for(form).is_some();
        let tools = if has_tools { Some(self.tools(question, form)?) } else { None };
        let limit = i32::try_from(question.max_tokens).unwrap_or(i32::MAX);
        Ok(Parts {
            system: vec![SystemContentBlock::Text(question.system.to_owned())],
            messages: messages(question, form)?,
            inference: InferenceConfiguration::builder().max_tokens(limit).build(),
            tools,
        })
    }

    /// What may be used before the answer, and the tool that takes it.
    fn tools(&self, question: &Question<'_>, form: Form) -> Result<ToolConfiguration, Failure> {
        let (schema, toolbox) = (&question.schema, question.tools_for(form));
        let is_forced = form.output == Output::Schema;
        let mut tools = Vec::new();
        for tool in toolbox.iter().flat_map(|toolbox| toolbox.tools) {
            tools.push(self.tool((tool.name, tool.description), &tool.parameters)?);
        }
        if is_forced {
            tools.push(self.tool((schema.name, "Takes the answer to the question."), &schema.json)?);
        }
        let mut configuration = ToolConfiguration::builder().set_tools(Some(tools));
        let may_look = toolbox.is_some() && !question.must_answer;
        // Without a forced answer there is no way to forbid the tools: the last turn says that they are spent.
        if is_forced && may_look {
            configuration = configuration.tool_choice(ToolChoice::Any(AnyToolChoice::builder().build()));
        } else if is_forced {
            let choice = SpecificToolChoice::builder().name(schema.name).build().map_err(incomplete)?;
            configuration = configuration.tool_choice(ToolChoice::Tool(choice));
        }
        configuration.build().map_err(incomplete)
    }

    fn tool(&self, (name, description): (&'static str, &str), schema: &serde_json::Value) -> Result<Tool, Failure> {
        let mut tools = self.tools.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tools.get(name) {
            return Ok(known.clone());
        }
        let tool = ToolSpecification::builder()
            .name(name)
            .description(description)
            .input_schema(ToolInputSchema::Json(document::from_json(schema)))
            .build()
            .map_err(incomplete)?;
        let tool = Tool::ToolSpec(tool);
        tools.insert(name, tool.clone());
        Ok(tool)
    }

    fn http(&self, begun: Option<Begun>) -> SharedHttpClient {
        transport::client(self.http.clone(), self.patience, begun)
    }

    async fn connect(&self) -> Client {
        let BedrockSettings { credentials, region, endpoint, .. } = &self.settings;
        let region = Region::new(region.clone());
        // There is one retry policy, and it is ours; and one patience. The SDK's counts the bytes of the request that it sees
        // leave, sees none, since our client takes the body as a whole, and would give up on every answer after five seconds.
        let mut config = aws_sdk_bedrockruntime::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(self.http(None))
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
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
            let shared = aws_config::defaults(BehaviorVersion::latest())
                .region(region)
                .http_client(self.http(None))
                .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
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

/// A request without the name of its model.
struct Parts {
    system: Vec<SystemContentBlock>,
    messages: Vec<Message>,
    inference: InferenceConfiguration,
    tools: Option<ToolConfiguration>,
}

/// The right to streams is `bedrock:InvokeModelWithResponseStream`, and is named in the refusal.
fn is_about_streams(failure: &Failure) -> bool {
    let is_unknown = failure.code.as_deref().is_some_and(|code| code == "UnknownOperationException");
    let is_no_route = failure.status == Some(404) && !failure.is_model_missing();
    is_unknown || is_no_route || failure.message.contains("InvokeModelWithResponseStream")
}

fn messages(question: &Question<'_>, form: Form) -> Result<Vec<Message>, Failure> {
    let is_forced = form.output == Output::Schema;
    let mut first = Message::builder().role(ConversationRole::User);
    if !question.pack.is_empty() {
        first = first.content(ContentBlock::Text(question.pack.to_owned()));
        if form.cache_point {
            let point = CachePointBlock::builder().r#type(CachePointType::Default).build().map_err(incomplete)?;
            first = first.content(ContentBlock::CachePoint(point));
        }
    }
    first = first.content(ContentBlock::Text(question.instruction_for(form, !is_forced)));
    let mut messages = vec![first.build().map_err(incomplete)?];
    for (index, turn) in question.turns.iter().enumerate() {
        let (said, heard) = match turn {
            Turn::Repair { answer, complaint } => {
                let answer = if answer.trim().is_empty() { "(nothing)" } else { answer.trim_end() };
                (vec![ContentBlock::Text(answer.to_owned())], vec![ContentBlock::Text(complaint.clone())])
            }
            Turn::Used { said, uses } => {
                let is_newest = index + 1 == question.turns.len();
                used(said, uses, form.cache_point && is_newest)?
            }
        };
        for (role, blocks) in [(ConversationRole::Assistant, said), (ConversationRole::User, heard)] {
            let turn = Message::builder().role(role).set_content(Some(blocks));
            messages.push(turn.build().map_err(incomplete)?);
        }
    }
    Ok(messages)
}

/// The blocks of a turn in which tools were used: those of the model, and those of their results.
fn used(said: &str, uses: &[(ToolUse, String)], marked: bool) -> Result<(Vec<ContentBlock>, Vec<ContentBlock>), Failure> {
    let (mut wishes, mut results) = (Vec::new(), Vec::new());
    if !said.trim().is_empty() {
        wishes.push(ContentBlock::Text(said.trim_end().to_owned()));
    }
    for (tool_use, result) in uses {
        let input = document::from_json(&tool_use.input());
        let wish = ToolUseBlock::builder().tool_use_id(&tool_use.id).name(&tool_use.name).input(input);
        wishes.push(ContentBlock::ToolUse(wish.build().map_err(incomplete)?));
        let content = ToolResultContentBlock::Text(result.clone());
        let result = ToolResultBlock::builder().tool_use_id(&tool_use.id).content(content);
        results.push(ContentBlock::ToolResult(result.build().map_err(incomplete)?));
    }
    if marked {
        let point = CachePointBlock::builder().r#type(CachePointType::Default).build().map_err(incomplete)?;
        results.push(ContentBlock::CachePoint(point));
    }
    Ok((wishes, results))
}

/// `answer_tool`: the tool that takes the answer; whatever else is used beside it comes too late.
fn completion(output: &ConverseOutput, answer_tool: &str) -> Result<Completion, Failure> {
    let message = output.output().and_then(|output| output.as_message().ok());
    let Some(message) = message else { return Err(Failure::unanswered("the answer holds no message")) };
    let uses: Vec<ToolUse> = message
        .content()
        .iter()
        .filter_map(|block| block.as_tool_use().ok())
        .map(|wish| ToolUse {
            id: wish.tool_use_id().to_owned(),
            name: wish.name().to_owned(),
            arguments: document::to_json(wish.input()).to_string(),
        })
        .collect();
    let said: String = message.content().iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect();
    let usage = output.usage().map_or(Usage { calls: 1, ..Usage::default() }, usage);
    Ok(answer(said, uses, answer_tool, *output.stop_reason() == StopReason::MaxTokens, usage))
}

/// What the model said, or gave to the tool that takes the answer.
fn answer(said: String, uses: Vec<ToolUse>, answer_tool: &str, cut: bool, usage: Usage) -> Completion {
    let (content, uses) = match uses.iter().find(|tool_use| tool_use.name == answer_tool) {
        Some(given) => (given.arguments.clone(), Vec::new()),
        None => (said, uses),
    };
    Completion { content, uses, cut, usage, remaining: None }
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

fn failure<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> Failure {
    match error {
        // To the SDK, an answer that it cannot read is a refusal too: one that was cut on the way, or a page of something between.
        SdkError::ServiceError(unread) if unread.raw().status().is_success() => {
            let body = String::from_utf8_lossy(unread.raw().body().bytes().unwrap_or_default());
            Failure::unanswered(format!("the answer is not one of Bedrock's ({}): {}", with_causes(unread.err()), excerpt(&body)))
        }
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
