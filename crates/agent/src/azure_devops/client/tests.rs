use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{io::AsyncReadExt as _, net::TcpListener, time::Instant};

use self::server::{ME, Reply, Server, TOKEN, client, connection_data};
use super::*;

mod read;
mod server;
mod surroundings;
mod write;

/// A pull request that exists and has nothing special.
fn pull_request() -> serde_json::Value {
    json!({"pullRequestId": 42, "status": "active", "title": "Charge the card once", "description": "By hand.",
        "repository": {"id": "r", "name": "Store front", "project": {"id": "p", "name": "Web Shop"}}})
}

#[tokio::test]
async fn servers_of_every_release_are_spoken_to_in_a_version_that_they_take() {
    for (newest, threads_version, labels_version) in
        [("7.0", "7.0", "7.0"), ("6.0", "6.0", "6.0-preview.1"), ("5.1", "5.1", "5.1-preview.1"), ("5.0", "5.0", "5.0-preview.1")]
    {
        let server = Server::start(move |seen, _| {
            let version = seen.query.rsplit("api-version=").next().unwrap_or_default();
            if seen.path.ends_with("/connectionData") {
                return connection_data();
            }
            if version.split('-').next() > Some(newest) {
                let text = format!("The requested REST API version of {version} is out of range for this server. The latest REST API version this server supports is {newest}.");
                return Reply::refusal(400, "VssVersionOutOfRangeException", &text);
            }
            if newest < "7.0" && seen.path.ends_with("/labels") && !version.ends_with("-preview.1") {
                return Reply::refusal(400, "VssInvalidPreviewVersionException", "The -preview flag must be supplied.");
            }
            if seen.path.ends_with("/42") { Reply::ok(&pull_request()) } else { Reply::list(&json!([])) }
        })
        .await;
        let client = server.client();
        client.state(&server.key()).await.unwrap();
        let before = server.seen().len();
        client.state(&server.key()).await.unwrap();
        let later: Vec<String> = server.lines().split_off(before);
        assert!(later.iter().any(|line| line.ends_with(&format!("/threads?api-version={threads_version}"))), "{later:?}");
        assert!(later.iter().any(|line| line.ends_with(&format!("/labels?api-version={labels_version}"))), "{later:?}");
        assert_eq!(later.len(), 5, "each is asked once now, and who we are is known: {later:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_too_old_is_told_as_such() {
    let server =
        Server::start(|_, _| Reply::refusal(400, "VssVersionOutOfRangeException", "7.0 is out of range, 4.1 is the latest."))
            .await;
    let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::Refused { status: 400, .. }), "{error:?}");
    assert!(error.to_string().contains("Server 2019 to 2022 are supported"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn every_kind_of_sign_in_answer_is_a_token_that_is_not_accepted() {
    let page = "<html><body>Sign in</body></html>";
    for (reply, hint) in [
        (Reply::text(203, "text/html", page), "sign-in page (203)"),
        (
            Reply::text(302, "text/html", "").with("location", "https://spsprodweu.vssps.example/_signin?realm=x&token=y"),
            "https://spsprodweu.vssps.example/_signin;",
        ),
        (Reply::text(301, "text/html", "").with("location", "https://elsewhere.example/tfs"), "set AZURE_DEVOPS_URL accordingly"),
        (Reply::text(200, "text/html; charset=utf-8", page), "a page for people"),
        (Reply::text(401, "text/html", ""), "create a token"),
        (
            Reply::refusal(
                401,
                "UnauthorizedRequestException",
                "TF400813: The user '' is not authorized to access this resource.",
            ),
            "TF400813",
        ),
        (
            Reply::json(401, &json!({"message": "Access Denied: The Personal Access Token used has expired."})),
            "the token has expired",
        ),
        (
            Reply::text(401, "text/html", "").with("www-authenticate", "Negotiate").with("www-authenticate", "NTLM"),
            "Windows sign-in only",
        ),
        (
            Reply::text(401, "text/plain", "")
                .with("x-tfs-serviceerror", "TF400813%3a+not+you")
                .with("www-authenticate", "Basic realm=\"x\""),
            "TF400813: not you",
        ),
    ] {
        let shown = format!("{reply:?}");
        let server = Server::start(move |_, _| reply.clone()).await;
        let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::Unauthorized { .. }), "{shown}: {error:?}");
        assert!(error.to_string().contains(hint), "{shown}: {error}");
        assert_eq!(server.seen().len(), 1, "{shown}: not tried again, not followed");
    }
}

#[tokio::test]
async fn an_anonymous_identity_is_no_identity() {
    for id in ["00000000-0000-0000-0000-000000000000", "AAAAAAAA-AAAA-AAAA-AAAA-AAAAAAAAAAAA"] {
        let server = Server::start(move |_, _| Reply::ok(&json!({"authenticatedUser": {"id": id}}))).await;
        let error = server.client().me(&server.collection()).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::Unauthorized { .. }), "{error:?}");
    }
    let server = Server::start(|_, _| Reply::ok(&json!({"authenticatedUser": null}))).await;
    let error = server.client().me(&server.collection()).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::Unreadable { .. }), "{error:?}");
}

