use std::fmt::Write as _;

use proptest::prelude::*;
use similar::TextDiff;

use super::*;
use crate::diff::text_lines;

/// What git 2.47 wrote between two commits that hold one change of every kind; the repository was made for this file.
const REAL: &[u8] = include_bytes!("real.patch");

fn parsed(patch: &str) -> FileDiff {
    let mut files = parse_patch(patch.as_bytes()).unwrap();
    assert_eq!(files.len(), 1, "{files:#?}");
    files.remove(0)
}

fn problem(patch: &str) -> String {
    parse_patch(patch.as_bytes()).unwrap_err().to_string()
}

fn line(file: &FileDiff, hunk: usize, index: usize) -> (LineKind, Option<u32>, Option<u32>, &str) {
    let line = &file.hunks()[hunk].lines[index];
    (line.kind, line.old_line, line.new_line, &line.text)
}

fn body_word(body: &DiffBody) -> String {
    match body {
        DiffBody::Text(hunks) => {
            let (mut added, mut removed) = (0, 0);
            for line in hunks.iter().flat_map(|hunk| &hunk.lines) {
                added += usize::from(line.kind == LineKind::Added);
                removed += usize::from(line.kind == LineKind::Removed);
            }
            format!("text +{added} -{removed}")
        }
        DiffBody::Binary => "binary".into(),
        DiffBody::Unchanged => "unchanged".into(),
        DiffBody::Submodule => "submodule".into(),
        DiffBody::Symlink => "symlink".into(),
    }
}

