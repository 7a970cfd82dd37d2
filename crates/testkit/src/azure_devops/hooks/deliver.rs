//! The sender of notifications: tries, waits, tries again, gives up, as the service does.

use std::{sync::Weak, time::Duration};

use serde_json::Value;
use tokio::{sync::mpsc, time::Instant};

use super::{Attempt, DeliveryOutcome, SubscriptionStatus, payload};
use crate::azure_devops::{server::Server, world::now};

/// Waits after 408, 502, 503, 504 and no answer at all, in seconds.
const TRANSIENT: [u64; 8] = [1, 2, 4, 8, 16, 32, 60, 60];

/// Waits after every other refusal, in minutes; then the subscription is disabled.
const PROBATION: [u64; 7] = [20, 40, 80, 160, 320, 640, 900];

/// One subscription's notifications: the first attempts in order, repeated ones beside them.
pub(crate) async fn run(server: Weak<Server>, subscription: usize, mut queue: mpsc::UnboundedReceiver<usize>) {
    while let Some(index) = queue.recv().await {
        let Some(answer) = attempt(&server, subscription, index).await else { return };
        if is_success(&answer) {
            finish(&server, subscription, index, DeliveryOutcome::Delivered);
            continue;
        }
        let server = server.clone();
        tokio::spawn(async move { repeat(server, subscription, index, answer).await });
    }
}

async fn repeat(server: Weak<Server>, subscription: usize, index: usize, mut answer: Result<u16, String>) {
    let (mut transient, mut probation) = (TRANSIENT.iter(), PROBATION.iter());
    loop {
        if matches!(answer, Ok(410)) {
            set_status(&server, subscription, SubscriptionStatus::DisabledBySystem);
            finish(&server, subscription, index, DeliveryOutcome::GivenUp);
            return;
        }
        let is_transient = matches!(answer, Err(_) | Ok(408 | 502 | 503 | 504));
        let next = if is_transient { transient.next().copied() } else { None };
        let wait = if let Some(seconds) = next {
            seconds
        } else {
            set_status(&server, subscription, SubscriptionStatus::OnProbation);
            let Some(minutes) = probation.next() else {
                set_status(&server, subscription, SubscriptionStatus::DisabledBySystem);
                finish(&server, subscription, index, DeliveryOutcome::GivenUp);
                return;
            };
            minutes.saturating_mul(60)
        };
        let Some(speed) = server.upgrade().map(|server| server.with(|world| world.options.delivery_speed)) else { return };
        pause(Duration::from_secs(wait).div_f64(speed.max(0.001))).await;
        let Some(next) = attempt(&server, subscription, index).await else { return };
        answer = next;
        if is_success(&answer) {
            set_status(&server, subscription, SubscriptionStatus::Enabled);
            finish(&server, subscription, index, DeliveryOutcome::Delivered);
            return;
        }
    }
}

/// None: the server is gone, or the subscription does not want it any more.
async fn attempt(server: &Weak<Server>, subscription: usize, index: usize) -> Option<Result<u16, String>> {
    let server = server.upgrade()?;
    let (request, body, timeout) = server.with(|world| {
        let body = payload::render(world, subscription, index)?;
        let record = world.subscriptions.get_mut(subscription)?;
        if record.is_deleted || record.status == SubscriptionStatus::DisabledBySystem {
            return None;
        }
        let pending = record.deliveries.get_mut(index)?;
        pending.delivery.payload = body.clone();
        let mut request = server.http.post(&record.settings.url).header("User-Agent", "VSServices/19.256.36025.1 (Service)");
        request = request.header("X-VSS-SubscriptionId", &record.id).header("X-VSS-ActivityId", &pending.delivery.event_id);
        if let Some((user, password)) = &record.settings.basic_auth {
            request = request.basic_auth(user, Some(password));
        }
        for (name, value) in &record.settings.headers {
            request = request.header(name, value);
        }
        Some((request, body, world.options.delivery_timeout))
    })?;
    let started = Instant::now();
    let sent = send(request, &body, timeout).await;
    let took = started.elapsed();
    server.with(|world| {
        if let Some(pending) = world.subscriptions.get_mut(subscription).and_then(|record| record.deliveries.get_mut(index)) {
            pending.delivery.attempts.push(Attempt { answer: sent.clone(), at: now(), took });
            if pending.delivery.outcome == DeliveryOutcome::Waiting && !is_success(&sent) {
                pending.delivery.outcome = DeliveryOutcome::Retrying;
            }
        }
    });
    Some(sent)
}

async fn send(request: reqwest::RequestBuilder, body: &Value, timeout: Duration) -> Result<u16, String> {
    let request = request.header("Content-Type", "application/json; charset=utf-8").body(body.to_string()).timeout(timeout);
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    // The body is shown in the history only.
    response.bytes().await.map_err(|error| error.to_string())?;
    Ok(status)
}

fn is_success(answer: &Result<u16, String>) -> bool {
    matches!(answer, Ok(200..=299))
}

fn finish(server: &Weak<Server>, subscription: usize, index: usize, outcome: DeliveryOutcome) {
    let Some(server) = server.upgrade() else { return };
    server.with(|world| {
        if let Some(pending) = world.subscriptions.get_mut(subscription).and_then(|record| record.deliveries.get_mut(index)) {
            pending.delivery.outcome = outcome;
        }
    });
}

fn set_status(server: &Weak<Server>, subscription: usize, status: SubscriptionStatus) {
    let Some(server) = server.upgrade() else { return };
    server.with(|world| {
        if let Some(record) = world.subscriptions.get_mut(subscription)
            && record.status != SubscriptionStatus::DisabledBySystem
        {
            record.status = status;
        }
    });
}

async fn pause(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the time between two deliveries is what the service promises")]
    tokio::time::sleep(time).await;
}
