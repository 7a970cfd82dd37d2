#![expect(clippy::result_large_err, reason = "the refusal is kept and counted like the finding; both are of one size")]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{CheckedFile, check_quote, same_path};
use crate::{
    diff::{DiffBody, FileChange, FileDiff, FreshLines},
    finding::{
        Category, DropReason, Dropped, Evidence, Finding, Severity,
        answer::Candidate,
        test_support::{file_diff, hunk},
    },
    pull_request::{LineRange, Side},
};

/// 40 lines; line 10 is `let a = lock();`, line 12 is new, and two lines that stood after line 20 are gone.
fn head() -> String {
    (1..=40)
        .map(|line| match line {
            10 => "    let a = lock();\n".to_owned(),
            11 | 30 => "    step();\n".to_owned(),
            12 => "    let total = price * count;\n".to_owned(),
            13 => "    }\n".to_owned(),
            _ => format!("    line_{line}();\n"),
        })
        .collect()
}

fn diff() -> FileDiff {
    let mut diff = file_diff(
        "src/a.rs",
        9,
        9,
        &[
            "     line_9();",
            "     let a = lock();",
            "     step();",
            "+    let total = price * count;",
            "     }",
            "     line_14();",
        ],
    );
    let second = hunk(18, 19, &["     line_19();", "     line_20();", "-    a.unlock();", "-    done();", "     line_21();"]);
    let DiffBody::Text(hunks) = &mut diff.body else { panic!("a text diff") };
    hunks.push(second);
    diff
}

fn candidate(first: u32, last: u32, quote: &str) -> Candidate {
    Candidate {
        path: "src/a.rs".to_owned(),
        start_line: first,
        end_line: last,
        quoted_line: quote.to_owned(),
        claim: "The product overflows.".to_owned(),
        scenario: "With 70,000 pieces the total wraps around.".to_owned(),
        fix: "Multiply as u64.".to_owned(),
        category: Category::Correctness,
        severity: Severity::High,
        evidence: Vec::new(),
        suggestion: None,
        learnings: Vec::new(),
    }
}

fn check(candidate: Candidate) -> Result<Finding, Dropped> {
    check_against(candidate, &diff(), None)
}

fn check_against(candidate: Candidate, diff: &FileDiff, fresh: Option<&FreshLines>) -> Result<Finding, Dropped> {
    check_quote(candidate, Some(CheckedFile { diff, fresh, head_text: &head(), base_text: None }))
}

fn reason(result: Result<Finding, Dropped>) -> DropReason {
    result.unwrap_err().reason
}

fn range(result: Result<Finding, Dropped>) -> (u32, u32) {
    let lines = result.unwrap().lines;
    (lines.first, lines.last)
}

#[test]
fn a_true_quote_at_its_line_becomes_a_finding() {
    let mut stated = candidate(11, 12, "let total = price * count;");
    stated.suggestion = Some("    step();\n    let total = u64::from(price) * u64::from(count);".to_owned());
    let evidence = |path: &str, line| Evidence { path: path.to_owned(), line, why: "caller".to_owned() };
    stated.evidence = vec![evidence("/src\\b.rs", 3), evidence("src/c.rs", 0), evidence(" ", 4)];
    let found = check(stated).unwrap();
    assert_eq!((found.path.as_str(), found.side, found.lines), ("src/a.rs", Side::Right, LineRange::new(11, 12)));
    assert_eq!(found.quoted_line, "    let total = price * count;");
    assert_eq!((found.claim.as_str(), found.votes), ("The product overflows.", 1));
    assert_eq!(found.evidence, [evidence("src/b.rs", 3)]);
    assert_eq!(found.suggestion.unwrap().replacement, "    step();\n    let total = u64::from(price) * u64::from(count);");
}

