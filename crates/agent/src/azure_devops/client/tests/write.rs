use review_core::{
    publication::{CheckState, DesiredStatus, NewAnchor, NewThread, PublicationStep},
    pull_request::{Anchor, IterationFile, LineRange, Side, ThreadStatus},
};
use serde_json::{Value, json};

use super::{
    super::*,
    pull_request, rude_server,
    server::{ME, PROJECT, Reply, Server, client, connection_data},
};

fn anchored(path: &str, side: Side) -> PublicationStep {
    PublicationStep::CreateThread(NewThread {
        content: "**Charged twice.**".to_owned(),
        status: ThreadStatus::Active,
        anchor: Some(NewAnchor {
            anchor: Anchor { path: path.to_owned(), side, lines: LineRange { first: 12, last: 14 } },
            iteration: 3,
            last_line_utf16: 30,
        }),
        properties: vec![("coderabbitAgent.fingerprint".to_owned(), "sha256-1".to_owned())],
    })
}

fn files() -> Vec<IterationFile> {
    vec![
        IterationFile { path: "src/other.rs".to_owned(), change_tracking_id: 4 },
        IterationFile { path: "src/pay.rs".to_owned(), change_tracking_id: 5 },
    ]
}

async fn ledger() -> Server {
    Server::start(|seen, _| if seen.path.ends_with("connectionData") { connection_data() } else { Reply::ok(&json!({"id": 1})) })
        .await
}

fn path(rest: &str) -> String {
    format!("/{PROJECT}/_apis/git/repositories/Store%20front/pullRequests/42/{rest}?api-version=7.0")
}

#[tokio::test]
async fn an_inline_thread_is_written_as_the_service_wants_it() {
    let server = ledger().await;
    server.client().apply(&server.key(), &anchored("src/pay.rs", Side::Right), &files()).await.unwrap();
    let seen = server.seen().remove(0);
    assert_eq!(seen.line(), format!("POST {}", path("threads")));
    assert_eq!(seen.headers.get("content-type").unwrap(), "application/json");
    assert_eq!(
        seen.body,
        json!({
            "comments": [{"parentCommentId": 0, "content": "**Charged twice.**", "commentType": "text"}],
            "status": "active",
            "threadContext": {
                "filePath": "/src/pay.rs",
                "rightFileStart": {"line": 12, "offset": 1},
                "rightFileEnd": {"line": 14, "offset": 31},
            },
            "pullRequestThreadContext": {
                "changeTrackingId": 5,
                "iterationContext": {"firstComparingIteration": 3, "secondComparingIteration": 3},
            },
            "properties": {"coderabbitAgent.fingerprint": {"$type": "System.String", "$value": "sha256-1"}},
        })
    );
}

#[tokio::test]
async fn deleted_lines_are_on_the_left_side_only() {
    let server = ledger().await;
    server.client().apply(&server.key(), &anchored("src/pay.rs", Side::Left), &files()).await.unwrap();
    assert_eq!(
        server.seen()[0].body["threadContext"],
        json!({"filePath": "/src/pay.rs", "leftFileStart": {"line": 12, "offset": 1}, "leftFileEnd": {"line": 14, "offset": 31}})
    );
}

#[tokio::test]
async fn a_thread_without_a_place_has_no_context_and_keeps_its_status() {
    let server = ledger().await;
    let walkthrough =
        NewThread { content: "## Walkthrough".to_owned(), status: ThreadStatus::Closed, anchor: None, properties: Vec::new() };
    server.client().apply(&server.key(), &PublicationStep::CreateThread(walkthrough), &[]).await.unwrap();
    assert_eq!(
        server.seen()[0].body,
        json!({"comments": [{"parentCommentId": 0, "content": "## Walkthrough", "commentType": "text"}], "status": "closed"})
    );
}

#[tokio::test]
async fn an_anchor_in_a_file_that_the_iteration_does_not_have_becomes_a_comment_on_the_whole() {
    let server = ledger().await;
    server.client().apply(&server.key(), &anchored("src/gone`.rs", Side::Right), &files()).await.unwrap();
    let body = &server.seen()[0].body;
    assert_eq!(body["comments"][0]["content"], "`src/gone'.rs`, lines 12 to 14:\n\n**Charged twice.**");
    assert!(body.get("threadContext").is_none() && body.get("pullRequestThreadContext").is_none(), "{body}");

    // Without iterations there is nothing to track, and the place stands.
    server.client().apply(&server.key(), &anchored("src/gone.rs", Side::Right), &[]).await.unwrap();
    let body = &server.seen()[1].body;
    assert!(body.get("threadContext").is_some() && body.get("pullRequestThreadContext").is_none(), "{body}");
}

