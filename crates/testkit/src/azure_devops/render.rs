//! The service's JSON shapes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    objects::{CommitFields, Signature},
    world::{Comment, Iteration, PullRequest, Status, Thread, User, World, encode},
};

/// Lists cut descriptions here.
const LISTED_DESCRIPTION: usize = 400;

/// Times with up to seven digits after the point, as .NET writes them.
pub(crate) fn date(when: Timestamp) -> String {
    let text = when.strftime("%Y-%m-%dT%H:%M:%S%.7f").to_string();
    format!("{}Z", text.trim_end_matches('0').trim_end_matches('.'))
}

impl World {
    pub(crate) fn user(&self, user: usize) -> Option<&User> {
        self.users.get(user)
    }

    pub(crate) fn identity_json(&self, collection: usize, user: usize) -> Value {
        let Some(user) = self.user(user) else { return Value::Null };
        let base = self.announced_collection_url(collection);
        let avatar = format!("{base}/_apis/GraphProfile/MemberAvatars/{}", user.descriptor);
        json!({
            "displayName": user.display_name,
            "url": format!("{base}/_apis/Identities/{}", user.id),
            "_links": { "avatar": { "href": avatar } },
            "id": user.id,
            "uniqueName": user.unique_name,
            "imageUrl": format!("{base}/_api/_common/identityImage?id={}", user.id),
            "descriptor": user.descriptor,
        })
    }

    pub(crate) fn project_json(&self, project: usize) -> Value {
        let Some(project) = self.projects.get(project) else { return Value::Null };
        json!({
            "id": project.id,
            "name": project.name,
            "url": format!("{}/_apis/projects/{}", self.announced_collection_url(project.collection), project.id),
            "state": "wellFormed",
            "revision": 11,
            "visibility": "private",
            "lastUpdateTime": "2026-01-05T09:00:05.987Z",
        })
    }

    pub(crate) fn collection_of(&self, repository: usize) -> usize {
        let project = self.repositories.get(repository).map_or(0, |repository| repository.project);
        self.projects.get(project).map_or(0, |project| project.collection)
    }

    /// `…/{projectId}/_apis/git/repositories/{id}`.
    pub(crate) fn repository_api(&self, repository: usize) -> String {
        let Some(found) = self.repositories.get(repository) else { return String::new() };
        let project = self.projects.get(found.project).map_or("", |project| &project.id);
        let base = self.announced_collection_url(self.collection_of(repository));
        format!("{base}/{project}/_apis/git/repositories/{}", found.id)
    }

    /// The page of the repository, which is also where git fetches from.
    pub(crate) fn repository_web(&self, repository: usize) -> String {
        let Some(found) = self.repositories.get(repository) else { return String::new() };
        let project = self.projects.get(found.project).map_or("", |project| &project.name);
        let base = self.collection_url(self.collection_of(repository));
        format!("{base}/{}/_git/{}", encode(project), encode(&found.name))
    }

    pub(crate) fn repository_json(&self, repository: usize) -> Value {
        let Some(found) = self.repositories.get(repository) else { return Value::Null };
        let web = self.repository_web(repository);
        // Services put the organisation's name in front of the host.
        let organisation = self.collections.get(self.collection_of(repository)).map_or("", |collection| &collection.name);
        let remote = match web.split_once("://") {
            Some((scheme, rest)) if !self.options.mode.is_server() => format!("{scheme}://{}@{rest}", encode(organisation)),
            _ => web.clone(),
        };
        let default = found.git.head(crate::repository::MAIN).map(|_| format!("refs/heads/{}", crate::repository::MAIN));
        let mut shape = json!({
            "id": found.id,
            "name": found.name,
            "url": self.repository_api(repository),
            "project": self.project_json(found.project),
            "size": 4425,
            "remoteUrl": remote,
            "sshUrl": format!("git@ssh.dev.azure.com:v3/{organisation}/{}", encode(&found.name)),
            "webUrl": web,
            "isDisabled": found.is_disabled,
            "isInMaintenance": false,
        });
        if let Some(default) = default {
            shape["defaultBranch"] = default.into();
        }
        if found.parent.is_some() {
            shape["isFork"] = true.into();
        }
        shape
    }

    pub(crate) fn commit_ref(&self, repository: usize, commit: &str) -> Value {
        json!({ "commitId": commit, "url": format!("{}/commits/{commit}", self.repository_api(repository)) })
    }

    pub(crate) fn commit_json(&self, repository: usize, commit: &CommitFields) -> Value {
        let person = |who: &Signature| json!({ "name": who.name, "email": who.email, "date": who.date });
        json!({
            "commitId": commit.id,
            "author": person(&commit.author),
            "committer": person(&commit.committer),
            "comment": commit.message,
            "parents": commit.parents,
            "url": format!("{}/commits/{}", self.repository_api(repository), commit.id),
            "remoteUrl": format!("{}/commit/{}", self.repository_web(repository), commit.id),
        })
    }

