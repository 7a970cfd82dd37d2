//! Checks before merging: what models say of them, what the code index counts, and later looks at what changes without a push.

use std::collections::{BTreeMap, BTreeSet};

use code_index::{FileIndex, Language, Symbol, SymbolKind};
use futures::{FutureExt as _, StreamExt as _, stream};
use review_core::{
    checks::{
        Answers, CheckReport, CheckResult, ChecksAnswer, DocstringCoverage, Facts, LINKED_ITEMS, Linked, NamedIssues, Question,
        Ruling, TEMPLATES, Undocumented, batches, custom_questions, description_ruling, objectives, refreshed,
        requirements_question, results, statuses,
    },
    configuration::{Configuration, Mode, Reviews},
    diff::LineKind,
    finding::DropReason,
    prompt,
    publication::plan_checks,
    pull_request::{Iteration, PullRequest, PullRequestState},
    scope::{CostLimitReached, FileSetAside, is_test},
    usage::Usage,
};
use tokio_util::sync::CancellationToken;

use super::{
    analysis::{Analysis, AnalysisError},
    evidence::{Change, Evidence, EvidenceFile},
    review::{End, MAX_ATTEMPTS, Run},
    secrets::clean_judgements,
    trouble::Trouble,
};
use crate::{
    azure_devops::{AzureDevOpsError, Revision},
    llm::{Model, ModelError, Role},
};

/// Questions about checks that are under way at once.
const QUESTIONS_AT_ONCE: usize = 4;
/// Characters of the summary that are kept for later looks.
const MAX_SUMMARY_CHARS: usize = 2_000;

/// What checks go by that only the code can tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct CheckFacts {
    pub(super) coverage: DocstringCoverage,
    pub(super) answers: Answers,
    /// Issues of trackers that are named.
    pub(super) issues: NamedIssues,
    /// Files of the whole change that should have been read and were not.
    pub(super) unread: usize,
    /// Whether any file of the change was read.
    pub(super) is_read: bool,
}

/// What models said, and what that cost.
#[derive(Debug, Default)]
pub(super) struct Judged {
    pub(super) answers: Answers,
    pub(super) usage: Usage,
    pub(super) cost_limit: Option<CostLimitReached>,
}

/// The questions that are put behind the pack of the whole change; none where only rules judge.
pub(super) fn questions(change: &Change<'_>) -> Vec<Vec<Question>> {
    batches(custom_questions(&change.configuration.reviews.pre_merge_checks))
}

/// Asks about the checks that a model judges. One question that cannot be answered leaves its checks inconclusive.
pub(super) async fn judge(
    model: &Model,
    evidence: &Evidence,
    questions: &[Vec<Question>],
    configuration: &Configuration,
    cancel: &CancellationToken,
) -> Result<Judged, ModelError> {
    let manner = prompt::writer_manner(configuration);
    let asked = questions.iter().map(|batch| {
        let instruction = prompt::checks(batch) + &manner;
        async move {
            let reply = model.ask::<ChecksAnswer>(Role::Medium, evidence.overview_text(), &instruction, cancel).await;
            (batch, reply)
        }
        .boxed()
    });
    let asked: Vec<_> = asked.collect();
    let mut judged = Judged::default();
    let mut replies = stream::iter(asked).buffered(QUESTIONS_AT_ONCE);
    while let Some((batch, reply)) = replies.next().await {
        match reply {
            Ok(reply) => {
                judged.usage += reply.usage;
                judged.answers.take_up(batch, &reply.answer);
            }
            Err(ModelError::CostLimit(reached)) => judged.cost_limit = Some(reached),
            Err(error) => without_answer(error)?,
        }
    }
    Ok(judged)
}

/// What ends the run ends it here as well; anything else leaves a check without an answer.
fn without_answer(error: ModelError) -> Result<(), ModelError> {
    match error {
        ModelError::Cancelled
        | ModelError::Unauthorized { .. }
        | ModelError::OAuth2(_)
        | ModelError::Store(_)
        | ModelError::Recording(_) => Err(error),
        error => {
            tracing::warn!(%error, "checks were not answered; they are inconclusive");
            Ok(())
        }
    }
}

/// What the evidence tells of the checks.
pub(super) fn facts(evidence: &Evidence, answers: Answers) -> CheckFacts {
    let left_out = evidence.overview.left_out.iter().chain(&evidence.set_aside).filter(|file| file.why.is_unread());
    let unread: BTreeSet<&str> = left_out.map(|file| file.path.as_str()).collect();
    CheckFacts {
        coverage: coverage(&evidence.files, &evidence.set_aside),
        answers,
        issues: NamedIssues::default(),
        unread: unread.len(),
        is_read: !evidence.overview.included.is_empty(),
    }
}

