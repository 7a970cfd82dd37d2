//! Which files tell the most, judged by their paths.

/// From the least to the most telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Worth {
    /// Documents, settings and everything that is not code.
    Other,
    Test,
    Source,
    /// Code where a fault costs the most: authentication, cryptography, stored data, concurrency, delivery.
    Risky,
}

const DOCUMENT_EXTENSIONS: &[&str] = &["adoc", "htm", "markdown", "md", "mdx", "org", "po", "rst", "tex", "txt", "xlf"];

#[rustfmt::skip]
const CONFIGURATION_EXTENSIONS: &[&str] = &[
    "cfg", "conf", "config", "csproj", "css", "editorconfig", "fsproj", "gitattributes", "gitignore", "ini", "json", "json5",
    "jsonc", "less", "nuspec", "plist", "props", "properties", "resx", "scss", "sln", "slnx", "targets", "toml", "vbproj",
    "xml", "xsd", "yaml", "yml",
];

#[rustfmt::skip]
const TEST_DIRECTORIES: &[&str] = &[
    "__mocks__", "__tests__", "e2e", "fixtures", "mocks", "spec", "specs", "test", "testdata", "testing", "tests",
];

#[rustfmt::skip]
const RISKY_WORDS: &[&str] = &[
    // who may do what
    "acl", "admin", "auth", "authenticate", "authentication", "authenticator", "authn", "authorization", "authorize",
    "authorizer", "authz", "claims", "cookie", "cors", "credential", "credentials", "csrf", "identity", "jwt", "login",
    "oauth", "oauth2", "oidc", "password", "passwords", "permission", "permissions", "rbac", "role", "roles", "saml",
    "sanitize", "sanitizer", "secret", "secrets", "security", "session", "sessions", "signin", "sso", "token", "tokens",
    // cryptography
    "aes", "certificate", "certificates", "cipher", "crypt", "crypto", "cryptography", "decrypt", "encrypt", "encryption",
    "hash", "hmac", "rsa", "signature", "signing", "ssl", "tls",
    // stored data and money
    "billing", "database", "dao", "db", "ledger", "migrate", "migration", "migrations", "payment", "payments", "repository",
    "schema", "sql", "storage", "transaction", "transactions",
    // concurrency
    "actor", "async", "atomic", "channel", "concurrency", "concurrent", "lock", "locking", "locks", "mutex", "parallel",
    "pool", "queue", "scheduler", "semaphore", "sync", "thread", "threading", "threads", "worker", "workers",
];

/// Extensions and names of what builds, ships or configures machines.
const DELIVERY_EXTENSIONS: &[&str] = &["bicep", "sql", "tf", "tfvars"];

pub(crate) fn worth(path: &str) -> Worth {
    let (directories, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower_name = name.to_lowercase();
    let extension = lower_name.rsplit_once('.').map_or("", |(_, extension)| extension);
    if DOCUMENT_EXTENSIONS.contains(&extension) {
        return Worth::Other;
    }
    if is_test(directories, name, &lower_name) {
        return Worth::Test;
    }
    if is_delivery(directories, &lower_name, extension) {
        return Worth::Risky;
    }
    if CONFIGURATION_EXTENSIONS.contains(&extension) || !lower_name.contains('.') {
        return Worth::Other;
    }
    if words(path).any(|word| RISKY_WORDS.contains(&word.as_str())) { Worth::Risky } else { Worth::Source }
}

fn is_test(directories: &str, name: &str, lower_name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    directories.split('/').any(|directory| {
        let directory = directory.to_lowercase();
        TEST_DIRECTORIES.contains(&directory.as_str()) || matches!(directory.rsplit_once('.'), Some((_, "test" | "tests")))
    }) || [".test.", ".spec.", "_test.", "_spec.", "_tests."].iter().any(|mark| lower_name.contains(mark))
        || lower_name.starts_with("test_")
        || stem.ends_with("Test")
        || stem.ends_with("Tests")
        || stem == "tests"
        || stem == "conftest"
}

fn is_delivery(directories: &str, lower_name: &str, extension: &str) -> bool {
    let is_pipeline = matches!(extension, "yml" | "yaml")
        && (lower_name.contains("pipeline") || directories.ends_with(".github/workflows") || lower_name == ".gitlab-ci.yml");
    is_pipeline
        || DELIVERY_EXTENSIONS.contains(&extension)
        || lower_name.starts_with("dockerfile")
        || lower_name.ends_with(".dockerfile")
}

/// The words of a path in lower case: `src/UserAuth_service.cs` has src, user, auth, service, cs.
pub(crate) fn words(path: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in path.chars() {
        let is_word = character.is_alphanumeric();
        if !is_word || (character.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if is_word && let Some(word) = words.last_mut() {
            word.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase();
    }
    words.into_iter().filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_weighed_by_table() {
        let cases: &[(Worth, &[&str])] = &[
            (
                Worth::Risky,
                &[
                    "src/auth/handler.rs",
                    "src/UserAuthService.cs",
                    "db/migrations/001.sql",
                    "src/oauth2.py",
                    "lib/Mutex.cpp",
                    "azure-pipelines.yml",
                    "Dockerfile",
                    "infra/main.tf",
                    ".github/workflows/ci.yml",
                    "src/async_queue.go",
                ],
            ),
            (Worth::Source, &["src/author.rs", "main.go", "src/OrderService.cs", "web/app.tsx", "src/contest/page.py"]),
            (
                Worth::Test,
                &[
                    "tests/auth.rs",
                    "src/auth_test.go",
                    "src/OrderServiceTests.cs",
                    "web/app.spec.ts",
                    "test_login.py",
                    "Shop.Api.Tests/Helper.cs",
                    "src/scope/tests.rs",
                    "src/test/java/A.java",
                ],
            ),
            (Worth::Other, &["README.md", "docs/auth.md", "package.json", "app/style.css", "LICENSE", "src/tokens.json"]),
        ];
        for (expected, paths) in cases {
            for path in *paths {
                assert_eq!(worth(path), *expected, "{path}");
            }
        }
    }
}
