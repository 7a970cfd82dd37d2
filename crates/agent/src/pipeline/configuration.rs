//! What a repository says about its reviews: the layers of `.coderabbit.yaml`, read and put together.
//!
//! Files come from Azure DevOps file by file, not from the mirror: a pull request that is not reviewed costs no clone, and
//! the target branch is read as it is now, not as it was when the pull request left it. A file that cannot be read or is
//! none is told of on the pull request, and the next layer counts; only when Azure DevOps does not answer at all is the
//! review put off, since nobody knows then whether one is wanted.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use review_core::{
    configuration::{Effective, FILE_NAMES, Layer, Level, MAX_BYTES, Remark, RemoteConfig, Source},
    pull_request::{PullRequest, PullRequestState, RepositoryKey},
};
use url::Url;

use super::analysis::Analysis;
use crate::{
    azure_devops::{AzureDevOps, AzureDevOpsError, Revision},
    net::Documents,
    settings::ReviewSettings,
};

/// The repository with the configuration of a whole project.
const CENTRAL: &str = "coderabbit";
/// How long what other repositories and servers say is believed, in milliseconds.
const BELIEVED_FOR: i64 = 60_000;
/// Answers that are remembered.
const MAX_REMEMBERED: usize = 1_000;

/// Where the layers come from. Cheap to clone; clones share what they remember.
#[derive(Debug, Clone)]
pub struct Configurations {
    azure: AzureDevOps,
    documents: Documents,
    settings: Arc<ReviewSettings>,
    remembered: Arc<Mutex<HashMap<Asked, (i64, Answer)>>>,
    clock: fn() -> i64,
}

/// What is asked of others than the repository under review.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asked {
    DefaultBranch(RepositoryKey),
    /// The central file of a project: collection and project.
    Central(String, String),
    /// A file of a repository: branch (empty: the default one) and path.
    File(RepositoryKey, String, String),
    Url(Url),
}

/// A text with the name under which it was found; None: there is none. Err: why it cannot be had, for people.
type Answer = Result<Option<(String, String)>, String>;

/// The configuration of one review.
#[derive(Debug, Clone, Default)]
pub(super) struct Settled {
    /// On the heap: it is held across every step of a review.
    pub(super) effective: Box<Effective>,
    /// Full ref name; None when it is not known.
    pub(super) default_branch: Option<String>,
}

/// Layers as they are found, the uppermost first.
#[derive(Default)]
struct Found {
    layers: Vec<Layer>,
    remarks: Vec<Remark>,
}

impl Found {
    /// Whether the layers below count too.
    fn goes_on(&self) -> bool {
        self.layers.last().is_none_or(Layer::inherits)
    }

    fn tell(&mut self, source: &Source, text: String) {
        self.remarks.push(Remark { level: Level::Warning, source: source.clone(), at: None, text });
    }
}

impl Configurations {
    pub fn new(azure: AzureDevOps, documents: Documents, settings: ReviewSettings, clock: fn() -> i64) -> Self {
        Self { azure, documents, settings: Arc::new(settings), remembered: Arc::default(), clock }
    }

    /// What counts for a pull request.
    pub(super) async fn of(&self, state: &PullRequestState) -> Result<Settled, AzureDevOpsError> {
        let pull_request = &state.pull_request;
        let repository = &pull_request.key.repository;
        let mut found = Found::default();
        let (source, text) = self.own_file(state).await?;
        self.add(&mut found, pull_request, source, text).await?;
        if found.goes_on() {
            let name = |name: &str| Source::Central(format!("{CENTRAL}/{name}"));
            match self.central_file(repository).await? {
                Ok(None) => {}
                Ok(Some((file, text))) => self.add(&mut found, pull_request, name(&file), Ok(Some(text))).await?,
                Err(problem) => self.add(&mut found, pull_request, name(FILE_NAMES[0]), Err(problem)).await?,
            }
        }
        if found.goes_on()
            && let Some(text) = &self.settings.yaml_config
        {
            self.add(&mut found, pull_request, Source::Environment, Ok(Some(text.clone()))).await?;
        }
        let effective = Box::new(Effective::of(found.layers, found.remarks));
        Ok(Settled { effective, default_branch: self.default_branch(repository).await? })
    }

