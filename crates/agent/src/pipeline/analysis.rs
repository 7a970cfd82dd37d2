//! Asking and checking (steps 10 to 13): candidates, quotes, clusters, verdicts, the few that are shown.

use std::{collections::BTreeMap, sync::Arc};

use futures::{FutureExt, StreamExt, stream};
use review_core::{
    analyzers::Linted,
    checks::{Answers, CheckReport},
    configuration::Profile,
    consulted::Consulted,
    depth::{LooksMade, Tier},
    diff::PatchError,
    finding::{
        CheckedFile, Cluster, DropReason, Dropped, Finding, SecretFinding, Severity, StandingFinding,
        answer::{FindingsAnswer, Verdict, VerdictAnswer, WalkthroughAnswer},
        came_back, check_quote, cluster, count_votes, dedupe, rank, same_path,
    },
    learning::{History, Learning, Rated, nearest},
    prompt,
    publication::ReopenedFinding,
    pull_request::LineRange,
    redaction::has_placeholder,
    scope::{CostLimitReached, FileSetAside},
    sections::{Asked, Sections},
    usage::Usage,
};
use tokio_util::sync::CancellationToken;

use super::{
    checks::{self, CheckFacts},
    evidence::{Change, Evidence, EvidenceFile, blocking, gather},
    excerpts::excerpts,
    finders::find,
    looks::Lookout,
    warm_up::WarmUp,
};
use crate::{
    git::GitError,
    llm::{Looks, Model, ModelError, Role},
};

/// Clusters that are verified; past it they are counted as over the cap, least telling first.
const MAX_VERIFIED: usize = 20;
/// Findings of low severity that are listed.
const MAX_SMALL_MATTERS: usize = 20;
/// Each waits for nothing but the finders: those of a usual review are all asked at once. How many calls run over all reviews is
/// bounded where they are made (`llm`).
const VERIFIERS_AT_ONCE: usize = 8;
/// Turns in which a finder and a verifier may look further.
const FINDER_TURNS: usize = 8;
const VERIFIER_TURNS: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    #[error(transparent)]
    Git(#[from] GitError),
    #[error("git wrote a patch that cannot be read: {0}")]
    Patch(#[from] PatchError),
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Nothing was read, so nothing can be said about it.
    #[error(
        "none of the {files} files to be reviewed has room in PROMPT_TOKENS; set it higher, as far as the model's context allows"
    )]
    NoRoom { files: usize },
    #[error("{0}")]
    Internal(String),
}

/// What a run found.
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// To be shown, in file order.
    pub findings: Vec<Finding>,
    /// Findings of low severity, in file order, for whoever asked for them (`reviews.profile: assertive`).
    pub small_matters: Vec<Finding>,
    /// Findings that came back after their threads had been resolved by us; those are opened again.
    pub reopened: Vec<ReopenedFinding>,
    pub dropped: Vec<Dropped>,
    /// None when the model could not write it; the findings do not wait for it.
    pub walkthrough: Option<WalkthroughAnswer>,
    /// What the walkthrough says after summary and changes: what was asked for and holds. The assessment of linked work items is
    /// there also when only a check before merging wants it.
    pub sections: Sections,
    pub reviewed_files: Vec<String>,
    pub set_aside: Vec<FileSetAside>,
    /// What ended the run before it had asked everything.
    pub cost_limit: Option<CostLimitReached>,
    /// Nothing was answered before that: only what needs no model is told, and the change counts as not reviewed.
    pub is_unread: bool,
    /// Whether only what came since the last review was looked at. False also when the commits of that review are gone.
    pub is_incremental: bool,
    pub usage: Usage,
    /// None when there was nothing to look at.
    pub looks: Option<LooksMade>,
    /// UTF-16 length of the last line of each finding, in the order of `findings`.
    pub last_line_utf16: Vec<u32>,
    /// Threads about secrets that the change still adds: no model has them resolved.
    pub standing_secrets: Vec<u64>,
    /// What linters and scanners say of it.
    pub linted: Linted,
    /// What people taught and the questions held.
    pub learnings: Vec<Learning>,
    /// What was asked of others than repository and forge.
    pub consulted: Consulted,
    /// What the checks before merging go by.
    pub(crate) checks: CheckFacts,
    /// What came of them, once that is known.
    pub(crate) report: CheckReport,
}

