//! What may go wrong with a review: whether another attempt can help, and what the pull request is told.

use std::time::Duration;

use super::{analysis::AnalysisError, publish::PublishError};
use crate::{azure_devops::AzureDevOpsError, git::GitError, llm::ModelError, store::StoreError};

/// A review waits for a model or for Azure DevOps as long as this; then it is given up like any other.
const LONGEST_OUTAGE: i64 = 24 * 60 * 60 * 1_000;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_mins(10);
/// Longest pause that a server may ask for before the next attempt: nonsense in a header shall not park a review for years.
const MAX_PAUSE: Duration = Duration::from_hours(1);

#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    AzureDevOps(AzureDevOpsError),
    #[error(transparent)]
    Git(#[from] GitError),
    #[error(transparent)]
    Analysis(AnalysisError),
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The newest iteration is no longer the one that the run is about.
    #[error("the pull request moved on")]
    MovedOn,
    /// The token tripped.
    #[error("cancelled")]
    Cancelled,
}

impl From<AzureDevOpsError> for Trouble {
    fn from(error: AzureDevOpsError) -> Self {
        Self::AzureDevOps(error)
    }
}

impl From<PublishError> for Trouble {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::AzureDevOps(error) => Self::AzureDevOps(error),
            PublishError::Store(error) => Self::Store(error),
            PublishError::MovedOn => Self::MovedOn,
            PublishError::Cancelled => Self::Cancelled,
        }
    }
}

impl From<AnalysisError> for Trouble {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::Git(error) => Self::Git(error),
            AnalysisError::Model(ModelError::Cancelled) => Self::Cancelled,
            AnalysisError::Model(ModelError::Store(error)) => Self::Store(error),
            error => Self::Analysis(error),
        }
    }
}

impl Trouble {
    /// The lease ran out, or another worker has the job.
    pub(super) fn is_lost_lease(&self) -> bool {
        matches!(self, Self::Store(StoreError::LeaseLost(_)))
    }

    /// A write was refused as one to a pull request that takes no more changes.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, Self::AzureDevOps(AzureDevOpsError::Closed { .. }))
    }

    /// The word under which the job ends without a sound: the pull request or its repository is gone, or none of ours.
    pub(super) fn quiet_end(&self) -> Option<&'static str> {
        match self {
            Self::AzureDevOps(AzureDevOpsError::NotFound { .. }) => Some("not_found"),
            Self::AzureDevOps(AzureDevOpsError::NotAllowed(_)) => Some("not_allowed"),
            _ => None,
        }
    }

    /// When the next attempt should be, for what is away and will be back: attempts that could not succeed do not count. None
    /// for everything else, and after a day. `waited`: milliseconds since the review was first wanted.
    ///
    /// Each wait is half as long as all before it together, so that a short outage costs little time and a long one few
    /// attempts.
    pub(super) fn wait(&self, waited: i64) -> Option<Duration> {
        let is_away = match self {
            Self::AzureDevOps(error) => {
                matches!(error, AzureDevOpsError::Unavailable { .. } | AzureDevOpsError::Unauthorized { .. })
            }
            Self::Git(error) => matches!(error, GitError::Unauthorized { .. }),
            Self::Analysis(AnalysisError::Model(error)) => error.is_outage(),
            _ => false,
        };
        let waited_so_far = Duration::from_millis(u64::try_from(waited).unwrap_or_default());
        let by_age = (waited_so_far / 2).clamp(FIRST_WAIT, LONGEST_WAIT);
        (is_away && waited < LONGEST_OUTAGE).then(|| self.retry_after().unwrap_or(by_age).max(FIRST_WAIT))
    }

    /// Another attempt at the same change would end the same way. What an operator mends (a key, a token, a limit of the
    /// service) is worth another attempt.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Self::AzureDevOps(error) => matches!(error, AzureDevOpsError::Forbidden { .. } | AzureDevOpsError::NotSent { .. }),
            Self::Git(error) => matches!(error, GitError::TooLarge { .. } | GitError::UnusableUrl { .. }),
            Self::Analysis(AnalysisError::Model(error)) => {
                matches!(error, ModelError::Refused { .. } | ModelError::ContextTooLong { .. } | ModelError::Recording(_))
            }
            Self::Analysis(error) => matches!(error, AnalysisError::Patch(_) | AnalysisError::NoRoom { .. }),
            Self::Store(_) | Self::MovedOn | Self::Cancelled => false,
        }
    }

    /// Whether the pull request is told. When Azure DevOps does not answer, nobody can be told; at the end of the `last`
    /// attempt it is tried all the same, or the status would say "in progress" for ever.
    pub(super) fn is_told(&self, last: bool) -> bool {
        match self {
            Self::AzureDevOps(error) => match error {
                AzureDevOpsError::Unavailable { .. } | AzureDevOpsError::Unreadable { .. } => last,
                AzureDevOpsError::Unauthorized { .. } | AzureDevOpsError::NotFound { .. } | AzureDevOpsError::NotAllowed(_) => {
                    false
                }
                AzureDevOpsError::Forbidden { .. }
                | AzureDevOpsError::Closed { .. }
                | AzureDevOpsError::Refused { .. }
                | AzureDevOpsError::NotSent { .. } => true,
            },
            Self::Store(_) | Self::MovedOn | Self::Cancelled => false,
            Self::Git(_) | Self::Analysis(_) => true,
        }
    }

    /// The pause that the server asked for; at most an hour.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let asked = match self {
            Self::AzureDevOps(AzureDevOpsError::Unavailable { retry_after, .. })
            | Self::Analysis(AnalysisError::Model(ModelError::Unavailable { retry_after, .. })) => *retry_after,
            _ => None,
        };
        asked.map(|pause| pause.min(MAX_PAUSE))
    }

    /// For the pull request's readers: what happened, without addresses of the operator's network, without a full stop.
    pub(super) fn sentence(&self) -> &'static str {
        match self {
            Self::Analysis(AnalysisError::Model(error)) => match error {
                ModelError::Unauthorized { .. } => "the model endpoint refuses the agent's key",
                ModelError::OAuth2(_) => "the agent gets no token for the model endpoint",
                ModelError::ContextTooLong { .. } => "the change is too large for the model",
                ModelError::Refused { .. } => "the model endpoint refuses the request",
                ModelError::Recording(_) => "the agent answers from a recording, and it does not hold this review",
                ModelError::BadAnswer { .. } => "the model did not give an answer that can be read",
                ModelError::Unavailable { .. } => "the model did not answer",
                ModelError::ModelMissing { .. } => "the model endpoint does not have the agent's model",
                _ => "no model is available",
            },
            Self::Analysis(AnalysisError::NoRoom { .. }) => {
                "none of the changed files has room in what the model is shown (`PROMPT_TOKENS`)"
            }
            Self::Analysis(AnalysisError::Patch(_)) => "the change could not be read",
            Self::Git(error) => match error {
                GitError::CommitMissing { .. } => "the commits of the newest iteration cannot be fetched",
                GitError::Unauthorized { .. } => "the repository cannot be fetched with the agent's token",
                GitError::TooLarge { .. } => "the change is too large to be read",
                _ => "the change could not be read from the repository",
            },
            Self::AzureDevOps(AzureDevOpsError::Forbidden { .. }) => "the agent's token may not comment on this pull request",
            Self::AzureDevOps(_) => "the review could not be written to the pull request",
            _ => "an unexpected error",
        }
    }
}

#[cfg(test)]
mod tests;
