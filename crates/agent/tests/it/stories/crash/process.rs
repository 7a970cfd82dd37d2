//! The program itself as a process of the system, which can be killed, paused and started again on the same database.

use std::{
    net::TcpListener,
    process::{ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::watch,
};

use crate::harness::PATIENCE;

/// Below the ports that systems give to outgoing connections: between two processes nobody else is given it.
const PORTS: std::ops::Range<u16> = 20_000..30_000;
/// Log lines that a story which fails shows.
const SHOWN_LINES: usize = 40;

/// What goes with a process that dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Death {
    /// The process alone, as when the system is out of memory: the git that it started lives on for a while.
    Alone,
    /// Everything below it too, as when a container is removed: git leaves its lock files behind.
    WithChildren,
}

/// A running `coderabbit-agent`. It is killed when the value is dropped.
pub(super) struct AgentProcess {
    child: Child,
    log: Arc<Log>,
}

struct Log {
    lines: Mutex<Vec<Value>>,
    /// How many there are.
    count: watch::Sender<usize>,
}

impl AgentProcess {
    /// Starts it, and returns when it listens.
    pub(super) async fn start(variables: &[(String, String)]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the story starts the program under test")]
        let mut command = Command::new(env!("CARGO_BIN_EXE_coderabbit-agent"));
        command.arg("serve").env_clear().envs(variables.iter().map(|(name, value)| (name, value)));
        #[expect(clippy::disallowed_methods, reason = "git is found where the story itself finds it")]
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        // Also in a directory without a `.env`.
        command.current_dir(std::env::temp_dir());
        let piped = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = piped.spawn().unwrap();
        let log = Arc::new(Log { lines: Mutex::default(), count: watch::Sender::new(0) });
        tokio::spawn(read(child.stderr.take().unwrap(), Arc::clone(&log)));
        log.wait_for("listening", |line| line["message"] == "listening").await;
        Self { child, log }
    }

    /// SIGKILL: no destructor runs, nothing is written.
    pub(super) async fn kill(mut self, death: Death) {
        let mut doomed = vec![self.pid()];
        if death == Death::WithChildren {
            // Stopped first, so that it cannot start another one meanwhile.
            kill_process(self.pid(), Signal::STOP).unwrap();
            doomed = with_descendants(self.pid());
        }
        for pid in doomed {
            // A descendant may have ended by itself since it was listed.
            let result = kill_process(pid, Signal::KILL);
            assert!(pid != self.pid() || result.is_ok(), "{result:?}");
        }
        self.child.wait().await.unwrap();
    }

    /// SIGTERM; the exit status.
    pub(super) async fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends after SIGTERM").unwrap()
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits until it has logged such a line, and gives it.
    pub(super) async fn logged(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        self.log.wait_for(what, is_it).await
    }

    /// How many such lines it has logged.
    pub(super) fn count_logged(&self, is_it: impl Fn(&Value) -> bool) -> usize {
        self.log.lines().iter().filter(|line| is_it(line)).count()
    }

    fn pid(&self) -> Pid {
        let id = self.child.id().expect("it was not waited for");
        Pid::from_raw(i32::try_from(id).unwrap()).unwrap()
    }
}

impl Log {
    fn lines(&self) -> Vec<Value> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn wait_for(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut count = self.count.subscribe();
        let wait = async {
            loop {
                count.mark_unchanged();
                if let Some(line) = self.lines().into_iter().find(|line| is_it(line)) {
                    return Some(line);
                }
                count.changed().await.ok()?;
            }
        };
        let found = tokio::time::timeout(PATIENCE, wait).await;
        let lines = self.lines();
        let shown: Vec<String> = lines.iter().rev().take(SHOWN_LINES).rev().map(Value::to_string).collect();
        found.ok().flatten().unwrap_or_else(|| panic!("the agent logged no line of: {what}\n{}", shown.join("\n")))
    }
}

/// A port that every process of a story can listen on, one after the other. Another run of the same tests on this machine has
/// the same seed, and is to have other ports.
pub(super) fn free_port(random: &mut Random) -> u16 {
    let (size, shift) = (u64::from(PORTS.end - PORTS.start), u64::from(std::process::id()));
    let port = (0..200).map(|_| PORTS.start + u16::try_from((random.below(size) + shift) % size).unwrap());
    port.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// Real time goes by. The stories about crashes need it: a random moment is an event of theirs.
pub(super) async fn pass(time: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the random moment is the event")]
    tokio::time::sleep(time).await;
}

/// The same numbers for the same seed, on every machine and with every version of any library (`SplitMix64`).
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit.max(1)
    }

    pub(super) fn millis(&mut self, limit: u64) -> Duration {
        Duration::from_millis(self.below(limit))
    }
}

async fn read(stderr: ChildStderr, log: Arc<Log>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        tracing::debug!("{line}");
        let line = serde_json::from_str(&line).unwrap_or(Value::String(line));
        log.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        log.count.send_modify(|count| *count += 1);
    }
}

/// A process and everything below it, from the table of processes.
fn with_descendants(root: Pid) -> Vec<Pid> {
    let mut parents = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // `id (name) state parent …`; a name may hold spaces and parentheses.
        let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<i32>().ok());
        let id = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok());
        parents.extend(id.and_then(Pid::from_raw).zip(parent.and_then(Pid::from_raw)));
    }
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(id, _)| *id));
        next += 1;
    }
    found
}
