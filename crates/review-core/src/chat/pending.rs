//! Which comments wait for an answer.

use super::is_pleasantry;
use crate::{
    command::{Addressee, MAX_AGE, Names, asked},
    predecessor,
    pull_request::{Comment, Person, PullRequestState, Thread},
    render::{self, marker},
};

/// Answers of talk in one thread; the next comment is told so, and those after it get none.
pub const MAX_ANSWERS: usize = 20;

/// A comment that nobody has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub thread: u64,
    pub comment: u64,
    pub by: Person,
    /// It mentions the agent; else it stands in a thread in which the agent takes part.
    pub is_named: bool,
    pub bound: Bound,
}

/// Whether a thread has room for another answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Within,
    /// The last answer says that there will be none.
    Reached,
}

/// Comments without an answer of ours, in the order in which they were written. `now`: milliseconds since the epoch.
///
/// Left alone are commands (see [`crate::command`]), what is older than a day, what was deleted, what the agent or a service
/// wrote (known by its marker, since the token's owner may be a person), pleasantries, what speaks to somebody else first, and
/// threads that have had their answers. A comment that was answered once is not answered again when it is edited.
pub fn pending(state: &PullRequestState, now: i64) -> Vec<Waiting> {
    let names = Names::of(&state.me);
    let mut found: Vec<(i64, Waiting)> = Vec::new();
    for thread in state.threads.iter().filter(|thread| !thread.is_deleted) {
        let answers = ours(state, thread).filter(|comment| marker::is_chat(&comment.content)).count();
        let bound = match answers.cmp(&MAX_ANSWERS) {
            std::cmp::Ordering::Less => Bound::Within,
            std::cmp::Ordering::Equal => Bound::Reached,
            std::cmp::Ordering::Greater => continue,
        };
        for comment in &thread.comments {
            let Some(published) = comment.published_at.filter(|at| now.saturating_sub(*at) < MAX_AGE) else { continue };
            let is_talk = comment.is_text && !comment.is_deleted && !is_written_by_a_tool(comment);
            if !is_talk || !asked(&comment.content, &names).is_empty() || is_answered(state, thread, comment) {
                continue;
            }
            let Some(is_named) = addressed(state, thread, comment, &names) else { continue };
            if is_pleasantry(&comment.content, &names) && !answers_a_question(state, thread, comment) {
                continue;
            }
            let (thread, id, by) = (thread.id, comment.id, comment.author.clone());
            found.push((published, Waiting { thread, comment: id, by, is_named, bound }));
        }
    }
    found.sort_by_key(|(published, waiting)| (*published, waiting.thread, waiting.comment));
    found.into_iter().map(|(_, waiting)| waiting).collect()
}

/// Whether the comment speaks to the agent, and by name; None: it does not.
fn addressed(state: &PullRequestState, thread: &Thread, comment: &Comment, names: &Names) -> Option<bool> {
    match names.addressee(&comment.content) {
        Addressee::Agent => Some(true),
        Addressee::SomebodyElse => None,
        Addressee::Everybody => ours(state, thread).any(|earlier| earlier.id < comment.id).then_some(false),
    }
}

/// Our own comments of a thread, by author and by marker; those of the commercial product under the same identity too.
fn ours<'a>(state: &'a PullRequestState, thread: &'a Thread) -> impl Iterator<Item = &'a Comment> {
    let is_mine = |comment: &&Comment| !state.me.id.is_empty() && comment.author.id.eq_ignore_ascii_case(&state.me.id);
    thread.comments.iter().filter(is_mine).filter(|comment| !comment.is_deleted && is_written_by_a_tool(comment))
}

fn is_written_by_a_tool(comment: &Comment) -> bool {
    render::is_ours(&comment.content) || predecessor::is_written_by(&comment.content) || comment.author.is_build_service()
}

fn is_answered(state: &PullRequestState, thread: &Thread, comment: &Comment) -> bool {
    // An older version answered talk as a command that it did not know.
    let marks = [marker::of_chat(comment.id), marker::of_command(comment.id, "unknown")];
    ours(state, thread).any(|answer| marks.iter().any(|mark| answer.content.contains(mark)))
}

/// Whether the last thing that we said before the comment asks something back: then "ok" is an answer.
fn answers_a_question(state: &PullRequestState, thread: &Thread, comment: &Comment) -> bool {
    let last = ours(state, thread).filter(|earlier| earlier.id < comment.id).max_by_key(|earlier| earlier.id);
    last.is_some_and(|last| marker::is_chat(&last.content) && last.content.contains('?'))
}
