//! The code index of a commit: which files, from where, within which bounds. What an index is says the crate `code-index`.
//!
//! Each blob is parsed once: what became of it is kept beside the mirror. Files near the change come first, so that an index
//! that had to end early knows what matters most; it says how much it lacks.

mod cache;
mod parse;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use code_index::{CommitIndex, Family, FileIndex, Language, NotIndexed};
use review_core::pull_request::CommitId;

use self::cache::{Cache, Key, Outcome};
use crate::git::{GitError, Repository, TreeFile};

/// The cache, in the folder of the mirror.
const CACHE_FILE: &str = "coderabbit-agent.index";
/// Blobs that are fetched in one request.
const FETCHED_AT_A_TIME: usize = 4000;
/// Blobs and bytes that are read at a time, while those before are parsed.
const READ_AT_A_TIME: usize = 512;
const BYTES_AT_A_TIME: u64 = 16 << 20;

/// How much an index may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub files: usize,
    /// Larger files are set aside.
    pub file_bytes: u64,
    /// Memory that the indexes of all files may take together.
    pub index_bytes: usize,
    /// What the cache of one repository may hold.
    pub cache_bytes: u64,
    /// For fetching, reading and parsing together; what is done by then counts.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            files: 50_000,
            file_bytes: code_index::MAX_BYTES as u64,
            index_bytes: 512 << 20,
            cache_bytes: 256 << 20,
            time: Duration::from_mins(1),
        }
    }
}

/// What is to be indexed.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    pub commit: &'a CommitId,
    /// Files of other languages are passed over.
    pub families: &'a BTreeSet<Family>,
    /// Paths that the caller cares for: what is near them comes first.
    pub near: &'a [&'a str],
    /// Which of the files of those languages are looked at.
    pub is_wanted: &'a (dyn Fn(&str) -> bool + Send + Sync),
    /// The indexes of files that the caller has parsed already, from the very texts of this commit.
    pub parsed: &'a (dyn Fn(&str) -> Option<Arc<FileIndex>> + Send + Sync),
    pub limits: Limits,
}

/// An index and what it is made of.
#[derive(Debug)]
pub struct Indexed {
    pub index: CommitIndex,
    pub coverage: Coverage,
}

/// What became of the wanted files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    pub wanted: usize,
    pub indexed: usize,
    /// Blobs that were parsed now, and those that the cache knew.
    pub parsed: usize,
    pub from_cache: usize,
    /// Those that the caller had parsed.
    pub given: usize,
    /// Files without an index, by reason. Those that were not reached are among them.
    pub without: BTreeMap<NotIndexed, usize>,
}

impl Coverage {
    /// Files that may hold what is looked for, and that were not read for lack of time, memory or a network.
    pub fn not_reached(&self) -> usize {
        self.without.get(&NotIndexed::Stopped).copied().unwrap_or(0)
    }
}

/// Indexes the files of a commit. Trouble with single files, with the network and with the cache makes the index partial, and
/// is no error; that the commit itself cannot be read is one.
pub async fn index_commit(repository: &Repository, request: Request<'_>) -> Result<Indexed, GitError> {
    let deadline = Instant::now() + request.limits.time;
    let files = files_of(repository, &request).await?;
    let keys = keys_of(&files);
    let mut building = Building { request, deadline, known: HashMap::new(), weight: 0, coverage: Coverage::default() };
    let mut cache = match repository.mirror_directory() {
        Some(folder) => Cache::open(&folder.join(CACHE_FILE), &code_index::index_key()).await,
        None => None,
    };
    if let Some(cache) = &mut cache {
        building.recall(cache, &keys).await;
    }
    building.take_over(&mut cache, &files).await;
    let room = request.limits.files.saturating_sub(building.known.len());
    let missing: Vec<Key> = keys.iter().filter(|key| !building.known.contains_key(*key)).take(room).cloned().collect();
    building.read(repository, &mut cache, &missing).await;
    if let Some(mut cache) = cache {
        if !missing.is_empty() {
            let used: HashSet<&str> = keys.iter().map(|(object, _)| object.as_str()).collect();
            cache.evict(request.limits.cache_bytes, &used).await;
        }
        cache.close().await;
    }
    Ok(building.finish(files).await)
}

