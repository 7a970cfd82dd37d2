//! `reviews.tools`.
#![expect(clippy::doc_markdown, reason = "names of tools, which stand like this in the schema too")]

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Switch, section};

/// A tool that can only be turned off.
pub type Tool = Switch;

section! {
    /// Linters and scanners.
    Tools {
        /// actionlint: workflows of GitHub Actions.
        actionlint: Tool = Tool::default(),
        /// ast-grep: patterns of syntax trees.
        #[serde(rename = "ast-grep")]
        ast_grep: AstGrep = AstGrep::default(),
        /// Biome: web projects.
        biome: Tool = Tool::default(),
        /// Blinter: Windows batch files.
        blinter: Tool = Tool::default(),
        /// Brakeman: Ruby on Rails.
        brakeman: Tool = Tool::default(),
        /// Buf: Protobuf.
        buf: Tool = Tool::default(),
        /// checkmake: Makefiles.
        checkmake: Tool = Tool::default(),
        /// Checkov: infrastructure.
        checkov: Tool = Tool::default(),
        /// CircleCI: its configuration.
        circleci: Tool = Tool::default(),
        /// Clang: C and C++.
        clang: Tool = Tool::default(),
        /// Clippy: Rust.
        clippy: Tool = Tool::default(),
        /// Cppcheck: C and C++.
        cppcheck: Tool = Tool::default(),
        /// detekt: Kotlin.
        detekt: ConfiguredTool = ConfiguredTool::default(),
        /// dotenv-linter: .env files.
        #[serde(rename = "dotenvLint")]
        dotenv_lint: Tool = Tool::default(),
        /// ember-template-lint: Handlebars templates.
        #[serde(rename = "emberTemplateLint")]
        ember_template_lint: Tool = Tool::default(),
        /// ESLint: JavaScript and TypeScript.
        eslint: Tool = Tool::default(),
        /// Infer: Java, C and C++.
        fbinfer: Infer = Infer::default(),
        /// Flake8: Python.
        flake8: Tool = Tool::default(),
        /// Fortitude: Fortran.
        #[serde(rename = "fortitudeLint")]
        fortitude_lint: Tool = Tool::default(),
        /// Checks of GitHub.
        #[serde(rename = "github-checks")]
        github_checks: GithubChecks = GithubChecks::default(),
        /// Gitleaks: secrets.
        gitleaks: Tool = Tool::default(),
        /// golangci-lint: Go.
        #[serde(rename = "golangci-lint")]
        golangci_lint: ConfiguredTool = ConfiguredTool::default(),
        /// Hadolint: Dockerfiles.
        hadolint: Tool = Tool::default(),
        /// HTMLHint: HTML.
        htmlhint: Tool = Tool::default(),
        /// LanguageTool: style and grammar.
        languagetool: LanguageTool = LanguageTool::default(),
        /// Luacheck: Lua.
        luacheck: Tool = Tool::default(),
        /// markdownlint: Markdown.
        markdownlint: Tool = Tool::default(),
        /// oasdiff: OpenAPI.
        oasdiff: Tool = Tool::default(),
        /// OpenGrep: many languages.
        opengrep: Tool = Tool::default(),
        /// OSV-Scanner: known vulnerabilities.
        #[serde(rename = "osvScanner")]
        osv_scanner: Tool = Tool::default(),
        /// Oxlint: JavaScript and TypeScript.
        oxc: Tool = Tool::default(),
        /// PHP CodeSniffer: PHP.
        phpcs: Tool = Tool::default(),
        /// PHPMD: PHP.
        phpmd: Tool = Tool::default(),
        /// PHPStan: PHP.
        phpstan: PhpStan = PhpStan::default(),
        /// PMD: Java and more.
        pmd: ConfiguredTool = ConfiguredTool::default(),
        /// Presidio: personal data.
        presidio: Tool = Tool::default(),
        /// Prisma Lint: Prisma schemas.
        #[serde(rename = "prismaLint")]
        prisma_lint: Tool = Tool::default(),
        /// PSScriptAnalyzer: PowerShell.
        psscriptanalyzer: Tool = Tool::default(),
        /// Pylint: Python.
        pylint: Tool = Tool::default(),
        /// React Doctor: React.
        #[serde(rename = "reactDoctor")]
        react_doctor: Tool = Tool::default(),
        /// Regal: Rego.
        regal: Tool = Tool::default(),
        /// RuboCop: Ruby.
        rubocop: Tool = Tool::default(),
        /// Ruff: Python.
        ruff: Tool = Tool::default(),
        /// Semgrep: many languages.
        semgrep: ConfiguredTool = ConfiguredTool::default(),
        /// ShellCheck: shell scripts.
        shellcheck: Tool = Tool::default(),
        /// Theme Check: Shopify themes.
        #[serde(rename = "shopifyThemeCheck")]
        shopify_theme_check: Tool = Tool::default(),
        /// SkillSpector: skills of AI agents.
        skillspector: Tool = Tool::default(),
        /// smarty-lint: Smarty templates.
        #[serde(rename = "smartyLint")]
        smarty_lint: Tool = Tool::default(),
        /// SQLFluff: SQL.
        sqlfluff: ConfiguredTool = ConfiguredTool::default(),
        /// Stylelint: style sheets.
        stylelint: Tool = Tool::default(),
        /// SwiftLint: Swift.
        swiftlint: ConfiguredTool = ConfiguredTool::default(),
        /// TFLint: Terraform.
        tflint: Tool = Tool::default(),
        /// Trivy: infrastructure.
        trivy: Tool = Tool::default(),
        /// TruffleHog: secrets.
        trufflehog: Tool = Tool::default(),
        /// yamllint: YAML.
        yamllint: Tool = Tool::default(),
        /// zizmor: security of GitHub Actions.
        zizmor: Tool = Tool::default(),
    }
}

