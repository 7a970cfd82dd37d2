//! Which standing findings the newest code answers.

use std::collections::{BTreeSet, HashMap, hash_map::Entry};

use futures::{FutureExt, StreamExt, stream};
use review_core::{
    diff::{LineMap, Mapped},
    finding::{StandingFinding, answer::ResolutionAnswer},
    prompt,
    pull_request::{CommitId, Iteration, LineRange, PullRequestState, Side},
    redaction::Redactor,
    scope::{CostLimitReached, Reviewed},
    usage::Usage,
};
use tokio_util::sync::CancellationToken;

use super::{analysis::AnalysisError, evidence::blocking, excerpts::numbered};
use crate::{
    git::{Departures, GitError, Repository},
    llm::{Model, ModelError, Role},
};

const MAX_TEXT_BYTES: u64 = 1_000_000;
/// Standing findings that are looked at in one run.
const MAX_QUESTIONS: usize = 20;
/// Lines of code around the place that the judge sees.
const MARGIN: u32 = 25;
/// A change this near to an unchanged finding may answer it (a guard above it).
const NEAR: u32 = 12;

/// Threads whose findings the head answers.
#[derive(Debug, Default)]
pub(super) struct Resolutions {
    pub(super) threads: Vec<u64>,
    pub(super) usage: Usage,
    /// Why not every finding was judged.
    pub(super) cost_limit: Option<CostLimitReached>,
}

/// What the newest code is compared with: the code of the last review, and that of each finding which is still open. The
/// cache has them only when this machine made those reviews.
pub(super) fn earlier_commits(
    state: &PullRequestState,
    since: Option<&Reviewed>,
    standing: &[StandingFinding],
) -> BTreeSet<CommitId> {
    let last = since.into_iter().flat_map(|since| [since.base.clone(), since.head.clone()]);
    let open: BTreeSet<u32> = standing
        .iter()
        .filter(|finding| finding.status.is_open() && !finding.is_deleted)
        .map(|finding| finding.iteration)
        .collect();
    let heads = state.iterations.iter().filter(|iteration| open.contains(&iteration.id)).map(|iteration| iteration.head.clone());
    last.chain(heads).collect()
}

/// Where the files of standing findings are in the head, by thread. One that is not listed has its old name still.
pub(super) type Whereabouts = HashMap<u64, Place>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Renamed(String),
    Deleted,
    /// No regular file any more, or not to be told: no reason to believe that anything was fixed.
    Unknown,
}

/// Looks for the files of standing findings that are not under their old names in the head.
pub(super) async fn whereabouts(
    repository: &Repository,
    iterations: &[Iteration],
    head: &CommitId,
    standing: &[StandingFinding],
) -> Result<Whereabouts, AnalysisError> {
    let path_of = |finding: &StandingFinding| finding.anchor.as_ref().map(|anchor| anchor.path.clone());
    let paths: BTreeSet<String> = standing.iter().filter_map(path_of).collect();
    let mut found = Whereabouts::new();
    if paths.is_empty() {
        return Ok(found);
    }
    let here: BTreeSet<String> = repository.list(head, |path| paths.contains(path), paths.len()).await?.into_iter().collect();
    let mut known: HashMap<u32, Option<Departures>> = HashMap::new();
    for finding in standing {
        let Some(path) = path_of(finding).filter(|path| !here.contains(path)) else { continue };
        let then = iterations.iter().find(|iteration| iteration.id == finding.iteration);
        if let (Some(then), Entry::Vacant(entry)) = (then, known.entry(finding.iteration)) {
            entry.insert(departures(repository, then, head).await?);
        }
        let departures = known.get(&finding.iteration).and_then(Option::as_ref);
        found.insert(finding.thread, departures.map_or(Place::Unknown, |departures| place(departures, &path)));
    }
    Ok(found)
}

