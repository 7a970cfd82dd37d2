//! Chat completions under the name of a deployment (source: Azure OpenAI's REST reference, "Chat completions - Create", and
//! the errors that its clients report).

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use super::{options::ModelOptions, reply::ApiError};

/// The first version that takes strict schemas.
const STRICT_FROM: &str = "2024-08-01";

/// The key that was shown, or the bearer token.
pub(super) fn shown_key(headers: &HeaderMap) -> Option<&str> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    text("api-key").or_else(|| text(header::AUTHORIZATION.as_str())?.strip_prefix("Bearer ")).map(str::trim)
}

pub(super) fn unauthorized() -> ApiError {
    let text = "Access denied due to invalid subscription key or wrong API endpoint. Make sure to provide a valid key for an \
                active subscription and use a correct regional API endpoint for your resource.";
    ApiError::new(StatusCode::UNAUTHORIZED, text, "invalid_request_error", None, Some("401"))
}

/// The model behind a deployment, for a request that names a version.
pub(super) fn deployed<'a>(options: &'a ModelOptions, deployment: &str, version: Option<&str>) -> Result<&'a str, ApiError> {
    if version.is_none_or(str::is_empty) {
        return Err(ApiError::new(StatusCode::NOT_FOUND, "Resource not found", "invalid_request_error", None, Some("404")));
    }
    let found = options.deployments.iter().find(|(name, _)| name == deployment);
    found.map(|(_, model)| model.as_str()).ok_or_else(|| {
        let text = "The API deployment for this resource does not exist. If you created the deployment within the last 5 \
                    minutes, please wait a moment and try again.";
        ApiError::new(StatusCode::NOT_FOUND, text, "invalid_request_error", None, Some("DeploymentNotFound"))
    })
}

/// Refuses what the version does not know yet.
pub(super) fn check_version(body: &Value, version: &str) -> Result<(), ApiError> {
    if body["response_format"]["type"] != "json_schema" || version >= STRICT_FROM {
        return Ok(());
    }
    let text = format!("response_format value as json_schema is enabled only for api versions {STRICT_FROM}-preview and later");
    Err(ApiError::new(StatusCode::BAD_REQUEST, text, "invalid_request_error", None, Some("BadRequest")))
}