    pub(crate) fn reviewers_json(&self, pull_request: &PullRequest) -> Vec<Value> {
        let collection = self.collection_of(pull_request.repository);
        let api = format!("{}/pullRequests/{}", self.repository_api(pull_request.repository), pull_request.id);
        pull_request
            .reviewers
            .iter()
            .map(|reviewer| {
                let mut shape = self.identity_json(collection, reviewer.user);
                let id = self.user(reviewer.user).map_or("", |user| &user.id);
                shape["reviewerUrl"] = format!("{api}/reviewers/{id}").into();
                shape["vote"] = reviewer.vote.into();
                shape["hasDeclined"] = false.into();
                shape["isFlagged"] = false.into();
                if reviewer.is_required {
                    shape["isRequired"] = true.into();
                }
                shape
            })
            .collect()
    }

    pub(crate) fn labels_json(&self, pull_request: &PullRequest) -> Vec<Value> {
        let api = format!("{}/pullRequests/{}", self.repository_api(pull_request.repository), pull_request.id);
        let shape = |label: &super::world::Label| json!({ "id": label.id, "name": label.name, "active": true, "url": format!("{api}/labels/{}", label.id) });
        pull_request.labels.iter().map(shape).collect()
    }

    pub(crate) fn artifact_id(&self, pull_request: &PullRequest) -> String {
        let repository = self.repositories.get(pull_request.repository);
        let project = repository.and_then(|repository| self.projects.get(repository.project)).map_or("", |project| &project.id);
        format!("vstfs:///Git/PullRequestId/{project}%2f{}%2f{}", repository.map_or("", |found| &found.id), pull_request.id)
    }

    /// `is_listed`: as lists show it, with the description cut.
    pub(crate) fn pull_request_json(&self, pull_request: &PullRequest, is_listed: bool) -> Value {
        let repository = pull_request.repository;
        let collection = self.collection_of(repository);
        let api = self.repository_api(repository);
        let id = pull_request.id;
        let mut shape = json!({
            "repository": self.repository_json(repository),
            "pullRequestId": id,
            "codeReviewId": id,
            "status": pull_request.status,
            "createdBy": self.identity_json(collection, pull_request.created_by),
            "creationDate": date(pull_request.created),
            "title": pull_request.title,
            "sourceRefName": pull_request.source_ref,
            "targetRefName": pull_request.target_ref,
            "mergeStatus": pull_request.merge_status,
            "isDraft": pull_request.is_draft,
            "mergeId": pull_request.merge_id,
            "reviewers": self.reviewers_json(pull_request),
            "url": format!("{api}/pullRequests/{id}"),
            "supportsIterations": true,
        });
        let mut set = |key: &str, value: Value| shape[key] = value;
        if !pull_request.description.is_empty() {
            let shown: String = if is_listed {
                pull_request.description.chars().take(LISTED_DESCRIPTION).collect()
            } else {
                pull_request.description.clone()
            };
            set("description", shown.into());
        }
        for (key, commit) in [
            ("lastMergeSourceCommit", &pull_request.merge_source),
            ("lastMergeTargetCommit", &pull_request.merge_target),
            ("lastMergeCommit", &pull_request.merge_commit),
        ] {
            if let Some(commit) = commit {
                set(key, self.commit_ref(repository, commit));
            }
        }
        if pull_request.is_from_fork() {
            let fork = self.repository_json(pull_request.source_repository);
            set("forkSource", json!({ "repository": fork, "name": pull_request.source_ref }));
        }
        if pull_request.merge_status == "conflicts" {
            set("mergeFailureType", "none".into());
        }
        if let Some(closed) = pull_request.closed {
            set("closedDate", date(closed).into());
            if let Some(user) = pull_request.closed_by {
                set("closedBy", self.identity_json(collection, user));
            }
        }
        if let Some(user) = pull_request.auto_complete_by {
            set("autoCompleteSetBy", self.identity_json(collection, user));
        }
        if let Some(options) = &pull_request.completion_options {
            set("completionOptions", options.clone());
        }
        // Lists have labels, a single pull request never has (measured: julianobarbosa/claude-code-skills#3; azure-cli#23626).
        if is_listed && !pull_request.labels.is_empty() {
            set("labels", self.labels_json(pull_request).into());
        }
        if !is_listed {
            set("artifactId", self.artifact_id(pull_request).into());
            set(
                "_links",
                json!({
                    "self": { "href": format!("{api}/pullRequests/{id}") },
                    "repository": { "href": api },
                    "web": { "href": format!("{}/pullrequest/{id}", self.repository_web(repository)) },
                    "statuses": { "href": format!("{api}/pullRequests/{id}/statuses") },
                    "iterations": { "href": format!("{api}/pullRequests/{id}/iterations") },
                }),
            );
        }
        shape
    }

