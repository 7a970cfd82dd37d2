//! What the table of variables is made of. Parsing, its messages, `docs/configuration.md` and `.env.example` are all made from
//! the table, which stands in `variables`.

pub(super) use super::variables::TABLE;

/// One environment variable.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) group: Group,
    pub(super) form: Form,
    /// As somebody would write it; None: unset is a state of its own.
    pub(super) default: Option<&'static str>,
    pub(super) need: Need,
    /// Never shown, and readable from a file with the variable `{name}_FILE`.
    pub(super) secret: bool,
    pub(super) stage: Stage,
    /// A value as somebody would write it.
    pub(super) example: &'static str,
    /// What it does, for `docs/configuration.md`.
    pub(super) text: &'static str,
}

/// A heading of the reference page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    AzureDevOps,
    Server,
    Storage,
    Review,
    Model,
    OpenAi,
    AzureOpenAi,
    Bedrock,
    Anthropic,
    OAuth2,
    Network,
    Knowledge,
    Licence,
}

impl Group {
    pub(super) const ALL: [Self; 13] = [
        Self::AzureDevOps,
        Self::Server,
        Self::Storage,
        Self::Review,
        Self::Model,
        Self::OpenAi,
        Self::AzureOpenAi,
        Self::Bedrock,
        Self::Anthropic,
        Self::OAuth2,
        Self::Network,
        Self::Knowledge,
        Self::Licence,
    ];

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::AzureDevOps => "Azure DevOps",
            Self::Server => "Server and logs",
            Self::Storage => "Storage",
            Self::Review => "Review",
            Self::Model => "Model",
            Self::OpenAi => "OpenAI, and servers that speak like it (`LLM_PROVIDER=openai`)",
            Self::AzureOpenAi => "Azure OpenAI (`LLM_PROVIDER=azure-openai`)",
            Self::Bedrock => "AWS Bedrock (`LLM_PROVIDER=bedrock-anthropic`)",
            Self::Anthropic => "Anthropic (`LLM_PROVIDER=anthropic`)",
            Self::OAuth2 => "OAuth2 in front of the model",
            Self::Network => "Network",
            Self::Knowledge => "Knowledge and integrations",
            Self::Licence => "Licence",
        }
    }

    /// The provider whose variables these are.
    pub(super) fn provider(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("openai"),
            Self::AzureOpenAi => Some("azure-openai"),
            Self::Bedrock => Some("bedrock-anthropic"),
            Self::Anthropic => Some("anthropic"),
            _ => None,
        }
    }
}

/// What a value looks like; `forms` checks it and says it in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// One line of at most `max` characters.
    Line {
        max: usize,
    },
    /// A line without white space: keys, tokens, names of deployments.
    Word,
    /// Words separated by commas.
    Words,
    /// Names of projects, separated by commas.
    Projects,
    /// `Project/Team`, separated by commas.
    Teams,
    Choice(&'static [&'static str]),
    /// `SELF_HOSTED`.
    Platform,
    Flag,
    Whole {
        min: u64,
        max: u64,
        unit: &'static str,
    },
    /// An amount of US dollars above zero.
    Dollars,
    /// `MODEL_PRICES`.
    Prices,
    /// The base URL of an API, https, or http with a warning outside of this machine.
    ApiUrl,
    /// `AZURE_DEVOPS_URL`.
    CollectionUrls,
    /// `http://` or `https://`, may carry credentials, no path.
    ProxyUrl,
    /// `NO_PROXY`.
    Hosts,
    /// An IP address to listen on.
    Address,
    Path,
    /// Absolute folders, with `:` between.
    Folders,
    /// `DATABASE_URL`.
    Database,
    /// `OBJECT_STORE_URI`.
    ObjectStore,
    /// `LOG_LEVEL`.
    LogFilter,
    /// `YAML_CONFIG`: a whole file in one line.
    Yaml,
}

/// When a variable must be set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Optional,
    /// By `serve`.
    Serve,
    /// By the provider of its group.
    Provider,
    /// By the provider of its group, unless one of these is set.
    ProviderUnless(&'static [&'static str]),
    /// Together with the others of its group that say so, or not at all.
    Together,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Used,
    /// Read and checked; what it turns on comes in a later version.
    Later,
}

impl Variable {
    pub(super) const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    pub(super) const fn need(mut self, need: Need) -> Self {
        self.need = need;
        self
    }

    pub(super) const fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    pub(super) const fn later(mut self) -> Self {
        self.stage = Stage::Later;
        self
    }
}

pub(super) const fn variable(
    group: Group,
    name: &'static str,
    form: Form,
    example: &'static str,
    text: &'static str,
) -> Variable {
    Variable { name, group, form, default: None, need: Need::Optional, secret: false, stage: Stage::Used, example, text }
}

/// The row of a variable.
pub(super) fn find(name: &str) -> Option<&'static Variable> {
    TABLE.iter().find(|variable| variable.name == name)
}

/// The variables that are set together with this one.
pub(super) fn siblings(variable: &Variable) -> impl Iterator<Item = &'static Variable> {
    let (name, group) = (variable.name, variable.group);
    TABLE.iter().filter(move |other| other.group == group && other.need == Need::Together && other.name != name)
}
