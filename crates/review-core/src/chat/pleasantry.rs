//! Comments that want no answer: thanks, an emoji, "done".

use crate::command::{Names, spoken};

/// More words are no pleasantry, whatever they are.
const MAX_WORDS: usize = 12;
/// Digits from which on a word is taken for a commit.
const COMMIT_DIGITS: usize = 7;

/// Words that say it, alone or with others of this list.
const COURTESIES: &[&str] = &[
    "1",
    "ack",
    "acknowledged",
    "addressed",
    "agree",
    "agreed",
    "applied",
    "awesome",
    "cheers",
    "cool",
    "correct",
    "danke",
    "done",
    "excellent",
    "fixed",
    "fixing",
    "gracias",
    "great",
    "haha",
    "k",
    "lgtm",
    "lol",
    "merci",
    "nice",
    "nit",
    "noted",
    "ok",
    "okay",
    "oops",
    "perfect",
    "pushed",
    "resolved",
    "right",
    "sgtm",
    "sorry",
    "sure",
    "thanks",
    "thx",
    "ty",
    "tysm",
    "updated",
    "wow",
    "yep",
    "yup",
];

/// The same of several words.
const PHRASES: &[&[&str]] = &[
    &["thank", "you"],
    &["will", "do"],
    &["will", "fix"],
    &["makes", "sense"],
    &["sounds", "good"],
    &["looks", "good"],
    &["good", "catch"],
    &["good", "point"],
    &["good", "call"],
    &["good", "bot"],
    &["good", "find"],
    &["good", "job"],
    &["well", "spotted"],
    &["got", "it"],
    &["fair", "enough"],
    &["my", "bad"],
    &["on", "it"],
];

/// Words beside them that change nothing.
const FILLERS: &[&str] = &[
    "a", "again", "all", "and", "for", "good", "have", "i", "in", "it", "just", "ll", "lot", "m", "much", "now", "s", "so",
    "that", "the", "this", "to", "ve", "very", "you",
];

/// Whether plain rules tell that nothing in the comment needs an answer: no question, no code, and nothing but courtesies. What
/// they do not tell is for a model.
pub fn is_pleasantry(text: &str, names: &Names) -> bool {
    if text.contains(['?', '`']) || text.contains("~~~") {
        return false;
    }
    is_courtesy(&without_shortcodes(&names.without_mentions(&spoken(text))).to_lowercase())
}

/// Whether words in lower case, without a mention, are courtesies and nothing else.
pub(crate) fn is_courtesy(said: &str) -> bool {
    let words: Vec<&str> = said.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.len() > MAX_WORDS {
        return false;
    }
    let (mut rest, mut is_courteous) = (words.as_slice(), words.is_empty());
    while let Some((first, others)) = rest.split_first() {
        if let Some(phrase) = PHRASES.iter().find(|phrase| rest.starts_with(phrase)) {
            rest = rest.get(phrase.len()..).unwrap_or_default();
            is_courteous = true;
            continue;
        }
        is_courteous |= COURTESIES.contains(first);
        if !COURTESIES.contains(first) && !FILLERS.contains(first) && !is_commit(first) {
            return false;
        }
        rest = others;
    }
    is_courteous
}

fn is_commit(word: &str) -> bool {
    word.len() >= COMMIT_DIGITS
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_digit())
}

/// `:+1:` and the like.
fn without_shortcodes(text: &str) -> String {
    let is_shortcode = |word: &&str| {
        let inner = word.strip_prefix(':').and_then(|word| word.strip_suffix(':'));
        inner.is_some_and(|name| !name.is_empty() && !name.contains(char::is_whitespace))
    };
    text.split_whitespace().filter(|word| !is_shortcode(word)).collect::<Vec<_>>().join(" ")
}
