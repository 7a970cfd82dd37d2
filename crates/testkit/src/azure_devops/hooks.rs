//! Service hooks: what happened, to whom it is told, and what came of telling it.

use std::collections::VecDeque;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::mpsc;

use super::world::{World, now};

mod deliver;
mod payload;
mod test_event;

pub(crate) use deliver::run as run_deliveries;
pub use test_event::TestEvent;
pub(crate) use test_event::payload as test_payload;

/// The four events of pull requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventType {
    Created,
    Updated,
    Commented,
    MergeAttempted,
}

/// What an *updated* event is about; the payload does not say it, but for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateKind {
    Push,
    Completed,
    Abandoned,
    Reactivated,
    Published,
    Drafted,
    Reviewers,
    Vote(i64),
    /// Title, description or target.
    Edited,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommentChange {
    Created,
    Edited,
    Deleted,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happening {
    Created,
    Updated(UpdateKind),
    Commented { thread: u32, comment: u32, change: CommentChange },
    MergeAttempted,
}

/// Something that happened. What subscribers are told of it is rendered when it is delivered.
#[derive(Debug, Clone)]
pub(crate) struct Occurrence {
    pub(crate) event_id: String,
    pub(crate) happening: Happening,
    pub(crate) pull_request: u32,
    pub(crate) actor: usize,
    pub(crate) at: Timestamp,
}

/// How much of the resource is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Details {
    #[default]
    All,
    Minimal,
    None,
}

/// Where events go and how they look. `to` starts one with what the web page of the service would choose.
#[derive(Debug, Clone)]
#[must_use = "nobody is told anything before `AzureDevOps::subscribe`"]
pub struct Subscription {
    pub(crate) url: String,
    pub(crate) basic_auth: Option<(String, String)>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) events: Vec<EventType>,
    pub(crate) pull_request_version: String,
    pub(crate) comment_version: String,
    pub(crate) resource: Details,
    pub(crate) messages: Details,
    pub(crate) detailed_messages: Details,
    pub(crate) has_base_urls: bool,
}

impl Subscription {
    /// *Pull request created*, *updated* and *commented on*, in the newest versions and with all details.
    pub fn to(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            basic_auth: None,
            headers: Vec::new(),
            events: vec![EventType::Created, EventType::Updated, EventType::Commented],
            pull_request_version: "1.0".to_owned(),
            comment_version: "2.0".to_owned(),
            resource: Details::All,
            messages: Details::All,
            detailed_messages: Details::All,
            has_base_urls: true,
        }
    }

    pub fn basic_auth(mut self, user: &str, password: &str) -> Self {
        self.basic_auth = Some((user.to_owned(), password.to_owned()));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn events(mut self, events: &[EventType]) -> Self {
        self.events = events.to_vec();
        self
    }

    /// `resourceVersion` of the comment event: `2.0`, or `1.0`, which is the comment alone.
    pub fn comment_version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.comment_version);
        self
    }

    /// `resourceVersion` of the other events: `1.0`, `1.0-preview.1`, or `2.0`, which has no resource.
    pub fn pull_request_version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.pull_request_version);
        self
    }

    /// *Resource details to send*.
    pub fn details(mut self, details: Details) -> Self {
        self.resource = details;
        self
    }

    /// *Messages to send* and *Detailed messages to send*.
    pub fn messages(mut self, messages: Details, detailed: Details) -> Self {
        (self.messages, self.detailed_messages) = (messages, detailed);
        self
    }

    /// As some servers do: `resourceContainers` hold ids only, and no account.
    pub fn without_base_urls(mut self) -> Self {
        self.has_base_urls = false;
        self
    }

    pub(crate) fn version(&self, event: EventType) -> &str {
        if event == EventType::Commented { &self.comment_version } else { &self.pull_request_version }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionStatus {
    Enabled,
    /// Events are lost, but for the one that is tried again.
    OnProbation,
    DisabledBySystem,
}

/// One event on its way to one subscriber.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    pub event: EventType,
    pub event_id: String,
    pub notification: u64,
    pub pull_request: Option<u32>,
    pub attempts: Vec<Attempt>,
    pub outcome: DeliveryOutcome,
    /// What was sent last.
    pub payload: Value,
}

/// One request to the subscriber: its status, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub answer: Result<u16, String>,
    pub at: Timestamp,
    /// From sending to the end of the answer.
    pub took: std::time::Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// Held by the test, or not tried yet.
    Waiting,
    /// Tried without success, and to be tried again.
    Retrying,
    Delivered,
    /// Happened while the subscription was on probation or disabled.
    Lost,
    GivenUp,
}