    pub(crate) fn iteration_json(&self, pull_request: &PullRequest, iteration: &Iteration) -> Value {
        let repository = pull_request.repository;
        let collection = self.collection_of(repository);
        let api = format!("{}/pullRequests/{}/iterations/{}", self.repository_api(repository), pull_request.id, iteration.id);
        json!({
            "id": iteration.id,
            "description": "",
            "author": self.identity_json(collection, iteration.author),
            "createdDate": date(iteration.created),
            "updatedDate": date(iteration.created),
            "sourceRefCommit": { "commitId": iteration.source },
            "targetRefCommit": { "commitId": iteration.target },
            "commonRefCommit": { "commitId": iteration.common },
            "hasMoreCommits": false,
            "reason": iteration.reason,
            "push": { "pushId": iteration.push, "date": date(iteration.created), "pushedBy": self.identity_json(collection, iteration.author) },
            "_links": { "self": { "href": api } },
        })
    }

    pub(crate) fn comment_json(&self, pull_request: &PullRequest, thread: u32, comment: &Comment) -> Value {
        let collection = self.collection_of(pull_request.repository);
        let base = self.announced_collection_url(collection);
        let repository = self.repositories.get(pull_request.repository).map_or("", |repository| &repository.id);
        let threads = format!("{base}/_apis/git/repositories/{repository}/pullRequests/{}/threads/{thread}", pull_request.id);
        let mut shape = json!({
            "id": comment.id,
            "parentCommentId": comment.parent,
            "author": self.identity_json(collection, comment.author),
            "publishedDate": date(comment.published),
            "lastUpdatedDate": date(comment.updated),
            "lastContentUpdatedDate": date(comment.content_updated),
            "commentType": comment.kind,
            "usersLiked": comment.liked_by.iter().map(|user| self.identity_json(collection, *user)).collect::<Vec<_>>(),
            "_links": {
                "self": { "href": format!("{threads}/comments/{}", comment.id) },
                "repository": { "href": self.repository_api(pull_request.repository) },
                "threads": { "href": threads },
                "pullRequests": { "href": format!("{base}/_apis/git/pullRequests/{}", pull_request.id) },
            },
        });
        if comment.is_deleted {
            shape["isDeleted"] = true.into();
        } else {
            shape["content"] = comment.content.clone().into();
        }
        shape
    }

    pub(crate) fn thread_json(&self, pull_request: &PullRequest, thread: &Thread) -> Value {
        let collection = self.collection_of(pull_request.repository);
        let identities = if thread.identities.is_empty() {
            Value::Null
        } else {
            let numbered = |(number, user): (usize, &usize)| ((number + 1).to_string(), self.identity_json(collection, *user));
            Value::Object(thread.identities.iter().enumerate().map(numbered).collect())
        };
        let api =
            format!("{}/pullRequests/{}/threads/{}", self.repository_api(pull_request.repository), pull_request.id, thread.id);
        let comments: Vec<Value> =
            thread.comments.iter().map(|comment| self.comment_json(pull_request, thread.id, comment)).collect();
        let mut shape = json!({
            "pullRequestThreadContext": thread.pull_request_context,
            "id": thread.id,
            "publishedDate": date(thread.published),
            "lastUpdatedDate": date(thread.updated),
            "comments": comments,
            "threadContext": thread.context,
            "properties": properties_json(&thread.properties),
            "identities": identities,
            "isDeleted": thread.is_deleted,
            "_links": { "self": { "href": api }, "repository": { "href": self.repository_api(pull_request.repository) } },
        });
        if let Some(status) = &thread.status {
            shape["status"] = status.clone().into();
        }
        shape
    }

    pub(crate) fn status_json(&self, pull_request: &PullRequest, status: &Status) -> Value {
        let collection = self.collection_of(pull_request.repository);
        let api =
            format!("{}/pullRequests/{}/statuses/{}", self.repository_api(pull_request.repository), pull_request.id, status.id);
        let mut context = json!({ "name": status.name });
        if let Some(genre) = &status.genre {
            context["genre"] = genre.clone().into();
        }
        let mut shape = json!({
            "id": status.id,
            "state": status.state,
            "context": context,
            "creationDate": date(status.created),
            "updatedDate": date(status.created),
            "createdBy": self.identity_json(collection, status.created_by),
            "_links": { "self": { "href": api } },
        });
        if let Some(description) = &status.description {
            shape["description"] = description.clone().into();
        }
        if let Some(url) = &status.target_url {
            shape["targetUrl"] = url.clone().into();
        }
        if let Some(iteration) = status.iteration {
            shape["iterationId"] = iteration.into();
        }
        if !status.properties.is_empty() {
            shape["properties"] = properties_json(&status.properties);
        }
        shape
    }
}

pub(crate) fn properties_json(properties: &BTreeMap<String, Value>) -> Value {
    Value::Object(properties.iter().map(|(key, value)| (key.clone(), value.clone())).collect::<Map<_, _>>())
}
