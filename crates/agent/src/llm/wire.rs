//! Chat completions on the wire (source: OpenAI's API reference, "Create chat completion" and "List models").
//!
//! Own types rather than a client crate: servers that call themselves compatible differ in what they leave out, and in
//! errors whose `code` is a number (llama.cpp) or whose body is a bare string, and the `Retry-After` header counts.

use std::time::Duration;

use review_core::{retry::parse_retry_after, usage::Usage};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use url::Url;

/// An answer is a few kilobytes; a body past this is not one.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// A shorter key than this is a placeholder.
const LEAST_SECRET: usize = 8;

#[derive(Debug, Clone, Serialize)]
pub(super) struct Turn {
    role: &'static str,
    content: String,
}

impl Turn {
    pub(super) fn system(content: &str) -> Self {
        Self { role: "system", content: content.to_owned() }
    }

    pub(super) fn user(content: String) -> Self {
        Self { role: "user", content }
    }

    pub(super) fn assistant(content: String) -> Self {
        Self { role: "assistant", content }
    }
}

pub(super) struct Headers<'a> {
    pub(super) key: SecretString,
    pub(super) organization: Option<&'a str>,
    pub(super) project: Option<&'a str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) content: String,
    /// The token limit ended it.
    pub(super) cut: bool,
    pub(super) usage: Usage,
}

/// A call that brought no completion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    /// None: no answer at all.
    pub(super) status: Option<u16>,
    pub(super) message: String,
    pub(super) code: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

impl Failure {
    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self.status, Some(401 | 403))
    }

    /// OpenAI says `context_length_exceeded`, llama.cpp `exceed_context_size_error`; others only in words, ``LiteLLM`` with the
    /// name of its exception, a proxy with 413.
    pub(super) fn is_context_too_long(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        let message = self.message.to_lowercase();
        let says_so = ["context length", "contextwindowexceeded", "prompt is too long", "input is too long"];
        let is_said = ["context_length", "context_size"].iter().any(|part| code.contains(part))
            || says_so.iter().any(|part| message.contains(part));
        self.status == Some(413) || (matches!(self.status, Some(400 | 422)) && is_said)
    }

    /// Nothing is left on the account of this key (OpenAI: 429 `insufficient_quota`): no pause of seconds helps.
    pub(super) fn is_out_of_quota(&self) -> bool {
        let is_said = self.code.as_deref().is_some_and(|code| code.contains("insufficient_quota"));
        self.status == Some(402) || (self.status == Some(429) && is_said)
    }

    fn unanswered(message: String) -> Self {
        Self { status: None, message, code: None, retry_after: None }
    }
}

/// One completion.
pub(super) async fn complete(
    http: &reqwest::Client,
    base_url: &Url,
    headers: Headers<'_>,
    body: &Value,
) -> Result<Completion, Failure> {
    let answer = send(http.post(path(base_url, "chat/completions")).json(body), headers).await?;
    let choice = &answer["choices"][0];
    let content = match &choice["message"]["content"] {
        Value::String(content) => content.clone(),
        // Some servers answer in parts.
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    };
    if choice.is_null() {
        return Err(Failure::unanswered(format!("the answer holds no choices: {}", excerpt(&answer.to_string()))));
    }
    Ok(Completion { content, cut: choice["finish_reason"] == "length", usage: usage(&answer["usage"]) })
}

/// Names of the models that the endpoint offers.
pub(super) async fn list(http: &reqwest::Client, base_url: &Url, headers: Headers<'_>) -> Result<Vec<String>, Failure> {
    let answer = send(http.get(path(base_url, "models")).timeout(Duration::from_secs(30)), headers).await?;
    let models = answer["data"].as_array().cloned().unwrap_or_default();
    Ok(models.iter().filter_map(|model| model["id"].as_str()).map(str::to_owned).collect())
}

