//! The two ends of the way through Prism: the entry, which agents are told is Azure DevOps, and the switchboard, which leads
//! from the one upstream of a Prism to the many stand-ins.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::Context;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use tokio::{net::TcpListener, sync::OnceCell};
use tokio_util::sync::CancellationToken;

use super::{
    prism::Prisms,
    violations::{Ledger, problems_in},
};

/// Port of the stand-in that a call is for.
const UPSTREAM: HeaderName = HeaderName::from_static("x-testkit-upstream");
/// `/tfs`, which the files do not have in their paths.
const PREFIX: HeaderName = HeaderName::from_static("x-testkit-prefix");
/// By which the entry finds what the switchboard saw.
const CALL: HeaderName = HeaderName::from_static("x-testkit-call");
/// On an answer: a story wants it to be wrong, so it is not judged.
const FAULT: HeaderName = HeaderName::from_static("x-testkit-fault");
/// A clone of a test repository is a few kilobytes, a large file in a story a few megabytes.
const MAX_BODY: usize = 256 * 1024 * 1024;

/// Both servers, on 127.0.0.1; they end when this is dropped.
pub(super) struct Entry {
    shared: Arc<Shared>,
    address: SocketAddr,
    switchboard: SocketAddr,
    stop: CancellationToken,
}

struct Shared {
    http: reqwest::Client,
    prisms: OnceCell<Arc<Prisms>>,
    ledger: Arc<Ledger>,
    calls: AtomicU64,
    /// Answers that are handed to the agent as they are, by call.
    unjudged: Mutex<HashMap<String, Answer>>,
}

/// An answer of a stand-in, byte for byte.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Whole {
        status: StatusCode,
        headers: HeaderMap,
        body: Bytes,
    },
    /// The connection ended.
    Cut,
}

/// Where a call of an agent goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) port: u16,
    /// `/tfs` or nothing.
    pub(super) prefix: String,
    /// Path and query as the files know them.
    pub(super) path: String,
    /// The file that describes it; None: straight to the stand-in.
    pub(super) area: Option<String>,
}

impl Entry {
    pub(super) async fn start(ledger: Arc<Ledger>) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a proxy passes on bytes: no decompression, no redirects, nothing configured"
        )]
        let http = reqwest::Client::builder().no_proxy().no_gzip().redirect(reqwest::redirect::Policy::none()).build()?;
        let shared =
            Arc::new(Shared { http, prisms: OnceCell::new(), ledger, calls: AtomicU64::new(0), unjudged: Mutex::default() });
        let stop = CancellationToken::new();
        let address = serve(Router::new().fallback(enter).with_state(Arc::clone(&shared)), &stop).await?;
        let switchboard = serve(Router::new().fallback(switch).with_state(Arc::clone(&shared)), &stop).await?;
        Ok(Self { shared, address, switchboard, stop })
    }

    /// For the stand-ins: they are reached at `{url}/@{port}`.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// For Prism.
    pub(super) fn switchboard_url(&self) -> String {
        format!("http://{}", self.switchboard)
    }

    /// Before this, everything goes straight to the stand-ins.
    pub(super) async fn route_through(&self, prisms: Arc<Prisms>) {
        self.shared.prisms.get_or_init(async || prisms).await;
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn serve(router: Router, stop: &CancellationToken) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("cannot listen on 127.0.0.1")?;
    let address = listener.local_addr()?;
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
    Ok(address)
}

/// Reads `/@port/…`; None for anything else.
pub(super) fn route(method: &Method, path_and_query: &str) -> Option<Route> {
    let (port, rest) = path_and_query.strip_prefix("/@")?.split_once('/')?;
    let port = port.parse().ok()?;
    let (prefix, rest) = match rest.strip_prefix("tfs/") {
        Some(rest) => ("/tfs".to_owned(), rest),
        None => (String::new(), rest),
    };
    let path = format!("/{rest}");
    let area = described_area(method, &path);
    Some(Route { port, prefix, path, area })
}

/// The area in `…/_apis/{area}/…`, except for what is known to be missing in the files: the service's own directory
/// (`OPTIONS`, `connectionData`, `ResourceAreas`) and the reading of one file (`items?path=`, a path with a query in it).
fn described_area(method: &Method, path_and_query: &str) -> Option<String> {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let (_, after) = path.split_once("/_apis/")?;
    let area = after.split('/').next().unwrap_or_default();
    let single_item = path.ends_with("/items") && query.split('&').any(|pair| pair.starts_with("path="));
    let directory = ["connectiondata", "resourceareas", ""].contains(&area.to_lowercase().as_str());
    if method == Method::OPTIONS || single_item || directory {
        return None;
    }
    // Projects are described in the file of the area `core`, whose name is in no path.
    Some(if ["projects", "teams", "process"].contains(&area) { "core" } else { area }.to_owned())
}

