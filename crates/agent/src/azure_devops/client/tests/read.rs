use review_core::pull_request::{
    Anchor, CommitId, IterationFile, LineRange, PullRequestStatus, RepositoryKey, Side, ThreadStatus,
};
use serde_json::{Value, json};

use super::{
    super::*,
    server::{ME, PROJECT, Reply, Seen, Server, connection_data},
};

const HEAD: &str = "4f2d8a9be01c3d5e6f708192a3b4c5d6e7f80912";
const BASE: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567";

/// A service that likes upper case, nulls, new words and numbers for words.
fn whimsical(seen: &Seen) -> Reply {
    let path = seen.path.rsplit('/').next().unwrap_or_default();
    match path {
        "connectionData" => connection_data(),
        "42" => Reply::ok(&json!({
            "pullRequestId": 42, "status": "active", "isDraft": true, "title": "Charge the card once",
            "sourceRefName": "refs/heads/fix/charge", "targetRefName": "refs/heads/main", "mergeStatus": "someNewStatus",
            "createdBy": {"id": "C4B7E1F0-9D8C-4B3A-8E2F-1A2B3C4D5E6F", "displayName": "Ann Berg", "uniqueName": "CONTOSO\\ann"},
            "repository": {"id": "r", "name": "Store front", "remoteUrl": "https://bot:secret@evil.example/tfs/Main/x/_git/y",
                "project": {"id": PROJECT, "name": "Web Shop"}},
            "forkSource": {"name": "refs/heads/fix/charge", "repository": {"id": "f", "name": "Store front.ann",
                "remoteUrl": "https://evil.example/tfs/Main/x/_git/f", "project": {"id": PROJECT, "name": "Web Shop"}}},
            "reviewers": null, "labels": null, "somethingNew": {"a": [1]},
        })),
        "iterations" => Reply::list(&json!([
            {"id": 2, "sourceRefCommit": {"commitId": HEAD.to_uppercase()}, "targetRefCommit": {"commitId": HEAD},
                "commonRefCommit": {"commitId": BASE.to_uppercase()}, "reason": "someNewReason"},
            {"id": 1, "sourceRefCommit": {"commitId": BASE}, "targetRefCommit": {"commitId": HEAD}, "commonRefCommit": null},
            {"id": 3, "sourceRefCommit": null},
            null,
        ])),
        "threads" => Reply::list(&threads()),
        "labels" => Reply::ok(&json!([{"name": "urgent", "active": true}, {"name": "old", "active": false}])),
        "workitems" if seen.path.contains("/pullRequests/") => {
            Reply::list(&json!([{"id": "8"}, {"id": 7}, {"id": "8"}, {"id": "x"}, {"id": "9"}]))
        }
        "workitems" if seen.path.starts_with("/_apis") => Reply::list(&json!([null])),
        "workitems" => Reply::list(&json!([
            {"id": 7, "fields": {"System.Title": "Pay once", "System.WorkItemType": "Bug", "System.State": "Active",
                "System.Description": "<div>Charged&nbsp;<b>twice</b></div>", "Microsoft.VSTS.TCM.ReproSteps": "<ol><li>pay</li></ol>", "System.Rev": 3}},
            {"id": 8, "fields": {"System.Title": "Story", "System.Description": "* a < b", "Microsoft.VSTS.Common.AcceptanceCriteria": null},
                "multilineFieldsFormat": {"System.Description": "markdown"}},
            null,
        ])),
        other => Reply::refusal(404, "NotFound", other),
    }
}

fn threads() -> Value {
    json!([
        {"id": 7, "status": "active", "isDeleted": false, "pullRequestThreadContext": null, "identities": null,
            "threadContext": {"filePath": "/src/pay.rs", "rightFileStart": {"line": 12, "offset": 1}, "rightFileEnd": {"line": 14, "offset": 31}},
            "properties": {"coderabbitAgent.kind": {"$type": "System.String", "$value": "finding"}, "a": {"type": "System.Int32", "value": 3},
                "b": "bare", "c": 5, "d": true, "e": null, "f": {"$value": {"x": 1}}, "g": [1]},
            "comments": [
                {"id": 1, "parentCommentId": 0, "author": {"id": ME.to_uppercase()}, "content": "Twice", "commentType": "text",
                    "usersLiked": [{"id": ME.to_uppercase(), "displayName": "Ann Berg"}, null, {"displayName": "Somebody"}]},
                {"id": 2, "parentCommentId": 1, "author": {"id": "x"}, "isDeleted": true, "commentType": "text", "usersLiked": null},
                null,
            ]},
        {"id": 8, "properties": {"CodeReviewThreadType": {"$type": "System.String", "$value": "VoteUpdate"}}, "threadContext": null,
            "comments": [{"id": 1, "content": "Ann voted 10", "commentType": "system", "author": {"id": "y"}}]},
        {"id": 9, "status": "someNewStatus", "properties": null, "comments": null,
            "threadContext": {"filePath": "/old.rs", "leftFileStart": {"line": 3, "offset": 1}, "leftFileEnd": {"line": 5, "offset": 1}}},
        {"id": 10, "status": 3, "threadContext": {"filePath": "/whole.rs"}, "isDeleted": true, "comments": [{"id": 1, "commentType": "someNewType"}]},
        {"id": 11, "status": "wontFix", "threadContext": {"filePath": "/x", "rightFileStart": {"line": 2_147_483_647, "offset": -5}, "rightFileEnd": {"line": -1}}},
        {"status": "active"},
        null,
    ])
}

