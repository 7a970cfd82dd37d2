//! What should stand on the pull request, minus what stands there, is what is written.

mod additions;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use self::additions::{Additions, NewReviewer};
use self::additions::{PlannedAdditions, plan_additions};
use crate::{
    checks::{CheckReport, CheckResult, CheckStatus, missing, statuses},
    finding::{Finding, FindingMemory, Fingerprint, our_first_comment, standing_findings},
    predecessor,
    pull_request::{Anchor, Comment, CommitId, PullRequestState, Thread, ThreadStatus},
    render::{
        MAX_COMMENT_CHARS, is_delayed, is_in_progress, marker, reopening_reply, resolution_reply, with_checks, with_withheld,
    },
};

/// Keys of the thread properties that carry our identity. Texts are read only from threads whose first comment is by
/// our own identity (see `docs/security.md`).
pub mod property {
    /// `walkthrough` or `finding`.
    pub const KIND: &str = "coderabbitAgent.kind";
    pub const FINGERPRINT: &str = "coderabbitAgent.fingerprint";
    /// Iteration number at which the thread was written or last confirmed.
    pub const ITERATION: &str = "coderabbitAgent.iteration";
    /// Head commit of that iteration.
    pub const HEAD: &str = "coderabbitAgent.head";
    /// Merge base of that iteration.
    pub const BASE: &str = "coderabbitAgent.base";
    /// JSON of what a later run needs of a finding: quoted line, category, claim.
    pub const FINDING: &str = "coderabbitAgent.finding";
    /// On the walkthrough: `in_progress`, `complete`, `partial`, `skipped`, `failed`.
    pub const STATE: &str = "coderabbitAgent.state";
    /// On the walkthrough: JSON list of the labels that were ever set, in lower case.
    pub const LABELS: &str = "coderabbitAgent.labels";
    /// On the walkthrough: JSON list of the ids of reviewers that were ever added.
    pub const REVIEWERS: &str = "coderabbitAgent.reviewers";

    /// On a finding's thread: `command` when it was closed by the command `resolve`.
    pub const CLOSED_BY: &str = "coderabbitAgent.closedBy";
    /// Value of [`CLOSED_BY`].
    pub const CLOSED_BY_COMMAND: &str = "command";

    /// Values of [`KIND`].
    pub const KIND_FINDING: &str = "finding";
    pub const KIND_WALKTHROUGH: &str = "walkthrough";
}

/// Longest value that we put into a thread property.
pub const MAX_PROPERTY_CHARS: usize = 2_000;

/// A finding with its rendered text, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredFinding {
    pub fingerprint: Fingerprint,
    pub finding: Finding,
    pub anchor: Anchor,
    /// UTF-16 length of the last anchored line, for the end column.
    pub last_line_utf16: u32,
    pub content: String,
}

/// What one run wants to stand on the pull request. Stored before anything is written, so that a run that was cut takes
/// it up again instead of asking the models once more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredState {
    pub iteration: u32,
    pub head: CommitId,
    pub base: CommitId,
    pub findings: Vec<DesiredFinding>,
    /// Threads that the new code answers, by thread id.
    pub resolved: Vec<u64>,
    /// Findings that came back after we had resolved their threads.
    #[serde(default)]
    pub reopened: Vec<ReopenedFinding>,
    pub walkthrough: String,
    pub walkthrough_state: WalkthroughState,
    pub status: DesiredStatus,
    /// What goes into the author's own texts.
    #[serde(default)]
    pub texts: DesiredTexts,
    /// Whether a walkthrough that somebody deleted comes again: they asked for a full review.
    #[serde(default)]
    pub reposts_walkthrough: bool,
    /// Labels and reviewers of the pull request.
    #[serde(default)]
    pub additions: Additions,
    /// What the forge does not take.
    pub withheld: Withheld,
    /// What came of the checks before merging.
    #[serde(default)]
    pub checks: CheckReport,
}

/// What is written into title and description, where the author or the repository wants that.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredTexts {
    pub summary: Option<DesiredText>,
    pub title: Option<DesiredText>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredText {
    pub content: String,
    /// The author's text in whose place it goes.
    pub placeholder: String,
    /// Whether it goes to the end where there is no placeholder.
    pub at_end: bool,
}

/// A finding that is told by the thread that it had before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReopenedFinding {
    pub thread: u64,
    pub finding: Finding,
}

