//! The shapes that models must answer in. One derive gives the parser and the JSON Schema of the request.

//!
//! The schema is strict, the parser is not: small models send numbers as texts, words of their own for a severity, or
//! leave out what is empty, and one such slip must not cost the rest of the answer.

mod chat;
mod lenient;
mod own_change;
mod sections;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use self::{
    chat::{ChatAnswer, ItemAnswer},
    own_change::{
        DeclinedAnswer, DocstringAnswer, DocstringsAnswer, EditAnswer, EditsAnswer, ParameterAnswer, PlanAnswer, StepAnswer,
        TestFileAnswer, TestsAnswer,
    },
    sections::{
        Addressed, DiagramAnswer, EffortAnswer, LabelAnswer, ObjectiveAnswer, OutOfScopeAnswer, ReviewerAnswer, SectionsAnswer,
    },
};
use super::{Category, Evidence, Severity};

/// More findings than this in one answer are noise, not a review; the rest is counted as malformed.
pub const MAX_CANDIDATES: usize = 100;

/// A kind of model call: the name of its schema, and the type of its answer.
pub trait Answer: DeserializeOwned + JsonSchema + Serialize + Send {
    /// `name` of the `json_schema` in the request; letters, digits and `_` only.
    const NAME: &'static str;
}

/// What a finder answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FindingsAnswer {
    pub findings: Vec<Candidate>,
    /// Entries of the answer's list that could not be read as a candidate; not part of the schema.
    #[serde(skip_serializing_if = "lenient::is_zero")]
    #[schemars(skip)]
    pub malformed: usize,
}

impl Answer for FindingsAnswer {
    const NAME: &'static str = "review_findings";
}

/// A finding as a model states it, before any check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Candidate {
    /// Path as the pack prints it.
    #[serde(deserialize_with = "lenient::text")]
    pub path: String,
    /// First line of the smallest range that contains the defect, as numbered in the pack.
    #[serde(default, deserialize_with = "lenient::line")]
    pub start_line: u32,
    /// Last line of that range.
    #[serde(default, deserialize_with = "lenient::line")]
    pub end_line: u32,
    /// One line of that range, copied verbatim without its number.
    #[serde(default, deserialize_with = "lenient::text")]
    pub quoted_line: String,
    /// One sentence.
    #[serde(deserialize_with = "lenient::text")]
    pub claim: String,
    /// A concrete input or state, and the wrong outcome that follows.
    #[serde(default, deserialize_with = "lenient::text")]
    pub scenario: String,
    /// What to change.
    #[serde(default, deserialize_with = "lenient::text")]
    pub fix: String,
    #[serde(default = "lenient::usual_category", deserialize_with = "lenient::category")]
    pub category: Category,
    #[serde(default = "lenient::usual_severity", deserialize_with = "lenient::severity")]
    pub severity: Severity,
    /// Other places that prove it; may be empty.
    #[serde(default, deserialize_with = "lenient::evidence")]
    pub evidence: Vec<Evidence>,
    /// The complete new text of lines `start_line..=end_line`, only when it fixes the whole matter; otherwise null.
    #[serde(default, deserialize_with = "lenient::optional_text")]
    pub suggestion: Option<String>,
    /// Numbers of the learnings that it rests on; empty where there are none.
    #[serde(default, deserialize_with = "lenient::each")]
    pub learnings: Vec<u32>,
}

/// What a verifier answers about one cluster. The reasoning comes first: a verdict before its reasons is a guess.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VerdictAnswer {
    /// What was checked, and what the code shows.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reasoning: String,
    /// Whether the described wrong outcome really follows from the code as it stands.
    #[serde(deserialize_with = "lenient::verdict")]
    pub verdict: Verdict,
    /// Whether the base version already had it.
    #[serde(default, deserialize_with = "lenient::yes")]
    pub existed_before: bool,
    /// Whether the author would change the code for it before merging.
    #[serde(default = "lenient::always", deserialize_with = "lenient::yes")]
    pub worth_changing: bool,
    #[serde(default = "lenient::usual_severity", deserialize_with = "lenient::severity")]
    pub severity: Severity,
    /// Whether the proposed replacement, where there is one, settles the whole matter and breaks nothing; otherwise true.
    #[serde(default = "lenient::always", deserialize_with = "lenient::yes")]
    pub suggestion_settles: bool,
}

impl Answer for VerdictAnswer {
    const NAME: &'static str = "review_verdict";
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Confirmed,
    Refuted,
    CannotTell,
}

/// What the walkthrough is written from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WalkthroughAnswer {
    /// Two to four sentences: what the pull request does.
    #[serde(deserialize_with = "lenient::text")]
    pub summary: String,
    /// Files that belong together, with one sentence each.
    #[serde(default, deserialize_with = "lenient::each")]
    pub cohorts: Vec<Cohort>,
    /// What else was asked for; the rest of it is empty.
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[schemars(!default)]
    pub sections: SectionsAnswer,
}

impl Answer for WalkthroughAnswer {
    const NAME: &'static str = "review_walkthrough";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cohort {
    /// A few words, e.g. "Order storage".
    #[serde(default, deserialize_with = "lenient::text")]
    pub title: String,
    /// Paths as the pack prints them.
    #[serde(default, deserialize_with = "lenient::each")]
    pub paths: Vec<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    pub summary: String,
}

/// Whether the newest code answers a finding that stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ResolutionAnswer {
    #[serde(default, deserialize_with = "lenient::text")]
    pub reasoning: String,
    #[serde(deserialize_with = "lenient::yes")]
    pub fixed: bool,
}

impl Answer for ResolutionAnswer {
    const NAME: &'static str = "review_resolution";
}

/// Whether two descriptions mean the same issue (`crate::eval`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct JudgementAnswer {
    /// What the one and what the other says is wrong, and whether one fix would settle both.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reasoning: String,
    #[serde(deserialize_with = "lenient::yes")]
    pub same_issue: bool,
}

impl Answer for JudgementAnswer {
    const NAME: &'static str = "review_judgement";
}

/// Whether a comment that nobody expected is about a real defect (`crate::eval`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RealityAnswer {
    /// Which lines show it.
    #[serde(default, deserialize_with = "lenient::text")]
    pub reasoning: String,
    #[serde(deserialize_with = "lenient::yes")]
    pub real: bool,
}

impl Answer for RealityAnswer {
    const NAME: &'static str = "review_reality";
}

/// The JSON Schema of an answer in the form that strict structured output takes: every object closed, every property
/// required, references inlined (source: the guide to structured outputs at platform.openai.com, "Supported schemas").
pub fn strict_schema<A: Answer>() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = generator.into_generator().into_root_schema_for::<A>().to_value();
    close_objects(&mut schema);
    schema
}

fn close_objects(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(object) => {
            // Strict mode refuses formats such as "uint32" and numeric bounds on some servers; the core checks ranges itself.
            // A property may have such a name; its value is a schema then, hence an object.
            object.retain(|key, value| {
                value.is_object() || !matches!(key.as_str(), "format" | "minimum" | "maximum" | "title" | "default")
            });
            if let Some(serde_json::Value::Object(properties)) = object.get("properties") {
                let names = properties.keys().cloned().map(serde_json::Value::String).collect();
                object.insert("required".into(), serde_json::Value::Array(names));
                object.insert("additionalProperties".into(), false.into());
            }
            object.values_mut().for_each(close_objects);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(close_objects),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
