use proptest::prelude::*;

use super::check_suggestion;
use crate::pull_request::LineRange;

const HEAD: &str = "fn total(order: &Order) -> u32 {\n    let mut sum = 0;\n    for item in &order.items {\n        sum += item.price;\n    }\n    sum\n}\n";

fn lines(first: u32, last: u32) -> LineRange {
    LineRange { first, last }
}

fn taken(first: u32, last: u32, replacement: &str) -> String {
    check_suggestion(lines(first, last), replacement, HEAD).unwrap().replacement
}

fn refused(first: u32, last: u32, replacement: &str) -> String {
    check_suggestion(lines(first, last), replacement, HEAD).unwrap_err()
}

#[test]
fn a_replacement_is_taken_as_it_is() {
    assert_eq!(taken(4, 4, "        sum += item.price * item.count;"), "        sum += item.price * item.count;");
    assert_eq!(taken(2, 2, "    let mut sum = 0u64;\n    // wide\n"), "    let mut sum = 0u64;\n    // wide");
    assert_eq!(taken(1, 1, "fn total(order: &Order) -> u64 {"), "fn total(order: &Order) -> u64 {");
}

#[test]
fn a_fence_around_it_and_other_line_endings_are_taken_off() {
    let wanted = "        sum += item.price * item.count;";
    assert_eq!(taken(4, 4, &format!("```rust\n{wanted}\n```")), wanted);
    assert_eq!(taken(4, 4, &format!("```suggestion\r\n{wanted}\r\n```\r\n")), wanted);
    let crlf = HEAD.replace('\n', "\r\n");
    assert_eq!(check_suggestion(lines(4, 4), wanted, &crlf).unwrap().replacement, wanted);
}

#[test]
fn a_lost_indentation_is_given_back_where_it_is_certain() {
    assert_eq!(taken(4, 4, "sum += item.price * item.count;"), "        sum += item.price * item.count;");
    // All lines lost it: the closing brace tells.
    assert_eq!(
        taken(3, 5, "for item in order.sold() {\n    sum += item.price;\n}"),
        "    for item in order.sold() {\n        sum += item.price;\n    }"
    );
    // Only the first line lost it: the others stand where they stood.
    assert_eq!(
        taken(3, 5, "for item in order.sold() {\n        sum += item.price;\n    }"),
        "    for item in order.sold() {\n        sum += item.price;\n    }"
    );
}

#[test]
fn an_uncertain_indentation_is_refused() {
    assert!(refused(3, 5, "for item in a {\n    take(item);\n}").contains("indentation"));
    assert!(refused(4, 4, "\tsum += 1;").contains("other characters"));
    assert!(refused(4, 4, "    sum += 1;").contains("indentation"));
    // The first of the replaced lines is the deeper one.
    assert!(refused(4, 5, "}").contains("indentation"));
}

#[test]
fn what_would_not_apply_or_act_is_refused() {
    let table: [(u32, u32, &str, &str); 14] = [
        (4, 4, "        sum += item.price;", "changes nothing"),
        (4, 4, "        sum += item.price;   \n", "changes nothing"),
        (4, 4, "sum += item.price;", "changes nothing"),
        (4, 4, "", "empty"),
        (4, 4, " \n\n", "empty"),
        (7, 9, "}", "not in the file"),
        (0, 2, "x", "not in the file"),
        (4, 4, "        a\n```\nb", "fence"),
        (4, 4, "        // @<4C7A2F10-AAAA-BBBB-CCCC-000000000000>", "mention"),
        (4, 4, "        // <!-- coderabbit-agent:body -->", "marker"),
        (4, 4, "        // <!-- walkthrough_start -->", "marker"),
        (4, 4, "        // @CodeRabbitAI resolve", "command to a bot"),
        (4, 4, "        a\rb", "line endings"),
        (4, 4, "        a\u{202e}b", "invisible"),
    ];
    for (first, last, replacement, reason) in table {
        let said = refused(first, last, replacement);
        assert!(said.contains(reason), "{replacement:?}: {said}");
    }
}

#[test]
fn ten_lines_more_are_a_suggestion_and_eleven_a_rewrite() {
    let new = |count: usize| vec!["        step();"; count].join("\n");
    assert_eq!(taken(4, 4, &new(11)).lines().count(), 11);
    assert!(refused(4, 4, &new(12)).contains("12 lines for 1"));
}

#[test]
fn a_range_of_mixed_line_endings_is_refused() {
    let said = check_suggestion(lines(1, 2), "c", "a\r\nb\nc\n").unwrap_err();
    assert!(said.contains("line endings"), "{said}");
}

#[test]
fn a_carriage_return_inside_a_line_is_no_indentation() {
    let said = check_suggestion(lines(2, 2), "}}", "\n\r}").unwrap_err();
    assert!(said.contains("carriage return"), "{said}");
}

#[test]
fn the_last_line_needs_no_line_ending() {
    assert_eq!(check_suggestion(lines(2, 2), "c", "a\nb").unwrap().replacement, "c");
    assert!(check_suggestion(lines(1, 1), "c", "").is_err());
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_and_what_it_takes_changes_the_file(
        head in "([ \t]{0,4}[ab}]{0,2}\r?\n?){0,8}",
        replacement in "(`{3})?([ \t\u{2003}]{0,4}[ab}]{0,2}\r?\n?){0,8}",
        first in 0u32..9,
        length in 0u32..4,
    ) {
        let range = lines(first, first + length);
        if let Ok(suggestion) = check_suggestion(range, &replacement, &head) {
            prop_assert!(!suggestion.replacement.contains("```"));
            prop_assert!(!suggestion.replacement.contains('\r'));
            let old: Vec<&str> = head.lines().skip(first as usize - 1).take(length as usize + 1).collect();
            let old = old.join("\n");
            prop_assert_ne!(old.trim_end(), suggestion.replacement.trim_end());
            // Taking it a second time changes nothing any more.
            let mut lines: Vec<&str> = head.lines().collect();
            lines.splice(first as usize - 1..(first + length) as usize, suggestion.replacement.split('\n'));
            let applied = lines.join("\n");
            let again = super::LineRange { first, last: first + u32::try_from(suggestion.replacement.split('\n').count()).unwrap() - 1 };
            prop_assert!(check_suggestion(again, &suggestion.replacement, &applied).is_err());
        }
    }

    #[test]
    fn any_range_is_answered(first: u32, last: u32) {
        let fits = first >= 1 && first <= last && last <= 2;
        prop_assert_eq!(check_suggestion(lines(first, last), "x", "a\nb\n").is_ok(), fits);
    }
}
