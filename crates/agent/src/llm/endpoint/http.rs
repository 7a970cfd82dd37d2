//! One JSON request to a provider over HTTP: its answer, or why there is none.
//!
//! Servers that call themselves compatible differ in what they leave out, and in errors whose `code` is a number (llama.cpp)
//! or whose body is a bare string; and the `Retry-After` header counts.

use std::time::Duration;

use review_core::retry::parse_retry_after;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use crate::llm::question::{Failure, excerpt};

/// An answer is a few kilobytes; a body past this is not one.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// A shorter key than this is a placeholder.
const LEAST_SECRET: usize = 8;

/// Sends it. `secrets` are blacked out in what the server says, in case it repeats them.
pub(super) async fn send(request: reqwest::RequestBuilder, secrets: &[&SecretString]) -> Result<Value, Failure> {
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
        let answer = parsed.map_err(|error| {
            Failure::unanswered(format!("the answer is not JSON ({error}): {}", excerpt(&String::from_utf8_lossy(&body))))
        })?;
        // Gateways in front of a provider answer 200 with its error in the body.
        return match answer.get("error") {
            Some(error) if !error.is_null() => {
                let status = error["code"].as_u64().and_then(|code| u16::try_from(code).ok());
                let status = status.filter(|status| (400..600).contains(status));
                Err(refusal(status, &answer, &body, retry_after, secrets))
            }
            _ => Ok(answer),
        };
    }
    Err(refusal(Some(status), &parsed.unwrap_or(Value::Null), &body, retry_after, secrets))
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
