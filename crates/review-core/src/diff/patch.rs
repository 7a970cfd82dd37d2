//! The parser of `git diff` output.
//!
//! The format is that of git's `diff-format` and `diff-generate-patch` documentation. Hunks are read by the counts of their
//! headers, so no line of a file can be taken for a part of the format, whatever it holds.

use std::{
    iter::{Enumerate, Peekable},
    slice::Split,
};

use super::{DiffBody, FileChange, FileDiff, Hunk, HunkLine, LineKind};

/// A patch that is not what `git diff` writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the patch: {problem}")]
pub struct PatchError {
    pub line: usize,
    pub problem: String,
}

/// Parses the output of `git diff --no-color --no-ext-diff --no-textconv --full-index -M` (any number of files), with the
/// prefixes `a/` and `b/` and submodules in the short form.
/// Bytes that are not UTF-8 become U+FFFD in texts; quoted paths are unquoted.
///
/// Git shows a file that became a symbolic link or a submodule (or the other way round) as a deletion followed by an
/// addition; the two come back as one `TypeChanged`, with the body of the new version.
pub fn parse_patch(patch: &[u8]) -> Result<Vec<FileDiff>, PatchError> {
    let mut lines = Lines::of(patch);
    let mut files: Vec<ParsedFile> = Vec::new();
    while lines.peek().is_some() {
        let file = parse_file(&mut lines)?;
        match files.last_mut() {
            Some(last) if file.replaces(last) => {
                *last = ParsedFile { diff: FileDiff { change: FileChange::TypeChanged, ..file.diff }, kind: file.kind };
            }
            _ => files.push(file),
        }
    }
    Ok(files.into_iter().map(|file| file.diff).collect())
}

/// What an entry of a tree is, by its mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryKind {
    File,
    Symlink,
    Submodule,
}

impl EntryKind {
    fn of_mode(mode: &[u8]) -> Self {
        match mode {
            b"120000" => Self::Symlink,
            b"160000" => Self::Submodule,
            _ => Self::File,
        }
    }
}

struct ParsedFile {
    diff: FileDiff,
    kind: EntryKind,
}

impl ParsedFile {
    /// Whether `earlier` and this are the two halves of a change of type.
    fn replaces(&self, earlier: &Self) -> bool {
        earlier.diff.change == FileChange::Deleted
            && self.diff.change == FileChange::Added
            && earlier.kind != self.kind
            && earlier.diff.path == self.diff.path
    }
}

type IsLineEnd = fn(&u8) -> bool;

/// The lines of the patch without their `\n`, and the number of the last one taken.
struct Lines<'a> {
    rest: Peekable<Enumerate<Split<'a, u8, IsLineEnd>>>,
    taken: usize,
}

impl<'a> Lines<'a> {
    fn of(patch: &'a [u8]) -> Self {
        let is_line_end: IsLineEnd = |byte| *byte == b'\n';
        let mut rest = patch.strip_suffix(b"\n").unwrap_or(patch).split(is_line_end).enumerate().peekable();
        if patch.is_empty() {
            // Splitting nothing gives one empty line.
            rest.next();
        }
        Self { rest, taken: 0 }
    }

    fn peek(&mut self) -> Option<&'a [u8]> {
        self.rest.peek().map(|(_, line)| *line)
    }

    fn take(&mut self) -> Option<&'a [u8]> {
        let (index, line) = self.rest.next()?;
        self.taken = index + 1;
        Some(line)
    }

    /// A problem with the line that was taken last.
    fn error(&self, problem: impl Into<String>) -> PatchError {
        PatchError { line: self.taken, problem: problem.into() }
    }
}

/// What stands between `diff --git` and the first hunk.
#[derive(Default)]
struct Header {
    /// The part after `diff --git `, when it gives both names as the same path.
    named: Option<String>,
    /// From `---` or `rename from`; None for `/dev/null`.
    old_path: Option<String>,
    /// From `+++` or `rename to`; None for `/dev/null`.
    new_path: Option<String>,
    change: Option<FileChange>,
    old_kind: Option<EntryKind>,
    new_kind: Option<EntryKind>,
    is_binary: bool,
}

