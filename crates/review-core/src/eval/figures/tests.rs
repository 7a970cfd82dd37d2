use proptest::prelude::*;

use super::{Share, Spread, StageCount};
use crate::{
    eval::{
        CaseRun, Context, ExpectedFinding, Figures, Scoring, Stage, figures,
        test_support::{candidate, case, done, expected, report},
    },
    finding::{DropReason, Severity},
};

fn share(hits: u32, of: u32) -> Share {
    Share { hits, of }
}

fn median(figures: &Figures, key: &str) -> Option<f64> {
    figures.measures[key].median
}

#[test]
fn a_run_is_counted_by_severity_context_and_stage() {
    let wanted = vec![
        expected("a.rs", 10, 10),
        ExpectedFinding { severity: Severity::Critical, context: Context::Repository, ..expected("a.rs", 50, 50) },
        ExpectedFinding { severity: Severity::Low, ..expected("b.rs", 10, 10) },
    ];
    let all = vec![
        candidate("a.rs", 10, Stage::Posted),
        candidate("a.rs", 12, Stage::Posted),
        candidate("a.rs", 51, Stage::Dropped(DropReason::Refuted)),
        candidate("z.rs", 1, Stage::Dropped(DropReason::Refuted)),
        candidate("z.rs", 9, Stage::Posted),
        candidate("z.rs", 9, Stage::Dropped(DropReason::QuoteNotFound)),
    ];
    let mut first = case("one", &[], 0);
    first.runs = vec![done(&wanted, all)];
    first.expected = wanted;
    let report = report(vec![first, case("silent", &[], 0), case("loud", &[], 2)]);
    let figures = &figures(&report)[0];
    let counts = &figures.runs[0];
    assert_eq!((counts.reviews, counts.recall(), counts.precision()), (3, share(1, 3), share(1, 4)));
    assert_eq!(counts.of_severity(Severity::Critical), share(0, 1));
    assert_eq!(counts.of_severity(Severity::High), share(1, 1));
    assert_eq!(counts.of_severity(Severity::Medium), share(0, 0));
    assert_eq!(counts.of_context(Context::Diff), share(1, 2));
    assert_eq!((counts.true_comments, counts.duplicates, counts.noise, counts.silent), (1, 1, 3, share(1, 2)));
    let stage = |stage, candidates, at_expected| StageCount { stage, candidates, at_expected };
    let quote = Stage::Dropped(DropReason::QuoteNotFound);
    let stages = [stage(quote, 1, 0), stage(Stage::Dropped(DropReason::Refuted), 2, 1), stage(Stage::Posted, 5, 2)];
    assert_eq!(counts.stages, stages, "in the order in which candidates pass them");
    assert_eq!((counts.found().candidates, counts.found().at_expected), (8, 3));
    assert_eq!((median(figures, "noise_per_review"), median(figures, "recall_medium")), (Some(1.0), None));
    assert_eq!(median(figures, "silent_when_clean"), Some(0.5));
    assert_eq!((median(figures, "tokens_per_review"), median(figures, "seconds_per_review")), (Some(10_000.0), Some(1.5)));
    assert!((median(figures, "dollars_per_review").unwrap() - 0.042).abs() < 1e-9);
}

#[test]
fn of_several_runs_the_median_is_told_and_a_failed_review_is_in_no_figure() {
    let mut three = case("three", &[true, true, false, false], 0);
    let runs = [&[true, true, false, false][..], &[true, false, false, false], &[true, true, true, true]];
    three.runs = runs.into_iter().flat_map(|found| case("three", found, 0).runs).collect();
    let mut failing = case("failing", &[true], 0);
    failing.runs = vec![failing.runs[0].clone(), CaseRun::Failed("away".to_owned()), failing.runs[0].clone()];
    let report = report(vec![three, failing]);
    let figures = &figures(&report)[0];
    assert_eq!(figures.measures["recall"], Spread { median: Some(0.6), lowest: Some(0.25), highest: Some(1.0) });
    assert_eq!(figures.runs.iter().map(|counts| (counts.reviews, counts.failed)).collect::<Vec<_>>(), [(2, 0), (1, 1), (2, 0)]);
    assert_eq!(report.failures(), 1);
}

#[test]
fn a_model_without_a_price_has_no_cost() {
    let mut unpriced = case("one", &[true], 0);
    let CaseRun::Done(run) = &mut unpriced.runs[0] else { panic!("it was made") };
    run.usage.unpriced_calls = 1;
    assert_eq!(median(&figures(&report(vec![unpriced]))[0], "dollars_per_review"), None);
}

#[test]
fn meaning_is_told_beside_the_place_only_when_all_was_judged() {
    let mut judged = case("one", &[true], 0);
    let CaseRun::Done(run) = &mut judged.runs[0] else { panic!("it was made") };
    run.by_meaning = Some(crate::eval::score_by_meaning(&judged.expected, &run.candidates, &[]));
    let both = figures(&report(vec![judged.clone()]));
    assert_eq!(both.iter().map(|figures| figures.scoring).collect::<Vec<_>>(), [Scoring::Place, Scoring::Meaning]);
    assert_eq!((median(&both[0], "recall"), median(&both[1], "recall")), (Some(1.0), Some(0.0)));
    assert_eq!((median(&both[0], "precision"), median(&both[1], "precision")), (Some(1.0), Some(0.0)));
    assert_eq!(figures(&report(vec![judged, case("two", &[true], 0)])).len(), 1);
}

#[test]
fn a_median_is_the_middle_one_or_between_the_two() {
    let of = |figures: &[f64]| Spread::over(figures.iter().copied().map(Some)).median;
    assert_eq!([of(&[]), of(&[3.0]), of(&[3.0, 1.0]), of(&[9.0, 1.0, 2.0])], [None, Some(3.0), Some(2.0), Some(2.0)]);
    assert_eq!(Spread::over([None, Some(f64::NAN), Some(4.0)]).median, Some(4.0));
}

proptest! {
    #[test]
    fn half_of_the_figures_lie_on_either_side_of_a_median(figures in prop::collection::vec(-1e6_f64..1e6, 1..20)) {
        let Spread { median, lowest, highest } = Spread::over(figures.iter().copied().map(Some));
        let median = median.unwrap();
        prop_assert!(lowest.unwrap() <= median && median <= highest.unwrap());
        prop_assert!(figures.iter().filter(|figure| **figure <= median).count() * 2 >= figures.len());
        prop_assert!(figures.iter().filter(|figure| **figure >= median).count() * 2 >= figures.len());
    }
}

#[test]
fn comments_that_a_judge_takes_for_right_count_for_their_own_figure_alone() {
    let mut judged = case("one", &[true], 3);
    for run in &mut judged.runs {
        let CaseRun::Done(run) = run else { panic!("{run:?}") };
        run.by_meaning = Some(run.by_place.clone());
        // The first is the expected one; of the three others two are right.
        run.judged_real = Some(vec![0, 1, 3]);
    }
    let told = figures(&report(vec![judged]));
    let [place, meaning] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(meaning.runs[0].judged_real, Some(2));
    assert_eq!((median(meaning, "precision"), median(meaning, "precision_judged_real")), (Some(0.25), Some(0.75)));
    assert_eq!((place.runs[0].judged_real, median(place, "precision_judged_real")), (None, None));
    assert_eq!(median(&figures(&report(vec![case("one", &[true], 3)]))[0], "precision_judged_real"), None);
}
