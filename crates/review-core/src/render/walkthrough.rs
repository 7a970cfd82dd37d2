//! The one comment about the whole pull request, edited in place.
//!
//! It has two parts: a status block about the newest run, and below it the body, the account of the last complete
//! review. Only a finished run renders a body; `publication::plan_walkthrough` keeps the old one under the status of a
//! run that has begun, failed or had nothing to do.

mod assessment;
mod changes;
mod details;
pub(super) mod diagram;
mod effort;
mod labels;
mod layout;
mod poem;
mod related;
mod release_notes;
mod reviewers;
mod status;
mod tools;

use std::collections::BTreeMap;

pub(super) use self::layout::{counted, folded};
pub(crate) use self::status::{is_delayed, is_in_progress};
use self::{
    details::{Details, MAX_DETAILS_CHARS, MAX_LISTED_PER_REASON},
    layout::{MAX_PATH_CHARS, capped, commits, fitting, note},
    status::{IN_PROGRESS, TRIED_AGAIN},
};
use super::{
    MAX_COMMENT_CHARS, checks, marker,
    model_text::{code_span, neutralise, neutralise_line},
    remarks,
};
use crate::{
    analyzers::Linted,
    checks::CheckReport,
    configuration::{Effective, Reviews},
    consulted::Consulted,
    depth::LooksMade,
    finding::{DropReason, Dropped, Finding, answer::WalkthroughAnswer},
    learning::{Learning, SilentCategory},
    publication::Withheld,
    pull_request::CommitId,
    scope::{CostLimitReached, FileSetAside, SkipReason},
    sections::Sections,
    usage::Usage,
};

const MAX_SUMMARY_CHARS: usize = 4_000;
const MAX_PROBLEM_CHARS: usize = 1_000;
const MAX_NAME_CHARS: usize = 100;
/// What the folded part may take.
const MAX_ACCOUNT_CHARS: usize = 45_000;
/// What small matters and remarks on the configuration may take together.
const MAX_FOLDS_CHARS: usize = 30_000;
/// What the status block may take of a comment; the body takes the rest.
const MAX_STATUS_CHARS: usize = 30_000;

