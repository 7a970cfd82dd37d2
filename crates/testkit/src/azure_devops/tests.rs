//! The stand-in, asked over the wire.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;

use super::*;

mod access;
mod faults_and_ledger;
mod forks;
mod git_transport;
mod page;
mod pull_requests;
mod pushes;
mod threads;
mod webhooks;

pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A client that follows nothing and signs in as the bot.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    collection: String,
    token: String,
}

/// Status, headers and body of an answer.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) headers: reqwest::header::HeaderMap,
    pub(super) text: String,
}

impl Answered {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub(super) fn type_key(&self) -> String {
        self.json()["typeKey"].as_str().unwrap_or_default().to_owned()
    }
}

impl Client {
    pub(super) fn new(azure: &AzureDevOps) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test talks to loopback")]
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { http, collection: azure.collection_url(), token: azure.token() }
    }

    pub(super) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    pub(super) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let credentials = STANDARD.encode(format!(":{}", self.token));
        let request = self.http.request(method.parse().unwrap(), format!("{}/{path}", self.collection));
        request.header("Authorization", format!("Basic {credentials}")).header("X-TFS-FedAuthRedirect", "Suppress")
    }

    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Answered {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answered { status, headers, text: response.text().await.unwrap() }
    }

    pub(super) async fn get(&self, path: &str) -> Answered {
        self.send(self.request("GET", path)).await
    }

    /// With api-version 7.0.
    pub(super) async fn write(&self, method: &str, path: &str, body: &Value) -> Answered {
        let version = if path.contains('?') { "&api-version=7.0" } else { "?api-version=7.0" };
        self.send(self.request(method, &format!("{path}{version}")).json(body)).await
    }
}

/// A pull request with two edited files and one iteration.
pub(super) async fn sample(azure: &AzureDevOps) -> (RepositoryHandle, PullRequestHandle) {
    let repository = azure.repository("Shop Floor", "orders").await.unwrap();
    let base =
        [("src/Order.cs", "class Order\n{\n    int a;\n}\n"), ("src/Old.cs", "class Old\n{\n    int old;\n    int older;\n}\n")];
    repository.commit(&base, "Start").await.unwrap();
    let spec = PullRequestSpec::new("Add totals")
        .description("Sums.")
        .file("src/Order.cs", "class Order\n{\n    int a;\n    int total;\n}\n");
    let pull_request = repository.open_pull_request(spec.branches("feature/totals", "main")).await.unwrap();
    (repository, pull_request)
}

/// The path of the pull request's resource.
pub(super) fn path_of(pull_request: &PullRequestHandle) -> String {
    format!("Shop%20Floor/_apis/git/repositories/orders/pullRequests/{}", pull_request.id())
}

/// A thread on whole lines of the right side.
pub(super) fn inline(path: &str, first: u32, last: u32, end: u32, iteration: u32, fingerprint: &str) -> Value {
    json!({
        "comments": [{ "parentCommentId": 0, "content": "Look here.", "commentType": "text" }],
        "status": "active",
        "threadContext": {
            "filePath": path,
            "rightFileStart": { "line": first, "offset": 1 },
            "rightFileEnd": { "line": last, "offset": end },
        },
        "pullRequestThreadContext": {
            "iterationContext": { "firstComparingIteration": iteration, "secondComparingIteration": iteration },
        },
        "properties": { "bot.fingerprint": { "$type": "System.String", "$value": fingerprint } },
    })
}
