//! Jira's REST API, version 2, as far as issues are read.
//!
//! Sources: Atlassian's references of the REST API of Jira Cloud (v2) and Data Center: "Get issue", "Get current user", "Get server
//! info"; the words of refusals as both write them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, Query, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
    routing::get,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::TrackedIssue;
use crate::service::{Asked, Running, ServiceFault, serve};

const USER: &str = "coderabbit@contoso.example";
const TOKEN: &str = "jira-token-of-the-stand-in";

/// Who asks, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JiraEdition {
    /// Basic: the account's address and a token.
    Cloud,
    /// Bearer, below `/jira`.
    DataCenter,
}

/// A Jira on loopback; it ends when it is dropped.
#[derive(Debug)]
pub struct JiraServer {
    running: Running,
    world: Arc<World>,
}

#[derive(Debug)]
struct World {
    edition: JiraEdition,
    issues: Mutex<Vec<TrackedIssue>>,
    /// Where issues were moved from, and to.
    moved: Mutex<HashMap<String, String>>,
}

impl World {
    fn issues(&self) -> MutexGuard<'_, Vec<TrackedIssue>> {
        self.issues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// By its key, or the one that it had before; Jira takes either case.
    fn issue(&self, key: &str) -> Option<TrackedIssue> {
        let moved = self.moved.lock().unwrap_or_else(PoisonError::into_inner);
        let key = moved.get(&key.to_uppercase()).map_or(key, String::as_str);
        self.issues().iter().find(|issue| issue.key.eq_ignore_ascii_case(key) && !issue.is_hidden).cloned()
    }
}

impl JiraServer {
    pub async fn start(edition: JiraEdition, issues: &[TrackedIssue]) -> anyhow::Result<Self> {
        let world = Arc::new(World { edition, issues: Mutex::new(issues.to_vec()), moved: Mutex::default() });
        let api = Router::new()
            .route("/issue/{key}", get(issue))
            .route("/myself", get(myself))
            .layer(from_fn_with_state(Arc::clone(&world), authenticate))
            // Everybody may ask what server it is.
            .route("/serverInfo", get(server_info))
            .with_state(Arc::clone(&world));
        let below = format!("{}/rest/api/2", context(edition));
        let router = Router::new().nest(&below, api).fallback(|| async {
            let words = "null for uri: HTTP 404 Not Found";
            (StatusCode::NOT_FOUND, Json(json!({ "message": words, "status-code": 404 })))
        });
        Ok(Self { running: serve(router).await?, world })
    }

    /// For `JIRA_HOST`.
    pub fn host(&self) -> String {
        format!("http://{}{}", self.running.address, context(self.world.edition))
    }

    /// For `JIRA_PAT`.
    pub fn pat(&self) -> String {
        match self.world.edition {
            JiraEdition::Cloud => format!("{USER}:{TOKEN}"),
            JiraEdition::DataCenter => TOKEN.to_owned(),
        }
    }

    /// Puts an issue in, in the place of the one with its key.
    pub fn put(&self, issue: TrackedIssue) {
        let mut issues = self.world.issues();
        issues.retain(|known| known.key != issue.key);
        issues.push(issue);
    }

    /// Moves an issue to another project: both keys lead to it from now on, and it calls itself by the new one.
    pub fn move_issue(&self, from: &str, to: &str) {
        for issue in self.world.issues().iter_mut().filter(|issue| issue.key == from) {
            to.clone_into(&mut issue.key);
        }
        self.world.moved.lock().unwrap_or_else(PoisonError::into_inner).insert(from.to_uppercase(), to.to_owned());
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.running.journal.asked()
    }

    /// The keys of the issues that were asked for, in order.
    pub fn looked_up(&self) -> Vec<String> {
        self.asked().iter().filter_map(|asked| asked.path.rsplit_once("/issue/").map(|(_, key)| key.to_owned())).collect()
    }