fn parse_file(lines: &mut Lines<'_>) -> Result<ParsedFile, PatchError> {
    let first = lines.take().unwrap_or_default();
    let Some(names) = first.strip_prefix(b"diff --git ") else {
        return Err(lines.error(format!("expected `diff --git`, found {:?}", excerpt(first))));
    };
    let mut header = Header { named: same_names(names), ..Header::default() };
    let started = lines.taken;
    while let Some(line) = lines.peek() {
        if line.starts_with(b"diff --git ") || line.starts_with(b"@@ ") {
            break;
        }
        lines.take();
        header.read(line, lines)?;
    }

    let mut hunks = Vec::new();
    let (mut old_end, mut new_end) = (0, 0);
    while lines.peek().is_some_and(|line| line.starts_with(b"@@ ")) {
        let hunk = parse_hunk(lines, &mut old_end, &mut new_end)?;
        hunks.push(hunk);
    }
    header.finish(hunks).map_err(|problem| PatchError { line: started, problem })
}

impl Header {
    fn read(&mut self, line: &[u8], lines: &mut Lines<'_>) -> Result<(), PatchError> {
        let broken_path = |lines: &Lines<'_>| lines.error(format!("a path that cannot be read: {:?}", excerpt(line)));
        if let Some(mode) = line.strip_prefix(b"old mode ") {
            self.old_kind = Some(EntryKind::of_mode(mode));
        } else if let Some(mode) = line.strip_prefix(b"new mode ") {
            self.new_kind = Some(EntryKind::of_mode(mode));
        } else if let Some(mode) = line.strip_prefix(b"new file mode ") {
            self.change = Some(FileChange::Added);
            self.new_kind = Some(EntryKind::of_mode(mode));
        } else if let Some(mode) = line.strip_prefix(b"deleted file mode ") {
            self.change = Some(FileChange::Deleted);
            self.old_kind = Some(EntryKind::of_mode(mode));
        } else if let Some(path) = line.strip_prefix(b"rename from ") {
            self.change = Some(FileChange::Renamed);
            self.old_path = Some(bare_path(path).ok_or_else(|| broken_path(lines))?);
        } else if let Some(path) = line.strip_prefix(b"copy from ") {
            self.change = Some(FileChange::Copied);
            self.old_path = Some(bare_path(path).ok_or_else(|| broken_path(lines))?);
        } else if let Some(path) = line.strip_prefix(b"rename to ").or_else(|| line.strip_prefix(b"copy to ")) {
            self.new_path = Some(bare_path(path).ok_or_else(|| broken_path(lines))?);
        } else if let Some(label) = line.strip_prefix(b"--- ") {
            if label != b"/dev/null" {
                self.old_path = Some(prefixed_path(label, b"a/").ok_or_else(|| broken_path(lines))?);
            }
        } else if let Some(label) = line.strip_prefix(b"+++ ") {
            if label != b"/dev/null" {
                self.new_path = Some(prefixed_path(label, b"b/").ok_or_else(|| broken_path(lines))?);
            }
        } else if let Some(index) = line.strip_prefix(b"index ") {
            // `index <old>..<new> <mode>` carries the mode only when it is the same on both sides.
            if let Some(mode) = index.split(|byte| *byte == b' ').nth(1) {
                self.old_kind = Some(EntryKind::of_mode(mode));
                self.new_kind = Some(EntryKind::of_mode(mode));
            }
        } else if line.starts_with(b"Binary files ") && line.ends_with(b" differ") {
            self.is_binary = true;
        } else if line == b"GIT binary patch" {
            self.is_binary = true;
            // The payload is base 85, which has no space, so none of its lines can be the next file's beginning.
            while lines.peek().is_some_and(|line| !line.starts_with(b"diff --git ")) {
                lines.take();
            }
        } else if !(line.starts_with(b"similarity index ") || line.starts_with(b"dissimilarity index ")) {
            return Err(lines.error(format!("expected a file header or a hunk, found {:?}", excerpt(line))));
        }
        Ok(())
    }