#[tokio::test]
async fn the_state_of_a_pull_request_is_read_whatever_the_service_spells() {
    let server = Server::start(|seen, _| whimsical(seen)).await;
    let state = server.client().state(&server.key()).await.unwrap();
    let pull_request = &state.pull_request;
    assert_eq!(pull_request.status, PullRequestStatus::Active);
    assert_eq!((pull_request.title.as_str(), pull_request.description.as_str()), ("Charge the card once", ""));
    assert!(pull_request.is_draft);
    assert_eq!(pull_request.author.id, "c4b7e1f0-9d8c-4b3a-8e2f-1a2b3c4d5e6f");
    assert_eq!(pull_request.labels, ["urgent"]);
    let page = format!("{}/Web%20Shop/_git/Store%20front", server.collection());
    assert_eq!(pull_request.remote_url, page, "git is not sent to another host");
    assert_eq!(pull_request.fork_url, Some(format!("{page}.ann")), "nor for a fork");
    assert_eq!(pull_request.web_url, format!("{page}/pullrequest/42"));
    assert_eq!(state.me.id, ME);

    let commits: Vec<_> = state.iterations.iter().map(|it| (it.id, it.head.as_str(), it.base.as_str())).collect();
    assert_eq!(commits, [(1, BASE, HEAD), (2, HEAD, BASE)]);

    let items: Vec<_> = state.work_items.iter().map(|item| (item.id, item.kind.as_str(), item.text.as_str())).collect();
    assert_eq!(items, [(8, "", "* a < b"), (7, "Bug", "Charged twice\n\nSteps to reproduce:\n- pay")]);
}

#[tokio::test]
async fn threads_are_read_with_places_properties_and_all_statuses() {
    let server = Server::start(|seen, _| whimsical(seen)).await;
    let state = server.client().state(&server.key()).await.unwrap();
    let anchor = |path: &str, side, first, last| Some(Anchor { path: path.to_owned(), side, lines: LineRange { first, last } });
    let read: Vec<_> = state.threads.iter().map(|it| (it.id, it.status.clone(), it.anchor.clone(), it.is_deleted)).collect();
    assert_eq!(
        read,
        [
            (7, ThreadStatus::Active, anchor("src/pay.rs", Side::Right, 12, 14), false),
            (8, ThreadStatus::Other(String::new()), None, false),
            (9, ThreadStatus::Other("someNewStatus".to_owned()), anchor("old.rs", Side::Left, 3, 4), false),
            (10, ThreadStatus::WontFix, None, true),
            (11, ThreadStatus::WontFix, anchor("x", Side::Right, 1, 2_147_483_647), false),
        ]
    );
    let properties: Vec<(&str, &str)> =
        state.threads[0].properties.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(properties, [("a", "3"), ("b", "bare"), ("c", "5"), ("coderabbitAgent.kind", "finding"), ("d", "true")]);
    let comments: Vec<_> =
        state.threads[0].comments.iter().map(|it| (it.id, it.content.as_str(), it.is_deleted, it.is_text)).collect();
    assert_eq!(comments, [(1, "Twice", false, true), (2, "", true, true)]);
    assert_eq!(state.threads[0].comments[0].author.id, ME);
    let liked_by: Vec<_> = state.threads[0].comments.iter().map(|it| it.liked_by.clone()).collect();
    assert_eq!(liked_by, [vec![ME.to_owned()], vec![]]);
    assert!(!state.threads[1].comments[0].is_text && !state.threads[3].comments[0].is_text);
}

