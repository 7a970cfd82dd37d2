//! Whether a review may cost something yet.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Ceilings on what reviews may cost; None: no ceiling.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CostLimits {
    /// All reviews of one pull request together.
    pub pull_request: Option<Money>,
    /// All reviews of one day (UTC) together.
    pub day: Option<Money>,
}

/// What was paid so far. Calls of models without a known price are in neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    pub on_pull_request: Money,
    pub today: Money,
}

/// The ceiling under which no other question is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum CostLimitReached {
    /// `COST_LIMIT_PULL_REQUEST`.
    PullRequest { spent: Money, limit: Money },
    /// `COST_LIMIT_DAY`.
    Day { limit: Money },
}

impl CostLimits {
    /// Whether there is any.
    pub fn are_set(&self) -> bool {
        self.pull_request.is_some() || self.day.is_some()
    }

    /// Why nothing may be asked. At the ceiling counts as over it; that of the pull request is told first, for it does not
    /// go away with the day.
    pub fn reached(&self, spent: Spent) -> Option<CostLimitReached> {
        let Spent { on_pull_request, today } = spent;
        match (self.pull_request, self.day) {
            (Some(limit), _) if on_pull_request >= limit => Some(CostLimitReached::PullRequest { spent: on_pull_request, limit }),
            (_, Some(limit)) if today >= limit => Some(CostLimitReached::Day { limit }),
            _ => None,
        }
    }
}

impl CostLimitReached {
    /// One sentence for the pull request.
    pub fn sentence(self) -> String {
        match self {
            Self::PullRequest { spent, limit } => format!(
                "The reviews of this pull request have cost about {spent}, and their ceiling is {limit}; whoever runs the agent \
                 can raise `COST_LIMIT_PULL_REQUEST`."
            ),
            // What others spent is nobody's business here.
            Self::Day { limit } => format!(
                "All reviews of today have reached their ceiling of {limit}; the next push after midnight (UTC) is reviewed, or \
                 whoever runs the agent can raise `COST_LIMIT_DAY`."
            ),
        }
    }

    /// As metrics and logs spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::PullRequest { .. } => "cost_limit_pull_request",
            Self::Day { .. } => "cost_limit_day",
        }
    }
}
