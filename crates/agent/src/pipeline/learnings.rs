//! What was learned in a repository: which of what people taught counts, and what became of findings.

use std::sync::Arc;

use review_core::{
    configuration::{KnowledgeBase, Reach},
    learning::{History, Learning, SilentCategory},
    pull_request::RepositoryKey,
};

use super::{
    review::{Reviewer, Run},
    trouble::Trouble,
};
use crate::store::{KnownLearning, Reaches, StoreError};

const DAY: i64 = 24 * 60 * 60 * 1_000;

impl Reviewer {
    /// The learnings that count, the newest first; none where the operator or the repository wants none. A repository that wants
    /// nothing kept has what was kept of it deleted here.
    pub(super) async fn learnings(
        &self,
        repository: &RepositoryKey,
        knowledge: &KnowledgeBase,
    ) -> Result<Vec<Learning>, StoreError> {
        if knowledge.opt_out {
            let deleted = self.store.keep_nothing(repository).await?;
            if deleted > 0 {
                tracing::info!(
                    repository = repository.repository,
                    deleted,
                    "the repository opted out: its learnings are deleted"
                );
            }
            return Ok(Vec::new());
        }
        if !self.learns {
            return Ok(Vec::new());
        }
        let known = self.store.learnings(repository, reaches(knowledge.learnings.scope)).await?;
        let (now, delay) = ((self.clock)(), knowledge.learnings.approval_delay);
        Ok(known.into_iter().filter(|known| counts(known, delay, now)).map(|known| known.learning).collect())
    }
}

impl Run<'_> {
    /// What became of earlier findings in this repository, and what people taught.
    pub(super) async fn history(&self, knowledge: &KnowledgeBase) -> Result<Arc<History>, Trouble> {
        // Before the outcomes are read: a repository that wants nothing kept has none.
        let learnings = self.reviewer.learnings(&self.key.repository, knowledge).await?;
        let history = self.reviewer.store.history(&self.key.repository).await?.with_learnings(learnings);
        for SilentCategory { category, tally } in history.silent() {
            let (acted_on, of) = (tally.acted_on, tally.settled());
            tracing::info!(pull_request = %self.key, category = category.key(), acted_on, of, "a category is silent in this repository");
            self.reviewer.metrics.reviewed_in_silence(category);
        }
        Ok(Arc::new(history))
    }
}

/// `auto` ends at the project: whoever may read one of its repositories is, as a rule, meant to read the others, and nobody
/// elsewhere is told what was said there.
fn reaches(scope: Reach) -> Reaches {
    match scope {
        Reach::Local => Reaches::Repository,
        Reach::Auto => Reaches::Project,
        Reach::Global => Reaches::Collection,
    }
}

/// `delay` in days.
fn counts(known: &KnownLearning, delay: u32, now: i64) -> bool {
    known.approved_at.is_some() || known.learning.taught_at.saturating_add(i64::from(delay).saturating_mul(DAY)) <= now
}