impl Analysis {
    /// Files that should have been reviewed and were not, for their size or for lack of room; or the run was stopped by its
    /// cost.
    pub fn is_partial(&self) -> bool {
        self.cost_limit.is_some() || self.set_aside.iter().any(|file| file.why.is_unread())
    }

    /// Notes that the thread of a finding which came back is to be opened again; nothing when there is none.
    pub(super) fn reopen(&mut self, finding: Finding, standing: &[StandingFinding]) {
        let Some(earlier) = came_back(&finding, standing) else { return };
        let thread = earlier.thread;
        if self.reopened.iter().any(|reopened| reopened.thread == thread) {
            self.dropped.push(Dropped::of(finding, DropReason::Duplicate, format!("thread {thread} is opened again")));
        } else {
            self.reopened.push(ReopenedFinding { thread, finding });
        }
    }

    /// Dropped candidates, counted by reason.
    pub fn dropped_by_reason(&self) -> BTreeMap<DropReason, usize> {
        let mut counts = BTreeMap::new();
        for dropped in &self.dropped {
            *counts.entry(dropped.reason).or_default() += 1;
        }
        counts
    }
}

/// Limits of one run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Tokens of the pack.
    pub(super) prompt_tokens: usize,
    /// Inline comments of a review of the normal tier; twice as many of a full one.
    pub(super) inline: usize,
    /// Looks of finders.
    pub(super) looks: usize,
    /// Whether somebody hears of the checks before merging.
    pub(super) judges_checks: bool,
}