    fn finish(self, hunks: Vec<Hunk>) -> Result<ParsedFile, String> {
        let mut change = self.change.unwrap_or(FileChange::Modified);
        let kind = self.new_kind.or(self.old_kind).unwrap_or(EntryKind::File);
        if change == FileChange::Modified && self.old_kind.is_some_and(|old| old != kind) {
            change = FileChange::TypeChanged;
        }
        let moved = matches!(change, FileChange::Renamed | FileChange::Copied);
        let path = match change {
            FileChange::Deleted => self.old_path.clone(),
            _ => self.new_path,
        };
        let path = path.or(self.named).filter(|path| !path.is_empty()).ok_or("the header names no path")?;
        let old_path = if moved { Some(self.old_path.ok_or("the header names no path to rename or copy from")?) } else { None };
        let body = match kind {
            EntryKind::Symlink => DiffBody::Symlink,
            EntryKind::Submodule => DiffBody::Submodule,
            EntryKind::File if self.is_binary => DiffBody::Binary,
            EntryKind::File if hunks.is_empty() => DiffBody::Unchanged,
            EntryKind::File => DiffBody::Text(hunks),
        };
        Ok(ParsedFile { diff: FileDiff { path, old_path, change, body }, kind })
    }
}

/// Reads one hunk. `old_end` and `new_end` are the first lines after the hunk before it.
fn parse_hunk(lines: &mut Lines<'_>, old_end: &mut u32, new_end: &mut u32) -> Result<Hunk, PatchError> {
    let header = lines.take().unwrap_or_default();
    let (old, new, section) =
        parse_hunk_header(header).ok_or_else(|| lines.error(format!("not a hunk header: {:?}", excerpt(header))))?;
    let mut old_line = old.first_line().filter(|first| first >= old_end);
    let mut new_line = new.first_line().filter(|first| first >= new_end);
    let (Some(old_next), Some(new_next)) = (&mut old_line, &mut new_line) else {
        return Err(lines.error(format!("a hunk that overlaps the one before it, or lies outside a file: {:?}", excerpt(header))));
    };
    // `first_line` has checked that these stay in range, so the counting below cannot overflow.
    (*old_end, *new_end) = (*old_next + old.len, *new_next + new.len);

    if old.len == 0 && new.len == 0 {
        return Err(lines.error("a hunk without lines"));
    }

    let (mut old_left, mut new_left) = (old.len, new.len);
    let mut hunk_lines = Vec::new();
    while old_left > 0 || new_left > 0 {
        let Some(line) = lines.take() else {
            return Err(lines.error(format!("the patch ends inside a hunk, {old_left} old and {new_left} new lines early")));
        };
        let (kind, text) = match line.split_first() {
            // Git writes an empty context line without its space where `diff.suppressBlankEmpty` is set.
            None => (LineKind::Context, line),
            Some((b' ', text)) => (LineKind::Context, text),
            Some((b'+', text)) => (LineKind::Added, text),
            Some((b'-', text)) => (LineKind::Removed, text),
            Some((b'\\', _)) => continue,
            Some(_) => return Err(lines.error(format!("not a line of a hunk: {:?}", excerpt(line)))),
        };
        let (in_old, in_new) = (kind != LineKind::Added, kind != LineKind::Removed);
        if (in_old && old_left == 0) || (in_new && new_left == 0) {
            return Err(lines.error("a hunk with more lines than its header says"));
        }
        let number = |is_in: bool, next: &mut u32, left: &mut u32| {
            is_in.then(|| {
                let number = *next;
                *next += 1;
                *left -= 1;
                number
            })
        };
        let old_line = number(in_old, old_next, &mut old_left);
        let new_line = number(in_new, new_next, &mut new_left);
        let text = lossy(text.strip_suffix(b"\r").unwrap_or(text));
        hunk_lines.push(HunkLine { kind, old_line, new_line, text });
    }
    while lines.peek().is_some_and(|line| line.starts_with(b"\\")) {
        lines.take();
    }
    Ok(Hunk {
        old_start: old.start,
        old_len: old.len,
        new_start: new.start,
        new_len: new.len,
        section: lossy(section.strip_suffix(b"\r").unwrap_or(section)),
        lines: hunk_lines,
    })
}

