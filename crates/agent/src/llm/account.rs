//! What the questions of a pull request cost: booked by the call, and refused at the ceiling.

use review_core::{
    pull_request::PullRequestKey,
    scope::{CostLimits, Spent},
    usage::Usage,
};

use super::{ModelError, Role};
use crate::store::{Store, StoreError};

/// Where calls are booked, and what they may cost.
#[derive(Debug, Clone)]
pub struct Account {
    pub store: Store,
    pub pull_request: PullRequestKey,
    pub limits: CostLimits,
    /// For what the questions are asked anew, though they may have been answered before: the request of a full review. Answers
    /// of one occasion are stored for that occasion.
    pub occasion: Option<String>,
    pub clock: fn() -> i64,
}

impl Account {
    /// Before a question is asked that would be paid for. Those that are under way are not cut, so a ceiling is overshot by as
    /// many as a run asks at once.
    pub(super) async fn check(&self) -> Result<(), ModelError> {
        let Self { store, pull_request, limits, clock, .. } = self;
        if !limits.are_set() {
            return Ok(());
        }
        let on_pull_request = store.spent_on_pull_request(pull_request).await?.cost;
        let today = store.spent_on_day(clock()).await?.cost;
        limits.reached(Spent { on_pull_request, today }).map_or(Ok(()), |reached| Err(ModelError::CostLimit(reached)))
    }

    /// Whatever becomes of the answer: a run that is cut, or whose answer is of no use, was paid for too.
    pub(super) async fn book(&self, role: Role, model: &str, usage: Usage) -> Result<(), StoreError> {
        self.store.record_spending(&self.pull_request, role.word(), model, usage, (self.clock)()).await
    }
}
