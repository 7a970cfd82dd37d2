//! Every environment variable, once: name, form, default, text (`table`). All problems are reported together.

mod dotenv;
mod forms;
mod no_proxy;
mod page;
mod parse;
mod raw;
mod services;
mod table;
#[cfg(test)]
mod tests;
mod unknown;
mod variables;

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

pub use no_proxy::NoProxy;
pub use page::{example_env, reference_page};
use raw::Entry;
pub use services::{JiraSettings, LinearSettings, TrackerSettings, WebSearchSettings};

use review_core::{price::PriceList, redaction::Redactor, scope::CostLimits};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use url::Url;

/// What the command at hand needs; variables that it does not need may be absent, but are checked when present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Azure DevOps, a model, a database.
    Serve,
    /// A model only (`coderabbit-agent review`).
    LocalReview,
    /// A database only (`coderabbit-agent migrate`).
    Database,
}

#[derive(Debug, Clone)]
pub struct Settings {
    pub model: ModelSettings,
    pub network: NetworkSettings,
    pub server: ServerSettings,
    /// None for `Purpose::LocalReview` and `Database` when not configured.
    pub azure_devops: Option<AzureDevOpsSettings>,
    pub storage: StorageSettings,
    pub review: ReviewSettings,
    /// None: no tool is run.
    pub tools: Option<ToolSettings>,
    pub trackers: TrackerSettings,
    /// None: the web is not searched.
    pub web_search: Option<WebSearchSettings>,
    pub log_format: LogFormat,
    /// `LOG_LEVEL`: a filter that `tracing_subscriber::EnvFilter` can read.
    pub log_level: String,
    /// Variables whose features come in a later version; parsed, checked, not used.
    pub later: LaterSettings,
}

#[derive(Debug, Clone)]
pub struct ModelSettings {
    pub provider: Provider,
    /// `LLM_TIMEOUT`, one call.
    pub timeout: Duration,
    /// `MODEL_LIGHT`, `MODEL_MEDIUM`, `MODEL_HEAVY`; None: chosen from what the endpoint lists.
    pub light: Option<String>,
    pub medium: Option<String>,
    pub heavy: Option<String>,
    /// `MODEL_EFFORT`; None: as the provider has it.
    pub effort: Option<Effort>,
    /// `PROMPT_TOKENS`: what one question to the model may hold.
    pub prompt_tokens: usize,
    /// The built-in prices under those of `MODEL_PRICES`.
    pub prices: PriceList,
    pub oauth2: Option<OAuth2Settings>,
    pub recording: RecordingSettings,
}

/// `MODEL_RECORD_PATH` and `MODEL_REPLAY_PATH`; not both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum RecordingSettings {
    #[default]
    Off,
    /// Every exchange is kept in this folder.
    Record(PathBuf),
    /// This folder answers.
    Replay(PathBuf),
}

/// How long a model reasons before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    Low,
    Medium,
    High,
}

impl Effort {
    /// As providers and settings spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

#[derive(Debug, Clone)]
pub enum Provider {
    OpenAi(OpenAiSettings),
    AzureOpenAi(AzureOpenAiSettings),
    BedrockAnthropic(BedrockSettings),
    Anthropic(AnthropicSettings),
    /// No provider is configured; allowed only for `Purpose::Database`, and where a recording answers.
    None,
}

#[derive(Debug, Clone)]
pub struct OpenAiSettings {
    /// At least one, but with `OAuth2`.
    pub keys: Vec<SecretString>,
    /// Without a trailing slash; default `https://api.openai.com/v1`.
    pub base_url: Url,
    pub organization: Option<String>,
    pub project: Option<String>,
}

#[derive(Debug, Clone)]
pub struct AzureOpenAiSettings {
    pub endpoint: Url,
    /// None only with `OAuth2`.
    pub key: Option<SecretString>,
    pub api_version: String,
    /// Model name (`gpt-4.1-mini`, `o4-mini`, `o3`, …) to deployment name.
    pub deployments: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone)]
pub struct BedrockSettings {
    /// None: those of this machine (its role, its profile, its container), as AWS' SDK finds them.
    pub credentials: Option<AwsCredentials>,
    pub region: String,
    /// None: that of the region.
    pub endpoint: Option<Url>,
    /// `AWS_USE_CROSS_REGION_INFERENCE`: take the inference profile of the region's continent.
    pub cross_region: bool,
}

