//! Perplexity's Search API: a question in, ranked pages out.
//!
//! Source: Perplexity's reference ("Search the web", error codes). `cargo xtask checks` has Perplexity's own client (`perplexityai` of
//! `PyPI`) ask it, whose types are generated from the `OpenAPI` of the service.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};

use crate::service::{Asked, Running, ServiceFault, serve};

const KEY: &str = "pplx-stand-in-0123456789abcdef";
/// As the reference says.
const MOST_RESULTS: u64 = 20;

/// A page of the web.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebPage {
    pub title: String,
    pub url: String,
    pub snippet: String,
    pub date: Option<String>,
}

impl WebPage {
    pub fn new(title: &str, url: &str, snippet: &str) -> Self {
        let text = |text: &str| text.to_owned();
        Self { title: text(title), url: text(url), snippet: text(snippet), date: Some("2026-05-04".to_owned()) }
    }
}

/// A Perplexity on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct PerplexityServer {
    running: Running,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    /// What every question finds.
    pages: Mutex<Vec<WebPage>>,
}

impl World {
    fn pages(&self) -> MutexGuard<'_, Vec<WebPage>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PerplexityServer {
    pub async fn start(pages: &[WebPage]) -> anyhow::Result<Self> {
        let world = Arc::new(World { pages: Mutex::new(pages.to_vec()) });
        let router = Router::new().route("/search", post(search)).with_state(Arc::clone(&world));
        Ok(Self { running: serve(router).await?, world })
    }

    /// For `PERPLEXITY_BASE_URL`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// For `PERPLEXITY_API_KEY`.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// What is found from now on.
    pub fn set_pages(&self, pages: &[WebPage]) {
        *self.world.pages() = pages.to_vec();
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.running.journal.asked()
    }

    /// The questions, in order.
    pub fn queries(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.body["query"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub fn fault_always(&self, fault: Option<ServiceFault>) {
        self.running.journal.fault_always(fault);
    }
}

async fn search(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if given != format!("Bearer {KEY}") {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_api_key", "Invalid API key provided.");
    }
    let Ok(body) = serde_json::from_slice::<Value>(&body) else {
        return refuse(StatusCode::BAD_REQUEST, "bad_request", "Request body is no JSON.");
    };
    let query = &body["query"];
    let is_question =
        query.as_str().is_some_and(|query| !query.trim().is_empty()) || query.as_array().is_some_and(|all| !all.is_empty());
    if !is_question {
        return refuse(StatusCode::BAD_REQUEST, "invalid_query", "query must not be empty.");
    }
    let most = match &body["max_results"] {
        Value::Null => 10,
        number => match number.as_u64().filter(|most| (1..=MOST_RESULTS).contains(most)) {
            Some(most) => most,
            None => return refuse(StatusCode::BAD_REQUEST, "invalid_max_results", "max_results must be between 1 and 20."),
        },
    };
    let size = &body["search_context_size"];
    if !size.is_null() && !["low", "medium", "high"].iter().any(|known| size == known) {
        return refuse(StatusCode::BAD_REQUEST, "bad_request", "search_context_size must be one of low, medium, high.");
    }
    let result = |page: &WebPage| {
        let WebPage { title, url, snippet, date } = page;
        json!({ "title": title, "url": url, "snippet": snippet, "date": date, "last_updated": date })
    };
    let pages = world.pages();
    let results: Vec<Value> = pages.iter().take(usize::try_from(most).unwrap_or(usize::MAX)).map(result).collect();
    Json(json!({ "id": "e38104d5-6bd7-4d82-bc4e-0a21179d1f77", "results": results, "server_time": null })).into_response()
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    (status, Json(json!({ "error": { "message": message, "type": kind, "code": status.as_u16() } }))).into_response()
}