/// Asks the models about a change, see [`super::secrets::analyse`]; what it finds without them is put into `secrets`.
pub(super) async fn examine(
    model: &Model,
    change: Change<'_>,
    standing: &[StandingFinding],
    history: &Arc<History>,
    limits: Limits,
    secrets: &mut Vec<SecretFinding>,
    cancel: &CancellationToken,
) -> Result<Analysis, AnalysisError> {
    let mut evidence = Arc::new(gather(change, model.redactor(), limits.prompt_tokens).await?);
    secrets.clone_from(&evidence.secrets);
    evidence.check_room()?;
    let is_incremental = evidence.is_incremental;
    if evidence.pack.included.is_empty() && evidence.overview.included.is_empty() {
        let checks = checks::facts(&evidence, Answers::default());
        return Ok(Analysis { set_aside: evidence.set_aside.clone(), is_incremental, checks, ..Analysis::default() });
    }
    let questions = if limits.judges_checks { checks::questions(&change) } else { Vec::new() };
    let learned = learned(&evidence, history).await?;
    let finder = prompt::finder(standing) + &prompt::learnings(&learned) + &prompt::finder_manner(change.configuration);
    let asked = Asked::of(&change.material());
    let writer = prompt::walkthrough() + &prompt::sections(&asked) + &prompt::writer_manner(change.configuration);
    let lookout = Lookout::new(&change, model.redactor(), &evidence);
    let run = |tool_use| lookout.run(tool_use);
    let finder_looks = lookout.looks(&run, FINDER_TURNS, limits.prompt_tokens);
    let verifier_looks = lookout.looks(&run, VERIFIER_TURNS, limits.prompt_tokens);
    let (found, walkthrough, judged) = loop {
        let warm_up = WarmUp::over(evidence.pack.tokens);
        let write = async {
            warm_up.wait().await;
            model.ask::<WalkthroughAnswer>(Role::Light, evidence.overview_text(), &writer, cancel).await
        };
        let look = find(model, &evidence, &finder, &finder_looks, limits.looks, &warm_up, cancel);
        let judge = async {
            warm_up.wait().await;
            checks::judge(model, &evidence, &questions, change.configuration, cancel).await
        };
        let (found, walkthrough, judged) = tokio::join!(look, write, judge.boxed());
        // A model with a smaller window than we were told: half the pack, and what falls out is named.
        let room = evidence.pack.tokens / 2;
        match found {
            Err(ModelError::ContextTooLong { model: name, message }) if room > 1_000 => {
                tracing::warn!(model = name, message, room, "the pack is too large for the model; packing again");
                evidence = Arc::new(gather(change, model.redactor(), room).await?);
                if evidence.pack.included.is_empty() {
                    return Err(ModelError::ContextTooLong { model: name, message }.into());
                }
            }
            found => break (found?, walkthrough, judged),
        }
    };
    let mut analysis = Analysis {
        reviewed_files: evidence.pack.included.clone(),
        set_aside: evidence.set_aside.clone(),
        is_incremental,
        linted: evidence.linted.clone(),
        ..Analysis::default()
    };
    match walkthrough {
        Ok(reply) => {
            analysis.usage += reply.usage;
            analysis.walkthrough = Some(reply.answer);
        }
        Err(
            error @ (ModelError::Cancelled
            | ModelError::Unauthorized { .. }
            | ModelError::OAuth2(_)
            | ModelError::Store(_)
            | ModelError::Recording(_)),
        ) => return Err(error.into()),
        Err(ModelError::CostLimit(reached)) => analysis.cost_limit = Some(reached),
        Err(error) => tracing::warn!(%error, "no walkthrough text"),
    }
    let judged = judged?;
    analysis.usage += judged.usage;
    analysis.cost_limit = analysis.cost_limit.or(judged.cost_limit);
    analysis.checks = checks::facts(&evidence, judged.answers);
    let Some(found) = found else { return Ok(analysis) };
    analysis.usage += found.usage;
    analysis.cost_limit = analysis.cost_limit.or(found.cost_limit);
    analysis.looks = Some(LooksMade { tier: found.depth.tier, made: found.answers.len(), not_made: found.not_made });
    let inline = if found.depth.tier == Tier::Full { limits.inline.saturating_mul(2) } else { limits.inline };
    // A hundred candidates against files of a megabyte take seconds: not on a thread that answers webhooks.
    let (shared, known, past) = (Arc::clone(&evidence), standing.to_vec(), Arc::clone(history));
    analysis.learnings.clone_from(&learned);
    let (clusters, dropped) = blocking("checking", move || check(&shared, found.answers, &known, &past, &learned)).await?;
    analysis.dropped = dropped;
    let confirmed = verify(model, &evidence, clusters, &verifier_looks, cancel, &mut analysis).await?;
    // Once more, now that the verifier has set the severities.
    let (confirmed, unwanted) = history.screen(confirmed, Rated::ByVerifier);
    analysis.dropped.extend(unwanted);
    let (small, confirmed): (Vec<_>, Vec<_>) = confirmed.into_iter().partition(|finding| finding.severity == Severity::Low);
    match change.configuration.reviews.profile {
        Profile::Assertive => {
            let (shown, over) = rank(small, MAX_SMALL_MATTERS, history);
            analysis.small_matters = shown;
            analysis.dropped.extend(over);
        }
        Profile::Chill => analysis.dropped.extend(small.into_iter().map(|finding| {
            drop_finding(finding, DropReason::SmallMatter, "of low severity; only the assertive profile shows it")
        })),
    }
    // Each has its place on the pull request, and takes none from what is new.
    let (back, confirmed): (Vec<_>, Vec<_>) = confirmed.into_iter().partition(|finding| came_back(finding, standing).is_some());
    for finding in back {
        analysis.reopen(finding, standing);
    }
    let (shown, over) = rank(confirmed, inline, history);
    analysis.dropped.extend(over);
    analysis.last_line_utf16 = shown.iter().map(|finding| last_line_utf16(&evidence, finding)).collect();
    analysis.findings = shown;
    Ok(analysis)
}

/// What people taught that is near to the change.
async fn learned(evidence: &Arc<Evidence>, history: &Arc<History>) -> Result<Vec<Learning>, AnalysisError> {
    if history.learnings().is_empty() {
        return Ok(Vec::new());
    }
    let (evidence, history) = (Arc::clone(evidence), Arc::clone(history));
    blocking("choosing learnings", move || {
        let paths: Vec<&str> = evidence.files.keys().map(String::as_str).collect();
        nearest(history.learnings(), &paths, &evidence.pack.text, &crate::llm::count_tokens)
    })
    .await
}

