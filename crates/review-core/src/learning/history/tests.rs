use proptest::prelude::*;

use super::*;
use crate::finding::test_support::finding;

/// Says the same as each of [`SAYINGS`], in other words.
const CLAIM: &str = "The result of `save` is never checked, so errors are lost.";
const SAYINGS: [&str; 4] = [
    "The result of `write` is not checked, so errors are lost.",
    "The result of flush() is never checked; errors are lost.",
    "Errors are lost because nobody checked the result.",
    "The checked result is ignored and errors are lost.",
];

fn outcome(category: Category, claim: &str, label: Label) -> Outcome {
    Outcome { category, path: "src/orders.rs".to_owned(), claim: claim.to_owned(), label, counts: true }
}

fn candidate(category: Category, severity: Severity, claim: &str) -> Finding {
    Finding { category, severity, ..finding("src/cart.rs", 3, 3, claim) }
}

/// What becomes of a candidate, before and after the verifier: true when it stays.
fn stays(history: &History, finding: &Finding) -> (bool, bool) {
    let stays = |rated| {
        let (kept, dropped) = history.screen(vec![finding.clone()], rated);
        assert_eq!(kept.len() + dropped.len(), 1);
        kept.len() == 1
    };
    (stays(Rated::ByFinder), stays(Rated::ByVerifier))
}

fn reason(history: &History, finding: Finding) -> Option<DropReason> {
    history.screen(vec![finding], Rated::ByVerifier).1.first().map(|dropped| dropped.reason)
}

/// As many outcomes of the category as said, without words that anything is near to.
fn counted(category: Category, acted_on: u32, not: u32) -> Vec<Outcome> {
    let labels = (0..acted_on).map(|_| Label::ActedOn).chain((0..not).map(|_| Label::Ignored));
    labels.map(|label| outcome(category, "", label)).collect()
}

#[test]
fn what_was_rejected_three_times_is_not_raised_again() {
    let rejected = |count: usize| {
        History::of(SAYINGS.iter().take(count).map(|claim| outcome(Category::ErrorHandling, claim, Label::Rejected)))
    };
    let again = candidate(Category::ErrorHandling, Severity::High, CLAIM);
    assert_eq!(stays(&rejected(2), &again), (true, true));
    assert_eq!(stays(&rejected(3), &again), (false, false));
    assert_eq!(reason(&rejected(3), again.clone()), Some(DropReason::NearRejected));
    assert_eq!(stays(&rejected(4), &again), (false, false));

    let other_matter = candidate(Category::ErrorHandling, Severity::High, "The retry never ends when the server is away.");
    assert_eq!(stays(&rejected(4), &other_matter), (true, true));
    let other_category = candidate(Category::Correctness, Severity::High, CLAIM);
    assert_eq!(stays(&rejected(4), &other_category), (true, true));
}

#[test]
fn one_that_somebody_acted_on_speaks_for_all_that_are_near_to_it() {
    let history = |fourth| {
        let rejected = SAYINGS.iter().take(3).map(|claim| outcome(Category::ErrorHandling, claim, Label::Rejected));
        History::of(rejected.chain([outcome(Category::ErrorHandling, SAYINGS[3], fourth)]))
    };
    let again = candidate(Category::ErrorHandling, Severity::Medium, CLAIM);
    assert_eq!(stays(&history(Label::ActedOn), &again), (true, true));
    for silent in [Label::Ignored, Label::Open] {
        assert_eq!(stays(&history(silent), &again), (false, false), "{silent:?} is no yes");
    }
}

#[test]
fn critical_security_and_secrets_are_never_suppressed() {
    let history = History::of(SAYINGS.iter().map(|claim| outcome(Category::Security, claim, Label::Rejected)));
    // (severity, stays before the verifier, stays after it)
    let cases = [
        (Severity::Critical, true, true),
        (Severity::High, true, false),
        (Severity::Medium, false, false),
        (Severity::Low, false, false),
    ];
    for (severity, before, after) in cases {
        assert_eq!(stays(&history, &candidate(Category::Security, severity, CLAIM)), (before, after), "{severity}");
    }
    let mut secret = candidate(Category::Security, Severity::Low, CLAIM);
    secret.quoted_line = "token = \"[redacted:github-token:1a2b3c]\"".to_owned();
    assert_eq!(stays(&history, &secret), (true, true));
}

