//! Repositories that a team links with the one under review, at the tips of their default branches.
//!
//! Nothing is fetched before a model looks. The agent's token reads more than the people of one repository may: only repositories of the
//! same project are opened, as `remote_config` has it.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use review_core::{
    configuration::PathFilters,
    prompt::tools::{Hit, LinkedName, Look, parse_linked_look, show_hits, show_linked_lines, show_paths},
    pull_request::{CommitId, PullRequest, RepositoryKey},
    redaction::Redactor,
    scope::{path_filters, set_aside_by_path},
};
use tokio::sync::OnceCell;

use super::{MAX_HIT_FILES, MAX_HITS, MAX_KEPT, MAX_PATHS, MAX_SEARCHED, MAX_TEXT_BYTES};
use crate::{
    azure_devops::{AzureDevOps, Tip},
    git::{GitError, Mirrors, Repository, Search, Source},
    pipeline::{analysis::AnalysisError, evidence::blocking},
};

/// A model waits so long for a repository to be fetched; the fetch of the review itself was made before.
const PATIENCE: Duration = Duration::from_secs(90);
/// Its files, of which a search reads many.
const FILES_PATIENCE: Duration = Duration::from_mins(1);
const MAX_NAME_CHARS: usize = 100;
const MAX_INSTRUCTION_CHARS: usize = 2_000;

/// One linked repository. Opened once a run, when a model first looks.
#[derive(Debug)]
pub(in crate::pipeline) struct LinkedRepository {
    key: RepositoryKey,
    project_name: String,
    instructions: String,
    azure: AzureDevOps,
    mirrors: Arc<Mirrors>,
    /// Whether the mirror stays when the run is over.
    keeps_copies: bool,
    /// Err: why it cannot be read, for people.
    opened: OnceCell<Result<Opened, String>>,
}

#[derive(Debug)]
struct Opened {
    repository: Repository,
    tip: CommitId,
    searchable: OnceCell<()>,
    /// Without secrets, by path.
    texts: Mutex<HashMap<String, Option<Arc<str>>>>,
    /// More was shown than is kept.
    is_unremembered: AtomicBool,
}

