//! `/health`, `/ready`, `/metrics`.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::json;

use super::{Check, Readiness, ReadyProbe};
use crate::telemetry::Metrics;

/// Time of the readiness probe.
pub(super) const PROBE_LIMIT: Duration = Duration::from_secs(10);

pub(super) fn routes(metrics: Metrics, ready: ReadyProbe, limit: Duration) -> Router {
    Router::new()
        // The process answers: nothing else is asked, so that an outage elsewhere restarts nobody.
        .route("/health", get(|| async { "OK" }))
        .route("/ready", get(readiness).with_state((ready, limit)))
        .route("/metrics", get(page).with_state(metrics))
}

async fn readiness(State((probe, limit)): State<(ReadyProbe, Duration)>) -> impl IntoResponse {
    let checks = tokio::time::timeout(limit, probe()).await.unwrap_or_else(|_| no_answer(limit));
    let Readiness { database, migrations, azure_devops, model } = &checks;
    let (status, word) = if !database.ok {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    } else if [migrations, azure_devops, model].iter().all(|check| check.ok) {
        (StatusCode::OK, "ready")
    } else {
        (StatusCode::OK, "degraded")
    };
    (status, Json(json!({ "status": word, "checks": checks })))
}

/// A probe that hangs tells nothing, least of all that the database is well.
fn no_answer(limit: Duration) -> Readiness {
    let check = || Check::failed(format!("not known: the checks did not end within {} s", limit.as_secs()));
    Readiness { database: check(), migrations: check(), azure_devops: check(), model: check() }
}

async fn page(State(metrics): State<Metrics>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], metrics.encode())
}