#[tokio::test]
async fn an_update_changes_the_comment_and_then_the_properties() {
    let server = ledger().await;
    let step = PublicationStep::UpdateThread {
        thread: 7,
        comment: 1,
        content: "new".to_owned(),
        properties: vec![("coderabbitAgent.state".to_owned(), "complete".to_owned())],
    };
    server.client().apply(&server.key(), &step, &[]).await.unwrap();
    let seen: Vec<(String, Value)> = server.seen().into_iter().map(|seen| (seen.line(), seen.body)).collect();
    assert_eq!(
        seen,
        [
            (format!("PATCH {}", path("threads/7/comments/1")), json!({"content": "new"})),
            (
                format!("PATCH {}", path("threads/7")),
                json!({"properties": {"coderabbitAgent.state": {"$type": "System.String", "$value": "complete"}}})
            ),
        ]
    );
}

fn resolve() -> PublicationStep {
    PublicationStep::ResolveThread { thread: 7, reply: "Addressed in 4f2d8a9b.".to_owned(), status: ThreadStatus::Fixed }
}

/// Resolves a thread that stands as given; returns the writes.
async fn writes_of_resolving(thread: Value) -> Vec<(String, Value)> {
    writes_of(resolve(), thread).await
}

async fn writes_of(step: PublicationStep, thread: Value) -> Vec<(String, Value)> {
    let server = Server::start(move |seen, _| match (seen.method.as_str(), seen.path.ends_with("connectionData")) {
        (_, true) => connection_data(),
        ("GET", _) => Reply::ok(&thread),
        _ => Reply::ok(&json!({"id": 2})),
    })
    .await;
    server.client().apply(&server.key(), &step, &[]).await.unwrap();
    server.seen().into_iter().filter(|seen| seen.method != "GET").map(|seen| (seen.line(), seen.body)).collect()
}

#[tokio::test]
async fn what_came_back_is_answered_and_made_active_unless_people_settled_it_otherwise() {
    let reply = "Back at `4f2d8a9b`.";
    let reopen = || PublicationStep::ReopenThread { thread: 7, reply: reply.to_owned() };
    let thread = |status: &str, said: &str| {
        let ours = json!({"id": 2, "author": {"id": ME}, "content": said, "commentType": "text"});
        json!({"id": 7, "status": status, "comments": [ours]})
    };
    let said =
        (format!("POST {}", path("threads/7/comments")), json!({"content": reply, "parentCommentId": 1, "commentType": "text"}));
    let active = (format!("PATCH {}", path("threads/7")), json!({"status": "active"}));
    assert_eq!(writes_of(reopen(), thread("fixed", "Addressed")).await, [said, active.clone()]);
    assert_eq!(writes_of(reopen(), thread("fixed", reply)).await, [active], "cut after the answer");
    for status in ["active", "wontFix", "byDesign", "closed", "pending"] {
        assert_eq!(writes_of(reopen(), thread(status, "Addressed")).await, [], "{status}");
    }
}

#[tokio::test]
async fn resolving_answers_and_sets_the_status() {
    let ours = json!({"id": 1, "author": {"id": ME}, "content": "Twice", "commentType": "text"});
    let answered =
        json!({"id": 2, "author": {"id": ME.to_uppercase()}, "content": "Addressed in 4f2d8a9b.", "commentType": "text"});
    let mut imitated = answered.clone();
    imitated["author"]["id"] = json!("somebody");
    let later = json!({"id": 3, "author": {"id": "somebody"}, "content": "Thanks", "commentType": "text"});
    let reply = (
        format!("POST {}", path("threads/7/comments")),
        json!({"content": "Addressed in 4f2d8a9b.", "parentCommentId": 1, "commentType": "text"}),
    );
    let status = (format!("PATCH {}", path("threads/7")), json!({"status": "fixed"}));
    let only_status = std::slice::from_ref(&status);
    let thread = |status: &str, comments: &[&Value]| json!({"id": 7, "status": status, "comments": comments});

    assert_eq!(writes_of_resolving(thread("active", &[&ours])).await, [reply.clone(), status.clone()]);
    assert_eq!(writes_of_resolving(thread("active", &[&ours, &answered])).await, only_status, "cut after the answer");
    assert_eq!(writes_of_resolving(thread("active", &[&ours, &answered, &later])).await, only_status);
    assert_eq!(writes_of_resolving(thread("active", &[&ours, &imitated])).await, [reply, status.clone()]);
    assert_eq!(writes_of_resolving(thread("fixed", &[&ours, &answered])).await, [], "done before");
    assert_eq!(writes_of_resolving(thread("wontFix", &[&ours])).await, [], "somebody decided");
    assert_eq!(writes_of_resolving(json!({"id": 7, "isDeleted": true})).await, [], "somebody removed it");
}

