//! How documentation looks in each language, and which words cannot be documentation.
//!
//! Comments are not always without effect: doctests run, annotations in the comments of PHP and tags in those of Java speak to
//! tools, Java reads `\u` escapes even there. So the words are flowed anew, tags are written by us alone, and what would still
//! act is refused.

use std::{fmt, sync::LazyLock};

use regex::Regex;
use review_core::render::is_invisible;

use super::Documentation;
use crate::Language;

/// Columns of a line with its indentation, and at least of its text.
const WIDTH: usize = 100;
const LEAST_WIDTH: usize = 40;
const MAX_SUMMARY_CHARS: usize = 1_200;
const MAX_PART_CHARS: usize = 300;
const MAX_PARAMETERS: usize = 12;
/// What opens examples that tools run.
const FENCES: [&str; 3] = ["```", "~~~", ">>>"];

/// Why a symbol is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    NoWords,
    /// It stands where no line can be put before it.
    NoPlace,
    /// The words would end the comment, and go on as code.
    EndsComment,
    /// The words would act on a compiler or another tool.
    SpeaksToTools,
    /// With the words in its place the file would say something else.
    ChangesCode,
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NoWords => "no words were given for it",
            Self::NoPlace => "no comment can stand before it",
            Self::EndsComment => "the words would have ended the comment and gone on as code",
            Self::SpeaksToTools => "the words would have acted on a compiler or another tool",
            Self::ChangesCode => "with the comment the file would not have been the same code",
        })
    }
}

/// The lines of the comment, without indentation and endings. `indentation`: characters before each.
pub(super) fn lines(
    language: Language,
    documentation: &Documentation,
    name: &str,
    signature: &str,
    indentation: usize,
) -> Result<Vec<String>, Refusal> {
    let Documentation { summary, parameters, returns, errors } = documentation;
    let said = Said {
        summary: paragraphs(summary, MAX_SUMMARY_CHARS),
        parameters: parameters
            .iter()
            .filter(|(name, _)| is_parameter(name, signature))
            .map(|(name, meaning)| (name.trim_start_matches('$').to_owned(), flat(meaning, MAX_PART_CHARS)))
            .filter(|(_, meaning)| !meaning.is_empty())
            .take(MAX_PARAMETERS)
            .collect(),
        returns: flat(returns, MAX_PART_CHARS),
        errors: flat(errors, MAX_PART_CHARS),
    };
    if said.summary.is_empty() {
        return Err(Refusal::NoWords);
    }
    for text in said.texts() {
        check(language, text)?;
    }
    let said = if is_rendered_as_html(language) { said.without_html() } else { said };
    let width = WIDTH.saturating_sub(indentation).saturating_sub(4).max(LEAST_WIDTH);
    let made = match language {
        Language::Python => python(&said, width),
        Language::CSharp => behind("///", &xml(&said, width)),
        Language::Rust => behind("///", &plain(&said, width, &rust_errors)),
        Language::Swift => behind("///", &swift(&said, width)),
        Language::Go => behind("//", &plain(&named(said, name), width, &sentence)),
        Language::Ruby | Language::Bash => behind("#", &plain(&said, width, &sentence)),
        Language::PowerShell => help(&said, width),
        _ => block(&tagged(language, &said, width)),
    };
    // What is put together here may stand beside what was said: no finished line opens a fence or a doctest.
    let opens = |line: &String| FENCES.iter().any(|mark| line.contains(mark));
    if made.iter().any(opens) { Err(Refusal::SpeaksToTools) } else { Ok(made) }
}

/// Words that were made safe to flow.
struct Said {
    summary: Vec<String>,
    parameters: Vec<(String, String)>,
    returns: String,
    errors: String,
}

impl Said {
    fn without_html(self) -> Self {
        Self {
            summary: self.summary.iter().map(|text| without_html(text)).collect(),
            parameters: self.parameters.into_iter().map(|(name, meaning)| (name, without_html(&meaning))).collect(),
            returns: without_html(&self.returns),
            errors: without_html(&self.errors),
        }
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let parameters = self.parameters.iter().map(|(_, meaning)| meaning);
        self.summary.iter().chain(parameters).chain([&self.returns, &self.errors]).map(String::as_str)
    }
}

