//! `POST /azure_webhooks`.
//!
//! How Azure DevOps reads the answer decides what the answer is: 2xx is done, 503 is delivered again for three minutes, and any
//! other error puts the whole subscription on probation, where new events are lost (Service hooks, "Troubleshoot and optimize").
//! So everything that is authenticated is answered 2xx, and 503 when it cannot be stored.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt as _, future::BoxFuture};
use review_core::{
    command::is_addressed_to_somebody,
    pull_request::{PullRequestKey, RepositoryKey},
    render,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::Notify,
    time::{Instant, timeout},
};

use super::{AllowList, auth::Expected, unavailable};
use crate::{
    azure_devops::{CommentHint, EventKind, WebhookEvent, parse_event},
    store::{Accepted, JobKind, Millis, NewEvent, NewJob, StoreError},
    telemetry::Metrics,
};

/// A larger body is refused (with 200).
const MAX_BODY: usize = 1024 * 1024;
/// As much of a body that is too large is read and thrown away, so that the sender sees the answer and not a broken
/// connection. Azure DevOps sends 2 MB at most.
const MAX_DISCARDED: usize = 8 * 1024 * 1024;

/// Longer names and ids than Azure DevOps gives are not stored.
const MAX_NAME: usize = 256;

/// A burst of merge tests waits behind pull requests that somebody opened or pushed to.
const PRIORITY_REVIEW: i64 = 10;
const PRIORITY_MERGE_ATTEMPT: i64 = 0;

/// Milliseconds before comments without details are looked for, all together.
const COMMENTS_GATHER_FOR: Millis = 20_000;

/// How long an answer may wait for something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// From the head of the request to the end of its body.
    pub(super) body: Duration,
    pub(super) store: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body: Duration::from_secs(10), store: Duration::from_secs(3) }
    }
}

/// Stores an event with its job (`Store::accept`).
pub(super) type Accept = Arc<dyn Fn(NewEvent, Option<NewJob>) -> BoxFuture<'static, Result<Accepted, StoreError>> + Send + Sync>;

#[derive(Clone)]
pub(super) struct Intake {
    pub(super) accept: Accept,
    pub(super) metrics: Metrics,
    pub(super) allowed: AllowList,
    pub(super) credentials: Option<Expected>,
    pub(super) wake: Arc<Notify>,
    pub(super) now: fn() -> Millis,
    pub(super) limits: Limits,
}

pub(super) fn routes(intake: Intake) -> Router {
    Router::new().route("/azure_webhooks", post(receive)).route("/azure_webhooks/", post(receive)).with_state(intake)
}

/// What is done about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Decision {
    /// Answered 200 with the reason.
    Ignore(Ignored),
    Review {
        pull_request: PullRequestKey,
        priority: i64,
        closes: bool,
    },
    /// Somebody wrote a comment, perhaps to the agent.
    Answer {
        pull_request: PullRequestKey,
    },
    /// The event lacks the details to say which pull request it is about.
    Sweep {
        collection: String,
        project: String,
        /// It is about a comment, which may be our own: a review writes several in a row, and none is worth a sweep.
        is_comment: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ignored {
    Test,
    UnknownEvent,
    OwnComment,
    Comment,
    OtherOrganization,
    Incomplete,
    Unreadable,
    TooLarge,
}

impl Ignored {
    /// The word of the metrics.
    fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::UnknownEvent => "unknown_event",
            Self::OwnComment => "own_comment",
            Self::Comment => "comment",
            Self::OtherOrganization => "other_organization",
            Self::Incomplete => "incomplete",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
        }
    }

    /// The sentence of the answer; Azure DevOps shows it in the history of the subscription.
    fn sentence(self) -> &'static str {
        match self {
            Self::Test => "this is a test event; the connection works",
            Self::UnknownEvent => "this agent acts on pull request created, updated, merge attempted and commented on only",
            Self::OwnComment => "this comment was written by the agent itself",
            Self::Comment => "the comment is deleted, or speaks to nobody",
            Self::OtherOrganization => "the event is about an organisation or collection that is not in AZURE_DEVOPS_URL",
            Self::Incomplete => {
                "the event names no project, or a name that cannot be one; set the hook's resource details to send to All"
            }
            Self::Unreadable => "the body is no event of Azure DevOps that can be read",
            Self::TooLarge => "the body is larger than 1 MiB; set the hook's messages and detailed messages to send to None",
        }
    }
}

