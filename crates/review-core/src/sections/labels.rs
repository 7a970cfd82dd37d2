//! Labels that fit a change, of those that the team has.

use std::{cmp::Reverse, collections::BTreeMap};

use super::Material;
use crate::{configuration::Reviews, finding::answer::LabelAnswer};

/// Labels that the model chooses from.
const MAX_OFFERED: usize = 40;
const MAX_CHOSEN: usize = 5;

/// A label that may be suggested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedLabel {
    pub name: String,
    /// When it fits; empty for one that is merely in use.
    pub instructions: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestedLabel {
    pub name: String,
    pub reason: String,
}

/// Those of `labeling_instructions`, and nothing else where there are any; else what recent pull requests have, the most used
/// first. What the pull request has already is not offered.
pub(super) fn offered(material: &Material<'_>) -> Vec<OfferedLabel> {
    let Material { reviews, pull_request, surroundings, .. } = material;
    if !(reviews.suggested_labels || reviews.auto_apply_labels) {
        return Vec::new();
    }
    let instructed: Vec<OfferedLabel> = reviews
        .labeling_instructions
        .iter()
        .map(|said| OfferedLabel { name: said.label.trim().to_owned(), instructions: said.instructions.trim().to_owned() })
        .collect();
    let mut offered = if instructed.is_empty() {
        let mut used: BTreeMap<String, (usize, &str)> = BTreeMap::new();
        for label in surroundings.pull_requests.iter().flat_map(|other| &other.labels) {
            used.entry(label.to_lowercase()).or_insert((0, label)).0 += 1;
        }
        let mut used: Vec<(usize, &str)> = used.into_values().collect();
        used.sort_by_key(|(count, name)| (Reverse(*count), *name));
        used.into_iter().map(|(_, name)| OfferedLabel { name: name.to_owned(), instructions: String::new() }).collect()
    } else {
        instructed
    };
    offered.retain(|label| !label.name.is_empty() && !has(&pull_request.labels, &label.name));
    offered.truncate(MAX_OFFERED);
    offered
}

/// The offered labels that the model chose, spelled as offered. Of labels that exclude each other, the one that stands on the
/// pull request or was named first is left.
pub(super) fn chosen(
    answer: &[LabelAnswer],
    offered: &[OfferedLabel],
    standing: &[String],
    reviews: &Reviews,
) -> Vec<SuggestedLabel> {
    let mut taken: Vec<String> = standing.to_vec();
    let mut chosen = Vec::new();
    for LabelAnswer { label, reason } in answer {
        let Some(OfferedLabel { name, .. }) = offered.iter().find(|offered| is_same(&offered.name, label)) else { continue };
        let groups = reviews.mutually_exclusive_groups.values().filter(|group| has(group, name));
        let is_excluded = groups.flatten().any(|other| !is_same(other, name) && has(&taken, other));
        if is_excluded || has(&taken, name) || chosen.len() >= MAX_CHOSEN {
            continue;
        }
        taken.push(name.clone());
        chosen.push(SuggestedLabel { name: name.clone(), reason: reason.trim().to_owned() });
    }
    chosen
}

fn has(labels: &[String], name: &str) -> bool {
    labels.iter().any(|label| is_same(label, name))
}

fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}
