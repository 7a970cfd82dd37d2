//! The finders (step 10): how closely the change is looked at, and each look.

use std::collections::BTreeSet;

use futures::{FutureExt as _, StreamExt as _, stream};
use review_core::{
    depth::{ChangedFile, Depth},
    diff::LineKind,
    finding::answer::FindingsAnswer,
    prompt,
    scope::CostLimitReached,
    usage::Usage,
};
use tokio_util::sync::CancellationToken;

use super::{
    evidence::{Evidence, EvidenceFile},
    warm_up::WarmUp,
};
use crate::llm::{Looks, Model, ModelError, Role};

/// Looks under way at once.
const FINDERS_AT_ONCE: usize = 8;
/// Files among which uses are looked for; a change of more is divided by its directories alone.
const MOST_RELATED_FILES: usize = 150;

/// What all looks together brought.
pub(super) struct Found {
    /// In the order of the looks, so that the same answers give the same review.
    pub(super) answers: Vec<FindingsAnswer>,
    pub(super) usage: Usage,
    /// What kept looks from being made.
    pub(super) cost_limit: Option<CostLimitReached>,
    pub(super) depth: Depth,
    /// In words, the looks that were not made.
    pub(super) not_made: Vec<String>,
}

/// Looks at the change as closely as it deserves, `most` times at most. None when nothing is new since the last review.
///
/// Each look reads on by itself; their questions share all but their end, and the first of them goes ahead by `warm_up`. One that cannot be answered is done without, if the
/// others read what it was to read.
pub(super) async fn find(
    model: &Model,
    evidence: &Evidence,
    instruction: &str,
    looks: &Looks<'_>,
    most: usize,
    warm_up: &WarmUp,
    cancel: &CancellationToken,
) -> Result<Option<Found>, ModelError> {
    let _begun_at_the_latest = warm_up.begun().at_the_latest();
    if evidence.pack.included.is_empty() {
        return Ok(None);
    }
    let depth = depth_of(evidence, most);
    let mut found =
        Found { answers: Vec::new(), usage: Usage::default(), cost_limit: None, depth: depth.clone(), not_made: Vec::new() };
    let questions = depth.passes.iter().enumerate().map(|(index, pass)| {
        let question = format!("{instruction}{}", prompt::finder_pass(pass));
        async move {
            let begun = (index == 0).then(|| warm_up.begun());
            if begun.is_none() {
                warm_up.wait().await;
            }
            let pack = &evidence.pack.text;
            let reply = model.investigate::<FindingsAnswer>(Role::Medium, pack, &question, Some(looks), begun, cancel).await;
            (pass, reply)
        }
        .boxed()
    });
    // Boxed and collected, so that the compiler sees that the whole may move between threads.
    let questions: Vec<_> = questions.collect();
    let mut replies = stream::iter(questions).buffered(FINDERS_AT_ONCE);
    while let Some((pass, reply)) = replies.next().await {
        match reply {
            Ok(reply) => {
                found.usage += reply.usage;
                found.answers.push(reply.answer);
            }
            Err(ModelError::CostLimit(reached)) if !found.answers.is_empty() => {
                found.cost_limit = Some(reached);
                found.not_made.push(pass.words());
            }
            // One that is too long for the model is so with every look: the pack is.
            Err(error @ ModelError::ContextTooLong { .. }) => return Err(error),
            Err(error) if pass.is_extra() && error.is_about_this_question() => {
                tracing::warn!(%error, pass = pass.words(), "a look at the change was not made; the others were");
                found.not_made.push(pass.words());
            }
            Err(error) => return Err(error),
        }
    }
    tracing::debug!(tier = depth.tier.word(), looks = found.answers.len(), "looked at the change");
    Ok(Some(found))
}

fn depth_of(evidence: &Evidence, most: usize) -> Depth {
    let included: BTreeSet<&str> = evidence.pack.included.iter().map(String::as_str).collect();
    let files: Vec<(&str, &EvidenceFile)> =
        evidence.files.iter().map(|(path, file)| (path.as_str(), file)).filter(|(path, _)| included.contains(path)).collect();
    let changed: Vec<ChangedFile<'_>> = files
        .iter()
        .map(|(path, file)| ChangedFile {
            path,
            lines: file.under_review().map(|line| line.text.as_str()).collect(),
            has_callers: evidence.with_callers.contains(*path),
        })
        .collect();
    Depth::of(&changed, &related(&files), most)
}

/// Pairs of files of which one names what the other changes.
fn related(files: &[(&str, &EvidenceFile)]) -> Vec<(usize, usize)> {
    if files.len() > MOST_RELATED_FILES {
        return Vec::new();
    }
    let mut pairs = Vec::new();
    for (index, (_, file)) in files.iter().enumerate() {
        let Some(symbols) = &file.head_index else { continue };
        let changed: BTreeSet<u32> = file.under_review().filter_map(|line| line.new_line).collect();
        let names: BTreeSet<&str> = symbols
            .symbols()
            .iter()
            .filter(|symbol| changed.range(symbol.lines.first..=symbol.lines.last).next().is_some())
            .map(|symbol| symbol.name.as_str())
            .collect();
        let uses = |other: &EvidenceFile| {
            other.head_index.as_ref().is_some_and(|other| names.iter().any(|name| !other.references_to(name).is_empty()))
        };
        let users = files.iter().enumerate().filter(|(other, (_, user))| *other != index && uses(user));
        pairs.extend(users.map(|(other, _)| (index, other)));
    }
    pairs
}

impl EvidenceFile {
    /// The added and removed lines that this review is about.
    fn under_review(&self) -> impl Iterator<Item = &review_core::diff::HunkLine> {
        let is_new = |line: &&review_core::diff::HunkLine| {
            line.kind != LineKind::Context && self.fresh.as_ref().is_none_or(|fresh| fresh.contains(line))
        };
        self.diff.hunks().iter().flat_map(|hunk| &hunk.lines).filter(is_new)
    }
}
