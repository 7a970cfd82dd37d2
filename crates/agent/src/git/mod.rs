//! The git command line: bare mirrors, diffs, blobs. Nothing of a repository is ever executed or checked out.
//!
//! `command` builds and runs every process: a cleared environment, settings that switch off whatever a repository could
//! make git run, a deadline, a cap on the output. `mirrors` keeps the bare copies of remote repositories, `repository`
//! reads from one of them or from the user's own; `scratch` makes one that is thrown away.

mod command;
mod failure;
mod history;
mod locks;
mod mirrors;
mod repository;
mod scratch;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
    time::Duration,
};

use review_core::pull_request::CommitId;

pub use self::{
    mirrors::{Mirrors, Source},
    repository::{Repository, Search, TreeFile},
    scratch::{NewFile, NewFileKind, Scratch},
};

/// The oldest git that the commands of this module work with.
pub const OLDEST_GIT: (u32, u32) = (2, 38);

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// git ran and failed: what was tried, its exit status, the end of its stderr without secrets.
    #[error("git {action} failed ({status}): {stderr}")]
    Failed { action: String, status: String, stderr: String },
    #[error("git {action} did not end within {seconds} s")]
    TimedOut { action: String, seconds: u64 },
    /// More output than the caller can use, for example the patch of a pull request that adds a database dump.
    #[error("git {action} gave more than {limit_bytes} bytes")]
    TooLarge { action: String, limit_bytes: u64 },
    /// The server does not have the commit (force-pushed away), or refuses to give it.
    #[error("commit {commit} cannot be fetched from {url}: {stderr}")]
    CommitMissing { commit: CommitId, url: String, stderr: String },
    /// The credentials were refused.
    #[error("{url} refused the token: {stderr}")]
    Unauthorized { url: String, stderr: String },
    /// The URL of a remote is none that we fetch from.
    #[error("{url} cannot be fetched: {problem}")]
    UnusableUrl { url: String, problem: String },
    #[error("{0} is no git repository")]
    NotARepository(PathBuf),
    #[error("git cannot be started: {0}; install git 2.38 or newer")]
    NotInstalled(std::io::Error),
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: std::io::Error },
}

/// How long one git process may take. The process and everything it started are killed after that.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// Commands that may talk to the server.
    pub network: Duration,
    /// Commands that only read what is here.
    pub local: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { network: Duration::from_mins(10), local: Duration::from_mins(1) }
    }
}

/// A hit of [`Repository::grep`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrepHit {
    pub path: String,
    /// Counted from 1.
    pub line: u32,
    /// The line, cut after 500 characters.
    pub text: String,
}

/// What became of files between two commits, by their old paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Departures {
    /// The new path.
    pub renamed: HashMap<String, String>,
    pub deleted: BTreeSet<String>,
}

/// What `git version` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitVersion {
    pub major: u32,
    pub minor: u32,
    /// The whole answer, for people.
    pub text: String,
}

impl GitVersion {
    /// Reads `git version 2.47.3` and its vendors' variants (`git version 2.39.5 (Apple Git-154)`).
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut numbers = text.strip_prefix("git version ")?.split(|character: char| !character.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        let minor = numbers.next()?.parse().ok()?;
        Some(Self { major, minor, text: text.to_owned() })
    }

    pub fn is_supported(&self) -> bool {
        (self.major, self.minor) >= OLDEST_GIT
    }
}

/// The version of the git that this process finds, supported or not.
pub async fn git_version() -> Result<GitVersion, GitError> {
    let surroundings = command::Surroundings::default();
    let output = command::GitCommand::new("version", &surroundings, Deadlines::default().local).arg("version").run().await?;
    let text = String::from_utf8_lossy(&output);
    GitVersion::parse(&text).ok_or_else(|| GitError::Failed {
        action: "version".to_owned(),
        status: "exit status: 0".to_owned(),
        stderr: format!("an answer without a version: {}", text.trim().chars().take(100).collect::<String>()),
    })
}
