//! Who may know the code.

use super::layout::{cell, counted, listed_paths, section};
use crate::{
    pull_request::Person,
    render::model_text::neutralise_line,
    sections::{Reason, SuggestedReviewer},
};

const MAX_NAME_CHARS: usize = 100;
const MAX_REASON_CHARS: usize = 200;
const MAX_FILES: usize = 3;

/// `are_added`: they are not only suggested.
pub(super) fn section_of(reviewers: &[SuggestedReviewer], are_added: bool) -> Option<String> {
    let line = |SuggestedReviewer { person, reason }: &SuggestedReviewer| {
        let reason = match reason {
            Reason::Said(reason) => cell(reason, MAX_REASON_CHARS),
            Reason::Files { pull_requests, files } => {
                let count = counted(*pull_requests, "pull request that changed", "pull requests that changed");
                format!("wrote or approved {count} {}", listed_paths(files, MAX_FILES))
            }
        };
        let name = name(person);
        if reason.is_empty() { format!("- {name}") } else { format!("- {name}: {reason}") }
    };
    let lines = reviewers.iter().map(line).collect::<Vec<_>>().join("\n");
    let added = "Added as optional reviewers by the review; who is taken off stays off.";
    section("Suggested reviewers", &if are_added && !lines.is_empty() { format!("{added}\n\n{lines}") } else { lines })
}

/// Never a mention: nobody is called by a suggestion.
fn name(person: &Person) -> String {
    let shown = neutralise_line(&person.display_name, MAX_NAME_CHARS);
    if shown.is_empty() { neutralise_line(&person.unique_name, MAX_NAME_CHARS) } else { shown }
}
