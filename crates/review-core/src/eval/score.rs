//! What became of every expected finding, and what every comment is worth.

use serde::{Deserialize, Serialize};

use super::{ExpectedFinding, Place, assign};
use crate::{
    diff::FileDiff,
    finding::{DropReason, Dropped, Finding, Severity, same_path},
    pull_request::{LineRange, Side},
};

/// A finding this many lines from where it was expected still counts as being at that place.
pub const NEAR_EXPECTED_LINES: u32 = 5;

/// A candidate of a run, as far as scores and reports need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Where in the head version; None where none was stated.
    pub place: Option<Place>,
    /// The model's words.
    pub claim: String,
    /// The input or state, and the wrong outcome, in its words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scenario: String,
    /// None where the candidate did not become a finding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    pub stage: Stage,
    /// Why it was dropped, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// How far a candidate came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Dropped(DropReason),
    Posted,
}

/// What became of an expected finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The index of the candidate.
    Posted(usize),
    /// Found, and lost at a stage: the index of the candidate that came furthest.
    Lost(DropReason, usize),
    NeverFound,
}

/// What a comment is worth. The number is the index of the expected finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worth {
    True(usize),
    /// Another comment says it already.
    Duplicate(usize),
    Noise,
}

/// The scores of one review.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scores {
    /// In the order of what was expected.
    pub expected: Vec<Fate>,
    /// In the order of the candidates; None for those that were not posted.
    pub candidates: Vec<Option<Worth>>,
}

impl Stage {
    /// How far a candidate came that ended here, in the order in which candidates pass the stages.
    pub(super) fn order(self) -> u32 {
        match self {
            Self::Dropped(DropReason::Malformed) => 0,
            Self::Dropped(DropReason::QuoteNotFound) => 1,
            Self::Dropped(DropReason::OutsideChange) => 2,
            Self::Dropped(DropReason::AlreadyRaised) => 3,
            Self::Dropped(DropReason::NearRejected) => 4,
            Self::Dropped(DropReason::SilentCategory) => 5,
            Self::Dropped(DropReason::Duplicate) => 6,
            Self::Dropped(DropReason::CostLimit) => 7,
            Self::Dropped(DropReason::Refuted) => 8,
            Self::Dropped(DropReason::Unproven) => 9,
            Self::Dropped(DropReason::PreExisting) => 10,
            Self::Dropped(DropReason::NotActionable) => 11,
            Self::Dropped(DropReason::SmallMatter) => 12,
            Self::Dropped(DropReason::OverCap) => 13,
            Self::Dropped(DropReason::RefusedByForge) => 14,
            Self::Posted => 15,
        }
    }

    /// A few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Posted => "posted",
            Self::Dropped(reason) => reason.words(),
        }
    }
}

impl Fate {
    pub fn is_posted(self) -> bool {
        matches!(self, Self::Posted(_))
    }

    /// A few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Posted(_) => "posted",
            Self::Lost(reason, _) => match reason {
                DropReason::Malformed => "malformed",
                DropReason::QuoteNotFound => "quote failed",
                DropReason::OutsideChange => "outside the change",
                DropReason::Duplicate | DropReason::AlreadyRaised => "deduplicated",
                DropReason::Refuted => "refuted",
                DropReason::Unproven => "not proven",
                DropReason::PreExisting => "taken for old",
                DropReason::NotActionable => "not worth a change",
                DropReason::SmallMatter => "small",
                DropReason::OverCap => "over the cap",
                DropReason::NearRejected => "near a rejected one",
                DropReason::SilentCategory => "category silent here",
                DropReason::CostLimit => "over the cost limit",
                DropReason::RefusedByForge => "refused by the forge",
            },
            Self::NeverFound => "never found",
        }
    }
}

/// Everything that a run found, posted or not. `diffs` are those of the change: findings on removed lines are placed where
/// these lines stood.
pub fn candidates(findings: &[Finding], dropped: &[Dropped], diffs: &[FileDiff]) -> Vec<Candidate> {
    let posted = findings.iter().map(|finding| Candidate {
        place: Some(head_place(finding, diffs)),
        claim: finding.claim.clone(),
        scenario: finding.scenario.clone(),
        severity: Some(finding.severity),
        stage: Stage::Posted,
        detail: String::new(),
    });
    let dropped = dropped.iter().map(|dropped| Candidate {
        place: match &dropped.finding {
            Some(finding) => Some(head_place(finding, diffs)),
            None => dropped.lines.map(|lines| Place { file: known_path(&dropped.path, diffs), lines }),
        },
        claim: dropped.claim.clone(),
        scenario: dropped.finding.as_ref().map(|finding| finding.scenario.clone()).unwrap_or_default(),
        severity: dropped.finding.as_ref().map(|finding| finding.severity),
        stage: Stage::Dropped(dropped.reason),
        detail: dropped.detail.clone(),
    });
    posted.chain(dropped).collect()
}

