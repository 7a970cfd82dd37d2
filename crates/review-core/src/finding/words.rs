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
pub(super) fn significant(text: &str) -> BTreeSet<String> {
    tokens(text).map(str::to_lowercase).filter(|word| word.chars().count() >= 4 && !is_common(word)).collect()
}

/// Names as code has them: every longer word of a line of code; of a claim only what is spelled or quoted as a name.
pub(super) fn identifiers(claim: &str, quoted_line: &str) -> BTreeSet<String> {
    let named =
        |word: &&str| word.contains('_') || word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase);
    let in_ticks = claim.split('`').skip(1).step_by(2).flat_map(tokens);
    let spelled = tokens(claim).filter(named);
    in_ticks
        .chain(spelled)
        .chain(tokens(quoted_line))
        .filter(|word| word.chars().count() >= 3 && !word.starts_with(|first: char| first.is_ascii_digit()))
        .filter(|word| !is_common(&word.to_lowercase()))
        .map(str::to_owned)
        .collect()
}

pub(super) fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> usize {
    one.intersection(other).count()
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
