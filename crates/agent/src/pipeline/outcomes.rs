//! What became of the findings: seen whenever the threads of a pull request are read, and judged by the code when it is
//! completed.

use std::collections::{BTreeSet, HashMap};

use review_core::{
    finding::{StandingFinding, standing_findings},
    learning::{Label, SeenFinding, lines_changed, seen_findings},
    pull_request::{CommitId, Iteration, PullRequestState, PullRequestStatus, Side},
};

use super::{
    analysis::AnalysisError,
    evidence::blocking,
    resolution::{Place, whereabouts},
    review::{MAX_ATTEMPTS, Run},
    trouble::Trouble,
};
use crate::{
    git::{GitError, Repository, Source},
    store::Turn,
};

const MAX_TEXT_BYTES: u64 = 1_000_000;

impl Run<'_> {
    /// Notes how our findings stand on the pull request as it was just read.
    pub(super) async fn observe(&self, state: &PullRequestState) -> Result<(), Trouble> {
        self.note(&seen_findings(state)).await
    }

    /// At the end of a completed pull request: whether the lines of findings on which nobody decided were changed. What cannot
    /// be found out (commits that the server has forgotten) stays unknown. An outage is waited for like that of a review; a
    /// failure that lasts is logged, and costs nobody anything but what would have been learned.
    pub(super) async fn settle(&self, state: &PullRequestState) -> Result<(), Trouble> {
        if state.pull_request.status != PullRequestStatus::Completed {
            return Ok(());
        }
        match self.judged(state).await {
            Ok(judged) => self.note(&judged).await,
            Err(trouble) if self.job.attempt >= MAX_ATTEMPTS && !trouble.is_lost_lease() => {
                tracing::warn!(pull_request = %self.key, problem = %trouble, "whether lines of findings were changed stays unknown");
                Ok(())
            }
            Err(trouble) => Err(trouble),
        }
    }

    async fn note(&self, seen: &[SeenFinding]) -> Result<(), Trouble> {
        if seen.is_empty() {
            return Ok(());
        }
        let turns = self.reviewer.store.record_seen(&self.job.lease, self.key, seen, self.now()).await?;
        for Turn { category, label } in turns {
            tracing::info!(pull_request = %self.key, category = category.key(), outcome = label.key(), "a finding has an outcome");
            self.reviewer.metrics.outcome(category, label);
        }
        Ok(())
    }

    /// The findings whose outcome depends on whether their lines changed and is not known yet, with the answer where there is
    /// one.
    async fn judged(&self, state: &PullRequestState) -> Result<Vec<SeenFinding>, Trouble> {
        let known = self.reviewer.store.outcomes(self.key).await?;
        let is_known: BTreeSet<_> = known
            .iter()
            .filter(|known| known.reaction.lines_changed.is_some())
            .map(|known| known.posted.fingerprint.clone())
            .collect();
        let mut open: Vec<SeenFinding> = seen_findings(state);
        open.retain(|seen| seen.reaction.label() == Label::Open && !is_known.contains(&seen.posted.fingerprint));
        let Some(last) = state.newest_iteration().filter(|_| !open.is_empty()) else { return Ok(Vec::new()) };

        let standing: HashMap<u64, StandingFinding> =
            standing_findings(state).into_iter().map(|finding| (finding.thread, finding)).collect();
        let places: Vec<Option<Posted<'_>>> = open
            .iter()
            .map(|seen| standing.get(&seen.thread).and_then(|finding| Posted::of(finding, &state.iterations)))
            .collect();
        let wanted = places.iter().flatten().filter(|posted| posted.iteration.head != last.head).map(Posted::commit).cloned();
        let wanted: BTreeSet<CommitId> = wanted.collect();
        let mirror = if wanted.is_empty() { None } else { self.reading(self.what_is_left_of(state, last, wanted)).await? };
        for (seen, posted) in open.iter_mut().zip(places) {
            let Some(posted) = posted else { continue };
            seen.reaction.lines_changed = if posted.iteration.head == last.head {
                Some(false)
            } else if let Some((repository, _)) = mirror.as_ref().filter(|(_, commits)| commits.contains(posted.commit())) {
                self.reading(posted.changed(repository, state, last)).await?
            } else {
                None
            };
        }
        Ok(open)
    }

    /// The mirror with the last head and those of the commits that the server still has; None when the head itself is gone.
    async fn what_is_left_of(
        &self,
        state: &PullRequestState,
        last: &Iteration,
        mut commits: BTreeSet<CommitId>,
    ) -> Result<Option<(Repository, BTreeSet<CommitId>)>, GitError> {
        let authorization = self.reviewer.azure.authorization();
        let source = Source {
            url: &state.pull_request.remote_url,
            fork_url: state.pull_request.fork_url.as_deref(),
            authorization: Some(&authorization),
        };
        commits.insert(last.head.clone());
        while commits.contains(&last.head) {
            let wanted: Vec<CommitId> = commits.iter().cloned().collect();
            match self.reviewer.mirrors.fetch(source, &wanted).await {
                Ok(repository) => return Ok(Some((repository, commits))),
                Err(GitError::CommitMissing { commit, .. }) if commits.remove(&commit) => {
                    tracing::info!(pull_request = %self.key, %commit, "a commit with findings is gone; what became of them is not known");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// A finding with the iteration that it was posted in.
struct Posted<'a> {
    finding: &'a StandingFinding,
    iteration: &'a Iteration,
}

impl<'a> Posted<'a> {
    /// None for one without lines, or of an iteration that nobody knows.
    fn of(finding: &'a StandingFinding, iterations: &'a [Iteration]) -> Option<Self> {
        finding.anchor.as_ref()?;
        let iteration = iterations.iter().find(|iteration| iteration.id == finding.iteration)?;
        Some(Self { finding, iteration })
    }

    fn side(&self) -> Side {
        self.finding.anchor.as_ref().map_or(Side::Right, |anchor| anchor.side)
    }

    /// That its lines count in.
    fn commit(&self) -> &CommitId {
        match self.side() {
            Side::Right => &self.iteration.head,
            Side::Left => &self.iteration.base,
        }
    }

    /// Whether its lines are others in the last iteration. None: that cannot be told.
    async fn changed(
        &self,
        repository: &Repository,
        state: &PullRequestState,
        last: &Iteration,
    ) -> Result<Option<bool>, AnalysisError> {
        let Some(anchor) = &self.finding.anchor else { return Ok(None) };
        let Some(then) = text(repository, self.commit(), &anchor.path).await? else { return Ok(None) };
        let now = match self.side() {
            // Gone, or under another name by now: the lines are not back.
            Side::Left => text(repository, &last.head, &anchor.path).await?,
            Side::Right => {
                let moved = whereabouts(repository, &state.iterations, &last.head, std::slice::from_ref(self.finding)).await?;
                let path = match moved.get(&self.finding.thread) {
                    None => Some(&anchor.path),
                    Some(Place::Renamed(path)) => Some(path),
                    Some(Place::Deleted) => None,
                    Some(Place::Unknown) => return Ok(None),
                };
                match path {
                    None => None,
                    Some(path) => match text(repository, &last.head, path).await? {
                        Some(now) => Some(now),
                        // Too large now.
                        None => return Ok(None),
                    },
                }
            }
        };
        let (side, lines) = (self.side(), anchor.lines);
        // Two long texts take a while to align.
        blocking("comparing texts", move || Some(lines_changed(side, lines, &then, now.as_deref()))).await
    }
}

/// None: not there, too large, or not given any more.
async fn text(repository: &Repository, commit: &CommitId, path: &str) -> Result<Option<String>, GitError> {
    match repository.blob(commit, path, MAX_TEXT_BYTES).await {
        Ok(content) => Ok(content.map(|content| String::from_utf8_lossy(&content).into_owned())),
        Err(error @ (GitError::Failed { .. } | GitError::CommitMissing { .. } | GitError::TooLarge { .. })) => {
            tracing::info!(%error, %commit, "a file of an earlier iteration is not to be had");
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