/// None when the server has forgotten the commits, or the change is too large to be told.
async fn departures(repository: &Repository, then: &Iteration, head: &CommitId) -> Result<Option<Departures>, AnalysisError> {
    match repository.departures(&then.head, head).await {
        Ok(departures) => Ok(Some(departures)),
        Err(error @ (GitError::Failed { .. } | GitError::CommitMissing { .. } | GitError::TooLarge { .. })) => {
            tracing::info!(%error, iteration = then.id, "what became of files since an earlier iteration is not known");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

fn place(departures: &Departures, path: &str) -> Place {
    match departures.renamed.get(path) {
        Some(new) => Place::Renamed(new.clone()),
        None if departures.deleted.contains(path) => Place::Deleted,
        None => Place::Unknown,
    }
}

/// The standing findings where their files are now, so that none is raised again under another name. Those whose files have
/// no name that is known (a force push, and the server has forgotten what was before) are known by their lines alone.
pub(super) fn under_new_names(standing: &[StandingFinding], whereabouts: &Whereabouts) -> Vec<StandingFinding> {
    let mut moved = standing.to_vec();
    for finding in &mut moved {
        match (whereabouts.get(&finding.thread), &mut finding.anchor) {
            (Some(Place::Renamed(path)), Some(anchor)) => anchor.path.clone_from(path),
            (Some(Place::Unknown), anchor) => *anchor = None,
            _ => {}
        }
    }
    moved
}

/// Asks the model about every open finding whose code, or the code around it, changed since it was written. A file that is
/// gone answers without a question. What cannot be judged stays open.
pub(super) async fn resolutions(
    model: &Model,
    repository: &Repository,
    iterations: &[Iteration],
    head: &CommitId,
    standing: &[StandingFinding],
    whereabouts: &Whereabouts,
    cancel: &CancellationToken,
) -> Result<Resolutions, AnalysisError> {
    let heads: HashMap<u32, &CommitId> = iterations.iter().map(|iteration| (iteration.id, &iteration.head)).collect();
    let mut resolutions = Resolutions::default();
    let mut questions = Vec::new();
    for finding in standing.iter().filter(|finding| finding.status.is_open() && !finding.is_deleted) {
        if questions.len() >= MAX_QUESTIONS {
            break;
        }
        let Some(then) = heads.get(&finding.iteration).filter(|then| ***then != *head) else { continue };
        match changed_code(repository, model.redactor(), finding, whereabouts.get(&finding.thread), then, head).await? {
            Change::None => {}
            Change::FileGone => resolutions.threads.push(finding.thread),
            Change::Code(code) => questions.push((finding, code)),
        }
    }
    let asked = questions.into_iter().map(|(finding, code)| {
        async move {
            let instruction = prompt::resolution(finding, &code);
            (finding.thread, model.ask::<ResolutionAnswer>(Role::Medium, "", &instruction, cancel).await)
        }
        .boxed()
    });
    let asked: Vec<_> = asked.collect();
    let answers: Vec<_> = stream::iter(asked).buffered(4).collect().await;
    for (thread, reply) in answers {
        match reply {
            Ok(reply) => {
                resolutions.usage += reply.usage;
                if reply.answer.fixed {
                    resolutions.threads.push(thread);
                }
            }
            Err(ModelError::CostLimit(reached)) => resolutions.cost_limit = Some(reached),
            Err(error) if error.is_about_this_question() => {
                tracing::warn!(thread, %error, "cannot tell whether the finding was fixed; it stays open");
            }
            Err(error) => return Err(error.into()),
        }
    }
    resolutions.threads.sort_unstable();
    Ok(resolutions)
}

enum Change {
    /// Nothing near the finding changed.
    None,
    FileGone,
    /// The numbered code that stands there now.
    Code(String),
}

async fn changed_code(
    repository: &Repository,
    redactor: &Redactor,
    finding: &StandingFinding,
    place: Option<&Place>,
    then: &CommitId,
    head: &CommitId,
) -> Result<Change, AnalysisError> {
    let Some(anchor) = finding.anchor.as_ref().filter(|anchor| anchor.side == Side::Right) else { return Ok(Change::None) };
    let old = match repository.blob(then, &anchor.path, MAX_TEXT_BYTES).await {
        Ok(Some(old)) => String::from_utf8_lossy(&old).into_owned(),
        // Forgotten by the server, or never readable: nothing to compare with.
        Ok(None) | Err(GitError::Failed { .. } | GitError::CommitMissing { .. }) => return Ok(Change::None),
        Err(error) => return Err(error.into()),
    };
    let path = match place {
        Some(Place::Deleted) => return Ok(Change::FileGone),
        Some(Place::Unknown) => return Ok(Change::None),
        Some(Place::Renamed(path)) => path,
        None => &anchor.path,
    };
    // Too large now.
    let Some(new) = repository.blob(head, path, MAX_TEXT_BYTES).await? else { return Ok(Change::None) };
    let (new, lines, redactor) = (String::from_utf8_lossy(&new).into_owned(), anchor.lines, redactor.clone());
    // Two long texts take a while to align.
    blocking("comparing texts", move || code_now(&old, &new, lines, &redactor).map_or(Change::None, Change::Code)).await
}

/// The numbered code in the place of the finding; None when nothing in or near it changed.
fn code_now(old: &str, new: &str, lines: LineRange, redactor: &Redactor) -> Option<String> {
    if old == new {
        return None;
    }
    let map = LineMap::between(old, new);
    let place = match map.range(lines) {
        Mapped::Kept(_) if map.is_untouched(lines, NEAR) => return None,
        Mapped::Kept(place) | Mapped::Changed(place) => place,
        Mapped::Gone => nearest_place(&map, lines),
    };
    Some(numbered(&redactor.redact(new).text, place, MARGIN))
}

/// Where removed lines stood: after the nearest line above that is still there.
fn nearest_place(map: &LineMap, old: LineRange) -> LineRange {
    let above = (1..old.first).rev().take(2_000).find_map(|line| map.line(line)).unwrap_or(1);
    LineRange::new(above, above)
}

#[cfg(test)]
mod tests;
