//! What a run knows from elsewhere than the repository and its forge: issues of trackers that the pull request names.

use review_core::{
    checks::NamedIssues,
    configuration::{Effective, Level, Remark},
    consulted::Consulted,
    issue::{Issue, Tracker},
    pull_request::PullRequest,
};

use super::review::Reviewer;
use crate::trackers::Named;

/// Nothing of it is worth a review: what does not answer is told of and left out.
#[derive(Debug, Clone, Default)]
pub(super) struct Elsewhere {
    /// Without secrets.
    pub(super) issues: Vec<Issue>,
    /// What the check of linked work items goes by.
    pub(super) links: NamedIssues,
    /// Why something is left out, for people.
    problems: Vec<String>,
}

impl Elsewhere {
    /// Asks for what the repository wants.
    pub(super) async fn of(reviewer: &Reviewer, pull_request: &PullRequest, effective: &Effective) -> Self {
        let Named { issues, problems, links } =
            reviewer.trackers.named(pull_request, &effective.configuration.knowledge_base).await;
        Self { issues, links, problems }
    }

    /// For the details of the walkthrough.
    pub(super) fn consulted(&self) -> Consulted {
        Consulted { issues: self.issues.clone(), problems: self.problems.clone(), searches: None, repositories: Vec::new() }
    }
}

/// Says so when a repository asks for what the operator of the agent has not configured.
pub(super) fn tell_of_missing(reviewer: &Reviewer, effective: &mut Effective) {
    for tracker in reviewer.trackers.missing(&effective.configuration.knowledge_base) {
        let (key, variables) = match tracker {
            Tracker::Jira => ("knowledge_base.jira.usage", "`JIRA_HOST` and `JIRA_PAT`"),
            Tracker::Linear => ("knowledge_base.linear.usage", "`LINEAR_PAT`"),
        };
        let text =
            format!("`{key}`: the operator of the agent has not configured {tracker} ({variables}); nothing is asked of it");
        let source = effective.origin(key).clone();
        effective.remarks.push(Remark { level: Level::Warning, source, at: None, text });
    }
}
