//! Leads out of the code index: signatures that changed while their callers did not, and names that are gone and still used.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use code_index::{Bounds, ChangedFile, CommitIndex, Family, FileIndex, Place, SignatureChange};
use review_core::{
    configuration::PathFilters,
    diff::{FileDiff, LineKind},
    lead::{Lead, LeadPlace, SearchedPart},
    pull_request::CommitId,
    redaction::Redactor,
    scope::set_aside_by_path,
};

use super::{
    analysis::AnalysisError,
    evidence::{EvidenceFile, MAX_TEXT_BYTES, blocking},
};
use crate::{
    git::Repository,
    index::{Indexed, Limits, Request, index_commit},
};

/// What is told of all changed symbols together.
const BOUNDS: Bounds = Bounds { impacts: 20, places_each: 6, places: 20 };
/// Deleted files whose symbols are looked for; those beyond are few people's business.
const MAX_DELETED: usize = 200;
/// An index above this size is dropped once the leads are found; one below is kept for as long as models ask about names.
const MAX_KEPT_INDEX_BYTES: usize = 128 << 20;
/// Lines of a call that spans several.
const MAX_PLACE_LINES: usize = 3;

/// What the index has to say.
#[derive(Debug, Default)]
pub(super) struct Leads {
    pub(super) found: Vec<Lead>,
    pub(super) searched_part: Option<SearchedPart>,
    /// Of the head, in the languages of what changed. None: it was not made, or it is too large to be kept.
    pub(super) index: Option<Arc<CommitIndex>>,
}

/// A file that the change deleted, as it was, without its secrets.
struct DeletedFile {
    path: String,
    index: FileIndex,
}

/// Leads of a change. Best effort: where the repository cannot be searched there are none, and the review goes on.
pub(super) async fn leads(
    repository: &Repository,
    (base, head): (&CommitId, &CommitId),
    files: &Arc<BTreeMap<String, EvidenceFile>>,
    deleted: &[String],
    filters: &PathFilters,
    redactor: &Redactor,
) -> Result<Leads, AnalysisError> {
    let deleted = deleted_files(repository, base, deleted, redactor).await?;
    let families = concerned(files, &deleted);
    if families.is_empty() {
        return Ok(Leads::default());
    }
    let near: Vec<&str> = files.keys().map(String::as_str).chain(deleted.iter().map(|file| file.path.as_str())).collect();
    // The whole tree is searched: what is never shown of a change is not shown of its surroundings either.
    let is_wanted = |path: &str| set_aside_by_path(path, filters).is_none();
    let parsed = |path: &str| files.get(path).and_then(EvidenceFile::index_of_original).cloned();
    let request = Request {
        commit: head,
        families: &families,
        near: &near,
        is_wanted: &is_wanted,
        parsed: &parsed,
        limits: Limits::default(),
    };
    let Indexed { index, coverage } = match index_commit(repository, request).await {
        Ok(indexed) => indexed,
        Err(error) => {
            tracing::warn!(%error, "the repository cannot be searched for uses of what changed");
            return Ok(Leads::default());
        }
    };
    tracing::info!(
        files = coverage.wanted,
        indexed = coverage.indexed,
        parsed = coverage.parsed,
        not_reached = coverage.not_reached(),
        "the code index is made"
    );
    let part = SearchedPart { searched: coverage.wanted.saturating_sub(coverage.not_reached()), of: coverage.wanted };
    let (index, changed) = (Arc::new(index), Arc::clone(files));
    let searched = Arc::clone(&index);
    let looking = move || (notice(&searched, &changed, &deleted), searched.weight());
    let (noticed, weight) = blocking("looking for uses of what changed", looking).await?;
    let texts = shown_texts(repository, head, files, &noticed, redactor).await?;
    let found = noticed.into_iter().map(|noticed| noticed.lead(&texts, redactor)).collect();
    let index = Some(index).filter(|_| weight <= MAX_KEPT_INDEX_BYTES);
    Ok(Leads { found, searched_part: Some(part).filter(|part| part.searched < part.of), index })
}

/// A symbol that changed or is gone, with the places that use it.
struct Noticed {
    path: String,
    change: SignatureChange,
    uses: usize,
    /// Without code as yet.
    places: Vec<LeadPlace>,
}

fn notice(index: &CommitIndex, files: &BTreeMap<String, EvidenceFile>, deleted: &[DeletedFile]) -> Vec<Noticed> {
    let changed: Vec<ChangedFile<'_>> = files.iter().map(changed_file).chain(deleted.iter().map(gone)).collect();
    let place = |place: &Place<'_>| LeadPlace {
        path: place.path.to_owned(),
        line: place.line,
        function: index.enclosing_function(place.path, place.line).map(|function| function.name.clone()),
        code: String::new(),
    };
    let noticed = code_index::impacts(index, &changed, BOUNDS, &|_| true).into_iter().map(|impact| Noticed {
        path: impact.path.to_owned(),
        uses: impact.found,
        places: impact.places.iter().map(place).collect(),
        change: impact.change,
    });
    noticed.collect()
}

/// The languages of symbols that changed or went away.
fn concerned(files: &BTreeMap<String, EvidenceFile>, deleted: &[DeletedFile]) -> BTreeSet<Family> {
    let changed = files.values().filter_map(|file| {
        let (base, head) = (file.base_index.as_ref()?, file.head_index.as_deref()?);
        let has_changed = !code_index::signature_changes(base, Some(head)).is_empty();
        has_changed.then(|| base.language().family())
    });
    let gone = deleted.iter().filter(|file| !code_index::signature_changes(&file.index, None).is_empty());
    changed.chain(gone.map(|file| file.index.language().family())).collect()
}

