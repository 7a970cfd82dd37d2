//! The section *Pre-merge checks* of a walkthrough. It stands between markers, so that it can be renewed without the rest: a
//! title or a description changes without a push.

use super::{
    MAX_COMMENT_CHARS,
    model_text::neutralise_line,
    walkthrough::{counted, folded},
};
use crate::checks::{CheckResult, Outcome};

const BEGIN: &str = "<!-- coderabbit-agent:checks -->";
const END: &str = "<!-- coderabbit-agent:end of checks -->";
/// What cannot be voted is told behind the checks.
const VOTE: &str = "The vote could not be cast: ";

const MAX_NAME_CHARS: usize = 80;
const MAX_EXPLANATION_CHARS: usize = 500;
const MAX_RESOLUTION_CHARS: usize = 500;
const MAX_PROBLEM_CHARS: usize = 300;

/// The section between its markers. None: there are no checks.
pub(super) fn section(results: &[CheckResult]) -> Option<String> {
    (!results.is_empty()).then(|| marked(&told(results)))
}

/// A walkthrough whose section of checks says `results` and, where the vote could not be cast, why. One without such a section
/// gets it at its end, when there is something to say. None: it says so already, or would be longer than a comment may be.
pub(crate) fn with_checks(content: &str, results: &[CheckResult], vote_refused: Option<&str>) -> Option<String> {
    let refused = vote_refused.map(|why| format!("**{VOTE}**{}", neutralise_line(why, MAX_PROBLEM_CHARS)));
    let parts: Vec<String> = (!results.is_empty()).then(|| told(results)).into_iter().chain(refused).collect();
    let section = marked(&parts.join("\n\n"));
    let standing = content.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?.1)));
    let renewed = match standing {
        Some((before, after)) => format!("{before}{section}{after}"),
        None if parts.is_empty() => return None,
        None => format!("{}\n\n{section}\n", content.trim_end()),
    };
    (renewed != content && renewed.chars().count() <= MAX_COMMENT_CHARS).then_some(renewed)
}

fn marked(text: &str) -> String {
    format!("{BEGIN}\n{text}\n{END}")
}

fn told(results: &[CheckResult]) -> String {
    let (open, settled): (Vec<&CheckResult>, Vec<&CheckResult>) =
        results.iter().partition(|result| result.outcome.wants_attention());
    let order = [Outcome::Failed, Outcome::Warning, Outcome::Inconclusive];
    let mut parts = vec!["## Pre-merge checks".to_owned()];
    let counts = [
        (Outcome::Failed, "failed", "failed"),
        (Outcome::Warning, "warning", "warnings"),
        (Outcome::Inconclusive, "inconclusive", "inconclusive"),
        (Outcome::Passed, "passed", "passed"),
        (Outcome::Skipped, "skipped", "skipped"),
    ];
    let counts = counts.into_iter().filter_map(|(outcome, one, many)| {
        let count = results.iter().filter(|result| result.outcome == outcome).count();
        (count > 0).then(|| counted(count, one, many))
    });
    parts.push(format!("{}.", counts.collect::<Vec<_>>().join(", ")));
    if !open.is_empty() {
        let rows = order.iter().flat_map(|outcome| open.iter().filter(move |result| result.outcome == *outcome));
        let rows: Vec<String> = rows.map(|result| open_row(result)).collect();
        parts.push(format!("| Check | Result | Why | What to do |\n|---|---|---|---|\n{}", rows.join("\n")));
    }
    if !settled.is_empty() {
        let rows: Vec<String> = settled.iter().map(|result| settled_row(result)).collect();
        let title = format!("Passed or nothing to check ({})", settled.len());
        parts.push(folded(&title, &format!("| Check | Result | Why |\n|---|---|---|\n{}", rows.join("\n"))));
    }
    parts.join("\n\n")
}

fn open_row(result: &CheckResult) -> String {
    let word = match result.outcome {
        Outcome::Failed => "❌ Failed",
        Outcome::Warning => "⚠️ Warning",
        other => return format!("{} |", row(result, &format!("❓ {}", other.word()))),
    };
    let resolution = neutralise_line(&result.resolution, MAX_RESOLUTION_CHARS);
    format!("{} {resolution} |", row(result, word))
}

fn settled_row(result: &CheckResult) -> String {
    row(result, if result.outcome == Outcome::Passed { "✅ Passed" } else { "Skipped" })
}

fn row(result: &CheckResult, word: &str) -> String {
    let name = neutralise_line(&result.name, MAX_NAME_CHARS);
    format!("| {name} | {word} | {} |", neutralise_line(&result.explanation, MAX_EXPLANATION_CHARS))
}

#[cfg(test)]
mod tests;
