//! What a model says for changes that the agent makes itself (`crate::own_change`), and for a coding plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, lenient};

/// Documentation of the symbols that were listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocstringsAnswer {
    #[serde(default, deserialize_with = "lenient::each")]
    pub docstrings: Vec<DocstringAnswer>,
}

impl Answer for DocstringsAnswer {
    const NAME: &'static str = "review_docstrings";
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocstringAnswer {
    /// Number of the symbol, as listed.
    #[serde(deserialize_with = "lenient::line")]
    pub symbol: u32,
    /// What it does, in plain sentences without marks of comments.
    #[serde(deserialize_with = "lenient::text")]
    pub summary: String,
    #[serde(default, deserialize_with = "lenient::each")]
    pub parameters: Vec<ParameterAnswer>,
    /// What it returns; empty when nothing, or when the summary says it.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub returns: String,
    /// When it fails, and how; empty when it does not.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub errors: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParameterAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub name: String,
    #[serde(deserialize_with = "lenient::text")]
    pub meaning: String,
}

/// New files of tests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestsAnswer {
    #[serde(default, deserialize_with = "lenient::each")]
    pub files: Vec<TestFileAnswer>,
}

impl Answer for TestsAnswer {
    const NAME: &'static str = "review_tests";
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TestFileAnswer {
    /// Of a file that is not there yet, from the root.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
    /// The whole file.
    #[serde(deserialize_with = "lenient::text")]
    pub text: String,
    /// What it tests, in one sentence.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub about: String,
}

/// Edits of files that were shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditsAnswer {
    #[serde(default, deserialize_with = "lenient::each")]
    pub edits: Vec<EditAnswer>,
    /// What is not done, with the reason.
    #[serde(default, deserialize_with = "lenient::each")]
    pub declined: Vec<DeclinedAnswer>,
}

impl Answer for EditsAnswer {
    const NAME: &'static str = "review_edits";
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EditAnswer {
    /// Number of what it settles, as listed.
    #[serde(default, deserialize_with = "lenient::line_or_zero")]
    pub number: u32,
    /// Text that stands in the file exactly once, verbatim, with its indentation and without line numbers.
    #[serde(deserialize_with = "lenient::text")]
    pub search: String,
    /// What stands there afterwards.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub replace: String,
    /// What it changes, in one sentence.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub about: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeclinedAnswer {
    #[serde(default, deserialize_with = "lenient::line_or_zero")]
    pub number: u32,
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub why: String,
}

/// Steps that settle what is open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanAnswer {
    /// In what order and why, in at most three sentences.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub summary: String,
    #[serde(default, deserialize_with = "lenient::each")]
    pub steps: Vec<StepAnswer>,
}

impl Answer for PlanAnswer {
    const NAME: &'static str = "review_plan";
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepAnswer {
    /// A few words.
    #[serde(deserialize_with = "lenient::text")]
    pub title: String,
    /// What to change, and how to see that it is done.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub what: String,
    /// Files that are there and that it changes.
    #[serde(default, deserialize_with = "lenient::each")]
    pub files: Vec<String>,
    /// Files that it adds.
    #[serde(default, deserialize_with = "lenient::each")]
    pub new_files: Vec<String>,
    /// Numbers of the findings that it settles.
    #[serde(default, deserialize_with = "lenient::each")]
    pub settles: Vec<u32>,
}
