//! One JSON request to a provider over HTTP: its answer, whole or in pieces, or why there is none.
//!
//! Servers that call themselves compatible differ in what they leave out, and in errors whose `code` is a number (llama.cpp)
//! or whose body is a bare string; and the `Retry-After` header counts.

use std::time::Duration;

use eventsource_stream::Eventsource as _;
use futures::{StreamExt as _, stream};
use review_core::retry::parse_retry_after;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::llm::{
    Begun,
    budget::{Remaining, remaining},
    question::{Failure, excerpt},
};

/// An answer is a few kilobytes; a body past this is not one.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// A shorter key than this is a placeholder.
const LEAST_SECRET: usize = 8;

/// A stream that has begun and says nothing for so long was cut somewhere on the way.
const LONGEST_SILENCE: Duration = Duration::from_mins(1);
/// An answer that flows may take so many times of `LLM_TIMEOUT`.
const FLOWING_FACTOR: u32 = 2;

/// How long an answer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// Until its first piece: a model that reasons is silent for minutes.
    pub(super) first: Duration,
    /// From one piece to the next.
    pub(super) silence: Duration,
    /// For all of it.
    pub(super) total: Duration,
}

impl Patience {
    /// `timeout`: `LLM_TIMEOUT`.
    pub(super) fn of(timeout: Duration) -> Self {
        Self { first: timeout, silence: timeout.min(LONGEST_SILENCE), total: timeout.saturating_mul(FLOWING_FACTOR) }
    }
}

/// What a server answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) body: AnswerBody,
    pub(super) remaining: Option<Remaining>,
}

#[derive(Debug)]
pub(super) enum AnswerBody {
    Whole(Value),
    /// The JSON of each event, in order; without OpenAI's `[DONE]`.
    Events(Vec<Value>),
}

/// Sends it. `secrets` are blacked out in what the server says, in case it repeats them. `begins` is told of the first event.
pub(super) async fn send(
    request: reqwest::RequestBuilder,
    patience: Patience,
    secrets: &[&SecretString],
    begins: Option<&Begun>,
) -> Result<Answered, Failure> {
    let begun = tokio::time::Instant::now();
    let late = |_| Failure::unanswered("no answer within LLM_TIMEOUT");
    let answered = tokio::time::timeout(patience.first, request.send()).await.map_err(late)?;
    let response = answered.map_err(|error| Failure::unanswered(cause(&error)))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let retry_after = retry_after(header("retry-after-ms"), header("retry-after"), header("date"));
    let remaining = remaining(header, begun);
    if (200..300).contains(&status) && header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        let events = events(response, begun, patience, begins).await?;
        // An error may come after the first words, when the status was sent long ago.
        if let Some(failed) = events.iter().find(|event| !event["error"].is_null()) {
            return Err(refusal(status_in(failed), failed, failed.to_string().as_bytes(), retry_after, secrets));
        }
        return Ok(Answered { body: AnswerBody::Events(events), remaining });
    }
    let rest = patience.first.saturating_sub(begun.elapsed());
    let body = tokio::time::timeout(rest, whole(response)).await.map_err(late)??;
    let parsed: Result<Value, _> = serde_json::from_slice(&body);
    if (200..300).contains(&status) {
        let answer = parsed.map_err(|error| {
            Failure::unanswered(format!("the answer is not JSON ({error}): {}", excerpt(&String::from_utf8_lossy(&body))))
        })?;
        // Gateways in front of a provider answer 200 with its error in the body.
        return match answer.get("error") {
            Some(error) if !error.is_null() => Err(refusal(status_in(&answer), &answer, &body, retry_after, secrets)),
            _ => Ok(Answered { body: AnswerBody::Whole(answer), remaining }),
        };
    }
    Err(refusal(Some(status), &parsed.unwrap_or(Value::Null), &body, retry_after, secrets))
}

/// The HTTP status that an error names itself. Anthropic's streams name it by the kind of the error only.
fn status_in(answer: &Value) -> Option<u16> {
    let by_kind = match answer["error"]["type"].as_str() {
        Some("overloaded_error") => Some(529),
        Some("rate_limit_error") => Some(429),
        Some("api_error" | "server_error") => Some(500),
        _ => None,
    };
    let named = answer["error"]["code"].as_u64().and_then(|code| u16::try_from(code).ok());
    named.filter(|status| (400..600).contains(status)).or(by_kind)
}

