//! Programs that read what strangers wrote: no network, no secrets, no way to our files, an end.
//!
//! Three processes. The agent starts this binary again as a *supervisor* (`sandbox-exec`), with nothing in its environment; that
//! starts it once more, *confined* (`confine`), and what is confined becomes the program. The supervisor outlives the program and
//! ends whatever that left behind, also when the agent itself is gone (`supervise`).
//!
//! Nothing is believed of the machine: before the first program runs, one of ours tries from inside what an attacker would try
//! (`canary`), and where anything of it succeeds no program is run.

#[cfg(target_os = "linux")]
mod calls;
mod canary;
mod confine;
mod supervise;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::{ExitCode, Stdio},
    time::Duration,
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
};

pub use canary::CanaryArguments;

/// The name of the subcommand, which only this module calls.
const SUBCOMMAND: &str = "sandbox-exec";
/// What the supervisor may take to end everything, after its own deadline.
const GRACE: Duration = Duration::from_secs(10);
/// Of what the supervisor says.
const MAX_REPORT_BYTES: u64 = 64 << 10;

/// Starts programs in a sandbox. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Sandbox {
    /// This binary.
    launcher: PathBuf,
}

/// A program and all that it may touch.
#[derive(Debug, Clone)]
pub struct Program {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// Its working directory.
    pub directory: PathBuf,
    /// The file that it reads as its standard input.
    pub input: Option<PathBuf>,
    /// What it writes to stderr is its output, and what it writes to stdout is lost.
    pub takes_stderr: bool,
    /// Folders and files that it may read.
    pub readable: Vec<PathBuf>,
    /// Folders and files that it may read and run, beside those of the system.
    pub runnable: Vec<PathBuf>,
    /// The one folder in which it may write: its home, and its place for temporary files.
    pub scratch: PathBuf,
    /// Folders in which it looks for programs, before those of the system.
    pub path: Vec<PathBuf>,
    pub limits: Limits,
}

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub wall: Duration,
    /// Of data, in megabytes.
    pub memory_mb: u64,
    /// Of output, in bytes.
    pub output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wall: Duration::from_mins(1), memory_mb: 2048, output: 10 << 20 }
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub how: How,
    /// What it wrote; cut where it was too much.
    pub output: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    Exited(i32),
    /// By a signal, which is also how limits on memory and computing time end.
    Killed(i32),
    TimedOut,
    TooMuchOutput,
}

/// Why a program could not be run, or not be kept in.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("{program} cannot be started: {source}")]
    Start { program: PathBuf, source: std::io::Error },
    #[error("{program} cannot be confined: {problem}")]
    Confine { program: PathBuf, problem: String },
    #[error("the sandbox lets through what it should hold: {0}")]
    Leaks(String),
    #[error("a folder for the test of the sandbox cannot be made: {0}")]
    Folder(std::io::Error),
}

/// The supervisor's arguments, which are the whole of what it and the confined process know.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Second stage: confine this process, then become the program.
    #[arg(long)]
    confined: bool,
    #[arg(long)]
    wall_ms: u64,
    #[arg(long)]
    memory_mb: u64,
    #[arg(long)]
    directory: PathBuf,
    #[arg(long)]
    scratch: PathBuf,
    #[arg(long)]
    input: Option<PathBuf>,
    #[arg(long)]
    stderr: bool,
    #[arg(long = "read")]
    readable: Vec<PathBuf>,
    #[arg(long = "run")]
    runnable: Vec<PathBuf>,
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// What the supervisor tells on its stderr, where nobody else writes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Report {
    Ended(How),
    Failed(String),
}

/// A process of this binary, without anything of our environment.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    if arguments.confined { confine::become_program(arguments) } else { supervise::supervise(arguments) }
}

/// The process that tries what an attacker would try.
pub(crate) fn run_canary(arguments: &CanaryArguments) -> ExitCode {
    canary::run(arguments)
}

impl Sandbox {
    /// `launcher`: this binary.
    pub fn new(launcher: PathBuf) -> Self {
        Self { launcher }
    }

