//! The few that are shown.

use std::cmp::Reverse;

use super::{Category, DropReason, Dropped, Finding, Severity, cluster::place};
use crate::learning::History;

/// The `cap` findings of the highest expected value in a repository with this history, in file order; the rest as `OverCap`.
pub fn rank(mut findings: Vec<Finding>, cap: usize, history: &History) -> (Vec<Finding>, Vec<Dropped>) {
    findings
        .sort_by(|one, other| (Reverse(value(one, history)), place(one)).cmp(&(Reverse(value(other, history)), place(other))));
    let rest = findings.split_off(cap.min(findings.len()));
    findings.sort_by(|one, other| place(one).cmp(&place(other)));
    let dropped = rest
        .into_iter()
        .map(|finding| Dropped::of(finding, DropReason::OverCap, format!("{cap} findings of higher value are shown")))
        .collect();
    (findings, dropped)
}

/// How much the author gains from reading it, in no unit: the rubric's severity first, moved by what makes a finding of
/// that severity more likely to be true and acted on: hand weights, and from half as much to half as much again for how
/// often this repository acts on its category.
fn value(finding: &Finding, history: &History) -> u64 {
    let severity = match finding.severity {
        Severity::Critical => 1_000,
        Severity::High => 500,
        Severity::Medium => 200,
        Severity::Low => 50,
    };
    let category = match finding.category {
        Category::Correctness | Category::Security | Category::DataIntegrity => 100,
        Category::Concurrency | Category::ErrorHandling | Category::ApiContract => 95,
        Category::ResourceLeak => 90,
        Category::Performance => 75,
        Category::Test => 60,
        Category::Maintainability => 50,
    };
    let votes = u64::from(finding.votes.clamp(1, 4) - 1) * 15;
    let evidence = finding.evidence.iter().take(3).count() as u64 * 4;
    let suggestion = if finding.suggestion.is_some() { 5 } else { 0 };
    let acceptance = 500 + history.acceptance_permille(finding.category);
    severity * category * (100 + votes + evidence + suggestion) * acceptance
}

#[cfg(test)]
mod tests {
    use crate::{
        finding::{
            Category, DropReason, Severity, Suggestion, rank,
            test_support::{evidence, finding},
        },
        learning::{History, Label, Outcome},
        pull_request::LineRange,
    };

    /// A repository where findings of the category had these outcomes.
    fn history(category: Category, label: Label, count: usize) -> History {
        let (path, claim) = (String::new(), String::new());
        History::of(std::iter::repeat_n(Outcome { category, path, claim, label, counts: true }, count))
    }

    #[test]
    fn the_most_valuable_are_kept_and_read_in_file_order() {
        let mut low = finding("src/a.rs", 1, 1, "low");
        low.severity = Severity::Low;
        let mut critical = finding("src/z.rs", 9, 9, "critical");
        critical.severity = Severity::Critical;
        let high = finding("src/b.rs", 5, 5, "high");

        let (kept, dropped) = rank(vec![low, critical, high], 2, &History::default());

        assert_eq!(kept.iter().map(|finding| finding.claim.as_str()).collect::<Vec<_>>(), ["high", "critical"]);
        assert_eq!(dropped.len(), 1);
        assert_eq!((dropped[0].claim.as_str(), dropped[0].reason), ("low", DropReason::OverCap));
    }

    #[test]
    fn votes_evidence_a_suggestion_and_the_category_decide_among_equals() {
        let plain = finding("a", 1, 1, "plain");
        let mut voted = plain.clone();
        voted.votes = 3;
        let mut proven = plain.clone();
        proven.evidence = vec![evidence("b", 2)];
        let mut ready = plain.clone();
        ready.suggestion = Some(Suggestion { replacement: "x".to_owned() });
        let mut style = plain.clone();
        style.category = Category::Maintainability;
        for (better, worse) in [(&voted, &plain), (&proven, &plain), (&ready, &plain), (&plain, &style)] {
            let mut better = better.clone();
            better.lines = LineRange::new(90, 90);
            let (kept, _) = rank(vec![worse.clone(), better.clone()], 1, &History::default());
            assert_eq!(kept, [better]);
        }
    }

    #[test]
    fn no_number_of_votes_lifts_a_low_one_over_a_critical_one() {
        let mut loud = finding("a", 1, 1, "loud");
        (loud.severity, loud.votes) = (Severity::Low, u32::MAX);
        let mut critical = finding("b", 1, 1, "critical");
        (critical.severity, critical.category) = (Severity::Critical, Category::Maintainability);
        assert_eq!(rank(vec![loud, critical], 1, &History::default()).0[0].claim, "critical");
    }

    #[test]
    fn among_equals_the_category_that_the_repository_acts_on_comes_first() {
        let correct = finding("a", 1, 1, "correctness");
        let mut concurrent = finding("a", 90, 90, "concurrency");
        concurrent.category = Category::Concurrency;
        let first = |history: &History| rank(vec![correct.clone(), concurrent.clone()], 1, history).0[0].category;
        assert_eq!(first(&History::default()), Category::Correctness);
        assert_eq!(first(&history(Category::Correctness, Label::Ignored, 5)), Category::Concurrency);
        assert_eq!(first(&history(Category::Concurrency, Label::ActedOn, 5)), Category::Concurrency);
        assert_eq!(first(&history(Category::Concurrency, Label::Rejected, 5)), Category::Correctness);
        assert_eq!(first(&history(Category::Concurrency, Label::Open, 500)), Category::Correctness);
    }

    #[test]
    fn no_history_lifts_a_low_one_over_a_critical_one() {
        let mut loved = finding("a", 1, 1, "loved");
        (loved.severity, loved.votes) = (Severity::Low, u32::MAX);
        let mut scorned = finding("b", 1, 1, "scorned");
        (scorned.severity, scorned.category) = (Severity::Critical, Category::Maintainability);
        let loved_here = history(Category::Correctness, Label::ActedOn, 1_000);
        let scorned_here = history(Category::Maintainability, Label::Rejected, 1_000);
        for history in [loved_here, scorned_here] {
            assert_eq!(rank(vec![loved.clone(), scorned.clone()], 1, &history).0[0].claim, "scorned");
        }
    }

    #[test]
    fn nothing_is_lost_for_any_cap() {
        for cap in [0, 1, 3, 7, usize::MAX] {
            let findings = (1..=5).map(|line| finding("a", line, line, "claim")).collect();
            let (kept, dropped) = rank(findings, cap, &History::default());
            assert_eq!((kept.len(), kept.len() + dropped.len()), (cap.min(5), 5));
        }
    }
}
