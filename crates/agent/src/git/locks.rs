//! Locks on files, which also hold against other processes on the same `TEMP_PATH`.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use super::GitError;

/// How often a lock that another process holds is tried again.
const POLL: Duration = Duration::from_millis(25);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Shared,
    Exclusive,
}

/// A held lock. It ends with the value, or with the process.
#[derive(Debug)]
pub(super) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Waits for the lock, at most until the deadline.
    pub(super) async fn acquire(path: &Path, mode: Mode, deadline: Duration) -> Result<Self, GitError> {
        let waiting = async {
            loop {
                if let Some(lock) = Self::try_acquire(path, mode)? {
                    return Ok(lock);
                }
                #[expect(clippy::disallowed_methods, reason = "a lock of another process can only be polled")]
                tokio::time::sleep(POLL).await;
            }
        };
        let timed_out = || GitError::TimedOut { action: format!("lock {}", path.display()), seconds: deadline.as_secs() };
        tokio::time::timeout(deadline, waiting).await.unwrap_or_else(|_| Err(timed_out()))
    }

    /// None: somebody else holds it.
    pub(super) fn try_acquire(path: &Path, mode: Mode) -> Result<Option<Self>, GitError> {
        let io = |source| GitError::Io { path: PathBuf::from(path), source };
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(io)?;
        let taken = match mode {
            Mode::Shared => file.try_lock_shared(),
            Mode::Exclusive => file.try_lock(),
        };
        match taken {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(io(source)),
        }
    }
}
