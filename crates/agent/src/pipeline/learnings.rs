//! What was learned in a repository: which of what people taught counts, and what became of findings.

use std::sync::Arc;

use review_core::{
    configuration::{KnowledgeBase, Reach},
    learning::{History, Learning, SilentCategory},
    pull_request::{PullRequest, PullRequestKey},
};

use super::{
    review::{Reviewer, Run},
    trouble::Trouble,
};
use crate::store::{KnownLearning, Reaches, StoreError};

const BRANCHES: &str = "refs/heads/";
const DAY: i64 = 24 * 60 * 60 * 1_000;

impl Reviewer {
    /// The learnings that count, the newest first; none where the operator or the repository wants none. A repository that wants
    /// nothing kept has what was kept of it deleted here.
    pub(super) async fn learnings(
        &self,
        key: &PullRequestKey,
        knowledge: &KnowledgeBase,
        speaker: Speaker,
    ) -> Result<Vec<Learning>, StoreError> {
        if knowledge.opt_out {
            self.keep_nothing(key, speaker).await?;
        }
        let known = self.known_learnings(key, knowledge, speaker).await?;
        let (now, delay) = ((self.clock)(), knowledge.learnings.approval_delay);
        Ok(known.into_iter().filter(|known| counts(known, delay, now)).map(|known| known.learning).collect())
    }

    /// The same with those that wait.
    pub(super) async fn known_learnings(
        &self,
        key: &PullRequestKey,
        knowledge: &KnowledgeBase,
        speaker: Speaker,
    ) -> Result<Vec<KnownLearning>, StoreError> {
        if knowledge.opt_out || !self.learns {
            return Ok(Vec::new());
        }
        self.store.learnings(&key.repository, reaches(knowledge.learnings.scope, speaker)).await
    }

    /// For a configuration that wants nothing kept: deletes what was kept of the repository, or of the pull request alone.
    pub(super) async fn keep_nothing(&self, key: &PullRequestKey, speaker: Speaker) -> Result<(), StoreError> {
        if speaker == Speaker::PullRequest {
            return self.store.keep_nothing_of(key).await;
        }
        let deleted = self.store.keep_nothing(&key.repository).await?;
        if deleted > 0 {
            let repository = &key.repository.repository;
            tracing::info!(repository, deleted, "the repository opted out: its learnings are deleted");
        }
        Ok(())
    }
}

impl Run<'_> {
    /// What became of earlier findings in this repository, and what people taught.
    pub(super) async fn history(&self, knowledge: &KnowledgeBase, speaker: Speaker) -> Result<Arc<History>, Trouble> {
        // Before the outcomes are read: a repository that wants nothing kept has none.
        let learnings = self.reviewer.learnings(self.key, knowledge, speaker).await?;
        if knowledge.opt_out {
            return Ok(Arc::default());
        }
        let history = self.reviewer.store.history(&self.key.repository).await?.with_learnings(learnings);
        for SilentCategory { category, tally } in history.silent() {
            let (acted_on, of) = (tally.acted_on, tally.settled());
            tracing::info!(pull_request = %self.key, category = category.key(), acted_on, of, "a category is silent in this repository");
            self.reviewer.metrics.reviewed_in_silence(category);
        }
        Ok(Arc::new(history))
    }
}

/// For whom a configuration speaks. It is that of the target branch, and whoever may push a branch can make it a target: only that
/// of the default branch may have what was kept deleted, or learnings of other projects read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaker {
    Repository,
    PullRequest,
}

impl Speaker {
    /// A default branch that is not known is nobody's target.
    pub(super) fn of(pull_request: &PullRequest, default_branch: Option<&str>) -> Self {
        let short = |name: &str| name.strip_prefix(BRANCHES).unwrap_or(name).to_owned();
        let is_default = default_branch.is_some_and(|default| short(default) == short(&pull_request.target_ref));
        if is_default { Self::Repository } else { Self::PullRequest }
    }
}

/// `auto` ends at the project: whoever may read one of its repositories is, as a rule, meant to read the others, and nobody
/// elsewhere is told what was said there.
fn reaches(scope: Reach, speaker: Speaker) -> Reaches {
    match (scope, speaker) {
        (Reach::Local, _) => Reaches::Repository,
        (Reach::Global, Speaker::Repository) => Reaches::Collection,
        (Reach::Auto, _) | (Reach::Global, Speaker::PullRequest) => Reaches::Project,
    }
}

/// `delay` in days.
fn counts(known: &KnownLearning, delay: u32, now: i64) -> bool {
    known.approved_at.is_some() || known.learning.taught_at.saturating_add(i64::from(delay).saturating_mul(DAY)) <= now
}
