//! What the syntax tree of one file says: its symbols, the function around a line, where a name is used.
//!
//! Grammars run on hostile files, so size and work are bounded, by counted steps and not by the clock: the same text always
//! has the same index. A file that is too large, too much work or of an unknown language has none, and the review goes on
//! without.

mod changes;
mod language;
mod parse;
mod symbols;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;

use review_core::pull_request::LineRange;

pub use self::{changes::signature_changes, language::Language};

/// Files above this size are not parsed.
pub const MAX_BYTES: usize = 1_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SymbolKind {
    Function,
    /// With constructors, operators, and properties that compute.
    Method,
    /// Classes, structs, interfaces, traits, enums, aliases; tables and views of SQL.
    Type,
    Constant,
    /// Modules and namespaces.
    Module,
}

/// A definition in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// Without what qualifies it: `total` for `Shop::Cart::total`.
    pub name: String,
    pub kind: SymbolKind,
    /// From its first line (attributes and decorators included) to its last.
    pub lines: LineRange,
    /// Everything before the body, white space folded, without comments, attributes and decorators; at most 500 characters.
    pub signature: String,
}

/// The index of one version of one file.
#[derive(Debug, Clone)]
pub struct FileIndex {
    language: Language,
    symbols: Vec<Symbol>,
    /// Identifiers with the lines on which they stand, ascending.
    identifiers: BTreeMap<String, Vec<u32>>,
    syntax_errors: usize,
}

/// A symbol whose signature differs between two versions of a file, or that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureChange {
    pub name: String,
    pub before: String,
    /// None: removed.
    pub after: Option<String>,
}

/// Parses `text` by the language of `path`. None: unknown language, too large, or not parsed within its bounds.
///
/// A megabyte of source code takes a third of a second, the worst megabyte that anybody could write some ten seconds: call
/// this where it may block.
pub fn index(path: &str, text: &str) -> Option<FileIndex> {
    let language = Language::of_path(path)?;
    if text.len() > MAX_BYTES {
        return None;
    }
    let tree = parse::parse(language, text)?;
    let walk = walk::Walk::over(&tree, text)?;
    let symbols = symbols::symbols(language, &tree, text, &walk)?;
    Some(FileIndex { language, symbols, identifiers: walk.identifiers, syntax_errors: walk.syntax_errors })
}

impl FileIndex {
    pub fn language(&self) -> Language {
        self.language
    }

    /// In order of their first line.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The innermost function or method that contains the line (1-based).
    pub fn enclosing_function(&self, line: u32) -> Option<&Symbol> {
        let functions = self.symbols.iter().filter(|symbol| matches!(symbol.kind, SymbolKind::Function | SymbolKind::Method));
        functions.filter(|symbol| symbol.lines.contains(line)).min_by_key(|symbol| symbol.lines.len())
    }

    /// Lines on which `name` stands as an identifier, definitions included, ascending, each once.
    pub fn uses_of(&self, name: &str) -> Vec<u32> {
        self.identifiers.get(name).cloned().unwrap_or_default()
    }

    /// Error and missing nodes of the tree: a suggestion must not add one.
    pub fn syntax_errors(&self) -> usize {
        self.syntax_errors
    }
}
