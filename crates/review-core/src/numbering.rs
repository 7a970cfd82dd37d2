//! Equal questions as equal texts, for what is kept and compared between runs.
//!
//! The digits of a placeholder are salted with the secrets of the process, so another process writes others for the same
//! text; and a fence has a nonce that changes with every character inside. Numbered by where each stands first, equal texts
//! are equal again, texts that differ differ where they do, and nothing of a salted hash is kept.

use std::{collections::HashMap, sync::LazyLock};

use regex::{Captures, Regex};

use crate::redaction::PLACEHOLDER;

/// As [`Fence`](crate::prompt::Fence) writes it.
static NONCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(</?untrusted nonce=")[0-9a-f]{16}"#).expect("a constant expression"));

/// The placeholders and nonces of some texts, in the order in which they first stood there.
#[derive(Debug, Clone, Default)]
pub struct Numbering {
    placeholders: Met,
    nonces: Met,
}

/// What was met, in order, and where in that order each stands.
#[derive(Debug, Clone, Default)]
struct Met {
    order: Vec<String>,
    places: HashMap<String, usize>,
}

impl Numbering {
    /// The text with numbers in the place of digits: `[redacted:aws-access-key:000001]`, `<untrusted nonce="0000000000000001"`.
    /// What was not met before takes the next number.
    pub fn number(&mut self, text: &str) -> String {
        let Self { placeholders, nonces } = self;
        let text = PLACEHOLDER.replace_all(text, |found: &Captures<'_>| numbered(&found[0], placeholders.place_of(&found[0])));
        let text = NONCE.replace_all(&text, |found: &Captures<'_>| {
            let (whole, head) = (&found[0], &found[1]);
            let place = nonces.place_of(whole.get(head.len()..).unwrap_or_default());
            format!("{head}{:016x}", place.saturating_add(1))
        });
        text.into_owned()
    }

    /// A numbered text with the placeholders that this numbering has met; a number that it does not know stays.
    pub fn restore(&self, text: &str) -> String {
        let replaced = PLACEHOLDER.replace_all(text, |found: &Captures<'_>| {
            let digits = found[0].trim_end_matches(']').rsplit(':').next().unwrap_or_default();
            let place = usize::from_str_radix(digits, 16).ok().and_then(|number| number.checked_sub(1));
            let known =
                place.and_then(|place| self.placeholders.order.get(place).filter(|known| numbered(known, place) == found[0]));
            known.map_or_else(|| found[0].to_owned(), Clone::clone)
        });
        replaced.into_owned()
    }
}

impl Met {
    fn place_of(&mut self, one: &str) -> usize {
        if let Some(place) = self.places.get(one) {
            return *place;
        }
        let place = self.order.len();
        self.order.push(one.to_owned());
        self.places.insert(one.to_owned(), place);
        place
    }
}

/// `[redacted:rule:` stays, the digits are those of the number, counted from 1.
fn numbered(placeholder: &str, place: usize) -> String {
    let rule = placeholder.rsplit_once(':').map_or(placeholder, |(rule, _)| rule);
    format!("{rule}:{:06x}]", place.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::Numbering;
    use crate::{prompt::Fence, redaction::Redactor};

    const TEXT: &str = "a = [redacted:github-token:1a2b3c]\nb = [redacted:own-secret:00ff00]\nc = [redacted:github-token:1a2b3c]";

    #[test]
    fn placeholders_are_numbered_by_where_they_stand_first_and_come_back() {
        let mut numbering = Numbering::default();
        let numbered = numbering.number(TEXT);
        assert_eq!(
            numbered,
            "a = [redacted:github-token:000001]\nb = [redacted:own-secret:000002]\nc = [redacted:github-token:000001]"
        );
        assert_eq!(numbering.restore(&numbered), TEXT);
        assert_eq!(numbering.number("[redacted:jwt:abcdef]"), "[redacted:jwt:000003]", "the next text goes on counting");
        assert_eq!(numbering.restore("[redacted:jwt:000004] stays"), "[redacted:jwt:000004] stays");
    }

    #[test]
    fn the_same_text_is_the_same_under_every_salt_also_in_a_fence() {
        let secret = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
        let text = format!("x = {secret}; y = {secret}");
        let [one, other] = ["one", "other"].map(|salt| {
            let redacted = Redactor::new(salt.as_bytes(), &[]).redact(&text).text.into_owned();
            Fence::over([redacted.as_str()]).wrap("code", &redacted) + &Fence::over(["other"]).wrap("claim", "other")
        });
        assert_ne!(one, other);
        let numbered = Numbering::default().number(&one);
        assert_eq!(numbered, Numbering::default().number(&other));
        assert_eq!(
            numbered,
            "<untrusted nonce=\"0000000000000001\" label=\"code\">\n\
             x = [redacted:github-token:000001]; y = [redacted:github-token:000001]\n\
             </untrusted nonce=\"0000000000000001\">\n\
             <untrusted nonce=\"0000000000000002\" label=\"claim\">\nother\n</untrusted nonce=\"0000000000000002\">\n"
        );
    }

    #[test]
    fn a_placeholder_that_looks_like_a_number_is_one_like_any_other() {
        let mut numbering = Numbering::default();
        let text = "[redacted:jwt:000002] [redacted:jwt:000001]";
        let numbered = numbering.number(text);
        assert_eq!(numbered, "[redacted:jwt:000001] [redacted:jwt:000002]");
        assert_eq!(numbering.restore(&numbered), text);
    }
}
