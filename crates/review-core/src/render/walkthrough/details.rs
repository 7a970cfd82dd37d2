//! How the review was made, folded.

use std::collections::BTreeMap;

use super::layout::{MAX_PATH_CHARS, commits, counted, counted_u64, fitting, folded, listed};
use super::tools;
use crate::{
    analyzers::Linted,
    configuration::Effective,
    consulted::Consulted,
    depth::LooksMade,
    finding::{DropReason, Dropped},
    learning::{Learning, SILENT_BELOW_PERCENT, SILENT_FROM, SilentCategory},
    mermaid::MermaidError,
    pull_request::CommitId,
    render::{
        model_text::{code_span, neutralise_line},
        remarks,
    },
    scope::{FileSetAside, SetAside},
    usage::Usage,
};

const MAX_COMMAND_CHARS: usize = 500;
const MAX_CLAIM_CHARS: usize = 300;
/// Paths in the short form.
const MAX_LISTED_FILES: usize = 60;
pub(super) const MAX_LISTED_PER_REASON: usize = 10;
/// The same for who wants all details.
const MAX_DETAILED_FILES: usize = 300;
const MAX_DETAILED_PER_REASON: usize = 100;
const MAX_CANDIDATES: usize = 40;
const MAX_LEARNINGS: usize = 20;
/// Sentences about what did not answer.
const MAX_PROBLEMS: usize = 10;
const MAX_PROBLEM_CHARS: usize = 400;
/// What the details take of a comment.
pub(super) const MAX_DETAILS_CHARS: usize = 40_000;

/// What the details tell.
pub(super) struct Details<'a> {
    pub(super) range: (&'a CommitId, &'a CommitId, bool),
    pub(super) reviewed_files: &'a [String],
    pub(super) set_aside: &'a [FileSetAside],
    pub(super) dropped: &'a BTreeMap<DropReason, usize>,
    /// Shown one by one only to who wants all details.
    pub(super) candidates: &'a [Dropped],
    pub(super) refused_diagrams: &'a [MermaidError],
    pub(super) silent: &'a [SilentCategory],
    /// What people taught and the questions held.
    pub(super) learnings: &'a [Learning],
    pub(super) repository_url: &'a str,
    pub(super) looks: Option<&'a LooksMade>,
    pub(super) linted: &'a Linted,
    pub(super) usage: &'a Usage,
    pub(super) consulted: &'a Consulted,
    pub(super) configuration: Option<&'a Effective>,
    /// `reviews.review_details`.
    pub(super) is_detailed: bool,
}

impl Details<'_> {
    pub(super) fn rendered(&self) -> String {
        let Self { reviewed_files, set_aside, dropped, refused_diagrams, usage, is_detailed, .. } = self;
        let (base, head, incremental) = self.range;
        let (most_files, most_per_reason) =
            if *is_detailed { (MAX_DETAILED_FILES, MAX_DETAILED_PER_REASON) } else { (MAX_LISTED_FILES, MAX_LISTED_PER_REASON) };
        let mut lines: Vec<String> = self.configuration.map(remarks::sources).into_iter().collect();
        lines.push(format!("- Commits: {}", commits(base, head, incremental)));
        lines.push(format!("- Files reviewed ({}){}", reviewed_files.len(), listed(reviewed_files, most_files)));
        lines.extend(self.looks.map(depth));
        lines.extend(tools::runs(self.linted));
        if !set_aside.is_empty() {
            lines.push(format!("- Files set aside ({})", set_aside.len()));
            lines.extend(set_aside_list(set_aside, most_per_reason).iter().map(|line| format!("  {line}")));
        }
        let not_posted: usize = dropped.values().fold(0, |sum, count| sum.saturating_add(*count));
        if not_posted > 0 {
            let reasons = dropped.iter().filter(|(_, count)| **count > 0);
            let reasons: Vec<String> = reasons.map(|(reason, count)| format!("{count} {}", reason.words())).collect();
            lines.push(format!("- Candidates not posted ({not_posted}): {}", reasons.join(", ")));
            lines.extend(self.candidates.iter().filter(|_| *is_detailed).take(MAX_CANDIDATES).filter_map(candidate));
        }
        if let Some(first) = refused_diagrams.first() {
            let count = counted(refused_diagrams.len(), "diagram is", "diagrams are");
            lines.push(format!("- {count} not shown, because the model wrote what cannot be drawn: {first}"));
        }
        lines.extend(silence(self.silent, self.repository_url));
        lines.extend(learnings(self.learnings));
        lines.extend(consulted(self.consulted));
        lines.push(format!(
            "- Model: {}, {} tokens in ({} from the cache), {} out{}",
            counted_u64(usage.calls, "call", "calls"),
            usage.input_tokens,
            usage.cached_tokens,
            usage.output_tokens,
            usage.cost_words().map(|words| format!("; {words}")).unwrap_or_default()
        ));
        lines.push(on_request(self.configuration));
        folded("Review details", &fitting(lines, MAX_DETAILS_CHARS).join("\n"))
    }
}