#[test]
fn a_category_on_which_nobody_acts_falls_silent_after_thirty_outcomes() {
    // (acted on, not, silent)
    let cases = [(0, 0, false), (0, 29, false), (0, 30, true), (8, 22, true), (9, 21, false), (29, 70, true), (30, 70, false)];
    for (acted_on, not, expected) in cases {
        let history = History::of(counted(Category::Performance, acted_on, not));
        assert_eq!(history.silent().len() == 1, expected, "{acted_on} of {}", acted_on + not);
    }
    let history = History::of(counted(Category::Performance, 4, 30));
    let tally = Tally { acted_on: 4, ignored: 30, ..Tally::default() };
    assert_eq!(history.silent(), [SilentCategory { category: Category::Performance, tally }]);
    let said = |severity| candidate(Category::Performance, severity, "The list is sorted in each pass.");
    assert_eq!(stays(&history, &said(Severity::Critical)), (true, true));
    assert_eq!(stays(&history, &said(Severity::High)), (true, false), "the verifier may find it critical");
    assert_eq!(stays(&history, &said(Severity::Medium)), (false, false));
    assert_eq!(reason(&history, said(Severity::High)), Some(DropReason::SilentCategory));
    let other = candidate(Category::Correctness, Severity::Low, "The list is sorted in each pass.");
    assert_eq!(stays(&history, &other), (true, true));
}

#[test]
fn what_is_still_open_or_was_before_a_waking_does_not_count() {
    let open = (0..50).map(|_| outcome(Category::Test, "", Label::Open));
    let history = History::of(open.chain(counted(Category::Test, 0, 29)));
    assert_eq!((history.silent(), history.tallies()[&Category::Test].open), (vec![], 50));
    let before = counted(Category::Test, 0, 40).into_iter().map(|outcome| Outcome { counts: false, ..outcome });
    assert_eq!(History::of(before.chain(counted(Category::Test, 0, 29))).silent(), []);
    let rejected = SAYINGS.map(|claim| Outcome { counts: false, ..outcome(Category::Test, claim, Label::Rejected) });
    let again = candidate(Category::Test, Severity::Low, CLAIM);
    assert_eq!(stays(&History::of(rejected), &again), (false, false), "a waking does not undo a no to one matter");
}

#[test]
fn security_never_falls_silent() {
    let history = History::of(counted(Category::Security, 0, 500));
    assert_eq!(history.silent(), []);
    let low = candidate(Category::Security, Severity::Low, "The comparison takes as long as the guess is right.");
    assert_eq!(stays(&history, &low), (true, true));
}

#[test]
fn acceptance_begins_in_the_middle_and_moves_with_what_is_seen() {
    let after = |acted_on, not| History::of(counted(Category::Test, acted_on, not)).acceptance_permille(Category::Test);
    assert_eq!([after(0, 0), after(1, 0), after(0, 1), after(10, 0), after(0, 10)], [500, 545, 454, 750, 250]);
    assert_eq!((after(900, 90), after(0, 990)), (905, 5));
    assert_eq!(History::default().acceptance_permille(Category::Security), 500);
}

proptest! {
    #[test]
    fn acceptance_grows_with_each_yes_falls_with_each_no_and_stays_in_its_bounds(acted_on in 0_u32..2_000, not in 0_u32..2_000) {
        let of = |acted_on, ignored| Tally { acted_on, ignored, ..Tally::default() }.acceptance_permille();
        let here = of(acted_on, not);
        prop_assert!(here <= 1_000);
        prop_assert!(of(acted_on + 1, not) >= here && of(acted_on, not + 1) <= here);
    }

    #[test]
    fn nothing_is_lost_and_nothing_critical_about_security_is_ever_dropped(
        labels in prop::collection::vec((0_usize..4, prop::sample::select(Category::ALL.to_vec()), 0_usize..4), 0..80),
        candidates in prop::collection::vec((prop::sample::select(Category::ALL.to_vec()), 0_usize..4), 0..10),
    ) {
        const LABELS: [Label; 4] = [Label::ActedOn, Label::Rejected, Label::Ignored, Label::Open];
        const SEVERITIES: [Severity; 4] = [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        let history =
            History::of(labels.into_iter().map(|(label, category, saying)| outcome(category, SAYINGS[saying], LABELS[label])));
        let candidates: Vec<Finding> =
            candidates.into_iter().map(|(category, severity)| candidate(category, SEVERITIES[severity], CLAIM)).collect();
        let (first, early) = history.screen(candidates.clone(), Rated::ByFinder);
        let (last, late) = history.screen(first.clone(), Rated::ByVerifier);
        prop_assert_eq!(first.len() + early.len(), candidates.len());
        prop_assert_eq!(last.len() + late.len(), first.len());
        let is_sacred = |finding: &Finding| finding.category == Category::Security && finding.severity == Severity::Critical;
        prop_assert_eq!(last.iter().filter(|finding| is_sacred(finding)).count(), candidates.iter().filter(|finding| is_sacred(finding)).count());
        // Whoever passes the stricter look has passed the other one as well.
        prop_assert_eq!(history.screen(last.clone(), Rated::ByFinder).0.len(), last.len());
    }

    #[test]
    fn the_largest_counts_do_not_overflow(acted_on in any::<u32>(), rejected in any::<u32>(), ignored in any::<u32>()) {
        let mut tally = Tally { acted_on, rejected, ignored, open: u32::MAX };
        tally.add(Label::Open);
        prop_assert_eq!(tally.open, u32::MAX);
        prop_assert!(tally.acceptance_permille() <= 1_000_000);
        prop_assert!(tally.settled() >= acted_on.max(rejected).max(ignored));
    }
}