/// Whether what makes pages of these comments takes HTML in them for what it is.
fn is_rendered_as_html(language: Language) -> bool {
    matches!(
        language,
        Language::Rust
            | Language::Java
            | Language::Kotlin
            | Language::Scala
            | Language::JavaScript
            | Language::TypeScript
            | Language::Tsx
            | Language::Php
            | Language::Swift
            | Language::C
            | Language::Cpp
    )
}

/// What would begin a tag or a comment of HTML, outside of code spans, shown instead.
fn without_html(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    let mut told = String::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            told.push('`');
        }
        // A span that is never closed is none.
        let is_code = place % 2 == 1 && place + 1 < parts.len();
        if is_code {
            told.push_str(part);
            continue;
        }
        let mut rest = *part;
        while let Some((before, after)) = rest.split_once('<') {
            let begins = after.starts_with(|next: char| next.is_alphabetic() || matches!(next, '/' | '!' | '?'));
            told.push_str(before);
            told.push_str(if begins { "&lt;" } else { "<" });
            rest = after;
        }
        told.push_str(rest);
    }
    told
}

/// An identifier that stands in the signature.
fn is_parameter(name: &str, signature: &str) -> bool {
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let name = name.trim_start_matches('$');
    let is_identifier = (1..=80).contains(&name.chars().count()) && name.chars().all(is_word);
    let is_itself = matches!(name, "self" | "cls" | "this");
    is_identifier && !is_itself && signature.split(|character: char| !is_word(character)).any(|word| word == name)
}

fn check(language: Language, text: &str) -> Result<(), Refusal> {
    static DIRECTIVE: LazyLock<Regex> = LazyLock::new(|| {
        let words = r"(?i)\b(eslint-|jshint|jslint|ts-(ignore|nocheck|expect-error|check)|no-?lint|noqa|nosec|nosonar|noinspection|rubocop:|shellcheck\s+\w+=|pylint:|pyright:|mypy:|ruff:|flake8[:-]|isort:|yapf:|fmt:\s*(on|off|skip)|type:\s*ignore|prettier-ignore|istanbul\s+ignore|c8\s+ignore|v8\s+ignore|webpack\w+:|pragma:?\s|(en)?coding\s*[:=]|frozen_string_literal|shareable_constant_value|swiftlint:|ktlint|checkstyle:|clang-format|phpcs:|phpstan-|psalm-|codecoverageignore|go:[a-z]|\+build\b|sourcemappingurl|sourceurl|spell-?checker:|cspell:|typed:\s|warn_indent|vim?:\s|ex:\s|javascript:|coderabbit)|-\*-|__pure__|__no_side_effects__";
        Regex::new(words).expect("a constant expression")
    });
    let ends = match language {
        Language::Python => text.contains("\"\"\""),
        Language::PowerShell => text.contains("#>") || text.contains("<#"),
        // PHP leaves its own language at `?>`, wherever that stands; Java and Scala read `\u` before they read comments.
        Language::Php => text.contains("*/") || text.contains("/*") || text.contains("?>"),
        Language::Java | Language::Scala => text.contains("*/") || text.contains("/*") || text.contains("\\u"),
        Language::Kotlin | Language::JavaScript | Language::TypeScript | Language::Tsx | Language::C | Language::Cpp => {
            text.contains("*/") || text.contains("/*")
        }
        _ => false,
    };
    if ends {
        return Err(Refusal::EndsComment);
    }
    if DIRECTIVE.is_match(text) { Err(Refusal::SpeaksToTools) } else { Ok(()) }
}

/// Paragraphs and entries of lists, each in one line.
fn paragraphs(text: &str, max_chars: usize) -> Vec<String> {
    let text: String = text.chars().take(max_chars).collect();
    let mut found: Vec<String> = Vec::new();
    let mut open = String::new();
    for line in text.lines().map(str::trim) {
        let entry = line.strip_prefix("- ").or_else(|| line.strip_prefix("* "));
        // Tags are written by us alone.
        let is_tag = line.starts_with('@') || line.starts_with('\\');
        if line.is_empty() || entry.is_some() || is_tag {
            found.extend(Some(flat(&open, max_chars)).filter(|open| !open.is_empty()));
            open.clear();
        }
        match entry {
            Some(entry) => found.push(format!("- {}", flat(entry, max_chars))),
            None if is_tag => {}
            None => open.extend([line, " "]),
        }
    }
    found.extend(Some(flat(&open, max_chars)).filter(|open| !open.is_empty()));
    found
}