#[tokio::test]
async fn a_status_belongs_to_its_iteration() {
    let server = ledger().await;
    let status = DesiredStatus { state: CheckState::NotApplicable, description: "Draft".to_owned() };
    let client = server.client();
    client.apply(&server.key(), &PublicationStep::SetStatus { iteration: 3, status: status.clone() }, &[]).await.unwrap();
    client.apply(&server.key(), &PublicationStep::SetStatus { iteration: 0, status }, &[]).await.unwrap();
    let context = json!({"genre": "coderabbit", "name": "review"});
    let seen: Vec<(String, Value)> = server.seen().into_iter().map(|seen| (seen.line(), seen.body)).collect();
    assert_eq!(
        seen,
        [
            (
                format!("POST {}", path("iterations/3/statuses")),
                json!({"state": "notApplicable", "description": "Draft", "context": context, "iterationId": 3})
            ),
            (format!("POST {}", path("statuses")), json!({"state": "notApplicable", "description": "Draft", "context": context})),
        ]
    );
}

#[tokio::test]
async fn a_pull_request_that_was_closed_meanwhile_takes_no_writes() {
    for refusal in [
        Reply::refusal(403, "GitPullRequestStatusNotEditableException", "not editable"),
        Reply::refusal(400, "GitPullRequestNotEditableException", "closed"),
        Reply::refusal(400, "SomeException", "TF401181: The pull request cannot be edited due to its state."),
        Reply::refusal(409, "GitPullRequestStaleException", "stale"),
    ] {
        let server = Server::start(move |_, _| refusal.clone()).await;
        let error = server.client().apply(&server.key(), &anchored("src/pay.rs", Side::Right), &files()).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::Closed { .. }), "{error:?}");
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn a_comment_over_the_limit_is_not_sent() {
    let server = ledger().await;
    let step = PublicationStep::UpdateThread { thread: 7, comment: 1, content: "😀".repeat(75_001), properties: Vec::new() };
    let error = server.client().apply(&server.key(), &step, &[]).await.unwrap_err();
    assert!(
        error.to_string().ends_with("not sent, 150002 characters are more than the 150000 that a comment may have"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 0);
}

#[tokio::test]
async fn no_write_begins_after_its_deadline_and_none_is_repeated_after_it() {
    use std::sync::atomic::{AtomicI64, Ordering};

    static NOW: AtomicI64 = AtomicI64::new(0);
    let deadline = WriteDeadline { moment: 1_000, clock: || NOW.load(Ordering::SeqCst) };
    // The service is busy, and by the time it may be asked again it is too late.
    let server = Server::start(|seen, _| {
        if seen.method == "GET" {
            return Reply::ok(&pull_request());
        }
        NOW.store(1_000, Ordering::SeqCst);
        Reply::json(503, &json!({"message": "busy"})).with("retry-after", "0")
    })
    .await;
    let client = server.client().writing_until(deadline);
    let step = PublicationStep::SetThreadStatus { thread: 7, status: ThreadStatus::Fixed };
    for writes in [1, 1] {
        let error = client.apply(&server.key(), &step, &[]).await.unwrap_err();
        assert!(matches!(error, AzureDevOpsError::Unavailable { .. }), "{error:?}");
        assert!(error.to_string().contains("not sent: the job's lease would end"), "{error}");
        assert_eq!(server.seen().len(), writes);
    }
    client.edit_text(&server.key(), PullRequestText::Description, &|_| None).await.unwrap();
    assert_eq!(server.seen().len(), 2, "reads go on");
}

#[tokio::test]
async fn a_thread_whose_answer_never_came_is_not_posted_again() {
    let server = Server::start(|_, _| Reply::silence()).await;
    let impatient = client(&[server.collection()], Duration::from_millis(300));
    let error = impatient.apply(&server.key(), &anchored("src/pay.rs", Side::Right), &files()).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::Unavailable { retry_after: None, .. }), "{error:?}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_thread_whose_connection_was_lost_is_not_posted_again() {
    let (url, connections) = rude_server().await;
    let mut key = ledger().await.key();
    key.repository.collection.clone_from(&url);
    let client = client(&[url], Duration::from_secs(5));
    let error = client.apply(&key, &anchored("src/pay.rs", Side::Right), &files()).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::Unavailable { .. }), "{error:?}");
    assert!(error.to_string().contains("no answer from http://127.0.0.1:"), "{error}");
    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_post_is_repeated_only_when_the_service_said_that_it_is_busy() {
    for (status, requests) in [(429, 2), (503, 2), (500, 1), (502, 1), (504, 1)] {
        let server = Server::start(move |_, number| {
            if number == 0 {
                Reply::json(status, &json!({"message": "busy"})).with("retry-after", "0")
            } else {
                Reply::ok(&json!({"id": 1}))
            }
        })
        .await;
        let result = server.client().apply(&server.key(), &anchored("src/pay.rs", Side::Right), &files()).await;
        assert_eq!(server.seen().len(), requests, "{status}: {result:?}");
        assert_eq!(result.is_ok(), requests == 2, "{status}: {result:?}");
    }
}

