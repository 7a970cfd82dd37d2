//! Gathering (steps 6 to 9): the diff, the texts, the symbols, the conventions, and the pack made of them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use code_index::{CommitIndex, FileIndex};
use futures::FutureExt;
use review_core::{
    analyzers::{Linted, ToolResult},
    configuration::Configuration,
    description::without_summary,
    diff::{FileDiff, FreshLines, LineKind, PatchError, fresh_lines, parse_patch},
    finding::{SecretFinding, secrets},
    prompt::{Pack, PackFile, PackInput, build_pack},
    pull_request::{CommitId, Iteration, LineRange, PullRequest, PullRequestState, Side, WorkItem},
    redaction::Redactor,
    scope::{FileSetAside, SetAside, path_filters, select},
    sections::{Material, Surroundings},
};

use super::{
    analysis::AnalysisError,
    conventions::conventions,
    elsewhere::Elsewhere,
    leads::{Leads, deleted_code, leads},
    past::Past,
};
use crate::{
    analyzers::{Analyzers, LintedFile},
    git::{GitError, Repository},
};

/// A text above this size is not read: nobody reviews it line by line.
pub(super) const MAX_TEXT_BYTES: u64 = 1_000_000;
/// Texts of one version together; a change above it is reviewed as far as its first files go.
const MAX_TEXTS_BYTES: usize = 64 * 1024 * 1024;
/// Files that are read at a time, so that what is read before the limit is noticed stays bounded as well.
const FILES_AT_A_TIME: usize = 64;

/// What a run reviews.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) pull_request: &'a PullRequest,
    pub(super) work_items: &'a [WorkItem],
    /// What sections of the walkthrough are made from.
    pub(super) surroundings: &'a Surroundings,
    pub(super) elsewhere: &'a Elsewhere,
    pub(super) base: &'a CommitId,
    pub(super) head: &'a CommitId,
    /// Merge base and head of the last review; None reviews everything.
    pub(super) since: Option<(&'a CommitId, &'a CommitId)>,
    pub(super) repository: &'a Repository,
    /// Who knows what came before the change.
    pub(super) past: &'a Past,
    /// What the repository wants.
    pub(super) configuration: &'a Configuration,
    /// Linters and scanners of this machine.
    pub(super) analyzers: &'a Analyzers,
}

/// What is known around a change: by default nothing, which is enough for a question that is no review.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) surroundings: Surroundings,
    pub(super) elsewhere: Elsewhere,
    pub(super) past: Past,
    /// None for what is asked beside a review: they ran for that, and take longer than who asks should wait.
    pub(super) analyzers: Analyzers,
}

impl Context {
    /// The whole change of an iteration.
    pub(super) fn change<'a>(
        &'a self,
        state: &'a PullRequestState,
        iteration: &'a Iteration,
        repository: &'a Repository,
        configuration: &'a Configuration,
    ) -> Change<'a> {
        let Self { surroundings, elsewhere, past, analyzers } = self;
        Change {
            pull_request: &state.pull_request,
            work_items: &state.work_items,
            surroundings,
            elsewhere,
            base: &iteration.base,
            head: &iteration.head,
            since: None,
            repository,
            past,
            configuration,
            analyzers,
        }
    }
}

impl<'a> Change<'a> {
    /// What the sections of the walkthrough are made from.
    pub(super) fn material(&self) -> Material<'a> {
        let Self { configuration, pull_request, work_items, surroundings, elsewhere, .. } = *self;
        Material { reviews: &configuration.reviews, pull_request, work_items, issues: &elsewhere.issues, surroundings }
    }

    /// What the tools that the repository wants say of the files as they stand there: those run where nothing leaves them.
    async fn lint(&self, files: &BTreeMap<String, EvidenceFile>) -> Linted {
        let of_file = |(path, file): (&String, &EvidenceFile)| {
            let (head, base) = match &file.originals {
                Some(originals) => (originals.head.clone(), originals.base.clone()),
                None => (file.head_text.clone(), file.base_text.clone()),
            };
            LintedFile { path: path.clone(), base, head }
        };
        if !self.analyzers.are_on() {
            return Linted::default();
        }
        let files: Vec<LintedFile> = files.iter().map(of_file).collect();
        self.analyzers.lint(&files, &self.configuration.reviews.tools).await
    }
}

