//! Reads and checks a chat completion request.

use axum::http::StatusCode;
use serde_json::Value;

use super::{
    options::{ModelOptions, StructuredOutput, TokenLimit},
    reply::ApiError,
};

/// Arguments that OpenAI documents for chat completions.
const KNOWN_ARGUMENTS: &[&str] = &[
    "model",
    "messages",
    "temperature",
    "top_p",
    "n",
    "stream",
    "stream_options",
    "stop",
    "max_tokens",
    "max_completion_tokens",
    "presence_penalty",
    "frequency_penalty",
    "seed",
    "response_format",
    "reasoning_effort",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "user",
    "store",
    "metadata",
    "service_tier",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "prompt_cache_key",
    "safety_identifier",
    "verbosity",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    pub role: String,
    /// The text; of a turn in which tools were used, what they returned.
    pub content: String,
}

/// Tools that a request offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Offered {
    /// Their names, without the one that takes the answer. Empty where none may be used now.
    pub(super) names: Vec<String>,
    /// Turns in which tools were used so far.
    pub(super) turns: usize,
}

#[derive(Debug, Clone)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) messages: Vec<Message>,
    pub(super) stream: bool,
    pub(super) stream_usage: bool,
    /// Tokens that the answer may take.
    pub(super) limit: Option<u64>,
    /// The name of the schema that the answer must have.
    pub(super) schema: Option<String>,
    pub(super) offered: Offered,
    pub(super) body: Value,
}

impl ChatRequest {
    /// Parses, and refuses what a server of these options refuses. `deployed`: the model of the deployment that is asked.
    pub(super) fn parse(bytes: &[u8], options: &ModelOptions, deployed: Option<&str>) -> Result<Self, ApiError> {
        let body: Value = serde_json::from_slice(bytes).map_err(|error| {
            ApiError::invalid(format!("We could not parse the JSON body of your request ({error})."), None, None)
        })?;
        let Value::Object(arguments) = &body else {
            return Err(ApiError::invalid("The body of the request must be a JSON object.", None, None));
        };
        let model = arguments.get("model").and_then(Value::as_str).filter(|model| !model.is_empty());
        let model = model.ok_or_else(|| ApiError::invalid("you must provide a model parameter", None, None))?.to_owned();
        // At Azure the deployment decides; the name in the body counts for nothing.
        let model = deployed.map_or(model, str::to_owned);
        if !options.models.is_empty() && !options.models.contains(&model) {
            return Err(ApiError::model_not_found(&model));
        }
        if let Some(unknown) = arguments.keys().find(|name| !KNOWN_ARGUMENTS.contains(&name.as_str())) {
            let text = format!("Unrecognized request argument supplied: {unknown}");
            return Err(ApiError::invalid(text, None, None));
        }
        if !options.tools && arguments.contains_key("tools") {
            return Err(ApiError::invalid("tools param requires --jinja flag", Some("tools"), None));
        }
        let messages = messages(arguments.get("messages"))?;
        let request = Self {
            messages,
            stream: arguments.get("stream").and_then(Value::as_bool).unwrap_or(false),
            stream_usage: body["stream_options"]["include_usage"].as_bool().unwrap_or(false),
            limit: limit(&body, &model, options)?,
            schema: body["response_format"]["json_schema"]["name"].as_str().map(str::to_owned),
            offered: offered(&body)?,
            model,
            body,
        };
        request.check_reasoning_model()?;
        request.check_response_format(options.structured_output)?;
        Ok(request)
    }

    /// Everything that counts as prompt.
    pub(super) fn prompt(&self) -> String {
        let contents: Vec<&str> = self.messages.iter().map(|message| message.content.as_str()).collect();
        contents.join("\n")
    }

