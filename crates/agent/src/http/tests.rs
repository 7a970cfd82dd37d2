//! What Azure DevOps is answered, and what is stored before.

use std::{sync::Mutex, time::Duration};

use axum::http::{Method, Request};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use review_core::pull_request::CommitId;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::{
    webhooks::{Accept, Decision, Ignored, Intake, Limits, decide, dedup_key, job},
    *,
};
use crate::{
    azure_devops::{CommentHint, EventKind, WebhookEvent},
    store::{Accepted, JobKind, NewEvent, NewJob, StoreError},
};

const ORGANIZATION: &str = "https://dev.azure.com/contoso";
/// The limits of the server under test: long for a machine that works, short for a test that waits for them to pass.
const SHORT: Duration = Duration::from_secs(2);
const NOW: Millis = 1_700_000_000_000;

fn allow_list() -> AllowList {
    AllowList::new(|named| named.eq_ignore_ascii_case(ORGANIZATION).then(|| ORGANIZATION.to_owned()), None)
}

fn event(kind: EventKind) -> WebhookEvent {
    WebhookEvent {
        kind,
        event_type: "git.pullrequest.created".to_owned(),
        event_id: Some("6544f94b-ce5d-4bc1-b4be-30559b589d15".to_owned()),
        subscription_id: Some("D21A27A6-3b89-45fb-9af9-0fe220348c1d".to_owned()),
        notification_id: Some(7),
        collection: Some("https://dev.azure.com/Contoso".to_owned()),
        project: Some("project-id".to_owned()),
        repository: Some("repository-id".to_owned()),
        pull_request: Some(2),
        head: CommitId::parse(&"a".repeat(40)),
        status: Some("active".to_owned()),
        comment: None,
    }
}

fn key() -> String {
    format!("{ORGANIZATION}/project-id/_git/repository-id/pullrequest/2")
}

#[test]
fn each_kind_of_event_has_its_decision() {
    let allowed = allow_list();
    let review = |event: &WebhookEvent| match decide(event, &allowed) {
        Decision::Review { pull_request, priority, closes } => (pull_request.to_string(), priority, closes),
        other => panic!("{other:?}"),
    };
    let created = event(EventKind::Created);
    assert_eq!(review(&created), (key(), 10, false));
    assert_eq!(review(&event(EventKind::Updated)), (key(), 10, false));
    assert_eq!(review(&event(EventKind::MergeAttempted)), (key(), 0, false));
    for closed in ["completed", "abandoned"] {
        assert_eq!(review(&WebhookEvent { status: Some(closed.to_owned()), ..created.clone() }), (key(), 10, true));
    }
    assert_eq!(review(&WebhookEvent { status: None, ..created }), (key(), 10, false));

    assert_eq!(decide(&event(EventKind::Test), &allowed), Decision::Ignore(Ignored::Test));
    assert_eq!(decide(&event(EventKind::Unknown), &allowed), Decision::Ignore(Ignored::UnknownEvent));
    let hint = |content: &str, is_reply: bool, is_deleted: bool| {
        let content = content.to_owned();
        let comment = CommentHint { thread: Some(1), comment: Some(1), author_id: None, is_reply, content, is_deleted };
        decide(&WebhookEvent { comment: Some(comment), ..event(EventKind::Commented) }, &allowed)
    };
    let said = |content: &str, is_deleted: bool| hint(content, false, is_deleted);
    let answer = |decision: Decision| matches!(decision, Decision::Answer { pull_request } if pull_request.to_string() == key());
    assert!(answer(said("@somebody review", false)), "who is meant is seen when the pull request is read");
    assert!(answer(said("", false)) && answer(decide(&event(EventKind::Commented), &allowed)), "its text was not sent");
    for (content, is_deleted) in [("Looks good.", false), ("> @bot review", false), ("@bot review", true), ("", true)] {
        assert_eq!(said(content, is_deleted), Decision::Ignore(Ignored::Comment), "{content}");
    }
    assert!(answer(hint("Why?", true, false)), "it may go on with what the agent said");
    assert_eq!(hint("Why?", true, true), Decision::Ignore(Ignored::Comment));
    assert_eq!(said("@bot <!-- coderabbit-agent -->", false), Decision::Ignore(Ignored::OwnComment));
    let unknown = WebhookEvent { pull_request: None, ..event(EventKind::Commented) };
    assert!(matches!(decide(&unknown, &allowed), Decision::Sweep { .. }));
}

