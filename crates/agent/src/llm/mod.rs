//! Questions to a model: one call, one schema, one checked answer.
//!
//! The endpoint is anything that speaks OpenAI's chat completions. Servers differ in what they understand of strict
//! answers, so the form is tried from the strictest down and what a model took is remembered.

mod form;
mod keys;
mod roles;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use form::Form;
use keys::KeyRing;
use review_core::{
    finding::answer::Answer,
    prompt::SYSTEM,
    retry::{Decision, Outcome, decide},
    usage::Usage,
};
pub use roles::{ModelTable, Role};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    net::{HttpClients, NetError},
    settings::{ModelSettings, OpenAiSettings, Provider},
    store::{Store, StoreError, StoredAnswer},
    telemetry::Metrics,
};

/// Calls under way at once, over all reviews: more only moves the queue into the provider's rate limit.
const CONCURRENT_CALLS: usize = 8;
/// Tokens that an answer may take at most; reasoning models spend most of it before the first visible one.
const MAX_ANSWER_TOKENS: u32 = 16_000;
/// And at least, however small the prompts are.
const LEAST_ANSWER_TOKENS: u32 = 4_000;
/// All attempts of one question together, in times of `LLM_TIMEOUT`.
const QUESTION_BUDGET_FACTOR: u32 = 2;
/// A key that is refused, or whose account is empty, is left alone for so long while others work.
const REFUSED_KEY_RESTS: Duration = Duration::from_mins(5);

#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    #[error(
        "LLM_PROVIDER={0} is read and checked by this version, but reviews are made through LLM_PROVIDER=openai only; set it with \
         OPENAI_BASE_URL and OPENAI_API_KEYS"
    )]
    Unsupported(&'static str),
    #[error("no LLM_PROVIDER is configured")]
    NotConfigured,
    #[error(transparent)]
    Net(#[from] NetError),
    /// Every key was refused.
    #[error("{endpoint} refused every key of OPENAI_API_KEYS ({status}): {message}")]
    Unauthorized { endpoint: String, status: u16, message: String },
    #[error("{model} cannot take a request of this size: {message}")]
    ContextTooLong { model: String, message: String },
    /// The request itself is refused; the same request would be refused again.
    #[error("{endpoint} refused the request to {model} ({status}): {message}")]
    Refused { endpoint: String, model: String, status: u16, message: String },
    /// No answer within the time, or only errors that pass.
    #[error("{endpoint} gave no answer from {model}: {problem}")]
    Unavailable { endpoint: String, model: String, problem: String, retry_after: Option<Duration> },
    /// Answered, but not in the schema, and not after being asked again.
    #[error("{model} did not answer in the schema {schema}: {problem}")]
    BadAnswer { model: String, schema: &'static str, problem: String },
    #[error("cancelled")]
    Cancelled,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A checked answer and what it took.
#[derive(Debug, Clone)]
pub struct Reply<A> {
    pub answer: A,
    pub usage: Usage,
    pub model: String,
}

/// The model endpoint with its roles. Cheap to clone.
#[derive(Clone)]
pub struct Model {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    base_url: Url,
    organization: Option<String>,
    project: Option<String>,
    keys: KeyRing,
    timeout: Duration,
    wanted: ModelSettings,
    table: OnceCell<ModelTable>,
    /// What each model was found to understand.
    forms: Mutex<HashMap<String, Form>>,
    permits: Semaphore,
    /// Answers that were paid for; None for one-off runs of the CLI.
    answers: Option<Store>,
    metrics: Option<Metrics>,
    clock: fn() -> i64,
}

impl Model {
    /// `answers` keeps every checked answer, so that a run that was cut does not pay twice.
    pub fn new(
        settings: &ModelSettings,
        http: &HttpClients,
        answers: Option<Store>,
        metrics: Option<Metrics>,
        clock: fn() -> i64,
    ) -> Result<Self, ModelError> {
        let OpenAiSettings { keys, base_url, organization, project } = match &settings.provider {
            Provider::OpenAi(openai) => openai.clone(),
            Provider::AzureOpenAi(_) => return Err(ModelError::Unsupported("azure-openai")),
            Provider::BedrockAnthropic(_) => return Err(ModelError::Unsupported("bedrock-anthropic")),
            Provider::Anthropic(_) => return Err(ModelError::Unsupported("anthropic")),
            Provider::None => return Err(ModelError::NotConfigured),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                http: http.client(settings.timeout)?,
                base_url,
                organization,
                project,
                keys: KeyRing::new(keys),
                timeout: settings.timeout,
                wanted: settings.clone(),
                table: OnceCell::new(),
                forms: Mutex::new(HashMap::new()),
                permits: Semaphore::new(CONCURRENT_CALLS),
                answers,
                metrics,
                clock,
            }),
        })
    }

    /// Which model plays which role; asks the endpoint for its list once, and again until that succeeded.
    pub async fn table(&self) -> Result<&ModelTable, ModelError> {
        self.inner
            .table
            .get_or_try_init(|| async {
                let listed = self.inner.list().await?;
                let table = ModelTable::resolve(&self.inner.wanted, listed.as_deref());
                tracing::info!(light = %table.light, medium = %table.medium, heavy = %table.heavy, "models");
                Ok(table)
            })
            .await
    }

    /// Asks one question. `pack` is the part that all questions of a run share, byte for byte; `instruction` follows it.
    pub async fn ask<A: Answer>(
        &self,
        role: Role,
        pack: &str,
        instruction: &str,
        cancel: &CancellationToken,
    ) -> Result<Reply<A>, ModelError> {
        let model = self.table().await?.of(role).to_owned();
        let fingerprint = fingerprint::<A>(&model, pack, instruction);
        if let Some(store) = &self.inner.answers
            && let Some(stored) = store.answer(&fingerprint).await?
            && let Ok(answer) = form::parse::<A>(&stored.content)
        {
            tracing::debug!(%model, schema = A::NAME, "answer taken from the store");
            return Ok(Reply { answer, usage: stored.usage, model });
        }
        let (answer, content, usage) = tokio::select! {
            () = cancel.cancelled() => return Err(ModelError::Cancelled),
            result = self.inner.question::<A>(role, &model, pack, instruction) => result?,
        };
        if let Some(store) = &self.inner.answers {
            store.store_answer(&fingerprint, &StoredAnswer { content, usage }, (self.inner.clock)()).await?;
        }
        Ok(Reply { answer, usage, model })
    }

    /// Where questions go, for messages.
    pub fn endpoint(&self) -> &str {
        self.inner.base_url.as_str()
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Model").field("base_url", &self.inner.base_url.as_str()).finish_non_exhaustive()
    }
}

