//! Services that are asked beside Azure DevOps and the model (trackers, web search): one question, one answer in JSON, and in
//! words for the operator why there is none.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{
    RequestBuilder, StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};
use review_core::retry::{Decision, Outcome, decide, parse_retry_after};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{Gate, HttpClients, NetError, pause, with_causes};

/// Time for one attempt.
const TOTAL: Duration = Duration::from_secs(10);
/// All attempts together, with the waits between them.
const BUDGET: Duration = Duration::from_secs(15);
const MAX_ATTEMPTS: u32 = 2;
/// A longer answer is none that we asked for.
const MAX_BODY: usize = 2 * 1024 * 1024;
/// When a service that throttles does not say for how long.
const THROTTLED_FOR: Duration = Duration::from_secs(30);
/// A longer pause is not believed.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// How much is shown of what a service says.
const SHOWN_CHARACTERS: usize = 200;

/// Why a service gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// 401.
    #[error("{service} at {host} refuses the token of {variable}: {said}. Set a valid one, and restart the agent")]
    Unauthorized { service: &'static str, host: String, variable: &'static str, said: String },
    /// 403.
    #[error("{service} at {host} does not let the account of {variable} do this: {said}. Give it the right to read")]
    Forbidden { service: &'static str, host: String, variable: &'static str, said: String },
    /// 429, now or a while ago.
    #[error("{service} at {host} asks to be left alone for {} s", .wait.as_secs())]
    Throttled { service: &'static str, host: String, wait: Duration },
    /// Nothing answers, or errors that pass.
    #[error("{service} at {host} does not answer: {problem}")]
    Away { service: &'static str, host: String, problem: String },
    /// An answer that is none of this service, a redirect among them.
    #[error("{service} at {host} answered what is no answer of it: {problem}. Does the address lead to its API?")]
    Unreadable { service: &'static str, host: String, problem: String },
}

impl ServiceError {
    /// For people who cannot mend it; names no variable.
    pub fn sentence(&self) -> String {
        match self {
            Self::Unauthorized { service, .. } => {
                format!("{service} refuses the agent's token; its operator has to set a valid one.")
            }
            Self::Forbidden { service, .. } => format!("{service} does not let the agent read what is asked for."),
            Self::Throttled { service, .. } => format!("{service} is asked too much at the moment."),
            Self::Away { service, .. } => format!("{service} did not answer."),
            Self::Unreadable { service, .. } => format!("{service} answered in a way that the agent does not understand."),
        }
    }

    /// For metrics.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unauthorized { .. } | Self::Forbidden { .. } => "refused",
            Self::Throttled { .. } => "throttled",
            Self::Away { .. } | Self::Unreadable { .. } => "failed",
        }
    }
}

/// One service with its host. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Service {
    name: &'static str,
    /// Names the token in messages.
    variable: &'static str,
    host: String,
    client: reqwest::Client,
    gate: Arc<Gate>,
}

/// An answer of success, or one that says that what was asked for is not there or not right.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// None: no JSON.
    pub(crate) body: Option<Value>,
}

/// One attempt that came to nothing.
struct Failure {
    outcome: Outcome,
    retry_after: Option<Duration>,
    error: ServiceError,
}

impl Service {
    pub(crate) fn new(name: &'static str, variable: &'static str, url: &Url, clients: &HttpClients) -> Result<Self, NetError> {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = format!("{}{port}", url.host_str().unwrap_or_default());
        Ok(Self { name, variable, host, client: clients.client(TOTAL)?, gate: Arc::default() })
    }

