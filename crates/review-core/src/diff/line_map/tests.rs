use proptest::prelude::*;

use super::*;

fn range(first: u32, last: u32) -> LineRange {
    LineRange { first, last }
}

const OLD: &str = "a\nb\nc\nd\ne\n";

#[test]
fn ranges_are_followed_through_edits() {
    let kept = |first, last| Mapped::Kept(range(first, last));
    let changed = |first, last| Mapped::Changed(range(first, last));
    let cases = [
        ("nothing changed", "a\nb\nc\nd\ne\n", range(2, 3), kept(2, 3)),
        ("lines came above", "x\ny\na\nb\nc\nd\ne\n", range(2, 3), kept(4, 5)),
        ("line endings changed", "a\r\nb\r\nc\r\nd\r\ne\r\n", range(2, 3), kept(2, 3)),
        ("lines went above", "b\nc\nd\ne\n", range(2, 3), kept(1, 2)),
        ("one line changed", "a\nb\nX\nd\ne\n", range(2, 3), changed(2, 3)),
        ("the only line changed", "a\nb\nX\nY\nd\ne\n", range(3, 3), changed(3, 4)),
        ("a line came between", "a\nb\nX\nc\nd\ne\n", range(2, 3), changed(2, 4)),
        ("a line went", "a\nc\nd\ne\n", range(1, 2), changed(1, 1)),
        ("all lines went", "a\nd\ne\n", range(2, 3), Mapped::Gone),
        ("the first line went", "b\nc\nd\ne\n", range(1, 1), Mapped::Gone),
        ("the first line changed", "X\nb\nc\nd\ne\n", range(1, 1), changed(1, 1)),
        ("the last line went", "a\nb\nc\nd\n", range(5, 5), Mapped::Gone),
        ("the last line changed", "a\nb\nc\nd\nX\n", range(5, 5), changed(5, 5)),
        ("the range ends past the text", OLD, range(4, 9), changed(4, 5)),
        ("the range begins past the text", OLD, range(6, 9), Mapped::Gone),
        ("the range is upside down", OLD, range(4, 2), Mapped::Gone),
        ("the range begins at no line", OLD, range(0, 1), kept(1, 1)),
        ("the file was emptied", "", range(1, 5), Mapped::Gone),
    ];
    for (what, new, old_range, expected) in cases {
        assert_eq!(LineMap::between(OLD, new).range(old_range), expected, "{what}");
    }
}

#[test]
fn lines_are_untouched_when_nothing_near_them_changed() {
    let cases = [
        ("nothing changed", OLD, 1, true),
        ("lines came above", "x\ny\na\nb\nc\nd\ne\n", 1, true),
        ("lines came right above", "a\nX\nb\nc\nd\ne\n", 0, true),
        ("lines came right above, which is near", "a\nX\nb\nc\nd\ne\n", 1, false),
        ("lines went right below", "a\nb\nc\ne\n", 1, false),
        ("a line came between", "a\nb\nX\nc\nd\ne\n", 0, false),
        ("the last line is as near as the margin", "a\nb\nc\nd\nX\n", 2, false),
        ("the last line is farther than the margin", "a\nb\nc\nd\nX\n", 1, true),
        ("the margin is wider than the text", OLD, u32::MAX, true),
        ("the file was emptied", "", 0, false),
    ];
    for (what, new, margin, expected) in cases {
        assert_eq!(LineMap::between(OLD, new).is_untouched(range(2, 3), margin), expected, "{what}");
    }
    let map = LineMap::between(OLD, OLD);
    assert!(map.is_untouched(range(0, 1), 1) && !map.is_untouched(range(6, 6), 1) && !map.is_untouched(range(4, 2), 1));
}

#[test]
fn the_largest_numbers_are_past_the_end() {
    let map = LineMap::between(OLD, OLD);
    assert_eq!(map.range(range(u32::MAX, u32::MAX)), Mapped::Gone);
    assert_eq!((map.line(0), map.line(5), map.line(6), map.line(u32::MAX)), (None, Some(5), None, None));
}

proptest! {
    #[test]
    fn mapped_lines_are_equal_and_ranges_lie_inside_the_new_text(
        old in prop::collection::vec("[abc]", 0..20),
        new in prop::collection::vec("[abc]", 0..20),
        first in 0_u32..25,
        len in 0_u32..10,
    ) {
        let map = LineMap::between(&old.join("\n"), &new.join("\n"));
        for (index, text) in old.iter().enumerate() {
            if let Some(place) = map.line(u32::try_from(index).unwrap() + 1) {
                prop_assert_eq!(&new[place as usize - 1], text);
            }
        }
        match map.range(LineRange { first, last: first + len }) {
            Mapped::Kept(range) => prop_assert_eq!(range.len(), LineRange::new(first, first + len).len()),
            Mapped::Changed(range) => prop_assert!(range.first >= 1 && range.last as usize <= new.len()),
            Mapped::Gone => {}
        }
    }
}
