//! Reviews of cases: each by the same pipeline as every other review, and its scores.

use std::time::Instant;

use futures::{StreamExt as _, stream};
use review_core::{
    eval::{
        Candidate, CaseReport, CaseRun, DoneRun, Pair, Scores, candidates, judge_instruction, judge_pack, pairs_to_judge,
        real_instruction, real_pack, score_by_meaning, score_by_place, unlabelled,
    },
    finding::answer::{JudgementAnswer, RealityAnswer},
    usage::Usage,
};
use tokio_util::sync::CancellationToken;

use super::{super::progress, cases::Case};
use crate::{
    analyzers::Analyzers,
    llm::{Model, ModelError, Role},
    pipeline::{AnalysisError, LocalReview, review_range},
};

/// Questions to the judge at the same time, of one review.
const JUDGEMENTS_AT_ONCE: usize = 4;
/// A text above this size is not shown to the judge.
const MAX_TEXT_BYTES: u64 = 1_000_000;

/// How cases are reviewed.
pub(super) struct Runs<'a> {
    pub(super) model: &'a Model,
    pub(super) prompt_tokens: usize,
    pub(super) max_findings: usize,
    /// Looks of finders at one case.
    pub(super) max_looks: usize,
    pub(super) judges: bool,
    /// How often each case is reviewed.
    pub(super) times: u32,
    pub(super) parallel: usize,
}

/// Somebody pressed Ctrl-C.
#[derive(Debug)]
pub(super) struct Stopped;

