//! The cache of bare mirrors.
//!
//! A mirror holds the commits that were asked for, each with its trees and without history, and the blobs that were needed so
//! far. Every commit has a ref of its own (`refs/commits/<id>`), so that "is it here?" costs no network and the next fetch
//! sends only what differs.
//!
//! On disk, below `<root>/mirrors`: `<name>.git` is the bare repository, `<name>.lock` is held by the process that fetches,
//! `<name>.use` is shared by those that read. A file in the mirror is written last and says that the mirror is whole; its
//! modification time is the time of the last use.

use std::{
    collections::HashMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::SystemTime,
};

use review_core::pull_request::CommitId;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    Deadlines, GitError,
    command::{FORK, GitCommand, ORIGIN, Remote, Surroundings},
    failure,
    locks::{FileLock, Mode},
    repository::{Lease, Repository},
};

/// Says that a mirror is whole, and when it was last used.
const MARKER: &str = "coderabbit-agent.mirror";
/// Says that the server knows no partial clone, or gives no single files afterwards.
pub(super) const UNFILTERED: &str = "coderabbit-agent.unfiltered";
/// How far back branches are searched for a commit that the server denies: far enough for a branch name that still leads to
/// it, not the history of a monorepo for a commit that was force-pushed away.
const SEARCHED_DEPTH: u32 = 250;
/// git's number for "all of it".
const WHOLE_HISTORY: u32 = 2_147_483_647;
/// Each fetch adds a pack, and each pack makes every look-up slower.
const MOST_PACKS: usize = 50;
/// How many known commits a fetch offers to the server as a base for deltas.
const OFFERED_COMMITS: usize = 16;

/// What a git process that talks to this URL, and to nothing else, finds in its environment.
type EnvironmentFor = Box<dyn Fn(&Url) -> Vec<(String, SecretString)> + Send + Sync>;

/// The cache of bare mirrors under `TEMP_PATH`.
pub struct Mirrors {
    root: PathBuf,
    limit_bytes: u64,
    environment: EnvironmentFor,
    deadlines: Deadlines,
    /// One fetch per mirror within this process; the lock file holds against others.
    fetches: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Where commits come from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    pub url: &'a str,
    /// The fork that a pull request comes from: asked for what is not at `url`, as when a conflict keeps the merge from being
    /// made that would lead to its commits there. Only when it is on the same server.
    pub fork_url: Option<&'a str>,
    /// Value of the `Authorization` header, sent to that server only.
    pub authorization: Option<&'a SecretString>,
}

impl Mirrors {
    /// `limit_bytes`: above it the least recently used mirrors are removed. `environment` is asked for the
    /// proxy and the certificates for a remote; what it gives goes to the git processes that talk to it. Takes the folder
    /// `mirrors` below `root` and nothing else there.
    pub fn new(
        root: &Path,
        limit_bytes: u64,
        environment: impl Fn(&Url) -> Vec<(String, SecretString)> + Send + Sync + 'static,
    ) -> Result<Self, GitError> {
        let root = root.join("mirrors");
        make_private(&root).map_err(|source| GitError::Io { path: root.clone(), source })?;
        // Processes run with another working directory.
        let root = root.canonicalize().map_err(|source| GitError::Io { path: root.clone(), source })?;
        remove_discarded(&root)?;
        Ok(Self {
            root,
            limit_bytes,
            environment: Box::new(environment),
            deadlines: Deadlines::default(),
            fetches: Mutex::default(),
        })
    }

    #[must_use]
    pub fn with_deadlines(self, deadlines: Deadlines) -> Self {
        Self { deadlines, ..self }
    }

    /// The mirror of the source with the commits present (blobs follow on demand). One fetch per mirror at a time.
    ///
    /// Commits that are here cost no network. While the repository (or a clone of it) lives, the mirror is not evicted.
    pub async fn fetch(&self, source: Source<'_>, commits: &[CommitId]) -> Result<Repository, GitError> {
        let remote = Remote::parse(source.url, source.authorization)?.with_fork(source.fork_url)?;
        let name = mirror_name(&remote.url);
        let waiting = self.fetches.lock().unwrap_or_else(PoisonError::into_inner).entry(name.clone()).or_default().clone();
        let _one_here = waiting.lock().await;
        let _one_anywhere = FileLock::acquire(&self.path(&name, "lock"), Mode::Exclusive, self.deadlines.network).await?;
        let usage = FileLock::acquire(&self.path(&name, "use"), Mode::Shared, self.deadlines.network).await?;

        let directory = self.path(&name, "git");
        let surroundings = Surroundings { variables: Arc::new((self.environment)(&remote.url)), remote: Some(remote) };
        let lease = Lease { marker: directory.join(MARKER), usage: Some(usage), is_forgotten: AtomicBool::new(false) };
        let repository = Repository::mirror(directory, surroundings, self.deadlines, lease);
        let mirror = Mirror { repository, deadlines: self.deadlines };
        mirror.prepare(commits).await?;
        match mirror.obtain(commits).await {
            Err(error) if failure::is_damage(&error) => {
                tracing::warn!(mirror = name, %error, "the mirror is damaged and is built anew");
                mirror.discard().await?;
                mirror.prepare(commits).await?;
                mirror.obtain(commits).await?;
            }
            obtained => obtained?,
        }
        touch(&mirror.marker())?;
        self.evict().await?;
        Ok(mirror.repository)
    }

