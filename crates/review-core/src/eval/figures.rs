//! Counts of runs, and the figures that are told of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CaseReport, CaseRun, Context, DoneRun, Fate, Report, Scores, Stage, Worth, score::near};
use crate::{finding::Severity, usage::Usage};

/// By what a finding counts as the expected one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scoring {
    Place,
    /// By the word of a judge.
    Meaning,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub hits: u32,
    pub of: u32,
}

/// Candidates that ended at a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageCount {
    pub stage: Stage,
    pub candidates: u32,
    /// Of these, at the place of an expected finding: true ones that a stage lost, as a rule.
    pub at_expected: u32,
}

/// What there was in one run over all cases, in one review of one case, or in all of them together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunCounts {
    /// Reviews that were made.
    pub reviews: u32,
    pub failed: u32,
    pub by_severity: BTreeMap<Severity, Share>,
    pub by_context: BTreeMap<Context, Share>,
    /// Comments that found something that was expected.
    pub true_comments: u32,
    pub duplicates: u32,
    pub noise: u32,
    /// Of the noise, what a judge took for right; None where none was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judged_real: Option<u32>,
    /// Clean pull requests, and those of them without a comment.
    pub silent: Share,
    pub partial: u32,
    /// In the order in which candidates pass them; those at which none ended are left out.
    pub stages: Vec<StageCount>,
    pub usage: Usage,
    pub judge_usage: Usage,
    pub millis: u64,
}

/// The median of a figure over runs, and how far the runs lie apart. None where nothing can be said: no recall without
/// something that was expected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    pub median: Option<f64>,
    pub lowest: Option<f64>,
    pub highest: Option<f64>,
}

/// All figures by one way of scoring.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    pub scoring: Scoring,
    /// By the key of the metric.
    pub measures: BTreeMap<String, Spread>,
    /// Run by run.
    pub runs: Vec<RunCounts>,
}

/// How a figure is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    Percent,
    Number,
    Tokens,
    Dollars,
    Seconds,
}

/// A figure that is the quotient of two sums over reviews.
pub(super) struct Metric {
    pub(super) key: &'static str,
    /// For people.
    pub(super) name: &'static str,
    pub(super) unit: Unit,
    /// None where neither more nor less is better by itself.
    pub(super) more_is_better: Option<bool>,
    /// Counter and denominator.
    pub(super) of: fn(&RunCounts) -> (f64, f64),
}

const fn share(key: &'static str, name: &'static str, of: fn(&RunCounts) -> (f64, f64)) -> Metric {
    Metric { key, name, unit: Unit::Percent, more_is_better: Some(true), of }
}

const fn each(key: &'static str, name: &'static str, unit: Unit, of: fn(&RunCounts) -> (f64, f64)) -> Metric {
    Metric { key, name, unit, more_is_better: Some(false), of }
}

/// In the order in which they are told.
pub(super) const METRICS: &[Metric] = &[
    share("recall", "recall", |counts| counts.recall().quotient()),
    share("recall_critical_high", "critical and high", |counts| {
        (counts.of_severity(Severity::Critical) + counts.of_severity(Severity::High)).quotient()
    }),
    share("recall_critical", "critical", |counts| counts.of_severity(Severity::Critical).quotient()),
    share("recall_high", "high", |counts| counts.of_severity(Severity::High).quotient()),
    share("recall_medium", "medium", |counts| counts.of_severity(Severity::Medium).quotient()),
    share("recall_low", "low", |counts| counts.of_severity(Severity::Low).quotient()),
    share("recall_diff", "needs the diff", |counts| counts.of_context(Context::Diff).quotient()),
    share("recall_file", "needs the file", |counts| counts.of_context(Context::File).quotient()),
    share("recall_repository", "needs the repository", |counts| counts.of_context(Context::Repository).quotient()),
    share("precision", "precision", |counts| counts.precision().quotient()),
    share("precision_judged_real", "precision with judged-real", |counts| {
        let judged =
            counts.judged_real.map(|real| Share { hits: counts.true_comments.saturating_add(real), ..counts.precision() });
        judged.unwrap_or_default().quotient()
    }),
    each("noise_per_review", "noise", Unit::Number, |counts| counts.per_review(f64::from(counts.noise))),
    each("duplicates_per_review", "duplicates", Unit::Number, |counts| counts.per_review(f64::from(counts.duplicates))),
    Metric {
        key: "comments_per_review",
        name: "comments",
        unit: Unit::Number,
        more_is_better: None,
        of: |counts| counts.per_review(f64::from(counts.comments())),
    },
    share("silent_when_clean", "silent when clean", |counts| counts.silent.quotient()),
    each("tokens_per_review", "tokens", Unit::Tokens, |counts| counts.per_review(float(counts.usage.tokens()))),
    each("dollars_per_review", "cost", Unit::Dollars, RunCounts::dollars),
    each("seconds_per_review", "time", Unit::Seconds, |counts| counts.per_review(float(counts.millis) / 1_000.0)),
];

