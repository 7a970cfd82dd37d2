//! What the agent serves: webhooks, health, readiness, metrics. Nothing here calls a model or Azure DevOps.

mod auth;
mod listen;
mod ops;
#[cfg(test)]
mod tests;
mod webhooks;

use std::{any::Any, fmt, sync::Arc};

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Response, StatusCode, header},
};
use futures::future::BoxFuture;
pub use listen::serve;
use serde::Serialize;
use tokio::sync::Notify;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    settings::WebhookCredentials,
    store::{Millis, Store},
    telemetry::Metrics,
};

/// Everything that the routes need.
#[derive(Clone)]
pub struct AppState {
    pub store: Store,
    pub metrics: Metrics,
    pub allowed: AllowList,
    /// None: every delivery is taken.
    pub credentials: Option<WebhookCredentials>,
    /// Notified once for each job that was stored.
    pub wake: Arc<Notify>,
    pub ready: ReadyProbe,
    pub now: fn() -> Millis,
}

/// Which collections webhooks may be about.
#[derive(Clone)]
pub struct AllowList {
    spelling: Spelling,
    only: Option<String>,
}

type Spelling = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Asks everything that `/ready` reports. It is given ten seconds.
pub type ReadyProbe = Arc<dyn Fn() -> BoxFuture<'static, Readiness> + Send + Sync>;

/// The answer of `/ready`. Without the database nothing can be taken on; without the others the agent takes webhooks on and
/// works them off later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    pub database: Check,
    pub migrations: Check,
    pub azure_devops: Check,
    pub model: Check,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    pub ok: bool,
    /// For people; without secrets.
    pub detail: String,
}

impl AllowList {
    /// `spelling` gives the configured spelling of a collection that a payload names, or None when it is none of ours
    /// (`AzureDevOps::allowed`). `only` is the collection of a payload that names none: the configured one, if there is exactly
    /// one.
    pub fn new(spelling: impl Fn(&str) -> Option<String> + Send + Sync + 'static, only: Option<String>) -> Self {
        Self { spelling: Arc::new(spelling), only }
    }

    pub(crate) fn spelling(&self, collection: Option<&str>) -> Option<String> {
        match collection {
            Some(collection) => (self.spelling)(collection),
            None => self.only.clone(),
        }
    }
}

impl fmt::Debug for AllowList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("AllowList").field("only", &self.only).finish_non_exhaustive()
    }
}

impl Check {
    pub fn ok(detail: impl Into<String>) -> Self {
        Self { ok: true, detail: detail.into() }
    }

    pub fn failed(detail: impl Into<String>) -> Self {
        Self { ok: false, detail: detail.into() }
    }
}

/// All routes.
pub fn router(state: AppState) -> Router {
    let AppState { store, metrics, allowed, credentials, wake, ready, now } = state;
    let accept: webhooks::Accept = Arc::new(move |event, job| {
        let store = store.clone();
        Box::pin(async move { store.accept(&event, job.as_ref()).await })
    });
    let credentials = credentials.as_ref().map(auth::Expected::new);
    let intake = webhooks::Intake {
        accept,
        metrics: metrics.clone(),
        allowed,
        credentials,
        wake,
        now,
        limits: webhooks::Limits::default(),
    };
    assemble(webhooks::routes(intake), ops::routes(metrics, ready, ops::PROBE_LIMIT))
}

/// A panic is answered 503 as well: any other error makes Azure DevOps drop the events that follow.
fn assemble(webhooks: Router, ops: Router) -> Router {
    Router::new().merge(webhooks).merge(ops).layer(CatchPanicLayer::custom(panicked))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the layer calls")]
fn panicked(panic: Box<dyn Any + Send>) -> Response<Body> {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a request panicked; this is a defect of the agent");
    unavailable()
}

/// 503, with which Azure DevOps delivers the same event again.
fn unavailable() -> Response<Body> {
    let mut response = Response::new(Body::from("temporarily unavailable\n"));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}