/// Quotes, places, what stands already, what is not wanted here, and what says the same: no model is asked.
fn check(
    evidence: &Evidence,
    answers: Vec<FindingsAnswer>,
    standing: &[StandingFinding],
    history: &History,
    learned: &[Learning],
) -> (Vec<Cluster>, Vec<Dropped>) {
    let (mut findings, mut dropped): (Vec<Finding>, Vec<Dropped>) = (Vec::new(), Vec::new());
    for answer in answers {
        for candidate in answer.findings {
            let file = find_file(evidence, &candidate.path).map(EvidenceFile::checked);
            let learnings = named(&candidate.learnings, learned);
            match check_quote(candidate, file) {
                Ok(finding) => findings.push(Finding { learnings, ..finding }.without_broken_suggestion(evidence)),
                // Looks that err alike err once.
                Err(reason) if dropped.contains(&reason) => {}
                Err(reason) => dropped.push(reason),
            }
        }
        for _ in 0..answer.malformed {
            let detail = "not of the schema's shape".to_owned();
            let (claim, path) = (String::new(), String::new());
            dropped.push(Dropped { finding: None, claim, path, lines: None, reason: DropReason::Malformed, detail });
        }
    }
    let (fresh, raised) = dedupe(count_votes(findings), standing);
    dropped.extend(raised);
    let (fresh, unwanted) = history.screen(fresh, Rated::ByFinder);
    dropped.extend(unwanted);
    let (mut clusters, duplicates) = cluster(fresh);
    dropped.extend(duplicates);
    clusters.sort_by_key(|cluster| std::cmp::Reverse((cluster.lead.severity, cluster.lead.votes)));
    for cluster in clusters.split_off(clusters.len().min(MAX_VERIFIED)) {
        dropped.push(drop_finding(cluster.lead, DropReason::OverCap, "more candidates than are verified in one run"));
    }
    (clusters, dropped)
}

/// Id and text of the learnings that a model names by their numbers, each once.
pub(super) fn named(numbers: &[u32], learned: &[Learning]) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> = Vec::new();
    for learning in numbers.iter().filter_map(|number| learned.get(usize::try_from(number.checked_sub(1)?).ok()?)) {
        let one = (learning.id.clone(), learning.text.clone());
        if !named.contains(&one) {
            named.push(one);
        }
    }
    named
}

/// Models write paths as the pack prints them, or nearly so.
pub(super) fn find_file<'a>(evidence: &'a Evidence, path: &str) -> Option<&'a EvidenceFile> {
    let exact = evidence.files.get(path);
    exact.or_else(|| evidence.files.iter().find(|(known, _)| same_path(path, known)).map(|(_, file)| file))
}

impl EvidenceFile {
    fn checked(&self) -> CheckedFile<'_> {
        CheckedFile {
            diff: &self.diff,
            fresh: self.fresh.as_ref(),
            head_text: &self.head_text,
            base_text: self.base_text.as_deref(),
        }
    }
}

/// A suggestion after which the file has more syntax errors than before would break the build.
trait WithoutBrokenSuggestion {
    fn without_broken_suggestion(self, evidence: &Evidence) -> Self;
}

impl WithoutBrokenSuggestion for Finding {
    fn without_broken_suggestion(mut self, evidence: &Evidence) -> Self {
        let broken = || {
            let file = evidence.files.get(&self.path)?;
            let before = file.head_index.as_ref()?.syntax_errors();
            let after = replace_lines(&file.head_text, self.lines, &self.suggestion.as_ref()?.replacement);
            Some(code_index::index(&self.path, &after)?.syntax_errors() > before)
        };
        // One that holds a placeholder would be committed in the place of the secret.
        let holds_placeholder = self.suggestion.as_ref().is_some_and(|suggestion| has_placeholder(&suggestion.replacement));
        if holds_placeholder || broken() == Some(true) {
            self.suggestion = None;
        }
        self
    }
}

