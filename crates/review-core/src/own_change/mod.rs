//! Changes that the agent makes itself, because somebody asked for them: documentation, tests, fixes.
//!
//! A change is decided once, with all its words, and stored before anything is written: a run that was cut takes it up again.
//! Its branch has a name of its own below [`BRANCHES`], made of what it is and of the head that it was made for, so that the
//! same wish at the same head finds what stands already.

mod edit;
mod paths;
mod plan;
mod suggestion;

pub use edit::{Edit, EditRefusal, apply, replace_lines};
pub use paths::{new_test_refusal, protected};
pub use plan::{Plan, Step, plan};
pub use suggestion::suggestion_in;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::pull_request::{CommitId, PullRequestState};

/// Full names of the agent's own branches begin with this.
pub const BRANCHES: &str = "refs/heads/coderabbit-agent/";

/// Digits of the head in the name of a branch, as git shortens ids.
const HEAD_DIGITS: usize = 7;
const MAX_SLUG_CHARS: usize = 40;
/// Digits that tell recipes apart whose names look alike as a part of a branch.
const NAME_DIGITS: usize = 6;

/// What a change is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OwnChangeKind {
    Docstrings,
    UnitTests,
    /// Of findings, on the source branch itself.
    Fixes,
    /// The same as a pull request into the source branch.
    StackedFixes,
    Simplification,
    /// What a recipe of the repository's configuration says.
    Recipe,
}

impl OwnChangeKind {
    /// Its part of the branch's name.
    fn folder(self) -> &'static str {
        match self {
            Self::Docstrings => "docstrings",
            Self::UnitTests => "unit-tests",
            Self::Fixes | Self::StackedFixes => "autofix",
            Self::Simplification => "simplify",
            Self::Recipe => "recipe",
        }
    }

    /// For people, in the plural.
    pub fn words(self) -> &'static str {
        match self {
            Self::Docstrings => "docstrings",
            Self::UnitTests => "unit tests",
            Self::Fixes | Self::StackedFixes => "fixes",
            Self::Simplification => "simplifications",
            Self::Recipe => "changes of the recipe",
        }
    }

    /// The full name of the branch for a change of this kind at `head`; `recipe` names the recipe.
    pub fn branch(self, head: &CommitId, recipe: &str) -> String {
        let digits = head.as_str().get(..HEAD_DIGITS).unwrap_or_default();
        let slug = if self == Self::Recipe { format!("-{}", slug(recipe)) } else { String::new() };
        format!("{BRANCHES}{}{slug}/{digits}", self.folder())
    }
}

/// Letters, digits and single `-` of the name, and digits that stand for the whole of it.
fn slug(name: &str) -> String {
    let plain = |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { ' ' };
    let words: String = name.chars().map(plain).take(MAX_SLUG_CHARS).collect();
    let slug = words.split_whitespace().collect::<Vec<_>>().join("-");
    let hash = hex::encode(Sha256::digest(name.as_bytes()));
    let digits = hash.get(..NAME_DIGITS).unwrap_or_default();
    format!("{}-{digits}", if slug.is_empty() { "unnamed" } else { &slug })
}

/// A file as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// From the root, without a slash in front.
    pub path: String,
    pub text: String,
    /// It is not there yet.
    pub is_new: bool,
}

/// A pull request as it is to be opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnPullRequest {
    pub title: String,
    pub description: String,
}

/// A change with all its words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnChange {
    pub kind: OwnChangeKind,
    /// The head that it was made for; its commit's parent.
    pub onto: CommitId,
    /// Full name of the branch that it is written to.
    pub branch: String,
    /// Of the commit. Names the request, and so tells this commit from all others.
    pub message: String,
    pub files: Vec<WrittenFile>,
    /// Into the source branch; None: the commit goes to that branch itself.
    pub pull_request: Option<OwnPullRequest>,
    /// What the answer says beside the link: markdown, neutralised.
    pub account: String,
}

/// Whether the pull request is one of the agent's own: by its identity, from a branch of its own. Each alone proves nothing:
/// anybody can name a branch so, and the identity's owner may be a person.
pub fn is_own(state: &PullRequestState) -> bool {
    let author = &state.pull_request.author.id;
    let is_by_us = !state.me.id.is_empty() && author.eq_ignore_ascii_case(&state.me.id);
    is_by_us && state.pull_request.fork_url.is_none() && state.pull_request.source_ref.starts_with(BRANCHES)
}

#[cfg(test)]
mod tests;
