//! The one comment about the whole pull request, edited in place.
//!
//! It has two parts: a status block about the newest run, and below it the body, the account of the last complete
//! review. Only a finished run renders a body; `publication::plan_walkthrough` keeps the old one under the status of a
//! run that has begun, failed or had nothing to do.

use std::collections::BTreeMap;

use super::{
    MAX_COMMENT_CHARS, marker,
    model_text::{code_span, neutralise, neutralise_line},
    remarks,
};
use crate::{
    configuration::Effective,
    depth::LooksMade,
    finding::{
        DropReason, Finding, Severity,
        answer::{Cohort, WalkthroughAnswer},
    },
    learning::{SILENT_BELOW_PERCENT, SILENT_FROM, SilentCategory},
    publication::Withheld,
    pull_request::CommitId,
    scope::{CostLimitReached, FileSetAside, SetAside, SkipReason},
    usage::Usage,
};

const MAX_SUMMARY_CHARS: usize = 4_000;
const MAX_PROBLEM_CHARS: usize = 1_000;
const MAX_TITLE_CHARS: usize = 120;
const MAX_COHORT_CHARS: usize = 600;
const MAX_PATH_CHARS: usize = 200;
const MAX_COMMAND_CHARS: usize = 500;
const MAX_COHORTS: usize = 40;
const MAX_COHORT_PATHS: usize = 6;
const MAX_LISTED_FILES: usize = 60;
const MAX_LISTED_PER_REASON: usize = 10;
/// How the status block of a run under way begins.
const IN_PROGRESS: &str = "Review in progress.";
/// How the status block of a review that is delayed ends.
const TRIED_AGAIN: &str = "It will be tried again.";
/// What the status block may take of a comment; the body takes the rest.
const MAX_STATUS_CHARS: usize = 30_000;

/// What the walkthrough is rendered from.
#[derive(Debug, Clone)]
pub enum WalkthroughInput<'a> {
    /// A run has begun.
    InProgress { head: &'a CommitId, base: &'a CommitId, incremental: bool },
    Skipped {
        reason: &'a SkipReason,
        set_aside: &'a [FileSetAside],
        /// What there is to say about the configuration.
        configuration: Option<&'a Effective>,
    },
    /// `problem` is a sentence for people, without secrets.
    Failed { head: &'a CommitId, problem: &'a str, will_retry: bool },
    Done {
        head: &'a CommitId,
        base: &'a CommitId,
        incremental: bool,
        /// None when the model could not write it.
        answer: Option<&'a WalkthroughAnswer>,
        posted: &'a [Finding],
        /// Told here alone, folded: nobody is called to a thread for them.
        small_matters: &'a [Finding],
        dropped: &'a BTreeMap<DropReason, usize>,
        reviewed_files: &'a [String],
        set_aside: &'a [FileSetAside],
        /// What ended the run before it had asked everything.
        cost_limit: Option<CostLimitReached>,
        /// Threads resolved by this run.
        resolved: usize,
        /// Threads of earlier runs that are still open.
        still_open: usize,
        /// Categories that this repository hears nothing of.
        silent: &'a [SilentCategory],
        /// The repository's page.
        repository_url: &'a str,
        /// None when nothing was there to look at.
        looks: Option<&'a LooksMade>,
        usage: &'a Usage,
        /// What there is to say about the configuration.
        configuration: Option<&'a Effective>,
    },
}

/// The comment's markdown, marker included; never longer than `MAX_COMMENT_CHARS`.
pub fn walkthrough(input: &WalkthroughInput<'_>) -> String {
    match input {
        WalkthroughInput::InProgress { head, base, incremental } => {
            let range = commits(base, head, *incremental);
            marker::compose_walkthrough(&note(IN_PROGRESS, &format!("{range} are being read.")), None)
        }
        WalkthroughInput::Skipped { reason, set_aside, configuration } => {
            let status = note(reason.title(), &reason.sentence());
            let files = set_aside_list(set_aside);
            let files = (!files.is_empty()).then(|| folded("Files set aside", &files.join("\n")));
            let folds: Vec<String> = files.into_iter().chain(configuration.and_then(remarks::folded)).collect();
            marker::compose_walkthrough(&capped(status, &folds.join("\n\n"), MAX_STATUS_CHARS), None)
        }
        WalkthroughInput::Failed { head, problem, will_retry } => {
            let next = if *will_retry {
                TRIED_AGAIN
            } else {
                "It will not be tried again by itself; the next push starts a new review."
            };
            let problem = neutralise_line(problem, MAX_PROBLEM_CHARS);
            let text = format!("`{}` was not reviewed: {problem} {next}", head.short());
            marker::compose_walkthrough(&note("Review failed.", &text), None)
        }
        WalkthroughInput::Done { .. } => done(input),
    }
}