    /// Tries from inside what an attacker would try, and holds only if nothing of it succeeds.
    ///
    /// `place`: a folder on the file system on which programs get theirs.
    pub async fn probe(&self, place: &Path) -> Result<(), SandboxError> {
        canary::probe(self, place).await
    }

    /// Runs the program to its end, or to that of its limits. Dropping the future ends the program, too.
    pub async fn run(&self, program: &Program) -> Result<Ended, SandboxError> {
        let start = |source| SandboxError::Start { program: program.program.clone(), source };
        let mut child = self.command(program).spawn().map_err(start)?;
        // The supervisor ends everything when this is closed, by us or by our death.
        let control = child.stdin.take();
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(start(std::io::Error::other("it has no pipes")));
        };
        let limit = program.limits.output;
        let mut output = Vec::new();
        let mut reading = stdout.take(limit.saturating_add(1));
        let whole = program.limits.wall.saturating_add(GRACE);
        let read = tokio::time::timeout(whole, reading.read_to_end(&mut output)).await;
        let is_flood = output.len() as u64 > limit;
        // Whoever is still there is not waited for.
        drop((control, reading));
        let report = report(&mut child, stderr).await;
        if report.is_none() {
            // It should have come to its end by then.
            child.start_kill().ok();
        }
        output.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        let how = match (is_flood, read, report) {
            (true, ..) => How::TooMuchOutput,
            (_, Err(_), _) => How::TimedOut,
            (_, Ok(Err(error)), _) => return Err(start(error)),
            (.., Some(Report::Ended(how))) => how,
            (.., Some(Report::Failed(problem))) => {
                return Err(SandboxError::Confine { program: program.program.clone(), problem });
            }
            (.., None) => return Err(start(std::io::Error::other("its supervisor was ended"))),
        };
        Ok(Ended { how, output })
    }

    fn command(&self, program: &Program) -> Command {
        #[expect(clippy::disallowed_methods, reason = "the child's environment is cleared, and its supervisor has a deadline")]
        let mut command = Command::new(&self.launcher);
        command.arg(SUBCOMMAND);
        command.arg("--wall-ms").arg(program.limits.wall.as_millis().to_string());
        command.arg("--memory-mb").arg(program.limits.memory_mb.to_string());
        command.arg("--directory").arg(&program.directory).arg("--scratch").arg(&program.scratch);
        if let Some(input) = &program.input {
            command.arg("--input").arg(input);
        }
        if program.takes_stderr {
            command.arg("--stderr");
        }
        for path in &program.readable {
            command.arg("--read").arg(path);
        }
        for path in &program.runnable {
            command.arg("--run").arg(path);
        }
        command.arg("--").arg(&program.program).args(&program.arguments);
        command.env_clear().envs(environment(program)).current_dir("/");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

async fn report(child: &mut Child, stderr: tokio::process::ChildStderr) -> Option<Report> {
    let mut text = String::new();
    let read = async {
        stderr.take(MAX_REPORT_BYTES).read_to_string(&mut text).await?;
        child.wait().await
    };
    tokio::time::timeout(GRACE, read).await.ok()?.ok()?;
    text.lines().rev().find_map(|line| serde_json::from_str(line).ok())
}

/// All that the program learns of where it is.
fn environment(program: &Program) -> Vec<(&'static str, OsString)> {
    let system = ["/usr/local/bin", "/usr/bin", "/bin"].map(Path::new);
    let folders = program.path.iter().map(PathBuf::as_path).chain(system);
    let path = std::env::join_paths(folders.filter(|folder| !folder.to_string_lossy().contains(':'))).unwrap_or_default();
    let scratch = program.scratch.as_os_str().to_owned();
    vec![
        ("PATH", path),
        ("HOME", scratch.clone()),
        ("TMPDIR", scratch),
        ("LANG", "C.UTF-8".into()),
        ("LC_ALL", "C.UTF-8".into()),
        ("NO_COLOR", "1".into()),
        // Nothing beside a script is taken for a module of Python.
        ("PYTHONSAFEPATH", "1".into()),
        ("PYTHONDONTWRITEBYTECODE", "1".into()),
        ("PYTHONNOUSERSITE", "1".into()),
    ]
}

#[cfg(test)]
mod tests;
