//! What a configuration and a pull request give reason to ask of the model.

use super::{Material, OfferedLabel, OfferedReviewer, labels, reviewers};
use crate::{
    configuration::{Mode, Reviews},
    description::{Place, wants_summary},
    issue::LinkedItem,
    title::wants_title,
};

/// What the writer of the walkthrough is asked for beside its summary.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent sections")]
pub struct Asked {
    /// The groups of changed files.
    pub changes: bool,
    pub diagrams: bool,
    pub effort: bool,
    /// Linked work items and named issues to be assessed.
    pub linked: Vec<LinkedItem>,
    pub labels: Vec<OfferedLabel>,
    pub reviewers: Vec<OfferedReviewer>,
    pub poem: bool,
    /// The summary for the description, and how the team wishes it to look.
    pub release_notes: Option<String>,
    /// A title, and how the team wishes it to look.
    pub title: Option<String>,
}

impl Asked {
    pub fn of(material: &Material<'_>) -> Self {
        let Material { reviews, work_items, issues, .. } = material;
        // A check before merging rests on the same assessment.
        let assesses = reviews.assess_linked_issues || reviews.pre_merge_checks.issue_assessment.mode != Mode::Off;
        let work_items = work_items.iter().map(|item| LinkedItem::WorkItem(item.id));
        let linked = work_items.chain(issues.iter().map(LinkedItem::from)).filter(|_| assesses).collect();
        let place = summary_place(reviews);
        let wants_notes = reviews.high_level_summary_in_walkthrough || wants_summary(&material.pull_request.description, place);
        let wants_title = wants_title(&material.pull_request.title, &reviews.auto_title_placeholder);
        Self {
            changes: reviews.changed_files_summary,
            diagrams: reviews.sequence_diagrams,
            effort: reviews.estimate_code_review_effort,
            linked,
            labels: labels::offered(material),
            reviewers: reviewers::offered(material),
            poem: reviews.poem,
            release_notes: wants_notes.then(|| reviews.high_level_summary_instructions.trim().to_owned()),
            title: wants_title.then(|| reviews.auto_title_instructions.trim().to_owned()),
        }
    }

    /// Whether `sections` of the answer stays empty.
    pub fn has_no_section(&self) -> bool {
        let Self { changes: _, diagrams, effort, linked, labels, reviewers, poem, release_notes, title } = self;
        !(release_notes.is_some() || title.is_some() || *diagrams || *effort || *poem)
            && linked.is_empty()
            && labels.is_empty()
            && reviewers.is_empty()
    }
}

/// Where the summary goes in the description.
pub fn summary_place(reviews: &Reviews) -> Place<'_> {
    let at_end = reviews.high_level_summary && !reviews.high_level_summary_in_walkthrough;
    Place { placeholder: &reviews.high_level_summary_placeholder, at_end }
}