/// From an agent.
async fn enter(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match shared.enter(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the conformance entry: {error:#}")).into_response(),
    }
}

/// From Prism.
async fn switch(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    match shared.switch(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the switchboard: {error:#}")).into_response(),
    }
}

impl Shared {
    async fn enter(&self, request: Request) -> anyhow::Result<Response> {
        let (parts, body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let Some(route) = route(&parts.method, target) else {
            return Ok((StatusCode::NOT_FOUND, "no /@port/ in the path").into_response());
        };
        let body = axum::body::to_bytes(body, MAX_BODY).await.context("the request's body")?;
        let prism = match (self.prisms.get(), &route.area) {
            (Some(prisms), Some(area)) => prisms.url(area).await?,
            _ => None,
        };
        let mut headers = passed_on(&parts.headers);
        let Some(prism) = prism else {
            self.ledger.undescribed();
            let url = format!("http://127.0.0.1:{}{}{}", route.port, route.prefix, route.path);
            return Ok(self.ask(parts.method, url, headers, body).await.into_response());
        };
        self.ledger.checked();
        let call = self.calls.fetch_add(1, Ordering::Relaxed).to_string();
        headers.insert(UPSTREAM, HeaderValue::from(route.port));
        headers.insert(CALL, HeaderValue::from_str(&call)?);
        if !route.prefix.is_empty() {
            headers.insert(PREFIX, HeaderValue::from_str(&route.prefix)?);
        }
        let answer = self.ask(parts.method.clone(), format!("{prism}{}", route.path), headers, body.clone()).await;
        if let Some(unjudged) = self.unjudged.lock().unwrap_or_else(PoisonError::into_inner).remove(&call) {
            self.ledger.fault();
            return Ok(unjudged.into_response());
        }
        if let Answer::Whole { headers, body: answered, .. } = &answer
            && let Some(problems) = problems_in(headers, answered)
        {
            self.ledger.violation(&format!("{} {}", parts.method, route.path), &body, problems);
        }
        Ok(answer.into_response())
    }

    async fn switch(&self, request: Request) -> anyhow::Result<Response> {
        let (parts, body) = request.into_parts();
        let text = |name: &HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let port: u16 = text(&UPSTREAM).context("Prism passed no upstream on")?.parse()?;
        let call = text(&CALL).context("Prism passed no call number on")?;
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
        let url = format!("http://127.0.0.1:{port}{}{target}", text(&PREFIX).unwrap_or_default());
        let body = axum::body::to_bytes(body, MAX_BODY).await.context("the request's body")?;
        let mut headers = passed_on(&parts.headers);
        for own in [UPSTREAM, PREFIX, CALL] {
            headers.remove(own);
        }
        let answer = self.ask(parts.method, url, headers, body).await;
        if answer.is_deliberate_fault() {
            self.unjudged.lock().unwrap_or_else(PoisonError::into_inner).insert(call, answer.clone());
        }
        Ok(answer.into_response())
    }

    async fn ask(&self, method: Method, url: String, headers: HeaderMap, body: Bytes) -> Answer {
        let Ok(response) = self.http.request(method, url).headers(headers).body(body).send().await else { return Answer::Cut };
        let (status, headers) = (response.status(), passed_on(response.headers()));
        match response.bytes().await {
            Ok(body) => Answer::Whole { status, headers, body },
            Err(_) => Answer::Cut,
        }
    }
}

impl Answer {
    /// Answers that no description covers: the service being down, throttling, asking for a sign-in, or a cut connection.
    fn is_deliberate_fault(&self) -> bool {
        let Self::Whole { status, headers, .. } = self else { return true };
        let code = status.as_u16();
        headers.contains_key(FAULT) || code >= 500 || code == 429 || code == 203 || (300..400).contains(&code)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Whole { status, headers, body } => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = status;
                *response.headers_mut() = headers;
                response
            }
            Self::Cut => {
                let end = Err::<Bytes, _>(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
                Response::new(Body::from_stream(stream::iter([end])))
            }
        }
    }
}

/// Headers without those that belong to one connection, or that the HTTP library writes anew.
fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let of_connection =
        [header::HOST, header::CONNECTION, header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::UPGRADE, header::TE];
    let mut passed = headers.clone();
    for name in of_connection {
        passed.remove(name);
    }
    passed
}