async fn send(request: reqwest::RequestBuilder, headers: Headers<'_>) -> Result<Value, Failure> {
    let key = headers.key.expose_secret();
    let mut request = request.bearer_auth(key);
    if let Some(organization) = headers.organization {
        request = request.header("OpenAI-Organization", organization);
    }
    if let Some(project) = headers.project {
        request = request.header("OpenAI-Project", project);
    }
    let mut response = request.send().await.map_err(|error| Failure::unanswered(cause(&error)))?;
    let status = response.status().as_u16();
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let retry_after = retry_after(header("retry-after-ms"), header("retry-after"), header("date"));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| Failure::unanswered(cause(&error)))? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY {
            return Err(Failure::unanswered(format!("the answer is larger than {MAX_BODY} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    let parsed: Result<Value, _> = serde_json::from_slice(&body);
    if (200..300).contains(&status) {
        return parsed.map_err(|error| {
            Failure::unanswered(format!("the answer is not JSON ({error}): {}", excerpt(&String::from_utf8_lossy(&body))))
        });
    }
    let error = parsed.unwrap_or(Value::Null);
    let text = |value: &Value| value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|number| number.to_string()));
    let message = text(&error["error"]["message"])
        .or_else(|| text(&error["error"]))
        .or_else(|| text(&error["message"]))
        .or_else(|| text(&error["detail"]))
        .unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
    let code =
        text(&error["error"]["code"]).filter(|code| code.parse::<i64>().is_err()).or_else(|| text(&error["error"]["type"]));
    // Some servers repeat the key that they refuse. Local ones take any word as a key: those are no secrets, and "ollama"
    // should stay readable.
    let message = if key.len() < LEAST_SECRET { message } else { message.replace(key, "…") };
    Err(Failure { status: Some(status), message: format!("{status}: {}", excerpt(&message)), code, retry_after })
}

/// A date counts only beside the server's own clock: without that, it would be a pause of decades.
fn retry_after(millis: Option<String>, value: Option<String>, date: Option<String>) -> Option<Duration> {
    let millis = millis.and_then(|text| text.parse::<u64>().ok()).map(Duration::from_millis);
    let now = date.and_then(|date| jiff::fmt::rfc2822::parse(&date).ok()).map(|date| date.timestamp().as_second());
    let value = value.filter(|value| now.is_some() || !value.contains(':'));
    millis.or_else(|| value.and_then(|value| parse_retry_after(&value, now.unwrap_or_default())))
}

fn path(base_url: &Url, path: &str) -> String {
    format!("{}/{path}", base_url.as_str().trim_end_matches('/'))
}

fn usage(usage: &Value) -> Usage {
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    Usage {
        calls: 1,
        input_tokens: count(&usage["prompt_tokens"]),
        cached_tokens: count(&usage["prompt_tokens_details"]["cached_tokens"]),
        output_tokens: count(&usage["completion_tokens"]),
    }
}

/// The beginning, on one line.
fn excerpt(text: &str) -> String {
    text.trim().chars().map(|character| if character.is_control() { ' ' } else { character }).take(300).collect()
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

    use super::{Failure, excerpt, retry_after};

    fn failure(status: u16, code: &str, message: &str) -> Failure {
        Failure { status: Some(status), message: message.to_owned(), code: Some(code.to_owned()), retry_after: None }
    }

    #[test]
    fn servers_say_in_many_ways_that_a_request_is_too_long() {
        for too_long in [
            failure(400, "context_length_exceeded", ""),
            failure(400, "exceed_context_size_error", "the request exceeds the available context size"),
            failure(400, "", "This model's maximum context length is 8192 tokens."),
            failure(400, "", "litellm.ContextWindowExceededError: too much"),
            failure(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
            failure(413, "", "Payload Too Large"),
        ] {
            assert!(too_long.is_context_too_long(), "{too_long:?}");
        }
        for other in
            [failure(400, "", "unknown model"), failure(500, "context_length_exceeded", ""), failure(429, "", "context length")]
        {
            assert!(!other.is_context_too_long(), "{other:?}");
        }
    }

    #[test]
    fn an_empty_account_is_no_rate_limit() {
        assert!(failure(429, "insufficient_quota", "You exceeded your current quota").is_out_of_quota());
        assert!(failure(402, "", "Payment Required").is_out_of_quota());
        assert!(!failure(429, "rate_limit_exceeded", "Slow down").is_out_of_quota());
    }

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
    fn what_a_server_says_stays_on_one_short_line() {
        assert_eq!(excerpt("  a\nb\u{1b}[31m "), "a b [31m");
        assert_eq!(excerpt(&"é".repeat(1_000)).chars().count(), 300);
    }
}
