//! Servers of others that a task starts, waits for and ends.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const LOOK_AGAIN: Duration = Duration::from_millis(50);
const ONE_LOOK: Duration = Duration::from_secs(1);
/// After this a server that was asked to end is killed.
const LEAVE: Duration = Duration::from_secs(10);

/// How a server shows that it is ready.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ready<'a> {
    /// It takes connections.
    Connects,
    /// It answers a GET with 200.
    Answers { path: &'a str },
}

/// A running server on a port of loopback; it ends when this is dropped.
pub(crate) struct Daemon {
    name: &'static str,
    child: Child,
    port: u16,
    log: PathBuf,
    /// Dropped, and so removed, after this ended it.
    place: Option<TempDir>,
}

impl Daemon {
    /// Starts it, and waits until it is ready on `port`. What it prints goes to `log`.
    pub(crate) fn start(
        name: &'static str,
        mut command: Command,
        (port, ready): (u16, Ready<'_>),
        log: &Path,
        patience: Duration,
    ) -> anyhow::Result<Self> {
        let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        // Its input stays open as long as this does: those that heed it end also when this process is killed.
        command.stdin(Stdio::piped()).stdout(out.try_clone()?).stderr(out);
        let child = command.spawn().with_context(|| format!("{name} cannot be started"))?;
        let mut daemon = Self { name, child, port, log: log.to_owned(), place: None };
        let started = Instant::now();
        while !daemon.is_ready(ready) {
            if let Some(status) = daemon.child.try_wait()? {
                bail!("{name} ended with {status}:\n{}", daemon.last_words());
            }
            if started.elapsed() > patience {
                bail!("{name} is not ready on port {port} after {patience:?}:\n{}", daemon.last_words());
            }
            pause();
        }
        Ok(daemon)
    }

    /// Keeps its files for as long as it runs, and removes them then.
    pub(crate) fn keeping(mut self, place: TempDir) -> Self {
        self.place = Some(place);
        self
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// An error when it has ended by itself.
    pub(crate) fn still_runs(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended with {status}:\n{}", self.name, self.last_words()),
        }
    }

    fn is_ready(&self, ready: Ready<'_>) -> bool {
        match ready {
            Ready::Connects => self.connect().is_ok(),
            Ready::Answers { path } => self.answers(path).unwrap_or_default(),
        }
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&SocketAddr::from(([127, 0, 0, 1], self.port)), ONE_LOOK)?;
        stream.set_read_timeout(Some(ONE_LOOK))?;
        Ok(stream)
    }

    /// Whether a GET is answered with 200.
    fn answers(&self, path: &str) -> std::io::Result<bool> {
        let mut stream = self.connect()?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut status = [0; 12];
        stream.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    }

    /// The end of its log.
    fn last_words(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines.get(lines.len().saturating_sub(15)..).unwrap_or_default().join("\n");
        format!("{tail}\n(the end of {})", self.log.display())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        // One that has ended already cannot be told to.
        if self.child.try_wait().is_ok_and(|ended| ended.is_none())
            && let Some(pid) = pid
        {
            kill_process(pid, Signal::TERM).ok();
        }
        let asked = Instant::now();
        while self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            if asked.elapsed() > LEAVE {
                self.child.kill().ok();
                self.child.wait().ok();
                return;
            }
            pause();
        }
    }
}

fn pause() {
    #[expect(clippy::disallowed_methods, reason = "a process of others tells only by looking again that it is ready, or gone")]
    std::thread::sleep(LOOK_AGAIN);
}
