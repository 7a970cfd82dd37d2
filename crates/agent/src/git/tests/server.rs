//! A smart HTTP server: `git http-backend` behind axum, with the switches that the stories need.

use std::{
    net::SocketAddr,
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use secrecy::SecretString;
use tokio::{io::AsyncWriteExt, sync::Notify};

use super::fixture::Fixture;
use crate::git::Source;

pub(crate) const TOKEN: &str = "azure-token-4f1c";

/// What the server does instead of serving well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Answers no request.
    Hangs,
    /// Sends the browser's sign-in page, as Azure DevOps does with a bad token.
    SignInPage,
    /// Redirects to the sign-in page.
    SignInRedirect,
    /// Speaks the first protocol, in which only advertised commits may be asked for.
    FirstProtocol,
    /// Fails on a request with a filter.
    RefusesFilter,
}

#[derive(Default)]
struct Log {
    requests: Vec<String>,
    authorizations: Vec<String>,
    fault: Option<Fault>,
}

struct Shared {
    folder: PathBuf,
    log: Mutex<Log>,
    /// The client of a hanging request went away.
    abandoned: Notify,
}

pub(crate) struct GitServer {
    shared: Arc<Shared>,
    address: SocketAddr,
    folder: tempfile::TempDir,
}

impl GitServer {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (log, abandoned) = (Mutex::default(), Notify::new());
        let shared = Arc::new(Shared { folder: folder.path().to_owned(), log, abandoned });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { shared, address, folder }
    }

    /// A repository on the server, with the server's own work tree to change it by.
    pub(crate) fn repository(&self, name: &str) -> Fixture {
        Fixture::new(&self.folder.path().join("contoso/_git").join(name))
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://{}/contoso/_git/{name}", self.address)
    }

    pub(crate) fn fail_with(&self, fault: Fault) {
        self.shared.log.lock().unwrap().fault = Some(fault);
    }

    /// Forgets and gives the requests so far.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.log.lock().unwrap().requests)
    }

    pub(crate) fn authorizations(&self) -> Vec<String> {
        self.shared.log.lock().unwrap().authorizations.clone()
    }

    /// Ends when the client of a hanging request has gone.
    pub(crate) async fn abandoned(&self) {
        self.shared.abandoned.notified().await;
    }
}

/// Header value for a token.
pub(crate) fn authorization(token: &str) -> SecretString {
    SecretString::from(format!("Basic {}", STANDARD.encode(format!(":{token}"))))
}

/// A repository without a fork.
pub(crate) fn source<'a>(url: &'a str, authorization: Option<&'a SecretString>) -> Source<'a> {
    Source { url, fork_url: None, authorization }
}

struct TellWhenDropped(Arc<Shared>);

impl Drop for TellWhenDropped {
    fn drop(&mut self) {
        self.0.abandoned.notify_one();
    }
}

async fn serve(State(shared): State<Arc<Shared>>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let given = headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap().to_owned());
    let fault = {
        let mut log = shared.log.lock().unwrap();
        log.requests.push(format!("{method} {uri}"));
        log.authorizations.extend(given.clone());
        log.fault
    };
    match fault {
        Some(Fault::Hangs) => {
            let _tell = TellWhenDropped(Arc::clone(&shared));
            std::future::pending::<()>().await;
        }
        Some(Fault::SignInPage) => {
            let page = [(header::CONTENT_TYPE, "text/html")];
            return (StatusCode::NON_AUTHORITATIVE_INFORMATION, page, "<html>Sign in</html>").into_response();
        }
        Some(Fault::SignInRedirect) => {
            return (StatusCode::FOUND, [(header::LOCATION, "/_signin")]).into_response();
        }
        Some(Fault::RefusesFilter) if body.windows(6).any(|part| part == b"filter") => {
            return (StatusCode::OK, "0031ERR this server does not know the filter verb").into_response();
        }
        _ => {}
    }
    let expected = format!("Basic {}", STANDARD.encode(format!(":{TOKEN}")));
    if given.as_deref() != Some(expected.as_str()) {
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"contoso\"")]).into_response();
    }
    run_backend(&shared, fault, &method, &uri, &headers, &body).await
}

#[expect(clippy::disallowed_methods, reason = "the server side of git, not a child of the agent")]
async fn run_backend(
    shared: &Shared,
    fault: Option<Fault>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let mut command = tokio::process::Command::new("git");
    command
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([("HOME", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .env("GIT_PROJECT_ROOT", &shared.folder)
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("REMOTE_USER", "ada"), ("REQUEST_METHOD", method.as_str())])
        .env("PATH_INFO", uri.path())
        .env("QUERY_STRING", uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", text("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", text("content-encoding"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    if fault != Some(Fault::FirstProtocol) {
        command.env("GIT_PROTOCOL", text("git-protocol"));
    }
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let sent = body.clone();
    let ((), output) = tokio::join!(
        async move {
            // The backend may end before it has read all.
            input.write_all(&sent).await.ok();
        },
        child.wait_with_output()
    );
    let output = output.unwrap().stdout;
    let end = output.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
    let mut response = Response::builder();
    for line in std::str::from_utf8(&output[..end]).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response = match name {
            "Status" => response.status(value.split(' ').next().unwrap().parse::<u16>().unwrap()),
            _ => response.header(name, value),
        };
    }
    response.body(Body::from(output[end + 4..].to_vec())).unwrap()
}
