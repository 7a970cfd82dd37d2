//! Which module of the agent may name what, by the paths in its sources.

use std::collections::BTreeSet;

use super::SourceFile;

const AGENT: &str = "crates/agent/src/";

/// What a module may use.
struct Allowed {
    module: &'static str,
    /// Modules of the agent; its own is always allowed. None: all.
    inside: Option<&'static [&'static str]>,
    /// Crates that it may not name.
    never: &'static [&'static str],
}

/// The table "talks to" of ARCHITECTURE.md.
const RULES: &[Allowed] = &[
    Allowed { module: "settings", inside: Some(&[]), never: &["axum", "reqwest", "sqlx"] },
    Allowed { module: "telemetry", inside: Some(&["settings", "store"]), never: &["axum", "reqwest", "sqlx"] },
    Allowed { module: "net", inside: Some(&["settings"]), never: &["axum", "sqlx"] },
    Allowed { module: "store", inside: Some(&["settings"]), never: &["axum", "reqwest"] },
    Allowed { module: "git", inside: Some(&["settings", "net", "telemetry"]), never: &["axum", "reqwest", "sqlx"] },
    Allowed { module: "index", inside: Some(&["git"]), never: &["axum", "reqwest"] },
    Allowed { module: "azure_devops", inside: Some(&["settings", "net", "telemetry"]), never: &["axum", "sqlx"] },
    Allowed { module: "llm", inside: Some(&["settings", "net", "store", "telemetry"]), never: &["axum", "sqlx"] },
    Allowed { module: "trackers", inside: Some(&["settings", "net", "telemetry"]), never: &["axum", "sqlx"] },
    Allowed { module: "web_search", inside: Some(&["settings", "net", "store", "telemetry"]), never: &["axum", "sqlx"] },
    Allowed { module: "jobs", inside: Some(&["store", "telemetry"]), never: &["axum", "reqwest", "sqlx"] },
    Allowed { module: "http", inside: Some(&["azure_devops", "settings", "store", "telemetry"]), never: &["reqwest", "sqlx"] },
    Allowed { module: "sandbox", inside: Some(&[]), never: &["axum", "reqwest", "sqlx"] },
    Allowed { module: "analyzers", inside: Some(&["sandbox", "settings"]), never: &["axum", "reqwest", "sqlx"] },
    Allowed {
        module: "pipeline",
        inside: Some(&[
            "analyzers",
            "azure_devops",
            "git",
            "index",
            "jobs",
            "llm",
            "net",
            "settings",
            "store",
            "telemetry",
            "trackers",
            "web_search",
        ]),
        never: &["axum", "reqwest", "sqlx"],
    },
    Allowed { module: "cli", inside: None, never: &["axum", "sqlx"] },
    Allowed { module: "app", inside: None, never: &["sqlx"] },
];

pub(super) fn problems(files: &[SourceFile]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files {
        let Some(inside) = file.path.strip_prefix(AGENT).filter(|_| file.is("rs")) else { continue };
        let module = inside.split(['/', '.']).next().unwrap_or_default();
        if ["lib", "main"].contains(&module) || is_test(&file.path) {
            continue;
        }
        let Some(rule) = RULES.iter().find(|rule| rule.module == module) else {
            problems.push(format!("{}: module {module} has no rule in xtask/src/tidy/modules.rs", file.path));
            continue;
        };
        let code = code_of(&file.text);
        for named in named_modules(&code) {
            if named != module && rule.inside.is_some_and(|allowed| !allowed.contains(&named.as_str())) {
                problems.push(format!("{}: {module} may not use {named}", file.path));
            }
        }
        for name in rule.never {
            if names_crate(&code, name) {
                problems.push(format!("{}: {module} may not use the crate {name}", file.path));
            }
        }
        if (module == "azure_devops" || module == "llm") && code.contains("pub mod wire") {
            problems.push(format!("{}: wire types stay in their module", file.path));
        }
    }
    problems
}

