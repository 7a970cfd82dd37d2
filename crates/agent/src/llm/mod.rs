//! Questions to a model: one question, one schema, one checked answer.
//!
//! - `roles`: which models play which role, in order
//! - `question`: what every provider is asked, and what comes back; `form`: how strictly, and how answers are read
//! - `endpoint`: the providers' protocols
//! - `answer`: one question until it is answered: tools, repairs, what was paid for before; `begun`: when an answer begins to come
//! - `calls`: one call with its keys, retries and limits; `breaker`: when the endpoint is left alone; `budget`: what is left of a rate limit; `account`: what calls
//!   cost, and may cost
//! - `source`: the endpoint, or what stands in its place; `recording`: exchanges that are kept, and played again
//!
//! Servers differ in what they understand of strict answers, so the form is tried from the strictest down and what a model
//! took is remembered.

mod account;
mod answer;
mod begun;
mod breaker;
mod budget;
mod calls;
mod endpoint;
mod form;
mod keys;
mod oauth2;
mod question;
mod recording;
mod roles;
mod source;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

pub use account::Account;
use answer::Asked;
pub use answer::Looks;
pub use begun::Begun;
pub use oauth2::{OAuth2Error, TokenSource};
pub use question::{Tool, ToolUse, Toolbox};
pub use recording::{MissingExchange, RecordingError};
use review_core::{finding::answer::Answer, redaction::Redactor, scope::CostLimitReached, usage::Usage};
pub use roles::{ModelTable, Role};
use source::Source;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    net::{HttpClients, NetError},
    settings::ModelSettings,
    store::{Store, StoreError},
    telemetry::Metrics,
};

/// A model that is not there, or that was overloaded past its deadline, is left alone for so long while others stand in.
const ABSENT_FOR: Duration = Duration::from_mins(10);

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error("LLM_PROVIDER={0} is not part of this build: it was made without the cargo feature `{1}`")]
    Unsupported(&'static str, &'static str),
    #[error("no LLM_PROVIDER is configured")]
    NotConfigured,
    #[error(transparent)]
    Net(#[from] NetError),
    /// No token for the endpoint.
    #[error(transparent)]
    OAuth2(#[from] OAuth2Error),
    /// Every key, or every token, was refused.
    #[error("{endpoint} refused everything that {variable} gave: {message}")]
    Unauthorized { endpoint: String, variable: &'static str, message: String },
    /// No such model or deployment, or not for this account.
    #[error(
        "{endpoint} has no model {model} for us: {message}; set MODEL_LIGHT, MODEL_MEDIUM or MODEL_HEAVY, or the deployment's name"
    )]
    ModelMissing { endpoint: String, model: String, message: String },
    #[error("{model} cannot take a request of this size: {message}")]
    ContextTooLong { model: String, message: String },
    /// The request itself is refused; the same request would be refused again.
    #[error("{endpoint} refused the request to {model}: {message}")]
    Refused { endpoint: String, model: String, message: String },
    /// No answer within the time, or only errors that pass.
    #[error("{endpoint} gave no answer from {model}: {problem}")]
    Unavailable {
        endpoint: String,
        model: String,
        problem: String,
        /// The endpoint answered, and not with an answer of the model.
        is_overloaded: bool,
        retry_after: Option<Duration>,
    },
    /// Answered, but not in the schema, and not after being asked again.
    #[error("{model} did not answer in the schema {schema}: {problem}")]
    BadAnswer { model: String, schema: &'static str, problem: String },
    /// Not asked.
    #[error("not asked: {}", .0.sentence())]
    CostLimit(CostLimitReached),
    #[error("cancelled")]
    Cancelled,
    /// The exchanges cannot be recorded, or the recording has no answer.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ModelError {
    /// Other questions of the run may be answered all the same.
    pub fn is_about_this_question(&self) -> bool {
        matches!(self, Self::BadAnswer { .. } | Self::ContextTooLong { .. } | Self::Refused { .. } | Self::ModelMissing { .. })
    }

    /// The endpoint is away, or does not let us in: an operator or time will mend it, no other question or model.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unauthorized { .. } | Self::OAuth2(_) | Self::ModelMissing { .. })
    }

    /// Another model at the same endpoint may do what this one could not.
    fn may_be_the_models(&self) -> bool {
        let is_the_models = matches!(
            self,
            Self::ModelMissing { .. } | Self::ContextTooLong { .. } | Self::Unavailable { is_overloaded: true, .. }
        );
        is_the_models || self.is_not_recorded()
    }

    /// When the run was recorded, this model may have been left alone already.
    fn is_not_recorded(&self) -> bool {
        matches!(self, Self::Recording(RecordingError::Missing(_)))
    }
}

/// A checked answer and what it took.
#[derive(Debug, Clone)]
pub struct Reply<A> {
    pub answer: A,
    pub usage: Usage,
    /// The model that gave it.
    pub model: String,
}

/// The model endpoint with its roles. Cheap to clone.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
    /// None for one-off runs of the CLI.
    account: Option<Arc<Account>>,
}

struct Inner {
    source: Source,
    wanted: ModelSettings,
    table: OnceCell<ModelTable>,
    /// Models that are left alone, and until when.
    absent: Mutex<HashMap<String, Instant>>,
    /// Answers that were paid for; None for one-off runs of the CLI.
    answers: Option<Store>,
    redactor: Redactor,
    clock: fn() -> i64,
}

