//! Repositories made by real git, under no user's configuration.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use review_core::pull_request::CommitId;

/// A repository with a work tree.
pub(crate) struct Fixture {
    pub(crate) path: PathBuf,
}

impl Fixture {
    pub(crate) fn new(path: &Path) -> Self {
        std::fs::create_dir_all(path).unwrap();
        let fixture = Self { path: path.to_owned() };
        fixture.git(&["init", "--quiet", "--initial-branch=main"]);
        for (key, value) in [("uploadpack.allowFilter", "true"), ("uploadpack.allowAnySHA1InWant", "true")] {
            fixture.git(&["config", key, value]);
        }
        fixture
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.head()
    }

    pub(crate) fn head(&self) -> CommitId {
        CommitId::parse(self.git(&["rev-parse", "HEAD"]).trim()).unwrap()
    }

    /// Runs git in the repository and gives its stdout.
    #[track_caller]
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        git(&self.path, arguments)
    }

    /// Stores bytes as a blob and gives its id.
    pub(crate) fn blob(&self, content: &str) -> String {
        self.write(".git/incoming", content);
        self.git(&["hash-object", "-w", ".git/incoming"]).trim().to_owned()
    }
}

#[track_caller]
#[expect(clippy::disallowed_methods, reason = "the tests make their repositories with git itself")]
pub(crate) fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .envs([("HOME", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null")])
        .envs([("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@contoso.example")])
        .envs([("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@contoso.example")])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}
