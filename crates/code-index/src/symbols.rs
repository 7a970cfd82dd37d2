//! Symbols out of a syntax tree.

use std::{cell::Cell, collections::HashMap, ops::ControlFlow};

use review_core::pull_request::LineRange;
use tree_sitter::{Node, QueryCursor, QueryCursorOptions, QueryMatch, StreamingIterator, Tree};

use crate::{
    Language, Symbol, SymbolKind,
    walk::{Walk, line_of},
};

/// How many characters of a signature are kept.
const SIGNATURE_CHARACTERS: usize = 500;
/// How many unfinished matches a query keeps. Programs need a few dozen.
const UNFINISHED_MATCHES: u32 = 4096;
/// A query reports its progress every hundred steps. Source code has one report for about 300 bytes.
const BYTES_PER_REPORT: usize = 50;
/// Reports that even a short text may have.
const FREE_REPORTS: usize = 2000;

/// A definition as one match of the queries tells it.
struct Definition<'tree> {
    node: Node<'tree>,
    name: Node<'tree>,
    kind: SymbolKind,
    /// Where the signature ends: before a body, after a head.
    end: usize,
    /// A head is taken as it is; elsewhere a `{`, `:` or `=>` before the body is cut off.
    has_head: bool,
}

/// In order of their first line. None: the queries need more work than for any program.
pub(crate) fn symbols(language: Language, tree: &Tree, text: &str, walk: &Walk) -> Option<Vec<Symbol>> {
    let mut by_name: HashMap<usize, Definition<'_>> = HashMap::new();
    let query = language.query();
    let names = query.capture_names();
    let mut cursor = QueryCursor::new();
    cursor.set_match_limit(UNFINISHED_MATCHES);
    let reports = Cell::new(text.len() / BYTES_PER_REPORT + FREE_REPORTS);
    let mut progress = |_: &tree_sitter::QueryCursorState| match reports.get().checked_sub(1) {
        Some(rest) => {
            reports.set(rest);
            ControlFlow::Continue(())
        }
        None => ControlFlow::Break(()),
    };
    let options = QueryCursorOptions::new().progress_callback(&mut progress);
    let mut matches = cursor.matches_with_options(query, tree.root_node(), text.as_bytes(), options);
    while let Some(found) = matches.next() {
        let Some(definition) = definition(found, names) else { continue };
        match by_name.get_mut(&definition.name.id()) {
            Some(known) => known.merge(&definition),
            None => {
                by_name.insert(definition.name.id(), definition);
            }
        }
    }
    if reports.get() == 0 {
        return None;
    }
    let mut definitions: Vec<Definition<'_>> = by_name.into_values().collect();
    definitions.sort_by_key(|definition| (definition.node.start_byte(), definition.name.start_byte()));
    let mut symbols: Vec<Symbol> = definitions.iter().filter_map(|definition| definition.symbol(text, walk)).collect();
    symbols.sort_by_key(|symbol| symbol.lines.first);
    Some(symbols)
}

