//! One call: its URL, its headers, its retries.

use std::{error::Error as _, fmt};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE},
};
use review_core::retry::{self, Decision, Outcome};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::{
    AzureDevOps, Collection, pacing,
    refusal::{self, Answer, Verdict},
    versions::{Maturity, Sent},
};
use crate::{
    azure_devops::{AzureDevOpsError, wire::List},
    net::pause,
};

/// Longest answer that is read, but for lists of threads.
const MAX_ANSWER: usize = 16 << 20;

/// How often one call is repeated with another api-version.
const MAX_RENEGOTIATIONS: u32 = 6;

/// How often one call is made, whatever the service says about when to come back.
const MAX_ATTEMPTS: u32 = 6;

/// Pages of one list; a service that goes on for ever is not believed.
const MAX_PAGES: usize = 1_000;

const CONTINUATION: &str = "x-ms-continuationtoken";

/// What the value of a query parameter may carry as it is.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b',');

/// A request, independent of the collection's URL and api-version.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// For metrics.
    operation: &'static str,
    /// What is being done to what, for errors: "reading the threads of pull request 7".
    action: String,
    method: Method,
    /// Path below the collection, not encoded.
    segments: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    /// Changes nothing, whatever its method.
    only_reads: bool,
    maturity: Maturity,
    max_answer: usize,
    /// Of the body, where it is no plain JSON.
    content_type: Option<&'static str>,
}

impl Call {
    pub(super) fn get(operation: &'static str, action: impl Into<String>, segments: &[&str]) -> Self {
        Self::new(operation, action.into(), Method::GET, segments, None)
    }

    /// Setting the same content twice does no harm, so it is repeated like a read.
    pub(super) fn patch(operation: &'static str, action: impl Into<String>, segments: &[&str], body: Value) -> Self {
        Self::new(operation, action.into(), Method::PATCH, segments, Some(body))
    }

    /// Setting the same content twice does no harm, so it is repeated like a read.
    pub(super) fn put(operation: &'static str, action: impl Into<String>, segments: &[&str], body: Value) -> Self {
        Self::new(operation, action.into(), Method::PUT, segments, Some(body))
    }

    /// Repeated only when the service answered that it is too busy; never when no answer came.
    pub(super) fn post(operation: &'static str, action: impl Into<String>, segments: &[&str], body: Value) -> Self {
        Self::new(operation, action.into(), Method::POST, segments, Some(body))
    }

    /// A question too long for a URL: it changes nothing, and is repeated like a read.
    pub(super) fn ask(operation: &'static str, action: impl Into<String>, segments: &[&str], body: Value) -> Self {
        Self { only_reads: true, ..Self::new(operation, action.into(), Method::POST, segments, Some(body)) }
    }

    pub(super) fn query(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.query.push((name, value.to_string()));
        self
    }

    pub(super) fn maturity(mut self, maturity: Maturity) -> Self {
        self.maturity = maturity;
        self
    }

    pub(super) fn max_answer(mut self, bytes: usize) -> Self {
        self.max_answer = bytes;
        self
    }

    pub(super) fn content_type(mut self, content_type: &'static str) -> Self {
        self.content_type = Some(content_type);
        self
    }

    fn new(operation: &'static str, action: String, method: Method, segments: &[&str], body: Option<Value>) -> Self {
        Self {
            operation,
            action,
            only_reads: method == Method::GET,
            method,
            segments: segments.iter().map(|&segment| segment.to_owned()).collect(),
            query: Vec::new(),
            body,
            maturity: Maturity::Released,
            max_answer: MAX_ANSWER,
            content_type: None,
        }
    }

    /// None: a segment would leave its place in the path.
    fn url(&self, base: &Url, sent: Option<Sent>) -> Option<Url> {
        if self.segments.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return None;
        }
        let mut url = base.clone();
        url.path_segments_mut().ok()?.pop_if_empty().extend(&self.segments);
        let version = sent.map(|sent| ("api-version", sent.to_string()));
        let query = self
            .query
            .iter()
            .cloned()
            .chain(version)
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(&value, QUERY)));
        let query = query.collect::<Vec<_>>().join("&");
        url.set_query((!query.is_empty()).then_some(&query));
        Some(url)
    }

    fn may_repeat(&self, outcome: Outcome) -> bool {
        self.only_reads || self.method != Method::POST || matches!(outcome, Outcome::Status(429 | 503))
    }
}