/// The walkthrough, telling of what the forge did not take; unchanged when that is nothing.
pub(crate) fn with_withheld(content: &str, withheld: &Withheld) -> String {
    let mut told = Vec::new();
    if !withheld.findings.is_empty() {
        let count = counted(withheld.findings.len(), "finding", "findings");
        told.push(format!("**Azure DevOps refused to take {count} as a thread**; told here instead:"));
        told.push(withheld.findings.iter().map(listed_finding).collect::<Vec<_>>().join("\n"));
    }
    if !withheld.threads.is_empty() {
        let count = counted(withheld.threads.len(), "thread", "threads");
        told.push(format!("**Azure DevOps refused to resolve {count}** that the new code answers; please close them by hand."));
    }
    if told.is_empty() {
        return content.to_owned();
    }
    let status = capped(marker::walkthrough_status(content).to_owned(), &told.join("\n\n"), MAX_STATUS_CHARS);
    marker::compose_walkthrough(&status, marker::walkthrough_body(content))
}

fn listed_finding(finding: &Finding) -> String {
    let place = code_span(&finding.path, MAX_PATH_CHARS);
    let claim = neutralise_line(&finding.claim, MAX_PROBLEM_CHARS);
    format!("- {place}, line {} ({}): {claim}", finding.lines.first, finding.severity)
}

/// Whether the status block of a walkthrough still speaks of a run under way.
pub(crate) fn is_in_progress(content: &str) -> bool {
    marker::walkthrough_status(content).contains(IN_PROGRESS)
}

/// Whether the status block says that the review of `head` will be tried again.
pub(crate) fn is_delayed(content: &str, head: &CommitId) -> bool {
    let status = marker::walkthrough_status(content);
    status.contains(&format!("`{}` was not reviewed:", head.short())) && status.ends_with(TRIED_AGAIN)
}

fn done(input: &WalkthroughInput<'_>) -> String {
    let WalkthroughInput::Done {
        head,
        base,
        incremental,
        answer,
        posted,
        small_matters,
        dropped,
        reviewed_files,
        set_aside,
        cost_limit,
        resolved,
        still_open,
        silent,
        repository_url,
        looks,
        usage,
        configuration,
    } = input
    else {
        return String::new();
    };

    let range = commits(base, head, *incremental);
    let unchecked = dropped.get(&DropReason::CostLimit).copied().unwrap_or_default();
    let left_out = [unread(set_aside), cost_limit.map(|reached| stopped(reached, unchecked))];
    let left_out: Vec<String> = left_out.into_iter().flatten().collect();
    let status = if left_out.is_empty() {
        note("Reviewed.", &format!("{range}."))
    } else {
        note("Partly reviewed.", &format!("{range}. {}", left_out.join(" ")))
    };

    let mut body = vec!["## Walkthrough".to_owned()];
    match answer {
        Some(answer) => {
            body.push(neutralise(&answer.summary, MAX_SUMMARY_CHARS));
            body.extend(changes_table(&answer.cohorts));
        }
        None => body.push("The model wrote no summary of this change; the findings do not depend on it.".to_owned()),
    }
    body.push(result_line(posted, cost_limit.is_some(), *resolved, *still_open));
    body.retain(|part| !part.is_empty());

    let mut details = vec![
        format!("- Commits: {range}"),
        format!("- Files reviewed ({}){}", reviewed_files.len(), listed(reviewed_files, MAX_LISTED_FILES)),
    ];
    details.extend(looks.map(depth));
    if !set_aside.is_empty() {
        details.push(format!("- Files set aside ({})", set_aside.len()));
        details.extend(set_aside_list(set_aside).iter().map(|line| format!("  {line}")));
    }
    let not_posted: usize = dropped.values().fold(0, |sum, count| sum.saturating_add(*count));
    if not_posted > 0 {
        let reasons = dropped.iter().filter(|(_, count)| **count > 0);
        let reasons: Vec<String> = reasons.map(|(reason, count)| format!("{count} {}", reason.words())).collect();
        details.push(format!("- Candidates not posted ({not_posted}): {}", reasons.join(", ")));
    }
    details.extend(silence(silent, repository_url));
    details.push(format!(
        "- Model: {}, {} tokens in ({} from the cache), {} out{}",
        counted_u64(usage.calls, "call", "calls"),
        usage.input_tokens,
        usage.cached_tokens,
        usage.output_tokens,
        usage.cost_words().map(|words| format!("; {words}")).unwrap_or_default()
    ));

    if let Some(configuration) = configuration {
        details.insert(0, remarks::sources(configuration));
    }
    let body = body.join("\n\n");
    let details = folded("Review details", &details.join("\n"));
    let small: Vec<String> = small_matters.iter().map(listed_finding).collect();
    let small = (!small.is_empty()).then(|| folded(&format!("Small matters ({})", small.len()), &small.join("\n")));
    let folds: Vec<String> = small.into_iter().chain(configuration.and_then(remarks::folded)).chain([details]).collect();
    let room = MAX_COMMENT_CHARS - MAX_STATUS_CHARS;
    marker::compose_walkthrough(&status, Some(&capped(body, &folds.join("\n\n"), room)))
}

fn depth(looks: &LooksMade) -> String {
    let not_made = if looks.not_made.is_empty() { String::new() } else { format!("; not made: {}", looks.not_made.join(", ")) };
    format!("- Depth: {}, {}{not_made}", looks.tier.word(), counted(looks.made, "look", "looks"))
}

