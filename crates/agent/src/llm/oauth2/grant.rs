//! One question for a token, with its retries, and what the answer says.

use std::time::Duration;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    StatusCode,
    header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER},
};
use review_core::retry::{Decision, Outcome, decide, parse_retry_after};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::Instant;
use url::form_urlencoded;

use super::OAuth2Error;
use crate::settings::OAuth2Settings;

/// A token is a few kilobytes; a body past this is none.
const MAX_BODY: usize = 256 * 1024;
/// The first attempt and two more.
const MAX_ATTEMPTS: u32 = 3;
/// Of a token whose answer does not say.
const ASSUMED_LIFETIME: Duration = Duration::from_mins(5);
/// A longer one is not believed: keys are rotated.
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);
/// How much is shown of what an endpoint says.
const SHOWN_CHARACTERS: usize = 400;
/// A shorter secret is a placeholder, and parts of words.
const LEAST_SECRET: usize = 4;

/// The question, and how long to ask it.
pub(super) struct Grant {
    http: reqwest::Client,
    settings: OAuth2Settings,
    /// Without user, query and fragment.
    endpoint: String,
    timeout: Duration,
    budget: Duration,
}

/// A token as it came.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) token: SecretString,
    pub(super) lifetime: Duration,
}

/// One attempt that came to nothing.
struct Failure {
    outcome: Outcome,
    retry_after: Option<Duration>,
    error: OAuth2Error,
}

impl Grant {
    /// `http` ends a request after `timeout`; `budget` is for all attempts with the waits between them.
    pub(super) fn new(settings: &OAuth2Settings, http: reqwest::Client, timeout: Duration, budget: Duration) -> Self {
        let endpoint = format!("{}{}", settings.endpoint.origin().ascii_serialization(), settings.endpoint.path());
        Self { http, settings: settings.clone(), endpoint, timeout, budget }
    }

