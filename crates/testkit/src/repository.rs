//! Builds git repositories. The same calls make the same commit ids on every machine: names and dates are fixed, and the
//! configuration of whoever runs the tests is not read.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use anyhow::{Context as _, Result, bail};

#[cfg(test)]
mod tests;

/// The branch that new repositories start with.
pub const MAIN: &str = "main";

/// 2026-01-05T09:00:00Z; every commit is a minute after the one before.
const FIRST_COMMIT: u64 = 1_767_603_600;
const SECONDS_BETWEEN: u64 = 60;

/// A repository on disk, bare or with a work tree.
#[derive(Debug)]
pub struct Repository {
    git_dir: PathBuf,
    work_tree: Option<PathBuf>,
    commits: AtomicU32,
}

impl Repository {
    /// A repository with a work tree in `dir`, which is created when it is missing.
    pub fn init(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        Self::create(dir, dir.join(".git"), Some(dir.to_owned()))
    }

    /// A bare repository in `dir`, as servers keep them.
    pub fn init_bare(dir: impl AsRef<Path>) -> Result<Self> {
        let dir = dir.as_ref();
        Self::create(dir, dir.to_owned(), None)
    }

    fn create(dir: &Path, git_dir: PathBuf, work_tree: Option<PathBuf>) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
        let repository = Self { git_dir, work_tree, commits: AtomicU32::new(0) };
        let mut init = git_command();
        init.args(["init", "--quiet", "--template=", &format!("--initial-branch={MAIN}")]);
        if repository.work_tree.is_none() {
            init.arg("--bare");
        }
        run(init.arg(dir), b"")?;
        for (key, value) in [("gc.auto", "0"), ("commit.gpgSign", "false"), ("core.autocrlf", "false")] {
            repository.git(&["config", key, value])?;
        }
        Ok(repository)
    }

    /// Where the objects are: the directory itself when bare, else its `.git`.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// Commits `files` (path from the root, content) on [`MAIN`] on top of what is there, and returns the commit's id.
    pub fn commit<C: AsRef<[u8]>>(&self, files: &[(&str, C)], message: &str) -> Result<String> {
        self.change(MAIN).files(files).commit(message)
    }

    /// Starts a commit on `branch`: on its tip, or as a root commit when the branch does not exist yet.
    pub fn change(&self, branch: &str) -> Change<'_> {
        Change {
            repository: self,
            branch: branch.to_owned(),
            parent: Parent::Tip,
            merged: Vec::new(),
            steps: Vec::new(),
            author: None,
        }
    }

    /// Points `branch` at `commit`, whatever it pointed at.
    pub fn set_branch(&self, branch: &str, commit: &str) -> Result<()> {
        self.git(&["update-ref", &format!("refs/heads/{branch}"), commit]).map(drop)
    }

    /// Deletes `branch`.
    pub fn delete_branch(&self, branch: &str) -> Result<()> {
        self.git(&["update-ref", "-d", &format!("refs/heads/{branch}")]).map(drop)
    }

    /// The commit at the tip of `branch`; None when there is no such branch.
    pub fn head(&self, branch: &str) -> Option<String> {
        self.resolve_ref(&format!("refs/heads/{branch}"))
    }

    /// The object that a full ref name stands for. Reads the files of the repository, without a process.
    pub fn resolve_ref(&self, name: &str) -> Option<String> {
        let is_id = |text: &str| matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if name.split('/').any(|part| part.is_empty() || part == "..") {
            return None;
        }
        if let Ok(loose) = std::fs::read_to_string(self.git_dir.join(name)) {
            let id = loose.trim();
            return is_id(id).then(|| id.to_owned());
        }
        let packed = std::fs::read_to_string(self.git_dir.join("packed-refs")).ok()?;
        let line = packed.lines().find(|line| line.split_once(' ').is_some_and(|(id, packed)| is_id(id) && packed == name))?;
        line.split_once(' ').map(|(id, _)| id.to_owned())
    }

    /// Runs git in this repository and returns what it prints.
    pub fn git(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        self.git_with_input(arguments, b"")
    }

    /// Runs git in this repository with `input` on its standard input.
    pub fn git_with_input(&self, arguments: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let mut command = git_command();
        command.arg("--git-dir").arg(&self.git_dir);
        if let Some(work_tree) = &self.work_tree {
            command.arg("--work-tree").arg(work_tree).current_dir(work_tree);
        }
        run(command.args(arguments), input)
    }

    /// Makes `branch` the current one and its files those of the work tree.
    pub fn checkout(&self, branch: &str) -> Result<()> {
        self.git(&["symbolic-ref", "HEAD", &format!("refs/heads/{branch}")])?;
        self.refresh_work_tree()
    }

    fn refresh_work_tree(&self) -> Result<()> {
        if self.work_tree.is_some() {
            self.git(&["reset", "--quiet", "--hard"])?;
        }
        Ok(())
    }

    fn current_branch(&self) -> Option<String> {
        let head = std::fs::read_to_string(self.git_dir.join("HEAD")).ok()?;
        head.trim().strip_prefix("ref: refs/heads/").map(str::to_owned)
    }
}

