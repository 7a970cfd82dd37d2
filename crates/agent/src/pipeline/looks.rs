//! What finders and verifiers look at beside the pack: the tools of `review_core::prompt::tools`, run over the two commits.

mod linked;
mod references;
mod web;

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use code_index::{CommitIndex, FileIndex};
use futures::{FutureExt as _, future::BoxFuture};
pub(super) use linked::LinkedRepository;
use review_core::{
    configuration::PathFilters,
    prompt::tools::{
        Hit, LinkedName, Look, TOOL_WORDS, Version, WEB_SEARCH, WEB_WORDS, linked_words, parse_look, repository_of, show_hits,
        show_lines, show_name, show_paths, tools, web_tool, with_repositories,
    },
    pull_request::CommitId,
    redaction::Redactor,
    scope::path_filters,
};
use tokio::sync::OnceCell;
pub(super) use web::RunSearches;

use super::{
    analysis::AnalysisError,
    evidence::{Change, Evidence, EvidenceFile, blocking},
    past::FileHistories,
};
use crate::{
    git::{Repository, Search},
    llm::{Looks, Tool, ToolUse, Toolbox},
};

/// A text above this size is not shown.
const MAX_TEXT_BYTES: u64 = 1_000_000;
/// Texts that are kept for the next look.
const MAX_KEPT: usize = 200;
const MAX_HITS: usize = 60;
/// Files whose hits are shown; each is read whole, since a line alone does not tell that it is part of a secret.
const MAX_HIT_FILES: usize = 20;
const MAX_PATHS: usize = 500;
/// Tokens that one question with its looks may take, in times of what a prompt may hold. Most of them are read from the
/// provider's cache.
const TOKENS_FACTOR: u64 = 8;
/// Of code, as most tokenizers have it.
const BYTES_PER_TOKEN: usize = 4;
/// Files that are fetched so that they can be searched.
const MAX_SEARCHED: usize = 2_000;

type TextKey = (Version, String);

/// What one look has found so far, within its limits.
#[derive(Default)]
struct Hits {
    count: usize,
    /// None: not shown, or no text.
    files: HashMap<String, Option<HitFile>>,
    /// There is more than the limits allow.
    is_cut: bool,
}

/// A file with hits.
struct HitFile {
    /// Without its secrets.
    text: Arc<str>,
    index: Option<FileIndex>,
}

impl Hits {
    fn room(&self) -> usize {
        MAX_HITS.saturating_sub(self.count)
    }

    /// The file, read once; None when it cannot be shown or is one too many. `is_parsed`: with its index.
    async fn file(
        &mut self,
        lookout: &Lookout,
        version: Version,
        path: &str,
        is_parsed: bool,
    ) -> Result<Option<&HitFile>, AnalysisError> {
        if !self.files.contains_key(path) {
            if self.files.len() >= MAX_HIT_FILES {
                self.is_cut = true;
                return Ok(None);
            }
            let file = match lookout.text(version, path).await? {
                None => None,
                Some(text) if !is_parsed => Some(HitFile { text, index: None }),
                Some(text) => {
                    let name = path.to_owned();
                    let parse = move || HitFile { index: code_index::index(&name, &text), text };
                    Some(blocking("indexing", parse).await?)
                }
            };
            self.files.insert(path.to_owned(), file);
        }
        Ok(self.files.get(path).and_then(Option::as_ref))
    }
}

impl HitFile {
    /// Counted from 1.
    fn line(&self, number: u32) -> Option<String> {
        self.text.lines().nth(number.checked_sub(1)? as usize).map(str::to_owned)
    }
}

/// The repository as it can be looked at during one run. Everything is read from git's objects: no file of the change is ever
/// on a disk under its own name, and none is run.
pub(super) struct Lookout {
    repository: Repository,
    base: CommitId,
    head: CommitId,
    redactor: Redactor,
    /// What is left out of reviews is left out of looks too.
    filters: PathFilters,
    /// Endings of the files of the change: others of their kinds are worth a search.
    endings: BTreeSet<String>,
    /// Of the head; see [`Evidence::index`].
    index: Option<Arc<CommitIndex>>,
    searchable: OnceCell<()>,
    histories: FileHistories,
    /// Without secrets, by version and path.
    texts: Mutex<HashMap<TextKey, Option<Arc<str>>>>,
    tools: Vec<Tool>,
    /// What models are told about the tools.
    words: String,
    /// Repositories that may be read beside this one.
    linked: Arc<Vec<LinkedRepository>>,
    /// None: the web is not searched.
    searches: Option<Arc<RunSearches>>,
    /// The packs and the files of the change, where a query is compared with what a model was shown.
    packs: Vec<Arc<str>>,
    /// More was read than is kept.
    is_unremembered: AtomicBool,
}

