//! The parts of the pack that are texts of people, and what is not shown.

use std::{borrow::Cow, fmt::Write as _};

use super::{Counter, Guideline, PackInput, Section};
use crate::{
    issue::Issue,
    prompt::{TokenCount, visible},
    pull_request::WorkItem,
    scope::{FileSetAside, SetAside},
};

/// Most work items in a pack.
const MAX_WORK_ITEMS: usize = 10;

/// Most paths in the list of what is not shown.
const MAX_NOT_SHOWN: usize = 40;

/// Less room than this for the rest of a text is not used: a few words without their end mislead.
const LEAST_TOKENS: usize = 16;

/// General conventions (nearer to the root) before special ones; each may use what the ones before it left.
pub(super) fn guidelines(guidelines: &[Guideline], mut room: usize, counter: &Counter<'_>) -> Vec<Section> {
    let mut sorted: Vec<&Guideline> = guidelines.iter().filter(|guideline| !guideline.text.trim().is_empty()).collect();
    sorted.sort_unstable_by(|one, other| one.order().cmp(&other.order()));
    sorted.dedup();
    let mut sections = Vec::new();
    for guideline in sorted {
        let body = format!("path: {}\n\n{}", one_line(&guideline.path), guideline.text.trim());
        if let Some(section) = counter.cut_section("guideline", &body, room) {
            room = room.saturating_sub(section.tokens);
            sections.push(section);
        }
    }
    sections
}

/// Title, description, work items and issues. While there are any of those, the description takes at most half of the room.
pub(super) fn intent(input: &PackInput<'_>, mut room: usize, counter: &Counter<'_>) -> Vec<Section> {
    let PackInput { pull_request, work_items, issues, .. } = input;
    let mut sections = Vec::new();
    let mut add = |label, body: &str, most: usize, room: &mut usize| {
        if let Some(section) = counter.cut_section(label, body, most.min(*room)) {
            *room = room.saturating_sub(section.tokens);
            sections.push(section);
        }
    };
    add("title", &one_line(&pull_request.title), room, &mut room);
    let for_description = if work_items.is_empty() && issues.is_empty() { room } else { room / 2 };
    add("description", &pull_request.description, for_description, &mut room);

    let mut items: Vec<&WorkItem> = work_items.iter().collect();
    items.sort_unstable_by_key(|item| item.id);
    items.truncate(MAX_WORK_ITEMS);
    let mut left = items.len().saturating_add(issues.len());
    for item in items {
        let (kind, state, title) = (one_line(&item.kind), one_line(&item.state), one_line(&item.title));
        let body = format!("{kind} {} ({state}): {title}\n{}", item.id, item.text.trim());
        let most = room / left.max(1);
        add("work item", &body, most, &mut room);
        left = left.saturating_sub(1);
    }
    for Issue { tracker, key, state, title, text, .. } in *issues {
        let body = format!("{tracker} {key} ({}): {}\n{text}", one_line(state), one_line(title));
        let most = room / left.max(1);
        add("issue", &body, most, &mut room);
        left = left.saturating_sub(1);
    }
    sections
}

/// Names the files that have no room, and counts those that did not change.
pub(super) fn not_shown(left_out: &[FileSetAside], room: usize, counter: &Counter<'_>) -> Option<Section> {
    let mut over_budget: Vec<&str> =
        left_out.iter().filter(|file| file.why == SetAside::OverBudget).map(|file| file.path.as_str()).collect();
    over_budget.sort_unstable();
    let unchanged = left_out.len() - over_budget.len();
    let names: Vec<String> = over_budget.iter().take(MAX_NOT_SHOWN).map(|path| format!("- {}\n", one_line(path))).collect();
    let section = |names: &[String]| {
        let mut body = String::new();
        if !over_budget.is_empty() {
            writeln!(body, "Changed files for which there was no room: {}, among them:", over_budget.len())
                .expect("a String takes every write");
        }
        body.extend(names.iter().map(String::as_str));
        if unchanged > 0 {
            writeln!(body, "Files of the pull request that did not change since the last review: {unchanged}")
                .expect("a String takes every write");
        }
        counter.section("not shown", body, room)
    };
    if left_out.is_empty() {
        return None;
    }
    fitting_prefix(&names, room, section).or_else(|| section(&[]))
}

/// As much of the text as `most` tokens hold, cut at a line ending where there is one near, with a note of how much is
/// missing. None for an empty text, or where only a few words would be left.
pub(super) fn cut(text: &str, most: usize, count: TokenCount<'_>) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    // No tokenizer puts so many bytes into a token over a whole text: what is beyond need not be counted.
    let bound = text.floor_char_boundary(most.saturating_mul(super::MOST_BYTES_PER_TOKEN));
    if bound == text.len() && count(text) <= most {
        return Some(text.to_owned());
    }
    let note = |kept: &str| {
        let missing = text.chars().count() - kept.chars().count();
        format!("{}\n[cut here: {missing} more characters]", kept.trim_end())
    };
    if most < LEAST_TOKENS {
        return None;
    }
    let (mut fits, mut exceeds) = (0, bound + 1);
    while exceeds - fits > 1 {
        let middle = text.floor_char_boundary(usize::midpoint(fits, exceeds));
        // Rounding down to a character may fall back on what is known to fit.
        if middle <= fits {
            break;
        }
        if count(&note(text.get(..middle)?)) <= most {
            fits = middle;
        } else {
            exceeds = middle;
        }
    }
    let kept = text.get(..fits)?;
    let at_line = kept.rfind('\n').filter(|end| *end > kept.len() / 2).and_then(|end| kept.get(..end));
    // A shorter text may have a longer note: one more digit of what is missing.
    let at_line = at_line.map(note).filter(|cut| count(cut) <= most);
    (!kept.trim().is_empty()).then(|| at_line.unwrap_or_else(|| note(kept)))
}

/// The section of the longest beginning of `items` that fits, found without counting each.
pub(super) fn fitting_prefix(items: &[String], room: usize, section: impl Fn(&[String]) -> Option<Section>) -> Option<Section> {
    let mut len = items.len();
    while len > 0 && room > 0 {
        if let Some(section) = items.get(..len).and_then(&section) {
            return Some(section);
        }
        len /= 2;
    }
    None
}

pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    match visible(text) {
        Cow::Borrowed(text) if !text.contains('\n') => Cow::Borrowed(text.trim()),
        text => Cow::Owned(text.trim().replace('\n', "\\n")),
    }
}
