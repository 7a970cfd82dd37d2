//! Documentation put into a file: as comments in the form of its language, and nothing else.
//!
//! The words come from elsewhere (a model); where they go and how they look is decided here. Whole lines are inserted, and then
//! the file is parsed again: apart from comments (in Python: apart from the texts that were put in) its tree has to be what it was,
//! and what was documented has to count as documented. What does not pass is left out.

mod form;
mod skeleton;

use std::collections::BTreeSet;

pub use form::Refusal;
use form::lines;
use skeleton::skeleton;

use crate::{FileIndex, Language, NotIndexed, index_as};

/// What is said of a symbol, as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Documentation {
    pub summary: String,
    /// Name and meaning. Names that are none of the signature are left out.
    pub parameters: Vec<(String, String)>,
    pub returns: String,
    /// When it fails, and how.
    pub errors: String,
}

/// A text with its documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Documented {
    pub text: String,
    /// Indices among the symbols of the text before, in their order.
    pub documented: Vec<usize>,
    pub refused: Vec<(usize, Refusal)>,
}

/// Lines to be inserted before a row (counted from 0), for a symbol.
struct Insertion {
    symbol: usize,
    row: usize,
    lines: Vec<String>,
}

/// Puts documentation into `text`, each entry with the index of its symbol.
///
/// # Errors
/// The text itself has no index, or is none that lines can be put into.
pub fn document(language: Language, text: &str, wanted: &[(usize, Documentation)]) -> Result<Documented, NotIndexed> {
    let before = index_as(language, text, &|| false)?;
    let rows: Vec<&str> = text.split_inclusive('\n').collect();
    let (mut insertions, mut refused) = (Vec::new(), Vec::new());
    let mut taken = BTreeSet::new();
    for (symbol, documentation) in wanted {
        match insertion(language, &before, &rows, *symbol, documentation) {
            Ok(insertion) if taken.insert(insertion.row) => insertions.push(insertion),
            Ok(_) => refused.push((*symbol, Refusal::NoPlace)),
            Err(refusal) => refused.push((*symbol, refusal)),
        }
    }
    insertions.sort_by_key(|insertion| insertion.row);
    let (mut kept, mut result) = (Vec::new(), text.to_owned());
    let all: Vec<&Insertion> = insertions.iter().collect();
    match proven(language, text, &before, &rows, &all) {
        Some(whole) => (kept, result) = (all, whole),
        // One of them at least: which ones, each has to tell by itself.
        None => {
            for insertion in &insertions {
                kept.push(insertion);
                if let Some(text) = proven(language, text, &before, &rows, &kept) {
                    result = text;
                } else {
                    kept.pop();
                    refused.push((insertion.symbol, Refusal::ChangesCode));
                }
            }
        }
    }
    refused.sort_by_key(|(symbol, _)| *symbol);
    let mut documented: Vec<usize> = kept.iter().map(|insertion| insertion.symbol).collect();
    documented.sort_unstable();
    Ok(Documented { text: result, documented, refused })
}

fn insertion(
    language: Language,
    index: &FileIndex,
    rows: &[&str],
    symbol: usize,
    documentation: &Documentation,
) -> Result<Insertion, Refusal> {
    let found = index.symbols().get(symbol).filter(|found| !found.is_documented).ok_or(Refusal::NoPlace)?;
    let line = match language {
        Language::Python => found.body.ok_or(Refusal::NoPlace)?.first,
        _ => found.lines.first,
    };
    let row = usize::try_from(line.saturating_sub(1)).unwrap_or(usize::MAX);
    let place = rows.get(row).ok_or(Refusal::NoPlace)?;
    let indentation: String = place.chars().take_while(|character| matches!(character, ' ' | '\t')).collect();
    let above = row.checked_sub(1).and_then(|above| rows.get(above)).copied().unwrap_or_default();
    // A line that goes on after its end would take the comment for a part of it; before a byte order mark nothing may stand.
    let goes_on = above.trim_end_matches(['\n', '\r']).ends_with('\\');
    if goes_on || place.starts_with('\u{feff}') {
        return Err(Refusal::NoPlace);
    }
    let ending = if place.ends_with("\r\n") || above.ends_with("\r\n") { "\r\n" } else { "\n" };
    let written = lines(language, documentation, &found.name, &found.signature, indentation.chars().count())?;
    let lines = written.into_iter().map(|line| match line.as_str() {
        "" => ending.to_owned(),
        line => format!("{indentation}{line}{ending}"),
    });
    Ok(Insertion { symbol, row, lines: lines.collect() })
}

/// The text with these insertions, when it says the same as before and documents what it was to document.
fn proven(language: Language, text: &str, before: &FileIndex, rows: &[&str], insertions: &[&Insertion]) -> Option<String> {
    if insertions.is_empty() {
        return Some(text.to_owned());
    }
    let mut result = String::with_capacity(text.len() + 1_000);
    let (mut new_row, mut inserted) = (0, BTreeSet::new());
    let mut next = insertions.iter().peekable();
    for (row, line) in rows.iter().enumerate() {
        while let Some(insertion) = next.next_if(|insertion| insertion.row == row) {
            inserted.extend(new_row..new_row + insertion.lines.len());
            new_row += insertion.lines.len();
            result.extend(insertion.lines.iter().map(String::as_str));
        }
        result.push_str(line);
        new_row += 1;
    }
    let after = index_as(language, &result, &|| false).ok()?;
    let is_same = after.syntax_errors() <= before.syntax_errors()
        && skeleton(language, text, &BTreeSet::new())? == skeleton(language, &result, &inserted)?;
    let named = |index: &FileIndex| index.symbols().iter().map(|symbol| symbol.name.clone()).collect::<Vec<_>>();
    let is_documented = |insertion: &&Insertion| after.symbols().get(insertion.symbol).is_some_and(|symbol| symbol.is_documented);
    (is_same && named(before) == named(&after) && insertions.iter().all(is_documented)).then_some(result)
}