section! {
    /// A tool with a configuration file.
    ConfiguredTool {
        /// Whether it runs.
        enabled: bool = true,
        /// Path of its configuration, where it is not the usual one.
        config_file: String = String::new(),
    }
}

section! {
    /// ast-grep.
    AstGrep {
        /// Folders of rules.
        rule_dirs: Vec<String> = Vec::new(),
        /// Folders of utility rules.
        util_dirs: Vec<String> = Vec::new(),
        /// The vendor's rules on security.
        essential_rules: bool = true,
        /// Packages of rules.
        packages: Vec<String> = Vec::new(),
    }
}

section! {
    /// Checks of GitHub.
    GithubChecks {
        /// Whether they are waited for.
        enabled: bool = true,
        /// How long, in milliseconds.
        #[schemars(range(min = 0, max = 900_000))]
        timeout_ms: u32 = 90_000,
    }
}

section! {
    /// LanguageTool.
    LanguageTool {
        /// Whether it runs.
        enabled: bool = true,
        /// Rules that are turned on.
        enabled_rules: Vec<String> = Vec::new(),
        /// Rules that are turned off.
        disabled_rules: Vec<String> = Vec::new(),
        /// Categories that are turned on.
        enabled_categories: Vec<String> = Vec::new(),
        /// Categories that are turned off.
        disabled_categories: Vec<String> = Vec::new(),
        /// Only what is turned on.
        enabled_only: bool = false,
        /// `picky` has more rules.
        level: LanguageToolLevel = LanguageToolLevel::Default,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LanguageToolLevel {
    Default,
    Picky,
}

section! {
    /// PHPStan.
    PhpStan {
        /// Whether it runs.
        enabled: bool = true,
        /// Its rule level; `default` follows the profile.
        level: PhpStanLevel = PhpStanLevel::Default,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PhpStanLevel {
    #[serde(rename = "default")]
    Default,
    #[serde(rename = "0")]
    Zero,
    #[serde(rename = "1")]
    One,
    #[serde(rename = "2")]
    Two,
    #[serde(rename = "3")]
    Three,
    #[serde(rename = "4")]
    Four,
    #[serde(rename = "5")]
    Five,
    #[serde(rename = "6")]
    Six,
    #[serde(rename = "7")]
    Seven,
    #[serde(rename = "8")]
    Eight,
    #[serde(rename = "9")]
    Nine,
    #[serde(rename = "max")]
    Max,
}

section! {
    /// Infer.
    Infer {
        /// Whether it runs.
        enabled: bool = true,
        /// Java too.
        enable_java: bool = false,
    }
}