#[tokio::test]
async fn who_we_are_is_asked_without_a_version_and_only_once() {
    let server = Server::start(|_, _| connection_data()).await;
    let client = server.client();
    for _ in 0..3 {
        let me = client.me(&server.collection()).await.unwrap();
        assert_eq!((me.id.as_str(), me.display_name.as_str()), (ME, "Reviewer"));
        assert_eq!(me.unique_name, "reviewer@contoso.example");
    }
    assert_eq!(server.lines(), ["GET /_apis/connectionData"]);
}

#[tokio::test]
async fn refusals_are_told_with_their_type_key_and_message() {
    for (reply, expected) in [
        (
            Reply::refusal(403, "GitNeedsPermissionException", "TF401027: You need the Git 'PullRequestContribute' permission."),
            "the token may not do this (GitNeedsPermissionException): TF401027: You need the Git 'PullRequestContribute' permission.",
        ),
        (
            Reply::refusal(404, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found."),
            "not found, or not visible to the token (GitPullRequestNotFoundException): TF401180: The requested pull request was not found.",
        ),
        (
            Reply::refusal(400, "RuleValidationException", "TF401320: Rule Error\r\n\tfor field X"),
            "Azure DevOps answered 400 (RuleValidationException): TF401320: Rule Error for field X",
        ),
        (Reply::json(400, &json!({"message": "odd", "typeName": "Micro.Soft.OddException, Assembly"})), "(OddException): odd"),
        (Reply::text(404, "text/html", "<html>IIS</html>"), "(no typeKey): Not Found"),
        (Reply::text(418, "text/plain", "").with("x-tfs-serviceerror", "No%20tea"), "answered 418 (no typeKey): No tea"),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err().to_string();
        assert!(error.ends_with(expected), "{error}");
        assert!(error.starts_with("reading the files of iteration 1 of http://127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_as_one() {
    for (status, hint) in [(407, "check HTTP_PROXY and HTTPS_PROXY"), (403, "of a proxy or a firewall in between")] {
        let server = Server::start(move |_, _| Reply::text(status, "text/html", "<h1>No</h1>")).await;
        let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err();
        assert!(error.to_string().contains(hint), "{error}");
        assert_eq!(server.seen().len(), 1, "{error}");
    }
}

#[tokio::test]
async fn the_token_is_never_shown_even_when_the_server_echoes_it() {
    let encoded = STANDARD.encode(format!(":{TOKEN}"));
    let echo = format!("you sent {TOKEN} as Basic {encoded}");
    let server = Server::start(move |_, _| Reply::refusal(400, "EchoException", &echo)).await;
    let client = server.client();
    let error = client.iteration_files(&server.key(), 1).await.unwrap_err();
    assert!(error.to_string().contains("you sent *** as Basic ***"), "{error}");
    let shown = format!("{client:?} {error:?} {:?}", client.authorization());
    assert!(!shown.contains(TOKEN) && !shown.contains(&STANDARD.encode(format!(":{TOKEN}"))), "{shown}");
}

#[tokio::test]
async fn every_request_carries_the_token_and_asks_for_no_sign_in_page() {
    let server = Server::start(|_, _| Reply::ok(&json!({"changeEntries": []}))).await;
    server.client().iteration_files(&server.key(), 3).await.unwrap();
    let seen = server.seen().remove(0);
    let header = |name: &str| seen.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    assert_eq!(header("authorization"), format!("Basic {}", STANDARD.encode(format!(":{TOKEN}"))));
    assert_eq!(header("x-tfs-fedauthredirect"), "Suppress");
    assert_eq!(header("accept"), "application/json");
    assert_eq!(server.client().authorization().expose_secret(), header("authorization"));
}

#[tokio::test]
async fn nothing_but_the_configured_collection_gets_a_request() {
    let server = Server::start(|_, _| connection_data()).await;
    let elsewhere = client(&["https://dev.azure.com/contoso".to_owned()], Duration::from_secs(5));
    for named in [server.collection(), "https://dev.azure.com/other".to_owned(), "not a url".to_owned()] {
        let error = elsewhere.me(&named).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::NotAllowed(_)), "{named}: {error:?}");
    }
    assert_eq!(server.seen().len(), 0);
    assert_eq!(elsewhere.allowed("https://contoso.visualstudio.com/").as_deref(), Some("https://dev.azure.com/contoso"));
}

#[tokio::test]
async fn names_of_dots_are_not_sent() {
    let server = Server::start(|_, _| Reply::ok(&json!({}))).await;
    let mut key = server.key();
    for name in ["..", ".", ""] {
        name.clone_into(&mut key.repository.repository);
        let error = server.client().iteration_files(&key, 1).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::NotSent { .. }), "{error:?}");
    }
    assert_eq!(server.seen().len(), 0);
    "a/../b %2e?x#y".clone_into(&mut key.repository.repository);
    server.client().iteration_files(&key, 1).await.unwrap();
    assert!(server.lines()[0].contains("/repositories/a%2F..%2Fb%20%252e%3Fx%23y/pullRequests/42/"), "{:?}", server.lines());
}