#[test]
fn every_kind_of_change_that_git_writes_is_understood() {
    let mut table = String::new();
    for file in parse_patch(REAL).unwrap() {
        let from = file.old_path.map(|old| format!(" (from {old})")).unwrap_or_default();
        writeln!(table, "{:?}{from}: {:?}, {}", file.path, file.change, body_word(&file.body)).unwrap();
    }
    insta::assert_snapshot!(table, @r#"
    "a/b/a b": Modified, text +1 -1
    "becomes-link": TypeChanged, symlink
    "blob.bin": Modified, binary
    "crlf.txt": Modified, text +1 -1
    "empty new" (from empty-gone): Renamed, unchanged
    "eof.txt": Modified, text +1 -1
    "gone.bin": Deleted, binary
    "gone.txt": Deleted, text +0 -1
    "latin1.txt": Modified, text +1 -1
    "link": Modified, symlink
    "module": Modified, submodule
    "module2": TypeChanged, text +1 -0
    "new name.txt" (from old name.txt): Renamed, text +1 -1
    "new.txt": Added, text +1 -0
    "plain.txt": Modified, text +3 -2
    "q.sql": Modified, text +1 -1
    "quote\".txt": Modified, text +1 -1
    "run.sh": Modified, unchanged
    "tab\there": Modified, text +1 -1
    "thé.txt" (from café.txt): Renamed, unchanged
    "unlink": TypeChanged, text +2 -0
    "#);
}

fn real(path: &str) -> FileDiff {
    parse_patch(REAL).unwrap().into_iter().find(|file| file.path == path).unwrap()
}

#[test]
fn lines_carry_their_numbers_on_both_sides() {
    let file = real("plain.txt");
    assert_eq!(line(&file, 0, 2), (LineKind::Removed, Some(3), None, "line 3"));
    assert_eq!(line(&file, 0, 3), (LineKind::Added, None, Some(3), "line three"));
    assert_eq!(line(&file, 0, 4), (LineKind::Context, Some(4), Some(4), "line 4"));
    let second = &file.hunks()[1];
    assert_eq!((second.old_start, second.old_len, second.new_start, second.new_len), (22, 7, 22, 8));
    assert_eq!(second.section, "line 21");
    assert_eq!(line(&file, 1, 5), (LineKind::Added, None, Some(26), "extra"));
    assert_eq!(line(&file, 1, 6), (LineKind::Context, Some(26), Some(27), "line 26"));
}

#[test]
fn lines_that_look_like_headers_are_lines() {
    let file = real("q.sql");
    assert_eq!(line(&file, 0, 0), (LineKind::Removed, Some(1), None, "-- sql comment"));
    assert_eq!(line(&file, 0, 2), (LineKind::Added, None, Some(2), "++ plus"));
}

#[test]
fn line_endings_and_foreign_bytes_do_not_reach_the_text() {
    assert_eq!(line(&real("crlf.txt"), 0, 2), (LineKind::Added, None, Some(2), "2"));
    assert_eq!(line(&real("latin1.txt"), 0, 1), (LineKind::Added, None, Some(1), "caf\u{fffd}"));
    assert_eq!(line(&real("eof.txt"), 0, 1), (LineKind::Added, None, Some(1), "no newline"));
}

#[test]
fn an_empty_patch_has_no_files() {
    assert_eq!(parse_patch(b"").unwrap(), []);
}

#[test]
fn a_new_empty_file_is_known_by_its_header_alone() {
    let file = parsed("diff --git a/new file b/new file\nnew file mode 100644\nindex 000..e69\n");
    assert_eq!((file.path.as_str(), file.change, file.body), ("new file", FileChange::Added, DiffBody::Unchanged));
}

#[test]
fn a_path_that_repeats_the_header_s_own_words_is_read_exactly() {
    let file = parsed("diff --git a/x b/x b/x b/x\nold mode 100644\nnew mode 100755\n");
    assert_eq!(file.path, "x b/x");
}

#[test]
fn a_quoted_path_with_a_space_is_read_up_to_its_closing_quote() {
    let name = r#""b/say \"it\" twice.py""#;
    let file = parsed(&format!(
        "diff --git \"a/say \\\"it\\\" twice.py\" {name}\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ {name}\t\n@@ -0,0 +1 @@\n+x\n"
    ));
    assert_eq!(file.path, "say \"it\" twice.py");
}

#[test]
fn a_copy_keeps_where_it_came_from() {
    let file = parsed("diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to \"y\\\\z\"\n");
    assert_eq!((file.path.as_str(), file.old_path.as_deref(), file.change), ("y\\z", Some("x"), FileChange::Copied));
}

#[test]
fn a_binary_payload_is_passed_over() {
    let patch = "diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzWMTjS03`qb\n\nliteral 3\nKcmZQzWMT#Y03ZMW\n\n\
                 diff --git a/y b/y\nold mode 100644\nnew mode 100755\n";
    let files = parse_patch(patch.as_bytes()).unwrap();
    assert_eq!(files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    assert_eq!(files[0].body, DiffBody::Binary);
}

#[test]
fn an_empty_context_line_may_come_without_its_space() {
    let file = parsed("diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n\n-a\n+b\n");
    assert_eq!(line(&file, 0, 0), (LineKind::Context, Some(1), Some(1), ""));
    assert_eq!(line(&file, 0, 2), (LineKind::Added, None, Some(2), "b"));
}

#[test]
fn a_deletion_of_all_lines_and_a_pure_deletion_have_their_place() {
    let patch = "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n@@ -2 +1,0 @@ above\n-a\n@@ -9,0 +9,2 @@\n+b\n+c\n";
    let file = parsed(patch);
    assert_eq!(line(&file, 0, 0), (LineKind::Removed, Some(2), None, "a"));
    assert_eq!(line(&file, 1, 1), (LineKind::Added, None, Some(10), "c"));
}

#[test]
fn what_git_does_not_write_is_refused_with_its_line() {
    let in_file = |rest: &str| problem(&format!("diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n{rest}"));
    let cases = [
        (problem("hello\n"), "line 1 of the patch: expected `diff --git`, found \"hello\""),
        (problem("\n"), "line 1 of the patch: expected `diff --git`, found \"\""),
        (problem("diff --git a/x b/y\n"), "line 1 of the patch: the header names no path"),
        (problem("diff --git a/x b/x\nbogus\n"), "line 2 of the patch: expected a file header or a hunk, found \"bogus\""),
        (
            problem("diff --git a/x b/x\n--- \"a/x\\9\"\n"),
            "line 2 of the patch: a path that cannot be read: \"--- \\\"a/x\\\\9\\\"\"",
        ),
        (
            problem("diff --git a/x b/x\nrename to x\ncopy from \"y\n"),
            "line 3 of the patch: a path that cannot be read: \"copy from \\\"y\"",
        ),
        (in_file("@@ -1 +1\n"), "line 5 of the patch: not a hunk header: \"@@ -1 +1\""),
        (in_file("@@ -1,4294967296 +1 @@\n"), "line 5 of the patch: not a hunk header: \"@@ -1,4294967296 +1 @@\""),
        (
            in_file("@@ -1 +4294967295,4294967295 @@\n"),
            "line 5 of the patch: a hunk that overlaps the one before it, or lies outside a file: \"@@ -1 +4294967295,4294967295 @@\"",
        ),
        (
            in_file("@@ -0 +1 @@\n"),
            "line 5 of the patch: a hunk that overlaps the one before it, or lies outside a file: \"@@ -0 +1 @@\"",
        ),
        (
            in_file("@@ -5 +5 @@\n-a\n+b\n@@ -5 +6 @@\n-a\n+b\n"),
            "line 8 of the patch: a hunk that overlaps the one before it, or lies outside a file: \"@@ -5 +6 @@\"",
        ),
        (in_file("@@ -1,0 +1,0 @@\n"), "line 5 of the patch: a hunk without lines"),
        (in_file("@@ -1,2 +1 @@\n-a\n"), "line 6 of the patch: the patch ends inside a hunk, 1 old and 1 new lines early"),
        (in_file("@@ -1 +1,2 @@\n+a\n+b\n+c\n"), "line 8 of the patch: a hunk with more lines than its header says"),
        (in_file("@@ -1 +1 @@\n-a\n?b\n"), "line 7 of the patch: not a line of a hunk: \"?b\""),
        (in_file("@@ -1 +1 @@\n-a\n+b\n+c\n"), "line 8 of the patch: expected `diff --git`, found \"+c\""),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn ten_megabytes_are_read_in_one_pass() {
    let count = 200_000;
    let mut patch =
        format!("diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,{count} @@\n");
    for number in 1..=count {
        writeln!(patch, "+{number:050}").unwrap();
    }
    assert!(patch.len() > 10_000_000);
    let file = parsed(&patch);
    assert_eq!(file.changed_lines(), count);
    assert_eq!(line(&file, 0, count - 1).2, u32::try_from(count).ok());
}

/// A patch of one file as git would write it.
fn patch_between(old: &str, new: &str, context: usize) -> String {
    let diff = TextDiff::from_lines(old, new);
    let hunks = diff.unified_diff().context_radius(context).header("a/some file\t", "b/some file\t").to_string();
    format!("diff --git a/some file b/some file\nindex 1..2 100644\n{hunks}")
}

fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof!["[ab]{0,2}", "(-- |\\+\\+ |@@ -1 \\+1 @@|diff --git a/x b/x|\\\\ No newline)[a-c]?"];
    (prop::collection::vec(line, 0..30), prop::sample::select(vec!["\n", "\r\n"]), any::<bool>()).prop_map(
        |(lines, ending, ends)| {
            let mut text = lines.join(ending);
            if ends && !text.is_empty() {
                text.push_str(ending);
            }
            text
        },
    )
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(patch in prop::collection::vec(any::<u8>(), 0..400)) {
        let _files = parse_patch(&patch);
    }

    #[test]
    fn a_mangled_patch_never_panics(at in 0..REAL.len(), byte in any::<u8>(), cut in 0..REAL.len()) {
        let mut patch = REAL.to_vec();
        patch[at] = byte;
        patch.remove(cut);
        let _files = parse_patch(&patch);
    }

    #[test]
    fn every_line_of_a_patch_stands_where_it_says(old in text(), new in text(), context in 0_usize..4) {
        let files = parse_patch(patch_between(&old, &new, context).as_bytes()).unwrap();
        prop_assert_eq!(files.len(), 1);
        prop_assert_eq!(files[0].path.as_str(), "some file");
        let old_lines: Vec<&str> = text_lines(&old).collect();
        let new_lines: Vec<&str> = text_lines(&new).collect();
        let (mut added, mut removed) = (0, 0);
        for line in files[0].hunks().iter().flat_map(|hunk| &hunk.lines) {
            prop_assert_eq!(line.old_line.is_some(), line.kind != LineKind::Added);
            prop_assert_eq!(line.new_line.is_some(), line.kind != LineKind::Removed);
            for (number, lines) in [(line.old_line, &old_lines), (line.new_line, &new_lines)] {
                if let Some(number) = number {
                    prop_assert_eq!(lines[number as usize - 1], line.text.as_str());
                }
            }
            added += usize::from(line.kind == LineKind::Added);
            removed += usize::from(line.kind == LineKind::Removed);
        }
        prop_assert_eq!(old_lines.len() + added, new_lines.len() + removed);
    }
}