    /// Removes the least recently used mirrors while the cache is above its limit; one that anybody reads stays.
    async fn evict(&self) -> Result<(), GitError> {
        let (root, limit_bytes) = (self.root.clone(), self.limit_bytes);
        blocking(self.root.clone(), move || evict(&root, limit_bytes)).await
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.root.join(format!("{name}.{extension}"))
    }
}

impl fmt::Debug for Mirrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Mirrors").field("root", &self.root).finish_non_exhaustive()
    }
}

/// One mirror during a fetch, under its locks.
struct Mirror {
    repository: Repository,
    deadlines: Deadlines,
}

impl Mirror {
    /// Makes an empty mirror unless a whole one is there. A half-made one (the process died) is removed first.
    async fn prepare(&self, commits: &[CommitId]) -> Result<(), GitError> {
        if self.marker().is_file() {
            return Ok(());
        }
        self.discard().await?;
        let directory = self.repository.directory();
        let is_sha256 = commits.first().is_some_and(|commit| commit.as_str().len() == 64);
        let command = GitCommand::new("init", self.repository.surroundings(), self.deadlines.local)
            .args(["init", "--quiet", "--bare", "--template=", "--initial-branch=none"])
            .arg(if is_sha256 { "--object-format=sha256" } else { "--object-format=sha1" })
            .arg(directory);
        command.run().await?;
        let url = self.repository.remote_url().map_or("", Url::as_str).replace('\\', "\\\\").replace('"', "\\\"");
        let promisor = "\tpromisor = true\n\tpartialCloneFilter = blob:none\n";
        append(&directory.join("config"), &format!("[remote \"origin\"]\n\turl = \"{url}\"\n{promisor}"))?;
        touch(&self.marker())
    }

    /// Fetches those of the commits that are not here.
    async fn obtain(&self, commits: &[CommitId]) -> Result<(), GitError> {
        let missing = self.missing(commits).await?;
        if missing.is_empty() {
            return Ok(());
        }
        consolidate(&self.repository, MOST_PACKS).await?;
        let Err(error) = self.fetch_exactly(ORIGIN, &missing).await else { return self.verify(&missing).await };
        let depth = if failure::is_tips_only(&error) {
            // Such a server gives single blobs as little as single commits.
            touch(&self.directory().join(UNFILTERED))?;
            WHOLE_HISTORY
        } else if failure::is_missing_object(&error) {
            SEARCHED_DEPTH
        } else {
            return Err(error);
        };
        // One that the server lacks makes the whole request fail.
        for commit in &missing {
            match self.fetch_exactly(ORIGIN, std::slice::from_ref(commit)).await {
                Err(error) if !(failure::is_tips_only(&error) || failure::is_missing_object(&error)) => return Err(error),
                _ => {}
            }
        }
        let missing = self.ask_fork(self.missing(&missing).await?).await?;
        if missing.is_empty() {
            return Ok(());
        }
        tracing::info!(%error, depth, "the server does not give the commits by their ids: searching its branches");
        self.fetch_branches(depth).await?;
        self.adopt(&missing).await?;
        match self.missing(&missing).await?.into_iter().next() {
            None => Ok(()),
            Some(commit) => {
                let stderr = match error {
                    GitError::Failed { stderr, .. } => stderr,
                    other => other.to_string(),
                };
                Err(GitError::CommitMissing { commit, url: self.url(), stderr })
            }
        }
    }

    /// Those of the commits that the fork, where there is one, does not give either. Its refusal is no error of its own: the
    /// commit is missing, whatever keeps it.
    async fn ask_fork(&self, missing: Vec<CommitId>) -> Result<Vec<CommitId>, GitError> {
        if missing.is_empty() || !self.repository.has_fork() {
            return Ok(missing);
        }
        for commit in &missing {
            if let Err(error) = self.fetch_exactly(FORK, std::slice::from_ref(commit)).await {
                tracing::info!(%commit, %error, "the fork does not give the commit");
            }
        }
        self.missing(&missing).await
    }