/// Writes that the forge refused for what they are: told in the walkthrough instead, so that one of them does not keep the
/// others from being made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Withheld {
    pub findings: Vec<Finding>,
    /// Threads that the new code answers and that cannot be resolved.
    pub threads: Vec<u64>,
    #[serde(default)]
    pub labels: Vec<String>,
    /// Names of people.
    #[serde(default)]
    pub reviewers: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WalkthroughState {
    InProgress,
    Complete,
    Partial,
    Skipped,
    Failed,
}

impl WalkthroughState {
    /// As the property [`property::STATE`] spells it.
    pub fn key(self) -> &'static str {
        match self {
            Self::InProgress => "in_progress",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }

    /// Whether a run in this state has an account of the change to give, which replaces the one before.
    fn is_account(self) -> bool {
        matches!(self, Self::Complete | Self::Partial)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Pending,
    Succeeded,
    Failed,
    NotApplicable,
}

/// The pull request status `coderabbit/review`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredStatus {
    pub state: CheckState,
    pub description: String,
}

/// One write. Each is safe to repeat after a re-read: `plan` leaves out what stands already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PublicationStep {
    CreateThread(NewThread),
    /// Replace the text of comment `comment` of thread `thread` and merge `properties` into the thread's.
    UpdateThread {
        thread: u64,
        comment: u64,
        content: String,
        properties: Vec<(String, String)>,
    },
    /// Answer in the thread, then set its status.
    ResolveThread {
        thread: u64,
        reply: String,
        status: ThreadStatus,
    },
    /// Answer in a thread that we resolved, then make it active again.
    ReopenThread {
        thread: u64,
        reply: String,
    },
    /// Only the status: the answer of a run that was cut stands already.
    SetThreadStatus {
        thread: u64,
        status: ThreadStatus,
    },
    /// Somebody asked for all open threads to be closed; remembered in the thread, for it says nothing about this finding.
    CloseThread {
        thread: u64,
    },
    AddLabel(String),
    /// As an optional one.
    AddReviewer(NewReviewer),
    SetStatus {
        iteration: u32,
        status: DesiredStatus,
    },
    /// The status of one check; only where another one is the newest of its name.
    SetCheckStatus {
        iteration: u32,
        status: CheckStatus,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewThread {
    pub content: String,
    pub status: ThreadStatus,
    pub anchor: Option<NewAnchor>,
    pub properties: Vec<(String, String)>,
}

/// Whole lines of one side of a file at one iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewAnchor {
    pub anchor: Anchor,
    pub iteration: u32,
    /// UTF-16 length of the last line; the end column is one past it.
    pub last_line_utf16: u32,
}

/// The writes that lead from what stands to what is desired, in order: threads, resolutions, labels and reviewers, walkthrough,
/// status.
///
/// A finding is left out when a thread of ours with its fingerprint stands (in whatever status, deleted ones included:
/// somebody removed it). A thread is resolved only while it is open, opened again only while it is fixed, and answered once for each head. For the
/// walkthrough see [`plan_walkthrough`]. The status is always set: it is appended, and what stands cannot be read back.
pub fn plan(state: &PullRequestState, desired: &DesiredState) -> Vec<PublicationStep> {
    let standing = standing_findings(state);
    let mut raised: BTreeSet<&Fingerprint> = standing.iter().map(|finding| &finding.fingerprint).collect();
    let mut steps = Vec::new();
    for finding in &desired.findings {
        if raised.insert(&finding.fingerprint) {
            steps.push(PublicationStep::CreateThread(finding_thread(finding, desired)));
        }
    }

    let resolved: BTreeSet<u64> = desired.resolved.iter().copied().collect();
    steps.extend(resolved.into_iter().filter_map(|thread| plan_resolution(state, thread, &desired.head)));
    let reopened: BTreeSet<u64> = desired.reopened.iter().map(|reopened| reopened.thread).collect();
    steps.extend(reopened.into_iter().filter_map(|thread| plan_reopening(state, thread, &desired.head)));
    let Coverage { iteration, head, base } = desired.coverage();
    let (content, walkthrough_state) = (desired.walkthrough_text(), desired.walkthrough_state());
    let PlannedAdditions { steps: additions, remembered } = plan_additions(state, &desired.additions);
    steps.extend(additions);
    let coverage = walkthrough_state.is_account().then_some(Coverage { iteration, head, base });
    steps.extend(plan_walkthrough_as(state, &content, walkthrough_state, coverage, &remembered, desired.reposts_walkthrough));
    steps.push(PublicationStep::SetStatus { iteration: desired.iteration, status: desired.status_told() });
    steps
}

