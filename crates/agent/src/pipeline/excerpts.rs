//! Numbered pieces of code for a verifier: around a claim in both versions, and around its evidence.

use review_core::{
    diff::FileDiff,
    finding::Cluster,
    pull_request::{LineRange, Side},
};

use super::{analysis::find_file, evidence::Evidence};

/// Lines of code around a claim that its verifier sees, in the version that the claim is about.
const MARGIN: u32 = 40;
/// The same in the other version: enough to see whether it was so before.
const OTHER_MARGIN: u32 = 20;
const EVIDENCE_MARGIN: u32 = 10;
const MAX_EVIDENCE: usize = 4;
/// Characters of a line that are shown.
const MAX_LINE_CHARS: usize = 400;

/// Label and numbered code of each place.
pub(super) fn excerpts(evidence: &Evidence, cluster: &Cluster) -> Vec<(String, String)> {
    let finding = &cluster.lead;
    let mut excerpts = Vec::new();
    if let Some(file) = evidence.files.get(&finding.path) {
        let other_place = across(&file.diff, finding.side, finding.lines);
        let (head, base) = (Some(file.head_text.as_str()), file.base_text.as_deref());
        let versions = match finding.side {
            Side::Right => [(head, finding.lines, MARGIN, "after"), (base, other_place, OTHER_MARGIN, "before")],
            Side::Left => [(base, finding.lines, MARGIN, "before"), (head, other_place, OTHER_MARGIN, "after")],
        };
        for (text, lines, margin, when) in versions {
            if let Some(text) = text {
                excerpts.push((format!("{} ({when} the change)", finding.path), numbered(text, lines, margin)));
            }
        }
    }
    for place in finding.evidence.iter().take(MAX_EVIDENCE) {
        let Some(file) = find_file(evidence, &place.path) else { continue };
        let lines = LineRange::new(place.line, place.line);
        let is_shown = file.diff.path == finding.path && finding.side == Side::Right && lines.distance(finding.lines) <= MARGIN;
        if !is_shown {
            excerpts.push((file.diff.path.clone(), numbered(&file.head_text, lines, EVIDENCE_MARGIN)));
        }
    }
    excerpts
}

/// The lines of a range with a margin, each with its number; empty past the end of the text.
pub(super) fn numbered(text: &str, lines: LineRange, margin: u32) -> String {
    let first = lines.first.saturating_sub(margin).max(1);
    let last = lines.last.saturating_add(margin);
    let mut numbered = String::new();
    for (number, line) in
        (1u32..).zip(text.lines()).skip_while(|(number, _)| *number < first).take_while(|(number, _)| *number <= last)
    {
        let shortened: String = line.chars().take(MAX_LINE_CHARS).collect();
        numbered.push_str(&format!("{number:>6}   {shortened}\n"));
    }
    numbered
}

/// Where lines of one side stand on the other one: those of a hunk in its other side, those between hunks moved along.
fn across(diff: &FileDiff, from: Side, lines: LineRange) -> LineRange {
    LineRange::new(line_across(diff, from, lines.first), line_across(diff, from, lines.last))
}

fn line_across(diff: &FileDiff, from: Side, line: u32) -> u32 {
    let line = i64::from(line);
    let mut shift = 0;
    for hunk in diff.hunks() {
        let (old, new) = (span(hunk.old_start, hunk.old_len), span(hunk.new_start, hunk.new_len));
        let ((own, own_len), (other, other_len)) = if from == Side::Left { (old, new) } else { (new, old) };
        if line < own {
            break;
        }
        if line < own + own_len {
            return number(other + (line - own).min((other_len - 1).max(0)));
        }
        shift = (other + other_len) - (own + own_len);
    }
    number(line + shift)
}

/// First line and length; of an empty side, a header names the line before it.
fn span(start: u32, len: u32) -> (i64, i64) {
    (i64::from(start) + i64::from(len == 0), i64::from(len))
}

fn number(line: i64) -> u32 {
    u32::try_from(line.max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use review_core::{
        diff::parse_patch,
        pull_request::{LineRange, Side},
    };

    use super::{across, numbered};

    #[test]
    fn lines_are_numbered_with_their_margin_and_none_past_the_end() {
        let text = "one\r\ntwo\nthree\nfour";
        assert_eq!(numbered(text, LineRange::new(2, 2), 1), "     1   one\n     2   two\n     3   three\n");
        assert_eq!(numbered(text, LineRange::new(4, 4), 0), "     4   four\n");
        assert_eq!(numbered(text, LineRange::new(1, u32::MAX), u32::MAX).lines().count(), 4);
        assert_eq!(numbered(text, LineRange::new(5, 9), 0), "");
        assert_eq!(numbered("", LineRange::new(1, 1), 40), "");
        let long = format!("{}\n", "é".repeat(1_000));
        assert_eq!(numbered(&long, LineRange::new(1, 1), 0).chars().count(), 400 + 6 + 3 + 1);
    }

    #[test]
    fn a_place_is_found_again_in_the_other_version() {
        // Ten lines are put before line 4, and lines 20 and 21 are removed.
        let added = "+new\n".repeat(10);
        let patch = format!(
            "diff --git a/a.rs b/a.rs\nindex 1111111..2222222 100644\n--- a/a.rs\n+++ b/a.rs\n\
             @@ -3,2 +3,12 @@\n three\n{added} four\n@@ -19,4 +29,2 @@\n nineteen\n-twenty\n-more\n last\n"
        );
        let diff = parse_patch(patch.as_bytes()).unwrap().remove(0);
        // (side, first, last, first there, last there)
        let cases = [
            (Side::Right, 1, 2, 1, 2),
            (Side::Right, 3, 3, 3, 3),
            (Side::Right, 8, 9, 4, 4),
            (Side::Right, 20, 20, 10, 10),
            (Side::Right, 31, 40, 23, 32),
            (Side::Left, 2, 2, 2, 2),
            (Side::Left, 10, 12, 20, 22),
            (Side::Left, 20, 21, 30, 30),
            (Side::Left, 23, 23, 31, 31),
            (Side::Left, u32::MAX, u32::MAX, u32::MAX, u32::MAX),
        ];
        for (from, first, last, first_there, last_there) in cases {
            let there = across(&diff, from, LineRange::new(first, last));
            assert_eq!(there, LineRange::new(first_there, last_there), "{from:?} {first}-{last}");
        }
    }
}
