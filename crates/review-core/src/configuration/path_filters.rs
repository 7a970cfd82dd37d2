//! `reviews.path_filters`: which changed files are reviewed.

use super::glob::{Glob, dead_reason};

/// What the filters say about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filtered {
    /// Nothing against it.
    Kept,
    /// A pattern with `!` excludes it.
    Excluded,
    /// There are patterns to include, and none is for it.
    NotIncluded,
}

/// The patterns of `path_filters`, ready to be asked.
///
/// A path is reviewed when no exclusion is for it, in whatever order they stand, and when one pattern to include is, if
/// there are any. Upper and lower case are the same. What is left out by default (lock files, generated code and so on)
/// is left out too, unless a pattern to include is letter by letter the one of such a default: then it lifts that default,
/// and makes no list of what is included. Patterns that mean nothing are passed over; [`super::Layer::read`] tells of them.
#[derive(Debug, Clone, Default)]
pub struct PathFilters {
    included: Vec<Glob>,
    excluded: Vec<Glob>,
    lifted: Vec<(String, Glob)>,
}

impl PathFilters {
    /// `defaults` are the patterns that are excluded by default, in small letters.
    pub(crate) fn new(patterns: &[String], defaults: &dyn Fn(&str) -> bool) -> Self {
        let mut filters = Self::default();
        for pattern in patterns {
            let bare = pattern.trim().trim_start_matches('!');
            let excludes = (pattern.trim().len() - bare.len()) % 2 == 1;
            let Some(glob) = Glob::new(bare).ok().filter(|_| dead_reason(bare).is_none()) else { continue };
            let lower = bare.to_lowercase();
            if excludes {
                filters.excluded.push(glob);
            } else if defaults(&lower) {
                filters.lifted.push((lower, glob));
            } else {
                filters.included.push(glob);
            }
        }
        filters
    }

    /// What the patterns say about a path, the defaults apart.
    pub fn verdict(&self, path: &str) -> Filtered {
        let is_among = |globs: &[Glob]| globs.iter().any(|glob| glob.is_match(path));
        if is_among(&self.excluded) {
            Filtered::Excluded
        } else if !self.included.is_empty() && !is_among(&self.included) {
            Filtered::NotIncluded
        } else {
            Filtered::Kept
        }
    }

    /// Whether the default of exactly this pattern (in small letters) is lifted.
    pub(crate) fn lifts(&self, pattern: &str) -> bool {
        self.lifted.iter().any(|(lifted, _)| lifted == pattern)
    }

    /// Whether a default for names (not for folders) is lifted that is for this path.
    pub(crate) fn lifts_name_of(&self, path: &str) -> bool {
        self.lifted.iter().any(|(pattern, glob)| !pattern.ends_with("/**") && glob.is_match(path))
    }
}