/// One side of a hunk header.
#[derive(Clone, Copy)]
struct Extent {
    start: u32,
    len: u32,
}

impl Extent {
    /// The number that the first line of this side has, or would have if there were one. None when a line would be
    /// numbered 0 or past `u32::MAX`.
    fn first_line(self) -> Option<u32> {
        // An empty side names the line before it.
        let first = if self.len == 0 { self.start.checked_add(1)? } else { self.start };
        (first > 0 && first.checked_add(self.len).is_some()).then_some(first)
    }
}

/// `@@ -1,2 +3,4 @@ section`
fn parse_hunk_header(header: &[u8]) -> Option<(Extent, Extent, &[u8])> {
    let (old, rest) = parse_extent(header.strip_prefix(b"@@ -")?)?;
    let (new, rest) = parse_extent(rest.strip_prefix(b" +")?)?;
    let section = rest.strip_prefix(b" @@")?;
    Some((old, new, section.strip_prefix(b" ").unwrap_or(section)))
}

/// `3` or `3,4`; the length is 1 when it is left out.
fn parse_extent(text: &[u8]) -> Option<(Extent, &[u8])> {
    let (start, rest) = parse_number(text)?;
    let (len, rest) = match rest.strip_prefix(b",") {
        Some(rest) => parse_number(rest)?,
        None => (1, rest),
    };
    Some((Extent { start, len }, rest))
}

fn parse_number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (number, rest) = text.split_at_checked(digits)?;
    Some((str::from_utf8(number).ok()?.parse().ok()?, rest))
}

/// The path of `a/x b/x` where both are the same, as they are in every header that names its paths nowhere else.
fn same_names(names: &[u8]) -> Option<String> {
    let (old, new) = if names.starts_with(b"\"") {
        let (old, rest) = unquote(names)?;
        let (new, rest) = unquote(rest.strip_prefix(b" ")?)?;
        (rest.is_empty()).then_some((old, new))?
    } else {
        let (old, new) = names.split_at_checked(names.len() / 2)?;
        (old.to_vec(), new.strip_prefix(b" ")?.to_vec())
    };
    let path = new.strip_prefix(b"b/")?;
    (old.strip_prefix(b"a/")? == path).then(|| lossy(path))
}

/// A path as `rename from` and its kind give it: bare or quoted, without a prefix.
fn bare_path(text: &[u8]) -> Option<String> {
    if text.starts_with(b"\"") {
        let (path, rest) = unquote(text)?;
        return rest.is_empty().then(|| lossy(&path));
    }
    Some(lossy(text))
}

/// A path as `---` and `+++` give it. Git ends one that holds a space with a tab, behind the quotes if there are any.
fn prefixed_path(label: &[u8], prefix: &[u8]) -> Option<String> {
    let label = label.strip_suffix(b"\t").unwrap_or(label);
    if label.starts_with(b"\"") {
        let (path, rest) = unquote(label)?;
        return rest.is_empty().then(|| path.strip_prefix(prefix).map(lossy))?;
    }
    label.strip_prefix(prefix).map(lossy)
}

/// Reads a C-quoted string from its opening quote on; what follows the closing quote is returned as well.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut path = Vec::new();
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((path, rest)),
            b'\\' => {
                let (escape, after) = rest.split_first()?;
                rest = after;
                path.push(match escape {
                    b'a' => 0x07,
                    b'b' => 0x08,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 0x0b,
                    b'f' => 0x0c,
                    b'r' => b'\r',
                    b'"' | b'\\' => *escape,
                    b'0'..=b'3' => {
                        let (low, after) = rest.split_first_chunk::<2>()?;
                        rest = after;
                        octal([*escape, low[0], low[1]])?
                    }
                    _ => return None,
                });
            }
            _ => path.push(*byte),
        }
    }
}

/// Three octal digits, the first at most 3.
fn octal(digits: [u8; 3]) -> Option<u8> {
    u8::from_str_radix(str::from_utf8(&digits).ok()?, 8).ok()
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The beginning of a line, for an error.
fn excerpt(line: &[u8]) -> String {
    lossy(line.get(..80).unwrap_or(line))
}

#[cfg(test)]
mod tests;
