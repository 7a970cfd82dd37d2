//! Writes answers: whole, streamed, and errors.

use std::{convert::Infallible, io, time::Duration};

use axum::{
    Json,
    body::{Body, Bytes},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::{anthropic, bedrock, request::ChatRequest};

/// An error in OpenAI's shape.
#[derive(Debug, Clone)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    pub(super) retry_after: Option<u64>,
}

impl ApiError {
    pub(super) fn new(
        status: StatusCode,
        message: impl Into<String>,
        kind: &str,
        param: Option<&str>,
        code: Option<&str>,
    ) -> Self {
        let body = json!({ "error": { "message": message.into(), "type": kind, "param": param, "code": code } });
        Self { status, body, retry_after: None }
    }

    pub(super) fn unauthorized(key: Option<&str>) -> Self {
        let text = match key {
            // OpenAI repeats what it was given, masked.
            Some(key) => format!("Incorrect API key provided: {}.", masked(key)),
            None => "You didn't provide an API key.".to_owned(),
        };
        Self::new(StatusCode::UNAUTHORIZED, text, "invalid_request_error", None, Some("invalid_api_key"))
    }

    pub(super) fn rate_limited(retry_after: u64) -> Self {
        let text = format!("Rate limit reached. Please try again in {retry_after}s.");
        let mut error = Self::new(StatusCode::TOO_MANY_REQUESTS, text, "requests", None, Some("rate_limit_exceeded"));
        error.retry_after = Some(retry_after);
        error
    }

    pub(super) fn server_error() -> Self {
        let text = "The server had an error while processing your request. Sorry about that!";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, text, "server_error", None, None)
    }

    pub(super) fn context_too_long(limit: u64, found: u64) -> Self {
        let text = format!(
            "This model's maximum context length is {limit} tokens. However, your messages resulted in {found} tokens. Please reduce \
             the length of the messages."
        );
        Self::new(StatusCode::BAD_REQUEST, text, "invalid_request_error", Some("messages"), Some("context_length_exceeded"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
                .headers_mut()
                .insert(HeaderName::from_static("x-ratelimit-remaining-requests"), HeaderValue::from_static("0"));
        }
        response
    }
}

/// What the model says, and what it took.
#[derive(Debug, Clone)]
pub(super) struct Completion {
    /// None: the model refuses, and `refusal` says why.
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    /// Name and arguments of the tools that it wants to use instead.
    pub(super) uses: Vec<(String, Value)>,
    pub(super) finish_reason: &'static str,
    pub(super) prompt_tokens: u64,
    pub(super) cached_tokens: u64,
    /// Tokens that a reasoning model spends before the first visible one.
    pub(super) reasoning_tokens: u64,
}

/// A fair guess that is the same everywhere: four bytes are a token.
pub(super) fn tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(4)
}

/// Whose protocol an answer is written in; Azure's answers are OpenAI's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    OpenAi,
    Anthropic,
    Bedrock,
}

/// How the body travels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    AtOnce,
    /// Ten bytes, then a pause.
    Slow(Duration),
    /// Half of it, then the connection ends.
    Cut,
    /// Half of it, then nothing more.
    Stalls,
}

