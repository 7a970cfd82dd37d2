//! What differs between the signatures of two versions of a file.

use std::collections::{BTreeMap, BTreeSet};

use crate::{FileIndex, Symbol, SymbolKind};

/// A symbol whose signature differs between two versions of a file, or that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureChange {
    /// As it was before.
    pub before: Symbol,
    /// None: removed.
    pub after: Option<Symbol>,
    /// The symbol that has its place and, but for the name, its signature. Only when it is removed.
    pub renamed_to: Option<String>,
}

/// Functions, methods and types whose signature changed; those, and constants, that were removed. In order of the old file.
/// Without a head version everything was removed.
///
/// A name may stand for several definitions (overloads, the same method in two classes): what stands in both versions is
/// matched first, so an added overload is no change, and neither is a method that moved to another class. Members of a
/// type that is gone are not told by themselves.
pub fn signature_changes(base: &FileIndex, head: Option<&FileIndex>) -> Vec<SignatureChange> {
    let mut after: BTreeMap<&str, Vec<&Symbol>> = BTreeMap::new();
    for symbol in head.into_iter().flat_map(FileIndex::symbols).filter(|symbol| is_told(symbol)) {
        after.entry(&symbol.name).or_default().push(symbol);
    }
    let gone: Vec<&Symbol> = base.symbols().iter().filter(|symbol| is_told(symbol)).collect();
    // From what is surely the same to what is likely the same.
    let gone = unmatched(gone, &mut after, |one, other| one.container == other.container && one.signature == other.signature);
    let gone = unmatched(gone, &mut after, |one, other| one.signature == other.signature);
    let mut changes = Vec::with_capacity(gone.len());
    for symbol in gone {
        let candidates = after.entry(&symbol.name).or_default();
        let same_place = candidates.iter().position(|candidate| candidate.container == symbol.container);
        let next = same_place.or((!candidates.is_empty()).then_some(0)).map(|at| candidates.remove(at));
        changes.push((symbol, next));
    }
    // A new value of a constant is no change that the code around it must follow.
    changes.retain(|(symbol, next)| symbol.kind != SymbolKind::Constant || next.is_none());
    let removed: BTreeSet<String> = changes
        .iter()
        .filter(|(symbol, next)| next.is_none() && holds_members(symbol))
        .map(|(symbol, _)| path_of(symbol))
        .collect();
    changes.retain(|(symbol, next)| next.is_some() || !removed.contains(&symbol.container));
    let added: Vec<&Symbol> = after.into_values().flatten().collect();
    let told = changes.into_iter().map(|(symbol, next)| SignatureChange {
        before: symbol.clone(),
        after: next.cloned(),
        renamed_to: if next.is_none() { new_name(symbol, &added) } else { None },
    });
    told.collect()
}

fn is_told(symbol: &Symbol) -> bool {
    !matches!(symbol.kind, SymbolKind::Module | SymbolKind::Key)
}

fn holds_members(symbol: &Symbol) -> bool {
    symbol.kind == SymbolKind::Type
}

/// The symbol as a container of others.
fn path_of(symbol: &Symbol) -> String {
    if symbol.container.is_empty() { symbol.name.clone() } else { format!("{}.{}", symbol.container, symbol.name) }
}

/// Those that have no match among the symbols of the same name; matches are taken out of `after`.
fn unmatched<'a>(
    symbols: Vec<&'a Symbol>,
    after: &mut BTreeMap<&str, Vec<&Symbol>>,
    is_same: impl Fn(&Symbol, &Symbol) -> bool,
) -> Vec<&'a Symbol> {
    let is_unmatched = |symbol: &&'a Symbol| {
        let Some(candidates) = after.get_mut(symbol.name.as_str()) else { return true };
        match candidates.iter().position(|candidate| is_same(symbol, candidate)) {
            Some(position) => {
                candidates.remove(position);
                false
            }
            None => true,
        }
    };
    symbols.into_iter().filter(is_unmatched).collect()
}

/// The one new symbol in the same place whose signature differs by the name alone.
fn new_name(symbol: &Symbol, added: &[&Symbol]) -> Option<String> {
    let is_heir = |other: &&&Symbol| {
        other.kind == symbol.kind
            && other.container == symbol.container
            && symbol.signature.contains(&symbol.name)
            && symbol.signature.replacen(&symbol.name, &other.name, 1) == other.signature
    };
    let mut heirs = added.iter().filter(is_heir);
    let heir = heirs.next()?;
    heirs.next().is_none().then(|| heir.name.clone())
}
