//! What a team has written down for coding agents and editors: which files hold it, and which of them are for a change.
//!
//! - `places`: where such files lie
//! - `rule`: rule files, with what their front matter says they are for
//! - `editorconfig`, with `section` for its patterns: what `.editorconfig` says about the changed files, in sentences
//!
//! All of it comes from the target branch. It is still text of people: nothing in it makes this module panic, run for long or
//! take much memory.

mod editorconfig;
mod places;
mod rule;
mod section;

use std::collections::{BTreeMap, BTreeSet};

pub use places::{OwnPatterns, Places, places};

use crate::prompt::Guideline;

/// Conventions that go into a pack; those nearer to the root first.
const MAX_GUIDELINES: usize = 100;
/// Bytes of them together: more has no room in any pack.
const MAX_BYTES: usize = 512 * 1024;

/// The guidelines that `files` (texts of the target branch by their paths) hold for the `changed` paths, general ones (nearer to
/// the root) first. A text that stands in several files is told once, and of what is too much the nearer to the root are kept.
pub fn guidelines(files: &BTreeMap<String, String>, own: &OwnPatterns, changed: &[&str]) -> Vec<Guideline> {
    let (editor, rules): (Vec<_>, Vec<_>) =
        files.iter().map(|(path, text)| (path.as_str(), text.as_str())).partition(|(path, _)| editorconfig::is_file(path));
    let mut found: Vec<Guideline> = rules.iter().filter_map(|(path, text)| rule::guideline(path, text, own, changed)).collect();
    found.extend(editorconfig::guideline(&editor, changed));
    found.sort_by(|one, other| one.order().cmp(&other.order()));
    let (mut texts, mut bytes) = (BTreeSet::new(), 0_usize);
    found.retain(|guideline| {
        bytes = bytes.saturating_add(guideline.text.len());
        bytes <= MAX_BYTES && texts.insert(guideline.text.trim().to_owned())
    });
    found.truncate(MAX_GUIDELINES);
    found
}

/// Whether the path lies below the folder; every path lies below the root, which is empty.
fn is_below(path: &str, folder: &str) -> bool {
    relative_to(path, folder).is_some()
}

/// The path as it is named from the folder; None when it does not lie below it.
fn relative_to<'a>(path: &'a str, folder: &str) -> Option<&'a str> {
    if folder.is_empty() { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') }
}

#[cfg(test)]
mod tests;
