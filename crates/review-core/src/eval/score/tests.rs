use proptest::prelude::*;

use super::{Candidate, Fate, Scores, Stage, Worth, candidates, score_by_meaning, score_by_place};
use crate::{
    eval::test_support::{candidate, expected, place},
    finding::{
        DropReason, Dropped,
        test_support::{file_diff, finding},
    },
    pull_request::{LineRange, Side},
};

fn posted(file: &str, line: u32) -> Candidate {
    candidate(file, line, Stage::Posted)
}

fn dropped(file: &str, line: u32, reason: DropReason) -> Candidate {
    candidate(file, line, Stage::Dropped(reason))
}

#[test]
fn a_finding_counts_where_it_overlaps_or_lies_within_five_lines() {
    for (line, is_there) in [(4, false), (5, true), (10, true), (12, true), (17, true), (18, false)] {
        let scores = score_by_place(&[expected("a.rs", 10, 12)], &[posted("a.rs", line)]);
        assert_eq!(scores.expected[0].is_posted(), is_there, "{line}");
    }
    assert_eq!(score_by_place(&[expected("a.rs", 10, 12)], &[posted("b.rs", 11)]).expected, [Fate::NeverFound]);
    let elsewhere = super::ExpectedFinding { also_at: vec![place("b.rs", 90, 90)], ..expected("a.rs", 10, 12) };
    assert_eq!(score_by_place(&[elsewhere], &[posted("b.rs", 92)]).expected, [Fate::Posted(0)], "another place is as good");
}

#[test]
fn two_comments_near_two_defects_find_both() {
    // The first comment is nearest to the first defect, but the second comment can only stand for that one.
    let both = [expected("a.rs", 10, 10), expected("a.rs", 14, 14)];
    let scores = score_by_place(&both, &[posted("a.rs", 11), posted("a.rs", 6)]);
    assert_eq!(scores.expected, [Fate::Posted(1), Fate::Posted(0)]);
    assert_eq!(scores.candidates, [Some(Worth::True(1)), Some(Worth::True(0))]);
}

#[test]
fn what_says_it_again_is_no_noise() {
    let all = [posted("a.rs", 10), posted("a.rs", 13), posted("a.rs", 60), posted("z.rs", 10)];
    let Scores { expected: fates, candidates } = score_by_place(&[expected("a.rs", 10, 10)], &all);
    assert_eq!(fates, [Fate::Posted(0)]);
    let worth = [Worth::True(0), Worth::Duplicate(0), Worth::Noise, Worth::Noise];
    assert_eq!(candidates, worth.map(Some));
}

#[test]
fn a_lost_one_is_told_by_the_stage_that_it_came_to() {
    let wanted = [expected("a.rs", 10, 10), expected("b.rs", 20, 20), expected("c.rs", 30, 30)];
    let all = [
        dropped("a.rs", 11, DropReason::QuoteNotFound),
        dropped("a.rs", 14, DropReason::Refuted),
        dropped("b.rs", 20, DropReason::OverCap),
        posted("c.rs", 30),
        dropped("c.rs", 30, DropReason::Duplicate),
    ];
    let scores = score_by_place(&wanted, &all);
    let fates = [Fate::Lost(DropReason::Refuted, 1), Fate::Lost(DropReason::OverCap, 2), Fate::Posted(3)];
    assert_eq!(scores.expected, fates);
    assert_eq!(fates.map(Fate::words), ["refuted", "over the cap", "posted"]);
    assert_eq!(scores.candidates, [None, None, None, Some(Worth::True(2)), None]);
}

#[test]
fn one_lost_candidate_stands_for_one_defect() {
    let wanted = [expected("a.rs", 10, 10), expected("a.rs", 12, 12)];
    let scores = score_by_place(&wanted, &[dropped("a.rs", 12, DropReason::Refuted)]);
    assert_eq!(scores.expected, [Fate::NeverFound, Fate::Lost(DropReason::Refuted, 0)]);
}

