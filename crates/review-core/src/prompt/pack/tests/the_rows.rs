use super::*;

#[test]
fn hunks_far_apart_are_separated_and_named_by_their_section() {
    let base = numbered(40);
    let head = base.replace("line 5\n", "five\n").replace("line 35\n", "line 35\nmore\n");
    let mut changed = file("a.rs", &base, &head);
    changed.head_text = None;
    let DiffBody::Text(hunks) = &mut changed.diff.body else { panic!("a text") };
    hunks[1].section = " impl Order ".into();
    insta::assert_snapshot!(rows(&changed), @r"
         2   line 2
         3   line 3
         4   line 4
        b5 - line 5
         5 + five
         6   line 6
         7   line 7
         8   line 8
          …
    @@ impl Order
        33   line 33
        34   line 34
        35   line 35
        36 + more
        37   line 36
        38   line 37
        39   line 38
    ");
}

#[test]
fn hunks_are_widened_to_their_function() {
    let base = numbered(40);
    let mut changed = file("a.rs", &base, &base.replace("line 20\n", "twenty\n"));
    changed.enclosing = vec![LineRange::new(14, 25), LineRange::new(30, 40)];
    let rows = rows(&changed);
    assert!(rows.starts_with("    14   line 14\n"), "{rows}");
    assert!(rows.ends_with("    25   line 25\n"), "{rows}");
    assert_eq!(rows.lines().count(), 13);
}

#[test]
fn two_hunks_of_one_function_become_one_piece() {
    let base = numbered(40);
    let mut changed = file("a.rs", &base, &base.replace("line 10\n", "ten\n").replace("line 30\n", "thirty\n"));
    changed.enclosing = vec![LineRange::new(5, 35)];
    let rows = rows(&changed);
    assert!(!rows.contains('…'), "{rows}");
    assert_eq!(rows.lines().count(), 33);
}

#[test]
fn of_a_huge_function_the_first_line_and_the_surroundings_are_shown() {
    let base = numbered(1_000);
    let mut changed = file("a.rs", &base, &base.replace("line 500\n", "half\n"));
    changed.enclosing = vec![LineRange::new(10, 990)];
    let rows = rows(&changed);
    let shown: Vec<&str> = rows.lines().collect();
    assert_eq!(&shown[..3], ["    10   line 10", "      …", "   437   line 437"]);
    assert_eq!(shown.last(), Some(&"   563   line 563"));
}

#[test]
fn a_function_is_found_by_a_removed_line_too() {
    let base = numbered(30);
    let mut changed = file("a.rs", &base, &base.replace("line 15\n", ""));
    changed.enclosing = vec![LineRange::new(11, 20)];
    let rows = rows(&changed);
    assert!(rows.starts_with("    11   line 11\n"), "{rows}");
    assert!(rows.contains("   b15 - line 15\n    15   line 16\n"), "{rows}");
}

#[test]
fn hostile_functions_and_texts_widen_nothing_beyond_the_file() {
    let mut changed = file("a.rs", "a\nb\n", "a\nc\n");
    changed.enclosing = vec![LineRange { first: 0, last: u32::MAX }, LineRange { first: 9, last: 2 }];
    assert_eq!(rows(&changed), "     1   a\n    b2 - b\n     2 + c\n");
    changed.head_text = Some(String::new());
    assert_eq!(rows(&changed), "     1   a\n    b2 - b\n     2 + c\n");
}

#[test]
fn only_the_newest_push_is_marked_and_older_hunks_are_left_out() {
    let base = numbered(60);
    let reviewed = base.replace("line 5\n", "five\n").replace("line 31\n", "thirty-one\n");
    let now = reviewed.replace("line 30\n", "thirty\n").replace("line 50\n", "");
    let mut changed = file("a.rs", &base, &now);
    changed.fresh = Some(fresh_lines(Some(&diff("a.rs", &base, &reviewed)), &changed.diff));
    insta::assert_snapshot!(rows(&changed), @r"
        27   line 27
        28   line 28
        29   line 29
    >  b30 - line 30
       b31 - line 31
    >   30 + thirty
        31 + thirty-one
        32   line 32
        33   line 33
        34   line 34
          …
        47   line 47
        48   line 48
        49   line 49
    >  b50 - line 50
        50   line 51
        51   line 52
        52   line 53
          … and 1 more place of this file, reviewed before
    ");
}

#[test]
fn an_older_hunk_inside_the_same_function_is_shown_unmarked() {
    let base = numbered(40);
    let reviewed = base.replace("line 10\n", "ten\n");
    let now = reviewed.replace("line 25\n", "twenty-five\n");
    let mut changed = file("a.rs", &base, &now);
    changed.enclosing = vec![LineRange::new(9, 30)];
    changed.fresh = Some(fresh_lines(Some(&diff("a.rs", &base, &reviewed)), &changed.diff));
    let rows = rows(&changed);
    assert!(rows.contains("\n   b10 - line 10\n    10 + ten\n"), "{rows}");
    assert!(rows.contains("\n>  b25 - line 25\n>   25 + twenty-five\n"), "{rows}");
    assert!(!rows.contains('…'), "{rows}");
}

#[test]
fn a_file_without_a_fresh_line_is_left_out() {
    let mut known = file("known.rs", "a\n", "b\n");
    known.fresh = Some(FreshLines::default());
    let pack = pack_of(&[known, file("new.rs", "a\n", "b\n")], 5_000);
    assert_eq!(pack.included, ["new.rs"]);
    assert_eq!(pack.left_out, [FileSetAside { path: "known.rs".into(), why: SetAside::Unchanged }]);
    assert!(pack.text.contains("Files of the pull request that did not change since the last review: 1\n"), "{}", pack.text);
}

#[test]
fn long_lines_are_cut_and_empty_ones_have_no_tail() {
    let long = "é".repeat(MAX_SHOWN_LINE_CHARS + 3);
    let exact = "é".repeat(MAX_SHOWN_LINE_CHARS);
    let changed = file("a.rs", "", &format!("{long}\n{exact}\n\nzero\u{200b}width\u{1b}escape\n"));
    let rows = rows(&changed);
    let shown: Vec<&str> = rows.lines().collect();
    assert_eq!(shown[0], format!("     1 + {exact}…[+3 characters]"));
    assert_eq!(shown[1], format!("     2 + {exact}"));
    assert_eq!(shown[2], "     3 +");
    assert_eq!(shown[3], "     4 + zero\\u{200b}width\\u{1b}escape");
}

#[test]
fn an_emptied_file_shows_what_went() {
    assert_eq!(rows(&file("a.rs", "one\ntwo\n", "")), "    b1 - one\n    b2 - two\n");
}

proptest! {
    #[test]
    fn every_changed_line_is_shown_once_with_its_number(
        base in prop::collection::vec("[ab]", 0..60),
        head in prop::collection::vec("[ab]", 0..60),
        functions in prop::collection::vec((0_u32..70, 0_u32..40), 0..4),
        has_head in any::<bool>(),
    ) {
        let text = |lines: &[String]| lines.iter().fold(String::new(), |text, line| text + line + "\n");
        let (base, head) = (text(&base), text(&head));
        prop_assume!(base != head);
        let mut changed = file("a.rs", &base, &head);
        changed.enclosing = functions.into_iter().map(|(first, len)| LineRange { first, last: first + len }).collect();
        if !has_head {
            changed.head_text = None;
        }
        let rows = rows(&changed);
        let mut next = 1;
        let mut shown = 0;
        for row in rows.lines().filter(|row| !row.contains('…')) {
            let (number, rest) = row.trim_start().split_once(' ').unwrap();
            shown += usize::from(!rest.starts_with(' '));
            if let Ok(number) = number.parse::<usize>() {
                prop_assert!(number >= next, "{} after {}", number, next);
                prop_assert_eq!(head.lines().nth(number - 1), rest.get(2..));
                next = number + 1;
            }
        }
        prop_assert_eq!(shown, changed.diff.changed_lines());
    }
}
