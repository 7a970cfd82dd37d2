//! `reviews`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PathGuidance, Tools, section};

/// What a review is told about files of a pattern.
pub type PathInstruction = PathGuidance;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    Chill,
    Assertive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    Off,
    Warning,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReviewerKind {
    User,
    Group,
}

section! {
    /// Reviews.
    Reviews {
        /// `assertive` also reports small matters.
        profile: Profile = Profile::Chill,
        /// Vote: wait for the author while findings are open, approve when all are resolved.
        request_changes_workflow: bool = false,
        /// Summarize the change at the end of the description. Off by default here, for many want their text left alone; where
        /// the author writes the placeholder, the summary is put in its place in any case.
        high_level_summary: bool = false,
        /// How the summary is to look.
        high_level_summary_instructions: String = String::new(),
        /// Text of the description in whose place the summary is put.
        high_level_summary_placeholder: String = "@coderabbitai summary".to_owned(),
        /// Put the summary into the walkthrough in the place of the description.
        high_level_summary_in_walkthrough: bool = false,
        /// Word of the title in whose place a title is written.
        auto_title_placeholder: String = "@coderabbitai".to_owned(),
        /// How titles are to look.
        auto_title_instructions: String = String::new(),
        /// Say in the walkthrough when a pull request is not reviewed, and why. The status says it in any case.
        review_status: bool = true,
        /// List ignored files, context and suppressed findings.
        review_details: bool = false,
        /// Set a status on the pull request.
        commit_status: bool = true,
        /// Let the status fail when a pull request cannot be reviewed, or is not.
        fail_commit_status: bool = false,
        /// Fold the walkthrough.
        collapse_walkthrough: bool = true,
        /// List the changed files in the walkthrough.
        changed_files_summary: bool = true,
        /// Draw sequence diagrams.
        sequence_diagrams: bool = true,
        /// Estimate the effort of reviewing.
        estimate_code_review_effort: bool = true,
        /// Say how far the change does what linked work items ask for.
        assess_linked_issues: bool = true,
        /// List issues that may be related.
        related_issues: bool = true,
        /// List pull requests that may be related.
        related_prs: bool = true,
        /// Suggest labels.
        suggested_labels: bool = true,
        /// Set suggested labels.
        auto_apply_labels: bool = false,
        /// The labels that may be suggested, and when.
        labeling_instructions: Vec<LabelingInstruction> = Vec::new(),
        /// Labels that exclude each other, by the name of their group.
        #[schemars(inner(length(min = 2)))]
        mutually_exclusive_groups: BTreeMap<String, Vec<String>> = BTreeMap::new(),
        /// Suggest reviewers.
        suggested_reviewers: bool = true,
        /// Add suggested reviewers to the pull request.
        auto_assign_reviewers: bool = false,
        /// Who reviews what.
        suggested_reviewers_instructions: Vec<ReviewerInstruction> = Vec::new(),
        /// Write a poem. Off by default here.
        poem: bool = false,
        /// Show a saying while a review is under way.
        in_progress_fortune: bool = true,
        /// Add a prompt for coding agents to each finding.
        enable_prompt_for_ai_agents: bool = true,
        /// Patterns of files that are reviewed, or with `!` before them that are not.
        path_filters: Vec<String> = Vec::new(),
        /// What to know about files of a pattern.
        path_instructions: Vec<PathInstruction> = Vec::new(),
        /// End a review when its pull request is closed.
        abort_on_close: bool = true,
        /// Fetch code and dependencies anew for each review.
        disable_cache: bool = false,
        /// Find pull requests without worth.
        slop_detection: SlopDetection = SlopDetection::default(),
        /// When a review begins by itself.
        auto_review: AutoReview = AutoReview::default(),
        /// Changes that are made on request.
        finishing_touches: FinishingTouches = FinishingTouches::default(),
        /// Checks before merging.
        pre_merge_checks: PreMergeChecks = PreMergeChecks::default(),
        /// Linters and scanners.
        tools: Tools = Tools::default(),
    }
}