#[derive(Debug, Clone)]
pub struct AwsCredentials {
    pub access_key_id: SecretString,
    pub secret_access_key: SecretString,
    /// Of temporary credentials.
    pub session_token: Option<SecretString>,
}

#[derive(Debug, Clone)]
pub struct AnthropicSettings {
    /// At least one, but with `OAuth2`.
    pub keys: Vec<SecretString>,
    /// Without a trailing slash behind its path; default `https://api.anthropic.com`.
    pub base_url: Url,
}

#[derive(Debug, Clone)]
pub struct OAuth2Settings {
    pub endpoint: Url,
    pub client_id: String,
    pub client_secret: SecretString,
    pub scope: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct NetworkSettings {
    /// May carry credentials.
    pub http_proxy: Option<SecretString>,
    pub https_proxy: Option<SecretString>,
    /// `NO_PROXY`; empty when it is not set.
    pub no_proxy: NoProxy,
    /// PEM bundle added to the system's roots.
    pub extra_ca_certs: Option<PathBuf>,
}

#[derive(Debug, Clone)]
pub struct ServerSettings {
    pub host: IpAddr,
    pub port: u16,
    /// Both or neither.
    pub webhook_credentials: Option<WebhookCredentials>,
    /// `WORKERS`: reviews at the same time, at least 1.
    pub workers: usize,
    /// `JOB_LEASE_MS`: after this time without a sign of life a job is taken up by another worker.
    pub job_lease: Duration,
    /// `DRAIN_MS`: how long reviews under way may go on after SIGTERM.
    pub drain: Duration,
}

#[derive(Debug, Clone)]
pub struct WebhookCredentials {
    pub username: String,
    pub password: SecretString,
}

#[derive(Debug, Clone)]
pub struct AzureDevOpsSettings {
    pub token: SecretString,
    pub username: String,
    /// `AZURE_DEVOPS_URL`: organisation or collection URLs without a trailing slash (but for the one that [`Url`] itself writes
    /// behind a bare host, as in `https://contoso.visualstudio.com/`). Empty: the organisation in the payload, on dev.azure.com
    /// or visualstudio.com only.
    pub collections: Vec<Url>,
    /// `SWEEP_MINUTES`: how often projects are looked through without an event; zero: never.
    pub sweep_every: Duration,
    /// `AZURE_DEVOPS_PROJECTS`: projects that are looked through although no event came from them.
    pub projects: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct StorageSettings {
    /// `sqlite://…`; default `sqlite://{DATA_PATH}/coderabbit-agent.db`.
    pub database_url: SecretString,
    pub data_path: PathBuf,
    /// `TEMP_PATH`, default `/cache`: git mirrors.
    pub temp_path: PathBuf,
    /// `MIRROR_CACHE_MB`: size of the mirrors above which the least recently used go.
    pub mirror_cache_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewSettings {
    /// `MAX_INLINE_COMMENTS`: inline comments of one review; twice as many for a change that is large or risky.
    pub max_inline: usize,
    /// `MAX_LOOKS`: looks of finders at one change.
    pub max_looks: usize,
    /// `COST_LIMIT_PULL_REQUEST` and `COST_LIMIT_DAY`.
    pub cost_limits: CostLimits,
    /// `YAML_CONFIG`, with its line ends: the lowest layer of every repository's configuration.
    pub yaml_config: Option<String>,
    /// `TRUSTED_AUTHORS`: whose pull requests may bring their own configuration, by unique name.
    pub trusted_authors: Vec<String>,
    /// `AZURE_DEVOPS_COMMAND_USERS`: who may give commands, by unique name; empty: everybody who can comment.
    pub command_users: Vec<String>,
    /// `AZURE_DEVOPS_COMMAND_TEAMS`: whose members may, too, as `Project/Team`.
    pub command_teams: Vec<String>,
    /// `REMOTE_CONFIG_HOSTS`: from where `remote_config.url` is fetched.
    pub remote_config_hosts: Vec<String>,
    /// `ENABLE_LEARNINGS`, `ENABLE_KNOWLEDGE_BASE` and `ENABLE_LEARNING_INDEX`, of which each turns it off: what people teach in
    /// comments is kept and used.
    pub learns: bool,
}

/// Linters and scanners, unless `ENABLE_TOOLS` is off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSettings {
    /// `TOOLS_PATH`: where they are looked for, the first one first.
    pub folders: Vec<PathBuf>,
    /// Where each run gets a folder of its own: in `TEMP_PATH`.
    pub place: PathBuf,
    /// `TOOLS_TIMEOUT_MS`: one run of one tool.
    pub timeout: Duration,
    /// This binary, which starts them in the sandbox.
    pub launcher: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

/// See [`Settings::later`].
#[derive(Debug, Clone, Default)]
pub struct LaterSettings {
    pub license_key: Option<SecretString>,
    pub api_key: Option<SecretString>,
    pub enable_metrics: bool,
    pub embedding_deployment: Option<String>,
    pub knowledge: KnowledgeSettings,
}

/// The knowledge base and its indexes, one switch per variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a variable of its own, and any mixture of them means something")]
pub struct KnowledgeSettings {
    pub enabled: bool,
    pub object_store_uri: Option<String>,
    pub index_pull_requests: bool,
    pub index_issues: bool,
    pub index_code_guidelines: bool,
    pub index_code: bool,
    pub code_graph: bool,
}

/// One problem with one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub variable: String,
    /// What was found (never a secret's value), what is allowed, an example.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.variable, self.text)
    }
}

/// A part of the program that can be checked by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    AzureDevOps,
    Storage,
    Model,
    /// What every part with connections uses.
    Network,
    Other,
}