/// A commit in the making.
#[derive(Debug)]
#[must_use = "nothing is written before `commit`"]
pub struct Change<'a> {
    repository: &'a Repository,
    branch: String,
    parent: Parent,
    merged: Vec<String>,
    steps: Vec<Step>,
    author: Option<(String, String)>,
}

#[derive(Debug)]
enum Parent {
    Tip,
    Commit(String),
    Nothing,
}

#[derive(Debug)]
enum Step {
    Write { mode: &'static str, path: Vec<u8>, content: Vec<u8> },
    Link { path: String, commit: String },
    Delete(String),
    Rename { from: String, to: String },
    DeleteAll,
}

impl Change<'_> {
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write("100644", path.as_bytes(), content.as_ref())
    }

    pub fn files<C: AsRef<[u8]>>(self, files: &[(&str, C)]) -> Self {
        files.iter().fold(self, |change, (path, content)| change.file(path, content))
    }

    /// A file whose path is not UTF-8.
    pub fn raw_path(self, path: &[u8], content: impl AsRef<[u8]>) -> Self {
        self.write("100644", path, content.as_ref())
    }

    pub fn executable(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write("100755", path.as_bytes(), content.as_ref())
    }

    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.write("120000", path.as_bytes(), target.as_bytes())
    }

    /// `commit` need not exist anywhere.
    pub fn submodule(mut self, path: &str, commit: &str) -> Self {
        self.steps.push(Step::Link { path: path.to_owned(), commit: commit.to_owned() });
        self
    }

    pub fn delete(mut self, path: &str) -> Self {
        self.steps.push(Step::Delete(path.to_owned()));
        self
    }

    pub fn rename(mut self, from: &str, to: &str) -> Self {
        self.steps.push(Step::Rename { from: from.to_owned(), to: to.to_owned() });
        self
    }

    /// Empties the tree first.
    pub fn delete_all(mut self) -> Self {
        self.steps.push(Step::DeleteAll);
        self
    }

    /// Builds on `commit` instead of the tip of the branch: what a force push does.
    pub fn onto(mut self, commit: &str) -> Self {
        self.parent = Parent::Commit(commit.to_owned());
        self
    }

    /// Has no parent.
    pub fn orphan(mut self) -> Self {
        self.parent = Parent::Nothing;
        self
    }

    /// Adds a second parent.
    pub fn merging(mut self, commit: &str) -> Self {
        self.merged.push(commit.to_owned());
        self
    }

    pub fn author(mut self, name: &str, email: &str) -> Self {
        self.author = Some((name.to_owned(), email.to_owned()));
        self
    }

    /// Writes the commit, moves the branch to it (also when that is no fast-forward) and returns its id.
    pub fn commit(self, message: &str) -> Result<String> {
        let reference = format!("refs/heads/{}", self.branch);
        let input = self.stream(&reference, message)?;
        self.repository
            .git_with_input(&["fast-import", "--quiet", "--force", "--date-format=raw"], &input)
            .with_context(|| format!("committing {message:?} on {}", self.branch))?;
        if self.repository.current_branch().as_deref() == Some(self.branch.as_str()) {
            self.repository.refresh_work_tree()?;
        }
        self.repository.resolve_ref(&reference).with_context(|| format!("{reference} is missing after the commit {message:?}"))
    }

    fn write(mut self, mode: &'static str, path: &[u8], content: &[u8]) -> Self {
        self.steps.push(Step::Write { mode, path: path.to_owned(), content: content.to_owned() });
        self
    }

    /// In the format of `git fast-import`.
    fn stream(&self, reference: &str, message: &str) -> Result<Vec<u8>> {
        let count = u64::from(self.repository.commits.fetch_add(1, Ordering::Relaxed));
        let when = FIRST_COMMIT + count * SECONDS_BETWEEN;
        let (name, email) =
            self.author.as_ref().map_or(("Dana Developer", "dana@contoso.example"), |(name, email)| (name, email));
        let parent = match &self.parent {
            Parent::Tip => self.repository.resolve_ref(reference),
            Parent::Commit(commit) => Some(commit.clone()),
            Parent::Nothing => None,
        };
        let mut out = Vec::new();
        if parent.is_none() {
            writeln!(out, "reset {reference}")?;
        }
        writeln!(out, "commit {reference}")?;
        writeln!(out, "author {name} <{email}> {when} +0000")?;
        writeln!(out, "committer {name} <{email}> {when} +0000")?;
        writeln!(out, "data {}\n{message}", message.len())?;
        if let Some(parent) = parent {
            writeln!(out, "from {parent}")?;
        }
        for merged in &self.merged {
            writeln!(out, "merge {merged}")?;
        }
        for step in &self.steps {
            match step {
                Step::Write { mode, path, content } => {
                    write!(out, "M {mode} inline ")?;
                    out.extend(quoted(path));
                    writeln!(out, "\ndata {}", content.len())?;
                    out.extend_from_slice(content);
                    out.push(b'\n');
                }
                Step::Link { path, commit } => {
                    write!(out, "M 160000 {commit} ")?;
                    out.extend(quoted(path.as_bytes()));
                    out.push(b'\n');
                }
                Step::Delete(path) => {
                    out.extend(b"D ");
                    out.extend(quoted(path.as_bytes()));
                    out.push(b'\n');
                }
                Step::Rename { from, to } => {
                    out.extend(b"R ");
                    out.extend(quoted(from.as_bytes()));
                    out.push(b' ');
                    out.extend(quoted(to.as_bytes()));
                    out.push(b'\n');
                }
                Step::DeleteAll => out.extend(b"deleteall\n"),
            }
        }
        out.push(b'\n');
        Ok(out)
    }
}

