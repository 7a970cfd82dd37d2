//! How every git process is started, fed, bounded and ended.

use std::{
    ffi::{OsStr, OsString},
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

use secrecy::{ExposeSecret, SecretString};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
};
use url::Url;

use super::{
    GitError,
    failure::{self, Redactor},
};

/// What a command may print when its caller sets no limit.
const OUTPUT_LIMIT: u64 = 64 << 20;
/// How much of the end of stderr is kept; more than is shown, so that a cut never leaves half a secret.
const STDERR_TAIL: usize = 16 << 10;

/// Settings of every process. They stand in the environment, where they beat the files of the system, of the user and of the
/// repository, and where processes that git itself starts (the fetch of missing blobs) get them too.
const SETTINGS: &[(&str, &str)] = &[
    // Nothing that a repository or its configuration names is run.
    ("core.hooksPath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.symlinks", "false"),
    ("core.attributesFile", "/dev/null"),
    ("core.excludesFile", "/dev/null"),
    ("core.pager", "cat"),
    ("credential.helper", ""),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    // Attributes of a commit could hide files from the diff (`*.cs -diff`): read them from the empty tree.
    ("attr.tree", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    // Containers mount volumes under other owners. The check protects from programs in the configuration, which are off.
    ("safe.directory", "*"),
    // No process stays behind.
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("fetch.writeCommitGraph", "false"),
    // Thousands of loose objects are slower than one pack.
    ("fetch.unpackLimit", "1"),
    // A redirect would take the token to another host. Azure DevOps redirects to its sign-in page when the token is bad.
    ("http.followRedirects", "false"),
    // A server that sends less than 1,000 bytes a second for a minute is gone.
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "60"),
    // Output in one form whatever the user likes.
    ("core.quotePath", "true"),
    ("core.logAllRefUpdates", "false"),
    ("diff.suppressBlankEmpty", "false"),
    ("advice.graftFileDeprecated", "false"),
];

/// Where commands of one repository run: the environment given by settings, and the server they may talk to.
#[derive(Debug, Clone, Default)]
pub(super) struct Surroundings {
    /// Proxies and certificates.
    pub(super) variables: Arc<Vec<(String, SecretString)>>,
    /// None: no command may use the network.
    pub(super) remote: Option<Remote>,
}

/// A server with the credential that is bound to it.
#[derive(Debug, Clone)]
pub(super) struct Remote {
    /// Without user and password.
    pub(super) url: Url,
    /// Value of the `Authorization` header.
    pub(super) authorization: Option<SecretString>,
    /// A fork on the same server, which is asked for what the repository itself lacks.
    pub(super) fork: Option<Url>,
}

/// The names under which git knows the two.
pub(super) const ORIGIN: &str = "origin";
pub(super) const FORK: &str = "fork";

impl Remote {
    /// Takes http and https only, and drops a user name (`https://contoso@dev.azure.com/…`) and a password.
    pub(super) fn parse(remote_url: &str, authorization: Option<&SecretString>) -> Result<Self, GitError> {
        // The URL may hold a password, so a refusal shows it only as far as it could be parsed.
        let unusable = |url: &str, problem: &str| GitError::UnusableUrl { url: url.to_owned(), problem: problem.to_owned() };
        let mut url = Url::parse(remote_url).map_err(|error| unusable("the remote URL", &error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            let shown = format!("{}://{}", url.scheme(), url.host_str().unwrap_or("…"));
            return Err(unusable(&shown, "only http and https URLs are fetched"));
        }
        let cleared = url.set_username("").and_then(|()| url.set_password(None));
        cleared.map_err(|()| unusable("the remote URL", "its user name cannot be removed"))?;
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        let has_break = authorization.is_some_and(|value| value.expose_secret().contains(['\r', '\n', '\0']));
        if has_break {
            return Err(unusable(url.as_str(), "the token contains a line break"));
        }
        Ok(Self { url, authorization: authorization.cloned(), fork: None })
    }

    /// A fork elsewhere than on this scheme, host and port is not asked: the credential is bound to those.
    pub(super) fn with_fork(self, fork_url: Option<&str>) -> Result<Self, GitError> {
        let fork = fork_url.map(|url| Self::parse(url, None)).transpose()?;
        let fork = fork.map(|fork| fork.url).filter(|fork| fork.origin() == self.url.origin());
        Ok(Self { fork, ..self })
    }

    /// The settings section that binds a header to this scheme, host and port.
    fn header_key(&self) -> String {
        format!("http.{}/.extraHeader", self.url.origin().ascii_serialization())
    }
}

/// One git process to be.
#[derive(Debug)]
pub(super) struct GitCommand<'a> {
    action: &'a str,
    surroundings: &'a Surroundings,
    arguments: Vec<OsString>,
    settings: Vec<(String, String)>,
    input: Vec<u8>,
    network: bool,
    lazy_fetch: bool,
    deadline: Duration,
    output_limit: u64,
}

/// How a process ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// None: it was stopped because the reader had enough.
    pub(super) status: Option<ExitStatus>,
    /// The end of stderr without secrets and control characters.
    pub(super) stderr: String,
}