impl LinkedRepository {
    /// The repository that `named` names (`backend-api`, `Project/backend-api`) beside the one of `pull_request`.
    ///
    /// # Errors
    /// Why it is not looked at, after "`backend-api`: ".
    pub(in crate::pipeline) fn new(
        named: &str,
        instructions: &str,
        pull_request: &PullRequest,
        azure: &AzureDevOps,
        mirrors: &Arc<Mirrors>,
    ) -> Result<Self, String> {
        let own = &pull_request.key.repository;
        let is_own_project =
            |project: &str| [&own.project, &pull_request.project_name].iter().any(|own| own.eq_ignore_ascii_case(project));
        let name = match named.trim().split_once('/') {
            Some((project, _)) if !is_own_project(project) => {
                return Err("it is of another project, whose repositories are not read for this one".to_owned());
            }
            Some((_, name)) => name,
            None => named.trim(),
        };
        let is_name =
            !name.is_empty() && name.chars().count() <= MAX_NAME_CHARS && !name.chars().any(|c| c.is_control() || c == '/');
        if !is_name {
            return Err("this is no name of a repository (`Project/repository`, or `repository` of the same project)".to_owned());
        }
        if [&own.repository, &pull_request.repository_name].iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err("it is the repository under review".to_owned());
        }
        Ok(Self {
            key: RepositoryKey { repository: name.to_owned(), ..own.clone() },
            project_name: pull_request.project_name.clone(),
            instructions: instructions.chars().take(MAX_INSTRUCTION_CHARS).collect(),
            azure: azure.clone(),
            mirrors: Arc::clone(mirrors),
            keeps_copies: true,
            opened: OnceCell::new(),
        })
    }

    pub(in crate::pipeline) fn keeping_copies(self, keeps_copies: bool) -> Self {
        Self { keeps_copies, ..self }
    }

    /// Its name, without the project.
    pub(in crate::pipeline) fn called(&self) -> &str {
        &self.key.repository
    }

    pub(in crate::pipeline) fn is_called(&self, name: &str) -> bool {
        self.key.repository.eq_ignore_ascii_case(name)
    }

    /// As a model is told of it.
    pub(super) fn name(&self) -> LinkedName<'_> {
        LinkedName { name: &self.key.repository, instructions: &self.instructions }
    }

    /// What was read of it, or why it could not be: for the details of the walkthrough. None: nobody looked.
    pub(in crate::pipeline) fn told(&self) -> Option<Result<(String, String), String>> {
        let name = self.key.repository.clone();
        let told = match self.opened.get()? {
            Ok(opened) => Ok((name, opened.tip.short().to_owned())),
            Err(problem) => Err(format!("The linked repository {name} was not read: {problem}.")),
        };
        Some(told)
    }

    /// Runs a tool on it for a model.
    pub(super) async fn run(&self, tool: &str, arguments: &str, redactor: &Redactor) -> String {
        let filters = path_filters(&[]);
        let look = match parse_linked_look(tool, arguments, &filters) {
            Ok(look) => look,
            Err(problem) => return problem,
        };
        let opening = async {
            tokio::time::timeout(PATIENCE, self.open()).await.unwrap_or_else(|_| Err("it was not fetched in time".to_owned()))
        };
        let opened = match self.opened.get_or_init(|| opening).await {
            Ok(opened) => opened,
            Err(problem) => return format!("That repository cannot be read: {problem}. Do without it."),
        };
        tracing::debug!(repository = self.key.repository, ?look, "a model looks into a linked repository");
        let looked = tokio::time::timeout(PATIENCE, opened.look(&self.key.repository, &look, &filters, redactor)).await;
        let looked = looked.unwrap_or_else(|_| Err(AnalysisError::Internal("there was no answer in time".to_owned())));
        looked.unwrap_or_else(|error| {
            tracing::warn!(repository = self.key.repository, ?look, %error, "a look into a linked repository failed");
            "That could not be read. Do without it.".to_owned()
        })
    }

    async fn open(&self) -> Result<Opened, String> {
        let refused = |problem: &str| problem.to_owned();
        let found = self.azure.tip(&self.key).await.map_err(|error| {
            tracing::warn!(repository = self.key.repository, %error, "a linked repository cannot be asked for");
            refused("there is no such repository, or the agent's token may not read it")
        })?;
        let Some(Tip { repository, project_name, remote_url, commit }) = found else { return Err(refused("it is empty")) };
        // A name can be an id, and an id one of another project.
        let is_own = repository.project.eq_ignore_ascii_case(&self.key.project)
            || project_name.eq_ignore_ascii_case(&self.key.project)
            || project_name.eq_ignore_ascii_case(&self.project_name);
        if !is_own {
            return Err(refused("it is of another project"));
        }
        let authorization = self.azure.authorization();
        let source = Source { url: &remote_url, fork_url: None, authorization: Some(&authorization) };
        let repository = self.mirrors.fetch(source, std::slice::from_ref(&commit)).await.map_err(|error| {
            tracing::warn!(repository = self.key.repository, %error, "a linked repository cannot be fetched");
            refused("it could not be fetched")
        })?;
        if !self.keeps_copies {
            repository.forget_after_use();
        }
        Ok(Opened {
            repository,
            tip: commit,
            searchable: OnceCell::new(),
            texts: Mutex::default(),
            is_unremembered: AtomicBool::new(false),
        })
    }
}

impl Opened {
    async fn look(&self, name: &str, look: &Look, filters: &PathFilters, redactor: &Redactor) -> Result<String, AnalysisError> {
        match look {
            Look::Read { path, lines, .. } => {
                let text = self.text(path, redactor).await?;
                Ok(show_linked_lines(name, path, *lines, text.as_deref()))
            }
            Look::Search { text, under, .. } => self.search(name, text, under, filters, redactor).await,
            Look::List { under } => {
                let folder = format!("{under}/");
                let is_below = |path: &str| under.is_empty() || path == under || path.starts_with(&folder);
                let mut paths = self.repository.list(&self.tip, is_below, MAX_PATHS + 1).await?;
                let is_all = paths.len() <= MAX_PATHS;
                paths.truncate(MAX_PATHS);
                let label = format!("{name}: {}", if under.is_empty() { "files" } else { under });
                Ok(show_paths(&label, &paths, is_all))
            }
            Look::References { .. } | Look::History { .. } => Ok("That tool knows the repository under review alone.".to_owned()),
        }
    }

