//! The one table of variables.

use super::table::{Form, Group, Need, Variable, variable};

/// The longest text that a variable without a form of its own may have, in characters.
const LONG: usize = 4096;

/// Every variable, in the order of the reference page.
pub(super) const TABLE: &[Variable] = &[
    // Azure DevOps
    variable(
        Group::AzureDevOps,
        "SELF_HOSTED",
        Form::Platform,
        "azure-devops",
        "The platform whose pull requests are reviewed.",
    )
    .default("azure-devops"),
    variable(
        Group::AzureDevOps,
        "AZURE_DEVOPS_BOT_TOKEN",
        Form::Word,
        "<personal-access-token>",
        "Personal access token of the reviewer's own user, with the scopes *Code* (read, write, status) and *Work Items* (read). \
         It is sent to the hosts of `AZURE_DEVOPS_URL` only.",
    )
    .need(Need::Serve)
    .secret(),
    variable(
        Group::AzureDevOps,
        "AZURE_DEVOPS_BOT_USERNAME",
        Form::Line { max: 256 },
        "CodeRabbit",
        "Name of that user, as people mention it.",
    )
    .need(Need::Serve),
    variable(
        Group::AzureDevOps,
        "AZURE_DEVOPS_URL",
        Form::CollectionUrls,
        "https://dev.azure.com/contoso",
        "Organisation or collection URLs, separated by commas: `https://dev.azure.com/contoso`, `https://contoso.visualstudio.com`, or \
         a collection of Azure DevOps Server such as `https://tfs.contoso.com/DefaultCollection`. Webhooks about any other are refused. \
         Unset: the organisation that a webhook names is taken, on dev.azure.com and visualstudio.com only; set it, so that nobody else's \
         webhook is acted on. Plain http is taken silently on this machine, elsewhere with a warning.",
    ),
    variable(
        Group::AzureDevOps,
        "AZURE_DEVOPS_WEBHOOK_USERNAME",
        Form::Line { max: 256 },
        "coderabbit",
        "User name that the service hooks send (*Basic authentication username*). Set it with the password, or set neither: then \
         everybody who reaches the port can send events.",
    )
    .need(Need::Together),
    variable(
        Group::AzureDevOps,
        "AZURE_DEVOPS_WEBHOOK_PASSWORD",
        Form::Line { max: 1024 },
        "<a-long-random-word>",
        "Password that the service hooks send. A hook with a wrong one is put on probation by Azure DevOps and loses events.",
    )
    .need(Need::Together)
    .secret(),
    variable(
        Group::AzureDevOps,
        "SWEEP_MINUTES",
        Form::Whole { min: 0, max: 1_440, unit: "minutes (0: never)" },
        "10",
        "How often the projects in which something was reviewed are looked through without an event: Azure DevOps gives an event up after \
         three minutes of trouble, and sends none when a thread is clicked resolved.",
    )
    .default("10"),
    variable(
        Group::AzureDevOps,
        "AZURE_DEVOPS_PROJECTS",
        Form::Projects,
        "Web Shop, Platform",
        "Projects that are looked through every `SWEEP_MINUTES` although no event ever came from them, in each collection of \
         `AZURE_DEVOPS_URL`: for an agent that Azure DevOps cannot reach, or before the service hooks are made.",
    ),
    // Server
    variable(Group::Server, "HOST", Form::Address, "127.0.0.1", "Address to listen on; `0.0.0.0` or `::` for all.").default("0.0.0.0"),
    variable(
        Group::Server,
        "PORT",
        Form::Whole { min: 0, max: 65_535, unit: "(0 lets the system choose a free port)" },
        "8080",
        "Port to listen on.",
    )
    .default("8080"),
    variable(
        Group::Server,
        "WORKERS",
        Form::Whole { min: 1, max: 256, unit: "reviews" },
        "4",
        "Pull requests that are reviewed at the same time.",
    )
    .default("4"),
    variable(
        Group::Server,
        "JOB_LEASE_MS",
        Form::Whole { min: 1_000, max: 600_000, unit: "milliseconds" },
        "90000",
        "A review whose process died is taken up again after this time. No request to Azure DevOps may last longer than half of it.",
    )
    .default("90000"),
    variable(
        Group::Server,
        "DRAIN_MS",
        Form::Whole { min: 0, max: 3_600_000, unit: "milliseconds" },
        "20000",
        "After SIGTERM no event and no review is begun, and reviews under way get this long; then they go back to the queue, for the \
         next process. Give the process ten seconds more before it is killed (Kubernetes: `terminationGracePeriodSeconds`).",
    )
    .default("20000"),
    variable(Group::Server, "LOG_FORMAT", Form::Choice(&["text", "json"]), "json", "Form of the log lines on standard error.")
        .default("text"),
    variable(
        Group::Server,
        "LOG_LEVEL",
        Form::LogFilter,
        "info",
        "What is logged: `error`, `warn`, `info`, `debug` or `trace`, for parts of the program with `target=level`, separated by commas \
         (`info,coderabbit_agent::azure_devops=debug`).",
    )
    .default("info"),
    // Storage
    variable(
        Group::Storage,
        "DATA_PATH",
        Form::Path,
        "/data",
        "Folder of what must outlive a restart: the database. Mount a volume there.",
    )
    .default("/data"),
    variable(
        Group::Storage,
        "DATABASE_URL",
        Form::Database,
        "sqlite:///data/coderabbit-agent.db",
        "The database; unset: `coderabbit-agent.db` in `DATA_PATH`.",
    )
    .secret(),
    variable(
        Group::Storage,
        "TEMP_PATH",
        Form::Path,
        "/cache",
        "Folder of what may be lost: copies of the repositories, without their working trees.",
    )
    .default("/cache"),
    variable(
        Group::Storage,
        "MIRROR_CACHE_MB",
        Form::Whole { min: 100, max: 10_000_000, unit: "megabytes" },
        "5000",
        "Size of `TEMP_PATH` above which the least recently used repository copies are removed.",
    )
    .default("5000"),
    // Review
    variable(
        Group::Review,
        "MAX_INLINE_COMMENTS",
        Form::Whole { min: 0, max: 100, unit: "comments" },
        "5",
        "Inline comments that one review posts at most, twice as many where the change is large or risky; the gravest come first, the \
         rest is counted in the walkthrough.",
    )
    .default("5"),
    variable(
        Group::Review,
        "MAX_LOOKS",
        Form::Whole { min: 1, max: 16, unit: "looks" },
        "8",
        "How often one change is looked at, at most, by finders that do not know of each other: once where it is trivial, three times \
         usually, more where it is large or risky. Each look costs about as much as the first; 1 is the cheapest review.",
    )
    .default("8"),
    variable(
        Group::Review,
        "ENABLE_TOOLS",
        Form::Flag,
        "true",
        "Whether linters and scanners that are installed beside the agent are run over the files of a change, in a sandbox without network \
         and secrets; see [tools](tools.md). Where the sandbox does not hold, none is run.",
    )
    .default("true"),
    variable(
        Group::Review,
        "TOOLS_PATH",
        Form::Folders,
        "/opt/tools/bin:/usr/local/bin:/usr/bin",
        "Folders in which tools are looked for, with `:` between; the first one that has a tool gives it.",
    )
    .default("/usr/local/bin:/usr/bin"),
    variable(
        Group::Review,
        "TOOLS_TIMEOUT_MS",
        Form::Whole { min: 1_000, max: 600_000, unit: "milliseconds" },
        "60000",
        "Longest run of one tool over the files of one change.",
    )
    .default("60000"),
    variable(
        Group::Review,
        "COST_LIMIT_PULL_REQUEST",
        Form::Dollars,
        "5",
        "Ceiling on what the reviews of one pull request cost together. Once it is reached, nothing more is asked: the review under \
         way ends as a partial one, later pushes are not reviewed, and the pull request says so. Models without a known price do \
         not count. Unset: no ceiling.",
    ),
    variable(
        Group::Review,
        "COST_LIMIT_DAY",
        Form::Dollars,
        "50",
        "Ceiling on what all reviews of one day (UTC) cost together; otherwise like `COST_LIMIT_PULL_REQUEST`. The next push after \
         midnight is reviewed.",
    ),
    variable(
        Group::Review,
        "YAML_CONFIG",
        Form::Yaml,
        r"reviews:\n  profile: chill",
        "A whole `.coderabbit.yaml` in one line, with `\\n` for line ends (`\\r`, `\\t` and `\\\\` are understood too). It counts for \
         repositories without a file of their own, and under one that says `inheritance: true` (docs/configuration-file.md).",
    ),
    variable(
        Group::Review,
        "TRUSTED_AUTHORS",
        Form::Words,
        "ada@contoso.com,grace@contoso.com",
        "Unique names of authors whose pull requests, from branches of the same repository, are reviewed by the `.coderabbit.yaml` \
         that they bring. For all others the one of the target branch counts, so that no change turns off its own review.",
    ),
    variable(
        Group::Review,
        "AZURE_DEVOPS_COMMAND_USERS",
        Form::Words,
        "ada@contoso.com,grace@contoso.com",
        "Unique names of the people who may give commands (`review`, `pause`, `resolve` and so on) in comments; others are refused with \
         that reason, but for `help`. Without it and without `AZURE_DEVOPS_COMMAND_TEAMS` everybody may who can comment.",
    ),
    variable(
        Group::Review,
        "AZURE_DEVOPS_COMMAND_TEAMS",
        Form::Teams,
        "Web Shop/Maintainers,Platform/Platform Team",
        "Teams whose members may give commands, beside those of `AZURE_DEVOPS_COMMAND_USERS`. The token needs *Project and team: read* for it.",
    ),
    variable(
        Group::Review,
        "REMOTE_CONFIG_HOSTS",
        Form::Words,
        "settings.contoso.com",
        "Hosts, without ports, from which a `.coderabbit.yaml` may have its text fetched by `remote_config.url` (https). Unset: none.",
    ),
    // Model
    variable(
        Group::Model,
        "LLM_PROVIDER",
        Form::Choice(&["openai", "azure-openai", "bedrock-anthropic", "anthropic"]),
        "openai",
        "Who answers. `openai` also stands for every server that speaks like it (vLLM, Ollama, LiteLLM, llama.cpp): set \
         `OPENAI_BASE_URL`.",
    )
    .default("openai"),
    variable(
        Group::Model,
        "LLM_TIMEOUT",
        Form::Whole { min: 1_000, max: 3_600_000, unit: "milliseconds" },
        "360000",
        "Time for one answer of the model.",
    )
    .default("360000"),
    variable(
        Group::Model,
        "MODEL_LIGHT",
        Form::Word,
        "gpt-4.1-mini",
        "Model for summaries and small decisions. Unset: chosen from what the endpoint lists.",
    ),
    variable(
        Group::Model,
        "MODEL_MEDIUM",
        Form::Word,
        "o4-mini",
        "Model that looks for findings. Unset: chosen from what the endpoint lists.",
    ),
    variable(
        Group::Model,
        "MODEL_HEAVY",
        Form::Word,
        "o3",
        "Model that tries to refute each finding. Unset: chosen from what the endpoint lists.",
    ),
    variable(
        Group::Model,
        "MODEL_EFFORT",
        Form::Choice(&["low", "medium", "high"]),
        "medium",
        "How long models that reason do so before they answer (`reasoning_effort`). Unset: as the provider has it. Models that do not \
         reason are asked without it.",
    ),
    variable(
        Group::Model,
        "PROMPT_TOKENS",
        Form::Whole { min: 2_000, max: 2_000_000, unit: "tokens" },
        "60000",
        "Tokens that one question to the model may hold. What the model looks up with its tools may take as much again, where it fits: \
         set it to less than half of the model's context.",
    )
    .default("60000"),
    variable(
        Group::Model,
        "MODEL_PRICES",
        Form::Prices,
        "gpt-4.1=2/0.5/8,my-local-model*=0/0/0",
        "Prices of models that the built-in table has otherwise or not at all. They count for the name and its releases \
         (`gpt-4.1-2025-04-14`); of several entries the one with the longest name counts. A model without a price is told as such: \
         its cost is not known.",
    ),
    variable(
        Group::Model,
        "MODEL_RECORD_PATH",
        Form::Path,
        "/data/recording",
        "Folder in which every question to a model and its answer are kept, without secrets, for bug reports and tests \
         (docs/operations.md, *Reporting a bug*). It holds the reviewed code and grows with every review. `review --record` names one \
         for a single run.",
    ),
    variable(
        Group::Model,
        "MODEL_REPLAY_PATH",
        Form::Path,
        "/data/recording",
        "Folder of a recording that answers in the place of the models: none is asked, none of their variables is needed, and nothing \
         is paid for. Questions that it does not hold are errors. `review --replay` names one for a single run.",
    ),
    // OpenAI
    variable(
        Group::OpenAi,
        "OPENAI_API_KEYS",
        Form::Words,
        "<openai-key>",
        "One key, or several separated by commas: they take turns. A server that asks for none takes any word.",
    )
    .need(Need::ProviderUnless(&["OAUTH2_ENDPOINT"]))
    .secret(),
    variable(Group::OpenAi, "OPENAI_BASE_URL", Form::ApiUrl, "http://127.0.0.1:11434/v1", "Base URL of the API, with its `/v1`.")
        .default("https://api.openai.com/v1"),
    variable(Group::OpenAi, "OPENAI_ORG_ID", Form::Word, "org-contoso", "Sent as the `OpenAI-Organization` header."),
    variable(Group::OpenAi, "OPENAI_PROJECT_ID", Form::Word, "proj_contoso", "Sent as the `OpenAI-Project` header."),
    // Azure OpenAI
    variable(
        Group::AzureOpenAi,
        "AZURE_OPENAI_ENDPOINT",
        Form::ApiUrl,
        "https://contoso.openai.azure.com",
        "Endpoint of the Azure OpenAI resource.",
    )
    .need(Need::Provider),
    variable(Group::AzureOpenAi, "AZURE_OPENAI_API_KEY", Form::Word, "<key>", "Key of the resource.")
        .need(Need::ProviderUnless(&["OAUTH2_ENDPOINT"]))
        .secret(),
    variable(
        Group::AzureOpenAi,
        "AZURE_OPENAI_API_VERSION",
        Form::Word,
        "2025-04-01-preview",
        "Version of the REST API; the reasoning models and strict answers need `2024-12-01-preview` or newer.",
    )
    .default("2025-04-01-preview"),
    variable(
        Group::AzureOpenAi,
        "AZURE_GPT41MINI_DEPLOYMENT_NAME",
        Form::Word,
        "gpt-4.1-mini",
        "Deployment of gpt-4.1-mini, the light model.",
    )
    .need(Need::ProviderUnless(&["AZURE_GPT4OMINI_DEPLOYMENT_NAME", "AZURE_GPT41_DEPLOYMENT_NAME"])),
    variable(
        Group::AzureOpenAi,
        "AZURE_O4MINI_DEPLOYMENT_NAME",
        Form::Word,
        "o4-mini",
        "Deployment of o4-mini, the medium model.",
    )
    .need(Need::ProviderUnless(&[
        "AZURE_O3MINI_DEPLOYMENT_NAME",
        "AZURE_O1_DEPLOYMENT_NAME",
        "AZURE_GPT41_DEPLOYMENT_NAME",
    ])),
    variable(Group::AzureOpenAi, "AZURE_O3_DEPLOYMENT_NAME", Form::Word, "o3", "Deployment of o3, the heavy model.")
        .need(Need::ProviderUnless(&["AZURE_O1_DEPLOYMENT_NAME", "AZURE_GPT41_DEPLOYMENT_NAME"])),
    variable(Group::AzureOpenAi, "AZURE_O1_DEPLOYMENT_NAME", Form::Word, "o1", "Deployment of o1, instead of o3."),
    variable(Group::AzureOpenAi, "AZURE_O3MINI_DEPLOYMENT_NAME", Form::Word, "o3-mini", "Deployment of o3-mini, instead of o4-mini."),
    variable(
        Group::AzureOpenAi,
        "AZURE_GPT4OMINI_DEPLOYMENT_NAME",
        Form::Word,
        "gpt-4o-mini",
        "Deployment of gpt-4o-mini, instead of gpt-4.1-mini.",
    ),
    variable(
        Group::AzureOpenAi,
        "AZURE_GPT41_DEPLOYMENT_NAME",
        Form::Word,
        "gpt-4.1",
        "Deployment of gpt-4.1, the stand-in for any that is missing.",
    ),
    variable(
        Group::AzureOpenAi,
        "AZURE_TEXT_EMBEDDING_3_LARGE_DEPLOYMENT_NAME",
        Form::Word,
        "text-embedding-3-large",
        "Deployment of text-embedding-3-large, for the knowledge base.",
    )
    .later(),
    // Bedrock
    variable(
        Group::Bedrock,
        "AWS_ACCESS_KEY_ID",
        Form::Word,
        "<aws-access-key>",
        "Access key. Unset: the credentials of this machine, as AWS' SDK finds them (role of the instance or the pod, profile).",
    )
    .need(Need::Together)
    .secret(),
    variable(Group::Bedrock, "AWS_SECRET_ACCESS_KEY", Form::Word, "<aws-secret-access-key>", "Secret access key.")
        .need(Need::Together)
        .secret(),
    variable(Group::Bedrock, "AWS_SESSION_TOKEN", Form::Word, "<aws-session-token>", "Session token of temporary credentials.")
        .secret(),
    variable(Group::Bedrock, "AWS_REGION", Form::Word, "eu-central-1", "Region of the models.").need(Need::Provider),
    variable(
        Group::Bedrock,
        "AWS_USE_CROSS_REGION_INFERENCE",
        Form::Flag,
        "true",
        "Takes the inference profile of the region's part of the world first (`us`, `eu`, `apac`, …). Without it a profile is taken \
         for a model that is offered in no other way. Never the `global` one: set `MODEL_LIGHT` and so on to its name for that.",
    )
    .default("false"),
    variable(
        Group::Bedrock,
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
        Form::ApiUrl,
        "https://vpce-0abc.bedrock-runtime.eu-central-1.vpce.amazonaws.com",
        "Endpoint of one's own, such as an interface endpoint of a VPC.",
    ),
    // Anthropic
    variable(
        Group::Anthropic,
        "ANTHROPIC_API_KEYS",
        Form::Words,
        "<anthropic-key>",
        "One key, or several separated by commas: they take turns.",
    )
    .need(Need::ProviderUnless(&["OAUTH2_ENDPOINT"]))
    .secret(),
    variable(Group::Anthropic, "ANTHROPIC_BASE_URL", Form::ApiUrl, "https://api.anthropic.com", "Base URL of the API.")
        .default("https://api.anthropic.com"),
    // OAuth2
    variable(
        Group::OAuth2,
        "OAUTH2_ENDPOINT",
        Form::ApiUrl,
        "https://login.microsoftonline.com/contoso/oauth2/v2.0/token",
        "Token endpoint; requests to the model carry the token that it gives for the client's credentials.",
    )
    .need(Need::Together),
    variable(Group::OAuth2, "OAUTH2_CLIENT_ID", Form::Word, "coderabbit-agent", "Client id.").need(Need::Together),
    variable(Group::OAuth2, "OAUTH2_CLIENT_SECRET", Form::Line { max: LONG }, "<client-secret>", "Client secret.")
        .need(Need::Together)
        .secret(),
    variable(
        Group::OAuth2,
        "OAUTH2_SCOPE",
        Form::Line { max: LONG },
        "https://cognitiveservices.azure.com/.default",
        "Scope, when the endpoint wants one.",
    ),
    // Network
    variable(
        Group::Network,
        "HTTP_PROXY",
        Form::ProxyUrl,
        "http://proxy.contoso.com:3128",
        "Proxy for http addresses; may carry `user:password@`, percent-encoded (`p%40ss` for `p@ss`). Only this variable counts, not `http_proxy`.",
    )
    .secret(),
    variable(
        Group::Network,
        "HTTPS_PROXY",
        Form::ProxyUrl,
        "http://proxy.contoso.com:3128",
        "Proxy for https addresses; may carry `user:password@`, percent-encoded. An `http://` proxy is asked for a tunnel.",
    )
    .secret(),
    variable(
        Group::Network,
        "NO_PROXY",
        Form::Hosts,
        "localhost,127.0.0.1,.contoso.com,10.0.0.0/8",
        "What is reached without the proxy, separated by commas: host names, which cover their subdomains (`contoso.com`, `.contoso.com` and `*.contoso.com` mean the same), addresses, networks (`10.0.0.0/8`, `fd00::/8`), or `*`. With a port (`tfs.contoso.com:8443`) an entry is for that port only. Names are not resolved: a network covers URLs that hold an address. Counts for git too.",
    ),
    variable(
        Group::Network,
        "EXTRA_CA_CERTS",
        Form::Path,
        "/etc/ssl/contoso-ca.pem",
        "Certificates (PEM) of authorities that are trusted beside the system's own.",
    ),
    // Knowledge
    variable(
        Group::Knowledge,
        "ENABLE_LEARNINGS",
        Form::Flag,
        "true",
        "Keeps what people teach in comments, and uses it in reviews and answers (`docs/chat.md`). `false` turns that off for every repository; what is kept stays until it is forgotten.",
    )
    .default("true"),
    variable(Group::Knowledge, "ENABLE_METRICS", Form::Flag, "true", "Keeps usage figures for the dashboard.").default("false").later(),
    variable(
        Group::Knowledge,
        "ENABLE_KNOWLEDGE_BASE",
        Form::Flag,
        "true",
        "`false` turns the knowledge base off as a whole: today, learnings.",
    )
    .default("true"),
    variable(
        Group::Knowledge,
        "ENABLE_PRS_INDEX",
        Form::Flag,
        "true",
        "Looks at other pull requests, for those that are related, for reviewers and for labels. They are asked for anew by each review; \
         none is kept.",
    )
    .default("true"),
    variable(
        Group::Knowledge,
        "ENABLE_ISSUES_INDEX",
        Form::Flag,
        "true",
        "Looks at work items that linked ones are linked with. They are asked for anew by each review; none is kept.",
    )
    .default("true"),
    variable(Group::Knowledge, "ENABLE_LEARNING_INDEX", Form::Flag, "true", "`false` does the same as `ENABLE_LEARNINGS=false`.")
        .default("true"),
    variable(Group::Knowledge, "ENABLE_CODE_GUIDELINES_INDEX", Form::Flag, "true", "Indexes guideline files of the repositories.")
        .default("false")
        .later(),
    variable(Group::Knowledge, "ENABLE_CODE_INDEX", Form::Flag, "true", "Indexes the code.").default("false").later(),
    variable(Group::Knowledge, "ENABLE_CODE_GRAPH", Form::Flag, "true", "Follows references between the files of a repository.")
        .default("true")
        .later(),
    variable(
        Group::Knowledge,
        "OBJECT_STORE_URI",
        Form::ObjectStore,
        "s3://contoso-bucket/coderabbit",
        "Where the knowledge base is kept.",
    )
    .later(),
    variable(
        Group::Knowledge,
        "JIRA_HOST",
        Form::ApiUrl,
        "https://contoso.atlassian.net",
        "Jira, Cloud or Data Center: issues that title, description or source branch name by their keys are assessed as linked work \
         items are (docs/knowledge.md). Its token is sent to this host only.",
    )
    .need(Need::Together),
    variable(
        Group::Knowledge,
        "JIRA_PAT",
        Form::Word,
        "<jira-personal-access-token>",
        "Token for Jira: of Data Center a personal access token, of Cloud `address:token` with the e-mail address of its account. Give it \
         no more than those who open pull requests may read.",
    )
    .need(Need::Together)
    .secret(),
    variable(
        Group::Knowledge,
        "LINEAR_PAT",
        Form::Word,
        "<linear-personal-access-token>",
        "API key for Linear, with the right to read: issues that a pull request names are assessed as linked work items are. Give it no \
         more than those who open pull requests may read.",
    )
    .secret(),
    variable(Group::Knowledge, "LINEAR_API_URL", Form::ApiUrl, "https://api.linear.app/graphql", "Address of Linear's GraphQL API.")
        .default("https://api.linear.app/graphql"),
    variable(
        Group::Knowledge,
        "ENABLE_WEB_SEARCH",
        Form::Flag,
        "true",
        "Lets the models that review search the web through Perplexity, with questions of one line that hold no code \
         (docs/knowledge.md). Needs `PERPLEXITY_API_KEY`.",
    )
    .default("false"),
    variable(Group::Knowledge, "PERPLEXITY_API_KEY", Form::Word, "<perplexity-api-key>", "Key for Perplexity's Search API.").secret(),
    variable(Group::Knowledge, "PERPLEXITY_BASE_URL", Form::ApiUrl, "https://api.perplexity.ai", "Address of Perplexity's API.")
        .default("https://api.perplexity.ai"),
    // Licence
    variable(
        Group::Licence,
        "CODERABBIT_LICENSE_KEY",
        Form::Line { max: LONG },
        "<license-key>",
        "Not needed; taken, so that a file written for the commercial product works as it is.",
    )
    .secret()
    .later(),
    variable(
        Group::Licence,
        "CODERABBIT_API_KEY",
        Form::Line { max: LONG },
        "<coderabbitai-api-key>",
        "Not needed; taken, so that a file written for the commercial product works as it is.",
    )
    .secret()
    .later(),
];
