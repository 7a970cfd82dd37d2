//! Where a line of one version of a file went in another.

use super::{align::align, text_lines};
use crate::pull_request::LineRange;

/// Line correspondence between two texts of a file.
#[derive(Debug, Clone)]
pub struct LineMap {
    /// For every line of the old text (index 0 is line 1) its line in the new text, if it is still there unchanged.
    to_new: Vec<Option<u32>>,
    /// Number of lines of the new text.
    new_len: u32,
}

/// Where a range of lines went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapped {
    /// Every line is still there, together and in order.
    Kept(LineRange),
    /// Some lines changed; the range that now stands in their place.
    Changed(LineRange),
    /// Nothing is left of it.
    Gone,
}

impl LineMap {
    /// Line endings do not count. Of two very long texts that differ in the middle (many ten thousand lines), only the
    /// common beginning and end correspond.
    pub fn between(old: &str, new: &str) -> Self {
        let old: Vec<&str> = text_lines(old).collect();
        let new: Vec<&str> = text_lines(new).collect();
        let mut to_new = vec![None; old.len()];
        for run in align(&old, &new).runs {
            for (place, index) in to_new.iter_mut().skip(run.old).take(run.len).zip(run.new..) {
                *place = line_number(index);
            }
        }
        Self { to_new, new_len: u32::try_from(new.len()).unwrap_or(u32::MAX) }
    }

    /// The line's number in the new text; None when it changed, or when the old text has no such line.
    pub fn line(&self, old_line: u32) -> Option<u32> {
        self.to_new.get(old_line.checked_sub(1)? as usize).copied().flatten()
    }

    /// Where the lines went together. Where lines of the range changed, the new range reaches up to the nearest lines
    /// around it that did not. Lines past the end of the old text count as gone.
    pub fn range(&self, old: LineRange) -> Mapped {
        let first = old.first.max(1) as usize - 1;
        let end = (old.last as usize).min(self.to_new.len());
        let Some(places) = self.to_new.get(first..end).filter(|places| !places.is_empty()) else {
            return Mapped::Gone;
        };

        if let (Some(Some(start)), Some(Some(stop))) = (places.first(), places.last())
            && places.iter().zip(*start..).all(|(place, expected)| *place == Some(expected))
            && end == old.last as usize
        {
            return Mapped::Kept(LineRange::new(*start, *stop));
        }

        let before = self.to_new.get(..first).unwrap_or_default().iter().rev().find_map(|place| *place);
        let after = self.to_new.get(end..).unwrap_or_default().iter().find_map(|place| *place);
        let start = places.first().copied().flatten().unwrap_or_else(|| before.map_or(1, |line| line + 1));
        let stop = places.last().copied().flatten().unwrap_or_else(|| after.map_or(self.new_len, |line| line - 1));
        if start <= stop { Mapped::Changed(LineRange::new(start, stop)) } else { Mapped::Gone }
    }

    /// Whether nothing within `margin` lines of the range was changed, removed or inserted, nor the range itself. It may have
    /// moved as a whole, with its surroundings.
    pub fn is_untouched(&self, old: LineRange, margin: u32) -> bool {
        let Mapped::Kept(new) = self.range(old) else { return false };
        let old_len = u32::try_from(self.to_new.len()).unwrap_or(u32::MAX);
        let around =
            |lines: LineRange, len: u32| lines.first.saturating_sub(margin).max(1)..=lines.last.saturating_add(margin).min(len);
        let offset = i64::from(new.first) - i64::from(old.first.max(1));
        let is_moved_along = |line: u32| self.line(line).map(i64::from) == Some(i64::from(line) + offset);
        // What is new has no old line in the place that it would have come from.
        let was_there = |line: u32| u32::try_from(i64::from(line) - offset).is_ok_and(is_moved_along);
        around(old, old_len).all(is_moved_along) && around(new, self.new_len).all(was_there)
    }
}

fn line_number(index: usize) -> Option<u32> {
    u32::try_from(index).ok()?.checked_add(1)
}

#[cfg(test)]
mod tests;
