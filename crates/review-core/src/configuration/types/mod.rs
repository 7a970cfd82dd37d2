//! The settings as types with their defaults. The JSON Schema, the reference page and the check of a file are all made from
//! them: a new key is a new field here and a row in `keys`.
//!
//! Keys, their types and defaults are those of the commercial product's schema of 2025 and 2026.

mod generation;
mod knowledge;
mod reviews;
mod tools;

pub use generation::{
    AutoEnrich, AutoPlanning, CodeGeneration, DocstringGeneration, IssueEnrichment, IssueLabeling, Planning, UnitTestGeneration,
};
pub use knowledge::{
    Chat, ChatIntegrations, CodeGuidelines, GuidelineFiles, Integration, Issues, JiraKnowledge, KnowledgeBase, Learnings,
    LinearKnowledge, LinkedRepository, McpKnowledge, PullRequestKnowledge, Reach, Usage, WebSearch,
};
pub use reviews::{
    AutoReview, CustomCheck, DescriptionCheck, DocstringCheck, FinishingTouches, IssueCheck, LabelingInstruction, Mode,
    PathInstruction, PreMergeChecks, Profile, Recipe, ReviewerHandle, ReviewerInstruction, ReviewerKind, Reviews, SlopDetection,
    Switch, SwitchedOff, TitleCheck,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
pub use tools::{
    AstGrep, ConfiguredTool, GithubChecks, Infer, LanguageTool, LanguageToolLevel, PhpStan, PhpStanLevel, Tool, Tools,
};

use super::languages::Language;

/// A mapping of the file: its fields with their defaults.
macro_rules! section {
    (
        $(#[$attribute:meta])*
        $name:ident {
            $($(#[$field_attribute:meta])* $field:ident: $kind:ty = $default:expr,)*
        }
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, PartialEq, ::serde::Serialize, ::serde::Deserialize, ::schemars::JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $($(#[$field_attribute])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }
    };
}
pub(super) use section;

section! {
    /// The whole file.
    Configuration {
        /// Language of reviews.
        language: Language = Language::default(),
        /// Tone of reviews and chat, in your words.
        #[schemars(length(max = 250))]
        tone_instructions: String = String::new(),
        /// Features in an early stage.
        early_access: bool = false,
        /// Features of the free plan.
        enable_free_tier: bool = true,
        /// Take what this file does not say from the layer below it: the central file, then `YAML_CONFIG`, then the defaults.
        /// Without it a file is used alone.
        inheritance: bool = false,
        /// The file that is used in the place of this one. Counts only when nothing else stands in this file.
        remote_config: RemoteConfig = RemoteConfig::default(),
        /// Reviews.
        reviews: Reviews = Reviews::default(),
        /// Answers to comments.
        chat: Chat = Chat::default(),
        /// What reviews and answers know beside the change.
        knowledge_base: KnowledgeBase = KnowledgeBase::default(),
        /// Code that is written on request.
        code_generation: CodeGeneration = CodeGeneration::default(),
        /// Work on issues.
        issue_enrichment: IssueEnrichment = IssueEnrichment::default(),
    }
}

section! {
    /// Where the file is that is used in the place of this one: a URL, or a repository of this collection.
    RemoteConfig {
        /// An https URL on a host of `REMOTE_CONFIG_HOSTS`.
        url: String = String::new(),
        /// `Project/repository`, or `repository` of the same project.
        repository: String = String::new(),
        /// A branch; the default branch when empty.
        r#ref: String = String::new(),
        /// Path of the file in that repository.
        path: String = ".coderabbit.yaml".to_owned(),
    }
}

impl RemoteConfig {
    /// Whether it names a file.
    pub fn is_set(&self) -> bool {
        !self.url.is_empty() || !self.repository.is_empty()
    }
}

/// Files of a pattern, and what to know about them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathGuidance {
    /// Pattern of paths, e.g. `**/*.js`.
    pub path: String,
    #[schemars(length(max = 20_000))]
    pub instructions: String,
}
