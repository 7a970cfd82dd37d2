//! The stage of the stories: Azure DevOps, a model, and the agent in this process.

use std::{net::SocketAddr, path::PathBuf, sync::Once, time::Duration};

use coderabbit_agent::{
    app::{Agent, now},
    settings::{Purpose, Settings},
};
use tempfile::TempDir;
use testkit::{
    azure_devops::{
        AzureDevOps, Builder, PullRequestHandle, PullRequestSpec, RepositoryHandle, Subscription, ThreadView, Webhooks,
    },
    model::{Kind, ModelServer, Rule, Script},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// Longest wait for something that must come.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const HOOK_USER: &str = "hooks";
pub(crate) const HOOK_PASSWORD: &str = "hook-password";

/// Everything that a story is played with.
pub(crate) struct Stage {
    pub(crate) azure: AzureDevOps,
    pub(crate) model: ModelServer,
    pub(crate) agent: RunningAgent,
    pub(crate) hooks: Webhooks,
    pub(crate) repository: RepositoryHandle,
    directory: TempDir,
    variables: Vec<(String, String)>,
    /// Making one reads all certificates of the system, which takes long.
    http: reqwest::Client,
}

/// An agent in this process.
pub(crate) struct RunningAgent {
    pub(crate) address: SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<anyhow::Result<()>>,
}

impl Stage {
    /// The cloud service with a repository, a model that plays `script`, and an agent that is told of every event.
    pub(crate) async fn set(script: Script) -> Self {
        Self::set_with(AzureDevOps::builder(), script, &[]).await
    }

    pub(crate) async fn set_with(azure: Builder, script: Script, variables: &[(&str, &str)]) -> Self {
        Self::set_on(azure, ModelServer::start(script).await.unwrap(), variables).await
    }

    pub(crate) async fn set_on(azure: Builder, model: ModelServer, variables: &[(&str, &str)]) -> Self {
        Self::set_at(azure, model, variables, now).await
    }

    /// With an agent that goes by `clock`.
    pub(crate) async fn set_at(azure: Builder, model: ModelServer, variables: &[(&str, &str)], clock: fn() -> i64) -> Self {
        Self::set_beside(azure.start().await.unwrap(), model, variables, clock).await
    }

    /// With a service that stands already, so that variables can name what is in it.
    pub(crate) async fn set_beside(
        azure: AzureDevOps,
        model: ModelServer,
        variables: &[(&str, &str)],
        clock: fn() -> i64,
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let variables = variables_for(&azure, &model, &directory, variables);
        let agent = RunningAgent::start_at(&variables, clock).await;
        let hooks = azure.subscribe(subscription(agent.address));
        let repository = azure.repository("Web Shop", "orders").await.unwrap();
        repository.push("main", &base_files(), "A shop").await.unwrap();
        Self { azure, model, agent, hooks, repository, directory, variables, http: http() }
    }

    /// A pull request whose first iteration changes `files`; the agent hears of it.
    pub(crate) async fn open(&self, files: &[(&str, &str)]) -> PullRequestHandle {
        self.open_as(PullRequestSpec::new("Totals and search").files(files)).await
    }

    pub(crate) async fn open_as(&self, spec: PullRequestSpec) -> PullRequestHandle {
        self.repository.open_pull_request(spec.branches("feature", "main")).await.unwrap()
    }

    /// Stops the agent as SIGTERM would, and starts another one on the same database.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.start_again().await;
    }

    /// After `stop`.
    pub(crate) async fn start_again(&mut self) {
        let agent = RunningAgent::start(&self.variables).await;
        self.agent = agent;
        // The events of this test go to the new address from now on.
        self.hooks.drop_held();
        self.hooks = self.azure.subscribe(subscription(self.agent.address));
    }

    pub(crate) async fn stop(&mut self) {
        self.agent.shutdown.cancel();
        (&mut self.agent.task).await.unwrap().unwrap();
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.directory.path().join("data/coderabbit-agent.db")
    }

    pub(crate) fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("http://{}{path}", self.agent.address)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// Waits until the counter that `line` names (with its labels) is at least `number`, and gives it.
    pub(crate) async fn counted(&self, line: &str, number: u64) -> u64 {
        for _ in 0..1_200 {
            let count = self.count(line).await;
            if count >= number {
                return count;
            }
            #[expect(clippy::disallowed_methods, reason = "metrics are polled: nothing tells of a change")]
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{line} did not come to {number}:\n{}", self.get("/metrics").await.1)
    }

    /// The counter that `line` names now; 0 when it was never counted.
    pub(crate) async fn count(&self, line: &str) -> u64 {
        let (_, text) = self.get("/metrics").await;
        let value = text.lines().find_map(|text| text.strip_prefix(line)).map(str::trim);
        value.map_or(0, |value| value.parse().unwrap())
    }

    /// Posts a body as Azure DevOps would, with the right credentials.
    pub(crate) async fn deliver(&self, body: impl Into<reqwest::Body>) -> u16 {
        let url = format!("http://{}/azure_webhooks", self.agent.address);
        let request = self.http.post(url).basic_auth(HOOK_USER, Some(HOOK_PASSWORD)).header("Content-Type", "application/json");
        request.body(body).send().await.unwrap().status().as_u16()
    }

    /// Waits until the metrics hold a line that begins with `line`.
    pub(crate) async fn metric(&self, line: &str) -> String {
        for _ in 0..600 {
            let (_, text) = self.get("/metrics").await;
            if let Some(found) = text.lines().find(|text| text.starts_with(line)) {
                return found.to_owned();
            }
            #[expect(clippy::disallowed_methods, reason = "metrics are polled: nothing tells of a change")]
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no metric {line}:\n{}", self.get("/metrics").await.1)
    }

    /// Nothing that must never happen has happened.
    pub(crate) fn assert_sound(&self) {
        assert_eq!(self.azure.violations(), [], "threads on lines that do not exist");
        assert_eq!(self.azure.stale_writes(), [], "writes for an older iteration after those for a newer one");
        assert_eq!(self.azure.duplicate_threads("coderabbitAgent.fingerprint"), [], "findings that stand twice");
    }
}

impl RunningAgent {
    pub(crate) async fn start(variables: &[(String, String)]) -> Self {
        Self::start_at(variables, now).await
    }

    async fn start_at(variables: &[(String, String)], clock: fn() -> i64) -> Self {
        init_logging();
        let mut loaded = Settings::from_vars(Purpose::Serve, variables).unwrap_or_else(|problems| panic!("{problems:#?}"));
        // This process is no agent.
        if let Some(tools) = &mut loaded.settings.tools {
            tools.launcher = env!("CARGO_BIN_EXE_coderabbit-agent").into();
        }
        let agent = Agent::build(&loaded.settings, clock).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(agent.run(listener, shutdown.clone()));
        Self { address, shutdown, task }
    }
}

/// The agent's variables; `more` come last and win.
pub(crate) fn variables_for(
    azure: &AzureDevOps,
    model: &ModelServer,
    directory: &TempDir,
    more: &[(&str, &str)],
) -> Vec<(String, String)> {
    let path = |name: &str| directory.path().join(name).display().to_string();
    let mut variables: Vec<(String, String)> = [
        ("SELF_HOSTED", "azure-devops".to_owned()),
        ("AZURE_DEVOPS_URL", azure.announced_url()),
        ("AZURE_DEVOPS_BOT_TOKEN", azure.token()),
        ("AZURE_DEVOPS_BOT_USERNAME", "CodeRabbit".to_owned()),
        ("AZURE_DEVOPS_WEBHOOK_USERNAME", HOOK_USER.to_owned()),
        ("AZURE_DEVOPS_WEBHOOK_PASSWORD", HOOK_PASSWORD.to_owned()),
        ("LLM_PROVIDER", "openai".to_owned()),
        ("LLM_TIMEOUT", "10000".to_owned()),
        ("OPENAI_BASE_URL", model.base_url()),
        ("OPENAI_API_KEYS", model.key().to_owned()),
        ("TEMP_PATH", path("cache")),
        ("DATA_PATH", path("data")),
        ("HOST", "127.0.0.1".to_owned()),
        ("PORT", "0".to_owned()),
        ("JOB_LEASE_MS", "4000".to_owned()),
        // A story hears of what happens by events, but for the one about rounds.
        ("SWEEP_MINUTES", "0".to_owned()),
        // What happens to be installed here is nothing that a story hangs on.
        ("ENABLE_TOOLS", "false".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    for (name, value) in more {
        variables.retain(|(known, _)| known != name);
        variables.push(((*name).to_owned(), (*value).to_owned()));
    }
    variables
}

pub(crate) fn subscription(agent: SocketAddr) -> Subscription {
    Subscription::to(format!("http://{agent}/azure_webhooks")).basic_auth(HOOK_USER, HOOK_PASSWORD)
}

/// A client for the agent's own pages.
pub(crate) fn http() -> reqwest::Client {
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    #[expect(clippy::disallowed_methods, reason = "the test is the client here")]
    reqwest::Client::new()
}

/// `RUST_LOG` shows what an agent in a test does.
pub(crate) fn init_logging() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let filter = tracing_subscriber::EnvFilter::from_default_env();
        tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().init();
    });
}

// ------------------------------------------------------------------------------------------------ the sample

pub(crate) const CART: &str = "src/cart.py";
/// The planted defect: one past the end.
pub(crate) const LAST_ITEM: &str = "    return items[len(items)]";
pub(crate) const LAST_ITEM_FIXED: &str = "    return items[len(items) - 1]";
/// Another planted defect.
pub(crate) const QUERY: &str = r#"    return database.run("select * from orders where name = '" + name + "'")"#;
pub(crate) const QUERY_FIXED: &str = r#"    return database.run("select * from orders where name = ?", name)"#;

pub(crate) fn base_files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("README.md", "# Shop\n"),
        (CART, "\"\"\"The cart.\"\"\"\n\n\ndef first(items):\n    return items[0]\n"),
        ("src/prices.py", "def total(prices):\n    return sum(prices)\n"),
    ]
}

