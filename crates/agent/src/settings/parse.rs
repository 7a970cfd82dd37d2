//! From the values of the variables to [`Settings`], with every problem at once.

use std::{collections::BTreeMap, net::IpAddr, path::PathBuf, time::Duration};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use review_core::{
    configuration::{Layer, Level, Remark, Source},
    money::Money,
    price::PriceList,
    scope::CostLimits,
};
use secrecy::SecretString;
use url::Url;

use super::{
    AnthropicSettings, AwsCredentials, AzureDevOpsSettings, AzureOpenAiSettings, BedrockSettings, Effort, JiraSettings,
    KnowledgeSettings, LaterSettings, LinearSettings, Loaded, LogFormat, ModelSettings, NetworkSettings, NoProxy, OAuth2Settings,
    OpenAiSettings, Problem, Provider, Purpose, RecordingSettings, ReviewSettings, ServerSettings, Settings, StorageSettings,
    ToolSettings, TrackerSettings, WebSearchSettings, WebhookCredentials,
    forms::{Checked, check, shown_url, words_for},
    raw::{Entry, Meant, Raw, collect, shown},
    table::{Form, Need, Stage, TABLE, Variable, siblings},
    unknown,
};

/// What a path in an `sqlite://` URL may not hold as it is.
const PATH_ESCAPES: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

pub(super) const RECORD_PATH: &str = "MODEL_RECORD_PATH";
pub(super) const REPLAY_PATH: &str = "MODEL_REPLAY_PATH";

/// Model and the variable of its deployment, in the order of the document.
const DEPLOYMENTS: [(&str, &str); 7] = [
    ("gpt-4.1-mini", "AZURE_GPT41MINI_DEPLOYMENT_NAME"),
    ("o4-mini", "AZURE_O4MINI_DEPLOYMENT_NAME"),
    ("o3", "AZURE_O3_DEPLOYMENT_NAME"),
    ("o1", "AZURE_O1_DEPLOYMENT_NAME"),
    ("o3-mini", "AZURE_O3MINI_DEPLOYMENT_NAME"),
    ("gpt-4o-mini", "AZURE_GPT4OMINI_DEPLOYMENT_NAME"),
    ("gpt-4.1", "AZURE_GPT41_DEPLOYMENT_NAME"),
];

/// `earlier` are problems that were found before (lines of a file that cannot be read).
pub(super) fn settings(purpose: Purpose, entries: &[Entry], earlier: Vec<Problem>) -> Result<Loaded, Vec<Problem>> {
    let mut problems = earlier;
    let mut warnings = Vec::new();
    let raw = collect(entries, &mut warnings, &mut problems);
    let values = Values::check(raw, &mut warnings, &mut problems);
    values.check_needs(purpose, &mut warnings, &mut problems);
    problems.extend(values.record_and_replay());
    if !problems.is_empty() {
        // Which of several LLM_PROVIDER lines counts decides what is missing, so an error must not hide it.
        problems.extend(warnings.into_iter().filter(|warning| warning.variable == "LLM_PROVIDER"));
        return Err(problems);
    }
    if purpose == Purpose::Serve && !values.is_set("AZURE_DEVOPS_WEBHOOK_PASSWORD") {
        warnings.push(Problem {
            variable: "AZURE_DEVOPS_WEBHOOK_PASSWORD".to_owned(),
            text: "is not set, nor is AZURE_DEVOPS_WEBHOOK_USERNAME: everybody who reaches the port can send events. Set both, here and in the \
                   service hooks"
                .to_owned(),
        });
    }
    warnings.extend(values.search_without_key());
    warnings.extend(values.without_effect());
    warnings.extend(values.remarks_on_yaml());
    warnings.extend(unknown::warnings(entries));
    Ok(Loaded { settings: values.build(), warnings })
}

/// One variable after its check.
#[derive(Debug)]
enum State {
    Unset,
    /// Still `<x>`, with where.
    Placeholder(String),
    /// A problem was reported.
    Bad,
    Set(Checked),
    Default(Checked),
}