/// What people can ask for beside the review.
fn on_request(configuration: Option<&Effective>) -> String {
    let touches = configuration.map(|effective| &effective.configuration.reviews.finishing_touches);
    let is_on = |is_on: Option<bool>| is_on.unwrap_or(true);
    let wanted = [
        ("generate docstrings", is_on(touches.map(|touches| touches.docstrings.enabled))),
        ("generate unit tests", is_on(touches.map(|touches| touches.unit_tests.enabled))),
        ("autofix", true),
        ("plan", true),
    ];
    let wanted = wanted.iter().filter(|(_, is_on)| *is_on).map(|(words, _)| format!("`{words}`")).collect::<Vec<_>>().join(", ");
    format!("- On request, by a command in a comment: {wanted}; `help` lists all")
}

/// None for one that has no words.
fn candidate(dropped: &Dropped) -> Option<String> {
    let claim = neutralise_line(&dropped.claim, MAX_CLAIM_CHARS);
    let place = code_span(&dropped.path, MAX_PATH_CHARS);
    let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
    (!claim.is_empty()).then(|| format!("  - {place}{claim} ({})", dropped.reason.words()))
}

fn depth(looks: &LooksMade) -> String {
    let not_made = if looks.not_made.is_empty() { String::new() } else { format!("; not made: {}", looks.not_made.join(", ")) };
    format!("- Depth: {}, {}{not_made}", looks.tier.word(), counted(looks.made, "look", "looks"))
}

/// What was asked of others, and what did not answer.
fn consulted(consulted: &Consulted) -> Vec<String> {
    let Consulted { issues, problems, searches, repositories } = consulted;
    let mut lines = Vec::new();
    let named: Vec<String> = issues.iter().map(|issue| format!("{} ({})", issue.key, issue.tracker)).collect();
    if !named.is_empty() {
        lines.push(format!("- Issues: {}", named.join(", ")));
    }
    let read =
        repositories.iter().map(|(name, commit)| format!("{} at {}", code_span(name, MAX_PATH_CHARS), code_span(commit, 12)));
    let read: Vec<String> = read.collect();
    if !read.is_empty() {
        lines.push(format!("- Linked repositories: {}", read.join(", ")));
    }
    if let Some(searches) = searches.filter(|searches| searches.total() > 0) {
        let mut line = format!("- Web: {}", counted(searches.answered, "search", "searches"));
        for (count, what) in [(searches.refused, "not sent"), (searches.failed, "without an answer")] {
            if count > 0 {
                line.push_str(&format!(", {count} {what}"));
            }
        }
        lines.push(line);
    }
    lines.extend(problems.iter().take(MAX_PROBLEMS).map(|problem| format!("- {}", neutralise_line(problem, MAX_PROBLEM_CHARS))));
    lines
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

/// What people taught, which the reviewer was told.
fn learnings(used: &[Learning]) -> Option<String> {
    let line = |learning: &Learning| {
        let text = neutralise_line(&learning.text, MAX_CLAIM_CHARS);
        format!("  - {}: {text}", code_span(&learning.id, MAX_PATH_CHARS))
    };
    let mut lines: Vec<String> = used.iter().take(MAX_LEARNINGS).map(line).collect();
    if let Some(more) = used.len().checked_sub(MAX_LEARNINGS).filter(|more| *more > 0) {
        lines.push(format!("  - and {more} more"));
    }
    (!used.is_empty()).then(|| format!("- Learnings used ({}):\n{}", used.len(), lines.join("\n")))
}

/// One line for each reason, in the order of the reasons.
pub(super) fn set_aside_list(set_aside: &[FileSetAside], most: usize) -> Vec<String> {
    let mut by_reason: BTreeMap<SetAside, Vec<String>> = BTreeMap::new();
    for file in set_aside {
        by_reason.entry(file.why).or_default().push(file.path.clone());
    }
    let line = |(why, paths): (SetAside, Vec<String>)| format!("- {} ({}){}", why.words(), paths.len(), listed(&paths, most));
    by_reason.into_iter().map(line).collect()
}