#[tokio::test]
async fn a_retry_after_on_a_success_delays_the_next_call() {
    let server = Server::start(|_, number| {
        let reply = Reply::ok(&json!({}));
        if number == 0 { reply.with("retry-after", "0.4") } else { reply }
    })
    .await;
    let client = server.client();
    let start = Instant::now();
    client.iteration_files(&server.key(), 1).await.unwrap();
    client.iteration_files(&server.key(), 1).await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(400), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_long_retry_after_is_handed_to_the_caller() {
    let server = Server::start(|_, _| Reply::ok(&json!({})).with("retry-after", "300")).await;
    let client = server.client();
    client.iteration_files(&server.key(), 1).await.unwrap();
    let error = client.iteration_files(&server.key(), 1).await.unwrap_err();
    let AzureDevOpsError::Unavailable { retry_after: Some(wait), .. } = error else { panic!("{error:?}") };
    assert!(wait > Duration::from_secs(290), "{wait:?}");
    assert_eq!(server.seen().len(), 1, "the second call was not made");
}

#[tokio::test]
async fn a_read_is_tried_again_until_the_service_answers() {
    for status in [408, 429, 500, 502, 503, 504] {
        let server = Server::start(move |_, number| {
            if number < 2 {
                Reply::text(status, "text/html", "<html>busy</html>").with("retry-after", "0")
            } else {
                Reply::ok(&json!({}))
            }
        })
        .await;
        assert!(server.client().iteration_files(&server.key(), 1).await.is_ok(), "{status}");
        assert_eq!(server.seen().len(), 3, "{status}");
    }
}

#[tokio::test]
async fn a_service_that_stays_busy_is_unavailable_with_its_own_time() {
    let server =
        Server::start(|_, _| Reply::refusal(429, "RequestBlockedException", "TF400733: blocked").with("retry-after", "240"))
            .await;
    let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err();
    assert!(error.to_string().contains("429 Too Many Requests (RequestBlockedException): TF400733: blocked"), "{error}");
    assert!(
        matches!(error, AzureDevOpsError::Unavailable { retry_after: Some(wait), .. } if wait == Duration::from_mins(4)),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let server = Server::start(|_, _| Reply::text(200, "application/json", &" ".repeat((16 << 20) + 1))).await;
    let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err();
    assert!(error.to_string().ends_with("it is longer than 16 MB"), "{error}");
}

#[tokio::test]
async fn answers_that_are_not_what_is_documented_are_unreadable() {
    for reply in [
        Reply::text(200, "application/json", "{\"changeEntries\":"),
        Reply::ok(&json!([1, 2])),
        Reply::text(200, "text/plain", "hello"),
        Reply::text(200, "application/json", &"[".repeat(100_000)),
    ] {
        let server = Server::start(move |_, _| reply.clone()).await;
        let error = server.client().iteration_files(&server.key(), 1).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::Unreadable { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_says_where_to_look() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/tfs/Main", listener.local_addr().unwrap());
    drop(listener);
    let mut client = client(std::slice::from_ref(&url), Duration::from_secs(5));
    Arc::get_mut(&mut client.shared).unwrap().retry_budget = Duration::ZERO;
    let error = client.me(&url).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("AZURE_DEVOPS_URL, HTTPS_PROXY"), "{error}");
}

#[tokio::test]
async fn every_answer_is_counted_by_operation_and_status() {
    let server = Server::start(|_, number| {
        if number == 0 { Reply::text(503, "text/plain", "").with("retry-after", "0") } else { Reply::ok(&json!({})) }
    })
    .await;
    let counted: Arc<Mutex<Vec<(&'static str, u16)>>> = Arc::default();
    let log = Arc::clone(&counted);
    let client = server.client().with_on_call(Arc::new(move |operation, status| log.lock().unwrap().push((operation, status))));
    client.iteration_files(&server.key(), 1).await.unwrap();
    assert_eq!(*counted.lock().unwrap(), [("iteration_changes", 503), ("iteration_changes", 200)]);
}

#[tokio::test]
async fn the_probe_names_the_scope_that_is_missing() {
    let server = Server::start(|seen, _| match seen.path.as_str() {
        "/_apis/connectionData" => connection_data(),
        "/_apis/git/repositories" => Reply::list(&json!([{"id": "r", "project": {"id": "p", "name": "Web Shop"}}])),
        "/p/_apis/wit/workitems" => Reply::refusal(401, "UnauthorizedRequestException", "TF400813: not authorized"),
        _ => Reply::list(&json!([])),
    })
    .await;
    let probes = server.client().probe(&server.collection()).await;
    let told: Vec<(&str, bool)> = probes.iter().map(|probe| (probe.what, probe.result.is_ok())).collect();
    assert_eq!(
        told,
        [("identity", true), ("repositories", true), ("pull requests", true), ("work items", false), ("builds", true)]
    );
    assert_eq!(probes[0].result.as_deref(), Ok("Reviewer reviewer@contoso.example"));
    let problem = probes[3].result.as_ref().unwrap_err();
    assert!(problem.ends_with("it probably lacks the scope Work Items (Read)"), "{problem}");
}

#[tokio::test]
async fn the_probe_ends_with_a_token_that_is_not_accepted() {
    let server = Server::start(|_, _| Reply::text(203, "text/html", "<html></html>")).await;
    let probes = server.client().probe(&server.collection()).await;
    assert_eq!(probes.len(), 1);
    assert!(probes[0].result.as_ref().unwrap_err().contains("does not accept the token"), "{probes:?}");
}

/// Takes connections, reads a request from each, and hangs up.
async fn rude_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/tfs/Main", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = vec![0; 64 * 1024];
            assert!(stream.read(&mut request).await.unwrap() > 0, "a request comes before the connection is cut");
        }
    });
    (url, connections)
}
