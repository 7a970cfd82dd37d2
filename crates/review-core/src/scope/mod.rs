//! What is reviewed, and why the rest is not.

mod cost;
mod decide;
mod paths;
mod select;
mod when;
pub(crate) mod worth;

pub use cost::{CostLimitReached, CostLimits, Spent};
pub use decide::{decide, reviewed_from_threads};
pub use paths::default_exclusions;
pub use select::{MAX_FILE_BYTES, MAX_LINE_CHARS, select};
use serde::{Deserialize, Serialize};
pub(crate) use when::branch_pattern;
pub use when::{Circumstances, ReviewRequest, SkipReason};

use crate::{configuration::PathFilters, diff::FileDiff, pull_request::CommitId};

/// What an earlier run on this pull request covered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    pub iteration: u32,
    pub head: CommitId,
    pub base: CommitId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// Everything from the merge base to the head.
    Full,
    /// Only what came since `since`.
    Incremental { since: Reviewed },
    /// Nothing to do, and nothing to say: the newest iteration was reviewed already, or the pull request is closed.
    Quiet(QuietReason),
    /// Not reviewed, and the walkthrough says why.
    Skip(SkipReason),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuietReason {
    NotActive,
    AlreadyReviewed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SetAside {
    /// Bytes that are no text; images, archives, documents and the like by their extension.
    Binary,
    /// A pure rename, a mode change, an empty file, or other line endings alone.
    NoContentChange,
    Submodule,
    Symlink,
    /// Only removed lines: the whole file is gone.
    Deleted,
    LockFile,
    /// Written by a tool, snapshots of tests included.
    Generated,
    /// Code of others, or the output of a build.
    Vendored,
    /// Tables, dumps and logs.
    DataFile,
    /// Holds keys or passwords by its path ([`crate::redaction::is_key_file`]): no model sees it.
    HoldsSecrets,
    /// Left out by the commercial product's list, and by none of the reasons above.
    LeftOutByDefault,
    /// Excluded by a pattern of `path_filters`.
    Excluded,
    /// `path_filters` include others.
    NotIncluded,
    /// More than `MAX_FILE_BYTES`, or a line of more than `MAX_LINE_CHARS`; the review is partial.
    TooLarge,
    /// Not part of the newest push.
    Unchanged,
    /// No room left in the prompt; the review is partial.
    OverBudget,
}

impl SetAside {
    /// Whether the file would have been reviewed, had it been smaller or had there been more room: a review that leaves out
    /// such a file is partial.
    pub fn is_unread(self) -> bool {
        matches!(self, Self::TooLarge | Self::OverBudget)
    }

    /// A few words for the folded list of the walkthrough.
    pub fn words(self) -> &'static str {
        match self {
            Self::Binary => "binary or media file",
            Self::NoContentChange => "no change of content",
            Self::Submodule => "submodule pointer",
            Self::Symlink => "symbolic link",
            Self::Deleted => "deleted",
            Self::LockFile => "lock file",
            Self::Generated => "generated",
            Self::Vendored => "vendored code or build output",
            Self::DataFile => "data or log file",
            Self::HoldsSecrets => "holds keys or passwords, never shown to a model",
            Self::LeftOutByDefault => "left out by default",
            Self::Excluded => "excluded by path_filters",
            Self::NotIncluded => "not among what path_filters include",
            Self::TooLarge => "too large",
            Self::Unchanged => "not changed since the last review",
            Self::OverBudget => "no room left in this review",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSetAside {
    pub path: String,
    pub why: SetAside,
}

/// Files that are reviewed, and those set aside with the reason.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    pub files: Vec<FileDiff>,
    pub set_aside: Vec<FileSetAside>,
}

/// The filters of `path_filters`, above the defaults.
pub fn path_filters(patterns: &[String]) -> PathFilters {
    let defaults = default_exclusions();
    PathFilters::new(patterns, &|pattern| defaults.iter().any(|default| default == pattern))
}

/// Why a file of this path is set aside whatever its text says: it may hold secrets, the repository leaves it out, or it is
/// nobody's own code. None: its path says nothing against it.
pub fn set_aside_by_path(path: &str, filters: &PathFilters) -> Option<SetAside> {
    select::by_path(path, filters)
}

/// Whether the file of this path holds tests.
pub fn is_test(path: &str) -> bool {
    worth::worth(path) == worth::Worth::Test
}

#[cfg(test)]
mod tests;