impl Problem {
    /// What cannot be checked before this problem is mended.
    pub fn part(&self) -> Part {
        let name = self.variable.strip_suffix(raw::FILE_SUFFIX).unwrap_or(&self.variable);
        let Some(variable) = table::find(name) else { return Part::Other };
        match variable.group {
            // The hooks' name and password: nothing is asked with them.
            table::Group::AzureDevOps if variable.need == table::Need::Together => Part::Other,
            table::Group::AzureDevOps => Part::AzureDevOps,
            table::Group::Storage => Part::Storage,
            table::Group::Model | table::Group::OAuth2 => Part::Model,
            group if group.provider().is_some() => Part::Model,
            table::Group::Network => Part::Network,
            _ => Part::Other,
        }
    }
}

/// Settings with what is worth a warning.
#[derive(Debug)]
pub struct Loaded {
    pub settings: Settings,
    pub warnings: Vec<Problem>,
}

impl Settings {
    /// What takes secrets out of everything that leaves: those of the rules, and all of our own. The salt of its placeholders
    /// follows from our secrets, so that they are the same after a restart.
    pub fn redactor(&self) -> Redactor {
        let mut known: Vec<&str> = self.secrets().into_iter().map(ExposeSecret::expose_secret).collect();
        known.sort_unstable();
        let mut salt = Sha256::new();
        for secret in &known {
            salt.update((secret.len() as u64).to_be_bytes());
            salt.update(secret.as_bytes());
        }
        Redactor::new(&salt.finalize(), &known)
    }

    fn secrets(&self) -> Vec<&SecretString> {
        let Self { model, network, server, azure_devops, storage, trackers, web_search, later, .. } = self;
        let mut secrets: Vec<&SecretString> = match &model.provider {
            Provider::OpenAi(openai) => openai.keys.iter().collect(),
            Provider::AzureOpenAi(azure) => azure.key.iter().collect(),
            Provider::BedrockAnthropic(bedrock) => bedrock
                .credentials
                .iter()
                .flat_map(|given| [&given.access_key_id, &given.secret_access_key].into_iter().chain(&given.session_token))
                .collect(),
            Provider::Anthropic(anthropic) => anthropic.keys.iter().collect(),
            Provider::None => Vec::new(),
        };
        secrets.extend(model.oauth2.iter().map(|oauth2| &oauth2.client_secret));
        secrets.extend(network.http_proxy.iter().chain(&network.https_proxy));
        secrets.extend(server.webhook_credentials.iter().map(|credentials| &credentials.password));
        secrets.extend(azure_devops.iter().map(|azure| &azure.token));
        // A file is named in the other kind; it is no secret.
        secrets.extend(Some(&storage.database_url).filter(|url| !url.expose_secret().starts_with("sqlite:")));
        secrets.extend(trackers.jira.iter().map(|jira| &jira.token));
        secrets.extend(trackers.linear.iter().map(|linear| &linear.token));
        secrets.extend(web_search.iter().map(|search| &search.key));
        secrets.extend(later.license_key.iter().chain(&later.api_key));
        secrets
    }

