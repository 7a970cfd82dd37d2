//! One call to the endpoint, through whatever passes: rate limits, errors of the server, a key that is refused, a form that
//! the server does not understand.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use review_core::{
    price::PriceList,
    retry::{Decision, Outcome, decide},
};
use tokio::{sync::Semaphore, time::Instant};

use super::{
    ModelError, Role, TokenSource,
    breaker::{Breaker, Open},
    budget::Remaining,
    endpoint::Endpoint,
    form::Form,
    keys::{Credential, KeyRing},
    question::{Completion, Failure, Question},
};
use crate::{
    net::{Gate, HttpClients},
    settings::ModelSettings,
    telemetry::Metrics,
};

/// Calls under way at once, over all reviews: more only moves the queue into the provider's rate limit.
const CONCURRENT_CALLS: usize = 8;
/// All attempts of one call together, in times of `LLM_TIMEOUT`.
const BUDGET_FACTOR: u32 = 2;
/// A key that is refused, or whose account is empty, is left alone for so long while others work.
const REFUSED_KEY_RESTS: Duration = Duration::from_mins(5);
/// Longest pause that is believed; nonsense in a header shall not silence a model for years.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);
/// A key that is rate limited, when the server does not say for how long.
const LIMITED_KEY_RESTS: Duration = Duration::from_secs(10);

pub(super) struct Calls {
    endpoint: Endpoint,
    keys: KeyRing,
    /// Of the service that stands in front of the endpoint.
    tokens: Option<TokenSource>,
    timeout: Duration,
    /// What each model was found to understand.
    forms: Mutex<HashMap<String, Form>>,
    permits: Semaphore,
    /// By model: providers count what each is asked by itself.
    gates: Mutex<HashMap<String, Arc<Gate>>>,
    breaker: Breaker,
    /// By model, what the provider said is left of its rate limit.
    remaining: Mutex<HashMap<String, Remaining>>,
    prices: PriceList,
    metrics: Option<Metrics>,
}

impl Calls {
    pub(super) fn new(settings: &ModelSettings, http: &HttpClients, metrics: Option<Metrics>) -> Result<Self, ModelError> {
        let (endpoint, keys) = Endpoint::new(&settings.provider, settings.timeout, http)?;
        let tokens = settings.oauth2.as_ref().map(|oauth2| TokenSource::new(oauth2, http)).transpose()?;
        Ok(Self {
            endpoint,
            keys: KeyRing::new(keys),
            tokens,
            timeout: settings.timeout,
            forms: Mutex::default(),
            permits: Semaphore::new(CONCURRENT_CALLS),
            gates: Mutex::default(),
            breaker: Breaker::default(),
            remaining: Mutex::default(),
            prices: settings.prices.clone(),
            metrics,
        })
    }

    /// For messages.
    pub(super) fn address(&self) -> &str {
        self.endpoint.address()
    }

    pub(super) async fn completion(&self, role: Role, model: &str, question: &Question<'_>) -> Result<Completion, ModelError> {
        let started = Instant::now();
        let gate = self.gate(model);
        let budget = self.timeout * BUDGET_FACTOR;
        let mut attempt = 1;
        let mut refused = 0;
        loop {
            gate.pass(budget.saturating_sub(started.elapsed())).await.map_err(|wait| self.asked_to_wait(model, wait))?;
            let rest_of_budget = budget.saturating_sub(started.elapsed());
            self.breaker.pass(rest_of_budget).await.map_err(|open| self.left_alone(model, &open))?;
            if let Some(wait) = self.budget_wait(model, question.bytes()) {
                gate.hold(wait.min(LONGEST_PAUSE));
                continue;
            }
            let form = self.form_of(model);
            let credential = self.credential().await?;
            if let Some(begun) = question.begun.filter(|_| !form.stream) {
                begun.tell();
            }
            let answer = {
                // The semaphore is never closed.
                let _permit = self.permits.acquire().await.ok();
                self.endpoint.complete(&credential, model, question, form).await
            };
            if let Some(begun) = question.begun {
                begun.tell();
            }
            self.note(&answer);
            let failure = match answer {
                Ok(mut completion) => {
                    self.prices.charge(model, &mut completion.usage);
                    if let Some(remaining) = completion.remaining {
                        self.remaining.lock().unwrap_or_else(PoisonError::into_inner).insert(model.to_owned(), remaining);
                    }
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
            if failure.is_model_missing() {
                let (endpoint, model) = (self.address().to_owned(), model.to_owned());
                return Err(ModelError::ModelMissing { endpoint, model, message: failure.message });
            }
            if failure.is_context_too_long() {
                return Err(ModelError::ContextTooLong { model: model.to_owned(), message: failure.message });
            }
            if failure.is_unauthorized() {
                refused += 1;
                if self.has_another_after(&credential, refused) {
                    continue;
                }
                return Err(self.unauthorized(failure));
            }
            if failure.is_out_of_quota() {
                self.rest(&credential, REFUSED_KEY_RESTS);
                if self.keys.all_set_aside(Instant::now()) {
                    return Err(self.give_up(model, Failure { retry_after: Some(REFUSED_KEY_RESTS), ..failure }));
                }
                continue;
            }
            if let Some(weaker) = self.endpoint.weaker_form(form, &failure, question) {
                tracing::info!(model, from = ?form, to = ?weaker, message = failure.message, "the endpoint does not take this form of request");
                self.remember_form(model, weaker);
                continue;
            }
            if failure.status == Some(429) && self.keys.len() > 1 {
                self.rest(&credential, failure.retry_after.unwrap_or(LIMITED_KEY_RESTS));
            } else if let (Some(429 | 503 | 529), Some(pause)) = (failure.status, failure.retry_after) {
                // Whoever asks this model next need not be told as well.
                gate.hold(pause.min(LONGEST_PAUSE));
            }
            let outcome = failure.status.map_or(Outcome::NoAnswer, Outcome::Status);
            match decide(attempt, outcome, failure.retry_after, started.elapsed(), budget, rand::random()) {
                Decision::Retry(pause) => {
                    tracing::warn!(model, attempt, ?pause, problem = failure.message, "model call failed; trying again");
                    crate::net::pause(pause).await;
                    attempt += 1;
                }
                Decision::GiveUp => return Err(self.give_up(model, failure)),
            }
        }
    }

    /// Names of the models that the endpoint lists; None when it has no list.
    pub(super) async fn list(&self) -> Result<Option<Vec<String>>, ModelError> {
        let mut refused = 0;
        loop {
            let credential = self.credential().await?;
            match self.endpoint.list(&credential).await {
                Ok(names) => return Ok(names),
                Err(failure) if failure.is_unauthorized() => {
                    refused += 1;
                    if !self.has_another_after(&credential, refused) {
                        return Err(self.unauthorized(failure));
                    }
                }
                // A server without a list (404, 405) is an endpoint like any other.
                Err(failure) if failure.status.is_some_and(|status| status < 500 && status != 429) => return Ok(None),
                Err(failure) => return Err(self.give_up("the list of models", failure)),
            }
        }
    }

    fn gate(&self, model: &str) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(model.to_owned()).or_default())
    }

