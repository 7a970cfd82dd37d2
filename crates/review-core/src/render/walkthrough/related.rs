//! What else may have to do with the change.
//!
//! Numbers stand in links of ours, never as `!7` or `#7`, which the service would make mentions of.

use super::layout::{cell, link, listed_paths, section};
use crate::{
    render::model_text::{code_span, neutralise_line},
    sections::{OtherRepository, RelatedPullRequest, RelatedWorkItem},
};

const MAX_TITLE_CHARS: usize = 200;
const MAX_FILES: usize = 3;
const MAX_WORDS: usize = 5;
const MAX_WORD_CHARS: usize = 40;

/// `repository_url` is the repository's page.
pub(super) fn pull_requests(related: &[RelatedPullRequest], repository_url: &str) -> Option<String> {
    let lines: Vec<String> = related.iter().map(|related| pull_request(related, repository_url)).collect();
    section("Possibly related pull requests", &lines.join("\n"))
}

fn pull_request(related: &RelatedPullRequest, repository_url: &str) -> String {
    let RelatedPullRequest { id, repository, title, is_completed, work_items, files, words } = related;
    let mut reasons = Vec::new();
    match work_items.as_slice() {
        [] => {}
        [one] => reasons.push(format!("linked with work item {one}, too")),
        several => {
            let numbers: Vec<String> = several.iter().map(u64::to_string).collect();
            reasons.push(format!("linked with work items {}, too", numbers.join(", ")));
        }
    }
    if !files.is_empty() {
        reasons.push(format!("changes {}, too", listed_paths(files, MAX_FILES)));
    }
    if !words.is_empty() {
        let words: Vec<String> = words.iter().take(MAX_WORDS).map(|word| neutralise_line(word, MAX_WORD_CHARS)).collect();
        reasons.push(format!("its title says {}, too", words.join(", ")));
    }
    let number = match repository {
        None => link(&format!("Pull request {id}"), &format!("{repository_url}/pullrequest/{id}")),
        Some(OtherRepository { name, url }) => {
            let number = link(&format!("Pull request {id}"), &format!("{url}/pullrequest/{id}"));
            format!("{number} of {}", code_span(name, MAX_TITLE_CHARS))
        }
    };
    let state = if *is_completed { "completed" } else { "active" };
    format!("- {number} ({state}), {}: {}", cell(title, MAX_TITLE_CHARS), reasons.join("; "))
}

/// `work_item_url` is the page of a work item, up to its number.
pub(super) fn work_items(related: &[RelatedWorkItem], work_item_url: &str) -> Option<String> {
    let line = |related: &RelatedWorkItem| {
        let RelatedWorkItem { id, kind, title, state, linked_from } = related;
        let kind = neutralise_line(kind, MAX_WORD_CHARS);
        let number = link(&format!("Work item {id}"), &format!("{work_item_url}{id}"));
        let (title, state) = (cell(title, MAX_TITLE_CHARS), neutralise_line(state, MAX_WORD_CHARS));
        format!("- {number} ({kind}, {state}), {title}: linked with work item {linked_from}")
    };
    section("Possibly related work items", &related.iter().map(line).collect::<Vec<_>>().join("\n"))
}
