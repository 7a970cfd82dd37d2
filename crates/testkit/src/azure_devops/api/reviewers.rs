//! Reviewers and their votes.

use serde_json::Value;

use super::{found, found_mut, not_allowed, record, require};
use crate::azure_devops::{
    answer::{Answer, Outcome, Refusal},
    call::{self, Call, member},
    hooks::{Happening, UpdateKind},
    ledger::Action,
    options::Permission,
    system_threads,
    world::{Reviewer, World},
};

const VOTES: [i64; 5] = [10, 5, 0, -5, -10];

pub(super) fn dispatch(world: &mut World, call: &Call, id: u32, path: &[&str]) -> Outcome {
    match (call.method.as_str(), path) {
        ("GET", []) => Ok(Answer::list(world.reviewers_json(found(world, id)?))),
        ("GET", [user]) => one(world, id, user_of(world, user)?),
        ("PUT" | "PATCH", [user]) => put(world, call, id, user_of(world, user)?),
        ("DELETE", [user]) => {
            require(world, call, Permission::ContributeToPullRequests)?;
            let user = user_of(world, user)?;
            found_mut(world, id)?.reviewers.retain(|reviewer| reviewer.user != user);
            record(world, call, Action::RemoveReviewer, Some(id), |_| ());
            world.happened(Happening::Updated(UpdateKind::Reviewers), id, call.user);
            Ok(Answer::empty())
        }
        _ => Err(not_allowed(call)),
    }
}

fn user_of(world: &World, id: &str) -> Result<usize, Refusal> {
    world
        .users
        .iter()
        .position(|user| user.id.eq_ignore_ascii_case(id))
        .ok_or_else(|| Refusal::new(404, "IdentityNotFoundException", format!("The identity '{id}' could not be found.")))
}

fn one(world: &World, id: u32, user: usize) -> Outcome {
    let pull_request = found(world, id)?;
    let index = pull_request.reviewers.iter().position(|reviewer| reviewer.user == user);
    let shape = index.and_then(|index| world.reviewers_json(pull_request).into_iter().nth(index));
    shape.map(|shape| Answer::json(&shape)).ok_or_else(|| {
        Refusal::new(404, "GitPullRequestReviewerNotFoundException", "The identity is no reviewer of the pull request.")
    })
}

/// Adds a reviewer, or sets the vote, which is one's own to give.
fn put(world: &mut World, call: &Call, id: u32, user: usize) -> Outcome {
    require(world, call, Permission::ContributeToPullRequests)?;
    let body = call.object()?;
    let vote = match member(&body, "vote") {
        None => None,
        Some(value) => Some(
            value
                .as_i64()
                .filter(|vote| VOTES.contains(vote))
                .ok_or_else(|| Refusal::invalid(format!("The value {value} of vote is none of 10, 5, 0, -5, -10.")))?,
        ),
    };
    let is_required = call::boolean(&body, "isRequired")?;
    if vote.is_some_and(|vote| vote != 0) && user != call.user {
        let message = "TF401186: A vote can be cast for oneself only.";
        return Err(Refusal::new(403, "GitPullRequestCannotVoteForOthersException", message));
    }
    let pull_request = found_mut(world, id)?;
    if pull_request.status != "active" && vote.is_some() {
        let message = "TF401181: The pull request cannot be edited due to its state.";
        return Err(Refusal::new(409, "GitPullRequestNotEditableException", message));
    }
    let known = pull_request.reviewers.iter_mut().find(|reviewer| reviewer.user == user);
    let (is_new, is_other_vote) = if let Some(reviewer) = known {
        let changed = vote.is_some_and(|vote| vote != reviewer.vote);
        reviewer.vote = vote.unwrap_or(reviewer.vote);
        reviewer.is_required = is_required.unwrap_or(reviewer.is_required);
        (false, changed)
    } else {
        let reviewer = Reviewer { user, vote: vote.unwrap_or(0), is_required: is_required.unwrap_or(false) };
        pull_request.reviewers.push(reviewer);
        (true, vote.is_some_and(|vote| vote != 0))
    };
    record(world, call, Action::Vote(vote.unwrap_or(0)), Some(id), |_| ());
    if is_new {
        let name = world.user(user).map(|user| user.display_name.clone()).unwrap_or_default();
        system_threads::reviewers(world, id, call.user, &name);
        world.happened(Happening::Updated(UpdateKind::Reviewers), id, call.user);
    }
    if let (true, Some(vote)) = (is_other_vote, vote) {
        system_threads::vote(world, id, call.user, vote);
        world.happened(Happening::Updated(UpdateKind::Vote(vote)), id, call.user);
    }
    one(world, id, user)
}

/// Reviewers in the body of a new pull request.
pub(super) fn of_body(world: &World, body: &serde_json::Map<String, Value>) -> Vec<Reviewer> {
    let listed = member(body, "reviewers").and_then(Value::as_array).into_iter().flatten();
    let user = |reviewer: &Value| user_of(world, reviewer.get("id")?.as_str()?).ok();
    listed.filter_map(user).map(|user| Reviewer { user, vote: 0, is_required: false }).collect()
}
