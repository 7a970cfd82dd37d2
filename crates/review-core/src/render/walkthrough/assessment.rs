//! Whether the change does what its linked work items ask for.

use super::layout::{MAX_PATH_CHARS, cell, link, section};
use crate::{
    finding::answer::Addressed,
    issue::LinkedItem,
    render::model_text::code_span,
    sections::{AssessedObjective, Assessment, OutOfScope},
};

const MAX_OBJECTIVE_CHARS: usize = 200;
const MAX_EXPLANATION_CHARS: usize = 400;

/// `work_item_url` is the page of a work item, up to its number.
pub(super) fn section_of(assessment: Option<&Assessment>, work_item_url: &str) -> Option<String> {
    let Assessment { objectives, out_of_scope } = assessment?;
    let mut parts = Vec::new();
    if !objectives.is_empty() {
        let rows: Vec<String> = objectives.iter().map(|objective| row(objective, work_item_url)).collect();
        parts.push(format!("| Objective | Addressed | Explanation |\n|---|---|---|\n{}", rows.join("\n")));
    }
    if !out_of_scope.is_empty() {
        let entries: Vec<String> = out_of_scope.iter().map(entry).collect();
        parts.push(format!("Changes that no linked work item asks for:\n\n{}", entries.join("\n")));
    }
    section("Assessment against linked work items", &parts.join("\n\n"))
}

fn row(assessed: &AssessedObjective, work_item_url: &str) -> String {
    let AssessedObjective { item, objective, addressed, explanation } = assessed;
    let number = match item {
        LinkedItem::WorkItem(id) => link(&id.to_string(), &format!("{work_item_url}{id}")),
        LinkedItem::Issue { key, url: Some(url) } => link(key, url),
        LinkedItem::Issue { key, url: None } => key.clone(),
    };
    let addressed = match addressed {
        Addressed::Yes => "✅ Yes",
        Addressed::No => "❌ No",
        Addressed::Unclear => "❓ Unclear",
    };
    let (objective, explanation) = (cell(objective, MAX_OBJECTIVE_CHARS), cell(explanation, MAX_EXPLANATION_CHARS));
    format!("| {number}: {objective} | {addressed} | {explanation} |")
}

fn entry(OutOfScope { path, change }: &OutOfScope) -> String {
    let change = cell(change, MAX_EXPLANATION_CHARS);
    match path {
        Some(path) => format!("- {}: {change}", code_span(path, MAX_PATH_CHARS)),
        None => format!("- {change}"),
    }
}
