//! Which commands of a pull request are still to be answered.

use super::{Asked, Names, asked};
use crate::{
    pull_request::{Comment, Person, PullRequestState, Thread},
    render::{self, marker},
};

/// Commands older than this are left alone, in milliseconds: a pull request that the agent sees for the first time may hold
/// those of last month, to whomever they were given.
pub const MAX_AGE: i64 = 24 * 60 * 60 * 1_000;

/// A request that nobody has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    pub thread: u64,
    pub comment: u64,
    pub by: Person,
    pub asked: Asked,
}

/// Requests without an answer of ours, in the order in which they were made. `now`: milliseconds since the epoch.
///
/// A comment that was edited into another command is another request; the same one again is not. What a person deleted, or
/// what we wrote ourselves, asks for nothing.
pub fn pending(state: &PullRequestState, now: i64) -> Vec<Pending> {
    let names = Names::of(&state.me);
    let mut found: Vec<(i64, Pending)> = Vec::new();
    for thread in state.threads.iter().filter(|thread| !thread.is_deleted) {
        for comment in &thread.comments {
            let Some(published) = comment.published_at.filter(|at| now.saturating_sub(*at) < MAX_AGE) else { continue };
            if !comment.is_text || comment.is_deleted || render::is_ours(&comment.content) {
                continue;
            }
            let unanswered =
                asked(&comment.content, &names).into_iter().filter(|asked| !is_answered(state, thread, comment, *asked));
            let by = &comment.author;
            found.extend(
                unanswered.map(|asked| (published, Pending { thread: thread.id, comment: comment.id, by: by.clone(), asked })),
            );
        }
    }
    found.sort_by_key(|(published, request)| (*published, request.thread, request.comment));
    found.into_iter().map(|(_, request)| request).collect()
}

/// Whether an answer of ours tells already what became of a request that takes a while.
pub fn is_done(state: &PullRequestState, thread: u64, comment: u64, asked: Asked) -> bool {
    let marker = marker::of_result(comment, asked.word());
    state.threads.iter().filter(|known| known.id == thread).any(|known| holds_answer(state, known, &marker))
}

fn is_answered(state: &PullRequestState, thread: &Thread, comment: &Comment, asked: Asked) -> bool {
    holds_answer(state, thread, &marker::of_command(comment.id, asked.word()))
}

/// Whether a comment of ours in the thread holds the marker.
fn holds_answer(state: &PullRequestState, thread: &Thread, marker: &str) -> bool {
    let is_ours = |answer: &&Comment| answer.author.id.eq_ignore_ascii_case(&state.me.id) && !answer.is_deleted;
    thread.comments.iter().filter(is_ours).any(|answer| answer.content.contains(marker))
}
