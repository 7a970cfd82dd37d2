//! When two findings are about the same kind of matter.

use std::collections::BTreeSet;

use crate::finding::{Category, words};

/// Words that two claims must share, however short they are.
const SHARED_WORDS: usize = 3;
/// Cosine of the two sets of words, in hundredths, from which two claims say much the same. Two wordings of one complaint
/// lie above it, complaints of one kind about different things below; the table of the tests shows where.
const COSINE_PERCENT: usize = 60;

/// What a finding leaves behind for comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    category: Category,
    folder: String,
    /// In lower case; empty when the name has none.
    extension: String,
    words: BTreeSet<String>,
}

impl Trace {
    pub fn of(category: Category, path: &str, claim: &str) -> Self {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let (folder, extension) = (folder.to_owned(), extension.to_lowercase());
        Self { category, folder, extension, words: words::spoken(claim) }
    }

    /// Whether the two are of one category, in files of one kind or one folder, and claim much the same, whatever code each of
    /// them names.
    ///
    /// The claims are compared by the sets of their words: without names of code (which differ from place to place), without
    /// those that most claims share, and without endings. Near are those that share at least 3 words and whose cosine, the
    /// number of shared words over the geometric mean of the two sets' sizes, is at least 0.6. Symmetric.
    pub fn is_near(&self, other: &Self) -> bool {
        let same_area = self.folder == other.folder || (!self.extension.is_empty() && self.extension == other.extension);
        if self.category != other.category || !same_area {
            return false;
        }
        let shared = words::shared(&self.words, &other.words);
        // Squared, so that whole numbers do: shared² / (a · b) ≥ cosine².
        let squared = |number: usize| number.saturating_mul(number);
        let sizes = self.words.len().saturating_mul(other.words.len());
        shared >= SHARED_WORDS && squared(shared).saturating_mul(10_000) >= squared(COSINE_PERCENT).saturating_mul(sizes)
    }
}

#[cfg(test)]
mod tests;
