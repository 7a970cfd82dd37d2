//! What stand-ins of smaller services share: a journal of what was asked, and faults on demand.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anyhow::Context as _;
use axum::{
    Router,
    body::{Body, Bytes, to_bytes},
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const MAX_BODY: usize = 4 * 1024 * 1024;

/// What goes wrong with a request, whatever it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceFault {
    /// With seconds in `Retry-After`, and a page for people.
    Status(u16, Option<u64>),
    Redirect(String),
    /// 200 with a page for people, as gateways answer.
    Page,
    /// No answer ever comes.
    Silence,
}

/// One request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub authorization: Option<String>,
    /// Null where there was no JSON.
    pub body: Value,
}

#[derive(Debug, Default)]
struct Record {
    asked: Vec<Asked>,
    next: VecDeque<ServiceFault>,
    always: Option<ServiceFault>,
}

/// Clones share one journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal {
    record: Arc<Mutex<Record>>,
}

/// A server that runs; it ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) journal: Journal,
    stop: CancellationToken,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Serves `router` on a free port of loopback; every request passes the journal first.
pub(crate) async fn serve(router: Router) -> anyhow::Result<Running> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for the server")?;
    let address = listener.local_addr().context("the listener has no address")?;
    let (journal, stop) = (Journal::default(), CancellationToken::new());
    let router = router.layer(from_fn_with_state(journal.clone(), pass));
    let ended = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = ended.cancelled() => {}
            result = axum::serve(listener, router) => result.expect("the server does not end by itself"),
        }
    });
    Ok(Running { address, journal, stop })
}

impl Journal {
    fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.record().asked.clone()
    }

    /// The next requests go wrong, one fault each.
    pub(crate) fn fault(&self, fault: ServiceFault, requests: usize) {
        self.record().next.extend(std::iter::repeat_n(fault, requests));
    }

    /// All requests go wrong from now on; None: no more.
    pub(crate) fn fault_always(&self, fault: Option<ServiceFault>) {
        let mut record = self.record();
        record.next.clear();
        record.always = fault;
    }
}

async fn pass(State(journal): State<Journal>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MAX_BODY).await.unwrap_or_else(|_| Bytes::new());
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let asked = Asked {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        authorization: header(header::AUTHORIZATION),
        body: serde_json::from_slice(&bytes).unwrap_or_default(),
    };
    let fault = {
        let mut record = journal.record();
        record.asked.push(asked);
        record.next.pop_front().or_else(|| record.always.clone())
    };
    match fault {
        None => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Some(ServiceFault::Page) => page(StatusCode::OK),
        Some(ServiceFault::Silence) => std::future::pending().await,
        Some(ServiceFault::Redirect(to)) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
        Some(ServiceFault::Status(status, retry_after)) => {
            let mut answer = page(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
            if let Some(seconds) = retry_after {
                answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            answer
        }
    }
}

fn page(status: StatusCode) -> Response {
    (status, [(header::CONTENT_TYPE, "text/html")], "<!doctype html><title>Sorry</title>").into_response()
}