#[test]
fn every_way_of_writing_the_line_and_the_path_is_understood() {
    for quote in [
        "    let total = price * count;\r",
        "12 |     let total = price * count;",
        "12:let total = price * count;",
        "12     let total = price * count;",
        "+    let total = price * count;",
        "12 +     let total = price * count;",
        "+ 12 | let total = price * count;",
        "12 + | let total = price * count;",
        "`let total = price * count;`",
        "let  total =\tprice * count;",
        "\n\n    let total = price * count;\n    }",
    ] {
        assert_eq!(range(check(candidate(12, 12, quote))), (12, 12), "{quote:?}");
    }
    for path in ["/src/a.rs", "a/src/a.rs", "b/src/a.rs", "./src/a.rs", "src\\a.rs", "`src/a.rs`", " src/a.rs "] {
        let mut stated = candidate(12, 12, "let total = price * count;");
        stated.path = path.to_owned();
        assert_eq!(check(stated).unwrap().path, "src/a.rs", "{path:?}");
    }
    assert!(!same_path("src/a.rs.bak", "src/a.rs"));
    assert!(!same_path("lib/src/a.rs", "src/a.rs"));
    assert!(same_path("a/x.rs", "a/x.rs"), "a folder may be called a");
    assert!(!same_path("x.rs", "a/x.rs"));
}