/// Which categories say nothing here, why, and how that ends.
fn silence(silent: &[SilentCategory], repository_url: &str) -> Option<String> {
    let told = silent.iter().map(|SilentCategory { category, tally }| {
        format!("{} ({} of {} findings acted on)", category.words(), tally.acted_on, tally.settled())
    });
    let told = told.collect::<Vec<_>>().join(", ");
    let command = code_span(&format!("coderabbit-agent learned wake {repository_url}"), MAX_COMMAND_CHARS);
    let why = format!("fewer than {SILENT_BELOW_PERCENT} % of at least {SILENT_FROM} were acted on");
    (!silent.is_empty()).then(|| {
        format!(
            "- Silent here, because {why}: {told}. Critical ones are posted all the same; {command} makes all of them heard again"
        )
    })
}

/// Files that should have been read; None: all were.
fn unread(set_aside: &[FileSetAside]) -> Option<String> {
    let count = |why: SetAside| set_aside.iter().filter(|file| file.why == why).count();
    let why = match (count(SetAside::TooLarge), count(SetAside::OverBudget)) {
        (0, 0) => return None,
        (0, _) => "no room was left",
        (_, 0) => "too large",
        _ => "too large, or no room was left",
    };
    let unread = set_aside.iter().filter(|file| file.why.is_unread()).count();
    Some(format!("{} not read: {why} (see the details).", counted(unread, "file was", "files were")))
}

fn stopped(reached: CostLimitReached, unchecked: usize) -> String {
    let candidates = counted(unchecked, "possible finding was", "possible findings were");
    let unchecked = if unchecked == 0 { String::new() } else { format!("{candidates} not checked. ") };
    format!("The review was stopped before its end. {unchecked}{}", reached.sentence())
}

/// A bold sentence in a quote: Azure DevOps does not know the alerts of other forges.
fn note(title: &str, text: &str) -> String {
    format!("> **{title}** {text}")
}

fn commits(base: &CommitId, head: &CommitId, incremental: bool) -> String {
    let (base, head) = (base.short(), head.short());
    if incremental {
        format!("`{base}` to `{head}`, only what is new since the last review")
    } else {
        format!("`{base}` to `{head}`")
    }
}

fn changes_table(cohorts: &[Cohort]) -> Option<String> {
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
    if rows.is_empty() {
        return None;
    }
    if let Some(more) = cohorts.len().checked_sub(MAX_COHORTS).filter(|more| *more > 0) {
        rows.push(format!("| and {more} more | |"));
    }
    Some(format!("## Changes\n\n| Files | Summary |\n|---|---|\n{}", rows.join("\n")))
}

/// How many, never what: the threads say that.
fn result_line(posted: &[Finding], is_stopped: bool, resolved: usize, still_open: usize) -> String {
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
    if still_open > 0 {
        sentences.push(format!("{} still open.", counted(still_open, "earlier finding is", "earlier findings are")));
    }
    sentences.join(" ")
}

/// One line for each reason, in the order of the reasons.
fn set_aside_list(set_aside: &[FileSetAside]) -> Vec<String> {
    let mut by_reason: BTreeMap<SetAside, Vec<String>> = BTreeMap::new();
    for file in set_aside {
        by_reason.entry(file.why).or_default().push(file.path.clone());
    }
    let line = |(why, paths): (SetAside, Vec<String>)| {
        format!("- {} ({}){}", why.words(), paths.len(), listed(&paths, MAX_LISTED_PER_REASON))
    };
    by_reason.into_iter().map(line).collect()
}

fn listed(paths: &[String], most: usize) -> String {
    let paths = listed_paths(paths, most);
    if paths.is_empty() { String::new() } else { format!(": {paths}") }
}

fn listed_paths(paths: &[String], most: usize) -> String {
    let spans = paths.iter().take(most).map(|path| code_span(path, MAX_PATH_CHARS)).filter(|span| !span.is_empty());
    let mut spans: Vec<String> = spans.collect();
    if let Some(more) = paths.len().checked_sub(most).filter(|more| *more > 0) {
        spans.push(format!("and {more} more"));
    }
    spans.join(", ")
}

fn in_table(text: &str) -> String {
    text.replace('|', "\\|")
}

pub(super) fn folded(title: &str, text: &str) -> String {
    // The empty line after the summary lets Azure DevOps render the markdown inside.
    format!("<details>\n<summary>{title}</summary>\n\n{text}\n\n</details>")
}

pub(super) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn counted_u64(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `text` and `tail`, or `text` alone, or as many of its whole blocks as there is room for: never a cut tag.
fn capped(text: String, tail: &str, max_chars: usize) -> String {
    let joined = if tail.is_empty() { text.clone() } else { format!("{text}\n\n{tail}") };
    if joined.chars().count() <= max_chars {
        return joined;
    }
    if text.chars().count() <= max_chars {
        return text;
    }
    let mut kept = String::new();
    let mut length = 0;
    for block in text.split("\n\n") {
        length += block.chars().count() + 2;
        if length > max_chars {
            break;
        }
        kept.push_str(block);
        kept.push_str("\n\n");
    }
    kept
}

#[cfg(test)]
mod tests;
