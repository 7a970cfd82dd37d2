//! What the models claim, and what is left of it once it was checked.

mod cluster;
mod dedupe;
mod fingerprint;
mod quote;
mod rank;
mod secret;
mod standing;
mod suggestion;
#[cfg(test)]
pub(crate) mod test_support;
pub(crate) mod words;

pub mod answer;

use std::fmt;

pub use cluster::{Cluster, cluster};
pub use dedupe::{came_back, count_votes, dedupe};
pub use fingerprint::fingerprint;
pub use quote::{CheckedFile, check_quote, same_path};
pub use rank::rank;
use schemars::JsonSchema;
pub(crate) use secret::SECRET_CLAIM;
pub use secret::{SecretFinding, is_about_secret, secrets, standing_secret};
use serde::{Deserialize, Serialize};
pub(crate) use standing::our_first_comment;
pub use standing::{FindingMemory, StandingFinding, standing_findings};
pub use suggestion::{Suggestion, check_suggestion};

use crate::pull_request::{LineRange, Side};

/// Fixed rubric: critical is data loss, a security hole, or a crash or wrong result on a normal path; high the same on an
/// edge path; medium degraded behaviour; low everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Correctness,
    Security,
    Concurrency,
    ResourceLeak,
    ErrorHandling,
    DataIntegrity,
    ApiContract,
    Performance,
    Test,
    Maintainability,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        })
    }
}

impl Category {
    pub const ALL: [Self; 10] = [
        Self::Correctness,
        Self::Security,
        Self::Concurrency,
        Self::ResourceLeak,
        Self::ErrorHandling,
        Self::DataIntegrity,
        Self::ApiContract,
        Self::Performance,
        Self::Test,
        Self::Maintainability,
    ];

    /// For people, in lower case.
    pub fn words(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Security => "security",
            Self::Concurrency => "concurrency",
            Self::ResourceLeak => "resource leak",
            Self::ErrorHandling => "error handling",
            Self::DataIntegrity => "data integrity",
            Self::ApiContract => "API contract",
            Self::Performance => "performance",
            Self::Test => "test",
            Self::Maintainability => "maintainability",
        }
    }

    /// As the schema and the fingerprint spell it.
    pub fn key(self) -> &'static str {
        match self {
            Self::Correctness => "correctness",
            Self::Security => "security",
            Self::Concurrency => "concurrency",
            Self::ResourceLeak => "resource_leak",
            Self::ErrorHandling => "error_handling",
            Self::DataIntegrity => "data_integrity",
            Self::ApiContract => "api_contract",
            Self::Performance => "performance",
            Self::Test => "test",
            Self::Maintainability => "maintainability",
        }
    }
}

/// Another place in the code that a finding leans on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub path: String,
    pub line: u32,
    /// What is to be seen there.
    pub why: String,
}

/// A claim about the change, placed in the head version of a file (or, for removed lines, the base version).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub path: String,
    pub side: Side,
    pub lines: LineRange,
    /// The line that the claim is about, verbatim as the file has it.
    pub quoted_line: String,
    /// One sentence.
    pub claim: String,
    /// Input or state, and the wrong outcome.
    pub scenario: String,
    /// What to do.
    pub fix: String,
    pub category: Category,
    pub severity: Severity,
    pub evidence: Vec<Evidence>,
    /// Replacement for exactly `lines`, already checked; None: words only.
    pub suggestion: Option<Suggestion>,
    /// How many independent findings were merged into this one, itself included.
    pub votes: u32,
    /// What people taught that it rests on: id and text.
    #[serde(default)]
    pub learnings: Vec<(String, String)>,
}

/// Stable over re-runs on the same commit: path, category, and the quoted line and claim without case, digits and space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub String);

/// Why a candidate was not posted; each is counted and shown in the review's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// Answer fields outside their range, a path that is not part of the change, no scenario.
    Malformed,
    /// The quoted line is not in the file.
    QuoteNotFound,
    /// Lines that this pull request, or this push, did not touch.
    OutsideChange,
    /// Says the same as another candidate of the run.
    Duplicate,
    /// A thread about it stands, or stood and was closed, already.
    AlreadyRaised,
    /// The verifier showed it to be wrong.
    Refuted,
    /// The verifier could not tell.
    Unproven,
    /// Was so before the change.
    PreExisting,
    /// True, but the author would not change the code for it.
    NotActionable,
    /// True and small, where the profile asks for what matters alone.
    SmallMatter,
    /// True, but past the number of inline comments for one review.
    OverCap,
    /// People rejected what is near to it again and again, see [`crate::learning`].
    NearRejected,
    /// Of a category on which nobody acts here, see [`crate::learning`].
    SilentCategory,
    /// Not checked: the ceiling on what reviews cost was reached before.
    CostLimit,
    /// True, but the forge did not take the thread; the walkthrough tells of it.
    RefusedByForge,
}

impl DropReason {
    /// A few words for the folded details of the walkthrough.
    pub fn words(self) -> &'static str {
        match self {
            Self::Malformed => "not readable as a finding",
            Self::QuoteNotFound => "quoting a line that is not in the file",
            Self::OutsideChange => "outside the change",
            Self::Duplicate => "saying the same as another",
            Self::AlreadyRaised => "raised before",
            Self::Refuted => "refuted by the code",
            Self::Unproven => "not proven",
            Self::PreExisting => "older than the change",
            Self::NotActionable => "not worth a change",
            Self::SmallMatter => "small, and `reviews.profile` is not `assertive`",
            Self::OverCap => "over the number of comments for one review",
            Self::NearRejected => "near to what was rejected here before",
            Self::SilentCategory => "of a category that is silent here",
            Self::CostLimit => "not checked for their cost",
            Self::RefusedByForge => "refused by the forge as a thread",
        }
    }
}

/// A candidate that is not posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    pub finding: Option<Finding>,
    /// The candidate's claim (the model's words).
    pub claim: String,
    pub path: String,
    /// Lines of the head version that a candidate names which did not become a finding: where the quote stands, or else what
    /// the model stated. None for a finding, which has its own, and where no lines were stated; not kept in the database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<LineRange>,
    pub reason: DropReason,
    /// For people: which check, what it saw.
    pub detail: String,
}

impl Dropped {
    /// `finding`, not posted for `reason`.
    pub fn of(finding: Finding, reason: DropReason, detail: impl Into<String>) -> Self {
        Self {
            claim: finding.claim.clone(),
            path: finding.path.clone(),
            finding: Some(finding),
            lines: None,
            reason,
            detail: detail.into(),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
