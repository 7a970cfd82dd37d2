//! A poem, for who likes one.

use super::layout::section;
use crate::render::model_text::neutralise_line;

const MAX_LINES: usize = 12;
const MAX_LINE_CHARS: usize = 120;

pub(super) fn section_of(poem: &str) -> Option<String> {
    let lines = poem.lines().map(|line| neutralise_line(line, MAX_LINE_CHARS)).filter(|line| !line.is_empty());
    // Two blanks end a line of a paragraph.
    let lines: Vec<String> = lines.take(MAX_LINES).map(|line| format!("> {line}  ")).collect();
    section("Poem", lines.join("\n").trim_end())
}