    /// After a fetch that succeeded.
    async fn verify(&self, commits: &[CommitId]) -> Result<(), GitError> {
        match self.missing(commits).await?.into_iter().next() {
            None => Ok(()),
            Some(commit) => {
                let stderr = "git fetched it without an error, and it is not here".to_owned();
                Err(GitError::CommitMissing { commit, url: self.url(), stderr })
            }
        }
    }

    /// The commits without a ref, or without their tree.
    async fn missing(&self, commits: &[CommitId]) -> Result<Vec<CommitId>, GitError> {
        let asked = commits.iter().map(|commit| format!("{}^{{tree}}", commit_ref(commit)));
        let found = self.repository.present("look for commits", asked).await?;
        let both = commits.iter().zip(found);
        let mut missing: Vec<CommitId> = both.filter(|(_, found)| !found).map(|(commit, _)| commit.clone()).collect();
        missing.dedup();
        Ok(missing)
    }

    /// Exactly these commits and their trees.
    async fn fetch_exactly(&self, remote: &str, commits: &[CommitId]) -> Result<(), GitError> {
        let refs = commits.iter().map(|commit| format!("+{commit}:{}", commit_ref(commit)));
        let refs: Vec<String> = refs.collect();
        let mut offers = Vec::new();
        let command = self
            .repository
            .command("list commits")
            .args(["for-each-ref", "--sort=-committerdate", "--format=%(refname)"])
            .arg(format!("--count={OFFERED_COMMITS}"))
            .arg("refs/commits/");
        for name in String::from_utf8_lossy(&command.run().await?).lines() {
            offers.push(format!("--negotiation-tip={name}"));
        }
        self.fetch("fetch commits", remote, 1, &offers, &refs).await
    }

    /// All branches and the merge refs of pull requests.
    async fn fetch_branches(&self, depth: u32) -> Result<(), GitError> {
        let refs = ["+refs/heads/*:refs/origin/heads/*".to_owned(), "+refs/pull/*/merge:refs/origin/pull/*".to_owned()];
        self.fetch("fetch branches", ORIGIN, depth, &[], &refs).await?;
        self.repository.command("pack refs").args(["pack-refs", "--all"]).run().await.map(drop)
    }

    async fn fetch(&self, action: &str, remote: &str, depth: u32, options: &[String], refs: &[String]) -> Result<(), GitError> {
        let filtered = !self.directory().join(UNFILTERED).exists();
        let command = |filter: bool| {
            self.repository
                .network_command(action)
                .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"])
                .arg(format!("--depth={depth}"))
                .arg(if filter { "--filter=blob:none" } else { "--no-filter" })
                .args(options)
                .arg(remote)
                .args(refs)
        };
        match command(filtered).run().await {
            Err(error) if filtered && failure::is_about_filter(&error) => {
                tracing::info!(url = self.url(), %error, "the server has no partial clone: fetching whole commits");
                touch(&self.directory().join(UNFILTERED))?;
                command(false).run().await.map(drop)
            }
            outcome => outcome.map(drop),
        }
    }

    /// Gives a ref to those of the commits that the branches brought.
    async fn adopt(&self, commits: &[CommitId]) -> Result<(), GitError> {
        let asked = commits.iter().map(|commit| format!("{commit}^{{tree}}"));
        let found = self.repository.present("look for commits", asked).await?;
        for (commit, _) in commits.iter().zip(found).filter(|(_, found)| *found) {
            let command = self.repository.command("keep a commit").args(["update-ref", &commit_ref(commit), commit.as_str()]);
            command.run().await?;
        }
        Ok(())
    }

    /// Puts the directory out of the way in one step, then removes it: a crash leaves no mirror that looks whole.
    async fn discard(&self) -> Result<(), GitError> {
        let directory = self.directory().to_owned();
        blocking(directory.clone(), move || discard(&directory)).await
    }

    fn directory(&self) -> &Path {
        self.repository.directory()
    }

    fn marker(&self) -> PathBuf {
        self.directory().join(MARKER)
    }

    fn url(&self) -> String {
        self.repository.remote_url().map_or_else(String::new, Url::to_string)
    }
}

/// Turns many packs into one. Others may read meanwhile: git looks for a pack that went away in the new one.
pub(super) async fn consolidate(repository: &Repository, most_packs: usize) -> Result<(), GitError> {
    let packs = repository.directory().join("objects/pack");
    let count = fs::read_dir(&packs).map_or(0, |entries| {
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|extension| extension == "pack")).count()
    });
    if count <= most_packs {
        return Ok(());
    }
    // As long as a fetch may take, though it needs no network.
    let command = repository.network_command("repack").args(["repack", "-a", "-d", "-q"]);
    command.run().await.map(drop)
}

