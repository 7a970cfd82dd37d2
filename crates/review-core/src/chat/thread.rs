//! A thread as somebody reads it who is asked in it.

use std::collections::HashMap;

use crate::{
    finding::{SECRET_CLAIM, StandingFinding},
    prompt::Spoken,
    pull_request::{Person, PullRequestState, Thread},
    redaction::has_placeholder,
    render,
};

/// The comments of a thread in their order, with names in the place of ids.
pub fn spoken_comments(state: &PullRequestState, thread: &Thread) -> Vec<Spoken> {
    let names = names(state);
    let is_text = |comment: &&crate::pull_request::Comment| comment.is_text && !comment.is_deleted;
    let mut spoken: Vec<Spoken> = thread
        .comments
        .iter()
        .filter(is_text)
        .map(|comment| Spoken {
            comment: comment.id,
            by: comment.author.display_name.clone(),
            is_ours: comment.author.id.eq_ignore_ascii_case(&state.me.id) && render::is_ours(&comment.content),
            text: with_names(&comment.content, &names),
        })
        .collect();
    spoken.sort_by_key(|spoken| spoken.comment);
    spoken
}

/// Whether a finding may be given up on a model's word: not when it is about a secret, however its thread is made to look.
pub fn may_be_given_up(finding: &StandingFinding, thread: &Thread) -> bool {
    let first = thread.comments.iter().min_by_key(|comment| comment.id).map_or("", |first| first.content.as_str());
    let tells_of_a_secret = |text: &str| has_placeholder(text) || text.contains(SECRET_CLAIM);
    finding.status.is_open()
        && !finding.is_deleted
        && ![finding.quoted_line.as_str(), finding.claim.as_str(), first].into_iter().any(tells_of_a_secret)
}

/// Display names by id in lower case, of everybody who is known from the pull request.
fn names(state: &PullRequestState) -> HashMap<String, &str> {
    let authors = state.threads.iter().flat_map(|thread| &thread.comments).map(|comment| &comment.author);
    let reviewers = state.pull_request.reviewers.iter().map(|reviewer| &reviewer.person);
    let known = authors.chain(reviewers).chain([&state.pull_request.author, &state.me]);
    known.map(|person: &Person| (person.id.to_lowercase(), person.display_name.as_str())).collect()
}

/// `@<guid>` as `@Name`.
fn with_names(text: &str, names: &HashMap<String, &str>) -> String {
    let mut named = String::with_capacity(text.len());
    let mut parts = text.split("@<");
    named.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let known = part.split_once('>').and_then(|(id, rest)| Some((*names.get(&id.trim().to_lowercase())?, rest)));
        match known {
            Some((name, rest)) => named.extend(["@", name, rest]),
            None => named.extend(["@<", part]),
        }
    }
    named
}