    /// Reads the environment and a `.env` file: `env_file`, which must exist, or else `.env` in the working directory, if
    /// there is one. The environment wins over the file. The only place of the program that reads the environment.
    pub fn load(purpose: Purpose, env_file: Option<&Path>) -> Result<Loaded, Vec<Problem>> {
        Self::load_with(purpose, env_file, &RecordingSettings::Off)
    }

    /// The same, with a recording that the command line names; it wins over both variables.
    pub fn load_with(purpose: Purpose, env_file: Option<&Path>, recording: &RecordingSettings) -> Result<Loaded, Vec<Problem>> {
        // Without the file everything in it would be reported missing: only its own problem helps.
        let (mut entries, problems) = Self::entries(env_file).map_err(|problem| vec![problem])?;
        let (name, folder) = match recording {
            RecordingSettings::Off => return parse::settings(purpose, &entries, problems),
            RecordingSettings::Record(folder) => (parse::RECORD_PATH, folder),
            RecordingSettings::Replay(folder) => (parse::REPLAY_PATH, folder),
        };
        entries.retain(|entry| ![parse::RECORD_PATH, parse::REPLAY_PATH].contains(&entry.name.as_str()));
        let (name, value, origin) = (name.to_owned(), folder.to_string_lossy().into_owned(), "the command line".to_owned());
        entries.push(Entry { name, value, origin });
        parse::settings(purpose, &entries, problems)
    }

    /// All variables, and those that cannot be read.
    fn entries(env_file: Option<&Path>) -> Result<(Vec<Entry>, Vec<Problem>), Problem> {
        let mut entries = Vec::new();
        let mut problems = Vec::new();
        let by_default = Path::new(".env");
        if env_file.is_some() || by_default.is_file() {
            (entries, problems) = dotenv::read(env_file.unwrap_or(by_default))?;
        }
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str() else { continue };
            if let Some(value) = value.to_str() {
                entries.push(Entry { name: name.to_owned(), value: value.to_owned(), origin: "the environment".to_owned() });
            } else if table::find(name).is_some() {
                problems.push(Problem {
                    variable: name.to_owned(),
                    text: "its value in the environment is not UTF-8 text".to_owned(),
                });
            }
        }
        Ok((entries, problems))
    }

    /// What can be read in spite of `problems`, as if nothing were set where they are: for `doctor`, which checks the parts
    /// that have none. A value in here that belongs to a part with a problem means nothing; see [`Problem::part`].
    pub fn load_despite(problems: &[Problem], env_file: Option<&Path>) -> Option<Settings> {
        let (mut entries, _) = Self::entries(env_file).ok()?;
        entries.retain(|entry| {
            let name = entry.name.strip_suffix(raw::FILE_SUFFIX).unwrap_or(&entry.name);
            let spoils = |problem: &Problem| {
                let is_it =
                    |name: &str| problem.variable == name || problem.variable.strip_suffix(raw::FILE_SUFFIX) == Some(name);
                is_it(name) || table::find(name).is_some_and(|known| table::siblings(known).any(|other| is_it(other.name)))
            };
            !problems.iter().any(spoils)
        });
        parse::settings(Purpose::Database, &entries, Vec::new()).ok().map(|loaded| loaded.settings)
    }

    /// Parses pairs of name and value, as the environment would hold them. Of a name that comes twice the last one counts.
    pub fn from_vars(purpose: Purpose, vars: &[(String, String)]) -> Result<Loaded, Vec<Problem>> {
        let origin = "the environment".to_owned();
        let entry = |(name, value): &(String, String)| Entry { name: name.clone(), value: value.clone(), origin: origin.clone() };
        parse::settings(purpose, &vars.iter().map(entry).collect::<Vec<_>>(), Vec::new())
    }
}
