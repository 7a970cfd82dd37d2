//! Nothing is said twice on one pull request.

use super::{DropReason, Dropped, Finding, FindingMemory, Fingerprint, StandingFinding, cluster::NEAR_LINES, fingerprint, words};
use crate::pull_request::ThreadStatus;

/// Significant words that two claims at one place must share to be the same claim.
const SHARED_WORDS: usize = 2;

/// Findings about which no thread of ours stands, in whatever status (closed, won't fix and deleted count: somebody
/// decided), and the rest as `AlreadyRaised`.
///
/// A thread that was fixed speaks only for the very line it quoted: what replaced that line may be wrong in its turn. One that we
/// resolved ourselves speaks for nothing: what it was about may have come back, see [`came_back`].
pub fn dedupe(findings: Vec<Finding>, standing: &[StandingFinding]) -> (Vec<Finding>, Vec<Dropped>) {
    let (mut fresh, mut dropped) = (Vec::new(), Vec::new());
    for finding in findings {
        let identity = fingerprint(&finding);
        let is_said = |earlier: &&StandingFinding| {
            !earlier.is_resolved_by_us && (earlier.fingerprint == identity || says_the_same(&finding, earlier))
        };
        match standing.iter().find(is_said) {
            Some(earlier) => {
                let detail = format!("thread {} ({}) is about it", earlier.thread, words_for(earlier));
                dropped.push(Dropped::of(finding, DropReason::AlreadyRaised, detail));
            }
            None => fresh.push(finding),
        }
    }
    (fresh, dropped)
}

/// The newest thread of ours about the finding, which we resolved and nobody else settled: its code is back.
pub fn came_back<'a>(finding: &Finding, standing: &'a [StandingFinding]) -> Option<&'a StandingFinding> {
    let identity = fingerprint(finding);
    let is_it = |earlier: &&StandingFinding| {
        earlier.is_resolved_by_us && (earlier.fingerprint == identity || says_the_same(finding, earlier))
    };
    standing.iter().filter(is_it).max_by_key(|earlier| earlier.thread)
}

/// The same claim at the same place by several looks is one finding with as many votes; the first of them speaks.
pub fn count_votes(findings: Vec<Finding>) -> Vec<Finding> {
    let mut counted: Vec<(Fingerprint, Finding)> = Vec::new();
    for finding in findings {
        let identity = fingerprint(&finding);
        let is_same = |(known, other): &&mut (Fingerprint, Finding)| {
            *known == identity && other.side == finding.side && other.lines.distance(finding.lines) <= NEAR_LINES
        };
        match counted.iter_mut().find(is_same) {
            Some((_, first)) => first.votes = first.votes.max(1).saturating_add(finding.votes.max(1)),
            None => counted.push((identity, finding)),
        }
    }
    counted.into_iter().map(|(_, finding)| finding).collect()
}

fn says_the_same(finding: &Finding, earlier: &StandingFinding) -> bool {
    let memory = FindingMemory::of(finding);
    let same_line = !earlier.quoted_line.trim().is_empty() && memory.quoted_line.trim() == earlier.quoted_line.trim();
    let same_place = match &earlier.anchor {
        // Nobody knows what its file is called now: the line speaks for itself.
        None => same_line,
        Some(anchor) if anchor.path != finding.path => false,
        Some(anchor) => {
            let near = anchor.side == finding.side && anchor.lines.distance(finding.lines) <= NEAR_LINES;
            same_line || near && earlier.status != ThreadStatus::Fixed
        }
    };
    same_place
        && (earlier.category == finding.category
            || words::shared(&words::significant(&finding.claim), &words::significant(&earlier.claim)) >= SHARED_WORDS)
}

fn words_for(earlier: &StandingFinding) -> String {
    if earlier.is_deleted {
        return "deleted".to_owned();
    }
    match &earlier.status {
        ThreadStatus::Active => "active",
        ThreadStatus::Pending => "pending",
        ThreadStatus::Fixed => "fixed",
        ThreadStatus::WontFix => "won't fix",
        ThreadStatus::ByDesign => "by design",
        ThreadStatus::Closed => "closed",
        ThreadStatus::Other(word) => word,
    }
    .to_owned()
}

#[cfg(test)]
mod tests;
