//! Cases from folders to commits. Everything that is wrong with any of them is told before anything is reviewed.

use std::path::{Path, PathBuf};

use review_core::{
    configuration::Configuration,
    diff::{FileDiff, parse_patch, text_lines},
    eval::{CaseFile, CaseReport, CommitSource, Source, parse_case, places_without_code},
    pull_request::CommitId,
};

use super::super::review::configuration;
use crate::git::{GitError, NewFile, NewFileKind, Repository, Scratch};

const CASE_FILE: &str = "case.json";
const MAX_CASE_BYTES: u64 = 1 << 20;
/// Bytes and files of one version of a case that lies in folders.
const MAX_VERSION_BYTES: u64 = 64 << 20;
const MAX_VERSION_FILES: usize = 20_000;
/// Files above this size hold no expected findings: no review reads them.
const MAX_TEXT_BYTES: u64 = 1_000_000;

/// A case that can be reviewed.
pub(super) struct Case {
    /// Name of its folder.
    pub(super) name: String,
    pub(super) file: CaseFile,
    pub(super) repository: Repository,
    pub(super) base: CommitId,
    pub(super) head: CommitId,
    pub(super) diffs: Vec<FileDiff>,
    /// What the repository wants, by the file of the base version, as for a pull request.
    pub(super) configuration: Configuration,
}

/// All cases, and the repository that holds the commits of some.
pub(super) struct Loaded {
    pub(super) cases: Vec<Case>,
    _scratch: Scratch,
}

/// Something that is wrong with a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CaseProblem {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl CaseProblem {
    fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        Self { path: path.into(), text: text.into() }
    }
}

impl Case {
    /// Before any run.
    pub(super) fn report(&self) -> CaseReport {
        CaseReport {
            name: self.name.clone(),
            title: self.file.title.clone(),
            expected: self.file.expected.clone(),
            runs: Vec::new(),
        }
    }
}

/// Reads the case in `directory`, or those in its folders, by name. The inner error lists everything that is wrong with them.
pub(super) async fn load(directory: &Path) -> Result<Result<Loaded, Vec<CaseProblem>>, GitError> {
    let folders = match folders(directory) {
        Ok(folders) => folders,
        Err(problem) => return Ok(Err(vec![problem])),
    };
    let scratch = Scratch::new().await?;
    let (mut cases, mut problems) = (Vec::new(), Vec::new());
    for (number, folder) in folders.iter().enumerate() {
        match load_case(folder, number, &scratch).await {
            Ok(case) => cases.push(case),
            Err(found) => problems.extend(found),
        }
    }
    Ok(if problems.is_empty() { Ok(Loaded { cases, _scratch: scratch }) } else { Err(problems) })
}

fn folders(directory: &Path) -> Result<Vec<PathBuf>, CaseProblem> {
    if directory.join(CASE_FILE).exists() {
        return Ok(vec![directory.to_owned()]);
    }
    let unreadable = |error: std::io::Error| CaseProblem::new(directory, format!("it cannot be read: {error}"));
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            folders.push(path);
        }
    }
    folders.sort();
    if folders.is_empty() {
        return Err(CaseProblem::new(directory, format!("there is no case in it: a case is a folder with a {CASE_FILE}")));
    }
    Ok(folders)
}

