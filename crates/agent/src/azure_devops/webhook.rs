//! Service hook payloads. A payload is a hint, never a fact: only ids are taken from it, and no URL in it is followed.

use review_core::pull_request::CommitId;
use serde_json::Value;

use self::resource_url::ResourceUrl;
use super::collection;

mod depth;
mod resource_url;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EventKind {
    Created,
    Updated,
    MergeAttempted,
    Commented,
    /// The *Test* button of the service hook page.
    Test,
    /// Anything else; answered 200 and counted.
    Unknown,
}

impl EventKind {
    /// One word, for metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::MergeAttempted => "merge_attempted",
            Self::Commented => "commented",
            Self::Test => "test",
            Self::Unknown => "unknown",
        }
    }
}

/// What a payload tells. Everything but the kind may be missing (*Resource details: minimal* or *none*).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookEvent {
    pub kind: EventKind,
    /// `eventType` as sent, at most 200 characters.
    pub event_type: String,
    /// `id` of the event.
    pub event_id: Option<String>,
    pub subscription_id: Option<String>,
    pub notification_id: Option<i64>,
    /// Organisation or collection URL, normalised: no trailing slash, `https://{org}.visualstudio.com` written as
    /// `https://dev.azure.com/{org}`.
    pub collection: Option<String>,
    /// Project id, or its name.
    pub project: Option<String>,
    /// Repository id, or its name.
    pub repository: Option<String>,
    pub pull_request: Option<u64>,
    /// Source commit as of delivery, a hint for cancelling an older review early.
    pub head: Option<CommitId>,
    /// `active`, `completed`, `abandoned`, as sent.
    pub status: Option<String>,
    pub comment: Option<CommentHint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommentHint {
    pub thread: Option<u64>,
    pub comment: Option<u64>,
    pub author_id: Option<String>,
    /// It answers another one of its thread; so may one of which that is not told.
    pub is_reply: bool,
    /// Empty for a deleted comment.
    pub content: String,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Not JSON, or nested deeper than 64.
    #[error("the body is not JSON that can be read: {0}")]
    NotJson(String),
    /// JSON without the envelope of a service hook.
    #[error("the body is no Azure DevOps event: {0}")]
    NotAnEvent(String),
}

/// Deepest nesting that is read. Real events nest about eight levels.
const MAX_DEPTH: usize = 64;

/// Longest id, name or word that is taken from a payload.
const MAX_WORD: usize = 256;

/// Ids that the *Test* button sends, whatever the subscription.
const TEST_EVENT_IDS: [&str; 2] = ["2ab4e3d3-b7a6-425e-92b1-5a9982c1269e", "af07be1b-f3ad-44c8-a7f1-c4835f2df06b"];

/// Organisations of the sample payloads.
const SAMPLE_COLLECTIONS: [&str; 2] = ["https://dev.azure.com/fabrikam", "https://dev.azure.com/fabrikam-fiber-inc"];

/// Reads an event of any documented version (1.0, 1.0-preview.1, 2.0) and level of detail. A field that is missing or of
/// the wrong type is None; only a body without the envelope is an error. Never panics, whatever the bytes.
pub fn parse_event(body: &[u8]) -> Result<WebhookEvent, WebhookError> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    if depth::exceeds(body, MAX_DEPTH) {
        return Err(WebhookError::NotJson(format!("nested deeper than {MAX_DEPTH}")));
    }
    let envelope: Value = serde_json::from_slice(body).map_err(|error| WebhookError::NotJson(error.to_string()))?;
    if !envelope.is_object() {
        return Err(WebhookError::NotAnEvent("not an object".to_owned()));
    }
    let Some(event_type) = envelope.get("eventType").and_then(Value::as_str) else {
        return Err(WebhookError::NotAnEvent("no eventType".to_owned()));
    };
    let kind = match event_type {
        "git.pullrequest.created" => EventKind::Created,
        "git.pullrequest.updated" => EventKind::Updated,
        "git.pullrequest.merged" => EventKind::MergeAttempted,
        "ms.vss-code.git-pullrequest-comment-event" => EventKind::Commented,
        _ => EventKind::Unknown,
    };
    let parts = Parts::of(&envelope, kind);
    let event_id = word(&envelope, &["id"]).map(identifier);
    let is_test = kind != EventKind::Unknown && is_test(event_id.as_deref(), &parts);
    Ok(WebhookEvent {
        kind: if is_test { EventKind::Test } else { kind },
        event_type: event_type.chars().take(200).collect(),
        event_id,
        subscription_id: word(&envelope, &["subscriptionId"]).map(identifier),
        notification_id: envelope.get("notificationId").and_then(Value::as_i64),
        collection: parts.collection(),
        project: parts.project(),
        repository: parts.repository(),
        pull_request: parts.pull_request(),
        head: parts.pull_request.and_then(|it| word(it, &["lastMergeSourceCommit", "commitId"])).and_then(CommitId::parse),
        status: parts.pull_request.and_then(|it| word(it, &["status"])).map(str::to_owned),
        comment: parts.comment_hint(),
    })
}

/// The places in an event where its facts may stand.
struct Parts<'a> {
    envelope: &'a Value,
    pull_request: Option<&'a Value>,
    comment: Option<&'a Value>,
    /// URLs of the resource, most telling first.
    urls: Vec<(&'a str, ResourceUrl)>,
}