/// What the walkthrough is rendered from.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one is made for a run, and lent")]
pub enum WalkthroughInput<'a> {
    /// A run has begun.
    InProgress { head: &'a CommitId, base: &'a CommitId, incremental: bool },
    Skipped {
        reason: &'a SkipReason,
        /// Threads about secrets in added lines, which are told all the same.
        secrets: usize,
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
        /// What stands after summary and changes.
        sections: &'a Sections,
        posted: &'a [Finding],
        /// Told here alone, folded: nobody is called to a thread for them.
        small_matters: &'a [Finding],
        dropped: &'a BTreeMap<DropReason, usize>,
        /// The same one by one, for who wants all details.
        candidates: &'a [Dropped],
        reviewed_files: &'a [String],
        set_aside: &'a [FileSetAside],
        /// What ended the run before it had asked everything.
        cost_limit: Option<CostLimitReached>,
        /// Threads resolved by this run.
        resolved: usize,
        /// Threads that were resolved by an earlier run, and whose code came back.
        reopened: usize,
        /// Threads of earlier runs that are still open.
        still_open: usize,
        /// Categories that this repository hears nothing of.
        silent: &'a [SilentCategory],
        /// What people taught and the questions held.
        learnings: &'a [Learning],
        /// The repository's page.
        repository_url: &'a str,
        /// None when nothing was there to look at.
        looks: Option<&'a LooksMade>,
        /// What linters and scanners say.
        linted: &'a Linted,
        usage: &'a Usage,
        /// What came of the checks before merging.
        checks: &'a CheckReport,
        /// What was asked of others than repository and forge.
        consulted: &'a Consulted,
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
        WalkthroughInput::Skipped { reason, secrets, set_aside, configuration } => {
            let told = match secrets {
                0 => String::new(),
                count => format!(
                    " {} without a model, each in its own thread.",
                    counted(*count, "secret in added lines was found", "secrets in added lines were found")
                ),
            };
            let status = note(reason.title(), &format!("{}{told}", reason.sentence()));
            let files = details::set_aside_list(set_aside, MAX_LISTED_PER_REASON);
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
    if !withheld.labels.is_empty() {
        let names: Vec<String> = withheld.labels.iter().map(|name| code_span(name, MAX_NAME_CHARS)).collect();
        told.push(format!("**Azure DevOps refused to set** the label {}; the agent's log says why.", names.join(", ")));
    }
    if !withheld.reviewers.is_empty() {
        let names: Vec<String> = withheld.reviewers.iter().map(|name| neutralise_line(name, MAX_NAME_CHARS)).collect();
        told.push(format!("**Azure DevOps refused to add** {} as a reviewer; the agent's log says why.", names.join(", ")));
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

fn done(input: &WalkthroughInput<'_>) -> String {
    let WalkthroughInput::Done {
        head,
        base,
        incremental,
        answer,
        sections,
        posted,
        small_matters,
        dropped,
        candidates,
        reviewed_files,
        set_aside,
        cost_limit,
        resolved,
        reopened,
        still_open,
        silent,
        learnings,
        repository_url,
        looks,
        linted,
        usage,
        checks,
        consulted,
        configuration,
    } = *input
    else {
        return String::new();
    };

    let range = (base, head, incremental);
    let unchecked = dropped.get(&DropReason::CostLimit).copied().unwrap_or_default();
    let status = status::of_review(range, set_aside, cost_limit, unchecked);
    let defaults = Reviews::default();
    let wishes = configuration.map_or(&defaults, |effective| &effective.configuration.reviews);

    let result = changes::result_line(posted, cost_limit.is_some(), resolved, reopened, still_open);
    let details = Details {
        range,
        reviewed_files,
        set_aside,
        dropped,
        candidates,
        refused_diagrams: &sections.refused_diagrams,
        silent,
        learnings,
        repository_url,
        looks,
        linted,
        usage,
        consulted,
        configuration,
        is_detailed: wishes.review_details,
    };
    let small: Vec<String> = small_matters.iter().map(listed_finding).collect();
    let small = (!small.is_empty()).then(|| folded(&format!("Small matters ({})", small.len()), &small.join("\n")));
    let said = tools::fold(linted, wishes.profile, posted);
    let folds: Vec<String> = small.into_iter().chain(said).chain(configuration.and_then(remarks::folded)).collect();
    let folds = fitting(folds, MAX_FOLDS_CHARS);
    let checks = checks::section(&checks.results);
    // The details have room in any case: what was not read and not posted must not go unsaid.
    let taken = folds.iter().chain([&result]).chain(&checks).map(|part| part.chars().count().saturating_add(2));
    let room = taken.fold(MAX_COMMENT_CHARS - MAX_STATUS_CHARS - MAX_DETAILS_CHARS, usize::saturating_sub);
    let told = fitting(account(answer, sections, wishes, repository_url), room);
    let parts = [result].into_iter().chain(told).chain(checks).chain(folds).chain([details.rendered()]);
    marker::compose_walkthrough(&status, Some(&parts.collect::<Vec<_>>().join("\n\n")))
}

/// What is told of the change: folded where that is wished, but for diagrams, which are not drawn right where nobody sees them.
fn account(answer: Option<&WalkthroughAnswer>, sections: &Sections, wishes: &Reviews, repository_url: &str) -> Vec<String> {
    let project_url = repository_url.rsplit_once("/_git/").map_or(repository_url, |(project, _)| project);
    let work_item_url = format!("{project_url}/_workitems/edit/");
    let summary = match answer {
        Some(answer) => neutralise(&answer.summary, MAX_SUMMARY_CHARS),
        None => "The model wrote no summary of this change; the findings do not depend on it.".to_owned(),
    };
    let cohorts = answer.map(|answer| answer.cohorts.as_slice()).filter(|_| wishes.changed_files_summary);
    let assessment = sections.assessment.as_ref().filter(|_| wishes.assess_linked_issues);
    let labels = if wishes.suggested_labels { sections.labels.as_slice() } else { &[] };
    let reviewers = if wishes.suggested_reviewers { sections.reviewers.as_slice() } else { &[] };
    let before = [Some(format!("## Walkthrough\n\n{summary}").trim_end().to_owned()), cohorts.and_then(changes::changes_table)];
    let notes = if wishes.high_level_summary_in_walkthrough { sections.release_notes.as_str() } else { "" };
    let diagram = diagram::section_of(&sections.diagrams);
    let after = [
        release_notes::section_of(notes),
        effort::section_of(sections.effort),
        assessment::section_of(assessment, &work_item_url),
        related::work_items(&sections.related_work_items, &work_item_url),
        related::pull_requests(&sections.related_pull_requests, repository_url),
        labels::section_of(labels, wishes.auto_apply_labels),
        reviewers::section_of(reviewers, wishes.auto_assign_reviewers),
        poem::section_of(&sections.poem),
    ];
    if !wishes.collapse_walkthrough {
        return before.into_iter().chain([diagram]).chain(after).flatten().collect();
    }
    let inside: Vec<String> = before.into_iter().chain(after).flatten().collect();
    [Some(folded("Walkthrough", &fitting(inside, MAX_ACCOUNT_CHARS).join("\n\n"))), diagram].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