/// The cart with `body` lines for `last` and `search`.
pub(crate) fn cart(last: &str, search: &str) -> String {
    format!(
        "\"\"\"The cart.\"\"\"\n\n\ndef first(items):\n    return items[0]\n\n\ndef last(items):\n{last}\n\n\ndef search(database, name):\n{search}\n"
    )
}

pub(crate) fn last_rule() -> Rule {
    Rule::new(Kind::True, CART, LAST_ITEM, "The index is one past the last item.")
        .scenario("Any cart, for example with one item: index 1 is read and IndexError is raised.")
        .fix("Subtract one.")
        .rated("correctness", "high")
        .suggesting(1, LAST_ITEM_FIXED)
        .fixed_when("len(items) - 1")
}

pub(crate) fn query_rule() -> Rule {
    Rule::new(Kind::True, CART, QUERY, "The name is put into the SQL text.")
        .scenario("A name with a quote ends the literal, and what follows runs as SQL.")
        .fix("Pass the name as a parameter.")
        .rated("security", "critical")
        .fixed_when("where name = ?")
}

pub(crate) fn both_rules() -> Script {
    Script::with_rules([last_rule(), query_rule()])
}

// ------------------------------------------------------------------------------------------------ reading a pull request

pub(crate) trait Reviewed {
    /// Waits until the review of iteration `number` is over, and gives the status.
    async fn reviewed(&self, number: u32) -> String {
        self.reviewed_within(number, PATIENCE).await
    }
    /// The same for those whose model thinks for minutes.
    async fn reviewed_within(&self, number: u32, patience: Duration) -> String;
    /// Waits until the status has this state.
    async fn has_status(&self, state: &str);
    /// Waits until the walkthrough says that the review will be tried again.
    async fn is_delayed(&self);
    fn inline(&self) -> Vec<ThreadView>;
    fn walkthroughs(&self) -> Vec<ThreadView>;
    fn walkthrough(&self) -> String;
}

