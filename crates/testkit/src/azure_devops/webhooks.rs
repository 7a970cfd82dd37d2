//! What tests do with subscriptions.

use std::{collections::VecDeque, time::Duration};

use anyhow::Result;
use serde_json::Value;

use super::{
    AzureDevOps, Delivery, DeliveryOutcome, EventType, Order, SubscriptionStatus, TestEvent,
    hooks::{SubscriptionRecord, test_payload},
};

/// The subscriptions that one call of [`AzureDevOps::subscribe`] made.
#[derive(Debug, Clone)]
pub struct Webhooks {
    azure: AzureDevOps,
    indices: Vec<usize>,
}

impl Webhooks {
    pub(super) fn new(azure: AzureDevOps, indices: Vec<usize>) -> Self {
        Self { azure, indices }
    }

    fn each(&self, mut act: impl FnMut(&mut SubscriptionRecord)) {
        self.azure.server.with(|world| {
            for index in &self.indices {
                if let Some(record) = world.subscriptions.get_mut(*index) {
                    act(record);
                }
            }
        });
    }

    /// All notifications so far, by subscription and then in the order of events.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.azure.server.look(|world| {
            let records = self.indices.iter().filter_map(|index| world.subscriptions.get(*index));
            records.flat_map(|record| record.deliveries.iter().map(|pending| pending.delivery.clone())).collect()
        })
    }

    /// The notifications of one kind of event.
    pub fn deliveries_of(&self, event: EventType) -> Vec<Delivery> {
        self.deliveries().into_iter().filter(|delivery| delivery.event == event).collect()
    }

    pub fn status(&self, event: EventType) -> Option<SubscriptionStatus> {
        self.azure.server.look(|world| {
            let records = self.indices.iter().filter_map(|index| world.subscriptions.get(*index));
            records.filter(|record| record.event == event).map(|record| record.status).next()
        })
    }

    /// Events that happen from now on wait, until [`Self::release`].
    pub fn hold(&self) {
        self.each(|record| record.held = Some(record.held.take().unwrap_or_default()));
    }

    /// Lets the waiting events go in this order within each subscription, and later ones at once.
    pub fn release(&self, order: Order) {
        self.each(|record| record.release(order));
    }

    /// Forgets the waiting events: they never arrive.
    pub fn drop_held(&self) {
        self.each(|record| {
            let held: VecDeque<usize> = record.held.take().unwrap_or_default();
            for index in held {
                if let Some(pending) = record.deliveries.get_mut(index) {
                    pending.delivery.outcome = DeliveryOutcome::Lost;
                }
            }
        });
    }

    /// Every event from now on arrives twice, with the same ids.
    pub fn set_doubled(&self, is_doubled: bool) {
        self.each(|record| record.is_doubled = is_doubled);
    }

    /// The last event of this kind once more.
    pub fn repeat_last(&self, event: EventType) {
        self.each(|record| {
            if record.event == event {
                record.repeat_last();
            }
        });
    }

    /// What the *Test* button of the service sends.
    pub fn deliver_test_event(&self, test: TestEvent) {
        self.each(|record| {
            if record.event == test.0 {
                let payload = test_payload(record.event, record.settings.version(record.event));
                record.enqueue(None, payload);
            }
        });
    }

    /// Any body at all, delivered as an event of this kind would be.
    pub fn deliver_raw(&self, event: EventType, payload: &Value) {
        self.each(|record| {
            if record.event == event {
                record.enqueue(None, payload.clone());
            }
        });
    }

    /// An administrator has switched the subscription on again.
    pub fn enable(&self) {
        self.each(|record| record.status = SubscriptionStatus::Enabled);
    }

    /// Returns when no notification is on its way, and how they ended. Those that are held do not count.
    pub async fn settled(&self, timeout: Duration) -> Result<Vec<Delivery>> {
        let is_settled = |_: &AzureDevOps| {
            self.azure.server.look(|world| {
                let records = self.indices.iter().filter_map(|index| world.subscriptions.get(*index));
                records
                    .flat_map(|record| record.deliveries.iter().enumerate().map(move |(index, pending)| (record, index, pending)))
                    .all(|(record, index, pending)| {
                        let is_held = record.held.as_ref().is_some_and(|held| held.contains(&index));
                        is_held || !matches!(pending.delivery.outcome, DeliveryOutcome::Waiting | DeliveryOutcome::Retrying)
                    })
            })
        };
        self.azure.wait_for(is_settled, timeout).await?;
        Ok(self.deliveries())
    }
}