impl Definition<'_> {
    /// Two patterns found the same name: the wider node (with its decorators), the more telling kind, the shorter signature.
    fn merge(&mut self, other: &Self) {
        if rank(other.kind) > rank(self.kind) {
            self.kind = other.kind;
        }
        if other.has_head && self.has_head {
            self.end = self.end.max(other.end);
        } else {
            self.end = self.end.min(other.end);
        }
        if other.node.byte_range().len() > self.node.byte_range().len() {
            self.node = other.node;
        }
    }

    fn symbol(&self, text: &str, walk: &Walk) -> Option<Symbol> {
        let name = plain_name(text.get(self.name.byte_range())?)?;
        let (start, end) = (self.node.start_position(), self.node.end_position());
        let first = walk.led_from.get(&self.node.id()).map_or(start.row, |row| start.row.min(*row));
        // A node that ends at the start of a line ends with the line before.
        let last = if end.column == 0 && end.row > start.row { end.row - 1 } else { end.row };
        Some(Symbol {
            name,
            kind: self.kind,
            lines: LineRange::new(line_of(first), line_of(last)),
            signature: self.signature(text, walk),
        })
    }

    /// Without comments and attributes, so that those alone change no signature.
    fn signature(&self, text: &str, walk: &Walk) -> String {
        let (mut at, end) = (self.node.start_byte(), self.end);
        let mut signature = String::new();
        let first = walk.asides.partition_point(|aside| aside.start < at);
        for aside in walk.asides.get(first..).unwrap_or_default() {
            if aside.start >= end {
                break;
            }
            if aside.start >= at {
                signature.push_str(text.get(at..aside.start).unwrap_or_default());
                // Two words with nothing but a comment between them stay two words.
                signature.push(' ');
            }
            at = at.max(aside.end);
            if signature.len() > SIGNATURE_CHARACTERS * 8 {
                break;
            }
        }
        let rest = text.get(at..end.max(at)).unwrap_or_default();
        signature.extend(rest.chars().take(SIGNATURE_CHARACTERS * 8));
        let folded = fold(&signature);
        let folded = if self.has_head { folded.as_str() } else { without_opening(&folded) };
        match folded.char_indices().nth(SIGNATURE_CHARACTERS) {
            Some((cut, _)) => folded.get(..cut).unwrap_or_default().to_owned() + "…",
            None => folded.to_owned(),
        }
    }
}

fn definition<'tree>(found: &QueryMatch<'_, 'tree>, names: &[&str]) -> Option<Definition<'tree>> {
    let (mut node, mut name, mut body, mut head) = (None, None, None::<usize>, None::<usize>);
    for capture in found.captures() {
        let start = capture.node.start_byte();
        match *names.get(usize::try_from(capture.index).ok()?)? {
            "name" => name = Some(capture.node),
            "body" => body = Some(body.map_or(start, |known| known.min(start))),
            "head" => head = Some(head.map_or(capture.node.end_byte(), |known| known.max(capture.node.end_byte()))),
            "definition.function" => node = Some((capture.node, SymbolKind::Function)),
            "definition.method" => node = Some((capture.node, SymbolKind::Method)),
            "definition.type" => node = Some((capture.node, SymbolKind::Type)),
            "definition.constant" => node = Some((capture.node, SymbolKind::Constant)),
            "definition.module" => node = Some((capture.node, SymbolKind::Module)),
            _ => {}
        }
    }
    let ((node, kind), name) = (node?, name?);
    let end = head.or(body).unwrap_or_else(|| node.end_byte());
    Some(Definition { node, name, kind, end, has_head: head.is_some() })
}

/// The last part of a qualified name (`Shop::Cart::total`), without template arguments.
fn plain_name(text: &str) -> Option<String> {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let last = folded.rsplit("::").next().unwrap_or(&folded).trim();
    let plain = match last.split_once('<') {
        Some((plain, _)) if !plain.is_empty() && !last.starts_with("operator") => plain.trim(),
        _ => last,
    };
    (!plain.is_empty() && plain.len() <= 200).then(|| plain.to_owned())
}

/// One space between words, none inside brackets, no comma at the end of a list: the layout changes no signature.
fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let closes = word.starts_with([')', ']', ',', ';']);
        if closes && !word.starts_with([',', ';']) && folded.ends_with(',') {
            folded.pop();
        }
        if !(folded.is_empty() || closes || folded.ends_with(['(', '['])) {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

/// Cuts off what opens a body.
fn without_opening(signature: &str) -> &str {
    let mut rest = signature.trim();
    loop {
        let shorter = ["=>", "{", ":", ";", "="].iter().find_map(|opening| rest.strip_suffix(opening));
        match shorter {
            Some(shorter) => rest = shorter.trim_end(),
            None => return rest,
        }
    }
}

fn rank(kind: SymbolKind) -> u8 {
    match kind {
        SymbolKind::Constant => 0,
        SymbolKind::Module => 1,
        SymbolKind::Type => 2,
        SymbolKind::Function => 3,
        SymbolKind::Method => 4,
    }
}