/// The write, if any, that makes the walkthrough say `content`: the one comment of ours about the whole pull request,
/// created when none stands, else edited in place, and closed so that it blocks no policy.
///
/// - One that a person deleted stays deleted (unless a full review was asked for), and there are never two.
/// - A finished run (`Complete`, `Partial`) replaces everything and puts `iteration`, `head` and `base` on record.
/// - Any other state changes the status block alone: the text and the record of the last finished run stay, so that an
///   interrupted run neither erases a review nor makes the pull request look reviewed at a head that nobody read.
pub fn plan_walkthrough(
    state: &PullRequestState,
    content: &str,
    walkthrough_state: WalkthroughState,
    iteration: u32,
    head: &CommitId,
    base: &CommitId,
) -> Option<PublicationStep> {
    let coverage = walkthrough_state.is_account().then_some(Coverage { iteration, head, base });
    plan_walkthrough_as(state, content, walkthrough_state, coverage, &[], false)
}

/// The same, with what the thread is to remember beside its state.
fn plan_walkthrough_as(
    state: &PullRequestState,
    content: &str,
    walkthrough_state: WalkthroughState,
    coverage: Option<Coverage<'_>>,
    remembered: &[(String, String)],
    reposts: bool,
) -> Option<PublicationStep> {
    let with_memory = |mut properties: Vec<(String, String)>| {
        properties.extend(remembered.iter().cloned());
        properties
    };
    let ours: Vec<(&Thread, &Comment)> = state.threads.iter().filter_map(|thread| our_walkthrough(state, thread)).collect();
    let Some((thread, first)) = standing_of(&ours) else {
        return (ours.is_empty() || reposts).then(|| {
            PublicationStep::CreateThread(NewThread {
                content: content.to_owned(),
                status: ThreadStatus::Closed,
                anchor: None,
                properties: with_memory(walkthrough_properties(walkthrough_state, coverage)),
            })
        });
    };

    let on_record = thread
        .properties
        .get(property::STATE)
        .is_some_and(|stated| [WalkthroughState::Complete, WalkthroughState::Partial].iter().any(|state| state.key() == stated));
    let content = if coverage.is_some() { content.to_owned() } else { under_new_status(content, &first.content) };
    let mut properties = if coverage.is_none() && on_record {
        vec![(property::KIND.to_owned(), property::KIND_WALKTHROUGH.to_owned())]
    } else {
        with_memory(walkthrough_properties(walkthrough_state, coverage))
    };
    properties.retain(|(key, value)| thread.properties.get(key) != Some(value));
    let same_text = comparable(&content) == comparable(&first.content);
    (!same_text || !properties.is_empty()).then_some(PublicationStep::UpdateThread {
        thread: thread.id,
        comment: first.id,
        content,
        properties,
    })
}

/// The one that is edited. One of the commercial product's, by the same identity, is taken over unless there is one of our own.
fn standing_of<'a>(ours: &[(&'a Thread, &'a Comment)]) -> Option<(&'a Thread, &'a Comment)> {
    let standing = ours.iter().filter(|(thread, first)| !thread.is_deleted && !first.is_deleted);
    standing.min_by_key(|(thread, first)| (!first.content.contains(marker::WALKTHROUGH), thread.id)).copied()
}

/// The write, if any, that makes the walkthrough's section of checks say `results` and, where the vote could not be cast, why. A
/// walkthrough that is gone gets none.
pub fn plan_checks(state: &PullRequestState, results: &[CheckResult], vote_refused: Option<&str>) -> Option<PublicationStep> {
    let ours: Vec<(&Thread, &Comment)> = state.threads.iter().filter_map(|thread| our_walkthrough(state, thread)).collect();
    let (thread, first) = standing_of(&ours)?;
    let content = with_checks(&first.content, results, vote_refused)?;
    Some(PublicationStep::UpdateThread { thread: thread.id, comment: first.id, content, properties: Vec::new() })
}

