use std::fmt::Write as _;

use proptest::prelude::*;
use similar::TextDiff;

use super::*;
use crate::diff::{align::MAX_ALIGNED_LINES, parse_patch};

fn diff(base: &str, head: &str) -> FileDiff {
    let hunks = TextDiff::from_lines(base, head).unified_diff().header("a/f", "b/f").to_string();
    parse_patch(format!("diff --git a/f b/f\nindex 1..2 100644\n{hunks}").as_bytes()).unwrap().remove(0)
}

fn numbers(lines: &BTreeSet<u32>) -> Vec<u32> {
    lines.iter().copied().collect()
}

const BASE: &str = "fn a() {\n    one();\n}\n\nfn b() {\n    two();\n}\n";

#[test]
fn a_file_that_was_not_part_of_the_change_is_fresh_as_a_whole() {
    let fresh = fresh_lines(None, &diff(BASE, &BASE.replace("two()", "three()")));
    assert_eq!((numbers(&fresh.added), numbers(&fresh.removed)), (vec![6], vec![6]));
}

#[test]
fn the_same_change_has_nothing_fresh() {
    let now = diff(BASE, &BASE.replace("two()", "three()"));
    assert!(fresh_lines(Some(&now), &now).is_empty());
}

#[test]
fn only_the_lines_of_the_newest_push_are_fresh() {
    let first = BASE.replace("two()", "three()");
    let second = first.replace("one();", "one();\n    more();");
    let fresh = fresh_lines(Some(&diff(BASE, &first)), &diff(BASE, &second));
    assert_eq!((numbers(&fresh.added), numbers(&fresh.removed)), (vec![3], vec![]));
}

#[test]
fn a_rebase_that_moves_every_line_makes_nothing_fresh() {
    let rebased_base = format!("// licence\n// of ten\n// lines\n\n\n\n\n\n\n\n{BASE}");
    let before = diff(BASE, &BASE.replace("two()", "three()"));
    let now = diff(&rebased_base, &rebased_base.replace("two()", "three()"));
    assert!(fresh_lines(Some(&before), &now).is_empty());
}

#[test]
fn a_target_branch_that_took_part_of_the_change_makes_nothing_fresh() {
    let head = BASE.replace("one()", "uno()").replace("two()", "due()");
    let merged_base = BASE.replace("one()", "uno()");
    assert!(fresh_lines(Some(&diff(BASE, &head)), &diff(&merged_base, &head)).is_empty());
}

#[test]
fn a_second_edit_of_the_same_line_is_fresh_but_its_removal_is_not() {
    let before = diff(BASE, &BASE.replace("two()", "three()"));
    let fresh = fresh_lines(Some(&before), &diff(BASE, &BASE.replace("two()", "four()")));
    assert_eq!((numbers(&fresh.added), numbers(&fresh.removed)), (vec![6], vec![]));
}

#[test]
fn a_removed_line_is_named_by_its_number_in_the_base() {
    let before = diff(BASE, &BASE.replace("two()", "three()"));
    let now = diff(BASE, &BASE.replace("two()", "three()").replace("    one();\n", ""));
    let fresh = fresh_lines(Some(&before), &now);
    assert_eq!((numbers(&fresh.added), numbers(&fresh.removed)), (vec![], vec![2]));
    let marked: Vec<&str> =
        now.hunks()[0].lines.iter().filter(|line| fresh.contains(line)).map(|line| line.text.as_str()).collect();
    assert_eq!(marked, ["    one();"]);
}

#[test]
fn a_file_that_was_binary_before_is_fresh() {
    let mut before = diff(BASE, &BASE.replace("two()", "three()"));
    before.body = crate::diff::DiffBody::Binary;
    assert!(!fresh_lines(Some(&before), &diff(BASE, &BASE.replace("two()", "three()"))).is_empty());
}

#[test]
fn a_huge_rewritten_change_is_compared_line_by_line_without_order() {
    let many = MAX_ALIGNED_LINES + 10;
    let (mut first, mut second) = (String::new(), String::new());
    for number in 0..many {
        writeln!(first, "{number}").unwrap();
        writeln!(second, "{}", many - number).unwrap();
    }
    let fresh = fresh_lines(Some(&diff("", &first)), &diff("", &second));
    assert_eq!((numbers(&fresh.added), numbers(&fresh.removed)), (vec![1], vec![]));
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec("[abc]", 0..25).prop_map(|lines| lines.iter().fold(String::new(), |text, line| text + line + "\n"))
}

proptest! {
    #[test]
    fn lines_put_above_the_file_in_both_versions_change_nothing(base in text(), head in text(), above in 1_usize..30) {
        prop_assume!(base != head);
        let moved = |text: &str| "x\n".repeat(above) + text;
        let now = diff(&moved(&base), &moved(&head));
        prop_assert!(fresh_lines(Some(&diff(&base, &head)), &now).is_empty());
    }

    #[test]
    fn fresh_lines_are_changed_lines(base in text(), reviewed in text(), now in text()) {
        prop_assume!(base != now);
        let file = diff(&base, &now);
        let before = (base != reviewed).then(|| diff(&base, &reviewed));
        let fresh = fresh_lines(before.as_ref(), &file);
        let marked = file.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| fresh.contains(line)).count();
        prop_assert_eq!(marked, fresh.added.len() + fresh.removed.len());
    }
}
