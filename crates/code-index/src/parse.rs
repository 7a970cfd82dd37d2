//! From text to tree, with bounds on the work that depend on the text alone and not on the clock.

use std::{cell::Cell, ops::ControlFlow};

use tree_sitter::{ParseOptions, ParseState, Parser, Tree};

use crate::{Language, NotIndexed};

/// How much of the text the lexer gets at once. Reading a piece again counts as work, so a small piece counts finely.
const PIECE: usize = 512;
/// Bytes that the lexer may read, per byte of the text. Source code needs up to two; unclosed strings and comments make the
/// lexer look at the rest of the file again and again.
const READS_PER_BYTE: usize = 16;
/// Bytes that it may read of any text.
const FREE_READS: usize = 1 << 20;
/// The parser reports its progress every hundred steps. Source code has one report for 80 bytes or more.
const BYTES_PER_REPORT: usize = 40;
/// The same for a text with errors: there a step can cost a thousand times as much.
const BYTES_PER_REPORT_AFTER_ERROR: usize = 100;
/// Reports that even a short text may have.
const FREE_REPORTS: usize = 2000;
/// Columns in which a block of YAML may begin. The grammar's scanner keeps two levels for each of them at most, and writes
/// past the end of its buffer at 254 levels.
const YAML_COLUMNS: usize = 120;

/// Parses the text, unless it needs more work than any program does. `stop` is asked now and then.
pub(crate) fn parse(language: Language, text: &str, stop: &dyn Fn() -> bool) -> Result<Tree, NotIndexed> {
    let bytes = text.as_bytes();
    if language == Language::Yaml && nests_too_deeply(bytes) {
        return Err(NotIndexed::TooMuchWork);
    }
    let reads = Cell::new(bytes.len().saturating_mul(READS_PER_BYTE).saturating_add(FREE_READS));
    let is_exhausted = Cell::new(false);
    let is_stopped = Cell::new(false);

    let mut parser = Parser::new();
    // Fails for a grammar of another version only, which a test would have shown.
    parser.set_language(&language.grammar()).map_err(|_| NotIndexed::UnknownLanguage)?;
    let mut read = |offset: usize, _| {
        let end = bytes.len().min(offset.saturating_add(PIECE));
        let piece = bytes.get(offset..end).unwrap_or_default();
        let rest = reads.get().checked_sub(piece.len());
        is_exhausted.set(is_exhausted.get() || rest.is_none());
        reads.set(rest.unwrap_or(0));
        // Nothing to read is the end of the text, at which the parser comes to its end too.
        if rest.is_some() { piece } else { &[] }
    };
    let (mut reports, mut has_error) = (0, false);
    let mut progress = |state: &ParseState| {
        reports += 1;
        has_error |= state.has_error();
        let bytes_per_report = if has_error { BYTES_PER_REPORT_AFTER_ERROR } else { BYTES_PER_REPORT };
        is_stopped.set(is_stopped.get() || stop());
        if is_stopped.get() || is_exhausted.get() || reports > bytes.len() / bytes_per_report + FREE_REPORTS {
            is_exhausted.set(true);
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let tree = parser.parse_with_options(&mut read, None, Some(options));
    if is_stopped.get() {
        return Err(NotIndexed::Stopped);
    }
    // A tree of a text that was cut short is not the tree of the text.
    tree.filter(|_| !is_exhausted.get()).ok_or(NotIndexed::TooMuchWork)
}

/// Whether a block of YAML could begin beyond [`YAML_COLUMNS`]: a mark of one stands there, or a line begins there.
fn nests_too_deeply(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').any(|line| {
        let Some(beyond) = line.get(YAML_COLUMNS..) else { return false };
        let is_blank = |byte: &u8| byte.is_ascii_whitespace();
        let begins_beyond = line.iter().take(YAML_COLUMNS).all(is_blank);
        let marks = |pair: &[u8]| match pair {
            [mark, next] => matches!(mark, b'-' | b'?' | b':' | b'|' | b'>') && (is_blank(next) || next.is_ascii_digit()),
            _ => false,
        };
        let ends_in_mark = beyond.last().is_some_and(|last| matches!(last, b'-' | b'?' | b':' | b'|' | b'>' | b'+'));
        begins_beyond || ends_in_mark || beyond.windows(2).any(marks)
    })
}
