//! Uses of names, without those that mean a variable of their own scope.

use std::{borrow::Cow, collections::HashMap, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    Language,
    captures::Captures,
    walk::{Identifier, Walk},
};

/// More uses than this are not kept of a file.
const MOST_REFERENCES: usize = 100_000;
/// A longer qualifier is an expression.
const QUALIFIER_BYTES: usize = 80;

/// What a name is used as; the most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReferenceKind {
    /// Called, constructed, or run as a command.
    Call,
    Type,
    /// A value that is passed on, a member that is read.
    Other,
    /// Named in an import.
    Import,
}

/// One use of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference<'a> {
    /// Counted from 1.
    pub line: u32,
    pub kind: ReferenceKind,
    /// What stands before the name (`shop.core` in `shop.core.pay(x)`); empty for an expression that is no path.
    pub qualifier: Option<&'a str>,
}

/// All uses of a file, as small as they may be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct References {
    /// The names in order, and after them the qualifiers, each once.
    texts: Texts,
    /// How many of the texts are names.
    names: u32,
    /// By the number of the name, then by line.
    stored: Vec<Stored>,
    pub(crate) is_truncated: bool,
}

/// Texts one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Texts {
    text: String,
    ends: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Stored {
    name: u32,
    line: u32,
    kind: ReferenceKind,
    /// Number of a text plus one; 0 for none.
    qualifier: u32,
}

/// A use as the tree tells it.
struct Found<'text> {
    name: Cow<'text, str>,
    line: u32,
    kind: ReferenceKind,
    qualifier: Option<&'text str>,
}

impl References {
    pub(crate) fn collect(language: Language, captures: &Captures<'_>, walk: &Walk, text: &str) -> Self {
        let shadows = Shadows::of(captures, text);
        let mut imports = captures.imports.clone();
        imports.sort_by_key(|import| import.start);
        let mut found: Vec<Found<'_>> = Vec::new();
        let (mut import, mut is_truncated) = (0, false);
        for identifier in &walk.identifiers {
            let is_package = captures.package.as_ref().is_some_and(|package| package.contains(&identifier.bytes.start));
            // In HCL a plain name is a key or a keyword of its own block.
            let is_key = language == Language::Hcl && !captures.uses.contains_key(&identifier.id);
            if captures.definitions.contains_key(&identifier.id) || is_package || is_key {
                continue;
            }
            let Some(name) = text.get(identifier.bytes.clone()) else { continue };
            while imports.get(import).is_some_and(|range| range.end <= identifier.bytes.start) {
                import += 1;
            }
            let is_import = imports.get(import).is_some_and(|range| range.start <= identifier.bytes.start);
            let (kind, qualifier) = if is_import { (ReferenceKind::Import, None) } else { used_as(identifier, captures) };
            if qualifier.is_none() && !is_import && shadows.cover(name, identifier.bytes.start) {
                continue;
            }
            if found.len() >= MOST_REFERENCES {
                is_truncated = true;
                break;
            }
            let qualifier = qualifier.map(|bytes| path_text(text.get(bytes).unwrap_or_default()));
            found.push(Found { name: language.key(name), line: identifier.line, kind, qualifier });
        }
        Self { is_truncated, ..Self::packed(&found) }
    }

    fn packed(found: &[Found<'_>]) -> Self {
        let names = sorted(found.iter().map(|found| &*found.name));
        let qualifiers = sorted(found.iter().filter_map(|found| found.qualifier));
        let number = |list: &[&str], wanted: &str| list.binary_search(&wanted).ok().and_then(|at| u32::try_from(at).ok());
        let count = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let store = |found: &Found<'_>| {
            let qualifier = found.qualifier.and_then(|qualifier| number(&qualifiers, qualifier));
            let qualifier = qualifier.map_or(0, |at| count.saturating_add(at).saturating_add(1));
            Some(Stored { name: number(&names, &found.name)?, line: found.line, kind: found.kind, qualifier })
        };
        let mut stored: Vec<Stored> = found.iter().filter_map(store).collect();
        stored.sort_unstable();
        stored.dedup();
        Self { texts: names.iter().chain(&qualifiers).copied().collect(), names: count, stored, is_truncated: false }
    }