/// The wanted files with their languages, the nearest first.
async fn files_of(repository: &Repository, request: &Request<'_>) -> Result<Vec<(TreeFile, Language)>, GitError> {
    let language = |path: &str| Language::of_path(path).filter(|language| request.families.contains(&language.family()));
    let is_wanted = |path: &str| language(path).is_some() && (request.is_wanted)(path);
    // Some more than may be read, for the nearest to be chosen from.
    let listed = repository.tree(request.commit, is_wanted, request.limits.files.saturating_mul(4)).await?;
    let mut files: Vec<(TreeFile, Language)> =
        listed.into_iter().filter_map(|file| language(&file.path).map(|language| (file, language))).collect();
    let near = folders_of(request.near);
    files.sort_by_cached_key(|(file, _)| (std::cmp::Reverse(shared_folders(&file.path, &near)), file.path.clone()));
    Ok(files)
}

/// Each once, in order of the files.
fn keys_of(files: &[(TreeFile, Language)]) -> Vec<Key> {
    let mut seen = HashSet::new();
    let keys = files.iter().map(|(file, language)| (file.object.clone(), *language));
    keys.filter(|key| seen.insert(key.clone())).collect()
}

/// All folders above the paths.
fn folders_of<'a>(paths: &[&'a str]) -> HashSet<&'a str> {
    let mut folders = HashSet::new();
    for path in paths {
        let mut rest = *path;
        while let Some((folder, _)) = rest.rsplit_once('/') {
            folders.insert(folder);
            rest = folder;
        }
    }
    folders
}

/// How deep the deepest folder is that holds the file and one of the near ones.
fn shared_folders(path: &str, near: &HashSet<&str>) -> usize {
    let mut rest = path;
    while let Some((folder, _)) = rest.rsplit_once('/') {
        if near.contains(folder) {
            return folder.split('/').count();
        }
        rest = folder;
    }
    0
}

/// An index in the making.
struct Building<'a> {
    request: Request<'a>,
    deadline: Instant,
    known: HashMap<Key, Result<Arc<FileIndex>, NotIndexed>>,
    weight: usize,
    coverage: Coverage,
}