async fn load_case(folder: &Path, number: usize, scratch: &Scratch) -> Result<Case, Vec<CaseProblem>> {
    let path = folder.join(CASE_FILE);
    let about = |problem: String| CaseProblem::new(&path, problem);
    let text = read_limited(&path, MAX_CASE_BYTES).map_err(|problem| vec![about(problem)])?;
    let text = String::from_utf8(text).map_err(|_| vec![about("it is no UTF-8".to_owned())])?;
    let file = parse_case(&text).map_err(|problems| problems.into_iter().map(about).collect::<Vec<_>>())?;
    let (repository, base, head) = match &file.source {
        Source::Folders => from_folders(folder, number, scratch).await?,
        Source::Commits { from, base, head } => {
            from_commits(folder, from, (base, head), scratch).await.map_err(|problem| vec![about(problem)])?
        }
    };
    let diffs = diffs(&repository, &base, &head).await.map_err(|problem| vec![about(problem)])?;
    let counts = line_counts(&repository, &head, &file).await.map_err(|error| vec![about(error.to_string())])?;
    let missing = places_without_code(&file, &|path| counts.iter().find(|(known, _)| known == path).map(|(_, count)| *count));
    if !missing.is_empty() {
        return Err(missing.into_iter().map(about).collect());
    }
    let configuration = configuration(&repository, &base).await.map_err(|error| vec![about(error.to_string())])?;
    let canonical = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = canonical.file_name().map_or_else(|| "case".to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(Case { name, file, repository, base, head, diffs, configuration })
}

/// The folders `base` and `head`, as a commit and the one after it.
async fn from_folders(
    folder: &Path,
    number: usize,
    scratch: &Scratch,
) -> Result<(Repository, CommitId, CommitId), Vec<CaseProblem>> {
    let versions = (version(&folder.join("base")), version(&folder.join("head")));
    let (base_files, head_files) = match versions {
        (Ok(base), Ok(head)) => (base, head),
        (base, head) => return Err([base.err(), head.err()].into_iter().flatten().flatten().collect()),
    };
    let commits = async {
        let base = scratch.commit(&format!("{number}-base"), &base_files, None).await?;
        let head = scratch.commit(&format!("{number}-head"), &head_files, Some(&base)).await?;
        Ok::<_, GitError>((base, head))
    };
    let (base, head) = commits.await.map_err(|error| vec![CaseProblem::new(folder, error.to_string())])?;
    Ok((scratch.repository().clone(), base, head))
}

async fn from_commits(
    folder: &Path,
    from: &CommitSource,
    (base, head): (&str, &str),
    scratch: &Scratch,
) -> Result<(Repository, CommitId, CommitId), String> {
    let (repository, base, head) = match from {
        CommitSource::Repository(path) => {
            let repository = Repository::local(&folder.join(path)).await.map_err(|error| format!("repository: {error}"))?;
            (repository, base.to_owned(), head.to_owned())
        }
        CommitSource::Bundle(path) => {
            let names = scratch.unbundle(&folder.join(path)).await.map_err(|error| format!("bundle: {error}"))?;
            let object = |key: &str, wanted: &str| named(&names, wanted).ok_or_else(|| unknown_name(key, wanted, &names));
            (scratch.repository().clone(), object("base", base)?, object("head", head)?)
        }
    };
    let target = repository.resolve(&base).await.map_err(|error| format!("base: {error}"))?;
    let head = repository.resolve(&head).await.map_err(|error| format!("head: {error}"))?;
    let base = repository.merge_base(&target, &head).await.map_err(|error| format!("base: {error}"))?;
    Ok((repository, base, head))
}

/// What a name of a bundle stands for: a commit by its id, or a branch or tag with or without the beginning of its full name.
fn named(names: &[(String, String)], wanted: &str) -> Option<String> {
    if let Some(id) = CommitId::parse(wanted) {
        return Some(id.to_string());
    }
    let forms = [wanted.to_owned(), format!("refs/heads/{wanted}"), format!("refs/tags/{wanted}")];
    let mut found = forms.iter().filter_map(|form| names.iter().find(|(name, _)| name == form));
    found.next().map(|(_, object)| object.clone())
}

fn unknown_name(key: &str, wanted: &str, names: &[(String, String)]) -> String {
    let known: Vec<&str> = names.iter().take(20).map(|(name, _)| name.as_str()).collect();
    format!("{key}: the bundle has no {wanted:?}; it has {}", known.join(", "))
}

async fn diffs(repository: &Repository, base: &CommitId, head: &CommitId) -> Result<Vec<FileDiff>, String> {
    let patch = repository.diff(base, head).await.map_err(|error| error.to_string())?;
    let diffs = parse_patch(&patch).map_err(|error| format!("git wrote a patch that cannot be read: {error}"))?;
    if diffs.is_empty() { Err("base and head are the same: there is nothing to review".to_owned()) } else { Ok(diffs) }
}

/// Lines of the files that findings are expected in; files that are not there, or are no text, are left out.
async fn line_counts(repository: &Repository, head: &CommitId, file: &CaseFile) -> Result<Vec<(String, usize)>, GitError> {
    let places = file.expected.iter().flat_map(|expected| std::iter::once(&expected.place).chain(&expected.also_at));
    let mut paths: Vec<&str> = places.map(|place| place.file.as_str()).collect();
    paths.sort_unstable();
    paths.dedup();
    if paths.is_empty() {
        return Ok(Vec::new());
    }
    let blobs = repository.blobs(head, &paths, MAX_TEXT_BYTES).await?;
    let texts = blobs.into_iter().filter(|(_, content)| !content.contains(&0));
    Ok(texts.map(|(path, content)| (path, text_lines(&String::from_utf8_lossy(&content)).count())).collect())
}

/// The files of a folder as they lie there. Links are taken as links, and never followed.
fn version(folder: &Path) -> Result<Vec<NewFile>, Vec<CaseProblem>> {
    let is_folder = std::fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir());
    if !is_folder {
        let problem = "there is no such folder; without `repository` or `bundle` a case has the folders base and head";
        return Err(vec![CaseProblem::new(folder, problem)]);
    }
    let (mut files, mut problems, mut bytes) = (Vec::new(), Vec::new(), 0_u64);
    let mut waiting = vec![(folder.to_owned(), String::new())];
    while let Some((directory, prefix)) = waiting.pop() {
        let entries = std::fs::read_dir(&directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => {
                problems.push(CaseProblem::new(&directory, format!("it cannot be read: {error}")));
                continue;
            }
        };
        for entry in entries {
            let path = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                problems.push(CaseProblem::new(&path, "its name is no UTF-8"));
                continue;
            };
            if name.eq_ignore_ascii_case(".git") {
                problems.push(CaseProblem::new(&path, "this is a repository of its own; name it by `repository` in case.json"));
                continue;
            }
            let inside = format!("{prefix}{name}");
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push((path, format!("{inside}/")));
                continue;
            }
            match new_file(&path, inside) {
                Ok(file) => {
                    bytes = bytes.saturating_add(file.content.len() as u64);
                    files.push(file);
                }
                Err(problem) => problems.push(CaseProblem::new(&path, problem)),
            }
            if bytes > MAX_VERSION_BYTES || files.len() > MAX_VERSION_FILES {
                let problem =
                    format!("it holds more than {MAX_VERSION_FILES} files or {} MB; use a bundle", MAX_VERSION_BYTES >> 20);
                return Err(vec![CaseProblem::new(folder, problem)]);
            }
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

fn new_file(path: &Path, inside: String) -> Result<NewFile, String> {
    let metadata = std::fs::symlink_metadata(path).map_err(|error| format!("it cannot be read: {error}"))?;
    if metadata.is_symlink() {
        let target = std::fs::read_link(path).map_err(|error| format!("it cannot be read: {error}"))?;
        let content = target.to_str().ok_or("it leads to a name that is no UTF-8")?.as_bytes().to_vec();
        return Ok(NewFile { path: inside, content, kind: NewFileKind::Symlink });
    }
    if !metadata.is_file() {
        return Err("it is neither a file nor a folder".to_owned());
    }
    let kind = if is_executable(&metadata) { NewFileKind::Executable } else { NewFileKind::Regular };
    Ok(NewFile { path: inside, content: read_limited(path, MAX_VERSION_BYTES)?, kind })
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_metadata: &std::fs::Metadata) -> bool {
    false
}

fn read_limited(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| {
        if error.kind() == std::io::ErrorKind::NotFound {
            "there is no such file".to_owned()
        } else {
            format!("it cannot be read: {error}")
        }
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(most.saturating_add(1)).read_to_end(&mut content).map_err(unreadable)?;
    if content.len() as u64 > most { Err(format!("it has more than {most} bytes")) } else { Ok(content) }
}
