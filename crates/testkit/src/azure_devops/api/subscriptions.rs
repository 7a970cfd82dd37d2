//! `_apis/hooks`: subscriptions made, read and deleted by clients.

use serde_json::{Value, json};

use super::{no_such_route, not_allowed, record};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::{self, Call, member},
    hooks::{Details, EventType, Subscription, SubscriptionRecord, SubscriptionStatus},
    ledger::Action,
    world::World,
};

pub(super) fn dispatch(world: &mut World, call: &Call, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("GET", ["subscriptions"]) => {
            let standing = world.subscriptions.iter().filter(|subscription| !subscription.is_deleted);
            Ok(Answer::list(standing.map(|subscription| shape(world, subscription)).collect()))
        }
        ("POST", ["subscriptions"]) => create(world, call),
        (method, ["subscriptions", id, rest @ ..]) => {
            let index = world.subscriptions.iter().position(|known| known.id.eq_ignore_ascii_case(id) && !known.is_deleted);
            let index = index.ok_or_else(|| {
                Refusal::new(404, "SubscriptionNotFoundException", format!("The subscription {id} was not found."))
            })?;
            match (method, rest) {
                ("GET", []) => {
                    Ok(world.subscriptions.get(index).map_or_else(Answer::empty, |known| Answer::json(&shape(world, known))))
                }
                ("GET", ["notifications"]) => Ok(Answer::list(notifications(world, index))),
                ("DELETE", []) => {
                    if let Some(known) = world.subscriptions.get_mut(index) {
                        known.is_deleted = true;
                    }
                    record(world, call, Action::Unsubscribe, None, |_| ());
                    Ok(Answer::empty())
                }
                _ => Err(not_allowed(call)),
            }
        }
        ("GET", ["publishers", "tfs", "eventtypes"]) => {
            let shape = |event: EventType| {
                let versions = if event == EventType::Commented { json!(["1.0", "2.0"]) } else { json!(["1.0"]) };
                json!({ "publisherId": "tfs", "id": event.name(), "supportedResourceVersions": versions })
            };
            Ok(Answer::list(EventType::ALL.into_iter().map(shape).collect()))
        }
        _ => Err(no_such_route(call)),
    }
}

fn create(world: &mut World, call: &Call) -> Outcome {
    let body = call.object()?;
    let event = call::text(&body, "eventType")?.unwrap_or_default();
    let event = EventType::ALL.into_iter().find(|known| known.name() == event);
    let event = event.ok_or_else(|| Refusal::invalid("The eventType is not one that this publisher has."))?;
    let inputs = member(&body, "consumerInputs").and_then(Value::as_object);
    let inputs = inputs.ok_or_else(|| Refusal::invalid("consumerInputs are required."))?;
    let url = call::text(inputs, "url")?.filter(|url| url::Url::parse(url).is_ok());
    let url = url.ok_or_else(|| Refusal::invalid("consumerInputs.url must be a URL."))?;
    let details = |name: &str| -> Result<Details, Refusal> {
        Ok(match call::text(inputs, name)?.as_deref() {
            Some("none") => Details::None,
            Some("minimal") => Details::Minimal,
            _ => Details::All,
        })
    };
    let mut settings = Subscription::to(url).events(&[event]);
    settings = settings
        .details(details("resourceDetailsToSend")?)
        .messages(details("messagesToSend")?, details("detailedMessagesToSend")?);
    if let (Some(user), Some(password)) = (call::text(inputs, "basicAuthUsername")?, call::text(inputs, "basicAuthPassword")?) {
        settings = settings.basic_auth(&user, &password);
    }
    for line in call::text(inputs, "httpHeaders")?.unwrap_or_default().lines() {
        if let Some((name, value)) = line.split_once(':') {
            settings = settings.header(name.trim(), value.trim());
        }
    }
    if let Some(version) = call::text(&body, "resourceVersion")? {
        settings = settings.comment_version(&version).pull_request_version(&version);
    }
    let index = world.subscribe(event, settings, call.user);
    record(world, call, Action::Subscribe, None, |_| ());
    Ok(world.subscriptions.get(index).map_or_else(Answer::empty, |known| Answer::json(&shape(world, known))))
}

fn shape(world: &World, subscription: &SubscriptionRecord) -> Value {
    let status = match subscription.status {
        SubscriptionStatus::Enabled => "enabled",
        SubscriptionStatus::OnProbation => "onProbation",
        SubscriptionStatus::DisabledBySystem => "disabledBySystem",
    };
    json!({
        "id": subscription.id,
        "status": status,
        "publisherId": "tfs",
        "eventType": subscription.event.name(),
        "resourceVersion": subscription.settings.version(subscription.event),
        "consumerId": "webHooks",
        "consumerActionId": "httpRequest",
        "createdBy": world.identity_json(0, subscription.created_by),
        "publisherInputs": {},
        "consumerInputs": { "url": subscription.settings.url },
    })
}

fn notifications(world: &World, index: usize) -> Vec<Value> {
    let deliveries = world.subscriptions.get(index).into_iter().flat_map(|known| &known.deliveries);
    let shape = |pending: &crate::azure_devops::hooks::Pending| {
        let delivery = &pending.delivery;
        let result = delivery
            .attempts
            .last()
            .map_or("pending", |last| if matches!(last.answer, Ok(200..=299)) { "succeeded" } else { "failed" });
        json!({ "id": delivery.notification, "eventId": delivery.event_id, "status": "completed", "result": result })
    };
    deliveries.map(shape).collect()
}
