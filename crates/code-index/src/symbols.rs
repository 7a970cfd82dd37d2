//! Symbols out of the definitions that the queries found.

use std::ops::Range;

use review_core::pull_request::LineRange;

use crate::{
    Language, Symbol, SymbolKind,
    captures::{Captures, Definition},
    documentation::is_documented,
    walk::{Walk, line_of},
};

/// How many characters of a signature are kept.
const SIGNATURE_CHARACTERS: usize = 500;
/// How many containers a symbol names: the innermost ones.
const MOST_CONTAINERS: usize = 6;

/// What holds symbols: a symbol, or a range that belongs to a type.
struct Holder {
    bytes: Range<usize>,
    /// Outermost first, this one last.
    path: Vec<String>,
    is_function: bool,
    is_type: bool,
}

/// In order of their first line.
pub(crate) fn symbols(language: Language, captures: &Captures<'_>, text: &str, walk: &Walk) -> Vec<Symbol> {
    let mut definitions: Vec<&Definition<'_>> = captures.definitions.values().collect();
    definitions.sort_by_key(|definition| {
        let node = definition.node.byte_range();
        (node.start, usize::MAX - node.end, definition.name.start_byte())
    });
    let mut containers: Vec<&(Range<usize>, Range<usize>)> = captures.containers.iter().collect();
    containers.sort_by_key(|(bytes, _)| (bytes.start, usize::MAX - bytes.end));
    let mut containers = containers.into_iter().peekable();
    let mut open: Vec<Holder> = Vec::new();
    let mut symbols = Vec::with_capacity(definitions.len());
    for definition in definitions {
        let bytes = definition.node.byte_range();
        // A range that begins with the definition holds it: the receiver of a method stands in the method.
        while let Some((range, name)) = containers.next_if(|(range, _)| range.start <= bytes.start) {
            enter(&mut open, range, text.get(name.clone()).and_then(plain_name).into_iter(), SymbolKind::Type);
        }
        open.truncate(open.partition_point(|holder| holder.bytes.end >= bytes.end && holder.bytes.end > bytes.start));
        let Some((name, qualifier)) = text.get(definition.name.byte_range()).and_then(plain_name_and_qualifier) else { continue };
        let mut path = open.last().map_or_else(Vec::new, |holder| holder.path.clone());
        path.extend(qualifier.clone());
        let is_nested = open.iter().any(|holder| holder.is_function);
        let is_member = definition.kind == SymbolKind::Function && open.last().is_some_and(|holder| holder.is_type);
        let kind = if is_member { SymbolKind::Method } else { definition.kind };
        let mut symbol = definition.symbol(&name, kind, &path, is_nested, text, walk);
        symbol.is_documented = is_documented(language, definition, text, walk);
        symbols.push(symbol);
        if kind != SymbolKind::Constant && kind != SymbolKind::Key {
            enter(&mut open, &bytes, qualifier.into_iter().chain([name]), kind);
        }
    }
    symbols.sort_by_key(|symbol| symbol.lines.first);
    symbols
}

/// Puts a holder below those that hold it. Those that ended before are dropped.
fn enter(open: &mut Vec<Holder>, bytes: &Range<usize>, names: impl Iterator<Item = String>, kind: SymbolKind) {
    open.truncate(open.partition_point(|holder| holder.bytes.end >= bytes.end && holder.bytes.end > bytes.start));
    let mut path = open.last().map_or_else(Vec::new, |holder| holder.path.clone());
    path.extend(names);
    let surplus = path.len().saturating_sub(MOST_CONTAINERS);
    path.drain(..surplus);
    let is_function = matches!(kind, SymbolKind::Function | SymbolKind::Method);
    open.push(Holder { bytes: bytes.clone(), path, is_function, is_type: kind == SymbolKind::Type });
}

impl Definition<'_> {
    fn symbol(&self, name: &str, kind: SymbolKind, path: &[String], is_nested: bool, text: &str, walk: &Walk) -> Symbol {
        let (start, end) = (self.node.start_position(), self.node.end_position());
        let first = walk.led_from.get(&self.node.id()).map_or(start.row, |row| start.row.min(*row));
        // A node that ends at the start of a line ends with the line before.
        let last = if end.column == 0 && end.row > start.row { end.row - 1 } else { end.row };
        let lines = LineRange::new(line_of(first), line_of(last));
        Symbol {
            name: name.to_owned(),
            kind,
            container: path.join("."),
            is_nested,
            lines,
            body: self.body_row.map(|row| LineRange::new(line_of(row).min(lines.last), lines.last)),
            signature: self.signature(text, walk),
            is_documented: false,
        }
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

fn plain_name(text: &str) -> Option<String> {
    plain_name_and_qualifier(text).map(|(name, _)| name)
}

/// The last part of a qualified name (`Shop::Cart::total`), without template arguments and quotes, and the part before it.
fn plain_name_and_qualifier(text: &str) -> Option<(String, Option<String>)> {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (qualifier, last) = folded.rsplit_once("::").map_or((None, folded.as_str()), |(before, last)| (Some(before), last));
    let last = last.trim();
    // PowerShell: `script:Name`.
    let last = last.strip_prefix("script:").or_else(|| last.strip_prefix("global:")).unwrap_or(last);
    let plain = without_arguments(last);
    let qualifier =
        qualifier.and_then(|qualifier| qualifier.rsplit("::").next()).map(|part| without_arguments(part.trim()).to_owned());
    let is_usable = !plain.is_empty() && plain.len() <= 200;
    is_usable.then(|| (plain.to_owned(), qualifier.filter(|qualifier| !qualifier.is_empty() && qualifier.len() <= 200)))
}

fn without_arguments(name: &str) -> &str {
    match name.split_once('<') {
        Some((plain, _)) if !plain.is_empty() && !name.starts_with("operator") => plain.trim(),
        _ => name,
    }
}

/// One space between words, none inside brackets, no comma at the end of a list: the layout changes no signature.
pub(crate) fn fold(text: &str) -> String {
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