/// A reviewed file with all that was read of it, without its secrets.
#[derive(Debug, Clone)]
pub(super) struct EvidenceFile {
    pub(super) diff: FileDiff,
    pub(super) fresh: Option<FreshLines>,
    pub(super) head_text: String,
    pub(super) base_text: Option<String>,
    /// The texts as they stand in the repository, where they hold secrets: for widths, never to be shown.
    originals: Option<Originals>,
    pub(super) head_index: Option<Arc<FileIndex>>,
    pub(super) base_index: Option<FileIndex>,
}

#[derive(Clone)]
struct Originals {
    head: String,
    base: Option<String>,
}

impl std::fmt::Debug for Originals {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Originals")
    }
}

/// All that the questions of a run are made from.
#[derive(Debug)]
pub(super) struct Evidence {
    /// By path.
    pub(super) files: BTreeMap<String, EvidenceFile>,
    pub(super) set_aside: Vec<FileSetAside>,
    /// What the finder and the verifiers see.
    pub(super) pack: Pack,
    /// What the walkthrough is written from: the whole change, also on an incremental review.
    pub(super) overview: Pack,
    /// Whether the change was compared with the one that was reviewed last.
    pub(super) is_incremental: bool,
    /// Paths of changed files whose changes are used by code that the change leaves as it was.
    pub(super) with_callers: BTreeSet<String>,
    /// What the leads were found in; None where none was made.
    pub(super) index: Option<Arc<CommitIndex>>,
    /// Of all files of the change, also those that are set aside.
    pub(super) secrets: Vec<SecretFinding>,
    /// What linters and scanners say, without secrets.
    pub(super) linted: Linted,
}

impl Evidence {
    /// An error when there are files to review and the pack holds none of them for lack of room.
    pub(super) fn check_room(&self) -> Result<(), AnalysisError> {
        let left_out = self.pack.left_out.iter().filter(|file| file.why == SetAside::OverBudget).count();
        if self.pack.included.is_empty() && left_out > 0 { Err(AnalysisError::NoRoom { files: left_out }) } else { Ok(()) }
    }

    /// What the walkthrough is written from; what is new, when the whole has no room.
    pub(super) fn overview_text(&self) -> &str {
        if self.overview.included.is_empty() { &self.pack.text } else { &self.overview.text }
    }
}

/// Reads everything about the change and packs it into `budget` tokens; secrets are taken out of texts before anything is made
/// of them.
pub(super) async fn gather(change: Change<'_>, redactor: &Redactor, budget: usize) -> Result<Evidence, AnalysisError> {
    let Change { base, head, repository, configuration, .. } = change;
    let patch = repository.diff(base, head).await?;
    let filters = path_filters(&configuration.reviews.path_filters);
    let (chosen, looking) = (filters.clone(), redactor.clone());
    let read = move || {
        let files = parse_patch(&patch)?;
        let secrets = secrets(&files, &looking, &chosen);
        Ok::<_, PatchError>((deleted_code(&files, &chosen), secrets, select(files, &chosen)))
    };
    let (deleted, secrets, selection) = blocking("reading the patch", read).await??;
    let mut set_aside = selection.set_aside;
    let reviewed = match change.since {
        Some((old_base, old_head)) => earlier_diff(repository, old_base, old_head, head).await?,
        None => None,
    };
    let is_incremental = reviewed.is_some();
    let (texts, not_read) = read_texts(repository, base, head, &selection.files).await?;
    set_aside.extend(not_read);
    let conventions = conventions(repository, base, configuration, &selection.files).await?;
    let files = Arc::new(index_files(selection.files, texts, reviewed, redactor.clone()).await?);
    let looking = leads(repository, (base, head), &files, &deleted, &filters, redactor);
    let (looked, mut linted) = tokio::join!(looking, change.lint(&files).boxed());
    let Leads { found: mut leads, searched_part, index } = looked?;
    let files = Arc::unwrap_or_clone(files);
    let with_callers = leads.iter().map(|lead| lead.path.clone()).collect();
    let clean = |text: &str| redactor.redact(text).text.into_owned();
    let cleaned = linted.results.into_iter().map(|result| {
        let (rule, message) = (clean(&result.rule), clean(&result.message));
        ToolResult { rule, message, ..result }.shortened()
    });
    linted.results = cleaned.collect();
    for run in &mut linted.runs {
        run.problem = run.problem.as_deref().map(clean);
    }
    leads.extend(linted.worth_telling(configuration.reviews.profile).map(ToolResult::lead));
    // Our own summary of an earlier run is no word of the author's.
    let description = without_summary(&change.pull_request.description);
    let inputs =
        (PullRequest { description, ..change.pull_request.clone() }, change.work_items.to_vec(), change.elsewhere.issues.clone());
    // Packing counts tokens of megabytes: not on a thread that answers webhooks.
    blocking("packing", move || {
        let (pull_request, work_items, issues) = inputs;
        let pack = |only_fresh: bool| {
            let pack_files: Vec<PackFile> = files.values().map(|file| file.for_pack(only_fresh)).collect();
            let input = PackInput {
                pull_request: &pull_request,
                work_items: &work_items,
                issues: &issues,
                guidelines: &conventions,
                files: &pack_files,
                leads: &leads,
                searched_part,
                budget,
            };
            build_pack(&input, &crate::llm::count_tokens)
        };
        let overview = pack(false);
        let pack = if is_incremental { pack(true) } else { overview.clone() };
        set_aside.extend(pack.left_out.iter().cloned());
        set_aside.sort_by(|one, other| one.path.cmp(&other.path));
        Evidence { files, set_aside, pack, overview, is_incremental, with_callers, index, secrets, linted }
    })
    .await
}

