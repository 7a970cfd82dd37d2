//! What a run knows from elsewhere than its repository: issues of trackers that the pull request names, linked repositories, and what
//! the web says.

use std::sync::Arc;

use review_core::{
    checks::NamedIssues,
    configuration::{Effective, KnowledgeBase, Level, LinkedRepository as LinkedSettings, Remark},
    consulted::Consulted,
    issue::{Issue, Tracker},
    pull_request::{CommitId, PullRequest},
};

use super::{
    looks::{LinkedRepository, RunSearches},
    review::Reviewer,
};
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
    /// None: the web is not searched.
    pub(super) searches: Option<Arc<RunSearches>>,
    /// Repositories that finders and verifiers may read.
    pub(super) linked: Arc<Vec<LinkedRepository>>,
}

impl Elsewhere {
    /// Asks for what the repository wants. `occasion`: what has the web searched anew, beside another commit.
    pub(super) async fn of(
        reviewer: &Reviewer,
        pull_request: &PullRequest,
        head: &CommitId,
        occasion: Option<&str>,
        knowledge: &KnowledgeBase,
    ) -> Self {
        let Named { issues, problems, links } = reviewer.trackers.named(pull_request, knowledge).await;
        let occasion = format!("{} {head} {}", pull_request.key, occasion.unwrap_or_default());
        let web = reviewer.web_search.clone().filter(|_| knowledge.web_search.enabled);
        let searches = web.map(|web| Arc::new(RunSearches::new(web, occasion)));
        let linked = linked(reviewer, pull_request, knowledge).into_iter().filter_map(|(_, linked)| linked.ok());
        Self { issues, links, problems, searches, linked: Arc::new(linked.collect()) }
    }

    /// For the details of the walkthrough.
    pub(super) fn consulted(&self) -> Consulted {
        let (searches, problem) = self.searches.as_ref().map(|searches| searches.told()).unzip();
        let mut problems: Vec<String> = self.problems.iter().cloned().chain(problem.flatten()).collect();
        let mut repositories = Vec::new();
        for told in self.linked.iter().filter_map(LinkedRepository::told) {
            match told {
                Ok(read) => repositories.push(read),
                Err(problem) => problems.push(problem),
            }
        }
        Consulted { issues: self.issues.clone(), problems, searches, repositories }
    }
}

/// What `knowledge_base.linked_repositories` names, each with the repository, or why it is not read.
fn linked<'a>(
    reviewer: &Reviewer,
    pull_request: &PullRequest,
    knowledge: &'a KnowledgeBase,
) -> Vec<(&'a str, Result<LinkedRepository, String>)> {
    let mut found: Vec<(&str, Result<LinkedRepository, String>)> = Vec::new();
    for LinkedSettings { repository, instructions } in &knowledge.linked_repositories {
        if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(repository)) {
            let linked = LinkedRepository::new(repository, instructions, pull_request, &reviewer.azure, &reviewer.mirrors);
            found.push((repository, linked));
        }
    }
    found
}

/// Says so when a repository asks for what the operator of the agent has not configured, or for what it may not have.
pub(super) fn tell_of_missing(reviewer: &Reviewer, pull_request: &PullRequest, effective: &mut Effective) {
    let key = "knowledge_base.linked_repositories";
    let source = effective.origin(key).clone();
    let refused: Vec<Remark> = linked(reviewer, pull_request, &effective.configuration.knowledge_base)
        .into_iter()
        .filter_map(|(named, linked)| {
            let named: String = named.chars().take(100).filter(|character| *character != '`').collect();
            let text = format!("`{key}`: `{named}` is not read: {}", linked.err()?);
            Some(Remark { level: Level::Warning, source: source.clone(), at: None, text })
        })
        .collect();
    effective.remarks.extend(refused);
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
