use review_core::pull_request::LineRange;

use super::{Analysis, replace_lines};
use crate::pipeline::desired::status_of;

#[test]
fn a_suggestion_takes_the_place_of_exactly_its_lines() {
    // (text, first, last, replacement, result)
    let cases = [
        ("a\nb\nc\n", 2, 2, "x", "a\nx\nc\n"),
        ("a\nb\nc\n", 1, 2, "x\ny\nz", "x\ny\nz\nc\n"),
        ("a\nb\nc", 3, 3, "x", "a\nb\nx"),
        ("a\r\nb\r\nc\r\n", 2, 2, "x\ny", "a\r\nx\r\ny\r\nc\r\n"),
        ("a\n", 5, 9, "x", "a\n"),
        ("", 1, 1, "x", ""),
    ];
    for (text, first, last, replacement, expected) in cases {
        assert_eq!(replace_lines(text, LineRange::new(first, last), replacement), expected, "{text:?}");
    }
}

#[test]
fn the_status_says_what_was_found_what_stands_and_what_was_not_read() {
    use review_core::{
        money::Money,
        scope::{CostLimitReached, FileSetAside, SetAside},
    };

    let clean = Analysis { reviewed_files: vec!["a.rs".to_owned()], ..Analysis::default() };
    let partial =
        Analysis { set_aside: vec![FileSetAside { path: "b.rs".to_owned(), why: SetAside::OverBudget }], ..clean.clone() };
    let stopped = Analysis { cost_limit: Some(CostLimitReached::Day { limit: Money::from_micros(1) }), ..clean.clone() };
    let cases = [
        (&stopped, 1, "Partly reviewed, stopped at the ceiling on costs: 1 file; Reviewed: no finding confirmed, 1 still open"),
        (&clean, 0, "Reviewed: no new findings"),
        (&clean, 2, "Reviewed: no new findings, 2 still open"),
        (&partial, 0, "Partly reviewed: 1 file; Reviewed: no new findings"),
        (&partial, 1, "Partly reviewed: 1 file; Reviewed: no new findings, 1 still open"),
    ];
    for (analysis, still_open, expected) in cases {
        assert_eq!(status_of(analysis, still_open).description, expected);
    }
}