/// Runs what takes more than a moment of computing where it holds up nobody.
pub(super) async fn blocking<T: Send + 'static>(
    step: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AnalysisError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| AnalysisError::Internal(format!("{step} ended early: {error}")))
}

impl EvidenceFile {
    /// The index of the head version as it stands in the repository; None where that holds secrets or was not read as it is.
    pub(super) fn index_of_original(&self) -> Option<&Arc<FileIndex>> {
        let is_original = self.originals.is_none() && !self.head_text.contains(['\u{fffd}', '\u{feff}', '\0']);
        self.head_index.as_ref().filter(|_| is_original)
    }

    /// UTF-16 length of a line of one side as it stands in the repository; 0 past the end.
    pub(super) fn width(&self, side: Side, line: u32) -> u32 {
        let text = match (&self.originals, side) {
            (Some(originals), Side::Right) => Some(originals.head.as_str()),
            (Some(originals), Side::Left) => originals.base.as_deref(),
            (None, Side::Right) => Some(self.head_text.as_str()),
            (None, Side::Left) => self.base_text.as_deref(),
        };
        let line = text.and_then(|text| text.lines().nth(line.saturating_sub(1) as usize)).unwrap_or_default();
        u32::try_from(line.trim_end_matches('\r').encode_utf16().count()).unwrap_or(u32::MAX - 1)
    }

    fn for_pack(&self, only_fresh: bool) -> PackFile {
        PackFile {
            diff: self.diff.clone(),
            fresh: self.fresh.clone().filter(|_| only_fresh),
            head_text: Some(self.head_text.clone()),
            enclosing: self.enclosing(),
        }
    }

    /// Functions of the head version that hold a changed line.
    fn enclosing(&self) -> Vec<LineRange> {
        let Some(index) = &self.head_index else { return Vec::new() };
        let changed = self.diff.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind != LineKind::Context);
        let ranges: BTreeSet<LineRange> = changed
            .filter_map(|line| line.new_line)
            .filter_map(|line| index.enclosing_function(line))
            .map(|function| function.lines)
            .collect();
        ranges.into_iter().collect()
    }
}