/// Whether a walkthrough of ours still tells of a run under way: one that was cut when the pull request was closed.
pub fn shows_unfinished_run(state: &PullRequestState) -> bool {
    let ours = state.threads.iter().filter_map(|thread| our_walkthrough(state, thread));
    ours.filter(|(thread, first)| !thread.is_deleted && !first.is_deleted).any(|(_, first)| is_in_progress(&first.content))
}

/// Whether our walkthrough tells that the review of `head` is delayed, and will be tried again.
pub fn shows_delay(state: &PullRequestState, head: &CommitId) -> bool {
    let ours = state.threads.iter().filter_map(|thread| our_walkthrough(state, thread));
    ours.filter(|(thread, first)| !thread.is_deleted && !first.is_deleted).any(|(_, first)| is_delayed(&first.content, head))
}

/// What a finished run covered.
#[derive(Clone, Copy)]
struct Coverage<'a> {
    iteration: u32,
    head: &'a CommitId,
    base: &'a CommitId,
}

impl Coverage<'_> {
    fn properties(self) -> [(String, String); 3] {
        [
            (property::ITERATION.to_owned(), self.iteration.to_string()),
            (property::HEAD.to_owned(), self.head.to_string()),
            (property::BASE.to_owned(), self.base.to_string()),
        ]
    }
}

impl DesiredState {
    /// Takes out what the forge refused in `step`; false when the step is about nothing that could be left out.
    pub fn withhold(&mut self, step: &PublicationStep) -> bool {
        match step {
            PublicationStep::CreateThread(thread) => {
                let named = thread.properties.iter().find(|(key, _)| key == property::FINGERPRINT);
                let place =
                    self.findings.iter().position(|finding| Some(&finding.fingerprint.0) == named.map(|(_, value)| value));
                place.map(|place| self.withheld.findings.push(self.findings.remove(place).finding)).is_some()
            }
            PublicationStep::ResolveThread { thread, .. } | PublicationStep::SetThreadStatus { thread, .. } => {
                let before = self.resolved.len();
                self.resolved.retain(|resolved| resolved != thread);
                if self.resolved.len() < before {
                    self.withheld.threads.push(*thread);
                    return true;
                }
                let place = self.reopened.iter().position(|reopened| reopened.thread == *thread);
                place.map(|place| self.withheld.findings.push(self.reopened.remove(place).finding)).is_some()
            }
            PublicationStep::ReopenThread { thread, .. } => {
                let place = self.reopened.iter().position(|reopened| reopened.thread == *thread);
                place.map(|place| self.withheld.findings.push(self.reopened.remove(place).finding)).is_some()
            }
            PublicationStep::AddLabel(_) | PublicationStep::AddReviewer(_) => self.additions.withhold(step, &mut self.withheld),
            PublicationStep::UpdateThread { .. }
            | PublicationStep::CloseThread { .. }
            | PublicationStep::SetStatus { .. }
            | PublicationStep::SetCheckStatus { .. } => false,
        }
    }

    /// The steps for the statuses of checks that do not stand yet; `standing` are the newest ones of their names.
    pub fn check_steps(&self, standing: &[CheckStatus]) -> Vec<PublicationStep> {
        check_steps(self.iteration, statuses(&self.checks.results), standing)
    }

    /// Findings that were withheld are part of the account that was to be given.
    pub fn walkthrough_state(&self) -> WalkthroughState {
        let is_whole = self.withheld.findings.is_empty() || !self.walkthrough_state.is_account();
        if is_whole { self.walkthrough_state } else { WalkthroughState::Partial }
    }

    fn walkthrough_text(&self) -> String {
        with_withheld(&self.walkthrough, &self.withheld)
    }

    fn status_told(&self) -> DesiredStatus {
        let mut status = self.status.clone();
        match self.withheld.findings.len() {
            0 => {}
            count => status.description.push_str(&format!("; {count} of them only in the walkthrough")),
        }
        status
    }

    fn coverage(&self) -> Coverage<'_> {
        Coverage { iteration: self.iteration, head: &self.head, base: &self.base }
    }
}

/// The same for statuses of checks by themselves.
pub fn check_steps(iteration: u32, wanted: Vec<CheckStatus>, standing: &[CheckStatus]) -> Vec<PublicationStep> {
    missing(wanted, standing).into_iter().map(|status| PublicationStep::SetCheckStatus { iteration, status }).collect()
}

