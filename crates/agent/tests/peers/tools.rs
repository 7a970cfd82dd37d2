//! Every tool as its makers publish it, run as the agent runs it: in the sandbox, over files that would have it run more than itself.

use std::time::Duration;

use coderabbit_agent::{
    analyzers::{Analyzers, LintedFile},
    settings::ToolSettings,
};
use review_core::{
    analyzers::{ANALYZERS, ToolResult},
    configuration::Tools,
};

use super::told;

fn analyzers(place: &tempfile::TempDir) -> Analyzers {
    let folders = std::env::split_paths(&told("TESTKIT_PEER_TOOLS")).collect();
    Analyzers::new(Some(&ToolSettings {
        folders,
        place: place.path().to_owned(),
        timeout: Duration::from_mins(2),
        launcher: env!("CARGO_BIN_EXE_coderabbit-agent").into(),
    }))
}

fn file(path: &str, head: &str) -> LintedFile {
    LintedFile { path: path.to_owned(), base: None, head: head.to_owned() }
}

/// What a tool is to say: its key, the rule as it begins, the path and the line.
type Expected = (&'static str, &'static str, &'static str, u32);

/// Files with a mistake each.
fn planted() -> (Vec<LintedFile>, Vec<Expected>) {
    let files = vec![
        file("src/cart.py", "import os\n\n\ndef last(items):\n    return itms[-1]\n"),
        file(
            "web/cart.js",
            "export function last(items) {\n  if (items = []) {\n    return NaN === items;\n  }\n  return items;\n}\n",
        ),
        file(
            "web/page.html",
            "<!doctype html>\n<html><head><title>A</title></head><body><p id=\"a\"></p><p id=\"a\"></p></body></html>\n",
        ),
        file("web/page.css", "a {\n  colr: red;\n}\n"),
        file("run.sh", "#!/bin/sh\ncd \"$1\"\nrm -rf \"$2\"/*\n"),
        file("deploy/Dockerfile", "FROM debian\nRUN cd /tmp && ls\n"),
        file("azure-pipelines.yml", "steps:\n  - script: a\ntrigger: none\nsteps: []\n"),
        file("docs/guide.md", "# Guide\n\nSee [the page]().\n"),
        file("src/sum.c", "int sum(void) {\n    int values[2] = {1, 2};\n    return values[2];\n}\n"),
        file("src/sum.f90", "program sum\n  integer i\n  i = 1\nend program\n"),
        file("db/orders.sql", "SELECT name\nFROM orders\nWHERE note = NULL\n"),
        file(
            "infra/main.tf",
            "resource \"azurerm_storage_account\" \"a\" {\n  name = \"a\"\n  https_traffic_only_enabled = false\n}\n",
        ),
    ];
    let expected = vec![
        ("biome", "correctness/useIsNan", "web/cart.js", 3),
        ("checkov", "CKV_AZURE_", "infra/main.tf", 1),
        ("cppcheck", "arrayIndexOutOfBounds", "src/sum.c", 3),
        ("eslint", "no-cond-assign", "web/cart.js", 2),
        ("flake8", "F821", "src/cart.py", 5),
        ("fortitudeLint", "C001", "src/sum.f90", 1),
        ("hadolint", "DL3006", "deploy/Dockerfile", 1),
        ("htmlhint", "id-unique", "web/page.html", 2),
        ("markdownlint", "MD042", "docs/guide.md", 3),
        ("oxc", "eslint(use-isnan)", "web/cart.js", 3),
        ("pylint", "E0602", "src/cart.py", 5),
        ("ruff", "F821", "src/cart.py", 5),
        ("shellcheck", "SC2164", "run.sh", 2),
        ("sqlfluff", "CV05", "db/orders.sql", 3),
        ("stylelint", "property-no-unknown", "web/page.css", 2),
        ("yamllint", "key-duplicates", "azure-pipelines.yml", 4),
    ];
    (files, expected)
}

fn shown(results: &[ToolResult], tool: &str) -> Vec<String> {
    let of_tool = results.iter().filter(|result| result.tool == tool);
    of_tool.map(|result| format!("{}:{} {} {}", result.path, result.line, result.rule, result.message)).collect()
}

#[tokio::test]
async fn each_tool_finds_what_it_is_known_for() {
    let place = tempfile::tempdir().unwrap();
    let analyzers = analyzers(&place);
    let (installed, refused) = analyzers.state().await.unwrap();
    assert_eq!(refused, None);
    assert_eq!(installed, ANALYZERS.iter().map(|analyzer| analyzer.name).collect::<Vec<_>>());
    let (files, expected) = planted();
    let linted = analyzers.lint(&files, &Tools::default()).await;
    let mut missing = Vec::new();
    for (key, rule, path, line) in expected {
        let tool = ANALYZERS.iter().find(|analyzer| analyzer.key == key).unwrap().name;
        let run = linted.runs.iter().find(|run| run.tool == tool).unwrap();
        let is_it = |result: &&ToolResult| {
            result.tool == tool && result.rule.starts_with(rule) && result.path == path && result.line == line
        };
        if run.problem.is_some() || !linted.results.iter().any(|result| is_it(&result)) {
            missing.push(format!("{tool}: {rule} at {path}:{line}, but {:?} {:#?}", run.problem, shown(&linted.results, tool)));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// Whatever would be run of these ends the tool, so that it had nothing to say.
#[tokio::test]
async fn nothing_of_a_repository_is_run_by_a_tool() {
    let place = tempfile::tempdir().unwrap();
    let (mut files, expected) = planted();
    let (python, script) = ("import os\nos._exit(77)\n", "process.exit(77);\n");
    for name in ["isort.py", "mccabe.py", "pyflakes.py", "pylint_plugin.py", "sitecustomize.py", "src/isort.py", "src/ast.py"] {
        files.push(file(name, python));
    }
    for name in ["eslint.config.js", "web/eslint.config.mjs", ".eslintrc.cjs", "stylelint.config.js", ".markdownlint-cli2.cjs"] {
        files.push(file(name, script));
    }
    // Configurations that tools of these kinds read where they lie.
    files.push(file("web/.oxlintrc.json", "{ \"jsPlugins\": [\"./eslint.config.js\"] }"));
    files.push(file(".pylintrc", "[MAIN]\ninit-hook='import os; os._exit(77)'\n"));
    files.push(file(".sqlfluff", "[sqlfluff]\nlibrary_path = src\n"));
    files.push(file(".checkov.yaml", "external-checks-dir: [.]\n"));
    files.push(file("a.sql", "-- sqlfluff:templater:jinja:library_path:src\nSELECT 1\n"));
    let linted = analyzers(&place).lint(&files, &Tools::default()).await;
    let problems: Vec<_> = linted.runs.iter().filter_map(|run| Some((&run.tool, run.problem.as_ref()?))).collect();
    assert_eq!(problems, []);
    for (key, rule, path, _) in expected {
        let tool = ANALYZERS.iter().find(|analyzer| analyzer.key == key).unwrap().name;
        let says =
            linted.results.iter().any(|result| result.tool == tool && result.rule.starts_with(rule) && result.path == path);
        assert!(says, "{tool} does not say {rule} of {path} any more: {:#?}", shown(&linted.results, tool));
    }
}