impl Reviewed for PullRequestHandle {
    async fn reviewed_within(&self, number: u32, patience: Duration) -> String {
        let over = |pull_request: &Self| {
            let status = pull_request.latest_status("coderabbit", "review");
            status.is_some_and(|status| status.iteration == Some(number) && status.state != "pending")
        };
        self.wait_for(over, patience).await.unwrap();
        let status = self.latest_status("coderabbit", "review").unwrap();
        format!("{}: {}", status.state, status.description)
    }

    async fn has_status(&self, state: &str) {
        let so =
            |pull_request: &Self| pull_request.latest_status("coderabbit", "review").is_some_and(|status| status.state == state);
        self.wait_for(so, PATIENCE).await.unwrap();
    }

    async fn is_delayed(&self) {
        let says = |thread: &ThreadView| thread.content().contains("It will be tried again.");
        self.wait_for(|pull_request| pull_request.walkthroughs().iter().any(says), PATIENCE).await.unwrap();
    }

    fn inline(&self) -> Vec<ThreadView> {
        self.threads().into_iter().filter(|thread| thread.path.is_some()).collect()
    }

    fn walkthroughs(&self) -> Vec<ThreadView> {
        self.threads().into_iter().filter(|thread| thread.path.is_none() && !thread.is_system()).collect()
    }

    fn walkthrough(&self) -> String {
        let walkthroughs = self.walkthroughs();
        assert_eq!(walkthroughs.len(), 1, "one walkthrough, edited in place: {walkthroughs:#?}");
        walkthroughs[0].content().to_owned()
    }
}
