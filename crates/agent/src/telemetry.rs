//! Logs and metrics. Both are for people: nothing in the program decides by them.

use std::{
    io::IsTerminal as _,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use review_core::{
    finding::{Category, DropReason, Severity},
    learning::Label,
    scope::SkipReason,
    usage::Usage,
};
use tracing_subscriber::{
    EnvFilter, Layer as _, Registry as Subscribers, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use crate::settings::LogFormat;

#[cfg(test)]
mod tests;

#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    #[error("LOG_LEVEL={filter} cannot be read: {problem}")]
    Filter { filter: String, problem: String },
    #[error("logging is set up already: {0}")]
    SetUpAlready(String),
}

/// Sends log lines to standard error. `filter` is `LOG_LEVEL`.
pub fn init_logging(format: LogFormat, filter: &str) -> Result<(), LoggingError> {
    let filter = EnvFilter::builder()
        .parse(filter)
        .map_err(|error| LoggingError::Filter { filter: filter.to_owned(), problem: error.to_string() })?;
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Text if std::io::stderr().is_terminal() => lines.boxed(),
        LogFormat::Text => lines.with_ansi(false).boxed(),
    };
    Subscribers::default()
        .with(lines.with_filter(filter))
        .try_init()
        .map_err(|error| LoggingError::SetUpAlready(error.to_string()))
}

/// How many jobs are in which state, and for how long the oldest one whose time has come waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueGauges {
    pub queued: u64,
    pub running: u64,
    pub dead: u64,
    pub oldest_queued_age: Duration,
}