/// Decides by the event alone. Nothing in it is believed but the ids: who may be acted for is asked of `allowed`.
pub(super) fn decide(event: &WebhookEvent, allowed: &AllowList) -> Decision {
    match event.kind {
        EventKind::Test => return Decision::Ignore(Ignored::Test),
        EventKind::Unknown => return Decision::Ignore(Ignored::UnknownEvent),
        EventKind::Created | EventKind::Updated | EventKind::MergeAttempted | EventKind::Commented => {}
    }
    let Some(collection) = allowed.spelling(event.collection.as_deref()) else {
        return Decision::Ignore(Ignored::OtherOrganization);
    };
    if event.kind == EventKind::Commented {
        // Without its text a comment may say anything.
        let comment = event.comment.as_ref().filter(|comment| comment.is_deleted || !comment.content.is_empty());
        if comment.is_some_and(|comment| render::is_ours(&comment.content)) {
            return Decision::Ignore(Ignored::OwnComment);
        }
        // A reply may go on with what the agent said, without a mention.
        let may_be_for_us = |comment: &CommentHint| comment.is_reply || is_addressed_to_somebody(&comment.content);
        if comment.is_some_and(|comment| comment.is_deleted || !may_be_for_us(comment)) {
            return Decision::Ignore(Ignored::Comment);
        }
    }
    let Some(project) = event.project.as_deref().filter(|name| is_name(name)) else {
        return Decision::Ignore(Ignored::Incomplete);
    };
    match (event.repository.as_deref().filter(|name| is_name(name)), event.pull_request) {
        (Some(repository), Some(id)) if event.kind == EventKind::Commented => Decision::Answer {
            pull_request: PullRequestKey {
                repository: RepositoryKey { collection, project: project.to_owned(), repository: repository.to_owned() },
                id,
            },
        },
        (Some(repository), Some(id)) => Decision::Review {
            pull_request: PullRequestKey {
                repository: RepositoryKey { collection, project: project.to_owned(), repository: repository.to_owned() },
                id,
            },
            priority: if event.kind == EventKind::MergeAttempted { PRIORITY_MERGE_ATTEMPT } else { PRIORITY_REVIEW },
            closes: matches!(event.status.as_deref(), Some("completed" | "abandoned")),
        },
        _ => {
            let is_comment = event.kind == EventKind::Commented;
            Decision::Sweep { collection, project: project.to_owned(), is_comment }
        }
    }
}

/// Under which key the event is remembered: its id, else its number within the subscription, else the hash of its body.
pub(super) fn dedup_key(event: &WebhookEvent, body: &[u8]) -> String {
    let given = |id: &&str| is_name(id) && id.bytes().any(|byte| byte.is_ascii_alphanumeric() && byte != b'0');
    if let Some(id) = event.event_id.as_deref().filter(given) {
        return format!("event:{}", id.to_ascii_lowercase());
    }
    if let (Some(subscription), Some(number)) = (event.subscription_id.as_deref().filter(given), event.notification_id) {
        return format!("notification:{}:{number}", subscription.to_ascii_lowercase());
    }
    format!("body:{}", hex::encode(Sha256::digest(body)))
}

/// A job for a decision; None for what is ignored.
pub(super) fn job(decision: Decision, event: &WebhookEvent, now: Millis) -> Option<NewJob> {
    let job = match decision {
        Decision::Ignore(_) => return None,
        Decision::Review { pull_request, priority, closes } => {
            let serial_key = pull_request.to_string();
            NewJob {
                dedup_key: format!("review:{serial_key}"),
                kind: JobKind::Review { pull_request },
                serial_key,
                priority,
                run_at: now,
                head: event.head.clone(),
                closes,
            }
        }
        Decision::Answer { pull_request } => NewJob::commands(&pull_request, now),
        Decision::Sweep { collection, project, is_comment } => {
            let sweep = NewJob::sweep(&collection, &project, now);
            if is_comment {
                let dedup_key = format!("comments:{collection}/{project}");
                NewJob { dedup_key, run_at: now.saturating_add(COMMENTS_GATHER_FOR), ..sweep }
            } else {
                sweep
            }
        }
    };
    Some(job)
}

/// An id or a name as Azure DevOps gives it.
fn is_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control)
}

