//! What became of one finding.

use std::collections::BTreeSet;

use crate::{
    diff::{LineMap, Mapped},
    finding::{
        Category, Finding, FindingMemory, Fingerprint, StandingFinding, fingerprint, our_first_comment, standing_findings,
    },
    publication::property,
    pull_request::{LineRange, PullRequestState, PullRequestStatus, Side, Thread, ThreadStatus},
};

/// Findings of one pull request whose outcomes are kept, the newest.
const MAX_FINDINGS: usize = 500;
/// Characters that are kept. What we write is shorter; properties of a thread can be written by others, too.
const MAX_FINGERPRINT_CHARS: usize = 64;
const MAX_CLAIM_CHARS: usize = 500;
const MAX_PATH_CHARS: usize = 1_000;
/// A change this near to a finding counts as one of its lines: a guard is inserted above, a call removed below.
const NEXT_TO_IT: u32 = 1;

/// What was said, whatever becomes of its thread.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedFinding {
    pub fingerprint: Fingerprint,
    pub category: Category,
    pub path: String,
    pub claim: String,
    /// In which it was posted; 0: not known.
    pub iteration: u32,
}

/// What people made of it, as far as it can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// Of the thread; one that the command `resolve` closed counts as active.
    pub status: ThreadStatus,
    /// Somebody removed the thread or its first comment.
    pub is_deleted: bool,
    /// Comments of people in the thread.
    pub replies: u32,
    /// People who like the first comment.
    pub likes: u32,
    /// Of the pull request.
    pub pull_request: PullRequestStatus,
    /// Whether the finding's lines are others in the last iteration than in the one that it was posted in; None: not known, or
    /// not asked, as the pull request is not completed.
    pub lines_changed: Option<bool>,
}

/// A finding that stands, or stood, on a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFinding {
    pub posted: PostedFinding,
    pub thread: u64,
    pub reaction: Reaction,
}

/// What a finding was worth to those who got it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Label {
    /// Somebody changed the code for it, or says so.
    ActedOn,
    /// Somebody said no.
    Rejected,
    /// The pull request was completed without a word or a change.
    Ignored,
    /// Nobody had to decide yet, or nobody can tell any more.
    Open,
}

impl Label {
    /// For metrics and machines.
    pub fn key(self) -> &'static str {
        match self {
            Self::ActedOn => "acted_on",
            Self::Rejected => "rejected",
            Self::Ignored => "ignored",
            Self::Open => "open",
        }
    }
}

impl PostedFinding {
    /// Of a finding that is posted in `iteration`.
    pub fn of(finding: &Finding, iteration: u32) -> Self {
        let FindingMemory { category, claim, .. } = FindingMemory::of(finding);
        Self {
            fingerprint: fingerprint(finding),
            category,
            path: cut(&finding.path, MAX_PATH_CHARS),
            claim: cut(&claim, MAX_CLAIM_CHARS),
            iteration,
        }
    }
}

impl Reaction {
    /// The first rule that holds:
    ///
    /// | what is seen | label |
    /// |---|---|
    /// | status *fixed* (set by people, or by us when the new code answers the finding) | acted on |
    /// | status *won't fix* or *by design* | rejected |
    /// | the comment or the thread was deleted | rejected |
    /// | the pull request is not completed | open |
    /// | nobody knows whether the lines changed | open |
    /// | the lines changed before completion | acted on |
    /// | not changed, the thread closed, and nobody likes the comment | rejected |
    /// | not changed | ignored |
    ///
    /// Replies decide nothing: whether one says yes or no is not for a rule to tell. A like only takes the edge off a thread
    /// that was closed without a change.
    pub fn label(&self) -> Label {
        match (&self.status, self.is_deleted) {
            (ThreadStatus::Fixed, _) => return Label::ActedOn,
            (ThreadStatus::WontFix | ThreadStatus::ByDesign, _) | (_, true) => return Label::Rejected,
            (ThreadStatus::Active | ThreadStatus::Pending | ThreadStatus::Closed | ThreadStatus::Other(_), false) => {}
        }
        if self.pull_request != PullRequestStatus::Completed {
            return Label::Open;
        }
        match self.lines_changed {
            None => Label::Open,
            Some(true) => Label::ActedOn,
            Some(false) if self.status == ThreadStatus::Closed && self.likes == 0 => Label::Rejected,
            Some(false) => Label::Ignored,
        }
    }
}