/// A count as a number to calculate with.
pub(super) fn float(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "exact up to nine thousand billion; nothing here is more exact than that")]
    let number = count as f64;
    number
}

impl Share {
    fn quotient(self) -> (f64, f64) {
        (f64::from(self.hits), f64::from(self.of))
    }

    fn count(&mut self, is_hit: bool) {
        *self += Self { hits: u32::from(is_hit), of: 1 };
    }
}

impl std::ops::Add for Share {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { hits: self.hits.saturating_add(other.hits), of: self.of.saturating_add(other.of) }
    }
}

impl std::ops::AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl RunCounts {
    pub fn recall(&self) -> Share {
        self.by_severity.values().fold(Share::default(), |sum, share| sum + *share)
    }

    pub fn of_severity(&self, severity: Severity) -> Share {
        self.by_severity.get(&severity).copied().unwrap_or_default()
    }

    pub fn of_context(&self, context: Context) -> Share {
        self.by_context.get(&context).copied().unwrap_or_default()
    }

    /// True comments among those that are not duplicates.
    pub fn precision(&self) -> Share {
        Share { hits: self.true_comments, of: self.true_comments.saturating_add(self.noise) }
    }

    pub fn comments(&self) -> u32 {
        self.true_comments.saturating_add(self.duplicates).saturating_add(self.noise)
    }

    /// Candidates of all stages.
    pub fn found(&self) -> StageCount {
        let zero = StageCount { stage: Stage::Posted, candidates: 0, at_expected: 0 };
        self.stages.iter().fold(zero, |sum, stage| sum.and(*stage))
    }

    fn per_review(&self, sum: f64) -> (f64, f64) {
        (sum, f64::from(self.reviews))
    }

    /// Nothing is said where the price of a call is not known.
    fn dollars(&self) -> (f64, f64) {
        if self.usage.unpriced_calls > 0 { (0.0, 0.0) } else { self.per_review(self.usage.cost.dollars()) }
    }

    fn add_stage(&mut self, count: StageCount) {
        match self.stages.iter_mut().find(|known| known.stage == count.stage) {
            Some(known) => *known = known.and(count),
            None => self.stages.push(count),
        }
        self.stages.sort_by_key(|count| count.stage.order());
    }
}

impl StageCount {
    fn and(self, other: Self) -> Self {
        Self {
            stage: self.stage,
            candidates: self.candidates.saturating_add(other.candidates),
            at_expected: self.at_expected.saturating_add(other.at_expected),
        }
    }
}

impl std::ops::AddAssign<&Self> for RunCounts {
    fn add_assign(&mut self, other: &Self) {
        self.reviews = self.reviews.saturating_add(other.reviews);
        self.failed = self.failed.saturating_add(other.failed);
        for (severity, share) in &other.by_severity {
            *self.by_severity.entry(*severity).or_default() += *share;
        }
        for (context, share) in &other.by_context {
            *self.by_context.entry(*context).or_default() += *share;
        }
        self.true_comments = self.true_comments.saturating_add(other.true_comments);
        self.duplicates = self.duplicates.saturating_add(other.duplicates);
        self.noise = self.noise.saturating_add(other.noise);
        if let Some(real) = other.judged_real {
            self.judged_real = Some(self.judged_real.unwrap_or_default().saturating_add(real));
        }
        self.silent += other.silent;
        self.partial = self.partial.saturating_add(other.partial);
        for stage in &other.stages {
            self.add_stage(*stage);
        }
        self.usage += other.usage;
        self.judge_usage += other.judge_usage;
        self.millis = self.millis.saturating_add(other.millis);
    }
}