/// A readable part for people who look into the folder, and a hash that makes it unique.
fn mirror_name(url: &Url) -> String {
    let hash = hex::encode(Sha256::digest(url.as_str().as_bytes()));
    let path = url.path().replace("/_git/", "/");
    let readable = path.chars().map(|character| if character.is_ascii_alphanumeric() { character } else { '-' });
    let readable: String = readable.collect::<String>().to_ascii_lowercase();
    let readable: Vec<&str> = readable.split('-').filter(|part| !part.is_empty()).collect();
    let readable: String = readable.join("-").chars().take(60).collect();
    format!("{readable}-{}", hash.get(..16).unwrap_or(&hash))
}

/// Creates the folder for this user alone: what is below it is source code. One that exists becomes private.
fn make_private(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
    Ok(())
}

pub(super) fn commit_ref(commit: &CommitId) -> String {
    format!("refs/commits/{commit}")
}

/// Writes the file, which also sets its modification time.
pub(super) fn touch(path: &Path) -> Result<(), GitError> {
    fs::write(path, "1\n").map_err(|source| GitError::Io { path: path.to_owned(), source })
}

fn append(path: &Path, text: &str) -> Result<(), GitError> {
    let io = |source| GitError::Io { path: path.to_owned(), source };
    let before = fs::read_to_string(path).map_err(io)?;
    fs::write(path, before + text).map_err(io)
}

fn discard(directory: &Path) -> std::io::Result<()> {
    let aside = directory.with_extension(format!("discarded-{}", uuid::Uuid::new_v4().simple()));
    match fs::rename(directory, &aside) {
        Ok(()) => fs::remove_dir_all(&aside),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// What a process that died had put out of the way.
fn remove_discarded(root: &Path) -> Result<(), GitError> {
    let io = |source| GitError::Io { path: root.to_owned(), source };
    for entry in fs::read_dir(root).map_err(io)?.flatten() {
        let path = entry.path();
        let is_discarded = path.extension().is_some_and(|extension| extension.to_string_lossy().starts_with("discarded-"));
        if is_discarded && let Err(error) = fs::remove_dir_all(&path) {
            // Another process may be removing it right now.
            tracing::debug!(path = %path.display(), %error, "a discarded mirror could not be removed");
        }
    }
    Ok(())
}

fn evict(root: &Path, limit_bytes: u64) -> std::io::Result<()> {
    let mut mirrors: Vec<(SystemTime, PathBuf, u64)> = Vec::new();
    for entry in fs::read_dir(root)?.flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "git") {
            let used = fs::metadata(path.join(MARKER)).and_then(|marker| marker.modified());
            let size = size_of(&path);
            mirrors.push((used.unwrap_or(SystemTime::UNIX_EPOCH), path, size));
        }
    }
    mirrors.sort();
    let mut total: u64 = mirrors.iter().map(|(_, _, size)| size).sum();
    for (_, directory, size) in mirrors {
        if total <= limit_bytes {
            break;
        }
        let lock = FileLock::try_acquire(&directory.with_extension("use"), Mode::Exclusive);
        if let Ok(Some(_nobody_uses_it)) = lock {
            tracing::info!(mirror = %directory.display(), size, "evicting the least recently used mirror");
            discard(&directory)?;
            total = total.saturating_sub(size);
        }
    }
    Ok(())
}

/// Removes a mirror, unless somebody reads it.
pub(super) fn remove_unused(directory: &Path) {
    let removed = match FileLock::try_acquire(&directory.with_extension("use"), Mode::Exclusive) {
        Ok(Some(_nobody_uses_it)) => discard(directory),
        Ok(None) => return,
        Err(error) => Err(std::io::Error::other(error.to_string())),
    };
    if let Err(error) = removed {
        tracing::warn!(mirror = %directory.display(), %error, "a mirror that should not be kept could not be removed");
    }
}

/// Bytes of the files below a directory. What vanishes meanwhile counts nothing.
fn size_of(directory: &Path) -> u64 {
    let mut total = 0;
    let mut open = vec![directory.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => open.push(entry.path()),
                Ok(metadata) => total += metadata.len(),
                Err(_) => {}
            }
        }
    }
    total
}

/// Slow work on files, off the threads of the runtime.
async fn blocking(path: PathBuf, work: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), GitError> {
    let outcome = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
    outcome.map_err(|source| GitError::Io { path, source })
}
