//! Marks where untrusted text begins and ends.

use std::{borrow::Cow, fmt::Write as _};

use sha2::{Digest, Sha256};

/// Hexadecimal digits of a nonce.
const NONCE_DIGITS: usize = 16;

/// Delimiters that the fenced text cannot contain: their nonce is the hash of everything that will be fenced, so the
/// same input gives the same bytes and no author can know it beforehand.
///
/// ```text
/// <untrusted nonce="0123456789abcdef" label="description">
/// whatever the author wrote
/// </untrusted nonce="0123456789abcdef">
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    nonce: String,
}

impl Fence {
    /// A fence for exactly these texts.
    pub fn over<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let texts: Vec<&str> = texts.into_iter().collect();
        let mut attempt = 0_u64;
        loop {
            let mut hash = Sha256::new_with_prefix(attempt.to_le_bytes());
            for text in &texts {
                // With its length, so that no shift of a boundary between two texts gives the same hash.
                hash.update((text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
            let mut nonce = hex::encode(hash.finalize());
            nonce.truncate(NONCE_DIGITS);
            if !texts.iter().any(|text| text.contains(&nonce)) {
                return Self { nonce };
            }
            attempt += 1;
        }
    }

    /// `text` between the delimiters, invisible characters (zero width, bidirectional controls, tags) made visible.
    /// Ends with a line ending.
    pub fn wrap(&self, label: &str, text: &str) -> String {
        let label = visible(label).replace('\n', "\\n").replace('"', "'");
        let text = visible(text);
        // The nonce stands in a text only when the fence was not made over it.
        let text = text.replace(&self.nonce, "[nonce]");
        let nonce = &self.nonce;
        let text = text.trim_end_matches('\n');
        format!("<untrusted nonce=\"{nonce}\" label=\"{label}\">\n{text}\n</untrusted nonce=\"{nonce}\">\n")
    }
}

/// The text with characters that a reader cannot see, or that reorder what he sees, written as `\u{200b}`.
///
/// Tabs and line feeds stay. Emoji and text presentation selectors (U+FE0E, U+FE0F) stay after a character outside ASCII,
/// where they belong. Code in a prompt passes through here, so a line that a model quotes may hold these escapes: compare
/// it with the visible form of the file's line.
pub fn visible(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    // Up to here `text` is in `shown`; nothing is copied before the first invisible character.
    let mut copied = 0;
    let mut previous = ' ';
    for (index, character) in text.char_indices() {
        let is_presentation = matches!(character, '\u{fe0e}' | '\u{fe0f}') && !previous.is_ascii() && !is_invisible(previous);
        if is_invisible(character) && !is_presentation {
            shown.push_str(text.get(copied..index).unwrap_or_default());
            copied = index + character.len_utf8();
            write!(shown, "\\u{{{:x}}}", u32::from(character)).expect("a String takes every write");
        }
        previous = character;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(shown)
}

fn is_invisible(character: char) -> bool {
    match character {
        '\t' | '\n' => false,
        // Soft hyphen, grapheme joiner, Arabic letter mark, Hangul fillers, Khmer inherent vowels, Mongolian selectors.
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{3164}' | '\u{ffa0}'
        // Zero width characters and marks of direction; line separators that only some programs break lines at;
        // embeddings, overrides and isolates; invisible operators.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        // Variation selectors, interlinear annotation, musical formatting, tags, supplementary selectors.
        | '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        other => other.is_control(),
    }
}

#[cfg(test)]
mod tests;
