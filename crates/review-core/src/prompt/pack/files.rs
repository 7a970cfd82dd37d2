//! A file of the pack, row by row.

use std::{
    borrow::Cow,
    fmt::{self, Write as _},
};

use super::PackFile;
use crate::{
    diff::{FileChange, FreshLines, Hunk, HunkLine, LineKind, text_lines},
    prompt::visible,
    pull_request::LineRange,
};

/// Longer lines are cut in the pack.
pub const MAX_SHOWN_LINE_CHARS: usize = 400;

/// Most lines that a hunk is widened by on either side.
const MAX_WIDENING: u64 = 60;

/// The body of the file's section; None when no changed line of it is to be reviewed.
///
/// Hunks whose changed lines were all reviewed before are left out, unless they lie among the lines that are shown.
pub(super) fn render(file: &PackFile) -> Option<String> {
    let hunks = file.diff.hunks();
    let is_telling = |hunk: &&Hunk| hunk.lines.iter().any(|line| counts(file.fresh.as_ref(), line));
    let telling: Vec<&Hunk> = hunks.iter().filter(is_telling).collect();
    if telling.is_empty() {
        return None;
    }
    let head: Option<Vec<&str>> = file.head_text.as_deref().map(|text| text_lines(text).collect());
    let mut spans: Vec<Span> = match &head {
        Some(head) => telling.iter().flat_map(|hunk| widened(hunk, &file.enclosing, head.len() as u64)).collect(),
        None => telling.iter().map(|hunk| Span::of(hunk)).collect(),
    };
    // A hunk that lies half in a span is shown whole, or its lines could not be told from context.
    let overlapping = |hunk: &&Hunk| spans.iter().any(|span| span.meets(Span::of(hunk)));
    let drawn_in: Vec<Span> = hunks.iter().filter(overlapping).map(Span::of).collect();
    spans.extend(drawn_in);
    let spans = merged(spans);

    let mut rows = Rows::of(file);
    let mut shown_hunks = 0;
    for (index, span) in spans.iter().enumerate() {
        if index > 0 {
            rows.gap();
        }
        let inside: Vec<&Hunk> = hunks.iter().filter(|hunk| span.covers(Span::of(hunk))).collect();
        shown_hunks += inside.len();
        rows.span(*span, &inside, head.as_deref().unwrap_or_default(), file.fresh.as_ref());
    }
    let hidden = hunks.len().saturating_sub(shown_hunks);
    if hidden > 0 {
        rows.hidden(hidden);
    }
    Some(rows.text)
}

/// A line of code as the pack prints it: cut when it is too long, invisible characters spelled out.
pub(crate) fn shown_line(text: &str) -> Cow<'_, str> {
    // Bytes are at least characters, so a short line is not counted.
    let end = (text.len() > MAX_SHOWN_LINE_CHARS).then(|| text.char_indices().nth(MAX_SHOWN_LINE_CHARS)).flatten();
    let Some((kept, rest)) = end.and_then(|(end, _)| text.split_at_checked(end)) else {
        return visible(text);
    };
    Cow::Owned(format!("{}…[+{} characters]", visible(kept), rest.chars().count()))
}

fn counts(fresh: Option<&FreshLines>, line: &HunkLine) -> bool {
    line.kind != LineKind::Context && fresh.is_none_or(|fresh| fresh.contains(line))
}

/// Lines `start..end` of the head version. An empty one stands for the place before line `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: u64,
    end: u64,
}

impl Span {
    fn of(hunk: &Hunk) -> Self {
        // Of an empty side, a header names the line before it.
        let start = u64::from(hunk.new_start) + u64::from(hunk.new_len == 0);
        Self { start, end: start + u64::from(hunk.new_len) }
    }

    fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Whether the two share a line, or one is a place within the other.
    fn meets(self, other: Self) -> bool {
        self.covers(other) || other.covers(self) || (self.start < other.end && other.start < self.end)
    }
}

