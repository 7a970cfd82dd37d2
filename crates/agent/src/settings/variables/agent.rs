//! Azure DevOps, the server, what is stored, and reviews.

use crate::settings::table::{Form, Group, Need, Variable, variable};

pub(super) const VARIABLES: &[Variable] = &[
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
        "Longest run of one tool over the files of one change, before it and again after it.",
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
];