impl<'a> GitCommand<'a> {
    /// `action` is what the person who reads an error knows the step as.
    pub(super) fn new(action: &'a str, surroundings: &'a Surroundings, deadline: Duration) -> Self {
        Self {
            action,
            surroundings,
            arguments: Vec::new(),
            settings: Vec::new(),
            input: Vec::new(),
            network: false,
            lazy_fetch: true,
            deadline,
            output_limit: OUTPUT_LIMIT,
        }
    }

    pub(super) fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    pub(super) fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Works on this git directory and on no work tree.
    pub(super) fn in_directory(self, git_directory: &Path) -> Self {
        let mut option = OsString::from("--git-dir=");
        option.push(git_directory);
        self.arg("--bare").arg(option)
    }

    pub(super) fn setting(mut self, key: &str, value: &str) -> Self {
        self.settings.push((key.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn input(mut self, input: Vec<u8>) -> Self {
        self.input = input;
        self
    }

    /// Lets the process reach the remote; without this, objects that are not here stay missing.
    pub(super) fn with_network(mut self) -> Self {
        self.network = true;
        self
    }

    /// Lets the process fetch what it is told to, and nothing by itself. A fetch of objects that is answered by a web page
    /// would otherwise look for them here, fetch them, be answered by that page, and so on.
    pub(super) fn without_lazy_fetch(mut self) -> Self {
        self.lazy_fetch = false;
        self
    }

    pub(super) fn output_limit(mut self, bytes: u64) -> Self {
        self.output_limit = bytes;
        self
    }

    /// Runs to the end and gives stdout; a failure is an error.
    pub(super) async fn run(self) -> Result<Vec<u8>, GitError> {
        let (action, url) = (self.action.to_owned(), self.remote_url());
        let (ending, output) = self.collect().await?;
        match ending.status {
            Some(status) if !status.success() => Err(failure::of(&action, url.as_ref(), status, ending.stderr)),
            _ => Ok(output),
        }
    }

    /// Runs to the end; the caller judges the exit status.
    pub(super) async fn collect(self) -> Result<(Ending, Vec<u8>), GitError> {
        let mut output = Vec::new();
        let ending = self
            .stream(|chunk| {
                output.extend_from_slice(chunk);
                ControlFlow::Continue(())
            })
            .await?;
        Ok((ending, output))
    }

    /// Gives each part of stdout that ends in `separator` to `take` until it breaks, which also ends the process.
    pub(super) async fn records(self, separator: u8, mut take: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Ending, GitError> {
        let mut pending: Vec<u8> = Vec::new();
        let ending = self
            .stream(|chunk| {
                let mut parts = chunk.split(|byte| *byte == separator).peekable();
                while let Some(part) = parts.next() {
                    pending.extend_from_slice(part);
                    if parts.peek().is_some() {
                        take(&pending)?;
                        pending.clear();
                    }
                }
                ControlFlow::Continue(())
            })
            .await?;
        if ending.status.is_some() && !pending.is_empty() {
            // The last record: whether it breaks no longer matters.
            let _last: ControlFlow<()> = take(&pending);
        }
        Ok(ending)
    }

    fn remote_url(&self) -> Option<Url> {
        self.surroundings.remote.as_ref().filter(|_| self.network).map(|remote| remote.url.clone())
    }

    async fn stream(self, take: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Ending, GitError> {
        let child = self.build().spawn().map_err(GitError::NotInstalled)?;
        let mut process = Process { child };
        let deadline = self.deadline;
        let timed_out = GitError::TimedOut { action: self.action.to_owned(), seconds: deadline.as_secs() };
        // On each early return `process` is dropped, and with it the whole process group ends.
        tokio::time::timeout(deadline, self.drive(&mut process, take)).await.unwrap_or(Err(timed_out))
    }

    async fn drive(mut self, process: &mut Process, mut take: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<Ending, GitError> {
        let Process { child } = process;
        let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let too_large = GitError::TooLarge { action: self.action.to_owned(), limit_bytes: self.output_limit };
        let reading = read_output(output, self.output_limit, too_large, &mut take);
        let fed = std::mem::take(&mut self.input);
        let rest = async { tokio::join!(feed(input, fed), read_tail(errors)).1 };
        tokio::pin!(reading, rest);
        let tail = tokio::select! {
            stopped = &mut reading => {
                if stopped? {
                    return Ok(Ending { status: None, stderr: String::new() });
                }
                rest.await
            }
            tail = &mut rest => {
                if reading.await? {
                    return Ok(Ending { status: None, stderr: String::new() });
                }
                tail
            }
        };
        let status = child.wait().await.map_err(lost_process)?;
        let redactor = Redactor::new(self.surroundings);
        Ok(Ending { status: Some(status), stderr: redactor.clean(&tail) })
    }

    /// The process with its whole environment. The credential stands in the environment only.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that starts git")]
    pub(super) fn build(&self) -> Command {
        let mut command = Command::new(program());
        command
            .args(&self.arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        command
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut environment: Vec<(OsString, OsString)> = [
            // Not a directory, so no `.netrc`, `.gitconfig` or `.config` is found in it.
            ("HOME", "/dev/null"),
            ("LC_ALL", "C"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_CONFIG_SYSTEM", "/dev/null"),
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_ATTR_NOSYSTEM", "1"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", ""),
            ("GIT_LFS_SKIP_SMUDGE", "1"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("GIT_NO_REPLACE_OBJECTS", "1"),
            ("GIT_LITERAL_PATHSPECS", "1"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        #[expect(clippy::disallowed_methods, reason = "not a setting of ours: where the operating system finds programs")]
        let path = std::env::var_os("PATH");
        environment.extend(path.map(|path| ("PATH".into(), path)));

        let mut settings: Vec<(String, String)> =
            SETTINGS.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        settings.extend(self.settings.iter().cloned());
        let remote = self.surroundings.remote.as_ref().filter(|_| self.network);
        // This list beats every `protocol.*.allow` of any configuration: file, ssh, git and external helpers are off.
        environment.push(("GIT_ALLOW_PROTOCOL".into(), remote.map_or("", |remote| remote.url.scheme()).into()));
        if let Some(remote) = remote {
            environment
                .extend(self.surroundings.variables.iter().map(|(name, value)| (name.into(), value.expose_secret().into())));
            if let Some(authorization) = &remote.authorization {
                settings.push((remote.header_key(), format!("Authorization: {}", authorization.expose_secret())));
            }
            if let Some(fork) = &remote.fork {
                // Here and not in the mirror, which serves other pull requests as well. A second promisor: where git needs a
                // file that the first one lacks, it asks this one.
                for (key, value) in [("url", fork.as_str()), ("promisor", "true"), ("partialCloneFilter", "blob:none")] {
                    settings.push((format!("remote.{FORK}.{key}"), value.to_owned()));
                }
            }
        }
        if remote.is_none() || !self.lazy_fetch {
            environment.push(("GIT_NO_LAZY_FETCH".into(), "1".into()));
        }
        environment.push(("GIT_CONFIG_COUNT".into(), settings.len().to_string().into()));
        for (number, (key, value)) in settings.into_iter().enumerate() {
            environment.push((format!("GIT_CONFIG_KEY_{number}").into(), key.into()));
            environment.push((format!("GIT_CONFIG_VALUE_{number}").into(), value.into()));
        }
        environment
    }
}

/// A running git. When it is dropped before its end, git and the transport helpers that it started are killed.
struct Process {
    child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // The id is gone once the process has been waited for, so a number that was given out again is never hit.
        #[cfg(unix)]
        if let Some(group) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw)
            && let Err(error) = rustix::process::kill_process_group(group, rustix::process::Signal::KILL)
        {
            tracing::debug!(%error, "a git process group could not be killed: it has ended by itself");
        }
    }
}

/// True when `take` had enough.
/// Git's file, as `PATH` finds it. A program that is called by its name, with a `PATH` of its own, is started by a fork, which copies
/// the page tables of this whole process each time; one that is called by its file is not (`std::process` on Linux).
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        #[expect(clippy::disallowed_methods, reason = "git and its own programs are found by PATH")]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut files = std::env::split_paths(&path).filter(|folder| folder.is_absolute()).map(|folder| folder.join("git"));
        files.find(|file| file.is_file()).unwrap_or_else(|| PathBuf::from("git"))
    })
}

async fn read_output(
    output: Option<ChildStdout>,
    limit: u64,
    too_large: GitError,
    take: &mut impl FnMut(&[u8]) -> ControlFlow<()>,
) -> Result<bool, GitError> {
    let Some(mut output) = output else { return Ok(false) };
    let mut buffer = vec![0; 64 << 10];
    let mut total: u64 = 0;
    loop {
        let count = output.read(&mut buffer).await.map_err(lost_process)?;
        let chunk = buffer.get(..count).unwrap_or_default();
        if chunk.is_empty() {
            return Ok(false);
        }
        total = total.saturating_add(count as u64);
        if total > limit {
            return Err(too_large);
        }
        if take(chunk).is_break() {
            return Ok(true);
        }
    }
}

fn lost_process(source: std::io::Error) -> GitError {
    GitError::Io { path: PathBuf::from("git"), source }
}

async fn feed(pipe: Option<ChildStdin>, input: Vec<u8>) {
    // A process that ends before it has read everything says why on stderr; the broken pipe adds nothing.
    if let Some(mut pipe) = pipe
        && let Err(error) = pipe.write_all(&input).await
    {
        tracing::debug!(%error, "git did not read all of its input");
    }
}

async fn read_tail(pipe: Option<ChildStderr>) -> Vec<u8> {
    let Some(mut pipe) = pipe else { return Vec::new() };
    let mut tail: Vec<u8> = Vec::new();
    let mut buffer = vec![0; 4096];
    // A read error is the end of the text, which is for people only.
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        tail.extend_from_slice(buffer.get(..count).unwrap_or_default());
        let surplus = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..surplus);
    }
    tail
}