#[test]
fn a_line_is_known_by_what_the_pack_showed_of_it() {
    let long = format!("    let table = [{}];", "1, ".repeat(300));
    let shown = format!("{}…[+{} characters]", long.chars().take(400).collect::<String>(), long.len() - 400);
    for (line, quote) in [("    greet(\"a\u{200d}b\");", r#"greet("a\u{200d}b");"#), (long.as_str(), shown.as_str())] {
        let head = head().replace("    let total = price * count;", line);
        let file = CheckedFile { diff: &diff(), fresh: None, head_text: &head, base_text: None };
        let finding = check_quote(candidate(12, 12, quote), Some(file)).unwrap();
        assert_eq!((finding.lines, finding.quoted_line.as_str()), (LineRange::new(12, 12), line));
    }
}

#[test]
fn names_that_hold_quotes_and_backslashes_are_themselves() {
    for path in ["it's", "say \"hi\"", "back\\slash.py", "'q'"] {
        assert!(same_path(path, path), "{path}");
    }
    assert!(same_path(r"a\u{200b}b.py", "a\u{200b}b.py"));
}

#[test]
fn a_wrong_number_is_corrected_by_the_line() {
    assert_eq!(range(check(candidate(15, 15, "let total = price * count;"))), (12, 12));
    assert_eq!(range(check(candidate(14, 16, "let total = price * count;"))), (12, 14));
    assert_eq!(range(check(candidate(6, 8, "let total = price * count;"))), (10, 12));
    assert_eq!(range(check(candidate(39, 40, "let total = price * count;"))), (12, 12), "too far to move a range");
    assert_eq!(range(check(candidate(0, 0, "let total = price * count;"))), (12, 12), "no number at all");
    assert_eq!(range(check(candidate(0, 11, "let total = price * count;"))), (12, 12));
}

#[test]
fn a_suggestion_follows_one_line_but_not_a_guessed_range() {
    let mut shifted = candidate(15, 15, "let total = price * count;");
    shifted.suggestion = Some("    let total = 0;".to_owned());
    assert_eq!(check(shifted).unwrap().suggestion.unwrap().replacement, "    let total = 0;");
    let mut guessed = candidate(14, 16, "let total = price * count;");
    guessed.suggestion = Some("    let total = 0;".to_owned());
    assert_eq!(check(guessed).unwrap().suggestion, None);
    let mut unusable = candidate(12, 12, "let total = price * count;");
    unusable.suggestion = Some("    let total = price * count;".to_owned());
    assert_eq!(check(unusable).unwrap().suggestion, None, "the finding stays");
}

#[test]
fn of_several_places_the_nearest_counts() {
    assert_eq!(range(check(candidate(12, 12, "step();"))), (11, 11));
    assert_eq!(reason(check(candidate(29, 29, "step();"))), DropReason::OutsideChange);
    assert_eq!(range(check(candidate(13, 13, "}"))), (13, 13));
    assert_eq!(reason(check(candidate(30, 30, "}"))), DropReason::QuoteNotFound, "a brace stands everywhere");
}

#[test]
fn senseless_ranges_shrink_to_the_quoted_line() {
    let quote = "let total = price * count;";
    for (first, last) in [(12, 3), (12, 4_000), (1, 61), (12, u32::MAX), (u32::MAX, u32::MAX), (u32::MAX, 1)] {
        assert_eq!(range(check(candidate(first, last, quote))), (12, 12), "{first}-{last}");
    }
    assert_eq!(range(check(candidate(1, 40, quote))), (1, 40), "long, but within the file");
}

#[test]
fn an_invented_line_is_refused() {
    for quote in ["let total = price / count;", "", "  ", "12 |", "let total", "+", "-"] {
        assert_eq!(reason(check(candidate(12, 12, quote))), DropReason::QuoteNotFound, "{quote:?}");
    }
}

#[test]
fn what_is_no_finding_is_malformed() {
    let stated = candidate(12, 12, "let total = price * count;");
    assert_eq!(reason(check_quote(stated.clone(), None)), DropReason::Malformed);
    for change in [
        |candidate: &mut Candidate| candidate.path = "src/b.rs".to_owned(),
        |candidate: &mut Candidate| candidate.path = String::new(),
        |candidate: &mut Candidate| candidate.claim = " \n".to_owned(),
        |candidate: &mut Candidate| candidate.scenario = String::new(),
    ] {
        let mut changed = stated.clone();
        change(&mut changed);
        let dropped = check(changed.clone()).unwrap_err();
        assert_eq!(dropped.reason, DropReason::Malformed, "{changed:?}");
        assert_eq!(dropped.path, changed.path);
        assert!(!dropped.detail.is_empty());
    }
}

#[test]
fn a_claim_outside_the_change_is_refused() {
    assert_eq!(reason(check(candidate(35, 35, "line_35();"))), DropReason::OutsideChange);
    assert_eq!(reason(check(candidate(1, 1, "line_1();"))), DropReason::OutsideChange);
    assert_eq!(range(check(candidate(14, 14, "line_14();"))), (14, 14), "context of a hunk");
    assert_eq!(range(check(candidate(20, 20, "line_20();"))), (20, 20), "where lines were removed");
}

#[test]
fn what_is_refused_keeps_the_lines_that_it_is_about() {
    let lines = |outcome: Result<Finding, Dropped>| outcome.unwrap_err().lines.map(|lines| (lines.first, lines.last));
    assert_eq!(lines(check(candidate(3, 4, "return cache.get(key);"))), Some((3, 4)), "as stated, where nothing is quoted");
    assert_eq!(lines(check(candidate(37, 37, "line_35();"))), Some((35, 35)), "where the quote stands");
    assert_eq!(lines(check(candidate(0, 0, "return cache.get(key);"))), None);
    let missing = Candidate { scenario: String::new(), ..candidate(12, 12, "let total = price * count;") };
    assert_eq!(lines(check(missing)), Some((12, 12)));
}

#[test]
fn context_far_from_every_change_of_a_wide_hunk_is_outside() {
    let mut wide: Vec<String> = (1..=40).map(|line| format!("     line_{line}();")).collect();
    wide[39] = "+    line_40();".to_owned();
    let wide: Vec<&str> = wide.iter().map(String::as_str).collect();
    let diff = file_diff("src/a.rs", 1, 1, &wide);
    assert_eq!(reason(check_against(candidate(5, 5, "line_5();"), &diff, None)), DropReason::OutsideChange);
    assert_eq!(range(check_against(candidate(35, 35, "line_35();"), &diff, None)), (35, 35));
}

#[test]
fn on_a_later_push_only_fresh_lines_count() {
    let quote = "let total = price * count;";
    let removal = FreshLines { added: BTreeSet::new(), removed: BTreeSet::from([20]) };
    assert_eq!(reason(check_against(candidate(12, 12, quote), &diff(), Some(&removal))), DropReason::OutsideChange);
    assert_eq!(range(check_against(candidate(21, 21, "line_21();"), &diff(), Some(&removal))), (21, 21));
    let addition = FreshLines { added: BTreeSet::from([12]), removed: BTreeSet::new() };
    assert_eq!(range(check_against(candidate(12, 12, quote), &diff(), Some(&addition))), (12, 12));
    assert_eq!(reason(check_against(candidate(20, 20, "a.unlock();"), &diff(), Some(&addition))), DropReason::OutsideChange);
}

#[test]
fn a_removed_line_is_placed_on_the_left_under_its_own_number() {
    let mut stated = candidate(20, 21, "-    a.unlock();");
    stated.suggestion = Some("    a.unlock();".to_owned());
    let found = check(stated).unwrap();
    assert_eq!((found.side, found.lines), (Side::Left, LineRange::new(20, 20)));
    assert_eq!((found.quoted_line.as_str(), found.suggestion), ("    a.unlock();", None));
}

#[test]
fn a_line_that_also_stands_far_from_the_change_is_the_removed_one() {
    let diff = file_diff("src/a.rs", 9, 9, &["     line_9();", "-    line_35();", "     let a = lock();"]);
    let found = check_against(candidate(10, 10, "line_35();"), &diff, None).unwrap();
    assert_eq!((found.side, found.lines), (Side::Left, LineRange::new(10, 10)));
}

#[test]
fn a_renamed_file_answers_to_both_names() {
    let mut renamed = diff();
    renamed.change = FileChange::Renamed;
    renamed.old_path = Some("src/old.rs".to_owned());
    let mut stated = candidate(12, 12, "let total = price * count;");
    stated.path = "a/src/old.rs".to_owned();
    assert_eq!(check_against(stated, &renamed, None).unwrap().path, "src/a.rs");
}

#[test]
fn carriage_returns_and_a_byte_order_mark_do_not_hide_a_line() {
    let text = "\u{feff}first();\r\nsecond();\r\n";
    let diff = file_diff("w.cs", 1, 1, &["+first();", "+second();"]);
    let file = CheckedFile { diff: &diff, fresh: None, head_text: text, base_text: None };
    for (line, quote) in [(1, "first();"), (2, "second();")] {
        let mut stated = candidate(line, line, quote);
        stated.path = "w.cs".to_owned();
        let found = check_quote(stated, Some(file)).unwrap();
        assert_eq!(found.lines, LineRange::new(line, line));
        assert!(!found.quoted_line.contains('\r'));
    }
}

#[test]
fn overlong_texts_are_cut_where_characters_end() {
    let mut stated = candidate(12, 12, "let total = price * count;");
    stated.claim = "é".repeat(10_000);
    stated.scenario = "😀".repeat(10_000);
    stated.fix = "x".repeat(10_000);
    stated.evidence = vec![Evidence { path: "p".repeat(9_000), line: 1, why: "w".repeat(9_000) }; 50];
    let found = check(stated).unwrap();
    let counts = [&found.claim, &found.scenario, &found.fix].map(|text| text.chars().count());
    assert_eq!(counts, [400, 1_200, 800]);
    assert!(found.claim.ends_with('…'));
    assert_eq!((found.evidence.len(), found.evidence[0].why.chars().count()), (8, 300));
}

proptest! {
    #[test]
    fn no_candidate_makes_it_panic_and_every_anchor_is_in_the_file(
        first: u32, last: u32, near in 0u32..50, quote in "\\PC{0,20}|    step\\(\\);|line_[0-9]{1,2}\\(\\);|\\}|[0-9]{1,3} \\| step\\(\\);",
        path in "\\PC{0,10}|src/a.rs", suggestion in proptest::option::of("\\PC{0,30}"),
    ) {
        for (first, last) in [(first, last), (near, near.saturating_add(last % 5))] {
            let mut stated = candidate(first, last, &quote);
            stated.path = path.clone();
            stated.suggestion = suggestion.clone();
            if let Ok(found) = check(stated) {
                prop_assert!(found.lines.first >= 1 && found.lines.last <= 40 && found.lines.first <= found.lines.last);
                prop_assert!(head().lines().any(|line| line == found.quoted_line) || found.side == Side::Left);
            }
        }
    }

    #[test]
    fn no_diff_makes_it_panic(old: u32, new: u32, kinds in "[+ -]{1,8}", quote in "[a-c]") {
        let lines: Vec<String> = kinds.chars().map(|kind| format!("{kind}{quote}")).collect();
        let mut diff = file_diff("src/a.rs", 1, 1, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        let DiffBody::Text(hunks) = &mut diff.body else { panic!("a text diff") };
        (hunks[0].old_start, hunks[0].new_start, hunks[0].new_len) = (old, new, u32::MAX);
        for line in &mut hunks[0].lines {
            line.new_line = line.new_line.map(|line| line.wrapping_add(new));
        }
        let file = CheckedFile { diff: &diff, fresh: None, head_text: "a\nb\nc\n", base_text: None };
        let checked = check_quote(candidate(old, new, &quote), Some(file));
        prop_assert!(checked.is_err() || checked.is_ok_and(|found| found.side == Side::Left || found.lines.last <= 3));
    }
}
