//! The real binary, as somebody runs it in a shell.

mod config;
mod doctor;
mod document;
mod eval;
mod learned;
mod operation;
mod replay;
mod review;

use std::{path::Path, process::Stdio};

use tokio::process::Command;

/// What a run left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    fn all(&self) -> String {
        format!("{}\n{}", self.stdout, self.stderr)
    }

    #[track_caller]
    fn assert_hides(&self, secrets: &[&str]) {
        for secret in secrets {
            assert!(!self.all().contains(secret), "a secret is shown:\n{}", self.all());
        }
    }
}

/// The binary with nothing in its environment but `variables` and the way to git.
fn agent(directory: &Path, variables: &[(&str, String)], arguments: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "the binary under test")]
    let mut command = Command::new(env!("CARGO_BIN_EXE_coderabbit-agent"));
    #[expect(clippy::disallowed_methods, reason = "the binary finds git there")]
    let path = std::env::var_os("PATH").unwrap();
    command.env_clear().env("PATH", path).env("HOME", "/nonexistent").current_dir(directory).args(arguments);
    command.envs(variables.iter().map(|(name, value)| (*name, value)));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

pub(crate) async fn run(directory: &Path, variables: &[(&str, String)], arguments: &[&str]) -> Ended {
    let output = agent(directory, variables, arguments).output();
    let output = tokio::time::timeout(crate::harness::PATIENCE, output).await.expect("the program ends by itself").unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