/// In one line, without what could be a fence, a doctest, a tag or nothing that anybody sees.
fn flat(text: &str, max_chars: usize) -> String {
    static TAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(^|[^\p{L}\p{N}_.])@+([\p{L}_\\])").expect("a constant expression"));
    static MARKS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"`{3,}|~{3,}|>{3,}|\{@").expect("a constant expression"));
    let mut seen: String = text.chars().map(|character| if is_invisible(character) { ' ' } else { character }).collect();
    // What goes leaves a blank, so that its neighbours do not become another mark, and what it hid goes in the next round. Each
    // round that changes something makes the text shorter.
    loop {
        let less = TAG.replace_all(&MARKS.replace_all(&seen, " "), "$1$2").into_owned();
        if less == seen {
            break;
        }
        seen = less;
    }
    let words = seen.split_whitespace().collect::<Vec<_>>().join(" ");
    // What a comment begins with would be a heading, or a mark of the comment itself.
    words.trim_start_matches(['#', '/', '!', '=', '*', ' ']).chars().take(max_chars).collect()
}

fn wrapped(text: &str, width: usize, hanging: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = line.chars().count() + 1 + word.chars().count();
        if !line.trim().is_empty() && length > width {
            lines.push(std::mem::replace(&mut line, hanging.to_owned()));
        }
        if !line.trim().is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// Paragraphs with empty lines between, but for entries of one list.
fn flowed(paragraphs: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut was_entry = false;
    for paragraph in paragraphs {
        let is_entry = paragraph.starts_with("- ");
        let goes_on = is_entry && was_entry;
        if !(lines.is_empty() || goes_on) {
            lines.push(String::new());
        }
        lines.extend(wrapped(paragraph, width, if is_entry { "  " } else { "" }));
        was_entry = is_entry;
    }
    lines
}

fn behind(mark: &str, lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| if line.is_empty() { mark.to_owned() } else { format!("{mark} {line}") }).collect()
}

fn sentence(errors: &str) -> Vec<String> {
    vec![errors.to_owned()]
}

fn rust_errors(errors: &str) -> Vec<String> {
    vec!["# Errors".to_owned(), errors.to_owned()]
}

fn plain(said: &Said, width: usize, errors: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut parts = said.summary.clone();
    parts.extend(said.parameters.iter().map(|(name, meaning)| format!("- `{name}`: {meaning}")));
    if !said.returns.is_empty() {
        parts.push(format!("Returns: {}", said.returns));
    }
    if !said.errors.is_empty() {
        parts.extend(errors(&said.errors));
    }
    flowed(&parts, width)
}

/// Go's comments begin with the name.
fn named(mut said: Said, name: &str) -> Said {
    let begins = |first: &str| first.split(' ').next() == Some(name);
    if let Some(first) = said.summary.first_mut().filter(|first| !begins(first)) {
        *first = format!("{name}: {first}");
    }
    said
}

fn swift(said: &Said, width: usize) -> Vec<String> {
    let mut parts = said.summary.clone();
    parts.extend(said.parameters.iter().map(|(name, meaning)| format!("- Parameter {name}: {meaning}")));
    for (label, text) in [("Returns", &said.returns), ("Throws", &said.errors)] {
        if !text.is_empty() {
            parts.push(format!("- {label}: {text}"));
        }
    }
    flowed(&parts, width)
}

fn xml(said: &Said, width: usize) -> Vec<String> {
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let summary: Vec<String> = said.summary.iter().map(|text| escaped(text)).collect();
    let mut lines = vec!["<summary>".to_owned()];
    lines.extend(flowed(&summary, width));
    lines.push("</summary>".to_owned());
    let parameters = said.parameters.iter().map(|(name, meaning)| (format!("param name=\"{name}\""), "param", meaning));
    let rest = [("returns", &said.returns), ("remarks", &said.errors)];
    let rest = rest.into_iter().map(|(tag, text)| (tag.to_owned(), tag, text));
    for (open, close, text) in parameters.chain(rest).filter(|(.., text)| !text.is_empty()) {
        lines.extend(wrapped(&format!("<{open}>{}</{close}>", escaped(text)), width, ""));
    }
    lines
}

