//! A claim whose quoted line is not in the file is a hallucination, and a claim outside the change is none of ours.

use std::collections::BTreeSet;

use super::{DropReason, Dropped, Evidence, Finding, answer::Candidate, check_suggestion};
use crate::{
    diff::{FileDiff, FreshLines, Hunk, LineKind},
    prompt::{shown_line, visible},
    pull_request::{LineRange, Side},
};

/// Longest range that is kept as the model states it; beyond, the quoted line alone says more.
const MAX_RANGE_LINES: u32 = 60;
/// A quoted line this far from the stated range still moves the whole range; farther away only the line itself is sure.
const MAX_SHIFT_LINES: u32 = 20;
/// A line without a letter or digit (`}`) stands everywhere: it counts only this close to where it was said to be.
const MAX_SHIFT_OF_PUNCTUATION: u32 = 3;
/// How far from a changed line, within its hunk, a claim may point.
const NEAR_CHANGE_LINES: u32 = 10;

const MAX_CLAIM_CHARS: usize = 400;
const MAX_SCENARIO_CHARS: usize = 1_200;
const MAX_FIX_CHARS: usize = 800;
const MAX_WHY_CHARS: usize = 300;
const MAX_PATH_CHARS: usize = 400;
const MAX_EVIDENCE: usize = 8;

/// The file that a candidate names, as the run read it.
#[derive(Debug, Clone, Copy)]
pub struct CheckedFile<'a> {
    pub diff: &'a FileDiff,
    /// None on a full review.
    pub fresh: Option<&'a FreshLines>,
    pub head_text: &'a str,
    pub base_text: Option<&'a str>,
}

/// Turns a candidate into a finding at the exact lines: the quoted line decides, a wrong number near it is corrected.
/// `file` is None when no reviewed file has the candidate's path. The suggestion is checked as well, and dropped
/// when it would not apply.
#[expect(clippy::result_large_err, reason = "the refusal is kept and counted like the finding; both are of one size")]
pub fn check_quote(candidate: Candidate, file: Option<CheckedFile<'_>>) -> Result<Finding, Dropped> {
    let Some(file) = file.filter(|file| names_file(&candidate.path, file.diff)) else {
        return Err(refuse(&candidate, DropReason::Malformed, "the path is not part of the review"));
    };
    let stated = [("claim", &candidate.claim), ("failure scenario", &candidate.scenario)];
    let missing = stated.into_iter().find_map(|(name, text)| text.trim().is_empty().then_some(name));
    if let Some(missing) = missing {
        return Err(refuse(&candidate, DropReason::Malformed, format!("no {missing}")));
    }

    let placed = match place(&candidate, file) {
        Ok(placed) => placed,
        Err(Refusal { reason, lines, detail }) => {
            let refused = refuse(&candidate, reason, detail);
            return Err(Dropped { lines: lines.or(refused.lines), ..refused });
        }
    };
    let suggestion = candidate
        .suggestion
        .as_deref()
        .filter(|_| placed.side == Side::Right && placed.exact)
        .and_then(|replacement| check_suggestion(placed.lines, replacement, file.head_text).ok());
    let evidence = candidate.evidence.into_iter().filter(|place| place.line > 0 && !place.path.trim().is_empty());
    Ok(Finding {
        path: file.diff.path.clone(),
        side: placed.side,
        lines: placed.lines,
        quoted_line: placed.quoted_line,
        claim: shortened(&candidate.claim, MAX_CLAIM_CHARS),
        scenario: shortened(&candidate.scenario, MAX_SCENARIO_CHARS),
        fix: shortened(&candidate.fix, MAX_FIX_CHARS),
        category: candidate.category,
        severity: candidate.severity,
        evidence: evidence
            .take(MAX_EVIDENCE)
            .map(|place| Evidence {
                path: shortened(plain_path(&place.path.replace('\\', "/")), MAX_PATH_CHARS),
                line: place.line,
                why: shortened(&place.why, MAX_WHY_CHARS),
            })
            .collect(),
        suggestion,
        votes: 1,
        learnings: Vec::new(),
    })
}