/// `text` with `lines` replaced by whole lines, which end as those that they replace.
fn replace_lines(text: &str, lines: LineRange, replacement: &str) -> String {
    let (first, last) = (lines.first as usize, lines.last as usize);
    let mut replaced = String::with_capacity(text.len() + replacement.len());
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if !(first..=last).contains(&number) {
            replaced.push_str(line);
            continue;
        }
        if number == first {
            let ending = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
            replaced.push_str(&replacement.replace('\n', ending));
            if line.ends_with('\n') {
                replaced.push_str(ending);
            }
        }
    }
    replaced
}

async fn verify(
    model: &Model,
    evidence: &Evidence,
    clusters: Vec<Cluster>,
    looks: &Looks<'_>,
    cancel: &CancellationToken,
    analysis: &mut Analysis,
) -> Result<Vec<Finding>, AnalysisError> {
    // Another role, another model, another cache than the finders': here, too, the first goes ahead.
    let warm_up = &WarmUp::over(evidence.pack.tokens);
    let learned = &prompt::learnings(&analysis.learnings);
    let questions = clusters.into_iter().enumerate().map(|(index, cluster)| {
        async move {
            let begun = (index == 0).then(|| warm_up.begun());
            if begun.is_none() {
                warm_up.wait().await;
            }
            let pack = &evidence.pack.text;
            let instruction = prompt::verifier(&cluster, &excerpts(evidence, &cluster)) + learned;
            let reply = model.investigate::<VerdictAnswer>(Role::Heavy, pack, &instruction, Some(looks), begun, cancel).await;
            (cluster, reply)
        }
        .boxed()
    });
    // Boxed and collected, so that the compiler sees that the whole may move between threads.
    let questions: Vec<_> = questions.collect();
    // In the order of the clusters, so that the same answers give the same review.
    let verdicts: Vec<_> = stream::iter(questions).buffered(VERIFIERS_AT_ONCE).collect().await;
    let (mut confirmed, mut judged, mut refusal) = (Vec::new(), 0_usize, None);
    for (cluster, reply) in verdicts {
        let reply = match reply {
            Ok(reply) => reply,
            // One verdict that cannot be had costs one finding, not the review.
            Err(error @ ModelError::CostLimit(reached)) => {
                analysis.dropped.push(drop_finding(cluster.lead, DropReason::CostLimit, &error.to_string()));
                analysis.cost_limit = Some(reached);
                refusal = Some(error);
                continue;
            }
            Err(error) if error.is_about_this_question() => {
                analysis.dropped.push(drop_finding(cluster.lead, DropReason::Unproven, &error.to_string()));
                refusal = Some(error);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        judged += 1;
        analysis.usage += reply.usage;
        let verdict = reply.answer;
        let reason = match verdict.verdict {
            Verdict::Refuted => Some(DropReason::Refuted),
            Verdict::CannotTell => Some(DropReason::Unproven),
            Verdict::Confirmed if verdict.existed_before => Some(DropReason::PreExisting),
            Verdict::Confirmed if !verdict.worth_changing => Some(DropReason::NotActionable),
            Verdict::Confirmed => None,
        };
        if let Some(reason) = reason {
            analysis.dropped.push(drop_finding(cluster.lead, reason, &verdict.reasoning));
            continue;
        }
        // One that leaves half of the matter must not be committed as if it were all.
        let suggestion = cluster.lead.suggestion.filter(|_| verdict.suggestion_settles);
        confirmed.push(Finding { severity: verdict.severity, suggestion, ..cluster.lead });
    }
    // When no verdict at all could be had (no such model, a smaller window, prose, the cost), nothing was checked: a review without
    // findings would be a false all-clear.
    match refusal {
        Some(error) if judged == 0 => Err(error.into()),
        _ => Ok(confirmed),
    }
}

fn drop_finding(finding: Finding, reason: DropReason, detail: &str) -> Dropped {
    Dropped {
        claim: finding.claim.clone(),
        path: finding.path.clone(),
        finding: Some(finding),
        lines: None,
        reason,
        detail: detail.chars().take(1_000).collect(),
    }
}

fn last_line_utf16(evidence: &Evidence, finding: &Finding) -> u32 {
    evidence.files.get(&finding.path).map_or(0, |file| file.width(finding.side, finding.lines.last))
}

#[cfg(test)]
mod tests;