impl Inner {
    /// One question with at most one repair: asks, checks, and when the answer does not parse asks again with the reason.
    async fn question<A: Answer>(
        &self,
        role: Role,
        model: &str,
        pack: &str,
        instruction: &str,
    ) -> Result<(A, String, Usage), ModelError> {
        let mut turns = vec![wire::Turn::system(SYSTEM), wire::Turn::user(format!("{pack}\n\n{instruction}"))];
        let mut usage = Usage::default();
        let mut repaired = false;
        loop {
            let completion = self.completion::<A>(role, model, &turns).await?;
            usage += completion.usage;
            let problem = match form::parse::<A>(&completion.content) {
                Ok(answer) => return Ok((answer, completion.content, usage)),
                Err(problem) if completion.cut => format!("the answer was cut at its token limit ({problem})"),
                Err(problem) => problem,
            };
            if repaired {
                return Err(ModelError::BadAnswer { model: model.to_owned(), schema: A::NAME, problem });
            }
            tracing::warn!(model, schema = A::NAME, %problem, "the answer does not parse; asking once more");
            repaired = true;
            turns.push(wire::Turn::assistant(form::excerpt(&completion.content)));
            turns.push(wire::Turn::user(format!(
                "That is not valid: {problem}. Answer again, with one JSON object of the schema `{}` and nothing else. Be brief.",
                A::NAME
            )));
        }
    }