    pub fn fault(&self, fault: ServiceFault, requests: usize) {
        self.running.journal.fault(fault, requests);
    }

    pub fn fault_always(&self, fault: Option<ServiceFault>) {
        self.running.journal.fault_always(fault);
    }
}

fn context(edition: JiraEdition) -> &'static str {
    match edition {
        JiraEdition::Cloud => "",
        JiraEdition::DataCenter => "/jira",
    }
}

async fn authenticate(State(world): State<Arc<World>>, headers: HeaderMap, request: Request, next: Next) -> Response {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let expected = match world.edition {
        JiraEdition::Cloud => format!("Basic {}", BASE64_STANDARD.encode(format!("{USER}:{TOKEN}"))),
        JiraEdition::DataCenter => format!("Bearer {TOKEN}"),
    };
    if given == expected {
        return next.run(request).await;
    }
    // Cloud answers as to somebody who is not logged in: that somebody sees no issue.
    if world.edition == JiraEdition::Cloud && request.uri().path().starts_with("/issue/") {
        let mut answer = no_issue();
        if !given.is_empty() {
            answer.headers_mut().insert("x-seraph-loginreason", HeaderValue::from_static("AUTHENTICATED_FAILED"));
        }
        return answer;
    }
    let words = "Client must be authenticated to access this resource.";
    (StatusCode::UNAUTHORIZED, Json(json!({ "message": words, "status-code": 401 }))).into_response()
}

async fn issue(
    State(world): State<Arc<World>>,
    Path(key): Path<String>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let Some(found) = world.issue(&key) else {
        return no_issue();
    };
    let all = [
        ("summary", Value::from(found.title)),
        ("description", if found.description.is_empty() { Value::Null } else { found.description.into() }),
        ("status", json!({ "id": "10000", "name": found.state, "self": "", "description": "", "iconUrl": "" })),
        ("issuetype", json!({ "id": "10001", "name": "Story", "self": "", "subtask": false })),
        ("comment", json!({ "comments": [{ "id": "1", "body": "What people said." }], "total": 1 })),
    ];
    let wanted = query.get("fields").map(|fields| fields.split(',').map(str::trim).collect::<Vec<_>>());
    let is_wanted = |name: &str| wanted.as_ref().is_none_or(|wanted| wanted.contains(&name) || wanted.contains(&"*all"));
    let fields: Map<String, Value> =
        all.into_iter().filter(|(name, _)| is_wanted(name)).map(|(name, value)| (name.to_owned(), value)).collect();
    Json(json!({ "expand": "renderedFields,names", "id": "10002", "self": "", "key": found.key, "fields": fields }))
        .into_response()
}

fn no_issue() -> Response {
    let words = "Issue does not exist or you do not have permission to see it.";
    (StatusCode::NOT_FOUND, Json(json!({ "errorMessages": [words], "errors": {} }))).into_response()
}

async fn myself(State(world): State<Arc<World>>) -> Json<Value> {
    let mut user = json!({
        "self": "",
        "emailAddress": USER,
        "displayName": "CodeRabbit of Contoso",
        "active": true,
        "timeZone": "Europe/Berlin",
    });
    match world.edition {
        JiraEdition::Cloud => user["accountId"] = "5b10a2844c20165700ede21g".into(),
        JiraEdition::DataCenter => (user["name"], user["key"]) = ("coderabbit".into(), "JIRAUSER10100".into()),
    }
    Json(user)
}

async fn server_info(State(world): State<Arc<World>>) -> Json<Value> {
    let (kind, version, numbers) = match world.edition {
        JiraEdition::Cloud => ("Cloud", "1001.0.0-SNAPSHOT", [1_001, 0, 0]),
        JiraEdition::DataCenter => ("Server", "10.3.2", [10, 3, 2]),
    };
    Json(
        json!({ "version": version, "versionNumbers": numbers, "deploymentType": kind, "buildNumber": 100_300, "serverTitle": "Jira" }),
    )
}
