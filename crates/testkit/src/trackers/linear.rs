//! Linear's GraphQL API, as far as issues are read.
//!
//! Sources: Linear's developer documentation ("Getting started", "Rate limiting", "Errors"), the public schema of its API, and what
//! `@linear/sdk` makes of errors (`extensions.type`).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Map, Value, json};

use super::{
    TrackedIssue,
    graphql::{Field, parse},
};
use crate::service::{Asked, Running, ServiceFault, serve};

const KEY: &str = "lin_api_stand_in_0123456789";
const WORKSPACE: &str = "contoso";

/// A Linear on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct LinearServer {
    running: Running,
    world: Arc<World>,
}

#[derive(Debug, Default)]
struct World {
    issues: Mutex<Vec<TrackedIssue>>,
    is_throttling: Mutex<bool>,
}

impl World {
    fn issues(&self) -> MutexGuard<'_, Vec<TrackedIssue>> {
        self.issues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is answered in the place of data.
struct Refusal {
    status: StatusCode,
    message: String,
    kind: &'static str,
    code: &'static str,
}

impl LinearServer {
    pub async fn start(issues: &[TrackedIssue]) -> anyhow::Result<Self> {
        let world = Arc::new(World { issues: Mutex::new(issues.to_vec()), is_throttling: Mutex::default() });
        let router = Router::new().route("/graphql", post(graphql)).with_state(Arc::clone(&world));
        Ok(Self { running: serve(router).await?, world })
    }

    /// For `LINEAR_API_URL`.
    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.running.address)
    }

    /// For `LINEAR_PAT`.
    pub fn key(&self) -> &'static str {
        KEY
    }

    /// Puts an issue in, in the place of the one with its key.
    pub fn put(&self, issue: TrackedIssue) {
        let mut issues = self.world.issues();
        issues.retain(|known| known.key != issue.key);
        issues.push(issue);
    }

    /// Answers everything as an account does that asked too much.
    pub fn throttle(&self, is_throttling: bool) {
        *self.world.is_throttling.lock().unwrap_or_else(PoisonError::into_inner) = is_throttling;
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.running.journal.asked()
    }

    pub fn fault_always(&self, fault: Option<ServiceFault>) {
        self.running.journal.fault_always(fault);
    }
}

async fn graphql(State(world): State<Arc<World>>, headers: HeaderMap, body: Bytes) -> Response {
    match answer(&world, &headers, &body) {
        Ok(data) => Json(json!({ "data": data })).into_response(),
        Err(Refusal { status, message, kind, code }) => {
            let extensions = json!({ "type": kind, "code": code, "statusCode": status.as_u16(), "userError": true, "userPresentableMessage": message });
            // What the entities themselves say comes with 200.
            let status = if code == "INPUT_ERROR" { StatusCode::OK } else { status };
            (status, Json(json!({ "errors": [{ "message": message, "extensions": extensions }], "data": null }))).into_response()
        }
    }
}