section! {
    /// When a review begins by itself.
    AutoReview {
        /// Review pull requests without being asked.
        enabled: bool = true,
        /// Review each push, not only the first.
        auto_incremental_review: bool = true,
        /// Pause after so many reviewed pushes; 0 never pauses.
        auto_pause_after_reviewed_commits: u32 = 5,
        /// Text in a description that has the pull request reviewed although `enabled` is false.
        description_keyword: String = String::new(),
        /// Words in a title that keep the pull request from being reviewed; upper and lower case are the same.
        ignore_title_keywords: Vec<String> = Vec::new(),
        /// Labels of which a pull request needs one; with `!` before it, one that it must not have. A label without `!` also
        /// has pull requests reviewed although `enabled` is false.
        labels: Vec<String> = Vec::new(),
        /// Authors whose pull requests are not reviewed, by their unique names; upper and lower case are the same.
        ignore_usernames: Vec<String> = Vec::new(),
        /// Review drafts.
        drafts: bool = false,
        /// Regular expressions of target branches beside the default branch, each for the whole name.
        base_branches: Vec<String> = Vec::new(),
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelingInstruction {
    pub label: String,
    #[schemars(length(max = 3_000))]
    pub instructions: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerInstruction {
    #[schemars(length(min = 1))]
    pub reviewers: Vec<ReviewerHandle>,
    #[schemars(length(min = 1, max = 3_000))]
    pub instructions: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewerHandle {
    #[schemars(length(min = 1))]
    pub handle: String,
    #[serde(default = "user")]
    pub r#type: ReviewerKind,
}

fn user() -> ReviewerKind {
    ReviewerKind::User
}

section! {
    /// Pull requests without worth.
    SlopDetection {
        /// Find them.
        enabled: bool = true,
        /// Label that they get.
        label: String = String::new(),
    }
}

section! {
    /// On when nothing is said.
    Switch {
        /// Whether it is on.
        enabled: bool = true,
    }
}

section! {
    /// Off when nothing is said.
    SwitchedOff {
        /// Whether it is on.
        enabled: bool = false,
    }
}

section! {
    /// Changes that are made on request.
    FinishingTouches {
        /// Docstrings.
        docstrings: Switch = Switch::default(),
        /// Unit tests.
        unit_tests: Switch = Switch::default(),
        /// Simpler code.
        simplify: SwitchedOff = SwitchedOff::default(),
        /// Recipes of your own.
        #[schemars(length(max = 5))]
        custom: Vec<Recipe> = Vec::new(),
    }
}

section! {
    /// A change that is made on request.
    Recipe {
        /// Whether it can be asked for.
        enabled: bool = true,
        /// What it is asked for by.
        #[schemars(length(min = 1, max = 100))]
        name: String = String::new(),
        /// What it does.
        #[schemars(length(min = 1, max = 10_000))]
        instructions: String = String::new(),
    }
}

section! {
    /// Checks before merging.
    PreMergeChecks {
        /// Share of functions with docstrings.
        docstrings: DocstringCheck = DocstringCheck::default(),
        /// The title.
        title: TitleCheck = TitleCheck::default(),
        /// The description.
        description: DescriptionCheck = DescriptionCheck::default(),
        /// Whether the change does what linked work items ask for.
        issue_assessment: IssueCheck = IssueCheck::default(),
        /// Checks of your own.
        #[schemars(length(max = 50))]
        custom_checks: Vec<CustomCheck> = Vec::new(),
        /// Let only requested reviewers pass over a failed check.
        override_requested_reviewers_only: bool = false,
    }
}

section! {
    /// Share of functions with docstrings.
    DocstringCheck {
        /// How grave a failure is.
        mode: Mode = Mode::Warning,
        /// Least share in percent.
        #[schemars(range(min = 0, max = 100))]
        threshold: f64 = 80.0,
    }
}

section! {
    /// The title.
    TitleCheck {
        /// How grave a failure is.
        mode: Mode = Mode::Warning,
        /// What a title needs.
        requirements: String = String::new(),
    }
}

section! {
    /// The description.
    DescriptionCheck {
        /// How grave a failure is.
        mode: Mode = Mode::Warning,
    }
}

section! {
    /// Whether the change does what linked work items ask for.
    IssueCheck {
        /// How grave a failure is.
        mode: Mode = Mode::Warning,
    }
}

section! {
    /// A check of your own.
    CustomCheck {
        /// How grave a failure is.
        mode: Mode = Mode::Warning,
        /// Its name.
        #[schemars(length(min = 1, max = 50))]
        name: String = String::new(),
        /// When it passes.
        #[schemars(length(min = 1, max = 10_000))]
        instructions: String = String::new(),
    }
}
