//! From the text of a patch to hunks with exact line numbers, and from one iteration's lines to the next one's.

mod align;
mod fresh;
mod line_map;
mod patch;

pub use fresh::{FreshLines, fresh_lines};
pub use line_map::{LineMap, Mapped};
pub use patch::{PatchError, parse_patch};
use serde::{Deserialize, Serialize};

/// How one file differs between the merge base and the head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDiff {
    /// The new path; for a deletion the old one. No leading slash, `/` between parts.
    pub path: String,
    /// Set when the file was renamed or copied.
    pub old_path: Option<String>,
    pub change: FileChange,
    pub body: DiffBody,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileChange {
    Added,
    Deleted,
    Modified,
    Renamed,
    Copied,
    /// A file became a symbolic link, a submodule, or the other way round.
    TypeChanged,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum DiffBody {
    /// Text, with at least one hunk.
    Text(Vec<Hunk>),
    /// Bytes that git does not show as text.
    Binary,
    /// Same content: a pure rename, a mode change, an empty file.
    Unchanged,
    /// A submodule pointer.
    Submodule,
    /// The target of a symbolic link.
    Symlink,
}

/// A run of changed lines with its context, as in a unified diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    pub old_start: u32,
    pub old_len: u32,
    pub new_start: u32,
    pub new_len: u32,
    /// What git prints after the second `@@`.
    pub section: String,
    pub lines: Vec<HunkLine>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineKind {
    Context,
    Added,
    Removed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HunkLine {
    pub kind: LineKind,
    /// Set for context and removed lines.
    pub old_line: Option<u32>,
    /// Set for context and added lines.
    pub new_line: Option<u32>,
    /// Without the line ending, and without the `\r` of a CRLF file.
    pub text: String,
}

impl FileDiff {
    pub fn hunks(&self) -> &[Hunk] {
        match &self.body {
            DiffBody::Text(hunks) => hunks,
            _ => &[],
        }
    }

    /// Added plus removed lines.
    pub fn changed_lines(&self) -> usize {
        self.hunks().iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind != LineKind::Context).count()
    }
}

/// The lines of a text as a diff counts them: split at `\n`, a last line without an ending included, and without the
/// `\r` of a CRLF file. An empty text has no lines.
pub fn text_lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = (!text.is_empty()).then(|| text.strip_suffix('\n').unwrap_or(text).split('\n'));
    lines.into_iter().flatten().map(|line| line.strip_suffix('\r').unwrap_or(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_text_are_those_that_git_counts() {
        let cases: [(&str, &[&str]); 8] = [
            ("", &[]),
            ("\n", &[""]),
            ("a", &["a"]),
            ("a\n", &["a"]),
            ("a\n\n", &["a", ""]),
            ("a\r\nb\r", &["a", "b"]),
            ("a\rb\n", &["a\rb"]),
            ("a\u{2028}b\u{c}c", &["a\u{2028}b\u{c}c"]),
        ];
        for (text, lines) in cases {
            assert_eq!(text_lines(text).collect::<Vec<_>>(), lines, "{text:?}");
        }
    }
}