/// What is counted. Clones count together; there is no global registry.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    webhooks: Family<WebhookLabels, Counter>,
    acknowledgement: Histogram,
    jobs: Family<OutcomeLabels, Counter>,
    reviews: Family<ReviewLabels, Counter>,
    review_time: Histogram,
    posted: Family<SeverityLabels, Counter>,
    dropped: Family<ReasonLabels, Counter>,
    model_calls: Family<ModelCallLabels, Counter>,
    model_tokens: Family<TokenLabels, Counter>,
    /// 1 while the model endpoint is left alone.
    model_endpoint_open: Gauge,
    model_cost: Family<ModelLabels, Counter<f64, AtomicU64>>,
    unpriced_calls: Family<ModelLabels, Counter>,
    skipped: Family<ReasonLabels, Counter>,
    commands: Family<CommandLabels, Counter>,
    chats: Family<ResultLabels, Counter>,
    outcomes: Family<FindingLabels, Counter>,
    silent: Family<CategoryLabels, Counter>,
    azure_devops_calls: Family<StatusLabels, Counter>,
    tracker_calls: Family<TrackerLabels, Counter>,
    web_searches: Family<ResultLabels, Counter>,
    queue: Family<StateLabels, Gauge>,
    oldest_queued: Gauge<f64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabels {
    kind: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReviewLabels {
    mode: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SeverityLabels {
    severity: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelCallLabels {
    role: String,
    model: String,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    role: String,
    model: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    role: String,
    model: String,
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    category: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CommandLabels {
    command: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CategoryLabels {
    category: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabels {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TrackerLabels {
    tracker: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    pub fn new() -> Self {
        let mut inner = Inner {
            registry: Registry::with_prefix("coderabbit_agent"),
            webhooks: Family::default(),
            acknowledgement: Histogram::new([0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0, 10.0]),
            jobs: Family::default(),
            reviews: Family::default(),
            review_time: Histogram::new([1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 3600.0]),
            posted: Family::default(),
            dropped: Family::default(),
            model_calls: Family::default(),
            model_tokens: Family::default(),
            model_endpoint_open: Gauge::default(),
            model_cost: Family::default(),
            unpriced_calls: Family::default(),
            skipped: Family::default(),
            commands: Family::default(),
            chats: Family::default(),
            outcomes: Family::default(),
            silent: Family::default(),
            azure_devops_calls: Family::default(),
            tracker_calls: Family::default(),
            web_searches: Family::default(),
            queue: Family::default(),
            oldest_queued: Gauge::default(),
        };
        let registry = &mut inner.registry;
        registry.register(
            "webhooks",
            "Deliveries of service hooks, by kind of event and what became of them",
            inner.webhooks.clone(),
        );
        registry.register_with_unit(
            "webhook_acknowledgement",
            "Time from the head of a delivery to its answer",
            Unit::Seconds,
            inner.acknowledgement.clone(),
        );
        registry.register("jobs_ended", "Jobs of the queue that ended, by outcome", inner.jobs.clone());
        registry.register("reviews", "Reviews that ended, by mode and outcome", inner.reviews.clone());
        registry.register_with_unit("review", "Duration of a review", Unit::Seconds, inner.review_time.clone());
        registry.register("findings_posted", "Findings posted as threads, by severity", inner.posted.clone());
        registry.register("findings_dropped", "Candidate findings that were not posted, by reason", inner.dropped.clone());
        registry.register("model_calls", "Calls of models, by role, model and result", inner.model_calls.clone());
        registry.register("model_tokens", "Tokens of models, by role, model and direction", inner.model_tokens.clone());
        registry.register_with_unit(
            "model_cost",
            "What the answers of models cost in US dollars, by role and model; models without a known price are not in it",
            Unit::Other("dollars".to_owned()),
            inner.model_cost.clone(),
        );
        registry.register(
            "model_unpriced_calls",
            "Answers of models whose price is not known, by role and model",
            inner.unpriced_calls.clone(),
        );
        registry.register(
            "commands",
            "Commands that were answered, by their word and whether they were done",
            inner.commands.clone(),
        );
        registry.register("chats", "Comments that are no commands, by what became of them", inner.chats.clone());
        registry.register("reviews_skipped", "Reviews that were not made, by reason", inner.skipped.clone());
        registry.register(
            "finding_outcomes",
            "Posted findings whose outcome became acted on, rejected, ignored or open again, by category",
            inner.outcomes.clone(),
        );
        registry.register(
            "reviews_in_silence",
            "Reviews in a repository that hears nothing of the category, as its findings are not acted on there",
            inner.silent.clone(),
        );
        registry.register(
            "model_endpoint_left_alone",
            "1 while the model endpoint is left alone because it failed again and again",
            inner.model_endpoint_open.clone(),
        );
        registry.register(
            "azure_devops_calls",
            "Calls of Azure DevOps, by class of the status",
            inner.azure_devops_calls.clone(),
        );
        registry.register(
            "tracker_calls",
            "Issues that were looked up in trackers, by tracker and result",
            inner.tracker_calls.clone(),
        );
        registry.register("web_searches", "Searches of the web that were paid for, by result", inner.web_searches.clone());
        registry.register("queue_jobs", "Jobs in the queue, by state", inner.queue.clone());
        registry.register_with_unit(
            "queue_oldest_age",
            "Age of the oldest queued job whose time has come",
            Unit::Seconds,
            inner.oldest_queued.clone(),
        );
        Self(Arc::new(inner))
    }

    /// A delivery was answered.
    pub fn webhook(&self, kind: &'static str, result: &'static str, took: Duration) {
        self.0.webhooks.get_or_create(&WebhookLabels { kind, result }).inc();
        self.0.acknowledgement.observe(took.as_secs_f64());
    }

    pub fn job_ended(&self, outcome: &str) {
        self.0.jobs.get_or_create(&OutcomeLabels { outcome: outcome.to_owned() }).inc();
    }

    pub fn review_ended(&self, mode: &str, outcome: &str, took: Duration) {
        self.0.reviews.get_or_create(&ReviewLabels { mode: mode.to_owned(), outcome: outcome.to_owned() }).inc();
        self.0.review_time.observe(took.as_secs_f64());
    }

    /// A command was answered; `result` is `done` or `refused`.
    pub fn command(&self, command: &'static str, result: &'static str) {
        self.0.commands.get_or_create(&CommandLabels { command, result }).inc();
    }

    /// A comment that is no command was taken on; `result` is `answered`, `silent`, `bound`, `cost_limit` or `failed`.
    pub fn chat(&self, result: &'static str) {
        self.0.chats.get_or_create(&ResultLabels { result }).inc();
    }

    /// A review was not made; the pull request says why.
    pub fn review_skipped(&self, reason: &SkipReason) {
        self.0.skipped.get_or_create(&ReasonLabels { reason: reason.word().to_owned() }).inc();
    }

    pub fn finding_posted(&self, severity: Severity) {
        self.0.posted.get_or_create(&SeverityLabels { severity: severity.to_string() }).inc();
    }

    pub fn finding_dropped(&self, reason: DropReason) {
        self.0.dropped.get_or_create(&ReasonLabels { reason: word(&reason) }).inc();
    }

    /// The outcome of a posted finding became another.
    pub fn outcome(&self, category: Category, label: Label) {
        self.0.outcomes.get_or_create(&FindingLabels { category: category.key(), outcome: label.key() }).inc();
    }

    /// A review was made in a repository where the category is silent.
    pub fn reviewed_in_silence(&self, category: Category) {
        self.0.silent.get_or_create(&CategoryLabels { category: category.key() }).inc();
    }

    /// A model answered; `usage` is that of this answer.
    pub fn model_answered(&self, role: &str, model: &str, usage: Usage) {
        self.model_call(role, model, "answered");
        let Usage { input_tokens, cached_tokens, output_tokens, .. } = usage;
        let fresh = input_tokens.saturating_sub(cached_tokens);
        for (direction, tokens) in [("input", fresh), ("cached_input", cached_tokens), ("output", output_tokens)] {
            self.0
                .model_tokens
                .get_or_create(&TokenLabels { role: role.to_owned(), model: model.to_owned(), direction })
                .inc_by(tokens);
        }
        let labels = ModelLabels { role: role.to_owned(), model: model.to_owned() };
        if usage.unpriced_calls > 0 {
            self.0.unpriced_calls.get_or_create(&labels).inc_by(usage.unpriced_calls);
        } else {
            self.0.model_cost.get_or_create(&labels).inc_by(usage.cost.dollars());
        }
    }

    /// A model did not answer, or nothing that could be used.
    pub fn model_failed(&self, role: &str, model: &str) {
        self.model_call(role, model, "failed");
    }

    /// Whether the model endpoint is left alone now.
    pub fn model_endpoint_open(&self, is_open: bool) {
        self.0.model_endpoint_open.set(i64::from(is_open));
    }

    /// One HTTP exchange with Azure DevOps; 0: no answer came.
    pub fn azure_devops_call(&self, status: u16) {
        let status = match status {
            0 => "none",
            429 => "429",
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            500..=599 => "5xx",
            _ => "other",
        };
        self.0.azure_devops_calls.get_or_create(&StatusLabels { status }).inc();
    }

    /// An issue was looked up; `result` is `found`, `missing`, `refused`, `throttled` or `failed`.
    pub fn tracker_call(&self, tracker: &'static str, result: &'static str) {
        self.0.tracker_calls.get_or_create(&TrackerLabels { tracker, result }).inc();
    }

    /// The web was searched; `result` is `answered`, `refused`, `throttled` or `failed`.
    pub fn web_search(&self, result: &'static str) {
        self.0.web_searches.get_or_create(&ResultLabels { result }).inc();
    }

    /// The queue as it is now.
    pub fn queue(&self, now: QueueGauges) {
        for (state, count) in [("queued", now.queued), ("running", now.running), ("dead", now.dead)] {
            self.0.queue.get_or_create(&StateLabels { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.0.oldest_queued.set(now.oldest_queued_age.as_secs_f64());
    }

    /// Everything in the text format of `OpenMetrics` 1.0.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.0.registry) {
            // Only a writer can fail, and a String does not; half a page would read as counters that went away.
            tracing::error!(%error, "the metrics cannot be written");
            text.clear();
            text.push_str("# EOF\n");
        }
        text
    }

    fn model_call(&self, role: &str, model: &str, result: &'static str) {
        let labels = ModelCallLabels { role: role.to_owned(), model: model.to_owned(), result };
        self.0.model_calls.get_or_create(&labels).inc();
    }
}

/// The word by which a unit variant is stored, so that metrics, database and pull request say the same.
fn word<T: serde::Serialize>(variant: &T) -> String {
    match serde_json::to_value(variant) {
        Ok(serde_json::Value::String(word)) => word,
        _ => "unknown".to_owned(),
    }
}
