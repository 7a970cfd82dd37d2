//! Against a token endpoint on a socket.

use std::collections::HashMap;

use axum::{
    Form, Router,
    body::Body,
    http::{Response, header::HeaderMap},
};
use futures::{
    future::{Either, join_all, select},
    poll,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::{Semaphore, watch},
    task::JoinHandle,
};

use super::*;
use crate::settings::NetworkSettings;

const SECRET: &str = "s3cr3t/canary&more";

/// What the endpoint answers.
#[derive(Clone)]
struct Reply {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

impl Reply {
    fn json(status: u16, body: &Value) -> Self {
        Self { status, headers: vec![("content-type", "application/json")], body: body.to_string() }
    }

    fn page(status: u16, body: &str) -> Self {
        Self { status, headers: vec![("content-type", "text/html; charset=utf-8")], body: body.to_owned() }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

fn token(number: usize) -> Reply {
    Reply::json(200, &json!({ "access_token": format!("token-{number}"), "token_type": "Bearer", "expires_in": 3600 }))
}

/// A token endpoint. Requests wait at its gate, which is open unless a test closes it.
struct Idp {
    settings: OAuth2Settings,
    asked: watch::Receiver<Vec<HashMap<String, String>>>,
    gate: Arc<Semaphore>,
    task: JoinHandle<()>,
}

impl Drop for Idp {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Idp {
    /// `script` gets the number of the request, counted from 1.
    async fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}/contoso/oauth2/v2.0/token", listener.local_addr().unwrap());
        let gate = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let (asked_now, asked) = watch::channel(Vec::new());
        let (passed, script) = (Arc::clone(&gate), Arc::new(script));
        let router = Router::new().fallback(move |headers: HeaderMap, Form(form): Form<HashMap<String, String>>| {
            assert_eq!(headers["accept"], "application/json");
            let mut number = 0;
            asked_now.send_modify(|asked| {
                asked.push(form);
                number = asked.len();
            });
            let (passed, script) = (Arc::clone(&passed), Arc::clone(&script));
            async move {
                passed.acquire().await.unwrap().forget();
                let Reply { status, headers, body } = script(number);
                let answer = Response::builder().status(status);
                let answer = headers.into_iter().fold(answer, |answer, (name, value)| answer.header(name, value));
                answer.body(Body::from(body)).unwrap()
            }
        });
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let settings = OAuth2Settings {
            endpoint: endpoint.parse().unwrap(),
            client_id: "agent".to_owned(),
            client_secret: SECRET.into(),
            scope: Some("https://cognitiveservices.azure.com/.default".to_owned()),
        };
        Self { settings, asked, gate, task }
    }

    /// From now on requests wait until [`Self::open`].
    fn close(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    fn open(&self) {
        self.gate.add_permits(1_000);
    }

    fn asked(&self) -> usize {
        self.asked.borrow().len()
    }

    async fn has_been_asked(&self, times: usize) {
        self.asked.clone().wait_for(|asked| asked.len() >= times).await.unwrap();
    }

    fn source(&self) -> (TokenSource, Clock) {
        self.source_within(REQUEST, BUDGET)
    }

    fn source_within(&self, request: Duration, budget: Duration) -> (TokenSource, Clock) {
        source_of(&self.settings, request, budget)
    }
}

fn source_of(settings: &OAuth2Settings, request: Duration, budget: Duration) -> (TokenSource, Clock) {
    let client = HttpClients::new(&NetworkSettings::default()).unwrap().client(request).unwrap();
    let clock = Clock(Arc::new(Mutex::new(Instant::now())));
    let read = clock.clone();
    (TokenSource::with(Grant::new(settings, client, request, budget), move || *read.0.lock().unwrap()), clock)
}

/// A clock that stands still unless it is moved.
#[derive(Clone)]
struct Clock(Arc<Mutex<Instant>>);

impl Clock {
    fn forward(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

async fn text(source: &TokenSource) -> String {
    source.token().await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn the_question_is_the_client_credentials_grant_and_the_token_is_kept() {
    let idp = Idp::start(token).await;
    let (source, _clock) = idp.source();
    assert_eq!((text(&source).await, text(&source.clone()).await), ("token-1".to_owned(), "token-1".to_owned()));
    let asked = idp.asked.borrow().clone();
    let expected = [
        ("grant_type", "client_credentials"),
        ("client_id", "agent"),
        ("client_secret", SECRET),
        ("scope", "https://cognitiveservices.azure.com/.default"),
    ];
    assert_eq!(asked, [expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into()]);
}

#[tokio::test]
async fn without_a_scope_none_is_sent() {
    let idp = Idp::start(token).await;
    let settings = OAuth2Settings { scope: None, ..idp.settings.clone() };
    text(&source_of(&settings, REQUEST, BUDGET).0).await;
    assert!(!idp.asked.borrow()[0].contains_key("scope"));
}

#[tokio::test]
async fn a_token_is_replaced_shortly_before_its_end_and_not_earlier() {
    // (its life in seconds, how long it is used)
    for (lifetime, used) in [(json!(3600), 3_300), (json!("600"), 480), (json!(60), 48), (Value::Null, 240), (json!(0), 0)] {
        let body = json!({ "access_token": "x", "token_type": "bearer", "expires_in": lifetime });
        let idp = Idp::start(move |_| Reply::json(200, &body)).await;
        let (source, clock) = idp.source();
        text(&source).await;
        if let Some(almost) = Duration::from_secs(used).checked_sub(Duration::from_millis(1)) {
            clock.forward(almost);
            text(&source).await;
            assert_eq!(idp.asked(), 1, "{lifetime}");
        }
        clock.forward(Duration::from_millis(1));
        text(&source).await;
        assert_eq!(idp.asked(), 2, "{lifetime}");
    }
}

#[tokio::test]
async fn any_number_of_callers_wait_for_one_request() {
    let idp = Idp::start(token).await;
    let (source, _clock) = idp.source();
    idp.close();
    let release = async {
        idp.has_been_asked(1).await;
        idp.open();
    };
    let (tokens, ()) = tokio::join!(join_all((0..50).map(|_| text(&source))), release);
    assert!(tokens.iter().all(|token| token == "token-1"), "{tokens:?}");
    assert_eq!(idp.asked(), 1);
}

#[tokio::test]
async fn a_caller_that_is_cancelled_takes_the_token_from_nobody() {
    let idp = Idp::start(token).await;
    let (source, _clock) = idp.source();
    idp.close();
    let (mut first, mut second) = (Box::pin(source.token()), Box::pin(source.token()));
    assert!(poll!(&mut first).is_pending() && poll!(&mut second).is_pending());
    let arrival = Box::pin(idp.has_been_asked(1));
    let Either::Right(_) = select(&mut first, arrival).await else { panic!("an answer came through a closed gate") };
    drop(first);
    idp.open();
    assert_eq!(second.await.unwrap().expose_secret(), "token-1");
    assert_eq!(idp.asked(), 1);
}

#[tokio::test]
async fn when_all_callers_are_cancelled_the_next_one_asks_again() {
    let idp = Idp::start(token).await;
    let (source, _clock) = idp.source();
    idp.close();
    let arrival = Box::pin(idp.has_been_asked(1));
    let Either::Right(_) = select(Box::pin(source.token()), arrival).await else {
        panic!("an answer came through a closed gate")
    };
    idp.open();
    assert_eq!(text(&source).await, "token-2");
}

#[tokio::test]
async fn of_many_refusals_of_one_token_one_request_follows() {
    let idp = Idp::start(token).await;
    let (source, _clock) = idp.source();
    let refused = source.token().await.unwrap();
    let calls = (0..20).map(|_| async {
        source.invalidate(&refused);
        text(&source).await
    });
    let tokens = join_all(calls).await;
    assert!(tokens.iter().all(|token| token == "token-2"), "{tokens:?}");
    // The last of the calls that were refused comes late.
    source.invalidate(&refused);
    assert_eq!(text(&source).await, "token-2");
    assert_eq!(idp.asked(), 2);
}

#[tokio::test]
async fn a_wrong_secret_is_told_in_the_endpoints_words_and_not_tried_again() {
    let idp = Idp::start(|_| {
        let description = format!("AADSTS7000215: Invalid client secret provided.\r\nSent: {SECRET} or s3cr3t%2Fcanary%26more.");
        Reply::json(401, &json!({ "error": "invalid_client", "error_description": description }))
    })
    .await;
    let (source, _clock) = idp.source();
    let error = source.token().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{} gave no token: it answered 401 Unauthorized: invalid_client: AADSTS7000215: Invalid client secret provided. \
             Sent: … or ….; check OAUTH2_CLIENT_ID and OAUTH2_CLIENT_SECRET",
            idp.settings.endpoint
        )
    );
    assert!(matches!(error, OAuth2Error::Refused { .. }), "{error:?}");
    assert_eq!(idp.asked(), 1);
    assert!(!format!("{source:?} {error:?}").contains("canary"));
}

#[tokio::test]
async fn every_answer_that_is_no_token_is_told_apart() {
    let huge = " ".repeat(300_000);
    let table = [
        (Reply::json(400, &json!({ "error": "invalid_scope" })), "400 Bad Request: invalid_scope; check OAUTH2_SCOPE"),
        (Reply::json(200, &json!({ "error": "unauthorized_client" })), "200 OK: unauthorized_client; check OAUTH2_CLIENT_ID"),
        (Reply::page(404, "<html><title>Not\n here</title><p>x"), "404 Not Found: Not here; check OAUTH2_ENDPOINT"),
        (Reply::page(403, ""), "403 Forbidden; check OAUTH2_CLIENT_ID"),
        (
            Reply::page(200, "<html>access_token=canary"),
            "200 OK with text/html; charset=utf-8, and no JSON; check OAUTH2_ENDPOINT",
        ),
        (Reply::json(200, &json!([1, 2])), "200 OK with JSON that holds no access_token"),
        (Reply::json(200, &json!({ "access_token": "" })), "200 OK with JSON that holds no access_token"),
        (Reply::json(200, &json!({ "access_token": "canary\r\nx: y" })), "an access_token that no header can carry"),
        (
            Reply::json(200, &json!({ "access_token": "canary", "token_type": "DPoP" })),
            "a token of the type DPoP; only Bearer can be used",
        ),
        (Reply::page(302, "").with("location", "/sign-in"), "302 Found, and redirects are not followed; check OAUTH2_ENDPOINT"),
        (Reply::page(200, &huge), "200 OK with more than 262144 bytes"),
        (Reply::page(500, &huge), "500 Internal Server Error with more than 262144 bytes"),
    ];
    for (reply, expected) in table {
        let idp = Idp::start(move |_| reply.clone()).await;
        let (source, _clock) = idp.source_within(REQUEST, Duration::ZERO);
        let error = source.token().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("canary") && error.len() < 600, "{error}");
        assert_eq!(idp.asked(), 1, "{error}");
    }
}

#[tokio::test]
async fn an_error_that_passes_is_tried_three_times() {
    let busy = || Reply::page(503, "<title>Busy</title>").with("retry-after", "0");
    let recovered = Idp::start(move |number| if number < 3 { busy() } else { token(number) }).await;
    assert_eq!(text(&recovered.source().0).await, "token-3");

    let down = Idp::start(move |_| busy()).await;
    let error = down.source().0.token().await.unwrap_err();
    assert!(error.to_string().ends_with("it answered 503 Service Unavailable: Busy"), "{error}");
    assert!(matches!(error, OAuth2Error::Unavailable { retry_after: Some(Duration::ZERO), .. }), "{error:?}");
    assert_eq!(down.asked(), 3);
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/token", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        drop(listener.accept().await.unwrap());
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut some = [0; 64];
        connection.read_exact(&mut some).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 25\r\nconnection: close\r\n\r\n{\"access_token\":\"second\"}";
        connection.write_all(answer).await.unwrap();
        let mut rest = Vec::new();
        let _until_the_client_is_done = connection.read_to_end(&mut rest).await;
    });
    let settings = OAuth2Settings {
        endpoint: endpoint.parse().unwrap(),
        client_id: "agent".to_owned(),
        client_secret: SECRET.into(),
        scope: None,
    };
    assert_eq!(text(&source_of(&settings, REQUEST, BUDGET).0).await, "second");
    server.await.unwrap();
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_given_up() {
    let idp = Idp::start(token).await;
    idp.close();
    let (source, _clock) = idp.source_within(Duration::from_millis(100), Duration::ZERO);
    let error = source.token().await.unwrap_err();
    assert!(error.to_string().ends_with("gave no token: no answer within 100 ms"), "{error}");
    assert!(matches!(error, OAuth2Error::Unavailable { .. }), "{error:?}");
    idp.open();
    assert_eq!(text(&source).await, "token-2");
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_says_where_to_look() {
    let idp = Idp::start(token).await;
    let proxy = testkit::proxy::Proxy::start_for("agent", "word").await.unwrap();
    let wrong = NetworkSettings {
        http_proxy: Some(proxy.url_for("agent", "canary").into()),
        https_proxy: Some(proxy.url_for("agent", "canary").into()),
        ..NetworkSettings::default()
    };
    let told = async |endpoint: &str, network: &NetworkSettings| {
        let settings = OAuth2Settings { endpoint: endpoint.parse().unwrap(), ..idp.settings.clone() };
        let client = HttpClients::new(network).unwrap().client(REQUEST).unwrap();
        let source = TokenSource::with(Grant::new(&settings, client, REQUEST, Duration::ZERO), Instant::now);
        source.token().await.unwrap_err().to_string()
    };
    let hint = "; check OAUTH2_ENDPOINT, HTTPS_PROXY, NO_PROXY and EXTRA_CA_CERTS";
    let gone = told("http://127.0.0.1:1/token?tenant=canary", &NetworkSettings::default()).await;
    assert!(gone.starts_with("http://127.0.0.1:1/token gave no token: no answer: ") && gone.ends_with(hint), "{gone}");
    let tunnel = told("https://idp.corp.invalid/token", &wrong).await;
    assert!(tunnel.contains("proxy authorization required") && tunnel.ends_with(hint), "{tunnel}");
    let absolute = told(idp.settings.endpoint.as_str(), &wrong).await;
    assert!(absolute.contains("407") && absolute.ends_with("; check HTTP_PROXY and HTTPS_PROXY"), "{absolute}");
    assert!(!format!("{gone}{tunnel}{absolute}").contains("canary"));
    assert_eq!((idp.asked(), proxy.passages().len()), (0, 2));
}

#[tokio::test]
async fn while_the_endpoint_has_troubles_the_old_token_is_used_as_long_as_it_is_good() {
    let idp = Idp::start(|number| if number == 1 { token(1) } else { Reply::page(500, "") }).await;
    let (source, clock) = idp.source_within(REQUEST, Duration::ZERO);
    text(&source).await;
    clock.forward(Duration::from_secs(3_400));
    assert_eq!((text(&source).await, text(&source).await), ("token-1".to_owned(), "token-1".to_owned()));
    assert_eq!(idp.asked(), 2);
    clock.forward(NEXT_ATTEMPT);
    assert_eq!(text(&source).await, "token-1");
    assert_eq!(idp.asked(), 3);
    clock.forward(Duration::from_secs(200));
    assert!(source.token().await.is_err());
}