impl Lookout {
    pub(super) fn new(change: &Change<'_>, redactor: &Redactor, evidence: &Evidence) -> Self {
        let paths = evidence.files.keys();
        let endings = paths.filter_map(|path| path.rsplit_once('.')).map(|(_, ending)| ending.to_owned());
        let searches = change.elsewhere.searches.clone();
        let linked = Arc::clone(&change.elsewhere.linked);
        let names: Vec<LinkedName<'_>> = linked.iter().map(LinkedRepository::name).collect();
        let definitions = with_repositories(tools(), &names).into_iter().chain(searches.is_some().then(web_tool));
        let web_words = if searches.is_some() { WEB_WORDS } else { "" };
        let words = format!("{TOOL_WORDS}{}{web_words}", linked_words(&names));
        let packs: Vec<Arc<str>> = if searches.is_some() {
            // The packs have numbers before each line; the files are what a query would repeat across lines.
            let texts = evidence.files.values().flat_map(|file| [Some(&file.head_text), file.base_text.as_ref()]).flatten();
            let packs = [&evidence.pack.text, &evidence.overview.text];
            packs.into_iter().chain(texts).map(|text| Arc::from(text.as_str())).collect()
        } else {
            Vec::new()
        };
        let old_name = |(path, file): (&String, &EvidenceFile)| Some((path.clone(), file.diff.old_path.clone()?));
        let old_names = evidence.files.iter().filter_map(old_name).collect();
        let (base, repository) = (change.base.clone(), change.repository.clone());
        Self {
            repository: change.repository.clone(),
            base: change.base.clone(),
            head: change.head.clone(),
            redactor: redactor.clone(),
            filters: path_filters(&change.configuration.reviews.path_filters),
            endings: endings.collect(),
            index: evidence.index.clone(),
            searchable: OnceCell::new(),
            histories: FileHistories::new(change.past.clone(), base, repository, old_names),
            texts: Mutex::default(),
            tools: definitions
                .map(|tool| Tool { name: tool.name, description: tool.description, parameters: tool.parameters })
                .collect(),
            words,
            linked: Arc::clone(&linked),
            searches,
            packs,
            is_unremembered: AtomicBool::new(false),
        }
    }

    /// With texts that a model is shown beside the packs.
    pub(super) fn beside(mut self, texts: impl IntoIterator<Item = Arc<str>>) -> Self {
        if self.searches.is_some() {
            self.packs.extend(texts);
        }
        self
    }

