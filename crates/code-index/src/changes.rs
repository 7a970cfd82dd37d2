//! What differs between the signatures of two versions of a file.

use std::collections::BTreeMap;

use crate::{FileIndex, SignatureChange, Symbol, SymbolKind};

/// Functions, methods and types whose signature changed or that were removed, in order of the old file. A name may stand
/// for several definitions (overloads, the same method in two classes): signatures that stand in both versions are matched
/// first, so an added overload is no change. A renamed symbol is a removed one.
pub fn signature_changes(base: &FileIndex, head: &FileIndex) -> Vec<SignatureChange> {
    let mut after: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for symbol in callable(head) {
        after.entry(&symbol.name).or_default().push(&symbol.signature);
    }
    // Unchanged ones first, whatever their order.
    let mut gone: Vec<&Symbol> = Vec::new();
    for symbol in callable(base) {
        let candidates = after.get_mut(symbol.name.as_str());
        let same = candidates.as_ref().and_then(|signatures| signatures.iter().position(|one| *one == symbol.signature));
        match (candidates, same) {
            (Some(signatures), Some(position)) => {
                signatures.remove(position);
            }
            _ => gone.push(symbol),
        }
    }
    let change = |symbol: &Symbol| {
        let after = after.get_mut(symbol.name.as_str()).filter(|signatures| !signatures.is_empty());
        let after = after.map(|signatures| signatures.remove(0).to_owned());
        SignatureChange { name: symbol.name.clone(), before: symbol.signature.clone(), after }
    };
    gone.into_iter().map(change).collect()
}

fn callable(index: &FileIndex) -> impl Iterator<Item = &Symbol> {
    let kinds = [SymbolKind::Function, SymbolKind::Method, SymbolKind::Type];
    index.symbols().iter().filter(move |symbol| kinds.contains(&symbol.kind))
}
