//! The sections of a walkthrough after its summary and its changes: what is asked of the model, and what of its answer holds.
//!
//! A model chooses and explains, it never names: labels, people, pull requests and work items are those that the forge or the
//! configuration gave, and an answer that names another is left out. What can be counted (related pull requests, reviewers by
//! files) is counted, without a model.

mod asked;
mod assessment;
mod labels;
mod related;
mod reviewers;

use std::collections::BTreeSet;

pub use self::{
    asked::{Asked, summary_place},
    assessment::{AssessedObjective, Assessment, OutOfScope},
    labels::{OfferedLabel, SuggestedLabel},
    related::{RelatedPullRequest, RelatedWorkItem, worth_reading},
    reviewers::{OfferedReviewer, Reason, SuggestedReviewer},
};
use crate::{
    configuration::Reviews,
    finding::answer::SectionsAnswer,
    issue::Issue,
    mermaid::{MermaidError, SequenceDiagram},
    pull_request::{Person, PullRequest, Reviewer, WorkItem},
};

/// Diagrams of one walkthrough.
const MAX_DIAGRAMS: usize = 2;
/// A longer review is a guess.
const MAX_MINUTES: u32 = 480;

/// What the forge says around a pull request. What could not be read is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Id of our own identity.
    pub me: String,
    /// Other pull requests of the repository, newest first.
    pub pull_requests: Vec<OtherPullRequest>,
    /// Pull requests of other repositories of the project, newest first, where the team wants to hear of them.
    pub elsewhere: Vec<OtherPullRequest>,
    /// Work items that the linked ones are linked with.
    pub work_items: Vec<OtherWorkItem>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherPullRequest {
    pub id: u64,
    /// None: the one under review.
    pub repository: Option<OtherRepository>,
    pub title: String,
    /// Else it is active.
    pub is_completed: bool,
    pub author: Person,
    pub reviewers: Vec<Reviewer>,
    pub labels: Vec<String>,
    /// Paths that it changes; None where they were not read.
    pub files: Option<Vec<String>>,
    /// Which work items of the pull request under review it is linked with, too.
    pub shared_work_items: Vec<u64>,
}

/// Another repository of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherRepository {
    pub name: String,
    /// Its page, made by us.
    pub url: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherWorkItem {
    pub work_item: WorkItem,
    /// The linked work item that names it.
    pub linked_from: u64,
}

/// What the sections of one walkthrough are made from, beside the model's answer.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    pub reviews: &'a Reviews,
    pub pull_request: &'a PullRequest,
    /// Those that are linked.
    pub work_items: &'a [WorkItem],
    /// Issues of trackers that it names.
    pub issues: &'a [Issue],
    pub surroundings: &'a Surroundings,
}

/// What stands in the sections. Texts are a model's or people's, not yet neutralised; ids are the forge's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections {
    pub diagrams: Vec<Diagram>,
    /// Why diagrams of the answer are not shown.
    pub refused_diagrams: Vec<MermaidError>,
    pub effort: Option<Effort>,
    /// None when no work item is linked, or nothing was said of one.
    pub assessment: Option<Assessment>,
    pub related_pull_requests: Vec<RelatedPullRequest>,
    pub related_work_items: Vec<RelatedWorkItem>,
    pub labels: Vec<SuggestedLabel>,
    pub reviewers: Vec<SuggestedReviewer>,
    pub poem: String,
    /// Empty where none are wanted.
    pub release_notes: String,
    /// The same.
    pub title: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagram {
    pub title: String,
    pub chart: SequenceDiagram,
}

/// What reviewing the change takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// 1 trivial to 5 critical.
    pub complexity: u8,
    /// 1 to 480.
    pub minutes: u32,
}

/// What of `answer` was asked for and holds, and what follows without a model. `changed` are the paths of the change.
pub fn sections(answer: &SectionsAnswer, material: &Material<'_>, changed: &BTreeSet<&str>) -> Sections {
    let asked = Asked::of(material);
    let Material { reviews, surroundings, .. } = material;
    let (mut diagrams, mut refused_diagrams) = (Vec::new(), Vec::new());
    for drawn in answer.diagrams.iter().filter(|_| asked.diagrams).take(MAX_DIAGRAMS) {
        match SequenceDiagram::parse(&drawn.mermaid) {
            Ok(chart) => diagrams.push(Diagram { title: drawn.title.clone(), chart }),
            Err(error) => refused_diagrams.push(error),
        }
    }
    let complexity = u8::try_from(answer.effort.complexity).ok().filter(|complexity| (1..=5).contains(complexity));
    let minutes = Some(answer.effort.minutes).filter(|minutes| (1..=MAX_MINUTES).contains(minutes));
    let effort = complexity.zip(minutes).filter(|_| asked.effort).map(|(complexity, minutes)| Effort { complexity, minutes });
    Sections {
        diagrams,
        refused_diagrams,
        effort,
        assessment: assessment::checked(answer, &asked.linked, changed),
        related_pull_requests: if reviews.related_prs { related::pull_requests(material, changed) } else { Vec::new() },
        related_work_items: if reviews.related_issues { related::work_items(surroundings) } else { Vec::new() },
        labels: labels::chosen(&answer.labels, &asked.labels, &material.pull_request.labels, reviews),
        reviewers: reviewers::suggested(&answer.reviewers, &asked.reviewers, material, changed),
        poem: if asked.poem { answer.poem.trim().to_owned() } else { String::new() },
        release_notes: asked.release_notes.map(|_| answer.release_notes.trim().to_owned()).unwrap_or_default(),
        title: asked.title.map(|_| answer.title.trim().to_owned()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
