//! A coding plan: steps that settle what is open, kept as far as they name what is there.

use std::collections::BTreeSet;

use crate::finding::answer::{PlanAnswer, StepAnswer};

const MAX_STEPS: usize = 20;
const MAX_FILES: usize = 10;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    pub summary: String,
    pub steps: Vec<Step>,
    /// Files that steps named and that are not there.
    pub unknown_files: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub title: String,
    pub what: String,
    pub files: Vec<String>,
    /// Not there yet.
    pub new_files: Vec<String>,
    /// Numbers of the findings that it settles, as they were asked about.
    pub settles: Vec<u32>,
}

/// The answer without steps that say nothing, files that are not there (`exists`), and numbers of findings that were not asked
/// about.
pub fn plan(answer: &PlanAnswer, findings: usize, exists: &dyn Fn(&str) -> bool) -> Plan {
    let mut unknown = BTreeSet::new();
    let steps = answer.steps.iter().filter(|step| !step.title.trim().is_empty() || !step.what.trim().is_empty());
    let steps = steps.take(MAX_STEPS).map(|step| {
        let StepAnswer { title, what, files, new_files, settles } = step;
        let bare = |path: &String| path.trim().trim_start_matches('/').to_owned();
        let (known, others): (Vec<String>, Vec<String>) = files.iter().map(bare).partition(|path| exists(path));
        unknown.extend(others);
        let new_files = new_files.iter().map(bare).filter(|path| !path.is_empty() && !exists(path)).take(MAX_FILES).collect();
        let is_asked = |number: &u32| usize::try_from(*number).is_ok_and(|number| (1..=findings).contains(&number));
        Step {
            title: title.clone(),
            what: what.clone(),
            files: known.into_iter().take(MAX_FILES).collect(),
            new_files,
            settles: settles.iter().copied().filter(is_asked).collect(),
        }
    });
    let steps = steps.collect();
    Plan { summary: answer.summary.clone(), steps, unknown_files: unknown.len() }
}