    /// Runs a tool for a model.
    pub(super) fn run(&self, tool_use: ToolUse) -> BoxFuture<'_, String> {
        async move {
            if let Some(searches) = self.searches.as_ref().filter(|_| tool_use.name == WEB_SEARCH) {
                return searches.run(&tool_use.arguments, self.seen()).await;
            }
            if let Some(name) = repository_of(&tool_use.arguments).filter(|_| !self.linked.is_empty()) {
                let is_meant = |linked: &&LinkedRepository| linked.name().name.eq_ignore_ascii_case(&name);
                if let Some(linked) = self.linked.iter().find(is_meant) {
                    return linked.run(&tool_use.name, &tool_use.arguments, &self.redactor).await;
                }
                let names: Vec<&str> = self.linked.iter().map(|linked| linked.name().name).collect();
                return format!("There is no linked repository of that name. Linked are: {}.", names.join(", "));
            }
            let look = match parse_look(&tool_use.name, &tool_use.arguments, &self.filters) {
                Ok(look) => look,
                Err(problem) => return problem,
            };
            tracing::debug!(?look, "a model looks further");
            self.look(&look).await.unwrap_or_else(|error| {
                tracing::warn!(?look, %error, "a look failed");
                "That could not be read. Do without it.".to_owned()
            })
        }
        .boxed()
    }

    /// The tools, with limits for one question. What is seen may take as much as the pack, `prompt_tokens`.
    pub(super) fn looks<'a>(
        &'a self,
        run: &'a (dyn Fn(ToolUse) -> BoxFuture<'a, String> + Send + Sync),
        most_turns: usize,
        prompt_tokens: usize,
    ) -> Looks<'a> {
        Looks {
            toolbox: Toolbox { tools: &self.tools, words: &self.words },
            most_turns,
            most_bytes: prompt_tokens.saturating_mul(BYTES_PER_TOKEN),
            most_tokens: (prompt_tokens as u64).saturating_mul(TOKENS_FACTOR),
            run,
        }
    }

    /// All that a model may have seen of the code. None: more than is kept, so that nothing can be compared with it.
    fn seen(&self) -> Option<Vec<Arc<str>>> {
        if self.is_unremembered.load(Ordering::Relaxed) {
            return None;
        }
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut seen: Vec<Arc<str>> = self.packs.iter().chain(texts.values().flatten()).cloned().collect();
        for linked in self.linked.iter() {
            seen.extend(linked.seen()?);
        }
        Some(seen)
    }

    async fn look(&self, look: &Look) -> Result<String, AnalysisError> {
        match look {
            Look::Read { path, lines, version } => {
                let text = self.text(*version, path).await?;
                Ok(show_lines(path, *version, *lines, text.as_deref()))
            }
            Look::Search { text, under, version } => {
                let search = Search { text, is_word: false, under };
                self.search(*version, search, &format!("lines that hold {text}")).await
            }
            Look::References { name } => Ok(show_name(name, &self.references(name).await?, &self.filters)),
            Look::History { path } => Ok(self.histories.show(path).await),
            Look::List { under } => {
                let folder = format!("{under}/");
                let is_below = |path: &str| under.is_empty() || path == under || path.starts_with(&folder);
                let mut paths = self.repository.list(&self.head, is_below, MAX_PATHS + 1).await?;
                let is_all = paths.len() <= MAX_PATHS;
                paths.truncate(MAX_PATHS);
                Ok(show_paths(under, &paths, is_all))
            }
        }
    }

    fn commit(&self, version: Version) -> &CommitId {
        match version {
            Version::Head => &self.head,
            Version::Base => &self.base,
        }
    }

    /// The whole file without its secrets; None when there is none, or when it is too large.
    async fn text(&self, version: Version, path: &str) -> Result<Option<Arc<str>>, AnalysisError> {
        let key = (version, path.to_owned());
        let kept = |texts: &Mutex<HashMap<_, _>>| texts.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(text) = kept(&self.texts) {
            return Ok(text);
        }
        let blob = self.repository.blob(self.commit(version), path, MAX_TEXT_BYTES).await?;
        let redactor = self.redactor.clone();
        let text = blocking("reading a file", move || {
            let text = blob.filter(|blob| !blob.contains(&0)).map(|blob| String::from_utf8_lossy(&blob).into_owned());
            text.map(|text| Arc::<str>::from(redactor.redact(&text).text.as_ref()))
        })
        .await?;
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() < MAX_KEPT {
            texts.insert(key, text.clone());
        } else {
            self.is_unremembered.store(true, Ordering::Relaxed);
        }
        Ok(text)
    }

    async fn search(&self, version: Version, search: Search<'_>, label: &str) -> Result<String, AnalysisError> {
        let mut hits = Hits::default();
        let lines = self.lines_that_hold(version, search, |_| true, &mut hits).await?;
        Ok(show_hits(label, &lines, !hits.is_cut, &self.filters))
    }

    /// Lines of the wanted files that hold the text, as far as `hits` has room.
    async fn lines_that_hold(
        &self,
        version: Version,
        search: Search<'_>,
        wanted: impl Fn(&str) -> bool,
        hits: &mut Hits,
    ) -> Result<Vec<Hit>, AnalysisError> {
        self.searchable.get_or_init(|| self.fetch_neighbours()).await;
        let room = hits.room();
        let found = self.repository.search_files(self.commit(version), search, wanted, room.saturating_add(1)).await?;
        hits.is_cut |= found.len() > room;
        let mut lines = Vec::new();
        for hit in found.into_iter().take(room) {
            let Some(file) = hits.file(self, version, &hit.path, true).await? else { continue };
            // A line that holds the text only under a placeholder would tell, guess by guess, what the secret is.
            let Some(text) = file.line(hit.line).filter(|line| line.contains(search.text)) else { continue };
            let function = file.index.as_ref().and_then(|index| index.enclosing_function(hit.line));
            let within = function.map(|function| function.name.clone());
            hits.count += 1;
            lines.push(Hit { path: hit.path, line: hit.line, text, within });
        }
        Ok(lines)
    }

    /// A mirror holds the files of the change only. Best effort: what cannot be fetched is not found.
    async fn fetch_neighbours(&self) {
        let is_kin = |path: &str| path.rsplit_once('.').is_some_and(|(_, ending)| self.endings.contains(ending));
        let fetched = async {
            for commit in [&self.head, &self.base] {
                let paths = self.repository.list(commit, is_kin, MAX_SEARCHED).await?;
                self.repository.fetch_blobs(commit, &paths.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            }
            Ok::<_, crate::git::GitError>(())
        };
        if let Err(error) = fetched.await {
            tracing::debug!(%error, "the files around the change cannot be fetched");
        }
    }
}
