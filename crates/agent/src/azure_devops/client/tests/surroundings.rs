//! What is read around a pull request, and what is set on it.

use review_core::publication::{NewReviewer, PublicationStep};
use serde_json::json;

use super::server::{PROJECT, Reply, Server, connection_data};
use crate::azure_devops::Link;

const SOURCE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const TARGET: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[tokio::test]
async fn neighbours_are_read_with_their_labels_reviewers_and_commits_and_without_the_pull_request_itself() {
    let whole = json!({
        "pullRequestId": 41, "title": "Carts", "createdBy": {"id": "ANN", "displayName": "Ann"},
        "reviewers": [{"id": "TEAM", "isContainer": true, "vote": 0}, null, {"id": null}, {"id": "ben", "vote": 10}],
        "labels": [{"name": "sql", "active": true}, {"name": "old", "active": false}, null, {"name": " "}],
        "lastMergeSourceCommit": {"commitId": SOURCE}, "lastMergeTargetCommit": {"commitId": TARGET},
    });
    let bare = json!({"pullRequestId": 40, "reviewers": null, "labels": null, "lastMergeSourceCommit": null});
    let listed = json!([whole, bare, {"pullRequestId": 42}, {"title": "No number"}, null]);
    let server = Server::start(move |_, _| Reply::list(&listed)).await;
    let neighbours = server.client().neighbours(&server.key(), true, 50).await.unwrap();
    let ids: Vec<u64> = neighbours.iter().map(|neighbour| neighbour.other.id).collect();
    assert_eq!(ids, [41, 40]);
    let other = &neighbours[0].other;
    let people: Vec<(&str, i32, bool)> =
        other.reviewers.iter().map(|reviewer| (reviewer.person.id.as_str(), reviewer.vote, reviewer.is_group)).collect();
    assert_eq!(people, [("team", 0, true), ("ben", 10, false)]);
    assert_eq!((other.author.id.as_str(), &other.labels, other.is_completed), ("ann", &vec!["sql".to_owned()], true));
    let (source, target) = neighbours[0].commits.as_ref().unwrap();
    assert_eq!((source.as_str(), target.as_str()), (SOURCE.to_lowercase().as_str(), TARGET));
    assert_eq!(neighbours[1].commits, None);
    let repository = format!("GET /{PROJECT}/_apis/git/repositories/Store%20front/pullrequests");
    assert_eq!(server.lines(), [format!("{repository}?searchCriteria.status=completed&$top=50&api-version=7.0")]);
}

#[tokio::test]
async fn the_files_of_a_neighbour_are_those_since_it_left_the_target_branch() {
    let server = Server::start(|_, _| {
        let changes = json!([
            {"item": {"path": "/src/a.rs"}, "changeType": "edit"},
            {"item": {"path": "/src", "isFolder": true}, "changeType": "edit"},
            {"item": {"path": "/src/b.rs"}, "changeType": "edit, rename"}, null, {"changeType": "add"},
        ]);
        Reply::ok(&json!({ "changes": changes, "allChangesIncluded": true }))
    })
    .await;
    let key = server.key();
    let commit = |text: &str| review_core::pull_request::CommitId::parse(text).unwrap();
    let files = server.client().changed_files(&key.repository, &commit(SOURCE), &commit(TARGET)).await.unwrap();
    assert_eq!(files, ["src/a.rs", "src/b.rs"]);
    let (source, line) = (SOURCE.to_lowercase(), server.lines()[0].clone());
    let asked = format!(
        "/diffs/commits?diffCommonCommit=true&$top=200&baseVersion={TARGET}&baseVersionType=commit&targetVersion={source}&targetVersionType=commit&api-version=7.0"
    );
    assert!(line.ends_with(&asked), "{line}");
}

#[tokio::test]
async fn links_of_work_items_lead_to_work_items_and_to_pull_requests_of_this_repository() {
    let server = Server::start(|_, _| {
        let link = |rel: &str, url: &str| json!({ "rel": rel, "url": url });
        let relations = json!([
            link("System.LinkTypes.Hierarchy-Reverse", "https://dev.azure.com/contoso/_apis/wit/workItems/7"),
            link("ArtifactLink", "vstfs:///Git/PullRequestId/p%2FSTORE%20FRONT%2F41"),
            link("ArtifactLink", "VSTFS:///git/pullrequestid/p/Store front/40"),
            link("ArtifactLink", "vstfs:///Git/PullRequestId/p%2fother%2f39"),
            link("ArtifactLink", "vstfs:///Git/Commit/p%2fStore%20front%2fabc"),
            link("ArtifactLink", "vstfs:///Git/PullRequestId/%"),
            link("Hyperlink", "https://evil.example/workItems/8"),
            link("System.LinkTypes.Related", "https://dev.azure.com/contoso/_apis/wit/workItems/x"),
            {"rel": null, "url": null}, null,
        ]);
        Reply::list(&json!([{"id": 3, "relations": null}, {"id": 12, "relations": relations}, null, {"relations": []}]))
    })
    .await;
    let links = server.client().work_item_links(&server.key(), &[12, 3]).await.unwrap();
    assert_eq!(links, [(12, Link::WorkItem(7)), (12, Link::PullRequest(41)), (12, Link::PullRequest(40))]);
    let line = &server.lines()[0];
    assert!(line.ends_with("/_apis/wit/workitems?ids=12,3&$expand=relations&errorPolicy=omit&api-version=7.0"), "{line}");
}

#[tokio::test]
async fn a_label_is_posted_and_a_reviewer_is_put_as_an_optional_one() {
    let server =
        Server::start(|seen, _| if seen.path.ends_with("connectionData") { connection_data() } else { Reply::ok(&json!({})) })
            .await;
    let (client, key) = (server.client(), server.key());
    let reviewer = NewReviewer { id: "11111111-2222-3333-4444-555555555555".to_owned(), name: "Ben".to_owned() };
    client.apply(&key, &PublicationStep::AddLabel("needs care".to_owned()), &[]).await.unwrap();
    client.apply(&key, &PublicationStep::AddReviewer(reviewer.clone()), &[]).await.unwrap();
    let lines = server.lines();
    assert!(lines[0].starts_with("POST ") && lines[0].ends_with("/pullRequests/42/labels?api-version=7.0"), "{lines:?}");
    let put = format!("/pullRequests/42/reviewers/{}?api-version=7.0", reviewer.id);
    assert!(lines[1].starts_with("PUT ") && lines[1].ends_with(&put), "{lines:?}");
    let bodies: Vec<serde_json::Value> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies, [json!({"name": "needs care"}), json!({"vote": 0, "isRequired": false})]);
}
