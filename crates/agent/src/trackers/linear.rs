//! Linear, by its GraphQL API.
//!
//! Sources: Linear's developer documentation ("Getting started", "Rate limiting", "Errors") and its schema, against which
//! `cargo xtask checks` validates the documents in `linear/`. A personal API key stands in `Authorization` as it is; errors come with
//! 200 or 400, and say what they are in `extensions`.

use reqwest::StatusCode;
use review_core::issue::{Issue, IssueKey, Tracker};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    net::{HttpClients, NetError, Reply, Service, ServiceError},
    settings::LinearSettings,
};

const ISSUE: &str = include_str!("linear/issue.graphql");
const VIEWER: &str = include_str!("linear/viewer.graphql");

#[derive(Debug, Clone)]
pub(super) struct Linear {
    service: Service,
    settings: LinearSettings,
    clock: fn() -> i64,
}

#[derive(Deserialize)]
struct WireIssue {
    /// Another one than was asked for where the issue was moved.
    identifier: String,
    #[serde(default)]
    title: Option<String>,
    /// Markdown.
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    state: Option<WireState>,
}

#[derive(Deserialize)]
struct WireState {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct WireViewer {
    #[serde(default)]
    name: String,
    organization: WireOrganization,
}

#[derive(Deserialize)]
struct WireOrganization {
    #[serde(default)]
    name: String,
}

/// What an error of GraphQL is about.
#[derive(Debug, PartialEq, Eq)]
enum Kind {
    NotFound,
    Unauthorized,
    Forbidden,
    Throttled,
    Other,
}

impl Linear {
    pub(super) fn new(settings: &LinearSettings, http: &HttpClients, clock: fn() -> i64) -> Result<Self, NetError> {
        let service = Service::new("Linear", "LINEAR_PAT", &settings.url, http)?;
        Ok(Self { service, settings: settings.clone(), clock })
    }

    pub(super) fn host(&self) -> &str {
        self.service.host()
    }

    /// None: there is no such issue, or the key may not see it.
    pub(super) async fn issue(&self, key: &IssueKey) -> Result<Option<Issue>, ServiceError> {
        let Some(data) = self.query(ISSUE, &json!({ "id": key.to_string() })).await? else { return Ok(None) };
        let issue = data.get("issue").filter(|issue| !issue.is_null());
        let Some(issue) = issue else { return Ok(None) };
        let WireIssue { identifier, title, description, url, state } = self.read(issue)?;
        let key = IssueKey::parse(&identifier).ok_or_else(|| self.service.unreadable("an issue without a key".to_owned()))?;
        let state = state.map(|state| state.name).unwrap_or_default();
        let texts = [title.unwrap_or_default(), state, description.unwrap_or_default()];
        let page = Tracker::Linear.page_of("", &key, url.as_deref());
        Ok(Some(Issue::new(Tracker::Linear, key, page, [&texts[0], &texts[1], &texts[2]])))
    }

    /// Whose key it is, and of which workspace.
    pub(super) async fn viewer(&self) -> Result<String, ServiceError> {
        let data = self.query(VIEWER, &json!({})).await?.unwrap_or_default();
        let WireViewer { name, organization } = self.read(data.get("viewer").unwrap_or(&Value::Null))?;
        Ok(format!("{name} of {}", organization.name))
    }

    /// What the document asks for; None: it is not there.
    async fn query(&self, document: &str, variables: &Value) -> Result<Option<Value>, ServiceError> {
        let body = json!({ "query": document, "variables": variables });
        let token = self.settings.token.expose_secret();
        let request = || self.service.client().post(self.settings.url.clone()).header("Authorization", token).json(&body);
        let Reply { status, body, .. } = self.service.ask(request, || (self.clock)() / 1_000).await?;
        let body = body.ok_or_else(|| self.service.unreadable(format!("{} without JSON", status.as_u16())))?;
        let Some(error) = body.pointer("/errors/0") else {
            if status != StatusCode::OK {
                return Err(self.service.unreadable(format!("{} without an error of GraphQL", status.as_u16())));
            }
            return Ok(body.get("data").cloned());
        };
        let said = error.get("message").and_then(Value::as_str).unwrap_or("an error without a message");
        match kind_of(error) {
            Kind::NotFound => Ok(None),
            Kind::Unauthorized => Err(self.service.unauthorized(said)),
            Kind::Forbidden => Err(self.service.forbidden(said)),
            Kind::Throttled => Err(self.service.throttled()),
            Kind::Other => {
                Err(self.service.unreadable(format!("{} {}", status.as_u16(), said.chars().take(200).collect::<String>())))
            }
        }
    }

    fn read<T: for<'de> Deserialize<'de>>(&self, value: &Value) -> Result<T, ServiceError> {
        T::deserialize(value).map_err(|error| self.service.unreadable(error.to_string()))
    }
}

/// By the words that Linear's own client goes by (`extensions.type`), and by the codes of its documentation.
fn kind_of(error: &Value) -> Kind {
    let word = |name: &str| error.pointer(&format!("/extensions/{name}")).and_then(Value::as_str).unwrap_or_default();
    let (kind, code) = (word("type").to_lowercase(), word("code").to_uppercase());
    let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
    match (kind.as_str(), code.as_str()) {
        ("ratelimited", _) | (_, "RATELIMITED") => Kind::Throttled,
        ("authentication error", _) | (_, "AUTHENTICATION_ERROR") => Kind::Unauthorized,
        ("forbidden" | "feature not accessible", _) | (_, "FORBIDDEN") => Kind::Forbidden,
        // "Entity not found: Issue", with the word for an input that cannot be.
        _ if message.to_lowercase().contains("not found") => Kind::NotFound,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_told_apart_by_type_code_and_words() {
        let error =
            |message: &str, kind: &str, code: &str| json!({ "message": message, "extensions": { "type": kind, "code": code } });
        for (error, kind) in [
            (error("Entity not found: Issue", "invalid input", "INPUT_ERROR"), Kind::NotFound),
            (
                error("Authentication required, not authenticated", "authentication error", "AUTHENTICATION_ERROR"),
                Kind::Unauthorized,
            ),
            (error("Rate limit exceeded", "ratelimited", "RATELIMITED"), Kind::Throttled),
            (error("Forbidden", "forbidden", ""), Kind::Forbidden),
            (error("Cannot query field \"x\"", "graphql error", "GRAPHQL_VALIDATION_FAILED"), Kind::Other),
            (json!({ "message": "no extensions" }), Kind::Other),
            (json!(7), Kind::Other),
        ] {
            assert_eq!(kind_of(&error), kind, "{error}");
        }
    }
}