    /// Takes a file up as the next layer, or the one that it names in its place.
    async fn add(
        &self,
        found: &mut Found,
        pull_request: &PullRequest,
        source: Source,
        text: Result<Option<String>, String>,
    ) -> Result<(), AzureDevOpsError> {
        let text = match text {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(()),
            Err(problem) => {
                found.tell(&source, format!("the file is not used: {problem}"));
                return Ok(());
            }
        };
        let layer = match Layer::read(source.clone(), text.as_bytes()) {
            Ok(layer) => layer,
            Err(remark) => {
                found.remarks.push(remark);
                return Ok(());
            }
        };
        let remote = match layer.redirect() {
            Ok(Some(remote)) => remote,
            Ok(None) => {
                found.layers.push(layer);
                return Ok(());
            }
            Err(remark) => {
                found.remarks.push(remark);
                found.layers.push(layer);
                return Ok(());
            }
        };
        found.remarks.extend(layer.remarks);
        match self.remote_file(pull_request, &remote).await? {
            Ok((name, text)) => match Layer::read(Source::Remote(name), text.as_bytes()) {
                Ok(layer) => match layer.redirect() {
                    Ok(None) => found.layers.push(layer),
                    _ => found.tell(&layer.source, "the file is not used: it names another one in its place".to_owned()),
                },
                Err(remark) => found.remarks.push(remark),
            },
            Err(problem) => found.tell(&source, format!("`remote_config` does not count: {problem}")),
        }
        Ok(())
    }

    /// The repository's own file: of the target branch, or of the pull request where its author is trusted.
    async fn own_file(&self, state: &PullRequestState) -> Result<(Source, Result<Option<String>, String>), AzureDevOpsError> {
        let pull_request = &state.pull_request;
        let head = state.newest_iteration().map(|iteration| &iteration.head).filter(|_| self.trusts(pull_request));
        let target = pull_request.target_ref.strip_prefix("refs/heads/").unwrap_or(&pull_request.target_ref);
        let revision = head.map_or(Revision::Branch(target), Revision::Commit);
        let named = |name: &str| match head {
            Some(_) => Source::PullRequest(name.to_owned()),
            None => Source::Repository(name.to_owned()),
        };
        let found = self.first_file(&pull_request.key.repository, revision).await?;
        Ok(match found {
            Ok(Some((name, text))) => (named(&name), Ok(Some(text))),
            Ok(None) => (named(FILE_NAMES[0]), Ok(None)),
            Err(problem) => (named(FILE_NAMES[0]), Err(problem)),
        })
    }

    /// Whether the pull request may bring its own configuration: from a branch of the same repository, by an author whom the
    /// operator named.
    fn trusts(&self, pull_request: &PullRequest) -> bool {
        let name = pull_request.author.unique_name.to_lowercase();
        let is_named = self.settings.trusted_authors.iter().any(|trusted| trusted.to_lowercase() == name);
        is_named && pull_request.fork_url.is_none()
    }

    async fn first_file(&self, repository: &RepositoryKey, revision: Revision<'_>) -> Result<Answer, AzureDevOpsError> {
        for name in FILE_NAMES {
            match for_people(self.azure.file(repository, revision, name).await)? {
                Ok(None) => {}
                Ok(Some(text)) => return Ok(Ok(Some((name.to_owned(), text)))),
                Err(problem) => return Ok(Err(problem)),
            }
        }
        Ok(Ok(None))
    }

    async fn central_file(&self, repository: &RepositoryKey) -> Result<Answer, AzureDevOpsError> {
        let RepositoryKey { collection, project, .. } = repository;
        let central = RepositoryKey { repository: CENTRAL.to_owned(), ..repository.clone() };
        let asked = Asked::Central(collection.clone(), project.clone());
        self.remember(asked, self.first_file(&central, Revision::DefaultBranch)).await
    }