#[derive(Debug)]
pub(crate) struct SubscriptionRecord {
    pub(crate) id: String,
    pub(crate) event: EventType,
    pub(crate) settings: Subscription,
    pub(crate) status: SubscriptionStatus,
    pub(crate) deliveries: Vec<Pending>,
    pub(crate) queue: mpsc::UnboundedSender<usize>,
    /// None: delivered as it happens.
    pub(crate) held: Option<VecDeque<usize>>,
    pub(crate) is_doubled: bool,
    pub(crate) created_by: usize,
    pub(crate) is_deleted: bool,
}

#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) occurrence: Option<Occurrence>,
    pub(crate) delivery: Delivery,
}

/// In which order held events are let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    AsHappened,
    Reversed,
    /// Shuffled, the same way for the same seed.
    Shuffled(u64),
}

impl EventType {
    pub const ALL: [Self; 4] = [Self::Created, Self::Updated, Self::Commented, Self::MergeAttempted];

    /// As `eventType` says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "git.pullrequest.created",
            Self::Updated => "git.pullrequest.updated",
            Self::MergeAttempted => "git.pullrequest.merged",
            Self::Commented => "ms.vss-code.git-pullrequest-comment-event",
        }
    }
}

impl Happening {
    pub(crate) fn event(&self) -> EventType {
        match self {
            Self::Created => EventType::Created,
            Self::Updated(_) => EventType::Updated,
            Self::Commented { .. } => EventType::Commented,
            Self::MergeAttempted => EventType::MergeAttempted,
        }
    }
}

impl World {
    /// Makes a subscription and returns its index.
    pub(crate) fn subscribe(&mut self, event: EventType, settings: Subscription, created_by: usize) -> usize {
        let (queue, attended) = mpsc::unbounded_channel();
        let index = self.subscriptions.len();
        let id = self.guid();
        self.subscriptions.push(SubscriptionRecord {
            id,
            event,
            settings,
            status: SubscriptionStatus::Enabled,
            deliveries: Vec::new(),
            queue,
            held: None,
            is_doubled: false,
            created_by,
            is_deleted: false,
        });
        self.unattended.push((index, attended));
        index
    }

    pub(crate) fn happened(&mut self, happening: Happening, pull_request: u32, actor: usize) {
        let event_id = self.guid();
        self.outbox.push(Occurrence { event_id, happening, pull_request, actor, at: now() });
    }

    /// Hands what happened to the queues of the subscriptions that it concerns.
    pub(crate) fn post_outbox(&mut self) {
        for occurrence in std::mem::take(&mut self.outbox) {
            let event = occurrence.happening.event();
            for subscription in &mut self.subscriptions {
                if subscription.event == event && !subscription.is_deleted {
                    subscription.enqueue(Some(occurrence.clone()), Value::Null);
                    if subscription.is_doubled {
                        subscription.repeat_last();
                    }
                }
            }
        }
    }
}

impl SubscriptionRecord {
    /// A new notification; with `payload` already made, or rendered when it is delivered.
    pub(crate) fn enqueue(&mut self, occurrence: Option<Occurrence>, payload: Value) {
        let notification = (self.deliveries.len() as u64).saturating_add(1);
        let is_taken = self.status == SubscriptionStatus::Enabled;
        let delivery = Delivery {
            event: self.event,
            event_id: occurrence.as_ref().map(|occurrence| occurrence.event_id.clone()).unwrap_or_default(),
            notification,
            pull_request: occurrence.as_ref().map(|occurrence| occurrence.pull_request),
            attempts: Vec::new(),
            outcome: if is_taken { DeliveryOutcome::Waiting } else { DeliveryOutcome::Lost },
            payload,
        };
        self.deliveries.push(Pending { occurrence, delivery });
        if is_taken {
            self.dispatch(self.deliveries.len() - 1);
        }
    }

    /// The last notification once more, with the same ids: what a redelivery looks like.
    pub(crate) fn repeat_last(&mut self) {
        if let Some(last) = self.deliveries.len().checked_sub(1)
            && self.status == SubscriptionStatus::Enabled
        {
            self.dispatch(last);
        }
    }

    fn dispatch(&mut self, index: usize) {
        match &mut self.held {
            Some(held) => held.push_back(index),
            // Nobody listens any more when the server is being dropped.
            None => drop(self.queue.send(index)),
        }
    }

    pub(crate) fn release(&mut self, order: Order) {
        let mut held: Vec<usize> = self.held.take().unwrap_or_default().into();
        match order {
            Order::AsHappened => {}
            Order::Reversed => held.reverse(),
            Order::Shuffled(seed) => {
                use rand::{SeedableRng as _, seq::SliceRandom as _};
                held.shuffle(&mut rand::rngs::StdRng::seed_from_u64(seed));
            }
        }
        for index in held {
            self.queue.send(index).ok();
        }
    }
}
