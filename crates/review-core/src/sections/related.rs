//! What else in the project may have to do with a change, by what can be counted.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{Material, OtherPullRequest, OtherRepository, OtherWorkItem, Surroundings};

/// Entries of each list.
const MAX_RELATED: usize = 5;

/// A shared work item is a link that people made.
const WORTH_OF_WORK_ITEM: usize = 24;
/// Of a shared file that no third pull request changes; divided by how many do, since a file that all change tells nothing.
const WORTH_OF_FILE: usize = 12;
const WORTH_OF_WORD: usize = 4;
/// Below it two pull requests are taken for unrelated: two common words of the titles, or a file that two others change.
const LEAST_WORTH: usize = 8;
/// Most that files, and words, may be worth together.
const MOST_WORTH_OF_FILES: usize = 36;
const MOST_WORTH_OF_WORDS: usize = 16;

/// Words of titles that say nothing about what a change is about, beside those of less than four letters.
#[rustfmt::skip]
const GENERAL_WORDS: &[&str] = &[
    "added", "adds", "adding", "after", "again", "also", "avoid", "before", "branch", "build", "bump", "change", "changed", "changes",
    "cleanup", "code", "create", "docs", "does", "feat", "feature", "file", "files", "fixed", "fixes", "fixing", "from", "handle",
    "hotfix", "improve", "improved", "improvements", "into", "instead", "issue", "main", "make", "makes", "master", "merge", "merged",
    "minor", "missing", "more", "move", "moved", "only", "over", "pull", "refactor", "refactoring", "release", "remove", "removed",
    "removes", "rename", "renamed", "request", "review", "revert", "small", "some", "support", "task", "test", "tests", "that",
    "their", "them", "this", "update", "updated", "updates", "upgrade", "use", "used", "using", "version", "when", "where", "which",
    "with", "without", "work",
];

/// A pull request that may have to do with this one, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedPullRequest {
    pub id: u64,
    /// None: of this one.
    pub repository: Option<OtherRepository>,
    pub title: String,
    pub is_completed: bool,
    pub work_items: Vec<u64>,
    /// Changed by both, the rarest first.
    pub files: Vec<String>,
    /// In both titles.
    pub words: Vec<String>,
}

/// A work item that a linked one is linked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelatedWorkItem {
    pub id: u64,
    pub kind: String,
    pub title: String,
    pub state: String,
    pub linked_from: u64,
}

/// The most telling first; of equals the newest.
pub(super) fn pull_requests(material: &Material<'_>, changed: &BTreeSet<&str>) -> Vec<RelatedPullRequest> {
    let others = &material.surroundings.pull_requests;
    let mut changing: BTreeMap<&str, usize> = BTreeMap::new();
    for path in others.iter().flat_map(|other| files(other).collect::<BTreeSet<_>>()) {
        *changing.entry(path).or_default() += 1;
    }
    let title = words(&material.pull_request.title);
    let mut related: Vec<(usize, RelatedPullRequest)> = Vec::new();
    for other in others.iter().chain(&material.surroundings.elsewhere) {
        // A path of another repository is another file.
        let mut shared: Vec<(usize, &str)> = files(other)
            .filter(|path| other.repository.is_none() && changed.contains(path))
            .map(|path| (changing.get(path).copied().unwrap_or(1).max(1), path))
            .collect();
        shared.sort_unstable();
        shared.dedup();
        let of_files: usize = shared.iter().map(|(count, _)| WORTH_OF_FILE / count).sum();
        let common: Vec<String> = words(&other.title).intersection(&title).cloned().collect();
        // One word is chance.
        let of_words = if common.len() > 1 { common.len().saturating_mul(WORTH_OF_WORD).min(MOST_WORTH_OF_WORDS) } else { 0 };
        let of_work_items = other.shared_work_items.len().min(2) * WORTH_OF_WORK_ITEM;
        let worth = of_files.min(MOST_WORTH_OF_FILES) + of_words + of_work_items;
        if worth < LEAST_WORTH {
            continue;
        }
        let found = RelatedPullRequest {
            id: other.id,
            repository: other.repository.clone(),
            title: other.title.clone(),
            is_completed: other.is_completed,
            work_items: other.shared_work_items.clone(),
            files: shared.into_iter().map(|(_, path)| path.to_owned()).collect(),
            words: if of_words > 0 { common } else { Vec::new() },
        };
        related.push((worth, found));
    }
    related.sort_by_key(|(worth, found)| (Reverse(*worth), Reverse(found.id)));
    related.into_iter().take(MAX_RELATED).map(|(_, found)| found).collect()
}

/// Which pull requests' files are worth a call, at most `most`: those that people or titles relate come first and take half, the
/// rest are the newest of the completed ones.
pub fn worth_reading<'a>(title: &str, others: impl Iterator<Item = &'a OtherPullRequest>, most: usize) -> Vec<u64> {
    let title = words(title);
    let mut related = Vec::new();
    let mut completed = Vec::new();
    for other in others {
        let common = words(&other.title).intersection(&title).count() + other.shared_work_items.len().saturating_mul(2);
        if common > 0 {
            related.push((Reverse(common), Reverse(other.id)));
        }
        if other.is_completed {
            completed.push(other.id);
        }
    }
    related.sort_unstable();
    completed.sort_unstable_by_key(|id| Reverse(*id));
    let mut chosen: Vec<u64> = related.into_iter().take(most / 2).map(|(_, Reverse(id))| id).collect();
    for id in completed {
        if chosen.len() < most && !chosen.contains(&id) {
            chosen.push(id);
        }
    }
    chosen
}

pub(super) fn work_items(surroundings: &Surroundings) -> Vec<RelatedWorkItem> {
    let related = surroundings.work_items.iter().map(|OtherWorkItem { work_item, linked_from }| RelatedWorkItem {
        id: work_item.id,
        kind: work_item.kind.clone(),
        title: work_item.title.clone(),
        state: work_item.state.clone(),
        linked_from: *linked_from,
    });
    related.take(MAX_RELATED).collect()
}

fn files(other: &OtherPullRequest) -> impl Iterator<Item = &str> {
    other.files.iter().flatten().map(String::as_str)
}

/// The telling words of a title, in lower case.
pub(super) fn words(title: &str) -> BTreeSet<String> {
    let words = title.split(|character: char| !character.is_alphanumeric()).map(str::to_lowercase);
    words
        .filter(|word| {
            word.chars().count() >= 4 && !word.chars().all(char::is_numeric) && !GENERAL_WORDS.contains(&word.as_str())
        })
        .collect()
}