#[tokio::test]
async fn requests_are_spelt_as_microsoft_specifies_them() {
    let server = Server::start(|seen, _| whimsical(seen)).await;
    server.client().state(&server.key()).await.unwrap();
    server.client().iteration_files(&server.key(), 2).await.unwrap_err();
    let mut lines = server.lines();
    lines.sort();
    let repository = format!("/{PROJECT}/_apis/git/repositories/Store%20front");
    let mut expected = [
        format!("GET {repository}/pullRequests/42/iterations/2/changes?$top=2000&$skip=0&api-version=7.0"),
        format!("GET {repository}/pullRequests/42/iterations?api-version=7.0"),
        format!("GET {repository}/pullRequests/42/labels?api-version=7.0"),
        format!("GET {repository}/pullRequests/42/threads?api-version=7.0"),
        format!("GET {repository}/pullRequests/42/workitems?api-version=7.0"),
        format!("GET {repository}/pullrequests/42?api-version=7.0"),
        format!("GET /{PROJECT}/_apis/wit/workitems?ids=8,7,9&errorPolicy=omit&api-version=7.0"),
        "GET /_apis/wit/workitems?ids=9&errorPolicy=omit&api-version=7.0".to_owned(),
        "GET /_apis/connectionData".to_owned(),
    ];
    expected.sort();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_remote_below_the_collection_is_taken_without_its_user() {
    let server = Server::start(|seen, _| {
        let host = seen.headers.get("host").unwrap().to_str().unwrap().to_owned();
        match seen.path.rsplit('/').next().unwrap_or_default() {
            "connectionData" => connection_data(),
            "42" => {
                let remote = |name: &str| json!({"remoteUrl": format!("http://bot:word@{host}/tfs/main/Web%20Shop/_git/{name}")});
                Reply::ok(&json!({"repository": remote("store"), "forkSource": {"repository": remote("fork")}}))
            }
            _ => Reply::list(&json!([])),
        }
    })
    .await;
    let state = server.client().state(&server.key()).await.unwrap();
    let expected = server.collection().replace("/tfs/Main", "/tfs/main/Web%20Shop/_git/store");
    assert_eq!(state.pull_request.remote_url, expected);
    assert_eq!(state.pull_request.fork_url, Some(expected.replace("store", "fork")));
    assert_eq!(state.pull_request.status, PullRequestStatus::Other(String::new()));
    assert_eq!(state.pull_request.repository_name, "Store front", "the key's name where the answer tells none");
}

#[tokio::test]
async fn labels_and_work_items_that_may_not_be_read_do_not_stop_the_review() {
    for refusal in [
        Reply::refusal(403, "AccessDeniedException", "no"),
        Reply::refusal(404, "NotFoundException", "no"),
        Reply::refusal(401, "UnauthorizedRequestException", "TF400813"),
    ] {
        let server = Server::start(move |seen, _| {
            if seen.path.ends_with("/labels") || seen.path.ends_with("/workitems") { refusal.clone() } else { whimsical(seen) }
        })
        .await;
        let state = server.client().state(&server.key()).await.unwrap();
        assert!(state.pull_request.labels.is_empty() && state.work_items.is_empty());
        assert_eq!(state.threads.len(), 5);
    }
    let server = Server::start(|seen, _| {
        if seen.path.ends_with("/threads") { Reply::refusal(403, "AccessDeniedException", "no threads") } else { whimsical(seen) }
    })
    .await;
    let error = server.client().state(&server.key()).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::Forbidden { .. }), "threads are needed: {error:?}");
}

#[tokio::test]
async fn files_come_in_pages_and_the_last_page_does_not_say_so() {
    let entry = |number: u64, path: &str| json!({"changeTrackingId": number, "changeType": "edit, rename", "item": {"objectId": HEAD.to_uppercase(), "path": path}});
    let pages = [
        json!({"changeEntries": [entry(1, "/src/a.rs"), {"changeTrackingId": 2, "item": {"path": "/src", "isFolder": true}}], "nextSkip": 2, "nextTop": 2000}),
        json!({"changeEntries": [null, {"changeTrackingId": 3, "changeType": "delete", "item": {}, "originalPath": "/gone.rs"}, {"item": {"path": "/untracked"}}], "nextSkip": 5}),
        json!({"changeEntries": [entry(4, "/ä b.rs")]}),
    ];
    let server = Server::start(move |_, number| Reply::ok(&pages[number])).await;
    let files = server.client().iteration_files(&server.key(), 2).await.unwrap();
    let file = |path: &str, change_tracking_id| IterationFile { path: path.to_owned(), change_tracking_id };
    assert_eq!(files, [file("src/a.rs", 1), file("gone.rs", 3), file("ä b.rs", 4)]);
    let skips: Vec<String> = server.seen().iter().map(|seen| seen.query.clone()).collect();
    assert_eq!(
        skips,
        ["$top=2000&$skip=0&api-version=7.0", "$top=2000&$skip=2&api-version=7.0", "$top=2000&$skip=5&api-version=7.0"]
    );
}

