//! The HTTP server: from a connection to an answer.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::{Response, header},
};
use bytes::Bytes;
use tokio::{runtime::Handle, sync::watch};

use super::{
    answer::{Answer, HTML, Refusal},
    api,
    call::{self, Call},
    connection::Connection,
    faults::Fault,
    hooks, ledger, page, sign_in, smart_http, versions,
    world::World,
};

/// Largest body of a call; git may send more.
/// On an answer that a test asked to be wrong, so that a validator in between does not judge it.
const ON_PURPOSE: &str = "x-testkit-fault";
const LARGEST_BODY: usize = 64 << 20;
const LARGEST_PUSH: usize = 512 << 20;

/// The running service, shared by its connections, its deliveries and the test.
pub(crate) struct Server {
    world: Mutex<World>,
    /// Counts changes, so that tests can wait for them.
    changes: watch::Sender<u64>,
    pub(crate) http: reqwest::Client,
    runtime: Handle,
    myself: std::sync::Weak<Server>,
    /// The repositories are deleted with it.
    _root: tempfile::TempDir,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    pub(crate) fn new(world: World, http: reqwest::Client, runtime: Handle, root: tempfile::TempDir) -> Arc<Self> {
        Arc::new_cyclic(|myself| Self {
            world: Mutex::new(world),
            changes: watch::Sender::new(0),
            http,
            runtime,
            myself: myself.clone(),
            _root: root,
        })
    }

    /// Reads or changes the state; then hands on what happened.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let (result, unattended) = {
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            let result = act(&mut world);
            world.post_outbox();
            (result, std::mem::take(&mut world.unattended))
        };
        for (subscription, queue) in unattended {
            self.runtime.spawn(hooks::run_deliveries(self.myself.clone(), subscription, queue));
        }
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        result
    }

    /// Reads the state without telling anybody that it may have changed.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&World) -> T) -> T {
        look(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

pub(crate) fn router(server: Arc<Server>) -> Router {
    Router::new().fallback(serve).with_state(server)
}

/// A request with its body, before anybody knows what it is for.
#[derive(Debug, Clone)]
pub(crate) struct Incoming {
    pub(crate) method: String,
    pub(crate) raw_path: String,
    pub(crate) raw_query: String,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) body: Bytes,
}

