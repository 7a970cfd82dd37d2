//! Special fields that a look keeps to, and how a change chooses its own.

use super::ChangedFile;
use crate::scope::worth::words;

/// A field that one finder keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lens {
    /// Security and trust boundaries.
    Security,
    /// Concurrency, resources, cleanup.
    Concurrency,
    /// Stored data, queries and migrations.
    Storage,
    /// The contract of an interface and its callers.
    Contract,
    /// Error paths and edge values.
    Errors,
    /// What ships and configures: pipelines, containers, infrastructure.
    Delivery,
    /// What .NET makes easy to get wrong.
    DotNet,
    /// Tests that cannot fail.
    Tests,
}

/// What speaks for a lens.
struct Signs {
    lens: Lens,
    /// Words of paths.
    paths: &'static [&'static str],
    extensions: &'static [&'static str],
    /// Pieces of changed lines, in lower case.
    code: &'static [&'static str],
}

/// How much a path, an ending and a line speak for a lens. Lines count up to a number, or the largest file would always choose.
const BY_PATH: usize = 4;
const BY_EXTENSION: usize = 3;
const MOST_BY_LINES: usize = 12;
/// Code that the change leaves as it was uses what it changes.
const BY_CALLERS: usize = 8;

const SIGNS: &[Signs] = &[
    Signs {
        lens: Lens::Security,
        #[rustfmt::skip]
        paths: &[
            "acl", "admin", "auth", "authn", "authorization", "authz", "cookie", "cors", "credential", "credentials", "crypto",
            "csrf", "identity", "jwt", "login", "oauth", "oauth2", "oidc", "password", "permission", "permissions", "saml",
            "sanitize", "secret", "secrets", "security", "session", "sessions", "sso", "token", "tokens", "upload", "webhook",
        ],
        extensions: &[],
        #[rustfmt::skip]
        code: &[
            "authorize", "authenticat", "password", "permission", "token", "secret", "cookie", "redirect", "innerhtml", "eval(",
            "exec(", "system(", "process.start", "subprocess", "deserialize", "pickle", "yaml.load", "xmlreader", "md5", "sha1",
            "encrypt", "decrypt", "verify=false", "allowanonymous", "path.join", "path.combine", "../",
        ],
    },
    Signs {
        lens: Lens::Concurrency,
        #[rustfmt::skip]
        paths: &[
            "actor", "async", "atomic", "channel", "concurrency", "concurrent", "lock", "mutex", "parallel", "pool", "queue",
            "scheduler", "semaphore", "thread", "threading", "worker", "workers",
        ],
        extensions: &[],
        #[rustfmt::skip]
        code: &[
            "lock", "mutex", "atomic", "semaphore", "thread", "spawn(", "go func", "chan ", "await", "task.", "synchronized",
            "volatile", "interlocked", "concurrent", "rwlock", "condvar", "setinterval", "settimeout", "addeventlistener",
            "subscribe(", "open(", ".close(", "defer ", "using (", "dispose", "cancellationtoken",
        ],
    },
    Signs {
        lens: Lens::Storage,
        #[rustfmt::skip]
        paths: &[
            "billing", "dao", "database", "db", "ledger", "migration", "migrations", "payment", "payments", "repository",
            "schema", "sql", "storage", "transaction",
        ],
        extensions: &["sql"],
        #[rustfmt::skip]
        code: &[
            "select ", "insert into", "update ", "delete from", "alter table", "drop ", "create table", "begintransaction",
            "transaction", "commit(", "rollback", "savechanges", "foreign key", "not null", "cascade", "upsert", "on conflict",
        ],
    },
    Signs {
        lens: Lens::Contract,
        paths: &["api", "client", "contract", "contracts", "dto", "interface", "openapi", "proto", "sdk"],
        extensions: &["proto", "graphql"],
        #[rustfmt::skip]
        code: &[
            "public ", "export ", "pub fn", "pub struct", "interface ", "abstract ", "override ", "[httpget", "[httppost",
            "@requestmapping", "@getmapping", "@postmapping", "app.get(", "app.post(", "jsonproperty", "serde(rename",
            "deprecated", "obsolete",
        ],
    },
    Signs {
        lens: Lens::Errors,
        paths: &["parse", "parser", "validate", "validator", "validation", "retry", "convert", "converter"],
        extensions: &[],
        #[rustfmt::skip]
        code: &[
            "catch", "except", "throw", "raise ", "err != nil", "unwrap(", "expect(", "try ", "try{", "finally", "default:",
            "parse", "tryparse", "length", "len(", "count", "null", "none", "undefined", "optional", "retry", "index",
        ],
    },
    Signs {
        lens: Lens::Delivery,
        paths: &[
            "pipeline",
            "pipelines",
            "deploy",
            "deployment",
            "helm",
            "infra",
            "infrastructure",
            "k8s",
            "terraform",
            "workflows",
        ],
        extensions: &["bicep", "tf", "tfvars", "dockerfile", "ps1", "sh"],
        #[rustfmt::skip]
        code: &[
            "steps:", "script:", "- task:", "pool:", "trigger:", "condition:", "runs-on", "uses:", "resource \"", "from ",
            "run ", "image:", "secretkeyref", "publicnetworkaccess", "allow_all", "0.0.0.0/0",
        ],
    },
    Signs {
        lens: Lens::DotNet,
        paths: &[],
        extensions: &["cs", "razor", "cshtml", "fs", "vb"],
        #[rustfmt::skip]
        code: &[
            "async ", "await ", ".result", ".wait()", "idisposable", "using ", "?.", "!.", "nullable", "ienumerable",
            "iqueryable", "configureawait", "httpclient", "dbcontext", "addscoped", "addsingleton", "event ",
        ],
    },
    Signs {
        lens: Lens::Tests,
        paths: &["test", "tests", "spec", "specs", "e2e", "mock", "mocks"],
        extensions: &[],
        code: &["assert", "expect(", "[fact]", "[test]", "@test", "should", "it(", "describe(", "mock", "verify("],
    },
];

