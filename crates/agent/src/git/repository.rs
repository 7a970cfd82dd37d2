//! Reading from a repository: diffs, blobs, names, words.

use std::{
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use review_core::pull_request::CommitId;
use url::Url;

use super::{
    Deadlines, Departures, GitError, GrepHit,
    command::{FORK, GitCommand, ORIGIN, Surroundings},
    failure,
    locks::FileLock,
    mirrors::{UNFILTERED, commit_ref, remove_unused, touch},
};

/// Above this a patch cannot be reviewed anyway.
const DIFF_LIMIT: u64 = 64 << 20;
/// All contents of one call of [`Repository::blobs`] together.
const BLOBS_LIMIT: u64 = 256 << 20;
/// Listings of names and ids: about two million files.
const LISTING_LIMIT: u64 = 256 << 20;
/// Files above this are told as binary in a diff: a patch of generated data helps nobody, and costs memory.
const DIFFED_FILE: &str = "5m";
/// How many characters of a line a hit of grep carries.
const HIT_CHARACTERS: usize = 500;
/// Longest text that is searched for.
const MAX_SEARCH_BYTES: usize = 1_000;
/// Paths in the arguments of one process, in bytes; the systems allow 128 KiB at the least.
const ARGUMENT_BYTES: usize = 64 << 10;

/// A repository on this machine: a mirror, or the one that the user stands in.
#[derive(Debug, Clone)]
pub struct Repository {
    directory: PathBuf,
    surroundings: Surroundings,
    deadlines: Deadlines,
    /// None: the user's own.
    lease: Option<Arc<Lease>>,
}

/// Keeps a mirror from being evicted.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) marker: PathBuf,
    /// Until the value is dropped.
    pub(super) usage: Option<FileLock>,
    /// The mirror goes with its last user.
    pub(super) is_forgotten: AtomicBool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.usage.take());
        if let Some(directory) = self.marker.parent().filter(|_| self.is_forgotten.load(Ordering::Relaxed)) {
            let directory = directory.to_owned();
            // Thousands of files, and whoever drops the last value may be answering webhooks.
            let removal = std::thread::Builder::new().spawn(move || remove_unused(&directory));
            if let Err(error) = removal {
                tracing::warn!(%error, "a mirror that should not be kept is left for later");
            }
        }
    }
}

/// A regular file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFile {
    pub path: String,
    /// The id of its content: files with the same bytes have the same one.
    pub object: String,
}

impl Repository {
    /// The repository around a directory of the user's, linked worktrees included. Its hooks, drivers and helpers are never
    /// run, and it is never fetched into: of a partial clone only the objects that are here can be read.
    pub async fn local(directory: &Path) -> Result<Self, GitError> {
        let absolute = directory.canonicalize().map_err(|source| GitError::Io { path: directory.to_owned(), source })?;
        let (surroundings, deadlines) = (Surroundings::default(), Deadlines::default());
        let command = GitCommand::new("rev-parse", &surroundings, deadlines.local).arg("-C").arg(absolute);
        let (ending, output) = command.args(["rev-parse", "--absolute-git-dir"]).collect().await?;
        let git_directory = path_of(output);
        if ending.status.is_none_or(|status| !status.success()) || git_directory.as_os_str().is_empty() {
            tracing::debug!(stderr = ending.stderr, "no repository");
            return Err(GitError::NotARepository(directory.to_owned()));
        }
        Ok(Self { directory: git_directory, surroundings, deadlines, lease: None })
    }

    pub(super) fn mirror(directory: PathBuf, surroundings: Surroundings, deadlines: Deadlines, lease: Lease) -> Self {
        Self { directory, surroundings, deadlines, lease: Some(Arc::new(lease)) }
    }

    /// Has the mirror removed once nobody uses it any more; nothing for the user's own repository. After a crash it stays until the
    /// next such review, or until it is the least recently used one.
    pub fn forget_after_use(&self) {
        if let Some(lease) = &self.lease {
            lease.is_forgotten.store(true, Ordering::Relaxed);
        }
    }

