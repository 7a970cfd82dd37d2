//! Hunks of a patch, and where a line went between two versions of a file.

/// One hunk of a unified diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hunk {
    pub(crate) old_start: usize,
    pub(crate) old_count: usize,
    pub(crate) new_start: usize,
    pub(crate) new_count: usize,
    pub(crate) lines: Vec<Line>,
}

/// A line with its number on the sides where it stands, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) old: Option<usize>,
    pub(crate) new: Option<usize>,
    pub(crate) text: String,
}

/// The hunks of one file's patch.
pub(crate) fn hunks(patch: &str) -> Vec<Hunk> {
    let mut hunks: Vec<Hunk> = Vec::new();
    let (mut old, mut new) = (0, 0);
    let (mut old_left, mut new_left) = (0_usize, 0_usize);
    for line in patch.split_terminator('\n') {
        if old_left == 0 && new_left == 0 {
            let Some(hunk) = header(line) else { continue };
            (old, new) = (hunk.old_start, hunk.new_start);
            (old_left, new_left) = (hunk.old_count, hunk.new_count);
            hunks.push(hunk);
            continue;
        }
        let Some(hunk) = hunks.last_mut() else { continue };
        let (sign, text) = (line.chars().next(), line.get(1..).unwrap_or_default().trim_end_matches('\r').to_owned());
        let (is_old, is_new) = match sign {
            Some('-') => (true, false),
            Some('+') => (false, true),
            Some('\\') => continue,
            _ => (true, true),
        };
        hunk.lines.push(Line { old: is_old.then_some(old), new: is_new.then_some(new), text });
        if is_old {
            old = old.saturating_add(1);
            old_left = old_left.saturating_sub(1);
        }
        if is_new {
            new = new.saturating_add(1);
            new_left = new_left.saturating_sub(1);
        }
    }
    hunks
}

/// Reads `@@ -1,2 +3,4 @@`.
fn header(line: &str) -> Option<Hunk> {
    let ranges = line.strip_prefix("@@ -")?.split(" @@").next()?;
    let (old, new) = ranges.split_once(" +")?;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    let ((old_start, old_count), (new_start, new_count)) = (range(old)?, range(new)?);
    Some(Hunk { old_start, old_count, new_start, new_count, lines: Vec::new() })
}

/// Where a line of the old version stands in the new one: its number, or the number of the line before the place where it
/// was, when it was changed or deleted. `hunks` have no context.
pub(crate) fn moved(hunks: &[Hunk], line: usize) -> Result<usize, usize> {
    let mut shift: isize = 0;
    for hunk in hunks {
        // Without old lines, the hunk stands after `old_start`.
        let first = if hunk.old_count == 0 { hunk.old_start.saturating_add(1) } else { hunk.old_start };
        if line < first {
            break;
        }
        if line < first.saturating_add(hunk.old_count) {
            return Err(hunk.new_start.max(1));
        }
        shift = shift.saturating_add_unsigned(hunk.new_count).saturating_sub_unsigned(hunk.old_count);
    }
    Ok(line.saturating_add_signed(shift).max(1))
}
