//! The leads of the pack, in one fence.

use super::{
    Counter, Section,
    files::shown_line,
    texts::{fitting_prefix, one_line},
};
use crate::lead::{Lead, LeadPlace, SearchedPart};

/// Most leads in a pack, most places of each, and most lines of a place.
const MAX_LEADS: usize = 40;
const MAX_PLACES: usize = 6;
const MAX_LINES: usize = 3;

/// As many leads as there is room for, in their order.
pub(super) fn leads(leads: &[Lead], part: Option<SearchedPart>, room: usize, counter: &Counter<'_>) -> Option<Section> {
    let mut sorted: Vec<&Lead> = leads.iter().collect();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.truncate(MAX_LEADS);
    let shown: Vec<String> = sorted.into_iter().map(shown).collect();
    let note = part.map_or_else(String::new, |part| {
        format!("Searched in part: {} of {} files. There may be other uses.\n", part.searched, part.of)
    });
    let section = |shown: &[String]| counter.section("leads", note.clone() + &shown.concat(), room);
    fitting_prefix(&shown, room, section).or_else(|| if note.is_empty() { None } else { section(&[]) })
}

fn shown(lead: &Lead) -> String {
    let mut shown = format!("{}:{} {}\n", one_line(&lead.path), lead.line, one_line(&lead.text));
    for place in lead.places.iter().take(MAX_PLACES) {
        shown.push_str(&shown_place(place));
    }
    shown
}

fn shown_place(place: &LeadPlace) -> String {
    let function = place.function.as_deref().map(|function| format!(" in {}", one_line(function))).unwrap_or_default();
    let mut shown = format!("  {}:{}{function}\n", one_line(&place.path), place.line);
    for line in place.code.lines().take(MAX_LINES) {
        shown.push_str("      ");
        shown.push_str(&shown_line(line));
        shown.push('\n');
    }
    shown
}
