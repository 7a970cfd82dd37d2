//! What can go wrong between us and Azure DevOps, in words for the person who runs the agent.

use std::time::Duration;

#[derive(Debug, thiserror::Error)]
pub enum AzureDevOpsError {
    /// 401, a sign-in page, a redirect: the token is wrong or expired. Not retryable.
    #[error("{action}: Azure DevOps does not accept the token: {detail}")]
    Unauthorized { action: String, detail: String },
    /// 403.
    #[error("{action}: the token may not do this ({type_key}): {message}")]
    Forbidden { action: String, type_key: String, message: String },
    #[error("{action}: not found, or not visible to the token ({type_key}): {message}")]
    NotFound { action: String, type_key: String, message: String },
    /// A write that came too late: the pull request was completed or abandoned meanwhile (409, `TF401181`,
    /// `GitPullRequestStatusNotEditableException`). Nothing is left to do; stop quietly.
    #[error("{action}: the pull request takes no more changes ({type_key}): {message}")]
    Closed { action: String, type_key: String, message: String },
    /// Any other refusal.
    #[error("{action}: Azure DevOps answered {status} ({type_key}): {message}")]
    Refused { action: String, status: u16, type_key: String, message: String },
    /// 429, 5xx or no answer, after the retries of the call itself. Whether a write took effect is not known.
    #[error("{action}: {problem}")]
    Unavailable { action: String, problem: String, retry_after: Option<Duration> },
    /// An answer that is not what the API documents.
    #[error("{action}: the answer cannot be read: {problem}")]
    Unreadable { action: String, problem: String },
    /// The collection is none of ours.
    #[error("{0} is not a configured organisation or collection (AZURE_DEVOPS_URL)")]
    NotAllowed(String),
    /// A write that is over a limit of the service; it was not sent.
    #[error("{action}: not sent, {problem}")]
    NotSent { action: String, problem: String },
}
