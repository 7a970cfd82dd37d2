//! What syntax trees say: the symbols of a file, the function around a line, where names are used; and over all files of a
//! commit, what a changed or removed symbol means for the rest.
//!
//! Grammars run on hostile files, so size and work are bounded, by counted steps and not by the clock: the same text always
//! has the same index. A file that is too large, too much work or of an unknown language has none, and the review goes on
//! without. Nothing here resolves types: uses are found by their names, and what speaks for or against each is weighed
//! (`commit`).

mod captures;
mod changes;
mod commit;
pub mod docstring;
mod documentation;
mod impact;
mod language;
mod parse;
mod references;
mod symbols;
mod target;
#[cfg(test)]
mod tests;
mod text;
mod walk;

use review_core::pull_request::LineRange;
use serde::{Deserialize, Serialize};

pub use self::{
    changes::{SignatureChange, signature_changes},
    commit::{CommitIndex, Named, Place},
    impact::{Bounds, ChangedFile, Impact, impacts},
    language::{Family, Language, index_key},
    references::{Reference, ReferenceKind},
    text::text_of,
};
use self::{references::References, walk::Walk};

/// Files above this size are not parsed.
pub const MAX_BYTES: usize = 1_000_000;
/// More symbols than this are not kept of a file, and more imports.
const MOST_SYMBOLS: usize = 20_000;
const MOST_IMPORTS: usize = 500;
/// Bytes of an import that are kept.
const IMPORT_BYTES: usize = 400;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SymbolKind {
    Function,
    /// With constructors, operators, and properties that compute.
    Method,
    /// Classes, structs, interfaces, traits, enums, aliases; tables and views of SQL, resources of HCL.
    Type,
    /// With variables, outputs and modules of HCL.
    Constant,
    /// Modules and namespaces.
    Module,
    /// Of a document of settings, at its top level.
    Key,
}

/// A definition in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Symbol {
    /// Without what qualifies it: `total` for `Shop::Cart::total`.
    pub name: String,
    pub kind: SymbolKind,
    /// What it stands in, outermost first, with dots between: `Shop.Cart`. Empty at the top of a file; the six innermost at
    /// most.
    pub container: String,
    /// Inside a function, so no other file can name it.
    pub is_nested: bool,
    /// From its first line (attributes and decorators included) to its last.
    pub lines: LineRange,
    /// From the line where the body begins. None: it has none.
    pub body: Option<LineRange>,
    /// Everything before the body, white space folded, without comments, attributes and decorators; at most 500 characters.
    pub signature: String,
    /// Whether a comment in the form that its language gives to documentation stands right before it, or right inside.
    pub is_documented: bool,
}

/// The index of one version of one file. It knows no path: files with the same text in the same language share it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileIndex {
    language: Language,
    symbols: Vec<Symbol>,
    references: References,
    imports: Vec<String>,
    package: Option<String>,
    syntax_errors: u32,
    is_truncated: bool,
}

/// Why a file has no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum NotIndexed {
    UnknownLanguage,
    /// Above [`MAX_BYTES`].
    TooLarge,
    /// Bytes that are no text.
    Binary,
    /// More work than any program needs: nested beyond measure, or made to hold up the parser.
    TooMuchWork,
    /// The caller had it stopped, so nothing is known about the file.
    Stopped,
}

impl NotIndexed {
    /// A few words for people.
    pub fn words(self) -> &'static str {
        match self {
            Self::UnknownLanguage => "no grammar for it",
            Self::TooLarge => "too large",
            Self::Binary => "no text",
            Self::TooMuchWork => "too much work to parse",
            Self::Stopped => "not reached in time",
        }
    }
}

/// Parses `text` by the language of `path`. None: unknown language, too large, or not parsed within its bounds.
///
/// A megabyte of source code takes half a second, the worst megabyte that anybody could write some ten seconds: call
/// this where it may block.
pub fn index(path: &str, text: &str) -> Option<FileIndex> {
    index_as(Language::of_path(path)?, text, &|| false).ok()
}

/// Parses `text` as `language`. `stop` is asked every few hundred steps; once it says yes, the answer is
/// [`NotIndexed::Stopped`].
pub fn index_as(language: Language, text: &str, stop: &dyn Fn() -> bool) -> Result<FileIndex, NotIndexed> {
    if text.len() > MAX_BYTES {
        return Err(NotIndexed::TooLarge);
    }
    let tree = parse::parse(language, text, stop)?;
    let walk = Walk::over(language, &tree)?;
    let captures = captures::captures(language, &tree, text, stop)?;
    let mut symbols = symbols::symbols(language, &captures, text, &walk);
    let references = References::collect(language, &captures, &walk, text);
    let mut imports = captures.imports;
    imports.sort_by_key(|import| import.start);
    let is_truncated = references.is_truncated || symbols.len() > MOST_SYMBOLS || imports.len() > MOST_IMPORTS;
    symbols.truncate(MOST_SYMBOLS);
    imports.truncate(MOST_IMPORTS);
    let folded = |bytes| symbols::fold(text.get(bytes).unwrap_or_default());
    let import = |bytes| {
        let mut import = folded(bytes);
        import.truncate(import.floor_char_boundary(IMPORT_BYTES));
        import
    };
    let imports = imports.into_iter().map(import).collect();
    let package = captures.package.map(folded).filter(|package| package.len() <= IMPORT_BYTES);
    Ok(FileIndex { language, symbols, references, imports, package, syntax_errors: walk.syntax_errors, is_truncated })
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

    /// Uses of the name by line, without definitions of it and without variables and parameters of that name.
    pub fn references_to(&self, name: &str) -> Vec<Reference<'_>> {
        self.references.to(&self.language.key(name)).collect()
    }

    /// The statements that bring in names from elsewhere, as they stand there, white space folded, cut after 400 bytes.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The package or namespace that the file says it belongs to.
    pub fn package(&self) -> Option<&str> {
        self.package.as_deref()
    }

    /// Error and missing nodes of the tree: a suggestion must not add one.
    pub fn syntax_errors(&self) -> usize {
        usize::try_from(self.syntax_errors).unwrap_or(usize::MAX)
    }

    /// The file has more symbols, uses or imports than are kept of one.
    pub fn is_truncated(&self) -> bool {
        self.is_truncated
    }

    /// Bytes of memory, about.
    pub fn weight(&self) -> usize {
        let symbols = self
            .symbols
            .iter()
            .map(|symbol| size_of::<Symbol>() + symbol.name.len() + symbol.container.len() + symbol.signature.len());
        let imports = self.imports.iter().map(|import| size_of::<String>() + import.len());
        size_of::<Self>() + symbols.sum::<usize>() + imports.sum::<usize>() + self.references.weight()
    }
}

/// What became of a file, for [`from_bytes`] of the same [`index_key`].
pub fn to_bytes(outcome: &Result<FileIndex, NotIndexed>) -> Vec<u8> {
    // A buffer in memory takes all that is written, and nothing here fails to be written.
    postcard::to_allocvec(outcome).unwrap_or_default()
}

/// The same for a file that has an index.
pub fn index_to_bytes(index: &FileIndex) -> Vec<u8> {
    // As `Result` is written: its variant, then what it holds.
    let outcome: Result<&FileIndex, NotIndexed> = Ok(index);
    postcard::to_allocvec(&outcome).unwrap_or_default()
}

/// None: not what [`to_bytes`] gave. Bytes that somebody made up give some index, and never a panic.
pub fn from_bytes(bytes: &[u8]) -> Option<Result<FileIndex, NotIndexed>> {
    postcard::from_bytes(bytes).ok()
}
