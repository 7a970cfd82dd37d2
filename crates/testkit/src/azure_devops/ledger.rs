//! Everything that was asked and written, in order, so that tests can say what must never happen.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// A write that took effect. Refused ones are only in [`Request`].
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    /// Counts from 1 over the whole server.
    pub sequence: u64,
    pub at: Timestamp,
    /// Id and display name of whoever wrote.
    pub by_id: String,
    pub by: String,
    pub action: Action,
    pub pull_request: Option<u32>,
    /// For which iteration it was written: the iteration context of the thread, or the iteration of the status.
    pub iteration: Option<u32>,
    /// The newest iteration of the pull request at that moment.
    pub newest_iteration: Option<u32>,
    pub thread: Option<u32>,
    pub comment: Option<u32>,
    /// The thread hangs on a file.
    pub is_inline: bool,
    /// Properties of the thread after the write.
    pub properties: BTreeMap<String, String>,
    /// The new text, where there is one.
    pub content: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    CreateThread,
    UpdateThread,
    CreateComment,
    UpdateComment,
    DeleteComment,
    Like,
    Unlike,
    /// With the state.
    CreateStatus(String),
    DeleteStatus,
    /// With the names of the fields that changed.
    UpdatePullRequest(Vec<String>),
    CreatePullRequest,
    /// To this reference.
    Push(String),
    AddLabel(String),
    RemoveLabel(String),
    /// With the vote.
    Vote(i64),
    RemoveReviewer,
    UpdateProperties,
    WriteWorkItem(u32),
    Subscribe,
    Unsubscribe,
}

/// A request that was answered or cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    /// Path after the collection, decoded, and the query.
    pub path: String,
    /// None: the connection was cut.
    pub status: Option<u16>,
    /// Display name, or nothing for a request that did not sign in.
    pub by: Option<String>,
}

/// Something that the service takes and that is wrong all the same: a thread on a line that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub pull_request: u32,
    pub thread: Option<u32>,
    pub problem: String,
}

/// A write for an iteration after one for a later iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct StaleWrite {
    pub write: Write,
    /// The earlier write that was for the later iteration.
    pub after: Write,
}

/// Two threads that say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuplicateThread {
    pub pull_request: u32,
    /// Value of the property that both have.
    pub value: String,
    pub first: u32,
    pub second: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) writes: Vec<Write>,
    pub(crate) requests: Vec<Request>,
    pub(crate) violations: Vec<Violation>,
}

impl Ledger {
    /// Numbers `write` and keeps it.
    pub(crate) fn record(&mut self, mut write: Write) {
        write.sequence = u64::try_from(self.writes.len()).unwrap_or(u64::MAX).saturating_add(1);
        self.writes.push(write);
    }

    pub(crate) fn violation(&mut self, pull_request: u32, thread: Option<u32>, problem: impl Into<String>) {
        self.violations.push(Violation { pull_request, thread, problem: problem.into() });
    }
}

/// Inline threads and statuses that were written for iteration n after one for a later iteration of the same pull request
/// had been written by the same identity.
pub(crate) fn stale_writes(writes: &[Write]) -> Vec<StaleWrite> {
    let mut latest: BTreeMap<(u32, &str), &Write> = BTreeMap::new();
    let mut stale = Vec::new();
    for write in writes {
        let counts = match &write.action {
            Action::CreateThread => write.is_inline,
            Action::CreateStatus(_) => true,
            _ => false,
        };
        let (Some(pull_request), Some(iteration)) = (write.pull_request, write.iteration) else { continue };
        if !counts {
            continue;
        }
        let key = (pull_request, write.by_id.as_str());
        match latest.get(&key) {
            Some(&later) if later.iteration > Some(iteration) => {
                stale.push(StaleWrite { write: write.clone(), after: later.clone() });
            }
            _ => drop(latest.insert(key, write)),
        }
    }
    stale
}
