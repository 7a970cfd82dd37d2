//! What the target branch says about how code is written here, and what its configuration says about the changed files.

use std::collections::BTreeMap;

use review_core::{
    configuration::{Configuration, Glob, PathInstruction},
    conventions::{OwnPatterns, guidelines, places},
    diff::FileDiff,
    prompt::Guideline,
    pull_request::CommitId,
};

use super::analysis::AnalysisError;
use crate::git::{GitError, Repository};

/// A longer file is not read.
const MAX_FILE_BYTES: u64 = 32 * 1024;
/// Files that are read, of known names and of the repository's own patterns each.
const MAX_FILES: usize = 500;

/// What is said about the changed files. It is the word of the target branch, never of the change under review: its author must
/// not instruct the reviewer.
pub(super) async fn conventions(
    repository: &Repository,
    base: &CommitId,
    configuration: &Configuration,
    files: &[FileDiff],
) -> Result<Vec<Guideline>, AnalysisError> {
    let settings = &configuration.knowledge_base.code_guidelines;
    let own = OwnPatterns::new(&settings.file_patterns);
    let mut found = if settings.enabled { written_down(repository, base, &own, files).await? } else { Vec::new() };
    found.extend(path_guidance(&configuration.reviews.path_instructions, files));
    Ok(found)
}

/// Files of conventions that apply to the changed ones.
async fn written_down(
    repository: &Repository,
    base: &CommitId,
    own: &OwnPatterns,
    files: &[FileDiff],
) -> Result<Vec<Guideline>, GitError> {
    let changed: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let places = places(changed.iter().copied()).paths;
    let mut paths = repository.list_at(base, &places, MAX_FILES).await?;
    if !own.is_empty() {
        paths.extend(repository.list(base, |path| own.is_match(path), MAX_FILES).await?);
    }
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let texts = repository.blobs(base, &paths, MAX_FILE_BYTES).await?;
    let texts = texts.into_iter().filter(|(_, text)| !text.contains(&0));
    let texts: BTreeMap<String, String> = texts.map(|(path, text)| (path, String::from_utf8_lossy(&text).into_owned())).collect();
    Ok(guidelines(&texts, own, &changed))
}

/// What the configuration says about the changed files, each entry with the pattern that it is for.
fn path_guidance(instructions: &[PathInstruction], files: &[FileDiff]) -> Vec<Guideline> {
    let applies = |instruction: &&PathInstruction| {
        Glob::new(&instruction.path).is_ok_and(|glob| files.iter().any(|file| glob.is_match(&file.path)))
    };
    let guideline = |instruction: &PathInstruction| Guideline {
        path: format!(".coderabbit.yaml, for files of {}", instruction.path),
        folder: String::new(),
        text: instruction.instructions.clone(),
    };
    instructions.iter().filter(applies).map(guideline).collect()
}