/// The answer in the form that the request asks for.
pub(super) fn respond(dialect: Dialect, request: &ChatRequest, number: usize, completion: &Completion, pace: Pace) -> Response {
    let (content_type, body) = match dialect {
        Dialect::Anthropic if request.stream => {
            ("text/event-stream", anthropic::events(request, number, completion).into_bytes())
        }
        Dialect::Anthropic => ("application/json", anthropic::whole(request, number, completion).to_string().into_bytes()),
        Dialect::Bedrock if request.stream => {
            ("application/vnd.amazon.eventstream", bedrock::events(request, number, completion))
        }
        Dialect::Bedrock => ("application/json", bedrock::whole(request, number, completion).to_string().into_bytes()),
        Dialect::OpenAi if request.stream => ("text/event-stream", events(request, number, completion).into_bytes()),
        Dialect::OpenAi => ("application/json", whole(request, number, completion).to_string().into_bytes()),
    };
    let mut response = Response::new(paced(body, pace));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(super) fn plain(content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn paced(body: Vec<u8>, pace: Pace) -> Body {
    let pieces = |size: usize| -> Vec<Bytes> { body.chunks(size).map(Bytes::copy_from_slice).collect() };
    match pace {
        Pace::AtOnce => Body::from(body),
        Pace::Slow(pause) => Body::from_stream(stream::iter(pieces(10)).then(move |piece| async move {
            #[expect(clippy::disallowed_methods, reason = "the pause between tokens is what is simulated")]
            tokio::time::sleep(pause).await;
            Ok::<_, Infallible>(piece)
        })),
        Pace::Stalls => {
            let first = pieces(body.len().div_ceil(2).max(1)).into_iter().next().unwrap_or_default();
            Body::from_stream(stream::iter([Ok::<_, Infallible>(first)]).chain(stream::pending()))
        }
        Pace::Cut => {
            let first = pieces(body.len().div_ceil(2).max(1)).into_iter().next().unwrap_or_default();
            let pieces = stream::iter([Ok(first), Err(io::Error::from(io::ErrorKind::ConnectionReset))]);
            // Without the yield the first half would be thrown away unsent.
            Body::from_stream(pieces.then(async |piece| {
                if piece.is_err() {
                    tokio::task::yield_now().await;
                }
                piece
            }))
        }
    }
}

fn usage(completion: &Completion) -> Value {
    let visible = completion.content.as_deref().or(completion.refusal.as_deref()).map_or(0, tokens);
    let output = visible + completion.reasoning_tokens;
    json!({
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": output,
        "total_tokens": completion.prompt_tokens + output,
        "prompt_tokens_details": { "cached_tokens": completion.cached_tokens, "audio_tokens": 0 },
        "completion_tokens_details": { "reasoning_tokens": completion.reasoning_tokens, "audio_tokens": 0 },
    })
}

fn envelope(request: &ChatRequest, number: usize, object: &str) -> Value {
    json!({
        "id": format!("chatcmpl-{number:08}"),
        "object": object,
        "created": 1_700_000_000 + number,
        "model": request.model,
        "system_fingerprint": "fp_testkit",
    })
}

fn whole(request: &ChatRequest, number: usize, completion: &Completion) -> Value {
    let mut answer = envelope(request, number, "chat.completion");
    answer["choices"] = json!([{
        "index": 0,
        "message": message(completion, number),
        "logprobs": null,
        "finish_reason": completion.finish_reason,
    }]);
    answer["usage"] = usage(completion);
    answer
}

fn message(completion: &Completion, number: usize) -> Value {
    let mut message = json!({ "role": "assistant", "content": completion.content, "refusal": completion.refusal });
    let calls = tool_calls(completion, number);
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    message
}

fn tool_calls(completion: &Completion, number: usize) -> Vec<Value> {
    let uses = completion.uses.iter().enumerate();
    uses.map(|(index, (name, arguments))| {
        json!({
            "id": format!("call_{number:06}_{index}"),
            "type": "function",
            "function": { "name": name, "arguments": arguments.to_string() },
        })
    })
    .collect()
}

/// Server-sent events: the role, the content in pieces, the reason of the end, the usage when asked for, `[DONE]`.
fn events(request: &ChatRequest, number: usize, completion: &Completion) -> String {
    let chunk = |delta: Value, finish_reason: Option<&str>| {
        let mut chunk = envelope(request, number, "chat.completion.chunk");
        chunk["choices"] = json!([{ "index": 0, "delta": delta, "logprobs": null, "finish_reason": finish_reason }]);
        if request.stream_usage {
            chunk["usage"] = Value::Null;
        }
        format!("data: {chunk}\n\n")
    };
    let mut text = chunk(json!({ "role": "assistant", "content": "", "refusal": null }), None);
    for (index, mut call) in tool_calls(completion, number).into_iter().enumerate() {
        call["index"] = index.into();
        let arguments = call["function"]["arguments"].take();
        call["function"]["arguments"] = "".into();
        text.push_str(&chunk(json!({ "tool_calls": [call] }), None));
        text.push_str(&chunk(json!({ "tool_calls": [{ "index": index, "function": { "arguments": arguments } }] }), None));
    }
    let (name, said) = match (&completion.content, &completion.refusal) {
        (Some(content), _) => ("content", content.as_str()),
        (None, refusal) => ("refusal", refusal.as_deref().unwrap_or_default()),
    };
    let characters: Vec<char> = said.chars().collect();
    for piece in characters.chunks(16) {
        text.push_str(&chunk(json!({ name: piece.iter().collect::<String>() }), None));
    }
    text.push_str(&chunk(json!({}), Some(completion.finish_reason)));
    if request.stream_usage {
        let mut last = envelope(request, number, "chat.completion.chunk");
        last["choices"] = json!([]);
        last["usage"] = usage(completion);
        text.push_str(&format!("data: {last}\n\n"));
    }
    text.push_str("data: [DONE]\n\n");
    text
}

fn masked(key: &str) -> String {
    let characters: Vec<char> = key.chars().collect();
    let shown = |range: &[char]| range.iter().collect::<String>();
    match characters.len() {
        0..=8 => "*".repeat(characters.len()),
        length => format!("{}{}{}", shown(&characters[..3]), "*".repeat(length - 7), shown(&characters[length - 4..])),
    }
}
