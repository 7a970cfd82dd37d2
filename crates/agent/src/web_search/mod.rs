//! Searches of the web through Perplexity's Search API: a question goes out, and titles, hosts and snippets come back.
//!
//! Sources: Perplexity's reference of the Search API (`POST /search`), and its client `perplexityai`, by which `cargo xtask checks`
//! looks at the stand-in. Not its chat completions: they ended on 2026-09-27, and another model's words about the web would only
//! stand between the sources and the model that asks.

use std::time::Duration;

use review_core::{
    prompt::tools::{MAX_RESULTS, WebResult},
    redaction::Redactor,
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::{
    net::{HttpClients, NetError, Reply, Service, ServiceError},
    settings::WebSearchSettings,
    store::{Store, StoreError, StoredAnswer},
    telemetry::Metrics,
};

/// A model waits so long for results, with what else it asked for.
pub const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The search service. Cheap to clone.
#[derive(Clone)]
pub struct WebSearch {
    service: Service,
    settings: WebSearchSettings,
    redactor: Redactor,
    /// Results that were paid for; None for `doctor`.
    answers: Option<Store>,
    metrics: Option<Metrics>,
    clock: fn() -> i64,
}

#[derive(Deserialize)]
struct WireResults {
    #[serde(default)]
    results: Vec<WireResult>,
}

/// As it comes, and as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct WireResult {
    #[serde(default)]
    title: String,
    url: String,
    #[serde(default)]
    snippet: String,
    #[serde(default)]
    date: Option<String>,
}

impl WebSearch {
    /// `redactor` takes secrets out of queries; `clock` in milliseconds since the epoch.
    pub fn new(
        settings: &WebSearchSettings,
        http: &HttpClients,
        redactor: Redactor,
        answers: Option<Store>,
        metrics: Option<Metrics>,
        clock: fn() -> i64,
    ) -> Result<Self, NetError> {
        let service = Service::new("Perplexity", "PERPLEXITY_API_KEY", &settings.base_url, http)?;
        Ok(Self { service, settings: settings.clone(), redactor, answers, metrics, clock })
    }

    /// The host that is asked.
    pub fn host(&self) -> &str {
        self.service.host()
    }

    /// The results for `query`, without its secrets; those of an earlier run of the same `occasion` (pull request and commit) where there
    /// was one, so that a run which was cut finds what it found.
    ///
    /// # Errors
    /// The service gave no answer, or the database does not.
    pub async fn search(&self, query: &str, occasion: &str) -> Result<Vec<WebResult>, SearchError> {
        let query = self.redactor.redact(query).text.into_owned();
        let fingerprint = self.fingerprint(&query, occasion);
        if let Some(store) = &self.answers
            && let Some(stored) = store.answer(&fingerprint).await?
            && let Ok(results) = serde_json::from_str::<Vec<WireResult>>(&stored.content)
        {
            return Ok(shown(results));
        }
        let asked = self.ask(&query).await;
        if let Some(metrics) = &self.metrics {
            metrics.web_search(asked.as_ref().map_or_else(ServiceError::word, |_| "answered"));
        }
        let results = asked?;
        if let Some(store) = &self.answers
            && let Ok(content) = serde_json::to_string(&results)
        {
            let answer = StoredAnswer { content, usage: review_core::usage::Usage::default() };
            store.store_answer(&fingerprint, &answer, (self.clock)()).await?;
        }
        Ok(shown(results))
    }

    /// Searches once, to see whether the key is taken.
    pub async fn probe(&self) -> Result<usize, ServiceError> {
        Ok(self.ask("Azure DevOps pull request").await?.len())
    }

    async fn ask(&self, query: &str) -> Result<Vec<WireResult>, ServiceError> {
        let mut url = self.settings.base_url.clone();
        let no_base = || self.service.unreadable("PERPLEXITY_BASE_URL is no address that paths can be put behind".to_owned());
        url.path_segments_mut().map_err(|()| no_base())?.pop_if_empty().push("search");
        // Little of many pages: what is shown is cut anyway.
        let body = json!({ "query": query, "max_results": MAX_RESULTS, "search_context_size": "low" });
        let key = self.settings.key.expose_secret();
        let request = || self.service.client().post(url.clone()).bearer_auth(key).json(&body);
        let Reply { status, body, .. } = self.service.ask(request, || (self.clock)() / 1_000).await?;
        let body = body.filter(|_| status.is_success()).ok_or_else(|| self.service.unreadable(format!("{}", status.as_u16())))?;
        let is_an_answer = body.get("results").is_some_and(Value::is_array);
        let results = if is_an_answer {
            WireResults::deserialize(body).map_err(|error| error.to_string())
        } else {
            Err("no `results`".to_owned())
        };
        Ok(results.map_err(|problem| self.service.unreadable(problem))?.results)
    }

    fn fingerprint(&self, query: &str, occasion: &str) -> String {
        let mut hash = Sha256::new();
        for part in ["web search", self.settings.base_url.as_str(), occasion, query] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hex::encode(hash.finalize())
    }
}

fn shown(results: Vec<WireResult>) -> Vec<WebResult> {
    let result = |WireResult { title, url, snippet, date }: WireResult| {
        let host = Url::parse(&url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        WebResult { title, host, date: date.unwrap_or_default(), snippet }
    };
    results.into_iter().take(MAX_RESULTS).map(result).collect()
}

impl std::fmt::Debug for WebSearch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("WebSearch").field("service", &self.service).finish_non_exhaustive()
    }
}
