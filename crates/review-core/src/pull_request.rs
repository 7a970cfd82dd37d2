//! The pull request as the review sees it, free of any forge's wire format.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// A full Git object id in lower-case hexadecimal (40 or 64 digits).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

impl CommitId {
    /// Accepts 40 or 64 hexadecimal digits in either case; everything else (a branch name, an option for git) is refused.
    pub fn parse(text: &str) -> Option<Self> {
        let hexadecimal = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (hexadecimal && matches!(text.len(), 40 | 64)).then(|| Self(text.to_ascii_lowercase()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for CommitId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| format!("{text:?} is no commit id"))
    }
}

impl From<CommitId> for String {
    fn from(id: CommitId) -> Self {
        id.0
    }
}

/// A repository, by the collection URL that we are configured to trust and the ids that the forge gives.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RepositoryKey {
    /// Organisation or collection URL without a trailing slash, e.g. `https://dev.azure.com/contoso`.
    pub collection: String,
    /// Project id or name, not percent-encoded.
    pub project: String,
    /// Repository id or name, not percent-encoded.
    pub repository: String,
}

/// One pull request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PullRequestKey {
    pub repository: RepositoryKey,
    pub id: u64,
}

impl fmt::Display for PullRequestKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RepositoryKey { collection, project, repository } = &self.repository;
        write!(formatter, "{collection}/{project}/_git/{repository}/pullrequest/{}", self.id)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum PullRequestStatus {
    Active,
    Completed,
    Abandoned,
    /// A word that this version does not know; treated as not reviewable.
    Other(String),
}

/// An identity of the forge. Compare by `id` only: names are chosen by people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: String,
    pub display_name: String,
    pub unique_name: String,
}

impl Person {
    /// Whether `name` is the person's unique name (`ada@contoso.com`, `CONTOSO\\ada`), or that name without its domain, in
    /// whatever case.
    pub fn is_named(&self, name: &str) -> bool {
        let is_same = |one: &str| one.trim().to_lowercase() == name.trim().to_lowercase();
        let unique = self.unique_name.as_str();
        let account = unique.rsplit_once('\\').map_or(unique, |(_, account)| account);
        let account = account.split_once('@').map_or(account, |(account, _)| account);
        !name.trim().is_empty() && (is_same(unique) || is_same(account))
    }

    /// Whether it is the identity that pipelines act by, which the service names `Build\{guid}`.
    pub fn is_build_service(&self) -> bool {
        self.unique_name.get(..6).is_some_and(|prefix| prefix.eq_ignore_ascii_case("Build\\"))
    }
}

/// Somebody who is asked for a review of a pull request, or gave one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    pub person: Person,
    /// 10 approved, 5 approved with suggestions, 0 none, -5 waits for the author, -10 rejected.
    pub vote: i32,
    pub is_group: bool,
}

/// The pull request itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    pub key: PullRequestKey,
    pub title: String,
    pub description: String,
    pub status: PullRequestStatus,
    pub is_draft: bool,
    /// Full ref names, `refs/heads/…`.
    pub source_ref: String,
    pub target_ref: String,
    pub author: Person,
    pub labels: Vec<String>,
    pub reviewers: Vec<Reviewer>,
    /// The page for people.
    pub web_url: String,
    /// Where git fetches from, without user info.
    pub remote_url: String,
    /// The same for the fork that the source branch is in; None when it is in the repository itself.
    pub fork_url: Option<String>,
    /// Project and repository names for people.
    pub project_name: String,
    pub repository_name: String,
}

/// One push to the pull request; ids count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Iteration {
    pub id: u32,
    /// The source branch's commit.
    pub head: CommitId,
    /// The merge base of source and target at that time.
    pub base: CommitId,
}

/// A file of an iteration, as far as anchoring threads needs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IterationFile {
    /// Path without the leading slash.
    pub path: String,
    pub change_tracking_id: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The file before the change.
    Left,
    /// The file after the change.
    Right,
}

/// Lines `first..=last`, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineRange {
    pub first: u32,
    pub last: u32,
}

impl LineRange {
    /// `first` and `last` in either order; 0 becomes 1.
    pub fn new(first: u32, last: u32) -> Self {
        let (first, last) = (first.max(1), last.max(1));
        Self { first: first.min(last), last: first.max(last) }
    }

    /// Whether the line is one of the range.
    pub fn contains(self, line: u32) -> bool {
        (self.first..=self.last).contains(&line)
    }

    /// Whether the two have a line in common.
    pub fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    /// How far the nearest lines of the two ranges are apart: 0 when they overlap, 1 when one follows the other.
    pub fn distance(self, other: Self) -> u32 {
        if self.overlaps(other) {
            0
        } else if self.last < other.first {
            other.first - self.last
        } else {
            self.first - other.last
        }
    }

    /// How many lines; never 0.
    pub fn len(self) -> u32 {
        self.last.saturating_sub(self.first).saturating_add(1)
    }

    pub fn is_empty(self) -> bool {
        false
    }
}

/// A place in a file at one iteration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Path without the leading slash.
    pub path: String,
    pub side: Side,
    pub lines: LineRange,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ThreadStatus {
    Active,
    Pending,
    Fixed,
    WontFix,
    ByDesign,
    Closed,
    /// System threads carry none; new words of the service end here too.
    Other(String),
}

impl ThreadStatus {
    /// Whether people still see it as something to do.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Active | Self::Pending)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Counts from 1 within its thread.
    pub id: u64,
    pub author: Person,
    pub content: String,
    pub is_deleted: bool,
    /// False for what the service itself writes ("X voted").
    pub is_text: bool,
    /// Milliseconds since the epoch; None where the service does not say.
    #[serde(default)]
    pub published_at: Option<i64>,
    /// Ids of those who like it.
    pub liked_by: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    pub id: u64,
    pub status: ThreadStatus,
    pub comments: Vec<Comment>,
    /// None: about the pull request as a whole.
    pub anchor: Option<Anchor>,
    /// The thread's property bag, values as text.
    pub properties: BTreeMap<String, String>,
    pub is_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkItem {
    pub id: u64,
    pub kind: String,
    pub title: String,
    pub state: String,
    /// Plain text of description and acceptance criteria.
    pub text: String,
}

/// Everything that is read again at the start of a run, and once more before publication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestState {
    pub pull_request: PullRequest,
    /// In ascending order of id.
    pub iterations: Vec<Iteration>,
    pub threads: Vec<Thread>,
    pub work_items: Vec<WorkItem>,
    /// Who our token belongs to.
    pub me: Person,
}

impl PullRequestState {
    pub fn newest_iteration(&self) -> Option<&Iteration> {
        self.iterations.last()
    }
}

#[cfg(test)]
mod tests;
