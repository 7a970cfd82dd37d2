//! What git knows about a repository, asked by its command line.

use anyhow::{Context as _, Result};

use crate::repository::Repository;

/// One line of `git diff-tree --raw`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RawChange {
    /// `A`, `D`, `M`, `R` or `T`.
    pub(crate) kind: char,
    pub(crate) old_mode: String,
    pub(crate) new_mode: String,
    pub(crate) old_id: String,
    pub(crate) new_id: String,
    /// Without a leading slash; the new path of a rename.
    pub(crate) path: String,
    pub(crate) original_path: Option<String>,
}

/// A commit's own fields.
#[derive(Debug, Clone)]
pub(crate) struct CommitFields {
    pub(crate) id: String,
    pub(crate) tree: String,
    pub(crate) parents: Vec<String>,
    pub(crate) author: Signature,
    pub(crate) committer: Signature,
    pub(crate) message: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) name: String,
    pub(crate) email: String,
    /// As the service writes times.
    pub(crate) date: String,
}

/// An entry of a tree.
#[derive(Debug, Clone)]
pub(crate) struct TreeEntry {
    pub(crate) mode: String,
    /// `blob`, `tree` or `commit`.
    pub(crate) kind: String,
    pub(crate) id: String,
    pub(crate) path: String,
}

pub(crate) fn merge_base(repository: &Repository, one: &str, other: &str) -> Option<String> {
    let output = repository.git(&["merge-base", one, other]).ok()?;
    String::from_utf8_lossy(&output).lines().next().map(str::to_owned)
}

pub(crate) fn is_ancestor(repository: &Repository, ancestor: &str, of: &str) -> bool {
    repository.git(&["merge-base", "--is-ancestor", ancestor, of]).is_ok()
}

/// The files that differ between two trees, renames found as the service finds them.
pub(crate) fn diff(repository: &Repository, from: &str, to: &str) -> Result<Vec<RawChange>> {
    let output = repository.git(&["diff-tree", "-r", "-M", "-z", "--raw", "--no-abbrev", "--no-commit-id", from, to])?;
    let text = String::from_utf8_lossy(&output).into_owned();
    let mut fields = text.split('\0');
    let mut changes = Vec::new();
    while let Some(head) = fields.next().and_then(|field| field.strip_prefix(':')) {
        let mut words = head.split(' ').map(str::to_owned);
        let mut word = || words.next().context("git diff-tree gave a short line");
        let (old_mode, new_mode, old_id, new_id, kind) = (word()?, word()?, word()?, word()?, word()?);
        let kind = kind.chars().next().unwrap_or('M');
        let path = fields.next().context("git diff-tree gave no path")?.to_owned();
        let (path, original_path) = match kind {
            'R' | 'C' => (fields.next().context("git diff-tree gave no new path")?.to_owned(), Some(path)),
            _ => (path, None),
        };
        changes.push(RawChange { kind, old_mode, new_mode, old_id, new_id, path, original_path });
    }
    Ok(changes)
}

/// The patch of one file, without context limits being guessed: `context` lines around each change.
pub(crate) fn patch(repository: &Repository, from: &str, to: &str, paths: &[&str], context: u32) -> Result<String> {
    let context = format!("-U{context}");
    let mut arguments = vec!["--literal-pathspecs", "diff", "--no-ext-diff", "--no-textconv", "-M", &context, from, to, "--"];
    arguments.extend(paths);
    Ok(String::from_utf8_lossy(&repository.git(&arguments)?).into_owned())
}

pub(crate) fn object(repository: &Repository, id: &str) -> Option<Vec<u8>> {
    repository.git(&["cat-file", "blob", id]).ok()
}

/// What stands at `path` (no leading slash; empty is the root) in `commit`.
pub(crate) fn entry(repository: &Repository, commit: &str, path: &str) -> Option<TreeEntry> {
    if path.is_empty() {
        let tree = commit_fields(repository, commit)?.tree;
        return Some(TreeEntry { mode: "040000".into(), kind: "tree".into(), id: tree, path: String::new() });
    }
    list(repository, &["ls-tree", "-z", "--full-tree", commit, "--", path]).into_iter().find(|entry| entry.path == path)
}