/// Whether a path as a model writes it (`/src/a.rs`, `b/src/a.rs`, `src\a.rs`, in backticks) names `path`.
pub fn same_path(stated: &str, path: &str) -> bool {
    // A name may itself end with a quote or hold a backslash, and what cannot be seen was spelled out to the model.
    if stated == path || stated == visible(path) {
        return true;
    }
    let stated = stated.trim().trim_matches(['`', '"', '\'']).replace('\\', "/");
    let stated = plain_path(&stated);
    stated == path || ["a/", "b/"].iter().any(|prefix| stated.strip_prefix(prefix) == Some(path))
}

fn plain_path(path: &str) -> &str {
    let mut path = path.trim();
    while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix('/')) {
        path = rest;
    }
    path
}

fn names_file(stated: &str, diff: &FileDiff) -> bool {
    same_path(stated, &diff.path) || diff.old_path.as_deref().is_some_and(|old| same_path(stated, old))
}

fn refuse(candidate: &Candidate, reason: DropReason, detail: impl Into<String>) -> Dropped {
    Dropped {
        finding: None,
        claim: shortened(&candidate.claim, MAX_CLAIM_CHARS),
        path: shortened(&candidate.path, MAX_PATH_CHARS),
        lines: stated_range(candidate, u32::MAX),
        reason,
        detail: detail.into(),
    }
}

struct Placed {
    side: Side,
    lines: LineRange,
    quoted_line: String,
    /// Whether `lines` is the range that the model meant, so that a replacement for it is one for these lines.
    exact: bool,
}

struct Refusal {
    reason: DropReason,
    /// Of the head version, where the quote was found there.
    lines: Option<LineRange>,
    detail: String,
}

impl Refusal {
    fn new(reason: DropReason, detail: impl Into<String>) -> Self {
        Self { reason, lines: None, detail: detail.into() }
    }
}

/// In the head version; else, or when only there it is part of the change, among the removed lines.
fn place(candidate: &Candidate, file: CheckedFile<'_>) -> Result<Placed, Refusal> {
    let outside = match place_right(candidate, file) {
        Ok(placed) => return Ok(placed),
        Err(refusal) => refusal,
    };
    place_left(candidate, file).map_err(|removed| {
        let only_removed = outside.reason == DropReason::QuoteNotFound && removed.reason == DropReason::OutsideChange;
        if only_removed { removed } else { outside }
    })
}

fn place_right(candidate: &Candidate, file: CheckedFile<'_>) -> Result<Placed, Refusal> {
    let lines: Vec<&str> = file.head_text.lines().map(without_line_end).collect();
    let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    let stated = stated_range(candidate, count);
    let not_found = || {
        Refusal::new(DropReason::QuoteNotFound, format!("{:?} is not a line of the file", shortened(&candidate.quoted_line, 120)))
    };

    let touched = Touched::right(file);
    let found = numbered(&lines).filter_map(|(number, line)| Some((number, line, quality(&candidate.quoted_line, line)?)));
    let nearest = found.min_by_key(|&(number, _, quality)| (quality, distance(stated, number), !touched.lines.contains(&number)));
    let (number, line, _) = nearest.ok_or_else(not_found)?;
    let shift = distance(stated, number);
    if shift > MAX_SHIFT_OF_PUNCTUATION && stated.is_some() && !line.contains(char::is_alphanumeric) {
        return Err(not_found());
    }

    let lines = moved(stated, number, count);
    if !touched.is_near(lines) {
        let detail = format!("lines {}-{} are outside the change", lines.first, lines.last);
        return Err(Refusal { lines: Some(lines), ..Refusal::new(DropReason::OutsideChange, detail) });
    }
    let meant = stated.is_some_and(|stated| stated.len() == lines.len() && (shift == 0 || lines.len() == 1));
    Ok(Placed { side: Side::Right, lines, quoted_line: line.to_owned(), exact: meant })
}