fn tagged(language: Language, said: &Said, width: usize) -> Vec<String> {
    let mut summary = said.summary.clone();
    if !said.errors.is_empty() {
        summary.push(said.errors.clone());
    }
    let mut lines = flowed(&summary, width);
    let returns = match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => "@returns",
        _ => "@return",
    };
    let parameter = |(name, meaning): &(String, String)| match language {
        Language::Php => format!("@param ${name} {meaning}"),
        _ => format!("@param {name} {meaning}"),
    };
    let mut tags: Vec<String> = said.parameters.iter().map(parameter).collect();
    if !said.returns.is_empty() {
        tags.push(format!("{returns} {}", said.returns));
    }
    if !tags.is_empty() {
        lines.push(String::new());
    }
    lines.extend(tags.iter().flat_map(|tag| wrapped(tag, width, "  ")));
    lines
}

fn block(lines: &[String]) -> Vec<String> {
    match lines {
        [line] => vec![format!("/** {line} */")],
        lines => {
            let inside = lines.iter().map(|line| if line.is_empty() { " *".to_owned() } else { format!(" * {line}") });
            std::iter::once("/**".to_owned()).chain(inside).chain([" */".to_owned()]).collect()
        }
    }
}

fn help(said: &Said, width: usize) -> Vec<String> {
    let indented = |text: &str| wrapped(text, width, "").into_iter().map(|line| format!("    {line}")).collect::<Vec<_>>();
    let mut lines = vec!["<#".to_owned(), ".SYNOPSIS".to_owned()];
    let mut summary = said.summary.iter();
    lines.extend(summary.next().into_iter().flat_map(|text| indented(text)));
    let rest: Vec<&String> = summary.chain(Some(&said.errors).filter(|errors| !errors.is_empty())).collect();
    if !rest.is_empty() {
        lines.push(".DESCRIPTION".to_owned());
        lines.extend(rest.iter().flat_map(|text| indented(text)));
    }
    for (name, meaning) in &said.parameters {
        lines.push(format!(".PARAMETER {name}"));
        lines.extend(indented(meaning));
    }
    if !said.returns.is_empty() {
        lines.push(".OUTPUTS".to_owned());
        lines.extend(indented(&said.returns));
    }
    lines.push("#>".to_owned());
    lines
}

fn python(said: &Said, width: usize) -> Vec<String> {
    let mut lines = flowed(&said.summary, width);
    let indented = |text: &str| wrapped(text, width, "    ").into_iter().map(|line| format!("    {line}")).collect::<Vec<_>>();
    let parameters: Vec<String> = said.parameters.iter().map(|(name, meaning)| format!("{name}: {meaning}")).collect();
    let one = |text: &String| if text.is_empty() { Vec::new() } else { vec![text.clone()] };
    for (title, entries) in [("Args:", parameters), ("Returns:", one(&said.returns)), ("Raises:", one(&said.errors))] {
        if !entries.is_empty() {
            lines.extend([String::new(), title.to_owned()]);
            lines.extend(entries.iter().flat_map(|entry| indented(entry)));
        }
    }
    // A backslash would begin an escape; a quote at the end would stand beside the closing ones.
    let open = if lines.iter().any(|line| line.contains('\\')) { "r\"\"\"" } else { "\"\"\"" };
    let is_short =
        lines.len() == 1 && lines.iter().all(|line| !line.ends_with(['"', '\\']) && line.chars().count() + 10 <= width);
    if let Some(first) = lines.first_mut() {
        let begins_with_quote = first.starts_with('"');
        *first = format!("{open}{}{first}", if begins_with_quote { " " } else { "" });
    }
    if is_short {
        return lines.into_iter().map(|line| format!("{line}\"\"\"")).collect();
    }
    lines.push("\"\"\"".to_owned());
    lines
}
