//! Azure DevOps: a thin typed client, and what its webhooks say.

mod client;
mod collection;
mod error;
mod plain_text;
mod webhook;
mod wire;

pub use client::{
    ActivePullRequest, AzureDevOps, Link, ListedPullRequest, NewWorkItem, OnCall, Opened, Probe, PullRequestFrom,
    PullRequestText, Pushed, Revision, StandingCommit, Tip, WriteDeadline,
};
pub use error::AzureDevOpsError;
pub use webhook::{CommentHint, EventKind, WebhookError, WebhookEvent, parse_event};
