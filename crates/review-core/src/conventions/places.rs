//! Where conventions lie.

use std::collections::BTreeSet;

use super::editorconfig;
use crate::{
    configuration::{Glob, GuidelineFiles},
    redaction::is_key_file,
};

/// Files that tell agents a team's conventions, each for what is below its folder. Upper and lower case differ. The names are
/// those that the commercial product documents (<https://docs.coderabbit.ai/knowledge-base/code-guidelines>).
const NAMES: &[&str] =
    &["AGENT.md", "AGENTS.md", "CLAUDE.md", "GEMINI.md", ".clinerules", ".cursorrules", ".rules", ".windsurfrules"];
/// Folders of such files, each for what is below the folder that it stands in.
const FOLDERS: &[&str] = &[".clinerules", ".cursor/rules", ".rules"];
/// The same, at the root alone.
const ROOT_NAMES: &[&str] = &[".github/copilot-instructions.md"];
const ROOT_FOLDERS: &[&str] = &[".github/instructions"];
/// What a file in `.github/instructions` must end in.
const INSTRUCTIONS: &str = ".instructions.md";

/// Folders that are searched for conventions, those nearest to the root first.
const MAX_DIRECTORIES: usize = 500;
/// Patterns of `filePatterns` that are looked at.
const MAX_OWN_PATTERNS: usize = 100;

/// Where to look for conventions about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// Files, and folders of which all files count; sorted.
    pub paths: Vec<String>,
}

/// Where the conventions about the `changed` paths lie, if there are any: in their folders, and in those above.
pub fn places<'a>(changed: impl IntoIterator<Item = &'a str>) -> Places {
    let mut directories = BTreeSet::from([""]);
    for path in changed {
        let mut directory = path;
        while let Some((parent, _)) = directory.rsplit_once('/') {
            directories.insert(parent);
            directory = parent;
        }
    }
    let mut directories: Vec<&str> = directories.into_iter().collect();
    directories.sort_by_key(|directory| directory.split('/').filter(|name| !name.is_empty()).count());
    let mut paths: BTreeSet<String> = ROOT_NAMES.iter().chain(ROOT_FOLDERS).map(|&path| path.to_owned()).collect();
    for directory in directories.into_iter().take(MAX_DIRECTORIES) {
        let names = NAMES.iter().chain(FOLDERS).chain([&editorconfig::NAME]);
        paths.extend(names.map(|name| if directory.is_empty() { (*name).to_owned() } else { format!("{directory}/{name}") }));
    }
    Places { paths: paths.into_iter().collect() }
}

/// The folder that a file of a known place is for; None when it lies in no such place.
pub(super) fn owner(path: &str) -> Option<&str> {
    if ROOT_NAMES.contains(&path) {
        return Some("");
    }
    if ROOT_FOLDERS.iter().any(|folder| super::is_below(path, folder)) {
        return path.ends_with(INSTRUCTIONS).then_some("");
    }
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let of_folder = FOLDERS.iter().find_map(|kind| {
        // The outermost: what lies deeper in such a folder is of the same place.
        let at = format!("/{path}").find(&format!("/{kind}/"))?;
        Some(path.get(..at.saturating_sub(1)).unwrap_or_default())
    });
    of_folder.or_else(|| NAMES.contains(&name).then_some(folder))
}

/// Whether files of this place are read by the rules of GitHub Copilot: with no word on what they are for, they are for nothing.
pub(super) fn is_copilots(path: &str) -> bool {
    path.ends_with(INSTRUCTIONS)
}

/// `knowledge_base.code_guidelines.filePatterns`, ready to be asked. Patterns that mean nothing are passed over.
#[derive(Debug, Clone, Default)]
pub struct OwnPatterns {
    patterns: Vec<OwnPattern>,
}

#[derive(Debug, Clone)]
struct OwnPattern {
    files: Glob,
    /// None: files below the folder of the convention.
    applies_to: Option<String>,
}

/// What a file of the repository's own patterns is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OwnScope<'a> {
    /// What is below its folder.
    Folder,
    /// What these patterns, separated by commas, are for.
    Patterns(&'a str),
}

impl OwnPatterns {
    pub fn new(entries: &[GuidelineFiles]) -> Self {
        let mut patterns = Vec::new();
        for entry in entries {
            let (files, applies_to) = match entry {
                GuidelineFiles::Pattern(pattern) => (vec![pattern.trim().to_owned()], None),
                GuidelineFiles::Applied { files, apply_to } => (super::rule::split(files), Some(apply_to)),
            };
            let globs = files.iter().filter_map(|pattern| Glob::case_sensitive(pattern).ok());
            patterns.extend(globs.map(|files| OwnPattern { files, applies_to: applies_to.cloned() }));
        }
        patterns.truncate(MAX_OWN_PATTERNS);
        Self { patterns }
    }

    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether a file of the target branch is one of these. What is made to hold keys never is.
    pub fn is_match(&self, path: &str) -> bool {
        self.scope(path).is_some()
    }

    pub(super) fn scope(&self, path: &str) -> Option<OwnScope<'_>> {
        let pattern = self.patterns.iter().find(|pattern| pattern.files.is_match(path)).filter(|_| !is_key_file(path))?;
        Some(pattern.applies_to.as_deref().map_or(OwnScope::Folder, OwnScope::Patterns))
    }
}
