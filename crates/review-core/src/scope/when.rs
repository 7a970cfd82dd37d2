//! `reviews.auto_review`: whether a pull request is reviewed by itself, and if not, why.

use std::sync::LazyLock;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::{CostLimitReached, Reviewed};
use crate::{
    configuration::AutoReview,
    pull_request::{CommitId, PullRequest},
};

/// Longest expression for a branch, in characters.
const MAX_PATTERN_CHARS: usize = 1_000;
/// Bytes of a compiled expression.
const MAX_COMPILED: usize = 1 << 20;
/// Longest word of the configuration or the pull request that is quoted.
const MAX_QUOTED_CHARS: usize = 100;
/// Words that are quoted of a list.
const MAX_LISTED: usize = 10;

/// Why a pull request is not reviewed, as the walkthrough and the status say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    Draft,
    /// No iteration, as on pull requests of more than 100,000 files.
    NoIterations,
    /// Every changed file was set aside.
    NothingReviewable,
    /// The description holds `@coderabbitai ignore`.
    IgnoredByAuthor,
    /// The agent opened it itself, from a branch of its own.
    OwnPullRequest,
    /// The author is one of `ignore_usernames`.
    IgnoredUser,
    /// The title holds this word of `ignore_title_keywords`.
    TitleKeyword(String),
    /// The target is neither the default branch nor one of `base_branches`.
    TargetBranch {
        target: String,
        others: Vec<String>,
    },
    /// It has this label, which `labels` excludes.
    ForbiddenLabel(String),
    /// It has none of these labels.
    MissingLabel(Vec<String>),
    /// `enabled` is false, and nothing asks for a review.
    NotAutomatic {
        labels: Vec<String>,
        keyword: String,
    },
    /// `auto_incremental_review` is false, and a review was made at this head.
    NotIncremental {
        reviewed: CommitId,
    },
    /// So many pushes were reviewed.
    Paused {
        after: u32,
        reviewed: CommitId,
    },
    /// Somebody paused reviews by a command.
    PausedBy {
        by: String,
    },
    /// Reviews have cost what they may.
    CostLimit(CostLimitReached),
}

