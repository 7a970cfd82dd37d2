//! The agent's vote (`reviews.request_changes_workflow`).

use super::CheckReport;
use crate::{
    finding::{StandingFinding, standing_findings},
    pull_request::{PullRequestState, PullRequestStatus, ThreadStatus},
    scope::Reviewed,
};

/// A reviewer's vote, as far as we cast it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vote {
    Approve,
    /// No vote, or one that is taken back.
    None,
    WaitForAuthor,
}

impl Vote {
    /// As the API numbers it.
    pub fn number(self) -> i32 {
        match self {
            Self::Approve => 10,
            Self::None => 0,
            Self::WaitForAuthor => -5,
        }
    }
}

/// A vote and the sentence why, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ballot {
    pub vote: Vote,
    pub why: String,
}

impl Ballot {
    fn of(vote: Vote, why: impl Into<String>) -> Self {
        Self { vote, why: why.into() }
    }
}

/// The vote that the pull request as it stands deserves. `reviewed` is the last review that ended, `report` what came of its
/// checks.
///
/// Findings of ours that are open, and checks that fail, make it wait for the author. It is approved only when its newest
/// iteration was reviewed whole, each of our threads is settled, and no check stands against it. A model's word alone does not
/// do: where a thread was resolved because a model said so, and the line that it is about stands as it did, a person has to
/// close it. What the agent itself has opened it does not approve.
pub fn ballot(state: &PullRequestState, report: Option<&CheckReport>, reviewed: Option<&Reviewed>) -> Ballot {
    let none = |why: &str| Ballot::of(Vote::None, why);
    let pull_request = &state.pull_request;
    if pull_request.status != PullRequestStatus::Active || pull_request.is_draft {
        return none("only a published, active pull request gets a vote");
    }
    let newest = state.newest_iteration();
    let is_newest = newest.zip(reviewed).is_some_and(|(newest, reviewed)| {
        newest.id == reviewed.iteration && newest.head == reviewed.head && newest.base == reviewed.base
    });
    let Some(report) = report.filter(|_| is_newest) else { return none("the newest iteration was not reviewed") };

    let ours: Vec<StandingFinding> = standing_findings(state).into_iter().filter(|finding| !finding.is_deleted).collect();
    let open = ours.iter().filter(|finding| finding.status.is_open()).count();
    let failing: Vec<&str> = report
        .results
        .iter()
        .filter(|result| result.outcome == super::Outcome::Failed)
        .map(|result| result.name.as_str())
        .collect();
    if open > 0 {
        return Ballot::of(Vote::WaitForAuthor, format!("{open} of its findings are open"));
    }
    if !failing.is_empty() {
        return Ballot::of(Vote::WaitForAuthor, format!("checks fail: {}", failing.join(", ")));
    }

    if !report.is_complete {
        return none("the review was not complete");
    }
    if ours.iter().any(|finding| matches!(finding.status, ThreadStatus::Other(_))) {
        return none("a thread has a status that is not known");
    }
    if ours.iter().any(|finding| finding.is_resolved_by_us && report.unproven.contains(&finding.thread)) {
        return none("a thread was resolved on a model's word alone, so a person has to close it");
    }
    if report.results.iter().any(super::CheckResult::blocks) {
        return none("a required check is inconclusive");
    }
    if pull_request.author.id.eq_ignore_ascii_case(&state.me.id) {
        return none("the agent does not approve what it has opened itself");
    }
    Ballot::of(Vote::Approve, "the newest iteration was reviewed, every thread is settled, and no check fails")
}