fn finding_thread(desired: &DesiredFinding, run: &DesiredState) -> NewThread {
    let mut properties = vec![
        (property::KIND.to_owned(), property::KIND_FINDING.to_owned()),
        (property::FINGERPRINT.to_owned(), desired.fingerprint.0.clone()),
        (property::FINDING.to_owned(), FindingMemory::of(&desired.finding).to_json()),
    ];
    properties.extend(run.coverage().properties());
    NewThread {
        content: desired.content.clone(),
        status: ThreadStatus::Active,
        anchor: Some(NewAnchor {
            anchor: desired.anchor.clone(),
            iteration: run.iteration,
            last_line_utf16: desired.last_line_utf16,
        }),
        properties,
    }
}

fn plan_resolution(state: &PullRequestState, id: u64, head: &CommitId) -> Option<PublicationStep> {
    let thread = state.threads.iter().find(|thread| thread.id == id)?;
    let first = our_first_comment(state, thread)?;
    if thread.is_deleted || first.is_deleted || !thread.status.is_open() {
        return None;
    }
    let marker = marker::of_resolution(head);
    let mine = |comment: &&Comment| comment.author.id.eq_ignore_ascii_case(&state.me.id) && !comment.is_deleted;
    let answered = thread.comments.iter().filter(mine).any(|comment| comment.content.contains(&marker));
    let status = ThreadStatus::Fixed;
    Some(if answered {
        PublicationStep::SetThreadStatus { thread: id, status }
    } else {
        PublicationStep::ResolveThread { thread: id, reply: resolution_reply(head), status }
    })
}

fn plan_reopening(state: &PullRequestState, id: u64, head: &CommitId) -> Option<PublicationStep> {
    let thread = state.threads.iter().find(|thread| thread.id == id)?;
    let first = our_first_comment(state, thread)?;
    // Opened again already, or settled by people meanwhile.
    if thread.is_deleted || first.is_deleted || thread.status != ThreadStatus::Fixed {
        return None;
    }
    let marker = marker::of_reopening(head);
    let mine = |comment: &&Comment| comment.author.id.eq_ignore_ascii_case(&state.me.id) && !comment.is_deleted;
    let answered = thread.comments.iter().filter(mine).any(|comment| comment.content.contains(&marker));
    Some(if answered {
        PublicationStep::SetThreadStatus { thread: id, status: ThreadStatus::Active }
    } else {
        PublicationStep::ReopenThread { thread: id, reply: reopening_reply(head) }
    })
}

/// The thread and its first comment, when it is a walkthrough that our own identity began. A deleted comment has lost its
/// text; the property still tells what it was.
fn our_walkthrough<'a>(state: &PullRequestState, thread: &'a Thread) -> Option<(&'a Thread, &'a Comment)> {
    let first = our_first_comment(state, thread)?;
    let by_property = thread.properties.get(property::KIND).is_some_and(|kind| kind == property::KIND_WALKTHROUGH);
    let is_one = by_property || first.content.contains(marker::WALKTHROUGH) || predecessor::is_walkthrough(&first.content);
    is_one.then_some((thread, first))
}

fn walkthrough_properties(state: WalkthroughState, coverage: Option<Coverage<'_>>) -> Vec<(String, String)> {
    let mut properties = vec![
        (property::KIND.to_owned(), property::KIND_WALKTHROUGH.to_owned()),
        (property::STATE.to_owned(), state.key().to_owned()),
    ];
    properties.extend(coverage.into_iter().flat_map(Coverage::properties));
    properties
}

/// The new status block above the text of the last finished run, where there is one.
fn under_new_status(content: &str, standing: &str) -> String {
    // What the commercial product said stays under our status until a review of ours is done.
    let predecessors = || Some(standing).filter(|standing| predecessor::is_walkthrough(standing));
    let body = marker::walkthrough_body(standing).or_else(predecessors);
    let composed = marker::compose_walkthrough(marker::walkthrough_status(content), body);
    // Status and body are each kept within their share; a comment that others made longer cannot be written at all.
    if composed.chars().count() <= MAX_COMMENT_CHARS { composed } else { standing.to_owned() }
}

/// Texts are compared without line endings and outer space, which stores on the way may change.
fn comparable(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

#[cfg(test)]
mod tests;