impl SkipReason {
    /// Two words above the sentence.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Paused { .. } | Self::PausedBy { .. } => "Reviews paused.",
            Self::NotIncremental { .. } => "This push was not reviewed.",
            _ => "Review skipped.",
        }
    }

    /// One sentence for the pull request: why, and what would have it reviewed.
    pub fn sentence(&self) -> String {
        match self {
            Self::Draft => {
                "This pull request is a draft; it is reviewed as soon as it is published (or with `reviews.auto_review.drafts`)."
                    .to_owned()
            }
            Self::NoIterations => {
                "The service lists no iteration of this pull request, so there is no change that could be reviewed; \
                 this happens above 100,000 changed files."
                    .to_owned()
            }
            Self::NothingReviewable => "Every changed file was set aside, so there is nothing to review.".to_owned(),
            Self::IgnoredByAuthor => {
                "The description asks for no review (`@coderabbitai ignore`); without that text the next push is reviewed."
                    .to_owned()
            }
            Self::OwnPullRequest => {
                "The agent made this change itself, because somebody asked for it; people review it, or the command `review` has it read."
                    .to_owned()
            }
            Self::IgnoredUser => {
                "Pull requests of this author are not reviewed (`reviews.auto_review.ignore_usernames`).".to_owned()
            }
            Self::TitleKeyword(word) => format!(
                "The title holds {}; such pull requests are not reviewed (`reviews.auto_review.ignore_title_keywords`).",
                quoted(word)
            ),
            Self::TargetBranch { target, others } => {
                let others = if others.is_empty() { String::new() } else { format!(" and those of {}", listed(others)) };
                format!(
                    "The target branch {} is not reviewed: only the default branch{others} (`reviews.auto_review.base_branches`).",
                    quoted(target)
                )
            }
            Self::ForbiddenLabel(label) => {
                format!("Pull requests with the label {} are not reviewed (`reviews.auto_review.labels`).", quoted(label))
            }
            Self::MissingLabel(labels) => {
                format!(
                    "Only pull requests with one of these labels are reviewed: {} (`reviews.auto_review.labels`).",
                    listed(labels)
                )
            }
            Self::NotAutomatic { labels, keyword } => {
                let mut ways = Vec::new();
                if !labels.is_empty() {
                    ways.push(format!("a label of {}", listed(labels)));
                }
                if !keyword.trim().is_empty() {
                    ways.push(format!("{} in the description", quoted(keyword)));
                }
                let ways = if ways.is_empty() { String::new() } else { format!("; {} has one reviewed", ways.join(" or ")) };
                format!("Pull requests are not reviewed by themselves here (`reviews.auto_review.enabled`){ways}.")
            }
            Self::NotIncremental { reviewed } => format!(
                "Only the first state of a pull request is reviewed here (`reviews.auto_review.auto_incremental_review`); \
                 the last review was of `{}`, and what came after it was read by nobody.",
                reviewed.short()
            ),
            Self::Paused { after, reviewed } => format!(
                "{after} pushes of this pull request were reviewed, after which reviews pause \
                 (`reviews.auto_review.auto_pause_after_reviewed_commits`; 0 never pauses); the last review was of `{}`, and \
                 what came after it was read by nobody. The command `resume` in a comment goes on.",
                reviewed.short()
            ),
            Self::PausedBy { by } => format!(
                "Reviews of this pull request were paused by {}; what is pushed now is read by nobody. The command `resume` in a \
                 comment goes on.",
                quoted(by)
            ),
            Self::CostLimit(reached) => reached.sentence(),
        }
    }

    /// As metrics and logs spell it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::NoIterations => "no_iterations",
            Self::NothingReviewable => "nothing_reviewable",
            Self::IgnoredByAuthor => "ignored_by_author",
            Self::OwnPullRequest => "own_pull_request",
            Self::IgnoredUser => "ignored_user",
            Self::TitleKeyword(_) => "title_keyword",
            Self::TargetBranch { .. } => "target_branch",
            Self::ForbiddenLabel(_) => "forbidden_label",
            Self::MissingLabel(_) => "missing_label",
            Self::NotAutomatic { .. } => "not_automatic",
            Self::NotIncremental { .. } => "not_incremental",
            Self::Paused { .. } => "paused",
            Self::PausedBy { .. } => "paused_by_command",
            Self::CostLimit(reached) => reached.word(),
        }
    }

    /// Whether it says nothing but in the status: whoever put an author on a list does not want a comment on each of their
    /// pull requests, and the description of an own pull request says what it is.
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::IgnoredUser | Self::OwnPullRequest)
    }
}

/// What the decision depends on beside the pull request itself.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    pub rules: &'a AutoReview,
    /// The repository's default branch as a full ref name; None: not known, and every target counts as the default.
    pub default_branch: Option<&'a str>,
    /// Pushes of this pull request that were reviewed since reviews began or were resumed.
    pub reviewed_pushes: u32,
    /// Who paused reviews by a command.
    pub paused_by: Option<&'a str>,
    /// What somebody asked for by a command: no rule stands against it.
    pub request: Option<ReviewRequest>,
}

/// A review that somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewRequest {
    /// Of what was not reviewed yet.
    Incremental,
    /// Of everything, once more.
    Full,
}