/// Tests are no part of it: nobody documents them one by one.
fn coverage(files: &BTreeMap<String, EvidenceFile>, set_aside: &[FileSetAside]) -> DocstringCoverage {
    let is_counted = |path: &str| Language::of_path(path).is_some_and(Language::has_doc_comments) && !is_test(path);
    let mut coverage = DocstringCoverage::default();
    for (path, file) in files.iter().filter(|(path, _)| is_counted(path)) {
        let Some(index) = &file.head_index else { continue };
        let added = file.diff.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == LineKind::Added);
        let added: BTreeSet<u32> = added.filter_map(|line| line.new_line).collect();
        for symbol in touched(index, &added) {
            if symbol.is_documented {
                coverage.documented += 1;
            } else {
                let name = symbol.name.clone();
                coverage.undocumented.push(Undocumented { path: path.clone(), line: symbol.lines.first, name });
            }
        }
    }
    let unread = set_aside.iter().filter(|file| file.why.is_unread() && is_counted(&file.path));
    coverage.unread = unread.filter(|file| !files.contains_key(&file.path)).count();
    coverage
}

/// Functions and types with one of these lines for their own: the innermost one that holds it. Functions inside of functions
/// count for those that hold them.
pub(super) fn touched<'a>(index: &'a FileIndex, lines: &BTreeSet<u32>) -> Vec<&'a Symbol> {
    let is_of_a_test = |symbol: &Symbol| symbol.container.split('.').any(|part| matches!(part, "test" | "tests"));
    let is_candidate = |symbol: &&Symbol| {
        let kind = matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method | SymbolKind::Type);
        kind && !symbol.is_nested && !is_of_a_test(symbol)
    };
    let mut candidates: Vec<&Symbol> = index.symbols().iter().filter(is_candidate).collect();
    candidates.sort_by_key(|symbol| (symbol.lines.first, std::cmp::Reverse(symbol.lines.last)));
    let mut candidates = candidates.into_iter().peekable();
    let mut open: Vec<(&Symbol, bool)> = Vec::new();
    let mut found = Vec::new();
    for line in lines {
        while let Some(next) = candidates.next_if(|symbol| symbol.lines.first <= *line) {
            open.retain(|(symbol, _)| symbol.lines.last >= next.lines.first);
            open.push((next, false));
        }
        open.retain(|(symbol, _)| symbol.lines.last >= *line);
        if let Some((symbol, is_found)) = open.last_mut().filter(|(_, is_found)| !is_found) {
            *is_found = true;
            found.push(*symbol);
        }
    }
    found.sort_by_key(|symbol| symbol.lines.first);
    found
}