/// The description, edited by somebody at given moments: `(number of the read before which it happens, their text)`.
async fn edited_meanwhile(theirs: &'static [(usize, &'static str)]) -> (Result<(), AzureDevOpsError>, Vec<String>, String) {
    let text = Arc::new(Mutex::new("By hand.".to_owned()));
    let held = Arc::clone(&text);
    let reads = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |seen, _| {
        let mut text = held.lock().unwrap();
        if seen.method == "PATCH" {
            seen.body["description"].as_str().unwrap().clone_into(&mut text);
        } else {
            let number = reads.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            if let Some((_, edited)) = theirs.iter().find(|(at, _)| *at == number) {
                (*edited).clone_into(&mut text);
            }
        }
        Reply::ok(&json!({"pullRequestId": 42, "description": *text}))
    })
    .await;
    let edit = |text: &str| (!text.ends_with("[summary]")).then(|| format!("{text} [summary]"));
    let result = server.client().edit_text(&server.key(), PullRequestText::Description, &edit).await;
    let written = server.seen().iter().filter(|seen| seen.method == "PATCH").map(|seen| seen.body.to_string()).collect();
    let text = text.lock().unwrap().clone();
    (result, written, text)
}

#[tokio::test]
async fn the_description_is_edited_once_when_nobody_else_does() {
    let (result, written, text) = edited_meanwhile(&[]).await;
    assert!(result.is_ok());
    assert_eq!(written, [r#"{"description":"By hand. [summary]"}"#]);
    assert_eq!(text, "By hand. [summary]");
}

#[tokio::test]
async fn an_edit_of_somebody_else_is_never_lost() {
    // Between our read and our write.
    let (result, written, text) = edited_meanwhile(&[(1, "By hand, twice.")]).await;
    assert!(result.is_ok());
    assert_eq!(written, [r#"{"description":"By hand, twice. [summary]"}"#]);
    assert_eq!(text, "By hand, twice. [summary]");
    // Right after our write, on the text without our part.
    let (result, written, text) = edited_meanwhile(&[(2, "By hand, later.")]).await;
    assert!(result.is_ok());
    assert_eq!(written.len(), 2);
    assert_eq!(text, "By hand, later. [summary]");
    // For ever: their text stands.
    let (result, _, text) = edited_meanwhile(&[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]).await;
    assert!(result.is_ok());
    assert_eq!(text, "d");
}

#[tokio::test]
async fn a_description_that_needs_nothing_or_has_no_room_is_not_written() {
    let server = Server::start(|_, _| Reply::ok(&json!({"description": "By hand."}))).await;
    let client = server.client();
    client.edit_text(&server.key(), PullRequestText::Description, &|_| None).await.unwrap();
    client.edit_text(&server.key(), PullRequestText::Description, &|text| Some(text.to_owned())).await.unwrap();
    let error = client.edit_text(&server.key(), PullRequestText::Description, &|_| Some("ä".repeat(4_001))).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::NotSent { .. }), "{error:?}");
    assert!(server.seen().iter().all(|seen| seen.method == "GET"));
    assert_eq!(server.lines()[0], format!("GET /{PROJECT}/_apis/git/repositories/Store%20front/pullrequests/42?api-version=7.0"));
}
