//! Questions to a model: one question, one schema, one checked answer.
//!
//! - `roles`: which models play which role, in order
//! - `question`: what every provider is asked, and what comes back; `form`: how strictly, and how answers are read
//! - `endpoint`: the providers' protocols
//! - `calls`: one call with its keys, retries and limits; `breaker`: when the endpoint is left alone; `account`: what calls
//!   cost, and may cost
//!
//! Servers differ in what they understand of strict answers, so the form is tried from the strictest down and what a model
//! took is remembered.

mod account;
mod breaker;
mod calls;
mod endpoint;
mod form;
mod keys;
mod oauth2;
mod question;
mod roles;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

pub use account::Account;
use calls::Calls;
pub use oauth2::{OAuth2Error, TokenSource};
use question::{Question, Repair, Schema};
use review_core::{
    finding::answer::{Answer, strict_schema},
    prompt::SYSTEM,
    redaction::Redactor,
    scope::CostLimitReached,
    usage::Usage,
};
pub use roles::{ModelTable, Role};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{
    net::{HttpClients, NetError},
    settings::ModelSettings,
    store::{Store, StoreError, StoredAnswer},
    telemetry::Metrics,
};

/// Tokens that an answer may take at most; reasoning models spend most of it before the first visible one.
const MAX_ANSWER_TOKENS: u32 = 16_000;
/// And at least, however small the prompts are.
const LEAST_ANSWER_TOKENS: u32 = 4_000;
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
        matches!(self, Self::ModelMissing { .. } | Self::ContextTooLong { .. } | Self::Unavailable { is_overloaded: true, .. })
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
    calls: Calls,
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
    /// did not see.
    pub fn new(
        settings: &ModelSettings,
        http: &HttpClients,
        redactor: Redactor,
        answers: Option<Store>,
        metrics: Option<Metrics>,
        clock: fn() -> i64,
    ) -> Result<Self, ModelError> {
        let calls = Calls::new(settings, http, metrics)?;
        let (wanted, table, absent) = (settings.clone(), OnceCell::new(), Mutex::default());
        let inner = Inner { calls, wanted, table, absent, answers, redactor, clock };
        Ok(Self { inner: Arc::new(inner), account: None })
    }

    /// The same model, with everything that it answers booked on `account`, and nothing asked past its ceilings.
    #[must_use]
    pub fn on(&self, account: Account) -> Self {
        Self { inner: Arc::clone(&self.inner), account: Some(Arc::new(account)) }
    }

    /// Which models play which role; asks the endpoint for its list once, and again until that succeeded.
    pub async fn table(&self) -> Result<&ModelTable, ModelError> {
        self.inner
            .table
            .get_or_try_init(|| async {
                let listed = self.inner.calls.list().await?;
                let table = ModelTable::resolve(&self.inner.wanted, listed.as_deref());
                tracing::info!(%table, "models");
                for model in table.without_price(&self.inner.wanted.prices) {
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
        let (pack, instruction) = (self.inner.redactor.redact(pack).text, self.inner.redactor.redact(instruction).text);
        let (pack, instruction) = (pack.as_ref(), instruction.as_ref());
        let mut first_error = None;
        for model in self.inner.present(self.table().await?.of(role)) {
            let error = match self.inner.ask(role, &model, (pack, instruction), self.account.as_deref(), cancel).await {
                Err(error) if error.may_be_the_models() => error,
                result => return result,
            };
            tracing::warn!(role = role.word(), model, %error, "this model cannot answer; the next one of its role stands in, if there is one");
            if !matches!(error, ModelError::ContextTooLong { .. }) {
                self.inner.leave_alone(&model, Instant::now());
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
        self.inner.calls.address()
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

    /// The stored answer of this model, or a new one.
    async fn ask<A: Answer>(
        &self,
        role: Role,
        model: &str,
        (pack, instruction): (&str, &str),
        account: Option<&Account>,
        cancel: &CancellationToken,
    ) -> Result<Reply<A>, ModelError> {
        let fingerprint = fingerprint::<A>(model, pack, instruction);
        if let Some(store) = &self.answers
            && let Some(stored) = store.answer(&fingerprint).await?
            && let Ok(answer) = form::parse::<A>(&stored.content)
        {
            tracing::debug!(model, schema = A::NAME, "answer taken from the store");
            return Ok(Reply { answer, usage: stored.usage, model: model.to_owned() });
        }
        if let Some(account) = account {
            account.check().await?;
        }
        let (answer, content, usage) = tokio::select! {
            () = cancel.cancelled() => return Err(ModelError::Cancelled),
            result = self.answer::<A>(role, model, (pack, instruction), account) => result?,
        };
        if let Some(store) = &self.answers {
            store.store_answer(&fingerprint, &StoredAnswer { content, usage }, (self.clock)()).await?;
        }
        Ok(Reply { answer, usage, model: model.to_owned() })
    }

    /// A new answer with at most one repair: asks, checks, and when the answer does not parse asks again with the reason.
    async fn answer<A: Answer>(
        &self,
        role: Role,
        model: &str,
        (pack, instruction): (&str, &str),
        account: Option<&Account>,
    ) -> Result<(A, String, Usage), ModelError> {
        let mut question = Question {
            system: SYSTEM,
            pack,
            instruction,
            repairs: Vec::new(),
            schema: Schema { name: A::NAME, json: strict_schema::<A>() },
            max_tokens: answer_tokens(self.wanted.prompt_tokens),
        };
        let mut usage = Usage::default();
        loop {
            let completion = self.calls.completion(role, model, &question).await?;
            usage += completion.usage;
            let cost = completion.usage.cost_words().map(tracing::field::display);
            tracing::debug!(role = role.word(), model, usage = ?completion.usage, cost, "model answered");
            if let Some(account) = account {
                account.book(role, model, completion.usage).await?;
            }
            let problem = match form::parse::<A>(&completion.content) {
                Ok(answer) => return Ok((answer, completion.content, usage)),
                Err(problem) if completion.cut => format!("the answer was cut at its token limit ({problem})"),
                Err(problem) => problem,
            };
            if !question.repairs.is_empty() {
                return Err(ModelError::BadAnswer { model: model.to_owned(), schema: A::NAME, problem });
            }
            tracing::warn!(model, schema = A::NAME, %problem, "the answer does not parse; asking once more");
            let complaint = format!(
                "That is not valid: {problem}. Answer again, with one JSON object of the schema `{}` and nothing else. Be brief.",
                A::NAME
            );
            question.repairs.push(Repair { answer: form::excerpt(&completion.content), complaint });
        }
    }
}

/// As many as the prompt may hold, within bounds: whoever sets `PROMPT_TOKENS` for a small context has no 16,000 more, and
/// servers refuse a limit that cannot fit.
fn answer_tokens(prompt_tokens: usize) -> u32 {
    u32::try_from(prompt_tokens).unwrap_or(u32::MAX).clamp(LEAST_ANSWER_TOKENS, MAX_ANSWER_TOKENS)
}

/// SHA-256 of everything that decides the answer.
fn fingerprint<A: Answer>(model: &str, pack: &str, instruction: &str) -> String {
    let mut hash = Sha256::new();
    for part in [model, A::NAME, SYSTEM, pack, instruction] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(hash.finalize())
}

/// Tokens of a text as OpenAI's newer models count them (`o200k_base`); close enough for the others' budgets.
pub fn count_tokens(text: &str) -> usize {
    tiktoken_rs::o200k_base_singleton().encode_ordinary(text).len()
}

#[cfg(test)]
mod tests {
    use review_core::finding::answer::{ResolutionAnswer, VerdictAnswer};

    use super::{answer_tokens, fingerprint};

    #[test]
    fn an_answer_may_be_as_long_as_the_prompt_within_bounds() {
        assert_eq!([2_000, 8_000, 60_000, usize::MAX].map(answer_tokens), [4_000, 8_000, 16_000, 16_000]);
    }

    #[test]
    fn every_part_of_a_question_makes_it_another_one() {
        let one = fingerprint::<VerdictAnswer>("m", "pack", "ask");
        assert_eq!(one, fingerprint::<VerdictAnswer>("m", "pack", "ask"));
        for other in [
            fingerprint::<ResolutionAnswer>("m", "pack", "ask"),
            fingerprint::<VerdictAnswer>("n", "pack", "ask"),
            fingerprint::<VerdictAnswer>("m", "packa", "sk"),
            fingerprint::<VerdictAnswer>("m", "pack", "other"),
        ] {
            assert_ne!(one, other);
        }
    }
}
