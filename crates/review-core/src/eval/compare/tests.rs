use proptest::prelude::*;

use super::{Interval, RESAMPLES, SEED, SplitMix, Tally, Verdict, bootstrap, compare};
use crate::eval::{
    CaseRun, Report, Scoring,
    test_support::{case, report},
};

fn tally(counter: f64, denominator: f64) -> Tally {
    Tally { counter, denominator }
}

#[test]
fn a_gain_in_every_case_is_shown_and_one_in_a_single_case_is_not() {
    let gain = |cases: usize, improved: usize| -> Interval {
        let pair = |index: usize| (tally(0.0, 1.0), tally(if index < improved { 1.0 } else { 0.0 }, 1.0));
        bootstrap(&(0..cases).map(pair).collect::<Vec<_>>(), RESAMPLES, SEED).unwrap()
    };
    assert_eq!(gain(12, 12), Interval { difference: 1.0, low: 1.0, high: 1.0 });
    let some = gain(12, 6);
    assert!(some.low > 0.1 && some.high < 0.9, "{some:?}");
    let one = gain(12, 1);
    assert!(one.low.abs() < 1e-9 && one.high > 0.0, "{one:?}");
}

#[test]
fn the_interval_of_a_share_is_the_textbook_one() {
    // 100 cases, of which 30 more are found: the standard error of a share of 0.3 is 0.0458.
    let cases: Vec<_> = (0..100).map(|index| (tally(0.0, 1.0), tally(if index < 30 { 1.0 } else { 0.0 }, 1.0))).collect();
    let Interval { difference, low, high } = bootstrap(&cases, RESAMPLES, SEED).unwrap();
    assert!((difference - 0.3).abs() < 1e-9);
    assert!((low - 0.21).abs() <= 0.0101 && (high - 0.39).abs() <= 0.0101, "{low} {high}");
}

#[test]
fn a_figure_that_too_few_cases_have_gets_no_interval() {
    assert_eq!(bootstrap(&[], RESAMPLES, SEED), None);
    assert_eq!(bootstrap(&[(tally(0.0, 0.0), tally(1.0, 1.0))], RESAMPLES, SEED), None, "not on both sides");
    assert_eq!(bootstrap(&[(tally(0.0, 1.0), tally(1.0, 1.0))], 0, SEED), None, "no draws");
}

#[test]
fn the_draws_are_the_published_generator() {
    // The first values for the seed 1234567, as the authors' reference code gives them.
    let mut random = SplitMix(1_234_567);
    assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
}

#[test]
fn only_cases_that_both_reports_have_alike_are_compared() {
    let first = report(vec![
        case("both", &[true, false], 0),
        case("relabelled", &[true], 0),
        case("failed", &[true], 0),
        case("only-first", &[true], 0),
    ]);
    let mut failed = case("failed", &[true], 0);
    failed.runs = vec![CaseRun::Failed("the model is away".to_owned())];
    let second =
        report(vec![case("only-second", &[], 1), failed, case("relabelled", &[true, true], 0), case("both", &[true, true], 0)]);
    let comparisons = compare(&first, &second);
    assert_eq!(comparisons.len(), 1, "nothing was judged");
    let comparison = &comparisons[0];
    assert_eq!((comparison.scoring, comparison.cases.as_slice()), (Scoring::Place, ["both".to_owned()].as_slice()));
    let reasons: Vec<(&str, &str)> = comparison.left_out.iter().map(|(name, reason)| (name.as_str(), *reason)).collect();
    assert_eq!(
        reasons,
        [
            ("failed", "it failed in the second report"),
            ("only-first", "it is not in the second report"),
            ("only-second", "it is not in the first report"),
            ("relabelled", "it is labelled differently"),
        ]
    );
    let recall = comparison.measured.iter().find(|measured| measured.key == "recall").unwrap();
    assert_eq!((recall.first, recall.second, recall.verdict), (Some(0.5), Some(1.0), Verdict::Better));
}

#[test]
fn less_noise_is_better_and_more_is_worse() {
    let noisy = report((0..8).map(|index| case(&format!("case-{index}"), &[true], 2)).collect());
    let quiet = report((0..8).map(|index| case(&format!("case-{index}"), &[true], 0)).collect());
    let verdict = |first: &Report, second: &Report, key: &str| {
        compare(first, second)[0].measured.iter().find(|measured| measured.key == key).unwrap().verdict
    };
    assert_eq!(verdict(&noisy, &quiet, "noise_per_review"), Verdict::Better);
    assert_eq!(verdict(&quiet, &noisy, "noise_per_review"), Verdict::Worse);
    assert_eq!(verdict(&quiet, &noisy, "precision"), Verdict::Worse);
    assert_eq!(verdict(&quiet, &quiet, "precision"), Verdict::NotShown);
    assert_eq!(verdict(&quiet, &quiet, "silent_when_clean"), Verdict::NotShown, "there is no clean case");
}

fn tallies() -> impl Strategy<Value = Vec<(Tally, Tally)>> {
    let one = || (0_u8..9, 0_u8..4).prop_map(|(counter, denominator)| tally(f64::from(counter), f64::from(denominator)));
    prop::collection::vec((one(), one()), 0..15)
}

proptest! {
    #[test]
    fn the_same_seed_gives_the_same_interval(cases in tallies(), seed in any::<u64>()) {
        prop_assert_eq!(bootstrap(&cases, 200, seed), bootstrap(&cases, 200, seed));
    }

    #[test]
    fn the_other_order_gives_the_opposite(cases in tallies(), seed in any::<u64>()) {
        let turned: Vec<_> = cases.iter().map(|(first, second)| (*second, *first)).collect();
        let opposite = bootstrap(&turned, 200, seed)
            .map(|Interval { difference, low, high }| Interval { difference: 0.0 - difference, low: 0.0 - high, high: 0.0 - low });
        prop_assert_eq!(bootstrap(&cases, 200, seed), opposite);
    }

    #[test]
    fn two_equal_reports_do_not_differ(cases in tallies(), seed in any::<u64>()) {
        let equal: Vec<_> = cases.iter().map(|(first, _)| (*first, *first)).collect();
        if let Some(interval) = bootstrap(&equal, 200, seed) {
            prop_assert_eq!(interval, Interval { difference: 0.0, low: 0.0, high: 0.0 });
        }
    }

    #[test]
    fn the_ends_are_in_order_and_inside_of_what_single_cases_give(cases in tallies(), seed in any::<u64>()) {
        let per_case: Vec<_> =
            cases.iter().map(|(first, second)| (tally(first.counter, 1.0), tally(second.counter, 1.0))).collect();
        if let Some(Interval { low, high, difference }) = bootstrap(&per_case, 200, seed) {
            let single: Vec<f64> = per_case.iter().map(|(first, second)| second.counter - first.counter).collect();
            let (least, most) = (single.iter().copied().fold(f64::MAX, f64::min), single.iter().copied().fold(f64::MIN, f64::max));
            for value in [low, high, difference] {
                prop_assert!((least - 1e-9..=most + 1e-9).contains(&value));
            }
            prop_assert!(low <= high);
        }
    }

    #[test]
    fn every_index_is_drawn_and_none_past_the_end(seed in any::<u64>(), end in 1_usize..20) {
        let mut random = SplitMix(seed);
        let mut seen = vec![0_u32; end];
        for _ in 0..(end * 200) {
            seen[random.below(end)] += 1;
        }
        // Expected 200 each; a fair generator is ten standard deviations away from these with no seed that exists.
        prop_assert!(seen.iter().all(|count| (60..=340).contains(count)), "{seen:?}");
    }
}