/// Our findings as they stand on the pull request, by fingerprint; of two threads with the same one, the older. Whether lines
/// changed is for the caller to find out.
pub fn seen_findings(state: &PullRequestState) -> Vec<SeenFinding> {
    let mut standing = standing_findings(state);
    // What others said teaches nothing about what we say.
    standing.retain(|finding| !finding.is_predecessors);
    standing.sort_by_key(|finding| finding.thread);
    let mut threads: Vec<&Thread> = state.threads.iter().collect();
    threads.sort_by_key(|thread| thread.id);
    let mut known = BTreeSet::new();
    let seen = standing.into_iter().filter_map(|finding| {
        let place = threads.binary_search_by_key(&finding.thread, |thread| thread.id).ok()?;
        let seen = seen_finding(state, threads.get(place)?, finding)?;
        known.insert(seen.posted.fingerprint.clone()).then_some(seen)
    });
    let mut seen: Vec<SeenFinding> = seen.collect();
    seen.drain(..seen.len().saturating_sub(MAX_FINDINGS));
    seen
}

fn seen_finding(state: &PullRequestState, thread: &Thread, finding: StandingFinding) -> Option<SeenFinding> {
    let first = our_first_comment(state, thread)?;
    let is_mine = |id: &str| id.eq_ignore_ascii_case(&state.me.id);
    let replies = thread.comments.iter().filter(|comment| {
        let is_by_a_person = !is_mine(&comment.author.id) && !comment.author.is_build_service();
        comment.id != first.id && comment.is_text && !comment.is_deleted && is_by_a_person
    });
    let likes: BTreeSet<&String> = first.liked_by.iter().filter(|id| !is_mine(id)).collect();
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    // Closed together with all others, by a command: that is no word about this one.
    let in_bulk = thread.properties.get(property::CLOSED_BY).is_some_and(|by| by == property::CLOSED_BY_COMMAND);
    let status = if in_bulk && finding.status == ThreadStatus::Closed { ThreadStatus::Active } else { finding.status };
    Some(SeenFinding {
        thread: finding.thread,
        reaction: Reaction {
            status,
            is_deleted: finding.is_deleted,
            replies: count(replies.count()),
            likes: count(likes.len()),
            pull_request: state.pull_request.status.clone(),
            lines_changed: None,
        },
        posted: PostedFinding {
            fingerprint: Fingerprint(cut(&finding.fingerprint.0, MAX_FINGERPRINT_CHARS)),
            category: finding.category,
            path: cut(finding.anchor.as_ref().map_or("", |anchor| &anchor.path), MAX_PATH_CHARS),
            claim: cut(&finding.claim, MAX_CLAIM_CHARS),
            iteration: finding.iteration,
        },
    })
}

/// Whether the code in the place of a finding is another than it was. `then` is the text that its lines count in: the file's
/// head when it was posted, or for the left side, where removed lines are, its base. `now` is the file in the last iteration;
/// None: it is gone.
///
/// On the right side: a line of it, or one directly above or below, was changed, removed or inserted. That lines moved, or that
/// their endings changed, is no change. On the left side: the removed lines are back.
pub fn lines_changed(side: Side, lines: LineRange, then: &str, now: Option<&str>) -> bool {
    let map = now.map(|now| LineMap::between(then, now));
    match side {
        Side::Right => map.is_none_or(|map| !map.is_untouched(lines, NEXT_TO_IT)),
        Side::Left => map.is_some_and(|map| matches!(map.range(lines), Mapped::Kept(_))),
    }
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}

#[cfg(test)]
mod tests;