impl Incoming {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Where in the service a path points.
#[derive(Debug, Clone)]
enum Place {
    Api { collection: usize, project: Option<String>, rest: Vec<String> },
    Git { collection: usize, project: String, repository: String, rest: Vec<String> },
    Index,
    Nowhere,
}

async fn serve(
    State(server): State<Arc<Server>>,
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let is_git = parts.uri.path().contains("/_git/");
    let limit = if is_git { LARGEST_PUSH } else { LARGEST_BODY };
    let Ok(body) = axum::body::to_bytes(body, limit).await else {
        let message = "The request is larger than the service takes.";
        return Answer::from(Refusal::new(413, "VssRequestTooLargeException", message)).into_response();
    };
    let incoming = Incoming {
        method: parts.method.as_str().to_owned(),
        raw_path: parts.uri.path().to_owned(),
        raw_query: parts.uri.query().unwrap_or_default().to_owned(),
        headers: parts.headers,
        body,
    };
    let place = server.look(|world| place(world, &incoming.raw_path));
    let shown = shown(&place, &incoming);
    let (fault, is_unreachable) =
        server.with(|world| (world.faults.take(&incoming.method, &shown), world.options.is_unreachable));
    if is_unreachable {
        connection.cut();
        return Response::new(Body::empty());
    }
    let (answer, by) = match fault {
        None => answer(&server, &incoming, place).await,
        Some(fault) => {
            let Some(answered) = faulty(&server, &incoming, place, fault).await else {
                note(&server, &incoming, shown, None, None);
                connection.cut();
                return Response::new(Body::empty());
            };
            answered
        }
    };
    note(&server, &incoming, shown, Some(answer.status), by);
    let limited = server.look(|world| world.options.rate_limit.clone());
    let answer = limited.map_or(answer.clone(), |limit| sign_in::limited(answer, &limit));
    answer.into_response()
}

fn note(server: &Server, incoming: &Incoming, path: String, status: Option<u16>, by: Option<String>) {
    let request = ledger::Request { method: incoming.method.clone(), path, status, by };
    server.with(|world| world.ledger.requests.push(request));
}

/// None: the connection is to be cut.
async fn faulty(server: &Arc<Server>, incoming: &Incoming, place: Place, fault: Fault) -> Option<(Answer, Option<String>)> {
    match fault {
        Fault::Status(status, retry_after) => {
            let refused = Refusal::new(
                status,
                "RequestBlockedException",
                format!("TF400733: The request has been refused with {status} on purpose."),
            );
            let mut answer = Answer::from(refused).header(ON_PURPOSE, "status".to_owned());
            if let Some(seconds) = retry_after {
                answer = answer.header("retry-after", seconds.to_string());
            }
            Some((answer, None))
        }
        Fault::DropBefore => None,
        Fault::DropAfter => {
            answer(server, incoming, place).await;
            None
        }
        Fault::Hold(gate) => {
            gate.pass().await;
            Some(answer(server, incoming, place).await)
        }
        Fault::HoldAfter(gate) => {
            let answered = answer(server, incoming, place).await;
            gate.pass().await;
            Some(answered)
        }
        Fault::CommitLater(gate) => {
            let (server, incoming) = (Arc::clone(server), incoming.clone());
            tokio::spawn(async move {
                gate.pass().await;
                answer(&server, &incoming, place).await;
            });
            None
        }
        Fault::Latency(time) => {
            #[expect(clippy::disallowed_methods, reason = "a slow answer is what the test asked for")]
            tokio::time::sleep(time).await;
            Some(answer(server, incoming, place).await)
        }
        Fault::Html203 => Some((sign_in::page(), None)),
        Fault::TruncatedJson => {
            let (mut answer, by) = answer(server, incoming, place).await;
            answer.body.truncate(answer.body.len() / 2);
            Some((answer.header(ON_PURPOSE, "truncated".to_owned()), by))
        }
        Fault::Throttled(seconds) => {
            let (answer, by) = answer(server, incoming, place).await;
            Some((answer.header("retry-after", seconds.to_string()), by))
        }
    }
}

/// Does what the request asks for. The second value is who asked.
async fn answer(server: &Arc<Server>, incoming: &Incoming, place: Place) -> (Answer, Option<String>) {
    match place {
        Place::Git { collection, project, repository, rest } => {
            let lower: Vec<String> = rest.iter().map(|segment| segment.to_lowercase()).collect();
            if lower.first().is_some_and(|first| first == "pullrequest") {
                let answered =
                    look_at(server, move |world| page::pull_request(world, collection, &project, &repository, lower.get(1)))
                        .await;
                return (answered, None);
            }
            smart_http::serve(server, incoming, collection, &project, &repository, &rest).await
        }
        Place::Index => (look_at(server, page::index).await, None),
        Place::Nowhere => {
            let message = format!("Page not found: {}", incoming.raw_path);
            (Answer::new(404, HTML, page::plain("Not found", &message)), None)
        }
        Place::Api { collection, project, rest } => {
            let server = Arc::clone(server);
            let incoming = incoming.clone();
            // Git is asked by processes, which block.
            let done =
                tokio::task::spawn_blocking(move || server.with(|world| call(world, &incoming, collection, project, rest)));
            done.await.unwrap_or_else(|error| {
                (Refusal::new(500, "VssServiceException", format!("The stand-in has a defect: {error}")).into(), None)
            })
        }
    }
}

async fn look_at(server: &Arc<Server>, look: impl FnOnce(&mut World) -> Answer + Send + 'static) -> Answer {
    let server = Arc::clone(server);
    let done = tokio::task::spawn_blocking(move || server.with(look));
    done.await
        .unwrap_or_else(|error| Refusal::new(500, "VssServiceException", format!("The stand-in has a defect: {error}")).into())
}

fn call(
    world: &mut World,
    incoming: &Incoming,
    collection: usize,
    project: Option<String>,
    rest: Vec<String>,
) -> (Answer, Option<String>) {
    let is_connection_data = rest.first().is_some_and(|first| first.eq_ignore_ascii_case("connectionData"));
    let user = match sign_in::user(world, incoming) {
        Ok(user) => user,
        Err(_) if incoming.method == "OPTIONS" => usize::MAX,
        Err(_) if is_connection_data && world.options.is_public && incoming.header("authorization").is_none() => usize::MAX,
        Err(answer) => return (answer, None),
    };
    let text = |name: header::HeaderName| incoming.header(name.as_str()).unwrap_or_default().to_owned();
    let call = Call {
        method: incoming.method.clone(),
        collection,
        project,
        rest,
        query: call::query_pairs(&incoming.raw_query),
        accept: text(header::ACCEPT),
        content_type: text(header::CONTENT_TYPE),
        body: incoming.body.clone(),
        user,
        path: incoming.raw_path.clone(),
    };
    let by = world.user(user).map(|user| user.display_name.clone());
    let answered = versions::check(world.options.mode, &call).and_then(|()| api::dispatch(world, &call));
    (answered.unwrap_or_else(Answer::from), by)
}

/// Finds the collection below the prefix, then the rest.
fn place(world: &World, path: &str) -> Place {
    let Some(segments) = call::segments(path) else { return Place::Nowhere };
    let mut left = segments.as_slice();
    for wanted in &world.options.prefix {
        match left.split_first() {
            Some((first, rest)) if first.eq_ignore_ascii_case(wanted) => left = rest,
            None => return Place::Index,
            _ => return Place::Nowhere,
        }
    }
    let Some((name, rest)) = left.split_first() else { return Place::Index };
    let collection = world
        .collections
        .iter()
        .position(|known| known.name.to_lowercase() == name.to_lowercase() || known.id.eq_ignore_ascii_case(name));
    let Some(collection) = collection else { return Place::Nowhere };
    let at = |wanted: &str| rest.iter().take(3).position(|segment| segment.eq_ignore_ascii_case(wanted));
    if let Some(index) = at("_apis") {
        let (before, after) = rest.split_at(index);
        return Place::Api { collection, project: before.first().cloned(), rest: after.get(1..).unwrap_or_default().to_vec() };
    }
    if let Some(index) = at("_git") {
        let (before, after) = rest.split_at(index);
        let Some(repository) = after.get(1).cloned() else { return Place::Nowhere };
        // Without a project, the one of the same name is meant.
        let project = before.first().cloned().unwrap_or_else(|| repository.clone());
        return Place::Git { collection, project, repository, rest: after.get(2..).unwrap_or_default().to_vec() };
    }
    Place::Nowhere
}

/// The request as matchers and the ledger see it.
fn shown(place: &Place, incoming: &Incoming) -> String {
    let path = match place {
        Place::Api { project, rest, .. } => {
            let project = project.as_ref().map(|project| format!("/{project}")).unwrap_or_default();
            format!("{project}/_apis{}", call::joined(rest))
        }
        Place::Git { project, repository, rest, .. } => format!("/{project}/_git/{repository}{}", call::joined(rest)),
        Place::Index | Place::Nowhere => incoming.raw_path.clone(),
    };
    if incoming.raw_query.is_empty() { path } else { format!("{path}?{}", incoming.raw_query) }
}