    /// Resolves a revision (a branch, a tag, `HEAD~2`, an id) to a commit.
    pub async fn resolve(&self, revision: &str) -> Result<CommitId, GitError> {
        let refusal = |problem: &str| GitError::Failed {
            action: format!("rev-parse {}", revision.escape_debug().take(200).collect::<String>()),
            status: "not started".to_owned(),
            stderr: problem.to_owned(),
        };
        if revision.is_empty() || revision.starts_with('-') || revision.contains(['\0', '\n']) {
            return Err(refusal("this is no name of a commit"));
        }
        let action = format!("rev-parse {revision}");
        let command = self.command(&action).args(["rev-parse", "--verify", "--end-of-options"]);
        let output = self.checked(command.arg(format!("{revision}^{{commit}}")).run().await)?;
        let text = String::from_utf8_lossy(&output);
        text.lines().last().and_then(CommitId::parse).ok_or_else(|| refusal("git answered with something else than a commit"))
    }

    /// The best common ancestor. Needs history, so it serves the user's own repository; a mirror has none.
    pub async fn merge_base(&self, one: &CommitId, other: &CommitId) -> Result<CommitId, GitError> {
        let command = self.command("merge-base").args(["merge-base", one.as_str(), other.as_str()]);
        let (ending, output) = command.collect().await?;
        let found = String::from_utf8_lossy(&output).lines().next().and_then(CommitId::parse);
        found.ok_or_else(|| {
            let unrelated = ending.status.is_some_and(|status| status.code() == Some(1));
            GitError::Failed {
                action: format!("merge-base {} {}", one.short(), other.short()),
                status: ending.status.map_or_else(|| "no status".to_owned(), |status| status.to_string()),
                stderr: if unrelated { "the commits have no common ancestor here".to_owned() } else { ending.stderr },
            }
        })
    }

    /// The message of a commit.
    pub async fn message(&self, commit: &CommitId) -> Result<String, GitError> {
        let command =
            self.command("read a commit").args(["log", "-1", "--no-show-signature", "--format=%B", commit.as_str(), "--"]);
        let output = self.checked(command.run().await)?;
        Ok(String::from_utf8_lossy(&output).trim().to_owned())
    }

    /// Patch from `base` to `head` with renames, full index lines, three lines of context. Missing blobs of both sides are
    /// fetched in one request. Files above 5 MB are told as binary. Attributes of the repository play no part.
    pub async fn diff(&self, base: &CommitId, head: &CommitId) -> Result<Vec<u8>, GitError> {
        match self.diff_of_what_is_here(base, head).await {
            // The server left the files out, as it was asked to, and gives none of them by itself.
            Err(error) if self.lease.is_some() && failure::is_tips_only(&error) => {
                tracing::info!(%error, "the server gives no single files: fetching whole commits");
                self.fetch_whole(&[base, head]).await?;
                self.diff_of_what_is_here(base, head).await
            }
            outcome => outcome,
        }
    }

    /// Fetches the commits again with all their files, and later ones of this mirror at once so.
    async fn fetch_whole(&self, commits: &[&CommitId]) -> Result<(), GitError> {
        touch(&self.directory.join(UNFILTERED))?;
        let command = self
            .network_command("fetch whole commits")
            .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"])
            .args(["--depth=1", "--refetch", "--no-filter", "origin"])
            .args(commits.iter().map(|commit| format!("+{commit}:{}", commit_ref(commit))));
        self.checked(command.run().await).map(drop)
    }

    async fn diff_of_what_is_here(&self, base: &CommitId, head: &CommitId) -> Result<Vec<u8>, GitError> {
        let command = self
            .network_command("diff")
            .setting("core.bigFileThreshold", DIFFED_FILE)
            .output_limit(DIFF_LIMIT)
            // The plumbing command: its output depends on no taste of the user's.
            .args(["diff-tree", "-r", "-p", "-M", "-l3000", "-U3", "--inter-hunk-context=0", "--full-index"])
            .args(["--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/"])
            .args(["--diff-algorithm=histogram", "--indent-heuristic", "--no-relative", "--submodule=short"])
            .args(["--ignore-submodules=none", "-O/dev/null", "--end-of-options", base.as_str(), head.as_str()]);
        self.checked(command.run().await)
    }

