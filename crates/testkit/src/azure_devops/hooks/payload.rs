//! The body of a notification, as it is at the moment of delivery.

use serde_json::{Value, json};

use super::{CommentChange, Details, EventType, Happening, Occurrence, Subscription, UpdateKind};
use crate::azure_devops::{
    render::date,
    world::{PullRequest, World},
};

/// None when there is no such notification.
pub(super) fn render(world: &World, subscription: usize, index: usize) -> Option<Value> {
    let record = world.subscriptions.get(subscription)?;
    let pending = record.deliveries.get(index)?;
    let Some(occurrence) = &pending.occurrence else { return Some(pending.delivery.payload.clone()) };
    let settings = &record.settings;
    let pull_request = world.pull_request(occurrence.pull_request)?;
    let version = settings.version(record.event);
    let text = message(world, pull_request, occurrence);
    let mut body = json!({
        "subscriptionId": record.id,
        "notificationId": pending.delivery.notification,
        "id": occurrence.event_id,
        "eventType": record.event.name(),
        "publisherId": "tfs",
        "message": told(settings.messages, &text),
        "detailedMessage": told(settings.detailed_messages, &text),
        "resource": resource(world, settings, record.event, version, pull_request, occurrence),
        "resourceVersion": version,
        "resourceContainers": containers(world, settings, pull_request),
        "createdDate": date(occurrence.at),
    });
    if settings.resource == Details::None
        && let Some(body) = body.as_object_mut()
    {
        body.remove("resource");
    }
    Some(body)
}

/// Null when messages are switched off.
fn told(details: Details, text: &str) -> Value {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    match details {
        Details::None => Value::Null,
        Details::Minimal => json!({ "text": text }),
        Details::All => json!({ "text": text, "html": escaped, "markdown": text }),
    }
}

fn message(world: &World, pull_request: &PullRequest, occurrence: &Occurrence) -> String {
    let actor = world.user(occurrence.actor).map_or("Somebody", |user| &user.display_name);
    let repository = world.repositories.get(pull_request.repository).map_or("", |repository| &repository.name);
    let url = world.repository_web(pull_request.repository);
    let named = format!("pull request {} ({})", pull_request.id, pull_request.title);
    let text = match &occurrence.happening {
        Happening::Created => format!("{actor} created {named} in {repository}"),
        Happening::MergeAttempted => format!("{actor} has created a pull request merge commit for {named} in {repository}"),
        Happening::Commented { comment, change, .. } => {
            let did = match (change, comment) {
                (CommentChange::Created, 1) => "commented on",
                (CommentChange::Created, _) => return format!("{actor} has replied to a pull request comment"),
                (CommentChange::Edited, _) => return format!("{actor} has edited a pull request comment"),
                (CommentChange::Deleted, _) => return format!("{actor} has deleted a pull request comment"),
            };
            return format!("{actor} has {did} a pull request");
        }
        Happening::Updated(kind) => match kind {
            UpdateKind::Push => format!("{actor} updated the source branch of {named} in {repository}"),
            UpdateKind::Completed => format!("{actor} completed {named} in {repository}"),
            UpdateKind::Abandoned => format!("{actor} abandoned {named} in {repository}"),
            UpdateKind::Reactivated => format!("{actor} reactivated {named} in {repository}"),
            UpdateKind::Published => format!("{actor} published the {named} in {repository}"),
            UpdateKind::Drafted => format!("{actor} marked the {named} as a draft in {repository}"),
            UpdateKind::Reviewers => format!("{actor} changed the reviewer list for {named} in {repository}"),
            UpdateKind::Vote(10) => format!("{actor} approved {named} in {repository}"),
            UpdateKind::Vote(5) => format!("{actor} has approved and left suggestions in {named} in {repository}"),
            UpdateKind::Vote(-5) => format!("{actor} is waiting for the author in {named} in {repository}"),
            UpdateKind::Vote(-10) => format!("{actor} rejected {named} in {repository}"),
            UpdateKind::Vote(_) => format!("{actor} voted on {named} in {repository}"),
            UpdateKind::Edited => format!("{actor} updated {named} in {repository}"),
        },
    };
    format!("{text}\r\n{url}/")
}

fn resource(
    world: &World,
    settings: &Subscription,
    event: EventType,
    version: &str,
    pull_request: &PullRequest,
    occurrence: &Occurrence,
) -> Value {
    let api = world.repository_api(pull_request.repository);
    let url = format!("{api}/pullRequests/{}", pull_request.id);
    if let Happening::Commented { thread, comment, .. } = &occurrence.happening {
        let found = pull_request.threads.iter().find(|found| found.id == *thread);
        let found = found.and_then(|found| found.comments.iter().find(|found| found.id == *comment));
        let Some(found) = found else { return Value::Null };
        let shape = world.comment_json(pull_request, *thread, found);
        let is_alone = !version.starts_with('2');
        if settings.resource == Details::Minimal {
            let shape = json!({ "id": found.id, "_links": shape.get("_links") });
            return if is_alone {
                shape
            } else {
                json!({ "comment": shape, "pullRequest": { "pullRequestId": pull_request.id, "url": url } })
            };
        }
        if is_alone {
            return shape;
        }
        let mut whole = world.pull_request_json(pull_request, false);
        if let Some(whole) = whole.as_object_mut() {
            whole.remove("_links");
        }
        return json!({ "comment": shape, "pullRequest": whole });
    }
    debug_assert_ne!(event, EventType::Commented, "comments are rendered above");
    if version.starts_with('2') {
        return Value::Null;
    }
    if settings.resource == Details::Minimal {
        return json!({ "pullRequestId": pull_request.id, "url": url });
    }
    world.pull_request_json(pull_request, false)
}

fn containers(world: &World, settings: &Subscription, pull_request: &PullRequest) -> Value {
    let collection = world.collection_of(pull_request.repository);
    let collection_id = world.collections.get(collection).map_or("", |collection| &collection.id);
    let project = world.repositories.get(pull_request.repository).and_then(|found| world.projects.get(found.project));
    let project_id = project.map_or("", |project| &project.id);
    if !settings.has_base_urls {
        return json!({ "collection": { "id": collection_id }, "project": { "id": project_id } });
    }
    let base = format!("{}/", world.announced_collection_url(collection));
    let mut containers = json!({
        "collection": { "id": collection_id, "baseUrl": base },
        "project": { "id": project_id, "baseUrl": base },
    });
    if !world.options.mode.is_server() {
        containers["account"] = json!({ "id": collection_id, "baseUrl": base });
    }
    containers
}