/// The pull request's change as it was reviewed last, by the paths that the files have now. None when its commits are gone
/// (a force push that the server has forgotten): then everything counts as new, and standing threads keep it from being
/// said twice.
async fn earlier_diff(
    repository: &Repository,
    base: &CommitId,
    head: &CommitId,
    now: &CommitId,
) -> Result<Option<HashMap<String, FileDiff>>, AnalysisError> {
    match repository.diff(base, head).await {
        Ok(patch) => {
            let files = blocking("reading the patch", move || parse_patch(&patch)).await??;
            let mut reviewed: HashMap<String, FileDiff> = files.into_iter().map(|file| (file.path.clone(), file)).collect();
            match repository.departures(head, now).await {
                Ok(departures) => {
                    for (old, new) in departures.renamed {
                        if let Some(file) = reviewed.get(&old).cloned() {
                            reviewed.entry(new).or_insert(file);
                        }
                    }
                }
                // Then a file that was renamed counts as new, which costs a question and hides nothing.
                Err(error) => tracing::info!(%error, "renames since the last review are not known"),
            }
            Ok(Some(reviewed))
        }
        Err(error @ (GitError::Failed { .. } | GitError::CommitMissing { .. } | GitError::TooLarge { .. })) => {
            tracing::warn!(%error, "the change as it was reviewed last cannot be read; reviewing the whole");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Base and head text of each file.
type Texts = HashMap<String, (Option<String>, String)>;

async fn read_texts(
    repository: &Repository,
    base: &CommitId,
    head: &CommitId,
    files: &[FileDiff],
) -> Result<(Texts, Vec<FileSetAside>), AnalysisError> {
    let (mut texts, mut not_read) = (Texts::new(), Vec::new());
    let mut total = 0usize;
    for files in files.chunks(FILES_AT_A_TIME) {
        if total >= MAX_TEXTS_BYTES {
            not_read.extend(files.iter().map(|file| set_aside(file, SetAside::OverBudget)));
            continue;
        }
        let head_paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let base_paths: Vec<&str> = files.iter().map(base_path).collect();
        let mut head_blobs = repository.blobs(head, &head_paths, MAX_TEXT_BYTES).await?;
        let base_blobs = repository.blobs(base, &base_paths, MAX_TEXT_BYTES).await?;
        for file in files {
            let Some(head_blob) = head_blobs.remove(&file.path) else {
                not_read.push(set_aside(file, SetAside::TooLarge));
                continue;
            };
            total = total.saturating_add(head_blob.len());
            if total > MAX_TEXTS_BYTES {
                not_read.push(set_aside(file, SetAside::OverBudget));
                continue;
            }
            let text = |blob: &[u8]| String::from_utf8_lossy(blob).into_owned();
            let base_text = base_blobs.get(base_path(file)).map(|blob| text(blob));
            texts.insert(file.path.clone(), (base_text, text(&head_blob)));
        }
    }
    Ok((texts, not_read))
}

fn set_aside(file: &FileDiff, why: SetAside) -> FileSetAside {
    FileSetAside { path: file.path.clone(), why }
}

/// Where the file was before the change.
fn base_path(file: &FileDiff) -> &str {
    file.old_path.as_deref().unwrap_or(&file.path)
}

/// Parses the files; on a blocking thread, since grammars work for milliseconds each.
async fn index_files(
    files: Vec<FileDiff>,
    mut texts: Texts,
    reviewed: Option<HashMap<String, FileDiff>>,
    redactor: Redactor,
) -> Result<BTreeMap<String, EvidenceFile>, AnalysisError> {
    blocking("indexing", move || {
        let mut indexed = BTreeMap::new();
        for diff in files {
            let Some((base_text, head_text)) = texts.remove(&diff.path) else { continue };
            let fresh = reviewed.as_ref().map(|reviewed| {
                let before = reviewed.get(&diff.path).or_else(|| reviewed.get(base_path(&diff)));
                fresh_lines(before, &diff)
            });
            // What is new was decided by the lines as they are.
            let originals = Originals { head: head_text, base: base_text };
            let head_text = redactor.redact(&originals.head).text.into_owned();
            let base_text = originals.base.as_deref().map(|text| redactor.redact(text).text.into_owned());
            let diff = redactor.redact_diff(diff, base_text.as_deref(), Some(&head_text));
            let holds_secrets = head_text != originals.head || base_text != originals.base;
            let originals = Some(originals).filter(|_| holds_secrets);
            let head_index = code_index::index(&diff.path, &head_text).map(Arc::new);
            let base_index = base_text.as_deref().and_then(|text| code_index::index(base_path(&diff), text));
            let path = diff.path.clone();
            indexed.insert(path, EvidenceFile { diff, fresh, head_text, base_text, originals, head_index, base_index });
        }
        indexed
    })
    .await
}
