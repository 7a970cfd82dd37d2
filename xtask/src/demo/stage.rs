//! The stand-in of Azure DevOps with the sample repository in it.

use std::{net::SocketAddr, sync::Mutex};

use anyhow::Context;
use testkit::{
    azure_devops::{AzureDevOps, PullRequestHandle, PullRequestSpec, RepositoryHandle, Subscription},
    scenario::{Scenario, ScenarioFile},
};

use crate::agent::{HOOK_PASSWORD, HOOK_USER};

/// A running stand-in; it ends when this is dropped.
pub(crate) struct Stage {
    azure: AzureDevOps,
    repository: RepositoryHandle,
    opened: Mutex<Option<PullRequestHandle>>,
}

impl Stage {
    /// Starts it on `port` (0: any free one) of 127.0.0.1, with the base of the scenario in the target branch.
    pub(crate) async fn set(scenario: &Scenario, port: u16) -> anyhow::Result<Self> {
        let azure = AzureDevOps::builder().address(SocketAddr::from(([127, 0, 0, 1], port))).start().await?;
        let repository = azure.repository(scenario.project, scenario.repository).await?;
        repository.push(scenario.target_branch, &contents(&scenario.base), "Start the order service").await?;
        Ok(Self { azure, repository, opened: Mutex::default() })
    }

    /// For `AZURE_DEVOPS_URL`.
    pub(crate) fn collection_url(&self) -> String {
        self.azure.collection_url()
    }

    pub(crate) fn token(&self) -> String {
        self.azure.token()
    }

    /// Where people read a pull request.
    pub(crate) fn page(&self, pull_request: u64) -> String {
        format!("{}/pullrequest/{pull_request}", self.repository.web_url())
    }

    /// The pull request in the API.
    pub(crate) fn pull_request_url(&self, pull_request: u64) -> String {
        let (project, repository) = (self.repository.project_name(), self.repository.name());
        format!("{}/{project}/_apis/git/repositories/{repository}/pullRequests/{pull_request}", self.collection_url())
    }

    /// Sends the three events that the agent is made for to `url`.
    pub(crate) fn subscribe(&self, url: &str) {
        self.azure.subscribe(Subscription::to(url).basic_auth(HOOK_USER, HOOK_PASSWORD));
    }

    /// Pushes the first iteration, and opens the pull request; returns its number.
    pub(crate) async fn open_pull_request(&self, scenario: &Scenario) -> anyhow::Result<u64> {
        let spec = PullRequestSpec::new(scenario.title)
            .description(scenario.description)
            .branches(scenario.source_branch, scenario.target_branch)
            .files(&contents(&scenario.first));
        let opened = self.repository.open_pull_request(spec).await?;
        let number = u64::from(opened.id());
        *self.opened() = Some(opened);
        Ok(number)
    }

    /// Pushes another iteration.
    pub(crate) async fn push(&self, files: &[ScenarioFile]) -> anyhow::Result<()> {
        let opened = self.opened().clone().context("no pull request is open")?;
        opened.push(&contents(files)).await.map(drop)
    }

    fn opened(&self) -> std::sync::MutexGuard<'_, Option<PullRequestHandle>> {
        self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn contents(files: &[ScenarioFile]) -> Vec<(&'static str, &'static [u8])> {
    files.iter().map(|file| (file.path, file.content)).collect()
}
