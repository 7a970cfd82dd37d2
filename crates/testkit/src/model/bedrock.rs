//! The same reviewer behind Amazon Bedrock's Converse API (source: Amazon Bedrock's API reference, "Converse", and user guide,
//! "Inference profiles"). Who signed a request is read; whether rightly is not checked here.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue as HeaderText, Message as EventMessage};
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{
    call::Role,
    options::ModelOptions,
    reply::{ApiError, Completion, tokens},
    request::{ChatRequest, Message, Offered},
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
    let (schema, offered) = tools(&body, turns)?;
    Ok(ChatRequest { model: model.to_owned(), messages, stream: false, stream_usage: true, limit, schema, offered, body })
}

/// The tool that takes the answer, and the others that may be used before it.
fn tools(body: &Value, turns: &[Value]) -> Result<(Option<String>, Offered), ApiError> {
    let specs: Vec<&Value> = body["toolConfig"]["tools"].as_array().into_iter().flatten().map(|tool| &tool["toolSpec"]).collect();
    if specs.iter().any(|spec| spec["inputSchema"]["json"]["type"] != "object") {
        return Err(refuse("The value at toolConfig.tools.toolSpec.inputSchema.json.type must be one of the following: object."));
    }
    let names = specs.iter().filter_map(|spec| spec["name"].as_str());
    let (answers, looks): (Vec<&str>, Vec<&str>) = names.partition(|name| Role::is_answer_tool(name));
    let forced = body["toolConfig"]["toolChoice"]["tool"]["name"].as_str();
    if forced.is_some_and(|name| !specs.iter().any(|spec| spec["name"] == name)) {
        return Err(refuse("The toolChoice names no tool with an object as its inputSchema."));
    }
    let ids = |turn: &Value, block: &str| -> Vec<String> {
        let blocks = turn["content"].as_array().into_iter().flatten().map(|content| &content[block]["toolUseId"]);
        blocks.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut used = 0;
    for (turn, next) in turns.iter().zip(turns.iter().skip(1)) {
        let (uses, results) = (ids(turn, "toolUse"), ids(next, "toolResult"));
        if uses.iter().any(|id| !results.contains(id)) || (!uses.is_empty() && specs.is_empty()) {
            return Err(refuse("Expected toolResult blocks for the following Ids, and a toolConfig field."));
        }
        used += usize::from(!uses.is_empty());
    }
    let names = if forced.is_none() { looks.into_iter().map(str::to_owned).collect() } else { Vec::new() };
    Ok((answers.first().map(|&name| name.to_owned()), Offered { names, turns: used }))
}

/// None for a cache point and for a wish, which are no text.
fn text(block: &Value) -> Result<Option<String>, ApiError> {
    if block["cachePoint"]["type"] == "default" || block["toolUse"]["input"].is_object() {
        return Ok(None);
    }
    if let Some(result) = block["toolResult"]["content"][0]["text"].as_str() {
        return Ok(Some(result.to_owned()));
    }
    let text = block["text"].as_str().filter(|text| !text.trim().is_empty());
    text.map(|text| Some(text.to_owned())).ok_or_else(|| refuse("The text field in the ContentBlock object is blank."))
}

pub(super) fn whole(request: &ChatRequest, number: usize, completion: &Completion) -> Value {
    let said = completion.content.clone().or_else(|| completion.refusal.clone()).unwrap_or_default();
    let input = serde_json::from_str::<Value>(&said).ok().filter(Value::is_object);
    let wishes: Vec<Value> = completion
        .uses
        .iter()
        .enumerate()
        .map(|(index, (name, input))| {
            json!({ "toolUse": { "toolUseId": format!("tooluse_{number:06}_{index}"), "name": name, "input": input } })
        })
        .collect();
    let (content, ended) = match (&request.schema, input) {
        _ if !wishes.is_empty() => (wishes.into(), "tool_use"),
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

/// The same as a stream of events (source: Amazon Bedrock's API reference, `ConverseStream`).
pub(super) fn events(request: &ChatRequest, number: usize, completion: &Completion) -> Vec<u8> {
    let answer = whole(request, number, completion);
    let mut bytes = Vec::new();
    let mut event = |kind: &'static str, payload: Value| {
        let header = |name: &'static str, value: &'static str| Header::new(name, HeaderText::String(value.into()));
        let message = EventMessage::new(payload.to_string())
            .add_header(header(":message-type", "event"))
            .add_header(header(":event-type", kind))
            .add_header(header(":content-type", "application/json"));
        write_message_to(&message, &mut bytes).expect("a vector takes every event");
    };
    event("messageStart", json!({ "role": "assistant" }));
    for (index, block) in answer["output"]["message"]["content"].as_array().into_iter().flatten().enumerate() {
        let (said, is_text) = match block["text"].as_str() {
            Some(text) => (text.to_owned(), true),
            None => (block["toolUse"]["input"].to_string(), false),
        };
        if !is_text {
            let wish = json!({ "toolUseId": block["toolUse"]["toolUseId"], "name": block["toolUse"]["name"] });
            event("contentBlockStart", json!({ "contentBlockIndex": index, "start": { "toolUse": wish } }));
        }
        let characters: Vec<char> = said.chars().collect();
        for piece in characters.chunks(16) {
            let piece: String = piece.iter().collect();
            let delta = if is_text { json!({ "text": piece }) } else { json!({ "toolUse": { "input": piece } }) };
            event("contentBlockDelta", json!({ "contentBlockIndex": index, "delta": delta }));
        }
        event("contentBlockStop", json!({ "contentBlockIndex": index }));
    }
    event("messageStop", json!({ "stopReason": answer["stopReason"] }));
    event("metadata", json!({ "usage": answer["usage"], "metrics": answer["metrics"] }));
    bytes
}

pub(super) fn no_right_to_streams(model: &str) -> ApiError {
    let text = format!(
        "User: arn:aws:iam::000000000000:user/agent is not authorized to perform: bedrock:InvokeModelWithResponseStream on resource: \
         arn:aws:bedrock:::foundation-model/{model}"
    );
    ApiError::new(StatusCode::FORBIDDEN, text, "AccessDeniedException", None, None)
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
