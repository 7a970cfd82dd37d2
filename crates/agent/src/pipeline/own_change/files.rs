//! The files of a pull request as a change of the agent's own needs them: exactly as they stand in the repository.

use std::collections::BTreeSet;

use code_index::{FileIndex, Language};
use review_core::{
    diff::{FileDiff, LineKind, parse_patch},
    own_change::protected,
    pull_request::LineRange,
    render::{NotDone, place},
    scope::{path_filters, select},
};

use super::Occasion;
use crate::pipeline::{analysis::AnalysisError, evidence::blocking};

/// A larger file is not changed by a model.
const MAX_FILE_BYTES: u64 = 300_000;
/// Files of one change.
const MAX_FILES: usize = 30;

/// A changed file of a language that is known.
#[derive(Debug, Clone)]
pub(super) struct ChangedFile {
    pub(super) path: String,
    /// Secrets included: not to be shown.
    pub(super) text: String,
    pub(super) language: Language,
    pub(super) index: FileIndex,
    /// Lines that the pull request added.
    pub(super) added: BTreeSet<u32>,
}

impl ChangedFile {
    /// Added lines in words: `3-5, 9`.
    pub(super) fn added_ranges(&self) -> String {
        let mut ranges: Vec<LineRange> = Vec::new();
        for line in &self.added {
            match ranges.last_mut() {
                Some(range) if range.last.saturating_add(1) == *line => range.last = *line,
                _ => ranges.push(LineRange::new(*line, *line)),
            }
        }
        let words = |range: &LineRange| {
            if range.first == range.last { range.first.to_string() } else { format!("{}-{}", range.first, range.last) }
        };
        ranges.iter().take(200).map(words).collect::<Vec<_>>().join(", ")
    }
}

/// Changed files that are reviewed and that may be touched, and why others of code are not.
pub(super) async fn changed_files(occasion: &Occasion<'_>) -> Result<(Vec<ChangedFile>, Vec<NotDone>), AnalysisError> {
    let Occasion { repository, iteration, configuration, .. } = occasion;
    let patch = repository.diff(&iteration.base, &iteration.head).await?;
    let filters = path_filters(&configuration.reviews.path_filters);
    let selected = blocking("reading the patch", move || Ok::<_, AnalysisError>(select(parse_patch(&patch)?, &filters)));
    let mut not_done = Vec::new();
    let mut refuse = |path: &str, why: &str| not_done.push(NotDone { what: place(path, None, ""), why: why.to_owned() });
    let mut wanted: Vec<FileDiff> = Vec::new();
    for file in selected.await??.files {
        match (Language::of_path(&file.path).filter(|language| language.has_doc_comments()), protected(&file.path)) {
            (None, _) => {}
            (Some(_), Some(why)) => refuse(&file.path, why),
            (Some(_), None) if wanted.len() >= MAX_FILES => refuse(&file.path, "more files than one change may have"),
            (Some(_), None) => wanted.push(file),
        }
    }
    let paths: Vec<&str> = wanted.iter().map(|file| file.path.as_str()).collect();
    let mut blobs = repository.blobs(&iteration.head, &paths, MAX_FILE_BYTES).await?;
    let mut read = Vec::new();
    for file in wanted {
        match blobs.remove(&file.path).map(String::from_utf8) {
            None => refuse(&file.path, "too large to be changed"),
            Some(Err(_)) => refuse(&file.path, "no text in UTF-8"),
            Some(Ok(text)) => read.push((file, text)),
        }
    }
    let indexed = blocking("indexing", move || {
        let indexed = read.into_iter().map(|(file, text)| {
            let language = Language::of_path(&file.path)?;
            let index = code_index::index_as(language, &text, &|| false).ok()?;
            let lines = file.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == LineKind::Added);
            let added = lines.filter_map(|line| line.new_line).collect();
            Some(ChangedFile { path: file.path, text, language, index, added })
        });
        indexed.flatten().collect::<Vec<_>>()
    });
    Ok((indexed.await?, not_done))
}

/// Whether the text parses as well as before.
pub(super) fn parses_as_well(path: &str, before: &str, after: &str) -> bool {
    match (code_index::index(path, before), code_index::index(path, after)) {
        (Some(before), Some(after)) => after.syntax_errors() <= before.syntax_errors(),
        (Some(_), None) => false,
        (None, _) => true,
    }
}