impl AzureDevOps {
    /// Performs `call` and reads its answer; an empty body reads as `null`.
    pub(super) async fn fetch<T: DeserializeOwned>(&self, collection: &str, call: &Call) -> Result<T, AzureDevOpsError> {
        let answer = self.send(collection, call).await?;
        self.read(&answer, call)
    }

    /// Performs `call` and reads its answer's pages.
    pub(super) async fn fetch_list<T: DeserializeOwned>(
        &self,
        collection: &str,
        call: &Call,
    ) -> Result<Vec<T>, AzureDevOpsError> {
        let mut items = Vec::new();
        let mut last: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let page = match &last {
                None => call.clone(),
                Some(token) => call.clone().query("continuationToken", token),
            };
            let answer = self.send(collection, &page).await?;
            items.extend(self.read::<List<T>>(&answer, call)?.0);
            let token = answer.headers.get(CONTINUATION).and_then(|token| token.to_str().ok()).filter(|token| !token.is_empty());
            if token.is_none() || token == last.as_deref() {
                return Ok(items);
            }
            last = token.map(str::to_owned);
        }
        Err(AzureDevOpsError::Unreadable {
            action: call.action.clone(),
            problem: format!("the list has more than {MAX_PAGES} pages"),
        })
    }

    /// Performs `call`: within the collection's pace, in a version that it takes, again while that makes sense.
    pub(super) async fn send(&self, collection: &str, call: &Call) -> Result<Answer, AzureDevOpsError> {
        let collection = self.collection(collection)?;
        let started = Instant::now();
        let (mut attempt, mut renegotiations) = (1, 0);
        loop {
            collection.gate.pass(pacing::MAX_INLINE_WAIT).await.map_err(|wait| AzureDevOpsError::Unavailable {
                action: call.action.clone(),
                problem: format!("Azure DevOps asked for a pause; {} s of it are left", wait.as_secs()),
                retry_after: Some(wait),
            })?;
            let sent = collection.versions.choose(call.operation, call.maturity);
            let (outcome, retry_after, problem) = match self.attempt(&collection, call, sent).await? {
                Ok(answer) => {
                    self.report(call, answer.status.as_u16());
                    if let Some(pause) = pacing::asked_pause(&answer.headers) {
                        collection.gate.hold(pause);
                    }
                    match refusal::judge(&answer, &call.action, !call.only_reads, |text| self.presentable(text)) {
                        Verdict::Fine => return Ok(answer),
                        Verdict::Final(error) => return Err(error),
                        Verdict::Version { type_key, message } => {
                            renegotiations += 1;
                            let learnt =
                                sent.is_some_and(|sent| collection.versions.learn(call.operation, sent, &type_key, &message));
                            if learnt && renegotiations <= MAX_RENEGOTIATIONS {
                                continue;
                            }
                            return Err(too_old(call, &answer, type_key, &message));
                        }
                        Verdict::Transient { problem } => {
                            (Outcome::Status(answer.status.as_u16()), pacing::retry_after(&answer.headers), problem)
                        }
                    }
                }
                Err(problem) => {
                    self.report(call, 0);
                    (Outcome::NoAnswer, None, problem)
                }
            };
            let decision = if attempt < MAX_ATTEMPTS && call.may_repeat(outcome) {
                retry::decide(attempt, outcome, retry_after, started.elapsed(), self.shared.retry_budget, rand::random())
            } else {
                Decision::GiveUp
            };
            match decision {
                Decision::Retry(delay) => {
                    tracing::debug!(operation = call.operation, attempt, ?delay, problem, "trying again");
                    attempt += 1;
                    pause(delay).await;
                }
                Decision::GiveUp => {
                    let action = call.action.clone();
                    return Err(AzureDevOpsError::Unavailable { action, problem: tried(&problem, attempt), retry_after });
                }
            }
        }
    }

    /// One request. The outer error is ours, the inner one says why no answer came.
    async fn attempt(
        &self,
        collection: &Collection,
        call: &Call,
        sent: Option<Sent>,
    ) -> Result<Result<Answer, String>, AzureDevOpsError> {
        let not_sent = |problem: &str| AzureDevOpsError::NotSent { action: call.action.clone(), problem: problem.to_owned() };
        let url = call.url(&collection.base, sent).ok_or_else(|| not_sent("a name in its path is empty or made of dots"))?;
        let authorization = self.authorization_header().ok_or_else(|| not_sent("the token cannot stand in a header"))?;
        let mut request = self.shared.http.request(call.method.clone(), url);
        request = request.header(ACCEPT, "application/json").header("X-TFS-FedAuthRedirect", "Suppress");
        request = request.header(reqwest::header::AUTHORIZATION, authorization);
        if let Some(body) = &call.body {
            request = match call.content_type {
                Some(content_type) => request.header(CONTENT_TYPE, content_type).body(body.to_string()),
                None => request.json(body),
            };
        }
        // The semaphore is never closed.
        let _slot = collection.slots.acquire().await.ok();
        if !call.only_reads && self.write_deadline.is_some_and(|deadline| (deadline.clock)() >= deadline.moment) {
            return Err(AzureDevOpsError::Unavailable {
                action: call.action.clone(),
                problem: "not sent: the job's lease would end before the answer came".to_owned(),
                retry_after: None,
            });
        }
        let no_answer = |error: reqwest::Error| self.presentable(&no_answer(error, &collection.base));
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(no_answer(error))),
        };
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len().saturating_add(chunk.len()) > call.max_answer => {
                    return Err(AzureDevOpsError::Unreadable {
                        action: call.action.clone(),
                        problem: format!("it is longer than {} MB", call.max_answer >> 20),
                    });
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Ok(Err(no_answer(error))),
            }
        }
        Ok(Ok(Answer { status: response.status(), headers: std::mem::take(response.headers_mut()), body }))
    }

    fn read<T: DeserializeOwned>(&self, answer: &Answer, call: &Call) -> Result<T, AzureDevOpsError> {
        let body = if answer.body.is_empty() { b"null".as_slice() } else { answer.body.as_slice() };
        serde_json::from_slice(body).map_err(|error| AzureDevOpsError::Unreadable {
            action: call.action.clone(),
            problem: self.presentable(&error.to_string()),
        })
    }

    fn report(&self, call: &Call, status: u16) {
        if let Some(on_call) = &self.on_call {
            on_call(call.operation, status);
        }
    }
}

fn too_old(call: &Call, answer: &Answer, type_key: String, message: &str) -> AzureDevOpsError {
    AzureDevOpsError::Refused {
        action: call.action.clone(),
        status: answer.status.as_u16(),
        type_key,
        message: format!("{message} (Azure DevOps Services and Azure DevOps Server 2019 to 2022 are supported)"),
    }
}

fn tried(problem: &str, attempts: u32) -> String {
    if attempts > 1 { format!("{problem} (tried {attempts} times)") } else { problem.to_owned() }
}

/// The chain of causes, without the URL, and what to look at.
fn no_answer(error: reqwest::Error, base: &Url) -> String {
    let hint = if error.is_timeout() {
        "is the server overloaded, or a firewall in between?"
    } else if error.is_connect() {
        "check AZURE_DEVOPS_URL, HTTPS_PROXY and NO_PROXY, and EXTRA_CA_CERTS for a certificate of your own"
    } else {
        "the connection was lost"
    };
    let error = error.without_url();
    let mut chain = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !chain.contains(&text) {
            chain = format!("{chain}: {text}");
        }
        source = cause.source();
    }
    format!("no answer from {}: {chain}; {hint}", base.origin().ascii_serialization())
}
