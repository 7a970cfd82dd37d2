//! Whether one report is better than another, or only luckier.
//!
//! Reviews of a handful of pull requests differ by chance, so each difference comes with an interval: the paired bootstrap draws
//! cases with replacement, the same ones for both reports, and sees between which values 95 of 100 differences lie (Efron and
//! Tibshirani, "An Introduction to the Bootstrap", chapters 8 and 13). It is seeded: the same reports give the same intervals.

use serde::Serialize;

use super::{
    CaseReport, Report, RunCounts, Scoring,
    figures::{METRICS, Unit, counts_of, quotient},
};

/// Draws of cases.
pub const RESAMPLES: u32 = 10_000;
/// The seed of the draws.
pub const SEED: u64 = 2_026;
/// Of the draws, those in which a figure must exist for an interval: of three clean cases among a hundred nothing can be said.
const LEAST_DRAWN: f64 = 0.5;

/// Counter and denominator of a figure, of one case.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Tally {
    pub counter: f64,
    pub denominator: f64,
}

/// A difference, with the values between which it lies in 95 of 100 draws.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    pub difference: f64,
    pub low: f64,
    pub high: f64,
}

/// One figure of both reports, over the cases that both have.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Measured {
    pub key: &'static str,
    pub(super) unit: Unit,
    pub first: Option<f64>,
    pub second: Option<f64>,
    /// The second minus the first.
    pub change: Option<Interval>,
    pub verdict: Verdict,
}

/// What the interval says of the second report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Better,
    Worse,
    /// The interval holds zero, or there is none, or neither more nor less is better.
    NotShown,
}

/// The comparison by one way of scoring.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    pub scoring: Scoring,
    pub measured: Vec<Measured>,
    /// Cases that were compared.
    pub cases: Vec<String>,
    /// Cases that were not, each with the reason.
    pub left_out: Vec<(String, &'static str)>,
}

/// Compares what both reports have: by place, and by meaning where both were judged. All runs of a case count together.
pub fn compare(first: &Report, second: &Report) -> Vec<Comparison> {
    let scorings = [Scoring::Place, Scoring::Meaning];
    let both_judged = first.is_judged() && second.is_judged();
    let wanted = scorings.into_iter().filter(|scoring| *scoring == Scoring::Place || both_judged);
    wanted.map(|scoring| compare_by(first, second, scoring)).collect()
}

fn compare_by(first: &Report, second: &Report, scoring: Scoring) -> Comparison {
    let (mut pairs, mut cases, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    let mut names: Vec<&str> = first.cases.iter().chain(&second.cases).map(|case| case.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let of = |report: &'_ Report| report.cases.iter().position(|case| case.name == name);
        let case = |report: &'_ Report| of(report).and_then(|index| report.cases.get(index)).cloned();
        let reason = match (case(first), case(second)) {
            (Some(one), Some(other)) if one.expected != other.expected => "it is labelled differently",
            (Some(one), Some(other)) => match (pooled(&one, scoring), pooled(&other, scoring)) {
                (Some(one), Some(other)) => {
                    pairs.push((one, other));
                    cases.push(name.to_owned());
                    continue;
                }
                (None, _) => "it failed in the first report",
                (_, None) => "it failed in the second report",
            },
            (Some(_), None) => "it is not in the second report",
            _ => "it is not in the first report",
        };
        left_out.push((name.to_owned(), reason));
    }
    let measured = METRICS.iter().map(|metric| {
        let tally = |counts: &RunCounts| {
            let (counter, denominator) = (metric.of)(counts);
            Tally { counter, denominator }
        };
        let tallies: Vec<(Tally, Tally)> = pairs.iter().map(|(one, other)| (tally(one), tally(other))).collect();
        let (first, second) = totals(tallies.iter());
        let change = bootstrap(&tallies, RESAMPLES, SEED);
        let shown = change.filter(|change| change.low > 0.0 || change.high < 0.0);
        let verdict = match (shown, metric.more_is_better) {
            (Some(change), Some(more_is_better)) if (change.low > 0.0) == more_is_better => Verdict::Better,
            (Some(_), Some(_)) => Verdict::Worse,
            _ => Verdict::NotShown,
        };
        Measured { key: metric.key, unit: metric.unit, first, second, change, verdict }
    });
    Comparison { scoring, measured: measured.collect(), cases, left_out }
}

/// All reviews of a case together; None when there is none.
fn pooled(case: &CaseReport, scoring: Scoring) -> Option<RunCounts> {
    let mut counts = RunCounts::default();
    for run in case.done() {
        counts += &counts_of(case, run, scoring);
    }
    (counts.reviews > 0).then_some(counts)
}

/// The figure of both sides over these cases.
fn totals<'a>(tallies: impl Iterator<Item = &'a (Tally, Tally)>) -> (Option<f64>, Option<f64>) {
    let zero = (Tally::default(), Tally::default());
    let (first, second) = tallies.fold(zero, |(first, second), (one, other)| (first.and(*one), second.and(*other)));
    (first.figure(), second.figure())
}

impl Tally {
    fn and(self, other: Self) -> Self {
        Self { counter: self.counter + other.counter, denominator: self.denominator + other.denominator }
    }

    fn figure(self) -> Option<f64> {
        quotient((self.counter, self.denominator))
    }
}

/// The difference of a figure (second minus first) over cases, with its 95 % interval from `resamples` draws. None when the figure
/// does not exist on both sides, or in too few of the draws.
pub fn bootstrap(cases: &[(Tally, Tally)], resamples: u32, seed: u64) -> Option<Interval> {
    let difference = |(first, second): (Option<f64>, Option<f64>)| Some(second? - first?);
    let observed = difference(totals(cases.iter()))?;
    let mut random = SplitMix(seed);
    let mut drawn: Vec<f64> = Vec::new();
    for _ in 0..resamples {
        // All indices are drawn before any is used, so that every figure sees the same draws.
        let indices: Vec<usize> = cases.iter().map(|_| random.below(cases.len())).collect();
        drawn.extend(difference(totals(indices.iter().filter_map(|index| cases.get(*index)))));
    }
    drawn.retain(|difference| difference.is_finite());
    let enough = f64::from(resamples) * LEAST_DRAWN;
    if drawn.is_empty() || f64::from(u32::try_from(drawn.len()).unwrap_or(u32::MAX)) < enough {
        return None;
    }
    drawn.sort_by(f64::total_cmp);
    // Cut as many at both ends, so that the reports may be given in either order.
    let cut = drawn.len() / 40;
    let (low, high) = (drawn.get(cut)?, drawn.iter().rev().nth(cut)?);
    Some(Interval { difference: observed, low: *low, high: *high })
}

/// `SplitMix64` (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, all about as likely; 0 when there is none.
    fn below(&mut self, end: usize) -> usize {
        let product = u128::from(self.next()) * end as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests;
