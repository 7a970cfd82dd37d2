//! The same reviewer behind Anthropic's Messages API (source: Anthropic's API reference, "Messages", "Errors", "Versioning").

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    call::Role,
    options::ModelOptions,
    reply::{ApiError, Completion, tokens},
    request::{ChatRequest, Message, Offered},
};

const VERSION: &str = "2023-06-01";
const MOST_CACHE_POINTS: usize = 4;
const KNOWN_ARGUMENTS: &[&str] = &[
    "model",
    "messages",
    "max_tokens",
    "system",
    "metadata",
    "stop_sequences",
    "stream",
    "temperature",
    "top_k",
    "top_p",
    "tools",
    "tool_choice",
    "thinking",
    "service_tier",
];

/// The key that was shown, as `x-api-key` or as a bearer token.
pub(super) fn shown_key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("x-api-key").or_else(|| text(header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ")).map(str::trim)
}

/// Refuses what the service refuses before it looks at the body.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), ApiError> {
    match headers.get("anthropic-version").and_then(|value| value.to_str().ok()) {
        Some(VERSION) => Ok(()),
        Some(other) => Err(refuse(format!("anthropic-version: \"{other}\" is not a valid version"))),
        None => Err(refuse("anthropic-version: header is required")),
    }
}

pub(super) fn parse(bytes: &[u8], options: &ModelOptions) -> Result<ChatRequest, ApiError> {
    let body: Value =
        serde_json::from_slice(bytes).map_err(|error| refuse(format!("The request body is not valid JSON: {error}")))?;
    let Value::Object(arguments) = &body else { return Err(refuse("Input should be an object")) };
    if let Some(unknown) = arguments.keys().find(|name| !KNOWN_ARGUMENTS.contains(&name.as_str())) {
        return Err(refuse(format!("{unknown}: Extra inputs are not permitted")));
    }
    let model = arguments.get("model").and_then(Value::as_str).filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| refuse("model: Field required"))?.to_owned();
    if !options.models.is_empty() && !options.models.contains(&model) {
        return Err(ApiError::new(StatusCode::NOT_FOUND, format!("model: {model}"), "not_found_error", None, None));
    }
    let limit = arguments.get("max_tokens").and_then(Value::as_u64).filter(|limit| *limit > 0);
    let limit = limit.ok_or_else(|| refuse("max_tokens: Field required"))?;
    let mut messages = Vec::new();
    if let Some(system) = arguments.get("system") {
        messages.push(Message { role: "system".to_owned(), content: text_of(system, "system")? });
    }
    messages.extend(turns(arguments)?);
    check_cache_points(&body)?;
    let (schema, offered) = tools(arguments)?;
    let stream = arguments.get("stream").and_then(Value::as_bool).unwrap_or(false);
    Ok(ChatRequest { model, messages, stream, stream_usage: true, limit: Some(limit), schema, offered, body })
}

fn turns(arguments: &Map<String, Value>) -> Result<Vec<Message>, ApiError> {
    let list = arguments.get("messages").and_then(Value::as_array).filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| refuse("messages: at least one message is required"))?;
    let mut read = Vec::with_capacity(list.len());
    for (index, message) in list.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if !["user", "assistant"].contains(&role) {
            return Err(refuse(format!("messages.{index}.role: Input should be 'user' or 'assistant'")));
        }
        if index == 0 && role != "user" {
            return Err(refuse("messages: first message must use the \"user\" role"));
        }
        read.push(Message { role: role.to_owned(), content: text_of(&message["content"], &format!("messages.{index}"))? });
    }
    if let Some(last) = read.last()
        && last.role == "assistant"
        && last.content.ends_with(char::is_whitespace)
    {
        return Err(refuse("messages: final assistant content cannot end with trailing whitespace"));
    }
    Ok(read)
}

