//! What shall stand on the pull request after a run (step 13).

use std::collections::BTreeMap;

use review_core::{
    checks::CheckReport,
    configuration::{Configuration, Effective, Reviews},
    description::wants_summary,
    finding::{Finding, StandingFinding, fingerprint},
    learning::History,
    publication::{
        Additions, CheckState, DesiredFinding, DesiredState, DesiredStatus, DesiredText, DesiredTexts, NewReviewer,
        WalkthroughState, Withheld,
    },
    pull_request::{Anchor, Iteration, PullRequest, PullRequestState},
    render::{WalkthroughInput, finding_comment, neutralise, walkthrough},
    scope::SkipReason,
    sections::{Sections, summary_place},
};

use super::{analysis::Analysis, resolution::Resolutions};

/// What the description gets of the summary, at most.
pub(super) const MAX_SUMMARY_CHARS: usize = 1_500;

/// What shall stand on the pull request after this run.
pub(super) fn desired_state(
    state: &PullRequestState,
    iteration: &Iteration,
    analysis: &Analysis,
    resolved: &Resolutions,
    standing: &[StandingFinding],
    configuration: &Effective,
    history: &History,
) -> DesiredState {
    let findings = desired_findings(analysis, &configuration.configuration);
    let still_open = standing
        .iter()
        .filter(|finding| finding.status.is_open() && !finding.is_deleted && !resolved.threads.contains(&finding.thread))
        .count();
    let walkthrough_state = if analysis.is_partial() { WalkthroughState::Partial } else { WalkthroughState::Complete };
    let content = walkthrough(&WalkthroughInput::Done {
        head: &iteration.head,
        base: &iteration.base,
        incremental: analysis.is_incremental,
        answer: analysis.walkthrough.as_ref(),
        sections: &analysis.sections,
        posted: &analysis.findings,
        small_matters: &analysis.small_matters,
        dropped: &analysis.dropped_by_reason(),
        candidates: &analysis.dropped,
        reviewed_files: &analysis.reviewed_files,
        set_aside: &analysis.set_aside,
        cost_limit: analysis.cost_limit,
        resolved: resolved.threads.len(),
        reopened: analysis.reopened.len(),
        still_open,
        silent: &history.silent(),
        learnings: &analysis.learnings,
        repository_url: repository_page(&state.pull_request.web_url),
        looks: analysis.looks.as_ref(),
        linted: &analysis.linted,
        usage: &analysis.usage,
        checks: &analysis.report,
        consulted: &analysis.consulted,
        configuration: Some(configuration),
    });
    DesiredState {
        iteration: iteration.id,
        head: iteration.head.clone(),
        base: iteration.base.clone(),
        findings,
        resolved: resolved.threads.clone(),
        reopened: analysis.reopened.clone(),
        walkthrough: content,
        walkthrough_state,
        status: status_of(analysis, still_open),
        texts: texts(&state.pull_request, analysis, &configuration.configuration.reviews),
        reposts_walkthrough: false,
        additions: additions(&analysis.sections, &configuration.configuration.reviews),
        withheld: Withheld::default(),
        checks: analysis.report.clone(),
    }
}

/// What goes into the author's title and description. A model that wrote no release notes has at least summed the change up.
fn texts(pull_request: &PullRequest, analysis: &Analysis, reviews: &Reviews) -> DesiredTexts {
    let place = summary_place(reviews);
    let notes = &analysis.sections.release_notes;
    let said = if notes.is_empty() { analysis.walkthrough.as_ref().map(|answer| &answer.summary) } else { Some(notes) };
    let summary = said.filter(|_| wants_summary(&pull_request.description, place)).map(|said| DesiredText {
        content: neutralise(said, MAX_SUMMARY_CHARS),
        placeholder: place.placeholder.to_owned(),
        at_end: place.at_end,
    });
    let title = &analysis.sections.title;
    let title = (!title.is_empty()).then(|| DesiredText {
        content: title.clone(),
        placeholder: reviews.auto_title_placeholder.clone(),
        at_end: false,
    });
    DesiredTexts { summary, title }
}

/// What is not only suggested.
fn additions(sections: &Sections, reviews: &Reviews) -> Additions {
    let labels = sections.labels.iter().filter(|_| reviews.auto_apply_labels).map(|label| label.name.clone());
    let reviewers = sections
        .reviewers
        .iter()
        .filter(|_| reviews.auto_assign_reviewers)
        .map(|reviewer| NewReviewer { id: reviewer.person.id.clone(), name: reviewer.person.display_name.clone() });
    Additions { labels: labels.collect(), reviewers: reviewers.collect() }
}

