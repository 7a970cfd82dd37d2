//! What was done to a file before the change.

use std::{collections::HashMap, time::Duration};

use review_core::{
    prompt::tools::{MAX_COMMITS, PastCommit, show_history},
    pull_request::{CommitId, RepositoryKey},
};
use tokio::sync::Mutex;

use crate::{azure_devops::AzureDevOps, git::Repository};

/// A model waits so long for an answer, throttled services included.
const PATIENCE: Duration = Duration::from_secs(15);
/// Files whose history is kept for the next who asks.
const MAX_KEPT: usize = 100;

const NOT_HERE: &str = "The history is not here: the clone is shallow. Do without it.";
const NO_ANSWER: &str = "The history could not be read. Do without it.";

/// Who knows what came before the change.
#[derive(Debug, Clone, Default)]
pub(super) enum Past {
    /// Mirrors hold the commits of a change alone.
    AzureDevOps { azure: AzureDevOps, repository: RepositoryKey },
    /// The repository that is reviewed.
    #[default]
    Local,
}

/// The commits that touched files up to one commit, each file asked about once.
#[derive(Debug)]
pub(super) struct FileHistories {
    past: Past,
    base: CommitId,
    repository: Repository,
    /// Names before the change, of files that it renames.
    old_names: HashMap<String, String>,
    /// By path, what was told of it. Held while it is asked for: looks of a run ask alike.
    told: Mutex<HashMap<String, String>>,
}

impl FileHistories {
    pub(super) fn new(past: Past, base: CommitId, repository: Repository, old_names: HashMap<String, String>) -> Self {
        Self { past, base, repository, old_names, told: Mutex::default() }
    }

    /// What is told of a file, by its path before or after the change; in words also where nothing can be told.
    pub(super) async fn show(&self, path: &str) -> String {
        let path = self.old_names.get(path).map_or(path, String::as_str);
        let mut told = self.told.lock().await;
        if let Some(text) = told.get(path) {
            return text.clone();
        }
        let text = match tokio::time::timeout(PATIENCE, self.read(path)).await {
            Ok(Ok(Some(mut commits))) => {
                let is_all = commits.len() <= MAX_COMMITS;
                commits.truncate(MAX_COMMITS);
                show_history(path, &commits, is_all)
            }
            Ok(Ok(None)) => NOT_HERE.to_owned(),
            Ok(Err(problem)) => {
                tracing::warn!(path, problem, "the history of a file cannot be read");
                NO_ANSWER.to_owned()
            }
            Err(_) => {
                tracing::warn!(path, "the history of a file was not told in time");
                NO_ANSWER.to_owned()
            }
        };
        if told.len() < MAX_KEPT {
            told.insert(path.to_owned(), text.clone());
        }
        text
    }

    /// None: the history is not here. The error is for the log.
    async fn read(&self, path: &str) -> Result<Option<Vec<PastCommit>>, String> {
        // One more than is shown tells whether there are others.
        let most = MAX_COMMITS + 1;
        match &self.past {
            Past::AzureDevOps { azure, repository } => {
                let commits = azure.commits_of(repository, &self.base, path, most).await;
                commits.map(Some).map_err(|error| error.to_string())
            }
            Past::Local => self.repository.commits_of(&self.base, path, most).await.map_err(|error| error.to_string()),
        }
    }
}
