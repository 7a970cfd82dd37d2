//! What tests do with a repository.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde_json::json;

use super::{
    AUTHOR, AzureDevOps, Person, PullRequestHandle, ServedCommits,
    answer::Refusal,
    api,
    call::Call,
    directory, index_of, iterations,
    world::{GitRepository, Project, World, encode},
};
use crate::repository::{Change, MAIN, Repository};

/// A repository of the service.
#[derive(Debug, Clone)]
pub struct RepositoryHandle {
    azure: AzureDevOps,
    index: usize,
    git: Arc<Repository>,
}

/// A pull request to be opened. From `topic` to `main` when not said otherwise.
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `RepositoryHandle::open_pull_request`"]
pub struct PullRequestSpec {
    pub title: String,
    pub description: String,
    pub source_branch: String,
    pub target_branch: String,
    /// The repository of the source branch when that is not the target itself: a fork of it.
    pub fork: Option<RepositoryHandle>,
    /// What the first push changes or adds, on top of the target branch. Empty: the source branch exists already.
    pub files: Vec<(String, Vec<u8>)>,
    pub is_draft: bool,
    pub labels: Vec<String>,
    pub work_items: Vec<u32>,
    /// [`AzureDevOps::author`] when None.
    pub author: Option<Person>,
}

impl Default for PullRequestSpec {
    fn default() -> Self {
        Self {
            title: "Change something".to_owned(),
            description: String::new(),
            source_branch: "topic".to_owned(),
            target_branch: MAIN.to_owned(),
            fork: None,
            files: Vec::new(),
            is_draft: false,
            labels: Vec::new(),
            work_items: Vec::new(),
            author: None,
        }
    }
}

impl PullRequestSpec {
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), ..Self::default() }
    }

    pub fn description(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// Names of the branches, without `refs/heads/`.
    pub fn branches(mut self, source: &str, target: &str) -> Self {
        (self.source_branch, self.target_branch) = (source.to_owned(), target.to_owned());
        self
    }

    /// The source branch is in `fork`.
    pub fn from_fork(mut self, fork: &RepositoryHandle) -> Self {
        self.fork = Some(fork.clone());
        self
    }

    pub fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((path.to_owned(), content.as_ref().to_owned()));
        self
    }

    pub fn files<C: AsRef<[u8]>>(self, files: &[(&str, C)]) -> Self {
        files.iter().fold(self, |spec, (path, content)| spec.file(path, content))
    }

    pub fn draft(mut self) -> Self {
        self.is_draft = true;
        self
    }

    pub fn label(mut self, name: &str) -> Self {
        self.labels.push(name.to_owned());
        self
    }

    pub fn work_item(mut self, id: u32) -> Self {
        self.work_items.push(id);
        self
    }

    pub fn author(mut self, author: &Person) -> Self {
        self.author = Some(author.clone());
        self
    }
}

impl RepositoryHandle {
    pub(super) async fn find_or_create(azure: &AzureDevOps, collection: usize, project: &str, name: &str) -> Result<Self> {
        let (project, name) = (project.to_owned(), name.to_owned());
        let found = azure.blocking(move |world| {
            let known = world.projects.iter().position(|known| known.collection == collection && known.name == project);
            let project = if let Some(known) = known {
                known
            } else {
                let id = world.guid();
                world.projects.push(Project { id, name: project, collection });
                world.projects.len() - 1
            };
            let known = world.repositories.iter().position(|known| known.project == project && known.name == name);
            if let Some(known) = known {
                return Ok((known, world.git(known).context("the repository is gone")?));
            }
            create(world, project, name, None)
        });
        let (index, git) = found.await?;
        Ok(Self { azure: azure.clone(), index, git })
    }