impl Runs<'_> {
    /// Reviews every case as often as is wanted. A review that fails is a part of the report, and ends no other.
    pub(super) async fn over(&self, cases: &[Case], cancel: &CancellationToken) -> Result<Vec<CaseReport>, Stopped> {
        let total = cases.len().saturating_mul(self.times as usize);
        // All cases once, then all cases again: what a provider has cached of one does not make the next run of it cheaper.
        let reviews = (0..self.times).flat_map(|_| cases).enumerate();
        let reviews = stream::iter(reviews.map(|(number, case)| async move {
            if cancel.is_cancelled() {
                return Err(Stopped);
            }
            let run = self.review(case, cancel).await?;
            progress(&super::plain(&format!("[{}/{total}] {}: {}", number + 1, case.name, told(&run))));
            Ok(run)
        }));
        let mut done = reviews.buffered(self.parallel);
        let mut reports: Vec<CaseReport> = cases.iter().map(Case::report).collect();
        let mut next = 0_usize;
        while let Some(run) = done.next().await {
            let run = run?;
            if let Some(report) = next.checked_rem(cases.len()).and_then(|index| reports.get_mut(index)) {
                report.runs.push(run);
            }
            next = next.saturating_add(1);
        }
        Ok(reports)
    }

    async fn review(&self, case: &Case, cancel: &CancellationToken) -> Result<CaseRun, Stopped> {
        let range = LocalReview {
            base: case.base.clone(),
            head: case.head.clone(),
            message: format!("{}\n\n{}", case.file.title.replace('\n', " "), case.file.description),
            prompt_tokens: self.prompt_tokens,
            max_findings: self.max_findings,
            max_looks: self.max_looks,
            configuration: case.configuration.clone(),
            // Scores shall not hang on what is installed.
            analyzers: Analyzers::none(),
        };
        let begun = Instant::now();
        let analysis = match review_range(self.model, &case.repository, &range, cancel).await {
            Ok(analysis) => analysis,
            Err(AnalysisError::Model(ModelError::Cancelled)) => return Err(Stopped),
            Err(error) => return Ok(CaseRun::Failed(error.to_string())),
        };
        let millis = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let found = candidates(&analysis.findings, &analysis.dropped, &case.diffs);
        let by_place = score_by_place(&case.file.expected, &found);
        let mut judge_usage = Usage::default();
        let (by_meaning, judged_real) = if self.judges {
            match self.judge(case, &found, cancel, &mut judge_usage).await {
                Ok((scores, real)) => (Some(scores), Some(real)),
                Err(ModelError::Cancelled) => return Err(Stopped),
                Err(error) => return Ok(CaseRun::Failed(format!("it was reviewed, and could not be judged: {error}"))),
            }
        } else {
            (None, None)
        };
        let is_partial = analysis.is_partial();
        let usage = analysis.usage;
        let candidates = found;
        let run = DoneRun { candidates, by_place, by_meaning, judged_real, usage, judge_usage, millis, is_partial };
        Ok(CaseRun::Done(Box::new(run)))
    }

    /// The scores by meaning, and what is right of the comments that mean nothing that was expected.
    async fn judge(
        &self,
        case: &Case,
        found: &[Candidate],
        cancel: &CancellationToken,
        usage: &mut Usage,
    ) -> Result<(Scores, Vec<usize>), ModelError> {
        let same = self.same(case, found, cancel, usage).await?;
        let scores = score_by_meaning(&case.file.expected, found, &same);
        let real = self.real(case, found, &unlabelled(&scores), cancel, usage).await?;
        Ok((scores, real))
    }

    /// Those of the comments that are right.
    async fn real(
        &self,
        case: &Case,
        found: &[Candidate],
        asked: &[usize],
        cancel: &CancellationToken,
        usage: &mut Usage,
    ) -> Result<Vec<usize>, ModelError> {
        let mut questions = Vec::new();
        for index in asked {
            let Some(candidate) = found.get(*index) else { continue };
            let text = match &candidate.place {
                Some(place) => self.text(case, &place.file).await,
                None => None,
            };
            questions.push((*index, real_instruction(candidate, &case.diffs, text.as_deref())));
        }
        let answers = stream::iter(questions.into_iter().map(|(index, instruction)| async move {
            let reply = self.model.ask::<RealityAnswer>(Role::Heavy, real_pack(), &instruction, cancel).await?;
            Ok::<_, ModelError>((index, reply))
        }));
        let mut answers = answers.buffered(JUDGEMENTS_AT_ONCE);
        let mut real = Vec::new();
        while let Some(answer) = answers.next().await {
            let (index, reply) = answer?;
            *usage += reply.usage;
            if reply.answer.real {
                real.push(index);
            }
        }
        Ok(real)
    }

    /// A file with the change, without its secrets; None where it cannot be read, and then the change of it is all that is shown.
    async fn text(&self, case: &Case, path: &str) -> Option<String> {
        let blob = case.repository.blob(&case.head, path, MAX_TEXT_BYTES).await.ok().flatten()?;
        Some(self.model.redactor().redact(&String::from_utf8_lossy(&blob)).text.into_owned())
    }

    /// The pairs that mean the same.
    async fn same(
        &self,
        case: &Case,
        found: &[Candidate],
        cancel: &CancellationToken,
        usage: &mut Usage,
    ) -> Result<Vec<(usize, usize)>, ModelError> {
        let expected = &case.file.expected;
        let questions = pairs_to_judge(expected, found).into_iter().filter_map(|pair| {
            let instruction = judge_instruction(expected.get(pair.expected)?, found.get(pair.candidate)?);
            Some((pair, instruction))
        });
        let questions: Vec<_> = questions.collect();
        let answers = stream::iter(questions.into_iter().map(|(pair, instruction)| async move {
            let reply = self.model.ask::<JudgementAnswer>(Role::Heavy, judge_pack(), &instruction, cancel).await?;
            Ok::<_, ModelError>((pair, reply))
        }));
        let mut answers = answers.buffered(JUDGEMENTS_AT_ONCE);
        let mut same = Vec::new();
        while let Some(answer) = answers.next().await {
            let (Pair { expected, candidate }, reply) = answer?;
            *usage += reply.usage;
            if reply.answer.same_issue {
                same.push((expected, candidate));
            }
        }
        Ok(same)
    }
}

/// What came of a review, for who waits.
fn told(run: &CaseRun) -> String {
    match run {
        CaseRun::Failed(error) => format!("failed: {error}"),
        CaseRun::Done(run) => {
            let posted = run.by_place.candidates.iter().flatten().count();
            let found = run.by_place.expected.iter().filter(|fate| fate.is_posted()).count();
            let expected = run.by_place.expected.len();
            let comments = if posted == 1 { "1 comment".to_owned() } else { format!("{posted} comments") };
            format!("{found} of {expected} found, {comments}, {} ms", run.millis)
        }
    }
}
