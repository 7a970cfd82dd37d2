//! The network, what is asked of others, and the licence.

use super::LONG;
use crate::settings::table::{Form, Group, Need, Variable, variable};

pub(super) const VARIABLES: &[Variable] = &[
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
        "`false` does the same as `ENABLE_LEARNINGS=false`. Trackers, web search and linked repositories have switches of their own.",
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