impl Run<'_> {
    /// Puts what comes of all checks of a reviewed iteration into the analysis.
    pub(super) async fn check(
        &self,
        model: &Model,
        state: &PullRequestState,
        reviews: &Reviews,
        analysis: &mut Analysis,
        unproven: Vec<u64>,
    ) -> Result<(), Trouble> {
        let summary = analysis.walkthrough.as_ref().map(|answer| answer.summary.as_str()).unwrap_or_default();
        let summary: String = summary.chars().take(MAX_SUMMARY_CHARS).collect();
        let is_over_cap = analysis.dropped.iter().any(|dropped| dropped.reason == DropReason::OverCap);
        let mut facts = std::mem::take(&mut analysis.checks);
        let linked = self.linked(state, reviews).await?;
        let template = self.template(state, reviews).await?;
        let Judged { answers, usage, cost_limit } =
            self.reading(title_answers(model, state, reviews, &summary, facts.answers, self.cancel)).await?;
        facts.answers = answers;
        if let Some(judgement) = analysis.sections.assessment.as_ref().and_then(objectives) {
            facts.answers.know(LINKED_ITEMS, judgement);
        }
        analysis.usage += usage;
        analysis.cost_limit = analysis.cost_limit.or(cost_limit);
        let results = results(reviews, &facts_of(&facts, state, template.as_deref(), &linked, false));
        analysis.report = CheckReport {
            results,
            is_complete: !analysis.is_partial() && !is_over_cap,
            unproven,
            summary,
            title: state.pull_request.title.clone(),
            description: state.pull_request.description.clone(),
            linked: items(linked),
            issues: keys(&facts.issues),
        };
        Ok(())
    }

    /// A pull request whose newest iteration was reviewed: titles, descriptions, links and threads change without a push, and
    /// what depends on them follows. A failure costs the review nothing.
    pub(super) async fn look_again(&self, state: &PullRequestState, wanted: &Configuration) -> Result<End, Trouble> {
        let done = End::Quiet("already_reviewed");
        let Some(iteration) = state.newest_iteration() else { return Ok(done) };
        match self.renew(state, iteration, wanted).await {
            Ok(()) => Ok(done),
            Err(trouble) if trouble.is_lost_lease() || matches!(trouble, Trouble::Cancelled | Trouble::MovedOn) => Err(trouble),
            Err(trouble @ Trouble::AzureDevOps(AzureDevOpsError::Unavailable { .. }))
                if self.job.attempt < MAX_ATTEMPTS && trouble.wait(self.now().saturating_sub(self.job.created_at)).is_some() =>
            {
                Err(trouble)
            }
            Err(trouble) => {
                tracing::warn!(pull_request = %self.key, problem = %trouble, "checks and vote stay as they were");
                Ok(done)
            }
        }
    }

    async fn renew(&self, state: &PullRequestState, iteration: &Iteration, wanted: &Configuration) -> Result<(), Trouble> {
        let reviews = &wanted.reviews;
        let Some(report) = self.reviewer.store.check_report(self.key, iteration).await? else { return Ok(()) };
        if report.results.is_empty() && !reviews.request_changes_workflow {
            return Ok(());
        }
        self.reviewer.store.set_head(&self.job.lease, &iteration.head).await?;
        let linked = match (&report.linked, state.work_items.is_empty()) {
            (Some(before), true) if before.is_empty() => Linked::Items(Vec::new()),
            (None, true) => Linked::Unknown,
            _ => self.linked(state, reviews).await?,
        };
        let is_edited = state.pull_request.description != report.description;
        let template = if is_edited { self.template(state, reviews).await? } else { None };
        let issues = self.issues_again(state, &report, wanted).await;
        let mut facts = CheckFacts { is_read: true, issues, ..CheckFacts::default() };
        if state.pull_request.title != report.title && requirements_question(&reviews.pre_merge_checks).is_some() {
            let model = self.reviewer.model.on(self.account(&state.pull_request).await?);
            let asked = title_answers(&model, state, reviews, &report.summary, Answers::default(), self.cancel);
            facts.answers = self.reading(asked).await?.answers;
        }
        let renewed = CheckReport {
            results: refreshed(reviews, &report, &facts_of(&facts, state, template.as_deref(), &linked, true)),
            title: state.pull_request.title.clone(),
            description: state.pull_request.description.clone(),
            linked: items(linked),
            issues: keys(&facts.issues),
            ..report.clone()
        };
        if renewed.results != report.results {
            self.publisher().set_checks(iteration, statuses(&renewed.results)).await?;
        }
        let refused = self.vote(iteration, &renewed, reviews).await?;
        self.tell_of_checks(state, &renewed.results, refused.as_deref()).await?;
        if renewed != report {
            self.reviewer.store.record_checks(&self.job.lease, self.key, iteration, &renewed, self.now()).await?;
        }
        Ok(())
    }

    /// The issues that are named now; looked up again where title or description changed since, or a tracker did not answer.
    async fn issues_again(&self, state: &PullRequestState, report: &CheckReport, wanted: &Configuration) -> NamedIssues {
        let PullRequest { title, description, .. } = &state.pull_request;
        let (trackers, knowledge) = (&self.reviewer.trackers, &wanted.knowledge_base);
        if !trackers.are_used(knowledge) || wanted.reviews.pre_merge_checks.issue_assessment.mode == Mode::Off {
            NamedIssues::NoTracker
        } else {
            let is_as_it_was = (title, description) == (&report.title, &report.description);
            match report.issues.as_ref().filter(|_| is_as_it_was) {
                Some(issues) => NamedIssues::Known(issues.clone()),
                None => trackers.named(&state.pull_request, knowledge).await.links,
            }
        }
    }

    /// Brings the section of the walkthrough that stands in `state` up to date.
    pub(super) async fn tell_of_checks(
        &self,
        state: &PullRequestState,
        results: &[CheckResult],
        vote_refused: Option<&str>,
    ) -> Result<(), Trouble> {
        if let Some(step) = plan_checks(state, results, vote_refused) {
            self.publisher().write(&[step]).await?;
        }
        Ok(())
    }

    /// Which work items are linked; asked once more where none could be read, since those may be hidden from the token.
    async fn linked(&self, state: &PullRequestState, reviews: &Reviews) -> Result<Linked, Trouble> {
        if reviews.pre_merge_checks.issue_assessment.mode == Mode::Off || !state.work_items.is_empty() {
            return Ok(Linked::Items(state.work_items.iter().map(|item| item.id).collect()));
        }
        match self.reviewer.azure.linked_work_items(self.key).await {
            Ok(items) => Ok(Linked::Items(items)),
            Err(error @ AzureDevOpsError::Unavailable { .. }) => Err(error.into()),
            Err(error) => {
                tracing::info!(pull_request = %self.key, %error, "whether work items are linked is not known");
                Ok(Linked::Unknown)
            }
        }
    }

    /// What descriptions begin with in this repository: the template of the target branch, where the description is judged.
    async fn template(&self, state: &PullRequestState, reviews: &Reviews) -> Result<Option<String>, Trouble> {
        let PullRequest { title, description, .. } = &state.pull_request;
        // Only a description that says something may be nothing but the template.
        let says_something = matches!(description_ruling(description, title, None, reviews), Ruling::Passed { .. });
        if reviews.pre_merge_checks.description.mode == Mode::Off || !says_something {
            return Ok(None);
        }
        let target = &state.pull_request.target_ref;
        let branch = target.strip_prefix("refs/heads/").unwrap_or(target);
        let of_branch = format!(".azuredevops/pull_request_template/branches/{branch}.md");
        let repository = &self.key.repository;
        let paths = std::iter::once(of_branch.as_str()).chain(TEMPLATES);
        let read = |path| self.reviewer.azure.file(repository, Revision::Branch(branch), path);
        let found = futures::future::join_all(paths.map(read));
        let found = self.reading(async { Ok::<_, Trouble>(found.await) }).await?;
        for template in found {
            match template {
                Ok(Some(template)) => return Ok(Some(template)),
                Ok(None) => {}
                Err(error @ AzureDevOpsError::Unavailable { .. }) => return Err(error.into()),
                Err(error) => tracing::info!(pull_request = %self.key, %error, "a template of descriptions cannot be read"),
            }
        }
        Ok(None)
    }
}

