use std::{collections::BTreeSet, fmt::Write as _};

use proptest::prelude::*;
use serde_json::Value as Json;

use super::{schema::leaves, *};

fn remarks(text: &str) -> String {
    let read = Layer::read(Source::Repository(".coderabbit.yaml".into()), text.as_bytes());
    let remarks = match read {
        Ok(layer) => layer.remarks,
        Err(remark) => vec![remark],
    };
    remarks.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn configuration(text: &str) -> Configuration {
    let layer = Layer::read(Source::Environment, text.as_bytes()).unwrap();
    Effective::of(vec![layer], Vec::new()).configuration
}

mod the_schema {
    use super::*;

    #[test]
    fn every_key_has_a_state_and_every_row_of_the_table_a_key() {
        let mut used = BTreeSet::new();
        for (path, _) in leaves() {
            assert!(keys::status(&path).is_some(), "{path} has no row in keys::TABLE");
            let covers =
                |row: &str| row == path || row.strip_suffix(".*").is_some_and(|above| path.starts_with(&format!("{above}.")));
            used.extend(keys::TABLE.iter().map(|row| row.0).filter(|row| covers(row)));
        }
        let unused: Vec<&str> = keys::TABLE.iter().map(|row| row.0).filter(|row| !used.contains(row)).collect();
        assert_eq!(unused, Vec::<&str>::new(), "rows for keys that do not exist");
    }

    #[test]
    fn the_defaults_are_what_the_commercial_product_takes_but_for_the_description() {
        let shown: String = leaves().into_iter().filter(|(path, _)| !path.starts_with("reviews.tools.")).fold(
            String::new(),
            |mut text, (path, schema)| {
                writeln!(text, "{path} = {}", schema.get("default").unwrap_or(&Json::Null)).unwrap();
                text
            },
        );
        insta::assert_snapshot!(shown, @r#"
        language = "en-US"
        tone_instructions = ""
        early_access = false
        enable_free_tier = true
        inheritance = false
        remote_config.url = ""
        remote_config.repository = ""
        remote_config.ref = ""
        remote_config.path = ".coderabbit.yaml"
        reviews.profile = "chill"
        reviews.request_changes_workflow = false
        reviews.high_level_summary = false
        reviews.high_level_summary_instructions = ""
        reviews.high_level_summary_placeholder = "@coderabbitai summary"
        reviews.high_level_summary_in_walkthrough = false
        reviews.auto_title_placeholder = "@coderabbitai"
        reviews.auto_title_instructions = ""
        reviews.review_status = true
        reviews.review_details = false
        reviews.commit_status = true
        reviews.fail_commit_status = false
        reviews.collapse_walkthrough = true
        reviews.changed_files_summary = true
        reviews.sequence_diagrams = true
        reviews.estimate_code_review_effort = true
        reviews.assess_linked_issues = true
        reviews.related_issues = true
        reviews.related_prs = true
        reviews.suggested_labels = true
        reviews.auto_apply_labels = false
        reviews.labeling_instructions = []
        reviews.mutually_exclusive_groups = {}
        reviews.suggested_reviewers = true
        reviews.auto_assign_reviewers = false
        reviews.suggested_reviewers_instructions = []
        reviews.poem = false
        reviews.in_progress_fortune = true
        reviews.enable_prompt_for_ai_agents = true
        reviews.path_filters = []
        reviews.path_instructions = []
        reviews.abort_on_close = true
        reviews.disable_cache = false
        reviews.slop_detection.enabled = true
        reviews.slop_detection.label = ""
        reviews.auto_review.enabled = true
        reviews.auto_review.auto_incremental_review = true
        reviews.auto_review.auto_pause_after_reviewed_commits = 5
        reviews.auto_review.description_keyword = ""
        reviews.auto_review.ignore_title_keywords = []
        reviews.auto_review.labels = []
        reviews.auto_review.ignore_usernames = []
        reviews.auto_review.drafts = false
        reviews.auto_review.base_branches = []
        reviews.finishing_touches.docstrings.enabled = true
        reviews.finishing_touches.unit_tests.enabled = true
        reviews.finishing_touches.simplify.enabled = false
        reviews.finishing_touches.custom = []
        reviews.pre_merge_checks.docstrings.mode = "warning"
        reviews.pre_merge_checks.docstrings.threshold = 80.0
        reviews.pre_merge_checks.title.mode = "warning"
        reviews.pre_merge_checks.title.requirements = ""
        reviews.pre_merge_checks.description.mode = "warning"
        reviews.pre_merge_checks.issue_assessment.mode = "warning"
        reviews.pre_merge_checks.custom_checks = []
        reviews.pre_merge_checks.override_requested_reviewers_only = false
        chat.art = true
        chat.auto_reply = true
        chat.allow_non_org_members = true
        chat.integrations.jira.usage = "auto"
        chat.integrations.linear.usage = "auto"
        knowledge_base.opt_out = false
        knowledge_base.web_search.enabled = true
        knowledge_base.code_guidelines.enabled = true
        knowledge_base.code_guidelines.filePatterns = []
        knowledge_base.learnings.scope = "auto"
        knowledge_base.learnings.approval_delay = 0
        knowledge_base.issues.scope = "auto"
        knowledge_base.jira.usage = "auto"
        knowledge_base.jira.project_keys = []
        knowledge_base.linear.usage = "auto"
        knowledge_base.linear.team_keys = []
        knowledge_base.pull_requests.scope = "auto"
        knowledge_base.mcp.usage = "auto"
        knowledge_base.mcp.disabled_servers = []
        knowledge_base.automatic_repository_linking = false
        knowledge_base.linked_repositories = []
        code_generation.docstrings.language = "en-US"
        code_generation.docstrings.path_instructions = []
        code_generation.unit_tests.path_instructions = []
        issue_enrichment.auto_enrich.enabled = false
        issue_enrichment.planning.enabled = true
        issue_enrichment.planning.auto_planning.enabled = true
        issue_enrichment.planning.auto_planning.labels = []
        issue_enrichment.labeling.labeling_instructions = []
        issue_enrichment.labeling.auto_apply_labels = false
        "#);
    }

    #[test]
    fn the_default_of_each_key_is_of_its_own_type() {
        let written = written(&Effective::default());
        assert_eq!(remarks(&written).lines().filter(|line| line.contains("warning")).collect::<Vec<_>>(), Vec::<&str>::new());
        assert_eq!(configuration(&written), Configuration::default());
    }

    #[test]
    fn all_tools_of_both_years_are_known() {
        let tools: BTreeSet<String> = leaves()
            .into_iter()
            .filter_map(|(path, _)| Some(path.strip_prefix("reviews.tools.")?.split('.').next()?.to_owned()))
            .collect();
        let tools: Vec<String> = tools.into_iter().collect();
        insta::assert_snapshot!(tools.join(" "), @"actionlint ast-grep biome blinter brakeman buf checkmake checkov circleci clang clippy cppcheck detekt dotenvLint emberTemplateLint eslint fbinfer flake8 fortitudeLint github-checks gitleaks golangci-lint hadolint htmlhint languagetool luacheck markdownlint oasdiff opengrep osvScanner oxc phpcs phpmd phpstan pmd presidio prismaLint psscriptanalyzer pylint reactDoctor regal rubocop ruff semgrep shellcheck shopifyThemeCheck skillspector smartyLint sqlfluff stylelint swiftlint tflint trivy trufflehog yamllint zizmor");
    }
}

mod what_is_told {
    use super::*;

    #[test]
    fn a_file_without_mistakes_gets_no_remark() {
        let text = "# yaml-language-server: $schema=x\n$schema: x\nlanguage: de-DE\nreviews:\n  profile: assertive\n  auto_review:\n    base_branches: ['release/.*']\n  path_filters: ['!**/*.md', src/**]\n  path_instructions:\n    - path: '**/*.rs'\n      instructions: No unsafe.\n  tools:\n    ruff: {enabled: false}\nchat:\n";
        insta::assert_snapshot!(remarks(text), @"");
        let configuration = configuration(text);
        assert_eq!(configuration.reviews.path_instructions[0].instructions, "No unsafe.");
        assert!(!configuration.reviews.tools.ruff.enabled);
    }

    #[test]
    fn unknown_keys_are_told_with_the_nearest_one() {
        insta::assert_snapshot!(remarks("lanuage: de\nreview:\n  profile: chill\n"), @r"
        .coderabbit.yaml:1:1: warning: `lanuage` is no key; did you mean `language`?
        .coderabbit.yaml:2:1: warning: `review` is no key; did you mean `reviews`?
        ");
        insta::assert_snapshot!(remarks("reviews:\n  path-filters: []\n  autoReview: {}\n  blah: 1\n  Profile: chill\n"), @r"
        .coderabbit.yaml:2:3: warning: `reviews.path-filters` is no key; did you mean `path_filters`?
        .coderabbit.yaml:3:3: warning: `reviews.autoReview` is no key; did you mean `auto_review`?
        .coderabbit.yaml:4:3: warning: `reviews.blah` is no key, and is ignored
        .coderabbit.yaml:5:3: warning: `reviews.Profile` is no key; did you mean `profile`?
        ");
        insta::assert_snapshot!(remarks("path_filters: []\nreviews:\n  drafts: true\n  enabled: true\n"), @r"
        .coderabbit.yaml:1:1: warning: `path_filters` is no key; did you mean `reviews.path_filters`?
        .coderabbit.yaml:3:3: warning: `reviews.drafts` is no key; did you mean `reviews.auto_review.drafts`?
        .coderabbit.yaml:4:3: warning: `reviews.enabled` is no key, and is ignored
        ");
        insta::assert_snapshot!(remarks("reviews:\n  tools:\n    rufff: {enabled: true}\n    ruff: {enable: true}\n"), @r"
        .coderabbit.yaml:3:5: warning: `reviews.tools.rufff` is no key; did you mean `ruff`?
        .coderabbit.yaml:4:12: warning: `reviews.tools.ruff.enable` is no key; did you mean `enabled`?
        ");
    }

    #[test]
    fn values_of_another_type_are_told_and_left_out() {
        let text = "reviews:\n  profile: asertive\n  poem: yes\n  review_status: 'true'\n  path_filters: src/**\n  auto_review: true\n  pre_merge_checks:\n    docstrings: {threshold: 120}\n  tools: [ruff]\n  auto_title_instructions: {a: b}\nlanguage: english\nknowledge_base:\n  learnings: {approval_delay: 1.5}\n";
        insta::assert_snapshot!(remarks(text), @r"
        .coderabbit.yaml:2:12: warning: `reviews.profile` takes one of `chill`, `assertive`, not `asertive`; did you mean `assertive`?
        .coderabbit.yaml:3:9: warning: `reviews.poem` takes `true` or `false`, not `yes`; did you mean `true`?
        .coderabbit.yaml:4:18: warning: `reviews.review_status` takes `true` or `false`, not `true`; did you mean `true`?
        .coderabbit.yaml:5:17: warning: `reviews.path_filters` takes a list, not `src/**`; it is left out
        .coderabbit.yaml:6:16: warning: `reviews.auto_review` takes a mapping, not `true`; it is left out
        .coderabbit.yaml:8:29: warning: `reviews.pre_merge_checks.docstrings.threshold` takes a number from 0 to 100, not `120`; it is left out
        .coderabbit.yaml:9:10: warning: `reviews.tools` takes a mapping, not a list; it is left out
        .coderabbit.yaml:10:28: warning: `reviews.auto_title_instructions` takes a text, not a mapping; it is left out
        .coderabbit.yaml:11:11: warning: `language` takes one of 99 codes such as `ar`, `ast`, `ast-ES`, not `english`; it is left out
        .coderabbit.yaml:13:31: warning: `knowledge_base.learnings.approval_delay` takes a whole number from 0 to 30, not `1.5`; it is left out
        ");
        assert_eq!(configuration(text), Configuration::default());
    }

    #[test]
    fn what_is_too_long_or_incomplete_is_told() {
        let tone = "a".repeat(251);
        let text = format!(
            "tone_instructions: {tone}\nreviews:\n  path_instructions:\n    - path: a\n    - {{path: b, instructions: c, extra: d}}\n    - text\n  finishing_touches:\n    custom: [{{name: a}}, {{name: b}}, {{name: c}}, {{name: d}}, {{name: e}}, {{name: f}}]\n"
        );
        insta::assert_snapshot!(remarks(&text), @r"
        .coderabbit.yaml:1:20: warning: `tone_instructions` has 251 characters, more than 250, and is left out
        .coderabbit.yaml:4:7: warning: `reviews.path_instructions[1]` needs `instructions`, and is left out
        .coderabbit.yaml:5:34: warning: `reviews.path_instructions[2].extra` is no key, and is ignored
        .coderabbit.yaml:6:7: warning: `reviews.path_instructions[3]` takes a mapping, not `text`; it is left out
        .coderabbit.yaml:8:13: warning: `reviews.finishing_touches.custom` has 6 entries; the first 5 count
        ");
        assert_eq!(configuration(&text).reviews.path_instructions.len(), 1);
    }

    #[test]
    fn patterns_that_mean_nothing_are_told() {
        let text = "reviews:\n  path_filters: [/src/**, docs/, '!', '!(a)', 'ok/**', '!{1..9999}']\n  path_instructions: [{path: /x, instructions: y}]\n  auto_review:\n    base_branches: ['(', '(?!main).*', ok]\n    ignore_title_keywords: ['']\n    labels: ['!', a]\nremote_config: {url: 'http://a.test'}\n";
        insta::assert_snapshot!(remarks(text), @r"
        .coderabbit.yaml:2:18: warning: `reviews.path_filters[1]`: paths have no `/` before them, so this matches no file: write it without; it is left out
        .coderabbit.yaml:2:27: warning: `reviews.path_filters[2]`: this matches no file: write `**` behind the last `/` for everything below a folder; it is left out
        .coderabbit.yaml:2:34: warning: `reviews.path_filters[3]`: an empty pattern matches no file; it is left out
        .coderabbit.yaml:2:56: warning: `reviews.path_filters[6]`: its braces stand for more than 200 patterns; it is left out
        .coderabbit.yaml:3:23: warning: `reviews.path_instructions[1]` needs `path`, and is left out
        .coderabbit.yaml:3:30: warning: `reviews.path_instructions[1].path`: paths have no `/` before them, so this matches no file: write it without; it is left out
        .coderabbit.yaml:5:21: warning: `reviews.auto_review.base_branches[1]`: this is no regular expression; it is left out
        .coderabbit.yaml:5:26: warning: `reviews.auto_review.base_branches[2]`: an expression cannot look ahead or behind here; it is left out
        .coderabbit.yaml:6:29: warning: `reviews.auto_review.ignore_title_keywords[1]`: an empty word stands in every title; it is left out
        .coderabbit.yaml:7:14: warning: `reviews.auto_review.labels[1]`: a label without a name; it is left out
        .coderabbit.yaml:8:22: warning: `remote_config.url`: it must begin with `https://`; it is left out
        ");
        let reviews = configuration(text).reviews;
        assert_eq!(
            (reviews.path_filters, reviews.auto_review.base_branches),
            (vec!["!(a)".to_owned(), "ok/**".to_owned()], vec!["ok".to_owned()])
        );
    }

    #[test]
    fn keys_of_older_versions_are_told_with_their_successor() {
        insta::assert_snapshot!(remarks("version: 2\nreviews:\n  possibly_related_prs: true\n  tools:\n    rustClippy: {enabled: true}\nknowledge_base:\n  jira: {enabled: true}\n"), @r"
        .coderabbit.yaml:1:1: warning: `version` is read no more: there is one version of this file
        .coderabbit.yaml:3:3: warning: `reviews.possibly_related_prs` is read no more: write `reviews.related_prs`
        .coderabbit.yaml:5:5: warning: `reviews.tools.rustClippy` is read no more: write `reviews.tools.clippy`
        .coderabbit.yaml:7:10: warning: `knowledge_base.jira.enabled` is read no more: write `usage: enabled` or `usage: disabled`
        ");
    }

    #[test]
    fn keys_that_change_nothing_here_are_told_only_when_somebody_counts_on_them() {
        insta::assert_snapshot!(remarks("early_access: true\nreviews:\n  in_progress_fortune: true\n  sequence_diagrams: false\n  commit_status: false\n  abort_on_close: false\n  high_level_summary_placeholder: '@bot summary'\n  slop_detection: {enabled: true}\n  tools:\n    github-checks: {timeout_ms: 1000}\nissue_enrichment:\n  planning:\n    auto_planning: {labels: [a]}\n"), @r"
        .coderabbit.yaml:1:1: note: `early_access`: means nothing here: this agent has no plans and no service behind it
        .coderabbit.yaml:3:3: note: `reviews.in_progress_fortune`: means nothing here: a review under way says that it is, and nothing beside
        .coderabbit.yaml:6:3: note: `reviews.abort_on_close`: always on: a review under way ends when its pull request is closed
        .coderabbit.yaml:8:20: note: `reviews.slop_detection.enabled`: means nothing here: it is for public repositories on GitHub
        .coderabbit.yaml:10:21: note: `reviews.tools.github-checks.timeout_ms`: means nothing here: it is about GitHub
        .coderabbit.yaml:13:21: note: `issue_enrichment.planning.auto_planning.labels`: means nothing here: Azure DevOps has work items in the place of issues
        ");
        insta::assert_snapshot!(remarks("early_access: false\nreviews:\n  in_progress_fortune: false\n  commit_status: true\n  slop_detection: {enabled: false}\n"), @"");
    }

    #[test]
    fn what_is_quoted_can_neither_end_its_quotation_nor_flood_the_comment() {
        let text = format!("\"a`b\\u001b\\n\": 1\n{}: 1\n", "x".repeat(200));
        insta::assert_snapshot!(remarks(&text), @r"
        .coderabbit.yaml:1:1: warning: `a'b  ` is no key, and is ignored
        .coderabbit.yaml:2:1: warning: `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…` is no key, and is ignored
        ");
        let many: Vec<String> = (0..5_000).map(|number| format!("zz{number}: 1")).collect();
        assert_eq!(remarks(&many.join("\n")).lines().count(), 100);
    }

    #[test]
    fn files_that_cannot_be_used_say_why() {
        insta::assert_snapshot!(remarks("- a\n"), @".coderabbit.yaml:1:1: warning: the file is not used: it holds no keys with values");
        insta::assert_snapshot!(remarks("just text\n"), @".coderabbit.yaml:1:1: warning: the file is not used: it holds no keys with values");
        insta::assert_snapshot!(remarks("a: [\n"), @".coderabbit.yaml:1:4: warning: the file is not used: unclosed bracket '['");
        insta::assert_snapshot!(Layer::read(Source::Environment, b"\xff\xfea").unwrap_err(), @"YAML_CONFIG: warning: the file is not used: it is not UTF-8 text");
        insta::assert_snapshot!(remarks("a: 1\na: 2\n---\nb: 1\n"), @r"
        .coderabbit.yaml:1:1: warning: `a` stands twice; the last one counts
        .coderabbit.yaml:2:1: warning: `a` is no key, and is ignored
        .coderabbit.yaml:3:1: warning: a second document begins here; only the first one counts
        ");
    }
}

#[test]
fn a_configuration_is_written_with_the_layer_of_each_key() {
    let layer = Layer::read(Source::Repository(".coderabbit.yaml".into()), b"reviews: {profile: assertive}\n").unwrap();
    let text = written(&Effective::of(vec![layer], Vec::new()));
    assert!(text.contains("\n  profile: \"assertive\" # Source: .coderabbit.yaml\n"), "{text}");
    assert!(text.starts_with("language: \"en-US\"\n"), "{text}");
}

/// Files of known keys with values of all kinds.
fn file_like() -> impl Strategy<Value = String> {
    let keys: Vec<String> = leaves().into_iter().map(|(path, _)| path).collect();
    let value = prop_oneof![
        Just("true"),
        Just("12"),
        Just("-1"),
        Just("1e400"),
        Just("text"),
        Just("[a, 1, {b: c}]"),
        Just("{a: {b: c}}"),
        Just("~"),
        Just("''"),
    ];
    prop::collection::vec((prop::sample::select(keys), value), 0..8).prop_map(|settings| {
        settings.iter().fold(String::new(), |mut text, (key, value)| {
            let nested = key.split('.').rev().fold((*value).to_owned(), |inner, name| format!("{{{name}: {inner}}}"));
            let nested = nested.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or_default();
            writeln!(text, "{nested}").unwrap();
            text
        })
    })
}

proptest! {
    #[test]
    fn whatever_stands_in_a_file_a_configuration_comes_of_it(text in file_like()) {
        if let Ok(layer) = Layer::read(Source::Environment, text.as_bytes()) {
            let effective = Effective::of(vec![layer], Vec::new());
            prop_assert!(!effective.remarks.iter().any(|remark| remark.text.contains("cannot be used")), "{:?}", effective.remarks);
        }
    }
}
