//! Who may be asked for a review: people that the forge knows of this repository, never the author, never ourselves.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use super::{Material, OtherPullRequest};
use crate::{
    configuration::ReviewerKind,
    finding::answer::ReviewerAnswer,
    pull_request::{Person, Reviewer},
};

const MAX_SUGGESTED: usize = 3;
/// People that the model chooses from.
const MAX_OFFERED: usize = 40;
/// Files of one pull request that count: a rename of everything makes nobody an expert.
const MAX_COUNTED_FILES: usize = 5;
/// Whoever approved such a change read it for the same purpose.
const WORTH_OF_APPROVAL: usize = 3;
const WORTH_OF_AUTHORSHIP: usize = 2;

/// Somebody that `suggested_reviewers_instructions` name and the forge knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferedReviewer {
    pub person: Person,
    /// As the configuration writes it.
    pub handle: String,
    pub instructions: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuggestedReviewer {
    pub person: Person,
    pub reason: Reason,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Wrote or approved completed pull requests that changed the same files.
    Files { pull_requests: usize, files: Vec<String> },
    /// The model's, by the team's instructions.
    Said(String),
}

/// Those whom the instructions name, as far as recent pull requests tell who they are.
pub(super) fn offered(material: &Material<'_>) -> Vec<OfferedReviewer> {
    let Material { reviews, surroundings, .. } = material;
    if !(reviews.suggested_reviewers || reviews.auto_assign_reviewers) {
        return Vec::new();
    }
    let mut known: BTreeMap<&str, (&Person, bool)> = BTreeMap::new();
    for other in &surroundings.pull_requests {
        known.entry(&other.author.id).or_insert((&other.author, false));
        for Reviewer { person, is_group, .. } in &other.reviewers {
            known.entry(&person.id).or_insert((person, *is_group));
        }
    }
    let mut offered: Vec<OfferedReviewer> = Vec::new();
    for instruction in &reviews.suggested_reviewers_instructions {
        for named in &instruction.reviewers {
            let is_meant = |(person, is_group): &&(&Person, bool)| {
                *is_group == (named.r#type == ReviewerKind::Group)
                    && is_named(person, &named.handle)
                    && may_review(person, material)
            };
            let Some((person, _)) = known.values().find(is_meant) else { continue };
            let instructions = instruction.instructions.trim().to_owned();
            offered.push(OfferedReviewer { person: (*person).clone(), handle: named.handle.trim().to_owned(), instructions });
        }
    }
    offered.truncate(MAX_OFFERED);
    offered
}

/// By the instructions where there are any, else by files.
pub(super) fn suggested(
    answer: &[ReviewerAnswer],
    offered: &[OfferedReviewer],
    material: &Material<'_>,
    changed: &BTreeSet<&str>,
) -> Vec<SuggestedReviewer> {
    let reviews = material.reviews;
    if !(reviews.suggested_reviewers || reviews.auto_assign_reviewers) {
        return Vec::new();
    }
    if reviews.suggested_reviewers_instructions.is_empty() {
        return by_files(material, changed);
    }
    let mut suggested: Vec<SuggestedReviewer> = Vec::new();
    for ReviewerAnswer { reviewer, reason } in answer {
        let meant = |offered: &&OfferedReviewer| {
            offered.handle.eq_ignore_ascii_case(reviewer.trim()) || is_named(&offered.person, reviewer)
        };
        let Some(OfferedReviewer { person, .. }) = offered.iter().find(meant) else { continue };
        if !suggested.iter().any(|known| known.person.id == person.id) && suggested.len() < MAX_SUGGESTED {
            suggested.push(SuggestedReviewer { person: person.clone(), reason: Reason::Said(reason.trim().to_owned()) });
        }
    }
    suggested
}

#[derive(Default)]
struct Record<'a> {
    worth: usize,
    pull_requests: BTreeSet<u64>,
    files: BTreeSet<&'a str>,
}

fn by_files(material: &Material<'_>, changed: &BTreeSet<&str>) -> Vec<SuggestedReviewer> {
    let mut records: BTreeMap<&str, (&Person, Record<'_>)> = BTreeMap::new();
    for other in material.surroundings.pull_requests.iter().filter(|other| other.is_completed) {
        let OtherPullRequest { id, author, reviewers, files, .. } = other;
        let shared: BTreeSet<&str> = files.iter().flatten().map(String::as_str).filter(|path| changed.contains(path)).collect();
        if shared.is_empty() {
            continue;
        }
        let approved = reviewers.iter().filter(|reviewer| reviewer.vote > 0 && !reviewer.is_group);
        let approved = approved.map(|reviewer| (&reviewer.person, WORTH_OF_APPROVAL));
        for (person, worth) in approved.chain([(author, WORTH_OF_AUTHORSHIP)]) {
            if may_review(person, material) {
                let (_, record) = records.entry(&person.id).or_insert_with(|| (person, Record::default()));
                record.worth = record.worth.saturating_add(worth * shared.len().min(MAX_COUNTED_FILES));
                record.pull_requests.insert(*id);
                record.files.extend(&shared);
            }
        }
    }
    let mut records: Vec<(&Person, Record<'_>)> = records.into_values().collect();
    records.sort_by_key(|(person, record)| (Reverse(record.worth), person.id.as_str()));
    let suggested = records.into_iter().take(MAX_SUGGESTED).map(|(person, record)| {
        let files = record.files.into_iter().map(str::to_owned).collect();
        SuggestedReviewer { person: person.clone(), reason: Reason::Files { pull_requests: record.pull_requests.len(), files } }
    });
    suggested.collect()
}

/// Neither the author nor ourselves nor a pipeline, nor anybody who is asked already.
fn may_review(person: &Person, material: &Material<'_>) -> bool {
    let Material { pull_request, surroundings, .. } = material;
    let is = |id: &str| person.id.eq_ignore_ascii_case(id);
    let is_asked = pull_request.reviewers.iter().any(|reviewer| is(&reviewer.person.id));
    !person.id.is_empty() && !is(&pull_request.author.id) && !is(&surroundings.me) && !person.is_build_service() && !is_asked
}

/// Whether a handle means this identity: by its unique name, with or without domain, or by the name that people see.
fn is_named(person: &Person, handle: &str) -> bool {
    let handle = handle.trim().trim_start_matches('@').to_lowercase();
    let unique = person.unique_name.to_lowercase();
    let without_domain = unique.rsplit('\\').next().unwrap_or_default().split('@').next().unwrap_or_default();
    !handle.is_empty() && [unique.as_str(), without_domain, &person.display_name.to_lowercase()].contains(&handle.as_str())
}