    /// The file that `remote_config` names. The agent's token reads more than the people of one repository may: they get
    /// files of their own project, and of repositories whose name says that they are made for this.
    async fn remote_file(
        &self,
        pull_request: &PullRequest,
        remote: &RemoteConfig,
    ) -> Result<Result<(String, String), String>, AzureDevOpsError> {
        let RemoteConfig { url, repository, r#ref: branch, path } = remote;
        let found = if repository.is_empty() {
            self.remote_text(url).await?
        } else {
            let own = &pull_request.key.repository;
            let is_own =
                |project: &str| [&own.project, &pull_request.project_name].iter().any(|own| own.eq_ignore_ascii_case(project));
            let (project, name) = match repository.split_once('/') {
                Some((project, name)) if !is_own(project) => (Some(project), name),
                Some((_, name)) => (None, name),
                None => (None, repository.as_str()),
            };
            if project.is_some() && !name.eq_ignore_ascii_case(CENTRAL) {
                return Ok(Err(format!("a repository of another project must be named `{CENTRAL}`")));
            }
            let key = RepositoryKey {
                collection: own.collection.clone(),
                project: project.unwrap_or(&own.project).to_owned(),
                repository: name.to_owned(),
            };
            let revision = if branch.is_empty() { Revision::DefaultBranch } else { Revision::Branch(branch) };
            let asked = Asked::File(key.clone(), branch.clone(), path.clone());
            let shown = format!("{repository}/{path}");
            let reading = async {
                let text = for_people(self.azure.file(&key, revision, path).await)?;
                Ok(text.map(|text| text.map(|text| (shown, text))))
            };
            self.remember(asked, reading).await?
        };
        Ok(found.and_then(|found| found.ok_or_else(|| "there is no such file, or the agent's token may not read it".to_owned())))
    }

    async fn remote_text(&self, url: &str) -> Result<Answer, AzureDevOpsError> {
        let Ok(url) = Url::parse(url) else { return Ok(Err("its `url` is none".to_owned())) };
        let host = url.host_str().unwrap_or_default().to_owned();
        if !self.settings.remote_config_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(&host)) {
            let problem = "its host is none of those that the operator of the agent allows (`REMOTE_CONFIG_HOSTS`)".to_owned();
            return Ok(Err(problem));
        }
        let asked = Asked::Url(url.clone());
        let shown = format!("{host}{}", url.path());
        let reading = async {
            let bytes = self.documents.get(&url, MAX_BYTES).await;
            let text = bytes.and_then(|bytes| String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned()));
            Ok(text.map(|text| Some((shown, text))))
        };
        self.remember(asked, reading).await
    }

    /// A default branch that the token may not ask for excludes nothing.
    async fn default_branch(&self, repository: &RepositoryKey) -> Result<Option<String>, AzureDevOpsError> {
        let reading = async {
            let branch = for_people(self.azure.default_branch(repository).await)?;
            Ok(branch.map(|branch| branch.map(|branch| (branch, String::new()))))
        };
        let found = self.remember(Asked::DefaultBranch(repository.clone()), reading).await?;
        Ok(found.ok().flatten().map(|(branch, _)| branch))
    }

    /// What was answered a moment ago, or else `reading`. A service that does not answer is asked again.
    async fn remember(
        &self,
        asked: Asked,
        reading: impl Future<Output = Result<Answer, AzureDevOpsError>>,
    ) -> Result<Answer, AzureDevOpsError> {
        let now = (self.clock)();
        let lock = || self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&asked).filter(|(at, _)| (0..BELIEVED_FOR).contains(&now.saturating_sub(*at))).cloned();
        if let Some((_, answer)) = known {
            return Ok(answer);
        }
        let answer = reading.await?;
        let mut remembered = lock();
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(asked, (now, answer.clone()));
        Ok(answer)
    }
}

/// What was read; Ok(Err): it cannot be had, and why, for the readers of a pull request. Err: nobody knows, so ask again.
fn for_people(read: Result<Option<String>, AzureDevOpsError>) -> Result<Result<Option<String>, String>, AzureDevOpsError> {
    match read {
        Ok(found) => Ok(Ok(found)),
        Err(AzureDevOpsError::NotFound { .. }) => Ok(Ok(None)),
        Err(error @ (AzureDevOpsError::Forbidden { .. } | AzureDevOpsError::Refused { .. })) => {
            tracing::info!(%error, "a configuration file cannot be read");
            Ok(Err("the agent's token may not read it".to_owned()))
        }
        Err(error @ AzureDevOpsError::Unreadable { .. }) => {
            tracing::info!(%error, "a configuration file cannot be read");
            Ok(Err("it is no text, or too large".to_owned()))
        }
        Err(error @ AzureDevOpsError::NotSent { .. }) => {
            tracing::info!(%error, "a configuration file cannot be asked for");
            Ok(Err("this is no name of a repository or a file".to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// Says so when the change brings a configuration that does not count for it.
pub(super) fn tell_of_change(effective: &mut Effective, analysis: &Analysis) {
    let changed = analysis.reviewed_files.iter().chain(analysis.set_aside.iter().map(|file| &file.path));
    let Some(name) = changed.into_iter().find(|path| FILE_NAMES.contains(&path.as_str())) else { return };
    if !effective.sources.iter().any(|source| matches!(source, Source::PullRequest(_))) {
        let text = "the pull request changes this file; what it says counts once it is merged".to_owned();
        effective.remarks.push(Remark { level: Level::Note, source: Source::Repository(name.clone()), at: None, text });
    }
}