impl Building<'_> {
    /// Takes what the cache knows.
    async fn recall(&mut self, cache: &mut Cache, keys: &[Key]) {
        if self.is_over() {
            return;
        }
        let wanted = keys.get(..self.request.limits.files).unwrap_or(keys);
        let mut stored: Vec<(Key, Vec<u8>)> = Vec::new();
        let deadline = self.deadline;
        cache
            .load(wanted, |key, bytes| {
                stored.push((key, bytes));
                Instant::now() < deadline
            })
            .await;
        for (key, outcome) in parse::restored(stored).await {
            self.coverage.from_cache += 1;
            self.learn(key, outcome);
        }
    }

    /// Takes what the caller has parsed and the cache does not know.
    async fn take_over(&mut self, cache: &mut Option<Cache>, files: &[(TreeFile, Language)]) {
        let given: HashMap<Key, Arc<FileIndex>> = files
            .iter()
            .map(|(file, language)| ((file.object.clone(), *language), &file.path))
            .filter(|(key, _)| !self.known.contains_key(key))
            .filter_map(|(key, path)| Some((key, (self.request.parsed)(path)?)))
            .filter(|((_, language), index)| index.language() == *language)
            .collect();
        if let Some(cache) = cache.as_mut().filter(|_| !given.is_empty()) {
            let bytes = |(key, index): (&Key, &Arc<FileIndex>)| (key.clone(), code_index::index_to_bytes(index));
            cache.store(&given.iter().map(bytes).collect::<Vec<_>>()).await;
        }
        self.coverage.given = given.len();
        for (key, index) in given {
            self.learn(key, Ok(index));
        }
    }

    /// Fetches, reads and parses what the cache does not know.
    async fn read(&mut self, repository: &Repository, cache: &mut Option<Cache>, missing: &[Key]) {
        for some in missing.chunks(FETCHED_AT_A_TIME) {
            if self.is_over() {
                return;
            }
            let objects: Vec<&str> = some.iter().map(|(object, _)| object.as_str()).collect();
            let reading = async {
                repository.fetch_objects(&objects).await?;
                repository.sizes(&objects).await
            };
            let sizes = match tokio::time::timeout_at(self.deadline.into(), reading).await {
                Ok(Ok(sizes)) => sizes,
                Ok(Err(error)) => return tracing::warn!(%error, "files for the code index cannot be fetched"),
                Err(_) => return tracing::info!("fetching files for the code index takes too long; it goes on in the next run"),
            };
            if !self.parse(repository, cache, some, &sizes).await {
                return;
            }
        }
    }

    /// Whether there is reason to go on.
    async fn parse(
        &mut self,
        repository: &Repository,
        cache: &mut Option<Cache>,
        keys: &[Key],
        sizes: &HashMap<String, u64>,
    ) -> bool {
        let mut batches = batches(keys, sizes, self.request.limits.file_bytes);
        let large = std::mem::take(&mut batches.too_large);
        self.keep(cache, large.into_iter().map(|key| (key, Err(NotIndexed::TooLarge))).collect()).await;
        let mut under_way: Option<tokio::task::JoinHandle<Vec<(Key, Outcome)>>> = None;
        for batch in batches.keys {
            let objects: Vec<&str> = batch.iter().map(|(object, _)| object.as_str()).collect();
            // The next ones are read while the last ones are parsed.
            let read = repository.contents(&objects).await;
            if let Some(parsed) = under_way.take() {
                self.keep(cache, parsed.await.unwrap_or_default()).await;
            }
            if self.is_over() {
                return false;
            }
            match read {
                Ok(contents) => under_way = Some(tokio::task::spawn_blocking(parse::parsing(batch, contents, self.deadline))),
                Err(error) => {
                    tracing::warn!(%error, "files for the code index cannot be read");
                    return false;
                }
            }
        }
        if let Some(parsed) = under_way {
            self.keep(cache, parsed.await.unwrap_or_default()).await;
        }
        true
    }

    async fn keep(&mut self, cache: &mut Option<Cache>, outcomes: Vec<(Key, Outcome)>) {
        let done = |(_, outcome): &&(Key, Outcome)| !matches!(outcome, Err(NotIndexed::Stopped));
        if let Some(cache) = cache {
            let stored: Vec<(Key, Vec<u8>)> =
                outcomes.iter().filter(done).map(|(key, outcome)| (key.clone(), code_index::to_bytes(outcome))).collect();
            cache.store(&stored).await;
        }
        self.coverage.parsed += outcomes.iter().filter(done).count();
        for (key, outcome) in outcomes {
            self.learn(key, outcome.map(Arc::new));
        }
    }

    fn learn(&mut self, key: Key, outcome: Result<Arc<FileIndex>, NotIndexed>) {
        let weight = outcome.as_ref().map_or(0, |index| index.weight());
        let fits = self.weight.saturating_add(weight) <= self.request.limits.index_bytes;
        self.weight = self.weight.saturating_add(weight);
        self.known.insert(key, if fits { outcome } else { Err(NotIndexed::Stopped) });
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.deadline || self.weight > self.request.limits.index_bytes
    }

    async fn finish(self, files: Vec<(TreeFile, Language)>) -> Indexed {
        let Self { known, mut coverage, .. } = self;
        coverage.wanted = files.len();
        let mut found: Vec<(String, Arc<FileIndex>)> = Vec::with_capacity(files.len());
        for (file, language) in files {
            match known.get(&(file.object, language)) {
                Some(Ok(index)) => found.push((file.path, Arc::clone(index))),
                Some(Err(why)) => *coverage.without.entry(*why).or_default() += 1,
                None => *coverage.without.entry(NotIndexed::Stopped).or_default() += 1,
            }
        }
        coverage.indexed = found.len();
        // Sorting a million names is no work for a thread that answers webhooks.
        let index = tokio::task::spawn_blocking(move || CommitIndex::new(found)).await.unwrap_or_default();
        Indexed { index, coverage }
    }
}

/// Blobs in the portions in which they are read.
#[derive(Default)]
struct Batches {
    keys: Vec<Vec<Key>>,
    too_large: Vec<Key>,
}

fn batches(keys: &[Key], sizes: &HashMap<String, u64>, most_bytes: u64) -> Batches {
    let mut batches = Batches::default();
    let (mut batch, mut bytes) = (Vec::new(), 0_u64);
    for key in keys {
        // Without a size it is not here.
        let Some(&size) = sizes.get(&key.0) else { continue };
        if size > most_bytes {
            batches.too_large.push(key.clone());
            continue;
        }
        if batch.len() >= READ_AT_A_TIME || bytes.saturating_add(size) > BYTES_AT_A_TIME {
            batches.keys.push(std::mem::take(&mut batch));
            bytes = 0;
        }
        batch.push(key.clone());
        bytes = bytes.saturating_add(size);
    }
    if !batch.is_empty() {
        batches.keys.push(batch);
    }
    batches
}