/// The hunk with the functions around its changed lines, as far as they are near; the first line of each function even
/// when it is not.
fn widened(hunk: &Hunk, enclosing: &[LineRange], head_len: u64) -> Vec<Span> {
    let own = Span::of(hunk);
    let mut wide = own;
    let mut spans = Vec::new();
    for function in enclosing.iter().filter(|function| touches(hunk, **function)) {
        let (first, end) = (u64::from(function.first), u64::from(function.last) + 1);
        wide.start = wide.start.min(first.max(own.start.saturating_sub(MAX_WIDENING)).max(1));
        wide.end = wide.end.max(end.min(own.end.saturating_add(MAX_WIDENING)).min(head_len + 1));
        if first < wide.start && first > 0 {
            spans.push(Span { start: first, end: first + 1 });
        }
    }
    spans.push(wide);
    spans
}

/// Whether a changed line of the hunk lies in the function; a removed line lies where the next line of the head stands.
fn touches(hunk: &Hunk, function: LineRange) -> bool {
    let mut next = hunk.new_start.saturating_add(u32::from(hunk.new_len == 0));
    hunk.lines.iter().any(|line| {
        let place = line.new_line.unwrap_or(next);
        next = line.new_line.map_or(next, |number| number.saturating_add(1));
        line.kind != LineKind::Context && function.contains(place)
    })
}

fn merged(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

struct Rows {
    text: String,
}

impl Rows {
    fn of(file: &PackFile) -> Self {
        let mut rows = Self { text: String::new() };
        let old = file.diff.old_path.as_deref().map(path_line).unwrap_or_default();
        let change: Cow<'_, str> = match file.diff.change {
            FileChange::Added => "added".into(),
            FileChange::Deleted => "deleted".into(),
            FileChange::Modified => "modified".into(),
            FileChange::Renamed => format!("renamed from {old}").into(),
            FileChange::Copied => format!("copied from {old}").into(),
            FileChange::TypeChanged => "became a regular file".into(),
        };
        rows.write(format_args!("path: {}\nchange: {change}\n\n", path_line(&file.diff.path)));
        rows
    }

    fn span(&mut self, span: Span, hunks: &[&Hunk], head: &[&str], fresh: Option<&FreshLines>) {
        let mut next = span.start;
        for hunk in hunks {
            let own = Span::of(hunk);
            self.context(next, own.start, head);
            // Where the head version's lines lead up to the hunk, its section is among them.
            if next == own.start && !hunk.section.trim().is_empty() {
                self.write(format_args!("@@ {}\n", shown_line(hunk.section.trim())));
            }
            for line in &hunk.lines {
                self.hunk_line(line, fresh);
            }
            next = own.end;
        }
        self.context(next, span.end, head);
    }

    fn context(&mut self, start: u64, end: u64, head: &[&str]) {
        for number in start.max(1)..end {
            let Some(text) = usize::try_from(number - 1).ok().and_then(|index| head.get(index)) else {
                return;
            };
            self.row(' ', format_args!("{number}"), ' ', text);
        }
    }

    fn hunk_line(&mut self, line: &HunkLine, fresh: Option<&FreshLines>) {
        let mark = if fresh.is_some_and(|fresh| fresh.contains(line)) { '>' } else { ' ' };
        let head_number = line.new_line.unwrap_or_default();
        match line.kind {
            LineKind::Context => self.row(' ', format_args!("{head_number}"), ' ', &line.text),
            LineKind::Added => self.row(mark, format_args!("{head_number}"), '+', &line.text),
            LineKind::Removed => self.row(mark, format_args!("b{}", line.old_line.unwrap_or_default()), '-', &line.text),
        }
    }

    fn row(&mut self, mark: char, number: fmt::Arguments<'_>, sign: char, text: &str) {
        let number = number.to_string();
        let text = shown_line(text);
        let row_start = self.text.len();
        self.write(format_args!("{mark}{number:>5} {sign} {text}"));
        if text.is_empty() {
            self.text.truncate(row_start + self.text.get(row_start..).unwrap_or_default().trim_end().len());
        }
        self.text.push('\n');
    }

    fn gap(&mut self) {
        self.text.push_str("      …\n");
    }

    fn hidden(&mut self, hunks: usize) {
        let places = if hunks == 1 { "place" } else { "places" };
        self.write(format_args!("      … and {hunks} more {places} of this file, reviewed before\n"));
    }

    fn write(&mut self, arguments: fmt::Arguments<'_>) {
        self.text.write_fmt(arguments).expect("a String takes every write");
    }
}

/// A path on one line, as answers must give it back.
fn path_line(path: &str) -> String {
    visible(path).replace('\n', "\\n")
}