pub(super) fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.ends_with("/test_support.rs") || path.contains("/tests/")
}

/// The source up to its tests, without comments.
pub(super) fn code_of(text: &str) -> String {
    let before_tests = text.lines().take_while(|line| line.trim_end() != "#[cfg(test)]");
    let code = before_tests.map(|line| line.split_once("//").map_or(line, |(code, _)| code));
    code.collect::<Vec<_>>().join("\n")
}

/// Every `x` of `crate::x` and of `crate::{x, y::z}`.
fn named_modules(code: &str) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    for (_, after) in code.match_indices("crate::").map(|(at, word)| code.split_at(at + word.len())) {
        match after.strip_prefix('{') {
            Some(group) => named.extend(first_words(group)),
            None => named.extend(first_word(after)),
        }
    }
    named
}

/// The first word of every item of a use group, whose opening brace is behind us.
fn first_words(group: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut depth = 0_usize;
    let mut item_starts = true;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => item_starts = true,
            _ if item_starts && (character.is_alphanumeric() || character == '_') => {
                words.extend(first_word(group.get(at..).unwrap_or_default()));
                item_starts = false;
            }
            _ => {}
        }
    }
    words
}

fn first_word(text: &str) -> Option<String> {
    let word: String = text.chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
    // `crate::Type` names the root, where nothing of ours lives.
    word.starts_with(|first: char| first.is_lowercase()).then_some(word)
}

/// Whether `name::` or `use name` stands there as a word of its own.
fn names_crate(code: &str, name: &str) -> bool {
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (code.get(..at).unwrap_or_default(), code.get(at + name.len()..).unwrap_or_default());
        let begins = !before.ends_with(|last: char| last.is_alphanumeric() || last == '_' || last == ':' || last == '.');
        let is_path = after.starts_with("::");
        begins && (is_path || (before.ends_with("use ") && after.starts_with([';', ' '])))
    })
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, code_of, named_modules, names_crate, problems};

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile { path: format!("crates/agent/src/{path}"), text: text.to_owned() }
    }

    #[test]
    fn modules_are_found_in_every_form_of_path() {
        let code =
            "use crate::{git::{self, Repository}, llm::Model,\n    store};\nfn f(x: crate::net::HttpClients) -> crate::Root {}";
        assert_eq!(named_modules(code).into_iter().collect::<Vec<_>>(), ["git", "llm", "net", "store"]);
        assert!(names_crate("use axum::Router;", "axum"));
        assert!(names_crate("fn f() { reqwest::get(u) }", "reqwest"));
        assert!(!names_crate("use crate::axum_like; let x = self.axum;", "axum"));
        assert_eq!(code_of("a // crate::llm\n#[cfg(test)]\nmod tests { use crate::http; }"), "a ");
    }

    #[test]
    fn a_use_against_the_direction_is_named_with_its_file() {
        let broken = [
            file("git/mod.rs", "use crate::azure_devops::AzureDevOps;"),
            file("pipeline/review.rs", "use axum::Json;"),
            file("http/webhooks.rs", "use crate::{llm::Model, store::Store};"),
            file("new_room/mod.rs", ""),
        ];
        assert_eq!(
            problems(&broken),
            [
                "crates/agent/src/git/mod.rs: git may not use azure_devops",
                "crates/agent/src/pipeline/review.rs: pipeline may not use the crate axum",
                "crates/agent/src/http/webhooks.rs: http may not use llm",
                "crates/agent/src/new_room/mod.rs: module new_room has no rule in xtask/src/tidy/modules.rs",
            ]
        );
        let fine = [
            file("pipeline/review.rs", "use crate::{git::Repository, llm::Model};"),
            file("store/tests.rs", "use crate::pipeline::Reviewer;"),
            file("app.rs", "use crate::{http, jobs, pipeline::Reviewer};"),
        ];
        assert_eq!(problems(&fine), Vec::<String>::new());
    }
}