fn place_left(candidate: &Candidate, file: CheckedFile<'_>) -> Result<Placed, Refusal> {
    let stated = stated_range(candidate, u32::MAX);
    let mut best: Option<(u8, bool, u32, u32, &str)> = None;
    for hunk in file.diff.hunks() {
        for line in hunk.lines.iter().filter(|line| line.kind == LineKind::Removed) {
            let (Some(number), Some(quality)) = (line.old_line, quality(&candidate.quoted_line, &line.text)) else { continue };
            let stale = file.fresh.is_some_and(|fresh| !fresh.removed.contains(&number));
            // Removed lines have no number in what the model read; the numbers around them are the head version's.
            let far = distance(stated, number).min(distance(stated, hunk.new_start));
            let this = (quality, stale, far, number, without_line_end(&line.text));
            best = Some(best.map_or(this, |best| if this < best { this } else { best }));
        }
    }
    match best {
        None => Err(Refusal::new(DropReason::QuoteNotFound, "not among the removed lines either")),
        Some((_, _, _, _, line)) if !line.contains(char::is_alphanumeric) => {
            Err(Refusal::new(DropReason::QuoteNotFound, "a line of punctuation among the removed lines names no place"))
        }
        Some((_, true, _, number, _)) => {
            Err(Refusal::new(DropReason::OutsideChange, format!("removed line {number} was part of an earlier push")))
        }
        Some((_, false, _, number, line)) => {
            Ok(Placed { side: Side::Left, lines: LineRange::new(number, number), quoted_line: line.to_owned(), exact: false })
        }
    }
}

/// The range of the candidate; None when it is none of this file's.
fn stated_range(candidate: &Candidate, count: u32) -> Option<LineRange> {
    let (first, last) = (candidate.start_line, candidate.end_line);
    match (first, last) {
        (0, 0) => None,
        (0, line) | (line, 0) => Some(LineRange::new(line, line)),
        (first, last) if first <= last && first <= count => Some(LineRange::new(first, last)),
        (first, _) => Some(LineRange::new(first, first)),
    }
}

/// 0 inside the range, or when there is none.
fn distance(stated: Option<LineRange>, line: u32) -> u32 {
    stated.map_or(0, |stated| stated.distance(LineRange::new(line, line)))
}

/// The stated range moved so that it holds `line`, or `line` alone where the range makes no sense.
fn moved(stated: Option<LineRange>, line: u32, count: u32) -> LineRange {
    let alone = LineRange::new(line, line);
    let Some(stated) = stated else { return alone };
    let length = stated.last - stated.first;
    if length >= MAX_RANGE_LINES || stated.distance(alone) > MAX_SHIFT_LINES {
        return alone;
    }
    let moved = if stated.contains(line) {
        stated
    } else if line < stated.first {
        LineRange::new(line, line.saturating_add(length))
    } else {
        LineRange::new(line.saturating_sub(length), line)
    };
    if moved.last > count { alone } else { moved }
}

fn numbered<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = (u32, &'a str)> {
    (1..).zip(lines.iter().copied())
}

fn without_line_end(line: &str) -> &str {
    line.trim_end_matches(['\r', '\n'])
}

/// How well a quote fits a line: 0 as it stands, 1 without a number or marker in front, 2 but for inner space. The line may
/// be quoted as the file has it or as the pack showed it, with long lines cut and invisible characters spelled out.
fn quality(quote: &str, line: &str) -> Option<u8> {
    let as_shown = || {
        let is_rewritten = quote.contains("\\u{") || quote.contains("…[+");
        is_rewritten.then(|| quality_of(quote, &shown_line(line))).flatten()
    };
    quality_of(quote, line).or_else(as_shown)
}