    /// The host, with its port where it has one of its own.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Asks, once more where that may help. `request` makes the request anew for each attempt; `now` in seconds since the epoch.
    pub(crate) async fn ask(&self, request: impl Fn() -> RequestBuilder, now: impl Fn() -> i64) -> Result<Reply, ServiceError> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            if let Err(wait) = self.gate.pass(BUDGET.saturating_sub(started.elapsed())).await {
                return Err(ServiceError::Throttled { service: self.name, host: self.host.clone(), wait });
            }
            let Failure { outcome, retry_after, error } = match self.attempt(request(), now()).await {
                Ok(reply) => return Ok(reply),
                Err(failure) => failure,
            };
            if let ServiceError::Throttled { wait, .. } = &error {
                self.gate.hold(*wait);
            }
            let decision = if attempt < MAX_ATTEMPTS {
                decide(attempt, outcome, retry_after, started.elapsed(), BUDGET, rand::random())
            } else {
                Decision::GiveUp
            };
            let Decision::Retry(wait) = decision else { return Err(error) };
            tracing::info!(%error, ?wait, "asking once more");
            pause(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, request: RequestBuilder, now: i64) -> Result<Reply, Failure> {
        let mut response = request.send().await.map_err(|error| self.unanswered(error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.unanswered(error))? {
            if bytes.len().saturating_add(chunk.len()) > MAX_BODY {
                let problem = format!("{} with more than {} KiB", status.as_u16(), MAX_BODY / 1024);
                return Err(failure(status, None, self.unreadable(problem)));
            }
            bytes.extend_from_slice(&chunk);
        }
        let body: Option<Value> = serde_json::from_slice(&bytes).ok();
        let (service, variable, host) = (self.name, self.variable, self.host.clone());
        let said = || what_was_said(status, body.as_ref(), &bytes);
        match status.as_u16() {
            200..=299 if body.is_none() => Err(failure(status, None, self.unreadable("it is no JSON".to_owned()))),
            200..=299 | 400 | 404 | 410 | 422 => Ok(Reply { status, headers, body }),
            300..=399 => {
                let problem = format!("{} with a redirect, which is not followed", status.as_u16());
                Err(failure(status, None, self.unreadable(problem)))
            }
            401 => Err(failure(status, None, ServiceError::Unauthorized { service, host, variable, said: said() })),
            403 => Err(failure(status, None, ServiceError::Forbidden { service, host, variable, said: said() })),
            429 => {
                let told = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                let told = told.and_then(|value| parse_retry_after(value, now)).map(|wait| wait.min(LONGEST_PAUSE));
                let wait = told.unwrap_or(THROTTLED_FOR);
                Err(failure(status, Some(wait), ServiceError::Throttled { service, host, wait }))
            }
            _ => Err(failure(status, None, ServiceError::Away { service, host, problem: said() })),
        }
    }

    /// The service throttles in a way of its own.
    pub(crate) fn throttled(&self) -> ServiceError {
        self.gate.hold(THROTTLED_FOR);
        ServiceError::Throttled { service: self.name, host: self.host.clone(), wait: THROTTLED_FOR }
    }

    /// The service refuses the token in a way of its own.
    pub(crate) fn unauthorized(&self, said: &str) -> ServiceError {
        let said = shown(said);
        ServiceError::Unauthorized { service: self.name, host: self.host.clone(), variable: self.variable, said }
    }

    pub(crate) fn forbidden(&self, said: &str) -> ServiceError {
        let said = shown(said);
        ServiceError::Forbidden { service: self.name, host: self.host.clone(), variable: self.variable, said }
    }

    pub(crate) fn unreadable(&self, problem: String) -> ServiceError {
        ServiceError::Unreadable { service: self.name, host: self.host.clone(), problem }
    }

    fn unanswered(&self, error: reqwest::Error) -> Failure {
        let problem = with_causes(&error.without_url());
        let error = ServiceError::Away { service: self.name, host: self.host.clone(), problem };
        Failure { outcome: Outcome::NoAnswer, retry_after: None, error }
    }
}

/// Status, and the sentence that the service has for it.
fn what_was_said(status: StatusCode, body: Option<&Value>, bytes: &[u8]) -> String {
    let sentence = body.and_then(sentence).unwrap_or_else(|| {
        let text = String::from_utf8_lossy(bytes.get(..SHOWN_CHARACTERS).unwrap_or(bytes)).into_owned();
        // A page for people says nothing in its first words.
        if text.trim_start().starts_with('<') { String::new() } else { text }
    });
    let sentence = shown(&sentence);
    if sentence.is_empty() { status.as_u16().to_string() } else { format!("{} {sentence}", status.as_u16()) }
}

/// What services write into errors: Jira `errorMessages`, GraphQL `errors[].message`, others `message`, `error` or `error.message`.
fn sentence(body: &Value) -> Option<String> {
    let places = ["/errorMessages/0", "/errors/0/message", "/message", "/error/message", "/error", "/detail"];
    places.iter().find_map(|place| body.pointer(place)?.as_str().map(str::to_owned))
}

/// On one line, short.
fn shown(text: &str) -> String {
    let plain = |character: char| if character.is_control() { ' ' } else { character };
    text.trim().trim_end_matches('.').chars().map(plain).take(SHOWN_CHARACTERS).collect()
}

fn failure(status: StatusCode, retry_after: Option<Duration>, error: ServiceError) -> Failure {
    Failure { outcome: Outcome::Status(status.as_u16()), retry_after, error }
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("name", &self.name).field("host", &self.host).finish_non_exhaustive()
    }
}
