//! Labels and reviewers that a review sets on a pull request, each once.
//!
//! What was ever set is remembered in the walkthrough's thread, so that what a person took off stays off.

use serde::{Deserialize, Serialize};

use super::{MAX_PROPERTY_CHARS, PublicationStep, Withheld, our_walkthrough, property, standing_of};
use crate::pull_request::{PullRequestState, Thread};

/// What a run wants to be set on the pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Additions {
    pub labels: Vec<String>,
    pub reviewers: Vec<NewReviewer>,
}

/// Somebody who is asked for a review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewReviewer {
    /// Id of the identity.
    pub id: String,
    /// For people.
    pub name: String,
}

impl Additions {
    /// Takes out what the forge refused; false when it is none of these.
    pub(super) fn withhold(&mut self, step: &PublicationStep, withheld: &mut Withheld) -> bool {
        match step {
            PublicationStep::AddLabel(name) => {
                let before = self.labels.len();
                self.labels.retain(|label| label != name);
                let is_taken_out = self.labels.len() < before;
                withheld.labels.extend(is_taken_out.then(|| name.clone()));
                is_taken_out
            }
            PublicationStep::AddReviewer(reviewer) => {
                let before = self.reviewers.len();
                self.reviewers.retain(|known| known.id != reviewer.id);
                let is_taken_out = self.reviewers.len() < before;
                withheld.reviewers.extend(is_taken_out.then(|| reviewer.name.clone()));
                is_taken_out
            }
            _ => false,
        }
    }
}

/// The writes, and what the walkthrough's thread remembers after them.
#[derive(Debug, Default)]
pub(super) struct PlannedAdditions {
    pub(super) steps: Vec<PublicationStep>,
    pub(super) remembered: Vec<(String, String)>,
}

/// Nothing where a person deleted our walkthrough: who wants no word of us wants no labels either, and there is no place to
/// remember them.
pub(super) fn plan_additions(state: &PullRequestState, desired: &Additions) -> PlannedAdditions {
    let mut planned = PlannedAdditions::default();
    let ours: Vec<_> = state.threads.iter().filter_map(|thread| our_walkthrough(state, thread)).collect();
    let thread = standing_of(&ours).map(|(thread, _)| thread);
    if thread.is_none() && !ours.is_empty() {
        return planned;
    }
    let labels = desired.labels.iter().map(|name| (name.trim().to_lowercase(), PublicationStep::AddLabel(name.clone())));
    let has_label = |key: &str| state.pull_request.labels.iter().any(|label| label.trim().to_lowercase() == key);
    planned.take(thread, property::LABELS, labels, has_label);
    let reviewers = desired.reviewers.iter();
    let reviewers = reviewers.map(|reviewer| (reviewer.id.to_lowercase(), PublicationStep::AddReviewer(reviewer.clone())));
    let is_asked = |key: &str| state.pull_request.reviewers.iter().any(|reviewer| reviewer.person.id.to_lowercase() == key);
    planned.take(thread, property::REVIEWERS, reviewers, is_asked);
    planned
}

impl PlannedAdditions {
    fn take(
        &mut self,
        thread: Option<&Thread>,
        property: &str,
        wanted: impl Iterator<Item = (String, PublicationStep)>,
        stands: impl Fn(&str) -> bool,
    ) {
        let stored = thread.and_then(|thread| thread.properties.get(property)).map_or("[]", String::as_str);
        // What cannot be read is not written over, and nothing is set that could not be remembered.
        let Ok(mut known) = serde_json::from_str::<Vec<String>>(stored) else { return };
        let before = known.len();
        for (key, step) in wanted {
            if known.contains(&key) {
                continue;
            }
            known.push(key.clone());
            if serde_json::json!(known).to_string().chars().count() > MAX_PROPERTY_CHARS {
                known.pop();
                break;
            }
            // One that stands is remembered, too: it may be ours, written by a run that was cut before it could remember.
            if !stands(&key) {
                self.steps.push(step);
            }
        }
        if known.len() > before {
            self.remembered.push((property.to_owned(), serde_json::json!(known).to_string()));
        }
    }
}

#[cfg(test)]
mod tests;
