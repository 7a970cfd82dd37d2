//! Tokens for the model endpoint from an `OAuth2` server, by the client-credentials grant (RFC 6749, section 4.4).
//!
//! The client's credentials travel in the form (section 2.3.1), as Microsoft's identity platform documents it. A token is kept
//! until shortly before its end; any number of callers wait for one request; a token that the model endpoint refused is thrown
//! away once, however many calls it was refused for.

mod grant;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{
    FutureExt as _,
    future::{BoxFuture, Shared, WeakShared},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use self::grant::{Fresh, Grant};
use crate::{
    net::{HttpClients, NetError},
    settings::OAuth2Settings,
};

/// One request with its answer.
const REQUEST: Duration = Duration::from_secs(20);
/// All attempts of one token together.
const BUDGET: Duration = Duration::from_secs(45);
/// A token is replaced so long before its end at most, so that none ends on its way to a model that thinks for minutes.
const LONGEST_MARGIN: Duration = Duration::from_mins(5);
/// And after this part of its life at least: short ones are used too.
const MARGIN_PART: u32 = 5;
/// A token that could not be replaced, and is good for a while yet, is used for so long before the next attempt.
const NEXT_ATTEMPT: Duration = Duration::from_secs(30);

/// Why there is no token. Every text names the endpoint, without a query, and holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuth2Error {
    /// The endpoint does not give us a token, and would not the next time.
    #[error("{endpoint} gave no token: {message}; check {variables}")]
    Refused { endpoint: String, message: String, variables: &'static str },
    /// Something answered that is no token endpoint, or not one for bearer tokens.
    #[error("{endpoint} gave no token: {problem}; check OAUTH2_ENDPOINT")]
    BadAnswer { endpoint: String, problem: String },
    /// No answer, or an error that passes, after every attempt.
    #[error("{endpoint} gave no token: {problem}")]
    Unavailable { endpoint: String, problem: String, retry_after: Option<Duration> },
}

/// The tokens of one client at one endpoint. Cheap to clone; clones share the token.
#[derive(Clone)]
pub struct TokenSource {
    inner: Arc<Inner>,
}

struct Inner {
    grant: Grant,
    state: Mutex<State>,
    clock: Box<dyn Fn() -> Instant + Send + Sync>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// The request under way. It lives as long as anybody waits for it, so one caller that is cancelled takes it from nobody,
    /// and when the last one is, the next caller does not take up a request that stood still meanwhile.
    refresh: Option<WeakShared<Refresh>>,
}

type Refresh = BoxFuture<'static, Result<SecretString, OAuth2Error>>;

struct Kept {
    token: SecretString,
    refresh_at: Instant,
    expires_at: Instant,
}

impl TokenSource {
    /// Asks nobody yet.
    pub fn new(settings: &OAuth2Settings, http: &HttpClients) -> Result<Self, NetError> {
        let grant = Grant::new(settings, http.client(REQUEST)?, REQUEST, BUDGET);
        Ok(Self::with(grant, Instant::now))
    }

    fn with(grant: Grant, clock: impl Fn() -> Instant + Send + Sync + 'static) -> Self {
        Self { inner: Arc::new(Inner { grant, state: Mutex::default(), clock: Box::new(clock) }) }
    }

    /// The address that tokens come from, for messages.
    pub fn endpoint(&self) -> &str {
        self.inner.grant.endpoint()
    }

    /// A token that is good for a while yet: the one that is kept, or a new one. Within 45 seconds.
    ///
    /// While the endpoint has troubles the old token is given as long as it is good.
    pub async fn token(&self) -> Result<SecretString, OAuth2Error> {
        let refresh = match self.inner.kept_or_refresh() {
            Ok(token) => return Ok(token),
            Err(refresh) => refresh,
        };
        refresh.await
    }

    /// Throws the token away that the model endpoint refused. A newer one stays, so of many calls that are refused at the same
    /// moment the first one makes the next [`Self::token`] ask, and the others find what it got.
    pub fn invalidate(&self, refused: &SecretString) {
        let mut state = self.inner.lock();
        if state.kept.as_ref().is_some_and(|kept| kept.token.expose_secret() == refused.expose_secret()) {
            state.kept = None;
        }
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token that is kept, or else the request to wait for.
    fn kept_or_refresh(self: &Arc<Self>) -> Result<SecretString, Shared<Refresh>> {
        let mut state = self.lock();
        if let Some(kept) = state.kept.as_ref().filter(|kept| (self.clock)() < kept.refresh_at) {
            return Ok(kept.token.clone());
        }
        if let Some(under_way) = state.refresh.as_ref().and_then(WeakShared::upgrade) {
            return Err(under_way);
        }
        let refresh = Arc::clone(self).refresh().boxed().shared();
        state.refresh = refresh.downgrade();
        Err(refresh)
    }

    async fn refresh(self: Arc<Self>) -> Result<SecretString, OAuth2Error> {
        let asked_at = (self.clock)();
        let asked = self.grant.ask().await;
        let now = (self.clock)();
        let mut state = self.lock();
        state.refresh = None;
        match asked {
            Ok(fresh) => {
                let token = fresh.token.clone();
                tracing::debug!(endpoint = self.grant.endpoint(), lifetime = ?fresh.lifetime, "a token for the model endpoint");
                state.kept = Some(Kept::new(fresh, asked_at));
                Ok(token)
            }
            Err(error) => match state.kept.as_mut().filter(|kept| now < kept.expires_at) {
                Some(kept) => {
                    tracing::warn!(%error, "the token for the model endpoint was not replaced; the old one is good for a while yet");
                    kept.refresh_at = later(now, NEXT_ATTEMPT).min(kept.expires_at);
                    Ok(kept.token.clone())
                }
                None => Err(error),
            },
        }
    }
}

impl Kept {
    /// Counted from the moment of the question: the answer may have taken its time.
    fn new(Fresh { token, lifetime }: Fresh, asked_at: Instant) -> Self {
        let margin = (lifetime / MARGIN_PART).min(LONGEST_MARGIN);
        Self { token, refresh_at: later(asked_at, lifetime.saturating_sub(margin)), expires_at: later(asked_at, lifetime) }
    }
}

/// A moment that no clock can hold is now.
fn later(moment: Instant, by: Duration) -> Instant {
    moment.checked_add(by).unwrap_or(moment)
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("TokenSource").field("endpoint", &self.endpoint()).finish_non_exhaustive()
    }
}
