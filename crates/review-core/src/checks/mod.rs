//! Checks before merging (`reviews.pre_merge_checks`): what each is about, what came of it, and what pull request statuses and
//! the vote make of that.
//!
//! Title, description, linked work items and documentation are judged by rules; the requirements of a title, what work items
//! ask for, and checks in the team's own words by a model. What no answer was had for is inconclusive, never passed.

mod answer;
mod description;
mod docstrings;
mod evaluate;
mod judged;
mod linked;
mod status;
mod title;
mod vote;

use serde::{Deserialize, Serialize};

pub use self::{
    answer::{CheckVerdict, ChecksAnswer, JudgedCheck, Judgement},
    description::{TEMPLATES, description_ruling},
    docstrings::{DocstringCoverage, Undocumented, docstring_ruling},
    evaluate::{Facts, refreshed, results},
    judged::{Answers, Question, batches, custom_questions, requirements_question},
    linked::{LINKED_ITEMS, Linked, NamedIssues, linked_ruling, objectives},
    status::{CheckStatus, NOT_CHECKED, STATUS_PREFIX, missing, statuses, unchecked},
    title::title_ruling,
    vote::{Ballot, Vote, ballot},
};
use crate::configuration::{Mode, PreMergeChecks};

/// Longest explanation and advice that are kept, in characters.
const MAX_WORDS: usize = 1_000;

/// A check that the configuration asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub subject: Subject,
    /// Names the check in its status; unique among the checks of a configuration.
    pub slug: String,
    /// For people; a name of the team's own is as it stands in the file.
    pub name: String,
    /// Never off.
    pub mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Title,
    Description,
    LinkedItems,
    Docstrings,
    /// The check of this place in `custom_checks`.
    Custom(usize),
}

/// The checks that are not off, in the order in which they are told.
pub fn wanted(checks: &PreMergeChecks) -> Vec<Wanted> {
    let usual = [
        (Subject::Title, "title", "Title", checks.title.mode),
        (Subject::Description, "description", "Description", checks.description.mode),
        (Subject::LinkedItems, LINKED_ITEMS, "Linked work items", checks.issue_assessment.mode),
        (Subject::Docstrings, "docstrings", "Docstring coverage", checks.docstrings.mode),
    ];
    let usual = usual.into_iter().map(|(subject, slug, name, mode)| Wanted {
        subject,
        slug: slug.to_owned(),
        name: name.to_owned(),
        mode,
    });
    // Those that are off keep their slugs, so that switching one off renames no other.
    let slugs = status::custom_slugs(checks.custom_checks.iter().map(|check| check.name.as_str()));
    let custom = checks.custom_checks.iter().zip(slugs).enumerate().map(|(place, (check, slug))| Wanted {
        subject: Subject::Custom(place),
        slug,
        name: check.name.trim().to_owned(),
        mode: check.mode,
    });
    usual.chain(custom).filter(|wanted| wanted.mode != Mode::Off).collect()
}

/// What a rule or a model says, whatever the mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    Passed {
        why: String,
    },
    Failed {
        why: String,
        resolution: String,
    },
    /// Nobody can tell; never taken for passed.
    Inconclusive {
        why: String,
    },
    /// There is nothing to judge.
    Skipped {
        why: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    /// Failed in mode `warning`.
    Warning,
    /// Failed in mode `error`.
    Failed,
    Inconclusive,
    Skipped,
}

impl Outcome {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Passed => "Passed",
            Self::Warning => "Warning",
            Self::Failed => "Failed",
            Self::Inconclusive => "Inconclusive",
            Self::Skipped => "Skipped",
        }
    }

    /// Whether it is told unfolded.
    pub fn wants_attention(self) -> bool {
        matches!(self, Self::Failed | Self::Warning | Self::Inconclusive)
    }
}

/// What came of one check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    pub slug: String,
    pub name: String,
    pub mode: Mode,
    pub outcome: Outcome,
    /// Why; may be the words of a model.
    pub explanation: String,
    /// What to do; empty where there is nothing to do.
    pub resolution: String,
}

impl CheckResult {
    pub fn of(wanted: &Wanted, ruling: Ruling) -> Self {
        let (outcome, explanation, resolution) = match ruling {
            Ruling::Passed { why } => (Outcome::Passed, why, String::new()),
            Ruling::Failed { why, resolution } => {
                let outcome = if wanted.mode == Mode::Error { Outcome::Failed } else { Outcome::Warning };
                (outcome, why, resolution)
            }
            Ruling::Inconclusive { why } => (Outcome::Inconclusive, why, String::new()),
            Ruling::Skipped { why } => (Outcome::Skipped, why, String::new()),
        };
        let cut = |text: String| text.chars().take(MAX_WORDS).collect();
        let Wanted { slug, name, mode, .. } = wanted.clone();
        Self { slug, name, mode, outcome, explanation: cut(explanation), resolution: cut(resolution) }
    }

    /// Whether it stands between the pull request and our approval.
    pub fn blocks(&self) -> bool {
        self.outcome == Outcome::Failed || (self.outcome == Outcome::Inconclusive && self.mode == Mode::Error)
    }
}

/// What came of all checks of one iteration, with what a later look at the same iteration needs: titles, descriptions, links
/// and threads change without a push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CheckReport {
    pub results: Vec<CheckResult>,
    /// Whether the whole change was read and every candidate finding judged.
    pub is_complete: bool,
    /// Threads of ours that were resolved because a model said so, while the line that they are about stands as it did.
    pub unproven: Vec<u64>,
    /// What the change does in the words of the walkthrough, for the requirements of a title; may be empty.
    pub summary: String,
    /// The title that was judged.
    pub title: String,
    /// The description that was judged.
    pub description: String,
    /// The work items that were linked; None: not known.
    pub linked: Option<Vec<u64>>,
    /// Keys of the issues of trackers that were named; None: a tracker did not answer.
    pub issues: Option<Vec<String>>,
}

impl CheckReport {
    pub fn result(&self, slug: &str) -> Option<&CheckResult> {
        self.results.iter().find(|result| result.slug == slug)
    }
}

/// "1 work item", "2 work items".
fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests;
