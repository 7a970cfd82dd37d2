//! The words of claims and code lines, for comparing what two findings talk about.

use std::collections::BTreeSet;

/// Words that nearly every claim or line of code shares; they show nothing about its subject.
const COMMON: &[&str] = &[
    "about",
    "after",
    "again",
    "also",
    "because",
    "been",
    "before",
    "being",
    "between",
    "both",
    "break",
    "byte",
    "bytes",
    "call",
    "called",
    "calls",
    "case",
    "catch",
    "causes",
    "char",
    "class",
    "code",
    "const",
    "continue",
    "could",
    "default",
    "does",
    "each",
    "else",
    "enum",
    "even",
    "every",
    "except",
    "false",
    "file",
    "final",
    "finally",
    "from",
    "function",
    "have",
    "here",
    "impl",
    "import",
    "instead",
    "into",
    "line",
    "lines",
    "match",
    "method",
    "more",
    "must",
    "namespace",
    "none",
    "null",
    "only",
    "other",
    "override",
    "private",
    "protected",
    "public",
    "return",
    "returned",
    "returns",
    "self",
    "should",
    "static",
    "still",
    "string",
    "struct",
    "super",
    "switch",
    "than",
    "that",
    "their",
    "them",
    "then",
    "there",
    "they",
    "this",
    "throw",
    "throws",
    "true",
    "type",
    "undefined",
    "used",
    "uses",
    "using",
    "value",
    "values",
    "void",
    "wait",
    "await",
    "async",
    "when",
    "where",
    "which",
    "while",
    "will",
    "with",
    "without",
    "would",
    "wrong",
    "yield",
];

/// Words of four letters or more that say what a text is about, in lower case.
pub(crate) fn significant(text: &str) -> BTreeSet<String> {
    tokens(text).map(str::to_lowercase).filter(|word| word.chars().count() >= 4 && !is_common(word)).collect()
}

/// The same without their endings, for comparing what two sentences are about.
pub(crate) fn stems(text: &str) -> BTreeSet<String> {
    significant(text).iter().map(|word| stem(word)).collect()
}

/// What a claim says without the code that it names: the words of three letters or more, in lower case and without their
/// endings, that stand outside of backticks and are not spelled like a name, a call or a path.
pub(crate) fn spoken(claim: &str) -> BTreeSet<String> {
    let prose = claim.split('`').step_by(2);
    let words = prose.flat_map(str::split_whitespace).filter_map(|chunk| {
        let word =
            chunk.trim_start_matches(['(', '[', '"', '\'']).trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '"', '\'']);
        let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
        let is_spelled = |character: char| character.is_alphabetic() || matches!(character, '-' | '\'' | '\u{2019}');
        (word.chars().all(is_spelled) && !is_name(word)).then_some(word)
    });
    words
        .flat_map(|word| word.split(|character: char| !character.is_alphabetic()))
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 3 && !is_common(word))
        .map(|word| stem(&word))
        .collect()
}

/// Without the endings of plurals and of verbs' forms, and cut to six letters: enough that "validates", "validated" and
/// "validation" are one.
fn stem(word: &str) -> String {
    let without = |ending: &str, least: usize| word.strip_suffix(ending).filter(|rest| rest.chars().count() >= least);
    let root = without("ing", 3)
        .or_else(|| without("ed", 3))
        .or_else(|| without("es", 3))
        .or_else(|| without("s", 3).filter(|rest| !rest.ends_with('s')))
        .unwrap_or(word);
    let root = root.strip_suffix('e').unwrap_or(root);
    root.chars().take(6).collect()
}

/// Names as code has them: every longer word of a line of code; of a claim only what is spelled or quoted as a name.
pub(super) fn identifiers(claim: &str, quoted_line: &str) -> BTreeSet<String> {
    let in_ticks = claim.split('`').skip(1).step_by(2).flat_map(tokens);
    let spelled = tokens(claim).filter(|word| is_name(word));
    in_ticks
        .chain(spelled)
        .chain(tokens(quoted_line))
        .filter(|word| word.chars().count() >= 3 && !word.starts_with(|first: char| first.is_ascii_digit()))
        .filter(|word| !is_common(&word.to_lowercase()))
        .map(str::to_owned)
        .collect()
}

pub(crate) fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> usize {
    one.intersection(other).count()
}

/// Whether a word is spelled as only code does.
fn is_name(word: &str) -> bool {
    word.contains('_') || word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase)
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty())
}

fn is_common(word: &str) -> bool {
    const SHORT: &[&str] = &[
        "and", "are", "for", "fun", "get", "has", "int", "let", "new", "not", "pub", "ref", "set", "str", "the", "try", "use",
        "var", "was",
    ];
    COMMON.contains(&word) || SHORT.contains(&word)
}