fn text_of(content: &Value, place: &str) -> Result<String, ApiError> {
    match content {
        Value::String(text) if !text.is_empty() => Ok(text.clone()),
        Value::Array(blocks) if !blocks.is_empty() => {
            let mut texts = Vec::new();
            for block in blocks {
                let text = match block["type"].as_str().unwrap_or_default() {
                    "tool_use" if block["input"].is_object() => continue,
                    "tool_result" => block["content"].as_str(),
                    "text" => block["text"].as_str(),
                    other => {
                        return Err(refuse(format!("{place}.content: Input tag '{other}' found using 'type' is not read here")));
                    }
                };
                let text = text.unwrap_or_default();
                if text.trim().is_empty() && block["type"] == "text" {
                    return Err(refuse(format!("{place}: text content blocks must contain non-whitespace text")));
                }
                texts.push(text);
            }
            Ok(texts.join("\n\n"))
        }
        _ => Err(refuse(format!("{place}: content must be non-empty"))),
    }
}

fn check_cache_points(body: &Value) -> Result<(), ApiError> {
    fn points(value: &Value) -> usize {
        match value {
            Value::Object(fields) => {
                usize::from(fields.contains_key("cache_control")) + fields.values().map(points).sum::<usize>()
            }
            Value::Array(items) => items.iter().map(points).sum(),
            _ => 0,
        }
    }
    let found = points(body);
    if found <= MOST_CACHE_POINTS {
        return Ok(());
    }
    Err(refuse(format!("A maximum of {MOST_CACHE_POINTS} blocks with cache_control may be provided. Found {found}.")))
}

/// The tool that takes the answer, and the others that may be used before it.
fn tools(arguments: &Map<String, Value>) -> Result<(Option<String>, Offered), ApiError> {
    let tools = arguments.get("tools").and_then(Value::as_array).cloned().unwrap_or_default();
    for (index, tool) in tools.iter().enumerate() {
        if tool["input_schema"]["type"] != "object" {
            return Err(refuse(format!("tools.{index}.custom.input_schema.type: Input should be 'object'")));
        }
    }
    let (answers, looks): (Vec<&str>, Vec<&str>) =
        tools.iter().filter_map(|tool| tool["name"].as_str()).partition(|name| Role::is_answer_tool(name));
    let choice = arguments.get("tool_choice").unwrap_or(&Value::Null);
    if choice["type"] == "tool" {
        let name = choice["name"].as_str().unwrap_or_default();
        if !tools.iter().any(|tool| tool["name"] == name) {
            return Err(refuse(format!("Tool '{name}' not found in provided tools")));
        }
    }
    let may_look = !matches!(choice["type"].as_str(), Some("tool" | "none"));
    let names = if may_look { looks.into_iter().map(str::to_owned).collect() } else { Vec::new() };
    let turns = arguments.get("messages").and_then(Value::as_array).map_or(Ok(0), |turns| check_results(turns, &tools));
    let turns = turns.map_err(refuse)?;
    Ok((answers.first().map(|&name| name.to_owned()), Offered { names, turns }))
}