impl Circumstances<'_> {
    /// The first rule that excludes the pull request; `reviewed` is its last review.
    pub fn against(&self, pull_request: &PullRequest, reviewed: Option<&Reviewed>) -> Option<SkipReason> {
        let Self { rules, .. } = self;
        if asks_to_be_ignored(&pull_request.description) {
            return Some(SkipReason::IgnoredByAuthor);
        }
        if let Some(by) = self.paused_by {
            return Some(SkipReason::PausedBy { by: by.to_owned() });
        }
        if rules.ignore_usernames.iter().any(|name| pull_request.author.is_named(name)) {
            return Some(SkipReason::IgnoredUser);
        }
        if let Some(word) = rules.ignore_title_keywords.iter().find(|word| holds(&pull_request.title, word)) {
            return Some(SkipReason::TitleKeyword(word.clone()));
        }
        if pull_request.is_draft && !rules.drafts {
            return Some(SkipReason::Draft);
        }
        self.against_target(&pull_request.target_ref)
            .or_else(|| against_labels(rules, pull_request))
            .or_else(|| reviewed.and_then(|reviewed| self.against_push(reviewed)))
    }

    fn against_target(&self, target: &str) -> Option<SkipReason> {
        let short = |name: &str| name.strip_prefix("refs/heads/").unwrap_or(name).to_owned();
        let target = short(target);
        if self.default_branch.is_none_or(|default| short(default) == target) {
            return None;
        }
        let others = &self.rules.base_branches;
        let is_listed = others.iter().filter_map(|pattern| branch_pattern(pattern).ok()).any(|regex| regex.is_match(&target));
        (!is_listed).then(|| SkipReason::TargetBranch { target, others: others.clone() })
    }

    fn against_push(&self, reviewed: &Reviewed) -> Option<SkipReason> {
        let AutoReview { auto_incremental_review, auto_pause_after_reviewed_commits: after, .. } = *self.rules;
        let reviewed = reviewed.head.clone();
        if !auto_incremental_review {
            Some(SkipReason::NotIncremental { reviewed })
        } else if after > 0 && self.reviewed_pushes >= after {
            Some(SkipReason::Paused { after, reviewed })
        } else {
            None
        }
    }
}

/// Labels can forbid, be required, and ask for a review where none is made by itself.
fn against_labels(rules: &AutoReview, pull_request: &PullRequest) -> Option<SkipReason> {
    let has = |wanted: &str| pull_request.labels.iter().any(|label| is_same(label, wanted));
    let names = || rules.labels.iter().map(|label| label.trim()).filter(|label| !label.is_empty());
    if let Some(label) = names().filter_map(|label| label.strip_prefix('!')).find(|label| has(label)) {
        return Some(SkipReason::ForbiddenLabel(label.to_owned()));
    }
    let wanted: Vec<String> = names().filter(|label| !label.starts_with('!')).map(str::to_owned).collect();
    let is_asked_for = wanted.iter().any(|label| has(label));
    if rules.enabled {
        return (!wanted.is_empty() && !is_asked_for).then_some(SkipReason::MissingLabel(wanted));
    }
    let keyword = &rules.description_keyword;
    let is_opted_in = is_asked_for || (!keyword.trim().is_empty() && holds(&pull_request.description, keyword));
    (!is_opted_in).then(|| SkipReason::NotAutomatic { labels: wanted, keyword: keyword.clone() })
}

/// An expression of `base_branches`, for whole names of branches.
///
/// # Errors
/// In words: it is too long or too large, or no expression that is matched in linear time.
pub(crate) fn branch_pattern(pattern: &str) -> Result<Regex, String> {
    if pattern.chars().count() > MAX_PATTERN_CHARS {
        return Err(format!("the expression has more than {MAX_PATTERN_CHARS} characters; it is left out"));
    }
    let built = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the expression is too large; it is left out".to_owned(),
        _ if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look)) => {
            "an expression cannot look ahead or behind here; it is left out".to_owned()
        }
        _ => "this is no regular expression; it is left out".to_owned(),
    })
}

fn asks_to_be_ignored(description: &str) -> bool {
    static COMMAND: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?i)@coderabbitai:?\s+ignore\b").expect("a constant expression"));
    COMMAND.is_match(description)
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

fn holds(text: &str, word: &str) -> bool {
    let word = word.trim().to_lowercase();
    !word.is_empty() && text.to_lowercase().contains(&word)
}

fn listed(words: &[String]) -> String {
    let mut shown: Vec<String> = words.iter().take(MAX_LISTED).map(|word| quoted(word)).collect();
    if let Some(more) = words.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        shown.push(format!("{more} more"));
    }
    shown.join(", ")
}

/// In backticks, which it cannot end; short and in one line.
fn quoted(text: &str) -> String {
    let plain = |character: char| match character {
        '`' => '\'',
        character if character.is_control() => ' ',
        character => character,
    };
    let short: String = text.trim().chars().take(MAX_QUOTED_CHARS).map(plain).collect();
    format!("`{short}`")
}
