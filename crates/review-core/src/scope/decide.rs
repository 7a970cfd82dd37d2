//! Whether a pull request is reviewed now, and how much of it.

use super::{Circumstances, Decision, QuietReason, ReviewRequest, Reviewed, SkipReason};
use crate::{
    own_change::is_own,
    publication::property,
    pull_request::{CommitId, PullRequestState, PullRequestStatus, Thread},
};

/// Decides from the state of the pull request and what was reviewed before.
///
/// The same head on another merge base (the pull request was retargeted) is reviewed in full: the change is another one.
/// What was reviewed already is left alone before the rules of `circumstances` are asked: a rule that came later unmakes no
/// review. What somebody asked for by a command is reviewed whatever the rules say.
pub fn decide(state: &PullRequestState, reviewed: Option<&Reviewed>, circumstances: &Circumstances<'_>) -> Decision {
    let pull_request = &state.pull_request;
    if pull_request.status != PullRequestStatus::Active {
        return Decision::Quiet(QuietReason::NotActive);
    }
    let Some(newest) = state.newest_iteration() else {
        return Decision::Skip(SkipReason::NoIterations);
    };
    if circumstances.request == Some(ReviewRequest::Full) {
        return Decision::Full;
    }
    if reviewed.is_some_and(|reviewed| reviewed.head == newest.head && reviewed.base == newest.base) {
        return Decision::Quiet(QuietReason::AlreadyReviewed);
    }
    if circumstances.request.is_none() && is_own(state) {
        return Decision::Skip(SkipReason::OwnPullRequest);
    }
    if circumstances.request.is_none()
        && let Some(reason) = circumstances.against(pull_request, reviewed)
    {
        return Decision::Skip(reason);
    }
    match reviewed {
        Some(reviewed) if reviewed.head != newest.head && reviewed.iteration < newest.id => {
            Decision::Incremental { since: reviewed.clone() }
        }
        _ => Decision::Full,
    }
}

/// The last completed review as the pull request itself remembers it: the properties of our own walkthrough thread.
/// Lets a lost database be rebuilt. None when there is no such thread by our identity, or its state is not complete.
pub fn reviewed_from_threads(state: &PullRequestState) -> Option<Reviewed> {
    // A walkthrough that somebody deleted counts too: the review it stood for was made.
    let ours = state.threads.iter().filter(|thread| is_begun_by(thread, &state.me.id));
    ours.filter_map(remembered).max_by_key(|reviewed| reviewed.iteration)
}

fn is_begun_by(thread: &Thread, identity: &str) -> bool {
    let first = thread.comments.iter().min_by_key(|comment| comment.id);
    !identity.is_empty() && first.is_some_and(|comment| comment.author.id.eq_ignore_ascii_case(identity))
}

fn remembered(thread: &Thread) -> Option<Reviewed> {
    let value = |key: &str| thread.properties.get(key).map(String::as_str);
    if value(property::KIND)? != "walkthrough" || !matches!(value(property::STATE)?, "complete" | "partial") {
        return None;
    }
    Some(Reviewed {
        iteration: value(property::ITERATION)?.parse().ok()?,
        head: CommitId::parse(value(property::HEAD)?)?,
        base: CommitId::parse(value(property::BASE)?)?,
    })
}