    /// One completion, through whatever passes: rate limits, errors of the server, a key that is refused, a form that the
    /// server does not understand.
    async fn completion<A: Answer>(&self, role: Role, model: &str, turns: &[wire::Turn]) -> Result<wire::Completion, ModelError> {
        #[expect(clippy::expect_used, reason = "the semaphore is never closed")]
        let _permit = self.permits.acquire().await.expect("the semaphore is open as long as the model lives");
        let started = Instant::now();
        let budget = self.timeout * QUESTION_BUDGET_FACTOR;
        let mut attempt = 1;
        let mut refused_keys = 0;
        loop {
            let form = self.form_of(model);
            let key = self.keys.pick(Instant::now());
            let body = form.body::<A>(model, turns, answer_tokens(self.wanted.prompt_tokens));
            let result = wire::complete(&self.http, &self.base_url, self.headers(key.secret), &body).await;
            let failure = match result {
                Ok(completion) => {
                    if let Some(metrics) = &self.metrics {
                        metrics.model_answered(role.word(), model, completion.usage);
                    }
                    return Ok(completion);
                }
                Err(failure) => failure,
            };
            if let Some(metrics) = &self.metrics {
                metrics.model_failed(role.word(), model);
            }
            if failure.is_unauthorized() {
                self.keys.set_aside(key.index, Instant::now(), REFUSED_KEY_RESTS);
                refused_keys += 1;
                if refused_keys < self.keys.len() {
                    continue;
                }
                return Err(ModelError::Unauthorized {
                    endpoint: self.base_url.to_string(),
                    status: failure.status.unwrap_or_default(),
                    message: failure.message,
                });
            }
            if failure.is_out_of_quota() {
                self.keys.set_aside(key.index, Instant::now(), REFUSED_KEY_RESTS);
                if self.keys.all_set_aside(Instant::now()) {
                    return Err(self.give_up(model, wire::Failure { retry_after: Some(REFUSED_KEY_RESTS), ..failure }));
                }
                continue;
            }
            if failure.is_context_too_long() {
                return Err(ModelError::ContextTooLong { model: model.to_owned(), message: failure.message });
            }
            if let Some(weaker) = form.weaker_after(&failure) {
                tracing::info!(model, from = ?form, to = ?weaker, message = failure.message, "the endpoint does not take this form of request");
                self.remember_form(model, weaker);
                continue;
            }
            if failure.status == Some(429) && self.keys.len() > 1 {
                self.keys.set_aside(key.index, Instant::now(), failure.retry_after.unwrap_or(Duration::from_secs(10)));
            }
            let outcome = failure.status.map_or(Outcome::NoAnswer, Outcome::Status);
            match decide(attempt, outcome, failure.retry_after, started.elapsed(), budget, rand::random()) {
                Decision::Retry(pause) => {
                    tracing::warn!(model, attempt, ?pause, problem = failure.message, "model call failed; trying again");
                    #[expect(clippy::disallowed_methods, reason = "the pause that the endpoint asked for is the event")]
                    tokio::time::sleep(pause).await;
                    attempt += 1;
                }
                Decision::GiveUp => return Err(self.give_up(model, failure)),
            }
        }
    }

    fn give_up(&self, model: &str, failure: wire::Failure) -> ModelError {
        let endpoint = self.base_url.to_string();
        let model = model.to_owned();
        match failure.status {
            Some(status) if (400..500).contains(&status) && !matches!(status, 402 | 408 | 425 | 429) => {
                ModelError::Refused { endpoint, model, status, message: failure.message }
            }
            _ => ModelError::Unavailable { endpoint, model, problem: failure.message, retry_after: failure.retry_after },
        }
    }

    /// Names of the models that the endpoint lists; None when it has no list.
    async fn list(&self) -> Result<Option<Vec<String>>, ModelError> {
        for _ in 0..self.keys.len() {
            let key = self.keys.pick(Instant::now());
            match wire::list(&self.http, &self.base_url, self.headers(key.secret)).await {
                Ok(names) => return Ok(Some(names)),
                Err(failure) if failure.is_unauthorized() => {
                    self.keys.set_aside(key.index, Instant::now(), REFUSED_KEY_RESTS);
                    if self.keys.all_set_aside(Instant::now()) {
                        return Err(ModelError::Unauthorized {
                            endpoint: self.base_url.to_string(),
                            status: failure.status.unwrap_or_default(),
                            message: failure.message,
                        });
                    }
                }
                // A server without a list (404, 405) is an endpoint like any other.
                Err(failure) if failure.status.is_some_and(|status| status < 500 && status != 429) => return Ok(None),
                Err(failure) => return Err(self.give_up("/models", failure)),
            }
        }
        Ok(None)
    }

    fn headers(&self, key: &secrecy::SecretString) -> wire::Headers<'_> {
        wire::Headers { key: key.clone(), organization: self.organization.as_deref(), project: self.project.as_deref() }
    }

    fn form_of(&self, model: &str) -> Form {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        forms.get(model).copied().unwrap_or_default()
    }

    fn remember_form(&self, model: &str, form: Form) {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let known = forms.entry(model.to_owned()).or_default();
        *known = known.weakest(form);
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