    /// For messages.
    pub(super) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(super) async fn ask(&self) -> Result<Fresh, OAuth2Error> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            let Failure { outcome, retry_after, error } = match self.attempt().await {
                Ok(fresh) => return Ok(fresh),
                Err(failure) => failure,
            };
            let decision = if attempt < MAX_ATTEMPTS {
                decide(attempt, outcome, retry_after, started.elapsed(), self.budget, rand::random())
            } else {
                Decision::GiveUp
            };
            let Decision::Retry(pause) = decision else { return Err(error) };
            tracing::warn!(%error, attempt, ?pause, "no token for the model endpoint; trying again");
            #[expect(clippy::disallowed_methods, reason = "a pause before the next attempt is the event")]
            tokio::time::sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self) -> Result<Fresh, Failure> {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.settings.client_id.as_str()),
            ("client_secret", self.settings.client_secret.expose_secret()),
        ];
        form.extend(self.settings.scope.as_deref().map(|scope| ("scope", scope)));
        let request = self.http.post(self.settings.endpoint.clone()).header(ACCEPT, "application/json").form(&form);
        let mut response = request.send().await.map_err(|error| self.unanswered(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unanswered(&error))? {
            if body.len().saturating_add(chunk.len()) > MAX_BODY {
                return Err(self.bad_answer(status, format!("it answered {status} with more than {MAX_BODY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_redirection() {
            return Err(self.bad_answer(status, format!("it answered {status}, and redirects are not followed")));
        }
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        // Gateways answer 200 with the error in the body.
        let error = answer.as_ref().and_then(|answer| word(&answer["error"]));
        if !status.is_success() || error.is_some() {
            let said = match (error, &answer) {
                (Some(error), Some(answer)) => said(&error, answer),
                _ => page(&String::from_utf8_lossy(&body)),
            };
            return Err(self.refused(status, &headers, &said));
        }
        // What is no error may hold a token: it is described and never shown.
        let answer = answer.ok_or_else(|| {
            let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("no content type");
            self.bad_answer(status, format!("it answered {status} with {}, and no JSON", self.presentable(kind)))
        })?;
        fresh(&answer).map_err(|problem| self.bad_answer(status, format!("it answered {status} {}", self.presentable(&problem))))
    }

    fn unanswered(&self, error: &reqwest::Error) -> Failure {
        let problem = if error.is_timeout() {
            format!("no answer within {} ms", self.timeout.as_millis())
        } else {
            let mut cause: &dyn std::error::Error = error;
            // The outer texts repeat the address.
            while let Some(next) = cause.source() {
                cause = next;
            }
            // A tunnel that a proxy refuses is a connection that cannot be made, too.
            let hint = if error.is_connect() { "; check OAUTH2_ENDPOINT, HTTPS_PROXY, NO_PROXY and EXTRA_CA_CERTS" } else { "" };
            format!("no answer: {}{hint}", self.presentable(&cause.to_string()))
        };
        let error = OAuth2Error::Unavailable { endpoint: self.endpoint.clone(), problem, retry_after: None };
        Failure { outcome: Outcome::NoAnswer, retry_after: None, error }
    }

    fn bad_answer(&self, status: StatusCode, problem: String) -> Failure {
        let error = OAuth2Error::BadAnswer { endpoint: self.endpoint.clone(), problem };
        Failure { outcome: Outcome::Status(status.as_u16()), retry_after: None, error }
    }

    fn refused(&self, status: StatusCode, headers: &HeaderMap, said: &str) -> Failure {
        let (endpoint, said) = (self.endpoint.clone(), self.presentable(said));
        let message = if said.is_empty() { format!("it answered {status}") } else { format!("it answered {status}: {said}") };
        let retry_after = retry_after(headers);
        let error = if status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429) {
            OAuth2Error::Unavailable { endpoint, problem: message, retry_after }
        } else {
            OAuth2Error::Refused { endpoint, variables: variables_for(status, &message), message }
        };
        Failure { outcome: Outcome::Status(status.as_u16()), retry_after, error }
    }

    /// One line, bounded, without our secret in any form in which a server could repeat it.
    fn presentable(&self, text: &str) -> String {
        let secret = self.settings.client_secret.expose_secret();
        let mut text = text.to_owned();
        if secret.len() >= LEAST_SECRET {
            let in_a_form: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            let in_percents = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            for form in [secret, &in_a_form, &in_percents] {
                text = text.replace(form, "…");
            }
        }
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|character| !character.is_control()).take(SHOWN_CHARACTERS).collect()
    }
}

/// Which variables a refusal is about. `message` holds a code of RFC 6749, section 5.2, where the endpoint keeps to it.
fn variables_for(status: StatusCode, message: &str) -> &'static str {
    match status.as_u16() {
        _ if message.contains("invalid_scope") || message.contains("invalid_target") => "OAUTH2_SCOPE",
        _ if message.contains("invalid_client") || message.contains("unauthorized_client") => {
            "OAUTH2_CLIENT_ID and OAUTH2_CLIENT_SECRET"
        }
        401 | 403 => "OAUTH2_CLIENT_ID and OAUTH2_CLIENT_SECRET",
        407 => "HTTP_PROXY and HTTPS_PROXY",
        404 | 405 | 410 | 501 => "OAUTH2_ENDPOINT",
        _ => "the variables that begin with OAUTH2_",
    }
}

/// The token of an answer (RFC 6749, section 5.1), or what is wrong with it, without showing it.
fn fresh(answer: &Value) -> Result<Fresh, String> {
    let token = answer["access_token"].as_str().map(str::trim).filter(|token| !token.is_empty());
    let token = token.ok_or("with JSON that holds no access_token")?;
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("with an access_token that no header can carry".to_owned());
    }
    match word(&answer["token_type"]) {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") => {
            Err(format!("with a token of the type {kind}; only Bearer can be used"))
        }
        _ => Ok(Fresh { token: token.into(), lifetime: lifetime(&answer["expires_in"]) }),
    }
}