    /// A fork of this name in the same project, with all branches. It sees the objects of this repository, while its own
    /// commits are here only as far as the merges of pull requests lead to them.
    pub async fn fork(&self, name: &str) -> Result<Self> {
        let (index, parent, name) = (self.index, Arc::clone(&self.git), name.to_owned());
        let made = self.azure.blocking(move |world| {
            let project = world.repositories.get(index).context("the repository is gone")?.project;
            if world.repositories.iter().any(|known| known.project == project && known.name == name) {
                bail!("there is a repository {name} already");
            }
            let (fork, git) = create(world, project, name, Some(index))?;
            let objects = parent.git_dir().join("objects");
            std::fs::write(git.git_dir().join("objects/info/alternates"), format!("{}\n", objects.display()))?;
            let from = parent.git_dir().to_str().context("the path of a repository is no text")?;
            git.git(&["fetch", "--quiet", "--no-write-fetch-head", from, "+refs/heads/*:refs/heads/*"])?;
            Ok((fork, git))
        });
        let (index, git) = made.await?;
        Ok(Self { azure: self.azure.clone(), index, git })
    }

    pub fn id(&self) -> String {
        self.look(|repository, _| repository.id.clone())
    }

    pub fn name(&self) -> String {
        self.look(|repository, _| repository.name.clone())
    }

    pub fn project_id(&self) -> String {
        self.look(|_, project| project.id.clone())
    }

    pub fn project_name(&self) -> String {
        self.look(|_, project| project.name.clone())
    }

    /// Where git fetches from, without user info.
    pub fn remote_url(&self) -> String {
        self.azure.server.look(|world| world.repository_web(self.index))
    }

    /// The repository on disk. Pushes made there are seen before the next answer; [`AzureDevOps::refresh`] looks at once.
    pub fn git(&self) -> &Repository {
        &self.git
    }

    fn look(&self, look: impl FnOnce(&GitRepository, &Project) -> String) -> String {
        self.azure.server.look(|world| {
            let repository = world.repositories.get(self.index);
            repository.and_then(|found| Some(look(found, world.projects.get(found.project)?))).unwrap_or_default()
        })
    }

    /// Commits on the branch `main`, which is made when it is missing.
    pub async fn commit<C: AsRef<[u8]>>(&self, files: &[(&str, C)], message: &str) -> Result<String> {
        self.push(MAIN, files, message).await
    }

    /// Commits on `branch`; open pull requests from there get an iteration.
    pub async fn push<C: AsRef<[u8]>>(&self, branch: &str, files: &[(&str, C)], message: &str) -> Result<String> {
        let files: Vec<(String, Vec<u8>)> =
            files.iter().map(|(path, content)| ((*path).to_owned(), content.as_ref().to_owned())).collect();
        let message = message.to_owned();
        self.change(branch, move |change| {
            let files: Vec<(&str, &[u8])> = files.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
            change.files(&files).commit(&message)
        })
        .await
    }

