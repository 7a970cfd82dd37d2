//! All checks of a pull request together: at a review, and at later looks at what was reviewed.

use super::{
    Answers, CheckReport, CheckResult, DocstringCoverage, Linked, NamedIssues, Outcome, Ruling, Subject, Wanted,
    description_ruling, docstring_ruling, linked_ruling, title_ruling, wanted,
};
use crate::{
    configuration::{Mode, Reviews},
    pull_request::PullRequest,
};

/// What the checks of one iteration go by.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub pull_request: &'a PullRequest,
    /// What descriptions of this repository begin with.
    pub template: Option<&'a str>,
    pub linked: &'a Linked,
    pub issues: &'a NamedIssues,
    pub coverage: &'a DocstringCoverage,
    /// Files that should have been read and were not.
    pub unread: usize,
    /// Whether any file was read.
    pub is_read: bool,
    pub answers: &'a Answers,
    /// Whether the code was read before, and not now.
    pub is_later: bool,
}

/// What comes of all checks.
pub fn results(reviews: &Reviews, facts: &Facts<'_>) -> Vec<CheckResult> {
    wanted(&reviews.pre_merge_checks).iter().map(|wanted| CheckResult::of(wanted, ruling(wanted, reviews, facts))).collect()
}

/// The checks of `report` as things stand now: title, description and links are judged again where they changed, all others
/// stay as they were, under the mode that they have now. What nobody wants any more is left out, and what nobody wanted then
/// waits for the next push.
pub fn refreshed(reviews: &Reviews, report: &CheckReport, facts: &Facts<'_>) -> Vec<CheckResult> {
    let now = |wanted: &Wanted| {
        let before = report.result(&wanted.slug)?;
        let stays = match wanted.subject {
            Subject::Title => report.title == facts.pull_request.title,
            Subject::LinkedItems => {
                let has_same_items = match facts.linked {
                    Linked::Items(items) => report.linked.as_ref() == Some(items),
                    Linked::Unknown => true,
                };
                let has_same_issues = match facts.issues {
                    NamedIssues::Known(keys) => report.issues.as_ref() == Some(keys),
                    NamedIssues::NoTracker => report.issues.as_ref().is_some_and(Vec::is_empty),
                    NamedIssues::Unknown => true,
                };
                has_same_items && has_same_issues
            }
            Subject::Description => report.description == facts.pull_request.description,
            Subject::Docstrings | Subject::Custom(_) => true,
        };
        Some(if stays { under_mode(before, wanted.mode) } else { CheckResult::of(wanted, ruling(wanted, reviews, facts)) })
    };
    wanted(&reviews.pre_merge_checks).iter().filter_map(now).collect()
}

fn under_mode(before: &CheckResult, mode: Mode) -> CheckResult {
    let outcome = match (before.outcome, mode) {
        (Outcome::Warning, Mode::Error) => Outcome::Failed,
        (Outcome::Failed, Mode::Warning) => Outcome::Warning,
        (outcome, _) => outcome,
    };
    CheckResult { mode, outcome, ..before.clone() }
}

fn ruling(wanted: &Wanted, reviews: &Reviews, facts: &Facts<'_>) -> Ruling {
    let Facts { pull_request, template, linked, issues, coverage, unread, is_read, answers, is_later } = *facts;
    let checks = &reviews.pre_merge_checks;
    match wanted.subject {
        Subject::Title => match title_ruling(&pull_request.title, &pull_request.source_ref) {
            Ruling::Passed { .. } if !checks.title.requirements.trim().is_empty() => answers.requirements_ruling(&wanted.slug),
            ruling => ruling,
        },
        Subject::Description => description_ruling(&pull_request.description, &pull_request.title, template, reviews),
        Subject::LinkedItems => {
            let objectives = match answers.of(&wanted.slug) {
                Some(_) => answers.ruling(&wanted.slug, unread),
                None if is_later => Ruling::Inconclusive {
                    why: "The links changed after the review; what the work items ask for is judged at the next one.".to_owned(),
                },
                None => Ruling::Inconclusive { why: "What the linked work items ask for was not assessed.".to_owned() },
            };
            linked_ruling(linked, issues, objectives)
        }
        Subject::Docstrings => docstring_ruling(coverage, &checks.docstrings),
        Subject::Custom(_) if !is_read && unread == 0 => {
            Ruling::Skipped { why: "No file of the change is one that is reviewed.".to_owned() }
        }
        Subject::Custom(_) => answers.ruling(&wanted.slug, unread),
    }
}
