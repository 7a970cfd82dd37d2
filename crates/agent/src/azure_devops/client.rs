//! The client: one `send` for every call, typed reads and writes on top of it.
//!
//! - `send`: one call with its retries, and what becomes of the answer (`refusal`)
//! - `versions`: which api-version a collection takes
//! - `pacing`: when a collection asked us to slow down
//! - `reads`, `repositories`, `surroundings`, `writes`, `additions`, `pushes`, `work_items`, `probe`: what the rest of the agent asks
//!   for

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::header::HeaderValue;
use review_core::pull_request::Person;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use self::versions::Versions;
use super::{AzureDevOpsError, collection};
use crate::{
    net::{Gate, HttpClients},
    settings::AzureDevOpsSettings,
};

mod additions;
mod pacing;
mod probe;
mod pushes;
mod reads;
mod refusal;
mod repositories;
mod send;
mod surroundings;
mod teams;
mod tips;
mod versions;
mod work_items;
mod writes;

pub use probe::Probe;
pub use pushes::{Opened, PullRequestFrom, Pushed, StandingCommit};
pub use reads::ActivePullRequest;
pub use repositories::Revision;
pub use surroundings::{Link, ListedPullRequest};
pub use tips::Tip;
pub use work_items::NewWorkItem;
pub use writes::PullRequestText;

/// Called once for every answer with the name of the operation and the HTTP status, 0 for no answer.
pub type OnCall = Arc<dyn Fn(&'static str, u16) + Send + Sync>;

/// One call, its retries and the waits between them end within this time.
const RETRY_BUDGET: Duration = Duration::from_mins(1);

/// Requests to one collection at the same moment. The service counts load per identity.
const MAX_PARALLEL: usize = 8;

/// Organisations that are remembered at the same moment; without `AZURE_DEVOPS_URL` their names come from payloads.
const MAX_COLLECTIONS: usize = 1_000;

/// One client for all configured collections. The token goes to their hosts only.
#[derive(Clone)]
pub struct AzureDevOps {
    shared: Arc<Shared>,
    on_call: Option<OnCall>,
    write_deadline: Option<WriteDeadline>,
}

/// No write begins at `moment` or later: by the time it arrived, somebody else might be at work on the same pull request.
/// Read off the wall clock, as leases are: it goes on while a process or its machine is paused.
#[derive(Debug, Clone, Copy)]
pub struct WriteDeadline {
    /// Milliseconds since the epoch.
    pub moment: i64,
    pub clock: fn() -> i64,
}

struct Shared {
    http: reqwest::Client,
    /// As configured; empty: cloud organisations only.
    configured: Vec<String>,
    token: SecretString,
    /// Value of the `Authorization` header.
    authorization: SecretString,
    call_timeout: Duration,
    retry_budget: Duration,
    collections: Mutex<HashMap<String, Arc<Collection>>>,
}

/// What is known of one collection.
struct Collection {
    base: Url,
    versions: Versions,
    gate: Gate,
    slots: Semaphore,
    me: OnceCell<Person>,
}

impl AzureDevOps {
    /// Builds the HTTP client. `call_timeout` is for one request with its answer; a service that throttles takes up to 30
    /// seconds.
    ///
    /// # Errors
    /// `Unavailable` when the HTTP client cannot be built from the network settings.
    pub fn new(settings: &AzureDevOpsSettings, http: &HttpClients, call_timeout: Duration) -> Result<Self, AzureDevOpsError> {
        let client = http.client(call_timeout).map_err(|error| AzureDevOpsError::Unavailable {
            action: "preparing the connection to Azure DevOps".to_owned(),
            problem: error.to_string(),
            retry_after: None,
        })?;
        Ok(Self::with_client(settings, client, call_timeout, RETRY_BUDGET))
    }

    fn with_client(
        settings: &AzureDevOpsSettings,
        http: reqwest::Client,
        call_timeout: Duration,
        retry_budget: Duration,
    ) -> Self {
        let authorization = format!("Basic {}", STANDARD.encode(format!(":{}", settings.token.expose_secret())));
        let shared = Shared {
            http,
            configured: settings.collections.iter().map(collection::spelling).collect(),
            token: settings.token.clone(),
            authorization: authorization.into(),
            call_timeout,
            retry_budget,
            collections: Mutex::default(),
        };
        Self { shared: Arc::new(shared), on_call: None, write_deadline: None }
    }

    /// The same client, telling `on_call` of every answer, for metrics.
    #[must_use]
    pub fn with_on_call(mut self, on_call: OnCall) -> Self {
        self.on_call = Some(on_call);
        self
    }

    /// The same client, whose writes, repeated ones included, begin before `deadline` or not at all.
    #[must_use]
    pub fn writing_until(&self, deadline: WriteDeadline) -> Self {
        Self { write_deadline: Some(deadline), ..self.clone() }
    }

    /// How long one request may take, its answer included.
    pub fn call_timeout(&self) -> Duration {
        self.shared.call_timeout
    }

    /// The configured organisations and collections; empty when `AZURE_DEVOPS_URL` is not set.
    pub fn collections(&self) -> &[String] {
        &self.shared.configured
    }

    /// The configured spelling of the collection that a payload names (case-insensitive, old and new cloud hosts alike),
    /// or None when it is none of ours.
    pub fn allowed(&self, collection: &str) -> Option<String> {
        collection::allowed(&self.shared.configured, collection)
    }

    /// Value of the `Authorization` header, for git.
    pub fn authorization(&self) -> SecretString {
        self.shared.authorization.clone()
    }

    /// What we know of a collection, which must be one of ours: nothing else ever gets a request.
    fn collection(&self, named: &str) -> Result<Arc<Collection>, AzureDevOpsError> {
        let refuse = || AzureDevOpsError::NotAllowed(named.chars().take(200).collect());
        let base = self.allowed(named).ok_or_else(refuse)?;
        let mut known = self.shared.collections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(collection) = known.get(&base) {
            return Ok(Arc::clone(collection));
        }
        if known.len() >= MAX_COLLECTIONS {
            known.clear();
        }
        let collection = Arc::new(Collection {
            base: Url::parse(&base).map_err(|_| refuse())?,
            versions: Versions::default(),
            gate: Gate::default(),
            slots: Semaphore::new(MAX_PARALLEL),
            me: OnceCell::new(),
        });
        known.insert(base, Arc::clone(&collection));
        Ok(collection)
    }

    fn authorization_header(&self) -> Option<HeaderValue> {
        let mut value = HeaderValue::from_str(self.shared.authorization.expose_secret()).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    /// A text of the service, fit for a log: one line, bounded, our own secrets blacked out in case it echoes a request.
    fn presentable(&self, text: &str) -> String {
        let token = self.shared.token.expose_secret();
        let encoded = self.shared.authorization.expose_secret().strip_prefix("Basic ").unwrap_or_default();
        let mut text = text.to_owned();
        for secret in [token, encoded].into_iter().filter(|secret| !secret.is_empty()) {
            text = text.replace(secret, "***");
        }
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        line.chars().filter(|character| !character.is_control()).take(600).collect()
    }
}

impl fmt::Debug for AzureDevOps {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AzureDevOps").field("collections", &self.shared.configured).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