/// Seconds, as a number or, from some servers, as a text.
fn lifetime(expires_in: &Value) -> Duration {
    let seconds = match expires_in {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    match seconds {
        Some(seconds) if seconds >= LONGEST_LIFETIME.as_secs_f64() => LONGEST_LIFETIME,
        Some(seconds) if seconds <= 0.0 => Duration::ZERO,
        Some(seconds) => Duration::try_from_secs_f64(seconds).unwrap_or(ASSUMED_LIFETIME),
        None => ASSUMED_LIFETIME,
    }
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// `error` with its `error_description`.
fn said(error: &str, answer: &Value) -> String {
    match word(&answer["error_description"]) {
        Some(description) => format!("{error}: {description}"),
        None => error.to_owned(),
    }
}

/// What a body that is no JSON of ours says: the title of a page, or its beginning.
fn page(body: &str) -> String {
    let lower = body.to_ascii_lowercase();
    let title = lower.find("<title").and_then(|start| {
        let (from, to) = (lower.get(start..)?.find('>')?, lower.get(start..)?.find("</")?);
        body.get(start..)?.get(from.checked_add(1)?..to)
    });
    title.unwrap_or(body).to_owned()
}

/// A date counts only beside the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let value = text(RETRY_AFTER)?;
    let now = text(DATE).and_then(|date| jiff::fmt::rfc2822::parse(date).ok()).map(|date| date.timestamp().as_second());
    let is_date = value.contains(':');
    if is_date && now.is_none() { None } else { parse_retry_after(value, now.unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(secret: &str) -> Grant {
        let settings = OAuth2Settings {
            endpoint: "https://me:password@idp.contoso.com:8443/token?tenant=1#x".parse().unwrap(),
            client_id: "agent".to_owned(),
            client_secret: secret.into(),
            scope: None,
        };
        #[expect(clippy::disallowed_methods, reason = "nothing is sent")]
        let http = {
            let _installed_before = rustls::crypto::ring::default_provider().install_default();
            reqwest::Client::builder().build().unwrap()
        };
        Grant::new(&settings, http, Duration::ZERO, Duration::ZERO)
    }

    #[test]
    fn the_address_in_messages_is_bare() {
        assert_eq!(grant("s3cr3t").endpoint(), "https://idp.contoso.com:8443/token");
    }

    #[test]
    fn what_a_server_repeats_is_one_short_line_without_the_secret() {
        let grant = grant("s3c r/t&");
        let shown = grant.presentable("client_secret=s3c r/t&\n\tas s3c+r%2Ft%26\x07 and s3c%20r%2Ft%26");
        assert_eq!(shown, "client_secret=… as … and …");
        assert_eq!(grant.presentable(&"ä".repeat(9_000)).chars().count(), 400);
    }

    #[test]
    fn the_lifetime_is_read_as_servers_write_it() {
        for (written, seconds) in [
            ("3599", 3_599),
            ("\"3599\"", 3_599),
            ("\" 60 \"", 60),
            ("3600.0", 3_600),
            ("null", 300),
            ("\"soon\"", 300),
            ("\"NaN\"", 300),
            ("[]", 300),
            ("0", 0),
            ("-5", 0),
            ("1e300", 86_400),
            ("\"inf\"", 86_400),
        ] {
            let read = lifetime(&serde_json::from_str(written).unwrap());
            assert_eq!(read, Duration::from_secs(seconds), "{written}");
        }
    }

    #[test]
    fn a_page_is_told_by_its_title() {
        assert_eq!(page("<html><head><TITLE lang=en>Sign in</TITLE>"), "Sign in");
        assert_eq!(page("no such route"), "no such route");
        for broken in ["<title", "<title>", "<title></", "</<title>", "İ<title>ß</title>"] {
            page(broken);
        }
    }
}