    /// Commits whatever `make` makes of a change of `branch`: renames, deletions, links, a history that is rewritten.
    pub async fn change(&self, branch: &str, make: impl FnOnce(Change<'_>) -> Result<String> + Send + 'static) -> Result<String> {
        let (git, branch, index) = (Arc::clone(&self.git), branch.to_owned(), self.index);
        self.azure
            .blocking(move |world| {
                let commit = make(git.change(&branch))?;
                iterations::sync(world, index, AUTHOR);
                Ok(commit)
            })
            .await
    }

    /// Pushes the first commit, when the spec has files, and opens the pull request.
    pub async fn open_pull_request(&self, spec: PullRequestSpec) -> Result<PullRequestHandle> {
        let (git, index) = (Arc::clone(&self.git), self.index);
        let id = self.azure.blocking(move |world| {
            if !spec.files.is_empty() {
                let base = git.head(&spec.target_branch).with_context(|| format!("there is no branch {}", spec.target_branch))?;
                let files: Vec<(&str, &[u8])> =
                    spec.files.iter().map(|(path, content)| (path.as_str(), content.as_slice())).collect();
                let source = spec.fork.as_ref().map_or(&git, |fork| &fork.git);
                let change = source.change(&spec.source_branch);
                let change = if source.head(&spec.source_branch).is_some() { change } else { change.onto(&base) };
                change.files(&files).commit(&spec.title)?;
            }
            let mut body = json!({
                "title": spec.title,
                "description": spec.description,
                "sourceRefName": format!("refs/heads/{}", spec.source_branch),
                "targetRefName": format!("refs/heads/{}", spec.target_branch),
                "isDraft": spec.is_draft,
            });
            if let Some(fork) = spec.fork.as_ref().and_then(|fork| world.repositories.get(fork.index)) {
                body["forkSource"] = json!({ "repository": { "id": fork.id } });
            }
            let repository = world.repositories.get(index).context("the repository is gone")?;
            let path = format!("git/repositories/{}/pullRequests", repository.id);
            let call = Call {
                method: "POST".to_owned(),
                collection: world.collection_of(index),
                project: None,
                rest: path.split('/').map(str::to_owned).collect(),
                query: Vec::new(),
                accept: String::new(),
                content_type: String::new(),
                body: body.to_string().into(),
                user: spec.author.as_ref().map_or(AUTHOR, |author| index_of(world, author)),
                path,
            };
            let refused = |refusal: Refusal| anyhow::anyhow!("opening a pull request: {} {}", refusal.type_key, refusal.message);
            let answer = api::dispatch(world, &call).map_err(refused)?;
            let opened: serde_json::Value = serde_json::from_slice(&answer.body)?;
            let id = opened.get("pullRequestId").and_then(serde_json::Value::as_u64).context("no pullRequestId")?;
            let id = u32::try_from(id)?;
            for name in spec.labels {
                let label = super::world::Label { id: world.guid(), name };
                world.pull_request_mut(id).context("the pull request is gone")?.labels.push(label);
            }
            world.pull_request_mut(id).context("the pull request is gone")?.work_items = spec.work_items;
            Ok(id)
        });
        Ok(PullRequestHandle::new(self.azure.clone(), id.await?))
    }

    /// Which commits git serves by id, and whether it filters blobs out when it is asked to.
    pub fn serve(&self, commits: ServedCommits, partial_clone: bool) -> Result<()> {
        self.azure.server.with(|world| world.options.served = commits);
        configure(&self.git, commits, partial_clone)
    }

    /// Gives it another name. The ids stay, and nothing is found under the old name any more.
    pub fn rename(&self, name: &str) {
        self.azure.server.with(|world| {
            if let Some(repository) = world.repositories.get_mut(self.index) {
                name.clone_into(&mut repository.name);
            }
        });
    }

    /// Git and the API answer as for a repository that an administrator has switched off.
    pub fn set_disabled(&self, is_disabled: bool) {
        self.azure.server.with(|world| {
            if let Some(repository) = world.repositories.get_mut(self.index) {
                repository.is_disabled = is_disabled;
            }
        });
    }

    /// The page of the repository, with its names encoded.
    pub fn web_url(&self) -> String {
        let (project, name) = (encode(&self.project_name()), encode(&self.name()));
        format!("{}/{project}/_git/{name}", self.azure.collection_url())
    }
}

fn create(world: &mut World, project: usize, name: String, parent: Option<usize>) -> Result<(usize, Arc<Repository>)> {
    let id = world.guid();
    let git = Arc::new(Repository::init_bare(directory(&world.root, &id))?);
    git.git(&["config", "http.receivepack", "true"])?;
    configure(&git, world.options.served, world.options.partial_clone)?;
    world.repositories.push(GitRepository { id, name, project, git: Arc::clone(&git), parent, is_disabled: false });
    Ok((world.repositories.len() - 1, git))
}

fn configure(git: &Repository, commits: ServedCommits, partial_clone: bool) -> Result<()> {
    let any = commits == ServedCommits::Any;
    let reachable = any || commits == ServedCommits::Reachable;
    for (key, value) in [
        ("uploadpack.allowAnySHA1InWant", any),
        ("uploadpack.allowReachableSHA1InWant", reachable),
        ("uploadpack.allowFilter", partial_clone),
    ] {
        git.git(&["config", key, if value { "true" } else { "false" }])?;
    }
    Ok(())
}