    fn check_reasoning_model(&self) -> Result<(), ApiError> {
        if !is_reasoning_model(&self.model) {
            return Ok(());
        }
        for name in ["temperature", "top_p", "presence_penalty", "frequency_penalty"] {
            if self.body.get(name).is_some_and(|value| !value.is_null() && value.as_f64() != Some(default_of(name))) {
                let text = format!("Unsupported parameter: '{name}' is not supported with this model.");
                return Err(ApiError::invalid(text, Some(name), Some("unsupported_parameter")));
            }
        }
        Ok(())
    }

    fn check_response_format(&self, taken: StructuredOutput) -> Result<(), ApiError> {
        let Some(format) = self.body.get("response_format").filter(|format| !format.is_null()) else { return Ok(()) };
        let refuse = |text: &str| Err(ApiError::invalid(text, Some("response_format"), None));
        match (format["type"].as_str().unwrap_or_default(), taken) {
            ("text", _) => Ok(()),
            ("json_object" | "json_schema", StructuredOutput::None) => refuse("response_format is not supported by this server"),
            ("json_schema", StructuredOutput::JsonObjectOnly) => {
                refuse("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.")
            }
            ("json_object", _) => {
                if self.prompt().to_lowercase().contains("json") {
                    Ok(())
                } else {
                    refuse(
                        "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
                    )
                }
            }
            ("json_schema", StructuredOutput::Strict) => check_schema(&format["json_schema"]),
            (other, _) => {
                refuse(&format!("Invalid value: '{other}'. Supported values are: 'json_object', 'json_schema', and 'text'."))
            }
        }
    }
}

/// The o-series refuses what a sampling model takes.
pub(super) fn is_reasoning_model(model: &str) -> bool {
    let mut characters = model.chars();
    characters.next() == Some('o') && characters.next().is_some_and(|digit| digit.is_ascii_digit())
}

fn default_of(parameter: &str) -> f64 {
    if parameter.ends_with("penalty") { 0.0 } else { 1.0 }
}

fn offered(body: &Value) -> Result<Offered, ApiError> {
    let refuse = |text: String| Err(ApiError::invalid(text, Some("tools"), None));
    let mut names = Vec::new();
    for (index, tool) in body["tools"].as_array().into_iter().flatten().enumerate() {
        let function = &tool["function"];
        let Some(name) = function["name"].as_str().filter(|_| tool["type"] == "function") else {
            return refuse(format!("Missing required parameter: 'tools[{index}].function.name'."));
        };
        if function["strict"] == true
            && let Some((context, problem)) = open_object(&function["parameters"], &mut Vec::new())
        {
            return refuse(format!("Invalid schema for function '{name}': In context=({}), {problem}", context.join(", ")));
        }
        names.push(name.to_owned());
    }
    if body["tool_choice"] == "none" {
        names.clear();
    }
    let messages = body["messages"].as_array().into_iter().flatten();
    Ok(Offered { names, turns: messages.filter(|message| !message["tool_calls"].is_null()).count() })
}

/// Every wish of the model must be answered, by its id, before anything else is said.
fn check_results(messages: &[Value]) -> Result<(), ApiError> {
    let mut open: Vec<&str> = Vec::new();
    for (index, message) in messages.iter().enumerate() {
        if message["role"] == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let Some(position) = open.iter().position(|wish| *wish == id) else {
                let text =
                    "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(ApiError::invalid(text, Some(&format!("messages.[{index}].role")), None));
            };
            open.remove(position);
        } else if let Some(missing) = open.first() {
            let text = format!(
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The \
                 following tool_call_ids did not have response messages: {missing}"
            );
            return Err(ApiError::invalid(text, Some("messages"), None));
        }
        open.extend(message["tool_calls"].as_array().into_iter().flatten().filter_map(|wish| wish["id"].as_str()));
    }
    Ok(())
}