#[test]
fn an_event_without_details_sweeps_its_project_and_one_without_project_is_incomplete() {
    let allowed = allow_list();
    let sweep = Decision::Sweep { collection: ORGANIZATION.to_owned(), project: "project-id".to_owned(), is_comment: false };
    let created = event(EventKind::Created);
    let without_number = WebhookEvent { pull_request: None, ..created.clone() };
    assert_eq!(decide(&without_number, &allowed), sweep);
    assert_eq!(decide(&WebhookEvent { repository: None, ..created.clone() }, &allowed), sweep);
    assert_eq!(decide(&WebhookEvent { repository: Some("x".repeat(257)), ..created.clone() }, &allowed), sweep);

    for name in [None, Some(String::new()), Some("  ".to_owned()), Some("a\u{0}b".to_owned()), Some("x".repeat(300))] {
        let event = WebhookEvent { project: name.clone(), ..created.clone() };
        assert_eq!(decide(&event, &allowed), Decision::Ignore(Ignored::Incomplete), "{name:?}");
    }

    let comment = WebhookEvent { kind: EventKind::Commented, ..without_number.clone() };
    let gathered = job(decide(&comment, &allowed), &comment, NOW).unwrap();
    assert_eq!(gathered.dedup_key, "comments:https://dev.azure.com/contoso/project-id");
    assert_eq!(gathered.run_at, NOW + 20_000, "a review writes several comments in a row");

    let job = job(sweep, &without_number, NOW).unwrap();
    assert_eq!((gathered.serial_key, job.run_at), (job.serial_key.clone(), NOW));
    assert_eq!((job.dedup_key.as_str(), job.priority), ("sweep:https://dev.azure.com/contoso/project-id", 5));
    assert_eq!((job.serial_key.as_str(), job.head), (job.dedup_key.as_str(), None));
    assert!(matches!(job.kind, JobKind::Sweep { .. }));
}

#[test]
fn other_organizations_are_ignored_and_a_payload_without_one_means_the_only_one() {
    let other = WebhookEvent { collection: Some("https://dev.azure.com/evil".to_owned()), ..event(EventKind::Created) };
    assert_eq!(decide(&other, &allow_list()), Decision::Ignore(Ignored::OtherOrganization));

    let none = WebhookEvent { collection: None, ..event(EventKind::Created) };
    assert_eq!(decide(&none, &allow_list()), Decision::Ignore(Ignored::OtherOrganization));
    let one = AllowList::new(|_| None, Some(ORGANIZATION.to_owned()));
    assert!(matches!(decide(&none, &one), Decision::Review { pull_request, .. } if pull_request.to_string() == key()));

    // Comments of others say nothing about what we would do with them.
    let comment = WebhookEvent { kind: EventKind::Commented, ..other };
    assert_eq!(decide(&comment, &allow_list()), Decision::Ignore(Ignored::OtherOrganization));
}

#[test]
fn a_job_coalesces_by_pull_request_and_carries_the_hints() {
    let updated = event(EventKind::Updated);
    let job = job(decide(&updated, &allow_list()), &updated, NOW).unwrap();
    assert_eq!(job.dedup_key, format!("review:{}", key()));
    assert_eq!((job.serial_key, job.run_at, job.head), (key(), NOW, updated.head));
}

