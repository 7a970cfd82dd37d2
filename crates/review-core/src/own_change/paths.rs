//! Which files a change of the agent's own may touch, and which it may add. What runs without being asked, what decides who may do
//! what, and what tools write stays with people.

use crate::{
    redaction::is_key_file,
    scope::{is_test, path_filters, set_aside_by_path},
};

/// Folders, at any depth.
#[rustfmt::skip]
const FOLDERS: &[&str] = &[
    ".azuredevops", ".azure-pipelines", "azure-pipelines", ".pipelines", ".vsts", ".github", ".gitlab", ".circleci", ".buildkite",
    ".teamcity", ".git", ".githooks", "githooks", "git-hooks", ".husky", ".hooks", ".devcontainer", ".vscode", ".idea", ".cargo", ".mvn",
];

/// Beginnings of names.
const BEGINNINGS: &[&str] = &[
    "azure-pipeline",
    "azure_pipeline",
    ".coderabbit",
    "dockerfile",
    "docker-compose",
    "jenkinsfile",
    ".gitlab-ci",
    ".travis",
    ".pre-commit",
    "lefthook",
    ".lintstaged",
];

#[rustfmt::skip]
const NAMES: &[&str] = &[
    ".gitattributes", ".gitmodules", ".gitconfig", ".envrc", "codeowners", "makefile", "gnumakefile", "justfile", "build.rs", "setup.py",
    "conftest.py", "sitecustomize.py", "usercustomize.py", "noxfile.py", "rakefile", "gemfile",
    "gulpfile.js", "gruntfile.js", "package.json", "directory.build.props", "directory.build.targets", "nuget.config", "pom.xml",
    "build.sbt", "appsettings.json", "cargo.toml",
    "pyproject.toml", "global.json", "cmakelists.txt", "go.mod", "setup.cfg", "tox.ini", "pytest.ini", "composer.json", "package.swift",
];

/// Of pipelines, of deployments and of most tools: settings, whatever their names.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    ".yml", ".yaml", ".csproj", ".fsproj", ".vbproj", ".vcxproj", ".sln", ".slnx", ".targets", ".props", ".cmake", ".gradle",
    ".gradle.kts", ".gemspec",
];

/// Parts of names.
const PARTS: &[&str] = &[".conf.", ".config."];

/// Extensions of tests that are new.
#[rustfmt::skip]
const TEST_EXTENSIONS: &[&str] = &[
    "c", "cc", "cjs", "cpp", "cs", "cxx", "go", "java", "js", "jsx", "kt", "mjs", "mts", "php", "py", "rb", "rs", "scala", "swift", "ts", "tsx",
];

const MAX_PATH_CHARS: usize = 200;

/// Why no change of the agent's own touches this file; None: it may.
pub fn protected(path: &str) -> Option<&'static str> {
    let lower = path.to_lowercase();
    let mut parts: Vec<&str> = lower.split('/').collect();
    let name = parts.pop().unwrap_or_default();
    // `.eslintrc`, `.babelrc.json`.
    let is_rc = name.starts_with('.') && name.split('.').any(|part| part.ends_with("rc"));
    let is_of_typescript = name.strip_prefix("tsconfig").is_some_and(|rest| rest.strip_suffix(".json").is_some());
    if parts.iter().any(|part| FOLDERS.contains(part))
        || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
        || NAMES.contains(&name)
        || ENDINGS.iter().any(|ending| name.ends_with(ending))
        || PARTS.iter().any(|part| name.contains(part))
        || is_rc
        || is_of_typescript
    {
        return Some("pipelines, hooks and settings of tools are not touched");
    }
    if is_key_file(path) {
        return Some("files that hold keys are not touched");
    }
    set_aside_by_path(path, &path_filters(&[]))
        .map(|_| "lock files, generated and vendored files and what is no code are not touched")
}

/// Why no test of this path is added; None: it may. Whether something stands there already is for the caller to see.
pub fn new_test_refusal(path: &str) -> Option<&'static str> {
    let is_part = |part: &str| {
        let is_allowed = |character: char| character.is_alphanumeric() || "_-.+ ()[]@".contains(character);
        !part.is_empty() && !part.starts_with('.') && !part.ends_with(['.', ' ']) && part.chars().all(is_allowed)
    };
    if path.is_empty() || path.chars().count() > MAX_PATH_CHARS || !path.split('/').all(is_part) {
        return Some("its path is none inside of the repository");
    }
    if let Some(why) = protected(path) {
        return Some(why);
    }
    let extension = path.rsplit_once('.').map(|(_, extension)| extension.to_lowercase()).unwrap_or_default();
    if !is_test(path) || !TEST_EXTENSIONS.contains(&extension.as_str()) {
        return Some("its path is not that of a test");
    }
    None
}
