//! The generated part of a pull request's description, and the author's text around it, which is never lost or cut.

use crate::predecessor;

/// Azure DevOps refuses longer descriptions (UTF-16 units).
pub const MAX_DESCRIPTION_UTF16: usize = 4_000;

/// Written by an author where the summary shall go, unless the configuration names another text.
pub const PLACEHOLDER: &str = "@coderabbitai summary";

/// Between the author's text and a summary at its end.
const GAP: &str = "\n\n";

const BEGIN: &str = "<!-- coderabbit-agent:summary -->";
const END: &str = "<!-- coderabbit-agent:end of summary -->";

/// A summary cut to less than this says nothing; then the description is left as it is.
const LEAST_SUMMARY_UTF16: usize = 80;

/// Where a summary goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The text that an author writes for it.
    pub placeholder: &'a str,
    /// Whether it goes to the end where nobody wrote that text.
    pub at_end: bool,
}

impl Default for Place<'_> {
    fn default() -> Self {
        Self { placeholder: PLACEHOLDER, at_end: false }
    }
}

/// Whether a summary is wanted: by the placeholder, because one of ours stands already, or at the end of every description.
pub fn wants_summary(description: &str, place: Place<'_>) -> bool {
    slot(description, place).is_some()
}

/// Whether a summary of ours stands.
pub fn stands(description: &str) -> bool {
    description.contains(BEGIN) && block(description).is_some()
}

/// The description with `summary` between our markers: in place of the block that stands or of the placeholder, or else at the
/// end if `place` says so. The summary is shortened, never the author's text, to stay within the limit. None: nothing to change, or no room.
///
/// `summary` is markdown that was made harmless already; only what would end the block is broken here.
pub fn with_summary(description: &str, summary: &str, place: Place<'_>) -> Option<String> {
    let Slot { before, gap, after } = slot(description, place)?;
    let frame = utf16(before) + utf16(gap) + utf16(BEGIN) + utf16(END) + utf16(after) + 2;
    let room = MAX_DESCRIPTION_UTF16.checked_sub(frame)?;
    let summary = summary.replace("<!--", "<! --").replace(place.placeholder, "summary");
    let summary = shortened(summary.trim(), room)?;
    let written = format!("{before}{gap}{BEGIN}\n{summary}\n{END}{after}");
    (written != description).then_some(written)
}

/// The author's text alone, as the models shall read it.
pub fn without_summary(description: &str) -> String {
    block(description).map_or_else(|| description.to_owned(), |Slot { before, after, .. }| format!("{before}{after}"))
}

/// The author's text on either side of where the summary goes.
struct Slot<'a> {
    before: &'a str,
    /// What we put between them.
    gap: &'static str,
    after: &'a str,
}

/// The block that stands goes before a placeholder: there is one summary.
fn slot<'a>(description: &'a str, place: Place<'_>) -> Option<Slot<'a>> {
    let gap = if description.trim().is_empty() { "" } else { GAP };
    let end = Slot { before: description.trim_end(), gap, after: "" };
    block(description).or_else(|| at_placeholder(description, place.placeholder)).or_else(|| Some(end).filter(|_| place.at_end))
}

/// What the commercial product wrote before us is replaced. A block of which an author removed one end is none: nobody can tell what of the text is ours.
fn block(description: &str) -> Option<Slot<'_>> {
    // The two ends that have none between them: an author may have left one of another block.
    let ours = || {
        description.match_indices(END).find_map(|(end, _)| {
            let begin = description.get(..end)?.rfind(BEGIN)?;
            Some((description.get(..begin)?, description.get(end + END.len()..)?))
        })
    };
    let (before, after) = ours().or_else(|| predecessor::around_summary(description))?;
    Some(Slot { before, gap: "", after })
}

fn at_placeholder<'a>(description: &'a str, placeholder: &str) -> Option<Slot<'a>> {
    let placeholder = placeholder.trim();
    if placeholder.is_empty() {
        return None;
    }
    // ASCII case folding keeps every byte in its place.
    let at = description.to_ascii_lowercase().find(&placeholder.to_ascii_lowercase())?;
    Some(Slot { before: description.get(..at)?, gap: "", after: description.get(at + placeholder.len()..)? })
}

