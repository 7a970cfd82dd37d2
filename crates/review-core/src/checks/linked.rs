//! Whether work items are linked, and whether the change does what they ask for.

use super::{CheckVerdict, Judgement, Ruling, counted};
use crate::{
    finding::answer::Addressed,
    sections::{AssessedObjective, Assessment},
};

/// Slug of the check.
pub const LINKED_ITEMS: &str = "linked-items";
/// Objectives that are told.
const MOST_TOLD: usize = 5;

/// What is known of the work items that are linked to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linked {
    Items(Vec<u64>),
    /// The agent's token may not read them.
    Unknown,
}

/// What is known of the issues of trackers that a pull request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NamedIssues {
    /// No tracker is asked.
    #[default]
    NoTracker,
    /// Those that their trackers know, by their keys.
    Known(Vec<String>),
    /// Something is named, and its tracker did not answer.
    Unknown,
}

/// What a model's assessment of the linked work items says of the check: every objective has to be addressed. None: it names no
/// objective.
pub fn objectives(assessment: &Assessment) -> Option<Judgement> {
    let of = |wanted: Addressed| assessment.objectives.iter().filter(move |objective| objective.addressed == wanted);
    let told = |objectives: Vec<&AssessedObjective>| {
        let told = objectives.iter().take(MOST_TOLD).map(|said| {
            let AssessedObjective { item, objective, explanation, .. } = said;
            let explanation = if explanation.is_empty() { String::new() } else { format!(": {explanation}") };
            format!("{} ({item}){explanation}", objective.trim_end_matches('.'))
        });
        told.map(|sentence| format!("{}.", sentence.trim_end_matches('.'))).collect::<Vec<_>>().join(" ")
    };
    let (missed, unclear): (Vec<_>, Vec<_>) = (of(Addressed::No).collect(), of(Addressed::Unclear).collect());
    let count = counted(assessment.objectives.len(), "objective", "objectives");
    let (verdict, reasoning, resolution) = if !missed.is_empty() {
        let what = format!("{} of {count} of the linked work items not addressed. {}", missed.len(), told(missed));
        (CheckVerdict::Fail, what, "Do what is missing, or link the work item that this change is for.")
    } else if !unclear.is_empty() {
        let what = format!("{} of {count} of the linked work items unclear. {}", unclear.len(), told(unclear));
        (CheckVerdict::Inconclusive, what, "")
    } else {
        (CheckVerdict::Pass, format!("{count} of the linked work items addressed."), "")
    };
    let resolution = resolution.to_owned();
    (!assessment.objectives.is_empty()).then_some(Judgement { verdict, reasoning, resolution })
}

/// Judges the links. `objectives` is what is made of the assessment of what they ask for. An issue that is named counts as a work
/// item that is linked.
pub fn linked_ruling(linked: &Linked, issues: &NamedIssues, objectives: Ruling) -> Ruling {
    if matches!(issues, NamedIssues::Known(keys) if !keys.is_empty()) {
        return objectives;
    }
    let Linked::Items(items) = linked else {
        let why = "The agent's token may not read which work items are linked (it needs *Work items: read*).";
        return Ruling::Inconclusive { why: why.to_owned() };
    };
    if !items.is_empty() {
        return objectives;
    }
    let (why, resolution) = match issues {
        NamedIssues::Unknown => {
            let why = "No work item is linked, and the tracker of the issues that are named did not answer.";
            return Ruling::Inconclusive { why: why.to_owned() };
        }
        NamedIssues::NoTracker => ("No work item is linked.", "Link the work item that this change is for."),
        NamedIssues::Known(_) => (
            "No work item is linked, and title, description and branch name no issue that its tracker knows.",
            "Link the work item that this change is for, or name its issue.",
        ),
    };
    Ruling::Failed { why: why.to_owned(), resolution: resolution.to_owned() }
}