impl Model {
    /// `answers` keeps every checked answer, so that a run that was cut does not pay twice. Nothing leaves that `redactor`
    /// did not see. A replay keeps no answers: they are kept already.
    pub fn new(
        settings: &ModelSettings,
        http: &HttpClients,
        redactor: Redactor,
        answers: Option<Store>,
        metrics: Option<Metrics>,
        clock: fn() -> i64,
    ) -> Result<Self, ModelError> {
        let source = Source::new(settings, http, &redactor, metrics)?;
        let answers = answers.filter(|_| !source.is_replay());
        let (wanted, table, absent) = (settings.clone(), OnceCell::new(), Mutex::default());
        let inner = Inner { source, wanted, table, absent, answers, redactor, clock };
        Ok(Self { inner: Arc::new(inner), account: None })
    }

    /// The same model, with everything that it answers booked on `account`, and nothing asked past its ceilings. What a
    /// recording answers costs nothing.
    #[must_use]
    pub fn on(&self, account: Account) -> Self {
        let account = Some(account).filter(|_| !self.inner.source.is_replay());
        Self { inner: Arc::clone(&self.inner), account: account.map(Arc::new) }
    }

    /// Which models play which role; asks the endpoint for its list once, and again until that succeeded.
    pub async fn table(&self) -> Result<&ModelTable, ModelError> {
        self.inner
            .table
            .get_or_try_init(|| async {
                let Inner { source, wanted, .. } = &*self.inner;
                let table = source.table(wanted).await?;
                tracing::info!(%table, "models");
                let priced = if source.is_replay() { Vec::new() } else { table.without_price(&wanted.prices) };
                for model in priced {
                    tracing::warn!(
                        model,
                        "no price is known: what this model costs is not counted, and no ceiling holds it; set MODEL_PRICES"
                    );
                }
                Ok(table)
            })
            .await
    }

    /// Asks one question of the first model that can answer it. `pack` is the part that all questions of a run share, byte for
    /// byte; `instruction` follows it.
    ///
    /// When a model is not there, is overloaded past its deadline, or takes no request of this size, the next one of the role
    /// is asked; when none can, the error is that of the first.
    pub async fn ask<A: Answer>(
        &self,
        role: Role,
        pack: &str,
        instruction: &str,
        cancel: &CancellationToken,
    ) -> Result<Reply<A>, ModelError> {
        self.investigate(role, pack, instruction, None, None, cancel).await
    }

    /// The same, with tools that the model may use before it answers. A model that takes no tools answers at once. `begun` is
    /// told when the first of what the model says begins to come.
    pub async fn investigate<A: Answer>(
        &self,
        role: Role,
        pack: &str,
        instruction: &str,
        looks: Option<&Looks<'_>>,
        begun: Option<&Begun>,
        cancel: &CancellationToken,
    ) -> Result<Reply<A>, ModelError> {
        let _told_at_the_latest = begun.map(Begun::at_the_latest);
        let (pack, instruction) = (self.inner.redactor.redact(pack).text, self.inner.redactor.redact(instruction).text);
        let asked = Asked { role, pack: pack.as_ref(), instruction: instruction.as_ref(), looks, begun };
        let mut first_error = None;
        for model in self.inner.present(self.table().await?.of(role)) {
            let answer = tokio::select! {
                () = cancel.cancelled() => return Err(ModelError::Cancelled),
                answer = self.inner.ask(&model, &asked, self.account.as_deref()) => answer,
            };
            let error = match answer {
                Err(error) if error.may_be_the_models() => error,
                result => return result,
            };
            if !error.is_not_recorded() {
                tracing::warn!(role = role.word(), model, %error, "this model cannot answer; the next one of its role stands in, if there is one");
                // In a recording it answered whatever was asked of it before or beside this.
                if !matches!(error, ModelError::ContextTooLong { .. }) && !self.inner.source.is_replay() {
                    self.inner.leave_alone(&model, Instant::now());
                }
            }
            first_error.get_or_insert(error);
        }
        Err(first_error.unwrap_or(ModelError::NotConfigured))
    }

    /// What takes secrets out of everything that is asked. Whole texts are given to it before they are cut into lines: a line
    /// alone does not always tell that it is part of a secret.
    pub fn redactor(&self) -> &Redactor {
        &self.inner.redactor
    }

    /// Where questions go, for messages.
    pub fn endpoint(&self) -> &str {
        self.inner.source.address()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Model").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}

impl Inner {
    /// Those that are not left alone; all when there is no other.
    fn present(&self, models: &[String]) -> Vec<String> {
        let (absent, now) = (self.absent.lock().unwrap_or_else(PoisonError::into_inner), Instant::now());
        let is_here = |model: &&String| absent.get(*model).is_none_or(|until| *until <= now);
        let present: Vec<String> = models.iter().filter(is_here).cloned().collect();
        if present.is_empty() { models.to_vec() } else { present }
    }

    fn leave_alone(&self, model: &str, now: Instant) {
        let Some(until) = now.checked_add(ABSENT_FOR) else { return };
        self.absent.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), until);
    }
}

/// Tokens of a text as OpenAI's newer models count them (`o200k_base`); close enough for the others' budgets.
pub fn count_tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}