fn changed_file<'a>((path, file): (&'a String, &'a EvidenceFile)) -> ChangedFile<'a> {
    let lines = file.diff.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == LineKind::Added);
    ChangedFile {
        path,
        base: file.base_index.as_ref(),
        head: file.head_index.as_deref(),
        is_deleted: false,
        added_lines: lines.filter_map(|line| line.new_line).collect(),
    }
}

fn gone(file: &DeletedFile) -> ChangedFile<'_> {
    ChangedFile { path: &file.path, base: Some(&file.index), head: None, is_deleted: true, added_lines: BTreeSet::new() }
}

/// The deleted files that hold code and may be shown.
pub(super) fn deleted_code(files: &[FileDiff], filters: &PathFilters) -> Vec<String> {
    let is_code = |file: &&FileDiff| {
        let is_deleted = file.change == review_core::diff::FileChange::Deleted;
        is_deleted && code_index::Language::of_path(&file.path).is_some() && set_aside_by_path(&file.path, filters).is_none()
    };
    files.iter().filter(is_code).take(MAX_DELETED).map(|file| file.path.clone()).collect()
}

async fn deleted_files(
    repository: &Repository,
    base: &CommitId,
    paths: &[String],
    redactor: &Redactor,
) -> Result<Vec<DeletedFile>, AnalysisError> {
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let texts = repository.blobs(base, &paths, MAX_TEXT_BYTES).await?;
    let redactor = redactor.clone();
    blocking("indexing deleted files", move || {
        let index = |(path, bytes): (String, Vec<u8>)| {
            let text = String::from_utf8_lossy(&bytes);
            let index = code_index::index(&path, &redactor.redact(&text).text)?;
            Some(DeletedFile { path, index })
        };
        texts.into_iter().filter_map(index).collect()
    })
    .await
}

/// The texts of the files that are shown lines of, without their secrets.
async fn shown_texts(
    repository: &Repository,
    head: &CommitId,
    files: &BTreeMap<String, EvidenceFile>,
    noticed: &[Noticed],
    redactor: &Redactor,
) -> Result<HashMap<String, String>, AnalysisError> {
    let places = noticed.iter().flat_map(|noticed| &noticed.places);
    let paths: BTreeSet<&str> = places.map(|place| place.path.as_str()).collect();
    let (changed, others): (Vec<&str>, Vec<&str>) = paths.into_iter().partition(|path| files.contains_key(*path));
    let blobs = repository.blobs(head, &others, MAX_TEXT_BYTES).await?;
    let known = changed.into_iter().filter_map(|path| Some((path.to_owned(), files.get(path)?.head_text.clone())));
    let known: Vec<(String, String)> = known.collect();
    let redactor = redactor.clone();
    blocking("taking secrets out of uses", move || {
        let read = |(path, bytes): (String, Vec<u8>)| {
            let text = code_index::text_of(&bytes).unwrap_or_default();
            (path, redactor.redact(&text).text.into_owned())
        };
        blobs.into_iter().map(read).chain(known).collect()
    })
    .await
}

impl Noticed {
    fn lead(self, texts: &HashMap<String, String>, redactor: &Redactor) -> Lead {
        let Self { path, change, uses, places } = self;
        let told = |place: LeadPlace| LeadPlace {
            // The index was made of texts as they stand in the repository.
            function: place.function.map(|function| redactor.redact(&function).text.into_owned()),
            code: texts.get(&place.path).map_or_else(String::new, |text| code_at(text, place.line)),
            ..place
        };
        let places = places.into_iter().map(told).collect();
        let before = &change.before;
        if let Some(after) = &change.after {
            return Lead::changed_signature(&path, after.lines.first, &before.signature, &after.signature, uses, places);
        }
        let new_name = change.renamed_to.as_deref();
        Lead::removed_symbol(&path, before.lines.first, &before.signature, new_name, uses, places)
    }
}

/// The line, and those after it while a bracket that it opens is open.
fn code_at(text: &str, line: u32) -> String {
    let lines = text.lines().skip(usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX));
    let (mut shown, mut open) = (Vec::new(), 0_i64);
    for line in lines.take(MAX_PLACE_LINES) {
        shown.push(line.trim_end());
        open += line.matches('(').count().try_into().unwrap_or(0_i64);
        open -= line.matches(')').count().try_into().unwrap_or(0_i64);
        if open <= 0 {
            break;
        }
    }
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let common = shown.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or(0);
    let shown: Vec<&str> = shown.iter().map(|line| line.get(common..).unwrap_or(line)).collect();
    shown.join("\n")
}

#[cfg(test)]
mod tests {
    use super::code_at;

    #[test]
    fn a_call_is_shown_to_its_closing_bracket_and_no_further_than_three_lines() {
        let text = "fn a() {\r\n    let x = total(\r\n        1,\r\n        2,\r\n    );\r\n    done();\r\n}\n";
        for (line, expected) in [
            (1, "fn a() {"),
            (2, "let x = total(\n    1,\n    2,"),
            (5, ");"),
            (6, "done();"),
            (9, ""),
            (0, "fn a() {"),
            (u32::MAX, ""),
        ] {
            assert_eq!(code_at(text, line), expected, "{line}");
        }
        // Blanks of several bytes are not cut in two.
        assert_eq!(code_at("\u{3000}a(\n\tb\n", 1), "\u{3000}a(\nb");
    }
}
