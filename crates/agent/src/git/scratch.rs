//! A repository of our own that is thrown away: commits made of files that lie in no repository, and the commits of bundles.

use std::path::Path;

use review_core::pull_request::CommitId;
use tempfile::TempDir;

use super::{
    Deadlines, GitError, Repository,
    command::{GitCommand, Surroundings},
};

/// Commits get names and times that are always the same, so that the same files have the same id.
const COMMITTER: &str = "coderabbit-agent <agent@localhost> 1767603600 +0000";

/// A bare repository in a temporary folder, which is removed with it.
#[derive(Debug)]
pub struct Scratch {
    place: TempDir,
    repository: Repository,
}

/// A file of a commit that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewFile {
    /// From the root, with `/`.
    pub path: String,
    pub content: Vec<u8>,
    pub kind: NewFileKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewFileKind {
    Regular,
    Executable,
    /// The content is where it leads.
    Symlink,
}

impl Scratch {
    pub async fn new() -> Result<Self, GitError> {
        let io = |source| GitError::Io { path: std::env::temp_dir(), source };
        let place = tempfile::Builder::new().prefix("coderabbit-agent-").tempdir().map_err(io)?;
        let surroundings = Surroundings::default();
        let command = GitCommand::new("init", &surroundings, Deadlines::default().local);
        command.args(["init", "--quiet", "--bare", "--template="]).arg(place.path()).run().await?;
        let repository = Repository::local(place.path()).await?;
        Ok(Self { place, repository })
    }

    #[cfg(test)]
    pub(super) fn directory(&self) -> &Path {
        self.place.path()
    }

    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// Makes a commit of exactly these files. `name` tells commits of this repository apart: letters, digits and `-`.
    pub async fn commit(&self, name: &str, files: &[NewFile], parent: Option<&CommitId>) -> Result<CommitId, GitError> {
        let reference = format!("refs/scratch/{name}");
        let surroundings = Surroundings::default();
        let command = GitCommand::new("make a commit", &surroundings, Deadlines::default().local).in_directory(self.place.path());
        let command = command.args(["fast-import", "--quiet", "--force", "--date-format=raw"]);
        command.input(stream(&reference, files, parent)).run().await?;
        self.repository.resolve(&reference).await
    }

    /// Takes over all commits of a bundle: the names that it gives, each with what it stands for.
    pub async fn unbundle(&self, bundle: &Path) -> Result<Vec<(String, String)>, GitError> {
        let absolute = bundle.canonicalize().map_err(|source| GitError::Io { path: bundle.to_owned(), source })?;
        let surroundings = Surroundings::default();
        let command = GitCommand::new("bundle unbundle", &surroundings, Deadlines::default().network);
        let output = command.in_directory(self.place.path()).args(["bundle", "unbundle"]).arg(absolute).run().await?;
        let text = String::from_utf8_lossy(&output).into_owned();
        let names = text.lines().filter_map(|line| line.split_once(' '));
        Ok(names.map(|(object, name)| (name.to_owned(), object.to_owned())).collect())
    }
}

/// In the format of `git fast-import`.
fn stream(reference: &str, files: &[NewFile], parent: Option<&CommitId>) -> Vec<u8> {
    let mut stream = format!("commit {reference}\ncommitter {COMMITTER}\ndata 0\n").into_bytes();
    if let Some(parent) = parent {
        stream.extend_from_slice(format!("from {parent}\ndeleteall\n").as_bytes());
    }
    for NewFile { path, content, kind } in files {
        let mode = match kind {
            NewFileKind::Regular => "100644",
            NewFileKind::Executable => "100755",
            NewFileKind::Symlink => "120000",
        };
        stream.extend_from_slice(format!("M {mode} inline {}\ndata {}\n", quoted(path), content.len()).as_bytes());
        stream.extend_from_slice(content);
        stream.push(b'\n');
    }
    stream
}

/// As C writes strings, which is how `fast-import` takes any path.
fn quoted(path: &str) -> String {
    let escaped = path.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
