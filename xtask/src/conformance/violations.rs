//! What Prism found.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::http::HeaderMap;
use serde_json::Value;

use crate::process::say;

/// Long bodies are cut when a violation is printed.
const SHOWN: usize = 1_500;
const ERROR_TYPE: &str = "https://stoplight.io/prism/errors#";

#[derive(Debug, Default)]
pub(super) struct Ledger {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    counts: Counts,
    violations: Vec<Violation>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Went through Prism.
    pub(super) checked: usize,
    /// Went straight to the stand-in: no file describes them.
    pub(super) undescribed: usize,
    /// Answered by the stand-in with a fault that a story wanted, and so not judged.
    pub(super) faults: usize,
    pub(super) violations: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Violation {
    /// Method and path.
    call: String,
    request_body: String,
    problems: String,
}

impl Ledger {
    pub(super) fn checked(&self) {
        self.inner().counts.checked += 1;
    }

    pub(super) fn undescribed(&self) {
        self.inner().counts.undescribed += 1;
    }

    pub(super) fn fault(&self) {
        self.inner().counts.faults += 1;
    }

    pub(super) fn violation(&self, call: &str, request_body: &[u8], problems: String) {
        let mut inner = self.inner();
        inner.counts.violations += 1;
        let request_body = shortened(&String::from_utf8_lossy(request_body));
        let violation = Violation { call: call.to_owned(), request_body, problems };
        say(&format!("  violation: {} {}", violation.call, violation.problems));
        inner.violations.push(violation);
    }

    pub(super) fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// Each kind once, with how often it came.
    pub(super) fn print(&self) {
        let violations = self.inner().violations.clone();
        let mut told: Vec<&Violation> = Vec::new();
        for violation in &violations {
            if told.iter().any(|one| one.problems == violation.problems && method(&one.call) == method(&violation.call)) {
                continue;
            }
            let same = violations.iter().filter(|one| one.problems == violation.problems).count();
            say(&format!("\n  {} ({same} times)\n    {}", violation.call, violation.problems));
            if !violation.request_body.is_empty() {
                say(&format!("    request: {}", violation.request_body));
            }
            told.push(violation);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Prism objects to in this answer, if anything: its own error page, or the list in its header.
pub(super) fn problems_in(headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let header = headers.get("sl-violations").and_then(|value| value.to_str().ok());
    let listed = header.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let errors = listed.as_ref().and_then(Value::as_array).map(|list| errors_of(list)).unwrap_or_default();
    if !errors.is_empty() {
        return Some(errors);
    }
    let page: Value = serde_json::from_slice(body).ok()?;
    let kind = page["type"].as_str()?.strip_prefix(ERROR_TYPE)?;
    let validation = page["validation"].as_array().map(|list| errors_of(list)).unwrap_or_default();
    let detail = page["detail"].as_str().unwrap_or_default();
    Some(format!("{kind}: {detail} {validation}").trim().to_owned())
}

fn errors_of(list: &[Value]) -> String {
    let errors = list.iter().filter(|problem| problem["severity"].as_str().is_none_or(|severity| severity == "Error"));
    let texts = errors.map(|problem| {
        let place: Vec<String> =
            problem["location"].as_array().into_iter().flatten().map(|part| part.to_string().replace('"', "")).collect();
        format!("[{}] {}", place.join("."), problem["message"].as_str().unwrap_or("?"))
    });
    texts.collect::<Vec<_>>().join("; ")
}

fn method(call: &str) -> &str {
    call.split(' ').next().unwrap_or_default()
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN { text.to_owned() } else { text.chars().take(SHOWN).chain("…".chars()).collect() }
}