/// By place: the same file, and lines that overlap or lie within [`NEAR_EXPECTED_LINES`].
pub fn score_by_place(expected: &[ExpectedFinding], candidates: &[Candidate]) -> Scores {
    score(expected, candidates, &|wanted, candidate| near(expected.get(wanted)?, candidates.get(candidate)?))
}

/// By meaning: pairs (index of the expected finding, index of the candidate) that a judge called the same issue, wherever they
/// stand.
pub fn score_by_meaning(expected: &[ExpectedFinding], candidates: &[Candidate], same: &[(usize, usize)]) -> Scores {
    /// Of two that mean the same the nearer one is taken.
    const ELSEWHERE: u32 = 1_000;
    score(expected, candidates, &|wanted, candidate| {
        let is_same = same.contains(&(wanted, candidate));
        let lines = distance(expected.get(wanted)?, candidates.get(candidate)?);
        is_same.then(|| lines.unwrap_or(ELSEWHERE).min(ELSEWHERE))
    })
}

/// Lines from the nearest of its places, where these are few.
pub(super) fn near(wanted: &ExpectedFinding, candidate: &Candidate) -> Option<u32> {
    distance(wanted, candidate).filter(|lines| *lines <= NEAR_EXPECTED_LINES)
}

fn distance(wanted: &ExpectedFinding, candidate: &Candidate) -> Option<u32> {
    let found = candidate.place.as_ref()?;
    let places = std::iter::once(&wanted.place).chain(&wanted.also_at).filter(|place| place.file == found.file);
    places.map(|place| place.lines.distance(found.lines)).min()
}

/// `near` takes the indices of an expected finding and of a candidate, and says how far they are apart if they belong together.
fn score(expected: &[ExpectedFinding], candidates: &[Candidate], near: &dyn Fn(usize, usize) -> Option<u32>) -> Scores {
    let of_stage = |wanted: &dyn Fn(Stage) -> bool| -> Vec<usize> {
        let indices = candidates.iter().enumerate().filter(|(_, candidate)| wanted(candidate.stage));
        indices.map(|(index, _)| index).collect()
    };
    let posted = of_stage(&|stage| stage == Stage::Posted);
    let dropped = of_stage(&|stage| stage != Stage::Posted);

    let found = assign(expected.len(), posted.len(), &|wanted, column| near(wanted, *posted.get(column)?));
    let mut fates: Vec<Fate> = found
        .iter()
        .map(|column| column.and_then(|column| posted.get(column)).map_or(Fate::NeverFound, |index| Fate::Posted(*index)))
        .collect();

    let lost: Vec<usize> = (0..fates.len()).filter(|index| fates.get(*index) == Some(&Fate::NeverFound)).collect();
    let at_stages = assign(lost.len(), dropped.len(), &|row, column| {
        let index = *dropped.get(column)?;
        let lines = near(*lost.get(row)?, index)?;
        Some((Stage::Posted.order() - candidates.get(index)?.stage.order()) * 1_000 + lines)
    });
    for (row, column) in at_stages.into_iter().enumerate() {
        let index = column.and_then(|column| dropped.get(column)).copied();
        let candidate = index.and_then(|index| Some((index, candidates.get(index)?.stage)));
        if let (Some((index, Stage::Dropped(reason))), Some(fate)) =
            (candidate, lost.get(row).and_then(|wanted| fates.get_mut(*wanted)))
        {
            *fate = Fate::Lost(reason, index);
        }
    }

    let worth = |index: usize| {
        if let Some(wanted) = fates.iter().position(|fate| *fate == Fate::Posted(index)) {
            return Worth::True(wanted);
        }
        let nearest = (0..expected.len()).filter_map(|wanted| Some((near(wanted, index)?, wanted))).min();
        nearest.map_or(Worth::Noise, |(_, wanted)| Worth::Duplicate(wanted))
    };
    let worths = candidates.iter().enumerate().map(|(index, candidate)| (candidate.stage == Stage::Posted).then(|| worth(index)));
    let candidates = worths.collect();
    Scores { expected: fates, candidates }
}

fn head_place(finding: &Finding, diffs: &[FileDiff]) -> Place {
    let diff = diffs.iter().find(|diff| diff.path == finding.path);
    let lines = match (finding.side, diff) {
        (Side::Left, Some(diff)) => LineRange::new(head_line(diff, finding.lines.first), head_line(diff, finding.lines.last)),
        _ => finding.lines,
    };
    Place { file: finding.path.clone(), lines }
}

/// Where a line of the base version stood in the head version: its own line there, or the one before it.
fn head_line(diff: &FileDiff, old_line: u32) -> u32 {
    let mut before = old_line;
    for hunk in diff.hunks() {
        before = hunk.new_start;
        for line in &hunk.lines {
            before = line.new_line.unwrap_or(before);
            if line.old_line == Some(old_line) {
                return before;
            }
        }
    }
    before
}

/// The path as the change has it, where a model wrote it in its own way.
fn known_path(stated: &str, diffs: &[FileDiff]) -> String {
    let known = diffs.iter().find(|diff| same_path(stated, &diff.path));
    known.map_or(stated, |diff| diff.path.as_str()).to_owned()
}

#[cfg(test)]
mod tests;