/// Turns in which tools were used; each use must be followed by its result.
fn check_results(turns: &[Value], tools: &[Value]) -> Result<usize, String> {
    let ids = |turn: &Value, kind: &str, field: &str| -> Vec<String> {
        let blocks = turn["content"].as_array().into_iter().flatten().filter(|block| block["type"] == kind);
        blocks.map(|block| block[field].as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut used = 0;
    for (index, turn) in turns.iter().enumerate() {
        let uses = ids(turn, "tool_use", "id");
        if uses.is_empty() {
            continue;
        }
        used += 1;
        if tools.is_empty() {
            return Err("Requests which include `tool_use` or `tool_result` blocks must define tools".to_owned());
        }
        let results = turns.get(index + 1).map(|next| ids(next, "tool_result", "tool_use_id")).unwrap_or_default();
        if let Some(missing) = uses.iter().find(|id| !results.contains(id)) {
            return Err(format!(
                "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {missing}"
            ));
        }
    }
    Ok(used)
}

/// What goes into the forced tool, or the text.
pub(super) fn whole(request: &ChatRequest, number: usize, completion: &Completion) -> Value {
    let said = completion.content.clone().or_else(|| completion.refusal.clone()).unwrap_or_default();
    let input = serde_json::from_str::<Value>(&said).ok().filter(Value::is_object);
    let wishes: Vec<Value> = completion
        .uses
        .iter()
        .enumerate()
        .map(|(index, (name, input))| json!({ "type": "tool_use", "id": format!("toolu_{number:06}_{index}"), "name": name, "input": input }))
        .collect();
    let (content, ended) = match (&request.schema, input) {
        _ if !wishes.is_empty() => (wishes.into(), "tool_use"),
        (Some(name), Some(input)) => {
            (json!([{ "type": "tool_use", "id": format!("toolu_{number:08}"), "name": name, "input": input }]), "tool_use")
        }
        _ if said.is_empty() => (json!([]), "end_turn"),
        _ => (json!([{ "type": "text", "text": said }]), "end_turn"),
    };
    let stop_reason = if completion.finish_reason == "length" { "max_tokens" } else { ended };
    json!({
        "id": format!("msg_{number:08}"),
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": null,
        "usage": {
            "input_tokens": completion.prompt_tokens - completion.cached_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": completion.cached_tokens,
            "output_tokens": tokens(&said),
        },
    })
}

/// The same as events (source: Anthropic's API reference, "Streaming Messages").
pub(super) fn events(request: &ChatRequest, number: usize, completion: &Completion) -> String {
    let mut message = whole(request, number, completion);
    let (content, stop_reason, usage) = (message["content"].take(), message["stop_reason"].take(), message["usage"].clone());
    message["content"] = json!([]);
    message["usage"]["output_tokens"] = 1.into();
    let mut text = String::new();
    let mut event =
        |event: Value| text.push_str(&format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default()));
    event(json!({ "type": "message_start", "message": message }));
    event(json!({ "type": "ping" }));
    for (index, block) in content.as_array().into_iter().flatten().enumerate() {
        let mut begun = block.clone();
        let (said, name) = if let Some(said) = block["text"].as_str() {
            begun["text"] = "".into();
            (said.to_owned(), "text")
        } else {
            begun["input"] = json!({});
            (block["input"].to_string(), "partial_json")
        };
        event(json!({ "type": "content_block_start", "index": index, "content_block": begun }));
        let kind = if name == "text" { "text_delta" } else { "input_json_delta" };
        let characters: Vec<char> = said.chars().collect();
        for piece in characters.chunks(16) {
            let piece: String = piece.iter().collect();
            event(json!({ "type": "content_block_delta", "index": index, "delta": { "type": kind, name: piece } }));
        }
        event(json!({ "type": "content_block_stop", "index": index }));
    }
    let output = json!({ "output_tokens": usage["output_tokens"] });
    event(json!({ "type": "message_delta", "delta": { "stop_reason": stop_reason, "stop_sequence": null }, "usage": output }));
    event(json!({ "type": "message_stop" }));
    text
}

/// The models, as "List Models" gives them.
pub(super) fn list(models: &[String]) -> Value {
    let listed: Vec<Value> = models
        .iter()
        .map(|id| json!({ "type": "model", "id": id, "display_name": id, "created_at": "2025-10-01T00:00:00Z" }))
        .collect();
    let end = |id: Option<&String>| id.map_or(Value::Null, |id| id.as_str().into());
    json!({ "data": listed, "has_more": false, "first_id": end(models.first()), "last_id": end(models.last()) })
}

fn refuse(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, message, "invalid_request_error", None, None)
}

/// An error in Anthropic's shape.
pub(super) fn error(error: &ApiError) -> Response {
    let kind = match error.status.as_u16() {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    let message = match error.body["error"]["code"].as_str() {
        Some("context_length_exceeded") => "prompt is too long: 210000 tokens > 200000 maximum",
        Some("model_not_found") => "model: not found",
        _ => error.body["error"]["message"].as_str().unwrap_or_default(),
    };
    let body = json!({ "type": "error", "error": { "type": kind, "message": message }, "request_id": "req_testkit" });
    let mut response = (error.status, Json(body)).into_response();
    if let Some(seconds) = error.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}