fn quality_of(quote: &str, line: &str) -> Option<u8> {
    let line = line.trim_start_matches('\u{feff}').trim();
    if line.is_empty() {
        return None;
    }
    let quote = quote.lines().map(str::trim).find(|line| !line.is_empty())?;
    if quote == line {
        return Some(0);
    }
    let bare = readings(quote);
    if bare.contains(&line) {
        return Some(1);
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let wanted = words(line);
    std::iter::once(quote).chain(bare).any(|reading| words(reading) == wanted).then_some(2)
}

/// The quote without what a pack or a model may have put around the line: ticks, a line number, a diff marker.
fn readings(quote: &str) -> Vec<&str> {
    let mut readings = Vec::new();
    let unticked = quote.strip_prefix('`').and_then(|rest| rest.strip_suffix('`')).map(str::trim);
    for start in std::iter::once(quote).chain(unticked) {
        readings.push(start);
        let unmarked = start.strip_prefix(['+', '-']).map(str::trim);
        let unnumbered = without_number(start);
        let both = unmarked.and_then(without_number);
        let marked_after_number = unnumbered.and_then(|rest| rest.strip_prefix(['+', '-'])).map(str::trim);
        let bar_after_marker = marked_after_number.and_then(|rest| rest.strip_prefix('|')).map(str::trim);
        readings.extend([unmarked, unnumbered, both, marked_after_number, bar_after_marker].into_iter().flatten());
    }
    readings.retain(|reading| !reading.is_empty());
    readings
}

/// `  12 | code`, `12: code`, `L12 code`, `12\tcode`.
fn without_number(text: &str) -> Option<&str> {
    let text = text.strip_prefix(['L', 'l']).unwrap_or(text);
    let rest = text.trim_start_matches(|character: char| character.is_ascii_digit());
    if rest.len() == text.len() {
        return None;
    }
    let rest = rest.trim_start();
    Some(rest.strip_prefix(['|', ':', '│', '→', '.', ')']).unwrap_or(rest).trim())
}

/// The lines of one side that the change touches, hunk by hunk.
struct Touched {
    lines: BTreeSet<u32>,
    hunks: Vec<(LineRange, BTreeSet<u32>)>,
}

impl Touched {
    /// In the head version: added lines, and the lines on either side of removed ones.
    fn right(file: CheckedFile<'_>) -> Self {
        let hunks: Vec<_> = file.diff.hunks().iter().map(|hunk| (hunk_range(hunk), touched_by(hunk, file.fresh))).collect();
        Self { lines: hunks.iter().flat_map(|(_, lines)| lines.iter().copied()).collect(), hunks }
    }

    /// Whether the range lies in a hunk, close to one of its (fresh) changes.
    fn is_near(&self, range: LineRange) -> bool {
        let near = LineRange::new(range.first.saturating_sub(NEAR_CHANGE_LINES), range.last.saturating_add(NEAR_CHANGE_LINES));
        self.hunks.iter().any(|(hunk, touched)| hunk.overlaps(range) && touched.range(near.first..=near.last).next().is_some())
    }
}

fn hunk_range(hunk: &Hunk) -> LineRange {
    LineRange::new(hunk.new_start, hunk.new_start.saturating_add(hunk.new_len.saturating_sub(1)))
}

fn touched_by(hunk: &Hunk, fresh: Option<&FreshLines>) -> BTreeSet<u32> {
    let mut touched = BTreeSet::new();
    let mut next = hunk.new_start.max(1);
    for line in &hunk.lines {
        match line.kind {
            LineKind::Added if fresh.is_none_or(|fresh| line.new_line.is_some_and(|line| fresh.added.contains(&line))) => {
                touched.extend(line.new_line);
            }
            LineKind::Removed if fresh.is_none_or(|fresh| line.old_line.is_some_and(|line| fresh.removed.contains(&line))) => {
                touched.extend([next.saturating_sub(1), next]);
            }
            _ => {}
        }
        if let Some(new_line) = line.new_line {
            next = new_line.saturating_add(1);
        }
    }
    touched
}

fn shortened(text: &str, max_chars: usize) -> String {
    let text = text.trim();
    if text.chars().count() <= max_chars {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max_chars.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests;