impl<'a> Parts<'a> {
    fn of(envelope: &'a Value, kind: EventKind) -> Self {
        let resource = envelope.get("resource").filter(|resource| resource.is_object());
        let (pull_request, comment) = match kind {
            EventKind::Unknown => (None, None),
            EventKind::Commented => {
                let comment = resource.and_then(|it| it.get("comment")).filter(|comment| comment.is_object());
                // Version 1.0: the resource is the comment itself.
                let is_version_2 = comment.is_some() || resource.is_some_and(|it| it.get("pullRequest").is_some());
                let pull_request = resource.and_then(|it| it.get("pullRequest")).filter(|it| it.is_object());
                (pull_request, if is_version_2 { comment } else { resource })
            }
            _ => (resource, None),
        };
        let repository = pull_request.and_then(|it| it.get("repository"));
        let candidates = [
            comment.and_then(|it| text(it, &["_links", "self", "href"])),
            comment.and_then(|it| text(it, &["_links", "threads", "href"])),
            pull_request.and_then(|it| text(it, &["url"])),
            pull_request.and_then(|it| text(it, &["_links", "self", "href"])),
            repository.and_then(|it| text(it, &["url"])),
            comment.and_then(|it| text(it, &["_links", "pullRequests", "href"])),
            comment.and_then(|it| text(it, &["_links", "repository", "href"])),
            repository.and_then(|it| text(it, &["remoteUrl"])),
            repository.and_then(|it| text(it, &["webUrl"])),
        ];
        let urls = candidates.into_iter().flatten().map(|url| (url, ResourceUrl::parse(url))).collect();
        Self { envelope, pull_request, comment, urls }
    }

    fn collection(&self) -> Option<String> {
        self.container("collection").or_else(|| self.collection_of_resource()).or_else(|| self.container("account"))
    }

    /// On a Server the account is the whole installation, so only a cloud account says more than the resource's URLs.
    fn container(&self, name: &str) -> Option<String> {
        text(self.envelope, &["resourceContainers", name, "baseUrl"]).and_then(collection::normalise)
    }

    fn collection_of_resource(&self) -> Option<String> {
        let cloud = self.container("account").filter(|account| account.starts_with("https://dev.azure.com/"));
        cloud.or_else(|| {
            let project_names: Vec<&str> = [
                word(self.envelope, &["resourceContainers", "project", "id"]),
                self.repository_word(&["project", "id"]),
                self.repository_word(&["project", "name"]),
            ]
            .into_iter()
            .flatten()
            .collect();
            self.urls.iter().find_map(|(url, _)| collection::of_resource_url(url, &project_names))
        })
    }

    fn project(&self) -> Option<String> {
        self.repository_word(&["project", "id"])
            .or_else(|| word(self.envelope, &["resourceContainers", "project", "id"]))
            .or_else(|| self.repository_word(&["project", "name"]))
            .filter(|name| is_name(name))
            .map(identifier)
            .or_else(|| self.urls.iter().find_map(|(_, parsed)| parsed.project.clone()))
    }

    fn repository(&self) -> Option<String> {
        self.repository_word(&["id"])
            .or_else(|| self.repository_word(&["name"]))
            .filter(|name| is_name(name))
            .map(identifier)
            .or_else(|| self.urls.iter().find_map(|(_, parsed)| parsed.repository.clone()))
    }

    fn pull_request(&self) -> Option<u64> {
        self.pull_request
            .and_then(|it| number(it, "pullRequestId"))
            .or_else(|| self.urls.iter().find_map(|(_, parsed)| parsed.pull_request))
    }

    fn comment_hint(&self) -> Option<CommentHint> {
        let comment = self.comment?;
        Some(CommentHint {
            thread: self.urls.iter().find_map(|(_, parsed)| parsed.thread),
            comment: number(comment, "id").or_else(|| self.urls.iter().find_map(|(_, parsed)| parsed.comment)),
            author_id: word(comment, &["author", "id"]).map(identifier),
            is_reply: comment.get("parentCommentId").and_then(serde_json::Value::as_u64) != Some(0),
            content: text(comment, &["content"]).unwrap_or_default().to_owned(),
            is_deleted: comment.get("isDeleted").and_then(Value::as_bool).unwrap_or(false),
        })
    }

    fn repository_word(&self, path: &[&str]) -> Option<&'a str> {
        self.pull_request.and_then(|it| it.get("repository")).and_then(|it| word(it, path))
    }
}

/// The button sends constant ids; some versions send the sample payloads of the documentation under another id. Those
/// talk of Fabrikam while the subscription's own container, if told, is another collection: an organisation that really
/// is called so still gets its reviews.
fn is_test(event_id: Option<&str>, parts: &Parts<'_>) -> bool {
    if event_id.is_some_and(|id| TEST_EVENT_IDS.contains(&id)) {
        return true;
    }
    let is_sample = |url: &str| SAMPLE_COLLECTIONS.contains(&url);
    let sample_resource =
        parts.urls.iter().filter_map(|(url, _)| collection::of_resource_url(url, &[])).any(|url| is_sample(&url));
    let own = parts.container("collection").or_else(|| parts.container("account"));
    sample_resource && !own.is_some_and(|own| is_sample(&own))
}

/// Ids are compared in lower case; names keep theirs.
fn identifier(text: &str) -> String {
    if collection::is_guid(text) { text.to_ascii_lowercase() } else { text.to_owned() }
}

/// What can stand as one segment of a request's path.
fn is_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && !text.contains(|character: char| matches!(character, '/' | '\\') || character.is_control())
}

fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, key| value.get(key))?.as_str()
}

/// A text of sensible length without control characters.
fn word<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    text(value, path).filter(|word| !word.is_empty() && word.len() <= MAX_WORD && !word.chars().any(char::is_control))
}

/// Ids are 32-bit in the API's specification and count from 1.
fn number(value: &Value, key: &str) -> Option<u64> {
    value.get(key)?.as_u64().filter(|number| (1..=i32::MAX.unsigned_abs().into()).contains(number))
}

#[cfg(test)]
mod tests;