fn facts_of<'a>(
    facts: &'a CheckFacts,
    state: &'a PullRequestState,
    template: Option<&'a str>,
    linked: &'a Linked,
    is_later: bool,
) -> Facts<'a> {
    let CheckFacts { coverage, answers, issues, unread, is_read } = facts;
    Facts {
        pull_request: &state.pull_request,
        template,
        linked,
        issues,
        coverage,
        unread: *unread,
        is_read: *is_read,
        answers,
        is_later,
    }
}

fn items(linked: Linked) -> Option<Vec<u64>> {
    match linked {
        Linked::Items(items) => Some(items),
        Linked::Unknown => None,
    }
}

/// None: not known.
fn keys(issues: &NamedIssues) -> Option<Vec<String>> {
    match issues {
        NamedIssues::Known(keys) => Some(keys.clone()),
        NamedIssues::NoTracker => Some(Vec::new()),
        NamedIssues::Unknown => None,
    }
}

/// Adds what a model says of the requirements of the title, where there are any.
async fn title_answers(
    model: &Model,
    state: &PullRequestState,
    reviews: &Reviews,
    summary: &str,
    answers: Answers,
    cancel: &CancellationToken,
) -> Result<Judged, AnalysisError> {
    let mut judged = Judged { answers, ..Judged::default() };
    let Some(question) = requirements_question(&reviews.pre_merge_checks) else { return Ok(judged) };
    let description = review_core::description::without_summary(&state.pull_request.description);
    let instruction = prompt::title_check(&question, &state.pull_request.title, &description, summary);
    match model.ask::<ChecksAnswer>(Role::Light, "", &instruction, cancel).await {
        Ok(reply) => {
            judged.usage += reply.usage;
            judged.answers.take_up(&[question], &reply.answer);
            clean_judgements(&mut judged.answers, model.redactor());
        }
        Err(ModelError::CostLimit(reached)) => judged.cost_limit = Some(reached),
        Err(error) => without_answer(error)?,
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_counts_for_the_innermost_function_or_type_around_it() {
        let text = "class Cart:\n    size = 1\n\n    def total(self):\n        def inner():\n            return 1\n        return inner()\n\n\ndef other():\n    return 2\n";
        let index = code_index::index("a.py", text).unwrap();
        let names = |lines: &[u32]| {
            let lines: BTreeSet<u32> = lines.iter().copied().collect();
            touched(&index, &lines).into_iter().map(|symbol| symbol.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&[2]), ["Cart"]);
        assert_eq!(names(&[6]), ["total"], "functions inside of functions count for those that hold them");
        assert_eq!(names(&[1, 4, 5, 11]), ["Cart", "total", "other"]);
        assert_eq!(names(&[3, 8]), ["Cart"]);
        assert_eq!(names(&[]), [""; 0]);
        assert_eq!(names(&[9, 99]), [""; 0]);
    }
}
