//! An authorization server for the client-credentials grant (RFC 6749, sections 4.4 and 5): it checks the client's secret and
//! issues the tokens that a test gave it, one after the other.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Form, Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde_json::json;
use tokio::{net::TcpListener, task::JoinHandle};

pub const CLIENT_ID: &str = "coderabbit-agent";
pub const CLIENT_SECRET: &str = "client-secret-of-the-stand-in";
const PATH: &str = "/contoso/oauth2/v2.0/token";

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct TokenServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    /// The last one is issued again and again.
    tokens: Vec<String>,
    /// Scopes of the requests that were granted.
    granted: Mutex<Vec<Option<String>>>,
}

impl TokenServer {
    /// Issues `tokens`, which live for an hour each.
    pub async fn start(tokens: &[&str]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for the token server")?;
        let address = listener.local_addr().context("the listener has no address")?;
        let tokens = tokens.iter().map(|&token| token.to_owned()).collect();
        let shared = Arc::new(Shared { tokens, granted: Mutex::default() });
        let router = Router::new().route(PATH, post(token)).with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            // It never ends by itself.
            axum::serve(listener, router).await.ok();
        });
        Ok(Self { shared, address, task })
    }

    /// For `OAUTH2_ENDPOINT`.
    pub fn endpoint(&self) -> String {
        format!("http://{}{PATH}", self.address)
    }

    /// The scope of each request that was granted, in order.
    pub fn granted(&self) -> Vec<Option<String>> {
        self.shared.granted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for TokenServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn token(State(shared): State<Arc<Shared>>, Form(form): Form<HashMap<String, String>>) -> Response {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    if field("grant_type") != "client_credentials" {
        return refuse(StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials is supported");
    }
    if (field("client_id"), field("client_secret")) != (CLIENT_ID, CLIENT_SECRET) {
        return refuse(StatusCode::UNAUTHORIZED, "invalid_client", "the client's secret is not right");
    }
    let mut granted = shared.granted.lock().unwrap_or_else(PoisonError::into_inner);
    let token = shared.tokens.get(granted.len()).or(shared.tokens.last()).cloned().unwrap_or_default();
    granted.push(form.get("scope").cloned());
    let body = json!({ "access_token": token, "token_type": "Bearer", "expires_in": 3_599 });
    ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn refuse(status: StatusCode, error: &str, description: &str) -> Response {
    (status, Json(json!({ "error": error, "error_description": description }))).into_response()
}