fn messages(messages: Option<&Value>) -> Result<Vec<Message>, ApiError> {
    let refuse = |text: String| ApiError::invalid(text, Some("messages"), None);
    let list = messages.and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| refuse("'messages' must be a non-empty array".to_owned()))?;
    check_results(list)?;
    let mut read = Vec::with_capacity(list.len());
    for (index, message) in list.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !["system", "developer", "user", "assistant", "tool"].contains(&role) {
            return Err(refuse(format!("Invalid value for 'messages[{index}].role': '{role}'")));
        }
        let content = match &message["content"] {
            Value::String(text) => text.clone(),
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
            Value::Null if message["tool_calls"].is_array() => String::new(),
            _ => return Err(refuse(format!("Invalid type for 'messages[{index}].content': expected a string or an array"))),
        };
        read.push(Message { role: role.to_owned(), content });
    }
    Ok(read)
}

fn limit(body: &Value, model: &str, options: &ModelOptions) -> Result<Option<u64>, ApiError> {
    let (old, new) = (body.get("max_tokens"), body.get("max_completion_tokens"));
    if new.is_some() && options.token_limit == TokenLimit::MaxTokensOnly {
        return Err(ApiError::invalid("Unrecognized request argument supplied: max_completion_tokens", None, None));
    }
    if old.is_some() && is_reasoning_model(model) && options.token_limit == TokenLimit::Both {
        let text = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(ApiError::invalid(text, Some("max_tokens"), Some("unsupported_parameter")));
    }
    match new.or(old) {
        None => Ok(None),
        Some(limit) => match limit.as_u64().filter(|limit| *limit > 0) {
            Some(limit) => Ok(Some(limit)),
            None => Err(ApiError::invalid(format!("Invalid value for the token limit: {limit}"), None, None)),
        },
    }
}

fn check_schema(format: &Value) -> Result<(), ApiError> {
    let refuse = |text: String| Err(ApiError::invalid(text, Some("response_format"), None));
    let name = format["name"].as_str().unwrap_or_default();
    let proper = |character: char| character.is_ascii_alphanumeric() || character == '_' || character == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(proper) {
        return refuse(format!("Invalid 'response_format.json_schema.name': '{name}' does not match '^[a-zA-Z0-9_-]+$'."));
    }
    if format["strict"].as_bool() != Some(true) {
        return Ok(());
    }
    if format["schema"]["type"] != "object" {
        return refuse(format!("Invalid schema for response_format '{name}': schema must be of type 'object'."));
    }
    match open_object(&format["schema"], &mut Vec::new()) {
        None => Ok(()),
        Some((context, problem)) => {
            refuse(format!("Invalid schema for response_format '{name}': In context=({}), {problem}", context.join(", ")))
        }
    }
}

/// Strict mode wants every object closed and every property required; the first that is not, with where it stands.
fn open_object(schema: &Value, context: &mut Vec<String>) -> Option<(Vec<String>, String)> {
    if let Value::Object(fields) = schema {
        if let Some(Value::Object(properties)) = fields.get("properties") {
            if fields.get("additionalProperties") != Some(&Value::Bool(false)) {
                return Some((context.clone(), "'additionalProperties' is required to be supplied and to be false.".to_owned()));
            }
            let required = fields.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
            if let Some(missing) = properties.keys().find(|name| !required.iter().any(|one| one == name.as_str())) {
                let problem = format!(
                    "'required' is required to be supplied and to be an array including every key in properties. Missing '{missing}'."
                );
                return Some((context.clone(), problem));
            }
        }
        for (name, child) in fields {
            context.push(format!("'{name}'"));
            if let Some(found) = open_object(child, context) {
                return Some(found);
            }
            context.pop();
        }
    } else if let Value::Array(items) = schema {
        return items.iter().find_map(|item| open_object(item, context));
    }
    None
}

impl ApiError {
    pub(super) fn invalid(message: impl Into<String>, param: Option<&str>, code: Option<&str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message, "invalid_request_error", param, code)
    }

    pub(super) fn model_not_found(model: &str) -> Self {
        let text = format!("The model `{model}` does not exist or you do not have access to it.");
        Self::new(StatusCode::NOT_FOUND, text, "invalid_request_error", None, Some("model_not_found"))
    }
}