#[tokio::test]
async fn commits_of_a_file_are_asked_for_by_criteria_and_asked_again_when_no_answer_came() {
    let server = Server::start(|_, number| match number {
        0 => Reply::refusal(500, "", "ill"),
        _ => Reply::list(&json!([
            {"commitId": HEAD.to_uppercase(), "comment": "Charge once\n\nIt was twice.", "author": {"name": "Ann Berg", "email": "a@b", "date": "2026-11-25T23:59:00Z"}},
            {"commitId": BASE, "author": null, "comment": null}, {"comment": "no id"}, null,
        ])),
    })
    .await;
    let commit = CommitId::parse(HEAD).unwrap();
    let client = server.client().writing_until(WriteDeadline { moment: 0, clock: || 1 });
    let commits = client.commits_of(&server.key().repository, &commit, "src/pay.rs", 11).await.unwrap();
    let told: Vec<[&str; 4]> =
        commits.iter().map(|commit| [commit.id.as_str(), &commit.day, &commit.author, &commit.subject]).collect();
    assert_eq!(told, [[HEAD, "2026-11-25", "Ann Berg", "Charge once"], [BASE, "", "", ""]]);
    let seen = server.seen();
    assert_eq!(seen.len(), 2, "it changes nothing, so it is asked again, under whatever lease");
    assert!(seen[1].path.ends_with("/commitsbatch") && seen[1].query.starts_with("$top=11&"), "{seen:?}");
    assert_eq!(seen[1].body, json!({"itemPath": "/src/pay.rs", "itemVersion": {"versionType": "commit", "version": HEAD}}));
}

#[tokio::test]
async fn a_service_that_turns_in_circles_is_left() {
    let server = Server::start(|_, _| Reply::ok(&json!({"changeEntries": [], "nextSkip": 2000}))).await;
    server.client().iteration_files(&server.key(), 2).await.unwrap();
    assert_eq!(server.seen().len(), 2);

    let server = Server::start(|seen, _| {
        if seen.path.ends_with("/iterations") {
            Reply::list(&json!([])).with("x-ms-continuationtoken", "again")
        } else {
            whimsical(seen)
        }
    })
    .await;
    server.client().state(&server.key()).await.unwrap();
    assert_eq!(server.lines().iter().filter(|line| line.contains("/iterations?")).count(), 2);
}

#[tokio::test]
async fn continued_lists_are_read_to_their_end() {
    let server = Server::start(|seen, _| {
        if !seen.path.ends_with("/threads") {
            return whimsical(seen);
        }
        if seen.query.contains("continuationToken=a%2Fb") {
            Reply::list(&json!([{"id": 2}]))
        } else {
            Reply::list(&json!([{"id": 1}])).with("x-ms-continuationtoken", "a/b")
        }
    })
    .await;
    let state = server.client().state(&server.key()).await.unwrap();
    assert_eq!(state.threads.iter().map(|thread| thread.id).collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn active_pull_requests_of_a_project_are_listed_page_by_page() {
    let server = Server::start(|seen, _| {
        let skip: u64 = seen.query.split("$skip=").nth(1).and_then(|it| it.split('&').next()).unwrap().parse().unwrap();
        let count = if skip < 100 { 100 } else { 3 };
        let item = |number: u64| json!({"pullRequestId": number, "repository": {"id": "B8E2D1A4-5C3F-4E0D-8F77-91A6C2D3E4F5", "project": {"id": PROJECT.to_uppercase()}}});
        // One of the first page comes again: somebody opened a pull request meanwhile.
        Reply::list(&(0..count).map(|number| item(skip + number + 1 - skip / 100)).collect::<Vec<_>>().into())
    })
    .await;
    let keys = server.client().active_pull_requests(&format!("{}/", server.collection()), "Web Shop").await.unwrap();
    assert_eq!(keys.len(), 102);
    let repository = RepositoryKey {
        collection: server.collection(),
        project: PROJECT.to_owned(),
        repository: "b8e2d1a4-5c3f-4e0d-8f77-91a6c2d3e4f5".to_owned(),
    };
    assert!(keys.iter().all(|active| active.key.repository == repository));
    assert_eq!(
        server.lines(),
        [
            "GET /Web%20Shop/_apis/git/pullrequests?searchCriteria.status=active&$top=100&$skip=0&api-version=7.0",
            "GET /Web%20Shop/_apis/git/pullrequests?searchCriteria.status=active&$top=100&$skip=100&api-version=7.0",
        ]
    );
}

#[tokio::test]
async fn a_pull_request_that_is_gone_is_not_found() {
    let server = Server::start(|seen, _| {
        if seen.path.ends_with("connectionData") {
            connection_data()
        } else {
            Reply::refusal(404, "GitPullRequestNotFoundException", "TF401180")
        }
    })
    .await;
    let error = server.client().state(&server.key()).await.unwrap_err();
    assert!(matches!(error, AzureDevOpsError::NotFound { .. }), "{error:?}");
    assert!(CommitId::parse(HEAD).is_some());
}