    /// Every name once, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        (0..self.names).filter_map(|number| self.texts.get(number))
    }

    /// By line.
    pub(crate) fn to(&self, name: &str) -> impl Iterator<Item = Reference<'_>> {
        let number = self.number_of(name);
        let of_name = number.map_or(&[][..], |number| {
            let from = self.stored.partition_point(|stored| stored.name < number);
            let to = self.stored.partition_point(|stored| stored.name <= number);
            self.stored.get(from..to).unwrap_or_default()
        });
        of_name.iter().map(|stored| Reference {
            line: stored.line,
            kind: stored.kind,
            qualifier: stored.qualifier.checked_sub(1).and_then(|number| self.texts.get(number)),
        })
    }

    /// Bytes of memory, about.
    pub(crate) fn weight(&self) -> usize {
        self.texts.text.len() + self.texts.ends.len() * 4 + self.stored.len() * size_of::<Stored>()
    }

    fn number_of(&self, name: &str) -> Option<u32> {
        let (mut low, mut high) = (0, self.names);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.texts.get(middle)?.cmp(name) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

impl Texts {
    fn get(&self, number: u32) -> Option<&str> {
        let number = usize::try_from(number).ok()?;
        let end = usize::try_from(*self.ends.get(number)?).ok()?;
        let start =
            number.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(Some(0), |end| usize::try_from(*end).ok())?;
        self.text.get(start..end)
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<Items: IntoIterator<Item = &'a str>>(items: Items) -> Self {
        let mut texts = Self::default();
        for item in items {
            texts.text.push_str(item);
            texts.ends.push(u32::try_from(texts.text.len()).unwrap_or(u32::MAX));
        }
        texts
    }
}

fn sorted<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut texts: Vec<&str> = texts.collect();
    texts.sort_unstable();
    texts.dedup();
    texts
}

fn used_as(identifier: &Identifier, captures: &Captures<'_>) -> (ReferenceKind, Option<Range<usize>>) {
    let fallback = if identifier.is_type { ReferenceKind::Type } else { ReferenceKind::Other };
    captures.uses.get(&identifier.id).map_or((fallback, None), |found| (found.kind.min(fallback), found.qualifier.clone()))
}

/// The text where it is a path of names (in PowerShell `[Math]`); empty otherwise.
fn path_text(text: &str) -> &str {
    let text = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let is_path = text.len() <= QUALIFIER_BYTES
        && text.chars().all(|character| character.is_alphanumeric() || matches!(character, '_' | '.' | ':' | '$' | '\\' | '@'));
    if is_path { text } else { "" }
}

/// Where in the text a name means a variable or a parameter.
struct Shadows<'text> {
    /// Without overlap, in order.
    by_name: HashMap<&'text str, Vec<Range<usize>>>,
}

impl<'text> Shadows<'text> {
    fn of(captures: &Captures<'_>, text: &'text str) -> Self {
        let mut scopes: Vec<&Range<usize>> = captures.scopes.iter().collect();
        scopes.sort_by_key(|scope| (scope.start, usize::MAX - scope.end));
        let mut scopes = scopes.into_iter().peekable();
        let mut locals: Vec<&Range<usize>> = captures.locals.iter().collect();
        locals.sort_by_key(|local| local.start);
        let mut open: Vec<&Range<usize>> = Vec::new();
        let mut by_name: HashMap<&str, Vec<Range<usize>>> = HashMap::new();
        for local in locals {
            while let Some(scope) = scopes.next_if(|scope| scope.start <= local.start) {
                open.truncate(open.partition_point(|outer| outer.end >= scope.end));
                open.push(scope);
            }
            open.truncate(open.partition_point(|scope| scope.end > local.start));
            // What is declared outside of all scopes is seen from elsewhere.
            let (Some(scope), Some(name)) = (open.last(), text.get(local.clone())) else { continue };
            by_name.entry(name).or_default().push((*scope).clone());
        }
        for scopes in by_name.values_mut() {
            scopes.sort_by_key(|scope| scope.start);
            let mut merged: Vec<Range<usize>> = Vec::with_capacity(scopes.len());
            for scope in scopes.drain(..) {
                match merged.last_mut() {
                    Some(last) if scope.start <= last.end => last.end = last.end.max(scope.end),
                    _ => merged.push(scope),
                }
            }
            *scopes = merged;
        }
        Self { by_name }
    }

    fn cover(&self, name: &str, at: usize) -> bool {
        self.by_name.get(name).is_some_and(|scopes| {
            let after = scopes.partition_point(|scope| scope.start <= at);
            after.checked_sub(1).and_then(|before| scopes.get(before)).is_some_and(|scope| at < scope.end)
        })
    }
}