#[test]
fn an_event_is_remembered_by_what_it_has() {
    let full = event(EventKind::Created);
    assert_eq!(dedup_key(&full, b"x"), "event:6544f94b-ce5d-4bc1-b4be-30559b589d15");
    for useless in [None, Some(String::new()), Some("00000000-0000-0000-0000-000000000000".to_owned()), Some("i".repeat(300))] {
        let without = WebhookEvent { event_id: useless, ..full.clone() };
        assert_eq!(dedup_key(&without, b"x"), "notification:d21a27a6-3b89-45fb-9af9-0fe220348c1d:7");
    }
    let bare = WebhookEvent { event_id: None, notification_id: None, ..full };
    assert_eq!(dedup_key(&bare, b""), "body:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_ne!(dedup_key(&bare, b"x"), dedup_key(&bare, b"y"));
}

/// What the fake store was given.
type Stored = Arc<Mutex<Vec<(NewEvent, Option<NewJob>)>>>;

struct Server {
    router: Router,
    metrics: Metrics,
    stored: Stored,
    wake: Arc<Notify>,
}

fn server_with(accept: Accept, stored: Stored, credentials: Option<&WebhookCredentials>) -> Server {
    let (metrics, wake) = (Metrics::new(), Arc::new(Notify::new()));
    let intake = Intake {
        accept,
        metrics: metrics.clone(),
        allowed: allow_list(),
        credentials: credentials.map(auth::Expected::new),
        wake: Arc::clone(&wake),
        now: || NOW,
        limits: Limits { body: SHORT, store: SHORT },
    };
    let probe: ReadyProbe = Arc::new(|| Box::pin(async { readiness(true, true) }));
    Server { router: assemble(webhooks::routes(intake), ops::routes(metrics.clone(), probe, SHORT)), metrics, stored, wake }
}

/// A server whose store takes everything, and knows an event again.
fn server(credentials: Option<&WebhookCredentials>) -> Server {
    let stored = Stored::default();
    let into = Arc::clone(&stored);
    let accept: Accept = Arc::new(move |event, job| {
        let mut stored = into.lock().unwrap();
        let known = stored.iter().any(|(earlier, _)| earlier.dedup_key == event.dedup_key);
        if !known {
            stored.push((event, job));
        }
        Box::pin(async move { Ok(if known { Accepted::Duplicate } else { Accepted::Stored }) })
    });
    server_with(accept, stored, credentials)
}

fn readiness(database: bool, model: bool) -> Readiness {
    let check = |ok: bool| Check { ok, detail: String::new() };
    Readiness { database: check(database), migrations: check(true), azure_devops: check(true), model: check(model) }
}

fn credentials() -> WebhookCredentials {
    WebhookCredentials { username: "hook".to_owned(), password: "pass:wörd".into() }
}

fn post(path: &str, authorization: Option<&str>, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(Method::POST).uri(path).header("content-type", "application/json");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    request.body(body.into()).unwrap()
}

async fn send(server: &Server, request: Request<Body>) -> (StatusCode, Response<()>, String) {
    let (head, body) = server.router.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (head.status, Response::from_parts(head, ()), String::from_utf8(body.to_vec()).unwrap())
}

/// A pull request event as the service sends it, cut to what is read.
fn payload(event_type: &str) -> Value {
    json!({
        "subscriptionId": "d21a27a6-3b89-45fb-9af9-0fe220348c1d", "notificationId": 1, "id": "6544f94b-ce5d-4bc1-b4be-30559b589d16",
        "eventType": event_type, "publisherId": "tfs",
        "resource": {
            "repository": {"id": "98f0ce59-a912-43d5-96d2-bc0942a03f7b", "name": "shop",
                "project": {"id": "068d2409-14eb-4d8a-88bf-c8a9e7f5b4e2", "name": "shop"}},
            "pullRequestId": 2, "status": "active", "lastMergeSourceCommit": {"commitId": "fe3b16dd2079fc96f4e31752b0e3e0782389b469"}
        },
        "resourceContainers": {"collection": {"id": "ad9e1dcf-0000-4000-8000-000000000001", "baseUrl": "https://dev.azure.com/contoso/"},
            "project": {"id": "068d2409-14eb-4d8a-88bf-c8a9e7f5b4e2", "baseUrl": "https://dev.azure.com/contoso/"}}
    })
}

#[tokio::test]
async fn wrong_credentials_are_refused_before_the_body_is_read() {
    let server = server(Some(&credentials()));
    let basic = |text: &str| format!("Basic {}", STANDARD.encode(text));
    let wrong = [
        None,
        Some(basic("hook:wrong")),
        Some(basic("hook")),
        Some(basic("")),
        Some(basic("hook:pass:wörd ")),
        Some("Basic not-base64!".to_owned()),
        Some("Bearer abc".to_owned()),
        Some("Basic".to_owned()),
        Some(format!("Basic {}", "A".repeat(9000))),
    ];
    for authorization in wrong {
        let (status, head, _) = send(&server, post("/azure_webhooks", authorization.as_deref(), "{")).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?}");
        assert!(head.headers()["www-authenticate"].to_str().unwrap().starts_with("Basic realm="));
    }
    let mut twice = post("/azure_webhooks", Some(&basic("hook:pass:wörd")), "{");
    twice.headers_mut().append("authorization", HeaderValue::from_static("Basic eDp5"));
    assert_eq!(send(&server, twice).await.0, StatusCode::UNAUTHORIZED);
    assert!(server.stored.lock().unwrap().is_empty());
    assert!(server.metrics.encode().contains(r#"webhooks_total{kind="unknown",result="unauthorized"} 10"#));
}

#[tokio::test]
async fn an_event_is_stored_before_it_is_answered_and_wakes_a_worker() {
    let server = server(Some(&credentials()));
    let right = format!("basic {}", STANDARD.encode("hook:pass:wörd"));
    for path in ["/azure_webhooks", "/azure_webhooks/"] {
        let (status, _, body) = send(&server, post(path, Some(&right), payload("git.pullrequest.created").to_string())).await;
        assert_eq!((status, body.as_str()), (StatusCode::ACCEPTED, r#"{"accepted":true}"#));
    }
    {
        let stored = server.stored.lock().unwrap();
        assert_eq!(stored.len(), 1, "the second delivery is the same event");
        let (event, Some(job)) = &stored[0] else { panic!("no job") };
        assert_eq!((event.dedup_key.as_str(), event.kind.as_str()), ("event:6544f94b-ce5d-4bc1-b4be-30559b589d16", "created"));
        assert!(job.serial_key.starts_with("https://dev.azure.com/contoso/"), "{}", job.serial_key);
        assert_eq!(job.head.as_ref().map(CommitId::as_str), Some("fe3b16dd2079fc96f4e31752b0e3e0782389b469"));
    }
    tokio::time::timeout(Duration::from_secs(5), server.wake.notified()).await.unwrap();
    let page = server.metrics.encode();
    assert!(page.contains(r#"webhooks_total{kind="created",result="accepted"} 1"#), "{page}");
    assert!(page.contains(r#"webhooks_total{kind="created",result="duplicate"} 1"#), "{page}");
}

#[tokio::test]
async fn everything_that_is_not_for_us_is_answered_200_with_the_reason() {
    let server = server(None);
    let mut other = payload("git.pullrequest.created");
    other["resourceContainers"]["collection"]["baseUrl"] = json!("https://dev.azure.com/evil/");
    other["resourceContainers"]["project"]["baseUrl"] = json!("https://dev.azure.com/evil/");
    let comment = |content: &str| {
        let mut payload = payload("ms.vss-code.git-pullrequest-comment-event");
        let pull_request = payload["resource"].take();
        payload["resourceVersion"] = json!("2.0");
        payload["resource"] = json!({
            "comment": {"id": 1, "parentCommentId": 0, "content": content, "commentType": "text", "author": {"id": "someone"}},
            "pullRequest": pull_request,
        });
        payload
    };
    let table = [
        (other.to_string(), "AZURE_DEVOPS_URL"),
        (payload("build.complete").to_string(), "pull request created"),
        (comment("please look again").to_string(), "speaks to nobody"),
        (comment("<!-- coderabbit-agent finding -->\nhm").to_string(), "written by the agent itself"),
        ("{".to_owned(), "no event of Azure DevOps"),
        ("[]".to_owned(), "no event of Azure DevOps"),
        (String::new(), "no event of Azure DevOps"),
        ("[".repeat(100_000), "no event of Azure DevOps"),
        (format!("\"{}\"", "x".repeat(1024 * 1024)), "larger than 1 MiB"),
    ];
    for (body, reason) in table {
        let start: String = body.chars().take(80).collect();
        let (status, _, answer) = send(&server, post("/azure_webhooks", None, body)).await;
        assert_eq!(status, StatusCode::OK, "{start}");
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["accepted"], json!(false), "{start}");
        assert!(answer["reason"].as_str().unwrap().contains(reason), "{start}: {answer}");
    }
    assert!(server.stored.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_store_that_fails_hangs_or_panics_is_answered_503_and_nothing_else() {
    let failing: Accept = Arc::new(|_, _| Box::pin(async { Err(StoreError::Open("disk full".to_owned())) }));
    let hanging: Accept = Arc::new(|_, _| Box::pin(std::future::pending()));
    let panicking: Accept = Arc::new(|_, _| Box::pin(async { panic!("a defect") }));
    for accept in [failing, hanging, panicking] {
        let server = server_with(accept, Stored::default(), None);
        let (status, head, body) =
            send(&server, post("/azure_webhooks", None, payload("git.pullrequest.updated").to_string())).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(head.headers()["retry-after"], "5");
        assert!(!body.contains("disk full") && !body.contains("defect"), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    let server = server(None);
    let body = Body::from_stream(futures::stream::pending::<Result<bytes::Bytes, std::io::Error>>());
    let (status, _, _) = send(&server, post("/azure_webhooks", None, body)).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(server.metrics.encode().contains(r#"webhooks_total{kind="unknown",result="broken_off"} 1"#));
}

#[tokio::test]
async fn health_metrics_and_everything_else() {
    let server = server(Some(&credentials()));
    let get = |path: &str| Request::builder().uri(path).body(Body::empty()).unwrap();
    let (status, _, body) = send(&server, get("/health")).await;
    assert_eq!((status, body.as_str()), (StatusCode::OK, "OK"));

    let (status, head, body) = send(&server, get("/metrics")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(head.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    assert!(body.ends_with("# EOF\n"));

    assert_eq!(send(&server, get("/elsewhere")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(send(&server, get("/azure_webhooks")).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn only_the_database_makes_the_agent_unready() {
    let ready = async |probe: ReadyProbe| {
        let router = ops::routes(Metrics::new(), probe, SHORT);
        let answer = router.oneshot(Request::get("/ready").body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        (status, body["status"].as_str().unwrap().to_owned(), body["checks"]["database"]["ok"].as_bool().unwrap())
    };
    let probe = |database, model| -> ReadyProbe { Arc::new(move || Box::pin(async move { readiness(database, model) })) };
    assert_eq!(ready(probe(true, true)).await, (200, "ready".to_owned(), true));
    assert_eq!(ready(probe(true, false)).await, (200, "degraded".to_owned(), true));
    assert_eq!(ready(probe(false, true)).await, (503, "unavailable".to_owned(), false));
    assert_eq!(ready(Arc::new(|| Box::pin(std::future::pending()))).await, (503, "unavailable".to_owned(), false));
}

mod sockets {
    //! Over real connections.

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
        sync::oneshot,
    };

    use super::*;

    const LIMIT: Duration = Duration::from_secs(30);

    async fn read_to_end(stream: &mut TcpStream) -> String {
        let mut answer = String::new();
        tokio::time::timeout(LIMIT, stream.read_to_string(&mut answer)).await.unwrap().unwrap();
        answer
    }

    #[tokio::test]
    async fn a_request_that_came_is_finished_when_the_end_is_asked_for() {
        let (release, released) = oneshot::channel::<()>();
        let (entered, at_work) = oneshot::channel::<()>();
        let hold = Arc::new(Mutex::new(Some((entered, released))));
        let router = Router::new().route(
            "/slow",
            axum::routing::get(move || async move {
                let (entered, released) = hold.lock().unwrap().take().unwrap();
                entered.send(()).unwrap();
                released.await.unwrap();
                "finished"
            }),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(serve(listener, router, async move { stopped.await.unwrap() }));

        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        tokio::time::timeout(LIMIT, at_work).await.unwrap().unwrap();
        stop.send(()).unwrap();
        // The listener closes while the request is at work.
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
        release.send(()).unwrap();
        assert!(read_to_end(&mut stream).await.ends_with("finished"));
        tokio::time::timeout(LIMIT, serving).await.unwrap().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_head_that_is_sent_too_slowly_is_cut_off_and_others_are_served() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, server(None).router, std::future::pending()));

        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(b"POST /azure_webhooks HTTP/1.1\r\nhost: x\r\n").await.unwrap();
        let mut quick = TcpStream::connect(address).await.unwrap();
        quick.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(read_to_end(&mut quick).await.ends_with("\r\n\r\nOK"));
        assert_eq!(read_to_end(&mut slow).await, "", "cut off without an answer, and before the test's own limit");
        serving.abort();
    }

    #[tokio::test]
    async fn the_sender_of_a_body_that_is_too_large_sees_the_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = tokio::spawn(serve(listener, server(None).router, std::future::pending()));
        let mut stream = TcpStream::connect(address).await.unwrap();
        let length = 3 * 1024 * 1024;
        let head = format!("POST /azure_webhooks HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; length]).await.unwrap();
        let answer = read_to_end(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("larger than 1 MiB"), "{answer}");
        serving.abort();
    }
}
