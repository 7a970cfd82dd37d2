//! The agent's vote (`reviews.request_changes_workflow`): read before it is cast, and cast on what stands at that moment.

use std::collections::HashMap;

use review_core::{
    checks::{Ballot, CheckReport, Vote, ballot},
    configuration::Reviews,
    finding::StandingFinding,
    pull_request::{CommitId, Iteration, PullRequestState},
    redaction::Redactor,
    scope::Reviewed,
};

use super::{
    analysis::AnalysisError,
    publish::PublishError,
    resolution::{Place, Whereabouts},
    review::Run,
    trouble::Trouble,
};
use crate::{azure_devops::AzureDevOpsError, git::Repository};

const MAX_TEXT_BYTES: u64 = 1_000_000;

impl Run<'_> {
    /// Takes back what we voted on an earlier iteration: nobody has read the newest one yet.
    pub(super) async fn take_vote_back(&self, state: &PullRequestState, reviews: &Reviews) -> Result<(), Trouble> {
        if reviews.request_changes_workflow && !state.pull_request.is_draft {
            self.cast(Vote::None).await?;
        }
        Ok(())
    }

    /// Casts the vote that the pull request deserves as it stands now; why it was refused, for people. `report` is what came of
    /// the checks of `iteration`, which was reviewed.
    ///
    /// A vote knows no iteration: one that approves is taken back when a push came while it was cast.
    pub(super) async fn vote(
        &self,
        iteration: &Iteration,
        report: &CheckReport,
        reviews: &Reviews,
    ) -> Result<Option<String>, Trouble> {
        if !reviews.request_changes_workflow {
            return Ok(None);
        }
        let state = match self.reviewer.azure.state(self.key).await {
            Ok(state) => state,
            Err(error) => return Ok(Some(self.refusal(&error))),
        };
        if state.pull_request.is_draft || is_overtaken(&state, iteration) {
            return Ok(None);
        }
        let reviewed = Reviewed { iteration: iteration.id, head: iteration.head.clone(), base: iteration.base.clone() };
        let Ballot { vote, why } = ballot(&state, Some(report), Some(&reviewed));
        tracing::info!(pull_request = %self.key, vote = vote.number(), why, "the vote that the pull request deserves");
        let refused = self.cast(vote).await?;
        if vote == Vote::Approve && refused.is_none() {
            let overtaken = self.reviewer.azure.state(self.key).await.map(|state| is_overtaken(&state, iteration));
            // What cannot be told is no reason to take an approval back that was deserved a moment ago.
            if overtaken.unwrap_or(false) {
                return self.cast(Vote::None).await;
            }
        }
        Ok(refused)
    }

    /// Casts a vote, unless it stands already. A refusal costs the review nothing; what it says is returned.
    async fn cast(&self, vote: Vote) -> Result<Option<String>, Trouble> {
        let azure = &self.reviewer.azure;
        let standing = match azure.own_vote(self.key).await {
            Ok(standing) => standing.unwrap_or_default(),
            Err(error) => return Ok(Some(self.refusal(&error))),
        };
        if standing == vote.number() {
            return Ok(None);
        }
        match self.publisher().guard().await?.cast_vote(self.key, vote.number()).await.map_err(PublishError::from) {
            Ok(()) => Ok(None),
            Err(PublishError::AzureDevOps(error)) => Ok(Some(self.refusal(&error))),
            Err(error) => Err(error.into()),
        }
    }

    /// In words for the pull request's readers.
    fn refusal(&self, error: &AzureDevOpsError) -> String {
        tracing::warn!(pull_request = %self.key, %error, "the vote was not cast");
        match error {
            AzureDevOpsError::Forbidden { message, .. } | AzureDevOpsError::Closed { message, .. } => message.clone(),
            AzureDevOpsError::Refused { status, message, .. } => format!("Azure DevOps answered {status}, {message}"),
            AzureDevOpsError::NotFound { .. } => "Azure DevOps does not find the agent among those who may vote".to_owned(),
            AzureDevOpsError::Unauthorized { .. } => "Azure DevOps does not accept the agent's token for it".to_owned(),
            _ => "Azure DevOps did not answer".to_owned(),
        }
    }
}

fn is_overtaken(state: &PullRequestState, iteration: &Iteration) -> bool {
    state.newest_iteration().is_none_or(|newest| newest.id != iteration.id || newest.head != iteration.head)
}

/// Threads that are resolved because a model said so, now or before, and whose line stands at the head as it did: `now` are
/// those of this run.
pub(super) async fn unproven(
    standing: &[StandingFinding],
    now: &[u64],
    repository: &Repository,
    head: &CommitId,
    (whereabouts, redactor): (&Whereabouts, &Redactor),
) -> Result<Vec<u64>, AnalysisError> {
    let mut texts: HashMap<String, Option<String>> = HashMap::new();
    let mut unproven = Vec::new();
    for finding in standing.iter().filter(|finding| !finding.is_deleted) {
        let is_resolved = now.contains(&finding.thread) || finding.is_resolved_by_us;
        if !is_resolved {
            continue;
        }
        let path = match (whereabouts.get(&finding.thread), &finding.anchor) {
            (Some(Place::Deleted), _) => continue,
            (Some(Place::Renamed(path)), _) => path.clone(),
            (None, Some(anchor)) => anchor.path.clone(),
            (Some(Place::Unknown), _) | (None, None) => {
                unproven.push(finding.thread);
                continue;
            }
        };
        if !texts.contains_key(&path) {
            let blob = repository.blob(head, &path, MAX_TEXT_BYTES).await?;
            let text = blob.map(|blob| redactor.redact(&String::from_utf8_lossy(&blob)).text.into_owned());
            texts.insert(path.clone(), text);
        }
        let line = finding.quoted_line.trim();
        let is_gone = texts
            .get(&path)
            .and_then(Option::as_ref)
            .is_some_and(|text| !line.is_empty() && !text.lines().any(|known| known.trim() == line));
        if !is_gone {
            unproven.push(finding.thread);
        }
    }
    Ok(unproven)
}
