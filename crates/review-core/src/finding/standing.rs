//! Our own threads, read back from the pull request.

use serde::{Deserialize, Serialize};

use super::{Category, Finding, Fingerprint};
use crate::{
    predecessor,
    publication::property,
    pull_request::{Anchor, Comment, PullRequestState, Thread, ThreadStatus},
    render::marker,
};

/// A finding that was posted by an earlier run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingFinding {
    pub thread: u64,
    pub status: ThreadStatus,
    pub is_deleted: bool,
    /// We answered that it was fixed, and nobody has said anything since: should its code come back, the thread may be opened
    /// again. What people settled, by any status or word of theirs, is settled.
    #[serde(default)]
    pub is_resolved_by_us: bool,
    pub fingerprint: Fingerprint,
    /// Where it was placed, at `iteration`. None: there is no knowing where that is now.
    pub anchor: Option<Anchor>,
    /// 0 when the thread no longer says it.
    pub iteration: u32,
    pub category: Category,
    /// Empty when the thread no longer says it.
    pub quoted_line: String,
    pub claim: String,
    /// The commercial product posted it, before it gave way to this agent.
    #[serde(default)]
    pub is_predecessors: bool,
}

/// What the thread property `FINDING` holds, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingMemory {
    pub category: Category,
    pub quoted_line: String,
    pub claim: String,
}

/// Characters of the JSON form; the service's own limit for a property value is not documented, 2,000 are safe.
const MAX_MEMORY_CHARS: usize = 1_900;

impl FindingMemory {
    /// Shortened so that a thread property holds it.
    pub fn of(finding: &Finding) -> Self {
        let cut = |text: &str, chars: usize| text.chars().take(chars).collect::<String>();
        Self { category: finding.category, quoted_line: cut(finding.quoted_line.trim(), 500), claim: cut(&finding.claim, 500) }
    }

    /// At most 1,900 characters, also where every character has to be escaped.
    pub fn to_json(&self) -> String {
        let mut memory = self.clone();
        loop {
            let json = serde_json::json!({
                "category": memory.category,
                "quoted_line": memory.quoted_line,
                "claim": memory.claim,
            })
            .to_string();
            if json.chars().count() <= MAX_MEMORY_CHARS {
                return json;
            }
            // The claim first: the line is what later runs compare.
            let longer = if memory.claim.is_empty() { &mut memory.quoted_line } else { &mut memory.claim };
            let kept = longer.chars().count() / 2;
            *longer = longer.chars().take(kept).collect();
        }
    }
}

/// Reads them from the threads whose first comment is by `state.me`; a property bag or a marker in anybody else's comment
/// counts for nothing. The hidden marker of the comment serves when the properties are gone.
pub fn standing_findings(state: &PullRequestState) -> Vec<StandingFinding> {
    state.threads.iter().filter_map(|thread| standing_finding(state, thread)).collect()
}

/// The first comment of a thread that our own identity began.
pub(crate) fn our_first_comment<'a>(state: &PullRequestState, thread: &'a Thread) -> Option<&'a Comment> {
    let first = thread.comments.iter().min_by_key(|comment| comment.id)?;
    // Identities are GUIDs, which the service writes in either case.
    (!state.me.id.is_empty() && first.author.id.eq_ignore_ascii_case(&state.me.id)).then_some(first)
}

fn standing_finding(state: &PullRequestState, thread: &Thread) -> Option<StandingFinding> {
    let first = our_first_comment(state, thread)?;
    let stated = |key: &str| thread.properties.get(key).map(|text| text.trim()).filter(|text| !text.is_empty());
    let fingerprint = stated(property::FINGERPRINT).or_else(|| marker::fingerprint(&first.content));
    let Some(fingerprint) = fingerprint else { return predecessors(thread, first) };
    let memory = stated(property::FINDING).and_then(|json| serde_json::from_str::<FindingMemory>(json).ok());
    let memory = memory.unwrap_or_else(|| remembered_by_the_text(&first.content));
    Some(StandingFinding {
        thread: thread.id,
        status: thread.status.clone(),
        is_deleted: thread.is_deleted || first.is_deleted,
        is_resolved_by_us: is_resolved_by_us(state, thread, first),
        fingerprint: Fingerprint(fingerprint.to_owned()),
        anchor: thread.anchor.clone(),
        iteration: stated(property::ITERATION).and_then(|number| number.parse().ok()).unwrap_or(0),
        category: memory.category,
        quoted_line: memory.quoted_line,
        claim: memory.claim,
        is_predecessors: false,
    })
}

/// A finding of the commercial product under our identity: it stands where it stands, so that the same is not said again beside
/// it. Its name is made of the thread's number, for its text says nothing that we could name it by.
fn predecessors(thread: &Thread, first: &Comment) -> Option<StandingFinding> {
    let claim = predecessor::claim(&first.content)?;
    thread.anchor.as_ref()?;
    Some(StandingFinding {
        thread: thread.id,
        status: thread.status.clone(),
        is_deleted: thread.is_deleted || first.is_deleted,
        is_resolved_by_us: false,
        fingerprint: Fingerprint(format!("{:064x}", thread.id)),
        anchor: thread.anchor.clone(),
        iteration: 0,
        category: Category::Correctness,
        quoted_line: String::new(),
        claim,
        is_predecessors: true,
    })
}

/// Whether the last word in the thread is ours, and says that the code answers it. A status of its own tells nothing of who set it.
fn is_resolved_by_us(state: &PullRequestState, thread: &Thread, first: &Comment) -> bool {
    let spoken = thread.comments.iter().filter(|comment| comment.is_text && !comment.is_deleted && comment.id != first.id);
    let last = spoken.max_by_key(|comment| comment.id);
    let is_stating =
        last.is_some_and(|last| last.author.id.eq_ignore_ascii_case(&state.me.id) && marker::is_resolution(&last.content));
    is_stating && thread.status == ThreadStatus::Fixed && !thread.is_deleted && !first.is_deleted
}

impl StandingFinding {
    /// The same with the claim that its first comment makes, whoever wrote into the thread's properties since: a comment only its author
    /// edits. The quoted line is not in it.
    #[must_use]
    pub fn as_its_comment_says(self, content: &str) -> Self {
        let FindingMemory { category, quoted_line, claim } = remembered_by_the_text(content);
        if claim.is_empty() { self } else { Self { category, quoted_line, claim, ..self } }
    }
}

/// What the comment itself still says: the label line names the category, the first bold line is the claim.
fn remembered_by_the_text(content: &str) -> FindingMemory {
    let label = content.lines().next().unwrap_or_default().to_lowercase();
    let category = Category::ALL.into_iter().find(|category| label.contains(&category.words().to_lowercase()));
    let claim = content.lines().find_map(|line| line.trim().strip_prefix("**")?.strip_suffix("**"));
    FindingMemory {
        category: category.unwrap_or(Category::Correctness),
        quoted_line: String::new(),
        claim: claim.unwrap_or_default().replace('\\', ""),
    }
}

#[cfg(test)]
mod tests;
