//! The tools, each with a configuration of ours: rules that find mistakes, and none about style.

use super::{Analyzer, Feeding, Output, reading};

/// Tools by the keys of `reviews.tools`. What each lets a repository run, and how that is kept from it: `docs/security.md`.
#[rustfmt::skip]
pub const ANALYZERS: &[Analyzer] = &[
    Analyzer {
        key: "biome", name: "Biome", program: "biome",
        takes: |path| has(path, &["js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "css", "graphql"]), is_on: |tools| tools.biome.enabled,
        arguments: &["lint", "--config-path={folder}", "--reporter=json", "--max-diagnostics=400", "--colors=off"],
        configuration: Some(("biome.json", include_str!("table/biome.json"))),
        feeding: Feeding::PathsWithin, output: Output::Stdout, exits: &[0, 1], read: reading::biome,
    },
    Analyzer {
        key: "checkov", name: "Checkov", program: "checkov",
        takes: |path| has(path, &["tf", "bicep"]), is_on: |tools| tools.checkov.enabled,
        arguments: &["--config-file", "{configuration}", "-o", "json", "--compact", "--quiet", "--skip-download", "-f"],
        configuration: Some(("checkov.yaml", "framework: [terraform, bicep]\n")),
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::checkov,
    },
    Analyzer {
        key: "cppcheck", name: "Cppcheck", program: "cppcheck",
        takes: |path| has(path, &["c", "cc", "cpp", "cxx", "h", "hh", "hpp"]), is_on: |tools| tools.cppcheck.enabled,
        arguments: &["--quiet", "--enable=warning,performance,portability", "--template={file}\t{line}\t{severity}\t{id}\t{message}"],
        configuration: None,
        feeding: Feeding::Paths, output: Output::Stderr, exits: &[0], read: reading::cppcheck,
    },
    Analyzer {
        key: "eslint", name: "ESLint", program: "eslint",
        takes: |path| has(path, &["js", "mjs", "cjs", "jsx"]), is_on: |tools| tools.eslint.enabled,
        arguments: &["--no-config-lookup", "-c", "{configuration}", "-f", "json", "--no-warn-ignored"],
        configuration: Some(("eslint.config.mjs", include_str!("table/eslint.config.mjs"))),
        feeding: Feeding::PathsWithin, output: Output::Stdout, exits: &[0, 1], read: reading::eslint,
    },
    Analyzer {
        key: "flake8", name: "Flake8", program: "flake8",
        takes: |path| has(path, &["py", "pyi"]), is_on: |tools| tools.flake8.enabled,
        arguments: &["--isolated", "--jobs=1", "--select=E9,F,B", "--format=%(path)s:%(row)d:%(col)d: %(code)s %(text)s"],
        configuration: None,
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::flake8,
    },
    Analyzer {
        key: "fortitudeLint", name: "Fortitude", program: "fortitude",
        takes: |path| has(path, &["f90", "f95", "f03", "f08", "f18"]), is_on: |tools| tools.fortitude_lint.enabled,
        arguments: &["check", "--isolated", "--quiet", "--output-format", "json"],
        configuration: None,
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::ruff,
    },
    Analyzer {
        key: "hadolint", name: "Hadolint", program: "hadolint",
        takes: is_dockerfile, is_on: |tools| tools.hadolint.enabled,
        arguments: &["--config", "{configuration}", "--no-fail", "-f", "json"],
        configuration: Some(("hadolint.yaml", "ignored: [DL3008, DL3018, DL3041]\n")),
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0], read: reading::hadolint,
    },
    Analyzer {
        key: "htmlhint", name: "HTMLHint", program: "htmlhint",
        takes: |path| has(path, &["html", "htm"]), is_on: |tools| tools.htmlhint.enabled,
        arguments: &["--config", "{configuration}", "-f", "json"],
        configuration: Some(("htmlhintrc.json", include_str!("table/htmlhint.json"))),
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::htmlhint,
    },
    Analyzer {
        key: "markdownlint", name: "markdownlint", program: "markdownlint-cli2",
        takes: |path| has(path, &["md", "markdown"]), is_on: |tools| tools.markdownlint.enabled,
        // By its input: a `.markdownlint-cli2.cjs` beside a file would be run whatever the configuration.
        arguments: &["--config", "{configuration}", "-"],
        configuration: Some((".markdownlint.json", include_str!("table/markdownlint.json"))),
        feeding: Feeding::Input, output: Output::Stderr, exits: &[0, 1], read: reading::markdownlint,
    },
    Analyzer {
        key: "oxc", name: "Oxlint", program: "oxlint",
        takes: |path| has(path, &["js", "mjs", "cjs", "jsx", "ts", "mts", "cts", "tsx"]), is_on: |tools| tools.oxc.enabled,
        arguments: &["-c", "{configuration}", "--disable-nested-config", "-f", "json"],
        configuration: Some(("oxlintrc.json", "{ \"categories\": { \"correctness\": \"warn\" } }\n")),
        feeding: Feeding::PathsWithin, output: Output::Stdout, exits: &[0, 1], read: reading::oxlint,
    },
    Analyzer {
        key: "pylint", name: "Pylint", program: "pylint",
        takes: |path| has(path, &["py"]), is_on: |tools| tools.pylint.enabled,
        // What it would import of itself first: an `isort.py` beside a file would be taken in the place of the real one.
        arguments: &["--rcfile={configuration}", "--init-hook=import isort", "-j1", "-f", "json2"],
        configuration: Some(("pylintrc", include_str!("table/pylintrc"))),
        // Bits of what it found; 32 is wrong use.
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31],
        read: reading::pylint,
    },
    Analyzer {
        key: "ruff", name: "Ruff", program: "ruff",
        takes: |path| has(path, &["py", "pyi"]), is_on: |tools| tools.ruff.enabled,
        arguments: &["check", "--isolated", "--no-cache", "--quiet", "--select=E7,E9,F,B,PLE,ASYNC,S", "--ignore=S101", "--output-format=json"],
        configuration: None,
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::ruff,
    },
    Analyzer {
        key: "shellcheck", name: "ShellCheck", program: "shellcheck",
        takes: |path| has(path, &["sh", "bash", "ksh", "dash"]), is_on: |tools| tools.shellcheck.enabled,
        arguments: &["--norc", "--severity=info", "-f", "json1"],
        configuration: None,
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::shellcheck,
    },
    Analyzer {
        key: "sqlfluff", name: "SQLFluff", program: "sqlfluff",
        takes: |path| has(path, &["sql"]), is_on: |tools| tools.sqlfluff.enabled,
        arguments: &[
            "lint", "--ignore-local-config", "--disable-progress-bar", "--dialect=ansi", "--templater=raw", "--rules=AM,CV05,RF01,ST03,ST11",
            "-f", "json",
        ],
        configuration: None,
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::sqlfluff,
    },
    Analyzer {
        key: "stylelint", name: "Stylelint", program: "stylelint",
        takes: |path| has(path, &["css"]), is_on: |tools| tools.stylelint.enabled,
        arguments: &["--config", "{configuration}", "--no-cache", "-f", "json"],
        configuration: Some(("stylelint.json", include_str!("table/stylelint.json"))),
        feeding: Feeding::PathsWithin, output: Output::Stderr, exits: &[0, 2], read: reading::stylelint,
    },
    Analyzer {
        key: "yamllint", name: "yamllint", program: "yamllint",
        // Templates of Helm are no YAML before they are filled in.
        takes: |path| has(path, &["yaml", "yml"]) && !path.contains("templates/"), is_on: |tools| tools.yamllint.enabled,
        arguments: &["-c", "{configuration}", "-f", "parsable"],
        configuration: Some(("yamllint.yaml", include_str!("table/yamllint.yaml"))),
        feeding: Feeding::Paths, output: Output::Stdout, exits: &[0, 1], read: reading::yamllint,
    },
];

/// The tool of a key of `reviews.tools`.
pub fn analyzer(key: &str) -> Option<&'static Analyzer> {
    ANALYZERS.iter().find(|analyzer| analyzer.key == key)
}

/// Whether the name ends in one of these, whatever the case.
fn has(path: &str, extensions: &[&str]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.')
        .is_some_and(|(stem, extension)| !stem.is_empty() && extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// `Dockerfile`, `Containerfile`, `Dockerfile.build`, `build.dockerfile`.
fn is_dockerfile(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    ["dockerfile", "containerfile"].iter().any(|known| {
        name == *known
            || name.strip_prefix(known).is_some_and(|rest| rest.starts_with('.'))
            || name.ends_with(&format!(".{known}"))
    })
}