fn answer(world: &World, headers: &HeaderMap, body: &[u8]) -> Result<Value, Refusal> {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let unauthorized = |message: &str| {
        let message = message.to_owned();
        Refusal { status: StatusCode::UNAUTHORIZED, message, kind: "authentication error", code: "AUTHENTICATION_ERROR" }
    };
    if given.starts_with("Bearer lin_api_") {
        let words = "It looks like you're trying to use an API key as a Bearer token. Remove the Bearer prefix from the Authorization header.";
        return Err(Refusal { status: StatusCode::BAD_REQUEST, ..unauthorized(words) });
    }
    if given != KEY {
        return Err(unauthorized("Authentication required, not authenticated"));
    }
    if *world.is_throttling.lock().unwrap_or_else(PoisonError::into_inner) {
        let message = "Rate limit exceeded. Only 1500 requests are allowed per 1 hour.".to_owned();
        return Err(Refusal { status: StatusCode::BAD_REQUEST, message, kind: "ratelimited", code: "RATELIMITED" });
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| invalid(format!("Problem processing request: {error}")))?;
    let document =
        body["query"].as_str().ok_or_else(|| invalid("GraphQL operations must contain a non-empty `query`.".to_owned()))?;
    let operation = parse(document, &body["variables"]).map_err(invalid)?;
    if operation.is_mutation {
        return Err(invalid("Schema of this stand-in is not configured for mutations.".to_owned()));
    }
    let mut data = Map::new();
    for field in &operation.selection {
        let value = match field.name.as_str() {
            "issue" => {
                let id = field.arguments.get("id").and_then(Value::as_str);
                let id = id.ok_or_else(|| {
                    invalid(
                        "Field \"issue\" argument \"id\" of type \"String!\" is required, but it was not provided.".to_owned(),
                    )
                })?;
                let issues = world.issues();
                let found = issues.iter().find(|issue| issue.key.eq_ignore_ascii_case(id) && !issue.is_hidden);
                let issue = found.ok_or_else(|| Refusal {
                    status: StatusCode::BAD_REQUEST,
                    message: "Entity not found: Issue".to_owned(),
                    kind: "invalid input",
                    code: "INPUT_ERROR",
                })?;
                project("Issue", &issue_json(issue), field)?
            }
            "viewer" => project("User", &user_json(), field)?,
            other => return Err(invalid(format!("Cannot query field \"{other}\" on type \"Query\"."))),
        };
        data.insert(field.alias.clone(), value);
    }
    Ok(data.into())
}

fn invalid(message: String) -> Refusal {
    Refusal { status: StatusCode::BAD_REQUEST, message, kind: "graphql error", code: "GRAPHQL_VALIDATION_FAILED" }
}

/// Objects of the world hold `__type`, the others are scalars.
fn project(name: &str, object: &Value, field: &Field) -> Result<Value, Refusal> {
    if field.selection.is_empty() {
        return Err(invalid(format!("Field \"{}\" of type \"{name}\" must have a selection of subfields.", field.name)));
    }
    let mut projected = Map::new();
    for wanted in &field.selection {
        let unknown = || invalid(format!("Cannot query field \"{}\" on type \"{name}\".", wanted.name));
        let value = object.get(&wanted.name).filter(|_| wanted.name != "__type").ok_or_else(unknown)?;
        let value = match value.get("__type").and_then(Value::as_str) {
            Some(kind) => project(kind, value, wanted)?,
            None if !wanted.selection.is_empty() => {
                return Err(invalid(format!("Field \"{}\" must not have a selection since it has no subfields.", wanted.name)));
            }
            None => value.clone(),
        };
        projected.insert(wanted.alias.clone(), value);
    }
    Ok(projected.into())
}

fn issue_json(issue: &TrackedIssue) -> Value {
    let TrackedIssue { key, title, description, state, .. } = issue;
    let (team, number) = key.split_once('-').unwrap_or((key, "0"));
    let slug = title.to_lowercase().replace(|character: char| !character.is_ascii_alphanumeric(), "-");
    json!({
        "__type": "Issue",
        "id": format!("00000000-0000-4000-8000-{number:0>12}"),
        "identifier": key,
        "number": number.parse::<u32>().unwrap_or_default(),
        "title": title,
        "description": if description.is_empty() { Value::Null } else { description.as_str().into() },
        "url": format!("https://linear.app/{WORKSPACE}/issue/{key}/{slug}"),
        "state": { "__type": "WorkflowState", "id": "1", "name": state, "type": "unstarted" },
        "team": { "__type": "Team", "id": "1", "key": team, "name": team },
    })
}

fn user_json() -> Value {
    json!({
        "__type": "User",
        "id": "1",
        "name": "CodeRabbit",
        "displayName": "coderabbit",
        "email": "coderabbit@contoso.example",
        "organization": { "__type": "Organization", "id": "1", "name": "Contoso", "urlKey": WORKSPACE },
    })
}
