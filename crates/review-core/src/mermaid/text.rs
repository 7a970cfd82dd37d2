//! Words of a diagram, made so that Mermaid, the container around the diagram, and a page that does not know the container
//! take them for nothing but words.

use std::sync::LazyLock;

use regex::Regex;

use crate::render::{is_invisible, shortened};

/// ASCII characters that stay as they are, beside letters and digits.
const KEPT: &str = " .,_-/()'=+?:%";

/// The words in one line of at most `max_chars`. Doing it again changes nothing.
///
/// Gone are what begins comments, entities, links, mentions, work items, directives and HTML; `::` becomes a point (`Order.total`),
/// brackets become round ones, and the word `end`, which would end a block, gets a point.
pub(super) fn clean(text: &str, max_chars: usize) -> String {
    static BREAK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)<\s*br\s*/?\s*>"));
    static POINTER: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:<?[-=]+>+|<[-=]+)"));
    static COLONS: LazyLock<Regex> = LazyLock::new(|| pattern(r":{2,}"));
    static REPEATED: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:/{2,}|%{2,})"));
    static HOST: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)www\."));
    // What lies far beyond the limit is not even looked at.
    let text: String = text.chars().take(max_chars.saturating_mul(4)).collect();
    let text = BREAK.replace_all(&text, " ");
    let text = POINTER.replace_all(&text, " to ");
    let mut kept = String::with_capacity(text.len());
    for character in text.chars().filter(|character| *character == '\n' || !is_invisible(*character)) {
        match character {
            '<' | '{' | '[' => kept.push('('),
            '>' | '}' | ']' => kept.push(')'),
            '"' | '`' => kept.push('\''),
            ';' => kept.push(','),
            '&' => kept.push_str(" and "),
            other if other.is_ascii() && !other.is_ascii_alphanumeric() && !KEPT.contains(other) => kept.push(' '),
            other if other.is_whitespace() || other.is_control() => kept.push(' '),
            other => kept.push(other),
        }
    }
    let text = COLONS.replace_all(&kept, ".");
    let text =
        REPEATED.replace_all(&text, |found: &regex::Captures<'_>| found.get(0).map_or("", |run| first(run.as_str())).to_owned());
    let text = HOST.replace_all(&text, "www ");
    let word = |word: &str| if word.eq_ignore_ascii_case("end") { format!("{word}.") } else { word.to_owned() };
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    shortened(&words.join(" "), max_chars)
}

fn first(run: &str) -> &str {
    run.get(..1).unwrap_or_default()
}

fn pattern(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a fixed pattern that the tests compile")
}
