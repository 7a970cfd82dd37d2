//! Labels that fit.

use super::layout::{cell, section};
use crate::{render::model_text::code_span, sections::SuggestedLabel};

const MAX_LABEL_CHARS: usize = 100;
const MAX_REASON_CHARS: usize = 200;

/// `are_set`: they are not only suggested.
pub(super) fn section_of(labels: &[SuggestedLabel], are_set: bool) -> Option<String> {
    let line = |SuggestedLabel { name, reason }: &SuggestedLabel| {
        let (name, reason) = (code_span(name, MAX_LABEL_CHARS), cell(reason, MAX_REASON_CHARS));
        if reason.is_empty() { format!("- {name}") } else { format!("- {name}: {reason}") }
    };
    let lines = labels.iter().map(line).collect::<Vec<_>>().join("\n");
    let set = "Set on this pull request by the review; what somebody takes off stays off.";
    section("Suggested labels", &if are_set && !lines.is_empty() { format!("{set}\n\n{lines}") } else { lines })
}