/// The entries below `path`, one level or all.
pub(crate) fn entries_below(repository: &Repository, commit: &str, path: &str, recursive: bool) -> Vec<TreeEntry> {
    let tree = if path.is_empty() { commit.to_owned() } else { format!("{commit}:{path}") };
    let mut arguments = vec!["ls-tree", "-z", "--full-tree"];
    if recursive {
        arguments.extend(["-r", "-t"]);
    }
    arguments.push(&tree);
    let mut entries = list(repository, &arguments);
    if !path.is_empty() {
        for entry in &mut entries {
            entry.path = format!("{path}/{}", entry.path);
        }
    }
    entries
}

fn list(repository: &Repository, arguments: &[&str]) -> Vec<TreeEntry> {
    let output = repository.git(arguments).unwrap_or_default();
    let text = String::from_utf8_lossy(&output).into_owned();
    let entry = |line: &str| {
        let (head, path) = line.split_once('\t')?;
        let mut words = head.split(' ').map(str::to_owned);
        Some(TreeEntry { mode: words.next()?, kind: words.next()?, id: words.next()?, path: path.to_owned() })
    };
    text.split('\0').filter_map(entry).collect()
}

/// The file at `path` in `commit`.
pub(crate) fn file(repository: &Repository, commit: &str, path: &str) -> Option<Vec<u8>> {
    let entry = entry(repository, commit, path)?;
    (entry.kind == "blob").then(|| object(repository, &entry.id)).flatten()
}

/// None when `commit` is no commit of the repository.
pub(crate) fn commit_fields(repository: &Repository, commit: &str) -> Option<CommitFields> {
    if commit.starts_with('-') {
        return None;
    }
    let id = repository.git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{commit}^{{commit}}")]).ok()?;
    let id = String::from_utf8_lossy(&id).trim().to_owned();
    let output = repository.git(&["cat-file", "commit", &id]).ok()?;
    let text = String::from_utf8_lossy(&output).into_owned();
    let (head, message) = text.split_once("\n\n").unwrap_or((&text, ""));
    let of = |key: &str| {
        head.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(' ')).map(str::to_owned).collect::<Vec<_>>()
    };
    Some(CommitFields {
        id,
        tree: of("tree").into_iter().next()?,
        parents: of("parent"),
        author: signature(of("author").first()?)?,
        committer: signature(of("committer").first()?)?,
        message: message.trim_end().to_owned(),
    })
}

/// Commits of `to` that `from` has not, newest first.
pub(crate) fn log(repository: &Repository, from: &str, to: &str) -> Vec<String> {
    let output = repository.git(&["rev-list", "--max-count=2000", to, &format!("^{from}")]).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().map(str::to_owned).collect()
}

/// The commit that merges `source` into `target`; None when they conflict.
pub(crate) fn merge(repository: &Repository, target: &str, source: &str, message: &str) -> Option<String> {
    let tree = repository.git(&["merge-tree", "--write-tree", "--no-messages", target, source]).ok()?;
    let tree = String::from_utf8_lossy(&tree).trim().to_owned();
    let commit = repository.git(&["commit-tree", &tree, "-p", target, "-p", source, "-m", message]).ok()?;
    Some(String::from_utf8_lossy(&commit).trim().to_owned())
}

/// Points `reference` at a commit of `source`, which is the repository itself or a fork: what it lacks is copied.
pub(crate) fn adopt(repository: &Repository, source: &Repository, commit: &str, reference: &str) -> Result<()> {
    if repository.git_dir() != source.git_dir() {
        let from = source.git_dir().to_str().context("the path of a repository is no text")?;
        repository.git(&["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", from, commit])?;
    }
    repository.git(&["update-ref", reference, commit]).map(drop)
}

/// Reads `Name <email> seconds +0000`.
fn signature(text: &str) -> Option<Signature> {
    let (name, rest) = text.split_once(" <").or_else(|| text.split_once('<'))?;
    let (email, rest) = rest.split_once('>')?;
    let seconds = rest.split_whitespace().next()?.parse().ok()?;
    let date = jiff::Timestamp::from_second(seconds).ok()?;
    Some(Signature { name: name.to_owned(), email: email.to_owned(), date: date.to_string() })
}