/// The page that the page of a pull request is below.
fn repository_page(web_url: &str) -> &str {
    web_url.rsplit_once("/pullrequest/").map_or(web_url, |(page, _)| page)
}

/// What shall stand there after a run that was stopped before anything was read: threads about secrets, and that the change was not
/// reviewed. Nothing is put on record, so that the next run reads the change whole.
pub(super) fn unread_state(
    iteration: &Iteration,
    analysis: &Analysis,
    reason: &SkipReason,
    configuration: &Effective,
) -> DesiredState {
    let findings = desired_findings(analysis, &configuration.configuration);
    let secrets = analysis.findings.len().saturating_add(analysis.reopened.len());
    let (set_aside, configuration) = (&[], Some(configuration));
    let told = if secrets == 1 { "1 secret".to_owned() } else { format!("{secrets} secrets") };
    DesiredState {
        iteration: iteration.id,
        head: iteration.head.clone(),
        base: iteration.base.clone(),
        findings,
        resolved: Vec::new(),
        reopened: analysis.reopened.clone(),
        walkthrough: walkthrough(&WalkthroughInput::Skipped { reason, secrets, set_aside, configuration }),
        walkthrough_state: WalkthroughState::Skipped,
        status: not_reviewed(reason, &format!(" {told} in added lines found all the same."), configuration),
        texts: DesiredTexts::default(),
        reposts_walkthrough: false,
        additions: Additions::default(),
        withheld: Withheld::default(),
        checks: CheckReport::default(),
    }
}

/// The status of a change that is not reviewed.
pub(super) fn not_reviewed(reason: &SkipReason, more: &str, configuration: Option<&Effective>) -> DesiredStatus {
    let fails = configuration.is_some_and(|configuration| configuration.configuration.reviews.fail_commit_status);
    let state = if fails { CheckState::Failed } else { CheckState::NotApplicable };
    DesiredStatus { state, description: format!("Not reviewed: {}{more}", reason.sentence()) }
}

fn desired_findings(analysis: &Analysis, configuration: &Configuration) -> Vec<DesiredFinding> {
    let placed = analysis.findings.iter().zip(&analysis.last_line_utf16);
    placed.map(|(finding, &last_line_utf16)| desired_finding(finding, last_line_utf16, configuration)).collect()
}

fn desired_finding(finding: &Finding, last_line_utf16: u32, configuration: &Configuration) -> DesiredFinding {
    let fingerprint = fingerprint(finding);
    DesiredFinding {
        content: finding_comment(finding, &fingerprint, configuration.reviews.enable_prompt_for_ai_agents),
        anchor: Anchor { path: finding.path.clone(), side: finding.side, lines: finding.lines },
        fingerprint,
        finding: finding.clone(),
        last_line_utf16,
    }
}

/// Succeeded means reviewed, whatever was found: findings are the threads' matter, and a policy on them exists already.
pub(super) fn status_of(analysis: &Analysis, still_open: usize) -> DesiredStatus {
    let mut description = match analysis.findings.len() {
        0 if analysis.cost_limit.is_some() => "Reviewed: no finding confirmed".to_owned(),
        0 => "Reviewed: no new findings".to_owned(),
        1 => format!("Reviewed: 1 finding ({})", by_severity(&analysis.findings)),
        count => format!("Reviewed: {count} findings ({})", by_severity(&analysis.findings)),
    };
    match analysis.reopened.len() {
        0 => {}
        count => description.push_str(&format!(", {count} back and open again")),
    }
    if still_open > 0 {
        description.push_str(&format!(", {still_open} still open"));
    }
    if analysis.is_partial() {
        let files = analysis.reviewed_files.len();
        let files = if files == 1 { "1 file".to_owned() } else { format!("{files} files") };
        let stopped = if analysis.cost_limit.is_some() { ", stopped at the ceiling on costs" } else { "" };
        description = format!("Partly reviewed{stopped}: {files}; {description}");
    }
    DesiredStatus { state: CheckState::Succeeded, description }
}

/// "2 high, 1 medium", most severe first.
fn by_severity(findings: &[Finding]) -> String {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(std::cmp::Reverse(finding.severity)).or_insert(0usize) += 1;
    }
    let words: Vec<String> = counts.into_iter().map(|(severity, count)| format!("{count} {}", severity.0)).collect();
    words.join(", ")
}