impl Spread {
    /// Of the figures of runs; a run about which nothing can be said is left out.
    pub fn over(figures: impl IntoIterator<Item = Option<f64>>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().flatten().filter(|figure| figure.is_finite()).collect();
        figures.sort_by(f64::total_cmp);
        let middle = figures.len() / 2;
        let upper = figures.get(middle).copied();
        let lower = if figures.len().is_multiple_of(2) {
            middle.checked_sub(1).and_then(|index| figures.get(index)).copied()
        } else {
            upper
        };
        let median = lower.zip(upper).map(|(lower, upper)| f64::midpoint(lower, upper));
        Self { median, lowest: figures.first().copied(), highest: figures.last().copied() }
    }
}

/// Figures by place, and by meaning where a judge scored every review.
pub fn figures(report: &Report) -> Vec<Figures> {
    let scorings = [Scoring::Place, Scoring::Meaning];
    let wanted = scorings.into_iter().filter(|scoring| *scoring == Scoring::Place || report.is_judged());
    wanted
        .map(|scoring| {
            let runs: Vec<RunCounts> = (0..report.runs as usize).map(|run| counts_of_run(report, run, scoring)).collect();
            let measure = |metric: &Metric| {
                let figures = runs.iter().map(|counts| quotient((metric.of)(counts)));
                (metric.key.to_owned(), Spread::over(figures))
            };
            Figures { scoring, measures: METRICS.iter().map(measure).collect(), runs }
        })
        .collect()
}

pub(super) fn quotient((counter, denominator): (f64, f64)) -> Option<f64> {
    (denominator > 0.0).then(|| counter / denominator)
}

fn counts_of_run(report: &Report, run: usize, scoring: Scoring) -> RunCounts {
    let mut counts = RunCounts::default();
    for case in &report.cases {
        match case.runs.get(run) {
            Some(CaseRun::Done(done)) => counts += &counts_of(case, done, scoring),
            Some(CaseRun::Failed(_)) => counts.failed = counts.failed.saturating_add(1),
            None => {}
        }
    }
    counts
}

/// What there was in one review.
pub(super) fn counts_of(case: &CaseReport, run: &DoneRun, scoring: Scoring) -> RunCounts {
    let mut counts = RunCounts {
        reviews: 1,
        partial: u32::from(run.is_partial),
        usage: run.usage,
        judge_usage: run.judge_usage,
        millis: run.millis,
        ..RunCounts::default()
    };
    let scores = scores_of(run, scoring);
    for (expected, fate) in case.expected.iter().zip(&scores.expected) {
        let is_hit = matches!(fate, Fate::Posted(_));
        counts.by_severity.entry(expected.severity).or_default().count(is_hit);
        counts.by_context.entry(expected.context).or_default().count(is_hit);
    }
    for worth in scores.candidates.iter().flatten() {
        let count = match worth {
            Worth::True(_) => &mut counts.true_comments,
            Worth::Duplicate(_) => &mut counts.duplicates,
            Worth::Noise => &mut counts.noise,
        };
        *count = count.saturating_add(1);
    }
    // Of comments that were scored by their place alone no judge was asked.
    if scoring == Scoring::Meaning
        && let Some(real) = &run.judged_real
    {
        let is_noise = |index: &&usize| scores.candidates.get(**index) == Some(&Some(Worth::Noise));
        counts.judged_real = Some(u32::try_from(real.iter().filter(is_noise).count()).unwrap_or(u32::MAX));
    }
    if case.is_clean() {
        counts.silent.count(scores.candidates.iter().all(Option::is_none));
    }
    for (candidate, worth) in run.candidates.iter().zip(&scores.candidates) {
        let is_there = match worth {
            Some(worth) => *worth != Worth::Noise,
            None => case.expected.iter().any(|expected| near(expected, candidate).is_some()),
        };
        counts.add_stage(StageCount { stage: candidate.stage, candidates: 1, at_expected: u32::from(is_there) });
    }
    counts
}

pub(super) fn scores_of(run: &DoneRun, scoring: Scoring) -> &Scores {
    match scoring {
        Scoring::Place => &run.by_place,
        Scoring::Meaning => run.by_meaning.as_ref().unwrap_or(&run.by_place),
    }
}

#[cfg(test)]
mod tests;
