//! The changed files by what they do together, and what became of the findings.

use super::layout::{counted, fitting, in_table, listed_paths};
use crate::{
    finding::{Finding, Severity, answer::Cohort},
    render::model_text::neutralise_line,
};

const MAX_TITLE_CHARS: usize = 120;
const MAX_COHORT_CHARS: usize = 600;
const MAX_COHORTS: usize = 40;
const MAX_COHORT_PATHS: usize = 6;
/// Rows beyond it are counted.
const MAX_TABLE_CHARS: usize = 30_000;

pub(super) fn changes_table(cohorts: &[Cohort]) -> Option<String> {
    let mut rows = Vec::new();
    for cohort in cohorts.iter().take(MAX_COHORTS) {
        let title = neutralise_line(&cohort.title, MAX_TITLE_CHARS);
        let paths = in_table(&listed_paths(&cohort.paths, MAX_COHORT_PATHS));
        let summary = neutralise_line(&cohort.summary, MAX_COHORT_CHARS);
        let files = match (title.is_empty(), paths.is_empty()) {
            (true, true) => continue,
            (true, false) => paths,
            (false, true) => format!("**{title}**"),
            (false, false) => format!("**{title}**: {paths}"),
        };
        rows.push(format!("| {files} | {summary} |"));
    }
    let rendered = rows.len();
    let mut rows = fitting(rows, MAX_TABLE_CHARS);
    if rows.is_empty() {
        return None;
    }
    let left_out = cohorts.len().saturating_sub(MAX_COHORTS).saturating_add(rendered - rows.len());
    if left_out > 0 {
        rows.push(format!("| and {left_out} more | |"));
    }
    Some(format!("## Changes\n\n| Files | Summary |\n|---|---|\n{}", rows.join("\n")))
}

/// How many, never what: the threads say that.
pub(super) fn result_line(posted: &[Finding], is_stopped: bool, resolved: usize, reopened: usize, still_open: usize) -> String {
    let mut sentences = Vec::new();
    if posted.is_empty() && is_stopped {
        sentences.push("**No finding was confirmed before the review was stopped.**".to_owned());
    } else if posted.is_empty() {
        sentences.push("**No new findings.**".to_owned());
    } else {
        let by_severity = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low].map(|severity| {
            let count = posted.iter().filter(|finding| finding.severity == severity).count();
            (count > 0).then(|| format!("{count} {severity}"))
        });
        let by_severity: Vec<String> = by_severity.into_iter().flatten().collect();
        let total = counted(posted.len(), "new finding", "new findings");
        sentences.push(format!("**{total}** ({}), each in its own thread.", by_severity.join(", ")));
    }
    if resolved > 0 {
        sentences.push(format!("{} resolved.", counted(resolved, "earlier finding", "earlier findings")));
    }
    if reopened > 0 {
        sentences.push(format!("{} back, and open again.", counted(reopened, "earlier finding is", "earlier findings are")));
    }
    if still_open > 0 {
        sentences.push(format!("{} still open.", counted(still_open, "earlier finding is", "earlier findings are")));
    }
    sentences.join(" ")
}
