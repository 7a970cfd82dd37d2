//! What a run knows from elsewhere than its repository: issues of trackers that the pull request names, linked repositories, and what
//! the web says.

use std::sync::Arc;

use review_core::{
    checks::NamedIssues,
    configuration::{Configuration, Effective, KnowledgeBase, Level, LinkedRepository as LinkedSettings, Remark},
    consulted::Consulted,
    issue::{Issue, Tracker},
    pull_request::{CommitId, PullRequest},
};

use super::{
    looks::{LinkedRepository, RunSearches},
    review::Reviewer,
};
use crate::trackers::Named;

/// As the schema has it.
const MAX_LINKED: usize = 20;

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
        configuration: &Configuration,
    ) -> Self {
        let knowledge = &configuration.knowledge_base;
        let Named { issues, problems, links } = reviewer.trackers.named(pull_request, knowledge).await;
        let occasion = format!("{} {head} {}", pull_request.key, occasion.unwrap_or_default());
        // Whoever opens one from a fork may be a stranger, whose code and words could have a model carry ours out by a search, or show
        // what they may not read.
        let is_trusted = pull_request.fork_url.is_none();
        let web = reviewer.web_search.clone().filter(|_| is_trusted && knowledge.web_search.enabled);
        let searches = web.map(|web| Arc::new(RunSearches::new(web, occasion)));
        let linked = linked(reviewer, pull_request, knowledge).into_iter().filter_map(|(_, linked)| linked.ok());
        let keeps_copies = !configuration.reviews.disable_cache;
        let linked = linked.filter(|_| is_trusted).map(|linked| linked.keeping_copies(keeps_copies));
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
        let linked = LinkedRepository::new(repository, instructions, pull_request, &reviewer.azure, &reviewer.mirrors);
        let is_there = linked.as_ref().is_ok_and(|linked| {
            let is_same = |known: &LinkedRepository| known.is_called(linked.called());
            found.iter().any(|(_, known)| known.as_ref().is_ok_and(is_same))
        });
        if found.len() >= MAX_LINKED {
            found.push((repository, Err(format!("only {MAX_LINKED} are"))));
            break;
        }
        if !is_there {
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
