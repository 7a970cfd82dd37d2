//! What finders and verifiers look at beside the pack: the tools of `review_core::prompt::tools`, run over the two commits.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use futures::{FutureExt as _, future::BoxFuture};
use review_core::{
    configuration::PathFilters,
    prompt::tools::{Hit, Look, TOOL_WORDS, Version, parse_look, show_hits, show_lines, show_paths, tools},
    pull_request::CommitId,
    redaction::Redactor,
    scope::path_filters,
};
use tokio::sync::OnceCell;

use super::{
    analysis::AnalysisError,
    evidence::{Change, blocking},
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
    searchable: OnceCell<()>,
    /// Without secrets, by version and path.
    texts: Mutex<HashMap<TextKey, Option<Arc<str>>>>,
    tools: Vec<Tool>,
}

impl Lookout {
    pub(super) fn new<'a>(change: &Change<'_>, redactor: &Redactor, paths: impl Iterator<Item = &'a str>) -> Self {
        let endings = paths.filter_map(|path| path.rsplit_once('.')).map(|(_, ending)| ending.to_owned());
        let definitions = tools().into_iter();
        Self {
            repository: change.repository.clone(),
            base: change.base.clone(),
            head: change.head.clone(),
            redactor: redactor.clone(),
            filters: path_filters(&change.configuration.reviews.path_filters),
            endings: endings.collect(),
            searchable: OnceCell::new(),
            texts: Mutex::default(),
            tools: definitions
                .map(|tool| Tool { name: tool.name, description: tool.description, parameters: tool.parameters })
                .collect(),
        }
    }

    /// Runs a tool for a model.
    pub(super) fn run(&self, tool_use: ToolUse) -> BoxFuture<'_, String> {
        async move {
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
            toolbox: Toolbox { tools: &self.tools, words: TOOL_WORDS },
            most_turns,
            most_bytes: prompt_tokens.saturating_mul(BYTES_PER_TOKEN),
            most_tokens: (prompt_tokens as u64).saturating_mul(TOKENS_FACTOR),
            run,
        }
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
            Look::References { name } => {
                let search = Search { text: name, is_word: true, under: "" };
                self.search(Version::Head, search, &format!("references to {name}")).await
            }
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
        }
        Ok(text)
    }

    async fn search(&self, version: Version, search: Search<'_>, label: &str) -> Result<String, AnalysisError> {
        self.searchable.get_or_init(|| self.fetch_neighbours()).await;
        let found = self.repository.search(self.commit(version), search, MAX_HITS + 1).await?;
        let mut is_all = found.len() <= MAX_HITS;
        let (mut hits, mut files) = (Vec::new(), HashMap::new());
        for hit in found.into_iter().take(MAX_HITS) {
            if !files.contains_key(&hit.path) {
                if files.len() >= MAX_HIT_FILES {
                    is_all = false;
                    continue;
                }
                let text = self.text(version, &hit.path).await?;
                let path = hit.path.clone();
                let read = blocking("indexing", move || {
                    let index = text.as_deref().and_then(|text| code_index::index(&path, text));
                    (text, index)
                });
                files.insert(hit.path.clone(), read.await?);
            }
            let Some((Some(text), index)) = files.get(&hit.path) else { continue };
            let line = text.lines().nth(hit.line.saturating_sub(1) as usize).unwrap_or_default().to_owned();
            // A line that holds the text only under a placeholder would tell, guess by guess, what the secret is.
            if !line.contains(search.text) {
                continue;
            }
            let within = index.as_ref().and_then(|index| index.enclosing_function(hit.line)).map(|symbol| symbol.name.clone());
            hits.push(Hit { path: hit.path, line: hit.line, text: line, within });
        }
        Ok(show_hits(label, &hits, is_all, &self.filters))
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
