//! The agent as its own process, as it runs in production.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};

use crate::process::{cargo, command, free_port, run, target_dir, variable};

const START: Duration = Duration::from_mins(1);

/// What webhooks sign in with. The agent listens on loopback only.
pub(crate) const HOOK_USER: &str = "hooks";
pub(crate) const HOOK_PASSWORD: &str = "loopback-only";

/// Where the agent finds Azure DevOps and a model.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    pub(crate) collection_url: String,
    pub(crate) token: String,
    /// Variables that say which model.
    pub(crate) model: Vec<(String, String)>,
}

/// A running agent; killed when dropped.
pub(crate) struct Agent {
    process: Child,
    port: u16,
    log: PathBuf,
    /// Database and mirrors; removed at the end.
    _place: tempfile::TempDir,
}

/// Builds the binary, and returns its path.
pub(crate) fn build(release: bool) -> anyhow::Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--locked", "--quiet"]);
    if release {
        build.args(["--release", "--package", "coderabbit-agent", "--bin", "coderabbit-agent"]);
    } else {
        // As the other tasks build it, so that nothing is built twice.
        build.args(["--workspace", "--bins"]);
    }
    run(&mut build)?;
    Ok(target_dir().join(if release { "release" } else { "debug" }).join("coderabbit-agent"))
}

impl Agent {
    /// Starts it in an empty directory with nothing but the given environment, and waits until it answers.
    pub(crate) async fn start(binary: &Path, surroundings: &Surroundings) -> anyhow::Result<Self> {
        let place = tempfile::tempdir().context("no temporary directory")?;
        let log = crate::process::work_dir("logs")?.join("agent.log");
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let port = free_port()?;
        let mut command = command(binary);
        command
            .arg("serve")
            .current_dir(place.path())
            .env_clear()
            .envs(["PATH", "HOME"].into_iter().filter_map(|name| variable(name).map(|value| (name, value))))
            .env("SELF_HOSTED", "azure-devops")
            .env("AZURE_DEVOPS_URL", &surroundings.collection_url)
            .env("AZURE_DEVOPS_BOT_TOKEN", &surroundings.token)
            .env("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit")
            .env("AZURE_DEVOPS_WEBHOOK_USERNAME", HOOK_USER)
            .env("AZURE_DEVOPS_WEBHOOK_PASSWORD", HOOK_PASSWORD)
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("DATA_PATH", place.path().join("state"))
            .env("TEMP_PATH", place.path().join("mirrors"))
            .envs(surroundings.model.iter().cloned())
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        let process = command.spawn().with_context(|| format!("cannot start {}", binary.display()))?;
        let mut agent = Self { process, port, log, _place: place };
        agent.wait_until_it_answers().await?;
        Ok(agent)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// An error with what to read, when the process has ended.
    pub(crate) fn still_runs(&mut self) -> anyhow::Result<()> {
        match self.process.try_wait()? {
            None => Ok(()),
            Some(status) => {
                let text = std::fs::read_to_string(&self.log).unwrap_or_default();
                let tail: Vec<&str> = text.lines().rev().take(15).collect();
                let tail: Vec<&str> = tail.into_iter().rev().collect();
                bail!("the agent ended with {status}; the end of {}:\n{}", self.log.display(), tail.join("\n"))
            }
        }
    }

    async fn wait_until_it_answers(&mut self) -> anyhow::Result<()> {
        let started = Instant::now();
        let client = http_client()?;
        while !client.get(self.url("/health")).send().await.is_ok_and(|answer| answer.status().is_success()) {
            self.still_runs()?;
            if started.elapsed() > START {
                bail!("the agent did not answer on {} within {START:?}; see {}", self.url("/health"), self.log.display());
            }
            pause(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // An agent that has ended already cannot be killed.
        if self.process.kill().is_ok() {
            drop(self.process.wait());
        }
    }
}

/// Asks servers of this machine.
pub(crate) fn http_client() -> anyhow::Result<reqwest::Client> {
    #[expect(clippy::disallowed_methods, reason = "asks only servers on loopback, which no proxy may come between")]
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
    Ok(client)
}

/// Between two looks at another process.
#[expect(clippy::disallowed_methods, reason = "what another process does is seen only by looking again")]
pub(crate) async fn pause(duration: Duration) {
    tokio::time::sleep(duration).await;
}
