//! The share of functions and types that are documented, among those that a change adds or changes.

use serde::{Deserialize, Serialize};

use super::{Ruling, counted};
use crate::configuration::DocstringCheck;

/// Names that are told.
const MOST_TOLD: usize = 8;

/// What the code index says of the functions and types that the change adds or changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocstringCoverage {
    pub documented: usize,
    /// In order of path and line.
    pub undocumented: Vec<Undocumented>,
    /// Files that should have been read and were not, for their size or for lack of room.
    pub unread: usize,
}

/// A function or type without documentation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undocumented {
    pub path: String,
    /// Counted from 1, at the head.
    pub line: u32,
    pub name: String,
}

/// Judges the share against the threshold, in percent.
pub fn docstring_ruling(coverage: &DocstringCoverage, check: &DocstringCheck) -> Ruling {
    let DocstringCoverage { documented, undocumented, unread } = coverage;
    let all = documented.saturating_add(undocumented.len());
    let unread = match unread {
        0 => String::new(),
        count => format!(" {} too large to be read, and not counted.", counted(*count, "file was", "files were")),
    };
    if all == 0 && unread.is_empty() {
        let why = "The change adds and changes no function and no type in a language that has docstrings.";
        return Ruling::Skipped { why: why.to_owned() };
    }
    if all == 0 {
        return Ruling::Inconclusive { why: format!("No function could be looked at.{unread}") };
    }
    let threshold = check.threshold.clamp(0.0, 100.0);
    let share = percent(*documented, all);
    let what =
        format!("{documented} of {} documented ({share:.0} %)", counted(all, "function or type is", "functions and types are"));
    if share >= threshold {
        return Ruling::Passed { why: format!("{what}.{unread}") };
    }
    let mut names: Vec<String> = undocumented.iter().take(MOST_TOLD).map(place).collect();
    if let Some(more) = undocumented.len().checked_sub(MOST_TOLD).filter(|more| *more > 0) {
        names.push(format!("{more} more"));
    }
    Ruling::Failed {
        why: format!("{what}; at least {threshold:.0} % are wanted.{unread}"),
        resolution: format!("Document {}.", names.join(", ")),
    }
}

fn place(symbol: &Undocumented) -> String {
    let span = |text: &str| format!("`{}`", text.replace('`', "'"));
    format!("{} ({})", span(&symbol.name), span(&format!("{}:{}", symbol.path, symbol.line)))
}

fn percent(part: usize, all: usize) -> f64 {
    let exact = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    exact(part) * 100.0 / exact(all).max(1.0)
}
