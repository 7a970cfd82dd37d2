//! Which changed lines of a file came with the newest push.

use std::collections::{BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::{FileDiff, HunkLine, LineKind, align::align};

/// Changed lines that were not part of the pull request's change before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshLines {
    /// Added lines, by number in the head version.
    pub added: BTreeSet<u32>,
    /// Removed lines, by number in the base version.
    pub removed: BTreeSet<u32>,
}

impl FreshLines {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty()
    }

    /// Whether this added or removed line is one of them; a context line never is.
    pub fn contains(&self, line: &HunkLine) -> bool {
        match line.kind {
            LineKind::Context => false,
            LineKind::Added => line.new_line.is_some_and(|number| self.added.contains(&number)),
            LineKind::Removed => line.old_line.is_some_and(|number| self.removed.contains(&number)),
        }
    }
}

/// Compares the file's change as it was reviewed last (None: it was not part of the change) with its change now. Works on
/// the content of the two diffs, so a rebase or a merge of the target branch makes nothing fresh.
///
/// The changed lines of both, in order, are aligned; what of `now` has no counterpart is fresh. Line numbers play no part.
/// In changes of many ten thousand lines that differ in the middle, a line counts as known when the same line was part of
/// the change before, wherever it stood.
pub fn fresh_lines(reviewed: Option<&FileDiff>, now: &FileDiff) -> FreshLines {
    let current: Vec<&HunkLine> = changed_lines(now).collect();
    let before: Vec<Change<'_>> = reviewed.into_iter().flat_map(changed_lines).map(change).collect();
    let after: Vec<Change<'_>> = current.iter().map(|line| change(line)).collect();

    let known = known_lines(&before, &after);
    let mut fresh = FreshLines::default();
    for (line, known) in current.into_iter().zip(known) {
        if known {
            continue;
        }
        match line.kind {
            LineKind::Context => {}
            LineKind::Added => fresh.added.extend(line.new_line),
            LineKind::Removed => fresh.removed.extend(line.old_line),
        }
    }
    fresh
}

/// A changed line by content.
type Change<'a> = (LineKind, &'a str);

fn change(line: &HunkLine) -> Change<'_> {
    (line.kind, &line.text)
}

fn changed_lines(file: &FileDiff) -> impl Iterator<Item = &HunkLine> {
    file.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind != LineKind::Context)
}

fn known_lines(before: &[Change<'_>], after: &[Change<'_>]) -> Vec<bool> {
    let alignment = align(before, after);
    if !alignment.complete {
        return known_anywhere(before, after);
    }
    let mut known = vec![false; after.len()];
    for run in alignment.runs {
        if let Some(lines) = known.get_mut(run.new..run.new + run.len) {
            lines.fill(true);
        }
    }
    known
}

/// Each line of `before` makes one equal line of `after` known.
fn known_anywhere(before: &[Change<'_>], after: &[Change<'_>]) -> Vec<bool> {
    let mut left: HashMap<Change<'_>, usize> = HashMap::with_capacity(before.len());
    for line in before {
        *left.entry(*line).or_default() += 1;
    }
    let mut known = Vec::with_capacity(after.len());
    for line in after {
        let count = left.get_mut(line);
        known.push(count.is_some_and(|count| {
            let is_left = *count > 0;
            *count = count.saturating_sub(1);
            is_left
        }));
    }
    known
}

#[cfg(test)]
mod tests;
