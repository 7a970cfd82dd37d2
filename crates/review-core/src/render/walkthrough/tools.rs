//! What linters and scanners said: what the change brought in, and how their runs went.

use super::layout::{MAX_PATH_CHARS, counted, fitting, folded};
use crate::{
    analyzers::{Linted, ToolResult},
    configuration::Profile,
    finding::Finding,
    render::model_text::{code_span, neutralise_line},
};

/// Results in the fold; the rest is counted.
const MAX_LISTED: usize = 30;
const MAX_MESSAGE_CHARS: usize = 300;
const MAX_PROBLEM_CHARS: usize = 200;
/// What the fold takes of a comment.
const MAX_CHARS: usize = 12_000;

/// Results that no finding says already. None: there is none.
pub(super) fn fold(linted: &Linted, profile: Profile, posted: &[Finding]) -> Option<String> {
    let results: Vec<&ToolResult> = linted.not_said(profile, posted).collect();
    let mut lines: Vec<String> = results.iter().take(MAX_LISTED).map(|result| line(result)).collect();
    if let Some(more) = results.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        lines.push(format!("- and {more} more"));
    }
    let title = format!("Tool results ({}), as the tools say them", results.len());
    (!results.is_empty()).then(|| folded(&title, &fitting(lines, MAX_CHARS).join("\n")))
}

fn line(result: &ToolResult) -> String {
    let ToolResult { path, line, gravity, tool, rule, message } = result;
    let rule = code_span(rule, MAX_PATH_CHARS);
    let message = neutralise_line(message, MAX_MESSAGE_CHARS);
    format!("- {}, line {line}: {tool} {rule} ({}): {message}", code_span(path, MAX_PATH_CHARS), gravity.word())
}

/// A line of the details. None: no tool had anything to do.
pub(super) fn runs(linted: &Linted) -> Option<String> {
    if let Some(why) = &linted.refused {
        return Some(format!("- Tools: none was run, {}", neutralise_line(why, MAX_PROBLEM_CHARS)));
    }
    let told = linted.runs.iter().map(|run| {
        if let Some(problem) = &run.problem {
            return format!("{} (nothing: {})", run.tool, neutralise_line(problem, MAX_PROBLEM_CHARS));
        }
        let results = linted.results.iter().filter(|result| result.tool == run.tool).count();
        format!("{} ({}, {})", run.tool, counted(run.files, "file", "files"), counted(results, "result", "results"))
    });
    let told: Vec<String> = told.collect();
    (!told.is_empty()).then(|| format!("- Tools: {}", told.join(", ")))
}
