use proptest::prelude::*;
use serde_json::json;

use super::{CaseFile, CommitSource, Context, ExpectedFinding, Place, Source, parse_case, places_without_code};
use crate::{finding::Severity, pull_request::LineRange};

fn problems(case: &serde_json::Value) -> Vec<String> {
    parse_case(&case.to_string()).unwrap_err()
}

fn place(file: &str, first: u32, last: u32) -> Place {
    Place { file: file.to_owned(), lines: LineRange::new(first, last) }
}

fn two_findings() -> CaseFile {
    let case = json!({
        "title": "Totals", "description": "", "note": "why",
        "expected": [
            { "file": "src/a.rs", "lines": [3, 5], "severity": "high", "context": "diff", "what": "One." },
            { "file": "src/b.rs", "lines": 9, "also_at": [{ "file": "src/c.rs", "lines": [1, 2] }], "severity": "low",
              "context": "repository", "what": "Two." },
        ],
    });
    parse_case(&case.to_string()).unwrap()
}

#[test]
fn a_case_is_read_whole() {
    let expected = vec![
        ExpectedFinding {
            place: place("src/a.rs", 3, 5),
            also_at: Vec::new(),
            severity: Severity::High,
            context: Context::Diff,
            what: "One.".to_owned(),
        },
        ExpectedFinding {
            place: place("src/b.rs", 9, 9),
            also_at: vec![place("src/c.rs", 1, 2)],
            severity: Severity::Low,
            context: Context::Repository,
            what: "Two.".to_owned(),
        },
    ];
    let case =
        CaseFile { title: "Totals".to_owned(), description: String::new(), source: Source::Folders, expected: expected.clone() };
    assert_eq!(two_findings(), case);

    let bundle =
        json!({ "title": "T", "description": "d", "bundle": "change.bundle", "base": "main", "head": "v2", "expected": [] });
    let source = parse_case(&bundle.to_string()).unwrap().source;
    let from = CommitSource::Bundle("change.bundle".to_owned());
    assert_eq!(source, Source::Commits { from, base: "main".to_owned(), head: "v2".to_owned() });

    let written = serde_json::to_value(&expected).unwrap();
    assert_eq!(serde_json::from_value::<Vec<ExpectedFinding>>(written).unwrap(), expected, "a report keeps them");
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let case = json!({
        "titel": "Totals", "title": " ", "description": 7, "repository": "x", "bundle": "y",
        "expected": [
            { "file": "../a.rs", "lines": [5, 3], "severity": "grave", "context": "diff", "what": "" },
            { "file": "a.rs", "lines": 0, "severity": "low", "what": "It is.", "also_at": [{ "line": 3 }, 4] },
            "none",
        ],
    });
    assert_eq!(
        problems(&case),
        [
            "titel: there is no such key; there are title, description, note, repository, bundle, base, head, expected",
            "title: it is empty",
            "description: it is no text",
            "bundle: there is a `repository` as well; name one of them",
            "expected[0].file: it is no path from the root of the repository, with `/` and without `..`",
            "expected[0].lines: it is no range; write [12, 14], or 12 for one line, counted from 1",
            "expected[0].severity: there is no such word; it is one of critical, high, medium, low",
            "expected[0].what: it is empty; a sentence says what is wrong",
            "expected[1].lines: it is no line; write [12, 14], or 12 for one line, counted from 1",
            "expected[1].context: it is missing; it is one of diff, file, repository",
            "expected[1].also_at[0].line: there is no such key; there are file, lines",
            "expected[1].also_at[0].file: it is missing",
            "expected[1].also_at[0].lines: it is missing; write [12, 14], or 12 for one line, counted from 1",
            "expected[1].also_at[1]: it is no object",
            "expected[2]: it is no object",
        ]
    );
    assert_eq!(
        problems(&json!({})),
        ["title: it is missing", "description: it is missing", "expected: it is missing; a clean pull request has an empty list"]
    );
}

#[test]
fn commits_need_a_place_that_they_are_in_and_the_other_way_round() {
    let commits = json!({ "title": "T", "description": "d", "base": "main", "expected": [] });
    assert_eq!(
        problems(&commits),
        ["base: name the `repository` or the `bundle` that it is in, or leave it out for the folders"]
    );
    let no_commits = json!({ "title": "T", "description": "d", "repository": "..", "head": "", "expected": {} });
    assert_eq!(
        problems(&no_commits),
        [
            "base: it is missing: a commit, a branch or a tag of the repository or bundle",
            "head: it is missing: a commit, a branch or a tag of the repository or bundle",
            "expected: it is no list; a clean pull request has an empty one",
        ]
    );
}

#[test]
fn places_that_the_head_version_lacks_are_told() {
    let lines =
        |file: &str| [("src/a.rs", 4), ("src/b.rs", 9)].into_iter().find(|(known, _)| *known == file).map(|(_, count)| count);
    assert_eq!(
        places_without_code(&two_findings(), &lines),
        [
            "expected[0].lines: 3 to 5, but \"src/a.rs\" has 4 lines in the head version",
            "expected[1].also_at[0].file: there is no file of text called \"src/c.rs\" in the head version",
        ]
    );
    assert_eq!(places_without_code(&two_findings(), &|_| Some(9)), [""; 0]);
}

proptest! {
    #[test]
    fn no_text_is_too_strange_to_be_refused(text in any::<String>(), key in any::<String>(), value in any::<i64>()) {
        prop_assert!(parse_case(&text).is_err());
        let odd = json!({ key.clone(): value, "expected": [{ key.clone(): value, "lines": [value, key] }] });
        prop_assert!(!problems(&odd).is_empty());
    }
}
