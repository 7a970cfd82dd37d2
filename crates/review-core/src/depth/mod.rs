//! How closely a change is looked at: its tier, and the passes that finders make over it.
//!
//! Several independent looks find what one misses, at the price of their number; what each finds is verified all the same. A
//! change of ten lines gets one look, most get three, and what is large or risky gets more (the measures behind the numbers are
//! those that reviewers of many pull requests have published: two general passes give most of the gain, and above 400 changed
//! lines a reader loses the thread).

mod groups;
mod lens;

pub use lens::Lens;
use serde::{Deserialize, Serialize};

use crate::scope::worth::{Worth, worth};

/// A change with at most so many changed lines of code is trivial, unless it is risky.
const TRIVIAL_LINES: usize = 10;
/// Above so many, a change is looked at file group by file group.
const FULL_LINES: usize = 400;
/// Lenses of a full review.
const FULL_LENSES: usize = 4;
/// The same, where the general look is divided among groups of files.
const GROUPED_LENSES: usize = 3;

/// From the least to the most that a change can cost.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    Trivial,
    #[default]
    Normal,
    Full,
}

/// A changed file as it is weighed.
#[derive(Debug, Clone)]
pub struct ChangedFile<'a> {
    pub path: &'a str,
    /// The added and removed lines that are under review.
    pub lines: Vec<&'a str>,
    /// Code that the change leaves as it was uses what it changes here.
    pub has_callers: bool,
}

/// One look at the change by one finder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pass {
    /// Everything, as it comes.
    General,
    /// Everything, from what is called to what calls it.
    Backwards,
    /// Everything in these files; the rest is context.
    Group {
        paths: Vec<String>,
    },
    /// Where the groups meet.
    Interfaces,
    Lens(Lens),
}

/// How closely a change was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LooksMade {
    pub tier: Tier,
    pub made: usize,
    /// In words, those that no answer could be had for; others read the same.
    pub not_made: Vec<String>,
}

/// How a change is looked at. Never without a pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Depth {
    pub tier: Tier,
    /// The most telling first.
    pub passes: Vec<Pass>,
}

impl Tier {
    pub fn word(self) -> &'static str {
        match self {
            Self::Trivial => "trivial",
            Self::Normal => "normal",
            Self::Full => "full",
        }
    }
}

impl Pass {
    /// Whether the review stands without it: what it was to read, another pass reads as well.
    pub fn is_extra(&self) -> bool {
        match self {
            Self::General | Self::Group { .. } => false,
            Self::Backwards | Self::Interfaces | Self::Lens(_) => true,
        }
    }

    /// A few words for the folded details of the walkthrough and for logs.
    pub fn words(&self) -> String {
        match self {
            Self::General => "all of it".to_owned(),
            Self::Backwards => "all of it again, from what is called to its callers".to_owned(),
            Self::Group { paths } if paths.len() == 1 => "one file by itself".to_owned(),
            Self::Group { paths } => format!("{} files that belong together", paths.len()),
            Self::Interfaces => "where the groups of files meet".to_owned(),
            Self::Lens(lens) => lens.words().to_owned(),
        }
    }
}

impl Depth {
    /// `related` are pairs of indices into `files`, of which one uses what the other changes. `most` passes at most, at least one.
    pub fn of(files: &[ChangedFile<'_>], related: &[(usize, usize)], most: usize) -> Self {
        let most = most.max(1);
        let code = |file: &&ChangedFile<'_>| worth(file.path) != Worth::Other;
        let lines: usize = files.iter().filter(code).map(|file| file.lines.len()).sum();
        let is_risky = files.iter().any(|file| worth(file.path) == Worth::Risky && !file.lines.is_empty());
        // A line or two in a risky file is worth a second look and a lens, not seven.
        let tier = match (lines, is_risky) {
            (..=TRIVIAL_LINES, false) => Tier::Trivial,
            (..=TRIVIAL_LINES, true) => Tier::Normal,
            (lines, is_risky) if lines > FULL_LINES || is_risky => Tier::Full,
            _ => Tier::Normal,
        };
        let lenses = |count: usize| lens::choose(files, count).into_iter().map(Pass::Lens);
        let general = || [Pass::General, Pass::Backwards].into_iter();
        let mut passes: Vec<Pass> = match tier {
            Tier::Trivial => vec![Pass::General],
            Tier::Normal => general().chain(lenses(1)).collect(),
            Tier::Full => {
                let groups = if lines > FULL_LINES { groups::group(files, related, most.saturating_sub(2)) } else { Vec::new() };
                if groups.len() > 1 {
                    let groups = groups.into_iter().map(|paths| Pass::Group { paths });
                    groups.chain([Pass::Interfaces]).chain(lenses(GROUPED_LENSES)).collect()
                } else {
                    general().chain(lenses(FULL_LENSES)).collect()
                }
            }
        };
        passes.truncate(most);
        Self { tier, passes }
    }
}

#[cfg(test)]
mod tests;