/// Whole lines where possible; None when too little would be left.
fn shortened(summary: &str, room: usize) -> Option<String> {
    if summary.is_empty() {
        return None;
    }
    if utf16(summary) <= room {
        return Some(summary.to_owned());
    }
    if room < LEAST_SUMMARY_UTF16 {
        return None;
    }
    let mut kept = String::new();
    let mut length = 1;
    for character in summary.chars() {
        length += character.len_utf16();
        if length > room {
            break;
        }
        kept.push(character);
    }
    let whole_lines = kept.rfind('\n').filter(|end| *end > kept.len() / 2).and_then(|end| kept.get(..end));
    Some(format!("{}…", whole_lines.unwrap_or(&kept).trim_end()))
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{BEGIN, END, MAX_DESCRIPTION_UTF16, PLACEHOLDER, Place, utf16, wants_summary, with_summary, without_summary};

    fn wants(description: &str) -> bool {
        wants_summary(description, Place::default())
    }

    fn summed(description: &str, summary: &str) -> Option<String> {
        with_summary(description, summary, Place::default())
    }

    #[test]
    fn a_summary_goes_to_the_end_where_that_is_wanted_and_to_the_teams_own_placeholder() {
        let end = Place { at_end: true, ..Place::default() };
        let first = with_summary(
            "Adds totals.
",
            "- new",
            end,
        )
        .unwrap();
        assert_eq!(
            first,
            format!(
                "Adds totals.

{BEGIN}
- new
{END}"
            )
        );
        assert_eq!(with_summary(&first, "- newer", end).unwrap(), first.replace("- new", "- newer"), "there is one");
        assert_eq!(
            with_summary("", "- new", end).unwrap(),
            format!(
                "{BEGIN}
- new
{END}"
            )
        );
        assert_eq!(with_summary(&"x".repeat(3_990), "- new", end), None, "the author's text has no room for it");
        let own = Place { placeholder: "%summary%", at_end: false };
        assert!(wants_summary("a %Summary% b", own) && !wants_summary("a @coderabbitai summary b", own));
        assert!(!wants_summary("anything", Place { placeholder: " ", at_end: false }), "an empty one stands nowhere");
    }

    #[test]
    fn the_placeholder_becomes_the_summary_and_the_next_run_replaces_it() {
        let author = "Adds totals.\r\n\r\n@CodeRabbitAI Summary\r\n\r\nCloses the quarter.";
        assert!(wants(author));
        let first = summed(author, "- Adds a total.\n").unwrap();
        assert_eq!(
            first,
            "Adds totals.\r\n\r\n<!-- coderabbit-agent:summary -->\n- Adds a total.\n\
             <!-- coderabbit-agent:end of summary -->\r\n\r\nCloses the quarter."
        );
        assert!(wants(&first));
        let second = summed(&first, "- Adds a total and a discount.").unwrap();
        assert_eq!(second, first.replace("a total.", "a total and a discount."));
        assert_eq!(without_summary(&second), "Adds totals.\r\n\r\n\r\n\r\nCloses the quarter.");
    }

    #[test]
    fn nothing_is_written_where_nobody_asked_or_nothing_changes() {
        assert!(!wants("Adds totals. @coderabbitai review"));
        assert_eq!(summed("Adds totals.", "summary"), None);
        assert_eq!(summed("", "summary"), None);
        assert_eq!(summed(PLACEHOLDER, "  \n"), None);
        let stands = summed(PLACEHOLDER, "The same.").unwrap();
        assert_eq!(summed(&stands, "The same."), None);
    }

    #[test]
    fn what_the_commercial_product_wrote_is_replaced() {
        let author = "Adds totals.\n\n<!-- This is an auto-generated comment: release notes by coderabbit.ai -->\n## Summary\n- old\n\
                      <!-- end of auto-generated comment: release notes by coderabbit.ai -->\n\nCloses the quarter.";
        assert!(wants(author));
        assert_eq!(without_summary(author), "Adds totals.\n\n\n\nCloses the quarter.");
        let written = summed(author, "- new").unwrap();
        assert_eq!(written, format!("Adds totals.\n\n{BEGIN}\n- new\n{END}\n\nCloses the quarter."));
    }

    #[test]
    fn half_a_block_is_the_authors_text() {
        for damaged in [format!("a {BEGIN} b"), format!("a {END} b"), format!("{END} a {BEGIN}")] {
            assert!(!wants(&damaged));
            assert_eq!(summed(&damaged, "summary"), None);
            assert_eq!(without_summary(&damaged), damaged);
        }
    }

    #[test]
    fn what_is_left_of_another_block_takes_no_text_of_the_author_along() {
        let end = Place { at_end: true, ..Place::default() };
        for damaged in
            [format!("a {BEGIN} b"), format!("a {END} b"), format!("{END} a {BEGIN}"), format!("{BEGIN} a {BEGIN} {END}")]
        {
            let first = with_summary(&damaged, "- new", end).unwrap();
            let second = with_summary(&first, "- newer", end).unwrap();
            assert_eq!(second, first.replace("- new", "- newer"), "{damaged}");
            assert_eq!(without_summary(&first), without_summary(&second), "{damaged}");
            assert!(first.contains('a'), "{first}");
        }
    }

    #[test]
    fn a_long_summary_is_cut_at_a_line_and_a_long_description_is_left_alone() {
        let author = format!("{}{PLACEHOLDER}", "é".repeat(3_000));
        let summary = "- One more line of the summary.\n".repeat(100);
        let written = summed(&author, &summary).unwrap();
        assert!(utf16(&written) <= MAX_DESCRIPTION_UTF16);
        assert!(written.contains("- One more line of the summary.…\n<!--"), "{written}");

        let full = format!("{}{PLACEHOLDER}", "é".repeat(3_900));
        assert_eq!(summed(&full, &summary), None);
        let over = format!("{}{PLACEHOLDER}", "é".repeat(5_000));
        assert_eq!(summed(&over, "x"), None);
    }

    #[test]
    fn a_summary_cannot_end_the_block_or_ask_for_another() {
        let summary = format!("before {END} after {BEGIN} {PLACEHOLDER}");
        let written = summed("@coderabbitai summary", &summary).unwrap();
        assert_eq!(without_summary(&written), "");
        assert_eq!(written.matches(END).count(), 1);
        assert!(!written.contains(PLACEHOLDER));
    }

    proptest! {
        #[test]
        fn the_authors_text_is_never_lost(before in "[^<@]{0,80}|.{0,60}", after in "[^<@]{0,80}", summary in "(.|\n){0,300}", length in 0usize..4_500) {
            let before = format!("{before}{}", "😀".repeat(length / 2));
            let author = format!("{before}{PLACEHOLDER}{after}");
            if let Some(written) = summed(&author, &summary) {
                prop_assert!(utf16(&written) <= MAX_DESCRIPTION_UTF16);
                prop_assert_eq!(without_summary(&written), format!("{before}{after}"));
                if let Some(again) = summed(&written, "another") {
                    prop_assert_eq!(without_summary(&again), format!("{before}{after}"));
                }
            }
        }
    }
}