    /// How long a request of so many bytes had better wait, by what the provider said is left. One that need not is taken off
    /// what is left. With several keys each has a limit of its own, and the next one is asked instead.
    fn budget_wait(&self, model: &str, bytes: usize) -> Option<Duration> {
        let mut remaining = self.remaining.lock().unwrap_or_else(PoisonError::into_inner);
        let left = remaining.get_mut(model).filter(|_| self.keys.len() <= 1)?;
        let wait = left.wait(bytes, Instant::now());
        match wait {
            None => left.take(bytes),
            // A request that never fits is the provider's to refuse.
            Some(_) => drop(remaining.remove(model)),
        }
        wait
    }

    /// Tells the breaker and the metrics what came of a call.
    fn note(&self, answer: &Result<Completion, Failure>) {
        match answer {
            Err(failure) if failure.status.is_none_or(|status| status >= 500) => {
                if self.breaker.failed(&failure.message, Instant::now()) {
                    tracing::error!(
                        endpoint = self.address(),
                        problem = failure.message,
                        "the model endpoint fails again and again; it is left alone for a while"
                    );
                }
            }
            _ => self.breaker.answered(),
        }
        if let Some(metrics) = &self.metrics {
            metrics.model_endpoint_open(self.breaker.is_open());
        }
    }

    fn asked_to_wait(&self, model: &str, wait: Duration) -> ModelError {
        let message = format!("the endpoint asked for a pause; {} s of it are left", wait.as_secs());
        self.give_up(model, Failure { status: Some(429), message, code: None, retry_after: Some(wait) })
    }

    fn left_alone(&self, model: &str, open: &Open) -> ModelError {
        let message = format!("{} for {} s", open.problem, open.rest.as_secs().max(1));
        self.give_up(model, Failure { retry_after: Some(open.rest), ..Failure::unanswered(message) })
    }

    async fn credential(&self) -> Result<Credential, ModelError> {
        let token = match &self.tokens {
            Some(tokens) => Some(tokens.token().await?),
            None => None,
        };
        Ok(Credential { key: self.keys.pick(Instant::now()), token })
    }

    /// Puts a refused credential aside, the `refused`th of this question; whether there is another to try. A token may have
    /// been withdrawn before its time, so a new one is asked for once.
    fn has_another_after(&self, credential: &Credential, refused: usize) -> bool {
        if let (Some(tokens), Some(token)) = (&self.tokens, &credential.token) {
            tokens.invalidate(token);
            return refused < 2;
        }
        self.rest(credential, REFUSED_KEY_RESTS);
        refused < self.keys.len()
    }

    fn rest(&self, credential: &Credential, pause: Duration) {
        if let Some(key) = &credential.key {
            self.keys.set_aside(key.index, Instant::now(), pause);
        }
    }

    fn unauthorized(&self, failure: Failure) -> ModelError {
        ModelError::Unauthorized {
            endpoint: self.address().to_owned(),
            variable: if self.tokens.is_some() { "OAUTH2_ENDPOINT" } else { self.endpoint.key_variable() },
            message: failure.message,
        }
    }

    fn give_up(&self, model: &str, failure: Failure) -> ModelError {
        let (endpoint, model) = (self.address().to_owned(), model.to_owned());
        match failure.status {
            Some(status)
                if (400..500).contains(&status) && !matches!(status, 402 | 408 | 425 | 429) && !failure.is_out_of_quota() =>
            {
                ModelError::Refused { endpoint, model, message: failure.message }
            }
            status => ModelError::Unavailable {
                endpoint,
                model,
                problem: failure.message,
                is_overloaded: status.is_some(),
                retry_after: failure.retry_after,
            },
        }
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
