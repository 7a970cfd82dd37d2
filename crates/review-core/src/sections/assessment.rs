//! Whether a change does what its linked work items ask for.

use std::collections::BTreeSet;

use crate::{
    finding::{
        answer::{Addressed, ObjectiveAnswer, OutOfScopeAnswer, SectionsAnswer},
        same_path,
    },
    issue::LinkedItem,
};

const MAX_OBJECTIVES: usize = 20;
const MAX_OUT_OF_SCOPE: usize = 10;

/// The model's judgement on work items that are really linked, and on issues that are really named.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assessment {
    /// In the order of the linked work items.
    pub objectives: Vec<AssessedObjective>,
    pub out_of_scope: Vec<OutOfScope>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessedObjective {
    pub item: LinkedItem,
    pub objective: String,
    pub addressed: Addressed,
    pub explanation: String,
}

/// A change that no work item asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutOfScope {
    /// A changed path; None where the answer names none.
    pub path: Option<String>,
    pub change: String,
}

/// None when nothing is linked, or nothing was said of what is.
pub(super) fn checked(answer: &SectionsAnswer, linked: &[LinkedItem], changed: &BTreeSet<&str>) -> Option<Assessment> {
    let mut objectives: Vec<(usize, AssessedObjective)> = Vec::new();
    for ObjectiveAnswer { work_item, objective, addressed, explanation } in &answer.objectives {
        let Some((place, item)) = linked.iter().enumerate().find(|(_, item)| item.is_named(work_item)) else { continue };
        let objective = objective.trim().to_owned();
        let is_known = objectives.iter().any(|(other, known)| *other == place && known.objective == objective);
        if objective.is_empty() || is_known || objectives.len() >= MAX_OBJECTIVES {
            continue;
        }
        let (addressed, explanation) = (*addressed, explanation.trim().to_owned());
        objectives.push((place, AssessedObjective { item: item.clone(), objective, addressed, explanation }));
    }
    objectives.sort_by_key(|(place, _)| *place);
    let said = answer.out_of_scope.iter().filter(|said| !linked.is_empty() && !said.change.trim().is_empty());
    let out_of_scope = said.take(MAX_OUT_OF_SCOPE).map(|OutOfScopeAnswer { path, change }| OutOfScope {
        path: changed.iter().find(|known| same_path(path, known)).map(|known| (*known).to_owned()),
        change: change.trim().to_owned(),
    });
    let objectives: Vec<AssessedObjective> = objectives.into_iter().map(|(_, objective)| objective).collect();
    let assessment = Assessment { objectives, out_of_scope: out_of_scope.collect() };
    (assessment != Assessment::default()).then_some(assessment)
}
