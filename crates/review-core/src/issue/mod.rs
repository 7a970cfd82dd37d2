//! Issues of trackers beside the forge (Jira, Linear): which ones a pull request names, and how they are told of.

mod keys;

use std::fmt;

pub use self::keys::{IssueKey, LINEAR_PAGE, named_keys};

/// Issues of one tracker that one pull request may name; those beyond are not looked up.
pub const MOST_NAMED: usize = 10;
/// Of an issue's description; what stands behind it is left out of prompts anyway.
const MAX_TEXT_CHARS: usize = 20_000;
const MAX_TITLE_CHARS: usize = 500;
const MAX_STATE_CHARS: usize = 60;

/// Where issues are tracked beside the forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Tracker {
    Jira,
    Linear,
}

impl Tracker {
    pub const ALL: [Self; 2] = [Self::Jira, Self::Linear];

    /// For metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jira => "jira",
            Self::Linear => "linear",
        }
    }
}

impl fmt::Display for Tracker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Jira => "Jira",
            Self::Linear => "Linear",
        })
    }
}

/// An issue as its tracker tells of it: title and description, and nothing of what was said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub tracker: Tracker,
    pub key: IssueKey,
    /// The page for people, made of the configured host and the key; None where it is not known.
    pub url: Option<String>,
    pub title: String,
    pub state: String,
    pub text: String,
}

impl Issue {
    /// With its texts cut to what anybody reads.
    pub fn new(tracker: Tracker, key: IssueKey, url: Option<String>, [title, state, text]: [&str; 3]) -> Self {
        let cut = |text: &str, most: usize| text.trim().chars().take(most).collect::<String>();
        Self {
            tracker,
            key,
            url,
            title: cut(title, MAX_TITLE_CHARS),
            state: cut(state, MAX_STATE_CHARS),
            text: cut(text, MAX_TEXT_CHARS),
        }
    }
}

/// What a pull request is said to be for: a work item of the forge, or an issue of a tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkedItem {
    WorkItem(u64),
    Issue { key: String, url: Option<String> },
}

impl LinkedItem {
    /// As a model is told of it and names it: `12`, `CR-5`.
    pub fn name(&self) -> String {
        match self {
            Self::WorkItem(id) => id.to_string(),
            Self::Issue { key, .. } => key.clone(),
        }
    }

    /// Whether a model means it.
    pub fn is_named(&self, said: &str) -> bool {
        let said = said.trim().trim_start_matches(['#', '[', '`']).trim_end_matches([']', '`']);
        match self {
            Self::WorkItem(id) => said.trim_start_matches("AB#").parse() == Ok(*id),
            Self::Issue { key, .. } => said.eq_ignore_ascii_case(key),
        }
    }
}

impl fmt::Display for LinkedItem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkItem(id) => write!(formatter, "work item {id}"),
            Self::Issue { key, .. } => formatter.write_str(key),
        }
    }
}

impl From<&Issue> for LinkedItem {
    fn from(issue: &Issue) -> Self {
        Self::Issue { key: issue.key.to_string(), url: issue.url.clone() }
    }
}

#[cfg(test)]
mod tests;
