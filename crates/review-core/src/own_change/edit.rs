//! Edits of a text: pieces that are found exactly once, and lines.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{pull_request::LineRange, redaction::has_placeholder, render::is_invisible};

/// More lines than this in place of others, or taken away, are a rewrite.
const MAX_LINES: usize = 80;
const MAX_CHARS: usize = 8_000;

/// A piece of a file, and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    pub search: String,
    pub replace: String,
}

/// Why an edit is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditRefusal {
    Nothing,
    NotFound,
    Several,
    TooLarge,
    Invisible,
    HoldsSecret,
    PastTheEnd,
}

impl fmt::Display for EditRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nothing => "the edit changes nothing",
            Self::NotFound => "the text that the edit is for does not stand in the file",
            Self::Several => "the text that the edit is for stands in the file more than once",
            Self::TooLarge => "the edit is larger than a fix may be",
            Self::Invisible => "the edit brings characters that nobody sees",
            Self::HoldsSecret => "the edit touches a secret, which no model is shown",
            Self::PastTheEnd => "its lines are not in the file",
        })
    }
}

/// `text` with the edit, whose piece has to stand in it exactly once, as whole or part of lines. Endings of lines are those of
/// the text.
pub fn apply(text: &str, edit: &Edit) -> Result<String, EditRefusal> {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let own = |piece: &str| piece.replace("\r\n", "\n").replace('\n', ending);
    let (search, replace) = (own(&edit.search), own(&edit.replace));
    if search.trim().is_empty() {
        return Err(EditRefusal::NotFound);
    }
    if search == replace {
        return Err(EditRefusal::Nothing);
    }
    check(&search, &replace)?;
    let mut places = text.match_indices(search.as_str());
    let (at, _) = places.next().ok_or(EditRefusal::NotFound)?;
    // One that overlaps the first counts as well.
    let after = at.saturating_add(search.chars().next().map_or(1, char::len_utf8));
    if text.get(after..).is_some_and(|rest| rest.contains(search.as_str())) {
        return Err(EditRefusal::Several);
    }
    let (before, rest) = text.split_at_checked(at).ok_or(EditRefusal::NotFound)?;
    let rest = rest.strip_prefix(search.as_str()).ok_or(EditRefusal::NotFound)?;
    Ok(format!("{before}{replace}{rest}"))
}

/// `text` with other whole lines in the place of `lines`; `replacement` has no ending.
pub fn replace_lines(text: &str, lines: LineRange, replacement: &str) -> Result<String, EditRefusal> {
    let rows: Vec<&str> = text.split_inclusive('\n').collect();
    let (first, last) = (lines.first as usize, lines.last as usize);
    let replaced = first.checked_sub(1).and_then(|start| rows.get(start..last)).filter(|replaced| !replaced.is_empty());
    let replaced = replaced.ok_or(EditRefusal::PastTheEnd)?;
    let last_row = replaced.last().copied().unwrap_or_default();
    let ending = match last_row {
        row if row.ends_with("\r\n") => "\r\n",
        row if row.ends_with('\n') => "\n",
        _ => "",
    };
    let between = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let own = replacement.replace("\r\n", "\n").replace('\n', between) + ending;
    let standing = replaced.concat();
    if own == standing {
        return Err(EditRefusal::Nothing);
    }
    check(&standing, &own)?;
    let before = rows.get(..first - 1).unwrap_or_default().concat();
    let after = rows.get(last..).unwrap_or_default().concat();
    Ok(format!("{before}{own}{after}"))
}

fn check(old: &str, new: &str) -> Result<(), EditRefusal> {
    let is_large = |text: &str| text.lines().count() > MAX_LINES || text.chars().count() > MAX_CHARS;
    if is_large(old) || is_large(new) {
        return Err(EditRefusal::TooLarge);
    }
    // Those that stand there already may stay.
    let unseen = |text: &str| text.chars().filter(|character| *character != '\r' && is_invisible(*character)).count();
    if unseen(new) > unseen(old) {
        return Err(EditRefusal::Invisible);
    }
    if has_placeholder(new) || has_placeholder(old) { Err(EditRefusal::HoldsSecret) } else { Ok(()) }
}