    /// Which files of `base` are not under their names in `head` any more. Names that are not UTF-8 are left out.
    pub async fn departures(&self, base: &CommitId, head: &CommitId) -> Result<Departures, GitError> {
        let command = self
            .network_command("look for renamed and deleted files")
            .setting("core.bigFileThreshold", DIFFED_FILE)
            .output_limit(DIFF_LIMIT)
            .args(["diff-tree", "-r", "-z", "-M", "-l3000", "--name-status", "--diff-filter=RD", "--no-relative"])
            .args(["--end-of-options", base.as_str(), head.as_str()]);
        let output = self.checked(command.run().await)?;
        let mut fields = output.split(|byte| *byte == 0);
        let mut departures = Departures::default();
        let name = |field: &[u8]| std::str::from_utf8(field).ok().map(str::to_owned);
        // `R<similarity>`, the old path, the new path; or `D`, the path; each ended by a zero.
        while let (Some(status), Some(old)) = (fields.next(), fields.next()) {
            if status.starts_with(b"R") {
                let Some(new) = fields.next() else { break };
                departures.renamed.extend(name(old).zip(name(new)));
            } else {
                departures.deleted.extend(name(old));
            }
        }
        Ok(departures)
    }

    /// The bytes of a file; None when it does not exist there, is no regular file, or is larger than `max_bytes`.
    pub async fn blob(&self, commit: &CommitId, path: &str, max_bytes: u64) -> Result<Option<Vec<u8>>, GitError> {
        Ok(self.blobs(commit, &[path], max_bytes).await?.remove(path))
    }

    /// The bytes of many files by their paths (relative to the root, with `/`), in one request for those that are not here.
    /// What does not exist, is no regular file or is larger than `max_bytes` is left out.
    pub async fn blobs(&self, commit: &CommitId, paths: &[&str], max_bytes: u64) -> Result<BTreeMap<String, Vec<u8>>, GitError> {
        let entries = self.entries(commit, paths).await?;
        let objects: Vec<&str> = entries.iter().map(|entry| entry.object.as_str()).collect();
        self.fetch_objects(&objects).await?;
        let sizes = self.sizes(&objects).await?;
        let wanted = |object: &&str| sizes.get(*object).is_some_and(|size| *size <= max_bytes);
        let mut objects: Vec<&str> = objects.iter().copied().filter(wanted).collect();
        objects.sort_unstable();
        objects.dedup();
        let contents = self.contents(&objects).await?;
        let found = entries.into_iter().filter_map(|entry| {
            let content = contents.get(entry.object.as_str())?;
            Some((entry.path, content.clone()))
        });
        Ok(found.collect())
    }

    /// The bytes of objects by their ids. Those that are not here are left out; all together may have 256 MB.
    pub async fn contents(&self, objects: &[&str]) -> Result<HashMap<String, Vec<u8>>, GitError> {
        if objects.is_empty() {
            return Ok(HashMap::new());
        }
        let input = lines(objects.iter().copied());
        let command = self.command("read files").args(["cat-file", "--batch"]).input(input).output_limit(BLOBS_LIMIT);
        let output = self.checked(command.run().await)?;
        let contents = parse_batch(&output).into_iter();
        Ok(contents.map(|(object, content)| (object.to_owned(), content.to_vec())).collect())
    }

