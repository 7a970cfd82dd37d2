//! The roles: finder, verifier, walkthrough writer, judge of whether a standing finding was fixed.
//!
//! Each text stands after the pack (see [`build_pack`](super::build_pack)), so that all calls of a run share their
//! beginning. What varies comes last in it, in a fence of its own: claims are the words of a model that read the author's
//! text, and may carry on what stood there.

use std::fmt::Write as _;

use super::Fence;
use crate::{
    finding::{Cluster, Evidence, StandingFinding},
    pull_request::{Anchor, LineRange, Side},
};

/// The system message of every call.
pub const SYSTEM: &str = include_str!("role/system.md");

const FINDER: &str = include_str!("role/finder.md");
const VERIFIER: &str = include_str!("role/verifier.md");
const WALKTHROUGH: &str = include_str!("role/walkthrough.md");
const RESOLUTION: &str = include_str!("role/resolution.md");

/// Most standing claims that a finder is told; the newest ones.
const MAX_STANDING: usize = 60;

/// Most characters of a standing claim; enough to know it again.
const MAX_STANDING_CHARS: usize = 300;

/// Look hard; each finding with a quoted line and a failure scenario. `standing` are claims that were made before; what we resolved
/// may have come back, and is not told.
pub fn finder(standing: &[StandingFinding]) -> String {
    let standing: Vec<&StandingFinding> = standing.iter().filter(|earlier| !earlier.is_resolved_by_us).collect();
    if standing.is_empty() {
        return FINDER.to_owned();
    }
    let newest = standing.len().saturating_sub(MAX_STANDING);
    let claims: Vec<String> = standing.iter().skip(newest).map(|standing| standing_claim(standing)).collect();
    let claims = claims.concat();
    let fenced = Fence::over([claims.as_str()]).wrap("claims made before", &claims);
    format!(
        "{FINDER}\n# Already said\n\nThese claims were made on this pull request before; some are settled. Do not make \
         them again, neither in other words nor at another line.\n\n{fenced}"
    )
}

/// Refute this claim. `excerpts` are numbered pieces of code around the claim and its evidence, at head and base.
/// The finder's reasoning is not part of it.
pub fn verifier(cluster: &Cluster, excerpts: &[(String, String)]) -> String {
    let claim = &cluster.lead;
    let mut stated = format!(
        "place: {}\nquoted line: {}\nclaim: {}\nscenario: {}\n",
        place(&claim.path, claim.side, claim.lines),
        claim.quoted_line.trim_end(),
        claim.claim,
        claim.scenario,
    );
    for other in &cluster.others {
        let place = place(&other.path, other.side, other.lines);
        line(&mut stated, format_args!("also stated as: {} ({place})", other.claim));
    }
    for Evidence { path, line: number, .. } in &claim.evidence {
        line(&mut stated, format_args!("said to be seen at: {path}, line {number}"));
    }

    if let Some(suggestion) = &claim.suggestion {
        line(&mut stated, format_args!("proposed replacement of {}:", place(&claim.path, claim.side, claim.lines)));
        stated.extend([suggestion.replacement.trim_end(), "\n"]);
    }

    let texts = excerpts.iter().map(|(_, code)| code.as_str());
    let fence = Fence::over(texts.chain([stated.as_str()]));
    let mut prompt = format!("{VERIFIER}\n# The claim\n\n{}", fence.wrap("claim", &stated));
    if !excerpts.is_empty() {
        prompt.push_str("\n# Code around it\n\n");
    }
    for (label, code) in excerpts {
        prompt.push_str(&fence.wrap(label, code));
    }
    prompt
}

/// The request for the walkthrough of the whole pull request.
pub fn walkthrough() -> String {
    WALKTHROUGH.to_owned()
}

/// `code_now` is the numbered code that stands where the finding was.
pub fn resolution(standing: &StandingFinding, code_now: &str) -> String {
    let mut stated = format!("claim: {}\nthe line it was about, then: {}\n", standing.claim, standing.quoted_line.trim_end());
    if let Some(Anchor { path, side, lines }) = &standing.anchor {
        line(&mut stated, format_args!("place, then: {}", place(path, *side, *lines)));
    }
    let fence = Fence::over([stated.as_str(), code_now]);
    let claim = fence.wrap("claim", &stated);
    let code = fence.wrap("code as it stands now", code_now);
    format!("{RESOLUTION}\n# The finding\n\n{claim}\n# The code now\n\n{code}")
}

fn standing_claim(standing: &StandingFinding) -> String {
    let place = standing
        .anchor
        .as_ref()
        .map_or_else(|| "a place that is not known any more".to_owned(), |anchor| place(&anchor.path, anchor.side, anchor.lines));
    let mut claim: String = standing.claim.chars().take(MAX_STANDING_CHARS).collect();
    if claim.len() < standing.claim.len() {
        claim.push('…');
    }
    format!("- {place}: {}\n", claim.replace('\n', " "))
}

fn place(path: &str, side: Side, lines: LineRange) -> String {
    let version = match side {
        Side::Left => " of the base version",
        Side::Right => "",
    };
    if lines.first == lines.last {
        format!("{path}, line {}{version}", lines.first)
    } else {
        format!("{path}, lines {} to {}{version}", lines.first, lines.last)
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a String takes every write");
}

#[cfg(test)]
mod tests;