/// A git process that reads no configuration but the repository's own, and asks nobody anything.
pub(crate) fn git_command() -> Command {
    #[expect(clippy::disallowed_methods, reason = "the one place of this crate that starts git; its environment is cleared here")]
    let mut command = Command::new(git_file());
    #[expect(clippy::disallowed_methods, reason = "the child finds git's own programs by PATH")]
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent").env("LC_ALL", "C");
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_TERMINAL_PROMPT", "0");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Azure DevOps").env(format!("GIT_{role}_EMAIL"), "service@contoso.example");
        command.env(format!("GIT_{role}_DATE"), format!("{FIRST_COMMIT} +0000"));
    }
    command
}

/// Git's file: called by its name, it would be started by a fork, which copies the page tables of the whole test.
fn git_file() -> &'static Path {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "git is found by PATH")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut files = std::env::split_paths(&path).map(|folder| folder.join("git"));
        files.find(|file| file.is_absolute() && file.is_file()).unwrap_or_else(|| PathBuf::from("git"))
    })
}

fn run(command: &mut Command, input: &[u8]) -> Result<Vec<u8>> {
    let shown = || {
        command.get_args().fold(String::from("git"), |mut line, argument| {
            write!(line, " {}", argument.to_string_lossy()).ok();
            line
        })
    };
    let shown = shown();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("starting {shown}"))?;
    let stdin = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // A process that ends before it has read everything is told by its status.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
        child.wait_with_output()
    });
    let output = output.with_context(|| format!("waiting for {shown}"))?;
    if !output.status.success() {
        bail!("{shown} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// As C writes strings, which is how fast-import takes any path.
fn quoted(path: &[u8]) -> Vec<u8> {
    let mut out = vec![b'"'];
    for &byte in path {
        match byte {
            b'"' | b'\\' => out.extend([b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
    out
}
