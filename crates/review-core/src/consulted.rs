//! What was asked in one run of others than the repository and its forge.

use crate::issue::Issue;

/// What answered, and what did not; told in the details of the walkthrough.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consulted {
    /// Issues that the pull request names and that their trackers know.
    pub issues: Vec<Issue>,
    /// Why something is missing, a sentence each, without secrets.
    pub problems: Vec<String>,
    /// None: the web was not to be searched.
    pub searches: Option<Searches>,
    /// Linked repositories that could be read, with the first digits of the commit.
    pub repositories: Vec<(String, String)>,
}

/// Searches of the web that models wished for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Searches {
    /// Answered, those included whose answers were known from an earlier run.
    pub answered: usize,
    /// Not sent: they held code, or were too many.
    pub refused: usize,
    /// Sent, and no answer came.
    pub failed: usize,
}

impl Searches {
    pub fn total(self) -> usize {
        self.answered.saturating_add(self.refused).saturating_add(self.failed)
    }
}
