//! Which lines of two sequences correspond, at a bounded cost.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::Hash,
};

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Above this many lines between the common beginning and the common end of the two sequences, only those two are aligned.
pub(super) const MAX_ALIGNED_LINES: usize = 50_000;

/// A run of equal lines: `len` of them from `old` (index into the old sequence) and from `new`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) old: usize,
    pub(super) new: usize,
    pub(super) len: usize,
}

/// What two sequences have in common, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alignment {
    /// Ascending on both sides.
    pub(super) runs: Vec<Run>,
    /// False when the middle was too long to look at.
    pub(super) complete: bool,
}

/// A common subsequence of `old` and `new`: close to the longest one, and the same for the same input.
pub(super) fn align<T: Hash + Eq + Copy>(old: &[T], new: &[T]) -> Alignment {
    let prefix = old.iter().zip(new).take_while(|(old, new)| old == new).count();
    let (old_rest, new_rest) = (old.get(prefix..).unwrap_or_default(), new.get(prefix..).unwrap_or_default());
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(old, new)| old == new).count();
    let old_middle = old_rest.get(..old_rest.len() - suffix).unwrap_or_default();
    let new_middle = new_rest.get(..new_rest.len() - suffix).unwrap_or_default();

    let mut runs = vec![Run { old: 0, new: 0, len: prefix }];
    let complete = old_middle.len().max(new_middle.len()) <= MAX_ALIGNED_LINES;
    if complete && !old_middle.is_empty() && !new_middle.is_empty() {
        let (old_middle, new_middle) = numbered(old_middle, new_middle);
        for operation in capture_diff_slices(Algorithm::Myers, &old_middle, &new_middle) {
            if let DiffOp::Equal { old_index, new_index, len } = operation {
                runs.push(Run { old: prefix + old_index, new: prefix + new_index, len });
            }
        }
    }
    runs.push(Run { old: old.len() - suffix, new: new.len() - suffix, len: suffix });
    runs.retain(|run| run.len > 0);
    Alignment { runs, complete }
}

/// The two sequences with a small number for each distinct item, so that the alignment compares words instead of texts.
fn numbered<T: Hash + Eq + Copy>(old: &[T], new: &[T]) -> (Vec<usize>, Vec<usize>) {
    let mut numbers: HashMap<T, usize> = HashMap::with_capacity(old.len());
    let mut number = |item: &T| {
        let next = numbers.len();
        match numbers.entry(*item) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(next),
        }
    };
    (old.iter().map(&mut number).collect(), new.iter().map(&mut number).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_middle_is_aligned_between_the_common_ends() {
        let alignment = align(&["a", "b", "c", "d", "z"], &["a", "x", "c", "y", "z"]);
        let runs: Vec<_> = alignment.runs.iter().map(|run| (run.old, run.new, run.len)).collect();
        assert_eq!(runs, [(0, 0, 1), (2, 2, 1), (4, 4, 1)]);
        assert!(alignment.complete);
    }

    #[test]
    fn two_very_long_different_texts_are_aligned_at_their_ends_only() {
        let old: Vec<usize> = std::iter::once(0).chain(1..=MAX_ALIGNED_LINES + 1).chain([0]).collect();
        let new: Vec<usize> = std::iter::once(0).chain((1..=MAX_ALIGNED_LINES + 1).rev()).chain([0]).collect();
        let alignment = align(&old, &new);
        assert!(!alignment.complete);
        assert_eq!(alignment.runs.len(), 2);
    }

    #[test]
    fn long_texts_without_a_common_line_end_soon() {
        let old: Vec<usize> = (0..MAX_ALIGNED_LINES).collect();
        let new: Vec<usize> = (MAX_ALIGNED_LINES..2 * MAX_ALIGNED_LINES).collect();
        assert_eq!(align(&old, &new), Alignment { runs: Vec::new(), complete: true });
    }

    proptest! {
        #[test]
        fn runs_are_equal_ascending_and_inside_both_sequences(
            old in prop::collection::vec(0_u8..5, 0..40),
            new in prop::collection::vec(0_u8..5, 0..40),
        ) {
            let (mut old_end, mut new_end) = (0, 0);
            for run in align(&old, &new).runs {
                prop_assert!(run.len > 0 && run.old >= old_end && run.new >= new_end);
                prop_assert_eq!(&old[run.old..run.old + run.len], &new[run.new..run.new + run.len]);
                (old_end, new_end) = (run.old + run.len, run.new + run.len);
            }
        }
    }
}
