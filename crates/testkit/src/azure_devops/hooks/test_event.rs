//! What the *Test* button of the service hook page sends: constant ids, a pull request that does not exist.

use serde_json::{Value, json};

use super::EventType;

/// The ids that every test event of the service carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TestEvent(pub EventType);

impl TestEvent {
    /// `id` of the envelope.
    pub fn id(self) -> &'static str {
        match self.0 {
            EventType::Created => "2ab4e3d3-b7a6-425e-92b1-5a9982c1269e",
            EventType::Updated | EventType::Commented => "af07be1b-f3ad-44c8-a7f1-c4835f2df06b",
            EventType::MergeAttempted => "6872ee8c-b333-4eff-bfb9-0d5274943566",
        }
    }
}

pub(crate) fn payload(event: EventType, version: &str) -> Value {
    let repository = json!({
        "id": "4bc14d40-c903-45e2-872e-0462c7748079",
        "name": "Fabrikam",
        "url": "https://dev.azure.com/fabrikam/_apis/git/repositories/4bc14d40-c903-45e2-872e-0462c7748079",
        "project": {
            "id": "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c",
            "name": "Fabrikam",
            "url": "https://dev.azure.com/fabrikam/_apis/projects/6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c",
            "state": "wellFormed"
        },
        "defaultBranch": "refs/heads/master",
        "remoteUrl": "https://dev.azure.com/fabrikam/DefaultCollection/_git/Fabrikam"
    });
    let author = json!({
        "id": "54d125f7-69f7-4191-904f-c5b96b6261c8",
        "displayName": "Jamal Hartnett",
        "uniqueName": "fabrikamfiber4@hotmail.com",
    });
    let commit = |id: &str| json!({ "commitId": id, "url": format!("https://dev.azure.com/fabrikam/_apis/git/repositories/commits/{id}") });
    let pull_request = json!({
        "repository": repository,
        "pullRequestId": 1,
        "status": "active",
        "createdBy": author,
        "creationDate": "2014-06-17T16:55:46.589889Z",
        "title": "my first pull request",
        "description": " - test2\r\n",
        "sourceRefName": "refs/heads/mytopic",
        "targetRefName": "refs/heads/master",
        "mergeStatus": "succeeded",
        "mergeId": "a10bb228-6ba6-4362-abd7-49ea21333dbd",
        "lastMergeSourceCommit": commit("53d54ac915144006c2c9e90d2c7d3880920db49c"),
        "lastMergeTargetCommit": commit("a511f535b1ea495ee0c903badb68fbc83772c882"),
        "lastMergeCommit": commit("eef717f69257a6333f221566c1c987dc94cc0d72"),
        "reviewers": [],
        "url": "https://dev.azure.com/fabrikam/_apis/git/repositories/4bc14d40-c903-45e2-872e-0462c7748079/pullRequests/1",
    });
    let comment = json!({
        "id": 2,
        "parentCommentId": 1,
        "author": author,
        "content": "This is my comment.",
        "publishedDate": "2014-06-17T16:55:46.589889Z",
        "lastUpdatedDate": "2014-06-17T16:58:33.123889Z",
        "lastContentUpdatedDate": "2014-06-17T16:58:33.123889Z",
        "commentType": "text",
        "_links": { "self": { "href":
            "https://dev.azure.com/fabrikam/_apis/git/repositories/4bc14d40-c903-45e2-872e-0462c7748079/pullRequests/1/threads/5/comments/2" } }
    });
    let resource = match event {
        EventType::Commented if version.starts_with('2') => json!({ "comment": comment, "pullRequest": pull_request }),
        EventType::Commented => comment,
        _ => pull_request,
    };
    let text = match event {
        EventType::Created => "Jamal Hartnett created a new pull request",
        EventType::Updated => "Jamal Hartnett marked the pull request as completed",
        EventType::Commented => "Jamal Hartnett has edited a pull request comment",
        EventType::MergeAttempted => "Jamal Hartnett has created a pull request merge commit",
    };
    let message = json!({ "text": text, "html": text, "markdown": text });
    json!({
        "subscriptionId": "00000000-0000-0000-0000-000000000000",
        "notificationId": 1,
        "id": TestEvent(event).id(),
        "eventType": event.name(),
        "publisherId": "tfs",
        "message": message,
        "detailedMessage": message,
        "resource": resource,
        "resourceVersion": version,
        "resourceContainers": {
            "collection": { "id": "c12d0eb8-e382-443b-9f9c-c52cba5014c2" },
            "account": { "id": "f844ec47-a9db-4511-8281-8b63f4eaf94e" },
            "project": { "id": "be9b3917-87e6-42a4-a549-2bc06a7a878f" }
        },
        "createdDate": "2026-11-22T19:20:45.6420000Z"
    })
}
