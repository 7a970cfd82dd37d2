//! What a model says for the sections of a walkthrough after its summary and its changes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lenient;

/// One member for each section; what was not asked for is empty, and what was not offered is left out (`crate::sections`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SectionsAnswer {
    #[serde(default, deserialize_with = "lenient::each")]
    pub diagrams: Vec<DiagramAnswer>,
    #[serde(default, deserialize_with = "lenient::or_default")]
    #[schemars(!default)]
    pub effort: EffortAnswer,
    #[serde(default, deserialize_with = "lenient::each")]
    pub objectives: Vec<ObjectiveAnswer>,
    /// Changes that none of the work items asks for.
    #[serde(default, deserialize_with = "lenient::each")]
    pub out_of_scope: Vec<OutOfScopeAnswer>,
    #[serde(default, deserialize_with = "lenient::each")]
    pub labels: Vec<LabelAnswer>,
    #[serde(default, deserialize_with = "lenient::each")]
    pub reviewers: Vec<ReviewerAnswer>,
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub poem: String,
    /// For the description of the pull request.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub release_notes: String,
    /// For the pull request, whose author left it open.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiagramAnswer {
    /// What flow it shows, in a few words.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub title: String,
    /// Mermaid, beginning with `sequenceDiagram`.
    #[serde(deserialize_with = "lenient::text")]
    pub mermaid: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EffortAnswer {
    /// 1 trivial to 5 critical; 0: not said.
    #[serde(default, deserialize_with = "lenient::line_or_zero")]
    pub complexity: u32,
    /// Minutes that a colleague needs; 0: not said.
    #[serde(default, deserialize_with = "lenient::line_or_zero")]
    pub minutes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectiveAnswer {
    /// Number of the work item, or key of the issue, as listed.
    #[serde(deserialize_with = "lenient::text")]
    pub work_item: String,
    /// One thing that it asks for.
    #[serde(deserialize_with = "lenient::text")]
    pub objective: String,
    #[serde(default, deserialize_with = "lenient::or_default")]
    pub addressed: Addressed,
    /// By what code, or what is missing.
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub explanation: String,
}

/// Whether a change does what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Addressed {
    Yes,
    No,
    #[default]
    Unclear,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutOfScopeAnswer {
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub path: String,
    #[serde(deserialize_with = "lenient::text")]
    pub change: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LabelAnswer {
    #[serde(deserialize_with = "lenient::text")]
    pub label: String,
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewerAnswer {
    /// As offered.
    #[serde(deserialize_with = "lenient::text")]
    pub reviewer: String,
    #[serde(default, deserialize_with = "lenient::text_or_empty")]
    pub reason: String,
}

impl SectionsAnswer {
    /// Every text, for what is done to all of them.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let Self { diagrams, effort: _, objectives, out_of_scope, labels, reviewers, poem, release_notes, title } = self;
        let diagrams = diagrams.iter_mut().flat_map(|diagram| [&mut diagram.title, &mut diagram.mermaid]);
        let objectives = objectives.iter_mut().flat_map(|asked| [&mut asked.objective, &mut asked.explanation]);
        let out_of_scope = out_of_scope.iter_mut().flat_map(|change| [&mut change.path, &mut change.change]);
        let labels = labels.iter_mut().flat_map(|label| [&mut label.label, &mut label.reason]);
        let reviewers = reviewers.iter_mut().flat_map(|reviewer| [&mut reviewer.reviewer, &mut reviewer.reason]);
        diagrams.chain(objectives).chain(out_of_scope).chain(labels).chain(reviewers).chain([poem, release_notes, title])
    }
}
