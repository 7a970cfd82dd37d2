use review_core::{diff::LineMap, pull_request::LineRange, redaction::Redactor};

use super::{code_now, nearest_place};

/// A text of these lines.
fn text(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| line + "\n").collect()
}

fn redactor() -> Redactor {
    Redactor::new(b"salt", &[])
}

fn thirty() -> Vec<String> {
    (1..=30).map(|number| format!("line {number}")).collect()
}

/// Whether a finding on line 20 of thirty lines is looked at again after `edit`.
fn is_asked(edit: impl FnOnce(&mut Vec<String>)) -> bool {
    asked_about(20, edit)
}

fn asked_about(line: u32, edit: impl FnOnce(&mut Vec<String>)) -> bool {
    let mut lines = thirty();
    let old = text(lines.clone());
    edit(&mut lines);
    code_now(&old, &text(lines), LineRange::new(line, line), &redactor()).is_some()
}

#[test]
fn a_change_in_or_near_the_finding_is_a_reason_to_ask() {
    assert!(is_asked(|lines| lines[19] = "fixed".to_owned()), "the line itself");
    assert!(is_asked(|lines| drop(lines.remove(19))), "the line is gone");
    assert!(is_asked(|lines| lines.insert(10, "a guard".to_owned())), "inserted above");
    assert!(is_asked(|lines| drop(lines.remove(10))), "removed above");
    assert!(is_asked(|lines| lines.insert(25, "after".to_owned())), "inserted below");
    assert!(asked_about(3, |lines| lines.insert(0, "a guard".to_owned())), "inserted above the first line");
    assert!(is_asked(|lines| lines.push("at the end".to_owned())), "added after the last line");
    assert!(is_asked(|lines| drop(lines.pop())), "the last line removed");
}

#[test]
fn what_only_moved_or_changed_far_away_is_left_alone() {
    assert!(!is_asked(|_| {}));
    assert!(!is_asked(|lines| lines.insert(2, "far above".to_owned())));
    assert!(!is_asked(|lines| lines[1] = "far above".to_owned()));
    assert!(!asked_about(5, |lines| lines.truncate(25)), "far below");
    let old = text(thirty());
    let other_ends = old.replace('\n', "\r\n");
    assert_eq!(code_now(&old, &other_ends, LineRange::new(20, 20), &redactor()), None, "line endings alone fix nothing");
}

#[test]
fn the_judge_sees_the_code_where_the_finding_stood() {
    let mut lines = thirty();
    let old = text(lines.clone());
    lines.drain(17..22);
    let now = code_now(&old, &text(lines), LineRange::new(20, 20), &redactor()).unwrap();
    assert!(now.contains("    17   line 17\n    18   line 23\n"), "{now}");
}

#[test]
fn removed_lines_stood_after_the_nearest_line_that_is_still_there() {
    let map = LineMap::between("a\nb\nc\nd\n", "a\nd\n");
    assert_eq!(nearest_place(&map, LineRange::new(3, 3)), LineRange::new(1, 1));
    let nothing_left = LineMap::between("a\nb\n", "x\n");
    assert_eq!(nearest_place(&nothing_left, LineRange::new(2, 2)), LineRange::new(1, 1));
    assert_eq!(nearest_place(&nothing_left, LineRange::new(u32::MAX, u32::MAX)), LineRange::new(1, 1));
}