    async fn search(
        &self,
        name: &str,
        text: &str,
        under: &str,
        filters: &PathFilters,
        redactor: &Redactor,
    ) -> Result<String, AnalysisError> {
        self.searchable.get_or_init(|| self.fetch_files(filters)).await;
        let search = Search { text, is_word: false, under };
        let mut found = self.repository.search_files(&self.tip, search, |_| true, MAX_HITS + 1).await?;
        let mut is_all = found.len() <= MAX_HITS;
        found.truncate(MAX_HITS);
        let (mut lines, mut files): (Vec<Hit>, Vec<String>) = (Vec::new(), Vec::new());
        for hit in found {
            if !files.contains(&hit.path) {
                if files.len() >= MAX_HIT_FILES {
                    is_all = false;
                    continue;
                }
                files.push(hit.path.clone());
            }
            let Some(whole) = self.text(&hit.path, redactor).await? else { continue };
            let line = hit.line.checked_sub(1).and_then(|before| whole.lines().nth(before as usize));
            // A line that holds the text only under a placeholder would tell, guess by guess, what the secret is.
            let Some(line) = line.filter(|line| line.contains(text)).map(str::to_owned) else { continue };
            lines.push(Hit { path: hit.path, line: hit.line, text: line, within: None });
        }
        Ok(show_hits(&format!("{name}: lines that hold {text}"), &lines, is_all, filters))
    }

    /// The whole file without its secrets; None when there is none, or when it is too large.
    async fn text(&self, path: &str, redactor: &Redactor) -> Result<Option<Arc<str>>, AnalysisError> {
        let lock = || self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = lock().get(path).cloned();
        if let Some(text) = kept {
            return Ok(text);
        }
        let blob = self.repository.blob(&self.tip, path, MAX_TEXT_BYTES).await?;
        let redactor = redactor.clone();
        let text = blocking("reading a file", move || {
            let text = blob.filter(|blob| !blob.contains(&0)).map(|blob| String::from_utf8_lossy(&blob).into_owned());
            text.map(|text| Arc::<str>::from(redactor.redact(&text).text.as_ref()))
        })
        .await?;
        let mut texts = lock();
        if texts.len() < MAX_KEPT {
            texts.insert(path.to_owned(), text.clone());
        } else {
            self.is_unremembered.store(true, Ordering::Relaxed);
        }
        Ok(text)
    }

    /// A mirror holds no file that nobody asked for. Best effort: what cannot be fetched is not found.
    async fn fetch_files(&self, filters: &PathFilters) {
        let fetched = async {
            let is_shown = |path: &str| set_aside_by_path(path, filters).is_none();
            let paths = self.repository.list(&self.tip, is_shown, MAX_SEARCHED).await?;
            self.repository.fetch_blobs(&self.tip, &paths.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            Ok::<_, GitError>(())
        };
        match tokio::time::timeout(FILES_PATIENCE, fetched).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "the files of a linked repository cannot be fetched"),
            Err(_) => tracing::debug!("the files of a linked repository did not come in time"),
        }
    }

    /// None: more than is kept.
    fn seen(&self) -> Option<Vec<Arc<str>>> {
        if self.is_unremembered.load(Ordering::Relaxed) {
            return None;
        }
        Some(self.texts.lock().unwrap_or_else(PoisonError::into_inner).values().flatten().cloned().collect())
    }
}

impl LinkedRepository {
    /// All of it that a model may have seen; None: more than is kept.
    pub(super) fn seen(&self) -> Option<Vec<Arc<str>>> {
        self.opened.get().and_then(|opened| opened.as_ref().ok()).map_or_else(|| Some(Vec::new()), Opened::seen)
    }
}
