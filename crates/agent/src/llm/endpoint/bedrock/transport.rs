//! The SDK's requests through the program's own HTTP client, so that they go the same way as all others: proxies,
//! certificates, timeouts.

use std::time::Duration;

use aws_sdk_bedrockruntime::config::SharedHttpClient;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use tokio::time::{Instant, timeout_at};

use super::super::http::Patience;
use crate::llm::Begun;

const EVENT_STREAM: &[u8] = b"application/vnd.amazon.eventstream";
/// An answer is a few kilobytes; a body past this is not one.
const MAX_BODY: usize = 8 * 1024 * 1024;

/// A client of the SDK that sends through `http`, waits as `patience` says, and tells `begun` when a stream begins to come.
pub(super) fn client(http: reqwest::Client, patience: Patience, begun: Option<Begun>) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector { http, patience, begun });
    http_client_fn(move |_settings, _components| connector.clone())
}

#[derive(Debug, Clone)]
struct Connector {
    http: reqwest::Client,
    patience: Patience,
    begun: Option<Begun>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Self { http, patience, begun } = self.clone();
        HttpConnectorFuture::new(async move { send(&http, patience, &request, begun.as_ref()).await })
    }
}

/// The whole answer, also of a stream: nobody reads it before its end, but it may come as slowly as a stream does.
async fn send(
    http: &reqwest::Client,
    patience: Patience,
    request: &HttpRequest,
    begins: Option<&Begun>,
) -> Result<HttpResponse, ConnectorError> {
    let late = |_| ConnectorError::timeout("no answer within LLM_TIMEOUT".into());
    let begun = Instant::now();
    let method = request.method().parse::<reqwest::Method>().map_err(|error| ConnectorError::user(error.into()))?;
    let mut outgoing = http.request(method, request.uri());
    for (name, value) in request.headers() {
        // The signature is a header like any other here; it is worth nothing after five minutes.
        outgoing = outgoing.header(name, value);
    }
    if let Some(body) = request.body().bytes() {
        outgoing = outgoing.body(body.to_vec());
    }
    let mut response = timeout_at(begun + patience.first, outgoing.send()).await.map_err(late)?.map_err(refused)?;
    let is_stream = response.headers().get("content-type").is_some_and(|kind| kind.as_bytes() == EVENT_STREAM);
    let (mut body, mut deadline) = (Vec::new(), begun + patience.first);
    while let Some(chunk) = timeout_at(deadline, response.chunk()).await.map_err(late)?.map_err(refused)? {
        if body.len().saturating_add(chunk.len()) > MAX_BODY {
            return Err(ConnectorError::user(format!("the answer is larger than {MAX_BODY} bytes").into()));
        }
        body.extend_from_slice(&chunk);
        if is_stream {
            if let Some(begins) = begins {
                begins.tell();
            }
            deadline = Instant::now() + patience.silence;
        }
    }
    let status = response.status().as_u16().try_into().map_err(|error| ConnectorError::other(Box::new(error), None))?;
    let mut answer = HttpResponse::new(status, SdkBody::from(body));
    for (name, value) in response.headers() {
        // What is no text is no header that the SDK reads.
        if let Ok(value) = value.to_str() {
            let _replaced = answer.headers_mut().try_append(name.as_str().to_owned(), value.to_owned());
        }
    }
    Ok(answer)
}

fn refused(error: reqwest::Error) -> ConnectorError {
    let error = error.without_url();
    if error.is_timeout() { ConnectorError::timeout(error.into()) } else { ConnectorError::io(error.into()) }
}

/// What a retry after `header` asks for.
pub(super) fn retry_after(response: &HttpResponse) -> Option<Duration> {
    // Without a clock to compare with, a date says nothing.
    response
        .headers()
        .get("retry-after")
        .filter(|value| !value.contains(':'))
        .and_then(|value| review_core::retry::parse_retry_after(value, 0))
}
