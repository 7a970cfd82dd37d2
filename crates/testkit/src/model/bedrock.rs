//! The same reviewer behind Amazon Bedrock's Converse API (source: Amazon Bedrock's API reference, "Converse", and user guide,
//! "Inference profiles"). Who signed a request is read; whether rightly is not checked here.

use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    options::ModelOptions,
    reply::{ApiError, Completion, tokens},
    request::{ChatRequest, Message},
};

const KNOWN_ARGUMENTS: &[&str] = &[
    "messages",
    "system",
    "inferenceConfig",
    "toolConfig",
    "additionalModelRequestFields",
    "requestMetadata",
    "performanceConfig",
];

/// The access key of the signature.
pub(super) fn shown_key(headers: &HeaderMap) -> Option<&str> {
    let signed = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256 Credential=")?;
    signed.split('/').next()
}

pub(super) fn parse(model: &str, bytes: &[u8], options: &ModelOptions) -> Result<ChatRequest, ApiError> {
    let bare = model.split_once(".anthropic.").map_or(model, |(_, rest)| rest);
    let is_profile = bare != model;
    let known = |listed: &String| listed == model || listed.strip_prefix("anthropic.") == Some(bare) && is_profile;
    if !options.models.iter().any(known) {
        return Err(refuse("The provided model identifier is invalid."));
    }
    if options.by_profile_only && !is_profile {
        return Err(refuse(format!(
            "Invocation of model ID {model} with on-demand throughput isn’t supported. Retry your request with the ID or ARN of an \
             inference profile that contains this model."
        )));
    }
    let body: Value = serde_json::from_slice(bytes).map_err(|error| refuse(format!("The body is not JSON: {error}")))?;
    let Value::Object(arguments) = &body else { return Err(refuse("The body is no object.")) };
    if let Some(unknown) = arguments.keys().find(|name| !KNOWN_ARGUMENTS.contains(&name.as_str())) {
        return Err(refuse(format!("extraneous key [{unknown}] is not permitted")));
    }
    let mut messages: Vec<Message> = Vec::new();
    for block in body["system"].as_array().into_iter().flatten() {
        messages.push(Message { role: "system".to_owned(), content: text(block)?.unwrap_or_default() });
    }
    let turns = body["messages"].as_array().filter(|turns| !turns.is_empty());
    let turns = turns.ok_or_else(|| refuse("A conversation must start with a user message."))?;
    for (index, turn) in turns.iter().enumerate() {
        let role = turn["role"].as_str().unwrap_or_default();
        if role != if index % 2 == 0 { "user" } else { "assistant" } {
            return Err(refuse("A conversation must alternate between user and assistant roles."));
        }
        let mut texts = Vec::new();
        for block in turn["content"].as_array().into_iter().flatten() {
            texts.extend(text(block)?);
        }
        messages.push(Message { role: role.to_owned(), content: texts.join("\n\n") });
    }
    let limit = body["inferenceConfig"]["maxTokens"].as_u64();
    let schema = body["toolConfig"]["toolChoice"]["tool"]["name"].as_str().map(str::to_owned);
    if let Some(name) = &schema {
        let tools = body["toolConfig"]["tools"].as_array().into_iter().flatten();
        let found = tools.map(|tool| &tool["toolSpec"]).find(|tool| tool["name"] == name.as_str());
        if found.is_none_or(|tool| tool["inputSchema"]["json"]["type"] != "object") {
            return Err(refuse("The toolChoice names no tool with an object as its inputSchema."));
        }
    }
    Ok(ChatRequest { model: model.to_owned(), messages, stream: false, stream_usage: true, limit, schema, body })
}

/// None for a cache point, which is no text.
fn text(block: &Value) -> Result<Option<String>, ApiError> {
    if block["cachePoint"]["type"] == "default" {
        return Ok(None);
    }
    let text = block["text"].as_str().filter(|text| !text.trim().is_empty());
    text.map(|text| Some(text.to_owned())).ok_or_else(|| refuse("The text field in the ContentBlock object is blank."))
}

pub(super) fn whole(request: &ChatRequest, number: usize, completion: &Completion) -> Value {
    let said = completion.content.clone().or_else(|| completion.refusal.clone()).unwrap_or_default();
    let input = serde_json::from_str::<Value>(&said).ok().filter(Value::is_object);
    let (content, ended) = match (&request.schema, input) {
        (Some(name), Some(input)) => {
            (json!([{ "toolUse": { "toolUseId": format!("tooluse_{number:08}"), "name": name, "input": input } }]), "tool_use")
        }
        _ if said.is_empty() => (json!([]), "end_turn"),
        _ => (json!([{ "text": said }]), "end_turn"),
    };
    let (fresh, output) = (completion.prompt_tokens - completion.cached_tokens, tokens(&said));
    json!({
        "output": { "message": { "role": "assistant", "content": content } },
        "stopReason": if completion.finish_reason == "length" { "max_tokens" } else { ended },
        "usage": {
            "inputTokens": fresh,
            "outputTokens": output,
            "totalTokens": completion.prompt_tokens + output,
            "cacheReadInputTokens": completion.cached_tokens,
            "cacheWriteInputTokens": 0,
        },
        "metrics": { "latencyMs": 12 },
    })
}

pub(super) fn unauthorized() -> ApiError {
    let text = "The security token included in the request is invalid.";
    ApiError::new(StatusCode::FORBIDDEN, text, "UnrecognizedClientException", None, None)
}

fn refuse(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message, "ValidationException", None, None)
}

/// An error in the shape of AWS' JSON services.
pub(super) fn error(error: &ApiError) -> Response {
    let code = error.body["error"]["code"].as_str().unwrap_or_default();
    let own = error.body["error"]["type"].as_str().filter(|kind| kind.ends_with("Exception"));
    let (status, kind, message) = match (error.status.as_u16(), code) {
        (_, "context_length_exceeded") => (400, "ValidationException", "Input is too long for requested model."),
        (_, "model_not_found") => (404, "ResourceNotFoundException", "This model version has reached the end of its life."),
        (429, _) => (429, "ThrottlingException", "Too many requests, please wait before trying again."),
        (500.., _) => (503, "ServiceUnavailableException", "The service is unavailable."),
        (401, _) => (403, "UnrecognizedClientException", "The security token included in the request is invalid."),
        (status, _) => {
            (status, own.unwrap_or("ValidationException"), error.body["error"]["message"].as_str().unwrap_or_default())
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut response = (status, Json(json!({ "message": message }))).into_response();
    let kind = HeaderValue::from_str(kind).unwrap_or(HeaderValue::from_static("ValidationException"));
    response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), kind);
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
