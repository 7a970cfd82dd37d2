//! What the agent does with each key: the table behind `docs/configuration-file.md`, and behind what a pull request is told
//! about its configuration.

use serde_json::Value as Json;

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Obeyed; the test shows it.
    Honoured { test: &'static str },
    /// Obeyed in another way than the commercial product does.
    Adapted { how: &'static str, test: &'static str },
    /// It means nothing on a self-hosted agent for Azure DevOps.
    NotHere { why: &'static str },
}

impl Status {
    /// What to say when somebody sets the key to `value`. None: nothing, since it does what the value says.
    pub(super) fn note(self, value: &Json) -> Option<String> {
        match self {
            Self::Honoured { .. } => None,
            Self::Adapted { how, .. } => (how.starts_with(ALWAYS) && is_off(value)).then(|| how.to_owned()),
            Self::NotHere { why } => (!is_off(value)).then(|| format!("means nothing here: {why}")),
        }
    }
}

/// How an adaption begins that knows no "off".
const ALWAYS: &str = "always on";

fn is_off(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => matches!(text.as_str(), "" | "off" | "disabled"),
        Json::Array(items) => items.is_empty(),
        Json::Object(object) => object.is_empty(),
    }
}

/// A key, or with `.*` behind it all that are below.
type Row = (&'static str, Status);

const fn honoured(test: &'static str) -> Status {
    Status::Honoured { test }
}

const fn adapted(how: &'static str, test: &'static str) -> Status {
    Status::Adapted { how, test }
}

const NO_PLANS: Status = Status::NotHere { why: "this agent has no plans and no service behind it" };
const GITHUB: Status = Status::NotHere { why: "it is about GitHub" };
const NO_ISSUES: Status = Status::NotHere { why: "Azure DevOps has work items in the place of issues" };

const TOOL: Status = Status::Adapted {
    how: "run where it is installed, in a sandbox, with rules of the agent's own that find mistakes and leave style alone",
    test: "each_tool_finds_what_it_is_known_for",
};
const SECRETS: Status = Status::Adapted {
    how: "always on: secrets are found by rules of the agent itself, without a tool",
    test: "a_secret_in_an_added_line_is_told_whatever_the_model_says_and_until_it_is_gone",
};
const OWN_CODE: Status = Status::NotHere { why: "its rules or its configuration are code of the repository, which is not run" };
const OWN_RULES: Status = Status::NotHere { why: "tools run with rules of the agent's own, whatever the repository configures" };
const BUILDS: Status =
    Status::NotHere { why: "it builds the code, and nothing of a repository is run; your pipeline can run it" };
const WHOLE: Status =
    Status::NotHere { why: "it needs the whole project, and tools see the changed files alone; your pipeline can run it" };
const SERVICE: Status = Status::NotHere { why: "it asks a service for its rules or its data, and tools have no network" };
const NO_ADAPTER: Status = Status::NotHere { why: "the agent does not know this tool; your pipeline can run it" };

/// Of several rows for a key the longest one counts.
#[rustfmt::skip]
pub(super) const TABLE: &[Row] = &[
    ("language", honoured("tone_language_and_profile_reach_the_finder_and_the_walkthrough_writer")),
    ("tone_instructions", honoured("tone_language_and_profile_reach_the_finder_and_the_walkthrough_writer")),
    ("early_access", NO_PLANS),
    ("enable_free_tier", NO_PLANS),
    ("inheritance", honoured("a_layer_that_inherits_takes_what_it_does_not_say_from_the_one_below")),
    ("remote_config.url", adapted("https only, from the hosts of `REMOTE_CONFIG_HOSTS`, without redirects", "a_text_is_fetched_by_https_and_by_nothing_else")),
    ("remote_config.repository", adapted("a repository of the same project, or one named `coderabbit`", "a_file_of_another_repository_is_used_in_the_place_of_this_one")),
    ("remote_config.ref", honoured("a_file_of_another_repository_is_used_in_the_place_of_this_one")),
    ("remote_config.path", honoured("a_file_of_another_repository_is_used_in_the_place_of_this_one")),
    ("reviews.profile", honoured("tone_language_and_profile_reach_the_finder_and_the_walkthrough_writer")),
    ("reviews.request_changes_workflow", honoured("findings_wait_for_the_author_a_push_takes_the_vote_back_and_a_clean_state_is_approved")),
    ("reviews.high_level_summary", adapted("off by default, for many want their text left alone", "a_summary_goes_where_the_author_or_the_repository_wants_it")),
    ("reviews.high_level_summary_instructions", honoured("a_summary_goes_where_the_author_or_the_repository_wants_it")),
    ("reviews.high_level_summary_placeholder", honoured("a_summary_goes_where_the_author_or_the_repository_wants_it")),
    ("reviews.high_level_summary_in_walkthrough", honoured("a_summary_goes_where_the_author_or_the_repository_wants_it")),
    ("reviews.auto_title_placeholder", honoured("a_title_is_written_where_the_author_leaves_it_open")),
    ("reviews.auto_title_instructions", honoured("a_title_is_written_where_the_author_leaves_it_open")),
    ("reviews.review_status", honoured("who_wants_no_word_about_skipped_reviews_gets_the_status_alone")),
    ("reviews.review_details", adapted("counts, first files and reasons stand in the details in any case; `true` lists all files, and each candidate that was not posted", "who_wants_all_details_reads_each_candidate_that_was_not_posted")),
    ("reviews.commit_status", adapted("the status of the review; those of checks go by their modes", "who_wants_no_status_of_the_review_gets_none")),
    ("reviews.fail_commit_status", honoured("a_status_can_fail_where_a_pull_request_is_not_reviewed")),
    ("reviews.collapse_walkthrough", adapted("the walkthrough is folded, but for its diagrams: Azure DevOps does not draw what it does not show", "a_walkthrough_is_folded_unless_somebody_wants_to_see_it_at_once")),
    ("reviews.changed_files_summary", honoured("each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.sequence_diagrams", honoured("each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.estimate_code_review_effort", honoured("each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.assess_linked_issues", adapted("linked work items are assessed", "each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.related_issues", adapted("work items that linked ones are linked with", "each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.related_prs", adapted("those that share work items, files or words of the title, counted without a model", "each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.suggested_labels", honoured("each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.auto_apply_labels", honoured("labels_and_reviewers_are_set_once_and_what_people_take_off_stays_off")),
    ("reviews.labeling_instructions", honoured("labels_are_those_that_instructions_allow_and_exclude_each_other")),
    ("reviews.mutually_exclusive_groups", honoured("labels_are_those_that_instructions_allow_and_exclude_each_other")),
    ("reviews.suggested_reviewers", adapted("people who wrote or approved completed pull requests that changed the same files", "each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.auto_assign_reviewers", adapted("as optional reviewers", "labels_and_reviewers_are_set_once_and_what_people_take_off_stays_off")),
    ("reviews.suggested_reviewers_instructions", adapted("among people and groups that wrote or reviewed recent pull requests of the repository, by unique name or display name", "reviewers_follow_instructions_among_people_that_the_forge_knows")),
    ("reviews.poem", adapted("off by default", "each_section_is_left_out_by_its_key_and_not_asked_for")),
    ("reviews.in_progress_fortune", Status::NotHere { why: "a review under way says that it is, and nothing beside" }),
    ("reviews.enable_prompt_for_ai_agents", honoured("who_wants_no_prompt_for_agents_gets_findings_without_it")),
    ("reviews.path_filters", honoured("path_filters_decide_which_files_are_read")),
    ("reviews.path_instructions", honoured("instructions_for_paths_reach_the_model_when_such_a_file_changed")),
    ("reviews.abort_on_close", adapted("always on: a review under way ends when its pull request is closed", "a_pull_request_that_is_abandoned_or_completed_midway_says_that_it_was_not_reviewed")),
    ("reviews.disable_cache", adapted("the copy of the repository in `TEMP_PATH` is removed when a review ends; answers of models stay for as long as reviews do", "who_wants_no_cache_has_no_copy_left_after_a_review")),
    ("reviews.slop_detection.*", Status::NotHere { why: "it is for public repositories on GitHub" }),
    ("reviews.auto_review.enabled", honoured("every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.auto_incremental_review", honoured("every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.auto_pause_after_reviewed_commits", adapted("counts reviewed pushes: several commits of one push count once", "every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.description_keyword", honoured("every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.ignore_title_keywords", honoured("every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.labels", honoured("every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.ignore_usernames", adapted("compared without regard to upper and lower case, with the unique name and with the part of it that is no domain", "every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.drafts", honoured("every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.auto_review.base_branches", adapted("each expression is for the whole name of the branch", "every_rule_of_auto_review_skips_and_says_which")),
    ("reviews.finishing_touches.docstrings.enabled", honoured("finishing_touches_are_turned_off_by_their_keys_and_refused_for_forks_and_for_who_may_not")),
    ("reviews.finishing_touches.unit_tests.enabled", adapted("new files of tests alone, which nobody has run", "finishing_touches_are_turned_off_by_their_keys_and_refused_for_forks_and_for_who_may_not")),
    ("reviews.finishing_touches.simplify.enabled", honoured("recipes_and_simplifications_are_edits_of_changed_files")),
    ("reviews.finishing_touches.custom", adapted("edits of files that the pull request changed", "recipes_and_simplifications_are_edits_of_changed_files")),
    ("reviews.pre_merge_checks.docstrings.mode", honoured("checks_that_are_off_leave_no_row_and_no_status")),
    ("reviews.pre_merge_checks.docstrings.threshold", honoured("documentation_is_counted_against_the_threshold")),
    ("reviews.pre_merge_checks.title.mode", honoured("a_title_that_fails_holds_the_pull_request_up_until_it_is_mended_without_a_push")),
    ("reviews.pre_merge_checks.title.requirements", honoured("requirements_of_a_title_are_judged_by_a_model_and_again_when_the_title_changes")),
    ("reviews.pre_merge_checks.description.mode", honoured("a_description_that_is_only_the_template_of_the_target_branch_fails")),
    ("reviews.pre_merge_checks.issue_assessment.mode", adapted("a pull request without a linked work item fails, too", "what_linked_work_items_ask_for_has_to_be_done_and_those_that_the_token_may_not_see_are_not_called_missing")),
    ("reviews.pre_merge_checks.custom_checks", honoured("checks_in_the_teams_own_words_are_judged_in_one_question_of_the_shared_prefix")),
    ("reviews.pre_merge_checks.override_requested_reviewers_only", Status::NotHere { why: "no check is overridden by a comment: who may, bypasses the branch policy in Azure DevOps" }),
    ("reviews.tools.actionlint.*", GITHUB),
    ("reviews.tools.ast-grep.*", OWN_CODE),
    ("reviews.tools.biome.enabled", TOOL),
    ("reviews.tools.blinter.*", NO_ADAPTER),
    ("reviews.tools.brakeman.*", WHOLE),
    ("reviews.tools.buf.*", WHOLE),
    ("reviews.tools.checkmake.*", NO_ADAPTER),
    ("reviews.tools.checkov.enabled", TOOL),
    ("reviews.tools.circleci.*", Status::NotHere { why: "it is about CircleCI, and asks its service" }),
    ("reviews.tools.clang.*", BUILDS),
    ("reviews.tools.clippy.*", BUILDS),
    ("reviews.tools.cppcheck.enabled", TOOL),
    ("reviews.tools.detekt.*", NO_ADAPTER),
    ("reviews.tools.dotenvLint.*", Status::NotHere { why: "`.env` files are set aside, as they hold secrets" }),
    ("reviews.tools.emberTemplateLint.*", OWN_CODE),
    ("reviews.tools.eslint.enabled", TOOL),
    ("reviews.tools.fbinfer.*", BUILDS),
    ("reviews.tools.flake8.enabled", TOOL),
    ("reviews.tools.fortitudeLint.enabled", TOOL),
    ("reviews.tools.github-checks.*", GITHUB),
    ("reviews.tools.gitleaks.enabled", SECRETS),
    ("reviews.tools.golangci-lint.*", BUILDS),
    ("reviews.tools.hadolint.enabled", TOOL),
    ("reviews.tools.htmlhint.enabled", TOOL),
    ("reviews.tools.languagetool.*", SERVICE),
    ("reviews.tools.luacheck.*", NO_ADAPTER),
    ("reviews.tools.markdownlint.enabled", TOOL),
    ("reviews.tools.oasdiff.*", NO_ADAPTER),
    ("reviews.tools.opengrep.*", SERVICE),
    ("reviews.tools.osvScanner.*", SERVICE),
    ("reviews.tools.oxc.enabled", TOOL),
    ("reviews.tools.phpcs.*", NO_ADAPTER),
    ("reviews.tools.phpmd.*", NO_ADAPTER),
    ("reviews.tools.phpstan.*", OWN_CODE),
    ("reviews.tools.pmd.*", NO_ADAPTER),
    ("reviews.tools.presidio.*", NO_ADAPTER),
    ("reviews.tools.prismaLint.*", NO_ADAPTER),
    ("reviews.tools.psscriptanalyzer.*", NO_ADAPTER),
    ("reviews.tools.pylint.enabled", TOOL),
    ("reviews.tools.reactDoctor.*", NO_ADAPTER),
    ("reviews.tools.regal.*", NO_ADAPTER),
    ("reviews.tools.rubocop.*", NO_ADAPTER),
    ("reviews.tools.ruff.enabled", TOOL),
    ("reviews.tools.semgrep.*", SERVICE),
    ("reviews.tools.shellcheck.enabled", TOOL),
    ("reviews.tools.shopifyThemeCheck.*", OWN_CODE),
    ("reviews.tools.skillspector.*", NO_ADAPTER),
    ("reviews.tools.smartyLint.*", NO_ADAPTER),
    ("reviews.tools.sqlfluff.config_file", OWN_RULES),
    ("reviews.tools.sqlfluff.enabled", TOOL),
    ("reviews.tools.stylelint.enabled", TOOL),
    ("reviews.tools.swiftlint.*", NO_ADAPTER),
    ("reviews.tools.tflint.*", SERVICE),
    ("reviews.tools.trivy.*", SERVICE),
    ("reviews.tools.trufflehog.enabled", SECRETS),
    ("reviews.tools.yamllint.enabled", TOOL),
    ("reviews.tools.zizmor.*", GITHUB),
    ("chat.art", adapted("answers are words and code: no pictures of characters, which mails and screen readers garble", "a_question_in_the_thread_of_a_finding_is_answered_once_by_somebody_who_looked")),
    ("chat.auto_reply", honoured("without_auto_reply_only_those_who_name_the_agent_are_answered")),
    ("chat.allow_non_org_members", GITHUB),
    ("chat.integrations.jira.usage", adapted("work items are created in Azure Boards", "a_work_item_is_created_once_and_linked_whatever_is_lost_on_the_way")),
    ("chat.integrations.linear.usage", adapted("work items are created in Azure Boards", "a_work_item_is_created_once_and_linked_whatever_is_lost_on_the_way")),
    ("knowledge_base.opt_out", adapted("where the default branch says it, learnings are deleted, and what became of findings counts for nothing any more; on other target branches nothing is kept or used of a pull request; model answers, jobs and records of reviews are kept as for every repository", "a_repository_that_opts_out_has_what_was_kept_of_it_deleted_and_is_told_that_nothing_is_kept")),
    ("knowledge_base.learnings.scope", adapted("`auto` reaches as far as the project, whose repositories have the same readers as a rule; `global` reaches all that this agent reviews in the organisation, where the default branch says it", "how_far_a_learning_reaches_is_for_the_repository_that_uses_it")),
    ("knowledge_base.learnings.approval_delay", adapted("`coderabbit-agent learned approve` lets one count at once", "a_learning_that_waits_counts_once_somebody_approves_it")),
    ("knowledge_base.code_guidelines.enabled", honoured("conventions_are_left_out_where_nobody_wants_them")),
    ("knowledge_base.code_guidelines.filePatterns", honoured("rule_files_for_the_changed_paths_reach_the_model_and_those_for_others_do_not")),
    ("knowledge_base.issues.scope", NO_ISSUES),
    ("code_generation.docstrings.language", honoured("language_and_instructions_for_paths_reach_the_model_that_documents")),
    ("code_generation.docstrings.path_instructions", honoured("language_and_instructions_for_paths_reach_the_model_that_documents")),
    ("code_generation.unit_tests.path_instructions", honoured("language_and_instructions_for_paths_reach_the_model_that_documents")),
    ("knowledge_base.pull_requests.scope", adapted("for related pull requests; `auto` is `local`, since who reads a repository may not be allowed to read all others; `global`: of the same project", "pull_requests_of_the_whole_project_are_listed_only_where_the_team_says_so")),
    ("knowledge_base.linked_repositories", adapted("repositories of the same project (`backend-api`, `MyProject/backend-api`), at the tip of their default branches", "finders_read_a_linked_repository_at_the_tip_of_its_default_branch_without_its_secrets")),
    ("knowledge_base.automatic_repository_linking", Status::NotHere { why: "the agent's token reads more than the people of a repository may, so a team says itself which repositories belong together" }),
    ("knowledge_base.mcp.*", Status::NotHere { why: "code goes to the model that the operator configured, and to no other server" }),
    ("knowledge_base.web_search.enabled", adapted("where the operator of the agent has turned it on; at most five questions of a review, without code", "nobody_searches_where_the_operator_or_the_repository_does_not_want_it")),
    ("knowledge_base.jira.usage", adapted("`auto`: where the operator of the agent has configured Jira, for issues that title, description or source branch name", "a_repository_turns_trackers_off_and_hears_of_those_that_nobody_configured")),
    ("knowledge_base.jira.project_keys", adapted("without it every key that is named is looked up, at most ten of a pull request", "a_list_of_projects_keeps_all_other_keys_from_being_asked_for_and_moved_issues_from_being_told")),
    ("knowledge_base.linear.usage", adapted("`auto`: where the operator of the agent has configured Linear, for issues that title, description or source branch name", "a_repository_turns_trackers_off_and_hears_of_those_that_nobody_configured")),
    ("knowledge_base.linear.team_keys", adapted("without it every key that is named is looked up, at most ten of a pull request", "a_list_of_projects_keeps_all_other_keys_from_being_asked_for_and_moved_issues_from_being_told")),
    ("issue_enrichment.*", NO_ISSUES),
];

/// Keys of older versions of the schema, with what to write in their place.
#[rustfmt::skip]
const DEAD: &[(&str, &str)] = &[
    ("version", "there is one version of this file"),
    ("auto_resolve_threads", "threads that the new code answers are resolved in any case"),
    ("chat.create_issues", "write `chat.integrations`"),
    ("chat.integrations.jira.enabled", "write `usage: enabled` or `usage: disabled`"),
    ("chat.integrations.linear.enabled", "write `usage: enabled` or `usage: disabled`"),
    ("knowledge_base.jira.enabled", "write `usage: enabled` or `usage: disabled`"),
    ("knowledge_base.linear.enabled", "write `usage: enabled` or `usage: disabled`"),
    ("reviews.disable_sequence_diagrams", "write `reviews.sequence_diagrams`, with the opposite value"),
    ("reviews.possibly_related_prs", "write `reviews.related_prs`"),
    ("reviews.tools.rustClippy", "write `reviews.tools.clippy`"),
    ("reviews.tools.eslint.config_file", "the tool finds its configuration by itself"),
    ("reviews.tools.flake8.config_file", "the tool finds its configuration by itself"),
    ("reviews.tools.htmlhint.config_file", "the tool finds its configuration by itself"),
    ("reviews.tools.oxc.ignoreFiles", "the tool's own configuration says it"),
    ("reviews.tools.oxc.ignorePatterns", "the tool's own configuration says it"),
    ("reviews.tools.oxc.rules", "the tool's own configuration says it"),
];

/// What becomes of a key that holds no keys itself. None: no key of the schema.
pub(super) fn status(path: &str) -> Option<Status> {
    let covers = |row: &&Row| match row.0.strip_suffix(".*") {
        Some(above) => path.strip_prefix(above).is_some_and(|below| below.starts_with('.')),
        None => row.0 == path,
    };
    TABLE.iter().filter(covers).max_by_key(|row| row.0.len()).map(|row| row.1)
}

/// What to write in the place of a key that is no key any more.
pub(super) fn dead(path: &str) -> Option<&'static str> {
    DEAD.iter().find(|(key, _)| *key == path).map(|(_, instead)| *instead)
}

/// The names of all tests that the table rests on.
pub fn tests() -> Vec<&'static str> {
    let test = |row: &Row| match row.1 {
        Status::Honoured { test } | Status::Adapted { test, .. } => Some(test),
        Status::NotHere { .. } => None,
    };
    let mut tests: Vec<&str> = TABLE.iter().filter_map(test).collect();
    tests.sort_unstable();
    tests.dedup();
    tests
}