impl Lens {
    /// A few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Security => "security and trust boundaries",
            Self::Concurrency => "concurrency, resources and cleanup",
            Self::Storage => "stored data, queries and migrations",
            Self::Contract => "contracts and their callers",
            Self::Errors => "error paths and edge values",
            Self::Delivery => "pipelines, containers and infrastructure",
            Self::DotNet => "async, disposal and null in .NET",
            Self::Tests => "tests that cannot fail",
        }
    }
}

/// The `count` lenses for which the change speaks most; error paths, which every change has, when it speaks for none.
pub(super) fn choose(files: &[ChangedFile<'_>], count: usize) -> Vec<Lens> {
    let mut weighed: Vec<(usize, Lens)> = SIGNS
        .iter()
        .map(|signs| (files.iter().map(|file| signs.in_file(file)).fold(0, usize::saturating_add), signs.lens))
        .filter(|(score, _)| *score > 0)
        .collect();
    weighed.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
    let mut lenses: Vec<Lens> = weighed.into_iter().map(|(_, lens)| lens).take(count).collect();
    if lenses.is_empty() {
        lenses.push(Lens::Errors);
    }
    lenses
}

impl Signs {
    fn in_file(&self, file: &ChangedFile<'_>) -> usize {
        if file.lines.is_empty() {
            return 0;
        }
        let name = file.path.rsplit('/').next().unwrap_or(file.path).to_lowercase();
        let ending = name.rsplit('.').next().unwrap_or_default();
        let by_extension = if self.extensions.contains(&ending) { BY_EXTENSION } else { 0 };
        let by_path = if words(file.path).any(|word| self.paths.contains(&word.as_str())) { BY_PATH } else { 0 };
        let speaks = |line: &&&str| {
            let line = line.to_lowercase();
            self.code.iter().any(|piece| line.contains(piece))
        };
        // What is not of .NET has awaits, too.
        let is_foreign = self.lens == Lens::DotNet && by_extension == 0;
        let by_lines = if is_foreign { 0 } else { file.lines.iter().filter(speaks).take(MOST_BY_LINES).count() };
        let by_callers = if file.has_callers && self.lens == Lens::Contract { BY_CALLERS } else { 0 };
        by_extension + by_path + by_lines + by_callers
    }
}