async fn whole(mut response: reqwest::Response) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::unanswered(cause(&error)))? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY {
            return Err(Failure::unanswered(format!("the answer is larger than {MAX_BODY} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// All events until the end of the stream or `[DONE]`.
async fn events(
    response: reqwest::Response,
    begun: tokio::time::Instant,
    patience: Patience,
    begins: Option<&Begun>,
) -> Result<Vec<Value>, Failure> {
    let (mut pieces, mut size) = (response.bytes_stream(), 0_usize);
    // Comments that keep a connection open are pieces too, so the clock stands below the events.
    let bytes = stream::poll_fn(move |context| pieces.poll_next_unpin(context)).map(move |piece| match piece {
        Ok(piece) => {
            size = size.saturating_add(piece.len());
            if size > MAX_BODY { Err(format!("the answer is larger than {MAX_BODY} bytes")) } else { Ok(piece) }
        }
        Err(error) => Err(format!("the answer was cut in the middle: {}", cause(&error))),
    });
    let begin = Some((Box::pin(bytes), begun + patience.first));
    let bytes = stream::unfold(begin, move |state| async move {
        let (mut bytes, deadline) = state?;
        match tokio::time::timeout_at(deadline, bytes.next()).await {
            Ok(Some(piece)) => Some((piece, Some((bytes, tokio::time::Instant::now() + patience.silence)))),
            Ok(None) => None,
            Err(_) => Some((Err("the answer stopped in the middle, and nothing came for too long".to_owned()), None)),
        }
    });
    let mut events = Box::pin(bytes.eventsource());
    let mut read = Vec::new();
    while let Some(event) = events.next().await {
        let event = event.map_err(|error| Failure::unanswered(excerpt(&words(error))))?;
        if let Some(begins) = begins {
            begins.tell();
        }
        if event.data == "[DONE]" {
            break;
        }
        read.push(serde_json::from_str(&event.data).map_err(|error| {
            Failure::unanswered(format!("an event of the answer is not JSON ({error}): {}", excerpt(&event.data)))
        })?);
    }
    Ok(read)
}

fn words(error: eventsource_stream::EventStreamError<String>) -> String {
    match error {
        eventsource_stream::EventStreamError::Transport(problem) => problem,
        other => format!("the stream of the answer cannot be read: {other}"),
    }
}

fn refusal(status: Option<u16>, error: &Value, body: &[u8], retry_after: Option<Duration>, secrets: &[&SecretString]) -> Failure {
    let text = |value: &Value| value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()));
    let message = text(&error["error"]["message"])
        .or_else(|| text(&error["error"]))
        .or_else(|| text(&error["message"]))
        .or_else(|| text(&error["detail"]))
        .unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
    let code =
        text(&error["error"]["code"]).filter(|code| code.parse::<i64>().is_err()).or_else(|| text(&error["error"]["type"]));
    // Some servers repeat the key that they refuse. Local ones take any word as a key: those are no secrets, and "ollama"
    // should stay readable.
    let message = secrets
        .iter()
        .map(|secret| secret.expose_secret())
        .filter(|secret| secret.len() >= LEAST_SECRET)
        .fold(message, |message, secret| message.replace(secret, "…"));
    let message = excerpt(&message);
    let message = match status {
        Some(status) => format!("{status}: {message}"),
        None => format!("the answer is an error: {message}"),
    };
    Failure { status, message, code, retry_after }
}

/// A date counts only beside the server's own clock: without that, it would be a pause of decades.
fn retry_after(millis: Option<String>, value: Option<String>, date: Option<String>) -> Option<Duration> {
    let millis = millis.and_then(|text| text.parse::<u64>().ok()).map(Duration::from_millis);
    let now = date.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok()).map(|date| date.timestamp().as_second());
    let value = value.filter(|value| now.is_some() || !value.contains(':'));
    millis.or_else(|| value.and_then(|value| parse_retry_after(&value, now.unwrap_or_default())))
}

/// The innermost reason of a failed request, without the URL.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer within LLM_TIMEOUT".to_owned();
    }
    let mut source: &dyn std::error::Error = error;
    while let Some(next) = source.source() {
        source = next;
    }
    source.to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{refusal, retry_after};

    #[test]
    fn a_date_is_read_against_the_servers_own_clock_only() {
        let text = |text: &str| Some(text.to_owned());
        let (then, now) = (text("Sun, 06 Nov 1994 08:49:47 GMT"), text("Sun, 06 Nov 1994 08:49:37 GMT"));
        assert_eq!(retry_after(None, then.clone(), now.clone()), Some(Duration::from_secs(10)));
        assert_eq!(retry_after(None, then, None), None);
        assert_eq!(retry_after(None, text("7"), None), Some(Duration::from_secs(7)));
        assert_eq!(retry_after(text("250"), text("7"), now), Some(Duration::from_millis(250)));
        assert_eq!(retry_after(None, None, None), None);
    }

    #[test]
    fn what_a_server_says_is_told_without_the_key_that_it_repeats() {
        let (key, word) = ("sk-live-1234567890".into(), "ollama".into());
        let failure = |body: &str| {
            let error = serde_json::from_str(body).unwrap_or_default();
            refusal(Some(401), &error, body.as_bytes(), None, &[&key, &word])
        };
        let said = failure(r#"{"error":{"message":"Incorrect API key sk-live-1234567890 for ollama","code":401,"type":"auth"}}"#);
        assert_eq!((said.message.as_str(), said.code.as_deref()), ("401: Incorrect API key … for ollama", Some("auth")));
        assert_eq!(failure("<h1>Sign in</h1>").message, "401: <h1>Sign in</h1>");
        assert_eq!(failure(r#"{"error":"no such key"}"#).message, "401: no such key");
    }
}