struct Values(BTreeMap<&'static str, State>);

impl Values {
    fn check(mut raw: BTreeMap<&'static str, Raw>, warnings: &mut Vec<Problem>, problems: &mut Vec<Problem>) -> Self {
        let mut states = BTreeMap::new();
        for variable in TABLE {
            let state = match raw.remove(variable.name) {
                None | Some(Raw { meant: Meant::Unset, .. }) => default(variable),
                Some(Raw { meant: Meant::Placeholder, origin }) => placeholder(variable, origin, warnings),
                Some(Raw { meant: Meant::Broken, .. }) => State::Bad,
                Some(Raw { meant: Meant::Text(text), origin }) => match check(variable.form, &text) {
                    Ok(verdict) => {
                        let warning = |text| Problem { variable: variable.name.to_owned(), text };
                        warnings.extend(verdict.warnings.into_iter().map(warning));
                        State::Set(verdict.value)
                    }
                    Err(reason) => {
                        problems.push(malformed(variable, &text, &origin, &reason));
                        State::Bad
                    }
                },
            };
            states.insert(variable.name, state);
        }
        Self(states)
    }

    fn check_needs(&self, purpose: Purpose, warnings: &mut Vec<Problem>, problems: &mut Vec<Problem>) {
        let provider = self.text("LLM_PROVIDER");
        let is_replay = self.is_set(REPLAY_PATH);
        let asks_a_model = purpose != Purpose::Database && !is_replay;
        for variable in TABLE {
            let Some(state @ (State::Unset | State::Placeholder(_))) = self.0.get(variable.name) else { continue };
            let selected = variable.group.provider().is_none_or(|group| provider.as_deref() == Some(group));
            let why = match variable.need {
                Need::Serve => (purpose == Purpose::Serve).then(|| "the server".to_owned()),
                Need::Provider if selected && asks_a_model => {
                    variable.group.provider().map(|group| format!("LLM_PROVIDER={group}"))
                }
                Need::ProviderUnless(others) if selected && asks_a_model => {
                    let stand_in = others.iter().any(|other| self.is_set(other));
                    let names = others.join(" or ");
                    variable.group.provider().filter(|_| !stand_in).map(|group| format!("LLM_PROVIDER={group} without {names}"))
                }
                // Nobody leaves a place empty on purpose whose provider was chosen.
                Need::Together
                    if selected
                        && !is_replay
                        && matches!(state, State::Placeholder(_))
                        && variable.group.provider().is_some() =>
                {
                    variable.group.provider().map(|group| format!("LLM_PROVIDER={group}"))
                }
                Need::Together if selected => {
                    siblings(variable).find(|other| self.is_set(other.name)).map(|other| other.name.to_owned())
                }
                Need::Optional | Need::Provider | Need::ProviderUnless(_) | Need::Together => None,
            };
            match (state, why) {
                (_, Some(why)) => problems.push(missing(variable, state, &why)),
                (State::Placeholder(origin), None)
                    if selected && variable.stage == Stage::Used && variable.need == Need::Optional =>
                {
                    warnings.push(Problem {
                        variable: variable.name.to_owned(),
                        text: format!("is still a placeholder in angle brackets ({origin}); taken as unset"),
                    });
                }
                _ => {}
            }
        }
    }

    /// A recording cannot be read and written at a time.
    fn record_and_replay(&self) -> Option<Problem> {
        (self.is_set(RECORD_PATH) && self.is_set(REPLAY_PATH)).then(|| Problem {
            variable: REPLAY_PATH.to_owned(),
            text: format!("is set, and {RECORD_PATH} is set too; keep one of the two"),
        })
    }

    /// One warning for everything that is set and does nothing yet.
    fn without_effect(&self) -> Option<Problem> {
        let set: Vec<&str> = TABLE
            .iter()
            .filter(|variable| variable.stage == Stage::Later)
            .filter(|variable| {
                let differs = variable.default.is_none_or(|default| {
                    check(variable.form, default).ok().map(|verdict| verdict.value).as_ref() != self.good(variable.name)
                });
                self.is_set(variable.name) && differs
            })
            .map(|variable| variable.name)
            .collect();
        (!set.is_empty()).then(|| Problem {
            variable: set.join(", "),
            text: "set and well-formed, but without effect: what it turns on comes in a later version".to_owned(),
        })
    }

    fn is_set(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(State::Set(_) | State::Bad))
    }

    fn good(&self, name: &str) -> Option<&Checked> {
        match self.0.get(name) {
            Some(State::Set(value) | State::Default(value)) => Some(value),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.good(name)? {
            Checked::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    fn secret(&self, name: &str) -> Option<SecretString> {
        self.text(name).map(SecretString::from)
    }

    fn secrets(&self, name: &str) -> Option<Vec<SecretString>> {
        match self.good(name)? {
            Checked::Words(words) => Some(words.iter().cloned().map(SecretString::from).collect()),
            _ => None,
        }
    }

    /// What is wrong with the file in `YAML_CONFIG`.
    fn remarks_on_yaml(&self) -> Vec<Problem> {
        let Some(text) = self.text("YAML_CONFIG") else { return Vec::new() };
        let remarks = match Layer::read(Source::Environment, text.as_bytes()) {
            Ok(layer) => layer.remarks,
            Err(remark) => vec![remark],
        };
        let problem = |Remark { at, text, .. }: Remark| {
            let place = at.map_or_else(String::new, |at| format!("line {}, column {}: ", at.line, at.column));
            Problem { variable: "YAML_CONFIG".to_owned(), text: format!("{place}{text}") }
        };
        remarks.into_iter().filter(|remark| remark.level == Level::Warning).map(problem).collect()
    }

    fn words(&self, name: &str) -> Vec<String> {
        match self.good(name) {
            Some(Checked::Words(words)) => words.clone(),
            _ => Vec::new(),
        }
    }

    fn url(&self, name: &str) -> Option<Url> {
        match self.good(name)? {
            Checked::Url(url) => Some(url.clone()),
            _ => None,
        }
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.good(name), Some(Checked::Flag(true)))
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        match self.good(name)? {
            Checked::Path(path) => Some(path.clone()),
            _ => None,
        }
    }

    fn money(&self, name: &str) -> Option<Money> {
        match self.good(name)? {
            Checked::Money(amount) => Some(*amount),
            _ => None,
        }
    }

    /// Of a variable with a default and a number's form.
    fn whole(&self, name: &str) -> u64 {
        match self.good(name) {
            Some(Checked::Whole(number)) => *number,
            other => unreachable!("the table gives {name} the form of a number and a default, not {other:?}"),
        }
    }

    fn build(&self) -> Settings {
        Settings {
            model: self.model(),
            network: self.network(),
            server: self.server(),
            azure_devops: self.azure_devops(),
            storage: self.storage(),
            review: self.review(),
            tools: self.tools(),
            trackers: self.trackers(),
            web_search: self.web_search(),
            log_format: if self.text("LOG_FORMAT").as_deref() == Some("json") { LogFormat::Json } else { LogFormat::Text },
            log_level: self.text("LOG_LEVEL").unwrap_or_else(|| "info".to_owned()),
            later: self.later(),
        }
    }

    fn trackers(&self) -> TrackerSettings {
        let jira = self.url("JIRA_HOST").zip(self.text("JIRA_PAT")).map(|(host, pat)| JiraSettings::new(host, &pat));
        let linear = self.url("LINEAR_API_URL").zip(self.secret("LINEAR_PAT"));
        TrackerSettings { jira, linear: linear.map(|(url, token)| LinearSettings { url, token }) }
    }

    fn web_search(&self) -> Option<WebSearchSettings> {
        let key = self.secret("PERPLEXITY_API_KEY").filter(|_| self.flag("ENABLE_WEB_SEARCH"))?;
        Some(WebSearchSettings { base_url: self.url("PERPLEXITY_BASE_URL")?, key })
    }

    /// Web search was wanted, and nothing is there to search with. A placeholder is told of by itself.
    fn search_without_key(&self) -> Option<Problem> {
        let has_none = matches!(self.0.get("PERPLEXITY_API_KEY"), Some(State::Unset));
        (self.flag("ENABLE_WEB_SEARCH") && has_none).then(|| Problem {
            variable: "ENABLE_WEB_SEARCH".to_owned(),
            text: "is `true`, and PERPLEXITY_API_KEY is not set: the web is not searched".to_owned(),
        })
    }

    fn review(&self) -> ReviewSettings {
        let cost_limits = CostLimits { pull_request: self.money("COST_LIMIT_PULL_REQUEST"), day: self.money("COST_LIMIT_DAY") };
        ReviewSettings {
            max_inline: to_usize(self.whole("MAX_INLINE_COMMENTS")),
            max_looks: to_usize(self.whole("MAX_LOOKS")),
            cost_limits,
            yaml_config: self.text("YAML_CONFIG"),
            trusted_authors: self.words("TRUSTED_AUTHORS"),
            command_users: self.words("AZURE_DEVOPS_COMMAND_USERS"),
            command_teams: self.words("AZURE_DEVOPS_COMMAND_TEAMS"),
            remote_config_hosts: self.words("REMOTE_CONFIG_HOSTS"),
            learns: ["ENABLE_LEARNINGS", "ENABLE_KNOWLEDGE_BASE", "ENABLE_LEARNING_INDEX"].iter().all(|name| self.flag(name)),
        }
    }

    fn model(&self) -> ModelSettings {
        ModelSettings {
            provider: self.provider().unwrap_or(Provider::None),
            timeout: Duration::from_millis(self.whole("LLM_TIMEOUT")),
            light: self.text("MODEL_LIGHT"),
            medium: self.text("MODEL_MEDIUM"),
            heavy: self.text("MODEL_HEAVY"),
            effort: self
                .text("MODEL_EFFORT")
                .and_then(|word| [Effort::Low, Effort::Medium, Effort::High].into_iter().find(|effort| effort.word() == word)),
            prompt_tokens: to_usize(self.whole("PROMPT_TOKENS")),
            prices: match self.good("MODEL_PRICES") {
                Some(Checked::Prices(prices)) => prices.clone(),
                _ => PriceList::default(),
            },
            oauth2: self.oauth2(),
            recording: match (self.path(REPLAY_PATH), self.path(RECORD_PATH)) {
                (Some(folder), _) => RecordingSettings::Replay(folder),
                (None, Some(folder)) => RecordingSettings::Record(folder),
                (None, None) => RecordingSettings::Off,
            },
        }
    }

    /// None when something that the provider needs is missing; the needs were checked, so that is for `Purpose::Database` only.
    fn provider(&self) -> Option<Provider> {
        Some(match self.text("LLM_PROVIDER")?.as_str() {
            "openai" => Provider::OpenAi(OpenAiSettings {
                keys: self.keys("OPENAI_API_KEYS")?,
                base_url: self.url("OPENAI_BASE_URL")?,
                organization: self.text("OPENAI_ORG_ID"),
                project: self.text("OPENAI_PROJECT_ID"),
            }),
            "azure-openai" => Provider::AzureOpenAi(AzureOpenAiSettings {
                endpoint: self.url("AZURE_OPENAI_ENDPOINT")?,
                key: Some(self.secret("AZURE_OPENAI_API_KEY")).filter(|key| key.is_some() || self.has_oauth2())?,
                api_version: self.text("AZURE_OPENAI_API_VERSION")?,
                deployments: DEPLOYMENTS.iter().filter_map(|(model, name)| Some((*model, self.text(name)?))).collect(),
            }),
            "bedrock-anthropic" => Provider::BedrockAnthropic(BedrockSettings {
                credentials: self.aws_credentials(),
                region: self.text("AWS_REGION")?,
                endpoint: self.url("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
                cross_region: self.flag("AWS_USE_CROSS_REGION_INFERENCE"),
            }),
            "anthropic" => Provider::Anthropic(AnthropicSettings {
                keys: self.keys("ANTHROPIC_API_KEYS")?,
                base_url: self.url("ANTHROPIC_BASE_URL")?,
            }),
            _ => return None,
        })
    }

    /// None when there are neither keys nor tokens in their place.
    fn keys(&self, name: &str) -> Option<Vec<SecretString>> {
        self.secrets(name).or_else(|| self.has_oauth2().then(Vec::new))
    }

    fn has_oauth2(&self) -> bool {
        self.good("OAUTH2_ENDPOINT").is_some()
    }

    fn aws_credentials(&self) -> Option<AwsCredentials> {
        Some(AwsCredentials {
            access_key_id: self.secret("AWS_ACCESS_KEY_ID")?,
            secret_access_key: self.secret("AWS_SECRET_ACCESS_KEY")?,
            session_token: self.secret("AWS_SESSION_TOKEN"),
        })
    }

    fn oauth2(&self) -> Option<OAuth2Settings> {
        Some(OAuth2Settings {
            endpoint: self.url("OAUTH2_ENDPOINT")?,
            client_id: self.text("OAUTH2_CLIENT_ID")?,
            client_secret: self.secret("OAUTH2_CLIENT_SECRET")?,
            scope: self.text("OAUTH2_SCOPE"),
        })
    }

    fn network(&self) -> NetworkSettings {
        let proxy = |name| self.url(name).map(|url| SecretString::from(url.to_string()));
        NetworkSettings {
            http_proxy: proxy("HTTP_PROXY"),
            https_proxy: proxy("HTTPS_PROXY"),
            no_proxy: match self.good("NO_PROXY") {
                Some(Checked::NoProxy(list)) => list.clone(),
                _ => NoProxy::default(),
            },
            extra_ca_certs: self.path("EXTRA_CA_CERTS"),
        }
    }

    fn server(&self) -> ServerSettings {
        let host = match self.good("HOST") {
            Some(Checked::Address(address)) => *address,
            _ => IpAddr::from([0, 0, 0, 0]),
        };
        let credentials = || {
            Some(WebhookCredentials {
                username: self.text("AZURE_DEVOPS_WEBHOOK_USERNAME")?,
                password: self.secret("AZURE_DEVOPS_WEBHOOK_PASSWORD")?,
            })
        };
        ServerSettings {
            host,
            port: u16::try_from(self.whole("PORT")).unwrap_or(8080),
            webhook_credentials: credentials(),
            workers: to_usize(self.whole("WORKERS")),
            job_lease: std::time::Duration::from_millis(self.whole("JOB_LEASE_MS")),
            drain: std::time::Duration::from_millis(self.whole("DRAIN_MS")),
        }
    }

    fn azure_devops(&self) -> Option<AzureDevOpsSettings> {
        Some(AzureDevOpsSettings {
            token: self.secret("AZURE_DEVOPS_BOT_TOKEN")?,
            username: self.text("AZURE_DEVOPS_BOT_USERNAME")?,
            collections: match self.good("AZURE_DEVOPS_URL") {
                Some(Checked::Urls(urls)) => urls.clone(),
                _ => Vec::new(),
            },
            sweep_every: Duration::from_mins(self.whole("SWEEP_MINUTES")),
            projects: self.words("AZURE_DEVOPS_PROJECTS"),
        })
    }

    fn tools(&self) -> Option<ToolSettings> {
        let folders = match self.good("TOOLS_PATH") {
            Some(Checked::Paths(folders)) => folders.clone(),
            _ => Vec::new(),
        };
        let place = self.path("TEMP_PATH").unwrap_or_else(|| PathBuf::from("/cache")).join("tools");
        let timeout = Duration::from_millis(self.whole("TOOLS_TIMEOUT_MS"));
        // Linux tells it as long as the binary exists, and without it nothing can be started.
        let launcher = std::env::current_exe().ok();
        // What another machine's tools say would make other questions than those of the recording.
        let is_on = self.flag("ENABLE_TOOLS") && self.path(REPLAY_PATH).or_else(|| self.path(RECORD_PATH)).is_none();
        launcher.filter(|_| is_on).map(|launcher| ToolSettings { folders, place, timeout, launcher })
    }

    fn storage(&self) -> StorageSettings {
        let data_path = self.path("DATA_PATH").unwrap_or_else(|| PathBuf::from("/data"));
        let database_url = self.secret("DATABASE_URL").unwrap_or_else(|| {
            let path = data_path.join("coderabbit-agent.db");
            format!("sqlite://{}", utf8_percent_encode(&path.to_string_lossy(), PATH_ESCAPES)).into()
        });
        StorageSettings {
            database_url,
            data_path,
            temp_path: self.path("TEMP_PATH").unwrap_or_else(|| PathBuf::from("/cache")),
            mirror_cache_bytes: self.whole("MIRROR_CACHE_MB").saturating_mul(1_000_000),
        }
    }

    fn later(&self) -> LaterSettings {
        LaterSettings {
            license_key: self.secret("CODERABBIT_LICENSE_KEY"),
            api_key: self.secret("CODERABBIT_API_KEY"),
            enable_metrics: self.flag("ENABLE_METRICS"),
            embedding_deployment: self.text("AZURE_TEXT_EMBEDDING_3_LARGE_DEPLOYMENT_NAME"),
            knowledge: KnowledgeSettings {
                enabled: self.flag("ENABLE_KNOWLEDGE_BASE"),
                object_store_uri: self.text("OBJECT_STORE_URI"),
                index_pull_requests: self.flag("ENABLE_PRS_INDEX"),
                index_issues: self.flag("ENABLE_ISSUES_INDEX"),
                index_code_guidelines: self.flag("ENABLE_CODE_GUIDELINES_INDEX"),
                index_code: self.flag("ENABLE_CODE_INDEX"),
                code_graph: self.flag("ENABLE_CODE_GRAPH"),
            },
        }
    }
}

fn default(variable: &Variable) -> State {
    match variable.default.map(|default| check(variable.form, default)) {
        Some(Ok(verdict)) => State::Default(verdict.value),
        Some(Err(reason)) => unreachable!("the default of {} is not of its own form: {reason}", variable.name),
        None => State::Unset,
    }
}

/// What has a default takes it in the place of a placeholder.
fn placeholder(variable: &Variable, origin: String, warnings: &mut Vec<Problem>) -> State {
    let Some(default_text) = variable.default else { return State::Placeholder(origin) };
    if variable.stage == Stage::Used {
        warnings.push(Problem {
            variable: variable.name.to_owned(),
            text: format!("is still a placeholder in angle brackets ({origin}); `{default_text}` is taken"),
        });
    }
    default(variable)
}

/// "allowed: …; example: …".
fn allowed(variable: &Variable) -> String {
    format!("allowed: {}; example: {}={}", words_for(variable.form), variable.name, variable.example)
}

fn malformed(variable: &Variable, text: &str, origin: &str, reason: &str) -> Problem {
    let found = match variable.form {
        _ if variable.secret => "a value that is not shown".to_owned(),
        Form::ApiUrl | Form::CollectionUrls | Form::ObjectStore | Form::Hosts => {
            let parts: Vec<String> = text.split(',').map(|part| shown_url(part.trim())).collect();
            format!("`{}`", shown(&parts.join(",")))
        }
        _ => format!("`{}`", shown(text)),
    };
    Problem { variable: variable.name.to_owned(), text: format!("found: {found} ({origin}); {reason}; {}", allowed(variable)) }
}

fn missing(variable: &Variable, state: &State, why: &str) -> Problem {
    let found = match state {
        State::Placeholder(origin) => {
            format!(
                "is still a placeholder in angle brackets ({origin}), and {why} needs it: put the value itself there, without < and >"
            )
        }
        _ => format!("is not set, and {why} needs it"),
    };
    Problem { variable: variable.name.to_owned(), text: format!("{found}; {}", allowed(variable)) }
}

/// Every number of the table fits 32 bits.
fn to_usize(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