    /// The regular files that `wanted` picks, in the order of git's trees, at most `limit`. Names that are not UTF-8 are left
    /// out. Costs no network.
    pub async fn tree(
        &self,
        commit: &CommitId,
        mut wanted: impl FnMut(&str) -> bool,
        limit: usize,
    ) -> Result<Vec<TreeFile>, GitError> {
        let mut files = Vec::new();
        if limit == 0 {
            return Ok(files);
        }
        let command = self.command("list files").output_limit(LISTING_LIMIT);
        let command = command.args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str()]);
        let ending = command
            .records(0, |record| {
                files.extend(parse_entry(record).filter(|entry| wanted(&entry.path)));
                if files.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await?;
        match ending.status {
            Some(status) if !status.success() => self.checked(Err(failure::of("list files", None, status, ending.stderr))),
            _ => Ok(files),
        }
    }

    /// Brings the blobs of these files here, in one request, so that [`Repository::grep`] finds them. Nothing happens in the
    /// user's own repository.
    pub async fn fetch_blobs(&self, commit: &CommitId, paths: &[&str]) -> Result<(), GitError> {
        let entries = self.entries(commit, paths).await?;
        self.fetch_objects(&entries.iter().map(|entry| entry.object.as_str()).collect::<Vec<_>>()).await
    }

    /// Paths of the regular files that `wanted` picks, in the order of git's trees, at most `limit`. Names that are not
    /// UTF-8 are left out. Costs no network.
    pub async fn list(
        &self,
        commit: &CommitId,
        mut wanted: impl FnMut(&str) -> bool,
        limit: usize,
    ) -> Result<Vec<String>, GitError> {
        let files = self.tree(commit, &mut wanted, limit).await?;
        Ok(files.into_iter().map(|file| file.path).collect())
    }

    /// Paths of the regular files at these paths, or below those that are folders, at most `limit`. Names that are not UTF-8 are
    /// left out. Costs no network, and reads no more of the tree than these paths.
    pub async fn list_at(&self, commit: &CommitId, paths: &[String], limit: usize) -> Result<Vec<String>, GitError> {
        let paths: Vec<&str> = paths.iter().map(String::as_str).filter(|path| is_tree_path(path)).collect();
        let mut found = Vec::new();
        for paths in argument_lists(&paths) {
            let command = self.command("list files").output_limit(LISTING_LIMIT);
            let command = command.args(["ls-tree", "-r", "-z", "--full-tree", commit.as_str(), "--"]).args(paths);
            let output = self.checked(command.run().await)?;
            found.extend(output.split(|byte| *byte == 0).filter_map(parse_entry).map(|entry| entry.path));
            if found.len() >= limit {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    /// What stands at exactly these paths, of whatever kind: each path with whether it is a folder. Costs no network.
    pub async fn standing_at(&self, commit: &CommitId, paths: &[&str]) -> Result<BTreeMap<String, bool>, GitError> {
        let paths: Vec<&str> = paths.iter().copied().filter(|path| is_tree_path(path)).collect();
        let mut found = BTreeMap::new();
        for paths in argument_lists(&paths) {
            let command = self.command("look what is there").args(["ls-tree", "-z", "--full-tree", commit.as_str(), "--"]);
            let output = self.checked(command.args(paths).run().await)?;
            for record in output.split(|byte| *byte == 0) {
                let entry = std::str::from_utf8(record).ok().and_then(|record| record.split_once('\t'));
                // Of a folder that another path leads through, git lists what is in it.
                let entry = entry.filter(|(_, path)| paths.contains(path));
                found.extend(entry.map(|(columns, path)| (path.to_owned(), columns.split(' ').nth(1) == Some("tree"))));
            }
        }
        Ok(found)
    }

    /// Lines that hold `word` as a whole word, at most `limit`, in order of path and line. Searches only blobs that are
    /// here: in a mirror those of the diff and of [`Repository::fetch_blobs`].
    pub async fn grep(&self, commit: &CommitId, word: &str, limit: usize) -> Result<Vec<GrepHit>, GitError> {
        self.search(commit, Search { text: word, is_word: true, under: "" }, limit).await
    }

    /// Lines that hold a text, as [`Repository::grep`] finds words.
    pub async fn search(&self, commit: &CommitId, search: Search<'_>, limit: usize) -> Result<Vec<GrepHit>, GitError> {
        self.search_files(commit, search, |_| true, limit).await
    }

    /// Lines that hold a text in the files that `wanted` picks; `limit` counts those alone.
    pub async fn search_files(
        &self,
        commit: &CommitId,
        search: Search<'_>,
        mut wanted: impl FnMut(&str) -> bool,
        limit: usize,
    ) -> Result<Vec<GrepHit>, GitError> {
        let mut hits = Vec::new();
        let Search { text, is_word, under } = search;
        let is_path = under.is_empty() || is_tree_path(under);
        if limit == 0 || text.is_empty() || text.len() > MAX_SEARCH_BYTES || text.contains(['\0', '\n', '\r']) || !is_path {
            return Ok(hits);
        }
        let prefix = format!("{commit}:");
        let mut command = self.command("grep").args(["grep", "-z", "-n", "-I", "-F", "--no-color", "--no-textconv"]);
        if is_word {
            command = command.arg("-w");
        }
        command = command.args(["-e", text, commit.as_str(), "--"]);
        if !under.is_empty() {
            command = command.arg(under);
        }
        let ending = command
            .records(b'\n', |record| {
                hits.extend(parse_hit(record, &prefix).filter(|hit| wanted(&hit.path)));
                if hits.len() >= limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .await;
        match ending {
            // More than any reader wants: what came so far is good.
            Err(GitError::TooLarge { .. }) => Ok(hits),
            Err(error) => Err(error),
            // 1: no hit. Blobs that are not here are told on stderr and passed over.
            Ok(ending) => match ending.status {
                Some(status) if !matches!(status.code(), Some(0 | 1)) => {
                    self.checked(Err(failure::of("grep", None, status, ending.stderr)))
                }
                _ => Ok(hits),
            },
        }
    }

    /// Where the files of a mirror are kept, and where what is derived from them may be kept beside them; it goes with the
    /// mirror. None for the user's own repository.
    pub fn mirror_directory(&self) -> Option<&Path> {
        self.lease.is_some().then_some(self.directory.as_path())
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    pub(super) fn remote_url(&self) -> Option<&Url> {
        self.surroundings.remote.as_ref().map(|remote| &remote.url)
    }

    /// Whether there is another repository to ask for what the remote lacks.
    pub(super) fn has_fork(&self) -> bool {
        self.surroundings.remote.as_ref().is_some_and(|remote| remote.fork.is_some())
    }

    /// A command that reads what is here.
    pub(super) fn command<'a>(&'a self, action: &'a str) -> GitCommand<'a> {
        GitCommand::new(action, &self.surroundings, self.deadlines.local).in_directory(&self.directory)
    }

    /// A command that may fetch; in the user's own repository it may not.
    pub(super) fn network_command<'a>(&'a self, action: &'a str) -> GitCommand<'a> {
        if self.surroundings.remote.is_none() {
            return self.command(action);
        }
        GitCommand::new(action, &self.surroundings, self.deadlines.network).in_directory(&self.directory).with_network()
    }

    /// For each object name whether it is here, without asking the server.
    pub(super) async fn present(&self, action: &str, names: impl Iterator<Item = String>) -> Result<Vec<bool>, GitError> {
        let names: Vec<String> = names.collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let input = lines(names.iter().map(String::as_str));
        let output = self.command(action).args(["cat-file", "--batch-check"]).input(input).run().await?;
        let text = String::from_utf8_lossy(&output);
        let mut found: Vec<bool> = text.lines().map(|line| !line.ends_with(" missing")).collect();
        found.resize(names.len(), false);
        Ok(found)
    }

    /// The regular files among the paths.
    async fn entries(&self, commit: &CommitId, paths: &[&str]) -> Result<Vec<TreeFile>, GitError> {
        let mut wanted: Vec<&str> = paths.iter().copied().filter(|path| is_tree_path(path)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut entries = Vec::new();
        for now in argument_lists(&wanted) {
            let command = self.command("look for files").args(["ls-tree", "-z", "--full-tree", commit.as_str(), "--"]);
            let output = self.checked(command.args(now).run().await)?;
            let found = output.split(|byte| *byte == 0).filter_map(parse_entry);
            entries.extend(found.filter(|entry| now.binary_search(&entry.path.as_str()).is_ok()));
        }
        Ok(entries)
    }

    /// One request for all objects that are not here, the way git itself asks for missing ones. (`cat-file` would ask for
    /// each one by itself.) Nothing happens in the user's own repository.
    pub async fn fetch_objects(&self, objects: &[&str]) -> Result<(), GitError> {
        if self.surroundings.remote.is_none() {
            return Ok(());
        }
        let found = self.present("look for blobs", objects.iter().map(|&object| object.to_owned())).await?;
        let missing = objects.iter().zip(found).filter(|(_, found)| !found).map(|(object, _)| *object);
        let mut missing: Vec<&str> = missing.collect();
        missing.sort_unstable();
        missing.dedup();
        if missing.is_empty() {
            return Ok(());
        }
        let command = |remote: &str| {
            self.network_command("fetch blobs")
                .without_lazy_fetch()
                .setting("fetch.negotiationAlgorithm", "noop")
                .args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--recurse-submodules=no"])
                .args(["--filter=blob:none", "--stdin", remote])
                .input(lines(missing.iter().copied()))
        };
        let fetched = match command(ORIGIN).run().await {
            Err(error) if self.has_fork() && failure::is_missing_object(&error) => command(FORK).run().await,
            fetched => fetched,
        };
        self.checked(fetched).map(drop)
    }

    /// Bytes of each object that is here.
    pub async fn sizes(&self, objects: &[&str]) -> Result<HashMap<String, u64>, GitError> {
        if objects.is_empty() {
            return Ok(HashMap::new());
        }
        let input = lines(objects.iter().copied());
        let command = self.command("measure files").input(input);
        let command = command.args(["cat-file", "--batch-check=%(objectname) %(objectsize)"]);
        let output = self.checked(command.run().await)?;
        let text = String::from_utf8_lossy(&output);
        let sizes = text.lines().filter_map(|line| {
            let (object, size) = line.split_once(' ')?;
            Some((object.to_owned(), size.parse().ok()?))
        });
        Ok(sizes.collect())
    }

    /// When the files of a mirror are damaged, the next fetch must build it anew.
    fn checked<T>(&self, outcome: Result<T, GitError>) -> Result<T, GitError> {
        if let (Err(error), Some(lease)) = (&outcome, &self.lease)
            && failure::is_damage(error)
            && let Err(error) = std::fs::remove_file(&lease.marker)
        {
            tracing::debug!(marker = %lease.marker.display(), %error, "the marker of a damaged mirror could not be removed");
        }
        outcome
    }
}

/// What [`Repository::search`] looks for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// On one line, letter by letter.
    pub text: &'a str,
    /// Only where it stands as a whole word.
    pub is_word: bool,
    /// A folder or a file; empty for everything.
    pub under: &'a str,
}

/// The paths in lists that each fit into the arguments of one process.
fn argument_lists<'a, 'b>(paths: &'a [&'b str]) -> Vec<&'a [&'b str]> {
    let (mut lists, mut rest) = (Vec::new(), paths);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |path: &&&str| {
            bytes += path.len() + 1;
            bytes <= ARGUMENT_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        lists.push(now);
        rest = later;
    }
    lists
}

/// A path that can stand in a tree: relative, without empty, `.` and `..` parts.
fn is_tree_path(path: &str) -> bool {
    !path.contains('\0') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// `<mode> <type> <object>\t<path>` of a regular file.
fn parse_entry(record: &[u8]) -> Option<TreeFile> {
    let (columns, path) = std::str::from_utf8(record).ok()?.split_once('\t')?;
    let mut columns = columns.split(' ');
    let is_regular = matches!(columns.next()?, "100644" | "100755" | "100664") && columns.next()? == "blob";
    is_regular.then_some(TreeFile { path: path.to_owned(), object: columns.next()?.to_owned() })
}

/// `<commit>:<path>\0<line>\0<text>`.
fn parse_hit(record: &[u8], prefix: &str) -> Option<GrepHit> {
    let mut fields = record.splitn(3, |byte| *byte == 0);
    let path = std::str::from_utf8(fields.next()?).ok()?.strip_prefix(prefix)?.to_owned();
    let line = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let text = fields.next()?;
    // A character has at most four bytes.
    let text = String::from_utf8_lossy(text.get(..HIT_CHARACTERS * 4).unwrap_or(text)).into_owned();
    let text = text.trim_end_matches('\r').chars().take(HIT_CHARACTERS).collect();
    Some(GrepHit { path, line, text })
}

/// `<object> <type> <size>\n<bytes>\n`, repeated.
fn parse_batch(mut output: &[u8]) -> HashMap<&str, &[u8]> {
    let mut contents = HashMap::new();
    while let Some(end) = output.iter().position(|byte| *byte == b'\n') {
        let (header, rest) = output.split_at(end);
        let Some(rest) = rest.get(1..) else { break };
        output = rest;
        let Some((object, kind_and_size)) = std::str::from_utf8(header).ok().and_then(|header| header.split_once(' ')) else {
            break;
        };
        let size = kind_and_size.split_once(' ').and_then(|(_, size)| size.parse::<usize>().ok());
        // Without a size: `<object> missing`, which has no content.
        let Some(size) = size else { continue };
        let (Some(content), Some(rest)) = (output.get(..size), size.checked_add(1).and_then(|next| output.get(next..))) else {
            break;
        };
        contents.insert(object, content);
        output = rest;
    }
    contents
}

fn lines<'a>(names: impl Iterator<Item = &'a str>) -> Vec<u8> {
    names.fold(Vec::new(), |mut input, name| {
        input.extend_from_slice(name.as_bytes());
        input.push(b'\n');
        input
    })
}

/// One line of git's output as a path.
fn path_of(mut output: Vec<u8>) -> PathBuf {
    if output.last() == Some(&b'\n') {
        output.pop();
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        PathBuf::from(std::ffi::OsString::from_vec(output))
    }
    #[cfg(not(unix))]
    PathBuf::from(String::from_utf8_lossy(&output).into_owned())
}