#[test]
fn a_judge_decides_wherever_it_stands() {
    let wanted = [expected("a.rs", 10, 10), expected("a.rs", 50, 50)];
    let all = [posted("a.rs", 10), posted("b.rs", 3), dropped("a.rs", 50, DropReason::Refuted)];
    let scores = score_by_meaning(&wanted, &all, &[(0, 1)]);
    assert_eq!(scores.expected, [Fate::Posted(1), Fate::NeverFound]);
    assert_eq!(scores.candidates, [Some(Worth::Noise), Some(Worth::True(0)), None]);
    let scores = score_by_meaning(&wanted, &all, &[(0, 1), (0, 0), (1, 2)]);
    assert_eq!(scores.expected, [Fate::Posted(0), Fate::Lost(DropReason::Refuted, 2)], "of two the nearer one");
    assert_eq!(scores.candidates, [Some(Worth::True(0)), Some(Worth::Duplicate(0)), None]);
}

#[test]
fn findings_on_removed_lines_stand_where_these_stood() {
    let diff = file_diff("a.rs", 10, 20, &[" kept", "-lock", "-step", "+other", " kept too"]);
    let removed = |first, last| crate::finding::Finding { side: Side::Left, ..finding("a.rs", first, last, "The lock is gone.") };
    let found = candidates(&[removed(11, 12), finding("a.rs", 21, 21, "Other.")], &[], &[diff]);
    let places: Vec<_> = found.into_iter().map(|candidate| candidate.place.unwrap()).collect();
    assert_eq!(places, [place("a.rs", 20, 20), place("a.rs", 21, 21)]);
}

#[test]
fn a_candidate_that_became_no_finding_has_the_lines_that_it_stated() {
    let refused = Dropped {
        finding: None,
        claim: "Made up.".to_owned(),
        path: "/src/a.rs".to_owned(),
        lines: Some(LineRange::new(7, 8)),
        reason: DropReason::QuoteNotFound,
        detail: "not a line".to_owned(),
    };
    let nowhere = Dropped { lines: None, ..refused.clone() };
    let later = Dropped::of(finding("src/a.rs", 3, 3, "Wrong."), DropReason::Refuted, "guarded");
    let found = candidates(&[], &[refused, nowhere, later], &[file_diff("src/a.rs", 1, 1, &["+x"])]);
    let places: Vec<_> = found.iter().map(|candidate| candidate.place.clone()).collect();
    assert_eq!(places, [Some(place("src/a.rs", 7, 8)), None, Some(place("src/a.rs", 3, 3))]);
    assert_eq!(found[2].stage, Stage::Dropped(DropReason::Refuted));
}

fn lines() -> impl Strategy<Value = Vec<(u32, bool)>> {
    prop::collection::vec((1_u32..40, any::<bool>()), 0..8)
}

proptest! {
    #[test]
    fn every_comment_is_worth_one_thing_and_no_defect_is_found_twice(wanted in lines(), found in lines()) {
        let wanted: Vec<_> = wanted.into_iter().map(|(line, _)| expected("a.rs", line, line)).collect();
        let found: Vec<_> = found
            .into_iter()
            .map(|(line, is_posted)| if is_posted { posted("a.rs", line) } else { dropped("a.rs", line, DropReason::Refuted) })
            .collect();
        let scores = score_by_place(&wanted, &found);
        prop_assert_eq!((scores.expected.len(), scores.candidates.len()), (wanted.len(), found.len()));
        for (candidate, worth) in found.iter().zip(&scores.candidates) {
            prop_assert_eq!(candidate.stage == Stage::Posted, worth.is_some());
        }
        let hits = scores.expected.iter().filter(|fate| fate.is_posted()).count();
        let true_ones = scores.candidates.iter().filter(|worth| matches!(worth, Some(Worth::True(_)))).count();
        prop_assert_eq!(hits, true_ones);
        // Whatever is noise is near nothing that was expected.
        for (candidate, worth) in found.iter().zip(&scores.candidates) {
            let is_near = wanted.iter().any(|wanted| super::near(wanted, candidate).is_some());
            prop_assert!(*worth != Some(Worth::Noise) || !is_near);
        }
    }
}
