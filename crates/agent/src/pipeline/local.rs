//! The same review over a git range on this machine, for the command line.

use std::sync::Arc;

use review_core::{
    configuration::Configuration,
    pull_request::{CommitId, Person, PullRequest, PullRequestKey, PullRequestStatus, RepositoryKey},
    sections::Surroundings,
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::{Analysis, AnalysisError, Limits},
    elsewhere::Elsewhere,
    evidence::Change,
    past::Past,
    secrets::analyse,
};
use crate::{analyzers::Analyzers, git::Repository, llm::Model};

/// A range to review.
#[derive(Debug, Clone)]
pub struct LocalReview {
    /// Merge base of the two sides.
    pub base: CommitId,
    pub head: CommitId,
    /// The head commit's message, which stands for title and description.
    pub message: String,
    /// Tokens of the pack.
    pub prompt_tokens: usize,
    /// Findings shown.
    pub max_findings: usize,
    /// Looks of finders.
    pub max_looks: usize,
    /// What the repository wants.
    pub configuration: Configuration,
    /// Linters and scanners of this machine.
    pub analyzers: Analyzers,
}

/// Reviews `base..head` of a repository; nothing is written anywhere.
pub async fn review_range(
    model: &Model,
    repository: &Repository,
    range: &LocalReview,
    cancel: &CancellationToken,
) -> Result<Analysis, AnalysisError> {
    let (title, description) = range.message.split_once('\n').unwrap_or((&range.message, ""));
    let pull_request = PullRequest {
        key: PullRequestKey {
            repository: RepositoryKey { collection: String::new(), project: String::new(), repository: String::new() },
            id: 0,
        },
        title: title.trim().to_owned(),
        description: description.trim().to_owned(),
        status: PullRequestStatus::Active,
        is_draft: false,
        source_ref: range.head.to_string(),
        target_ref: range.base.to_string(),
        author: Person { id: String::new(), display_name: String::new(), unique_name: String::new() },
        labels: Vec::new(),
        reviewers: Vec::new(),
        web_url: String::new(),
        remote_url: String::new(),
        fork_url: None,
        project_name: String::new(),
        repository_name: String::new(),
    };
    let (surroundings, elsewhere) = (Surroundings::default(), Elsewhere::default());
    let configuration = without_sections(range.configuration.clone());
    let change = Change {
        pull_request: &pull_request,
        work_items: &[],
        surroundings: &surroundings,
        elsewhere: &elsewhere,
        base: &range.base,
        head: &range.head,
        since: None,
        repository,
        past: &Past::Local,
        configuration: &configuration,
        analyzers: &range.analyzers,
    };
    let limits =
        Limits { prompt_tokens: range.prompt_tokens, inline: range.max_findings, looks: range.max_looks, judges_checks: false };
    analyse(model, change, &[], &Arc::default(), limits, cancel).await
}

/// The command line shows a summary and findings: what nobody reads is not asked for.
fn without_sections(mut configuration: Configuration) -> Configuration {
    let reviews = &mut configuration.reviews;
    (reviews.sequence_diagrams, reviews.estimate_code_review_effort, reviews.poem) = (false, false, false);
    configuration
}
