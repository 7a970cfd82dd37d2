//! What a change of signatures means for the code around it.

use std::collections::BTreeSet;

use crate::{CommitIndex, FileIndex, Language, Place, SignatureChange, Symbol, SymbolKind, signature_changes};

/// Symbols of a change that are looked up: of a change that rewrites more than this, nobody reads all leads.
const MOST_LOOKED_UP: usize = 1000;

/// A file of the change in its two versions.
#[derive(Debug, Clone)]
pub struct ChangedFile<'a> {
    /// Now; for a deleted file, as it was.
    pub path: &'a str,
    pub base: Option<&'a FileIndex>,
    /// None: deleted, or it has no index.
    pub head: Option<&'a FileIndex>,
    pub is_deleted: bool,
    /// Lines of the head version that the change added.
    pub added_lines: BTreeSet<u32>,
}

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Symbols.
    pub impacts: usize,
    /// Places of one symbol, and of all together.
    pub places_each: usize,
    pub places: usize,
}

/// A symbol that changed or is gone, with places that use it and that the change left as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact<'a> {
    /// The file that defines or defined it.
    pub path: &'a str,
    pub change: SignatureChange,
    /// The likeliest first; never empty.
    pub places: Vec<Place<'a>>,
    /// How many there are, shown or not.
    pub found: usize,
}

/// Changed and removed symbols that are still used outside of the lines that the change added: in order of path and line,
/// and of all as many as `bounds` allow, removed ones and those with the likeliest uses first. `is_shown` says which
/// files may be told of.
pub fn impacts<'a>(
    index: &'a CommitIndex,
    changes: &[ChangedFile<'a>],
    bounds: Bounds,
    is_shown: &dyn Fn(&str) -> bool,
) -> Vec<Impact<'a>> {
    let mut impacts = Vec::new();
    let mut looked_up = 0_usize;
    let arrived = arrivals(changes);
    for file in changes {
        let Some(base) = file.base else { continue };
        if file.head.is_none() && !file.is_deleted {
            continue;
        }
        for change in signature_changes(base, file.head) {
            let is_moved = change.after.is_none() && arrived.contains(&moved_as(base.language(), &change.before));
            if is_moved || !concerns_uses(&change) {
                continue;
            }
            looked_up += 1;
            if looked_up > MOST_LOOKED_UP {
                break;
            }
            let defining = if change.after.is_some() { file.head.unwrap_or(base) } else { base };
            let symbol = change.after.as_ref().unwrap_or(&change.before);
            let mut places = index.call_sites(file.path, defining, symbol);
            places.retain(|place| is_shown(place.path) && !is_of_change(changes, place));
            let found = places.len();
            places.truncate(bounds.places_each);
            if found > 0 {
                impacts.push(Impact { path: file.path, change, places, found });
            }
        }
    }
    // Few uses are read more closely than many.
    impacts.sort_by_key(|impact| {
        (impact.change.after.is_some(), impact.found.min(bounds.places_each), impact.path, line_of(impact))
    });
    let mut left = bounds.places;
    impacts.truncate(bounds.impacts);
    impacts.retain_mut(|impact| {
        impact.places.truncate(left);
        left -= impact.places.len();
        !impact.places.is_empty()
    });
    impacts.sort_by_key(|impact| (impact.path, line_of(impact)));
    impacts
}

/// Of a type only what makes a value of it is a signature: the parameters of a record, of a class of Kotlin or Scala.
fn concerns_uses(change: &SignatureChange) -> bool {
    let has_parameters = |symbol: &Symbol| symbol.signature.contains('(');
    match &change.after {
        Some(after) if change.before.kind == SymbolKind::Type => has_parameters(&change.before) || has_parameters(after),
        _ => true,
    }
}

fn line_of(impact: &Impact<'_>) -> u32 {
    impact.change.after.as_ref().unwrap_or(&impact.change.before).lines.first
}

/// Whether the change added that line.
fn is_of_change(changes: &[ChangedFile<'_>], place: &Place<'_>) -> bool {
    changes.iter().any(|file| !file.is_deleted && file.path == place.path && file.added_lines.contains(&place.line))
}

/// What the change brought to other files than it stood in: a symbol that moved is not gone.
fn arrivals(changes: &[ChangedFile<'_>]) -> BTreeSet<(Language, String, String)> {
    let added = changes.iter().filter_map(|file| {
        let head = file.head?;
        let known: BTreeSet<&str> =
            file.base.into_iter().flat_map(FileIndex::symbols).map(|symbol| symbol.signature.as_str()).collect();
        let new = head.symbols().iter().filter(move |symbol| !known.contains(symbol.signature.as_str()));
        Some(new.map(|symbol| moved_as(head.language(), symbol)).collect::<Vec<_>>())
    });
    added.flatten().collect()
}

fn moved_as(language: Language, symbol: &Symbol) -> (Language, String, String) {
    (language, symbol.name.clone(), symbol.signature.clone())
}
