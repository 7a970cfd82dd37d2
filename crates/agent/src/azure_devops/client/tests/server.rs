//! A server on loopback that answers as a test scripts it and keeps what it was asked.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, Once},
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::{HeaderMap, Response},
};
use review_core::pull_request::{PullRequestKey, RepositoryKey};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::{azure_devops::AzureDevOps, settings::AzureDevOpsSettings};

pub(super) const TOKEN: &str = "pat-never-to-be-seen";
pub(super) const PROJECT: &str = "3f1c9f5e-7a0b-4c7e-9a55-0d2f6a1b7c10";
pub(super) const ME: &str = "5a0d7c1e-33b2-4f6a-a1c9-7e8f9a0b1c2d";

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    /// Still percent-encoded, below the collection.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Seen {
    /// "GET /path?query".
    pub(super) fn line(&self) -> String {
        let mark = if self.query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{}", self.method, self.path, self.query)
    }
}

/// What a script answers.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    is_silent: bool,
}

impl Reply {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json; charset=utf-8; api-version=7.0", &body.to_string())
    }

    pub(super) fn ok(body: &Value) -> Self {
        Self::json(200, body)
    }

    pub(super) fn list(items: &Value) -> Self {
        Self::ok(&json!({ "count": items.as_array().map_or(0, Vec::len), "value": items }))
    }

    pub(super) fn text(status: u16, kind: &str, body: &str) -> Self {
        Self { status, headers: vec![("content-type", kind.to_owned())], body: body.as_bytes().to_vec(), is_silent: false }
    }

    pub(super) fn refusal(status: u16, type_key: &str, message: &str) -> Self {
        let type_name = format!("Microsoft.TeamFoundation.{type_key}, Microsoft.TeamFoundation.Server");
        let body = json!({"$id": "1", "innerException": null, "message": message, "typeName": type_name, "typeKey": type_key, "errorCode": 0, "eventId": 3000});
        Self::json(status, &body)
    }

    /// Never comes.
    pub(super) fn silence() -> Self {
        Self { is_silent: true, ..Self::ok(&Value::Null) }
    }

    pub(super) fn with(mut self, header: &'static str, value: &str) -> Self {
        self.headers.push((header, value.to_owned()));
        self
    }
}

pub(super) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// `script` gets each request with its number, counted from 0.
    pub(super) async fn start(script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, script) = (Arc::clone(&seen), Arc::new(script));
        let router = Router::new().fallback(move |request: Request| {
            let (log, script) = (Arc::clone(&log), Arc::clone(&script));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, 1 << 20).await.unwrap();
                let request = Seen {
                    method: parts.method.to_string(),
                    path: parts.uri.path().strip_prefix("/tfs/Main").unwrap_or(parts.uri.path()).to_owned(),
                    query: parts.uri.query().unwrap_or_default().to_owned(),
                    headers: parts.headers,
                    body: serde_json::from_slice(&body).unwrap_or_default(),
                };
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                let reply = script(&request, number);
                if reply.is_silent {
                    std::future::pending::<()>().await;
                }
                let mut response = Response::builder().status(reply.status);
                for (name, value) in reply.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(reply.body)).unwrap()
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, seen, task }
    }

    pub(super) fn collection(&self) -> String {
        format!("http://{}/tfs/Main", self.address)
    }

    pub(super) fn key(&self) -> PullRequestKey {
        let repository =
            RepositoryKey { collection: self.collection(), project: PROJECT.to_owned(), repository: "Store front".to_owned() };
        PullRequestKey { repository, id: 42 }
    }

    pub(super) fn client(&self) -> AzureDevOps {
        client(&[self.collection()], Duration::from_secs(20))
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
}

/// A client for `collections` whose single request ends within `timeout`.
pub(super) fn client(collections: &[String], timeout: Duration) -> AzureDevOps {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // Another test module may have installed it.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
    #[expect(clippy::disallowed_methods, reason = "a test on loopback needs no proxies and certificates")]
    let http =
        reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(timeout).build().unwrap();
    let settings = AzureDevOpsSettings {
        token: TOKEN.into(),
        username: "reviewer".to_owned(),
        collections: collections.iter().map(|url| url.parse().unwrap()).collect(),
        sweep_every: Duration::ZERO,
        projects: Vec::new(),
    };
    AzureDevOps::with_client(&settings, http, timeout, Duration::from_secs(20))
}

/// The answer to `connectionData`.
pub(super) fn connection_data() -> Reply {
    Reply::ok(&json!({
        "authenticatedUser": {"id": ME.to_uppercase(), "providerDisplayName": "Reviewer", "isActive": true,
            "properties": {"Account": {"$type": "System.String", "$value": "reviewer@contoso.example"}}},
        "instanceId": "11111111-2222-4333-8444-555555555555", "deploymentType": "onPremises",
    }))
}