async fn receive(State(intake): State<Intake>, request: Request) -> Response {
    let started = Instant::now();
    let (kind, result, response) = answer(&intake, request).await;
    intake.metrics.webhook(kind, result, started.elapsed());
    response
}

/// The kind of the event and what became of it, for the metrics, and the answer.
async fn answer(intake: &Intake, request: Request) -> (&'static str, &'static str, Response) {
    if intake.credentials.as_ref().is_some_and(|expected| !expected.accepts(request.headers())) {
        tracing::warn!(
            "a webhook with missing or wrong credentials was refused; compare AZURE_DEVOPS_WEBHOOK_USERNAME and _PASSWORD with the service hook"
        );
        return ("unknown", "unauthorized", unauthorized());
    }
    let body = match timeout(intake.limits.body, read(request.into_body())).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return ignored("unknown", Ignored::TooLarge),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a webhook broke off before its end");
            return ("unknown", "broken_off", unavailable());
        }
        Err(_) => {
            tracing::warn!(limit = ?intake.limits.body, "a webhook did not arrive as a whole in time");
            return ("unknown", "broken_off", unavailable());
        }
    };
    let event = match parse_event(&body) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, bytes = body.len(), "a webhook cannot be read");
            return ignored("unknown", Ignored::Unreadable);
        }
    };
    let kind = kind_word(event.kind);
    let decision = decide(&event, &intake.allowed);
    if let Decision::Ignore(why) = decision {
        tracing::info!(event_type = ?event.event_type, event = ?event.event_id, collection = ?event.collection, why = why.word(), "a webhook is ignored");
        return ignored(kind, why);
    }
    store(intake, &event, decision, &body).await
}

async fn store(intake: &Intake, event: &WebhookEvent, decision: Decision, body: &[u8]) -> (&'static str, &'static str, Response) {
    let kind = kind_word(event.kind);
    let now = (intake.now)();
    let new_event = NewEvent { dedup_key: dedup_key(event, body), kind: kind.to_owned(), received_at: now };
    let job = job(decision, event, now);
    let about = job.as_ref().map(|job| job.serial_key.clone()).unwrap_or_default();
    match timeout(intake.limits.store, (intake.accept)(new_event, job)).await {
        Ok(Ok(accepted)) => {
            let result = match accepted {
                Accepted::Stored => "accepted",
                Accepted::Duplicate => "duplicate",
            };
            tracing::info!(kind, about, event = ?event.event_id, result, "a webhook is taken on");
            // One permit wakes one worker, or is kept for the next that asks; workers look at the queue by themselves as well.
            intake.wake.notify_one();
            (kind, result, (StatusCode::ACCEPTED, Json(json!({ "accepted": true }))).into_response())
        }
        Ok(Err(error)) => {
            tracing::error!(%error, kind, about, "a webhook cannot be stored; Azure DevOps is asked to deliver it again");
            (kind, "unavailable", unavailable())
        }
        Err(_) => {
            tracing::error!(
                limit = ?intake.limits.store,
                kind,
                about,
                "the database does not answer; Azure DevOps is asked to deliver the webhook again"
            );
            (kind, "unavailable", unavailable())
        }
    }
}

/// The body, or None when it is too large.
async fn read(body: Body) -> Result<Option<Bytes>, axum::Error> {
    let mut chunks = body.into_data_stream();
    let mut whole = BytesMut::new();
    let mut length: usize = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        length = length.saturating_add(chunk.len());
        if length <= MAX_BODY {
            whole.extend_from_slice(&chunk);
        } else if length > MAX_DISCARDED {
            break;
        } else {
            whole.clear();
        }
    }
    Ok((length <= MAX_BODY).then(|| whole.freeze()))
}

fn ignored(kind: &'static str, why: Ignored) -> (&'static str, &'static str, Response) {
    (kind, why.word(), Json(json!({ "accepted": false, "reason": why.sentence() })).into_response())
}

fn unauthorized() -> Response {
    let mut response = (StatusCode::UNAUTHORIZED, "wrong or missing credentials\n").into_response();
    let challenge = HeaderValue::from_static(r#"Basic realm="coderabbit-agent", charset="UTF-8""#);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Created => "created",
        EventKind::Updated => "updated",
        EventKind::MergeAttempted => "merge_attempted",
        EventKind::Commented => "commented",
        EventKind::Test => "test",
        EventKind::Unknown => "unknown",
    }
}
